"""Quality figures of a whole catalogue: what writing them costs a title, and how long ``status`` and ``report`` take.

``python benchmarks/quality.py [--titles N]``

36,000 invented titles with figures of a usual size (40 filled fields, 1 to 7 sources each) are ended in 40 runs through
the ledger's own API, 13 step results each. Then everything that sums over them is measured.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from pipeline.cli.page import render_page
from pipeline.domain.canonical import digest_of
from pipeline.domain.names import Platform, Site, Source
from pipeline.domain.quality import Quality, Unknown
from pipeline.domain.record import AnimeRecord
from pipeline.enrich.quality import Tally
from pipeline.enrich.survey import survey, survey_platforms
from pipeline.ledger import Ledger
from pipeline.ledger.identity import ListedRow
from pipeline.ledger.titles import Finished, Release
from pipeline.ledger.work import StepResult

T = TypeVar("T")
RUNS, WINDOW, STEPS = 40, 50, 13
FIELDS = tuple(AnimeRecord.model_fields)[2:52]
SPEAKERS = tuple(Source)[:7]


def figures(chance: random.Random) -> Quality:
    filled = chance.sample(FIELDS, 40)
    confidences = {name: round(chance.uniform(0.4, 0.97), 4) for name in filled}
    agreements = {name: round(chance.uniform(0.5, 1.0), 4) for name in filled[:14]}
    drift = (Unknown(Source.KITSU, "subtype", str(chance.randrange(50))),) if chance.random() < 0.1 else ()
    return Quality(
        completeness=round(chance.betavariate(8, 2), 4),
        agreement=round(sum(agreements.values()) / len(agreements), 4),
        confidence=round(sum(confidences.values()) / len(confidences), 4),
        popularity=round(chance.uniform(1.0, 7.0), 4),
        sources={name: tuple(sorted(chance.sample(SPEAKERS, chance.randint(1, 7)))) for name in filled},
        confidences=confidences,
        agreements=agreements,
        missing=tuple(name for name in FIELDS if name not in confidences),
        broken={"end_before_start": 1} if chance.random() < 0.02 else {},
        findings={"bad_address": 1} if chance.random() < 0.2 else {},
        drift=drift,
        heard=tuple(Platform),
    )


def fill(ledger: Ledger, count: int) -> float:
    """Titles, their ends and their steps; gives the seconds that ending took."""
    chance = random.Random(1)
    rows = [
        ListedRow(n, f"Title {n}", (f"https://example.org/{n}",), ((Site.MAL, str(n)),), b"row" * 300, digest_of(n))
        for n in range(count)
    ]
    ledger.titles.apply_release(Release("d", "invented", None, count, ()), rows)
    ids = ledger.titles.active()
    seconds = 0.0
    for run, titles in enumerate(parts(ids, -(-count // RUNS))):
        for window in parts(titles, WINDOW):
            ended = [Finished(t, "d", "c", 9e12, "done", "", None, None, quality=figures(chance)) for t in window]
            started = time.perf_counter()
            ledger.titles.finish(ended, run_id=str(run))
            seconds += time.perf_counter() - started
            ledger.steps.settle(
                [StepResult(t, f"step {n}", "k", chance.randbytes(3000), cpu_s=chance.random() / 50)
                 for t in window for n in range(STEPS)]
            )  # fmt: skip
        ledger.quality.note_run(str(run), finished=len(titles))
    return seconds


def parts(items: list[str], size: int) -> Iterator[list[str]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def timed(what: str, work: Callable[[], T]) -> T:
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    print(f"{what:<42} {time.perf_counter() - wall:6.2f} s, of it CPU {time.process_time() - cpu:6.2f} s")
    return result


def tallied(ledger: Ledger) -> Tally:
    tally = Tally()
    for title_id, quality in ledger.quality.every():
        tally.add(title_id, quality)
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--titles", type=int, default=36_000)
    count: int = parser.parse_args().titles
    with tempfile.TemporaryDirectory(prefix="quality-") as name:
        folder = Path(name)
        with closing(Ledger(f"sqlite:///{folder / 'ledger.sqlite3'}", str(folder / "blobs"), now=time.time)) as ledger:
            seconds = fill(ledger, count)
            print(
                f"ending {count} titles with figures: {1000 * seconds / count:.2f} ms a title, {seconds:.1f} s in all"
            )
            size = (folder / "ledger.sqlite3").stat().st_size / 2**20
            print(f"the ledger has {size:,.0f} MiB, 13 step results of 3 kB a title among it")
            timed("means and sums over all titles", ledger.quality.means)
            timed("all that status asks of figures", lambda: (ledger.quality.means(), survey_platforms(ledger)))
            timed("worst titles", lambda: ledger.quality.worst(15))
            timed("slowest titles", lambda: ledger.steps.slowest(15))
            timed("CPU by step", ledger.steps.cpu_by_step)
            timed("every title's figures, added up", lambda: tallied(ledger))
            seen = timed("all that report shows", lambda: survey(ledger, at=time.time()))
            page = timed("the page", lambda: render_page(seen, flags=""))
            print(f"the page has {len(page) / 1024:,.0f} KiB")


if __name__ == "__main__":
    main()
