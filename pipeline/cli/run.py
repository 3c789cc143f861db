"""``anime-enrich run``: titles through every step, watched live, with a summary and the right exit code."""

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from pipeline.cli.console import console, print_json
from pipeline.cli.display import watching
from pipeline.cli.summary import print_summary
from pipeline.cli.workplace import find_titles, ledger_of, load_settings, place_flags, sync_if_named
from pipeline.domain.names import Site, Tier
from pipeline.enrich.opening import opened
from pipeline.enrich.rehearsal import rehearse
from pipeline.enrich.replay.replaying import Replay
from pipeline.enrich.replay.setup import open_replay, replay_place
from pipeline.enrich.report import ExitCode, RunReport
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
    ids_file: Path | None
    is_json: bool
    practice: tuple[float, Path | None] | None
    catalogue: str | None
    checkpoints: Path | None
    record: Path | None = None
    replay: Path | None = None
    tier: Tier = Tier.PAGES


def run_command(options: RunOptions) -> int:
    """Run, show, and give the exit code."""
    settings = load_settings(
        checkpoints=options.checkpoints, catalogue=options.catalogue, is_practice=options.practice is not None
    )
    reach: Callable[[AsyncExitStack], Settings] | None = None
    if options.practice is not None:
        speed, recordings = options.practice
        settings, reach = rehearse(settings, speed=speed, recordings=recordings)
    replay: Replay | None = None
    if options.replay is not None:
        if options.checkpoints is None:
            settings = settings.model_copy(update={"checkpoints": replay_place(settings, options.replay)})
        settings, replay = open_replay(settings, options.replay, catalogue=options.catalogue)
    with ledger_of(settings) as ledger:
        synced = sync_if_named(ledger, settings)
        title_ids = select_titles(ledger, options)
        if not options.is_json:
            _tell_catalogue(synced)
        report = asyncio.run(_run(settings, ledger, title_ids, reach, replay, options=options))
        example = _example(ledger, title_ids)
    bad_rows = () if synced is None or _is_named(options) else synced.bad_rows
    code = ExitCode.DEGRADED if bad_rows and report.exit_code is ExitCode.DONE else report.exit_code
    if options.is_json:
        print_json({**report.as_json(), "bad_rows": list(bad_rows), "exit_code": int(code)})
    else:
        print_summary(report, example=example, flags=_flags(options, settings))
        if options.record is not None:
            _tell_recording(report, options.record)
    return int(code)


def _is_named(options: RunOptions) -> bool:
    """Whether the titles were named one by one; bad rows of the catalogue then take nothing away."""
    return bool(options.titles) or options.ids_file is not None


def select_titles(ledger: Ledger, options: RunOptions) -> list[str] | None:
    """The titles meant; ``None`` for the whole catalogue."""
    named = (*options.titles, *_listed(options.ids_file))
    if _is_named(options) and options.is_everything:
        raise BadInput("name titles or say --all, not both")
    if _is_named(options):
        found = find_titles(ledger, named)
        return found if options.limit is None else found[: options.limit]
    if not options.is_everything and options.limit is None:
        raise BadInput("which titles? Name some (mal:1, a URL, a name), or --all, or --limit N")
    return None if options.limit is None else ledger.titles.active()[: options.limit]


def _listed(ids_file: Path | None) -> list[str]:
    """The titles of a file (``-``: standard input), one a line; empty lines and what follows ``#`` are left out."""
    if ids_file is None:
        return []
    try:
        text = sys.stdin.read() if str(ids_file) == "-" else ids_file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"the list of titles {str(ids_file)!r} cannot be read: {error}") from error
    titles = [line for whole in text.splitlines() if (line := whole.partition(" #")[0].strip()) and line[0] != "#"]
    if not titles:
        raise BadInput(f"the list of titles {str(ids_file)!r} is empty; write one a line (mal:1, a URL or a name)")
    return titles


async def _run(
    settings: Settings,
    ledger: Ledger,
    title_ids: Sequence[str] | None,
    reach: Callable[[AsyncExitStack], Settings] | None,
    replay: Replay | None,
    *,
    options: RunOptions,
) -> RunReport:
    async with opened(settings, ledger, now=time.time, reach=reach, record=options.record, replay=replay) as parts:
        runner = Runner(parts, tier=options.tier)
        if replay is not None:
            runner.report.replayed, runner.report.not_recorded = replay.given, replay.missing
        async with watching(runner.report, parts.sent, is_shown=not options.is_json):
            return await runner.run(title_ids)


def _example(ledger: Ledger, title_ids: Sequence[str] | None) -> tuple[str, str]:
    """An id and a name for the commands to try next: of the first finished title, as a user would type them."""
    for title in ledger.titles.finished(only=title_ids if title_ids is None else title_ids[:20]):
        sites = sorted(title.ids, key=lambda site: site is not Site.MAL)
        return (f"{sites[0].value}:{title.ids[sites[0]][0]}" if sites else title.title_id), title.name
    return "TITLE", "TEXT"


def _flags(options: RunOptions, settings: Settings) -> str:
    """What the commands to try next need; a replay has a place of its own."""
    place = settings.checkpoints if options.replay is not None else options.checkpoints
    return place_flags(place, is_practice=options.practice is not None)


def _tell_recording(report: RunReport, folder: Path) -> None:
    console.print(f"recorded  {report.requests.total()} answers in {str(folder)!r}", markup=False)
    unchanged = report.selected - report.due
    if unchanged:
        console.print(
            f"{unchanged} titles were up to date: nothing of them was asked, so nothing was recorded; "
            "an empty --checkpoints folder records all",
            style="yellow",
            markup=False,
        )


def _tell_catalogue(synced: SyncReport | None) -> None:
    if synced is None or (synced.is_known and not synced.bad_rows):
        return
    told = f"catalogue {synced.rows} rows"
    if not synced.is_known:
        told += (
            f", {synced.created} new, {synced.updated} changed, {synced.merged} merged, {synced.split} split, "
            f"{synced.gone} gone"
        )
    console.print(f"{told}, {len(synced.bad_rows)} bad")
    for bad in synced.bad_rows[:10]:
        console.print(f"  skipped {bad}", style="yellow", markup=False)
    if len(synced.bad_rows) > 10:
        console.print(f"  … and {len(synced.bad_rows) - 10} more (`anime-enrich status --json` lists them)")
