"""Ids that rows lack: learned from what platforms say of each other, asked for in the same run, refuted when wrong."""

import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from pipeline.domain.names import Outcome, Platform, Site
from pipeline.enrich.opening import open_ledger
from pipeline.practice.faults import Fault, FaultKind
from pipeline.settings import Settings

from .rehearsing import Platforms, enrich, outcomes_of, settings_for, standing, write_catalogue
from .test_whole_runs import rows_of

KITES, INN, TEA_HOUSES = "Minato no Tako OVA", "Mayonaka no Yado", "Nanatsu no Chaya"
HOSTS = {Site.KITSU: "kitsu.app", Site.ANILIST: "anilist.co", Site.MAL: "myanimelist.net", Site.ANIDB: "anidb.net"}


def lacking(*sites: Site) -> Callable[[dict[str, Any]], None]:
    """The row without its ids of some sites; the platforms have them all the same."""

    def change(row: dict[str, Any]) -> None:
        if row["title"] == KITES:
            row["sources"] = [url for url in row["sources"] if not any(HOSTS[site] in url for site in sites)]

    return change


@dataclass(frozen=True, slots=True)
class Place:
    """A checkpoints folder, a catalogue and the practice platforms."""

    folder: Path
    platforms: Platforms

    def list_rows(
        self, titles: Iterable[str] = (KITES,), change: Callable[[dict[str, Any]], None] = lambda _: None
    ) -> str:
        return write_catalogue(self.folder / "catalogue.jsonl", list(titles), change)

    def settings(self, name: str = "checkpoints", **changes: Any) -> Settings:
        catalogue = str(self.folder / "catalogue.jsonl")
        return settings_for(self.folder / name, self.platforms.url, catalogue, **changes)


@pytest.fixture
def place(tmp_path: Path, platforms: Platforms) -> Place:
    return Place(tmp_path, platforms)


