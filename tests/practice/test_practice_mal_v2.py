"""The practice official API: it speaks the shape that is read, keeps its limits, and wants to know who asks."""

from dataclasses import replace

import aiohttp
import orjson
import pytest

from pipeline.catalogue import ids_of
from pipeline.domain.exchange import Answer, Request, Wanted
from pipeline.domain.names import CompanyRole, ImageRole, Platform, Service, Site
from pipeline.domain.source_title import ForeignId, Image, SourceTitle, Statistics
from pipeline.errors import Blocked, EntryGone
from pipeline.platforms.jikan import JikanAdapter
from pipeline.platforms.jikan.requests import CORE, EXTRAS
from pipeline.practice import PracticeSettings, World, read_practice_rows
from pipeline.practice.cast import split_character_id
from pipeline.practice.faults import Fault, FaultKind, parse_fault
from pipeline.practice.server import RunningPractice, run_practice

CLIENT = {"X-MAL-CLIENT-ID": "practice"}


async def send(http: aiohttp.ClientSession, server: RunningPractice, request: Request) -> Answer:
    headers = CLIENT if request.service is Service.MAL_V2 else {}
    address = f"{server.url}/{request.host.value}{request.path}"
    async with http.get(address, params=list(request.params), headers=headers) as answer:
        return Answer(answer.status, {}, await answer.read(), str(answer.url))


async def read_title(
    http: aiohttp.ClientSession, server: RunningPractice, adapter: JikanAdapter, id_: str
) -> SourceTitle:
    parts: dict[str, bytes] = {}
    while requests := adapter.plan_requests([Wanted(id_, parts=parts)]):
        for request in requests:
            answer = await send(http, server, request)
            adapter.check_answer(request, answer)
            parts |= {part.kind: part.body for part in adapter.parse_answer(request, answer).parts[id_]}
    return adapter.convert(id_, parts)


def as_told(title: SourceTitle) -> SourceTitle:
    """The title as far as the official API can tell it, and in its words."""
    cover = {image.size: image.url for image in title.images}
    figures = title.statistics or Statistics()
    return replace(
        title,
        url=f"https://myanimelist.net/anime/{title.id}",
        images=tuple(
            Image(cover[size], role, size) for role in (ImageRole.COVER, ImageRole.PICTURE) for size in (None, "large")
        ),
        statistics=replace(figures, favorites=None, score_distribution=()),
        companies=tuple(replace(one, url=None) for one in title.companies if one.role is CompanyRole.STUDIO),
        relations=tuple(
            replace(
                one,
                kind_text=one.kind_text.capitalize(),
                target_url=f"https://myanimelist.net/anime/{one.target_ids[0].id}",
            )
            for one in title.relations
        ),
        links=(),
        trailers=(),
        identifiers=(ForeignId(Site.MAL, title.id),),
        episodes=() if title.episode_count == 1 else title.episodes,
    )


async def test_a_record_is_read_back_as_the_world_said_it() -> None:
    """For all practice titles: what both services say is the same, and what the official one lacks is not said."""
    rows, adapter = read_practice_rows(), JikanAdapter(base="mal_v2")
    ids = World(rows).ids(Platform.JIKAN)
    assert len(ids) >= 18
    async with run_practice(PracticeSettings(rows=rows, has_limits=False)) as server, aiohttp.ClientSession() as http:
        world = World(rows, image_base=f"{server.url}/images")
        for id_ in ids:
            said = world.title(Platform.JIKAN, id_)
            assert said is not None
            assert await read_title(http, server, adapter, id_) == as_told(said), id_
        counts = server.gate.counters.by_platform
        assert counts[Service.MAL_V2].kinds == {"record": len(ids)}
        assert counts[Platform.JIKAN].kinds["full"] == 0


async def test_the_ranking_lists_every_title_as_its_record_does() -> None:
    """Page by page to the end, without what only a single record has; adult titles only for who asks for them."""
    rows = read_practice_rows()
    ids = World(rows).ids(Platform.JIKAN)
    async with run_practice(PracticeSettings(rows=rows, has_limits=False)) as server, aiohttp.ClientSession() as http:
        address = f"{server.url}/mal_v2/anime/ranking"
        url, listed = f"{address}?ranking_type=all&limit=10&nsfw=true&fields=num_episodes,background", list[str]()
        while url:
            async with http.get(url, headers=CLIENT) as answer:
                page = orjson.loads(await answer.read())
            assert {key for row in page["data"] for key in row["node"]} == {
                "id", "title", "main_picture", "num_episodes",
            }  # fmt: skip
            listed += [str(row["node"]["id"]) for row in page["data"]]
            url = page["paging"].get("next", "")
        assert listed == list(ids)
        async with http.get(f"{address}?ranking_type=all&limit=500", headers=CLIENT) as answer:
            tame = orjson.loads(await answer.read())["data"]
        adult = [id_ for id_ in ids if (title := World(rows).title(Platform.JIKAN, id_)) and title.is_adult]
        assert adult
        assert {str(row["node"]["id"]) for row in tame} == set(ids) - set(adult)
        for wrong in ("ranking_type=all&limit=501", "limit=10", "ranking_type=all&offset=x"):
            async with http.get(f"{address}?{wrong}", headers=CLIENT) as answer:
                assert answer.status == 400
        async with http.get(f"{address}?ranking_type=all") as answer:
            assert answer.status == 403


