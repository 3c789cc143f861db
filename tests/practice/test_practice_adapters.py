"""The whole way: every platform's real adapter asks the practice server and reads back exactly what the world said."""

from collections.abc import Iterable
from dataclasses import replace

import aiohttp
import pytest

from pipeline.catalogue import ids_of
from pipeline.domain.exchange import Answer, Request, Wanted
from pipeline.domain.names import Platform
from pipeline.domain.source_title import SourceTitle
from pipeline.errors import EntryGone
from pipeline.platforms.anidb import AnidbAdapter
from pipeline.platforms.anilist import AniListAdapter
from pipeline.platforms.anime_planet import AnimePlanetAdapter
from pipeline.platforms.animeschedule import AnimeScheduleAdapter
from pipeline.platforms.jikan import JikanAdapter
from pipeline.platforms.kitsu import KitsuAdapter
from pipeline.platforms.port import PlatformAdapter
from pipeline.practice import PracticeSettings, World, read_practice_rows
from pipeline.practice.server import base_urls, run_practice

ADAPTERS: dict[Platform, PlatformAdapter] = {
    Platform.JIKAN: JikanAdapter(),
    Platform.ANILIST: AniListAdapter(),
    Platform.KITSU: KitsuAdapter(),
    Platform.ANIDB: AnidbAdapter("practice", 1),
    Platform.ANIME_PLANET: AnimePlanetAdapter(),
    Platform.ANIMESCHEDULE: AnimeScheduleAdapter(),
}


async def send(http: aiohttp.ClientSession, base: str, request: Request) -> Answer:
    headers = {"Content-Type": "application/json"} if request.json_body else {}
    async with http.request(
        request.method, base + request.path, params=list(request.params), data=request.json_body, headers=headers
    ) as answer:
        said = {name.lower(): value for name, value in answer.headers.items()}
        return Answer(answer.status, said, await answer.read(), str(answer.url))


LONG_SERIES = "Akari Minato Nendaiki"
MOST_REQUESTS = {
    Platform.JIKAN: 14,
    Platform.ANILIST: 7,
    Platform.KITSU: 1,
    Platform.ANIDB: 1,
    Platform.ANIME_PLANET: 2,
    Platform.ANIMESCHEDULE: 1,
}
"""What 1,100 episodes and 1,400 characters take where everything is asked for in batches."""


async def fetch_all(
    http: aiohttp.ClientSession, base: str, adapter: PlatformAdapter, ids: list[str], episodes: int | None = None
) -> dict[str, dict[str, bytes] | None]:
    """Parts by id; ``None`` for what the platform does not have."""
    had: dict[str, dict[str, bytes] | None] = {id_: {} for id_ in ids}
    for begin in range(0, len(ids), adapter.batch):
        chunk = ids[begin : begin + adapter.batch]
        while requests := adapter.plan_requests(wanted(chunk, had, episodes)):
            for request in requests:
                answer = await send(http, base, request)
                try:
                    adapter.check_answer(request, answer)
                except EntryGone:
                    had |= dict.fromkeys(request.ids)
                    continue
                reading = adapter.parse_answer(request, answer)
                had |= dict.fromkeys(reading.absent)
                for id_, parts in reading.parts.items():
                    had[id_] = (had[id_] or {}) | {part.kind: part.body for part in parts}
    return had


def wanted(ids: Iterable[str], had: dict[str, dict[str, bytes] | None], episodes: int | None = None) -> list[Wanted]:
    return [Wanted(id_, episodes=episodes, parts=parts) for id_ in ids if (parts := had[id_]) is not None]


def as_carried(platform: Platform, title: SourceTitle) -> SourceTitle:
    """The title without what the adapter does not ask for: distributions, and the list of a single episode."""
    if platform is not Platform.JIKAN or title.statistics is None:
        return title
    statistics = replace(title.statistics, status_distribution=(), score_distribution=())
    return replace(title, statistics=statistics, episodes=() if title.episode_count == 1 else title.episodes)


@pytest.mark.parametrize("platform", list(Platform))
async def test_an_adapter_reads_back_what_the_world_said(platform: Platform) -> None:
    """For all 24 practice titles: the same title, or absent where the world does not have it.

    Also under the ids that the catalogue does not list.
    """
    rows, adapter = read_practice_rows(), ADAPTERS[platform]
    ids = [id_ for row in rows for id_ in adapter.wanted_ids(ids_of(row).ids)]
    ids += {Platform.JIKAN: ["900022"], Platform.ANIDB: ["900120"]}.get(platform, [])
    settings = PracticeSettings(rows=rows, has_limits=False)
    async with run_practice(settings) as server, aiohttp.ClientSession() as http:
        world = World(rows, image_base=f"{server.url}/images")
        had = await fetch_all(http, base_urls(server.url)[platform], adapter, ids)
        read = {id_: adapter.convert(id_, parts) for id_, parts in had.items() if parts is not None}
    assert len(read) >= 18
    for id_, title in read.items():
        assert title.findings == (), id_
        said = world.title(platform, title.id)
        assert said is not None
        assert title == as_carried(platform, said), id_
    assert {title.id for title in read.values()} == set(world.ids(platform)) - _hidden(world, platform)


@pytest.mark.parametrize("platform", list(Platform))
async def test_the_long_series_is_whole_in_the_requests_of_the_table(platform: Platform) -> None:
    rows, adapter = read_practice_rows(), ADAPTERS[platform]
    [row] = [row for row in rows if row.title == LONG_SERIES]
    [id_] = adapter.wanted_ids(ids_of(row).ids)[:1]
    async with run_practice(PracticeSettings(rows=rows, has_limits=False)) as server, aiohttp.ClientSession() as http:
        world = World(rows, image_base=f"{server.url}/images")
        parts = (await fetch_all(http, base_urls(server.url)[platform], adapter, [id_], row.episodes))[id_]
        assert parts is not None
        read = adapter.convert(id_, parts)
    assert read == as_carried(platform, world.title(platform, read.id) or read)
    assert server.gate.counters.by_platform[platform].requests <= MOST_REQUESTS[platform]
    if platform is not Platform.ANIMESCHEDULE:  # which lists no people
        assert len(read.characters) > 1_000


def _hidden(world: World, platform: Platform) -> set[str]:
    return {id_ for id_ in world.ids(platform) if world.title(platform, id_) is None}
