"""Step 2, fetch: one platform over a stream of titles, batch by batch, everything noted before and after.

The engine knows no platform: an adapter plans requests from the parts that are there, the transport asks, the ledger
keeps. A batch is asked in rounds until nothing is left to ask; killed between any two lines, the next run plans from
the same parts and asks only for the rest.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol

import structlog

from pipeline.catalogue import load_row
from pipeline.domain.canonical import Digest
from pipeline.domain.exchange import Answer, Reading, Request, Wanted
from pipeline.domain.names import AiringStatus, Outcome, Platform
from pipeline.enrich.adapters import ids_to_ask
from pipeline.enrich.batching import BatchSize
from pipeline.enrich.decay import Sight
from pipeline.enrich.guarding import Guard
from pipeline.enrich.keeping import Keeping
from pipeline.errors import (
    BadInput,
    Blocked,
    Broken,
    BudgetSpent,
    EnrichError,
    EntryGone,
    NotRecorded,
    RetryLater,
    ShrinkBatch,
    one_line,
)
from pipeline.ledger import Ledger
from pipeline.ledger.fetched import REUSE_S, Gathered, Kept, Said, Settled, SettledOutcome
from pipeline.ledger.titles import StoredTitle
from pipeline.platforms.port import PlatformAdapter
from pipeline.settings import FreshnessSettings

__all__ = [
    "FOREVER",
    "Fetcher",
    "Transport",
    "due_at",
    "fresh_until",
    "is_fresh",
    "missing_of",
    "outcome_of_kept",
    "wanted_of",
]

_log = structlog.get_logger(__name__)
_DAY_S = 86_400.0
FOREVER = 4_102_444_800.0  # 2100: what we did not ask stays so until the settings or the row change
_ASKED = (Outcome.FOUND, Outcome.ABSENT, Outcome.FAILED)
_LOOKED_INTO = 5  # of a batch of fifty: what a platform lost is missing from five as well
_NOT_MODIFIED = 304
_ROUNDS = 200  # a platform that always has "one page more" is Broken


class Transport(Protocol):
    """Sends one request politely."""

    async def send(self, request: Request, check: Callable[[Request, Answer], None]) -> Answer:
        """Give a checked answer, or raise from the tree of ``errors``."""
        ...


@dataclass(frozen=True, slots=True)
class _Asked:
    """One title's errand on this platform."""

    title: StoredTitle
    ids: tuple[str, ...]
    status: AiringStatus
    wanted: tuple[Wanted, ...]
    since: float
    is_known: bool
    """Whether the platform had it when it was last asked."""
    until: float | None = None
    """Where the parts had are fresh and only some are lacking: until when they are."""


def fresh_until(outcome: Outcome, status: AiringStatus, *, now: float, policy: FreshnessSettings) -> float:
    """Until when an outcome is good. A failure is due at once."""
    if outcome is Outcome.FAILED:
        return now
    if outcome is Outcome.ABSENT:
        return now + policy.absent_days * _DAY_S
    days = {
        AiringStatus.FINISHED: policy.finished_days,
        AiringStatus.CANCELLED: policy.finished_days,
        AiringStatus.AIRING: policy.airing_days,
        AiringStatus.HIATUS: policy.airing_days,
        AiringStatus.UPCOMING: policy.upcoming_days,
        AiringStatus.UNKNOWN: policy.unknown_days,
    }[status]
    return now + days * _DAY_S


def wanted_of(title: StoredTitle, ids: Sequence[str]) -> tuple[Wanted, ...]:
    """What an adapter is told of a title's ids before anything is had of them."""
    row = load_row(title.row)
    return tuple(Wanted(id_, type=row.type, status=row.status, episodes=row.episodes, ids=title.ids) for id_ in ids)


def is_fresh(last: SettledOutcome, ids: Sequence[str], *, now: float) -> bool:
    """Whether what is had still stands for a title that has these ids on the platform."""
    return last.fresh_until > now and last.ids == tuple(ids)


def due_at(outcome: SettledOutcome) -> float:
    """When a title must be asked for again: a failure at once, even where it left something that stands."""
    return 0.0 if outcome.outcome is Outcome.FAILED else outcome.fresh_until


