"""CPU a title costs, step by step: convert, align, six stages, assemble and validate, embed, load.

``python benchmarks/per_title.py [--catalogue FILE] [--rounds 3] [--profile]``

Runs the practice catalogue (and, where it lies, a sample of 200 real rows) through the pipeline against practice
platforms in this process, then does every step of every title again, alone, and counts CPU: the best of some rounds
(of the sample one round).
``--profile`` adds what share of all CPU goes into JSON, validation, the ledger and the rest.
"""

import argparse
import asyncio
import cProfile
import pstats
import sqlite3
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from _catalogues import SAMPLE

from pipeline.catalogue import load_row
from pipeline.cli.console import log_to_stderr
from pipeline.domain.names import TitleType
from pipeline.embedding import embed_missing, embed_missing_images, fingerprint, vector_images, vector_texts
from pipeline.enrich.chain import Chain, Parts
from pipeline.enrich.opening import open_ledger, opened
from pipeline.enrich.rehearsal import pointed_at
from pipeline.enrich.runner import Runner
from pipeline.enrich.steps import CHAIN, CONVERT, Made
from pipeline.enrich.syncing import sync_catalogue
from pipeline.ledger import Ledger
from pipeline.ledger.titles import StoredTitle
from pipeline.practice import PracticeSettings, read_practice_rows
from pipeline.practice.catalogue import PRACTICE_CATALOGUE
from pipeline.practice.server import run_practice
from pipeline.settings import Settings

SPEED = 1e6
IN_MEMORY = Path("/dev/shm")
"""Where files cost no waiting for a disk: CPU is what is counted."""
BESIDE = "keys, ledger"
EMBED_TEXTS, EMBED_PICTURES, LOAD = "embed texts", "embed pictures", "load"
Cpu = Mapping[str, float]
"""CPU seconds by step."""


def rows_of_steps(settings: Settings, title_id: str) -> dict[str, float]:
    """The CPU seconds the ledger noted for a title's steps."""
    with closing(sqlite3.connect(settings.checkpoints / "ledger.sqlite3")) as c:
        return dict(c.execute("select step, cpu_s from steps where title_id=? and cpu_s is not null", (title_id,)))


def forget_steps(settings: Settings, title_id: str) -> None:
    """Take a title's results out of the ledger, so that every step is done again."""
    with closing(sqlite3.connect(settings.checkpoints / "ledger.sqlite3")) as c, c:
        c.execute("delete from steps where title_id=?", (title_id,))


def decide_again(chain: Chain, title_id: str) -> tuple[Made, Cpu]:
    """All steps from convert to assemble anew, for one title alone."""
    ledger = chain.parts.ledger
    forget_steps(chain.parts.settings, title_id)
    started = time.thread_time()
    [made] = chain.decide([title_id])
    whole = time.thread_time() - started
    cpu = rows_of_steps(chain.parts.settings, title_id)
    assert ledger.titles.load([title_id]), "the title is in the ledger"
    return made, cpu | {BESIDE: whole - sum(cpu.values())}


def embed_texts(parts: Parts, made: Made) -> float:
    assert made.record is not None
    texts = {fingerprint(parts.texts, name, text): text for name, text in vector_texts(made.record).items()}
    started = time.process_time()
    embed_missing(texts, parts.texts)
    return time.process_time() - started


def embed_pictures(parts: Parts, made: Made, bodies: Mapping[str, bytes]) -> float:
    pictures = {fingerprint(parts.pictures, name, url): bodies[url] for name, url in addresses_of(parts, made).items()}
    started = time.process_time()
    embed_missing_images(pictures, parts.pictures)
    return time.process_time() - started


def addresses_of(parts: Parts, made: Made) -> dict[str, str]:
    """The picture each image vector would be made of."""
    assert made.record is not None
    found = vector_images(made.record, characters=parts.settings.images.characters)
    return {name: urls[0] for name, urls in found.items() if urls}


async def load_again(chain: Chain, made: Made) -> float:
    """Put the point together from vectors that are there, and write it."""
    chain.parts.ledger.vectors.forget([made.title.title_id])
    started = time.process_time()
    loaded = await chain.load([made])
    assert loaded.points_written == 1, "the point is written"
    return time.process_time() - started


async def measure(parts: Parts, title_id: str, rounds: int) -> Cpu:
    """The least CPU of every step over some rounds."""
    chain = Chain(parts, lambda _step: None)
    tries: dict[str, list[float]] = defaultdict(list)
    bodies: dict[str, bytes] = {}
    for _ in range(rounds):
        made, cpu = decide_again(chain, title_id)
        if not bodies and parts.images is not None:
            bodies = {url: await parts.images.fetch_image(url) for url in addresses_of(parts, made).values()}
        again = {EMBED_TEXTS: embed_texts(parts, made), EMBED_PICTURES: embed_pictures(parts, made, bodies)}
        again[LOAD] = await load_again(chain, made)
        for step, seconds in (*cpu.items(), *again.items()):
            tries[step].append(seconds)
    return {step: min(seconds) for step, seconds in tries.items()}


