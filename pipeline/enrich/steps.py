"""Steps 3 to 5 for many titles: convert, align, six stages, assemble; each result kept under its key.

A step runs over a window of titles: one look for results that stand, one note of what is intended, then title by
title. Results are written together, and at the latest when they took :data:`IN_HAND_S`: that much a killed process does
again, or one title's step. A title that fails at a step is noted and leaves the chain, as does one of which the
converted answers taught an id to ask for; the others go on.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final, Generic, TypeVar

import structlog

from pipeline.assembly import (
    ASSEMBLE_VERSION,
    QUALITY_VERSION,
    Assembled,
    assemble,
    measure_quality,
    record_bytes,
    validate,
)
from pipeline.catalogue import identify_url, load_row
from pipeline.domain.aligned import Alignment
from pipeline.domain.canonical import Digest, JsonValue, digest_bytes, digest_of, dump_json, load_json
from pipeline.domain.drafts import Draft
from pipeline.domain.names import Outcome, Platform, Site
from pipeline.domain.quality import Quality
from pipeline.domain.record import SCHEMA_VERSION, AnimeRecord, Provenance
from pipeline.domain.review import Lock, Review, locks_digest, readings
from pipeline.domain.source_title import SourceTitle
from pipeline.domain.thresholds import CHOOSING, MATCHING, Choosing, Matching
from pipeline.domain.title import StageInput, Title, id_key
from pipeline.enrich.fetch.adapters import ids_to_ask
from pipeline.enrich.fetch.converting import Conversion, Conversions
from pipeline.enrich.fetch.learning import Heard, learn_ids, platforms_to_settle, rests_on
from pipeline.errors import Damaged, EnrichError
from pipeline.ledger import Ledger
from pipeline.ledger.fetched import FetchBook, PartRef, Settled
from pipeline.ledger.titles import StoredTitle
from pipeline.ledger.work import StepResult
from pipeline.platforms.port import PlatformAdapter
from pipeline.preprocess import ALIGN_VERSION, align
from pipeline.preprocess.answering import answers_of, apply_answers
from pipeline.preprocess.learning import LEARN_VERSION, IdKey, Learning
from pipeline.stages import STAGES

__all__ = ["ASSEMBLE", "CHAIN", "CONVERT", "IN_HAND_S", "Made", "Steps", "code_versions"]

CONVERT: Final = "convert"
_ALIGN: Final = "align"
ASSEMBLE: Final = "assemble"
_STAGE: Final = "stage:"
CHAIN: Final = (CONVERT, _ALIGN, *(f"{_STAGE}{name}" for name in STAGES), ASSEMBLE)
"""The steps in their order."""
IN_HAND_S: Final = 0.25
"""Processor's time of results that are made and not written: a transaction costs as much as a small step."""

_log = structlog.get_logger(__name__)
T = TypeVar("T")


def code_versions(adapters: Mapping[Platform, PlatformAdapter]) -> JsonValue:
    """Version of every step's code: part of what a finished title is good for."""
    return {
        "convert": {platform.value: adapter.convert_version for platform, adapter in adapters.items()},
        "learn": LEARN_VERSION,
        "align": ALIGN_VERSION,
        "stages": {name: stage.version for name, stage in STAGES.items()},
        "assemble": ASSEMBLE_VERSION,
        "schema": SCHEMA_VERSION,
        "quality": QUALITY_VERSION,
    }


@dataclass(frozen=True, slots=True)
class _Done(Generic[T]):
    """A step's value and the digest of its bytes, which is part of the next step's key."""

    value: T
    digest: Digest


