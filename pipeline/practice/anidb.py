"""AniDB's HTTP API: one address, everything a query parameter, XML that is always compressed.

Every refusal is a status 200 with an ``<error>`` root. Any client name in lower case letters counts as registered but
:data:`_UNREGISTERED`.
"""

import gzip
import re
from functools import lru_cache
from typing import Final

from aiohttp import web

from pipeline.domain.names import Platform
from pipeline.practice.recordings import Recordings
from pipeline.practice.speak_anidb import speak_error, speak_title
from pipeline.practice.stage import Stage, note_kind

__all__ = ["routes"]

_UNREGISTERED: Final = "unregistered"
"""The one client name that is refused."""
_CLIENT: Final = re.compile(r"[a-z][a-z0-9]{1,31}")
_NUMBER: Final = re.compile(r"[0-9]{1,9}")
_OTHER_REQUESTS: Final = {"hotanime": "hot_anime", "main": "main", "randomsimilar": "random_similar"}
_ENDPOINTS: Final = ("anime", "anime_trimmed")


def routes(stage: Stage) -> list[web.RouteDef]:
    """The one route there is."""

    @lru_cache(maxsize=64)
    def title_of(aid: str) -> bytes:
        recorded = _recorded(stage.recordings, aid)
        if recorded is not None:
            return gzip.compress(recorded, mtime=0)
        title = None if stage.only_recordings else stage.world.title(Platform.ANIDB, aid)
        said = speak_error("Anime not found") if title is None else speak_title(title)
        return gzip.compress(said, compresslevel=1, mtime=0)

    async def get(request: web.Request) -> web.Response:
        refusal = _refusal(request)
        if refusal is not None:
            return _answer(gzip.compress(refusal, mtime=0))
        what = request.query.get("request", "")
        note_kind(request, what)
        if what != "anime":
            return _answer(gzip.compress(_other(stage.recordings, what), mtime=0))
        aid = request.query.get("aid", "")
        if not _NUMBER.fullmatch(aid):
            return _answer(gzip.compress(speak_error("aid Missing or Invalid"), mtime=0))
        return _answer(title_of(str(int(aid))))

    return [web.get("/httpapi", get)]


def _answer(compressed: bytes) -> web.Response:
    return web.Response(body=compressed, content_type="text/xml", charset="utf-8", headers={"Content-Encoding": "gzip"})


def _refusal(request: web.Request) -> bytes | None:
    client, version = request.query.get("client", ""), request.query.get("clientver", "")
    is_registered = _CLIENT.fullmatch(client) is not None and client != _UNREGISTERED
    if not is_registered or not _NUMBER.fullmatch(version) or request.query.get("protover") != "1":
        return speak_error("client version missing or invalid", 302)
    return None


def _recorded(recordings: Recordings | None, aid: str) -> bytes | None:
    if recordings is None:
        return None
    bodies = (recordings.body("anidb", endpoint, aid) for endpoint in _ENDPOINTS)
    return next((body for body in bodies if body is not None), None)


def _other(recordings: Recordings | None, what: str) -> bytes:
    """The lists without an id exist only as recordings."""
    body = (
        recordings.body("anidb", _OTHER_REQUESTS[what], "response") if recordings and what in _OTHER_REQUESTS else None
    )
    return body or speak_error("illegal input or access denied", 310)
