"""Runs that stop at a tier: who is asked, what is left alone, and what a run that goes farther makes of it."""

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pipeline.domain.names import Outcome, Platform, Tier
from pipeline.domain.record import AnimeRecord
from pipeline.enrich.fetch.adapters import make_adapters
from pipeline.enrich.opening import open_ledger, read_config
from pipeline.enrich.plan import Plan, plan_run
from pipeline.enrich.report import ExitCode
from pipeline.enrich.syncing import sync_catalogue
from pipeline.practice.faults import Fault, FaultKind
from pipeline.settings import Settings

from .rehearsing import Platforms, enrich, outcomes_of, settings_for, standing, write_catalogue

INN, COMPASSES = "Mayonaka no Yado", "Futatsu no Rashinban"
AP = Platform.ANIME_PLANET


@pytest.fixture
def settings(tmp_path: Path, platforms: Platforms) -> Settings:
    catalogue = write_catalogue(tmp_path / "two.jsonl", [INN, COMPASSES])
    return settings_for(tmp_path / "checkpoints", platforms.url, catalogue)


def in_days(days: float) -> Callable[[], float]:
    return lambda: time.time() + days * 86_400.0


def records(settings: Settings) -> dict[str, AnimeRecord]:
    found = [AnimeRecord.model_validate_json(record) for record, _ in standing(settings).records.values()]
    return {record.title: record for record in found}


def tiers(settings: Settings) -> set[Tier]:
    return {record.enrichment_metadata.tier for record in records(settings).values()}


async def test_the_catalogue_tier_asks_nobody(settings: Settings, platforms: Platforms) -> None:
    """Records are made of rows alone, say so, and are no failure; the same run again does nothing."""
    asked = platforms.answered()
    told = await enrich(settings, tier=Tier.CATALOGUE)
    assert (told.report.done, told.report.exit_code) == (2, ExitCode.DONE)
    assert set(platforms.since(asked)) <= {"images"}
    assert tiers(settings) == {Tier.CATALOGUE}
    assert set(outcomes_of(settings).values()) <= {Outcome.LEFT_OUT, Outcome.NOT_LISTED}
    again = await enrich(settings, tier=Tier.CATALOGUE)
    assert (again.report.due, again.steps) == (0, [])


async def test_each_farther_tier_asks_only_what_was_left_out(settings: Settings, platforms: Platforms) -> None:
    """Catalogue, APIs, pages one after the other ask, and come to, what one run of all does."""
    asked = platforms.answered()
    await enrich(settings, tier=Tier.CATALOGUE)
    told = await enrich(settings, tier=Tier.APIS)
    by_apis = platforms.since(asked)
    assert told.report.due == 2
    assert AP.value not in by_apis
    assert tiers(settings) == {Tier.APIS}
    assert {o for (_, p), o in outcomes_of(settings).items() if p is AP} == {Outcome.LEFT_OUT}
    assert (await enrich(settings, tier=Tier.APIS)).report.due == 0
    between = platforms.answered()
    told = await enrich(settings)
    assert told.report.due == 2
    assert set(platforms.since(between)) <= {AP.value, "images"}
    assert tiers(settings) == {Tier.PAGES}
    at_once = settings_for(settings.checkpoints.with_name("at once"), platforms.url, settings.catalogue)
    await enrich(at_once)
    assert standing(settings) == standing(at_once)


@pytest.mark.parametrize("tier", [Tier.CATALOGUE, Tier.APIS])
async def test_a_nearer_run_leaves_what_a_farther_one_made(
    settings: Settings, platforms: Platforms, tier: Tier
) -> None:
    """As long as it is good nothing is due; afterwards pages are not asked, and what they said stays."""
    await enrich(settings)
    made, asked = standing(settings), platforms.answered()
    assert (await enrich(settings, tier=tier)).report.due == 0
    assert standing(settings) == made
    told = await enrich(settings, tier=tier, now=in_days(31))
    assert told.report.exit_code is ExitCode.DONE
    assert (AP.value in platforms.since(asked), "kitsu" in platforms.since(asked)) == (False, tier is Tier.APIS)
    assert standing(settings) == made
    assert (await enrich(settings, tier=tier, now=in_days(31.1))).report.due == 0
    assert (await enrich(settings, now=in_days(31.2))).report.due == 2
    assert platforms.since(asked)[AP.value] > 0


async def test_an_outage_of_pages_does_not_concern_a_run_without_them(settings: Settings, platforms: Platforms) -> None:
    """It stays failed as it was, is not asked, and keeps no title due in runs that do not ask it."""
    off = settings.model_dump()
    off["platforms"]["anime_planet"] |= {"attempts": 1, "base_url": "http://127.0.0.1:9/anime_planet"}
    await enrich(Settings(**off))
    asked = platforms.answered()
    await enrich(settings, tier=Tier.APIS)
    assert (await enrich(settings, tier=Tier.APIS)).report.due == 0
    assert AP.value not in platforms.since(asked)
    assert (await enrich(settings)).report.exit_code is ExitCode.DONE


