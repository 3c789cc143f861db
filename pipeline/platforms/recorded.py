"""Which part of which title a kept answer is: told from what is in it, and from the file's name where it does not say.

For looking at answers by hand. A run knows what it asked, and never guesses.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

import orjson

from pipeline.domain.names import Platform, Site
from pipeline.errors import BadInput, Broken, one_line
from pipeline.platforms._reading import JsonObject, json_bytes
from pipeline.platforms.anidb.requests import ANIME as ANIDB_ANIME
from pipeline.platforms.anidb.xml import BadXml, parse_xml
from pipeline.platforms.anime_planet.payload import is_search_page, is_title_page, parse_page
from pipeline.platforms.anime_planet.requests import slug_of
from pipeline.platforms.animeschedule.payload import website_ids
from pipeline.platforms.animeschedule.requests import ANIME, first_ids
from pipeline.platforms.jikan.payload import FULL
from pipeline.platforms.kitsu.payload import slice_document

__all__ = ["PARTS", "RECORDS", "Piece", "bare_record", "read_pieces"]

PARTS: Final[Mapping[Platform, str]] = {
    Platform.JIKAN: "full, characters, staff, episodes, statistics, pictures, videos, themes, relations, external and "
    "streaming of a title, single episodes and characters of it, and lists of titles",
    Platform.ANILIST: "media that are anime, alone, in part or in pages of them, and further pages of characters, "
    "staff and airingSchedule",
    Platform.KITSU: "anime, alone or in a list of them, by GraphQL or JSON:API, and lists under /anime/<id>/",
    Platform.ANIDB: "anime",
    Platform.ANIME_PLANET: "a title's page and the page of its characters",
    Platform.ANIMESCHEDULE: "one anime, and lists of them",
}
"""What our adapters read of each platform, for messages."""
RECORDS: Final[Mapping[Platform, frozenset[str]]] = {
    Platform.JIKAN: frozenset({FULL}),
    Platform.ANILIST: frozenset({"media"}),
    Platform.KITSU: frozenset({"anime", "jsonapi/anime"}),
    Platform.ANIDB: frozenset({ANIDB_ANIME}),
    Platform.ANIME_PLANET: frozenset({"page"}),
    Platform.ANIMESCHEDULE: frozenset({ANIME}),
}
"""The part that is a title's own record; an adapter reads the others beside it."""

_NAME_ID: Final = re.compile(r"^\d+(?=\.|$)")
_KITSU_LIST: Final = re.compile(r"/anime/(\d+)/([a-z-]+)")
_KITSU_FILTER: Final = re.compile(r"/(media-relationships)\?.*filter%5Bsource_id%5D=(\d+)")
_KITSU_LISTS: Final[Mapping[str, str]] = {
    "episodes": "episodes",
    "characters": "mediaCharacters",
    "staff": "mediaStaff",
    "mappings": "mappings",
    "categories": "categories",
    "genres": "genres",
    "streaming-links": "streamingLinks",
    "media-relationships": "mediaRelationships",
    "anime-productions": "animeProductions",
}
"""The lists of a title and the type of their rows."""

_EPISODE: Final = re.compile(r"/anime/(\d+)/[^/]*/episode/\d+$")
_OTHERS: Final = ("producers", "people", "characters_")
"""Folders of answers of the same shape that are of somebody else."""
_BOTH_LINKS: Final = ("external", "streaming")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a title. ``id`` is ``None`` where neither content nor name tells whose it is."""

    id: str | None
    kind: str
    body: bytes


def bare_record(platform: Platform, id_: str) -> Piece | None:
    """A record that says nothing but whose it is, to read other parts beside; ``None`` where there are no others."""
    if platform is Platform.JIKAN:
        number = int(id_) if id_.isascii() and id_.isdigit() else id_
        return Piece(id_, FULL, json_bytes({"data": {"mal_id": number}}))
    if platform is Platform.ANILIST:
        return Piece(id_, "media", json_bytes({"id": id_, "type": "ANIME"}))
    if platform is Platform.KITSU:
        anime = {"id": id_, "type": "anime", "attributes": {"slug": None}}
        return Piece(id_, "jsonapi/anime", json_bytes({"data": anime}))
    return None


def read_pieces(platform: Platform, path: PurePath, body: bytes) -> tuple[Piece, ...]:
    """The parts a recorded answer holds.

    Raises ``BadInput`` for an answer no adapter reads (an error, another endpoint), ``Broken`` for one that is torn.
    """
    pieces = tuple(_READERS[platform](path, body))
    if not pieces:
        raise _not_ours(platform, path, "holds no title and no part of one", body)
    return pieces


def _not_ours(platform: Platform, path: PurePath, problem: str, body: bytes) -> BadInput:
    return BadInput(
        f"{str(path)!r} {problem} ({one_line(body, 80)!r}); of {platform.value} these parts are read: {PARTS[platform]}"
    )


def _json(platform: Platform, path: PurePath, body: bytes) -> JsonObject:
    """The body as an object; a bare list (a timetable, say) is nothing an adapter reads."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Broken(f"{str(path)!r} is not whole JSON ({error}); record it again", platform=platform.value) from error
    if not isinstance(value, dict):
        raise _not_ours(platform, path, f"is {type(value).__name__} where an object belongs", body)
    return JsonObject(value)


