"""A title laid open for a person: what stands, why, who says what else, and what may be chosen; and the queue of all.

What the rules say is read from the stages' drafts, which hold every passed-over value whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final, Literal

from pydantic import TypeAdapter, ValidationError

from pipeline.assembly import load_record
from pipeline.catalogue import parse_id
from pipeline.domain.canonical import JsonValue, load_json
from pipeline.domain.claims import Chosen, OpenQuestion
from pipeline.domain.drafts import Draft
from pipeline.domain.names import Source
from pipeline.domain.record import AiredDates, AnimeRecord, FieldProvenance, Provenance
from pipeline.domain.review import OWN_ID, READINGS, WHO_IS_WHO, Lock, ReviewItem, question_id
from pipeline.domain.title import id_key
from pipeline.enrich.review.claiming import IdClaim, ask_id, claims_of, spelled_id
from pipeline.enrich.review.wording import Word, converted, spelled, words_of
from pipeline.errors import BadInput, Damaged
from pipeline.ledger import Ledger
from pipeline.ledger.review import QueuedItem
from pipeline.ledger.titles import StoredTitle
from pipeline.stages import STAGES
from pipeline.stages.answered import SYNOPSIS

__all__ = ["IDS", "LOCKABLE", "SHARED", "Case", "Option", "Subject", "open_case", "question_name", "queue_of"]

LOCKABLE: Final = tuple(
    field.name
    for stage in STAGES.values()
    for field in fields(stage.draft)
    if field.name not in {one.name for one in fields(Draft)}
)
"""Fields that rules decide, and a person may. The others are the title's identity or how the record came to be."""

_QUESTIONS: Final = (*WHO_IS_WHO, "relation_kind", *READINGS, OWN_ID)
"""Kinds of questions."""
IDS: Final = "platform_ids"
"""The field of a title's ids: decided id by id."""
SHARED: Final = "id_shared"
"""The code of an id that several titles learned."""
_OF_TEXT: Final = f"labels:{SYNOPSIS}"
_NOTHING: Final = "none of them"
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
        name = question_name(name)
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
        if name == IDS:
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


def question_name(name: str) -> str:
    """A field's or question's name as it is kept. Raises ``BadInput`` for a question about what is no id."""
    return spelled_id(name) if name.startswith(f"{OWN_ID}:") else spelled(name)


def _with_both_days(dates: AiredDates | None, rules: AiredDates | None) -> AiredDates | None:
    """The one day that is said in another way, and the other as it stands; what aired on one day moves as a whole."""
    if dates is None or rules is None:
        return dates
    start = {"start": dates.start, "start_precision": dates.start_precision} if dates.start else {}
    end = {"end": dates.end, "end_precision": dates.end_precision} if dates.end else {}
    if rules.start == rules.end and not (start and end):
        said, precision = dates.start or dates.end, dates.start_precision or dates.end_precision
        return AiredDates(start=said, end=said, start_precision=precision, end_precision=precision)
    return rules.model_copy(update=start | end)


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
    shared = _shared(ledger) if field in (None, IDS) and code in (None, SHARED) else []
    found = ledger.review.queue(field=field, code=code, limit=limit)
    if code is not None and not found and not shared:
        known = ", ".join(sorted({*ledger.review.counts(), *({SHARED} if _shared(ledger) else ())}))
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
    seen = {t for t, mine in ledger.review.locks(wanted).items() if any(lock.field == IDS for lock in mine)}
    return [
        QueuedItem(title.title_id, title.name, ReviewItem(IDS, SHARED, "; ".join(told[title.title_id]), 0.5), weight)
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
