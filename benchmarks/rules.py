"""CPU the rules take for a title: align, six stages, assemble, and convert apart; no ledger, no network, no models.

``python benchmarks/rules.py [--rounds 5] [--profile longest|others]``

The practice catalogue (24 titles, the longest with 1,100 episodes and about 1,400 characters) is fetched from practice
platforms once; then every title is made from its answers again, in this thread. ``cold`` is with nothing remembered of
earlier titles' texts, not even of labels and roles; ``in a row`` every title is made once, as a run does it, and only
what titles before it said is remembered; ``warm`` remembers the title's own. The best of some rounds counts.
``--profile`` shows where the time of the longest or of all others goes.
"""

import argparse
import asyncio
import cProfile
import pstats
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from pipeline.assembly import assemble, record_bytes, validate
from pipeline.catalogue import identify_url, load_row
from pipeline.cli.console import log_to_stderr
from pipeline.domain.names import Outcome, Platform, Site
from pipeline.domain.source_title import SourceTitle
from pipeline.domain.title import StageInput, Title
from pipeline.enrich.chain import Parts
from pipeline.enrich.fetch.adapters import ids_to_ask
from pipeline.enrich.memory import collect_seldom
from pipeline.enrich.opening import open_ledger, opened
from pipeline.enrich.rehearsal import pointed_at
from pipeline.enrich.runner import Runner
from pipeline.enrich.syncing import sync_catalogue
from pipeline.ledger.titles import StoredTitle
from pipeline.platforms.port import PlatformAdapter
from pipeline.practice import PracticeSettings, read_practice_rows
from pipeline.practice.catalogue import PRACTICE_CATALOGUE
from pipeline.practice.server import run_practice
from pipeline.preprocess import align
from pipeline.settings import Settings
from pipeline.stages import STAGES

SPEED = 1e6
IN_MEMORY = Path("/dev/shm")
"""Where files cost no waiting for a disk: CPU is what is counted."""
CONVERT, ALIGN, ASSEMBLE, CHECK = "convert", "align", "assemble", "write and validate"
STEPS = (CONVERT, ALIGN, *STAGES, ASSEMBLE, CHECK)
RULES = (ALIGN, *STAGES, ASSEMBLE)
GOALS_MS = {"median": 15.0, "longest": 2000.0}
Cpu = dict[str, float]
"""CPU seconds by step."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A title, what was answered of it, and the titles it may mention."""

    title: StoredTitle
    bodies: Sequence[tuple[PlatformAdapter, str, Mapping[str, bytes]]]
    outcomes: Mapping[Platform, Outcome]
    known: Mapping[str, str]


async def fetch_all(folder: Path) -> list[Answered]:
    """The practice catalogue, fetched and finished once."""
    practice = PracticeSettings(rows=read_practice_rows(PRACTICE_CATALOGUE), speed=SPEED, has_limits=False)
    settings = Settings(checkpoints=folder)
    with closing(open_ledger(settings, now=time.time)) as ledger:
        sync_catalogue(ledger, str(PRACTICE_CATALOGUE))
        async with run_practice(practice) as running:
            pointed = pointed_at(settings, running.url, speed=SPEED)
            async with opened(pointed, ledger, now=time.time) as parts:
                report = await Runner(parts).run()
                print(f"{report.done} titles done, {report.degraded} degraded, {report.failed} failed")
                return [answered(parts, title) for title in ledger.titles.load(ledger.titles.active())]


def answered(parts: Parts, title: StoredTitle) -> Answered:
    ledger = parts.ledger
    settled = ledger.fetched.outcomes([title.title_id])[title.title_id]
    bodies = []
    for adapter in parts.adapters.values():
        refs = ledger.fetched.part_refs(adapter.name, list(ids_to_ask(adapter, title)))
        bodies += [
            (adapter, id_, {ref.kind: ledger.blobs.get(ref.body) for ref in of}) for id_, of in refs.items() if of
        ]
    outcomes = {platform: one.outcome.outcome for platform, one in settled.items()}
    sources = [adapter.convert(id_, said) for adapter, id_, said in bodies]
    return Answered(title, bodies, outcomes, ledger.titles.known_ids(mentioned(title, sources)))


def mentioned(title: StoredTitle, sources: Sequence[SourceTitle]) -> Iterator[tuple[Site, str]]:
    yield from (pair for url in load_row(title.row).related_anime if (pair := identify_url(url)) is not None)
    for relation in (relation for source in sources for relation in source.relations):
        yield from ((one.site, one.id) for one in relation.target_ids if isinstance(one.site, Site))


