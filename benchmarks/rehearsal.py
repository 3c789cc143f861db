"""N catalogue rows through everything, against practice platforms on this machine.

``python benchmarks/rehearsal.py 200 [--speed 1000] [--catalogue FILE] [--keep FOLDER] [--profile FILE]``

Prints time, CPU, requests a title, memory as it grew, sizes a title, and every title that did not end well, by reason.
"""

import argparse
import asyncio
import cProfile
import os
import resource
import tempfile
import threading
import time
from collections import Counter
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Self

from _catalogues import WHOLE, spread_over, write_catalogue

from pipeline.cli.console import log_to_stderr
from pipeline.domain.names import Outcome, Platform
from pipeline.enrich.memory import tune_memory
from pipeline.enrich.opening import open_ledger, opened
from pipeline.enrich.rehearsal import rehearse
from pipeline.enrich.report import RunReport
from pipeline.enrich.runner import Runner
from pipeline.enrich.syncing import sync_catalogue
from pipeline.ledger import Ledger
from pipeline.settings import Settings

MIB = 1024 * 1024
_PAGE = os.sysconf("SC_PAGE_SIZE")


def rss_mib() -> tuple[float, float]:
    """Memory of our own, and pages of files (the store's, which the system may take back any time)."""
    resident, of_files = (int(n) * _PAGE / MIB for n in Path("/proc/self/statm").read_text().split()[1:3])
    return resident - of_files, of_files


def cpu_s(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def disk_bytes(folder: Path, pattern: str = "**/*") -> int:
    """What the files take on the disk: an embedded Qdrant's are longer than they are full."""
    return sum(path.stat().st_blocks * 512 for path in folder.glob(pattern) if path.is_file())


class MemoryWatch:
    """Memory of this process, noted by titles finished. A thread, so that a busy event loop is seen too."""

    def __init__(self, report: RunReport) -> None:
        self.points: list[tuple[int, float, float]] = []
        self._report = report
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.2):
            self.points.append((self._report.finished, *rss_mib()))

    def curve(self) -> str:
        """The highest memory while so many titles were finished."""
        peak: dict[int, tuple[float, float]] = {}
        for finished, own, of_files in self.points:
            peak[finished] = max((own, of_files), peak.get(finished, (0.0, 0.0)))
        keys = sorted(peak)
        shown = keys if len(keys) <= 8 else [keys[i * (len(keys) - 1) // 7] for i in range(8)]
        return ", ".join(f"{n}: {peak[n][0]:.0f}+{peak[n][1]:.0f}" for n in shown)


async def run(settings: Settings, ledger: Ledger, speed: float) -> tuple[RunReport, MemoryWatch, float]:
    pointed, reach = rehearse(settings, speed=speed, recordings=None)
    before = cpu_s(resource.RUSAGE_SELF)
    async with opened(pointed, ledger, now=time.time, reach=reach) as parts:
        runner = Runner(parts)
        with MemoryWatch(runner.report) as memory:
            await runner.run()
        spent = cpu_s(resource.RUSAGE_SELF) - before
    return runner.report, memory, spent


def print_speed(report: RunReport, cpu: float, memory: MemoryWatch) -> None:
    n, wall = report.finished, report.wall_s["all"]
    steps = ", ".join(f"{step} {s:.1f} s" for step, s in report.wall_s.items() if step != "all")
    print(f"titles     {n}: {report.done} done, {report.degraded} degraded, {report.failed} failed")
    print(f"wall       {wall:.1f} s ({steps}), {n / wall:.2f} titles/s")
    print(f"CPU        {cpu:.1f} s, {cpu / n * 1000:.0f} ms a title; practice {cpu_s(resource.RUSAGE_CHILDREN):.1f} s")
    cpus = sorted(report.cpu_s.items(), key=lambda item: -item[1])
    print("steps      " + ", ".join(f"{step} {s / n * 1000:.1f} ms" for step, s in cpus))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"memory     peak {peak:.0f} MiB; own+files by titles finished: {memory.curve()}")


def print_requests(report: RunReport) -> None:
    for platform in Platform:
        outcomes = report.outcomes.get(platform, {})
        asked = sum(outcomes.get(o, 0) for o in (Outcome.FOUND, Outcome.ABSENT, Outcome.FAILED))
        sent = report.requests.get(platform.value, 0)
        counts = ", ".join(f"{outcome.value} {count}" for outcome, count in sorted(outcomes.items()))
        print(f"requests   {platform.value:<14} {sent:>6}, {sent / max(asked, 1):.2f} a title asked for ({counts})")
    print(f"requests   {'images':<14} {report.requests.get('images', 0):>6}")


def print_sizes(folder: Path, titles: int) -> None:
    parts = {"ledger": disk_bytes(folder, "ledger.sqlite3*")}
    parts |= {p.name: disk_bytes(p) for p in sorted(folder.iterdir()) if p.is_dir()}
    for name, size in parts.items():
        print(f"size       {name:<14} {size / MIB:8.1f} MiB, {size / titles / 1024:8.1f} KiB a title")


def print_problems(report: RunReport) -> None:
    by_reason = Counter((problem.result, problem.why[:160]) for problem in report.problems)
    for (result, why), count in by_reason.most_common(20):
        names = [p.name for p in report.problems if (p.result, p.why[:160]) == (result, why)][:3]
        print(f"{result:<10} {count} x {why!r}, for instance {names}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("titles", type=int)
    parser.add_argument("--speed", type=float, default=1000.0)
    parser.add_argument("--catalogue", type=Path, default=WHOLE)
    parser.add_argument("--keep", type=Path, help="folder for the ledger and the store (default: a temporary one)")
    parser.add_argument("--profile", type=Path, help="file for cProfile's counts of the main thread")
    given = parser.parse_args()
    log_to_stderr("warning")
    tune_memory()  # as the command line does
    temporary = tempfile.TemporaryDirectory(prefix="rehearsal-") if given.keep is None else nullcontext(given.keep)
    with temporary as name:
        folder = Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        rows = spread_over(given.catalogue, given.titles)
        location = write_catalogue(folder / "rows.jsonl", rows, last_update="2026-01-01")
        settings = Settings(checkpoints=folder / "checkpoints", catalogue=str(location))
        with closing(open_ledger(settings, now=time.time)) as ledger:
            sync_catalogue(ledger, str(location))
            with cProfile.Profile() if given.profile else nullcontext() as profile:
                report, memory, cpu = asyncio.run(run(settings, ledger, given.speed))
        if profile is not None:
            profile.dump_stats(given.profile)
        print_speed(report, cpu, memory)
        print_requests(report)
        print_sizes(settings.checkpoints, report.finished)
        print_problems(report)


if __name__ == "__main__":
    main()
