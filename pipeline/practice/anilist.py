"""AniList's endpoint: one address, POST, JSON in and out.

Media come from the world, or, where there is a recording, from the recorded objects: all recordings of an id are laid
over each other and answered field by field, so that one recorded title can stand in any batch.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import orjson
from aiohttp import web

from pipeline.domain.names import Platform, Site
from pipeline.practice.graphql_anilist import Reply, answer_anilist
from pipeline.practice.graphql_answer import Node
from pipeline.practice.recordings import Recordings
from pipeline.practice.speak_anilist import speak_media
from pipeline.practice.stage import Stage, note_kind

__all__ = ["AniListShelf", "routes", "unrecorded_media"]

_ENDPOINTS: Final = ("media_detail", "media_from_page", "media_partial", "media_characters", "media_models", "media")
"""Recordings that hold a ``Media``; the later ones are wider and win."""
_LISTS: Final = {
    "characters": "characters",
    "characterPreview": "characters",
    "staff": "staff",
    "staffPreview": "staff",
    "airingSchedule": "airingSchedule",
    "recommendations": "recommendations",
    "reviews": "reviews",
    "reviewPreview": "reviews",
}


_BESIDE: Final = (
    "characters", "staff", "airingSchedule", "relations", "studios", "tags", "stats", "rankings", "externalLinks",
    "streamingEpisodes",
)  # fmt: skip
"""What a record holds beside the plain facts."""


def unrecorded_media(recordings: Recordings, id_: int) -> tuple[str, ...]:
    """What no recording of an id has, so that it is answered as empty."""
    recorded = _recorded_media(recordings, id_) or {}
    return tuple(name for name in _BESIDE if name not in recorded)


class AniListShelf:
    """Media by id: recorded ones first, else the world's."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._recorded_of_mal = _mal_ids(stage.recordings) if stage.recordings else {}
        self.media = lru_cache(maxsize=256)(self._find)

    def _find(self, id_: int) -> Node | None:
        """The whole ``Media`` of an id."""
        recorded = _recorded_media(self._stage.recordings, id_) if self._stage.recordings else None
        if recorded is not None or self._stage.only_recordings:
            return recorded
        title = self._stage.world.title(Platform.ANILIST, str(id_))
        return None if title is None else speak_media(title)

    def media_of_mal(self, id_: int) -> Sequence[Node]:
        """All media that carry a MyAnimeList id."""
        own = list(self._recorded_of_mal.get(id_, ()))
        if not own and not self._stage.only_recordings:
            title = self._stage.world.by_foreign_id(Platform.ANILIST, Site.MAL, str(id_))
            own = [int(title.id)] if title is not None else []
        return [media for one in own if (media := self.media(one)) is not None]

    def ids(self) -> Sequence[int]:
        """All ids of the catalogue, ascending."""
        recorded = {id_ for ids in self._recorded_of_mal.values() for id_ in ids}
        world = () if self._stage.only_recordings else self._stage.world.ids(Platform.ANILIST)
        return sorted(recorded | {int(id_) for id_ in world})


def routes(stage: Stage) -> list[web.RouteDef]:
    """The one route there is, with and without a slash at its end."""
    shelf = AniListShelf(stage)

    async def post(request: web.Request) -> web.Response:
        reply = _answer(await request.read(), shelf, request)
        return web.Response(body=orjson.dumps(reply.body), status=reply.status, content_type="application/json")

    return [web.post("", post), web.post("/", post)]


def _answer(body: bytes, shelf: AniListShelf, request: web.Request) -> Reply:
    try:
        asked = orjson.loads(body)
    except orjson.JSONDecodeError:
        asked = None
    if not isinstance(asked, dict) or not isinstance(asked.get("query"), str):
        return Reply(400, {"errors": [{"message": "Bad request.", "status": 400}], "data": None})
    variables, name = asked.get("variables") or {}, asked.get("operationName")
    note_kind(request, "batch" if "id_in" in asked["query"] or "idMal_in" in asked["query"] else "query")
    return answer_anilist(asked["query"], variables if isinstance(variables, dict) else {}, shelf, name)


def _mal_ids(recordings: Recordings) -> Mapping[int, tuple[int, ...]]:
    found: dict[int, set[int]] = {}
    for endpoint in _ENDPOINTS:
        for name in recordings.ids("anilist", endpoint):
            media = _recorded_media(recordings, int(name)) if name.isdigit() else None
            if media is not None and media.get("idMal") is not None:
                found.setdefault(int(media["idMal"]), set()).add(int(media["id"]))
    return {mal: tuple(sorted(ids)) for mal, ids in found.items()}


def _recorded_media(recordings: Recordings, id_: int) -> dict[str, Any] | None:
    """All recordings of an id laid over each other; ``None`` when there is none."""
    whole: dict[str, Any] = {}
    for endpoint in _ENDPOINTS:
        body = recordings.body("anilist", endpoint, str(id_))
        media = orjson.loads(body).get("data", {}).get("Media") if body else None
        if media is not None:
            whole |= _reshape(media)
    if not whole:
        return None
    return {"__typename": "Media", "id": id_, "type": "ANIME"} | whole


def _reshape(media: Mapping[str, Any]) -> dict[str, Any]:
    """A recorded object in the shape the answers are made from: lists whole, voice actors as roles."""
    out: dict[str, Any] = {}
    for name, value in media.items():
        into = _LISTS.get(name)
        if into is None:
            out[name] = value
            continue
        edges = (value or {}).get("edges")
        rows = edges if edges is not None else (value or {}).get("nodes") or []
        if into in ("recommendations", "reviews", "airingSchedule") and edges is not None:
            rows = [edge.get("node") for edge in edges]
        out[into] = [_cast_row(row) for row in rows] if into == "characters" else rows
    if out.get("relations"):
        out["relations"] = {"edges": [_related(edge) for edge in out["relations"].get("edges") or ()]}
    return out


def _related(edge: Mapping[str, Any]) -> dict[str, Any]:
    """A related work; who is not logged in prefers romaji, so that is what was recorded as preferred."""
    node = edge.get("node") or {}
    title = node.get("title") or {}
    return {**edge, "node": {**node, "title": {"romaji": title.get("userPreferred")} | title}}


def _cast_row(edge: Mapping[str, Any]) -> dict[str, Any]:
    roles = edge.get("voiceActorRoles")
    if roles is None:
        roles = [{"roleNotes": None, "dubGroup": None, "voiceActor": actor} for actor in edge.get("voiceActors") or ()]
    return {**edge, "voiceActorRoles": [{**role, "voiceActor": _speaker(role["voiceActor"])} for role in roles]}


def _speaker(actor: Mapping[str, Any]) -> dict[str, Any]:
    """An actor with the language in both of its spellings."""
    spoken = actor.get("languageV2") or (actor.get("language") or "").capitalize() or None
    return {**actor, "languageV2": spoken, "language": spoken.upper() if spoken else None}
