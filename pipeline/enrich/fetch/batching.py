"""How many ids go into one request, where the server's time is the real limit: a start, and then what answers teach.

Pure: seconds and refusals go in, the next size comes out.
"""

from dataclasses import dataclass, replace
from typing import Final, Self

__all__ = ["QUICK_S", "SLOW_S", "BatchSize"]

QUICK_S: Final = 5.0
"""Below this a server has time to spare."""
SLOW_S: Final = 10.0
"""Above this it is close to giving up, which servers do after 15 or 30 s. Between the two the size stays: a step up
from below 5 s ends below 7.5 s and one down from above 10 s above 5 s, so the size comes to rest."""


@dataclass(frozen=True, slots=True)
class BatchSize:
    """How many ids to ask for at once, within bounds. Equal bounds: it never changes."""

    size: int
    smallest: int
    largest: int

    @classmethod
    def starting(cls, size: int, bounds: tuple[int, int]) -> Self:
        """The size before anything was answered."""
        return cls(size, *bounds)

    def after_answer(self, asked: int, elapsed_s: float | None) -> Self:
        """The size after a good answer to ``asked`` ids that took so long on the way and at the server.

        Smaller requests than the size say nothing of it, nor does an answer whose time nobody knows.
        """
        if elapsed_s is None or asked < self.size:
            return self
        if elapsed_s > SLOW_S:
            return self._shrunk(asked)
        if elapsed_s < QUICK_S:
            step = self.size if elapsed_s < QUICK_S / 2 else max(1, self.size // 2)
            return replace(self, size=min(self.size + step, self.largest))
        return self

    def after_refusal(self, asked: int) -> Self:
        """The size after the server could not finish a request for ``asked`` ids."""
        return self if asked < self.size else self._shrunk(asked)

    def _shrunk(self, asked: int) -> Self:
        """Half of what was too much: requests of one size that were under way together shrink it once."""
        return replace(self, size=max(self.smallest, min(self.size, asked // 2)))
