"""Every word of a title's platforms that a person may give a meaning: its labels and its credits, as questions.

The stages ask only of what they doubt. Who reviews a title may say of any other word as well what it means here; this
finds the words in what was converted, says how they are read now, and how to have them read so in every title.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import orjson
from pydantic import ValidationError

from pipeline.catalogue import load_row
from pipeline.domain.canonical import load_json
from pipeline.domain.claims import OpenQuestion
from pipeline.domain.names import LabelKind, Platform, Source
from pipeline.domain.review import READINGS, Lock, terms_of
from pipeline.domain.source_title import Label, SourceTitle
from pipeline.domain.text import clean
from pipeline.enrich.steps import CONVERT
from pipeline.errors import BadInput, one_line
from pipeline.ledger import Ledger
from pipeline.ledger.titles import StoredTitle
from pipeline.stages.answered import ask_label, ask_role, label_name, role_name, term_names
from pipeline.stages.roles import OTHER, role_of, roles
from pipeline.stages.vocabulary import COLUMNS, label_key, vocabulary

__all__ = ["Word", "converted", "spelled", "teach_all", "terms_named", "words_of"]

_VOCABULARY: Final = "pipeline/stages/vocabulary.json"
_ROLES: Final = "pipeline/stages/roles.json"


@dataclass(frozen=True, slots=True)
class Word:
    """A label or a credit as it is written, the question what it means, and whether our tables know it."""

    text: str
    question: OpenQuestion
    is_known: bool = False


def converted(ledger: Ledger, title: StoredTitle) -> tuple[SourceTitle, ...]:
    """What the platforms said of a title as far as it is kept and readable; not what was found by ids it lost since."""
    found: list[SourceTitle] = []
    for platform in Platform:
        result = ledger.steps.last(title.title_id, f"{CONVERT}:{platform.value}")
        if result is not None and result.body is not None:
            try:
                found += (one for one in load_json(tuple[SourceTitle, ...], result.body) if _is_of(title, one))
            except ValidationError:  # of another version: the next run converts it anew
                continue
    return tuple(found)


def _is_of(title: StoredTitle, source: SourceTitle) -> bool:
    """AnimeSchedule is found by others' ids; the other platforms by their own."""
    if source.source is Source.ANIMESCHEDULE:
        return True
    return source.id in {id_ for site, ids in title.all_ids.items() if site.value == source.source.value for id_ in ids}


def words_of(title: StoredTitle, sources: Sequence[SourceTitle]) -> dict[str, Word]:
    """Every label and every credit, by the name of its question."""
    tags = [(Source.CATALOGUE, Label(tag, LabelKind.TAG)) for tag in load_row(title.row).tags]
    labels = [(one.source, label) for one in sources for label in one.labels]
    credited = sorted((clean(one.role), clean(one.name)) for source in sources for one in source.staff)
    asked = [
        *(_label(source, label) for source, label in (*labels, *tags)),
        *(_role(text, person) for text, person in credited if text),
    ]
    found: dict[str, Word] = {}
    for word in asked:
        found.setdefault(f"{word.question.kind}:{word.question.keys[0]}", word)
    return found


def _label(source: Source, label: Label) -> Word:
    read = next((support.row.name for support in vocabulary().supports(source, label)), None)
    return Word(label.name, ask_label(source, label, read, is_kept=read is not None), read is not None)


def _role(text: str, person: str) -> Word:
    role, kind = role_of(text)
    return Word(text, ask_role(text, person, role), kind != "unknown")


def spelled(name: str) -> str:
    """A question's name as it is kept, from how a person may have typed it (``labels:anilist:Adult Cast``)."""
    kind, _, rest = name.partition(":")
    source, _, text = rest.partition(":")
    if kind == "labels" and text and source in set(Source):
        return f"{kind}:{label_name(Source(source), text)}"
    return f"{kind}:{role_name(rest)}" if kind == "role_class" and rest else name


def terms_named(kind: str, text: str) -> tuple[str, ...]:
    """The terms of a typed answer: one, a JSON list of some, or ``null`` for none.

    Raises ``BadInput`` for what is no term and for a credit that is not exactly one role.
    """
    try:
        typed = orjson.loads(text)
    except orjson.JSONDecodeError:
        typed = text
    words = typed if isinstance(typed, list) else [] if typed is None else [typed]
    known = {label_key(term): term for term in (term_names() if kind == "labels" else roles())}
    wrong = next((word for word in words if not isinstance(word, str) or label_key(word) not in known), None)
    if wrong is not None:
        raise BadInput(f"{one_line(str(wrong), 80)!r} is none of {', '.join(known.values())}")
    if kind == "role_class" and len(words) != 1:
        raise BadInput(f"a credit is exactly one of {', '.join(known.values())}; say {OTHER} where none of them fits")
    return tuple(dict.fromkeys(known[label_key(word)] for word in words))


def teach_all(lock: Lock, words: Mapping[str, Word]) -> str:
    """How to have a word read so in every title; empty for a word the table knows, which is otherwise here only."""
    kind, _, name = lock.field.partition(":")
    source, word = name.partition(":")[0], words.get(lock.field)
    terms = " and ".join(map(repr, terms_of(lock))) if kind in READINGS else ""
    if not terms or word is None or word.is_known:
        return ""
    if kind == "role_class":
        return f"for every title: add {word.text.casefold()!r} to {terms} in {_ROLES}"
    column = f"the column {source!r} of {terms} in {_VOCABULARY}"
    return f"for every title: add {word.text!r} to {column}" if source in COLUMNS else ""
