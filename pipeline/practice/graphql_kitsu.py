"""Kitsu's GraphQL answers: its rules for what may be asked, and what it says.

Enforced as the platform does: every connection carries ``first`` or ``last`` of 1 to 2,000, a request may touch at most
500,000 nodes, a miss is null and its siblings survive, and without ``locales`` only English is told.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from graphql import GraphQLError

from pipeline.practice.graphql_answer import Node, Resolver, answer
from pipeline.practice.graphql_document import BadDocument, Selected, count_nodes, read

__all__ = ["KitsuShelf", "answer_kitsu"]

_NODE_LIMIT: Final = 500_000
_LARGEST_PAGE: Final = 2_000
_CONNECTIONS: Final = (
    "categories",
    "mappings",
    "productions",
    "relationships",
    "streamingLinks",
    "staff",
    "episodes",
    "characters",
)


class KitsuShelf(Protocol):
    """Where anime nodes come from."""

    def anime(self, id_: str) -> Node | None:
        """The whole node of a Kitsu id."""
        ...

    def mapped(self, site: str, id_: str) -> Node | None:
        """The node another site's id is mapped to (``MYANIMELIST_ANIME``, ``1``)."""
        ...

    def ids(self) -> Sequence[str]:
        """All ids, ascending."""
        ...


def answer_kitsu(text: str, variables: Mapping[str, Any], shelf: KitsuShelf, name: str | None = None) -> dict[str, Any]:
    """Answer one GraphQL request; what may not be asked is an ``errors`` list in a 200."""
    try:
        asked = read("kitsu", text, variables, name)
    except BadDocument as error:
        return {"errors": [_error_of(problem) for problem in error.errors]}
    unpaged = list(_unpaged(asked.spelled))
    if unpaged:
        return {"errors": [_refusal(field) for field in unpaged]}
    cost = count_nodes(asked.spelled)
    if cost > _NODE_LIMIT:
        return {"errors": [{"message": f"Your request of {cost} nodes exceeds the node limit of {_NODE_LIMIT} nodes."}]}
    return {"data": {field.key: _root(field, shelf) for field in asked.fields}}


def _error_of(error: GraphQLError) -> dict[str, Any]:
    return {
        "message": error.message,
        "locations": [{"line": at.line, "column": at.column} for at in error.locations or ()],
    }


def _unpaged(fields: Sequence[Selected]) -> Sequence[Selected]:
    found: list[Selected] = []
    for field in fields:
        sizes = [size for key in ("first", "last") if (size := field.arguments.get(key)) is not None]
        if field.is_connection and (not sizes or not all(1 <= size <= _LARGEST_PAGE for size in sizes)):
            found.append(field)
        found.extend(_unpaged(field.inside))
    return found


def _refusal(field: Selected) -> dict[str, Any]:
    words = (
        f"You must provide a `first` or `last` value of 1 to {_LARGEST_PAGE} to properly paginate the `{field.name}`."
    )
    return {"message": words, "path": [field.key]}


def _root(field: Selected, shelf: KitsuShelf) -> Any:
    arguments = field.arguments
    if field.name == "__typename":
        return "Query"
    node: Node | None
    if field.name == "findAnimeById":
        node = shelf.anime(arguments["id"])
    elif field.name == "lookupMapping":
        node = shelf.mapped(arguments["externalSite"], arguments["externalId"])
    elif field.name == "findAnimeBySlug":
        node = next((a for id_ in shelf.ids() if (a := shelf.anime(id_)) and a["slug"] == arguments["slug"]), None)
    else:
        ids, page = _cut(shelf.ids(), arguments)
        node = {**page, "nodes": [shelf.anime(id_) for id_ in ids]}
    return None if node is None else answer(field.inside, node, _RESOLVERS)


def _cursor(place: int) -> str:
    """The platform's cursors are row numbers from 1 in unpadded base 64."""
    return base64.b64encode(str(place).encode()).decode().rstrip("=")


def _place(cursor: str | None, otherwise: int) -> int:
    if cursor is None:
        return otherwise
    try:
        return int(base64.b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error):
        return otherwise


def _cut(rows: Sequence[Any], arguments: Mapping[str, Any]) -> tuple[Sequence[Any], dict[str, Any]]:
    """The rows of one page, and the rest of its connection."""
    start = max(0, _place(arguments.get("after"), 0))
    stop = min(len(rows), _place(arguments.get("before"), len(rows) + 1) - 1)
    first, last = arguments.get("first"), arguments.get("last")
    if first is not None:
        stop = min(stop, start + first)
    elif last is not None:
        start = max(start, stop - last)
    some = rows[start : max(start, stop)]
    info = {
        "hasNextPage": start + len(some) < len(rows),
        "hasPreviousPage": start > 0,
        "startCursor": _cursor(start + 1) if some else None,
        "endCursor": _cursor(start + len(some)) if some else None,
    }
    return some, {"pageInfo": info, "totalCount": len(rows)}


def _connection(name: str) -> Resolver:
    def resolve(node: Node, arguments: Mapping[str, Any]) -> Node:
        rows: Sequence[Any] = node.get(name) or ()
        for option in arguments.get("sort") or ():
            if option["on"] == "NUMBER":
                rows = sorted(rows, key=lambda row: row["number"], reverse=option["direction"] == "DESCENDING")
        if (locales := arguments.get("locale")) is not None:
            rows = [row for row in rows if row["locale"] in locales]
        some, page = _cut(rows, arguments)
        return {**page, "nodes": some}

    return resolve


def _localized(name: str) -> Resolver:
    """A text in the languages asked for; nobody said: English, which is what the platform's default comes to."""

    def resolve(node: Node, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        texts: Mapping[str, Any] = node.get(name) or {}
        wanted = arguments.get("locales")
        if wanted is None:
            return {key: text for key, text in texts.items() if key == "en"}
        return texts if "*" in wanted else {key: text for key, text in texts.items() if key in wanted}

    return resolve


_RESOLVERS: Final[Mapping[tuple[str, str], Resolver]] = {
    **{("Anime", name): _connection(name) for name in _CONNECTIONS},
    ("MediaCharacter", "voices"): _connection("voices"),
    ("Anime", "description"): _localized("description"),
    ("Episode", "description"): _localized("description"),
    ("Character", "description"): _localized("description"),
    ("Person", "description"): _localized("description"),
    ("Category", "title"): _localized("title"),
    ("Category", "description"): _localized("description"),
    ("TitlesList", "localized"): _localized("localized"),
}
