"""What to ask Anime-Planet: a title's page, then the page of its whole cast.

There is no API and no batch. Whether robots.txt lets us ask at all is the transport's business. A slug that has moved
is followed: the new one is kept as a part and used for the second page.
"""

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from pipeline.domain.exchange import Request, Wanted
from pipeline.domain.names import Platform

__all__ = ["plan_requests", "slug_of"]

_PREFIX: Final = "/anime/"


def slug_of(url: str) -> str | None:
    """The slug of an address of a title's page (``…/anime/cowboy-bebop``); ``None`` for any other page."""
    path = unquote(urlsplit(url).path)
    slug = path.partition(_PREFIX)[2].split("/")[0] if _PREFIX in path else ""
    return slug if slug not in ("", "all") else None


def _get(kind: str, id_: str, slug: str, suffix: str = "") -> Request:
    path = f"{_PREFIX}{quote(slug, safe='')}{suffix}"
    return Request(platform=Platform.ANIME_PLANET, kind=kind, path=path, ids=(id_,))


def plan_requests(wanted: Sequence[Wanted]) -> tuple[Request, ...]:
    """The title's page first: it tells whether the title is there and under which slug."""
    requests = []
    for one in wanted:
        if "page" not in one.parts:
            requests.append(_get("page", one.id, one.id))
        elif "characters" not in one.parts:
            slug = one.parts.get("slug", b"").decode("utf-8", "replace") or one.id
            requests.append(_get("characters", one.id, slug, "/characters"))
    return tuple(requests)