@dataclass(frozen=True, slots=True)
class Made:
    """What the chain made of one title; ``problem`` says why there is no record.

    ``to_settle`` names platforms that have to be asked (again) before more can be made of it: their kept answers
    turned out torn and are forgotten, or an id was learned or lost there. ``asked`` are those that were. ``review`` is
    what a person should look at, ``locks`` the digest of what persons decided and was obeyed.
    """

    title: StoredTitle
    record: AnimeRecord | None = None
    record_digest: Digest | None = None
    provenance_digest: Digest | None = None
    quality: Quality | None = None
    problem: str = ""
    to_settle: tuple[Platform, ...] = ()
    asked: tuple[Platform, ...] = ()
    review: Review | None = None
    locks: Digest | None = None


@dataclass(frozen=True, slots=True)
class _Assembled:
    record: Digest
    provenance: Digest
    review: Review


@dataclass(slots=True)
class _Window:
    """Everything known of the titles on their way through the chain."""

    titles: dict[str, StoredTitle]
    settled: dict[str, dict[Platform, Settled]] = field(default_factory=dict)
    outcomes: dict[str, dict[Platform, Outcome]] = field(default_factory=dict)
    stale: dict[str, set[Platform]] = field(default_factory=dict)
    sources: dict[str, tuple[SourceTitle, ...]] = field(default_factory=dict)
    found_by: dict[str, tuple[frozenset[IdKey], ...]] = field(default_factory=dict)
    """For each source the learned ids it was found by."""
    source_digests: dict[str, list[Digest]] = field(default_factory=dict)
    learned: dict[str, Learning] = field(default_factory=dict)
    inputs: dict[str, StageInput] = field(default_factory=dict)
    inputs_key: dict[str, Digest] = field(default_factory=dict)
    locks: dict[str, tuple[Lock, ...]] = field(default_factory=dict)
    drafts: dict[str, dict[str, Draft]] = field(default_factory=dict)
    draft_digests: dict[str, list[Digest]] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    torn: dict[str, tuple[Platform, ...]] = field(default_factory=dict)
    unsettled: dict[str, tuple[Platform, ...]] = field(default_factory=dict)

    def alive(self) -> list[str]:
        return [
            title_id for title_id in self.titles if title_id not in self.problems and title_id not in self.unsettled
        ]

    def to_settle(self, title_id: str) -> tuple[Platform, ...]:
        return tuple(dict.fromkeys((*self.torn.get(title_id, ()), *self.unsettled.get(title_id, ()))))


