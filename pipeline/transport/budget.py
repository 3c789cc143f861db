"""One request budget per platform and host, shared by every task and process of this machine.

Promises: no window of any limit ever holds more than it may, wherever the window starts, across processes and
restarts; what a platform's headers say tightens it; a pause it asks for holds for everybody. Real instants are noted,
never future ones: what a killed process had waited for is not booked.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final

from pipeline.errors import BudgetSpent
from pipeline.settings import Limit
from pipeline.transport.state import SharedState
from pipeline.transport.waits import reset_wait_s, retry_after_s, whole_number

__all__ = ["SharedBudget"]

_GUARD_S: Final = 0.005
_MINUTE_S: Final = 60.0
_WEEK_S: Final = 7 * 86_400.0
_MOST_A_MINUTE: Final = 1000
"""A told limit beyond this is not one of a minute, and is left to the settings."""
_THROTTLED: Final = frozenset({429, 503})


class SharedBudget:
    """The budget of one platform at one host. ``clock`` gives Unix seconds; ``speed`` divides the limits' windows."""

    def __init__(
        self,
        state: SharedState,
        key: tuple[str, str],
        limits: Iterable[Limit],
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        speed: float = 1.0,
        max_wait_s: float = 900.0,
    ) -> None:
        self._state, self._clock, self._sleep = state, clock, sleep
        self._platform, self._key = key[0], "@".join(key)
        self._windows = [(limit.requests, limit.per_s / speed) for limit in limits]
        self._minute_s = _MINUTE_S / speed
        self._max_wait_s = max_wait_s
        self._turn = asyncio.Lock()

    def add_limit(self, requests: int, window_s: float) -> None:
        """Obey one more limit (a crawl delay)."""
        self._windows.append((requests, window_s))

    async def acquire(self, weight: int = 1, may_go: Callable[[], None] = lambda: None) -> float:
        """Wait until ``weight`` more requests are allowed, and note them. Gives the noted instant.

        ``may_go`` is asked after every wait; what it raises ends the waiting, and nothing is noted. A weight beyond a
        limit waits until that limit's window is empty.
        Raises ``BudgetSpent`` instead of waiting longer than ``max_wait_s``.
        """
        async with self._turn:
            may_go()
            while (wait_s := self._try_now(weight)) > 0:
                if wait_s > self._max_wait_s:
                    raise BudgetSpent(
                        f"the request budget of {self._key} is used up or paused for another {wait_s:.0f} s; "
                        "run again then, what was fetched is kept",
                        platform=self._platform,
                        wait_s=wait_s,
                    )
                await self._sleep(wait_s)
                may_go()
            return self._clock()

    def _try_now(self, weight: int) -> float:
        """Seconds still to wait; 0 means granted and noted."""
        with self._state.transaction() as db:
            now = self._clock()
            wait_s = max(self._pause_left(db, now), self._window_wait(db, now, weight))
            if wait_s <= 0:
                self._note(db, now, weight)
            return max(0.0, wait_s)

    def _all_windows(self, db: sqlite3.Connection) -> list[tuple[int, float]]:
        row = db.execute("select requests from told_limits where key=?", (self._key,)).fetchone()
        return self._windows if row is None else [*self._windows, (row[0], self._minute_s)]

    def _window_wait(self, db: sqlite3.Connection, now: float, weight: int) -> float:
        wait_s = 0.0
        for requests, window_s in self._all_windows(db):
            row = db.execute(
                "select at from grants where key=? order by at desc limit 1 offset ?",
                (self._key, max(0, requests - weight)),
            ).fetchone()
            if row is not None:  # a clock that was set back makes it look future: no longer than a window then
                wait_s = max(wait_s, min(row[0], now) + window_s + _GUARD_S - now)
        return wait_s

    def _pause_left(self, db: sqlite3.Connection, now: float) -> float:
        row = db.execute("select until from pauses where key=?", (self._key,)).fetchone()
        return 0.0 if row is None else float(row[0]) - now

    def _note(self, db: sqlite3.Connection, now: float, count: int) -> None:
        db.executemany("insert into grants values(?, ?)", [(self._key, now)] * count)
        longest_s = max(self._minute_s, *(window_s for _, window_s in self._all_windows(db)))
        db.execute("delete from grants where key=? and at<?", (self._key, now - 2 * longest_s - 1))

    def pause(self, wait_s: float) -> None:
        """Let nobody ask for ``wait_s``, a week at most. A longer pause that is already noted stays."""
        with self._state.transaction() as db:
            db.execute(
                "insert into pauses values(?, ?) on conflict(key) do update set until=max(until, excluded.until)",
                (self._key, self._clock() + min(wait_s, _WEEK_S)),
            )

    def settle(self, status: int, headers: Mapping[str, str], sent_at: float) -> None:
        """Learn from an answer's headers (lower-case names): ``X-RateLimit-*`` tighten, ``Retry-After`` pauses.

        ``sent_at`` is what :meth:`acquire` gave for the request.
        """
        now = self._clock()
        limit = whole_number(headers.get("x-ratelimit-limit"))
        remaining = whole_number(headers.get("x-ratelimit-remaining"))
        if limit and limit <= _MOST_A_MINUTE:
            self._settle_limit(now, limit, remaining, sent_at)
        wait_s = retry_after_s(headers, now) if status in _THROTTLED else None
        if remaining == 0:
            wait_s = max(wait_s or 0.0, reset_wait_s(headers, now) or 0.0)
        if wait_s:
            self.pause(wait_s)

    def _settle_limit(self, now: float, limit: int, remaining: int | None, sent_at: float) -> None:
        """Keep to the told limit a minute, and note the requests of others at this address.

        What the platform counted beyond everything we sent since a minute before the request was not ours.
        """
        with self._state.transaction() as db:
            db.execute(
                "insert into told_limits values(?, ?) on conflict(key) do update set requests=excluded.requests",
                (self._key, limit),
            )
            if remaining is None or remaining >= limit:
                return
            [ours] = db.execute(
                "select count(*) from grants where key=? and at>?", (self._key, sent_at - self._minute_s - _GUARD_S)
            ).fetchone()
            if limit - remaining > ours:
                self._note(db, now, limit - remaining - ours)
