"""A person's decisions between the ledger and the command line: a title laid open, and an answer made into a lock.

What the rules say is read from the stages' drafts, which hold every passed-over value whole. Deciding is pure; keeping
the decision is one call of the ledger's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final, Literal

import orjson
from pydantic import TypeAdapter, ValidationError

from pipeline.assembly import load_record
from pipeline.assembly.locking import basis_of, canonical_value
from pipeline.assembly.reviewing import seen_basis
from pipeline.catalogue import parse_id
from pipeline.domain.canonical import JsonValue, canonical_bytes, load_json
from pipeline.domain.claims import Chosen, OpenQuestion
from pipeline.domain.drafts import Draft
from pipeline.domain.names import Source
from pipeline.domain.record import AiredDates, AnimeRecord, FieldProvenance, Provenance
from pipeline.domain.review import OWN_ID, READINGS, WHO_IS_WHO, Lock, ReviewItem, question_id
from pipeline.domain.title import id_key
from pipeline.enrich.claiming import IdClaim, ask_id, check_id, claims_of, spelled_id
from pipeline.enrich.wording import Word, converted, spelled, terms_named, words_of
from pipeline.errors import BadInput, Damaged, one_line
from pipeline.ledger import Ledger
from pipeline.ledger.review import QueuedItem
from pipeline.ledger.titles import StoredTitle
from pipeline.stages import STAGES
from pipeline.stages.answered import SYNOPSIS

__all__ = ["LOCKABLE", "Answer", "Case", "Option", "Subject", "decide", "keep", "open_case", "queue_of"]

LOCKABLE: Final = tuple(
    field.name
    for stage in STAGES.values()
    for field in fields(stage.draft)
    if field.name not in {one.name for one in fields(Draft)}
)
"""Fields that rules decide, and a person may. The others are the title's identity or how the record came to be."""

_QUESTIONS: Final = (*WHO_IS_WHO, "relation_kind", *READINGS, OWN_ID)
"""Kinds of questions."""
_HAS_ANSWER: Final = {
    "relation_kind": "it relates somehow",
    OWN_ID: "it is the title's or it is not",
}
"""Kinds of which none of the options is no answer, and why."""
_LABELS: Final = frozenset({"genres", "themes", "demographics", "content_warnings"})
"""Lists of which single entries are passed over: choosing one puts it in."""
_SHARED: Final = "id_shared"
_IDS: Final = "platform_ids"
_OF_TEXT: Final = f"labels:{SYNOPSIS}"
_NOTHING: Final = "none of them"
_WHO: Final = 80
_NOTE: Final = 2000
_ANY: TypeAdapter[Any] = TypeAdapter(Any)


