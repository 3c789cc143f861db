"""``anime-enrich animeschedule sweep`` and ``jikan sweep``: a platform's whole list, joined to the catalogue."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, TypeAlias

from pipeline.cli.console import console, print_json
from pipeline.cli.workplace import ledger_of, load_settings, sync_if_named
from pipeline.domain.names import Platform
from pipeline.enrich.fetch.adapters import make_adapters
from pipeline.enrich.fetch.listing import Lister
from pipeline.enrich.fetch.paging import SweepReport
from pipeline.enrich.fetch.sweeping import Sweeper
from pipeline.enrich.opening import Network
from pipeline.enrich.rehearsal import rehearse
from pipeline.errors import Blocked, Misconfigured
from pipeline.ledger import Ledger
from pipeline.platforms.jikan.listing import listing_of
from pipeline.settings import Settings

__all__ = ["Swept", "sweep_command"]

Swept: TypeAlias = Literal[Platform.ANIMESCHEDULE, Platform.JIKAN]
_NAMES: Final = {Platform.ANIMESCHEDULE: "AnimeSchedule", Platform.JIKAN: "MyAnimeList"}
_DAY_S: Final = 86_400.0


def sweep_command(
    platform: Swept, checkpoints: Path | None, *, practice: tuple[float, Path | None] | None, is_json: bool
) -> int:
    """Sweep and print; exit code 3 when the list changed meanwhile, so that something of it may not have been seen."""
    settings = load_settings(checkpoints=checkpoints, is_practice=practice is not None)
    reach: Callable[[AsyncExitStack], Settings] | None = None
    if practice is not None:
        settings, reach = rehearse(settings, speed=practice[0], recordings=None)
    why_off = settings.why_off(platform)
    if why_off is not None:
        raise Misconfigured(f"{why_off}, so {_NAMES[platform]} is not asked: switch it on to sweep it")
    with ledger_of(settings) as ledger:
        _refuse_quarantined(ledger, platform)
        sync_if_named(ledger, settings)
        report = asyncio.run(_sweep(platform, settings, ledger, reach or (lambda _: settings)))
    if is_json:
        print_json(report.as_json())
    else:
        _print(platform, report)
    return 0 if report.is_whole else 3


def _refuse_quarantined(ledger: Ledger, platform: Platform) -> None:
    """Whom runs leave alone a sweep does too. Raises ``Blocked``."""
    quarantine = ledger.quarantines.standing().get(platform)
    if quarantine is not None:
        until = f"{datetime.fromtimestamp(quarantine.until, tz=UTC):%Y-%m-%d %H:%MZ}"
        raise Blocked(
            f"{platform.value} is left alone until {until} ({quarantine.reason}): "
            f"`anime-enrich release {platform.value}` ends that",
            platform=platform.value,
        )


async def _sweep(
    platform: Swept, settings: Settings, ledger: Ledger, reach: Callable[[AsyncExitStack], Settings]
) -> SweepReport:
    network = Network(reach, now=time.time)
    try:
        adapter = make_adapters(settings)[platform]
        freshness = settings.freshness_of(platform)
        if platform is Platform.ANIMESCHEDULE:
            return await Sweeper(adapter, ledger, network, freshness, time.time, _tell_nobody).run()
        jikan = settings.platforms.jikan
        listing = listing_of(is_official=jikan.is_official)
        rest_s = jikan.rest_days * _DAY_S
        return await Lister(
            adapter, ledger, network, freshness, listing, jikan.base == listing, time.time, _tell_nobody, rest_s
        ).run()
    finally:
        await network.close()


def _tell_nobody(_: str) -> None:
    return None


def _print(platform: Swept, report: SweepReport) -> None:
    console.print(f"pages     {report.pages}, {report.asked} of them asked for now; {report.records} records")
    absent = f", {report.absent} absent" if platform is Platform.ANIMESCHEDULE else ""
    console.print(f"ids       {report.found} found{absent}; {report.titles_changed} titles changed")
    console.print(f"left      {report.unlisted} records of nothing the catalogue lists")
    if report.is_whole:
        return
    repeated = f" ({report.repeated} records came twice)" if report.repeated else ""
    nothing = "nothing counts as absent, and " if platform is Platform.ANIMESCHEDULE else ""
    console.print(f"the list changed while it was read{repeated}: {nothing}runs ask for the rest by id", style="yellow")
