"""Every recorded answer a live client of ours could have got goes the way it would have gone live.

``INDEX.json`` is walked whole: each file is either asked for by a request of ours and read by it, or an error of the
class written here, or of a kind we do not ask for, with the reason. A file that is none of these fails the test.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest

from pipeline.domain.canonical import dump_json, load_json
from pipeline.domain.exchange import Answer, Request, Wanted
from pipeline.domain.source_title import SourceTitle
from pipeline.errors import Blocked, Broken, EnrichError, EntryGone, Throttled, Transient
from pipeline.platforms.anidb import AnidbAdapter
from pipeline.platforms.anilist import AniListAdapter
from pipeline.platforms.anime_planet import AnimePlanetAdapter
from pipeline.platforms.animeschedule import AnimeScheduleAdapter
from pipeline.platforms.jikan import JikanAdapter
from pipeline.platforms.kitsu import KitsuAdapter
from pipeline.platforms.port import PlatformAdapter

JIKAN, ANILIST, ANIDB = JikanAdapter(), AniListAdapter(), AnidbAdapter("practice", 1)
KITSU, ANIME_PLANET, ANIMESCHEDULE = KitsuAdapter(api="jsonapi"), AnimePlanetAdapter(), AnimeScheduleAdapter()

ERRORS: Mapping[str, type[EnrichError]] = {
    "jikan/errors/400-validation.json": Broken,
    "jikan/errors/404-seasons-invalid-year-99999.json": EntryGone,
    "jikan/errors/500-anime_by_id-404-not-found.json": Transient,
    "jikan/errors/500-anime_characters-404-not-found.json": Transient,
    "jikan/errors/500-anime_episodes-404-not-found.json": Transient,
    "jikan/errors/500-anime_episodes-fma-brotherhood.json": Transient,
    "jikan/errors/500-anime_episodes-hellsing.json": Transient,
    "jikan/errors/500-anime_episodes-naruto.json": Transient,
    "jikan/errors/500-internal-example.json": Transient,
    "jikan/errors/500-reviews-2022.json": Transient,
    "jikan/errors/500-top_reviews-anime.json": Transient,
    "anilist/errors/400-bad-query-error-envelope.json": Broken,
    "anilist/errors/404-media-not-found-error.json": EntryGone,
    "anilist/errors/404-media-not-found.json": EntryGone,
    "anilist/errors/429-rate-limit-error.json": Throttled,
    "kitsu/errors/400-invalid-include.json": Broken,
    "kitsu/errors/404-anime_by_id-404-not-found.json": EntryGone,
    "anidb/errors/302-client.xml": Broken,
    "anidb/errors/500-banned.xml": Blocked,
    "anidb/errors/aid-missing.xml": Broken,
    "anidb/errors/banned.xml": Blocked,
    "anidb/errors/web-nginx-error.html": Blocked,
    "anime_planet/errors/cloudflare-js-challenge-2019-11-30.html": Blocked,
    "anime_planet/errors/cloudflare-js-challenge-2020-05-27.html": Blocked,
    "animeschedule/errors/404-anime-not-found.txt": EntryGone,
}
"""The class of section 7.1 for every recorded error."""
AT_LEAST_S = {"anidb": 86_400.0, "anime_planet": 21_600.0, "anilist": 60.0}
"""How long is waited after a refusal, by platform: a day for a ban, hours for a challenge, else what was stated."""

Parts = dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Live:
    """A recording as it would have come to us: the request of ours it answers, and the whole answer to that request."""

    adapter: PlatformAdapter
    request: Request
    answer: Answer
    beside: Parts
    """What is had of the title already."""


def plan(adapter: PlatformAdapter, kind: str, *ids: str, beside: Parts | None = None) -> Request:
    """The request of a kind as the adapter plans it; one of another title's part is the same but for its page."""
    planned = adapter.plan_requests([Wanted(id_, parts=beside or {}) for id_ in ids])
    name, _, number = kind.rpartition("/")
    for request in planned:
        if kind in (request.kind, ""):
            return request
        if name and request.kind.startswith(name) and number.isdigit():
            return replace(request, kind=kind)
    raise AssertionError(f"{adapter.name.value} asks for no {kind!r}")


