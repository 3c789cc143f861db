"""How requests are spread: evenly, at the slowest long-run rate of all limits.

Promises: the pace is no slower than the limits allow in the long run, so that it costs nothing; what was late is made
up for by few requests, never by a burst. Whether a limit holds is not decided here (see ``windows``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

__all__ = ["Pace"]

_LATE_S: Final = 0.25
"""A busy machine or a slow answer may delay us so much; that is always made up for."""


@dataclass(frozen=True, slots=True)
class Pace:
    """One request every ``interval_s``; ``late_s`` is made up for, and ``at_once`` may go after a silence."""

    interval_s: float
    late_s: float
    at_once: int = 1

    @classmethod
    def of(cls, windows: Sequence[tuple[int, float]], *, longest_s: float) -> Self:
        """The pace of some ``(requests, seconds)`` windows.

        A window longer than ``longest_s`` is an allowance to be spent, not a rate. Where a platform states a shorter
        window that is faster (3 a second beside 60 a minute), as many as that one holds may follow a silence at once.
        """
        rates = [(window_s / requests, window_s) for requests, window_s in windows if window_s <= longest_s]
        if not rates:
            return cls(0.0, 0.0)
        interval_s, slowest_s = max(rates)
        at_once = [n for n, window_s in windows if window_s < slowest_s and window_s / n < interval_s]
        return cls(interval_s, max(interval_s / 4, _LATE_S), min(at_once, default=1))

    def next_at(self, due_at: float, now: float, weight: int, *, has_waited: bool) -> float:
        """When the next may leave, after one of ``weight`` that was due at ``due_at`` left ``now``.

        ``has_waited``: it came after others, not after a silence. Then only lateness is made up for: what a full
        window held up stays spread.
        """
        credit_s = self.late_s if has_waited else self.late_s + (self.at_once - 1) * self.interval_s
        return max(due_at, now - credit_s) + weight * self.interval_s
