"""AnimeSchedule's v3 API: the list with its filters and its sweep, and the single object.

Filters beyond the ids (genres, years …) are not spoken: the pipeline asks by id or sweeps.
"""

from collections.abc import Iterable
from typing import Any, Final

import orjson
from aiohttp import web

from pipeline.domain.names import Platform, Site
from pipeline.domain.source_title import SourceTitle
from pipeline.practice.bodies import failed_answer, not_found_answer
from pipeline.practice.speak_animeschedule import speak_anime
from pipeline.practice.stage import Stage, note_kind

__all__ = ["routes"]

_PER_PAGE: Final = 18
_FILTERS: Final = {"mal-ids": Site.MAL, "anilist-ids": Site.ANILIST, "anidb-ids": Site.ANIDB}
_WEBSITES: Final = {
    Site.MAL: ("mal", "myanimelist.net/anime/"),
    Site.ANILIST: ("aniList", "anilist.co/anime/"),
    Site.ANIDB: ("anidb", "anidb.net/anime/"),
}


def routes(stage: Stage) -> list[web.RouteDef]:
    """The service's routes, below its prefix."""
    service = _AnimeSchedule(stage)
    return [web.get("/anime", service.list_anime), web.get("/anime/{slug}", service.one)]


def _json(value: object) -> web.Response:
    return web.Response(body=orjson.dumps(value), content_type="application/json")


def _recorded_objects(stage: Stage) -> dict[str, dict[str, Any]]:
    """Every recorded anime object by its route; the single ones win over those lifted from lists."""
    if stage.recordings is None:
        return {}
    found: dict[str, dict[str, Any]] = {}
    for endpoint in ("anime_list", "anime"):
        for name in stage.recordings.ids(Platform.ANIMESCHEDULE.value, endpoint):
            body = orjson.loads(stage.recordings.body(Platform.ANIMESCHEDULE.value, endpoint, name) or b"{}")
            for one in body.get("anime", []) if endpoint == "anime_list" else [body]:
                found[one["route"]] = one
    return found


def _has_id(one: dict[str, Any], site: Site, id_: str) -> bool:
    key, prefix = _WEBSITES[site]
    address = str(one.get("websites", {}).get(key, "")).removeprefix("www.")
    return address.removeprefix(prefix).split("/")[0] == id_ if address.startswith(prefix) else False


class _AnimeSchedule:
    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._recorded = _recorded_objects(stage)

    def _object(self, slug: str) -> dict[str, Any] | None:
        if slug in self._recorded:
            return self._recorded[slug]
        title = None if self._stage.only_recordings else self._stage.world.title(Platform.ANIMESCHEDULE, slug)
        return None if title is None else speak_anime(title)

    async def one(self, request: web.Request) -> web.Response:
        found = self._object(request.match_info["slug"])
        return not_found_answer(Platform.ANIMESCHEDULE) if found is None else _json(found)

    async def list_anime(self, request: web.Request) -> web.Response:
        """18 a page; a page past the end is a 500, as it really is."""
        asked = [(site, id_) for name, site in _FILTERS.items() for id_ in request.query.getall(name, [])]
        note_kind(request, "by_id" if asked else "sweep")
        slugs = self._matching(asked, request.query.get("mt", "all") == "any") if asked else self._all()
        text = request.query.get("page", "1")
        page = int(text) if text.isascii() and text.isdigit() else 1
        here = slugs[(page - 1) * _PER_PAGE : page * _PER_PAGE] if page >= 1 else []
        if page < 1 or (page > 1 and not here):
            return failed_answer(Platform.ANIMESCHEDULE, 500)
        objects = [found for slug in here if (found := self._object(slug)) is not None]
        return _json({"page": page, "totalAmount": len(slugs), "anime": objects})

    def _all(self) -> list[str]:
        if self._stage.only_recordings:
            return sorted(self._recorded)
        return sorted({*self._stage.world.ids(Platform.ANIMESCHEDULE), *self._recorded})

    def _matching(self, asked: Iterable[tuple[Site, str]], is_any: bool) -> list[str]:
        """Slugs that match one filter, or, by default, every one of them."""
        matches = [self._slugs_of(site, id_) for site, id_ in asked]
        joined = set.union(*matches) if is_any else set.intersection(*matches)
        return sorted(joined)

    def _slugs_of(self, site: Site, id_: str) -> set[str]:
        found = {slug for slug, one in self._recorded.items() if _has_id(one, site, id_)}
        if found or self._stage.only_recordings:
            return found
        title: SourceTitle | None = self._stage.world.by_foreign_id(Platform.ANIMESCHEDULE, site, id_)
        return set() if title is None else {title.id}
