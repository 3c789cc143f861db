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
from pipeline.transport.breaker import MayGo
from pipeline.transport.lane import Lane, new_session
from pipeline.transport.robots import Robots, read_robots
from pipeline.transport.waits import stated_wait_s
from pipeline.transport.way import Manners, Outside, Way

__all__ = ["Check", "HttpTransport"]

Check = Callable[[Request, Answer], None]
"""Raises the right error for an answer that is not usable."""

_ROBOTS: Final = frozenset({Platform.ANIME_PLANET})
_REFUSED_S: Final = 86_400.0
_NOT_MODIFIED: Final = 304
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Platform:
    """Everything that belongs to one platform, or to a further service of one."""

    way: Way
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
        self._settings, self._clock, self._on_answer = settings, clock, on_answer
        self._outside = Outside(settings, clock, sleep, rng or random.Random(), max_wait_s)  # noqa: S311  # jitter
        self._asked: dict[Host, _Platform] = {}
        self._resources = AsyncExitStack()
        self.counts: Counter[tuple[Platform, str]] = Counter()
        """Requests sent, redirects and retries included, by platform and kind."""

    async def __aenter__(self) -> Self:
        self._resources.enter_context(self._outside)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._asked.clear()
        await self._resources.aclose()

    async def send(self, request: Request, check: Check) -> Answer:
        """Ask, until there is a usable answer, or a 304 to a question whose answer we ``had``.

        Raises what ``check`` raises when patience ends, ``Transient`` and ``Broken`` for the connection's faults,
        ``Blocked`` while the platform is left alone, ``BudgetSpent`` when the budget's next place is far away.
        """
        platform = await self._platform(request.host)
        if request.platform in _ROBOTS:
            await self._obey_robots(platform, request)
        return await self._patiently(platform.way, request, check)

    async def _platform(self, host: Host) -> _Platform:
        known = self._asked.get(host)
        if known is None:
            known = self._asked[host] = _Platform(self._new_way(host))
            await self._resources.enter_async_context(known.way.lane.session)
        return known

    def _new_way(self, host: Host) -> Way:
        settings = self._settings.platforms.of(host)
        manners = Manners(
            settings.limits,
            settings.breaker,
            attempts=settings.attempts,
            at_once=settings.concurrency,
            timeout_s=settings.timeout_s,
            max_body_bytes=settings.max_body_bytes,
            is_waited_for=True,
        )
        session = new_session(user_agent(self._settings), at_once=settings.concurrency, timeout_s=settings.timeout_s)
        return self._outside.way(host.value, (host.value, URL(settings.base_url).authority), manners, session)

    async def _patiently(self, way: Way, request: Request, check: Check) -> Answer:
        return await way.patiently(lambda may_go: self._once(way.lane, request, check, may_go))

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

    async def _obey_robots(self, platform: _Platform, request: Request) -> None:
        """Read robots.txt once, keep to its delay, and refuse what it forbids."""
        settings, lane = self._settings.platforms.of(request.platform), platform.way.lane
        async with platform.reading_robots:
            if platform.robots is None:
                platform.robots = await self._fetch_robots(platform.way, request.platform)
                if platform.robots.delay_s:
                    lane.budget.add_limit(1, platform.robots.delay_s / self._settings.speed)
        if not platform.robots.may_read(str(address_request(request, settings).url)):
            raise Blocked(
                f"robots.txt of {lane.name} forbids {request.path!r}: it is not asked",
                platform=lane.name,
                wait_s=_REFUSED_S,
            )

    async def _fetch_robots(self, way: Way, platform: Platform) -> Robots:
        def check(_: Request, answer: Answer) -> None:
            read_robots(answer, AGENT, platform.value)

        answer = await self._patiently(way, Request(platform, "robots", "/robots.txt", ids=()), check)
        return read_robots(answer, AGENT, platform.value)


def _name(error: EnrichError) -> str:
    return type(error).__name__
