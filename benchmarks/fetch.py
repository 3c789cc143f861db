"""Fetching against the bound: N titles from practice platforms that keep the documented limits, one process and three.

``python benchmarks/fetch.py [300] [--speed 60] [--latency 0.0] [--processes 1 3] [--catalogue FILE]``

Prints ratios, never asserts them: time over what the limits allow, requests a title beside the batched column of the
reference, windows over a limit as the platforms counted them (exactly, without leniency), and refusals. AniDB is asked
for no more titles than its daily allowance permits. Nothing but fetching runs. Every platform is a process of its own,
as the real ones are hosts of their own. Network latency and a busy machine do not shrink with ``--speed``: at 60 one
millisecond weighs as much as sixty on the real platforms.
"""

import argparse
import asyncio
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.request import urlopen

import orjson
from _catalogues import WHOLE, spread_over, write_catalogue

from pipeline.cli.console import log_to_stderr
from pipeline.domain.names import Outcome, Platform
from pipeline.enrich.fetch.adapters import make_adapters
from pipeline.enrich.fetch.fetching import Fetcher
from pipeline.enrich.memory import collect_seldom
from pipeline.enrich.opening import open_ledger
from pipeline.enrich.rehearsal import pointed_at, practice_catalogue, practice_command
from pipeline.enrich.syncing import sync_catalogue
from pipeline.ledger import Ledger
from pipeline.settings import Settings
from pipeline.transport import HttpTransport
from pipeline.transport.pace import Pace

BATCHED: Final = {
    Platform.JIKAN: 4.0,
    Platform.ANILIST: 0.026,
    Platform.KITSU: 0.05,
    Platform.ANIDB: 1.0,
    Platform.ANIME_PLANET: 2.0,
    Platform.ANIMESCHEDULE: 0.056,
}
"""Requests a title: what a typical one costs when asked for in batches."""
_BULK: Final = (Platform.ANILIST, Platform.KITSU, Platform.ANIMESCHEDULE)
_YIELDING: Final = 10
"""Their practice processes give way: fifty records take them a second of a core that real hosts would not take from us,
and their requests are so few that it does not matter how long one takes."""
_HOUR_S: Final = 3600.0
_DAY_S: Final = 86_400.0
_START_S: Final = 60.0
_PLACES: Final = 8
"""Requests under way at once of the two that set the time: rate x latency, and ``--speed`` multiplies the rate."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What one process did, by platform: requests, seconds, titles by outcome, peak memory."""

    sent: Mapping[str, int]
    from_s: Mapping[str, float]
    until_s: Mapping[str, float]
    outcomes: Mapping[str, Mapping[str, int]]
    cpu_s: float
    peak_mib: float


# --- one process ------------------------------------------------------------------------------------------------------


async def fetch(settings: Settings, ledger: Ledger) -> Fetched:
    """Ask the six platforms side by side for everything the ledger lists."""
    title_ids, adapters = list(ledger.titles.active()), make_adapters(settings)
    from_s, until_s = {}, {}

    async def walk(platform: Platform, transport: HttpTransport) -> None:
        adapter, chosen = adapters[platform], title_ids
        if platform is Platform.ANIDB:
            chosen = [t.title_id for t in ledger.titles.load(title_ids) if adapter.wanted_ids(t.ids)][
                : _a_day(settings)
            ]
        fetcher = Fetcher(
            adapter=adapter,
            ledger=ledger,
            transport=transport,
            freshness=settings.freshness_of(platform),
            now=time.time,
            why_off=settings.why_off(platform),
            concurrency=settings.platforms.of(platform).concurrency,
            on_step=lambda _: None,
        )
        from_s[platform.value] = time.time()
        await fetcher.run(_windows(chosen, settings.window), _tell_nobody)
        until_s[platform.value] = time.time()

    async with HttpTransport(settings) as transport, asyncio.TaskGroup() as group:
        for platform in Platform:
            group.create_task(walk(platform, transport))
    sent: Counter[str] = Counter()
    for (platform, _), count in transport.counts.items():
        sent[platform.value] += count
    return Fetched(sent, from_s, until_s, _outcomes(ledger, title_ids), time.process_time(), peak_mib())


def peak_mib() -> float:
    """The most memory this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _a_day(settings: Settings) -> int:
    """AniDB's share of this process in its daily allowance."""
    allowed = min(limit.requests for limit in settings.platforms.anidb.limits if limit.per_s >= _DAY_S)
    return allowed // int(os.environ.get("FETCH_PROCESSES", "1"))


