"""Asking again: the one layer of retries.

Promises: a passing fault is tried again, at most ``attempts`` times, after an exponential wait with full jitter; "too
fast" is waited out as long as was stated, by everybody, and does not use up a try; every other error goes straight to
the caller.
"""

import random
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from pipeline.errors import RetryLater, Throttled, Transient
from pipeline.transport.waits import Backoff

__all__ = ["Patience"]

_MOST_THROTTLES: Final = 10

T = TypeVar("T")


class Patience:
    """How often and after which waits one request is tried. Make a new one for every request."""

    def __init__(
        self,
        attempts: int,
        backoff: Backoff,
        *,
        sleep: Callable[[float], Awaitable[None]],
        rng: random.Random,
        max_wait_s: float,
        pause: Callable[[float], None],
    ) -> None:
        self._pause = pause
        self._attempts, self._backoff, self._sleep, self._rng = attempts, backoff, sleep, rng
        self._max_wait_s = max_wait_s
        self._faults = 0
        self._throttles = 0

    async def call(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Await ``ask()`` until it succeeds or patience ends; then its last error."""
        retrying = AsyncRetrying(
            retry=retry_if_exception_type((Transient, Throttled)),
            wait=self._wait_s,
            stop=self._is_over,
            sleep=self._sleep,
            reraise=True,
        )
        return await retrying(self._counted, ask)

    async def _counted(self, ask: Callable[[], Awaitable[T]]) -> T:
        try:
            return await ask()
        except Throttled as error:
            self._throttles += 1
            if error.wait_s is None:
                error.wait_s = self._backoff.after_throttle_s(self._throttles)
            self._pause(error.wait_s)
            raise
        except Transient:
            self._faults += 1
            raise

    def _wait_s(self, state: RetryCallState) -> float:
        error = _error_of(state)
        stated_s = error.wait_s or 0.0
        if isinstance(error, Throttled):
            return stated_s
        return max(stated_s, self._backoff.after_fault_s(self._faults, self._rng))

    def _is_over(self, state: RetryCallState) -> bool:
        if (_error_of(state).wait_s or 0.0) > self._max_wait_s:
            return True
        return self._faults >= self._attempts or self._throttles >= _MOST_THROTTLES


def _error_of(state: RetryCallState) -> RetryLater:
    error = state.outcome.exception() if state.outcome else None
    assert isinstance(error, RetryLater)  # noqa: S101  # tenacity asks only about what ``retry`` accepted
    return error
