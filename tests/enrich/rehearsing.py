"""A whole run on practice platforms of this machine, and everything it leaves, in one comparable value."""

import asyncio
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from pipeline.domain.names import Platform, Tier
from pipeline.domain.quality import Quality
from pipeline.embedding import IMAGE_VECTORS, TEXT_VECTORS, identity, load_image_embedder, load_text_embedder
from pipeline.enrich.chain import Parts
from pipeline.enrich.opening import open_ledger, opened
from pipeline.enrich.rehearsal import pointed_at, practice_catalogue
from pipeline.enrich.report import RunReport
from pipeline.enrich.runner import Runner
from pipeline.enrich.syncing import sync_catalogue
from pipeline.practice.catalogue import read_practice_rows
from pipeline.practice.faults import Fault
from pipeline.practice.server import RunningPractice, run_practice
from pipeline.practice.settings import PracticeSettings
from pipeline.settings import Settings
from pipeline.store import open_store
from pipeline.store.edge import EdgeVectorStore

SPEED = 500.0
_BLOCK = 65_536
_ZEROS = bytes(_BLOCK)
SERIES, FILM, RADIO = "Akari Minato Nendaiki", "Akari Minato Nendaiki: Naranai Kane", "Minato Radio"


@dataclass(slots=True)
class Platforms:
    """Practice platforms that run in a thread of their own."""

    running: RunningPractice

    @property
    def url(self) -> str:
        return self.running.url

    def answered(self) -> dict[str, int]:
        """Requests so far by platform, but for robots.txt, which every process reads anew; pictures as ``images``."""
        counters = self.running.gate.counters
        counts = {p.value: c.requests - c.kinds["robots"] for p, c in counters.by_platform.items()}
        return counts | {"images": counters.images}

    def since(self, before: Mapping[str, int]) -> dict[str, int]:
        """What was asked since ``before``, platforms that were not asked left out."""
        return {name: n - before[name] for name, n in self.answered().items() if n != before[name]}

    @contextmanager
    def going_wrong(self, *faults: Fault) -> Iterator[None]:
        for fault in faults:
            self.running.gate.faults.add(fault)
        try:
            yield
        finally:
            self.running.gate.faults.clear()


@contextmanager
def practice_platforms(*, speed: float = SPEED, has_limits: bool = False) -> Iterator[Platforms]:
    """All six, with the practice catalogue's 24 titles, until the block ends."""
    settings = PracticeSettings(rows=read_practice_rows(), speed=speed, has_limits=has_limits)
    ready, box = threading.Event(), dict[str, Any]()

    async def serve() -> None:
        box["end"], box["loop"] = asyncio.Event(), asyncio.get_running_loop()
        async with run_practice(settings) as running:
            box["running"] = running
            ready.set()
            await box["end"].wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert ready.wait(30), "the practice platforms did not start"
    try:
        yield Platforms(box["running"])
    finally:
        box["loop"].call_soon_threadsafe(box["end"].set)
        thread.join(10)


def practice_rows() -> list[dict[str, Any]]:
    """The practice catalogue as plain data, first the line about the file."""
    return [orjson.loads(line) for line in Path(practice_catalogue()).read_bytes().splitlines()]


def write_catalogue(
    path: Path, titles: Sequence[str], change: Callable[[dict[str, Any]], None] = lambda _: None
) -> str:
    """A catalogue of some practice titles, each row through ``change``."""
    about, *rows = practice_rows()
    chosen = [row for row in rows if row["title"] in titles]
    assert len(chosen) == len(titles), titles
    for row in chosen:
        change(row)
    path.write_bytes(b"\n".join(orjson.dumps(line) for line in [about, *chosen]))
    return str(path)


def take_over_radio(row: dict[str, Any]) -> None:
    """A change of the film's row: it now has all sources of :data:`RADIO`, which is the same title then."""
    if row["title"] == FILM:
        [radio] = [other for other in practice_rows()[1:] if other["title"] == RADIO]
        row["sources"] += radio["sources"]


