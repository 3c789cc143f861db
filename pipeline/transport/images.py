"""Fetching the pictures that are embedded; nothing of them is kept here.

Promises: every image host has its own budget and breaker, shared like the platforms'; size and time are
bounded; a missing picture is ``EntryGone``, what is not a picture is ``Broken``.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Final, Self

import aiohttp
from yarl import URL

from pipeline.domain.exchange import Answer
from pipeline.errors import Blocked, Broken, EntryGone, Throttled, Transient, one_line
from pipeline.settings import BreakerSettings, Settings
from pipeline.transport.addressing import user_agent
from pipeline.transport.breaker import MayGo
from pipeline.transport.lane import Question, new_session
from pipeline.transport.waits import stated_wait_s
from pipeline.transport.way import Manners, Outside, Way

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
        self._settings, self._clock, self._on_answer = settings, clock, on_answer
        self._outside = Outside(settings, clock, sleep, rng or random.Random(), max_wait_s)  # noqa: S311  # jitter
        self._ways: dict[str, Way] = {}
        self._resources = AsyncExitStack()
        self._session: aiohttp.ClientSession | None = None
        self.count = 0
        """Requests sent, redirects and retries included."""

    async def __aenter__(self) -> Self:
        self._resources.enter_context(self._outside)
        session = new_session(user_agent(self._settings), at_once=_AT_ONCE, timeout_s=self._settings.images.timeout_s)
        self._session = await self._resources.enter_async_context(session)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ways.clear()
        await self._resources.aclose()

    async def fetch_image(self, url: str) -> bytes:
        """The picture's bytes.

        Raises ``EntryGone``, ``Broken``, ``Blocked``, ``BudgetSpent``, and ``Throttled`` or ``Transient`` when
        patience ends.
        """
        question = _question(url)
        way = self._way(question.url.authority)

        async def ask(may_go: MayGo) -> bytes:
            answer = await way.lane.ask(question, may_go, self._note_sent)
            self._on_answer(url, answer)
            check_image(way.lane.name, answer, self._clock())
            return answer.body

        return await way.patiently(ask)

    def _note_sent(self) -> None:
        self.count += 1

    def _way(self, host: str) -> Way:
        if self._session is None:
            raise RuntimeError("ImageFetcher is used outside 'async with'")
        if host not in self._ways:
            images = self._settings.images
            manners = Manners(
                images.limits,
                BreakerSettings(),
                attempts=_ATTEMPTS,
                at_once=_AT_ONCE,
                timeout_s=images.timeout_s,
                max_body_bytes=images.max_body_bytes,
            )
            self._ways[host] = self._outside.way(f"images@{host}", ("images", host), manners, self._session)
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
