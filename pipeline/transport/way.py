"""The way to one host with all that politeness asks of it.

Promises: retry(breaker(budget(request))), in this order, and put together here alone.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self, TypeVar

import aiohttp

from pipeline.settings import BreakerSettings, Limit, Settings
from pipeline.transport.breaker import AsyncBreaker, MayGo
from pipeline.transport.budget import SharedBudget
from pipeline.transport.lane import Lane
from pipeline.transport.patience import Patience
from pipeline.transport.state import SharedState, open_state
from pipeline.transport.waits import Backoff

__all__ = ["Manners", "Outside", "Way"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Manners:
    """How one host is treated. ``is_waited_for``: also while it fails, counted from the first failure."""

    limits: Sequence[Limit]
    breaker: BreakerSettings
    attempts: int
    at_once: int
    timeout_s: float
    max_body_bytes: int
    is_waited_for: bool = False


@dataclass(slots=True)
class Outside:
    """What all ways share: time, chance, the longest wait, and between ``with`` and its end the state of all processes.

    ``clock`` gives Unix seconds.
    """

    settings: Settings
    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    rng: random.Random
    max_wait_s: float
    _state: SharedState | None = field(default=None, init=False)

    def __enter__(self) -> Self:
        self._state = open_state(self.settings)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._state is not None:
            self._state.close()
            self._state = None

    def way(self, name: str, key: tuple[str, str], manners: Manners, session: aiohttp.ClientSession) -> "Way":
        """The way to a host. ``key`` (whose, authority) names the budget, which everybody behind our address shares."""
        if self._state is None:
            raise RuntimeError("a transport is used outside 'async with'")
        speed, egress = self.settings.speed, self.settings.egress
        budget = SharedBudget(
            self._state,
            (*key, *filter(None, [egress])),
            manners.limits,
            clock=self.clock,
            sleep=self.sleep,
            speed=speed,
            max_wait_s=self.max_wait_s,
            lapse_s=manners.timeout_s,
            rng=self.rng,
        )
        breaker = AsyncBreaker(
            self._state,
            name,
            manners.breaker,
            clock=self.clock,
            speed=speed,
            egress=egress,
            sleep=self.sleep,
            patience_s=self.max_wait_s if manners.is_waited_for else 0.0,
        )
        slots = asyncio.Semaphore(manners.at_once)
        lane = Lane(name, session, budget, slots, manners.max_body_bytes, self.clock)
        return Way(lane, breaker, manners.attempts, self)


@dataclass(frozen=True, slots=True)
class Way:
    """One host's lane, breaker and retries."""

    lane: Lane
    breaker: AsyncBreaker
    attempts: int
    outside: Outside

    async def patiently(self, ask: Callable[[MayGo], Awaitable[T]]) -> T:
        """Await ``ask`` until it succeeds or patience ends; each try passes the breaker, which tells when it may go."""
        patience = Patience(
            self.attempts,
            Backoff(self.outside.settings.speed),
            sleep=self.outside.sleep,
            rng=self.outside.rng,
            max_wait_s=self.outside.max_wait_s,
            pause=self.lane.budget.pause,
        )
        return await patience.call(lambda: self.breaker.call(ask))
