"""Links counted against labels: precision and recall, with the range that so few pairs leave open."""

import math
from dataclasses import dataclass
from typing import Final

__all__ = ["Tally", "wilson"]

_Z: Final = 1.959964
"""95 % of a normal distribution lie within this many deviations."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Pairs looked at, links labelled, links made, links made that are labelled."""

    pairs: int = 0
    links: int = 0
    made: int = 0
    right: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.pairs + other.pairs, self.links + other.links, self.made + other.made, self.right + other.right
        )

    @property
    def precision(self) -> float:
        """Share of the links made that are right; 1 where none was made."""
        return self.right / self.made if self.made else 1.0

    @property
    def recall(self) -> float:
        """Share of the labelled links that were made; 1 where there are none."""
        return self.right / self.links if self.links else 1.0


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The 95 % bounds (Wilson score) of a share; all of it where nothing was counted."""
    if of == 0:
        return 0.0, 1.0
    share, square = hits / of, _Z * _Z
    centre = share + square / (2 * of)
    spread = _Z * math.sqrt(share * (1 - share) / of + square / (4 * of * of))
    return max(0.0, (centre - spread) / (1 + square / of)), min(1.0, (centre + spread) / (1 + square / of))
