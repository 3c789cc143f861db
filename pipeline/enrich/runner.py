"""A run: the six platforms side by side over the selection, and every title finished as soon as all have spoken.

Two halves meet at a queue of title ids: walkers settle outcomes (waiting for platforms), the finisher takes settled
titles through convert … load (using the CPU, in a thread beside the walkers). Neither holds more than a few windows.
"""

import asyncio
import contextlib
import math
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from pipeline.domain.canonical import Digest
from pipeline.domain.names import Outcome, Platform, Tier
from pipeline.enrich.chain import Chain, Ended, Parts, config_of, why_left_out
from pipeline.enrich.report import Problem, RunReport
from pipeline.enrich.selection import Selection
from pipeline.enrich.steps import Made
from pipeline.errors import EnrichError

__all__ = ["Runner"]

_BEAT_S: Final = 20.0
_FIGURES_S: Final = 60.0
"""Between two notes of the whole's figures; of 36,000 titles one takes a tenth of a second."""
_LOOK_AGAIN_S: Final = 1.0
_DECIDED_AT_ONCE: Final = 50
"""All that six platforms said of these titles is in memory at once, a megabyte each."""
_LOOKAHEAD_WINDOWS: Final = 25


def _no_step(_name: str) -> None:
    return None


@dataclass(slots=True)
class Runner:
    """One run over some titles. ``on_step`` is told before every act, by name (for displays and kill tests).

    It goes no farther than ``tier``, and leaves alone what an earlier run made that went farther and is still good.
    """

    parts: Parts
    on_step: Callable[[str], None] = _no_step
    tier: Tier = Tier.PAGES
    report: RunReport = field(default_factory=RunReport)
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    _noted_at: float = field(default=-math.inf, init=False)

    async def run(self, title_ids: Sequence[str] | None = None, *, command: str = "run") -> RunReport:
        """Bring the titles (all, if none are named) up to date. Gives the report; raises only when nothing can go on.

        Titles that another process works on are waited for and looked at again.
        """
        ledger, report = self.parts.ledger, self.report
        config = config_of(self.parts)
        report.points_deleted = self._chain.delete_retired()
        selected = ledger.titles.active() if title_ids is None else list(title_ids)
        due = ledger.titles.due(config=config, only=None if title_ids is None else selected, tier=self.tier)
        report.selected, report.due = len(selected), len(due)
        report.tier = self.tier
        report.switched_off = {p: why for p in Platform if (why := self.parts.settings.why_off(p)) is not None}
        if not due:
            self._note_quarantines()
            return report
        ledger.quality.make_good()
        ledger.runs.start(self.run_id, command)
        try:
            with self._timed("all"):
                async with self._beating():
                    await self._until_none_left(due, config)
        except BaseException:
            with contextlib.suppress(EnrichError):  # what cut the run off is told, not that this failed too
                self._note_figures(is_due=True)
            raise
        self._count_outcomes(selected)
        self._note_quarantines()
        self._note_figures(is_due=True)
        ledger.runs.finish(self.run_id, report.as_json())
        return report

    def _note_figures(self, *, is_due: bool = False) -> None:
        """How good the whole is now, from the first finished title on: a run that is killed has its figures too."""
        if is_due or time.perf_counter() - self._noted_at >= _FIGURES_S:
            self.parts.ledger.quality.note_run(self.run_id, finished=self.report.finished)
            self._noted_at = time.perf_counter()

    def _note_quarantines(self) -> None:
        asked = [p for p in Platform if p not in self.report.switched_off and why_left_out(p, self.tier) is None]
        standing = self.parts.ledger.quarantines.standing()
        self.report.quarantined = {p: standing[p].reason for p in asked if p in standing}

    @property
    def _chain(self) -> Chain:
        return Chain(self.parts, self.on_step, self.tier)

    async def _until_none_left(self, due: Sequence[str], config: Digest) -> None:
        left = list(due)
        while left:
            held = await self._pass(left, config)
            self.report.held_elsewhere = len(held)
            left = []
            if held:
                await asyncio.sleep(_LOOK_AGAIN_S)
                left = self.parts.ledger.titles.due(config=config, only=held, tier=self.tier)
                self.report.due -= len(held) - len(left)

    async def _pass(self, due: Sequence[str], config: Digest) -> list[str]:
        """One walk over the titles; gives those another process holds."""
        settings = self.parts.settings
        # nobody waits for room before more are open than all may hold back for a fuller batch: it always comes
        held_back = sum(adapter.batch_bounds[1] for adapter in self.parts.adapters.values())
        lookahead = settings.window + max(settings.window * _LOOKAHEAD_WINDOWS, held_back)
        selection = Selection(self.parts.ledger.claims, due, window=settings.window, lookahead=lookahead)
        ready: asyncio.Queue[str | None] = asyncio.Queue()
        spoken: Counter[str] = Counter()

        async def on_settled(platform: Platform, title_ids: Sequence[str]) -> None:
            self.report.settled[platform.value] += len(title_ids)
            for title_id in title_ids:
                spoken[title_id] += 1
                if spoken[title_id] == len(self.parts.adapters):
                    del spoken[title_id]
                    ready.put_nowait(title_id)

        async def walk_all() -> None:
            with self._timed("fetch"):
                async with asyncio.TaskGroup() as walkers:
                    for platform in self.parts.adapters:
                        walkers.create_task(self._chain.fetcher(platform).run(selection.windows(), on_settled))
            ready.put_nowait(None)

        async with asyncio.TaskGroup() as group:
            group.create_task(walk_all())
            group.create_task(self._finish_ready(ready, selection, config))
        return selection.held_elsewhere

    async def _finish_ready(self, ready: asyncio.Queue[str | None], selection: Selection, config: Digest) -> None:
        async for batch in _batches(ready, min(self.parts.settings.window, _DECIDED_AT_ONCE)):
            with self._timed("decide"):
                made = await self._chain.make(batch)
            with self._timed("embed and load"):
                loaded = await self._chain.load(made)
            self.report.vectors_made += loaded.vectors_made
            self.report.vectors_written += loaded.vectors_written
            self.report.points_written += loaded.points_written
            for ended in self._chain.conclude(made, loaded, config=config, run_id=self.run_id):
                self._note(ended)
            self._note_figures()
            await selection.close(batch)

    def _note(self, ended: Ended) -> None:
        report, title = self.report, ended.made.title
        match ended.result:
            case "done":
                report.done += 1
            case "degraded":
                report.degraded += 1
            case _:
                report.failed += 1
        if ended.result != "done":
            report.problems.append(Problem(title.title_id, title.name, ended.result, ended.why))
        if ended.made.quality is not None:
            report.quality.add(title.title_id, ended.made.quality)
        filled, fields = _filled(ended.made)
        report.fields_filled += filled
        report.fields_possible += fields

    def _count_outcomes(self, selected: Sequence[str]) -> None:
        self.report.requests = Counter(self.parts.sent())
        counts: dict[Platform, Counter[Outcome]] = {platform: Counter() for platform in Platform}
        for start in range(0, len(selected), 1000):
            for by_platform in self.parts.ledger.fetched.outcomes(selected[start : start + 1000]).values():
                for platform, settled in by_platform.items():
                    counts[platform][settled.outcome.outcome] += 1
                    if settled.is_stale and settled.heard_at is not None:
                        self.report.note_stale(platform, settled.heard_at)
        self.report.outcomes = counts
        self.report.cpu_s = {step: cpu for step, (_, cpu) in self.parts.ledger.steps.cpu_by_step().items()}

    @contextlib.contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self.report.wall_s[name] = self.report.wall_s.get(name, 0.0) + time.perf_counter() - started

    @contextlib.asynccontextmanager
    async def _beating(self) -> AsyncIterator[None]:
        async def beat() -> None:
            while True:
                self.parts.ledger.claims.beat()
                await asyncio.sleep(_BEAT_S)

        task = asyncio.create_task(beat())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def _batches(ready: asyncio.Queue[str | None], size: int) -> AsyncIterator[list[str]]:
    """Whatever is ready, up to ``size`` at once, until ``None`` comes."""
    is_open = True
    while is_open:
        batch: list[str] = []
        item = await ready.get()
        while item is not None:
            batch.append(item)
            if len(batch) == size or ready.empty():
                break
            item = ready.get_nowait()
        is_open = item is not None
        if batch:
            yield batch


def _filled(made: Made) -> tuple[int, int]:
    """How many of a record's fields are filled, and how many there are."""
    if made.record is None:
        return 0, 0
    values = [getattr(made.record, name) for name in type(made.record).model_fields]
    return sum(value not in (None, [], {}) for value in values), len(values)
