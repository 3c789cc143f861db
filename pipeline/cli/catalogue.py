"""``anime-enrich catalogue``: what a catalogue file holds, and the registry brought in step with it."""

import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from rich.markup import escape

from pipeline.catalogue import BadRow, Catalogue, ids_of, open_catalogue
from pipeline.cli.console import console, print_json
from pipeline.cli.workplace import ledger_of, load_settings
from pipeline.domain.canonical import JsonValue
from pipeline.enrich.syncing import sync_catalogue
from pipeline.errors import BadInput

__all__ = ["catalogue_info_command", "catalogue_sync_command"]


def catalogue_info_command(location: str | None, *, is_json: bool) -> int:
    """Read and print; exit code 3 when rows are bad."""
    with open_catalogue(_named(location)) as catalogue:
        info = _info(catalogue)
    if is_json:
        print_json(info)
    else:
        _print(info)
    return 3 if info["bad_rows"] else 0


def catalogue_sync_command(location: str | None, checkpoints: Path | None, *, is_json: bool) -> int:
    """Sync and print; exit code 3 when rows are bad."""
    settings = load_settings(checkpoints=checkpoints)
    started = time.perf_counter()
    with ledger_of(settings) as ledger:
        report = sync_catalogue(ledger, _named(location))
    told: dict[str, JsonValue] = {
        "rows": report.rows, "created": report.created, "updated": report.updated, "merged": report.merged,
        "split": report.split, "gone": report.gone, "bad_rows": list(report.bad_rows),
        "was_known": report.is_known, "seconds": round(time.perf_counter() - started, 2),
    }  # fmt: skip
    if is_json:
        print_json(told)
    else:
        console.print(", ".join(f"{k} {v}" for k, v in told.items() if k != "bad_rows"))
        for bad in report.bad_rows:
            console.print(f"skipped {escape(bad)}", style="yellow")
    return 3 if report.bad_rows else 0


def _named(location: str | None) -> str:
    named = location or load_settings().catalogue
    if named is None:
        raise BadInput("name a catalogue file (or set ANIME_ENRICH_CATALOGUE)")
    return named


def _info(catalogue: Catalogue) -> dict[str, JsonValue]:
    sites: Counter[str] = Counter()
    unknown: Counter[str] = Counter()
    bad: list[str] = []
    rows = 0
    for item in catalogue.rows():
        if isinstance(item, BadRow):
            bad.append(item.reason if item.reason.startswith("row ") else f"row {item.number}: {item.reason}")
            continue
        rows += 1
        identified = ids_of(item.row)
        sites.update({site.value: len(ids) for site, ids in identified.ids.items()})
        unknown.update(url.split("/")[2] if url.count("/") > 2 else url for url in identified.unknown)
    meta = catalogue.meta
    age = meta.age(datetime.now(UTC))
    return {
        "last_update": None if meta.last_update is None else str(meta.last_update),
        "age_days": None if age is None else age.days,
        "licence": meta.licence,
        "rows": rows,
        "ids": dict(sites.most_common()),
        "unknown_hosts": dict(unknown.most_common()),
        "bad_rows": list(bad),
    }


def _print(info: dict[str, JsonValue]) -> None:
    for name, value in info.items():
        if name == "bad_rows" and isinstance(value, list):
            console.print(f"{name:<14} {len(value)}")
            for bad in value[:20]:
                console.print(f"  {bad}", style="yellow", markup=False)
        elif isinstance(value, dict):
            console.print(f"{name:<14} " + (", ".join(f"{k} {v}" for k, v in value.items()) or "none"), markup=False)
        else:
            console.print(f"{name:<14} {value}", markup=False)
