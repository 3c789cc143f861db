"""One request budget per platform and host, shared by every task and process behind one egress address.

Promises: no window the platform counts ever holds more than it may, wherever it starts, across processes, kills and
restarts and whatever the latency (``windows``); requests are evenly spread (``pace``) and reach what the limits allow
but for one latency per window; what a platform's headers say tightens it; a pause it asks for holds for everybody.
Nothing is booked ahead: what a killed process had waited for costs nothing.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final

from pipeline.errors import BudgetSpent
from pipeline.settings import Limit
from pipeline.transport.pace import Pace
from pipeline.transport.state import Notes, SharedState
from pipeline.transport.waits import reset_wait_s, retry_after_s, whole_number
from pipeline.transport.windows import Book, Leave

__all__ = ["SharedBudget"]

_MINUTE_S: Final = 60.0
_HOUR_S: Final = 3600.0
_JITTER_SHARE: Final = 0.02
_JITTER_S: Final = 0.02
_WEEK_S: Final = 7 * 86_400.0
_MOST_A_MINUTE: Final = 1000
"""A told limit beyond this is not one of a minute, and is left to the settings."""
_STANDING: Final = """
select told_limits.requests, paces.left_at, paces.next_at, pauses.until
from (select cast(? as text) as key) as ours
left join told_limits on told_limits.key=ours.key
left join paces on paces.key=ours.key
left join pauses on pauses.key=ours.key
"""
_THROTTLED: Final = frozenset({429, 503})


class SharedBudget:
    """The budget of one platform at one host (and, where there are several, one egress address).

    ``clock`` gives Unix seconds; ``speed`` divides the limits' windows; no request is under way longer than
    ``lapse_s``; ``rng`` adds a small jitter, so that processes that wait for the same instant get fair shares.
    """

    def __init__(
        self,
        state: SharedState,
        key: tuple[str, ...],
        limits: Iterable[Limit],
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        speed: float = 1.0,
        max_wait_s: float = 900.0,
        lapse_s: float = 60.0,
        rng: random.Random | None = None,
    ) -> None:
        self._state, self._clock, self._sleep = state, clock, sleep
        self._platform, self._key = key[0], "@".join(key)
        self._windows = [(limit.requests, limit.per_s / speed) for limit in limits]
        self._minute_s, self._hour_s = _MINUTE_S / speed, _HOUR_S / speed
        self._max_wait_s = max_wait_s
        self._book = Book(self._key, lapse_s=lapse_s, speed=speed)
        self._rng = rng
        self._turn = asyncio.Lock()

    def add_limit(self, requests: int, window_s: float) -> None:
        """Obey one more limit (a crawl delay)."""
        self._windows.append((requests, window_s))

    async def acquire(self, weight: int = 1, may_go: Callable[[], None] = lambda: None) -> Leave:
        """Wait until ``weight`` more requests are allowed, and note that they leave now. Waiters go in their order.

        ``may_go`` is asked after every wait; what it raises ends the waiting, and nothing is noted. A weight beyond a
        limit waits until that limit's window is empty. Every leave must be given to :meth:`settle` or :meth:`lose`.
        Raises ``BudgetSpent`` instead of waiting longer than ``max_wait_s``.
        """
        async with self._turn:
            may_go()
            has_waited = False
            while not isinstance(got := self._try_now(weight, has_waited=has_waited), Leave):
                if got > self._max_wait_s:
                    raise BudgetSpent(
                        f"the request budget of {self._key} is used up or paused for another {got:.0f} s; "
                        "run again then, what was fetched is kept",
                        platform=self._platform,
                        wait_s=got,
                    )
                await self._sleep(got)
                has_waited = True
                may_go()
            return got

    def _try_now(self, weight: int, *, has_waited: bool) -> Leave | float:
        """A leave, or seconds still to wait."""
        with self._state.transaction(self._key) as db:
            standing, seen, now = db.execute(_STANDING, (self._key,)), self._book.look(db), db.now(self._clock)
            told, left_at, next_at, paused_until = standing.fetchone()
            windows = self._with_told(told)
            pace = Pace.of(windows, longest_s=self._hour_s)
            due_at = 0.0 if left_at is None or left_at > now else next_at  # the first, or the clock was set back
            pause_s = 0.0 if paused_until is None else paused_until - now
            wait_s = max(pause_s, due_at - now, self._book.wait_s(db, seen, now, weight, windows))
            if wait_s > 0:
                return wait_s + self._jitter_s(pace)
            db.execute(
                "insert into paces values(?, ?, ?) on conflict(key) do update set left_at=excluded.left_at, "
                "next_at=excluded.next_at",
                (self._key, now, pace.next_at(due_at, now, weight, has_waited=has_waited)),
            )
            return self._book.leave(db, now, weight)

    def _jitter_s(self, pace: Pace) -> float:
        return 0.0 if self._rng is None else self._rng.uniform(0, min(_JITTER_SHARE * pace.interval_s, _JITTER_S))

    def _with_told(self, told: int | None) -> list[tuple[int, float]]:
        return self._windows if told is None else [*self._windows, (told, self._minute_s)]

    def pause(self, wait_s: float) -> None:
        """Let nobody ask for ``wait_s``, a week at most. A longer pause that is already noted stays."""
        with self._state.transaction(self._key) as db:
            db.execute(
                "insert into pauses values(?, ?) on conflict(key) do update set until=excluded.until "
                "where pauses.until<excluded.until",
                (self._key, db.now(self._clock) + min(wait_s, _WEEK_S)),
            )

    def settle(self, leave: Leave, status: int, headers: Mapping[str, str]) -> None:
        """Note an answer's coming, and learn from its headers (lower-case names).

        ``X-RateLimit-*`` tighten, ``Retry-After`` pauses.
        """
        limit = whole_number(headers.get("x-ratelimit-limit"))
        remaining = whole_number(headers.get("x-ratelimit-remaining"))
        with self._state.transaction(self._key) as db:
            now = db.now(self._clock)
            self._book.answered(db, now, leave)
            if limit and limit <= _MOST_A_MINUTE:
                self._settle_limit(db, now, limit, remaining, leave.sent_at)
            longest_s = max(self._minute_s, *(window_s for _, window_s in self._windows))
            self._book.clear(db, now - 2 * longest_s - 1)
        wait_s = retry_after_s(headers, now) if status in _THROTTLED else None
        if remaining == 0:
            wait_s = max(wait_s or 0.0, reset_wait_s(headers, now) or 0.0)
        if wait_s:
            self.pause(wait_s)

    def lose(self, leave: Leave) -> None:
        """Note that no answer will come to what left."""
        with self._state.transaction(self._key) as db:
            self._book.lost(db, db.now(self._clock), leave)

    def _settle_limit(self, db: Notes, now: float, limit: int, remaining: int | None, sent_at: float) -> None:
        """Keep to the told limit a minute, and note the requests of others at this address.

        What the platform counted beyond everything of ours it may have counted by then was not ours.
        """
        db.execute(
            "insert into told_limits values(?, ?) on conflict(key) do update set requests=excluded.requests",
            (self._key, limit),
        )
        if remaining is None or remaining >= limit:
            return
        ours = self._book.ours_since(db, sent_at - self._minute_s, _MOST_A_MINUTE)
        if limit - remaining > ours:
            self._book.count(db, now, limit - remaining - ours)
