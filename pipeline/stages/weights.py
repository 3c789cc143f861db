"""How much each source's word weighs, field by field, and the cuts the rules use.

The figures are those of the builders' reference (section 4 and stage 1): starting guesses, meant to be replaced by
log odds once 150 titles are labelled. The catalogue is one source among others, at half weight for what it knows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
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
    "THRESHOLDS",
    "TITLES",
    "Thresholds",
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


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Cuts of the rules; an operator may hand in others."""

    label_kept: float = 0.45
    """Genres, themes and voted demographics at or above this score are kept."""
    label_doubt: float = 0.10
    """This near the cut a label is in doubt; two such labels are a question."""
    narrower: float = 0.5
    """What a narrower term counts where the platform also has the direct one."""
    warning_floor: float = 0.18
    """Weakest strength that makes a content warning (AniList's clients hide tags below 18)."""
    few_labels: int = 3
    question_words: int = 40
    same_text: float = 90.0
    """``token_set_ratio`` from which two synopses are copies of each other."""
    full_words: int = 120
    short_words: int = 25
    short_cost: float = 0.2
    foreign_cost: float = 0.4
    announcement_cost: float = 0.3
    prior_score: float = 7.0
    prior_votes: int = 100
    other_relation: float = 0.4
    """Confidence of a relation of which only the franchise is known."""
    inverse_cost: float = 0.2
    """Taken off where platforms name a relation and its inverse."""


THRESHOLDS: Final = Thresholds()
