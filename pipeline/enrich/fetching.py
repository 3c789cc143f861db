"""Step 2, fetch: one platform over a stream of titles, batch by batch, everything noted before and after.

The engine knows no platform: an adapter plans requests from the parts that are there, the transport asks, the ledger
keeps. A batch is asked in rounds until nothing is left to ask; killed between any two lines, the next run plans from
the same parts and asks only for the rest.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from pipeline.catalogue import load_row
from pipeline.domain.canonical import Digest
from pipeline.domain.exchange import Answer, Reading, Request, Wanted
from pipeline.domain.names import AiringStatus, Outcome, Platform
from pipeline.enrich.guarding import Guard
from pipeline.errors import (
    BadInput,
    Blocked,
    Broken,
    BudgetSpent,
    EnrichError,
    EntryGone,
    RetryLater,
    ShrinkBatch,
    one_line,
)
from pipeline.ledger import Ledger
from pipeline.ledger.fetched import REUSE_S, Gathered, Settled, SettledOutcome
from pipeline.ledger.titles import StoredTitle
from pipeline.platforms.port import PlatformAdapter
from pipeline.settings import FreshnessSettings

__all__ = ["FOREVER", "Fetcher", "Transport", "fresh_until", "is_fresh", "wanted_of"]

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
    """Whether an outcome still stands for a title that has these ids on the platform."""
    return last.fresh_until > now and last.ids == tuple(ids)


@dataclass(slots=True)
class Fetcher:
    """One platform. ``why_off`` is the reason not to ask it at all, ``why_left_out`` not to ask it in this run.

    What is left out in one run keeps what an earlier one had of it. ``on_step`` is told before each act.
    """

    adapter: PlatformAdapter
    ledger: Ledger
    transport: Transport
    freshness: FreshnessSettings
    now: Callable[[], float]
    why_off: str | None
    concurrency: int
    on_step: Callable[[str], None]
    why_left_out: str | None = None
    rest_s: float = REUSE_S
    guard: Guard | None = None

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

            async def ask(batch: Sequence[_Asked]) -> None:
                await gate.acquire()
                task = group.create_task(self._ask_batch(batch, on_settled))
                task.add_done_callback(lambda _: gate.release())

            waiting: list[_Asked] = []
            async for window in windows:
                settled, to_ask = self._sort(self.ledger.titles.load(window))
                await on_settled(self.platform, settled)
                *full, waiting = self._batches([*waiting, *to_ask]) or [[]]  # the last one may fill up yet
                for batch in full:
                    await ask(batch)
            if waiting:
                await ask(waiting)

    def _sort(self, titles: Sequence[StoredTitle]) -> tuple[list[str], list[_Asked]]:
        """Which titles are settled already (or settled by not asking), and which have to be asked for."""
        stored = self.ledger.fetched.outcomes([title.title_id for title in titles])
        settled: list[str] = []
        unasked: list[SettledOutcome] = []
        errands: list[tuple[StoredTitle, tuple[str, ...]]] = []
        for title in titles:
            ids = self.adapter.wanted_ids(title.ids)
            last = stored[title.title_id].get(self.platform)
            not_asked = self._not_asked(title.title_id, ids, last)
            if not_asked is not None:
                settled.append(title.title_id)
                if last is None or last.outcome != not_asked:
                    unasked.append(not_asked)
            elif last is not None and self._stands(last.outcome, ids):
                settled.append(title.title_id)
            else:
                errands.append((title, ids))
        self.ledger.fetched.settle(unasked)
        if not errands:
            return settled, []
        since = self.ledger.fetched.intend(self.platform, [title.title_id for title, _ in errands], reuse_s=self.rest_s)
        return settled, [
            _errand(title, ids, since[title.title_id], stored[title.title_id].get(self.platform))
            for title, ids in errands
        ]

    def _stands(self, last: SettledOutcome, ids: tuple[str, ...]) -> bool:
        return self.why_left_out is not None or is_fresh(last, ids, now=self.now())

    def _not_asked(self, title_id: str, ids: tuple[str, ...], last: Settled | None) -> SettledOutcome | None:
        if self.why_off is not None:
            return SettledOutcome(title_id, self.platform, Outcome.SWITCHED_OFF, (), self.why_off, FOREVER)
        if not ids:
            return SettledOutcome(title_id, self.platform, Outcome.NOT_LISTED, (), "the row names no id", FOREVER)
        if self.why_left_out is not None and (last is None or last.outcome.outcome not in _ASKED):
            return SettledOutcome(title_id, self.platform, Outcome.LEFT_OUT, (), self.why_left_out)
        return None

    def _batches(self, errands: Sequence[_Asked]) -> list[list[_Asked]]:
        """Whole titles, as many as their ids fit into one round."""
        batches: list[list[_Asked]] = []
        room = 0
        for errand in errands:
            if not batches or len(errand.ids) > room:
                batches.append([])
                room = self.adapter.batch
            batches[-1].append(errand)
            room -= len(errand.ids)
        return batches

    async def _ask_batch(
        self, batch: Sequence[_Asked], on_settled: Callable[[Platform, Sequence[str]], Awaitable[None]]
    ) -> None:
        wanted = [w for errand in batch for w in errand.wanted]
        since = {id_: errand.since for errand in batch for id_ in errand.ids}
        problems = await self._complete(wanted, since)
        self._settle(batch, since, problems)
        await on_settled(self.platform, [errand.title.title_id for errand in batch])

    async def _complete(self, wanted: Sequence[Wanted], since: Mapping[str, float]) -> dict[str, EnrichError]:
        """Ask until every id is complete, absent or has a problem; gives the problems by id."""
        problems: dict[str, EnrichError] = {}
        asked: set[Digest] = set()
        for _ in range(_ROUNDS):
            had = self.ledger.fetched.gathered(self.platform, {w.id: since[w.id] for w in wanted})
            open_ = [
                replace(w, parts=had[w.id].parts) for w in wanted if w.id not in problems and not had[w.id].is_absent
            ]
            try:
                requests = self.adapter.plan_requests(open_) if open_ else ()
            except (BadInput, Broken) as error:
                return problems | dict.fromkeys((w.id for w in open_), error)
            if not requests:
                return problems
            problems |= self._give_up([r for r in requests if r.key in asked], "is answered with something else")
            new = [request for request in requests if request.key not in asked]
            asked |= {request.key for request in new}
            for found in await asyncio.gather(*(self._ask(r, open_, since) for r in new)):
                problems |= found
        return problems | self._give_up(requests, "always has one page more")

    def _give_up(self, requests: Sequence[Request], why: str) -> dict[str, EnrichError]:
        return {
            id_: Broken(f"{self.platform.value}: {request.kind!r} of {id_!r} {why}", platform=self.platform.value)
            for request in requests
            for id_ in request.ids
        }

    async def _ask(
        self, request: Request, wanted: Sequence[Wanted], since: Mapping[str, float]
    ) -> dict[str, EnrichError]:
        try:
            if self.guard is not None:
                self.guard.refuse()
            self.on_step(f"ask:{self.platform.value}")
            answer = await self._send(request)
            reading = self._read(request, answer)
        except EntryGone as gone:
            gone_answer = Answer(gone.status or 404, {}, gone.evidence.encode(), "")
            self.ledger.fetched.save(request, gone_answer, Reading(absent=frozenset(request.ids)), since)
            return {}
        except ShrinkBatch as heavy:
            return await self._ask_halves(request, wanted, since, heavy)
        except (RetryLater, Blocked, BudgetSpent, Broken) as error:
            if self.guard is not None and isinstance(error, Broken):
                self.guard.see_answer(is_readable=False, sample=error.evidence)
            _log.info("request_failed", platform=self.platform.value, kind=request.kind, problem=str(error))
            return dict.fromkeys(request.ids, error)
        self.on_step(f"keep:{self.platform.value}")
        self.ledger.fetched.save(request, answer, reading, since)
        if self.guard is not None:
            self.guard.see_answer(is_readable=True)
        return {}

    async def _send(self, request: Request) -> Answer:
        """Ask; what the platform says has not changed since we had it is had again, and as new as a fresh answer."""
        kept = self.ledger.fetched.kept(request)
        if kept is None:
            return await self.transport.send(request, self.adapter.check_answer)
        validators, had = kept
        answer = await self.transport.send(replace(request, had=validators), self.adapter.check_answer)
        if answer.status != _NOT_MODIFIED:
            return answer
        return replace(had, headers={**had.headers, **answer.headers})

    def _read(self, request: Request, answer: Answer) -> Reading:
        """The entry boundary: an answer that an adapter stumbles over is that request's failure, not the run's."""
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

    def _settle(self, batch: Sequence[_Asked], since: Mapping[str, float], problems: Mapping[str, EnrichError]) -> None:
        had = self.ledger.fetched.gathered(self.platform, since)
        quarantine = None if self.guard is None else self.guard.standing()
        outcomes: list[SettledOutcome] = []
        for errand in batch:
            found = [id_ for id_ in errand.ids if _is_found(had[id_]) and id_ not in problems]
            failed = [problems[id_] for id_ in errand.ids if id_ in problems]
            outcome = Outcome.FAILED if failed else Outcome.FOUND if found else Outcome.ABSENT
            reason = "; ".join(dict.fromkeys(str(problem) for problem in failed))
            until = fresh_until(outcome, errand.status, now=self.now(), policy=self.freshness)
            if quarantine is not None and outcome is Outcome.FAILED:
                until = quarantine.until
            outcomes.append(SettledOutcome(errand.title.title_id, self.platform, outcome, errand.ids, reason, until))
        self.on_step(f"settle:{self.platform.value}")
        whole = [id_ for errand in batch for id_ in errand.ids if id_ not in problems and _is_found(had[id_])]
        self.ledger.fetched.forget_parts(self.platform, {id_: tuple(had[id_].parts) for id_ in whole})
        self.ledger.fetched.settle(outcomes)
        self._show(batch, outcomes, {id_: had[id_].parts for id_ in whole})

    def _show(
        self, batch: Sequence[_Asked], outcomes: Sequence[SettledOutcome], parts: Mapping[str, Mapping[str, bytes]]
    ) -> None:
        """Let the guard see what came of a batch; into a few of its titles it looks."""
        if self.guard is None:
            return
        for place, (errand, settled) in enumerate(zip(batch, outcomes, strict=True)):
            mine = {id_: parts[id_] for id_ in errand.ids if id_ in parts} if place < _LOOKED_INTO else {}
            self.guard.see_title(errand.title, settled.outcome, mine, is_known=errand.is_known)


def _is_found(had: Gathered) -> bool:
    return bool(had.parts) and not had.is_absent


def _errand(title: StoredTitle, ids: tuple[str, ...], since: float, last: Settled | None) -> _Asked:
    is_known = last is not None and last.heard_at is not None
    return _Asked(title, ids, load_row(title.row).status, wanted_of(title, ids), since, is_known)
