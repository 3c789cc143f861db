"""Kitsu's two shapes: GraphQL records with paged connections, and JSON:API documents with included resources.

Parts of a title: ``anime``, ``episodes/2``, ``characters/2`` (GraphQL, page 1 stands inside ``anime``), or
``jsonapi/<endpoint>`` with an offset where it is paged (``jsonapi/episodes/20``).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pipeline.domain.names import Platform
from pipeline.platforms._reading import EMPTY, JsonObject, broken, parse_object

__all__ = ["GraphRecord", "PageEnd", "ResourcePool", "jsonapi_count", "jsonapi_has_next", "read_part", "slice_document"]


_MOST_PAGES: Final = 20
"""Of up to 2,000 rows; the longest list there is needs two, so one that still goes on does not end."""
_MOST_ROWS: Final = 100_000


def read_part(id_: str, parts: Mapping[str, bytes], kind: str) -> JsonObject:
    """A part as JSON. Raises ``Broken`` when it is missing or cannot be read."""
    body = parts.get(kind)
    if body is None:
        raise broken(Platform.KITSU, id_, kind, "is missing")
    return parse_object(body, platform=Platform.KITSU, id_=id_, part=kind)


@dataclass(frozen=True, slots=True)
class PageEnd:
    """Where a list stopped: the last page had, the cursor to go on from, how many rows are left as far as told."""

    page: int
    cursor: str
    rest: int


class GraphRecord:
    """One title's GraphQL parts, parsed."""

    def __init__(self, id_: str, parts: Mapping[str, bytes]) -> None:
        self.anime = read_part(id_, parts, "anime")
        self._id = id_
        self._parts = parts
        if self.anime.id("id") is None or not (self.anime.has("titles") or self.anime.has("slug")):
            raise broken(Platform.KITSU, id_, "anime", "is no Kitsu anime", parts["anime"])
        if self.anime.id("id") != id_:
            raise broken(Platform.KITSU, id_, "anime", f"is that of {self.anime.id('id')!r}", parts["anime"])

    def pages(self, name: str) -> Iterator[JsonObject]:
        """The pages of a list, as far as they were asked."""
        yield self.anime.obj(name)
        number = 2
        while f"{name}/{number}" in self._parts:
            yield read_part(self._id, self._parts, f"{name}/{number}")
            number += 1

    def rows(self, name: str) -> tuple[JsonObject, ...]:
        """All rows of a list, duplicates included."""
        return tuple(row for page in self.pages(name) for row in page.objs("nodes"))

    def end_of(self, name: str) -> PageEnd | None:
        """Where to go on; ``None`` when the list is complete. An empty page is the last whatever it says."""
        pages = list(self.pages(name))
        last = pages[-1]
        if len(pages) > _MOST_PAGES:
            raise broken(Platform.KITSU, self._id, name, f"goes on after {_MOST_PAGES} pages")
        cursor = last.obj("pageInfo").text("endCursor")
        if not last.obj("pageInfo").flag("hasNextPage") or cursor is None or not last.objs("nodes"):
            return None
        had = sum(len(page.objs("nodes")) for page in pages)
        total = last.integer("totalCount")
        return PageEnd(len(pages), cursor, 2000 if total is None or total <= had else total - had)


def jsonapi_count(id_: str, parts: Mapping[str, bytes], kind: str) -> int | None:
    """How many rows a JSON:API list has in all; ``None`` when its first page was not asked or does not say.

    Raises ``Broken`` for a number no title has.
    """
    count = read_part(id_, parts, kind).obj("meta").integer("count") if kind in parts else None
    if count is not None and count > _MOST_ROWS:
        raise broken(Platform.KITSU, id_, kind, f"claims {count} rows")
    return count


def jsonapi_has_next(id_: str, parts: Mapping[str, bytes], kind: str) -> bool:
    """Whether a page that was asked holds rows and links to another."""
    if kind not in parts:
        return False
    page = read_part(id_, parts, kind)
    return bool(page.objs("data")) and page.obj("links").text("next") is not None


Key = tuple[str, str]


def _key(resource: JsonObject) -> Key | None:
    type_, id_ = resource.text("type"), resource.id("id")
    return None if type_ is None or id_ is None else (type_, id_)


def _primary(document: JsonObject) -> tuple[JsonObject, ...]:
    one = document.obj("data")
    return (one,) if one else document.objs("data")


def _references(resource: JsonObject) -> Iterator[Key]:
    relationships = resource.obj("relationships")
    for name in relationships:
        for reference in _primary(relationships.obj(name)):
            key = _key(reference)
            if key is not None:
                yield key


def slice_document(document: JsonObject, resource: JsonObject) -> dict[str, object]:
    """One resource of a list with what it refers to, as a document of its own."""
    included = {key: one for one in document.objs("included") if (key := _key(one)) is not None}
    wanted = list(_references(resource))
    taken: dict[Key, JsonObject] = {}
    while wanted:
        key = wanted.pop()
        if key in included and key not in taken:
            taken[key] = included[key]
            if key[0] not in ("anime", "manga"):
                wanted += _references(included[key])
    own = _key(resource)
    kept = [one.data for key, one in included.items() if key in taken and key != own]
    return {"data": resource.data, "included": kept}


class ResourcePool:
    """All JSON:API documents of one title: its own resource, and the rows that belong to it."""

    def __init__(self, id_: str, documents: Iterable[JsonObject]) -> None:
        self._resources: dict[Key, JsonObject] = {}
        self._rows: dict[str, list[JsonObject]] = {}
        self._own: list[JsonObject] = []  # each document's copy of the title: they refer to different rows
        for document in documents:
            rows = _primary(document)
            for row in rows:
                self._rows.setdefault(row.text("type") or "", []).append(row)
            for resource in (*rows, *document.objs("included")):
                key = _key(resource)
                if key == ("anime", id_):
                    self._own.append(resource)
                if key is not None and (key not in self._resources or not self._resources[key].has("attributes")):
                    self._resources[key] = resource
        self.anime = self._resources.get(("anime", id_), EMPTY)

    def resource(self, key: Key | None) -> JsonObject:
        """A resource by type and id; an empty one when it was not included."""
        return EMPTY if key is None else self._resources.get(key, EMPTY)

    def related(self, resource: JsonObject, name: str) -> tuple[Key, ...]:
        """What a resource refers to under a name."""
        keys = (_key(one) for one in _primary(resource.path("relationships", name)))
        return tuple(key for key in keys if key is not None)

    def rows(self, type_: str, relationship: str) -> tuple[JsonObject, ...]:
        """The title's rows of a type: those its resource refers to and those listed by other documents."""
        referred = (self.resource(key) for own in self._own for key in self.related(own, relationship))
        return tuple(row for row in (*referred, *self._rows.get(type_, ())) if row)
