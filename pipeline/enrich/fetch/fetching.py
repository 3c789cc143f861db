"""Step 2, fetch: one platform over a stream of titles, batch by batch, everything noted before and after.

Which titles are asked for and what came of it is decided here; how they are asked, in ``asking``.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from pipeline.domain.canonical import Digest
from pipeline.domain.exchange import Wanted
from pipeline.domain.names import AiringStatus, Outcome, Platform
from pipeline.enrich.fetch.adapters import ids_to_ask
from pipeline.enrich.fetch.asking import Asking, Transport
from pipeline.enrich.fetch.batching import BatchSize
from pipeline.enrich.fetch.freshness import FOREVER, fresh_until, is_fresh, missing_of, outcome_of_kept, wanted_of
from pipeline.enrich.fetch.guarding import Guard
from pipeline.errors import EnrichError
from pipeline.ledger import Ledger
from pipeline.ledger.fetched import REUSE_S, Had, Kept, Settled, SettledOutcome
from pipeline.ledger.sights import Sight
from pipeline.ledger.titles import StoredTitle
from pipeline.platforms.port import PlatformAdapter
from pipeline.settings import FreshnessSettings

__all__ = ["Fetcher"]

_ASKED: Final = (Outcome.FOUND, Outcome.ABSENT, Outcome.FAILED)
_LOOKED_INTO: Final = (
    5  # of a batch of fifty, and every tenth of a larger one: what a platform lost is missing there too
)


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
    _asking: Asking = field(init=False)

    def __post_init__(self) -> None:
        """As many requests at once as titles' batches."""
        self._asking = Asking(
            self.adapter, self.ledger, self.transport, self.concurrency, self.on_step, self.sizes, self.guard
        )

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

    def _cut(self, errands: list[_Asked]) -> tuple[list[_Asked], list[_Asked]]:
        """Whole titles, as many as their ids fit into one round, and the rest."""
        room = self._asking.size.size
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
        problems = await self._asking.complete(wanted, since)
        for sight in await asyncio.to_thread(self._settle, batch, since, problems):
            if self.guard is not None:
                self.guard.note(sight)
        await on_settled(self.platform, [errand.title.title_id for errand in batch])

    def _settle(
        self, batch: Sequence[_Asked], since: Mapping[str, float], problems: Mapping[str, EnrichError]
    ) -> list[Sight]:
        """Write down what came of a batch; gives what the guard is to see of it."""
        had = self.ledger.fetched.standing(self.platform, since)
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
        whole = {
            id_: had[id_].parts for errand in batch for id_ in errand.ids if id_ not in problems and _is_found(had[id_])
        }
        outdated = {id_: tuple(parts) for id_, parts in whole.items() if had[id_].has_older}
        if outdated:
            self.ledger.fetched.forget_parts(self.platform, outdated)
        sights = self._sights(batch, outcomes, whole)
        if self.guard is None:
            self.ledger.fetched.settle(outcomes)
        else:
            with self.guard.exchanging(sights) as exchange:
                self.ledger.fetched.settle(outcomes, exchange)
        return sights

    def _sights(
        self, batch: Sequence[_Asked], outcomes: Sequence[SettledOutcome], whole: Mapping[str, Mapping[str, Digest]]
    ) -> list[Sight]:
        """Of every title whether it was there; into a few of them a look. ``whole``: parts of the ids that have all."""
        if self.guard is None:
            return []
        looked_into = {id_ for errand in _some(batch) for id_ in errand.ids}
        seen: list[Sight | None] = []
        for errand, settled in zip(batch, outcomes, strict=True):
            mine = {id_: whole[id_] for id_ in errand.ids if id_ in whole and id_ in looked_into}
            seen.append(self.guard.look_at(errand.title, settled.outcome, mine, is_known=errand.is_known))
        return [sight for sight in seen if sight is not None]


def _some(batch: Sequence[_Asked]) -> Sequence[_Asked]:
    return batch[:: max(1, min(len(batch) // _LOOKED_INTO, 2 * _LOOKED_INTO))]


def _is_found(had: Had[Digest]) -> bool:
    return bool(had.parts) and not had.is_absent


def _errand(
    title: StoredTitle, ids: tuple[str, ...], since: float, last: Settled | None, *, until: float | None = None
) -> _Asked:
    is_known = last is not None and last.heard_at is not None
    wanted = wanted_of(title, ids)
    return _Asked(title, ids, wanted[0].status, wanted, since, is_known, until)
