"""Two processes on one ledger: with one store the second is turned away, with two they share the work."""

import asyncio
import shutil
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from pipeline.enrich.opening import open_ledger, opened
from pipeline.enrich.syncing import sync_catalogue
from pipeline.ledger.tables import CLAIMS
from pipeline.settings import Settings

from ..enrich.rehearsing import Platforms, settings_for, write_catalogue  # noqa: TID252  # tests is no package
from .conftest import FEW
from .killing import TITLE_STEPS, Reference, new_patient

_COMMAND = "from pipeline.cli import main; main()"


async def test_the_second_process_is_turned_away_in_one_sentence(
    folder: Path, tmp_path: Path, platforms: Platforms
) -> None:
    """The embedded store is held: exit code 1, one line that says so, and not a row of the ledger is changed."""
    catalogue = write_catalogue(tmp_path / "few.jsonl", FEW)
    settings = settings_for(folder, platforms.url, catalogue)
    with closing(open_ledger(settings, now=time.time)) as ledger:
        sync_catalogue(ledger, catalogue)
        async with opened(settings, ledger, now=time.time):
            before, asked = _dump(folder), platforms.answered()
            arguments = ["run", "--practice", "--all", "--catalogue", catalogue, "--checkpoints", str(folder)]
            second = await asyncio.to_thread(
                subprocess.run,
                [sys.executable, "-c", _COMMAND, *arguments],
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert _dump(folder) == before
            assert platforms.since(asked) == {}
    assert second.returncode == 1
    [sentence] = second.stderr.splitlines()
    assert sentence.startswith("anime-enrich: ")
    assert "qdrant" in sentence
    assert "Traceback" not in second.stdout


def _dump(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "ledger.sqlite3")) as c:
        return list(c.iterdump())


def test_two_processes_share_the_titles_and_do_no_step_twice(tmp_path: Path, some: Reference) -> None:
    """Each is asked for a part, the parts overlap: every title is done once, and every claim is given back."""
    patient = new_patient(some, tmp_path / "checkpoints")
    stores = [tmp_path / "one", tmp_path / "two"]
    asyncio.run(_make_store(settings_for(stores[0], some.platforms.url)))
    shutil.copytree(*stores)  # the same empty collection, as two processes of one Qdrant server see it
    some.platforms.running.gate.latency_s = 0.05  # so that neither is through before the other has begun
    try:
        files = [tmp_path / "one.steps", tmp_path / "two.steps"]
        parts = [("--last", "7"), ("--first", "3")]
        both = [
            patient.start("--store", str(store), "--steps", str(file), *part)
            for store, file, part in zip(stores, files, parts, strict=True)
        ]
        ended = [process.wait(120) for process in both]
    finally:
        some.platforms.running.gate.latency_s = 0.0
    assert [code for code, _ in ended] == [0, 0], ended
    done = [Counter(file.read_text().splitlines()) for file in files]
    assert all(counts["assemble"] > 0 for counts in done)
    together = done[0] + done[1]
    assert {s: n for s, n in together.items() if s in TITLE_STEPS} == {
        s: n for s, n in some.steps.items() if s in TITLE_STEPS
    }
    asked = some.platforms.since(patient.before)
    for name in ("jikan", "anidb", "anime_planet"):  # whoever batches asks in other handfuls
        assert asked[name] == some.answered[name]
    with closing(open_ledger(patient.settings, now=time.time)) as ledger:
        assert ledger.titles.results() == {"done": len(some.standing.records)}
        with ledger.database.read() as c:
            assert c.execute(sa.select(sa.func.count()).select_from(CLAIMS)).scalar() == 0


async def _make_store(settings: Settings) -> None:
    with closing(open_ledger(settings, now=time.time)) as ledger:
        async with opened(settings, ledger, now=time.time):
            pass
