"""All of MyAnimeList, page after page, instead of some titles: what to ask, and whose each row is. Pure.

A row is kept as a part of a kind of its own (``list``, ``mal_v2_list``): nobody takes it for the record it resembles.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from pipeline.domain.exchange import Request
from pipeline.domain.names import Platform, Service
from pipeline.platforms._reading import JsonObject, broken, json_bytes, parse_object
from pipeline.platforms.jikan.mal_v2 import V2_LIST_FIELDS
from pipeline.platforms.jikan.payload import LIST, V2_LIST

__all__ = ["ListedPage", "ListedRow", "Listing", "list_request", "listing_of", "read_list"]

Listing: TypeAlias = Literal["list", "mal_v2_list"]
"""Which list: that of the service of Jikan's shape, or the official API's ranking. Also the kind of a row's part."""

_PAGE: Final = 25
_OFFICIAL_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class ListedRow:
    """One title's row: its MyAnimeList id, and the body of the part it becomes."""

    id: str
    body: bytes


@dataclass(frozen=True, slots=True)
class ListedPage:
    """One page. ``total``: how many rows all pages hold together; ``None`` where the list does not say."""

    rows: tuple[ListedRow, ...]
    total: int | None
    goes_on: bool


def listing_of(*, is_official: bool) -> Listing:
    """The list to read where records come from the official API, or do not."""
    return "mal_v2_list" if is_official else "list"


def list_request(listing: Listing, page: int) -> Request:
    """One page, counted from 1. By id where that can be asked for: new titles then shift no page that was read."""
    if listing == LIST:
        by_id = (("order_by", "mal_id"), ("sort", "asc"), ("limit", str(_PAGE)), ("page", str(page)))
        return Request(Platform.JIKAN, LIST, "/anime", (), by_id)
    ranked = (
        ("ranking_type", "all"),
        ("limit", str(_OFFICIAL_PAGE)),
        ("offset", str((page - 1) * _OFFICIAL_PAGE)),
        ("fields", ",".join(V2_LIST_FIELDS)),
        ("nsfw", "true"),
    )
    return Request(Platform.JIKAN, V2_LIST, "/anime/ranking", (), ranked, service=Service.MAL_V2)


def read_list(listing: Listing, body: bytes) -> ListedPage:
    """Take a page apart; rows without an id are left out. Raises ``Broken`` when it is no page of a list."""
    page = parse_object(body, platform=Platform.JIKAN, id_="of all titles", part=listing)
    if not isinstance(page.raw("data"), list):
        raise broken(Platform.JIKAN, "of all titles", listing, "has no list under 'data'", body)
    if listing == LIST:
        paging = page.obj("pagination")
        goes_on = paging.flag("has_next_page") is True
        return ListedPage(tuple(_rows(page)), paging.obj("items").integer("total"), goes_on)
    return ListedPage(tuple(_official_rows(page)), None, page.obj("paging").text("next") is not None)


def _rows(page: JsonObject) -> Iterator[ListedRow]:
    for row in page.objs("data"):
        id_ = row.id("mal_id")
        if id_ is not None:
            yield ListedRow(id_, json_bytes({"data": row.data}))


def _official_rows(page: JsonObject) -> Iterator[ListedRow]:
    for ranked in page.objs("data"):
        row = ranked.obj("node")
        id_ = row.id("id")
        if id_ is not None:
            yield ListedRow(id_, json_bytes(row))