@dataclass(frozen=True, slots=True)
class Steps:
    """The chain over a window. ``on_step`` is told before every act, by the step's name.

    Results are written when they took ``in_hand_s``, and at the end of their step. What waits among the
    ``conversions`` is not converted again.
    """

    ledger: Ledger
    adapters: Mapping[Platform, PlatformAdapter]
    on_step: Callable[[str], None]
    matching: Matching = MATCHING
    choosing: Choosing = CHOOSING
    in_hand_s: float = IN_HAND_S
    conversions: Conversions = field(default_factory=Conversions)

    def make_records(self, titles: Sequence[StoredTitle], *, until: str = ASSEMBLE) -> list[Made]:
        """Convert, align, decide, assemble and validate; one :class:`Made` a title, in order.

        ``until`` ends the chain after a step of :data:`CHAIN`; what that and the steps before it made is in the
        ledger, so the next call goes on from there. Nothing raises for one title; ``Damaged`` is raised when nothing
        can be kept (disk full, ledger torn).
        """
        window = _Window({title.title_id: title for title in titles})
        window.settled = self.ledger.fetched.outcomes(list(window.titles))
        window.locks = self.ledger.review.locks(list(window.titles))
        window.outcomes = {
            t: {platform: settled.outcome.outcome for platform, settled in by.items()}
            for t, by in window.settled.items()
        }
        for title_id in window.titles:
            window.sources[title_id], window.source_digests[title_id], window.found_by[title_id] = (), [], ()
            window.drafts[title_id], window.draft_digests[title_id] = {}, []
        made: dict[str, Made] = {}
        for step in CHAIN[: CHAIN.index(until) + 1]:
            if step == CONVERT:
                for adapter in self.adapters.values():
                    self._convert(window, adapter)
                self._learn(window)
            elif step == _ALIGN:
                self._align(window)
            elif step == ASSEMBLE:
                made = self._assemble(window)
            else:
                self._decide(window, step.removeprefix(_STAGE))
        return [
            replace(
                made.get(t, Made(title, problem=window.problems.get(t, ""))),
                to_settle=window.to_settle(t),
                locks=locks_digest(window.locks.get(t, ())),
            )
            for t, title in window.titles.items()
        ]

    def _convert(self, window: _Window, adapter: PlatformAdapter) -> None:
        heard = {
            t: ids_to_ask(adapter, window.titles[t])
            for t in window.alive()
            if (settled := window.settled[t].get(adapter.name)) is not None and settled.is_heard
        }
        refs = self.ledger.fetched.part_refs(adapter.name, [id_ for ids in heard.values() for id_ in ids])
        mine = {t: {id_: refs[id_] for id_ in ids if id_ in refs} for t, ids in heard.items()}
        keys = {
            t: digest_of("convert", adapter.name.value, adapter.convert_version, FetchBook.parts_digest(parts))
            for t, parts in mine.items()
            if parts
        }

        before_s: dict[str, float] = {}

        def work(title_id: str) -> tuple[SourceTitle, ...]:
            said = [self._convert_id(window, title_id, adapter, *part) for part in mine[title_id].items()]
            before_s[title_id] = sum(conversion.cpu_s for conversion in said)
            return tuple(conversion.title for conversion in said)

        step = f"{CONVERT}:{adapter.name.value}"
        done, problems = self._through(step, tuple[SourceTitle, ...], keys, work, before_s=before_s)
        for title_id, result in done.items():
            window.sources[title_id] += result.value
            window.found_by[title_id] += (rests_on(adapter, window.titles[title_id]),) * len(result.value)
            window.source_digests[title_id].append(result.digest)
            if window.settled[title_id][adapter.name].is_stale:
                window.stale.setdefault(title_id, set()).add(adapter.name)
        for title_id in problems:  # the platform is as good as failed for this title; the others still speak
            window.outcomes[title_id][adapter.name] = Outcome.FAILED

    def _learn(self, window: _Window) -> None:
        """Learn ids from what was said, unless somebody has not spoken yet or spoke and is torn."""
        heard = {
            t: Heard(
                window.titles[t], window.sources[t], window.found_by[t], window.settled[t], window.locks.get(t, ())
            )
            for t in window.alive()
            if t not in window.torn and window.settled[t].keys() >= self.adapters.keys()
        }
        window.learned = learn_ids(self.ledger, self.adapters, heard, self.on_step)
        for title_id, learning in window.learned.items():
            title = replace(window.titles[title_id], learned=tuple((one.site, one.id) for one in learning.learned))
            window.titles[title_id] = title
            if platforms := platforms_to_settle(title, window.settled[title_id], self.adapters):
                window.unsettled[title_id] = platforms

    def _convert_id(
        self, window: _Window, title_id: str, adapter: PlatformAdapter, id_: str, refs: Sequence[PartRef]
    ) -> Conversion:
        """What an id's parts say; seconds of the processor where that was known before. ``Damaged`` if one is torn."""
        parts: dict[str, bytes] = {}
        torn: list[Damaged] = []
        for ref in refs:
            try:
                parts[ref.kind] = self.ledger.blobs.get(ref.body)
            except Damaged as error:
                torn.append(error)
        if torn:  # what is torn is forgotten, so that it is asked again
            self.ledger.fetched.forget_parts(adapter.name, {id_: tuple(parts)})
            self.ledger.fetched.invalidate(title_id, adapter.name)
            window.torn[title_id] = (*window.torn.get(title_id, ()), adapter.name)
            raise torn[0]
        made = self.conversions.take(adapter, id_, {ref.kind: ref.body for ref in refs})
        return made or Conversion(adapter.convert(id_, parts), 0.0)

    def _align(self, window: _Window) -> None:
        answers = {t: answers_of(window.locks.get(t, ())) for t in window.alive()}
        numbers, cuts = self.matching.model_dump(), self.choosing.model_dump()
        keys = {
            t: digest_of("align", ALIGN_VERSION, numbers, window.source_digests[t], locks_digest(mine))
            for t, mine in answers.items()
        }

        def work(title_id: str) -> Alignment:
            sources = window.sources[title_id]
            return apply_answers(align(sources, self.matching), sources, answers[title_id])

        done, problems = self._through(_ALIGN, Alignment, keys, work)
        window.problems |= problems
        spoken = {t: _mentioned(window.titles[t], window.sources[t]) for t in done}
        known = self.ledger.titles.known_ids(pair for pairs in spoken.values() for pair in pairs)
        self.ledger.titles.note_mentions({t: [id_key(*pair) for pair in pairs] for t, pairs in spoken.items()})
        for title_id, aligned in done.items():
            title = window.titles[title_id]
            mine = {id_key(*pair): known[id_key(*pair)] for pair in sorted(spoken[title_id]) if id_key(*pair) in known}
            own = _known(title, window.learned.get(title_id, Learning()))
            told = readings(window.locks.get(title_id, ()))
            key = [title_id, title.row_digest, _ids_key(own), window.source_digests[title_id], aligned.digest, mine]
            window.inputs_key[title_id] = digest_of(*key, cuts, *([locks_digest(told)] if told else []))
            window.inputs[title_id] = StageInput(
                own, window.sources[title_id], aligned.value, mine, told, self.choosing
            )

    def _decide(self, window: _Window, name: str) -> None:
        stage = STAGES[name]
        keys = {t: digest_of("stage", name, stage.version, window.inputs_key[t]) for t in window.alive()}
        done, problems = self._through(f"{_STAGE}{name}", stage.draft, keys, lambda t: stage.decide(window.inputs[t]))
        window.problems |= problems
        for title_id, draft in done.items():
            window.drafts[title_id][name] = draft.value
            window.draft_digests[title_id].append(draft.digest)

    def _assemble(self, window: _Window) -> dict[str, Made]:
        keys = {
            t: digest_of(
                "assemble",
                ASSEMBLE_VERSION,
                SCHEMA_VERSION,
                window.inputs_key[t],
                window.draft_digests[t],
                {platform.value: outcome.value for platform, outcome in window.outcomes[t].items()},
                sorted(window.stale.get(t, ())),
                locks_digest(window.locks.get(t, ())),
            )
            for t in window.alive()
        }
        whole: dict[str, Assembled] = {}

        def work(title_id: str) -> _Assembled:
            made = assemble(
                window.inputs[title_id],
                window.drafts[title_id],
                window.outcomes[title_id],
                window.stale.get(title_id, ()),
                window.locks.get(title_id, ()),
            )
            body = record_bytes(made.record)
            validate(body)
            whole[title_id] = made
            provenance = dump_json(Provenance, made.provenance)
            return _Assembled(self.ledger.blobs.put(body), self.ledger.blobs.put(provenance), made.review)

        def is_whole(title_id: str, made: _Assembled) -> bool:
            try:
                record = load_json(AnimeRecord, self.ledger.blobs.get(made.record))
                provenance = load_json(Provenance, self.ledger.blobs.get(made.provenance))
            except Damaged:
                return False
            whole[title_id] = Assembled(record, provenance, made.review)
            return True

        done, problems = self._through(ASSEMBLE, _Assembled, keys, work, is_whole)
        window.problems |= problems
        return {
            t: Made(
                title=window.titles[t],
                record=whole[t].record,
                record_digest=result.value.record,
                provenance_digest=result.value.provenance,
                review=result.value.review,
                quality=measure_quality(whole[t].record, whole[t].provenance, window.sources[t]),
            )
            for t, result in done.items()
        }

    def _through(
        self,
        step: str,
        kind: Any,
        keys: Mapping[str, Digest],
        work: Callable[[str], T],
        is_whole: Callable[[str, T], bool] = lambda _title_id, _value: True,
        *,
        before_s: Mapping[str, float] = MappingProxyType({}),
    ) -> tuple[dict[str, _Done[T]], dict[str, str]]:
        """Do a step for the titles of ``keys`` whose result does not stand; gives values and problems by title.

        ``is_whole`` says whether a result that stands still has everything it names; if not, the step is done again.
        ``before_s`` has what ``work`` took of the processor before it was called, as far as it tells.
        """
        done: dict[str, _Done[T]] = {}
        problems: dict[str, str] = {}
        stand = self.ledger.steps.find(step, keys)
        for title_id, result in stand.items():
            body = result.body or b""
            value = load_json(kind, body)
            if is_whole(title_id, value):
                done[title_id] = _Done(value, digest_bytes(body))
        missing = {t: key for t, key in keys.items() if t not in done}
        if missing:
            self.on_step(f"intend:{step}")
            self.ledger.steps.intend(step, missing)
        in_hand: list[StepResult] = []
        for title_id, key in missing.items():
            self.on_step(step)
            result, value = self._attempt(step, kind, title_id, key, work)
            result = replace(result, cpu_s=result.cpu_s + before_s.get(title_id, 0.0))
            in_hand.append(result)
            if sum(one.cpu_s for one in in_hand) >= self.in_hand_s:
                self._keep(step, in_hand)
                in_hand = []
            if value is not None and result.body is not None:
                done[title_id] = _Done(value, digest_bytes(result.body))
            else:
                problems[title_id] = result.note
        self._keep(step, in_hand)
        return done, problems

    def _keep(self, step: str, results: Sequence[StepResult]) -> None:
        if results:
            self.on_step(f"keep:{step}")
            self.ledger.steps.settle(results)

    def _attempt(
        self, step: str, kind: Any, title_id: str, key: Digest, work: Callable[[str], T]
    ) -> tuple[StepResult, T | None]:
        """The entry boundary: one title's failure is recorded, and the others go on."""
        started = time.thread_time()
        try:
            value = work(title_id)
            body = dump_json(kind, value)
        except EnrichError as error:
            _log.warning("step_failed", step=step, title_id=title_id, problem=str(error))
            return StepResult(title_id, step, key, None, str(error), time.thread_time() - started), None
        except Exception as error:  # noqa: BLE001  # the entry boundary, see above
            _log.exception("step_failed", step=step, title_id=title_id)
            note = f"{type(error).__name__}: {error}"
            return StepResult(title_id, step, key, None, note, time.thread_time() - started), None
        return StepResult(title_id, step, key, body, "", time.thread_time() - started), value


def _known(title: StoredTitle, learning: Learning) -> Title:
    """The title as the stages see it. An id that its own platform does not have is none."""
    learned = tuple(one for one in learning.learned if not one.is_absent)
    ids = {**{one.site: (one.id,) for one in learned}, **title.ids}
    return Title(title.title_id, load_row(title.row), ids, learned, learning.findings)


def _ids_key(title: Title) -> JsonValue:
    return [
        {site.value: list(ids) for site, ids in title.ids.items()},
        [[one.site.value, one.id, list(one.said_by), one.is_found] for one in title.learned],
        [[one.code, one.message] for one in title.findings],
    ]


def _mentioned(title: StoredTitle, sources: Iterable[SourceTitle]) -> set[tuple[Site, str]]:
    """Ids of other anime a title's row and sources speak of."""
    pairs = {pair for url in load_row(title.row).related_anime if (pair := identify_url(url)) is not None}
    for source in sources:
        for relation in source.relations:
            if relation.target_type != "manga":
                pairs |= {(id_.site, id_.id) for id_ in relation.target_ids if isinstance(id_.site, Site)}
    return pairs
