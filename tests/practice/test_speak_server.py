"""Whole conversations over loopback: every adapter asks a real server until it has all, and hears the world's word."""

import gzip
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
import orjson
import pytest
from lxml import etree

from pipeline.domain.exchange import Answer, Request, Wanted
from pipeline.domain.names import (
    AiringStatus,
    CharacterRole,
    LinkKind,
    Platform,
    RelationKind,
    Season,
    Site,
    TitleType,
)
from pipeline.domain.source_title import Character, Credit, Relation, SourceTitle, TitleName
from pipeline.domain.title import CatalogueRow
from pipeline.platforms.anidb.adapter import AnidbAdapter
from pipeline.platforms.anilist.adapter import AniListAdapter
from pipeline.platforms.anime_planet.adapter import AnimePlanetAdapter
from pipeline.platforms.kitsu.adapter import KitsuAdapter
from pipeline.platforms.port import PlatformAdapter
from pipeline.practice.server import RunningPractice, base_urls, run_practice
from pipeline.practice.settings import PracticeSettings
from pipeline.practice.speak_anidb import speak_title
from pipeline.practice.world import World

LONG = "8000"


def _row(
    number: int, title: str, kind: TitleType, episodes: int, *, year: int = 2015, related: tuple[int, ...] = ()
) -> CatalogueRow:
    def urls(id_: int) -> tuple[str, ...]:
        hosts = ("myanimelist.net/anime", "anilist.co/anime", "kitsu.app/anime", "anidb.net/anime")
        return (*(f"https://{host}/{id_}" for host in hosts), f"https://anime-planet.com/anime/tale-{id_}")

    return CatalogueRow(
        sources=urls(number),
        title=title,
        type=kind,
        episodes=episodes,
        status=AiringStatus.FINISHED,
        season=Season.FALL,
        year=year,
        duration_s=1440,
        score=7.5,
        synonyms=(f"{title} & Friends", "灯台物語", f"The <{title}>"),
        studios=("studio lantern",),
        related_anime=tuple(urls(other)[0] for other in related),
        tags=("drama", "school", "mecha"),
    )


ROWS = (
    _row(101, "Lighthouse Diary", TitleType.TV, 12, related=(102,)),
    _row(102, "Lighthouse Diary 2", TitleType.TV, 24, related=(101,)),
    _row(103, "A Paper Boat's Voyage", TitleType.MOVIE, 1),
    _row(104, "Rain Over Kita", TitleType.OVA, 3, year=1994),
    _row(int(LONG), "Endless Ferry", TitleType.TV, 1100, year=1999),
)


@dataclass
class Heard:
    """What a conversation came to."""

    parts: dict[str, dict[str, bytes]]
    absent: set[str]
    requests: list[Request]
    statuses: list[int]


@pytest.fixture
async def practice() -> AsyncIterator[RunningPractice]:
    async with run_practice(PracticeSettings(rows=ROWS, has_limits=False)) as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as client:
        yield client


async def ask(client: aiohttp.ClientSession, base: str, request: Request) -> Answer:
    async with client.request(
        request.method, base + request.path, params=list(request.params), data=request.json_body
    ) as response:
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, headers, await response.read(), str(response.url))


async def converse(
    client: aiohttp.ClientSession, running: RunningPractice, adapter: PlatformAdapter, ids: Sequence[str]
) -> Heard:
    """Ask as the engine does: plan, ask, read, until nothing is planned any more."""
    heard = Heard({id_: {} for id_ in ids}, set(), [], [])
    base = base_urls(running.url)[adapter.name]
    while planned := adapter.plan_requests(
        [Wanted(id_, parts=heard.parts[id_]) for id_ in ids if id_ not in heard.absent][: adapter.batch]
    ):
        for request in planned:
            answer = await ask(client, base, request)
            adapter.check_answer(request, answer)
            reading = adapter.parse_answer(request, answer)
            heard.absent |= reading.absent
            heard.requests.append(request)
            for id_, parts in reading.parts.items():
                heard.parts[id_] |= {part.kind: part.body for part in parts}
    return heard


async def convert_all(
    client: aiohttp.ClientSession, running: RunningPractice, adapter: PlatformAdapter, ids: Sequence[str]
) -> list[SourceTitle]:
    found = []
    for start in range(0, len(ids), adapter.batch):
        some = ids[start : start + adapter.batch]
        heard = await converse(client, running, adapter, some)
        assert not heard.absent
        found += [adapter.convert(id_, heard.parts[id_]) for id_ in some]
    return found


# What a platform's answers cannot carry, or what reading adds to them: the same on both sides of a comparison.