@contextmanager
def quick_folder() -> Iterator[Path]:
    """A folder in memory where there is one. What a killed process leaves does not depend on the disk, and a ledger
    that flushes every result to a shared disk makes a suite of minutes out of one of seconds."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(
        prefix="anime-enrich-", dir=memory if os.access(memory, os.W_OK) else None
    ) as name:
        yield Path(name)


def copy_folder(source: Path, target: Path) -> None:
    """Copy checkpoints so that zeros take no room: nearly all of an embedded store is, and writing that takes long."""
    shutil.copytree(source, target, copy_function=_copy_with_holes, dirs_exist_ok=True)


def _copy_with_holes(source: str, target: str) -> None:
    with Path(source).open("rb") as old, Path(target).open("wb") as new:
        while block := old.read(_BLOCK):
            if block == _ZEROS[: len(block)]:
                new.seek(len(block), os.SEEK_CUR)
            else:
                new.write(block)
        new.truncate()


def settings_for(folder: Path, url: str, catalogue: str | None = None, **changes: Any) -> Settings:
    """Settings of a run in ``folder`` on practice platforms; ``changes`` go over them section by section."""
    settings = Settings(checkpoints=folder, catalogue=catalogue or practice_catalogue())
    given = pointed_at(settings, url, speed=SPEED).model_dump()
    return Settings(**_merged(given, changes))


def _merged(under: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    return under | {
        name: _merged(under[name], value) if isinstance(value, dict) else value for name, value in over.items()
    }


@dataclass(slots=True)
class Told:
    """The result of :func:`enrich`: the report and the steps that were told."""

    report: RunReport
    steps: list[str] = field(default_factory=list)


async def enrich(
    settings: Settings,
    *,
    now: Callable[[], float] = time.time,
    change: Callable[[Parts], Parts] = lambda parts: parts,
    title_ids: Sequence[str] | None = None,
    tier: Tier = Tier.PAGES,
) -> Told:
    """One run as the command line does it: sync the catalogue, enrich what is due."""
    told = Told(RunReport())
    with closing(open_ledger(settings, now=now)) as ledger:
        sync_catalogue(ledger, settings.catalogue or practice_catalogue())
        async with opened(settings, ledger, now=now) as parts:
            told.report = await Runner(change(parts), told.steps.append, tier).run(title_ids)
    return told


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything a run leaves that must not depend on how it got there."""

    records: Mapping[str, tuple[bytes, bytes]]
    """Record and provenance, as bytes."""
    results: Mapping[str, tuple[str | None, str | None]]
    outcomes: Mapping[tuple[str, str], tuple[str, tuple[str, ...], str]]
    points: Mapping[str, tuple[Any, Mapping[str, bytes]]]
    """Payload, and the bits of every vector."""
    quality: Mapping[str, Quality]


def standing(settings: Settings) -> Standing:
    """Read back what stands in the ledger and in the store."""
    with closing(open_ledger(settings, now=time.time)) as ledger:
        titles = ledger.titles.load(ledger.titles.active())
        outcomes = ledger.fetched.outcomes([t.title_id for t in titles])
        return Standing(
            records={
                t.title_id: (ledger.blobs.get(t.record), ledger.blobs.get(t.provenance))
                for t in titles
                if t.record and t.provenance
            },
            results={t.title_id: (t.result, t.note) for t in titles},
            outcomes={
                (title_id, platform.value): (s.outcome.outcome.value, s.outcome.ids, s.outcome.reason)
                for title_id, by in outcomes.items()
                for platform, s in by.items()
            },
            points=points_of(settings),
            quality=dict(ledger.quality.every()),
        )


def points_of(settings: Settings) -> dict[str, tuple[Any, Mapping[str, bytes]]]:
    """Every point of the embedded store: its payload and its vectors' bits."""
    texts, pictures = load_text_embedder(settings.embedding), load_image_embedder(settings.embedding)
    sizes = dict.fromkeys(TEXT_VECTORS, texts.dimensions) | dict.fromkeys(IMAGE_VECTORS, pictures.dimensions)
    models = dict.fromkeys(TEXT_VECTORS, identity(texts)) | dict.fromkeys(IMAGE_VECTORS, identity(pictures))
    store = open_store(settings, sizes, models)
    assert isinstance(store, EdgeVectorStore)
    try:
        rows = store._open().retrieve(list(store.scroll_ids()), True, True)
        return {
            str(row.id): (row.payload, {n: np.asarray(v, "<f4").tobytes() for n, v in (row.vector or {}).items()})
            for row in rows
        }
    finally:
        store.close()


def outcomes_of(settings: Settings) -> dict[tuple[str, Platform], str]:
    """Outcome by the title's name and platform."""
    with closing(open_ledger(settings, now=time.time)) as ledger:
        names = {t.title_id: t.name for t in ledger.titles.load(ledger.titles.active())}
        stored = ledger.fetched.outcomes(list(names))
        return {(names[t], p): s.outcome.outcome.value for t, by in stored.items() for p, s in by.items()}
