"""Kitsu's two doors: GraphQL (``/graphql``) and the older JSON:API (``/edge/...``).

Both answer from one node an anime. A recorded JSON:API answer is served unchanged at its own address and re-shaped for
GraphQL.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import orjson
from aiohttp import web

from pipeline.domain.names import Platform
from pipeline.practice.graphql_answer import Node
from pipeline.practice.graphql_kitsu import answer_kitsu
from pipeline.practice.speak_kitsu import MAPPING_SITES, speak_anime
from pipeline.practice.speak_kitsu_edge import INCLUDES, Resource, children_of, included_of, resource_of
from pipeline.practice.speak_kitsu_recorded import recorded_anime, recorded_ids
from pipeline.practice.stage import Stage, note_kind

__all__ = ["KitsuNodes", "routes"]

_LARGEST_PAGE: Final = 20
_USUAL_PAGE: Final = 10
_TYPE: Final = "application/vnd.api+json"
_SITE_OF_NAME: Final = {name: site for site, name in MAPPING_SITES.items()}
_LISTS: Final[Mapping[str, tuple[str, str]]] = {
    "episodes": ("episodes", "anime_episodes"),
    "characters": ("characters", "anime_characters"),
    "anime-characters": ("characters", "anime_characters"),
    "categories": ("categories", "anime_categories"),
    "mappings": ("mappings", "anime_mappings"),
    "streaming-links": ("streamingLinks", "anime_streaming_links"),
    "media-relationships": ("mediaRelationships", "anime_media_relationships"),
    "anime-productions": ("animeProductions", "anime_anime_productions"),
    "staff": ("staff", "anime_staff"),
    "anime-staff": ("staff", "anime_staff"),
}
"""Last part of the address: our list, and the endpoint its recordings are filed under."""


class KitsuNodes:
    """Anime nodes by id: recorded ones first, else the world's."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.anime = lru_cache(maxsize=256)(self._find)
        self._recorded = recorded_ids(stage.recordings) if stage.recordings else ()
        self._recorded_mappings = {
            (row["externalSite"], row["externalId"]): id_
            for id_ in self._recorded
            for row in (self.anime(id_) or {}).get("mappings", ())
        }

    def _find(self, id_: str) -> Node | None:
        """The whole node of an id."""
        recordings = self._stage.recordings
        found = recorded_anime(recordings, id_) if recordings else None
        if found is not None or self._stage.only_recordings:
            return found
        title = self._stage.world.title(Platform.KITSU, id_)
        return None if title is None else speak_anime(title)

    def mapped(self, site: str, id_: str) -> Node | None:
        """The node another site's id is mapped to."""
        own = self._recorded_mappings.get((site, id_))
        if own is None and site in _SITE_OF_NAME and not self._stage.only_recordings:
            title = self._stage.world.by_foreign_id(Platform.KITSU, _SITE_OF_NAME[site], id_)
            own = None if title is None else title.id
        return None if own is None else self.anime(own)

    def ids(self) -> Sequence[str]:
        """All ids, ascending."""
        world = () if self._stage.only_recordings else self._stage.world.ids(Platform.KITSU)
        return sorted({*world, *self._recorded}, key=lambda id_: (len(id_), id_))


def routes(stage: Stage) -> list[web.RouteDef]:
    """GraphQL, records, records by filter, lists of a record, mappings."""
    nodes = KitsuNodes(stage)
    edge = _Edge(stage, nodes)

    async def graphql(request: web.Request) -> web.Response:
        return _graphql(await request.read(), nodes, request)

    return [
        web.post("/graphql", graphql),
        web.get("/edge/anime", edge.many),
        web.get("/edge/anime/{id}", edge.one),
        web.get("/edge/anime/{id}/{list}", edge.children),
        web.get("/edge/mappings", edge.mappings),
    ]