async def measure_all(settings: Settings, ledger: Ledger, location: Path, rounds: int) -> dict[str, Cpu]:
    practice = PracticeSettings(rows=read_practice_rows(location), speed=SPEED, has_limits=False)
    async with run_practice(practice) as running:
        pointed = pointed_at(settings, running.url, speed=SPEED)
        async with opened(pointed, ledger, now=time.time) as parts:
            report = await Runner(parts).run()
            print(f"{location.name}: {report.done} titles done, {report.degraded} degraded, {report.failed} failed")
            return {title_id: await measure(parts, title_id, rounds) for title_id in ledger.titles.active()}


def print_table(titles: Sequence[StoredTitle], measured: Mapping[str, Cpu]) -> None:
    """Steps x (median, worst, median film, longest series), in milliseconds of CPU."""
    whole = {t: sum(cpu.values()) for t, cpu in measured.items()}
    episodes = {t.title_id: load_row(t.row).episodes or 0 for t in titles}
    films = [t.title_id for t in titles if load_row(t.row).type is TitleType.MOVIE]
    longest, dearest = max(episodes, key=lambda t: (episodes[t], whole[t])), max(whole, key=lambda t: whole[t])
    steps = sorted({step for cpu in measured.values() for step in cpu}, key=_place)
    total = sum(whole.values())

    def median(chosen: Sequence[str], step: str) -> float:
        return statistics.median(measured[t].get(step, 0.0) for t in chosen) if chosen else 0.0

    print(f"{'CPU ms':<24}{'median':>9}{'worst':>9}{'film':>9}{'longest':>9}{'share':>8}")
    for step in steps:
        costs = [cpu.get(step, 0.0) for cpu in measured.values()]
        shown = (median(list(measured), step), max(costs), median(films, step), measured[longest].get(step, 0.0))
        cells = "".join(f"{seconds * 1000:>9.1f}" for seconds in shown)
        print(f"{step:<24}{cells}{sum(costs) / total:>8.0%}")
    sums = (statistics.median(whole.values()), max(whole.values()), _median_of(whole, films), whole[longest])
    print(f"{'all':<24}" + "".join(f"{seconds * 1000:>9.1f}" for seconds in sums) + f"{1:>8.0%}")
    names = {t.title_id: t.name for t in titles}
    print(f"longest: {names[longest]!r}, {episodes[longest]} episodes; dearest: {names[dearest]!r}; {len(films)} films")
    print(f"longest / median {sums[3] / sums[0]:.1f}, worst / median {sums[1] / sums[0]:.1f}, ", end="")
    print(f"film / median {sums[2] / sums[0]:.1f}\n")


def _median_of(whole: Mapping[str, float], chosen: Sequence[str]) -> float:
    return statistics.median(whole[t] for t in chosen) if chosen else 0.0


def _place(step: str) -> tuple[int, str]:
    first = [CONVERT, *CHAIN[1:], BESIDE, EMBED_TEXTS, EMBED_PICTURES, LOAD]
    return first.index(CONVERT if step.startswith(f"{CONVERT}:") else step), step


_KINDS = {
    "JSON and validation": ("to_json", "validate_json", "validate_python", "orjson", "jsonschema", "dump_json"),
    "the ledger": ("sqlite3", "sqlalchemy", "fsync", "zstandard", "posix.replace", "io.open", "fsspec", "ledger/"),
    "digests": ("sha256",),
    "the vector store": ("EdgeShard", "qdrant_edge", "store/"),
}


def print_shares(profile: cProfile.Profile) -> None:
    """What share of the steps' time goes where, by the function that spends it."""
    spent: dict[str, float] = defaultdict(float)
    for (file, _, name), (_, _, own_s, _, _) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]  # typeshed does not know it
        place = f"{file} {name}"
        if "select.epoll" not in place and "lock" not in name:
            spent[next((kind for kind, words in _KINDS.items() if any(w in place for w in words)), "rules")] += own_s
    total = sum(spent.values())
    print("where the time of decide goes (one thread, profiled): ", end="")
    print(", ".join(f"{kind} {seconds / total:.0%}" for kind, seconds in sorted(spent.items(), key=lambda i: -i[1])))


def profile_decide(settings: Settings, ledger: Ledger) -> None:
    """Decide every title anew in this thread, profiled."""

    async def decide_all() -> None:
        async with opened(settings, ledger, now=time.time) as parts:
            chain = Chain(parts, lambda _step: None)
            for title_id in ledger.titles.active():
                decide_again(chain, title_id)

    with cProfile.Profile() as profile:
        asyncio.run(decide_all())
    print_shares(profile)


def bench(location: Path, rounds: int, *, is_profiled: bool) -> None:
    with tempfile.TemporaryDirectory(prefix="per-title-", dir=IN_MEMORY if IN_MEMORY.is_dir() else None) as folder:
        settings = Settings(checkpoints=Path(folder))
        with closing(open_ledger(settings, now=time.time)) as ledger:
            sync_catalogue(ledger, str(location))
            measured = asyncio.run(measure_all(settings, ledger, location, rounds))
            print_table(ledger.titles.load(list(measured)), measured)
            if is_profiled:
                profile_decide(settings, ledger)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--catalogue", type=Path, help="another catalogue instead of the usual two")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--profile", action="store_true")
    given = parser.parse_args()
    log_to_stderr("warning")
    usual = [PRACTICE_CATALOGUE, *([SAMPLE] if SAMPLE.is_file() else [])]
    for location in [given.catalogue] if given.catalogue else usual:
        bench(location, 1 if location == SAMPLE else given.rounds, is_profiled=given.profile)


if __name__ == "__main__":
    main()
