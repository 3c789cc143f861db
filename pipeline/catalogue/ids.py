"""Which URL is which site's id.

Promises: every shape a site has used for the address of one anime gives the same ``(site, id)``; what is not the
address of one anime gives ``None``, never a guess. Pure text: nothing is looked up, so a name in an address that is
not an id (a Kitsu slug) stays unidentified.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, unquote

from pipeline.domain.names import Site
from pipeline.domain.title import CatalogueRow
from pipeline.errors import BadInput, one_line

__all__ = ["Identified", "canonical_url", "identify_url", "ids_of", "parse_id"]

_URL: Final = re.compile(
    r"(?:https?://|//)?(?:[^/?#@\s]*@)?(?:www\.)?(?P<host>[a-z0-9.-]+?)\.?(?::\d+)?"
    r"(?P<path>/[^?#\s]*)?(?:\?(?P<query>[^#\s]*))?(?:#\S*)?",
    re.IGNORECASE,
)
_NUMBER: Final = re.compile(r"0*([1-9][0-9]{0,11})", re.ASCII)
_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9._~!'()*-]{0,254}", re.ASCII)
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{5,32}", re.ASCII)
_ANIDB_SHORT: Final = re.compile(r"/a(\d+)/?", re.ASCII | re.IGNORECASE)
_COUNTDOWN: Final = re.compile(r"/(\d+)(?:/.*)?", re.ASCII)

_HOSTS: Final[Mapping[str, Site]] = {
    "myanimelist.net": Site.MAL,
    "m.myanimelist.net": Site.MAL,
    "anilist.co": Site.ANILIST,
    "kitsu.app": Site.KITSU,
    "kitsu.io": Site.KITSU,
    "hummingbird.me": Site.KITSU,
    "anidb.net": Site.ANIDB,
    "anidb.info": Site.ANIDB,
    "anime-planet.com": Site.ANIME_PLANET,
    "animeschedule.net": Site.ANIMESCHEDULE,
    "animenewsnetwork.com": Site.ANN,
    "animenewsnetwork.cc": Site.ANN,
    "livechart.me": Site.LIVECHART,
    "simkl.com": Site.SIMKL,
    "animecountdown.com": Site.ANIMECOUNTDOWN,
    "notify.moe": Site.NOTIFY_MOE,
    **{f"anisearch.{land}": Site.ANISEARCH for land in ("com", "de", "es", "fr", "it", "jp")},
}

_FORMS: Final[Mapping[Site, str]] = {
    Site.MAL: "https://myanimelist.net/anime/{}",
    Site.ANILIST: "https://anilist.co/anime/{}",
    Site.KITSU: "https://kitsu.app/anime/{}",
    Site.ANIDB: "https://anidb.net/anime/{}",
    Site.ANIME_PLANET: "https://anime-planet.com/anime/{}",
    Site.ANIMESCHEDULE: "https://animeschedule.net/anime/{}",
    Site.ANISEARCH: "https://anisearch.com/anime/{}",
    Site.ANN: "https://animenewsnetwork.com/encyclopedia/anime.php?id={}",
    Site.LIVECHART: "https://livechart.me/anime/{}",
    Site.SIMKL: "https://simkl.com/anime/{}",
    Site.ANIMECOUNTDOWN: "https://animecountdown.com/{}",
    Site.NOTIFY_MOE: "https://notify.moe/anime/{}",
}

_QUERY_FORMS: Final[Mapping[Site, Mapping[str, str]]] = {
    Site.MAL: {"/anime.php": "id"},
    Site.ANN: {"/encyclopedia/anime.php": "id"},
    Site.ANIDB: {"/perl-bin/animedb.pl": "aid", "/anime": "aid", "": "aid"},
}
"""Pages whose id is in the query: path without its last slash -> name of the parameter."""

_SLUG_SITES: Final = frozenset({Site.ANIME_PLANET, Site.ANIMESCHEDULE})

_LISTS: Final = frozenset(
    {"all", "recommendations", "seasons", "studios", "tags", "top-anime", "watch-online", "years"}
)
"""Pages of Anime-Planet that stand where a title's slug would."""