def ok(body: object, url: str = "http://127.0.0.1/") -> Answer:
    return Answer(200, {}, body if isinstance(body, bytes) else orjson.dumps(body), url)


def own_id(name: str) -> str:
    return name.split(".", maxsplit=1)[0]


# Each reader turns a recorded body into what a request of ours would have got. Where our request is a batch of ids, an
# answer for one id is put into the batch's envelope; nothing inside it is changed.


def jikan_record(name: str, body: bytes) -> Iterator[Live]:
    yield Live(JIKAN, plan(JIKAN, "full", own_id(name)), ok(body), {})


def jikan_part(kind: str, *, has_pages: bool = False) -> Callable[[str, bytes], Iterator[Live]]:
    def read(name: str, body: bytes) -> Iterator[Live]:
        id_, page = own_id(name), name.split(".")[1] if has_pages else ""
        beside = {"full": orjson.dumps({"data": {"mal_id": int(id_)}})}
        wanted = f"{kind}/{page}" if has_pages else kind
        planned = [one for one in JIKAN.plan_requests([Wanted(id_, parts=beside)]) if one.kind == wanted]
        [request] = planned or [Request(JIKAN.name, wanted, f"/anime/{id_}/{kind}", (id_,))]
        yield Live(JIKAN, request, ok(body), beside)

    return read


def jikan_rows(_: str, body: bytes) -> Iterator[Live]:
    """A list walk has whole records; each is a record of its own."""
    value = orjson.loads(body)["data"]
    for row in value if isinstance(value, list) else [value]:
        id_ = str(row["mal_id"])
        yield Live(JIKAN, plan(JIKAN, "full", id_), ok({"data": row}), {})


def anilist_record(name: str, body: bytes) -> Iterator[Live]:
    media = {"id": int(own_id(name)), "type": "ANIME"} | orjson.loads(body)["data"]["Media"]
    yield _anilist([media])


def anilist_page(_: str, body: bytes) -> Iterator[Live]:
    data = orjson.loads(body)["data"]
    pages = [data[name] for name in ("Page", "page1", "page2", "page3") if name in data]
    for page in pages:
        rows = [{"type": "ANIME"} | row for row in page["media"]]
        for at in range(0, len(rows), 50):
            yield _anilist(rows[at : at + 50])


def _anilist(media: list[dict[str, Any]]) -> Live:
    ids = [str(one["id"]) for one in media]
    return Live(ANILIST, plan(ANILIST, "media", *ids), ok({"data": {"Page": {"media": media}}}), {})


def kitsu_record(_: str, body: bytes) -> Iterator[Live]:
    """One resource as a list of one; a list as it is, twenty at a time."""
    document = orjson.loads(body)
    rows = document["data"] if isinstance(document["data"], list) else [document["data"]]
    ids = [row["id"] for row in rows]
    yield Live(KITSU, plan(KITSU, "jsonapi/anime", *ids), ok(document | {"data": rows}), {})


def kitsu_list(name: str) -> Callable[[str, bytes], Iterator[Live]]:
    def read(file: str, body: bytes) -> Iterator[Live]:
        id_ = own_id(file)
        beside = {"jsonapi/anime": orjson.dumps({"data": {"id": id_, "type": "anime", "attributes": {"slug": "x"}}})}
        yield Live(KITSU, plan(KITSU, f"jsonapi/{name}/0", id_, beside=beside), ok(body), beside)

    return read


def anidb_record(name: str, body: bytes) -> Iterator[Live]:
    yield Live(ANIDB, plan(ANIDB, "anime", own_id(name)), ok(body), {})


def planet_page(name: str, body: bytes) -> Iterator[Live]:
    slug = own_id(name)
    answer = ok(body, f"https://www.anime-planet.com/anime/{slug}")
    yield Live(ANIME_PLANET, plan(ANIME_PLANET, "page", slug), answer, {})