def _no_derived_ids(title: SourceTitle) -> SourceTitle:
    own = Site(title.source.value)
    return replace(title, identifiers=tuple(one for one in title.identifiers if one.site is not own))


def _anilist(title: SourceTitle) -> SourceTitle:
    figures = title.statistics
    if figures is not None and figures.rankings:
        figures = replace(figures, rank=figures.rankings[0].rank)
    names = tuple(
        TitleName(one.text, one.kind, (one.language or "").replace("zh", "ja") or None) for one in title.titles
    )
    return replace(_no_derived_ids(title), statistics=figures, titles=names)


def _kitsu(title: SourceTitle) -> SourceTitle:
    labels = tuple(replace(one, id=None) for one in title.labels)
    relations = tuple(replace(one, target_url=None) for one in title.relations)
    return replace(_no_derived_ids(title), season_year=None, labels=labels, relations=relations)


def _anidb(title: SourceTitle) -> SourceTitle:
    links = tuple(replace(one, site="") for one in title.links if one.kind is LinkKind.OFFICIAL)
    companies = tuple(replace(one, url=None) for one in title.companies)
    relations = tuple(replace(one, kind_text="") for one in title.relations)
    return replace(_no_derived_ids(title), links=links, companies=companies, relations=relations)


def _anime_planet(title: SourceTitle) -> SourceTitle:
    def relation(one: Relation) -> Relation:
        kept = one.kind in (RelationKind.PREQUEL, RelationKind.SEQUEL, RelationKind.SIDE_STORY)
        return replace(one, kind_text="", kind=one.kind if kept else None)

    def person(one: Character) -> Character:
        actors = tuple(replace(actor, name=actor.name.title()) for actor in one.voice_actors)
        return replace(one, name=one.name.title(), voice_actors=actors)

    return replace(
        _no_derived_ids(title),
        relations=tuple(relation(one) for one in title.relations),
        characters=tuple(sorted(map(person, title.characters), key=lambda one: list(CharacterRole).index(one.role))),
        staff=tuple(one for one in title.staff if not isinstance(one, Credit) or one.role != "Voice Actor"),
        status=None,
    )


CASES = {
    Platform.ANILIST: (AniListAdapter(), _anilist),
    Platform.KITSU: (KitsuAdapter(), _kitsu),
    Platform.ANIDB: (AnidbAdapter("practice", 1), _anidb),
    Platform.ANIME_PLANET: (AnimePlanetAdapter(), _anime_planet),
}


@pytest.mark.parametrize("platform", CASES)
async def test_every_adapter_hears_what_the_world_says(
    platform: Platform, practice: RunningPractice, session: aiohttp.ClientSession
) -> None:
    """Conversion of what the server says is what the world says, up to what the platform cannot carry."""
    adapter, comparable = CASES[platform]
    world = World(ROWS, image_base=f"{practice.url}/images")
    ids = list(world.ids(platform))
    assert len(ids) == len(ROWS)
    for heard in await convert_all(session, practice, adapter, ids):
        said = world.title(platform, heard.id)
        assert said is not None
        assert not heard.drift
        for name in SourceTitle.__dataclass_fields__:
            ours, theirs = getattr(comparable(heard), name), getattr(comparable(said), name)
            assert ours == theirs, f"{platform} {heard.id} {name}"


@pytest.mark.parametrize("platform", CASES)
async def test_a_long_series_comes_whole(
    platform: Platform, practice: RunningPractice, session: aiohttp.ClientSession
) -> None:
    """Nobody of a cast of more than a thousand is lost or doubled over the pages."""
    adapter, comparable = CASES[platform]
    id_ = f"tale-{LONG}" if platform is Platform.ANIME_PLANET else LONG
    heard = (await convert_all(session, practice, adapter, [id_]))[0]
    said = World(ROWS).title(platform, id_)
    assert said is not None
    assert len(said.characters) > 1000
    assert [one.id for one in comparable(heard).characters] == [one.id for one in comparable(said).characters]
    assert len({one.id for one in heard.characters}) == len(heard.characters)
    assert len(heard.episodes) == len(said.episodes)


@pytest.mark.parametrize(
    ("platform", "unknown"),
    [(Platform.ANILIST, "999"), (Platform.KITSU, "999")],
)
async def test_an_unknown_id_is_absent_and_hurts_nobody(
    platform: Platform, unknown: str, practice: RunningPractice, session: aiohttp.ClientSession
) -> None:
    """In a batch an unknown id is reported absent, and the others come."""
    adapter, _ = CASES[platform]
    heard = await converse(session, practice, adapter, ["101", unknown, "103"])
    assert heard.absent == {unknown}
    assert heard.parts["101"]
    assert heard.parts["103"]


