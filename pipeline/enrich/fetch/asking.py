"""Asking one platform: rounds of requests until every id is complete, each answer kept before the next is planned.

The engine knows no platform: an adapter plans requests from the parts that are there, the transport asks, the ledger
keeps. Killed between any two lines, the next run plans from the same parts and asks only for the rest.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

import structlog

from pipeline.domain.canonical import Digest
from pipeline.domain.exchange import Answer, Reading, Request, Wanted
from pipeline.domain.names import Platform
from pipeline.enrich.fetch.batching import BatchSize
from pipeline.enrich.fetch.guarding import Guard
from pipeline.enrich.fetch.keeping import Keeping
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
from pipeline.ledger.fetched import Said
from pipeline.platforms.port import PlatformAdapter

__all__ = ["Asking", "Transport"]

_log = structlog.get_logger(__name__)
_NOT_MODIFIED: Final = 304
_ROUNDS: Final = 200  # a platform that always has "one page more" is Broken


class Transport(Protocol):
    """Sends one request politely."""

    async def send(self, request: Request, check: Callable[[Request, Answer], None]) -> Answer:
        """Give a checked answer, or raise from the tree of ``errors``."""
        ...


@dataclass(slots=True)
class Asking:
    """One platform's requests, at most ``concurrency`` of them asked and not kept.

    ``on_step`` is told before each act; ``sizes`` remembers how large a batch a platform has time for; ``guard`` stops
    asking a platform that has decayed.
    """

    adapter: PlatformAdapter
    ledger: Ledger
    transport: Transport
    concurrency: int
    on_step: Callable[[str], None]
    sizes: dict[Platform, BatchSize] = field(default_factory=dict)
    guard: Guard | None = None
    _places: asyncio.Semaphore = field(init=False)
    _keeping: Keeping = field(init=False)

    def __post_init__(self) -> None:
        """What is asked and not kept has a place."""
        self._places = asyncio.Semaphore(self.concurrency)
        self._keeping = Keeping(self.ledger.fetched.save)

    @property
    def platform(self) -> Platform:
        """Whom this asks."""
        return self.adapter.name

    @property
    def size(self) -> BatchSize:
        """How many ids go into one round now."""
        start = BatchSize.starting(self.adapter.batch, self.adapter.batch_bounds)
        return self.sizes.get(self.platform, start)

    def _resize(self, size: BatchSize) -> None:
        if size != self.size:
            _log.info("batch_resized", platform=self.platform.value, before=self.size.size, after=size.size)
            self.sizes[self.platform] = size

    async def complete(self, wanted: Sequence[Wanted], since: Mapping[str, float]) -> dict[str, EnrichError]:
        """Ask until every id is complete, absent or has a problem; gives the problems by id."""
        problems: dict[str, EnrichError] = {}
        asked: set[Digest] = set()
        left = wanted
        for _ in range(_ROUNDS):
            had = await asyncio.to_thread(
                self.ledger.fetched.gathered, self.platform, {w.id: since[w.id] for w in left}
            )
            open_ = [
                replace(w, parts=had[w.id].parts) for w in left if w.id not in problems and not had[w.id].is_absent
            ]
            requests, unplanned = self._plan(open_)
            problems |= unplanned
            if not requests:
                return problems
            problems |= self._give_up([r for r in requests if r.key in asked], "is answered with something else")
            new = [request for request in requests if request.key not in asked]
            asked |= {request.key for request in new}
            asked_of = {id_ for request in new for id_ in request.ids}
            left = [w for w in left if w.id in asked_of]  # of the others there is nothing more to ask
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
                self._resize(self.size.after_refusal(len(request.ids)))
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
            self._resize(self.size.after_answer(len(request.ids), answer.elapsed_s))
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
        problems = await self.complete(mine[:middle], since)
        return problems | await self.complete(mine[middle:], since)
