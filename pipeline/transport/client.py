"""The one polite client through which every platform is asked.

Promises: retry(breaker(budget(request))), in this order and nowhere else; no platform is asked faster than its limits
and its headers allow, by all processes together; no error of aiohttp and no secret leaves this room.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

import structlog
from yarl import URL

from pipeline.domain.exchange import Answer, Request
from pipeline.domain.names import Host, Platform
from pipeline.errors import Blocked, EnrichError, RetryLater
from pipeline.settings import Settings
from pipeline.transport.addressing import AGENT, address_request, user_agent
from pipeline.transport.breaker import AsyncBreaker, MayGo
from pipeline.transport.budget import SharedBudget
from pipeline.transport.lane import Lane, new_session
from pipeline.transport.patience import Patience
from pipeline.transport.robots import Robots, read_robots
from pipeline.transport.state import SharedState, open_state
from pipeline.transport.waits import Backoff, stated_wait_s

__all__ = ["Check", "HttpTransport"]

Check = Callable[[Request, Answer], None]
"""Raises the right error for an answer that is not usable."""

_ROBOTS: Final = frozenset({Platform.ANIME_PLANET})
_REFUSED_S: Final = 86_400.0
_NOT_MODIFIED: Final = 304
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Way:
    """Everything that belongs to one platform, or to a further service of one."""

    lane: Lane
    breaker: AsyncBreaker
    robots: Robots | None = None
    reading_robots: asyncio.Lock = field(default_factory=asyncio.Lock)


def _keep_nothing(_request: Request, _answer: Answer) -> None:
    return None


class HttpTransport:
    """Asks platforms. ``async with`` it; usable by many tasks at once.

    ``clock`` gives Unix seconds. A wait longer than ``max_wait_s`` is not slept through: the error that asked for it
    is raised. A platform that fails is waited for as long, counted from the first failure. ``on_answer`` is told every
    answer, usable or not, before it is judged.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        rng: random.Random | None = None,
        max_wait_s: float = 900.0,
        on_answer: Callable[[Request, Answer], None] = _keep_nothing,
    ) -> None:
        self._settings, self._clock, self._sleep = settings, clock, sleep
        self._on_answer = on_answer
        self._rng = rng or random.Random()  # noqa: S311  # jitter, not a secret
        self._max_wait_s = max_wait_s
        self._backoff = Backoff(settings.speed)
        self._ways: dict[Host, _Way] = {}
        self._resources = AsyncExitStack()
        self._state: SharedState | None = None
        self.counts: Counter[tuple[Platform, str]] = Counter()
        """Requests sent, redirects and retries included, by platform and kind."""

    async def __aenter__(self) -> Self:
        self._state = open_state(self._settings)
        self._resources.callback(self._state.close)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ways.clear()
        await self._resources.aclose()

    async def send(self, request: Request, check: Check) -> Answer:
        """Ask, until there is a usable answer, or a 304 to a question whose answer we ``had``.

        Raises what ``check`` raises when patience ends, ``Transient`` and ``Broken`` for the connection's faults,
        ``Blocked`` while the platform is left alone, ``BudgetSpent`` when the budget's next place is far away.
        """
        way = await self._way(request.host)
        if request.platform in _ROBOTS:
            await self._obey_robots(way, request)
        return await self._patiently(way, request, check)

    async def _way(self, host: Host) -> _Way:
        way = self._ways.get(host)
        if way is None:
            way = self._ways[host] = self._new_way(host)
            await self._resources.enter_async_context(way.lane.session)
        return way

    def _new_way(self, host: Host) -> _Way:
        if self._state is None:
            raise RuntimeError("HttpTransport is used outside 'async with'")
        settings, speed = self._settings.platforms.of(host), self._settings.speed
        egress = self._settings.egress
        url = URL(settings.base_url)
        budget = SharedBudget(
            self._state,
            (host.value, url.authority, *filter(None, [egress])),
            settings.limits,
            clock=self._clock,
            sleep=self._sleep,
            speed=speed,
            max_wait_s=self._max_wait_s,
            lapse_s=settings.timeout_s,
            rng=self._rng,
        )
        session = new_session(user_agent(self._settings), at_once=settings.concurrency, timeout_s=settings.timeout_s)
        slots = asyncio.Semaphore(settings.concurrency)
        lane = Lane(host.value, session, budget, slots, settings.max_body_bytes, self._clock)
        breaker = AsyncBreaker(
            self._state,
            lane.name,
            settings.breaker,
            clock=self._clock,
            speed=speed,
            egress=egress,
            sleep=self._sleep,
            patience_s=self._max_wait_s,
        )
        return _Way(lane, breaker)

    async def _patiently(self, way: _Way, request: Request, check: Check) -> Answer:
        settings = self._settings.platforms.of(request.host)
        patience = Patience(
            settings.attempts,
            self._backoff,
            sleep=self._sleep,
            rng=self._rng,
            max_wait_s=self._max_wait_s,
            pause=way.lane.budget.pause,
        )

        async def ask(may_go: MayGo) -> Answer:
            return await self._once(way.lane, request, check, may_go)

        return await patience.call(lambda: way.breaker.call(ask))

    async def _once(self, lane: Lane, request: Request, check: Check, may_go: MayGo) -> Answer:
        def note_sent() -> None:
            self.counts[request.platform, request.kind.partition("/")[0]] += 1  # a kind, not one of its thousand pages

        question = address_request(request, self._settings.platforms.of(request.host))
        answer = await lane.ask(question, may_go, note_sent)
        if answer.status == _NOT_MODIFIED and question.is_conditional:
            return answer
        self._on_answer(request, answer)
        try:
            check(request, answer)
        except EnrichError as error:
            if isinstance(error, RetryLater) and error.wait_s is None:
                error.wait_s = stated_wait_s(answer.headers, self._clock())
            _log.debug("answer_refused", platform=lane.name, kind=request.kind, status=answer.status, why=_name(error))
            raise
        _log.debug("answered", platform=lane.name, kind=request.kind, status=answer.status, body_bytes=len(answer.body))
        return answer

    async def _obey_robots(self, way: _Way, request: Request) -> None:
        """Read robots.txt once, keep to its delay, and refuse what it forbids."""
        settings = self._settings.platforms.of(request.platform)
        async with way.reading_robots:
            if way.robots is None:
                way.robots = await self._fetch_robots(way, request.platform)
                if way.robots.delay_s:
                    way.lane.budget.add_limit(1, way.robots.delay_s / self._settings.speed)
        if not way.robots.may_read(str(address_request(request, settings).url)):
            raise Blocked(
                f"robots.txt of {way.lane.name} forbids {request.path!r}: it is not asked",
                platform=way.lane.name,
                wait_s=_REFUSED_S,
            )

    async def _fetch_robots(self, way: _Way, platform: Platform) -> Robots:
        def check(_: Request, answer: Answer) -> None:
            read_robots(answer, AGENT, platform.value)

        answer = await self._patiently(way, Request(platform, "robots", "/robots.txt", ids=()), check)
        return read_robots(answer, AGENT, platform.value)


def _name(error: EnrichError) -> str:
    return type(error).__name__