def _id_in(path: PurePath) -> str | None:
    found = _NAME_ID.match(path.name)
    return found[0] if found else None


# Jikan


def _jikan(path: PurePath, body: bytes) -> Iterator[Piece]:
    envelope = _json(Platform.JIKAN, path, body)
    one, many = envelope.obj("data"), envelope.objs("data")
    if one:
        if _is_jikan_title(one):
            yield Piece(one.id("mal_id"), FULL, body)
        elif single := _jikan_single(one, body):
            yield single
        else:
            yield from (Piece(_id_in(path), kind, body) for kind, keys in _JIKAN_OBJECTS if all(map(one.has, keys)))
        return
    titles = [row for row in many if _is_jikan_title(row)]
    if titles:
        for title in titles:
            yield Piece(title.id("mal_id"), FULL, json_bytes({"data": title.data}))
        return
    kind = _jikan_list(many, path) if isinstance(envelope.raw("data"), list) else None
    if kind is not None:
        yield Piece(_id_in(path), kind, body)


_JIKAN_OBJECTS: Final = (
    ("themes", ("openings", "endings")),
    ("statistics", ("watching", "plan_to_watch")),
    ("videos", ("promo",)),
)
_JIKAN_LISTS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("characters", ("character", "voice_actors", "role")),
    ("staff", ("person", "positions")),
    ("relations", ("relation", "entry")),
    ("pictures", ("jpg", "webp")),
    ("episodes", ("mal_id", "filler", "recap")),
)


def _is_jikan_title(one: JsonObject) -> bool:
    return one.id("mal_id") is not None and isinstance(one.raw("aired"), dict)


def _jikan_single(one: JsonObject, body: bytes) -> Piece | None:
    """One episode, which says whose it is; or one character, who may be anybody's."""
    number = one.id("mal_id")
    if episode := _EPISODE.search(one.text("url") or ""):
        return Piece(episode[1], f"episode/{number}", body)
    return Piece(None, f"character/{number}", body) if one.has("about") and one.has("nicknames") else None


