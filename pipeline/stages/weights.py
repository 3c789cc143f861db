"""How much each source's word weighs, field by field.

The figures are those of the builders' reference (section 4 and stage 1): starting guesses, meant to be replaced by
log odds once 150 titles are labelled. The catalogue is one source among others, at half weight for what it knows.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pipeline.domain.names import Source

__all__ = [
    "AIRING",
    "BASICS",
    "CAST",
    "DATES",
    "LABELS",
    "RATING",
    "STAFF",
    "SYNOPSIS",
    "TITLES",
]

_ORDER: Final = (Source.MAL, Source.ANILIST, Source.ANIDB, Source.KITSU, Source.ANIME_PLANET, Source.ANIMESCHEDULE)


def _weights(*figures: float, catalogue: float = 0.5) -> Mapping[Source, float]:
    return MappingProxyType(dict(zip((*_ORDER, Source.CATALOGUE), (*figures, catalogue), strict=True)))


TITLES: Final = _weights(0.9, 0.9, 0.95, 0.7, 0.6, 0.6)
BASICS: Final = _weights(0.9, 0.9, 0.9, 0.6, 0.6, 0.7)
"""Type, episodes, status; also source material, country and the kind of a relation."""
DATES: Final = _weights(0.9, 0.9, 0.95, 0.7, 0.7, 0.6)
AIRING: Final = _weights(0.6, 0.85, 0.3, 0.3, 0.2, 0.95)
"""Next airing and broadcast."""
RATING: Final = _weights(0.9, 0.3, 0.5, 0.6, 0.3, 0.3)
"""Age rating. Three platforms have none; the little weight is for what they say of ``is_adult``."""
CAST: Final = _weights(0.85, 0.9, 0.9, 0.4, 0.5, 0.1)
STAFF: Final = _weights(0.8, 0.9, 0.9, 0.3, 0.5, 0.1)
LABELS: Final = _weights(1.0, 0.8, 0.7, 0.5, 0.6, 0.3)
"""Genres, themes and tags. Kitsu's descend from AniDB's, hence its low figure."""
SYNOPSIS: Final = _weights(0.30, 0.25, 0.15, 0.20, 0.15, 0.05, catalogue=0.0)
"""What is added to a synopsis' score for where it comes from."""