def plan_of(settings: Settings, tier: Tier) -> Plan:
    with closing(open_ledger(settings, now=time.time)) as ledger:
        sync_catalogue(ledger, str(settings.catalogue))
        due = ledger.titles.due(config=read_config(settings), tier=tier)
        return plan_run(settings, ledger, make_adapters(settings), due, selected=2, now=time.time, tier=tier)


@pytest.mark.parametrize(("tier", "asked"), [(Tier.CATALOGUE, 0), (Tier.APIS, 5), (Tier.PAGES, 6)])
def test_a_plan_stops_where_the_run_does(settings: Settings, tier: Tier, asked: int) -> None:
    """Who is left out has no requests, and the plan says why."""
    plan = plan_of(settings, tier)
    assert plan.due == 2
    assert len([p for p in plan.platforms if p.request_count]) == asked
    left_out = [p.why_off for p in plan.platforms if p.why_off]
    assert left_out == [f"the run stops at the tier {tier.value!r}"] * (6 - asked)


async def test_what_was_done_at_one_tier_is_planned_for_the_next(settings: Settings) -> None:
    """After the APIs nothing is due among them, and everything among the pages."""
    await enrich(settings, tier=Tier.APIS)
    assert (plan_of(settings, Tier.APIS).due, plan_of(settings, Tier.PAGES).due) == (0, 2)


# Stale answers


async def test_earlier_answers_serve_when_a_platform_is_down(settings: Settings, platforms: Platforms) -> None:
    """The record holds what the platform said before, and record, note, report and exit code say that it is old."""
    await enrich(settings)
    before, began = records(settings), time.time()
    heard = {t for (t, p), o in outcomes_of(settings).items() if (p, o) == (Platform.KITSU, Outcome.FOUND)}
    down: dict[str, Any] = settings.model_dump()
    down["platforms"]["kitsu"] |= {"attempts": 1, "base_url": "http://127.0.0.1:9/kitsu"}
    told = await enrich(Settings(**down), now=in_days(31))
    assert told.report.exit_code is ExitCode.DEGRADED
    assert told.report.stale[Platform.KITSU].titles == len(heard) > 0
    assert told.report.stale[Platform.KITSU].since == pytest.approx(began, abs=60)
    assert list(told.report.stale) == [Platform.KITSU]
    day = time.strftime("%Y-%m-%d", time.gmtime(told.report.stale[Platform.KITSU].since))
    serving = {p.name for p in told.report.problems if f"(its answers of {day} serve)" in p.why}
    assert serving == heard
    for title, record in records(settings).items():
        metadata = record.enrichment_metadata
        assert (metadata.stale, metadata.is_degraded) == ([Platform.KITSU] * (title in heard), True)
        assert metadata.outcomes[Platform.KITSU] is Outcome.FAILED
        same = {"enrichment_metadata"}
        assert record.model_dump(exclude=same) == before[title].model_dump(exclude=same)
    asked = platforms.answered()
    assert (await enrich(settings, now=in_days(31.1))).report.stale == {}
    assert set(platforms.since(asked)) == {"kitsu"}
    assert records(settings) == before


async def test_a_first_failure_has_nothing_old_to_serve(settings: Settings, platforms: Platforms) -> None:
    """Failed is not stale where nothing was ever heard."""
    with platforms.going_wrong(Fault(FaultKind.BAN, Platform.ANIDB, wait_s=0.1)):
        told = await enrich(settings)
    assert told.report.stale == {}
    assert all(record.enrichment_metadata.stale == [] for record in records(settings).values())


# Conditional requests


async def test_what_has_not_changed_is_not_sent_again(settings: Settings, platforms: Platforms) -> None:
    """After a month every question to MAL is asked again and answered with 304; the record is as new as before."""
    await enrich(settings)
    made, asked = standing(settings), platforms.answered()
    statuses = platforms.running.gate.counters.by_platform[Platform.JIKAN].statuses
    before = statuses.copy()
    told = await enrich(settings, now=in_days(31))
    assert told.report.exit_code is ExitCode.DONE
    answered = statuses - before
    assert answered == {"304": platforms.since(asked)["jikan"]}
    assert told.report.requests["jikan"] == answered["304"]
    assert standing(settings) == made
    assert (await enrich(settings, now=in_days(31.1))).report.due == 0


def tear(settings: Settings, platform: Platform, id_: str) -> int:
    """Make every body kept of an id unreadable; gives how many."""
    with closing(open_ledger(settings, now=time.time)) as ledger:
        bodies = {ref.body for ref in ledger.fetched.part_refs(platform, [id_])[id_]}
        for body in bodies:
            Path(ledger.blobs._path(body)).write_bytes(b"")
    return len(bodies)


async def test_what_we_no_longer_have_is_asked_for_whole(settings: Settings, platforms: Platforms) -> None:
    """A torn body is not answered for by a 304."""
    await enrich(settings)
    made, torn = standing(settings), tear(settings, Platform.JIKAN, "900005")
    statuses = platforms.running.gate.counters.by_platform[Platform.JIKAN].statuses
    before = statuses.copy()
    await enrich(settings, now=in_days(31))
    answered = statuses - before
    assert (answered["200"], answered["304"] > 0) == (torn, True)
    assert standing(settings) == made
