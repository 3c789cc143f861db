"""An operator wants more of MyAnimeList than before: finished titles are asked for what they lack, and nothing else."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest

from pipeline.domain.names import Outcome, Platform
from pipeline.enrich.fetch.adapters import make_adapters
from pipeline.enrich.opening import open_ledger, read_config
from pipeline.enrich.plan import PlatformPlan, plan_run
from pipeline.enrich.report import ExitCode
from pipeline.ledger.fetched import SettledOutcome
from pipeline.platforms.jikan.requests import EXTRAS
from pipeline.practice.faults import Fault, FaultKind
from pipeline.settings import Settings

from .rehearsing import FILM, RADIO, SPEED, Platforms, enrich, settings_for, standing, write_catalogue

INN, COMPASSES = "Mayonaka no Yado", "Futatsu no Rashinban"
WIDE = ("statistics", "pictures", "videos")
MAL_IDS = 4
"""The film and the inn have one each, the compasses two, Radio none."""


@pytest.fixture
def catalogue(tmp_path: Path) -> str:
    return write_catalogue(tmp_path / "catalogue.jsonl", [FILM, INN, COMPASSES, RADIO])


@pytest.fixture
def place(tmp_path: Path, platforms: Platforms, catalogue: str) -> "Place":
    return Place(tmp_path, platforms, catalogue)


class Place:
    """A folder, a catalogue and platforms; settings differ in the extras."""

    def __init__(self, folder: Path, platforms: Platforms, catalogue: str) -> None:
        self.folder, self.platforms, self.catalogue = folder, platforms, catalogue

    def wanting(self, *extras: str, name: str = "checkpoints", **changes: Any) -> Settings:
        jikan = {"extras": list(extras), "attempts": 1, "breaker": {"failures": 99}}
        return settings_for(
            self.folder / name, self.platforms.url, self.catalogue, platforms={"jikan": jikan}, **changes
        )

    def kinds(self) -> Counter[str]:
        """What the Jikan-shaped service was asked so far, by route."""
        return self.platforms.running.gate.counters.by_platform[Platform.JIKAN].kinds.copy()


def mal_outcomes(settings: Settings) -> dict[str, SettledOutcome]:
    with closing(open_ledger(settings, now=time.time)) as ledger:
        names = {t.title_id: t.name for t in ledger.titles.load(ledger.titles.active())}
        stored = ledger.fetched.outcomes(list(names))
        return {names[t]: by[Platform.JIKAN].outcome for t, by in stored.items()}


def planned(settings: Settings) -> PlatformPlan:
    with closing(open_ledger(settings, now=time.time)) as ledger:
        due = ledger.titles.due(config=read_config(settings))
        plan = plan_run(settings, ledger, make_adapters(settings), due, selected=4, now=time.time)
    assert {p.request_count for p in plan.platforms if p.platform is not Platform.JIKAN} == {0}
    return next(p for p in plan.platforms if p.platform is Platform.JIKAN)


def only(platforms: Platforms, before: Mapping[str, int]) -> dict[str, int]:
    return {name: count for name, count in platforms.since(before).items() if name != "images"}


async def test_fresh_titles_are_asked_for_the_new_parts_alone(place: Place) -> None:
    """Three requests an id, of MyAnimeList only; planned so before; no answer is fresher for it; then all is quiet."""
    await enrich(place.wanting())
    before, asked, kinds = mal_outcomes(place.wanting()), place.platforms.answered(), place.kinds()
    wide = place.wanting(*WIDE)
    plan = planned(wide)
    assert (plan.titles, plan.spared, dict(plan.requests)) == (3, 0, dict.fromkeys(WIDE, MAL_IDS))
    told = await enrich(wide)
    assert told.report.exit_code is ExitCode.DONE
    assert only(place.platforms, asked) == {"jikan": 3 * MAL_IDS}
    assert place.kinds() - kinds == dict.fromkeys(WIDE, MAL_IDS)
    assert mal_outcomes(wide) == before
    assert planned(wide).request_count == 0
    assert (await enrich(wide)).report.due == 0


async def test_more_and_more_ends_as_everything_at_once(place: Place) -> None:
    """Core, then wide, then everything: records, reasons and points are those of one run that wanted it all."""
    for extras in ((), WIDE, EXTRAS):
        await enrich(place.wanting(*extras))
    at_once = place.wanting(*EXTRAS, name="at once")
    kinds = place.kinds()
    await enrich(at_once)
    cost = place.kinds() - kinds
    assert cost["videos"] == MAL_IDS
    assert min(cost[name] for name in ("full", "characters", "episodes")) >= MAL_IDS
    assert standing(place.wanting(*EXTRAS)) == standing(at_once)


async def test_wanting_less_again_asks_nothing_and_forgets_nothing(place: Place) -> None:
    """The parts that were paid for stay, and the record with them."""
    await enrich(place.wanting(*WIDE))
    stood, asked = standing(place.wanting()), place.platforms.answered()
    told = await enrich(place.wanting())
    assert told.report.due == 4
    assert only(place.platforms, asked) == {}
    assert standing(place.wanting()) == stood


async def test_what_fails_of_the_new_parts_is_asked_again_and_nothing_else(place: Place) -> None:
    """Videos cannot be had: the titles are degraded and due at once; later only videos are asked, even days later."""
    await enrich(place.wanting())
    fresh = {name: one.fresh_until for name, one in mal_outcomes(place.wanting()).items()}
    wide, kinds = place.wanting(*WIDE), place.kinds()
    with place.platforms.going_wrong(Fault(FaultKind.ERROR_500, Platform.JIKAN, path="/videos")):
        told = await enrich(wide)
    assert (told.report.degraded, told.report.exit_code) == (3, ExitCode.DEGRADED)
    failed = {name: one for name, one in mal_outcomes(wide).items() if name != RADIO}
    assert {one.outcome for one in failed.values()} == {Outcome.FAILED}
    assert {name: one.fresh_until for name, one in failed.items()} == {name: fresh[name] for name in failed}
    assert (place.kinds() - kinds)["full"] == 0
    kinds = place.kinds()
    assert planned(wide).requests == {"videos": MAL_IDS}
    told = await enrich(wide, now=lambda: time.time() + 2 * 86_400.0)
    assert place.kinds() - kinds == {"videos": MAL_IDS}
    assert told.report.exit_code is ExitCode.DONE
    assert {one.outcome for name, one in mal_outcomes(wide).items() if name != RADIO} == {Outcome.FOUND}


async def test_a_failure_that_is_no_longer_wanted_is_over(place: Place) -> None:
    """Videos failed, the operator gives them up: the titles are whole again without a request."""
    await enrich(place.wanting())
    with place.platforms.going_wrong(Fault(FaultKind.ERROR_500, Platform.JIKAN, path="/videos")):
        await enrich(place.wanting("videos"))
    asked = place.platforms.answered()
    told = await enrich(place.wanting())
    assert told.report.exit_code is ExitCode.DONE
    assert only(place.platforms, asked) == {}
    assert {one.outcome for name, one in mal_outcomes(place.wanting()).items() if name != RADIO} == {Outcome.FOUND}


async def test_killed_while_topping_up_only_the_rest_is_asked(place: Place) -> None:
    """The process is killed when some of the new answers were kept: the next run asks for the others, each once."""
    await enrich(place.wanting())
    wide, kinds = place.wanting(*WIDE), place.kinds()
    assert run_to_death(wide, "keep:jikan", nth=6) == -signal.SIGKILL
    kept = (place.kinds() - kinds).total()
    assert kept >= 6
    assert {one.outcome for name, one in mal_outcomes(wide).items() if name != RADIO} == {Outcome.FOUND}
    told = await enrich(wide)
    assert told.report.exit_code is ExitCode.DONE
    cost = place.kinds() - kinds
    assert set(cost) == set(WIDE)
    assert cost.total() <= 3 * MAL_IDS + wide.platforms.jikan.concurrency  # what was in flight is asked again
    assert planned(wide).request_count == 0


def run_to_death(settings: Settings, step: str, *, nth: int) -> int:
    """The same run in a process that kills itself at a step; gives its exit code."""
    child = Path(__file__).parents[1] / "kill" / "child.py"
    command = [sys.executable, str(child), "--checkpoints", str(settings.checkpoints), "--speed", str(SPEED)]
    command += ["--address", settings.platforms.jikan.base_url.removesuffix("/jikan")]
    command += ["--catalogue", str(settings.catalogue), "--steps", str(settings.checkpoints.with_suffix(".steps"))]
    extras = orjson.dumps(sorted(settings.platforms.jikan.extras)).decode()
    return subprocess.run(
        [*command, "--kill-at", step, "--nth", str(nth)],
        env=os.environ | {"ANIME_ENRICH_PLATFORMS__JIKAN__EXTRAS": extras},
        check=False,
        timeout=120,
    ).returncode
