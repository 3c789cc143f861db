"""The gate before every platform: limits, bans, faults and counting, so that its module only has to answer."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from aiohttp import web
from aiohttp.typedefs import Middleware

from pipeline.domain.names import Host, Platform
from pipeline.practice.bodies import ban_answer, throttled_answer
from pipeline.practice.counters import Counters
from pipeline.practice.fault_answers import Sleep, go_wrong
from pipeline.practice.faults import Fault, FaultKind, FaultPlan
from pipeline.practice.limits import RULES, Decision, Limiter
from pipeline.practice.stage import KIND
from pipeline.practice.validating import validated

__all__ = ["Gate", "Hours"]

_SILENT: Final = frozenset({FaultKind.THROTTLED_SILENT, FaultKind.THROTTLED_UPSTREAM})
"""Refusals that say nothing of a wait, in headers neither."""

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Hours:
    """Time, as an argument: a clock that only goes forward, the Unix time, and waiting."""

    clock: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    sleep: Sleep = asyncio.sleep


@dataclass(slots=True)
class Gate:
    """The state of all gates."""

    speed: float = 1.0
    latency_s: float = 0.0
    has_limits: bool = True
    hours: Hours = field(default_factory=Hours)
    faults: FaultPlan = field(default_factory=FaultPlan)
    counters: Counters = field(default_factory=Counters)
    limiters: dict[Host, Limiter] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget all requests, bans, faults and numbers."""
        self.limiters = {host: Limiter(rules, self.speed) for host, rules in RULES.items()}
        self.faults.clear()
        self.counters.reset()

    def middleware(self, platform: Host) -> Middleware:
        """The gate of one platform, as a middleware of its sub-application."""

        @web.middleware
        async def gate(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await self._pass(platform, request, handler)

        return gate

    async def _pass(self, platform: Host, request: web.Request, handler: Handler) -> web.StreamResponse:
        counts = self.counters.by_platform[platform]
        counts.requests += 1
        KIND.set(None)
        limiter, now = self.limiters[platform], self.hours.clock()
        decision = limiter.ask(now) if self.has_limits else Decision()
        counts.over_windows.update(decision.over)
        fault = None if decision.is_refused else self.faults.pick(platform, request.path_qs)
        if decision.is_refused:
            counts.refusals["ban" if decision.is_banned else "limit"] += 1
            answer: web.StreamResponse = self._refuse(platform, decision)
        else:
            try:
                answer = await self._answer(platform, request, handler, fault)
            except web.HTTPException as refusal:  # a route or a method the platform does not have
                counts.statuses[str(refusal.status)] += 1
                raise
        answer = validated(platform, request, answer)
        counts.kinds[_kind_of(request)] += 1
        counts.statuses[str(answer.status)] += 1
        if not answer.prepared and (fault is None or fault.kind not in _SILENT):
            answer.headers.update(limiter.headers(now, self.hours.wall()))
        return answer

    def _refuse(self, platform: Host, decision: Decision) -> web.Response:
        if decision.is_banned:
            return ban_answer(platform)
        refused = throttled_answer(platform)
        refused.headers["Retry-After"] = str(math.ceil(decision.wait_s))
        if platform is Platform.ANILIST:
            refused.headers["X-RateLimit-Reset"] = str(math.ceil(self.hours.wall() + decision.wait_s))
        return refused

    async def _answer(
        self, platform: Host, request: web.Request, handler: Handler, fault: Fault | None
    ) -> web.StreamResponse:
        if self.latency_s:
            await self.hours.sleep(self.latency_s)
        if fault is None:
            return await handler(request)
        self._note(platform, fault)
        return await go_wrong(fault, platform, request, lambda: handler(request), self.hours.sleep)

    def _note(self, platform: Host, fault: Fault) -> None:
        self.counters.by_platform[platform].faults[fault.kind.value] += 1
        if fault.kind is FaultKind.BAN:
            self.limiters[platform].ban(self.hours.clock(), fault.wait_s)


def _kind_of(request: web.Request) -> str:
    """What was asked: the module's own word, else the last word of the route."""
    own = KIND.get()
    if own is not None:
        return own
    resource = request.match_info.route.resource
    if resource is None:
        return "unknown"
    words = [word for word in resource.canonical.split("/")[2:] if not word.startswith("{")]
    return words[-1] if words else "query"