async def test_the_json_api_says_what_graphql_says(practice: RunningPractice, session: aiohttp.ClientSession) -> None:
    """The older door gives the same names, dates, lengths, casts and episodes."""
    ids = ["101", "102", "103"]
    new = await convert_all(session, practice, KitsuAdapter(), ids)
    old = await convert_all(session, practice, KitsuAdapter(api="jsonapi"), ids)
    for left, right in zip(new, old, strict=True):
        for name in (
            "titles",
            "synopses",
            "start",
            "end",
            "episode_count",
            "episode_duration_s",
            "labels",
            "companies",
        ):
            assert getattr(left, name) == getattr(right, name), name
        assert [one.id for one in left.characters] == [one.id for one in right.characters]
        assert [one.role for one in left.characters] == [one.role for one in right.characters]
        assert [(one.number, one.aired, one.duration_s) for one in left.episodes] == [
            (one.number, one.aired, one.duration_s) for one in right.episodes
        ]
        assert [one.target_ids for one in left.relations] == [one.target_ids for one in right.relations]
        assert set(left.identifiers) == set(right.identifiers)


async def get(session: aiohttp.ClientSession, url: str, **params: str) -> tuple[int, bytes]:
    async with session.get(url, params=params) as response:
        return response.status, await response.read()


async def test_json_api_lists_are_paged_by_twenty_at_most(
    practice: RunningPractice, session: aiohttp.ClientSession
) -> None:
    """Ten rows by default, twenty at most, ``meta.count`` is the whole and ``links.next`` leads through all of it."""
    base = f"{practice.url}/kitsu/edge/anime/{LONG}/episodes"
    first = orjson.loads((await get(session, base))[1])
    assert (len(first["data"]), first["meta"]["count"]) == (10, 1100)
    found, url, query = 0, base, {"page[limit]": "20", "page[offset]": "1060"}
    while True:
        said = orjson.loads((await get(session, url, **query))[1])
        found += len(said["data"])
        if "next" not in said["links"]:
            break
        url, query = said["links"]["next"], {}
    assert found == 40
    status, body = await get(session, base, **{"page[limit]": "21"})
    assert (status, orjson.loads(body)["errors"][0]["status"]) == (400, "400")


async def test_json_api_errors_are_the_recorded_ones(
    practice: RunningPractice, session: aiohttp.ClientSession, recordings: Path
) -> None:
    """A missing record and a wrong include are refused in the platform's envelope."""
    status, body = await get(session, f"{practice.url}/kitsu/edge/anime/9999999999")
    assert status == 404
    assert orjson.loads(body) == orjson.loads(
        (recordings / "kitsu/errors/404-anime_by_id-404-not-found.json").read_bytes()
    )
    status, body = await get(session, f"{practice.url}/kitsu/edge/anime/101", include="animeFoo")
    assert status == 400
    assert orjson.loads(body) == orjson.loads((recordings / "kitsu/errors/400-invalid-include.json").read_bytes())


async def test_json_api_filters_leave_misses_out_and_find_by_mapping(
    practice: RunningPractice, session: aiohttp.ClientSession
) -> None:
    """A filtered list says ``meta.count: 0`` for a miss; a mapping brings its item."""
    edge = f"{practice.url}/kitsu/edge"
    said = orjson.loads((await get(session, f"{edge}/anime", **{"filter[id]": "999,103"}))[1])
    assert ([row["id"] for row in said["data"]], said["meta"]["count"]) == (["103"], 1)
    assert orjson.loads((await get(session, f"{edge}/anime", **{"filter[id]": "999"}))[1])["meta"]["count"] == 0
    query = {"filter[externalSite]": "myanimelist/anime", "filter[externalId]": "101,999", "include": "item"}
    said = orjson.loads((await get(session, f"{edge}/mappings", **query))[1])
    assert [row["id"] for row in said["included"]] == ["101"]
    assert said["included"][0]["attributes"]["episodeLength"] == 24


async def test_a_body_that_is_no_json_is_refused(practice: RunningPractice, session: aiohttp.ClientSession) -> None:
    """AniList answers 400 with ``errors``, Kitsu 500 with a single ``error``; neither breaks."""
    async with session.post(f"{practice.url}/anilist", data=b"not json") as response:
        assert (response.status, "errors" in await response.json()) == (400, True)
    async with session.post(f"{practice.url}/kitsu/graphql", data=b"not json") as response:
        said = await response.json()
        assert (response.status, set(said), said["data"]) == (500, {"error", "data"}, {})


ANIDB = {"request": "anime", "client": "practice", "clientver": "1", "protover": "1", "aid": "101"}


