"""The plan: requests by platform, what is spared, and how long it takes when every limit is kept."""

import time
from contextlib import closing
from pathlib import Path

import pytest

from pipeline.domain.names import Platform
from pipeline.enrich.fetch.adapters import make_adapters
from pipeline.enrich.opening import open_ledger
from pipeline.enrich.plan import Plan, plan_run, time_at_limits_s
from pipeline.enrich.syncing import sync_catalogue
from pipeline.settings import Limit, Settings

from .rehearsing import FILM, RADIO, Platforms, enrich, settings_for, write_catalogue

HOUR_S, DAY_S = 3600.0, 86_400.0
INN = "Mayonaka no Yado"
JIKAN = (Limit(requests=3, per_s=1), Limit(requests=60, per_s=60), Limit(requests=40_000, per_s=DAY_S))


@pytest.mark.parametrize(
    ("requests", "limits", "expected_s"),
    [
        (116_056, JIKAN[:2], 32.2 * HOUR_S),
        (155_576, JIKAN[:2], 43.2 * HOUR_S),
        (116_056, JIKAN, 58 * HOUR_S),
        (155_576, JIKAN, 81.9 * HOUR_S),
        (232_112, JIKAN, 128.9 * HOUR_S),
        (512, (Limit(requests=1, per_s=2), Limit(requests=30, per_s=60)), 17 * 60),
        (1011, (Limit(requests=1, per_s=2), Limit(requests=30, per_s=60)), 34 * 60),
        (38_894, (Limit(requests=1, per_s=4),), 43.2 * HOUR_S),
        (38_894, (Limit(requests=1, per_s=4), Limit(requests=200, per_s=DAY_S)), 194.3 * DAY_S),
    ],
)
def test_the_time_is_what_the_limits_make_of_it(requests: int, limits: tuple[Limit, ...], expected_s: float) -> None:
    """The figures of the survey of the platforms (platforms.md 0.2 and 9), within two percent."""
    assert time_at_limits_s(requests, limits) == pytest.approx(expected_s, rel=0.02)


@pytest.mark.parametrize(
    ("requests", "expected_s"), [(0, 0.0), (1, 0.0), (3, 0.0), (4, 1.0), (60, 19.0), (61, 60.0), (64, 61.0)]
)
def test_the_first_requests_of_a_window_cost_no_time(requests: int, expected_s: float) -> None:
    """Three a second and sixty a minute, counted out by hand."""
    assert time_at_limits_s(requests, JIKAN[:2]) == expected_s


def plan_of(settings: Settings) -> Plan:
    with closing(open_ledger(settings, now=time.time)) as ledger:
        sync_catalogue(ledger, str(settings.catalogue))
        active = ledger.titles.active()
        return plan_run(settings, ledger, make_adapters(settings), active, selected=len(active), now=time.time)


def by_platform(plan: Plan, attribute: str) -> dict[Platform, object]:
    return {p.platform: getattr(p, attribute) for p in plan.platforms}


@pytest.fixture
def settings(tmp_path: Path, platforms: Platforms) -> Settings:
    catalogue = write_catalogue(tmp_path / "three.jsonl", [FILM, INN, RADIO])
    return settings_for(tmp_path / "checkpoints", platforms.url, catalogue)


def test_a_plan_asks_nobody(settings: Settings, platforms: Platforms) -> None:
    """It is made from the ledger alone."""
    asked = platforms.answered()
    plan = plan_of(settings)
    assert (plan.selected, plan.due) == (3, 3)
    assert platforms.since(asked) == {}


def test_requests_are_counted_in_batches(settings: Settings) -> None:
    """Two titles each: one request where they go together, one or more a title elsewhere; Radio is barely listed."""
    plan = plan_of(settings)
    counts = by_platform(plan, "request_count")
    assert (counts[Platform.ANILIST], counts[Platform.KITSU], counts[Platform.ANIDB]) == (1, 1, 2)
    assert by_platform(plan, "titles")[Platform.ANIME_PLANET] == 3
    assert by_platform(plan, "not_listed")[Platform.JIKAN] == 1
    assert set(by_platform(plan, "spared").values()) == {0}


async def test_a_plan_is_what_is_asked_of_titles_without_surprises(settings: Settings, platforms: Platforms) -> None:
    """Short casts, ids that are there: the run asks exactly what was planned, on every platform."""
    planned, asked = by_platform(plan_of(settings), "request_count"), platforms.answered()
    await enrich(settings)
    sent = platforms.since(asked)
    assert {platform: sent[platform.value] for platform in planned} == planned


async def test_fresh_answers_are_spared(settings: Settings) -> None:
    """After a run nothing is left to ask: every listed title is spared on every platform."""
    await enrich(settings)
    plan = plan_of(settings)
    assert set(by_platform(plan, "request_count").values()) == {0}
    assert by_platform(plan, "spared")[Platform.KITSU] == 2
    assert by_platform(plan, "spared")[Platform.ANIME_PLANET] == 3
    assert plan.long_pole is None


async def test_a_platform_that_was_off_is_planned_for_once_it_is_on(tmp_path: Path, settings: Settings) -> None:
    """What was settled by not asking spares nothing when the platform is switched on."""
    off = Settings(**_without_kitsu(settings))
    assert by_platform(plan_of(off), "request_count")[Platform.KITSU] == 0
    await enrich(off)
    assert by_platform(plan_of(settings), "titles")[Platform.KITSU] == 2
    assert by_platform(plan_of(settings), "request_count")[Platform.ANIDB] == 0


def _without_kitsu(settings: Settings) -> dict[str, object]:
    given = settings.model_dump()
    given["platforms"]["kitsu"]["enabled"] = False
    return given


def test_the_slowest_platform_is_the_long_pole(settings: Settings) -> None:
    """All are asked side by side: AniDB, one in four seconds, is what everybody waits for."""
    plan = plan_of(settings)
    pole = plan.long_pole
    assert pole is not None
    assert pole.eta_s == max(p.eta_s for p in plan.platforms)
    assert plan.as_json()["long_pole"] == pole.platform.value


def test_a_plan_can_be_written_down(settings: Settings) -> None:
    """Plain data, with the word that it is an estimate and what the platforms' terms say."""
    written = plan_of(settings).as_json()
    assert written["is_estimate"] is True
    assert isinstance(written["platforms"], dict)
    assert "written permission" in str(written["platforms"]["anilist"])
