"""A loop whose time moves only when everybody waits, and a platform in it that counts what arrives."""

import asyncio
from dataclasses import dataclass, field

from pipeline.transport.budget import SharedBudget
from tests.transport.conftest import Place

START = 1_000_000.0
KEY = ("jikan", "host:1")


class VirtualLoop(asyncio.SelectorEventLoop):
    """No waiting is done: where a real loop would wait, its clock is set forward."""

    def __init__(self):
        super().__init__()
        self.now = START
        really_select = self._selector.select

        def select(timeout):
            if timeout:
                self.now += timeout
            return really_select(0)

        self._selector.select = select

    def time(self):
        return self.now


def run_virtually(make):
    """Run ``make()``'s coroutine in a virtual loop; gives its result."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(make())


def now():
    return asyncio.get_running_loop().time()


def process(place, limits, **more):
    """A budget as another process would have it: with its own connection to the place (or to a state given)."""
    state = place.open(now) if isinstance(place, Place) else place
    return SharedBudget(state, KEY, limits, clock=now, sleep=asyncio.sleep, **more)


@dataclass
class Counting:
    """A platform that notes when each request arrives, and which was whose."""

    arrivals: list[float] = field(default_factory=list)
    left: list[tuple[float, object]] = field(default_factory=list)

    async def ask(self, budget, *, way_s, answer_s=0.0, who=None, fate="answered", weight=1):
        """One request: ``way_s`` until it is counted, ``answer_s`` until we know; ``fate`` may be lost or killed."""
        leave = await budget.acquire(weight)
        self.left.append((leave.sent_at, who))
        if fate == "lost":  # cut off at once; it arrives all the same
            budget.lose(leave)
        await asyncio.sleep(way_s)
        self.arrivals += [now()] * weight
        if fate == "answered":
            await asyncio.sleep(answer_s)
            budget.settle(leave, 200, {})


def over(arrivals, limits, speed=1.0):
    """Windows that hold too many: limit, first and last of their instants."""
    at = sorted(arrivals)
    return [
        (limit, first, last)
        for limit in limits
        for first, last in zip(at, at[limit.requests :], strict=False)
        if last - first <= limit.per_s / speed
    ]
