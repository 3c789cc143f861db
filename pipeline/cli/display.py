"""The live view of a run: one line a platform, one for finished titles."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from pipeline.cli.console import console
from pipeline.domain.names import Platform
from pipeline.enrich.report import RunReport

__all__ = ["watching"]

_EVERY_S = 0.25


@asynccontextmanager
async def watching(report: RunReport, sent: Callable[[], Mapping[str, int]], *, is_shown: bool) -> AsyncIterator[None]:
    """Show how a run goes on while the block runs."""
    if not is_shown or not console.is_terminal:
        yield
        return
    progress = Progress(
        TextColumn("{task.description:<14}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        speed_estimate_period=300,
        console=console,
        transient=True,
    )
    with progress:
        watcher = asyncio.create_task(_watch(progress, report, sent))
        try:
            yield
        finally:
            watcher.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watcher


async def _watch(progress: Progress, report: RunReport, sent: Callable[[], Mapping[str, int]]) -> None:
    tasks = {p.value: progress.add_task(p.value, total=None, note="") for p in Platform}
    finished = progress.add_task("finished", total=None, note="")
    started = time.monotonic()
    while True:
        counts = sent()
        total = report.due or None
        for name, task in tasks.items():
            sent_now = counts.get(name, 0)
            note = f"{sent_now} requests, {60 * sent_now / max(time.monotonic() - started, 1):.0f}/min"
            progress.update(task, total=total, completed=report.settled[name], note=note)
        note = f"{report.degraded} degraded, {report.failed} failed" if report.degraded or report.failed else ""
        progress.update(finished, total=total, completed=report.finished, note=note)
        await asyncio.sleep(_EVERY_S)
