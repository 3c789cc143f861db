"""A run: the six platforms side by side over the selection, and every title finished as soon as all have spoken.

Two halves meet at a queue of title ids: walkers settle outcomes (waiting for platforms), the finisher takes settled
titles through convert … load (using the CPU, in a thread beside the walkers). Neither holds more than a few windows.
"""

import asyncio
import contextlib
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from pipeline.domain.canonical import Digest, digest_of
from pipeline.domain.names import Outcome, Platform
from pipeline.embedding import identity
from pipeline.embedding.inputs import INPUT_VERSION
from pipeline.embedding.port import ImageEmbedder, TextEmbedder
from pipeline.enrich.fetching import Fetcher, Transport
from pipeline.enrich.loading import ImageSource, Loader
from pipeline.enrich.report import Problem, RunReport
from pipeline.enrich.selection import Selection
from pipeline.enrich.steps import Made, Steps, code_versions
from pipeline.ledger import Ledger
from pipeline.ledger.titles import Finished
from pipeline.platforms.port import PlatformAdapter
from pipeline.settings import Settings
from pipeline.store.port import VectorStore

__all__ = ["Parts", "Runner", "config_of"]

_log = structlog.get_logger(__name__)
_BEAT_S = 20.0
_LOOK_AGAIN_S = 1.0
_LOOKAHEAD_WINDOWS = 25


def _no_step(_name: str) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Parts:
    """What a run works with. ``images`` is ``None`` when pictures are switched off."""

    settings: Settings
    ledger: Ledger
    store: VectorStore
    adapters: Mapping[Platform, PlatformAdapter]
    texts: TextEmbedder
    pictures: ImageEmbedder
    transport: Transport
    images: ImageSource | None
    sent: Callable[[], Mapping[str, int]]
    """Requests sent so far, by platform or image host."""
    now: Callable[[], float]


def config_of(parts: Parts) -> Digest:
    """Everything beside the row and the answers that shapes what a finished title is."""
    texts, pictures, images = parts.texts, parts.pictures, parts.settings.images
    return digest_of(
        code_versions(parts.adapters),
        {platform.value: parts.settings.why_off(platform) for platform in Platform},
        [identity(texts), texts.dimensions, texts.max_tokens, texts.dtype, INPUT_VERSION],
        [identity(pictures), pictures.dimensions, images.enabled, images.characters],
        parts.store.collection_id,
    )


