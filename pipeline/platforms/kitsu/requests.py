"""What to ask Kitsu: twenty whole records a GraphQL POST, or, as a fallback, JSON:API lists of twenty.

GraphQL prices a document in nodes (``first x (1 + inside)`` for a connection, 500,000 at most), but the real ceiling
is the server's 15 seconds: batches start small, the longest series are asked for alone and whole, and what else goes
on by cursor. Every connection carries
``first``; every text asks for all locales, or the server answers only for ours. Planning is pure in the parts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pipeline.domain.exchange import Request, Wanted
from pipeline.domain.names import Platform
from pipeline.errors import BadInput
from pipeline.platforms.kitsu.payload import GraphRecord, jsonapi_count, jsonapi_has_next

__all__ = [
    "FIRST",
    "LARGEST_BATCH",
    "MAX_BATCH",
    "expect_jsonapi_pages",
    "expect_pages",
    "id_of_alias",
    "plan_graphql",
    "plan_jsonapi",
]

MAX_BATCH: Final = 20
LARGEST_BATCH: Final = 60
"""A record of ours is 6,658 nodes, so the 500,000 allowed end at 75 titles; a fifth is left for miscounts."""
_JSONAPI_PAGE: Final = 20
FIRST: Final = 100
"""Episodes and characters that come with the record."""
_MOST: Final = 2000
_WHOLE_FROM: Final = 500
"""So many episodes make a title that is asked for alone; a list of 2,000 of each is 116,000 nodes."""
_NODES: Final = 120_000  # a quarter of what the server allows: time runs out long before nodes do

_EPISODE: Final = """{ id number length releasedAt description(locales: ["*"])
  titles { canonical canonicalLocale localized(locales: ["*"]) } thumbnail { original { url } } }"""
_CAST: Final = """{ id role character {
    id slug description(locales: ["*"])
    names { canonical alternatives localized(locales: ["*"]) } image { original { url } } }
  voices(first: 10) { nodes { locale person { id slug name names { localized(locales: ["*"]) } } } } }"""


@dataclass(frozen=True, slots=True)
class _List:
    """A paged list of a title: how it is asked and what a row costs in nodes."""

    name: str
    arguments: str
    row: str
    row_nodes: int

    def field(self, first: int, after: str | None = None) -> str:
        """The connection in GraphQL, ``first`` rows after a cursor."""
        cursor = "" if after is None else f", after: {_quoted(after)}"
        page = "{ totalCount pageInfo { hasNextPage endCursor } nodes " + self.row + " }"
        return f"{self.name}(first: {first}{cursor}{self.arguments}) {page}"


_LISTS: Final = (
    _List("episodes", ", sort: [{on: NUMBER, direction: ASCENDING}]", _EPISODE, 6),
    _List("characters", "", _CAST, 47),
)


def _record(first: int) -> str:
    return _RECORD.replace("{lists}", " ".join(listing.field(first) for listing in _LISTS))


_RECORD: Final = """fragment Record on Anime {
  id slug type subtype status sfw ageRating ageRatingGuide season
  startDate endDate nextRelease tba updatedAt
  episodeCount episodeLength youtubeTrailerVideoId originCountries
  averageRating averageRatingRank userCount userCountRank favoritesCount
  description(locales: ["*"])
  titles { canonical canonicalLocale alternatives localized(locales: ["*"]) }
  posterImage { original { url width height } }
  bannerImage { original { url width height } }
  categories(first: 100) { nodes { id slug title(locales: ["*"]) isNsfw } }
  mappings(first: 50) { nodes { externalSite externalId } }
  productions(first: 50) { nodes { id role company { id name } } }
  relationships(first: 100) { nodes { kind destination { id slug type startDate titles { canonical } } } }
  streamingLinks(first: 50) { nodes { id url regions subs dubs streamer { siteName } } }
  staff(first: 100) { nodes { id role person { id slug name names { localized(locales: ["*"]) } } } }
  {lists}
}"""

_INCLUDE: Final = (
    "categories,genres,mappings,animeProductions.producer,mediaRelationships.destination,"
    "streamingLinks.streamer,staff.person"
)
_CHILDREN: Final = (("episodes", (("sort", "number"),)), ("characters", (("include", "character"),)))


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _checked(id_: str) -> str:
    if not (id_.isascii() and id_.isdigit()):
        raise BadInput(f"kitsu: id {id_!r} is not a number; drop it from the title's ids")
    return id_


def _find(id_: str, selection: str) -> str:
    return f'a{_checked(id_)}: findAnimeById(id: "{id_}") {{ {selection} }}'


def id_of_alias(alias: str) -> str:
    """The id an alias stands for."""
    return alias.removeprefix("a")


def _post(kind: str, query: str, ids: Sequence[str]) -> Request:
    body = Request.graphql_body(query, {})
    return Request(platform=Platform.KITSU, kind=kind, path="/graphql", ids=tuple(ids), json_body=body)


def _more(wanted: Wanted) -> tuple[str, int] | None:
    """What is still to ask of a title whose lists go on, and its nodes; ``None`` when it is complete."""
    record = GraphRecord(wanted.id, wanted.parts)
    fields, nodes = [], 0
    for listing in _LISTS:
        end = record.end_of(listing.name)
        if end is not None:
            first = min(_MOST, max(end.rest, 1))
            fields.append(f"{listing.name}_{end.page + 1}: {listing.field(first, end.cursor)}")
            nodes += first * (listing.row_nodes + 1)
    return (_find(wanted.id, "id " + " ".join(fields)), nodes) if fields else None


def _packed(wanted: Sequence[Wanted]) -> Iterator[tuple[list[str], list[str]]]:
    ids: list[str] = []
    lines: list[str] = []
    total = 0
    for one in wanted:
        more = _more(one)
        if more is None:
            continue
        line, nodes = more
        if lines and total + nodes > _NODES:
            yield ids, lines
            ids, lines, total = [], [], 0
        ids.append(one.id)
        lines.append(line)
        total += nodes
    if lines:
        yield ids, lines


def plan_graphql(wanted: Sequence[Wanted]) -> tuple[Request, ...]:
    """First the record of everybody who has none, then the rest of long lists by cursor."""
    fresh = [one for one in wanted if "anime" not in one.parts]
    usual = [one.id for one in fresh if not _is_whole(one)]
    requests = [_records([one.id], _MOST) for one in fresh if _is_whole(one)]
    if usual:
        requests.append(_records(usual, FIRST))
    for ids, asked in _packed([one for one in wanted if "anime" in one.parts]):
        requests.append(_post("pages", f"query Pages {{ {' '.join(asked)} }}", ids))
    return tuple(requests)


def _is_whole(one: Wanted) -> bool:
    """Whether a title's lists are asked for whole at once."""
    return (one.episodes or 0) >= _WHOLE_FROM


