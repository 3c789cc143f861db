"""Fetching the pictures that are embedded; nothing of them is kept here.

Promises: every image host has its own budget and breaker, shared like the platforms'; size and time are
bounded; a missing picture is ``EntryGone``, what is not a picture is ``Broken``.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Final, Self

import aiohttp
from yarl import URL

from pipeline.domain.exchange import Answer
from pipeline.errors import Blocked, Broken, EntryGone, Throttled, Transient, one_line
from pipeline.settings import BreakerSettings, Settings
from pipeline.transport.addressing import user_agent
from pipeline.transport.breaker import AsyncBreaker, MayGo
from pipeline.transport.budget import SharedBudget
from pipeline.transport.lane import Lane, Question, new_session
from pipeline.transport.patience import Patience
from pipeline.transport.state import SharedState, open_state
from pipeline.transport.waits import Backoff, stated_wait_s

__all__ = ["ImageFetcher", "check_image"]

_AT_ONCE: Final = 2
_ATTEMPTS: Final = 3
_BYTES_TYPE: Final = "application/octet-stream"


def _keep_nothing(_url: str, _answer: Answer) -> None:
    return None


class ImageFetcher:
    """Fetches pictures. ``async with`` it; usable by many tasks at once. ``on_answer`` is told every answer."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        rng: random.Random | None = None,
        max_wait_s: float = 900.0,
        on_answer: Callable[[str, Answer], None] = _keep_nothing,
    ) -> None:
        self._settings, self._clock, self._sleep = settings, clock, sleep
        self._on_answer = on_answer
        self._rng = rng or random.Random()  # noqa: S311  # jitter, not a secret
        self._max_wait_s = max_wait_s
        self._ways: dict[str, tuple[Lane, AsyncBreaker]] = {}
        self._session: aiohttp.ClientSession | None = None
        self._state: SharedState | None = None
        self.count = 0
        """Requests sent, redirects and retries included."""

    async def __aenter__(self) -> Self:
        self._state = open_state(self._settings)
        self._session = new_session(
            user_agent(self._settings), at_once=_AT_ONCE, timeout_s=self._settings.images.timeout_s
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
        if self._state is not None:
            self._state.close()

    async def fetch_image(self, url: str) -> bytes:
        """The picture's bytes.

        Raises ``EntryGone``, ``Broken``, ``Blocked``, ``BudgetSpent``, and ``Throttled`` or ``Transient`` when
        patience ends.
        """
        question = _question(url)
        lane, breaker = self._way(question.url)
        patience = Patience(
            _ATTEMPTS,
            Backoff(self._settings.speed),
            sleep=self._sleep,
            rng=self._rng,
            max_wait_s=self._max_wait_s,
            pause=lane.budget.pause,
        )

        async def ask(may_go: MayGo) -> bytes:
            answer = await lane.ask(question, may_go, self._note_sent)
            self._on_answer(url, answer)
            check_image(lane.name, answer, self._clock())
            return answer.body

        return await patience.call(lambda: breaker.call(ask))

    def _note_sent(self) -> None:
        self.count += 1

    def _way(self, url: URL) -> tuple[Lane, AsyncBreaker]:
        if self._state is None or self._session is None:
            raise RuntimeError("ImageFetcher is used outside 'async with'")
        host = url.authority
        if host not in self._ways:
            images, speed, name = self._settings.images, self._settings.speed, f"images@{host}"
            egress = self._settings.egress
            budget = SharedBudget(
                self._state,
                ("images", host, *filter(None, [egress])),
                images.limits,
                clock=self._clock,
                sleep=self._sleep,
                speed=speed,
                max_wait_s=self._max_wait_s,
                lapse_s=images.timeout_s,
                rng=self._rng,
            )
            lane = Lane(name, self._session, budget, asyncio.Semaphore(_AT_ONCE), images.max_body_bytes)
            breaker = AsyncBreaker(self._state, name, BreakerSettings(), clock=self._clock, speed=speed, egress=egress)
            self._ways[host] = (lane, breaker)
        return self._ways[host]


def _question(text: str) -> Question:
    try:
        url = URL(text)
    except ValueError as error:
        raise Broken(f"{one_line(text)!r} is not the address of a picture", platform="images") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise Broken(f"{one_line(text)!r} is not an http(s) address", platform="images")
    return Question(url, {"Accept": "image/*", "Accept-Encoding": "identity"})


def check_image(name: str, answer: Answer, now: float) -> None:
    """Raise what an answer means that is no picture; see :meth:`ImageFetcher.fetch_image`."""
    status, kind = answer.status, answer.headers.get("content-type", _BYTES_TYPE).lower()
    wait_s = stated_wait_s(answer.headers, now)
    if status == 429:
        raise Throttled(f"{name} says we are too fast", platform=name, status=status, wait_s=wait_s)
    if status >= 500 or status == 408:
        raise Transient(f"{name} answered {status}", platform=name, status=status, wait_s=wait_s)
    if status in (404, 410):
        raise EntryGone(f"{name} has no picture there", platform=name, status=status)
    if status in (401, 403):
        raise Blocked(f"{name} refuses the picture", platform=name, status=status, wait_s=wait_s)
    if status != 200 or not kind.startswith(("image/", _BYTES_TYPE)) or not answer.body:
        raise Broken(
            f"{name} answered {status} with {one_line(kind, 60)!r}, not with a picture",
            platform=name,
            status=status,
            evidence=one_line(answer.body),
        )
