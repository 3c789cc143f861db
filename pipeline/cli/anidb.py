"""``anime-enrich anidb import``: AniDB's answers from an archive."""

import time
from datetime import UTC, date, datetime
from pathlib import Path

from pipeline.cli.console import console, print_json
from pipeline.cli.workplace import ledger_of, load_settings
from pipeline.domain.names import Platform
from pipeline.enrich.fetch.adapters import make_adapters
from pipeline.enrich.fetch.archive import read_archive
from pipeline.enrich.fetch.importing import ImportReport, import_anidb
from pipeline.errors import BadInput, Misconfigured
from pipeline.settings import Settings

__all__ = ["anidb_import_command"]

_SHOWN_BAD = 20


def anidb_import_command(
    archive: Path, as_of: str | None, checkpoints: Path | None, *, is_practice: bool, is_json: bool
) -> int:
    """Import and print; exit code 3 when members are bad."""
    settings = load_settings(checkpoints=checkpoints, is_practice=is_practice)
    given_at = None if as_of is None else _unix_time(as_of, now=time.time())
    if not settings.platforms.anidb.enabled:
        raise Misconfigured(
            "platforms.anidb.enabled is false, so imported answers would not be used: set it to true "
            "(without platforms.anidb.client AniDB is not asked all the same)"
        )
    report = _import(settings, archive, given_at)
    if is_json:
        print_json(report.as_json())
    else:
        _print(report)
    return 3 if report.bad else 0


def _import(settings: Settings, archive: Path, as_of: float | None) -> ImportReport:
    members = read_archive(archive, suffix=".xml", max_bytes=settings.platforms.anidb.max_body_bytes)
    adapter = make_adapters(settings)[Platform.ANIDB]
    with ledger_of(settings) as ledger:
        return import_anidb(ledger, adapter, members, as_of=as_of, policy=settings.freshness, now=time.time)


def _unix_time(day: str, *, now: float) -> float:
    try:
        at = datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC).timestamp()
    except ValueError as error:
        raise BadInput(f"--as-of is {day!r}; give a day like 2026-03-26") from error
    if at > now:
        raise BadInput(f"--as-of is {day!r}, which is yet to come; give the day the archive was made")
    return at


def _print(report: ImportReport) -> None:
    console.print(
        f"answers   {report.answers} usable ({report.absent} of them absences), {report.kept} newer than what was "
        f"kept, {len(report.bad)} bad"
    )
    console.print(
        f"titles    {report.titles} list one of the aids, {report.titles_changed} of them changed; "
        f"{report.unlisted} aids are listed by none"
    )
    for bad in report.bad[:_SHOWN_BAD]:
        console.print(f"skipped   {bad}", style="yellow", markup=False)
    if len(report.bad) > _SHOWN_BAD:
        console.print(f"          … and {len(report.bad) - _SHOWN_BAD} more (--json lists them)")
    if report.unlisted and not report.titles:
        console.print("no title lists any of them: read a catalogue (`anime-enrich catalogue sync`), then import again")