async def _windows(title_ids: Sequence[str], size: int) -> AsyncIterator[Sequence[str]]:
    for start in range(0, len(title_ids), size):
        yield title_ids[start : start + size]


async def _tell_nobody(_platform: Platform, _title_ids: Sequence[str]) -> None:
    return None


def _outcomes(ledger: Ledger, title_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    counts: dict[str, Counter[str]] = {platform.value: Counter() for platform in Platform}
    for start in range(0, len(title_ids), 1000):
        for by_platform in ledger.fetched.outcomes(title_ids[start : start + 1000]).values():
            for platform, settled in by_platform.items():
                counts[platform.value][settled.outcome.outcome.value] += 1
    return {platform: dict(count) for platform, count in counts.items()}


def pointed(settings: Settings, addresses: Mapping[str, str], *, speed: float) -> Settings:
    """Settings for practice platforms that are a process each."""
    given = pointed_at(settings, "http://127.0.0.1:9", speed=speed).model_dump()
    for name, address in addresses.items():
        given["platforms"][name]["base_url"] = f"{address}/{name}"
    return Settings(**given)


def child(folder: Path, addresses: Mapping[str, str], speed: float, budget: Mapping[str, str]) -> None:
    """Fetch the catalogue that lies in a folder, and leave the numbers there."""
    log_to_stderr("error")
    collect_seldom()  # as the command line does
    location = str(folder / "rows.jsonl")
    settings = pointed(Settings(checkpoints=folder / "checkpoints", catalogue=location), addresses, speed=speed)
    given = settings.model_dump() | {"budget_path": None} | dict(budget)
    for name in ("jikan", "anime_planet"):
        given["platforms"][name]["concurrency"] = _PLACES
    settings = Settings(**given)
    with closing(open_ledger(settings, now=time.time)) as ledger:
        sync_catalogue(ledger, location)
        done = asyncio.run(fetch(settings, ledger))
    (folder / "done.json").write_bytes(orjson.dumps(done))


# --- all processes ----------------------------------------------------------------------------------------------------


@contextmanager
def practice(folder: Path, rows: Path, *, speed: float, latency_s: float) -> Iterator[dict[str, str]]:
    """Each practice platform in a process of its own, until the block ends; gives their addresses by name."""
    processes, addresses = [], {}
    try:
        for platform in Platform:
            command = practice_command(port=0, speed=speed, catalogue=str(rows), recordings=None)
            command += ["--latency", str(latency_s), "--port-file", str(folder / f"{platform.value}.json")]
            command += ["--parent-pid", str(os.getpid())]
            processes.append(subprocess.Popen(command, stdout=subprocess.DEVNULL))
            if platform in _BULK:
                os.setpriority(os.PRIO_PROCESS, processes[-1].pid, _YIELDING)
        deadline = time.monotonic() + _START_S
        for platform, process in zip(Platform, processes, strict=True):
            port_file = folder / f"{platform.value}.json"
            while not port_file.exists():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit("the practice platforms did not start")
                time.sleep(0.05)
            addresses[platform.value] = f"http://127.0.0.1:{orjson.loads(port_file.read_bytes())['port']}"
        yield addresses
    finally:
        for process in processes:
            process.terminate()
            process.wait()


def counters(addresses: Mapping[str, str]) -> dict[str, Any]:
    """What the platforms counted."""
    numbers: dict[str, Any] = {}
    for name, address in addresses.items():
        with urlopen(f"{address}/admin/counters") as answer:
            numbers[name] = orjson.loads(answer.read())["platforms"][name]
    return numbers


def measure(rows: Sequence[bytes], processes: int, given: argparse.Namespace) -> None:
    """Fetch the rows with so many processes that share a budget, each with a part and a ledger of its own; print."""
    with tempfile.TemporaryDirectory(prefix="bench-fetch-") as name:
        folder = Path(name)
        whole = write_catalogue(folder / "rows.jsonl", rows, last_update="2026-01-01")
        budget = {"budget_url": given.budget_url} if given.budget_url else {"budget_path": str(folder / "budget")}
        load_before = os.getloadavg()[0]
        with practice(folder, whole, speed=given.speed, latency_s=given.latency) as addresses:
            options = ["--addresses", orjson.dumps(addresses).decode(), "--speed", str(given.speed)]
            options += ["--budget", orjson.dumps(budget).decode()]
            parts = [folder / f"part-{place}" for place in range(processes)]
            children = [_start_child(part, rows[i::processes], options, processes) for i, part in enumerate(parts)]
            codes = [process.wait() for process in children]
            if any(codes):
                raise SystemExit("a fetching process failed")
            counted = counters(addresses)
        done = [Fetched(**orjson.loads((part / "done.json").read_bytes())) for part in parts]
    print(f"\n{len(rows)} titles, {processes} process(es), speed {given.speed:g}, latency {given.latency:g} s")
    _print(done, counted, speed=given.speed)
    print(f"machine: {os.cpu_count()} cores, load {load_before:.1f} before, {os.getloadavg()[0]:.1f} after")


def _start_child(
    part: Path, rows: Sequence[bytes], options: Sequence[str], processes: int
) -> "subprocess.Popen[bytes]":
    part.mkdir()
    write_catalogue(part / "rows.jsonl", rows, last_update="2026-01-01")
    command = [sys.executable, __file__, "--child", str(part), *options]
    return subprocess.Popen(command, env={**os.environ, "FETCH_PROCESSES": str(processes)})


def _print(done: Sequence[Fetched], counted: Mapping[str, Any], *, speed: float) -> None:
    bounds: dict[Platform, float] = {}
    print(
        f"{'platform':<14} {'titles':>6} {'sent':>6} {'a title':>8} {'batched':>8} {'bound s':>8} {'took s':>8} ratio"
    )
    for platform in Platform:
        name = platform.value
        titles = sum(one.outcomes[name].get(o.value, 0) for one in done for o in (Outcome.FOUND, Outcome.ABSENT))
        sent = sum(one.sent.get(name, 0) for one in done)
        took_s = max(one.until_s[name] for one in done) - min(one.from_s[name] for one in done)
        bounds[platform] = bound_s = _bound_s(platform, sent, speed)
        ratio = f"{took_s / bound_s:.3f}" if bound_s else "-"
        wanted = f"{titles:>6} {sent:>6} {sent / max(titles, 1):>8.3f} {BATCHED[platform]:>8}"
        print(f"{name:<14} {wanted} {bound_s:>8.1f} {took_s:>8.1f} {ratio}")
    all_s = max(max(one.until_s.values()) for one in done) - min(min(one.from_s.values()) for one in done)
    pole = max(bounds, key=lambda platform: bounds[platform])
    print(
        f"overall: {all_s:.1f} s over the bound of {pole.value}, {bounds[pole]:.1f} s: ratio {all_s / bounds[pole]:.3f}"
    )
    over = {f"{name} {window}": n for name, one in counted.items() for window, n in one["over_windows"].items()}
    refused = {f"{name} {why}": n for name, one in counted.items() for why, n in one["refusals"].items()}
    failed = {name: n for name in BATCHED if (n := sum(one.outcomes[name].get("failed", 0) for one in done))}
    print(f"windows over a limit: {sum(over.values())} {over or ''}; refused: {sum(refused.values())} {refused or ''}")
    print(
        f"titles failed: {sum(failed.values())} {failed or ''}; CPU {sum(one.cpu_s for one in done):.1f} s; "
        f"peak memory {max(one.peak_mib for one in done):.0f} MiB a process"
    )


def _bound_s(platform: Platform, requests: int, speed: float) -> float:
    """The least time for so many requests at the documented long-run rate."""
    windows = [(limit.requests, limit.per_s) for limit in Settings().platforms.of(platform).limits]
    return max(0, requests - 1) * Pace.of(windows, longest_s=_HOUR_S).interval_s / speed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("titles", type=int, nargs="?", default=300)
    parser.add_argument("--speed", type=float, default=60.0)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before every answer of the platforms")
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 3])
    parser.add_argument("--catalogue", type=Path, default=WHOLE if WHOLE.exists() else Path(practice_catalogue()))
    parser.add_argument("--budget-url", help="note requests in this PostgreSQL instead of a file")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--addresses", type=orjson.loads, help=argparse.SUPPRESS)
    parser.add_argument("--budget", type=orjson.loads, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child is not None:
        child(given.child, given.addresses, given.speed, given.budget)
        return
    rows = spread_over(given.catalogue, given.titles)
    for processes in given.processes:
        measure(rows, processes, given)


if __name__ == "__main__":
    main()