async def test_every_extra_is_read_back() -> None:
    """Votes, biographies, and a synopsis and a length for every listed episode."""
    rows = read_practice_rows()
    adapter = JikanAdapter(asked=frozenset({*CORE, *EXTRAS}))
    ids = [id_ for row in rows if row.episodes in range(2, 30) for id_ in adapter.wanted_ids(ids_of(row).ids)][:4]
    assert len(ids) == 4
    async with run_practice(PracticeSettings(rows=rows, has_limits=False)) as server, aiohttp.ClientSession() as http:
        world = World(rows, image_base=f"{server.url}/images")
        for id_ in ids:
            said, read = world.title(Platform.JIKAN, id_), await read_title(http, server, adapter, id_)
            assert said is not None
            assert read.statistics == said.statistics
            assert read.trailers[: len(said.trailers)] == tuple(
                replace(one, title=again.title) for one, again in zip(said.trailers, read.trailers, strict=False)
            )
            assert [one.synopsis is not None for one in read.episodes] == [True] * len(said.episodes)
            assert {one.duration_s for one in read.episodes} <= {said.episode_duration_s}
            for character in read.characters:
                figure = world.figure(Platform.JIKAN, id_, split_character_id(int(character.id))[1])
                assert figure is not None
                assert (character.age, character.description) == (str(figure.age), figure.description)
                assert character.name_native == figure.name.native
            assert [one.id for one in read.characters] == [one.id for one in said.characters]


@pytest.mark.parametrize(
    ("headers", "path", "status", "error"),
    [
        ({}, "/anime/{id}", 403, "forbidden"),
        ({"X-MAL-CLIENT-ID": "not one!"}, "/anime/{id}", 400, "bad_request"),
        (CLIENT, "/anime/999999999", 404, "not_found"),
    ],
)
async def test_it_says_no_in_its_own_words(headers: dict[str, str], path: str, status: int, error: str) -> None:
    """Without a client id, with a wrong one, and for a title it does not have."""
    rows = read_practice_rows()
    known = World(rows).ids(Platform.JIKAN)[0]
    async with run_practice(PracticeSettings(rows=rows, has_limits=False)) as server, aiohttp.ClientSession() as http:
        answer = await http.get(f"{server.url}/mal_v2{path.format(id=known)}", headers=headers)
        assert (answer.status, orjson.loads(await answer.read())["error"]) == (status, error)


async def test_it_tells_only_what_it_is_asked_for() -> None:
    """Without ``fields`` a record is an id, a title and a picture."""
    rows = read_practice_rows()
    known = World(rows).ids(Platform.JIKAN)[0]
    async with run_practice(PracticeSettings(rows=rows, has_limits=False)) as server, aiohttp.ClientSession() as http:
        for fields, expected in (("", set()), ("?fields=rank,mean", {"rank", "mean"})):
            async with http.get(f"{server.url}/mal_v2/anime/{known}{fields}", headers=CLIENT) as answer:
                assert set(orjson.loads(await answer.read())) == {"id", "title", "main_picture"} | expected


async def test_who_is_too_fast_is_refused_for_long_and_the_other_service_is_not() -> None:
    """403 is its word for it; the limits of the two services are two."""
    rows, adapter = read_practice_rows(), JikanAdapter(base="mal_v2")
    known = World(rows).ids(Platform.JIKAN)[0]
    [ask] = adapter.plan_requests([Wanted(known)])
    [other] = JikanAdapter().plan_requests([Wanted(known)])
    async with run_practice(PracticeSettings(rows=rows, speed=0.01)) as server, aiohttp.ClientSession() as http:
        adapter.check_answer(ask, await send(http, server, ask))
        for _ in range(2):
            with pytest.raises(Blocked, match="mal_v2"):
                adapter.check_answer(ask, await send(http, server, ask))
        adapter.check_answer(other, await send(http, server, other))
        assert server.gate.counters.by_platform[Service.MAL_V2].refusals == {"ban": 2}
        assert not server.gate.counters.by_platform[Platform.JIKAN].over_windows


async def test_faults_are_told_apart_by_service() -> None:
    """A fault of the one leaves the other alone, and speaks as the one does."""
    rows, adapter = read_practice_rows(), JikanAdapter(base="mal_v2")
    known = World(rows).ids(Platform.JIKAN)[0]
    [ask] = adapter.plan_requests([Wanted(known)])
    [other] = JikanAdapter().plan_requests([Wanted(known)])
    fault = parse_fault({"platform": "mal_v2", "kind": "not_found"})
    assert fault == Fault(FaultKind.NOT_FOUND, Service.MAL_V2)
    settings = PracticeSettings(rows=rows, has_limits=False, faults=(fault,))
    async with run_practice(settings) as server, aiohttp.ClientSession() as http:
        with pytest.raises(EntryGone):
            adapter.check_answer(ask, await send(http, server, ask))
        adapter.check_answer(other, await send(http, server, other))
