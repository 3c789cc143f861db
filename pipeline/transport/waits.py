"""How long to wait: what an answer's headers state, and what we choose when nothing is stated."""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

__all__ = ["Backoff", "reset_wait_s", "retry_after_s", "stated_wait_s", "whole_number"]

_DAY_S: Final = 86_400.0
_EPOCH_MS: Final = 1e11
"""A reset beyond this is in milliseconds."""
_EPOCH_S: Final = 1e6
"""A reset below this is a distance, not an instant."""


def whole_number(text: str | None) -> int | None:
    """A header's whole number, or ``None`` when it is something else."""
    clean = (text or "").strip()
    return int(clean) if clean.isascii() and clean.isdigit() and len(clean) <= 15 else None


def retry_after_s(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that ``Retry-After`` asks for, given as seconds or as an HTTP date; ``None`` when it does not.

    A date is counted from the answer's own ``Date``, so that no clock of ours has to agree with the platform's; from
    ``now`` only where the answer has none.
    """
    text = headers.get("retry-after", "").strip()
    try:
        seconds = float(text)
    except ValueError:
        pass
    else:
        return max(0.0, seconds) if math.isfinite(seconds) else None
    until, said_at = _instant(text), _instant(headers.get("date", ""))
    return None if until is None else max(0.0, until - (now if said_at is None else said_at))


def _instant(text: str) -> float | None:
    """The Unix seconds of an HTTP date, or ``None`` when it is something else."""
    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError):
        return None


def reset_wait_s(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds until ``X-RateLimit-Reset`` (an instant or a distance); at most a day."""
    number = whole_number(headers.get("x-ratelimit-reset"))
    if number is None:
        return None
    if number < _EPOCH_S:
        return min(float(number), _DAY_S)
    instant = number / 1000 if number > _EPOCH_MS else float(number)
    return min(max(0.0, instant - now), _DAY_S)


def stated_wait_s(headers: Mapping[str, str], now: float) -> float | None:
    """What an answer that says "too fast" asks for: ``Retry-After``, else the reset of its window."""
    wait_s = retry_after_s(headers, now)
    return reset_wait_s(headers, now) if wait_s is None else wait_s


@dataclass(frozen=True, slots=True)
class Backoff:
    """Our own waits. ``speed`` divides them."""

    speed: float = 1.0
    first_s: float = 1.0
    longest_s: float = 60.0
    throttled_s: float = 60.0

    def after_fault_s(self, failures: int, rng: random.Random) -> float:
        """Exponential with full jitter, after the ``failures``-th fault (from 1)."""
        ceiling = min(self.longest_s, self.first_s * 2.0 ** min(failures - 1, 30))
        return rng.uniform(0, ceiling) / self.speed

    def after_throttle_s(self, throttles: int) -> float:
        """A minute, doubling, when a platform says "too fast" and not for how long."""
        return self.throttled_s * 2.0 ** min(throttles - 1, 10) / self.speed
