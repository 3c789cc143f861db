"""Catalogue rows by the ids the six platforms know them under.

An id of 9,000,000 or more and a slug that starts with ``practice-nobody-`` is known to no platform: rows with such ids
are how a practice catalogue says "absent everywhere". AnimeSchedule's slugs stand in no catalogue; they are made from
the titles of rows that AnimeSchedule would list (it follows series by their ids elsewhere), always the same way.

Platforms know ids that the practice catalogue does not list, and say them of each other; one says another title's.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from pipeline.catalogue import identify_url
from pipeline.domain.canonical import digest_of
from pipeline.domain.names import Platform, Site, TitleType
from pipeline.domain.title import CatalogueRow

__all__ = ["MIXED_UP", "SITE_OF", "RowIndex", "make_slug", "row_key"]

_UNKNOWN_FROM = 9_000_000
"""Numeric ids from here on are unknown to every platform."""

SITE_OF: Mapping[Platform, Site] = MappingProxyType(
    {
        Platform.JIKAN: Site.MAL,
        Platform.ANILIST: Site.ANILIST,
        Platform.KITSU: Site.KITSU,
        Platform.ANIDB: Site.ANIDB,
        Platform.ANIME_PLANET: Site.ANIME_PLANET,
        Platform.ANIMESCHEDULE: Site.ANIMESCHEDULE,
    }
)

_TEA_HOUSES = "https://anilist.co/anime/900022"
_INK_AND_IRON = "https://anidb.net/anime/900020"
_UNLISTED: Mapping[str, tuple[tuple[Site, str], ...]] = MappingProxyType(
    {_TEA_HOUSES: ((Site.MAL, "900022"),), _INK_AND_IRON: ((Site.ANIDB, "900120"),)}
)
"""By the row's key. The first happens to be AniList's number too, as two of five really are; the second is a further
entry that AniDB has of a title."""

MIXED_UP: Mapping[tuple[Platform, str, Site], str] = MappingProxyType(
    {(Platform.KITSU, _TEA_HOUSES, Site.ANIDB): "900120"}
)
"""What a platform says of a row's id elsewhere, and is wrong about."""

_NOT_SLUG = re.compile(r"[^a-z0-9]+")
_SCHEDULED_TYPES = frozenset({TitleType.TV, TitleType.TV_SHORT, TitleType.ONA, TitleType.OVA, TitleType.MOVIE})
_SCHEDULED_SHARE = 0xC0
"""Of 256: three quarters of the rows that could be there are there."""


def _is_known_id(id_: str) -> bool:
    """Whether any platform may know this id (see the module's rule)."""
    if id_.isascii() and id_.isdigit():
        return int(id_) < _UNKNOWN_FROM
    return not id_.startswith("practice-nobody-")


def row_key(row: CatalogueRow) -> str:
    """What the synthetic facts of a row grow from: its first source, so an added synonym changes nothing else."""
    return min(row.sources) if row.sources else row.title


def make_slug(text: str) -> str:
    """Lower-case ASCII words joined by hyphens; empty when the text has none."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return _NOT_SLUG.sub("-", plain.lower()).strip("-")


class RowIndex:
    """Which row stands behind an id of a site; cheap to build for tens of thousands of rows."""

    def __init__(self, rows: Iterable[CatalogueRow]) -> None:
        self.rows: tuple[CatalogueRow, ...] = tuple(rows)
        self._row_of: dict[tuple[Site, str], int] = {}
        self._ids_of: list[tuple[tuple[Site, str], ...]] = []
        slugs: set[str] = set()
        for number, row in enumerate(self.rows):
            found = [pair for pair in map(identify_url, row.sources) if pair is not None and _is_known_id(pair[1])]
            slug = _animeschedule_slug(row, found, slugs)
            if slug:
                slugs.add(slug)
                found.append((Site.ANIMESCHEDULE, slug))
            found += _UNLISTED.get(row_key(row), ())
            self._ids_of.append(tuple(found))
            for pair in found:
                self._row_of.setdefault(pair, number)

    def number_of(self, site: Site, id_: str) -> int | None:
        """Number of the row that has this id, or ``None``."""
        return self._row_of.get((site, id_))

    def ids_of(self, number: int) -> tuple[tuple[Site, str], ...]:
        """All known ids of a row: those of the catalogue in its order, then those it does not list."""
        return self._ids_of[number]

    def id_at(self, number: int, site: Site) -> str | None:
        """A row's first id of a site."""
        return next((id_ for at, id_ in self._ids_of[number] if at is site), None)

    def ids_at(self, site: Site) -> tuple[str, ...]:
        """All ids of a site, numbers by size, slugs by letters."""
        found = [id_ for at, id_ in self._row_of if at is site]
        return tuple(sorted(found, key=lambda id_: (int(id_) if id_.isdigit() else 0, id_)))


def _animeschedule_slug(row: CatalogueRow, ids: list[tuple[Site, str]], taken: set[str]) -> str | None:
    if row.type not in _SCHEDULED_TYPES or row.year is None:
        return None
    if not any(site in (Site.MAL, Site.ANILIST, Site.ANIDB) for site, _ in ids):
        return None
    key = digest_of("animeschedule", row_key(row))
    if int(key[:2], 16) >= _SCHEDULED_SHARE and len(ids) < 4:
        return None
    slug = make_slug(row.title) or f"anime-{key[:8]}"
    return slug if slug not in taken else f"{slug}-{key[:6]}"
