"""The practice world: what six platforms say about any catalogue rows, made up, the same every time.

A :class:`World` keeps only ids; a title is made when it is asked for and a few are kept. Two worlds of equal rows and
equal salt give equal titles, on every machine.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from pipeline.domain.names import Platform, Site
from pipeline.domain.source_title import SourceTitle
from pipeline.domain.title import CatalogueRow
from pipeline.practice.cast import Figure, make_figure
from pipeline.practice.facts import make_facts
from pipeline.practice.rows import SITE_OF, RowIndex, row_key
from pipeline.practice.said import Said
from pipeline.practice.said_anidb import say_anidb
from pipeline.practice.said_anilist import say_anilist
from pipeline.practice.said_anime_planet import say_anime_planet
from pipeline.practice.said_animeschedule import say_animeschedule
from pipeline.practice.said_jikan import say_jikan
from pipeline.practice.said_kitsu import say_kitsu

__all__ = ["World"]

_TODAY: Final = date(2026, 11, 20)
"""The world's own day, on which its airing titles depend; it never moves by itself."""
_KEPT = 64

_SAY: Mapping[Platform, Callable[[Said], SourceTitle]] = MappingProxyType(
    {
        Platform.JIKAN: say_jikan,
        Platform.ANILIST: say_anilist,
        Platform.KITSU: say_kitsu,
        Platform.ANIDB: say_anidb,
        Platform.ANIME_PLANET: say_anime_planet,
        Platform.ANIMESCHEDULE: say_animeschedule,
    }
)


class World:
    """What every platform says about the titles of some catalogue rows.

    ``image_base`` is where pictures are said to lie. AniDB and AnimeSchedule can only name pictures on hosts of their
    own, so their titles have none unless ``has_cdn_pictures``: a practice run must not reach beyond this machine.
    """

    def __init__(
        self,
        rows: Iterable[CatalogueRow],
        *,
        salt: str = "1",
        image_base: str = "http://127.0.0.1/images",
        has_cdn_pictures: bool = False,
    ) -> None:
        self._index = RowIndex(rows)
        self._salt = salt
        self._image_base = image_base
        self._has_cdn_pictures = has_cdn_pictures
        self._ids: dict[Platform, tuple[str, ...]] = {}
        self._titles = lru_cache(maxsize=_KEPT)(self._make_title)

    def title(self, platform: Platform, id_: str) -> SourceTitle | None:
        """What a platform says of an id in its own addressing; ``None`` when it does not have (or show) it."""
        return self._titles(platform, id_)

    def _make_title(self, platform: Platform, id_: str) -> SourceTitle | None:
        site = SITE_OF[platform]
        number = self._index.number_of(site, id_)
        if number is None:
            return None
        facts = make_facts(self._index.rows[number], self._salt, _TODAY)
        if platform is Platform.KITSU and facts.is_adult:
            return None  # hidden from everyone who is not logged in
        return _SAY[platform](
            Said(facts, platform, id_, number, self._index, self._image_base, self._has_cdn_pictures, _TODAY)
        )

    def by_foreign_id(self, platform: Platform, site: Site, id_: str) -> SourceTitle | None:
        """What a platform says of the title that another site has under ``id_``; ``None`` when it does not have it."""
        number = self._index.number_of(site, id_)
        own = None if number is None else self._index.id_at(number, SITE_OF[platform])
        return None if own is None else self.title(platform, own)

    def figure(self, platform: Platform, title_id: str, place: int) -> Figure | None:
        """The character at a place of the cast of a title, with what the platform's cast list does not say."""
        number = self._index.number_of(SITE_OF[platform], title_id)
        return None if number is None else make_figure(row_key(self._index.rows[number]), self._salt, place)

    def ids(self, platform: Platform) -> Sequence[str]:
        """All ids a platform has, numbers by size and slugs by letters."""
        if platform not in self._ids:
            self._ids[platform] = self._index.ids_at(SITE_OF[platform])
        return self._ids[platform]
