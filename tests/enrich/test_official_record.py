"""Base records from MyAnimeList's official API, the rest of the title from the service of Jikan's shape: whole runs."""

import time
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pipeline.domain.names import Host, Outcome, Platform, Service
from pipeline.domain.record import AnimeRecord
from pipeline.enrich.fetch.adapters import make_adapters
from pipeline.enrich.opening import open_ledger
from pipeline.enrich.plan import plan_run, time_at_limits_s
from pipeline.enrich.report import ExitCode
from pipeline.enrich.syncing import sync_catalogue
from pipeline.practice.faults import Fault, FaultKind
from pipeline.settings import Limit, Settings

from .rehearsing import FILM, RADIO, Platforms, enrich, outcomes_of, settings_for, standing, write_catalogue

INN, COMPASSES, NOBODYS = "Mayonaka no Yado", "Futatsu no Rashinban", "Yuurei Kiroku"
MAL_IDS = 4
"""The film and the inn have one each, the compasses two, Radio none."""


@pytest.fixture
def catalogue(tmp_path: Path) -> str:
    return write_catalogue(tmp_path / "catalogue.jsonl", [FILM, INN, COMPASSES, RADIO])


def settings_of(
    folder: Path, platforms: Platforms, catalogue: str, jikan: Mapping[str, Any] | None = None, **changes: Any
) -> Settings:
    given = {"base": "mal_v2", "attempts": 1, "breaker": {"failures": 99}} | dict(jikan or {})
    return settings_for(folder, platforms.url, catalogue, platforms={"jikan": given}, **changes)


def kinds(platforms: Platforms, host: Host) -> Counter[str]:
    return platforms.running.gate.counters.by_platform[host].kinds.copy()


async def test_the_record_comes_from_the_one_and_the_rest_from_the_other(
    tmp_path: Path, platforms: Platforms, catalogue: str
) -> None:
    """One request an id at the official API, none for ``full`` at the other; a second run asks nothing."""
    settings = settings_of(tmp_path / "checkpoints", platforms, catalogue)
    official, service = kinds(platforms, Service.MAL_V2), kinds(platforms, Platform.JIKAN)
    told = await enrich(settings)
    assert told.report.exit_code is ExitCode.DONE
    assert kinds(platforms, Service.MAL_V2) - official == {"record": MAL_IDS}
    spent = kinds(platforms, Platform.JIKAN) - service
    assert (spent["full"], spent["characters"], spent["staff"]) == (0, MAL_IDS, MAL_IDS)
    assert told.report.requests["jikan"] == MAL_IDS + spent.total()
    assert {outcomes_of(settings)[name, Platform.JIKAN] for name in (FILM, INN, COMPASSES)} == {Outcome.FOUND}
    assert (await enrich(settings)).report.due == 0


async def test_fields_that_both_have_come_out_the_same(tmp_path: Path, platforms: Platforms, catalogue: str) -> None:
    """The records of a run from either base agree in what the official API tells."""
    one = settings_of(tmp_path / "one", platforms, catalogue)
    other = settings_of(tmp_path / "other", platforms, catalogue, {"base": "full"})
    await enrich(one)
    await enrich(other)
    fields = ("title", "title_japanese", "type", "status", "episodes", "rating", "source_material", "synopsis")
    records = {name: loaded(settings) for name, settings in (("one", one), ("other", other))}
    assert records["one"].keys() == records["other"].keys()
    for title_id, record in records["one"].items():
        for field in fields:
            assert getattr(record, field) == getattr(records["other"][title_id], field), field
        assert len(record.characters) == len(records["other"][title_id].characters)
        assert len(record.episode_details) == len(records["other"][title_id].episode_details)


def loaded(settings: Settings) -> dict[str, Any]:
    return {
        title_id: AnimeRecord.model_validate_json(record)
        for title_id, (record, _) in standing(settings).records.items()
    }


async def test_an_id_that_nobody_has_costs_one_request_of_the_official_api(
    tmp_path: Path, platforms: Platforms
) -> None:
    """Its word that there is none is taken: absent, remembered, and the other service is not asked at all."""
    catalogue = write_catalogue(tmp_path / "one.jsonl", [NOBODYS])
    settings = settings_of(tmp_path / "checkpoints", platforms, catalogue)
    official, service = kinds(platforms, Service.MAL_V2), kinds(platforms, Platform.JIKAN)
    await enrich(settings)
    found = outcomes_of(settings)[NOBODYS, Platform.JIKAN]
    assert (kinds(platforms, Service.MAL_V2) - official).total() == 1
    assert (found, (kinds(platforms, Platform.JIKAN) - service).total()) == (Outcome.ABSENT, 0)