def make(one: Answered) -> Cpu:
    """Make the record; gives what each step took."""
    cpu: Cpu = {}
    row = load_row(one.title.row)
    title = Title(one.title.title_id, row, one.title.all_ids)
    sources = timed(cpu, CONVERT, lambda: tuple(adapter.convert(id_, said) for adapter, id_, said in one.bodies))
    aligned = timed(cpu, ALIGN, lambda: align(sources))
    inputs = StageInput(title, sources, aligned, one.known)
    drafts = {name: timed(cpu, name, lambda stage=stage: stage.decide(inputs)) for name, stage in STAGES.items()}
    made = timed(cpu, ASSEMBLE, lambda: assemble(inputs, drafts, one.outcomes))
    timed(cpu, CHECK, lambda: validate(record_bytes(made.record)))
    return cpu


def timed(cpu: Cpu, step: str, work: Callable):
    started = time.thread_time()
    result = work()
    cpu[step] = time.thread_time() - started
    return result


def forget_texts() -> None:
    """Empty what is remembered of texts; tables that are read once stay."""
    for name, module in list(sys.modules.items()):
        if name.startswith("pipeline."):
            for value in vars(module).values():
                parameters = getattr(value, "cache_parameters", dict)()
                if parameters.get("maxsize") is not None:
                    value.cache_clear()


def measure(one: Answered, rounds: int, *, is_cold: bool) -> Cpu:
    """The least CPU of every step."""
    tries = []
    for _ in range(rounds):
        if is_cold:
            forget_texts()
        tries.append(make(one))
    return {step: min(cpu[step] for cpu in tries) for step in STEPS}


def measure_in_a_row(titles: Sequence[Answered], rounds: int) -> list[Cpu]:
    """The least CPU of every step of every title, each made once after the others, as in a run."""
    tries = []
    for _ in range(rounds):
        forget_texts()
        tries.append([make(one) for one in titles])
    return [{step: min(cpu[step] for cpu in of_one) for step in STEPS} for of_one in zip(*tries, strict=True)]


def print_table(measured: Sequence[Cpu], longest: int) -> dict[str, float]:
    """Steps x (median, worst but the longest, longest) in milliseconds; gives the rules' sums."""
    rows = [(step, (step,)) for step in STEPS]
    rows += [("rules: align to assemble", RULES), ("with convert", (CONVERT, *RULES)), ("all", STEPS)]
    shorter = [cpu for at, cpu in enumerate(measured) if at != longest]
    print(f"{'CPU ms':<26}{'median':>9}{'worst':>9}{'longest':>9}")
    for name, steps in rows:
        costs = [1000 * sum(cpu[step] for step in steps) for cpu in shorter]
        figures = (statistics.median(costs), max(costs), 1000 * sum(measured[longest][step] for step in steps))
        print(f"{name:<26}" + "".join(f"{figure:>9.1f}" for figure in figures))
        if steps == RULES:
            sums = {"median": figures[0], "longest": figures[2]}
    return sums


def profile(titles: Sequence[Answered]) -> None:
    with cProfile.Profile() as taken:
        for one in titles:
            forget_texts()
            make(one)
    pstats.Stats(taken).sort_stats("tottime").print_stats(28)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--profile", choices=("longest", "others"), help="where the time goes, instead of the tables")
    given = parser.parse_args()
    log_to_stderr("warning")
    collect_seldom()  # as the command line does
    with tempfile.TemporaryDirectory(prefix="rules-", dir=IN_MEMORY if IN_MEMORY.is_dir() else None) as folder:
        titles = asyncio.run(fetch_all(Path(folder)))
    longest = max(range(len(titles)), key=lambda at: sum(len(b) for _, _, s in titles[at].bodies for b in s.values()))
    if given.profile:
        profile([titles[longest]] if given.profile == "longest" else [*titles[:longest], *titles[longest + 1 :]])
        return
    for name in ("cold", "in a row", "warm"):
        print(f"\n{name}; the longest is {titles[longest].title.name!r}")
        if name == "in a row":
            measured = measure_in_a_row(titles, given.rounds)
        else:
            measured = [measure(one, given.rounds, is_cold=name == "cold") for one in titles]
        sums = print_table(measured, longest)
        print(", ".join(f"{what} {sums[what]:.1f} of {goal:.0f} ms" for what, goal in GOALS_MS.items()))


if __name__ == "__main__":
    main()
