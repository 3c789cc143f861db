"""A row that names two MAL ids is one title, of which both entries speak."""

import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from pipeline.domain.names import Outcome, Platform, Site
from pipeline.enrich.opening import open_ledger
from pipeline.platforms.jikan import JikanAdapter
from pipeline.practice.faults import Fault, FaultKind
from pipeline.settings import Settings

from .rehearsing import Platforms, enrich, outcomes_of, settings_for, standing, write_catalogue

COMPASSES = "Futatsu no Rashinban"
IDS = ("900007", "900107")


@pytest.fixture
def settings(tmp_path: Path, platforms: Platforms) -> Settings:
    return settings_for(tmp_path / "checkpoints", platforms.url, write_catalogue(tmp_path / "one.jsonl", [COMPASSES]))


def kept_parts(settings: Settings) -> dict[str, Sequence[str]]:
    with closing(open_ledger(settings, now=time.time)) as ledger:
        refs = ledger.fetched.part_refs(Platform.JIKAN, IDS)
        return {id_: [ref.kind for ref in kinds] for id_, kinds in refs.items()}


def part_count(settings: Settings) -> int:
    return sum(len(kinds) for kinds in kept_parts(settings).values())


async def test_both_ids_are_asked_for_and_make_one_record(settings: Settings) -> None:
    """One title, one point; what both entries say is kept under each id."""
    told = await enrich(settings)
    assert told.report.done == 1
    assert set(kept_parts(settings)) == set(IDS)
    left = standing(settings)
    assert (len(left.records), len(left.points)) == (1, 1)
    [outcome] = [o for (_, platform), o in left.outcomes.items() if platform == "jikan"]
    assert outcome[:2] == ("found", IDS)


async def test_either_id_leads_to_the_title(settings: Settings) -> None:
    """The registry knows the title by both."""
    await enrich(settings)
    with closing(open_ledger(settings, now=time.time)) as ledger:
        assert len({ledger.titles.find_by_id(Site.MAL, id_) for id_ in IDS}) == 1
        [title] = ledger.titles.load(ledger.titles.active())
        assert JikanAdapter().wanted_ids(title.ids) == IDS


async def test_one_id_that_fails_fails_the_outcome_and_keeps_the_other_ones_word(
    settings: Settings, platforms: Platforms
) -> None:
    """MAL does not answer for the second entry: failed and degraded; the next run asks for what is missing only."""
    with platforms.going_wrong(Fault(FaultKind.HTML, Platform.JIKAN, path="/anime/900107/")):
        told = await enrich(settings)
    assert told.report.degraded == 1
    assert outcomes_of(settings)[COMPASSES, Platform.JIKAN] == Outcome.FAILED
    assert set(kept_parts(settings)) == {"900007"}
    had, asked = part_count(settings), platforms.answered()
    told = await enrich(settings)
    assert told.report.done == 1
    assert platforms.since(asked)["jikan"] == part_count(settings) - had


async def test_one_id_that_is_gone_leaves_the_other(settings: Settings, platforms: Platforms) -> None:
    """MAL no longer has the second entry: found all the same, through the first."""
    with platforms.going_wrong(Fault(FaultKind.NOT_FOUND, Platform.JIKAN, path="/anime/900107/")):
        told = await enrich(settings)
    assert told.report.done == 1
    assert outcomes_of(settings)[COMPASSES, Platform.JIKAN] == Outcome.FOUND


async def test_more_ids_than_a_batch_holds_are_asked_for_all_the_same(tmp_path: Path, platforms: Platforms) -> None:
    """AniList asked for one entry at a time, and a row that names two."""
    catalogue = write_catalogue(
        tmp_path / "two.jsonl",
        [COMPASSES],
        lambda row: row["sources"].append("https://anilist.co/anime/900005"),
    )
    settings = settings_for(tmp_path / "checkpoints", platforms.url, catalogue, platforms={"anilist": {"batch": 1}})
    asked = platforms.answered()
    told = await enrich(settings)
    assert told.report.done == 1
    assert platforms.since(asked)["anilist"] >= 2
    [outcome] = [o for (_, platform), o in standing(settings).outcomes.items() if platform == "anilist"]
    assert outcome[:2] == ("found", ("900005", "900007"))