def _graphql(body: bytes, nodes: KitsuNodes, request: web.Request) -> web.Response:
    try:
        asked = orjson.loads(body)
    except orjson.JSONDecodeError:
        return _failure(f"unexpected token at {body[:20]!r}")
    if not isinstance(asked, dict) or not isinstance(asked.get("query"), str):
        return _failure("No query string was present")
    note_kind(request, "batch" if asked["query"].count("...") > 1 else "query")
    variables, name = asked.get("variables") or {}, asked.get("operationName")
    said = answer_kitsu(asked["query"], variables if isinstance(variables, dict) else {}, nodes, name)
    return web.Response(body=orjson.dumps(said), content_type="application/json")


def _failure(message: str) -> web.Response:
    """The controller's own envelope of an exception: ``error``, not ``errors``."""
    return web.Response(
        body=orjson.dumps({"error": {"message": message}, "data": {}}), status=500, content_type="application/json"
    )


def _json_api(body: Any, status: int = 200) -> web.Response:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    return web.Response(body=content, status=status, content_type=_TYPE)


def _problem(status: int, code: int, title: str, detail: str) -> web.Response:
    return _json_api({"errors": [{"title": title, "detail": detail, "code": str(code), "status": str(status)}]}, status)


class _Edge:
    """The JSON:API routes."""

    def __init__(self, stage: Stage, nodes: KitsuNodes) -> None:
        self._recordings = stage.recordings
        self._nodes = nodes

    async def one(self, request: web.Request) -> web.Response:
        """One record, or the 404 of the platform."""
        id_ = request.match_info["id"]
        includes = _includes(request)
        if (problem := _check(includes)) is not None:
            return problem
        if not includes and (body := self._recorded(("anime", "anime_app_host"), id_)) is not None:
            return _json_api(body)
        node = self._nodes.anime(id_)
        if node is None:
            return _problem(404, 404, "Record not found", f"The record identified by {id_} could not be found.")
        resource = resource_of(node)
        included = included_of(node, resource, includes)
        return _json_api({"data": resource, **({"included": included} if includes else {})})

    async def many(self, request: web.Request) -> web.Response:
        """Records by ``filter[id]`` or ``filter[slug]``, or the whole catalogue; a miss is missing from the list."""
        includes = _includes(request)
        if (problem := _check(includes) or _check_page(request)) is not None:
            return problem
        wanted = request.query.get("filter[id]")
        recorded = self._recorded(("anime_filter_include",), wanted) if wanted else None
        if recorded is not None:
            return _json_api(recorded)
        some, page = _cut(request, self._wanted(wanted, request.query.get("filter[slug]")))
        found = [node for id_ in some if (node := self._nodes.anime(id_)) is not None]
        pairs = [(node, resource_of(node)) for node in found]
        included = {(row["type"], row["id"]): row for node, made in pairs for row in included_of(node, made, includes)}
        extra = {"included": list(included.values())} if includes else {}
        return _json_api({"data": [made for _, made in pairs], **extra, **page})

    def _wanted(self, ids: str | None, slug: str | None) -> Sequence[str]:
        """Ids by either filter, else the whole catalogue."""
        if ids:
            return [one for one in dict.fromkeys(ids.split(",")) if self._nodes.anime(one) is not None]
        if slug is None:
            return self._nodes.ids()
        return [id_ for id_ in self._nodes.ids() if (node := self._nodes.anime(id_)) and node["slug"] == slug]

    async def children(self, request: web.Request) -> web.Response:
        """A page of one of a record's lists."""
        id_, word = request.match_info["id"], request.match_info["list"]
        if word not in _LISTS:
            return _problem(404, 404, "Record not found", f"The record identified by {word} could not be found.")
        if (problem := _check_page(request)) is not None:
            return problem
        name, endpoint = _LISTS[word]
        note_kind(request, name)
        if "include" not in request.query and (body := self._recorded_list(endpoint, id_, request)) is not None:
            return _json_api(body)
        node = self._nodes.anime(id_)
        if node is None:
            return _problem(404, 404, "Record not found", f"The record identified by {id_} could not be found.")
        some, page = _cut(request, children_of(node, name))
        targets = {(one["type"], one["id"]): one for _, inner in some for one in inner}
        included = {"included": list(targets.values())} if "include" in request.query else {}
        return _json_api({"data": [row for row, _ in some], **included, **page})

    async def mappings(self, request: web.Request) -> web.Response:
        """Records by another site's ids: ``filter[externalSite]=myanimelist/anime&filter[externalId]=1,2``."""
        if (problem := _check_page(request)) is not None:
            return problem
        site = request.query.get("filter[externalSite]", "").upper().replace("/", "_")
        wanted = request.query.get("filter[externalId]", "")
        found: list[tuple[Resource, Resource]] = []
        for id_ in dict.fromkeys(wanted.split(",")):
            node = self._nodes.mapped(site, id_) if id_ else None
            for row, raw in _mapping_rows(node):
                if (raw["externalSite"], raw["externalId"]) == (site, id_) and node is not None:
                    found.append((row, resource_of(node)))
        some, page = _cut(request, found)
        included = {"included": [item for _, item in some]} if request.query.get("include") == "item" else {}
        return _json_api({"data": [row for row, _ in some], **included, **page})

    def _recorded(self, endpoints: Sequence[str], name: str) -> bytes | None:
        if self._recordings is None:
            return None
        bodies = (self._recordings.body("kitsu", endpoint, name) for endpoint in endpoints)
        return next((body for body in bodies if body is not None), None)

    def _recorded_list(self, endpoint: str, id_: str, request: web.Request) -> bytes | None:
        """A recorded page (numbered from 1), or an unnumbered recording for the first page."""
        limit, offset = _limit_offset(request)
        number = offset // max(1, limit) + 1
        body = self._recorded((endpoint,), f"{id_}.{number}")
        return body if body is not None or number > 1 else self._recorded((endpoint,), id_)


