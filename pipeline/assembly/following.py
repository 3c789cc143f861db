"""How many people follow a title: what the review queue weighs doubts by, and the report its worst titles."""

from collections.abc import Mapping
from typing import Final

from pipeline.domain.names import Source
from pipeline.domain.record import PlatformStatistics

__all__ = ["people_of"]

_MANKIND: Final = 8_000_000_000


def people_of(statistics: Mapping[Source, PlatformStatistics]) -> int:
    """The largest of all platforms' members, voters, favourites and people by status; 0 where nobody is counted."""
    return min(max((_people(figures) for figures in statistics.values()), default=0), _MANKIND)


def _people(figures: PlatformStatistics) -> int:
    counted = (figures.members, figures.scored_by, figures.favorites, sum(figures.status_distribution.values()))
    return max(number or 0 for number in counted)