def record_of(settings: Settings, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The record and the provenance of the title of this name."""
    with closing(open_ledger(settings, now=time.time)) as ledger:
        [(title_id, _)] = ledger.titles.find_by_name(name)
    record, provenance = standing(settings).records[title_id]
    return orjson.loads(record), orjson.loads(provenance)


def findings_of(settings: Settings, name: str) -> dict[str, str]:
    found = record_of(settings, name)[1]["findings"]
    return {one["code"]: one["message"] for one in found if one["code"].startswith("id_")}


async def test_an_id_that_another_platform_names_is_asked_for_in_the_same_run(place: Place) -> None:
    """AnimeSchedule names the Kitsu and the AniList id that the row lacks: the record is as rich as with them."""
    place.list_rows()
    whole = place.settings("whole")
    await enrich(whole)
    place.list_rows(change=lacking(Site.KITSU, Site.ANILIST))
    settings, asked = place.settings(), place.platforms.answered()
    told = await enrich(settings)
    assert told.report.done == 1
    assert set(outcomes_of(settings).values()) == {Outcome.FOUND}
    assert place.platforms.since(asked)["kitsu"] == 1
    (record, provenance), (full, _) = record_of(settings, KITES), record_of(whole, KITES)
    assert record["platform_ids"] == full["platform_ids"]
    assert record["characters"] == full["characters"]
    why = provenance["fields"]["platform_ids"]
    assert why["method"] == "rule:learned_id@1"
    assert why["sources"] == ["catalogue", "animeschedule"]
    assert why["evidence"] == [
        "anilist:900014 is not the row's: said by animeschedule, found there",
        "kitsu:900014 is not the row's: said by animeschedule, found there",
    ]
    assert "kitsu" in record["statistics"]


async def test_a_second_run_asks_nothing_and_writes_nothing(place: Place) -> None:
    """What was learned, refuted and asked is all remembered."""
    place.list_rows([KITES, TEA_HOUSES], lacking(Site.KITSU))
    settings = place.settings()
    await enrich(settings)
    rows, asked = rows_of(settings), place.platforms.answered()
    second = await enrich(settings)
    assert second.steps == []
    assert place.platforms.since(asked) == {}
    assert rows_of(settings) == rows


async def test_a_learned_id_is_refreshed_like_any_other(place: Place) -> None:
    """After a month the platform is asked again by it, once, and the record stays the same to the byte."""
    place.list_rows([KITES, TEA_HOUSES], lacking(Site.KITSU))
    settings = place.settings()
    await enrich(settings)
    before, asked = standing(settings), place.platforms.answered()
    told = await enrich(settings, now=lambda: time.time() + 31 * 86_400.0)
    assert told.report.done == 2
    assert place.platforms.since(asked)["kitsu"] == 1
    assert standing(settings).records == before.records


async def test_a_catalogue_that_lists_the_id_on_another_row_wins(place: Place) -> None:
    """The learned id goes away, the title is done again without it, and says whose the id is."""
    place.list_rows([KITES, INN], lacking(Site.KITSU))
    settings = place.settings()
    await enrich(settings)
    assert outcomes_of(settings)[KITES, Platform.KITSU] == Outcome.FOUND

    def take_over(row: dict[str, Any]) -> None:
        lacking(Site.KITSU)(row)
        if row["title"] == INN:
            row["sources"].append("https://kitsu.app/anime/900014")

    place.list_rows([KITES, INN], take_over)
    told = await enrich(settings)
    assert told.report.due == 2
    assert outcomes_of(settings)[KITES, Platform.KITSU] == Outcome.NOT_LISTED
    record, provenance = record_of(settings, KITES)
    assert "kitsu" not in record["platform_ids"]
    assert "kitsu" not in record["statistics"]
    assert provenance["fields"]["platform_ids"]["method"] == "rule:identity@1"
    assert set(findings_of(settings, KITES)) == {"id_taken"}
    undisturbed = place.settings("undisturbed")
    await enrich(undisturbed)
    assert standing(settings).records == standing(undisturbed).records


async def test_an_id_whose_record_is_another_titles_is_refuted_and_remembered(place: Place) -> None:
    """Kitsu maps the tea houses to an AniDB entry whose own record names another MAL id: nothing of it is used."""
    place.list_rows([TEA_HOUSES])
    settings, asked = place.settings(), place.platforms.answered()
    told = await enrich(settings)
    assert told.report.done == 1
    assert place.platforms.since(asked)["anidb"] == 1
    outcomes = outcomes_of(settings)
    assert outcomes[TEA_HOUSES, Platform.JIKAN] == Outcome.FOUND
    assert outcomes[TEA_HOUSES, Platform.ANIDB] == Outcome.NOT_LISTED
    record, _ = record_of(settings, TEA_HOUSES)
    assert record["platform_ids"]["mal"] == ["900022"]
    assert "anidb" not in record["platform_ids"]
    assert "anidb" not in record["statistics"]
    assert findings_of(settings, TEA_HOUSES) == {
        "id_refuted": "anidb:900120, said by kitsu, is not used: "
        "anidb:900120 names mal:900020 where the title has mal:900022"
    }
    asked = place.platforms.answered()
    await enrich(settings, now=lambda: time.time() + 31 * 86_400.0)
    assert "anidb" not in place.platforms.since(asked)
    assert set(findings_of(settings, TEA_HOUSES)) == {"id_refuted"}


async def test_a_row_that_mixes_two_titles_up_teaches_nothing_although_numbers_are_equal(place: Place) -> None:
    """Its AniDB id is the inn's: AniList and AniDB name different MAL entries, and each of its own number."""

    def mix_up(row: dict[str, Any]) -> None:
        lacking(Site.MAL, Site.KITSU)(row)
        row["sources"] = [url.replace("anidb.net/anime/900014", "anidb.net/anime/900005") for url in row["sources"]]

    place.list_rows(change=mix_up)
    settings, asked = place.settings(), place.platforms.answered()
    await enrich(settings)
    assert "jikan" not in place.platforms.since(asked)
    record, _ = record_of(settings, KITES)
    assert "mal" not in record["platform_ids"]
    assert findings_of(settings, KITES) == {
        "id_contradicts_row": "animeschedule says anidb:900014, the row lists anidb:900005",
        "id_disputed": "anidb says mal:900005; anilist says mal:900014",
    }


async def test_a_platform_that_is_down_is_asked_for_the_learned_id_in_the_next_run(place: Place) -> None:
    """The title is degraded and says so; then it is as if there had been no outage."""
    place.list_rows(change=lacking(Site.KITSU))
    down = place.settings(platforms={"kitsu": {"base_url": "http://127.0.0.1:9/kitsu"}})
    told = await enrich(down)
    assert told.report.degraded == 1
    assert outcomes_of(down)[KITES, Platform.KITSU] == Outcome.FAILED
    asked = place.platforms.answered()
    await enrich(place.settings())
    assert set(place.platforms.since(asked)) <= {"kitsu", "images"}
    undisturbed = place.settings("undisturbed")
    await enrich(undisturbed)
    assert standing(place.settings()) == standing(undisturbed)


async def test_an_id_that_its_platform_does_not_have_is_no_id_of_the_title(place: Place) -> None:
    """It is not in the record, which says so, and it is asked for again when absences are."""
    place.list_rows(change=lacking(Site.MAL))
    settings = place.settings()
    with place.platforms.going_wrong(Fault(FaultKind.NOT_FOUND, Platform.JIKAN)):
        await enrich(settings)
    assert outcomes_of(settings)[KITES, Platform.JIKAN] == Outcome.ABSENT
    record, _ = record_of(settings, KITES)
    assert "mal" not in record["platform_ids"]
    assert set(findings_of(settings, KITES)) == {"id_absent"}
    await enrich(settings, now=lambda: time.time() + 31 * 86_400.0)
    assert outcomes_of(settings)[KITES, Platform.JIKAN] == Outcome.FOUND
    assert record_of(settings, KITES)[0]["platform_ids"]["mal"] == ["900014"]


async def test_a_platform_that_is_off_is_not_asked_for_what_was_learned(place: Place) -> None:
    """The id stands in the record, as one that nobody asked for."""
    place.list_rows(change=lacking(Site.KITSU))
    settings, asked = place.settings(platforms={"kitsu": {"enabled": False}}), place.platforms.answered()
    await enrich(settings)
    assert "kitsu" not in place.platforms.since(asked)
    record, provenance = record_of(settings, KITES)
    assert record["platform_ids"]["kitsu"] == ["900014"]
    assert provenance["fields"]["platform_ids"]["evidence"] == [
        "kitsu:900014 is not the row's: said by animeschedule, not asked for there"
    ]


async def test_windows_of_any_size_learn_the_same(place: Place) -> None:
    """What is learned depends on what was said, not on who was worked on together."""
    place.list_rows([KITES, INN, TEA_HOUSES], lacking(Site.KITSU, Site.MAL))
    one, two = place.settings("one"), place.settings("two", window=1)
    await enrich(one)
    await enrich(two)
    assert standing(one) == standing(two)