def schedule_page(_: str, body: bytes) -> Iterator[Live]:
    value = orjson.loads(body)
    page = value if "anime" in value else {"page": 1, "totalAmount": 1, "anime": [value]}
    ids = [f"mal:{row['websites']['mal'].split('/')[2]}" for row in page["anime"]]
    whole = page | {"totalAmount": len(ids)}
    yield Live(ANIMESCHEDULE, plan(ANIMESCHEDULE, "", *ids), ok(whole), {})


Read = Callable[[str, bytes], Iterator[Live]]
READERS: Mapping[str, Read] = {
    "jikan/anime": jikan_record,
    "jikan/anime_full": jikan_record,
    "jikan/anime_from_list": jikan_record,
    "jikan/anime_characters": jikan_part("characters"),
    "jikan/anime_staff": jikan_part("staff"),
    "jikan/anime_episodes": jikan_part("episodes", has_pages=True),
    "jikan/anime_episode": jikan_part("episode", has_pages=True),
    **{
        f"jikan/anime_{kind}": jikan_part(kind)
        for kind in ("statistics", "pictures", "videos", "external", "streaming", "themes", "relations")
    },
    **{
        f"jikan/{name}": jikan_rows
        for name in [
            "anime_search",
            "random_anime",
            "schedules",
            "seasons",
            "seasons_by_year",
            "seasons_limited",
            "seasons_now",
            "seasons_unlimited",
            "seasons_upcoming",
            "top_anime",
        ]
    },
    **{
        f"anilist/media{name}": anilist_record
        for name in (
            "",
            "_airing_schedule",
            "_airing_schedule_not_yet_aired",
            "_characters",
            "_characters_main",
            "_detail",
            "_from_page",
            "_models",
            "_partial",
            "_recommendations",
            "_relations",
            "_staff",
            "_studios",
            "_studios_main",
        )
    },
    **{f"anilist/{name}": anilist_page for name in ("page_media_models", "schedule", "search", "season", "trending")},
    **{
        f"anilist/misc/{name}.json": anilist_page
        for name in ("query-with-variables", "search-frieren", "search-naruto-page2")
    },
    **{
        f"kitsu/{name}": kitsu_record
        for name in [
            "anime",
            "anime_app_host",
            "anime_filter_include",
            "anime_from_list",
            "anime_search",
            "anime_sparse",
        ]
    },
    "kitsu/anime_search_sparse": kitsu_record,
    "kitsu/trending_anime": kitsu_record,
    "kitsu/anime_characters": kitsu_list("characters"),
    "kitsu/anime_episodes": kitsu_list("episodes"),
    "kitsu/anime_episodes_sparse": kitsu_list("episodes"),
    "anidb/anime": anidb_record,
    "anidb/anime_trimmed": anidb_record,
    "anime_planet/anime": planet_page,
    "animeschedule/anime": schedule_page,
    "animeschedule/anime_list": schedule_page,
}
"""How the recordings of an endpoint would have come to us."""

MISSES = {"anime_planet/search": "the search page that stands in for a slug that is gone"}
"""Answers with status 200 that say the title is not there."""