async def test_when_the_other_service_is_down_the_record_is_kept_and_never_asked_again(
    tmp_path: Path, platforms: Platforms, catalogue: str
) -> None:
    """The titles are degraded, made with the official record; the next run asks only the service that was down."""
    settings = settings_of(tmp_path / "checkpoints", platforms, catalogue)
    down = settings_of(tmp_path / "checkpoints", platforms, catalogue, {"base_url": "http://127.0.0.1:9/jikan"})
    told = await enrich(down)
    assert (told.report.exit_code, told.report.degraded) == (ExitCode.DEGRADED, 3)
    assert all("jikan" in problem.why for problem in told.report.problems)
    official = kinds(platforms, Service.MAL_V2)
    assert (await enrich(settings)).report.exit_code is ExitCode.DONE
    assert kinds(platforms, Service.MAL_V2) == official
    undisturbed = settings_of(tmp_path / "undisturbed", platforms, catalogue)
    await enrich(undisturbed)
    assert standing(settings) == standing(undisturbed)


async def test_a_403_of_the_official_api_is_obeyed_and_told(
    tmp_path: Path, platforms: Platforms, catalogue: str
) -> None:
    """After one refusal it is left alone; the other service, asked for nothing without a record, is not blamed."""
    settings = settings_of(tmp_path / "checkpoints", platforms, catalogue, {"concurrency": 1})
    official, service = kinds(platforms, Service.MAL_V2), kinds(platforms, Platform.JIKAN)
    with platforms.going_wrong(Fault(FaultKind.BAN, Service.MAL_V2, wait_s=0.0)):
        told = await enrich(settings)
    assert told.report.exit_code is ExitCode.DEGRADED
    assert (kinds(platforms, Service.MAL_V2) - official).total() == 1
    assert (kinds(platforms, Platform.JIKAN) - service).total() == 0
    assert all("mal_v2" in problem.why for problem in told.report.problems)


async def test_fresh_titles_keep_a_fuller_record_and_are_asked_for_one_they_lack(
    tmp_path: Path, platforms: Platforms, catalogue: str
) -> None:
    """What was read as ``full`` stands under the other setting; the other way round ``full`` is asked, and no more."""
    for base, cost in (("full", None), ("mal_v2", {}), ("full", {})):
        settings = settings_of(tmp_path / "first", platforms, catalogue, {"base": base})
        asked = platforms.answered()
        assert (await enrich(settings)).report.exit_code is ExitCode.DONE
        assert cost is None or only_platforms(platforms, asked) == cost
    await enrich(settings_of(tmp_path / "second", platforms, catalogue))
    service, asked = kinds(platforms, Platform.JIKAN), platforms.answered()
    await enrich(settings_of(tmp_path / "second", platforms, catalogue, {"base": "full"}))
    assert kinds(platforms, Platform.JIKAN) - service == {"full": MAL_IDS}
    assert only_platforms(platforms, asked) == {"jikan": MAL_IDS}


async def test_the_official_api_alone_then_the_rest(tmp_path: Path, platforms: Platforms, catalogue: str) -> None:
    """With nothing beside the record the other service need not even be there; later it is asked for what lacks."""
    alone = {"core": [], "base_url": "http://127.0.0.1:9/jikan"}
    settings = settings_of(tmp_path / "checkpoints", platforms, catalogue, alone)
    service = kinds(platforms, Platform.JIKAN)
    assert (await enrich(settings)).report.exit_code is ExitCode.DONE
    assert kinds(platforms, Platform.JIKAN) == service
    official = kinds(platforms, Service.MAL_V2)
    whole = settings_of(tmp_path / "checkpoints", platforms, catalogue)
    assert (await enrich(whole)).report.exit_code is ExitCode.DONE
    assert kinds(platforms, Service.MAL_V2) == official
    at_once = settings_of(tmp_path / "at once", platforms, catalogue)
    await enrich(at_once)
    assert standing(whole) == standing(at_once)


def only_platforms(platforms: Platforms, before: Mapping[str, int]) -> dict[str, int]:
    return {name: count for name, count in platforms.since(before).items() if name != "images"}


def test_the_plan_counts_each_host_against_its_own_limits(tmp_path: Path, platforms: Platforms, catalogue: str) -> None:
    """Side by side the slower of the two is the time; the record is no request of the other service."""
    slow = {"limits": [{"requests": 1, "per_s": 1000}]}
    for mal_v2, limit, own in (({}, (Limit(requests=3, per_s=1), Limit(requests=60, per_s=60)), 2), (slow, None, 1)):
        settings = settings_of(tmp_path / str(own), platforms, catalogue, {"mal_v2": mal_v2})
        with closing(open_ledger(settings, now=time.time)) as ledger:
            sync_catalogue(ledger, catalogue)
            due = ledger.titles.active()
            plan = plan_run(settings, ledger, make_adapters(settings), due, selected=len(due), now=time.time)
        [mine] = [p for p in plan.platforms if p.platform is Platform.JIKAN]
        assert mine.requests["mal_v2"] == MAL_IDS
        elsewhere = mine.request_count - MAL_IDS
        expected_s = 3000.0 if limit is None else max(MAL_IDS - 1, time_at_limits_s(elsewhere, limit))
        assert mine.eta_s == pytest.approx(expected_s / settings.speed)
