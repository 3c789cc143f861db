"""``anime-enrich animeschedule sweep``: all AnimeSchedule has, joined to the catalogue."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

from pipeline.cli.console import console, print_json
from pipeline.cli.workplace import ledger_of, load_settings, sync_if_named
from pipeline.domain.names import Platform
from pipeline.enrich.adapters import make_adapters
from pipeline.enrich.opening import Network
from pipeline.enrich.rehearsal import rehearse
from pipeline.enrich.sweeping import Sweeper, SweepReport
from pipeline.errors import Misconfigured
from pipeline.ledger import Ledger
from pipeline.settings import Settings

__all__ = ["animeschedule_sweep_command"]


def animeschedule_sweep_command(
    checkpoints: Path | None, *, practice: tuple[float, Path | None] | None, is_json: bool
) -> int:
    """Sweep and print; exit code 3 when the list changed meanwhile, so that absences are not known."""
    settings = load_settings(checkpoints=checkpoints, is_practice=practice is not None)
    reach: Callable[[AsyncExitStack], Settings] | None = None
    if practice is not None:
        settings, reach = rehearse(settings, speed=practice[0], recordings=None)
    why_off = settings.why_off(Platform.ANIMESCHEDULE)
    if why_off is not None:
        raise Misconfigured(f"{why_off}, so AnimeSchedule is not asked: switch it on to sweep it")
    with ledger_of(settings) as ledger:
        sync_if_named(ledger, settings)
        report = asyncio.run(_sweep(settings, ledger, reach or (lambda _: settings)))
    if is_json:
        print_json(report.as_json())
    else:
        _print(report)
    return 0 if report.is_whole else 3


async def _sweep(settings: Settings, ledger: Ledger, reach: Callable[[AsyncExitStack], Settings]) -> SweepReport:
    network = Network(reach, now=time.time)
    try:
        adapter = make_adapters(settings)[Platform.ANIMESCHEDULE]
        return await Sweeper(adapter, ledger, network, settings.freshness, time.time, lambda _: None).run()
    finally:
        await network.close()


def _print(report: SweepReport) -> None:
    console.print(f"pages     {report.pages}, {report.asked} of them asked for now; {report.records} records")
    console.print(f"ids       {report.found} found, {report.absent} absent; {report.titles_changed} titles changed")
    if not report.is_whole:
        console.print(
            "the list changed while it was read: nothing counts as absent, and runs ask for the rest by id",
            style="yellow",
        )
