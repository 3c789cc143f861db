"""MyAnimeList's lists: what is asked, what a row counts as, and that it is never taken for the record."""

from pathlib import Path

import orjson
import pytest

from pipeline.domain.exchange import Answer, Request, Wanted
from pipeline.domain.names import Platform, Service, TitleType
from pipeline.errors import Blocked, Broken, Throttled, Transient
from pipeline.platforms.jikan import JikanAdapter
from pipeline.platforms.jikan.listing import Listing, list_request, read_list
from pipeline.platforms.jikan.requests import Base

ROW = {"mal_id": 7, "title": "Yoru no Eki", "type": "TV", "episodes": 12, "url": "https://myanimelist.net/anime/7"}
OFFICIAL_ROW = {"id": 7, "title": "Yoru no Eki", "media_type": "movie", "num_episodes": 1}
LISTED = {"list": orjson.dumps({"data": ROW})}
RANKED = {"mal_v2_list": orjson.dumps(OFFICIAL_ROW)}
FULL = {"full": orjson.dumps({"data": ROW})}
BESIDE = ["characters", "staff", "episodes/1"]


def kinds(base: Base, parts: dict[str, bytes]) -> list[str]:
    return [request.kind for request in JikanAdapter(base=base).plan_requests([Wanted("7", parts=parts)])]


def check(request: Request, status: int, body: object) -> None:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    JikanAdapter().check_answer(request, Answer(status, {}, raw, ""))


def test_the_list_is_asked_in_the_order_of_ids() -> None:
    """New titles come at the end, so no page that was read shifts by them."""
    request = list_request("list", 3)
    assert (request.platform, request.service, request.path) == (Platform.JIKAN, None, "/anime")
    assert dict(request.params) == {"order_by": "mal_id", "sort": "asc", "limit": "25", "page": "3"}


def test_the_ranking_is_asked_of_the_official_api() -> None:
    """Five hundred a page, adult titles too, and no field that only a single record has."""
    request = list_request("mal_v2_list", 3)
    assert (request.service, request.path) == (Service.MAL_V2, "/anime/ranking")
    asked = dict(request.params)
    assert (asked["ranking_type"], asked["limit"], asked["offset"], asked["nsfw"]) == ("all", "500", "1000", "true")
    fields = set(asked["fields"].split(","))
    assert {"synopsis", "mean", "genres", "studios", "alternative_titles"} <= fields
    assert not fields & {"related_anime", "related_manga", "statistics", "pictures", "background", "opening_themes"}


@pytest.mark.parametrize(
    ("base", "parts", "asked"),
    [
        ("full", LISTED, ["full", *BESIDE]),
        ("full", RANKED, ["full", "characters", "staff"]),
        ("mal_v2", LISTED, ["mal_v2", *BESIDE]),
        ("list", LISTED, BESIDE),
        ("list", FULL, BESIDE),
        ("list", {}, ["full"]),
        ("list", RANKED, ["full", "characters", "staff"]),
        ("mal_v2_list", RANKED, ["characters", "staff"]),
        ("mal_v2_list", LISTED, BESIDE),
        ("mal_v2_list", {}, ["mal_v2"]),
    ],
)
def test_a_row_is_enough_only_where_the_settings_say_so(base: Base, parts: dict[str, bytes], asked: list[str]) -> None:
    """It tells at once what else there can be; the record itself is asked for unless a row is what is wanted."""
    assert kinds(base, parts) == asked


def test_a_plan_counts_the_record_of_a_title_without_a_row() -> None:
    """Before the sweep nothing is spared."""
    wanted = [Wanted("7", type=TitleType.MOVIE)]
    assert JikanAdapter(base="list").expect_requests(wanted) == {"full": 1, "characters": 1, "staff": 1}
    assert JikanAdapter(base="mal_v2_list").expect_requests(wanted) == {"mal_v2": 1, "characters": 1, "staff": 1}


def test_a_title_of_which_only_a_row_is_had_says_so() -> None:
    """One finding, gone with the record; what both tell is the same."""
    listed, whole = JikanAdapter().convert("7", LISTED), JikanAdapter().convert("7", FULL)
    assert [(one.code, one.field) for one in listed.findings] == [("list_row", "list")]
    assert listed.titles == whole.titles
    assert (listed.type, listed.episode_count) == (whole.type, whole.episode_count)
    assert JikanAdapter().convert("7", LISTED | FULL) == whole
    ranked = JikanAdapter().convert("7", RANKED)
    assert ([one.code for one in ranked.findings], ranked.type) == (["list_row"], TitleType.MOVIE)


def test_recorded_lists_are_read(recordings: Path) -> None:
    """Real pages: every row is a part of its own title, without drift; paging and totals are found."""
    rows = 0
    folders = [recordings / "jikan" / name for name in ("anime_search", "seasons", "top_anime")]
    for file in sorted(file for folder in folders for file in folder.glob("*.json")):
        body = file.read_bytes()
        page, paging = read_list("list", body), orjson.loads(body)["pagination"]
        assert (page.total, page.goes_on) == (paging["items"]["total"], paging["has_next_page"])
        for row in page.rows:
            title = JikanAdapter().convert(row.id, {"list": row.body})
            assert (title.id, title.drift) == (row.id, ())
            rows += 1
    assert rows > 1_000


def test_a_ranking_is_read() -> None:
    """Rows lie under ``node``; one without an id is left out; the last page names no next one."""
    body = {"data": [{"node": OFFICIAL_ROW, "ranking": {"rank": 1}}, {"ranking": {"rank": 2}}], "paging": {}}
    page = read_list("mal_v2_list", orjson.dumps(body))
    assert [(row.id, orjson.loads(row.body)) for row in page.rows] == [("7", OFFICIAL_ROW)]
    assert (page.total, page.goes_on) == (None, False)
    assert read_list("mal_v2_list", orjson.dumps(body | {"paging": {"next": "http://x"}})).goes_on


@pytest.mark.parametrize("listing", ["list", "mal_v2_list"])
def test_what_is_no_list_is_refused(listing: Listing) -> None:
    """A title's absence is told by 404, a list's absence is a wrong address; the usual refusals mean the usual."""
    request = list_request(listing, 1)
    check(request, 200, {"data": [], "pagination": {}, "paging": {}})
    with pytest.raises(Broken, match="base_url"):
        check(request, 404, {"status": 404, "type": "NotFoundException", "error": "not_found"})
    with pytest.raises(Transient):
        check(request, 200, {"pagination": {}})
    with pytest.raises(Throttled):
        check(request, 429, {"status": "429", "type": "RateLimitException"})
    with pytest.raises(Broken, match="no list"):
        read_list(listing, b'{"data": {"mal_id": 7}}')
    with pytest.raises((Blocked, Broken)):
        check(request, 403, b"<html>no</html>")


@pytest.mark.parametrize("record", [FULL, LISTED, {"mal_v2": orjson.dumps(OFFICIAL_ROW)}, RANKED])
def test_a_part_nobody_has_takes_nothing_from_the_record(record: dict[str, bytes]) -> None:
    """Whatever kind the record is: a cast that is not there is a finding, and the rest is told."""
    missing = orjson.dumps({"status": 404, "type": "BadResponseException", "message": "Resource does not exist"})
    title = JikanAdapter().convert("7", {**record, "staff": missing})
    assert [name.text for name in title.titles] == ["Yoru no Eki"]
    assert "part_absent" in {finding.code for finding in title.findings}
