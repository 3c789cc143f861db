"""What the real platforms said, read, spoken by us and read again: nothing may change on the way."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from pipeline.domain.exchange import Answer, Wanted
from pipeline.domain.source_title import SourceTitle
from pipeline.errors import EnrichError
from pipeline.platforms.anidb.adapter import AnidbAdapter
from pipeline.platforms.anilist.adapter import AniListAdapter
from pipeline.platforms.anime_planet.adapter import AnimePlanetAdapter
from pipeline.platforms.kitsu.adapter import KitsuAdapter
from pipeline.platforms.port import PlatformAdapter
from pipeline.practice.anilist import AniListShelf
from pipeline.practice.graphql_anilist import answer_anilist
from pipeline.practice.graphql_kitsu import answer_kitsu
from pipeline.practice.kitsu import KitsuNodes
from pipeline.practice.recordings import Recordings
from pipeline.practice.speak_anidb import speak_title as speak_anidb
from pipeline.practice.speak_anilist import speak_media
from pipeline.practice.speak_anime_planet import speak_title as speak_page
from pipeline.practice.speak_kitsu import speak_anime
from pipeline.practice.stage import Stage
from pipeline.practice.world import World

Ask = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]


@pytest.fixture(scope="session")
def stage(recordings: Path) -> Stage:
    return Stage(World(()), Recordings(recordings), only_recordings=True)


class Spoken:
    """The same shelf for both GraphQL platforms, filled with titles we speak ourselves."""

    def __init__(self, nodes: Mapping[str, Mapping[str, Any]]) -> None:
        self._nodes = nodes

    def media(self, id_: int) -> Mapping[str, Any] | None:
        return self._nodes.get(str(id_))

    def anime(self, id_: str) -> Mapping[str, Any] | None:
        return self._nodes.get(id_)

    def media_of_mal(self, id_: int) -> Sequence[Mapping[str, Any]]:
        return ()

    def mapped(self, site: str, id_: str) -> Mapping[str, Any] | None:
        return None

    def ids(self) -> Sequence[Any]:
        return ()


def hear(adapter: PlatformAdapter, ask: Ask, ids: Sequence[str]) -> dict[str, SourceTitle]:
    """Everything about these ids, batch by batch and page by page."""
    parts: dict[str, dict[str, bytes]] = {id_: {} for id_ in ids}
    for start in range(0, len(ids), adapter.batch):
        some = ids[start : start + adapter.batch]
        while planned := adapter.plan_requests([Wanted(id_, parts=parts[id_]) for id_ in some]):
            for request in planned:
                body = orjson.loads(request.json_body or b"")
                said = orjson.dumps(ask(body["query"], body["variables"]))
                answer = Answer(200, {"content-type": "application/json"}, said, "http://127.0.0.1/")
                adapter.check_answer(request, answer)
                for id_, found in adapter.parse_answer(request, answer).parts.items():
                    parts[id_] |= {part.kind: part.body for part in found}
    return {id_: adapter.convert(id_, found) for id_, found in parts.items()}


def unequal(before: SourceTitle, after: SourceTitle, *, but: frozenset[str] = frozenset()) -> list[str]:
    names = [name for name in SourceTitle.__dataclass_fields__ if name not in but]
    return [name for name in names if getattr(before, name) != getattr(after, name)]


def test_recorded_anilist_titles_survive(stage: Stage) -> None:
    """Every recorded media is the same after speaking, in batches of 50."""
    shelf = AniListShelf(stage)
    ids = [str(id_) for id_ in shelf.ids()]
    before = hear(AniListAdapter(), lambda query, named: answer_anilist(query, named, shelf).body, ids)
    spoken = Spoken({id_: speak_media(title) for id_, title in before.items()})
    after = hear(AniListAdapter(), lambda query, named: answer_anilist(query, named, spoken).body, ids)
    assert len(ids) > 50
    for id_ in ids:  # a finding tells which of two equal scores was read
        assert not unequal(before[id_], after[id_], but=frozenset({"findings"})), id_


def test_recorded_kitsu_titles_survive(stage: Stage) -> None:
    """Every recorded anime, re-shaped from JSON:API, is the same after speaking."""
    nodes = KitsuNodes(stage)
    ids = list(nodes.ids())
    before = hear(KitsuAdapter(), lambda query, named: answer_kitsu(query, named, nodes), ids)
    spoken = Spoken({id_: speak_anime(title) for id_, title in before.items()})
    after = hear(KitsuAdapter(), lambda query, named: answer_kitsu(query, named, spoken), ids)
    assert len(ids) > 30
    for id_ in ids:
        assert not unequal(before[id_], after[id_]), id_


def test_recorded_anidb_titles_survive(recordings: Path) -> None:
    """Every recorded answer is the same after speaking, but for links and kinds of resources we cannot write."""
    adapter, count = AnidbAdapter("practice", 1), 0
    for path in sorted((recordings / "anidb" / "anime").glob("*.xml")):
        id_ = path.name.split(".")[0]
        before = adapter.convert(id_, {"anime": path.read_bytes()})
        after = adapter.convert(id_, {"anime": speak_anidb(before)})
        assert not unequal(before, after, but=frozenset({"links", "identifiers", "drift", "labels"})), path.name
        assert set(after.identifiers) <= set(before.identifiers)
        assert [(one.name, one.strength) for one in after.labels] == [(one.name, one.strength) for one in before.labels]
        count += 1
    assert count >= 12


PAGE_LACKS = frozenset({"staff", "characters", "episodes", "findings", "episode_duration_s", "relations"})


def test_recorded_anime_planet_titles_survive(recordings: Path) -> None:
    """Every recorded page is the same after speaking, but for parts that only the real page has."""
    adapter, count = AnimePlanetAdapter(), 0

    def convert(id_: str, body: bytes) -> SourceTitle:
        request = adapter.plan_requests([Wanted(id_)])[0]
        answer = Answer(200, {"content-type": "text/html"}, body, f"https://www.anime-planet.com/anime/{id_}")
        adapter.check_answer(request, answer)
        parts = adapter.parse_answer(request, answer).parts[id_]
        return adapter.convert(id_, {part.kind: part.body for part in parts})

    for path in sorted((recordings / "anime_planet" / "anime").glob("*.html")):
        id_ = path.name.split(".")[0]
        try:
            before = convert(id_, path.read_bytes())
        except EnrichError:
            continue  # the adapter's own tests say why
        after = convert(id_, speak_page(before))
        assert not unequal(before, after, but=PAGE_LACKS), path.name
        assert [(one.kind, one.target_ids) for one in after.relations] == [
            (one.kind, one.target_ids) for one in before.relations
        ]
        count += 1
    assert count >= 25
