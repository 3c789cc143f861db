"""The way to one host: a session, a budget, a few requests at once.

Promises: every request, a followed redirect too, is noted in the budget before it leaves; redirects stay with the
host that may have our token; a body is whole and bounded.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import aiohttp
from yarl import URL

from pipeline.domain.exchange import Answer
from pipeline.errors import Broken
from pipeline.transport.bodies import read_body
from pipeline.transport.breaker import MayGo
from pipeline.transport.budget import SharedBudget
from pipeline.transport.faults import foreign_faults
from pipeline.transport.windows import Leave

__all__ = ["Lane", "Question", "is_same_host", "new_session"]

_HOPS: Final = 5
_CONNECT_S: Final = 10.0
_MOVED: Final = frozenset({301, 302, 303, 307, 308})
_SAME_METHOD: Final = frozenset({307, 308})


@dataclass(frozen=True, slots=True)
class Question:
    """What leaves this machine. Not printed: headers may carry a token."""

    url: URL
    headers: Mapping[str, str]
    body: bytes | None = None
    weight: int = 1

    @property
    def is_conditional(self) -> bool:
        """Whether "not modified" (304) is an answer to it."""
        return not self.headers.keys().isdisjoint({"If-None-Match", "If-Modified-Since"})

    def __repr__(self) -> str:
        return f"Question({self.url.origin()!s}{self.url.path})"


def is_same_host(first: URL, second: URL) -> bool:
    """Whether a redirect stays: the same host (``www.`` aside) and port, or from http to https on the usual ports."""
    if (first.host or "").removeprefix("www.") != (second.host or "").removeprefix("www."):
        return False
    is_upgrade = (first.scheme, second.scheme) == ("http", "https") and (first.port, second.port) == (80, 443)
    return is_upgrade or (first.scheme, first.port) == (second.scheme, second.port)


def new_session(user_agent: str, *, at_once: int, timeout_s: float) -> aiohttp.ClientSession:
    """A session that keeps connections, but neither cookies nor decoded bodies. Call inside a running loop."""
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=at_once, limit_per_host=at_once),
        timeout=aiohttp.ClientTimeout(
            total=timeout_s, sock_connect=min(_CONNECT_S, timeout_s), sock_read=max(timeout_s / 2, 0.05)
        ),
        headers={"User-Agent": user_agent},
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
    )
    session._retry_connection = False  # noqa: SLF001  # no public switch; a repeat must pass the budget first
    return session


@dataclass(slots=True)
class Lane:
    """One host's session, budget and places."""

    name: str
    session: aiohttp.ClientSession
    budget: SharedBudget
    slots: asyncio.Semaphore
    max_body_bytes: int
    clock: Callable[[], float] = time.monotonic

    async def ask(self, question: Question, may_go: MayGo, note_sent: Callable[[], None]) -> Answer:
        """Send one question and follow redirects within the host. Raises ``Transient``, ``Broken``, ``BudgetSpent``."""
        url, body = question.url, question.body
        for _ in range(_HOPS):
            answer = await self._exchange(Question(url, question.headers, body, question.weight), may_go, note_sent)
            place = answer.headers.get("location")
            if answer.status not in _MOVED or not place:
                return answer
            url = self._followed(url, place)
            body = body if answer.status in _SAME_METHOD else None
        raise Broken(f"{self.name} redirects more than {_HOPS} times", platform=self.name, status=answer.status)

    def _followed(self, url: URL, place: str) -> URL:
        try:
            target = url.join(URL(place))
        except ValueError as error:
            raise Broken(f"{self.name} redirects to something that is no address", platform=self.name) from error
        if target.scheme not in ("http", "https") or not is_same_host(url, target):
            raise Broken(
                f"{self.name} redirects to another host, {target.host!r}: not followed; check its base_url",
                platform=self.name,
            )
        return target

    async def _exchange(self, question: Question, may_go: MayGo, note_sent: Callable[[], None]) -> Answer:
        async with self.slots:
            leave = await self.budget.acquire(question.weight, may_go)
            note_sent()
            left_at = self.clock()
            with self._lost_unless_answered(leave) as settle, foreign_faults(self.name):
                async with self.session.request(
                    "GET" if question.body is None else "POST",
                    question.url,
                    headers=dict(question.headers),
                    data=question.body,
                    allow_redirects=False,
                ) as response:
                    headers = {name.lower(): value for name, value in response.headers.items()}
                    settle(response.status, headers)
                    content = await read_body(response, self.max_body_bytes, self.name)
            elapsed_s = max(0.0, self.clock() - left_at)
        return Answer(response.status, headers, content, str(question.url), elapsed_s)

    @contextmanager
    def _lost_unless_answered(self, leave: Leave) -> Iterator[Callable[[int, Mapping[str, str]], None]]:
        """Tell the budget, whatever happens: of the answer as soon as its head is there, else that none will come."""
        is_answered = False

        def settle(status: int, headers: Mapping[str, str]) -> None:
            nonlocal is_answered
            self.budget.settle(leave, status, headers)
            is_answered = True

        try:
            yield settle
        finally:
            if not is_answered:
                self.budget.lose(leave)
