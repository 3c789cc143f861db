"""Recognising what a web address points at: which database, which id there, what kind of page.

Promises: pure and total; an address of an unknown place is kept with its host as its site.
"""

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from pipeline.domain.names import LinkKind, Site
from pipeline.domain.source_title import ForeignId
from pipeline.platforms._text import clean_line

__all__ = ["absolute_url", "foreign_id", "foreign_ids", "host_of", "kind_of_host", "wiki_language"]

_PATHS: Final[tuple[tuple[str, Site, re.Pattern[str]], ...]] = (
    ("myanimelist.net", Site.MAL, re.compile(r"/anime/(\d+)")),
    ("anilist.co", Site.ANILIST, re.compile(r"/anime/(\d+)")),
    ("kitsu.io", Site.KITSU, re.compile(r"/anime/([^/]+)")),
    ("kitsu.app", Site.KITSU, re.compile(r"/anime/([^/]+)")),
    ("anidb.net", Site.ANIDB, re.compile(r"/(?:anime/|a)(\d+)")),
    ("anime-planet.com", Site.ANIME_PLANET, re.compile(r"/anime/([^/]+)")),
    ("animeschedule.net", Site.ANIMESCHEDULE, re.compile(r"/anime/([^/]+)")),
    ("anisearch.com", Site.ANISEARCH, re.compile(r"/anime/(\d+)")),
    ("livechart.me", Site.LIVECHART, re.compile(r"/anime/(\d+)")),
    ("simkl.com", Site.SIMKL, re.compile(r"/anime/(\d+)")),
    ("animecountdown.com", Site.ANIMECOUNTDOWN, re.compile(r"/(\d+)")),
    ("notify.moe", Site.NOTIFY_MOE, re.compile(r"/anime/([^/]+)")),
)
_QUERIES: Final = (
    ("anidb.net", Site.ANIDB, "aid"),
    ("animenewsnetwork.com", Site.ANN, "id"),
    ("myanimelist.net", Site.MAL, "id"),
)
_SOCIAL: Final = frozenset(
    {"twitter.com", "x.com", "facebook.com", "instagram.com", "tiktok.com", "youtube.com", "weibo.com", "threads.net"}
)
_DATABASES: Final = frozenset(
    {host for host, _, _ in _PATHS}
    | {"animenewsnetwork.com", "wikipedia.org", "syoboi.jp", "bgm.tv", "bangumi.tv", "douban.com", "baidu.com"}
    | {"imdb.com", "themoviedb.org", "thetvdb.com", "allcinema.net", "vndb.org", "shikimori.one"}
)
_URL_LENGTH: Final = 2000


def absolute_url(address: str | None) -> str | None:
    """A web address with its scheme; ``None`` for anything that cannot be one."""
    url = clean_line(address or "")
    if not url or " " in url or len(url) > _URL_LENGTH:
        return None
    if url.startswith("//"):
        url = f"https:{url}"
    elif "://" not in url[:12]:
        url = f"https://{url}"
    return url if url.lower().startswith(("http://", "https://")) and "." in host_of(url) else None


def host_of(url: str) -> str:
    """The host without ``www.``; empty when there is none."""
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def _is_at(host: str, domain: str) -> bool:
    return host == domain or host.endswith(f".{domain}")


def kind_of_host(url: str) -> LinkKind:
    """Social page, database, or other."""
    host = host_of(url)
    if any(_is_at(host, one) for one in _SOCIAL):
        return LinkKind.SOCIAL
    return LinkKind.DATABASE if any(_is_at(host, one) for one in _DATABASES) else LinkKind.OTHER


def wiki_language(url: str) -> str | None:
    """``ja`` for the Japanese Wikipedia; ``None`` elsewhere."""
    host = host_of(url)
    tag = host.removesuffix(".wikipedia.org").removesuffix(".m")
    return tag if host.endswith(".wikipedia.org") and tag.isascii() and tag.isalpha() and len(tag) < 4 else None


def foreign_id(url: str | None) -> ForeignId | None:
    """The anime id an address carries, on the sites we know; ``None`` for pages of other things."""
    whole = absolute_url(url)
    if whole is None:
        return None
    host, parts = host_of(whole), urlsplit(whole)
    for domain, site, pattern in _PATHS:
        found = pattern.match(unquote(parts.path)) if _is_at(host, domain) else None
        if found:
            return ForeignId(site, found[1])
    for domain, site, name in _QUERIES:
        values = parse_qs(parts.query).get(name, []) if _is_at(host, domain) else []
        if values and values[0].isascii() and values[0].isdigit() and _is_anime_page(parts.path, parts.query):
            return ForeignId(site, values[0])
    return None


def _is_anime_page(path: str, query: str) -> bool:
    return path.endswith(("anime.php", "/anime")) or "show=anime" in query


def foreign_ids(urls: Iterable[str]) -> tuple[ForeignId, ...]:
    """All ids the addresses carry, each once, in order."""
    return tuple(dict.fromkeys(found for url in urls if (found := foreign_id(url)) is not None))
