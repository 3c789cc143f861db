"""A Jikan-shaped service (v4): the routes of one title, the list walk, and characters.

A recorded body is served whole where there is one; everything else comes from the world.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import orjson
from aiohttp import web

from pipeline.domain.names import Platform
from pipeline.domain.source_title import SourceTitle
from pipeline.practice.bodies import jikan_not_found
from pipeline.practice.cast import split_character_id
from pipeline.practice.speak_jikan import (
    speak_base,
    speak_character_full,
    speak_characters,
    speak_episode,
    speak_episodes,
    speak_full,
    speak_pictures,
    speak_staff,
    speak_statistics,
    speak_videos,
)
from pipeline.practice.stage import Stage

__all__ = ["routes"]

_PER_PAGE: Final = 25

_PARTS: Final[Mapping[str, Callable[[SourceTitle], Any]]] = MappingProxyType(
    {
        "full": speak_full,
        "characters": speak_characters,
        "staff": speak_staff,
        "statistics": speak_statistics,
        "pictures": speak_pictures,
        "videos": speak_videos,
    }
)


def routes(stage: Stage) -> list[web.RouteDef]:
    """The service's routes, below its prefix."""
    service = _Jikan(stage)
    return [
        web.get("/anime", service.walk),
        web.get(r"/anime/{id:\d+}", service.base),
        *(web.get(rf"/anime/{{id:\d+}}/{part}", service.part_of(part)) for part in _PARTS),
        web.get(r"/anime/{id:\d+}/episodes", service.episodes),
        web.get(r"/anime/{id:\d+}/episodes/{number:\d+}", service.episode),
        web.get(r"/characters/{id:\d+}/full", service.character),
    ]


def _json(value: object, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(value), status=status, content_type="application/json")


def _invalid(field: str, message: str) -> web.Response:
    body = {
        "status": 400,
        "type": "ValidationException",
        "messages": {field: [message]},
        "error": "Invalid or incomplete request. Make sure your request is correct. https://docs.api.jikan.moe/",
    }
    return _json(body, 400)


def _page(request: web.Request, name: str = "page") -> int | None:
    """A page number from 1, 1 when none is given, ``None`` when it is not one."""
    text = request.query.get(name, "1")
    return int(text) if text.isascii() and text.isdigit() and int(text) >= 1 else None


class _Jikan:
    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def _recorded(self, endpoint: str, name: str) -> web.Response | None:
        recordings = self._stage.recordings
        body = None if recordings is None else recordings.body(Platform.JIKAN.value, endpoint, name)
        return None if body is None else web.Response(body=body, content_type="application/json")

    def _title(self, request: web.Request) -> SourceTitle | None:
        if self._stage.only_recordings:
            return None
        return self._stage.world.title(Platform.JIKAN, request.match_info["id"])

    async def base(self, request: web.Request) -> web.Response:
        recorded = self._recorded("anime", request.match_info["id"])
        if recorded is not None:
            return recorded
        title = self._title(request)
        return jikan_not_found() if title is None else _json({"data": speak_base(title)})

    def part_of(self, part: str) -> Callable[[web.Request], Any]:
        """The handler of one part."""
        speak = _PARTS[part]

        async def answer(request: web.Request) -> web.Response:
            recorded = self._recorded(f"anime_{part}", request.match_info["id"])
            if recorded is not None:
                return recorded
            title = self._title(request)
            return jikan_not_found() if title is None else _json({"data": speak(title)})

        return answer

    async def episodes(self, request: web.Request) -> web.Response:
        page = _page(request)
        if page is None:
            return _invalid("page", "The page must be at least 1.")
        recorded = self._recorded("anime_episodes", f"{request.match_info['id']}.{page}")
        if recorded is not None:
            return recorded
        title = self._title(request)
        return jikan_not_found() if title is None else _json(speak_episodes(title, page))

    async def episode(self, request: web.Request) -> web.Response:
        number = int(request.match_info["number"])
        recorded = self._recorded("anime_episode", f"{request.match_info['id']}.{number}")
        if recorded is not None:
            return recorded
        title = self._title(request)
        found = None if title is None else next((one for one in title.episodes if one.number == number), None)
        if title is None or found is None:
            return jikan_not_found()
        synopsis = title.synopses[0].text if title.synopses else None
        return _json({"data": speak_episode(found, synopsis, title.episode_duration_s)})

    async def walk(self, request: web.Request) -> web.Response:
        """Complete base records by id, 25 a page; a page past the end is empty."""
        page, limit = _page(request), _page(request, "limit") if "limit" in request.query else _PER_PAGE
        if page is None:
            return _invalid("page", "The page must be at least 1.")
        if limit is None or limit > _PER_PAGE:
            return _invalid("limit", f"The limit must not be greater than {_PER_PAGE}.")
        ids = [] if self._stage.only_recordings else list(self._stage.world.ids(Platform.JIKAN))
        if request.query.get("sort") == "desc":
            ids.reverse()
        here = ids[(page - 1) * limit : page * limit]
        titles = [title for id_ in here if (title := self._stage.world.title(Platform.JIKAN, id_)) is not None]
        if request.query.get("sfw", "false") != "false":
            titles = [title for title in titles if not title.is_adult]
        last = max(1, -(-len(ids) // limit))
        pagination = {
            "last_visible_page": last,
            "has_next_page": page < last,
            "current_page": page,
            "items": {"count": len(titles), "total": len(ids), "per_page": limit},
        }
        return _json({"pagination": pagination, "data": [speak_base(title) for title in titles]})

    async def character(self, request: web.Request) -> web.Response:
        id_ = request.match_info["id"]
        recorded = self._recorded("characters_full", id_)
        if recorded is not None:
            return recorded
        title_id, place = split_character_id(int(id_))
        world = self._stage.world
        title = None if self._stage.only_recordings else world.title(Platform.JIKAN, str(title_id))
        figure = None if title is None else world.figure(Platform.JIKAN, str(title_id), place)
        found = None if title is None else next((one for one in title.characters if one.id == id_), None)
        if title is None or figure is None or found is None:
            return jikan_not_found()
        about = f"Age: {figure.age}\nBirthday: {figure.birthday}\n\n{figure.description}"
        return _json({"data": speak_character_full(found, title, figure.name.native, about)})
