"""``anime-enrich run``: titles through every step, watched live, with a summary and the right exit code."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from pipeline.cli.console import console, print_json
from pipeline.cli.display import watching
from pipeline.cli.summary import print_summary
from pipeline.cli.workplace import find_titles, ledger_of, load_settings, sync_if_named
from pipeline.enrich.opening import opened
from pipeline.enrich.rehearsal import rehearse
from pipeline.enrich.report import RunReport
from pipeline.enrich.runner import Runner
from pipeline.errors import BadInput
from pipeline.ledger import Ledger
from pipeline.ledger.titles import SyncReport
from pipeline.settings import Settings

__all__ = ["RunOptions", "run_command", "select_titles"]


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What was asked on the command line. ``practice`` is ``(speed, recordings)`` or ``None`` for real platforms."""

    titles: tuple[str, ...]
    is_everything: bool
    limit: int | None
    is_json: bool
    practice: tuple[float, Path | None] | None
    catalogue: str | None
    checkpoints: Path | None


def run_command(options: RunOptions) -> int:
    """Run, show, and give the exit code."""
    settings = load_settings(
        checkpoints=options.checkpoints, catalogue=options.catalogue, is_practice=options.practice is not None
    )
    reach: Callable[[AsyncExitStack], Settings] | None = None
    if options.practice is not None:
        speed, recordings = options.practice
        settings, reach = rehearse(settings, speed=speed, recordings=recordings)
    with ledger_of(settings) as ledger:
        synced = sync_if_named(ledger, settings)
        title_ids = select_titles(ledger, options)
        if not options.is_json:
            _tell_catalogue(synced)
        report = asyncio.run(_run(settings, ledger, title_ids, reach, is_json=options.is_json))
        example = _example(ledger, title_ids)
    if options.is_json:
        print_json(report.as_json())
    else:
        print_summary(report, example=example, is_practice=options.practice is not None)
    return int(report.exit_code)


def select_titles(ledger: Ledger, options: RunOptions) -> list[str] | None:
    """The titles meant; ``None`` for the whole catalogue."""
    if options.titles and options.is_everything:
        raise BadInput("name titles or say --all, not both")
    if options.titles:
        found = find_titles(ledger, options.titles)
        return found if options.limit is None else found[: options.limit]
    if not options.is_everything and options.limit is None:
        raise BadInput("which titles? Name some (mal:1, a URL, a name), or --all, or --limit N")
    return None if options.limit is None else ledger.titles.active()[: options.limit]


async def _run(
    settings: Settings,
    ledger: Ledger,
    title_ids: Sequence[str] | None,
    reach: Callable[[AsyncExitStack], Settings] | None,
    *,
    is_json: bool,
) -> RunReport:
    async with opened(settings, ledger, now=time.time, reach=reach) as parts:
        runner = Runner(parts)
        async with watching(runner.report, parts.sent, is_shown=not is_json):
            return await runner.run(title_ids)


def _example(ledger: Ledger, title_ids: Sequence[str] | None) -> tuple[str, str]:
    """An id and a name for the commands to try next: of the first finished title, as a user would type them."""
    for title in ledger.titles.finished(only=title_ids if title_ids is None else title_ids[:20]):
        for site, ids in title.ids.items():
            return f"{site.value}:{ids[0]}", title.name
    return "TITLE", "TEXT"


def _tell_catalogue(synced: SyncReport | None) -> None:
    if synced is None or synced.is_known:
        return
    console.print(
        f"catalogue: {synced.rows} rows, {synced.created} new, {synced.updated} changed, {synced.merged} merged, "
        f"{synced.split} split, {synced.gone} gone, {len(synced.bad_rows)} bad"
    )
    for bad in synced.bad_rows[:10]:
        console.print(f"  skipped {bad}", style="yellow", markup=False)
    if len(synced.bad_rows) > 10:
        console.print(f"  … and {len(synced.bad_rows) - 10} more (`anime-enrich status --json` lists them)")