def _records(ids: Sequence[str], first: int) -> Request:
    lines = " ".join(_find(id_, "...Record") for id_ in ids)
    return _post("anime", f"query Titles {{ {lines} }} {_record(first)}", ids)


def expect_pages(wanted: Sequence[Wanted]) -> int:
    """Further documents for episodes that do not fit, as far as the catalogue tells."""
    return int(any((one.episodes or 0) > FIRST and not _is_whole(one) for one in wanted))


def _get(kind: str, path: str, ids: Sequence[str], *params: tuple[str, str]) -> Request:
    return Request(platform=Platform.KITSU, kind=kind, path=path, ids=tuple(ids), params=params)


def plan_jsonapi(wanted: Sequence[Wanted]) -> tuple[Request, ...]:
    """First the records by twenty, then each title's episodes and characters, page after page."""
    fresh = [_checked(one.id) for one in wanted if "jsonapi/anime" not in one.parts]
    requests = []
    if fresh:
        asked = (("filter[id]", ",".join(fresh)), ("page[limit]", str(_JSONAPI_PAGE)), ("include", _INCLUDE))
        requests.append(_get("jsonapi/anime", "/edge/anime", fresh, *asked))
    for one in wanted:
        if "jsonapi/anime" in one.parts:
            requests += _jsonapi_children(one)
    return tuple(requests)


def expect_jsonapi_pages(one: Wanted) -> int:
    """Pages of a title's episodes and characters, as far as the catalogue tells: one of the cast at least."""
    return max(1, -(-(one.episodes or 1) // _JSONAPI_PAGE)) + 1


def _offsets(one: Wanted, name: str) -> Iterator[int]:
    """Where the pages of a list start: all at once where the first page counts them, else as far as ``next`` leads."""
    yield 0
    count = jsonapi_count(one.id, one.parts, f"jsonapi/{name}/0")
    if count is not None:
        yield from range(_JSONAPI_PAGE, count, _JSONAPI_PAGE)
        return
    offset = 0
    while jsonapi_has_next(one.id, one.parts, f"jsonapi/{name}/{offset}"):
        offset += _JSONAPI_PAGE
        yield offset


def _jsonapi_children(one: Wanted) -> Iterator[Request]:
    for name, extra in _CHILDREN:
        for offset in _offsets(one, name):
            kind = f"jsonapi/{name}/{offset}"
            if kind not in one.parts:
                page = (("page[limit]", str(_JSONAPI_PAGE)), ("page[offset]", str(offset)))
                yield _get(kind, f"/edge/anime/{one.id}/{name}", (one.id,), *page, *extra)