@dataclass(frozen=True, slots=True)
class Option:
    """One thing to choose: a value and who says it, or of a question an option and its name."""

    value: JsonValue
    sources: tuple[Source, ...] = ()
    key: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is to be decided: a field, or a question if ``kind`` says so. ``options`` are counted from 1."""

    field: str
    kind: Literal["field", "question"]
    stands: JsonValue
    reason: FieldProvenance | None
    options: tuple[Option, ...]
    items: tuple[ReviewItem, ...]
    lock: Lock | None
    asks: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """A title as its last pass left it."""

    title: StoredTitle
    record: AnimeRecord
    provenance: Provenance
    decided: Mapping[str, Chosen[Any]]
    questions: tuple[OpenQuestion, ...]
    items: tuple[ReviewItem, ...]
    locks: tuple[Lock, ...]
    words: Mapping[str, Word] = field(default_factory=dict)
    """What else of the platforms' words may be given a meaning, by the name of its question."""
    ids: Mapping[str, IdClaim] = field(default_factory=dict)
    """Ids that platforms say of it, by ``kitsu:5``."""

    def subjects(self) -> tuple[Subject, ...]:
        """Everything of the title that is in the queue or locked."""
        named = dict.fromkeys([*(item.field for item in self.items), *(lock.field for lock in self.locks)])
        return tuple(self.subject(name) for name in named)

    def subject(self, name: str) -> Subject:
        """One field or question. Raises ``BadInput`` for a name that is neither."""
        name = self.spelled(name)
        lock = next((one for one in self.locks if one.field == name), None)
        items = tuple(item for item in self.items if item.field == name)
        question = self.question(name)
        if question is not None:
            options = tuple(
                Option(text, (), key) for text, key in zip(question.options, question.option_keys, strict=True)
            )
            kept = _NOTHING if question.kept is None else question.options[question.kept]
            asks = f"{question.subject}: {self.record.synopsis}" if name == _OF_TEXT else question.subject
            return Subject(name, "question", kept, None, options, items, lock, asks)
        if name == _IDS:
            options = tuple(Option(one.key, one.said_by, f"{OWN_ID}:{one.key}", one.told) for one in self.ids.values())
            stands = self.record.model_dump(mode="json", include={name})[name]
            return Subject(name, "field", stands, self.provenance.fields.get(name), options, items, lock)
        if name in AnimeRecord.model_fields:
            stands = self.record.model_dump(mode="json", include={name})[name]
            return Subject(name, "field", stands, self.provenance.fields.get(name), self._options(name), items, lock)
        if lock is not None or items:
            return Subject(name, "question" if ":" in name else "field", None, None, (), items, lock)
        kind = name.partition(":")[0]
        alike = [one for one in self.words if one.startswith(f"{kind}:")] if kind in READINGS else LOCKABLE
        known = ", ".join([*alike, *filter(None, map(question_id, self.questions))])
        raise BadInput(
            f"{self.title.name!r} has neither a field nor an open question {name!r}; it has {known:.1500}; "
            "`anime-enrich review show` lists what is in doubt"
        )

    def spelled(self, name: str) -> str:
        """A field's or question's name as it is kept. Raises ``BadInput`` for a question about what is no id."""
        return spelled_id(name) if name.startswith(f"{OWN_ID}:") else spelled(name)

    def question(self, name: str) -> OpenQuestion | None:
        """The question of this name, be it open or one that may be asked."""
        found = next((one for one in self.questions if question_id(one) == name), None)
        if found is not None or not name.startswith(f"{OWN_ID}:"):
            return found or (self.words[name].question if name in self.words else None)
        key = name.partition(":")[2]
        return ask_id(self.ids.get(key) or IdClaim(*parse_id(key)))

    def _options(self, name: str) -> tuple[Option, ...]:
        chosen = self.decided.get(name)
        if chosen is None:
            return ()
        claims = [(chosen.value, chosen.sources), *((one.value, one.sources) for one in chosen.passed_over)]
        if name == "aired_dates":  # what is passed over is one of the two days; the other stands
            claims = [(_with_both_days(value, chosen.value), sources) for value, sources in claims]
        return tuple(Option(_ANY.dump_python(value, mode="json"), sources) for value, sources in claims)


def _with_both_days(dates: AiredDates | None, rules: AiredDates | None) -> AiredDates | None:
    if dates is None or rules is None:
        return dates
    day = {"start": dates.start, "start_precision": dates.start_precision} if dates.start else {}
    day |= {"end": dates.end, "end_precision": dates.end_precision} if dates.end else {}
    return rules.model_copy(update=day)


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


