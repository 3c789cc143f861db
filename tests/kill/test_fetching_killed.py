"""Fetching alone, on platforms that keep their limits: whatever dies, no window is over and no answer is fetched twice.

The child fetches and nothing else. It says when it begins to ask, so that it dies while it asks.
"""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest

from pipeline.domain.names import Platform
from pipeline.enrich.opening import open_ledger
from pipeline.enrich.rehearsal import pointed_at
from pipeline.settings import Settings

from ..enrich.rehearsing import SERIES, Platforms, practice_platforms, write_catalogue  # noqa: TID252  # tests is no package
from .conftest import all_but

_SPEED = 20.0
_CHILD = """
import asyncio, sys, time
from contextlib import closing
import orjson
from pipeline.domain.names import Platform
from pipeline.enrich.fetch.adapters import make_adapters
from pipeline.enrich.fetch.fetching import Fetcher
from pipeline.enrich.opening import open_ledger
from pipeline.enrich.syncing import sync_catalogue
from pipeline.settings import Settings
from pipeline.transport import HttpTransport

async def one_window(title_ids):
    yield title_ids

async def tell_nobody(platform, title_ids):
    return None

async def fetch(settings, ledger):
    adapters, title_ids = make_adapters(settings), list(ledger.titles.active())
    async with HttpTransport(settings) as transport, asyncio.TaskGroup() as group:
        for platform in Platform:
            fetcher = Fetcher(
                adapter=adapters[platform], ledger=ledger, transport=transport, freshness=settings.freshness,
                now=time.time, why_off=settings.why_off(platform),
                concurrency=settings.platforms.of(platform).concurrency, on_step=lambda _: None,
            )
            group.create_task(fetcher.run(one_window(title_ids), tell_nobody))
        print("begun", flush=True)

settings = Settings(**orjson.loads(sys.argv[1]))
with closing(open_ledger(settings, now=time.time)) as ledger:
    sync_catalogue(ledger, settings.catalogue)
    asyncio.run(fetch(settings, ledger))
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def budget(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    """Settings of an empty budget on each engine in turn."""
    if request.param == "sqlite":
        return {"budget_path": tmp_path / "budget.sqlite3", "budget_url": None}
    url = f"{request.getfixturevalue('postgres')}/postgres".replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("drop schema if exists request_budget cascade")
    return {"budget_path": None, "budget_url": url}


@pytest.mark.kill
def test_fetching_killed_ten_times_keeps_every_window_and_fetches_nothing_twice(
    tmp_path: Path, budget: dict[str, Any]
) -> None:
    """Ten kills at random moments, on the same ledger and budget, then a run to the end."""
    kill_and_check(tmp_path, budget, all_but(SERIES), kills=10)


def test_fetching_killed_twice_keeps_every_window_and_fetches_nothing_twice(tmp_path: Path) -> None:
    """The short form, in every test run."""
    kill_and_check(tmp_path, {"budget_path": tmp_path / "budget.sqlite3"}, all_but(SERIES)[:6], kills=2)


def kill_and_check(folder: Path, budget: dict[str, Any], titles: list[str], *, kills: int) -> None:
    dice, catalogue = random.Random(kills), write_catalogue(folder / "rows.jsonl", titles)
    with practice_platforms(speed=_SPEED, has_limits=True) as platforms:
        given = pointed_at(Settings(checkpoints=folder, catalogue=catalogue), platforms.url, speed=_SPEED)
        settings = Settings(**(given.model_dump() | budget))
        for _ in range(kills):
            assert run(settings, lambda: dice.uniform(0.0, 0.35)) == -signal.SIGKILL
        before = platforms.answered()
        assert run(settings) == 0
        assert platforms.since(before), "every kill came while there was work left"
        check(platforms, settings, kills)


def run(settings: Settings, dies_after_s: Callable[[], float] | None = None) -> int:
    """One process, to its end or until so long after it began to ask; gives its exit code."""
    command = [sys.executable, "-c", _CHILD, orjson.dumps(settings.model_dump(mode="json")).decode()]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        if dies_after_s is not None:
            time.sleep(dies_after_s())
            process.kill()
        return process.wait(120)


def check(platforms: Platforms, settings: Settings, kills: int) -> None:
    counted = platforms.running.gate.counters.by_platform
    assert {p.value: dict(c.over_windows) for p, c in counted.items() if c.over_windows} == {}
    assert {p.value: dict(c.refusals) for p, c in counted.items() if c.refusals} == {}
    with closing(open_ledger(settings, now=time.time)) as ledger:
        kept, outcomes = ledger.fetched.answer_count(), ledger.fetched.tally()
    assert all("failed" not in by_outcome for by_outcome in outcomes.values()), outcomes
    for platform in Platform:
        twice = counted[platform].requests - counted[platform].kinds["robots"] - kept[platform]
        assert 0 <= twice <= kills * settings.platforms.of(platform).concurrency, platform
