"""MyAnimeList's official API v2: one route, the record of a title, for whoever names a client id.

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


def routes(stage: Stage) -> list[web.RouteDef]:
    """The API's routes, below its prefix."""

    async def record(request: web.Request) -> web.Response:
        note_kind(request, "record")
        if "X-MAL-CLIENT-ID" not in request.headers:
            return mal_error("forbidden", 403)
        if not request.headers["X-MAL-CLIENT-ID"].isalnum():
            return mal_error("bad_request", 400, "Invalid client id")
        title = None if stage.only_recordings else stage.world.title(Platform.JIKAN, request.match_info["id"])
        if title is None:
            return mal_error("not_found", 404)
        wanted = {*_ALWAYS, *request.query.get("fields", "").split(",")}
        said = {key: value for key, value in speak_record(title).items() if key in wanted}
        return web.Response(body=orjson.dumps(said), content_type="application/json")

    return [web.get(r"/anime/{id:\d+}", record)]