_PREFIXES: Final[Mapping[str, Site]] = {site.value: site for site in Site} | {
    "myanimelist": Site.MAL,
    "al": Site.ANILIST,
    "ap": Site.ANIME_PLANET,
    "anime-planet": Site.ANIME_PLANET,
    "animeplanet": Site.ANIME_PLANET,
    "animenewsnetwork": Site.ANN,
    "notify": Site.NOTIFY_MOE,
    "notify.moe": Site.NOTIFY_MOE,
}


@dataclass(frozen=True, slots=True)
class Identified:
    """The ids a row's sources carry, as a multimap in the row's order without repeats; the rest is in ``unknown``."""

    ids: Mapping[Site, tuple[str, ...]]
    unknown: tuple[str, ...]


def _clean_id(site: Site, text: str) -> str | None:
    """The id in the one spelling we keep, or ``None`` when it cannot be an id of that site."""
    if site in _SLUG_SITES:
        slug = text.lower()
        is_list = site is Site.ANIME_PLANET and slug in _LISTS
        return slug if _SLUG.fullmatch(slug) and not is_list else None
    if site is Site.NOTIFY_MOE:
        return text if _TOKEN.fullmatch(text) else None
    number = _NUMBER.fullmatch(text)
    return number.group(1) if number else None


def _id_in_query(site: Site, path: str, query: str) -> str | None:
    name = _QUERY_FORMS.get(site, {}).get(path.rstrip("/").lower())
    if name is None:
        return None
    values = parse_qs(query.lower()).get(name, [])
    return values[0].strip() if values else None


def _id_in_path(site: Site, path: str) -> str | None:
    if site is Site.ANIDB and (short := _ANIDB_SHORT.fullmatch(path)):
        return short.group(1)
    if site is Site.ANIMECOUNTDOWN:
        page = _COUNTDOWN.fullmatch(path)
        return page.group(1) if page else None
    parts = [part for part in path.split("/") if part]
    if site is Site.KITSU and [part.lower() for part in parts[:2]] == ["api", "edge"]:
        del parts[:2]
    if len(parts) < 2 or parts[0].lower() != "anime":
        return None
    return parts[1].partition(",")[0] if site is Site.ANISEARCH else parts[1]


def identify_url(url: str) -> tuple[Site, str] | None:
    """The site and id a URL stands for, or ``None`` when it is not the address of one anime on a site we know."""
    found = _URL.fullmatch(url.strip())
    site = _HOSTS.get(found["host"].lower()) if found else None
    if found is None or site is None:
        return None
    path = found["path"] or ""
    if "%" in path:
        path = unquote(path)
    text = _id_in_path(site, path)
    if text is None and found["query"]:
        text = _id_in_query(site, path, found["query"])
    id_ = _clean_id(site, text) if text else None
    return None if id_ is None else (site, id_)


def canonical_url(site: Site, id_: str) -> str:
    """The address of an anime as the catalogue writes it; :func:`identify_url` gives ``(site, id_)`` back."""
    return _FORMS[site].format(id_)


def parse_id(text: str) -> tuple[Site, str]:
    """Read what a user typed: ``mal:1``, ``ap:cowboy-bebop`` or a URL. Raises ``BadInput``."""
    prefix, colon, rest = text.strip().partition(":")
    site = _PREFIXES.get(prefix.strip().lower()) if colon else None
    if site is not None:
        id_ = _clean_id(site, rest.strip())
        if id_ is None:
            raise BadInput(f"{one_line(text)!r} is not an id of {site.value}: {one_line(rest)!r} has not its shape")
        return site, id_
    found = identify_url(text)
    if found is None:
        names = ", ".join(site.value for site in Site)
        raise BadInput(
            f"{one_line(text)!r} is neither an id nor the address of one anime; "
            f"write for instance 'mal:1' (sites: {names}; 'ap' for anime_planet) or the page's URL"
        )
    return found


def ids_of(row: CatalogueRow) -> Identified:
    """The ids in a row's sources."""
    ids: dict[Site, tuple[str, ...]] = {}
    unknown: list[str] = []
    for url in row.sources:
        found = identify_url(url)
        if found is None:
            unknown.append(url)
            continue
        site, id_ = found
        had = ids.get(site, ())
        if id_ not in had:
            ids[site] = (*had, id_)
    return Identified(ids, tuple(dict.fromkeys(unknown)))