UNASKED: Mapping[str, tuple[str, int]] = {
    "anidb/category_list": ("no titles in it", 1),
    "anidb/hot_anime": ("a handful of titles, each asked for by its id", 1),
    "anidb/main": ("a handful of titles, each asked for by its id", 1),
    "anidb/random_recommendation": ("chance is no plan", 1),
    "anidb/random_similar": ("chance is no plan", 1),
    "anidb/titles": ("ids come from the catalogue", 1),
    "anilist/character": ("casts come with their title", 3),
    "anilist/misc/airing-schedule-window.json": ("schedules come with their title", 1),
    "anilist/misc/media-tag-collection.json": ("no titles in it", 1),
    "anilist/misc/schema-introspection-small.json": ("no titles in it", 1),
    "anilist/misc/search-manga-berserk.json": ("manga", 1),
    "anilist/misc/staff-search.json": ("staff comes with its title", 1),
    "anilist/misc/studio-search.json": ("studios come with their title", 1),
    "anilist/page_airing_schedule": ("schedules come with their title", 1),
    "anilist/page_airing_schedule_not_yet_aired": ("schedules come with their title", 1),
    "anilist/page_media_trend": ("no field of ours", 1),
    "anilist/page_recommendation": ("no field of ours", 1),
    "anilist/staff": ("staff comes with its title", 3),
    "anilist/studio": ("studios come with their title", 3),
    "anime_planet/anime_extracted": ("no answer of the platform, but what somebody took out of one", 2),
    "anime_planet/character": ("a page for each of a cast is not asked for", 1),
    "animeschedule/timetables_sub": ("weeks, not titles", 2),
    "jikan/anime_moreinfo": ("no field of ours", 1),
    "jikan/anime_recommendations": ("no field of ours", 1),
    "jikan/anime_videos_episodes": ("no field of ours", 1),
    "jikan/character_details_reshaped": ("no answer of the platform, but many made into one", 2),
    "jikan/episode_details_reshaped": ("no answer of the platform, but many made into one", 1),
    "jikan/genres_anime": ("no titles in it", 1),
    "jikan/recommendations_anime": ("no field of ours", 1),
    "jikan/seasons_list": ("no titles in it", 1),
    "jikan/watch_episodes": ("no field of ours", 1),
    "jikan/watch_episodes_popular": ("no field of ours", 1),
    **{
        f"jikan/characters{name}": ("casts come with their title", 1)
        for name in ("", "_anime", "_full", "_manga", "_pictures", "_search", "_voices")
    },
    **{
        f"jikan/people_{name}": ("people come with their title", 1)
        for name in ("anime", "by_id", "full", "manga", "pictures", "search", "voices")
    },
    **{
        f"jikan/producers_{name}": ("companies come with their title", 1)
        for name in ("by_id", "external", "full", "search")
    },
    "kitsu/anime_dump": ("no answer of the platform, but three made into one", 1),
    "kitsu/anime_reviews": ("no field of ours", 1),
    "kitsu/franchises": ("no titles in it", 1),
    **{
        f"kitsu/{name}": ("comes with its title", count)
        for name, count in {
            "anime_anime_productions": 1,
            "anime_app_host_mappings": 1,
            "anime_app_host_streaming_links": 1,
            "anime_categories": 3,
            "anime_genres": 1,
            "anime_mappings": 10,
            "anime_media_relationships": 1,
            "anime_staff": 1,
            "anime_streaming_links": 9,
            "anime_streaming_links_include": 1,
            "categories": 1,
            "characters": 1,
            "genres": 1,
            "media_relationships": 5,
            "people": 1,
            "people_castings": 1,
            "people_voices": 1,
            "producers": 1,
            "streamers": 1,
        }.items()
    },
}
"""Endpoints we do not ask: why, and how many recordings they have."""


@cache
def index(recordings: Path) -> tuple[dict[str, Any], ...]:
    return tuple(orjson.loads((recordings / "INDEX.json").read_bytes())["files"])


def endpoint_of(entry: Mapping[str, Any]) -> str:
    """The endpoint as the tables name it; of the mixed one each file by its own name."""
    endpoint = f"{entry['platform']}/{entry['endpoint']}"
    return str(entry["file"]) if endpoint == "anilist/misc" else endpoint


def entries_of(recordings: Path, *endpoints: str) -> Iterator[tuple[dict[str, Any], bytes]]:
    for entry in index(recordings):
        if endpoint_of(entry) in endpoints:
            yield entry, (recordings / entry["file"]).read_bytes()


