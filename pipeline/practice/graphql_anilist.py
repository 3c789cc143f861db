"""AniList's answers: its rules for what may be asked, and what it says.

Enforced as the platform does: at most 500 fields a document, at most 50 rows a ``Page`` and 25 a nested list (more is
silently cut), ``page x perPage`` at most 5,000, an unknown id is missing from a list but makes a single ``Media``
query a 404 that takes its siblings with it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol, TypeAlias

from graphql import GraphQLError

from pipeline.practice.graphql_answer import Node, Resolver, answer
from pipeline.practice.graphql_document import BadDocument, Selected, count_fields, read

__all__ = ["Reply", "Shelf", "answer_anilist"]

_COMPLEXITY_LIMIT: Final = 500
_ROWS_A_PAGE: Final = 50
_ROWS_NESTED: Final = 25
_DEEPEST: Final = 5_000
_NESTED: Final = frozenset({"characters", "staff", "airingSchedule", "recommendations", "reviews"})
_OLD_SOURCES: Final = frozenset({"ORIGINAL", "MANGA", "LIGHT_NOVEL", "VISUAL_NOVEL", "VIDEO_GAME", "OTHER"})
_MIDDLE_SOURCES: Final = _OLD_SOURCES | {"NOVEL", "DOUJINSHI", "ANIME"}


class Shelf(Protocol):
    """Where media come from."""

    def media(self, id_: int) -> Node | None:
        """The whole ``Media`` of an AniList id."""
        ...

    def media_of_mal(self, id_: int) -> Sequence[Node]:
        """All ``Media`` that carry a MyAnimeList id."""
        ...

    def ids(self) -> Sequence[int]:
        """All ids, ascending."""
        ...


@dataclass(frozen=True, slots=True)
class Reply:
    """Status and body of an answer."""

    status: int
    body: Mapping[str, Any]


class _NotFoundError(LookupError):
    """A single object was asked for that is not there."""

    def __init__(self, field: Selected) -> None:
        super().__init__("Not Found.")
        self.field = field


def answer_anilist(text: str, variables: Mapping[str, Any], shelf: Shelf, name: str | None = None) -> Reply:
    """Answer one GraphQL request."""
    try:
        asked = read("anilist", text, variables, name)
    except BadDocument as error:
        return _refusal([_error_of(problem) for problem in error.errors])
    cost = count_fields(asked.spelled)
    if cost > _COMPLEXITY_LIMIT:
        message = f"Max query complexity should be {_COMPLEXITY_LIMIT} but got {cost}."
        return _refusal([{"message": message, "status": 400, "locations": _locations(asked.spelled[:1])}])
    if any(_is_too_deep(field) for field in asked.fields):
        return _refusal([{"message": "Page depth exceeds maximum allowed", "status": 400}])
    try:
        return Reply(200, {"data": {field.key: _root(field, shelf) for field in asked.fields}})
    except _NotFoundError as error:
        problem = {"message": "Not Found.", "status": 404, "locations": _locations([error.field])}
        return Reply(404, {"errors": [problem], "data": {field.key: None for field in asked.fields}})


def _refusal(errors: list[dict[str, Any]]) -> Reply:
    return Reply(400, {"errors": errors, "data": None})


def _error_of(error: GraphQLError) -> dict[str, Any]:
    locations = [{"line": at.line, "column": at.column} for at in error.locations or ()]
    words = error.message.replace("'", '"')  # graphql-php, which the platform runs on, writes double quotes
    return {"message": words, "status": 400, "locations": locations}


def _locations(fields: Iterable[Selected]) -> list[dict[str, int]]:
    places = [field.node.loc for field in fields if field.node is not None and field.node.loc is not None]
    return [{"line": place.start_token.line, "column": place.start_token.column} for place in places]


def _is_too_deep(field: Selected) -> bool:
    if field.name == "Page" or field.name in _NESTED:
        most = _ROWS_A_PAGE if field.name == "Page" else _ROWS_NESTED
        page, size = _page_of(field.arguments, most)
        if page * size > _DEEPEST:
            return True
    return any(_is_too_deep(inner) for inner in field.inside)


def _page_of(arguments: Mapping[str, Any], most: int) -> tuple[int, int]:
    size = arguments.get("perPage")
    return max(1, arguments.get("page") or 1), most if size is None else max(1, min(most, size))


def _cut(rows: Sequence[Any], arguments: Mapping[str, Any], most: int) -> tuple[Sequence[Any], dict[str, Any]]:
    """One page of some rows and its ``pageInfo``; only ``hasNextPage`` is meant to be right, as at the platform."""
    page, size = _page_of(arguments, most)
    start = (page - 1) * size
    info = {
        "total": _DEEPEST,
        "perPage": size,
        "currentPage": page,
        "lastPage": _DEEPEST // size,
        "hasNextPage": start + size < len(rows),
    }
    return rows[start : start + size], info


def _root(field: Selected, shelf: Shelf) -> Any:
    if field.name == "__typename":
        return "Query"
    node = _single(field, shelf) if field.name == "Media" else _page(field, shelf)
    return answer([_without_voices(inner) for inner in field.inside], node, _RESOLVERS)


def _without_voices(field: Selected) -> Selected:
    """Where a cast is asked without ``node { id }`` its ``voiceActors`` are null, as was seen at the platform."""
    inside = tuple(_without_voices(inner) for inner in field.inside)
    if field.owner == "CharacterConnection" and field.name == "edges" and not _asks_node_id(field):
        inside = tuple(_nothing(inner) if inner.name == "voiceActors" else inner for inner in inside)
    return replace(field, inside=inside)


def _asks_node_id(edges: Selected) -> bool:
    return any(inner.name == "id" for node in edges.inside if node.name == "node" for inner in node.inside)


def _nothing(field: Selected) -> Selected:
    return replace(field, owner="", name="", missing=None)


def _single(field: Selected, shelf: Shelf) -> Node:
    found = _media(field.arguments, shelf)
    if not found:
        raise _NotFoundError(field)
    return found[0]


def _media(arguments: Mapping[str, Any], shelf: Shelf) -> list[Node]:
    if arguments.get("type") == "MANGA":
        return []
    if (wanted := _ids(arguments, "id")) is not None:
        return [media for id_ in wanted if (media := shelf.media(id_)) is not None]
    if (wanted := _ids(arguments, "idMal")) is not None:
        return [media for id_ in wanted for media in shelf.media_of_mal(id_)]
    return []


def _ids(arguments: Mapping[str, Any], name: str) -> list[int] | None:
    if name in arguments:
        return [] if arguments[name] is None else [arguments[name]]
    if f"{name}_in" not in arguments:
        return None
    return sorted({id_ for id_ in arguments[f"{name}_in"] or () if id_ is not None})


def _page(field: Selected, shelf: Shelf) -> Node:
    """The ``Page`` object; its data field says what it is a page of."""
    node: dict[str, Any] = {"__typename": "Page", "pageInfo": _cut((), field.arguments, _ROWS_A_PAGE)[1]}
    for inner in field.inside:
        if inner.name == "media":
            node["media"], node["pageInfo"] = _media_rows(inner.arguments, field.arguments, shelf)
        elif inner.name == "airingSchedules":
            slots = _slots(inner.arguments, shelf)
            node["airingSchedules"], node["pageInfo"] = _cut(slots, field.arguments, _ROWS_A_PAGE)
    return node


def _media_rows(
    arguments: Mapping[str, Any], paging: Mapping[str, Any], shelf: Shelf
) -> tuple[Sequence[Any], dict[str, Any]]:
    is_backwards = "ID_DESC" in (arguments.get("sort") or ())
    is_walk = not any(name in arguments for name in ("id", "id_in", "idMal", "idMal_in"))
    if is_walk and arguments.get("type") != "MANGA":
        ids = shelf.ids()
        some, info = _cut(ids[::-1] if is_backwards else ids, paging, _ROWS_A_PAGE)
        return [media for id_ in some if (media := shelf.media(id_)) is not None], info
    found = sorted(_media(arguments, shelf), key=lambda media: int(media["id"]), reverse=is_backwards)
    return _cut(found, paging, _ROWS_A_PAGE)


def _slots(arguments: Mapping[str, Any], shelf: Shelf) -> list[Any]:
    found = [
        slot
        for media in _media({"id_in": _ids(arguments, "mediaId") or ()}, shelf)
        for slot in _upcoming(media, arguments)
    ]
    return sorted(found, key=lambda slot: (slot["mediaId"], slot["episode"]))


def _upcoming(media: Node, arguments: Mapping[str, Any]) -> Sequence[Any]:
    slots: Sequence[Any] = media.get("airingSchedule") or ()
    wanted = arguments.get("notYetAired")
    if wanted is None:
        return slots
    coming = media.get("nextAiringEpisode")
    first = coming["episode"] if coming else None
    return [slot for slot in slots if (first is not None and slot["episode"] >= first) == wanted]


_Rows: TypeAlias = Callable[[Node, Mapping[str, Any]], Sequence[Any]]


def _nested(rows_of: _Rows, *, has_edges: bool) -> Resolver:
    """A paged list of a media: rows are edges (with a ``node``) or plain nodes."""

    def resolve(media: Node, arguments: Mapping[str, Any]) -> Node:
        rows, info = _cut(rows_of(media, arguments), arguments, _ROWS_NESTED)
        if has_edges:
            return {"edges": rows, "nodes": [row.get("node") for row in rows], "pageInfo": info}
        return {"edges": [{"id": row.get("id"), "node": row} for row in rows], "nodes": rows, "pageInfo": info}

    return resolve


def _cast(media: Node, arguments: Mapping[str, Any]) -> Sequence[Any]:
    rows: Sequence[Any] = media.get("characters") or ()
    role = arguments.get("role")
    return rows if role is None else [row for row in rows if row.get("role") == role]


def _plain(name: str) -> _Rows:
    return lambda media, _: media.get(name) or ()


def _whole(name: str) -> Resolver:
    """A connection that is not paged."""

    def resolve(media: Node, arguments: Mapping[str, Any]) -> Node:
        edges = (media.get(name) or {}).get("edges") or []
        if arguments.get("isMain") is not None:
            edges = [edge for edge in edges if edge.get("isMain") == arguments["isMain"]]
        return {"edges": edges, "nodes": [edge.get("node") for edge in edges], "pageInfo": _cut(edges, {}, 25)[1]}

    return resolve


def _roles(edge: Node, arguments: Mapping[str, Any]) -> list[Any]:
    language = arguments.get("language")
    roles = edge.get("voiceActorRoles") or []
    return [role for role in roles if language is None or role["voiceActor"].get("language") == language]


def _source(media: Node, arguments: Mapping[str, Any]) -> Any:
    """Without ``version: 3`` newer kinds of source are folded into OTHER."""
    source, version = media.get("source"), arguments.get("version") or 1
    known = _OLD_SOURCES if version < 2 else _MIDDLE_SOURCES
    return source if source is None or version >= 3 or source in known else "OTHER"


def _status(media: Node, arguments: Mapping[str, Any]) -> Any:
    """Without ``version: 2`` a pause is not told."""
    status = media.get("status")
    return "RELEASING" if status == "HIATUS" and (arguments.get("version") or 1) < 2 else status


def _relation(edge: Node, arguments: Mapping[str, Any]) -> Any:
    """Without ``version: 2`` a source is an adaptation."""
    kind = edge.get("relationType")
    return "ADAPTATION" if kind == "SOURCE" and (arguments.get("version") or 1) < 2 else kind


_RESOLVERS: Final[Mapping[tuple[str, str], Resolver]] = {
    ("Media", "characters"): _nested(_cast, has_edges=True),
    ("Media", "staff"): _nested(_plain("staff"), has_edges=True),
    ("Media", "airingSchedule"): _nested(_upcoming, has_edges=False),
    ("Media", "recommendations"): _nested(_plain("recommendations"), has_edges=False),
    ("Media", "reviews"): _nested(_plain("reviews"), has_edges=False),
    ("Media", "relations"): _whole("relations"),
    ("Media", "studios"): _whole("studios"),
    ("Media", "source"): _source,
    ("Media", "status"): _status,
    ("MediaEdge", "relationType"): _relation,
    ("CharacterEdge", "voiceActorRoles"): _roles,
    ("CharacterEdge", "voiceActors"): lambda edge, arguments: [r["voiceActor"] for r in _roles(edge, arguments)],
}