@pytest.mark.parametrize(
    ("change", "recorded"),
    [
        ({"client": "unregistered"}, "302-client.xml"),
        ({"clientver": "x"}, "302-client.xml"),
        ({"protover": "2"}, "302-client.xml"),
        ({"aid": "x"}, "aid-missing.xml"),
    ],
)
async def test_anidb_refuses_with_status_200_and_an_error_root(
    change: dict[str, str],
    recorded: str,
    practice: RunningPractice,
    session: aiohttp.ClientSession,
    recordings: Path,
) -> None:
    """Wrong clients and ids get the documented error documents."""
    status, body = await get(session, f"{practice.url}/anidb/httpapi", **(ANIDB | change))
    said, known = etree.fromstring(body), etree.fromstring((recordings / "anidb/errors" / recorded).read_bytes())
    assert status == 200
    assert (said.tag, said.text, dict(said.attrib)) == (known.tag, known.text, dict(known.attrib))


async def test_anidb_knows_what_it_does_not_have(practice: RunningPractice, session: aiohttp.ClientSession) -> None:
    """An unknown aid is an error document too."""
    _, body = await get(session, f"{practice.url}/anidb/httpapi", **(ANIDB | {"aid": "999"}))
    assert etree.fromstring(body).text == "Anime not found"


async def test_anidb_is_always_compressed(practice: RunningPractice) -> None:
    """Even a client that does not ask for it gets gzip."""
    async with (
        aiohttp.ClientSession(auto_decompress=False) as plain,
        plain.get(f"{practice.url}/anidb/httpapi", params=ANIDB, headers={"Accept-Encoding": "identity"}) as response,
    ):
        assert response.headers["Content-Encoding"] == "gzip"
        assert etree.fromstring(gzip.decompress(await response.read())).get("id") == "101"


@pytest.mark.parametrize("number", ["101", "103", LONG])
def test_anidb_documents_keep_the_schema(number: str, recordings: Path) -> None:
    """What we write validates against the shape of real answers, long series included."""
    path = recordings.parent / "reference" / "specs" / "anidb-httpapi-anime.xsd"
    if not path.is_file():
        pytest.skip(f"no schema at {path}")
    schema = etree.XMLSchema(etree.parse(path))
    title = World(ROWS, has_cdn_pictures=True).title(Platform.ANIDB, number)
    assert title is not None
    schema.assertValid(etree.fromstring(speak_title(title)))


async def test_a_missing_page_of_anime_planet_is_a_search_page(
    practice: RunningPractice, session: aiohttp.ClientSession
) -> None:
    """Status 200 and the words of the search, for a title and for its characters; words are escaped."""
    for path in ("anime/no-such-tale", "anime/no-such-tale/characters", "anime/%3Cb%3E"):
        status, body = await get(session, f"{practice.url}/anime_planet/{path}")
        assert status == 200
        assert b"You searched for" in body
        assert b"couldn't find anything" in body
        assert b"<b>" not in body
    status, body = await get(session, f"{practice.url}/anime_planet/robots.txt")
    assert (status, b"Crawl-delay: 1" in body) == (200, True)


async def test_recordings_stand_in_for_the_world(recordings: Path, session: aiohttp.ClientSession) -> None:
    """Recorded titles come through the same doors, recorded pages unchanged, and others are unknown."""
    settings = PracticeSettings(rows=ROWS, has_limits=False, recordings=recordings, only_recordings=True)
    async with run_practice(settings) as running:
        heard = await converse(session, running, AniListAdapter(), ["1", "99426", "101"])
        assert heard.absent == {"101"}
        bebop = AniListAdapter().convert("1", heard.parts["1"])
        assert (bebop.episode_count, bebop.episode_duration_s) == (26, 1440)
        assert len(AniListAdapter().convert("99426", heard.parts["99426"]).characters) == 18
        heard = await converse(session, running, KitsuAdapter(), ["1", "101"])
        assert heard.absent == {"101"}
        kitsu = KitsuAdapter().convert("1", heard.parts["1"])
        assert (kitsu.episode_count, kitsu.episode_duration_s) == (26, 1500)
        assert [one.number for one in kitsu.episodes] == list(range(1, 11))
        base = running.url
        for url, file in (
            (f"{base}/kitsu/edge/anime/1", "kitsu/anime/1.json"),
            (f"{base}/kitsu/edge/anime/1/episodes", "kitsu/anime_episodes/1.1.json"),
            (f"{base}/anime_planet/anime/black-clover", "anime_planet/anime/black-clover.html"),
        ):
            assert (await get(session, url))[1] == (recordings / file).read_bytes()
        _, body = await get(session, f"{base}/anidb/httpapi", **(ANIDB | {"aid": "22"}))
        assert body == (recordings / "anidb/anime/22.xml").read_bytes()
