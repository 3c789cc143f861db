"""A pass over the whole catalogue when nothing changed: nothing asked, nothing written, and how long that takes.

``python benchmarks/no_change.py [--catalogue FILE] [--titles N]``

36,006 titles are not fetched for this: every title's outcomes and its end are marked through the ledger's own API
(``fetched.settle``, ``titles.finish``), as a finished run leaves them. Then a run over all of them is measured (a) with
the same file and (b) with the rows published anew: other bytes, another order, another date.
"""

import argparse
import asyncio
import gc
import random
import resource
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import zstandard
from _catalogues import WHOLE, raw_rows, write_catalogue

from pipeline.cli.console import log_to_stderr
from pipeline.domain.canonical import Digest
from pipeline.domain.names import Outcome, Platform
from pipeline.enrich.chain import config_of
from pipeline.enrich.opening import open_ledger, opened
from pipeline.enrich.report import RunReport
from pipeline.enrich.runner import Runner
from pipeline.enrich.syncing import sync_catalogue
from pipeline.ledger import Ledger
from pipeline.ledger.fetched import SettledOutcome
from pipeline.ledger.titles import Finished, StoredTitle, SyncReport
from pipeline.settings import Settings

YEAR_S = 365 * 86_400.0


@dataclass(frozen=True)
class Measured:
    seconds: float
    report: RunReport
    synced: SyncReport
    written: dict[str, int]


def chunks(items: Sequence[str], size: int = 1000) -> Iterator[list[str]]:
    left = iter(items)
    while chunk := list(islice(left, size)):
        yield chunk


def mark_finished(settings: Settings, ledger: Ledger) -> None:
    """Bring the ledger into the state after a finished run, by its own API, without asking anybody."""
    good_until = time.time() + YEAR_S

    def outcome(title: StoredTitle, platform: Platform) -> SettledOutcome:
        return SettledOutcome(title.title_id, platform, Outcome.NOT_LISTED, (), "marked by the benchmark", good_until)

    def finished(title: StoredTitle, config: Digest) -> Finished:
        return Finished(title.title_id, title.row_digest, config, good_until, "done", "", None, None)

    async def mark() -> None:
        async with opened(settings, ledger, now=time.time) as parts:
            config = config_of(parts)
            for chunk in chunks(ledger.titles.active()):
                titles = ledger.titles.load(chunk)
                ledger.fetched.settle(outcome(title, platform) for title in titles for platform in Platform)
                ledger.titles.finish([finished(title, config) for title in titles])

    asyncio.run(mark())


def digests(settings: Settings) -> dict[str, tuple[int, int]]:
    """For every table of the ledger how many rows it has and a sum over all they hold."""
    database = settings.checkpoints / "ledger.sqlite3"
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as c:
        tables = [name for (name,) in c.execute("select name from sqlite_master where type='table'")]
        return {table: _digest(c, table) for table in tables}


def _digest(c: sqlite3.Connection, table: str) -> tuple[int, int]:
    count = total = 0
    for row in c.execute(f"select * from {table}"):
        count, total = count + 1, (total + hash(row)) % 2**61
    return count, total


async def run_all(settings: Settings, ledger: Ledger) -> RunReport:
    async with opened(settings, ledger, now=time.time) as parts:
        return await Runner(parts).run()


def measure(settings: Settings, location: Path) -> Measured:
    """What ``anime-enrich run --all`` does: open the ledger, read the catalogue, run, close."""
    before = digests(settings)
    gc.collect()
    started = time.perf_counter()
    with closing(open_ledger(settings, now=time.time)) as ledger:
        synced = sync_catalogue(ledger, str(location))
        report = asyncio.run(run_all(settings, ledger))
    seconds = time.perf_counter() - started
    after = digests(settings)
    changed = {table: after[table][0] - before[table][0] for table in after if after[table] != before[table]}
    return Measured(seconds, report, synced, changed)


def tell(name: str, measured: Measured) -> None:
    report, synced = measured.report, measured.synced
    tables = ", ".join(f"{t} ({n:+} rows)" for t, n in measured.written.items())
    print(f"{name}: {measured.seconds:.1f} s; {report.selected} titles, {report.due} due, ", end="")
    print(f"{sum(report.requests.values())} requests, {report.points_written} points written")
    print(f"  rows created {synced.created}, updated {synced.updated}; tables changed: {tables or 'none'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--catalogue", type=Path, default=WHOLE)
    parser.add_argument("--titles", type=int, help="only the first so many rows")
    given = parser.parse_args()
    log_to_stderr("warning")
    if not given.catalogue.is_file():
        print(f"no catalogue at {given.catalogue}: name one with --catalogue FILE")
        return
    with tempfile.TemporaryDirectory(prefix="no-change-") as name:
        folder = Path(name)
        settings = Settings(checkpoints=folder / "checkpoints")
        pack = zstandard.ZstdCompressor().compress
        rows = list(islice(raw_rows(given.catalogue), given.titles))
        first = write_catalogue(folder / "first.zst", rows, last_update="2026-01-01", pack=pack)
        random.Random(1).shuffle(rows)
        again = write_catalogue(folder / "again.zst", rows, last_update="2026-01-08", pack=pack)
        del rows
        with closing(open_ledger(settings, now=time.time)) as ledger:
            started = time.perf_counter()
            synced = sync_catalogue(ledger, str(first))
            print(
                f"first reading: {time.perf_counter() - started:.1f} s, {synced.created} titles from {synced.rows} rows"
            )
            started = time.perf_counter()
            mark_finished(settings, ledger)
            seconds = time.perf_counter() - started
            print(f"titles are marked as finished by the ledger's API, not fetched ({seconds:.1f} s)")
        tell("(a) the same file", measure(settings, first))
        tell("(b) published anew, in another order", measure(settings, again))
        tell("(c) the same file again", measure(settings, again))
        print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
