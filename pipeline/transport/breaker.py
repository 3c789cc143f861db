"""One circuit breaker per platform, kept across processes and restarts.

Promises: after so many failures in a row, or one refusal, nobody asks the platform until the stated instant, and then
one request tries first. Who comes meanwhile waits, if only failures opened it and the trouble is not too old; a
refusal is never waited out. What says nothing about the platform's health (a missing entry, "too fast", a cancelled
task) does not count. pybreaker counts and holds the state of this process; the instant stands in the shared state.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, TypeAlias, TypeVar

from pybreaker import STATE_CLOSED, STATE_OPEN, CircuitBreaker

from pipeline.errors import (
    Blocked,
    Broken,
    BudgetSpent,
    EnrichError,
    EntryGone,
    RetryLater,
    ShrinkBatch,
    Throttled,
    one_line,
)
from pipeline.settings import BreakerSettings
from pipeline.transport.state import SharedState

__all__ = ["AsyncBreaker", "MayGo"]

_REFUSED_S: Final = 3600.0
"""How long a refusal is obeyed when the platform does not say."""

_HEALTHY: Final = (EntryGone, Throttled, ShrinkBatch)
"""What a platform says that is well."""

_AFTER_FAILURES: Final = "after failures"
"""How the reason begins when nobody refused us."""

_COUNTED: Final = (RetryLater, EntryGone, ShrinkBatch, Broken)
"""What is an answer, good or bad, of the platform."""

T = TypeVar("T")
MayGo: TypeAlias = Callable[[], None]
"""To be called again just before asking, after any wait. Raises ``Blocked`` when the platform was closed meanwhile."""
Ask: TypeAlias = Callable[[MayGo], Awaitable[T]]


class _LeftAlone(Blocked):
    """Our own refusal to ask, not one of the platform's."""

    is_passing = False
    """Only failures opened the breaker."""


class AsyncBreaker:
    """The breaker of one platform, and of one egress address. ``speed`` divides our own waits, never a stated one.

    After failures a platform is waited for until ``patience_s`` have passed since the trouble began.
    """

    def __init__(
        self,
        state: SharedState,
        platform: str,
        settings: BreakerSettings,
        *,
        clock: Callable[[], float],
        speed: float = 1.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        patience_s: float = 0.0,
        egress: str | None = None,
    ) -> None:
        self._state, self._platform, self._clock = state, platform, clock
        self._key = platform if egress is None else f"{platform}@{egress}"
        self._reset_s, self._refused_s = settings.reset_s / speed, _REFUSED_S / speed
        self._circuit = CircuitBreaker(
            fail_max=settings.failures,
            exclude=list(_HEALTHY),
            throw_new_error_on_trip=False,
        )
        self._probe = asyncio.Lock()
        self._sleep, self._patience_s = sleep, patience_s / speed
        self._trouble_at: float | None = None

    async def call(self, ask: Ask[T]) -> T:
        """Await ``ask(may_go)`` when the platform may be asked, else raise ``Blocked`` with the rest of the wait."""
        while True:
            try:
                return await self._call_now(ask)
            except _LeftAlone as error:
                if not (error.is_passing and self._is_worth_waiting(error.wait_s or 0.0)):
                    raise
                await self._sleep(error.wait_s or 0.0)

    def _is_worth_waiting(self, wait_s: float) -> bool:
        now = self._clock()
        if self._trouble_at is None:
            self._trouble_at = now
        return now + wait_s - self._trouble_at < self._patience_s

    async def _call_now(self, ask: Ask[T]) -> T:
        if self._is_closed():
            return await self._watched(ask, self._refuse_early)
        if not self._probe.locked():
            self._refuse_early()
        async with self._probe:  # others wait for the one that tries, and go on when it succeeded
            if not self._is_closed():
                self._refuse_early()
                return await self._try_out(ask)
        return await self._watched(ask, self._refuse_early)

    def _left(self) -> tuple[float, str] | None:
        """Seconds for which the platform is still left alone, and why; ``None`` when nothing is noted."""
        with self._state.reading() as db:
            row = db.execute("select until, reason from breakers where key=?", (self._key,)).fetchone()
            return None if row is None else (row[0] - db.now(self._clock), row[1])

    def _is_closed(self) -> bool:
        if self._left() is not None:
            return False
        if self._circuit.current_state != STATE_CLOSED:
            self._circuit.close()  # another process found the platform well again
        return True

    def _refuse_early(self) -> None:
        wait_s, reason = self._left() or (0.0, "")
        if wait_s > 0:
            left = _LeftAlone(
                f"{self._platform} is left alone for another {wait_s:.0f} s ({reason}); run again then",
                platform=self._platform,
                wait_s=wait_s,
            )
            left.is_passing = reason.startswith(_AFTER_FAILURES)
            raise left

    def _note_open(self, wait_s: float, reason: str) -> None:
        with self._state.transaction(self._key) as db:
            db.execute(
                "insert into breakers values(?, ?, ?) on conflict(key) do update set until=excluded.until, "
                "reason=excluded.reason",
                (self._key, db.now(self._clock) + wait_s, reason),
            )

    async def _try_out(self, ask: Ask[T]) -> T:
        """Let one request through. The row says so meanwhile, so that other processes do not try as well."""
        _, reason = self._left() or (0.0, "")
        since = f"{_AFTER_FAILURES}, " if reason.startswith(_AFTER_FAILURES) else ""
        self._note_open(self._reset_s, f"{since}one request is trying")
        self._circuit.half_open()
        try:
            return await self._watched(ask, lambda: None)
        except (asyncio.CancelledError, BudgetSpent):
            self._circuit.open()
            self._note_open(0.0, "a trial was called off")
            raise

    async def _watched(self, ask: Ask[T], may_go: MayGo) -> T:
        try:
            result = await ask(may_go)
        except _LeftAlone:
            raise
        except Blocked as error:
            self._circuit.open()
            self._note_open(self._refused_s if error.wait_s is None else error.wait_s, one_line(str(error)))
            raise
        except _COUNTED as error:
            self._report(error)
            raise
        self._report(None)
        return result

    def _report(self, error: EnrichError | None) -> None:
        """Tell pybreaker, and note what it makes of it."""
        if error is None or isinstance(error, _HEALTHY):
            self._trouble_at = None
        before = self._circuit.current_state
        if before == STATE_OPEN:
            return  # the late answer of a call begun before the trip

        def tell() -> None:
            if error is not None:
                raise error

        with suppress(*_COUNTED):
            self._circuit.call(tell)
        after = self._circuit.current_state
        if after == STATE_OPEN:
            self._note_open(self._reset_s, one_line(f"{_AFTER_FAILURES}, the last: {error}"))
        elif after != before:
            with self._state.transaction(self._key) as db:
                db.execute("delete from breakers where key=?", (self._key,))
