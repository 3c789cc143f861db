"""A person says whose an id is: asked for by it or not, learned again by nobody, undone without a trace."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from pipeline.domain.names import Outcome, Platform, Site, Source
from pipeline.domain.review import Lock
from pipeline.enrich.opening import open_ledger
from pipeline.enrich.review.deciding import Answer, decide, keep
from pipeline.enrich.review.reviewing import Case, open_case, queue_of
from pipeline.errors import BadInput
from pipeline.ledger import Ledger
from pipeline.settings import Settings

from .rehearsing import enrich, outcomes_of, standing
from .test_learned_ids import INN, KITES, TEA_HOUSES, Place, findings_of, lacking, place, record_of

__all__ = ["place"]
MONTH_S = 31 * 86_400.0


@contextmanager
def case_in(settings: Settings, name: str) -> Iterator[tuple[Ledger, Case]]:
    with closing(open_ledger(settings, now=time.time)) as ledger:
        [(title_id, _)] = ledger.titles.find_by_name(name)
        yield ledger, open_case(ledger, title_id)


def say(settings: Settings, name: str, key: str, value: str) -> Lock:
    with case_in(settings, name) as (ledger, case):
        made = decide(case, f"platform_id:{key}", Answer("maria", time.time(), value=value))
        keep(ledger, case, made)
    return made


def unlock(settings: Settings, name: str, key: str) -> None:
    with case_in(settings, name) as (ledger, case):
        assert ledger.review.unlock(case.title.title_id, f"platform_id:{key}") is not None


async def test_a_refused_id_is_not_asked_for_and_not_learned_again(place: Place) -> None:
    """Not even a month later; taken back everything is as it was."""
    place.list_rows(change=lacking(Site.KITSU))
    settings = place.settings()
    await enrich(settings)
    before, asked = standing(settings), place.platforms.answered()
    with case_in(settings, KITES) as (_, case):
        unlisted = {key: claim for key, claim in case.ids.items() if Source.CATALOGUE not in claim.said_by}
        assert {key: (claim.is_used, [*claim.said_by]) for key, claim in unlisted.items()} == {
            "kitsu:900014": (True, ["animeschedule"])
        }
    say(settings, KITES, "kitsu:900014", "no")
    assert (await enrich(settings)).report.due == 1
    assert set(place.platforms.since(asked)) <= {"images"}
    assert outcomes_of(settings)[KITES, Platform.KITSU] == Outcome.NOT_LISTED
    record, why = record_of(settings, KITES)
    assert "kitsu" not in record["platform_ids"] | record["statistics"]
    assert findings_of(settings, KITES)["id_decided"].startswith("kitsu:900014 is not this title's, locked by maria")
    assert why["fields"]["platform_ids"]["conflict"] is False
    await enrich(settings, now=lambda: time.time() + MONTH_S)
    assert "kitsu" not in place.platforms.since(asked)
    unlock(settings, KITES, "kitsu:900014")
    await enrich(settings)
    assert outcomes_of(settings)[KITES, Platform.KITSU] == Outcome.FOUND
    assert standing(settings).records == before.records


async def test_an_id_given_against_what_its_record_says_is_asked_for_and_stands(place: Place) -> None:
    """Rules refute Kitsu's AniDB id of the tea houses; a person may know better, until that is taken back."""
    place.list_rows([TEA_HOUSES])
    settings = place.settings()
    await enrich(settings)
    before, asked = standing(settings), place.platforms.answered()
    say(settings, TEA_HOUSES, "anidb:900120", "yes")
    with case_in(settings, TEA_HOUSES) as (ledger, case):
        assert queue_of(ledger, field="platform_ids") == []
        assert case.subject("platform_id:anidb:900120").lock is not None
    await enrich(settings)
    assert set(place.platforms.since(asked)) <= {"anidb", "images"}
    record, why = record_of(settings, TEA_HOUSES)
    assert record["platform_ids"]["anidb"] == ["900120"]
    assert "anidb" in {source for one in why["fields"].values() for source in one["sources"]}
    assert "said by kitsu and review" in " ".join(why["fields"]["platform_ids"]["evidence"])
    assert set(findings_of(settings, TEA_HOUSES)) <= {"id_decided", "id_disputed"}
    assert (await enrich(settings)).report.due == 0
    unlock(settings, TEA_HOUSES, "anidb:900120")
    await enrich(settings)
    assert standing(settings).records == before.records