def missing_of(
    adapter: PlatformAdapter, ledger: Ledger, title: StoredTitle, last: SettledOutcome
) -> tuple[Request, ...]:
    """What a title with a fresh outcome still lacks of what the adapter wants now (it may want more than it did).

    No part is older than the outcome's own asking, so all that are there count.
    """
    if last.outcome not in (Outcome.FOUND, Outcome.FAILED):
        return ()
    had = ledger.fetched.gathered(adapter.name, dict.fromkeys(last.ids, 0.0))
    wanted = (replace(one, parts=had[one.id].parts) for one in wanted_of(title, last.ids) if not had[one.id].is_absent)
    try:
        return tuple(request for one in wanted for request in adapter.plan_requests([one]))
    except (BadInput, Broken):
        return ()  # the step that reads the part says so


def outcome_of_kept(
    title: StoredTitle, platform: Platform, ids: Sequence[str], kept: Mapping[str, Kept], policy: FreshnessSettings
) -> SettledOutcome | None:
    """What answers that are kept come to without asking; ``None`` when they come to nothing.

    They are good as long as if they had been asked for when they were given; at once due where some ids have none.
    """
    mine = [kept[id_] for id_ in ids if id_ in kept]
    is_whole = len(mine) == len(ids)
    outcome = Outcome.ABSENT if all(one.is_absent for one in mine) else Outcome.FOUND
    if not mine or (outcome is Outcome.ABSENT and not is_whole):
        return None
    said_at = min(one.said_at for one in mine)
    until = fresh_until(outcome, load_row(title.row).status, now=said_at, policy=policy) if is_whole else said_at
    reason = f"said on {datetime.fromtimestamp(said_at, tz=UTC):%Y-%m-%d}"
    return SettledOutcome(title.title_id, platform, outcome, tuple(ids), reason, until)