def _mapping_rows(node: Node | None) -> list[tuple[Resource, Mapping[str, Any]]]:
    if node is None:
        return []
    return [(row, raw) for (row, _), raw in zip(children_of(node, "mappings"), node["mappings"], strict=True)]


def _includes(request: web.Request) -> list[str]:
    return [one for one in request.query.get("include", "").split(",") if one]


def _check(includes: Sequence[str]) -> web.Response | None:
    wrong = next((path for path in includes if path not in INCLUDES), None)
    if wrong is None:
        return None
    return _problem(400, 112, "Invalid field", f"{wrong} is not a valid relationship of anime")


def _limit_offset(request: web.Request) -> tuple[int, int]:
    texts = request.query.get("page[limit]", str(_USUAL_PAGE)), request.query.get("page[offset]", "0")
    limit, offset = (int(text) if text.isascii() and text.isdigit() else -1 for text in texts)
    return limit, offset


def _check_page(request: web.Request) -> web.Response | None:
    limit, offset = _limit_offset(request)
    if limit > _LARGEST_PAGE:
        return _problem(400, 118, "Invalid page value", f"{limit} is not a valid value for limit page parameter.")
    if limit < 1 or offset < 0:
        return _problem(400, 118, "Invalid page value", "page[limit] and page[offset] are whole numbers.")
    return None


def _cut(request: web.Request, rows: Sequence[Any]) -> tuple[Sequence[Any], dict[str, Any]]:
    """The rows of the page asked for, with ``meta.count`` and the links of the other pages."""
    limit, offset = _limit_offset(request)

    def link(start: int) -> str:
        query = {**request.query, "page[limit]": str(limit), "page[offset]": str(start)}
        return str(request.url.with_query(query))

    links = {"first": link(0), "last": link(max(0, (len(rows) - 1) // limit * limit))}
    if offset + limit < len(rows):
        links["next"] = link(offset + limit)
    if offset > 0:
        links["prev"] = link(max(0, offset - limit))
    return rows[offset : offset + limit], {"meta": {"count": len(rows)}, "links": links}