async def test_an_id_given_to_one_title_is_no_other_titles(place: Place) -> None:
    """The title that had learned it is done again without it, and needs no decision of its own."""

    def both(row: dict[str, Any]) -> None:
        row["sources"] = [url for url in row["sources"] if "kitsu" not in url]

    place.list_rows([KITES, INN], both)
    settings = place.settings()
    await enrich(settings)
    with case_in(settings, INN) as (_, case):
        assert "kitsu:900014" not in case.ids
    with pytest.raises(BadInput, match="catalogue lists mal:900005"):
        say(settings, INN, "mal:900014", "yes")
    say(settings, INN, "kitsu:900014", "yes")
    assert (await enrich(settings)).report.due == 2
    assert record_of(settings, INN)[0]["platform_ids"]["kitsu"] == ["900014"]
    assert "kitsu" not in record_of(settings, KITES)[0]["platform_ids"]
    assert "given to the title" in findings_of(settings, KITES)["id_decided"]
    with pytest.raises(BadInput, match=rf"was given to '{INN}' .*review unlock"):
        say(settings, KITES, "kitsu:900014", "yes")
    with pytest.raises(BadInput, match=rf"'{INN}' was given 'kitsu:900014'.*review unlock"):
        say(settings, INN, "kitsu:1", "yes")


async def test_an_id_of_its_own_row_can_be_refused(place: Place) -> None:
    """Another show under it leaves the record, nobody is asked by it, no relation leads there."""
    place.list_rows([KITES, INN])
    settings = place.settings()
    await enrich(settings)
    before, asked = standing(settings), place.platforms.answered()
    [anidb] = record_of(settings, KITES)[0]["platform_ids"]["anidb"]
    with case_in(settings, KITES) as (ledger, case):
        assert (claim := case.ids[f"anidb:{anidb}"]).is_used
        assert Source.CATALOGUE in claim.said_by
        assert ledger.titles.known_ids([(Site.ANIDB, anidb)]) == {f"anidb:{anidb}": case.title.title_id}
    say(settings, KITES, f"anidb:{anidb}", "no")
    assert (await enrich(settings)).report.due >= 1
    assert set(place.platforms.since(asked)) <= {"images"}
    assert outcomes_of(settings)[KITES, Platform.ANIDB] == Outcome.NOT_LISTED
    record, why = record_of(settings, KITES)
    assert "anidb" not in record["platform_ids"] | record["statistics"]
    assert "anidb" not in {source for one in why["fields"].values() for source in one["sources"]}
    assert findings_of(settings, KITES)["id_decided"].endswith("though the catalogue lists it")
    with case_in(settings, KITES) as (ledger, case):
        assert not case.ids[f"anidb:{anidb}"].is_used
        assert ledger.titles.known_ids([(Site.ANIDB, anidb)]) == {}
    place.list_rows([INN, KITES])
    assert (await enrich(settings)).report.due == 0
    unlock(settings, KITES, f"anidb:{anidb}")
    await enrich(settings)
    assert set(place.platforms.since(asked)) <= {"images"}
    assert standing(settings).records == before.records


async def test_an_id_refused_in_the_row_that_lists_it_can_be_given_to_whom_it_belongs(place: Place) -> None:
    """Before that it is said what has to be refused first."""

    def of_the_inn_none(row: dict[str, Any]) -> None:
        if row["title"] == INN:
            row["sources"] = [url for url in row["sources"] if "kitsu" not in url]

    place.list_rows([KITES, INN], of_the_inn_none)
    settings = place.settings()
    await enrich(settings)
    with pytest.raises(
        BadInput, match=r"lists it for 'Minato no Tako OVA' .*review resolve \S+ platform_id:kitsu:900014 --value no"
    ):
        say(settings, INN, "kitsu:900014", "yes")
    with pytest.raises(BadInput, match=r"lists kitsu:900014 for it; .*platform_id:kitsu:900014 --value no"):
        say(settings, KITES, "kitsu:900005", "yes")
    with pytest.raises(BadInput, match=r"lists kitsu:900014 for it$"):
        say(settings, KITES, "kitsu:900014", "yes")
    say(settings, KITES, "kitsu:900014", "no")
    say(settings, INN, "kitsu:900014", "yes")
    await enrich(settings)
    assert record_of(settings, INN)[0]["platform_ids"]["kitsu"] == ["900014"]
    assert "kitsu" not in record_of(settings, KITES)[0]["platform_ids"]
    unlock(settings, KITES, "kitsu:900014")
    await enrich(settings)
    assert record_of(settings, KITES)[0]["platform_ids"]["kitsu"] == ["900014"]
    assert "kitsu" not in record_of(settings, INN)[0]["platform_ids"]
    told = {one["code"]: one["message"] for one in record_of(settings, INN)[1]["findings"]}
    assert "lists it for the title" in told["answer_unplaced"]


async def test_what_is_no_id_or_no_answer_is_refused(place: Place) -> None:
    """With what is expected."""
    place.list_rows(change=lacking(Site.KITSU))
    settings = place.settings()
    await enrich(settings)
    with case_in(settings, KITES) as (_, case):
        for name, value, says in [
            ("platform_id:kitsu:x y", "yes", "not an id of kitsu"),
            ("platform_id:nowhere:1", "yes", "nowhere"),
            ("platform_id:kitsu:5", "perhaps", "one of yes, no"),
            ("platform_id:kitsu:5", "null", "it is the title's or it is not"),
            ("platform_ids", "{}", "platform_id:kitsu:900014 --value yes"),
        ]:
            with pytest.raises(BadInput, match=says):
                decide(case, name, Answer("maria", 1.0, value=value))