@dataclass(slots=True)
class Runner:
    """One run over some titles. ``on_step`` is told before every act, by name (for displays and kill tests)."""

    parts: Parts
    on_step: Callable[[str], None] = _no_step
    report: RunReport = field(default_factory=RunReport)

    async def run(self, title_ids: Sequence[str] | None = None, *, command: str = "run") -> RunReport:
        """Bring the titles (all, if none are named) up to date. Gives the report; raises only when nothing can go on.

        Titles that another process works on are waited for and looked at again.
        """
        ledger = self.parts.ledger
        config = config_of(self.parts)
        self._delete_retired()
        selected = ledger.titles.active() if title_ids is None else list(title_ids)
        self.report.selected = len(selected)
        only = None if title_ids is None else selected
        due = ledger.titles.due(config=config, only=only)
        self.report.due = len(due)
        self.report.switched_off = {p: why for p in Platform if (why := self.parts.settings.why_off(p)) is not None}
        if not due:
            return self.report
        run_id = uuid.uuid4().hex
        ledger.runs.start(run_id, command)
        with self._timed("all"):
            async with self._beating():
                await self._until_none_left(due, config)
        self._count_outcomes(selected)
        ledger.runs.finish(run_id, self.report.as_json())
        return self.report

    async def _until_none_left(self, due: Sequence[str], config: Digest) -> None:
        left = list(due)
        while left:
            held = await self._pass(left, config)
            self.report.held_elsewhere = len(held)
            if held:
                await asyncio.sleep(_LOOK_AGAIN_S)
                still_due = self.parts.ledger.titles.due(config=config, only=held)
                self.report.due -= len(held) - len(still_due)
                held = still_due
            left = held

    async def _pass(self, due: Sequence[str], config: Digest) -> list[str]:
        settings = self.parts.settings
        selection = Selection(
            self.parts.ledger.claims, due, window=settings.window, lookahead=settings.window * _LOOKAHEAD_WINDOWS
        )
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
                    for adapter in self.parts.adapters.values():
                        walkers.create_task(self._fetcher(adapter).run(selection.windows(), on_settled))
            ready.put_nowait(None)

        async with asyncio.TaskGroup() as group:
            group.create_task(walk_all())
            group.create_task(self._finish_ready(ready, selection, config))
        return selection.held_elsewhere

    def _fetcher(self, adapter: PlatformAdapter) -> Fetcher:
        p = self.parts
        return Fetcher(
            adapter=adapter,
            ledger=p.ledger,
            transport=p.transport,
            freshness=p.settings.freshness,
            now=p.now,
            why_off=p.settings.why_off(adapter.name),
            concurrency=p.settings.platforms.of(adapter.name).concurrency,
            on_step=self.on_step,
        )

    async def _finish_ready(self, ready: asyncio.Queue[str | None], selection: Selection, config: Digest) -> None:
        async for batch in _batches(ready, self.parts.settings.window):
            await self._finish(batch, config)
            await selection.close(batch)

    async def _finish(self, title_ids: Sequence[str], config: Digest) -> None:
        ledger = self.parts.ledger
        titles = ledger.titles.load(title_ids)
        steps = Steps(ledger, self.parts.adapters, self.on_step)
        with self._timed("decide"):
            made = await asyncio.to_thread(steps.make_records, titles)
        p = self.parts
        loader = Loader(
            ledger=ledger,
            store=p.store,
            texts=p.texts,
            pictures=p.pictures,
            images=p.images,
            characters=p.settings.images.characters,
            batch=p.settings.store.batch,
            on_step=self.on_step,
        )
        with self._timed("embed and load"):
            loaded = await loader.load(made)
        self.report.vectors_made += loaded.vectors_made
        self.report.vectors_written += loaded.vectors_written
        self.report.points_written += loaded.points_written
        self.on_step("finish")
        ledger.titles.finish(self._conclude(made, set(loaded.images_failed), config))
        self._refresh_counts()

    def _conclude(self, made: Sequence[Made], images_failed: set[str], config: Digest) -> list[Finished]:
        """The end of each title: its result, and until when it is good."""
        stored = self.parts.ledger.fetched.outcomes([m.title.title_id for m in made])
        ended: list[Finished] = []
        for m in made:
            title_id = m.title.title_id
            outcomes = stored[title_id]
            due_at = min((s.outcome.fresh_until for s in outcomes.values()), default=0.0)
            failures = [
                f"{p.value}: {s.outcome.reason}" for p, s in outcomes.items() if s.outcome.outcome is Outcome.FAILED
            ]
            if len(outcomes) < len(self.parts.adapters):  # a torn answer was set aside: ask again in the next run
                due_at = 0.0
            if title_id in images_failed:
                due_at = 0.0
                failures.append("a picture could not be fetched")
            result, why = _result(m, failures)
            self._note(m, result, why)
            ended.append(
                Finished(
                    title_id=title_id,
                    row_digest=m.title.row_digest,
                    config=config,
                    due_at=0.0 if m.record is None else due_at,
                    result=result,
                    note=why,
                    record=m.record_digest or m.title.record,
                    provenance=m.provenance_digest or m.title.provenance,
                )
            )
        return ended

    def _note(self, made: Made, result: str, why: str) -> None:
        report = self.report
        setattr(report, result, getattr(report, result) + 1)
        if result != "done":
            report.problems.append(Problem(made.title.title_id, made.title.name, result, why))
        if made.record is not None:
            filled, applicable = _filled(made)
            report.fields_filled += filled
            report.fields_applicable += applicable

    def _refresh_counts(self) -> None:
        self.report.requests = Counter(self.parts.sent())

    def _count_outcomes(self, selected: Sequence[str]) -> None:
        self._refresh_counts()
        counts: dict[Platform, Counter[Outcome]] = {platform: Counter() for platform in Platform}
        for start in range(0, len(selected), 1000):
            for by_platform in self.parts.ledger.fetched.outcomes(selected[start : start + 1000]).values():
                for platform, settled in by_platform.items():
                    counts[platform][settled.outcome.outcome] += 1
        self.report.outcomes = counts
        self.report.cpu_s = {step: cpu for step, (_, cpu) in self.parts.ledger.steps.cpu_by_step().items()}

    def _delete_retired(self) -> None:
        """Take points of merged and vanished titles out of the store."""
        retired = self.parts.ledger.titles.retired(self.parts.store.collection_id)
        if retired:
            self.on_step("retire")
            self.parts.store.delete_points(retired)
            self.parts.ledger.vectors.forget(retired)
            self.report.points_deleted = len(retired)

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
                self._refresh_counts()
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


def _result(made: Made, failures: Sequence[str]) -> tuple[str, str]:
    if made.record is None:
        return "failed", made.problem or "no record was made"
    if failures:
        return "degraded", "; ".join(failures)
    if made.record.enrichment_metadata.is_degraded:
        return "degraded", "; ".join(made.record.enrichment_metadata.findings) or "a stage fell back"
    return "done", ""


def _filled(made: Made) -> tuple[int, int]:
    """How many of a record's fields are filled, and how many could be."""
    if made.record is None:
        return 0, 0
    values = [getattr(made.record, name) for name in type(made.record).model_fields]
    return sum(value not in (None, [], {}) for value in values), len(values)
