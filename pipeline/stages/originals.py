"""Which printed work an anime was made from, where nobody says so in as many words.

MyAnimeList and Kitsu call the original and what was made of the anime by one word, "adaptation". A work of the title's
own name, of the kind the title is said to be made from and not younger than it, is the original; where several could
be, none is taken for it.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from pipeline.domain.names import RelationKind, Source, SourceMaterial
from pipeline.domain.source_title import SourceTitle
from pipeline.domain.title import CatalogueRow
from pipeline.stages.works import Work, title_key

__all__ = ["find_original"]

_ONE_WORD: Final = frozenset({Source.MAL, Source.KITSU})
_COMICS, _NOVELS = "comics", "novels"
_MATERIALS: Final[Mapping[SourceMaterial, str]] = MappingProxyType(
    dict.fromkeys(
        (
            SourceMaterial.MANGA,
            SourceMaterial.WEB_MANGA,
            SourceMaterial.FOUR_KOMA,
            SourceMaterial.COMIC,
            SourceMaterial.DOUJINSHI,
        ),
        _COMICS,
    )
    | dict.fromkeys(
        (SourceMaterial.NOVEL, SourceMaterial.LIGHT_NOVEL, SourceMaterial.WEB_NOVEL, SourceMaterial.BOOK), _NOVELS
    )
)
_FORMATS: Final[Mapping[str, str]] = MappingProxyType(
    dict.fromkeys(("manga", "manhwa", "manhua", "oneshot", "one shot", "doujin", "doujinshi", "oel"), _COMICS)
    | dict.fromkeys(("novel", "light novel", "book"), _NOVELS)
)


def find_original(works: Sequence[Work], sources: Sequence[SourceTitle], row: CatalogueRow) -> Work | None:
    """The one work that is called an adaptation and is the original."""
    made_from = {_MATERIALS.get(one.source_material) for one in sources if one.source_material is not None}
    if len(made_from) != 1 or None in made_from:
        return None
    names = {title_key(title.text) for one in sources for title in one.titles} | {title_key(row.title)}
    years = [one.start.year for one in sources if one.start is not None]
    fitting = [
        work
        for work in works
        if _is_called_adaptation(work)
        and not names.isdisjoint(work.titles())
        and {_FORMATS.get(form) for form in work.formats()} <= made_from
        and not (years and work.years() and min(work.years()) > min(years))
    ]
    return fitting[0] if len(fitting) == 1 else None


def _is_called_adaptation(work: Work) -> bool:
    return not work.is_anime and all(
        mention.kind is RelationKind.ADAPTATION and mention.source in _ONE_WORD for mention in work.mentions
    )