def open_case(ledger: Ledger, title_id: str) -> Case:
    """Read all there is of a title. Raises ``BadInput`` when there is no record yet, ``Damaged`` when it is torn."""
    (title,) = ledger.titles.load([title_id])
    again = f"`anime-enrich run {title_id}`"
    if title.record is None or title.provenance is None:
        raise BadInput(f"{title.name!r} has no record yet, so there is nothing to review; make it with {again}")
    try:
        record = load_record(ledger.blobs.get(title.record))
        provenance = load_json(Provenance, ledger.blobs.get(title.provenance))
    except Damaged as error:
        ledger.titles.reopen([title_id])
        raise Damaged(f"{error} by {again}") from error
    drafts, sources = _drafts(ledger, title), converted(ledger, title)
    locks = ledger.review.locks([title_id]).get(title_id, ())
    return Case(
        title=title,
        record=record,
        provenance=provenance,
        decided={name: getattr(draft, name) for draft in drafts for name in LOCKABLE if hasattr(draft, name)},
        questions=tuple(question for draft in drafts for question in draft.questions),
        items=tuple(queued.item for queued in (*ledger.review.queue(only=title_id), *_shared(ledger, only=title_id))),
        locks=locks,
        words=words_of(title, sources),
        ids=claims_of(title, sources, ledger.learned.of([title_id]).get(title_id, ()), locks),
    )


def queue_of(
    ledger: Ledger, *, field: str | None = None, code: str | None = None, limit: int | None = None
) -> list[QueuedItem]:
    """What a person should look at, the most pressing first: what titles' passes left, and ids several titles learned.

    Raises ``BadInput`` for a field or a code that is none.
    """
    if field is not None and field not in AnimeRecord.model_fields and field.partition(":")[0] not in _QUESTIONS:
        known = ", ".join([*AnimeRecord.model_fields, *_QUESTIONS])
        raise BadInput(f"no field and no kind of question is called {field!r}; there are {known}")
    shared = _shared(ledger) if field in (None, _IDS) and code in (None, _SHARED) else []
    found = ledger.review.queue(field=field, code=code, limit=limit)
    if code is not None and not found and not shared:
        known = ", ".join(sorted({*ledger.review.counts(), *({_SHARED} if _shared(ledger) else ())}))
        if code not in known.split(", "):
            raise BadInput(f"nothing is in the queue for {code!r}; there is {known or 'nothing at all'}")
    ranked = sorted((*found, *shared), key=lambda one: (-one.priority, one.title_id, one.item.field, one.item.code))
    return ranked[:limit]


def _shared(ledger: Ledger, *, only: str | None = None) -> list[QueuedItem]:
    """Ids that several titles learned: no row says whose they are, and at most one of them is right."""
    told: dict[str, list[str]] = {}
    given = ledger.review.own_ids()
    for (site, id_), title_ids in ledger.learned.shared().items():
        for title_id in title_ids if (only is None or only in title_ids) and (site, id_) not in given else ():
            others = " and ".join(other for other in title_ids if other != title_id)
            told.setdefault(title_id, []).append(f"{id_key(site, id_)} was learned by {others} too")
    wanted = [title_id for title_id in told if only in (None, title_id)]
    people = ledger.review.people(wanted)
    seen = {t for t, mine in ledger.review.locks(wanted).items() if any(lock.field == _IDS for lock in mine)}
    return [
        QueuedItem(title.title_id, title.name, ReviewItem(_IDS, _SHARED, "; ".join(told[title.title_id]), 0.5), weight)
        for title in ledger.titles.load(wanted)
        if title.title_id in people and title.title_id not in seen
        for weight in [0.5 * people[title.title_id]]
    ]


def _drafts(ledger: Ledger, title: StoredTitle) -> list[Draft]:
    found: list[Draft] = []
    for name, stage in STAGES.items():
        result = ledger.steps.last(title.title_id, f"stage:{name}")
        again = f"bring it up to date with `anime-enrich run {title.title_id}`"
        if result is None or result.body is None:
            raise BadInput(f"the stage {name!r} of {title.name!r} failed or is torn; {again}")
        try:
            found.append(load_json(stage.draft, result.body))
        except ValidationError as error:
            raise BadInput(f"the stage {name!r} of {title.name!r} was done by another version; {again}") from error
    return found


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
        basis = seen_basis(item for item in subject.items if item.code != _SHARED)
        return Lock(name, "seen", "null", by, answer.at, note, basis)
    if subject.kind == "question":
        return Lock(name, "answer", _answered(case, subject, answer), by, answer.at, note)
    if name == _IDS:
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