def _jikan_list(rows: tuple[JsonObject, ...], path: PurePath) -> str | None:
    """The kind of a list by its first row; a list of links, and an empty one, by the name of file or folder."""
    if path.parent.name.startswith(_OTHERS):
        return None
    named = next((kind for kind in (*dict(_JIKAN_LISTS), *_BOTH_LINKS) if kind in str(path)), None)
    if not rows:
        return _paged(named, 1)
    kind = next((kind for kind, keys in _JIKAN_LISTS if all(map(rows[0].has, keys))), None)
    if kind is None and rows[0].has("name") and rows[0].has("url") and len(rows[0].data) == 2:
        return named if named in _BOTH_LINKS else "external"
    return _paged(kind, ((rows[0].integer("mal_id") or 1) - 1) // 100 + 1)


def _paged(kind: str | None, page: int) -> str | None:
    return f"episodes/{page}" if kind == "episodes" else kind


# AniList


_ANILIST_FIELDS: Final = ("relations", "studios", "externalLinks", "streamingEpisodes", "tags", "title")


def _anilist(path: PurePath, body: bytes) -> Iterator[Piece]:
    data = _json(Platform.ANILIST, path, body).obj("data")
    one = data.obj("Media")
    for media in (one, *(row for name in data for row in data.obj(name).objs("media"))):
        if media.id("id") is not None and not _is_manga(media):
            yield Piece(media.id("id"), "media", json_bytes(media))
    if one and one.id("id") is None:
        id_ = _id_in(path)
        if id_ is not None and any(map(one.has, _ANILIST_FIELDS)):  # some fields, asked without the id
            yield Piece(id_, "media", json_bytes({"id": id_, "type": "ANIME", **one.data}))
        for field, kind in (("characters", "characters"), ("staff", "staff"), ("airingSchedule", "airing")):
            page = one.obj(field)
            if page:  # page 1 stands inside the media object, and rows that come twice are told by their id
                number = max(page.obj("pageInfo").integer("currentPage") or 2, 2)
                yield Piece(_id_in(path), f"{kind}/{number}", json_bytes(page))


def _is_manga(media: JsonObject) -> bool:
    return media.text("type") == "MANGA" or (not media.has("type") and media.has("chapters"))


# Kitsu


def _kitsu(path: PurePath, body: bytes) -> Iterator[Piece]:
    document = _json(Platform.KITSU, path, body)
    one = document.obj("data")
    titles = [row for row in (one, *document.objs("data")) if row.text("type") == "anime" and row.id("id")]
    if titles:
        for title in titles:
            yield Piece(title.id("id"), "jsonapi/anime", json_bytes(slice_document(document, title)))
        return
    if isinstance(document.raw("data"), list):
        yield from _kitsu_list(document, path, body)
        return
    for alias in one:
        anime = one.obj(alias)
        if anime.id("id") is not None and (anime.has("titles") or anime.has("slug")):
            yield Piece(anime.id("id"), "anime", json_bytes(anime))


def _kitsu_list(document: JsonObject, path: PurePath, body: bytes) -> Iterator[Piece]:
    """A list says in its own links whose it is, also when it is empty; without links its rows say what it is of."""
    links, rows = document.obj("links"), document.objs("data")
    address = links.text("first") or links.text("self") or ""
    type_ = rows[0].text("type") if rows else None
    if found := _KITSU_LIST.search(address):
        id_, name = found[1], found[2]
    elif found := _KITSU_FILTER.search(address):
        id_, name = found[2], found[1]
    else:
        id_, name = _id_in(path), next((name for name, of in _KITSU_LISTS.items() if of == type_), "")
    if name in _KITSU_LISTS and type_ in (None, _KITSU_LISTS[name]):
        yield Piece(id_, f"jsonapi/{name}/{path.name}", body)


# AniDB, Anime-Planet, AnimeSchedule


def _anidb(path: PurePath, body: bytes) -> Iterator[Piece]:
    try:
        root = parse_xml(body)
    except BadXml as error:
        raise Broken(f"{str(path)!r} is {error}; record it again", platform=Platform.ANIDB.value) from error
    if root.tag == ANIDB_ANIME:
        yield Piece(root.attribute("id"), ANIDB_ANIME, body)


def _anime_planet(path: PurePath, body: bytes) -> Iterator[Piece]:
    page = parse_page(body, path.name, "page")
    address = page.link("//link[@rel='canonical']") or page.link("//meta[@property='og:url']") or ""
    slug = slug_of(address) or path.name.split(".")[0]
    if is_search_page(body):
        return
    if address.rstrip("/").endswith(f"/{slug}/characters"):
        yield Piece(slug, "characters", body)
    elif is_title_page(page):
        yield Piece(slug, "page", body)


def _animeschedule(path: PurePath, body: bytes) -> Iterator[Piece]:
    envelope = _json(Platform.ANIMESCHEDULE, path, body)
    for record in (envelope, *envelope.objs("anime")):
        route = record.text("route")
        if route is not None:
            ids = {site: (id_.id,) for id_ in website_ids(record) if (site := id_.site) and isinstance(site, Site)}
            yield Piece(next(iter(first_ids(ids)), route), ANIME, json_bytes(record))


_READERS: Final[Mapping[Platform, Callable[[PurePath, bytes], Iterator[Piece]]]] = {
    Platform.JIKAN: _jikan,
    Platform.ANILIST: _anilist,
    Platform.KITSU: _kitsu,
    Platform.ANIDB: _anidb,
    Platform.ANIME_PLANET: _anime_planet,
    Platform.ANIMESCHEDULE: _animeschedule,
}