def test_no_recording_is_left_out(recordings: Path) -> None:
    """Every endpoint of the index stands in exactly one of the tables, every error in its own, and none is invented."""
    found = Counter(endpoint_of(entry) for entry in index(recordings))
    errors = {name for name in found if name.endswith("/errors")}
    tables = [set(READERS), set(MISSES), set(UNASKED), errors]
    assert sum(len(table) for table in tables) == len(set.union(*tables)), "an endpoint stands in two tables"
    assert found.keys() == set.union(*tables)
    assert {name: found[name] for name in UNASKED} == {name: count for name, (_, count) in UNASKED.items()}
    assert {entry["file"] for entry in index(recordings) if endpoint_of(entry) in errors} == ERRORS.keys()
    by_table = [sum(found[name] for name in table) for table in tables]
    assert by_table == [458, 1, 104, 25]
    assert sum(by_table) == len(index(recordings))


@pytest.mark.parametrize("endpoint", sorted(READERS))
def test_a_recorded_answer_is_read_as_if_it_came_live(endpoint: str, recordings: Path) -> None:
    """Checked, taken apart by id and said in our terms; what is said survives being written down."""
    for entry, body in entries_of(recordings, endpoint):
        lives = list(READERS[endpoint](Path(entry["file"]).name, body))
        assert lives or b"[]" in body, entry["file"]
        for live in lives:
            live.adapter.check_answer(live.request, live.answer)
            reading = live.adapter.parse_answer(live.request, live.answer)
            assert reading.parts.keys() == set(live.request.ids), entry["file"]
            assert not reading.absent
            for id_, parts in reading.parts.items():
                title = live.adapter.convert(id_, live.beside | {part.kind: part.body for part in parts})
                assert load_json(SourceTitle, dump_json(SourceTitle, title)) == title
                assert live.adapter is ANIMESCHEDULE or title.id == id_


def request_of(name: str) -> tuple[PlatformAdapter, Request]:
    """The request of ours that gets such an error: of the part it names, else the first of a title."""
    platform, _, file = name.split("/")
    if platform == "jikan":
        kind = "characters" if "characters" in file else "episodes/1" if "episodes" in file else "full"
        beside = {} if kind == "full" else {"full": b'{"data":{"mal_id":5114}}'}
        return JIKAN, plan(JIKAN, kind, "5114", beside=beside)
    if platform == "kitsu":
        beside = {"jsonapi/anime": b'{"data":{"id":"1","type":"anime"}}'} if file.startswith("404") else {}
        return KITSU, plan(KITSU, "", "1", beside=beside)
    adapter = {"anilist": ANILIST, "anidb": ANIDB, "anime_planet": ANIME_PLANET, "animeschedule": ANIMESCHEDULE}[
        platform
    ]
    return adapter, plan(adapter, "", "mal:1" if adapter is ANIMESCHEDULE else "1")


@pytest.mark.parametrize("name", sorted(ERRORS))
def test_a_recorded_error_lands_in_its_class(name: str, recordings: Path) -> None:
    """With the status it came with, or any it may have come with, and with the wait its platform wants."""
    [entry] = [entry for entry in index(recordings) if entry["file"] == name]
    adapter, request = request_of(name)
    headers = {key.lower(): value for key, value in entry.get("response_headers", {}).items()}
    body = (recordings / name).read_bytes()
    for status in [entry["status"]] if entry["status"] else [200, 403]:
        with pytest.raises(ERRORS[name]) as raised:
            adapter.check_answer(request, Answer(status, headers, body, ""))
        assert type(raised.value) is ERRORS[name]
        assert raised.value.evidence  # type: ignore[attr-defined]  # every platform error has it
        if issubclass(ERRORS[name], Blocked | Throttled):
            assert raised.value.wait_s >= AT_LEAST_S[entry["platform"]]  # type: ignore[attr-defined]  # likewise


@pytest.mark.parametrize("endpoint", sorted(MISSES))
def test_a_recorded_miss_is_one(endpoint: str, recordings: Path) -> None:
    """Status 200, and yet the title is not there."""
    for _, body in entries_of(recordings, endpoint):
        with pytest.raises(EntryGone):
            ANIME_PLANET.check_answer(plan(ANIME_PLANET, "page", "komi-san"), ok(body))
