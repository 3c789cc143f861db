"""Anime-Planet's pages: ``/anime/{slug}``, ``/anime/{slug}/characters``, ``/robots.txt``.

A slug nobody has is answered with a search page and status 200, as on the site.
"""

from typing import Final

from aiohttp import web

from pipeline.domain.names import Platform
from pipeline.domain.source_title import SourceTitle
from pipeline.practice.speak_anime_planet import speak_characters, speak_robots, speak_search, speak_title
from pipeline.practice.stage import Stage, note_kind

__all__ = ["routes"]

_CRAWL_DELAY_S: Final = 1
"""What the practice site's robots.txt asks for."""


def routes(stage: Stage) -> list[web.RouteDef]:
    """The pages there are."""

    def find(slug: str) -> SourceTitle | None:
        return None if stage.only_recordings else stage.world.title(Platform.ANIME_PLANET, slug)

    async def title(request: web.Request) -> web.Response:
        slug = request.match_info["slug"]
        note_kind(request, "title")
        recorded = stage.recordings.body("anime_planet", "anime", slug) if stage.recordings else None
        if recorded is not None:
            return _html(recorded)
        found = find(slug)
        return _html(speak_search(slug) if found is None else speak_title(found))

    async def characters(request: web.Request) -> web.Response:
        slug = request.match_info["slug"]
        note_kind(request, "characters")
        found = find(slug)
        return _html(speak_search(slug) if found is None else speak_characters(found))

    async def robots(request: web.Request) -> web.Response:
        note_kind(request, "robots")
        return web.Response(body=speak_robots(_CRAWL_DELAY_S), content_type="text/plain")

    return [
        web.get("/robots.txt", robots),
        web.get("/anime/{slug}", title),
        web.get("/anime/{slug}/characters", characters),
    ]


def _html(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="text/html", charset="utf-8")
