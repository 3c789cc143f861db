"""MyAnimeList's official API v2: the record of a title, and the ranking of all, for whoever names a client id.

It says of a title what the practice Jikan-shaped service says, as far as it can say it at all.
"""

from typing import Final

import orjson
from aiohttp import web

from pipeline.domain.names import Platform
from pipeline.practice.bodies import mal_error
from pipeline.practice.speak_mal_v2 import speak_record
from pipeline.practice.stage import Stage, note_kind

__all__ = ["routes"]

_ALWAYS: Final = ("id", "title", "main_picture")
_ALONE: Final = frozenset({"pictures", "background", "related_anime", "related_manga", "statistics"})
"""Told of one title alone, never in a list."""
_SONGS: Final = frozenset({"opening_themes", "ending_themes"})
_USUAL_LIMIT: Final = 100
_MOST: Final = 500


def routes(stage: Stage) -> list[web.RouteDef]:
    """The API's routes, below its prefix."""
    service = _Official(stage)
    return [web.get("/anime/ranking", service.ranking), web.get(r"/anime/{id:\d+}", service.record)]


def _refused(request: web.Request) -> web.Response | None:
    if "X-MAL-CLIENT-ID" not in request.headers:
        return mal_error("forbidden", 403)
    if not request.headers["X-MAL-CLIENT-ID"].isalnum():
        return mal_error("bad_request", 400, "Invalid client id")
    return None


def _fields(request: web.Request) -> frozenset[str]:
    return frozenset({*_ALWAYS, *request.query.get("fields", "").split(",")})


def _number(request: web.Request, name: str, usual: int) -> int | None:
    text = request.query.get(name, str(usual))
    return int(text) if text.isascii() and text.isdigit() else None


class _Official:
    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    async def record(self, request: web.Request) -> web.Response:
        note_kind(request, "record")
        refused = _refused(request)
        if refused is not None:
            return refused
        stage = self._stage
        title = None if stage.only_recordings else stage.world.title(Platform.JIKAN, request.match_info["id"])
        if title is None:
            return mal_error("not_found", 404)
        wanted = _fields(request)
        return _json({key: value for key, value in speak_record(title).items() if key in wanted})

    async def ranking(self, request: web.Request) -> web.Response:
        """All titles, up to 500 a page, as one list; adult ones only for who says ``nsfw=true``."""
        note_kind(request, "ranking")
        refused = _refused(request)
        if refused is not None:
            return refused
        limit, offset = _number(request, "limit", _USUAL_LIMIT), _number(request, "offset", 0)
        if request.query.get("ranking_type") != "all" or limit is None or offset is None or not 0 < limit <= _MOST:
            return mal_error("bad_request", 400, "invalid parameters")
        ids = [] if self._stage.only_recordings else list(self._stage.world.ids(Platform.JIKAN))
        here = ids[offset : offset + limit]
        titles = (self._stage.world.title(Platform.JIKAN, id_) for id_ in here)
        shown = [one for one in titles if one is not None and (request.query.get("nsfw") == "true" or not one.is_adult)]
        wanted = _fields(request) - _ALONE - _SONGS
        rows = [
            {
                "node": {key: value for key, value in speak_record(title).items() if key in wanted},
                "ranking": {"rank": offset + place},
            }
            for place, title in enumerate(shown, 1)
        ]
        more = {"next": str(request.url.update_query(offset=offset + limit))} if offset + limit < len(ids) else {}
        return _json({"data": rows, "paging": more})


def _json(value: object) -> web.Response:
    return web.Response(body=orjson.dumps(value), content_type="application/json")
