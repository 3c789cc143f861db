"""An answer of a person's made into a lock, and kept.

Deciding is pure: it says what cannot be and what to do instead, or gives the lock. Keeping it is one call of the
ledger's, after a look at what the catalogue and other decisions say of an id.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from pipeline.assembly.locking import basis_of, canonical_value
from pipeline.assembly.reviewing import seen_basis
from pipeline.domain.canonical import JsonValue, canonical_bytes
from pipeline.domain.review import OWN_ID, READINGS, Lock
from pipeline.enrich.review.claiming import check_id
from pipeline.enrich.review.reviewing import IDS, SHARED, Case, Option, Subject
from pipeline.enrich.review.wording import terms_named
from pipeline.errors import BadInput, one_line
from pipeline.ledger import Ledger

__all__ = ["Answer", "decide", "keep"]

_HAS_ANSWER: Final = {
    "relation_kind": "it relates somehow",
    OWN_ID: "it is the title's or it is not",
}
"""Kinds of which none of the options is no answer, and why."""
_LABELS: Final = frozenset({"genres", "themes", "demographics", "content_warnings"})
"""Lists of which single entries are passed over: choosing one puts it in."""
_WHO: Final = 80
_NOTE: Final = 2000


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person said of a field or question: exactly one of ``value`` (JSON), ``choose``, ``keep``, ``seen``."""

    by: str
    at: float
    note: str = ""
    value: str | None = None
    choose: int | None = None
    keep: bool = False
    seen: bool = False


def decide(case: Case, name: str, answer: Answer) -> Lock:
    """Make an answer into a lock. Raises ``BadInput`` saying what cannot be and what to do instead."""
    ways = [answer.value is not None, answer.choose is not None, answer.keep, answer.seen]
    if sum(ways) != 1:
        raise BadInput("say one of --value JSON, --choose N, --keep and --seen")
    by, note = one_line(answer.by, _WHO), one_line(answer.note, _NOTE)
    if not by:
        raise BadInput("a decision has a name under it: say --by NAME")
    subject = case.subject(name)
    name = subject.field
    if answer.seen:
        if not subject.items:
            raise BadInput(f"{name!r} of {case.title.name!r} is not in the queue, so there is nothing to see")
        basis = seen_basis(item for item in subject.items if item.code != SHARED)
        return Lock(name, "seen", "null", by, answer.at, note, basis)
    if subject.kind == "question":
        return Lock(name, "answer", _answered(case, subject, answer), by, answer.at, note)
    if name == IDS:
        one = next(iter(case.ids), "kitsu:5")
        raise BadInput(
            f"{name!r} cannot be locked as a whole; say of one id whether it is the title's "
            f"(`anime-enrich review resolve {case.title.title_id} {OWN_ID}:{one} --value yes`, or no), or --seen"
        )
    if name not in case.decided:
        raise BadInput(
            f"{name!r} is not decided by rules but by the catalogue and by what its platforms answer, so it cannot be "
            "locked; --seen takes it out of the queue until something else is found"
        )
    text = _value(subject, answer)
    try:
        value = canonical_value(name, text)
    except BadInput as error:
        raise BadInput(f"{case.title.name!r}: {error}; give it as JSON with --value") from error
    return Lock(name, "value", value, by, answer.at, note, basis_of(case.decided[name].value))


def keep(ledger: Ledger, case: Case, lock: Lock) -> None:
    """Make a decision stand. Raises ``BadInput`` for one the catalogue or another decision is against."""
    check_id(ledger, case.title, lock)
    ledger.review.lock({case.title.title_id: [lock]})


def _value(subject: Subject, answer: Answer) -> str:
    if answer.value is not None:
        return answer.value
    if answer.choose is None:
        return canonical_bytes(subject.stands).decode()
    chosen = _option(subject, answer.choose).value
    if isinstance(chosen, list) and answer.choose > 1:
        if subject.field not in _LABELS:
            raise BadInput(
                f"{subject.field} has single entries passed over, not whole lists, so option {answer.choose} cannot be "
                f"it; take the list from `anime-enrich show TITLE --field {subject.field} --json` and change it"
            )
        rules = subject.options[0].value
        chosen = [*(rules if isinstance(rules, list) else []), *chosen]
    return canonical_bytes(chosen).decode()


def _option(subject: Subject, number: int) -> Option:
    if not 1 <= number <= len(subject.options):
        there = f"has {len(subject.options)}" if subject.options else "has none"
        raise BadInput(
            f"{subject.field}: there is no option {number}; it {there} (`anime-enrich review show` says which)"
        )
    return subject.options[number - 1]


def _answered(case: Case, subject: Subject, answer: Answer) -> str:
    """The option's name, or null for none of them, and which options there were (of a word's terms all are known)."""
    question = case.question(subject.field)
    kind = subject.field.partition(":")[0]
    if question is None:
        raise BadInput(
            f"{subject.field} is answered already ({subject.lock.told if subject.lock else 'or gone'}); to answer it "
            "anew, `anime-enrich review unlock` it and run the title"
        )
    chosen: str | None
    if answer.choose is not None:
        chosen = _option(subject, answer.choose).key
    elif answer.keep:
        chosen = None if question.kept is None else question.option_keys[question.kept]
    elif kind in READINGS:
        return _read(terms_named(kind, answer.value or ""))
    else:
        chosen = _named(subject, answer.value or "")
    if kind in READINGS:
        return _read(() if chosen is None else (chosen,))
    return canonical_bytes({"chosen": chosen, "options": list(question.option_keys)}).decode()


def _read(terms: Sequence[str]) -> str:
    chosen: JsonValue = None if not terms else terms[0] if len(terms) == 1 else list(terms)
    return canonical_bytes({"chosen": chosen, "options": []}).decode()


def _named(subject: Subject, text: str) -> str | None:
    keys = [option.key for option in subject.options]
    try:
        named = orjson.loads(text)
    except orjson.JSONDecodeError:
        named = text
    if named is None and (why := _HAS_ANSWER.get(subject.field.partition(":")[0])):
        raise BadInput(f"{subject.field} cannot be null: {why}; choose one of {', '.join(keys)}")
    if named is not None and named not in keys:
        raise BadInput(f"{subject.field} cannot be {text[:_WHO]!r}: it is one of {', '.join(keys)}, or null for none")
    return None if named is None else str(named)
