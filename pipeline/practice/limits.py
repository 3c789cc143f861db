"""The platforms' real limits, kept over sliding windows: no window, wherever it starts, may hold more.

``speed`` divides every window, so that a practice run need not take a night. The clock is given.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from pipeline.domain.names import Host, Platform, Service

__all__ = ["RULES", "Decision", "Limiter", "Rules", "Window"]

_GRACE_S: Final = 0.05
"""Who is early by no more than this (at most a tenth of the window) is counted as over it, but not refused."""


@dataclass(frozen=True, slots=True)
class Window:
    """At most ``requests`` in any ``per_s`` seconds."""

    requests: int
    per_s: float

    @property
    def name(self) -> str:
        """``60/60s``."""
        return f"{self.requests}/{self.per_s:g}s"


@dataclass(frozen=True, slots=True)
class Rules:
    """What a platform does about too many requests.

    ``is_enforced`` false: nothing happens, it is only counted. ``timeout_s``: after one refusal everything is refused
    for so long. ``bans_s``: too many requests end in a ban of so long. ``headers``: which window the headers tell of.
    """

    windows: tuple[Window, ...]
    is_enforced: bool = True
    timeout_s: float = 0.0
    ban_s: float = 0.0
    told: Window | None = None
    tells_reset: bool = False


RULES: Final[Mapping[Host, Rules]] = MappingProxyType(
    {
        Platform.JIKAN: Rules((Window(3, 1), Window(60, 60), Window(40_000, 86_400))),
        # The burst limiter is not documented; five at once is more than any well-paced client sends.
        Platform.ANILIST: Rules((Window(30, 60), Window(5, 2)), timeout_s=60, told=Window(30, 60)),
        Platform.KITSU: Rules((Window(1, 1),), is_enforced=False),
        # "On average" one per two seconds, and the hidden daily cap.
        Platform.ANIDB: Rules((Window(10, 20), Window(200, 86_400)), ban_s=86_400),
        Platform.ANIME_PLANET: Rules((Window(1, 1),), is_enforced=False),
        Platform.ANIMESCHEDULE: Rules((Window(120, 60),), told=Window(120, 60), tells_reset=True),
        # Nothing is published but that who is taken for an attacker gets a 403; for how long, nobody has said.
        Service.MAL_V2: Rules((Window(1, 1),), ban_s=3600),
    }
)


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one request. ``over`` names the windows it would have been too many for."""

    over: tuple[str, ...] = ()
    wait_s: float = 0.0
    is_refused: bool = False
    is_banned: bool = False


class Limiter:
    """The memory of one platform's limits."""

    def __init__(self, rules: Rules, speed: float) -> None:
        self._rules = rules
        self._speed = speed
        self._seen: dict[Window, deque[float]] = {window: deque() for window in rules.windows}
        self._refused_until = float("-inf")
        self._banned_until = float("-inf")

    def ask(self, now: float) -> Decision:
        """Decide about a request that arrives ``now``; an admitted one is remembered."""
        if now < self._banned_until:
            return Decision(wait_s=self._banned_until - now, is_refused=True, is_banned=True)
        if now < self._refused_until:
            return Decision(wait_s=self._refused_until - now, is_refused=True)
        waits = {window: self._wait(window, now) for window in self._rules.windows}
        over = tuple(window.name for window, wait_s in waits.items() if wait_s > 0)
        if self._rules.is_enforced and any(wait_s > self._grace(window) for window, wait_s in waits.items()):
            return self._refuse(now, over, max(waits.values()))
        for seen in self._seen.values():
            seen.append(now)
        return Decision(over=over)

    def ban(self, now: float, ban_s: float) -> None:
        """Refuse everything for ``ban_s``."""
        self._banned_until = now + ban_s

    def headers(self, now: float, wall_s: float) -> dict[str, str]:
        """What the platform says of its limit on every answer; ``wall_s`` is the Unix time of ``now``."""
        told = self._rules.told
        if told is None:
            return {}
        self._forget(told, now)
        seen = self._seen[told]
        said = {
            "X-RateLimit-Limit": str(told.requests),
            "X-RateLimit-Remaining": str(max(0, told.requests - len(seen))),
        }
        if self._rules.tells_reset:
            said["X-RateLimit-Reset"] = str(int(wall_s + self._wait(told, now) + 0.999))
        return said

    def _refuse(self, now: float, over: tuple[str, ...], wait_s: float) -> Decision:
        if self._rules.ban_s:
            self.ban(now, self._rules.ban_s / self._speed)
            return Decision(over, self._banned_until - now, is_refused=True, is_banned=True)
        wait_s = max(wait_s, self._rules.timeout_s / self._speed)
        if self._rules.timeout_s:
            self._refused_until = now + wait_s
        return Decision(over, wait_s, is_refused=True)

    def _length(self, window: Window) -> float:
        return window.per_s / self._speed

    def _grace(self, window: Window) -> float:
        return min(_GRACE_S, self._length(window) / 10)

    def _forget(self, window: Window, now: float) -> None:
        seen, length = self._seen[window], self._length(window)
        while seen and seen[0] <= now - length:
            seen.popleft()

    def _wait(self, window: Window, now: float) -> float:
        self._forget(window, now)
        seen = self._seen[window]
        if len(seen) < window.requests:
            return 0.0
        # When it is not enforced the window may be fuller than full.
        return seen[len(seen) - window.requests] + self._length(window) - now