@dataclass(slots=True)
class Fetcher:
    """One platform. ``why_off`` is the reason not to ask it at all, ``why_left_out`` not to ask it in this run.

    What is left out in one run keeps what an earlier one had of it. ``on_step`` is told before each act.
    ``tops_up``: the adapter may want more than it did, so fresh titles are looked through for what they lack. They need
    no intent: what stands, stands, and killed half-way the next run plans from the parts again.
    ``serves_kept`` says that a platform that cannot be asked still counts with the answers that are kept; ``sizes``
    remembers how large a batch a platform has time for; ``guard`` stops asking a platform that has decayed.
    """

    adapter: PlatformAdapter
    ledger: Ledger
    transport: Transport
    freshness: FreshnessSettings
    now: Callable[[], float]
    why_off: str | None
    concurrency: int
    on_step: Callable[[str], None]
    tops_up: bool = False
    serves_kept: bool = False
    sizes: dict[Platform, BatchSize] = field(default_factory=dict)
    why_left_out: str | None = None
    rest_s: float = REUSE_S
    guard: Guard | None = None
    _places: asyncio.Semaphore = field(init=False)
    _keeping: Keeping = field(init=False)

    def __post_init__(self) -> None:
        """As many requests at once as titles' batches."""
        self._places = asyncio.Semaphore(self.concurrency)
        self._keeping = Keeping(self.ledger.fetched.save)

    @property
    def platform(self) -> Platform:
        """Whom this asks."""
        return self.adapter.name

    async def run(
        self, windows: AsyncIterator[Sequence[str]], on_settled: Callable[[Platform, Sequence[str]], Awaitable[None]]
    ) -> None:
        """Settle this platform's outcome for every title of the stream, telling ``on_settled`` as it goes."""
        gate = asyncio.Semaphore(self.concurrency)
        async with asyncio.TaskGroup() as group:

            async def ask(waiting: list[_Asked], *, is_last: bool) -> list[_Asked]:
                """Ask batch by batch, each cut when there is room: as large as answers taught. Gives what is left."""
                while waiting and (is_last or self._cut(waiting)[1]):
                    await gate.acquire()
                    batch, waiting = self._cut(waiting)
                    task = group.create_task(self._ask_batch(batch, on_settled))
                    task.add_done_callback(lambda _: gate.release())
                return waiting

            waiting: list[_Asked] = []
            async for window in windows:
                settled, to_ask = self._sort(self.ledger.titles.load(window))
                await on_settled(self.platform, settled)
                waiting = await ask([*waiting, *to_ask], is_last=False)
            await ask(waiting, is_last=True)

    def _sort(self, titles: Sequence[StoredTitle]) -> tuple[list[str], list[_Asked]]:
        """Which titles are settled already (or settled by not asking), and which have to be asked for."""
        stored = self.ledger.fetched.outcomes([title.title_id for title in titles])
        kept = self._kept(titles)
        settled: list[str] = []
        unasked: list[SettledOutcome] = []
        errands: list[tuple[StoredTitle, tuple[str, ...]]] = []
        topped_up: list[_Asked] = []
        is_quarantined = self.guard is not None and self.guard.standing() is not None
        for title in titles:
            ids = ids_to_ask(self.adapter, title)
            last = stored[title.title_id].get(self.platform)
            not_asked = self._not_asked(title, ids, kept, last)
            if not_asked is not None:
                settled.append(title.title_id)
                if last is None or last.outcome != not_asked:
                    unasked.append(not_asked)
            elif last is not None and self.why_left_out is not None:
                settled.append(title.title_id)
            elif last is not None and is_fresh(last.outcome, ids, now=self.now()):
                if self._wants_more(title, last.outcome, is_quarantined=is_quarantined):
                    topped_up.append(_errand(title, ids, 0.0, last, until=last.outcome.fresh_until))
                else:
                    settled.append(title.title_id)
            else:
                errands.append((title, ids))
        self.ledger.fetched.settle(unasked)
        if not errands:
            return settled, topped_up
        since = self.ledger.fetched.intend(self.platform, [title.title_id for title, _ in errands], reuse_s=self.rest_s)
        to_ask = (
            _errand(title, ids, since[title.title_id], stored[title.title_id].get(self.platform))
            for title, ids in errands
        )
        return settled, [*topped_up, *to_ask]

    def _wants_more(self, title: StoredTitle, last: SettledOutcome, *, is_quarantined: bool) -> bool:
        """Whether a title with fresh answers lacks some, or failed to get them, and the platform may be asked."""
        if is_quarantined:
            return False
        return last.outcome is Outcome.FAILED or (
            self.tops_up and bool(missing_of(self.adapter, self.ledger, title, last))
        )

    def _kept(self, titles: Sequence[StoredTitle]) -> Mapping[str, Kept]:
        if self.why_off is None or not self.serves_kept:
            return {}
        return self.ledger.fetched.kept(self.platform, [id_ for t in titles for id_ in ids_to_ask(self.adapter, t)])

    def _not_asked(
        self, title: StoredTitle, ids: tuple[str, ...], kept: Mapping[str, Kept], last: Settled | None
    ) -> SettledOutcome | None:
        if self.why_off is not None:
            off = SettledOutcome(title.title_id, self.platform, Outcome.SWITCHED_OFF, (), self.why_off, FOREVER)
            return outcome_of_kept(title, self.platform, ids, kept, self.freshness) or off
        if not ids:
            why = "the row names no id"
            return SettledOutcome(title.title_id, self.platform, Outcome.NOT_LISTED, (), why, FOREVER)
        if self.why_left_out is not None and (last is None or last.outcome.outcome not in _ASKED):
            return SettledOutcome(title.title_id, self.platform, Outcome.LEFT_OUT, (), self.why_left_out)
        return None

    @property
    def _size(self) -> BatchSize:
        start = BatchSize.starting(self.adapter.batch, self.adapter.batch_bounds)
        return self.sizes.get(self.platform, start)

    def _resize(self, size: BatchSize) -> None:
        if size != self._size:
            _log.info("batch_resized", platform=self.platform.value, before=self._size.size, after=size.size)
            self.sizes[self.platform] = size

    def _cut(self, errands: list[_Asked]) -> tuple[list[_Asked], list[_Asked]]:
        """Whole titles, as many as their ids fit into one round, and the rest."""
        room = self._size.size
        for count, errand in enumerate(errands):
            room -= len(errand.ids)
            if room < 0 and count:
                return errands[:count], errands[count:]
        return errands, []

    async def _ask_batch(
        self, batch: Sequence[_Asked], on_settled: Callable[[Platform, Sequence[str]], Awaitable[None]]
    ) -> None:
        wanted = [w for errand in batch for w in errand.wanted]
        since = {id_: errand.since for errand in batch for id_ in errand.ids}
        problems = await self._complete(wanted, since)
        for sight in await asyncio.to_thread(self._settle, batch, since, problems):
            if self.guard is not None:
                self.guard.note(sight)
        await on_settled(self.platform, [errand.title.title_id for errand in batch])

    async def _complete(self, wanted: Sequence[Wanted], since: Mapping[str, float]) -> dict[str, EnrichError]:
        """Ask until every id is complete, absent or has a problem; gives the problems by id."""
        problems: dict[str, EnrichError] = {}
        asked: set[Digest] = set()
        for _ in range(_ROUNDS):
            had = await asyncio.to_thread(
                self.ledger.fetched.gathered, self.platform, {w.id: since[w.id] for w in wanted}
            )
            open_ = [
                replace(w, parts=had[w.id].parts) for w in wanted if w.id not in problems and not had[w.id].is_absent
            ]
            requests, unplanned = self._plan(open_)
            problems |= unplanned
            if not requests:
                return problems
            problems |= self._give_up([r for r in requests if r.key in asked], "is answered with something else")
            new = [request for request in requests if request.key not in asked]
            asked |= {request.key for request in new}
            older = {id_ for id_, one in had.items() if one.has_older}
            for found in await asyncio.gather(*(self._ask(r, open_, since, older) for r in new)):
                problems |= found
        return problems | self._give_up(requests, "always has one page more")

    def _plan(self, wanted: Sequence[Wanted]) -> tuple[tuple[Request, ...], dict[str, EnrichError]]:
        """What to ask next. An id nothing can be planned for is that id's problem, and nobody else's."""
        try:
            return (self.adapter.plan_requests(wanted) if wanted else ()), {}
        except (BadInput, Broken):
            problems = {w.id: problem for w in wanted if (problem := self._why_unplanned(w)) is not None}
            fine = [w for w in wanted if w.id not in problems]
            return (self.adapter.plan_requests(fine) if fine else ()), problems

    def _why_unplanned(self, wanted: Wanted) -> EnrichError | None:
        try:
            self.adapter.plan_requests([wanted])
        except (BadInput, Broken) as problem:
            return problem
        return None

    def _give_up(self, requests: Sequence[Request], why: str) -> dict[str, EnrichError]:
        return {
            id_: Broken(f"{self.platform.value}: {request.kind!r} of {id_!r} {why}", platform=self.platform.value)
            for request in requests
            for id_ in request.ids
        }

    async def _ask(
        self, request: Request, wanted: Sequence[Wanted], since: Mapping[str, float], older: AbstractSet[str]
    ) -> dict[str, EnrichError]:
        try:
            async with self._places:  # a process that is killed has asked for no more than these and not kept it
                await self._ask_and_keep(request, since, may_be_known=not older.isdisjoint(request.ids))
        except ShrinkBatch as heavy:
            if heavy.status != 200:  # an error inside a 200 is one title's trouble and says nothing of the size
                self._resize(self._size.after_refusal(len(request.ids)))
            return await self._ask_halves(request, wanted, since, heavy)
        except (RetryLater, Blocked, BudgetSpent, Broken, NotRecorded) as error:
            if self.guard is not None and isinstance(error, Broken):
                self.guard.see_answer(is_readable=False, sample=error.evidence)
            _log.info("request_failed", platform=self.platform.value, kind=request.kind, problem=str(error))
            return dict.fromkeys(request.ids, error)
        return {}

    async def _ask_and_keep(self, request: Request, since: Mapping[str, float], *, may_be_known: bool) -> None:
        if self.guard is not None:
            self.guard.refuse()
        self.on_step(f"ask:{self.platform.value}")
        try:
            answer = await self._send(request, may_be_known=may_be_known)
        except EntryGone as gone:
            answer, reading = (
                Answer(gone.status or 404, {}, gone.evidence.encode(), ""),
                Reading(absent=frozenset(request.ids)),
            )
        else:
            self._resize(self._size.after_answer(len(request.ids), answer.elapsed_s))
            reading = self._read(request, answer)
            if self.guard is not None:
                self.guard.see_answer(is_readable=True)
        self.on_step(f"keep:{self.platform.value}")
        await self._keeping.keep(Said(request, answer, reading, {id_: since[id_] for id_ in request.ids}))

    async def _send(self, request: Request, *, may_be_known: bool) -> Answer:
        """Ask; what the platform says has not changed since we had it is had again, and as new as a fresh answer."""
        kept = await asyncio.to_thread(self.ledger.fetched.known_answer, request) if may_be_known else None
        if kept is None:
            return await self.transport.send(request, self.adapter.check_answer)
        validators, had = kept
        answer = await self.transport.send(replace(request, had=validators), self.adapter.check_answer)
        if answer.status != _NOT_MODIFIED:
            return answer
        return replace(had, headers={**had.headers, **answer.headers}, elapsed_s=answer.elapsed_s)

    def _read(self, request: Request, answer: Answer) -> Reading:
        """The entry boundary: an answer that an adapter stumbles over is that request's failure, not the run's."""
        if answer.reading is not None:
            return answer.reading
        try:
            return self.adapter.parse_answer(request, answer)
        except EnrichError:
            raise
        except Exception as error:
            _log.exception("answer_unreadable", platform=self.platform.value, kind=request.kind)
            raise Broken(
                f"{self.platform.value}: an answer of kind {request.kind!r} cannot be read "
                f"({type(error).__name__}: {error})",
                platform=self.platform.value,
                status=answer.status,
                evidence=one_line(answer.body),
            ) from error

    async def _ask_halves(
        self, request: Request, wanted: Sequence[Wanted], since: Mapping[str, float], heavy: ShrinkBatch
    ) -> dict[str, EnrichError]:
        mine = [w for w in wanted if w.id in set(request.ids)]
        if len(mine) < 2:
            return dict.fromkeys(request.ids, heavy)
        middle = len(mine) // 2
        problems = await self._complete(mine[:middle], since)
        return problems | await self._complete(mine[middle:], since)

    def _settle(
        self, batch: Sequence[_Asked], since: Mapping[str, float], problems: Mapping[str, EnrichError]
    ) -> list[Sight]:
        """Write down what came of a batch; gives what the guard is to see of it."""
        had = self.ledger.fetched.gathered(self.platform, since)
        quarantine = None if self.guard is None else self.guard.standing()
        outcomes: list[SettledOutcome] = []
        for errand in batch:
            found = [id_ for id_ in errand.ids if _is_found(had[id_]) and id_ not in problems]
            failed = [problems[id_] for id_ in errand.ids if id_ in problems]
            outcome = Outcome.FAILED if failed else Outcome.FOUND if found else Outcome.ABSENT
            reason = "; ".join(dict.fromkeys(str(problem) for problem in failed))
            until = fresh_until(outcome, errand.status, now=self.now(), policy=self.freshness)
            if errand.until is not None and outcome is not Outcome.ABSENT:
                until = errand.until  # what was added makes the rest no fresher, what failed no staler
            if quarantine is not None and outcome is Outcome.FAILED:
                until = quarantine.until
            outcomes.append(SettledOutcome(errand.title.title_id, self.platform, outcome, errand.ids, reason, until))
        self.on_step(f"settle:{self.platform.value}")
        whole = [id_ for errand in batch for id_ in errand.ids if id_ not in problems and _is_found(had[id_])]
        outdated = {id_: tuple(had[id_].parts) for id_ in whole if had[id_].has_older}
        if outdated:
            self.ledger.fetched.forget_parts(self.platform, outdated)
        self.ledger.fetched.settle(outcomes)
        return self._sights(batch, outcomes, {id_: had[id_].parts for id_ in whole})

    def _sights(
        self, batch: Sequence[_Asked], outcomes: Sequence[SettledOutcome], parts: Mapping[str, Mapping[str, bytes]]
    ) -> list[Sight]:
        """Of every title whether it was there; into a few of them a look."""
        if self.guard is None:
            return []
        seen: list[Sight | None] = []
        for place, (errand, settled) in enumerate(zip(batch, outcomes, strict=True)):
            mine = {id_: parts[id_] for id_ in errand.ids if id_ in parts} if place < _LOOKED_INTO else {}
            seen.append(self.guard.look_at(errand.title, settled.outcome, mine, is_known=errand.is_known))
        return [sight for sight in seen if sight is not None]


def _is_found(had: Gathered) -> bool:
    return bool(had.parts) and not had.is_absent


def _errand(
    title: StoredTitle, ids: tuple[str, ...], since: float, last: Settled | None, *, until: float | None = None
) -> _Asked:
    is_known = last is not None and last.heard_at is not None
    return _Asked(title, ids, load_row(title.row).status, wanted_of(title, ids), since, is_known, until)
