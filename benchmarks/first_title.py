"""One typical title of which nothing is known yet: seconds until each of the six platforms is through.

``python benchmarks/first_title.py [--latency 0.2] [--runs 3] [--catalogue FILE]``

The real limits at their real speed, empty budgets, a process that has opened everything but no connection. The title is
the first finished TV series of 12 or 13 episodes that all six platforms list under one id each.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import orjson
from _catalogues import WHOLE, write_catalogue
from fetch import counters, pointed, practice

from pipeline.catalogue import Row, ids_of, open_catalogue
from pipeline.cli.console import log_to_stderr
from pipeline.domain.names import AiringStatus, Platform, TitleType
from pipeline.domain.title import CatalogueRow
from pipeline.enrich.fetch.adapters import make_adapters
from pipeline.enrich.fetch.fetching import Fetcher
from pipeline.enrich.opening import open_ledger
from pipeline.enrich.rehearsal import practice_catalogue
from pipeline.enrich.syncing import sync_catalogue
from pipeline.ledger import Ledger
from pipeline.settings import Settings
from pipeline.transport import HttpTransport


async def fetch(settings: Settings, ledger: Ledger) -> dict[str, float]:
    """Seconds by platform, from the first request to the settled outcome."""
    adapters, through_s = make_adapters(settings), dict[str, float]()
    title_ids = list(ledger.titles.active())

    async def note(platform: Platform, settled: Sequence[str]) -> None:
        if settled:
            through_s[platform.value] = time.perf_counter() - began

    async with HttpTransport(settings) as transport, asyncio.TaskGroup() as group:
        began = time.perf_counter()
        for platform in Platform:
            fetcher = Fetcher(
                adapter=adapters[platform],
                ledger=ledger,
                transport=transport,
                freshness=settings.freshness,
                now=time.time,
                why_off=settings.why_off(platform),
                concurrency=settings.platforms.of(platform).concurrency,
                on_step=lambda _: None,
            )
            group.create_task(fetcher.run(_one_window(title_ids), note))
    return through_s


async def _one_window(title_ids: Sequence[str]) -> AsyncIterator[Sequence[str]]:
    yield title_ids


def typical(location: Path) -> bytes:
    """The row of a typical title, as it stands in the file."""
    adapters = make_adapters(Settings())
    with open_catalogue(str(location)) as catalogue:
        for item in catalogue.rows():
            if (
                isinstance(item, Row)
                and _is_typical(item.row)
                and all(len(adapter.wanted_ids(ids_of(item.row).ids)) == 1 for adapter in adapters.values())
            ):
                return item.raw
    raise SystemExit("no such title in the catalogue")


def _is_typical(row: CatalogueRow) -> bool:
    return row.type is TitleType.TV and row.status is AiringStatus.FINISHED and row.episodes in (12, 13)


def measure(raw: bytes, *, latency_s: float) -> tuple[dict[str, float], Mapping[str, int]]:
    """Seconds and requests by platform."""
    with tempfile.TemporaryDirectory(prefix="bench-title-") as name:
        folder = Path(name)
        rows = write_catalogue(folder / "rows.jsonl", [raw], last_update="2026-01-01")
        with practice(folder, rows, speed=1.0, latency_s=latency_s) as addresses:
            settings = pointed(Settings(checkpoints=folder, catalogue=str(rows)), addresses, speed=1.0)
            with closing(open_ledger(settings, now=time.time)) as ledger:
                sync_catalogue(ledger, str(rows))
                through_s = asyncio.run(fetch(settings, ledger))
            counted = counters(addresses)
    return through_s, {name: one["requests"] for name, one in counted.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--latency", type=float, default=0.2, help="seconds before every answer of the platforms")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--catalogue", type=Path, default=WHOLE if WHOLE.exists() else Path(practice_catalogue()))
    given = parser.parse_args()
    log_to_stderr("error")
    raw = typical(given.catalogue)
    print(orjson.loads(raw)["title"])
    runs = [measure(raw, latency_s=given.latency) for _ in range(given.runs)]
    for platform in Platform:
        seconds = sorted(through_s[platform.value] for through_s, _ in runs)
        print(f"{platform.value:<14} {runs[0][1][platform.value]:>2} requests, {seconds[0]:.2f} to {seconds[-1]:.2f} s")
    all_s = sorted(max(through_s.values()) for through_s, _ in runs)
    print(f"{'all six':<14} {all_s[0]:.2f} to {all_s[-1]:.2f} s")


if __name__ == "__main__":
    main()
