"""The shared request budget."""

import asyncio
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import BudgetSpent, Damaged, InUse
from pipeline.settings import Limit
from pipeline.transport.budget import SharedBudget
from pipeline.transport.state import SharedState
from tests.transport.conftest import FakeTime

KEY = ("jikan", "host:1")


def budget_of(path, times, limits, **more):
    state = path if isinstance(path, SharedState) else SharedState(path)
    return SharedBudget(state, KEY, limits, clock=times.clock, sleep=times.sleep, **more)


def assert_no_window_over(instants, limits, speed=1.0):
    instants = sorted(instants)
    for limit in limits:
        for first, last in zip(instants, instants[limit.requests :], strict=False):
            assert last - first >= limit.per_s / speed


@settings(max_examples=60, deadline=None)
@given(
    limits=st.lists(
        st.builds(Limit, requests=st.integers(1, 6), per_s=st.sampled_from([0.5, 1, 3, 10])), min_size=1, max_size=3
    ),
    moves=st.lists(st.tuples(st.integers(1, 2), st.sampled_from([0.0, 0.1, 0.9, 4.0])), min_size=1, max_size=40),
    speed=st.sampled_from([1.0, 10.0]),
)
def test_no_window_ever_holds_more_than_it_may(limits, moves, speed):
    """Whatever the limits and the moments of asking, every sliding window keeps its limit; two budgets share it."""
    times = FakeTime()
    folder = TemporaryDirectory()
    state = SharedState(Path(folder.name) / "state")
    budgets = [budget_of(state, times, limits, speed=speed) for _ in range(2)]
    least = min(limit.requests for limit in limits)

    async def run():
        granted = []
        for number, (weight, idle_s) in enumerate(moves):
            times.now += idle_s
            at = await budgets[number % 2].acquire(min(weight, least))
            granted += [at] * min(weight, least)
        return granted

    granted = asyncio.run(run())
    state.close()
    folder.cleanup()
    assert_no_window_over(granted, limits, speed)


async def test_full_speed_is_reached(tmp_path):
    """Nothing but the limits and the guard slows asking down."""
    times = FakeTime()
    budget = budget_of(tmp_path / "s", times, [Limit(requests=3, per_s=1)])
    start = times.now
    for _ in range(31):
        await budget.acquire()
    assert times.now - start == pytest.approx(10 * 1.005, abs=1e-3)


async def test_a_restart_does_not_reset_the_budget(tmp_path):
    """What was sent before counts after."""
    times, limits = FakeTime(), [Limit(requests=2, per_s=100)]
    first = SharedState(tmp_path / "s")
    await budget_of(first, times, limits).acquire(2)
    first.close()
    await budget_of(tmp_path / "s", times, limits).acquire()
    assert sum(times.slept) == pytest.approx(100.005)


async def test_a_far_away_place_is_budget_spent_not_a_long_sleep(tmp_path):
    """A daily cap ends the part cleanly and says when to come again."""
    times = FakeTime()
    budget = budget_of(tmp_path / "s", times, [Limit(requests=1, per_s=86_400)], max_wait_s=60)
    await budget.acquire()
    times.now += 400
    with pytest.raises(BudgetSpent, match="jikan@host:1") as caught:
        await budget.acquire()
    assert caught.value.wait_s == pytest.approx(86_000.005)
    assert times.slept == []


async def test_a_day_is_remembered_for_a_day(tmp_path):
    """Clearing away never touches what still counts."""
    times = FakeTime()
    budget = budget_of(tmp_path / "s", times, [Limit(requests=3, per_s=86_400)])
    for _ in range(3):
        await budget.acquire()
        times.now += 25_000
    with pytest.raises(BudgetSpent):
        await budget.acquire()


async def test_what_may_no_longer_go_is_not_noted(tmp_path):
    """A question called off while it waits costs nothing."""
    times, calls = FakeTime(), []
    budget = budget_of(tmp_path / "s", times, [Limit(requests=1, per_s=10)])
    await budget.acquire()

    def may_go():
        calls.append(times.now)
        if len(calls) == 2:
            raise BudgetSpent("called off")

    with pytest.raises(BudgetSpent, match="called off"):
        await budget.acquire(may_go=may_go)
    start = times.now
    await budget.acquire()
    assert times.now == start


async def test_hosts_and_platforms_have_their_own_budgets(tmp_path):
    """Only the same platform at the same host shares."""
    times, limits, state = FakeTime(), [Limit(requests=1, per_s=100)], SharedState(tmp_path / "s")
    for key in (("jikan", "a"), ("jikan", "b"), ("kitsu", "a")):
        await SharedBudget(state, key, limits, clock=times.clock, sleep=times.sleep).acquire()
    assert times.slept == []


async def test_retry_after_pauses_everybody(tmp_path):
    """The pause stands in the file; a shorter one does not shorten it."""
    times, limits = FakeTime(), [Limit(requests=100, per_s=1)]
    one, other = (budget_of(tmp_path / "s", times, limits) for _ in range(2))
    one.settle(429, {"retry-after": "30"}, await one.acquire())
    one.pause(5)
    await other.acquire()
    assert sum(times.slept) == pytest.approx(30)


async def test_retry_after_on_a_good_answer_is_no_pause(tmp_path):
    """Only an answer that says "too fast" or "not now" pauses."""
    times = FakeTime()
    budget = budget_of(tmp_path / "s", times, [Limit(requests=100, per_s=1)])
    budget.settle(200, {"retry-after": "30"}, await budget.acquire())
    await budget.acquire()
    assert times.slept == []


async def test_nothing_remaining_pauses_until_the_reset(tmp_path):
    """The window's end is stated as an instant."""
    times = FakeTime()
    budget = budget_of(tmp_path / "s", times, [Limit(requests=100, per_s=1)])
    headers = {"x-ratelimit-limit": "90", "x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(times.now) + 40)}
    budget.settle(200, headers, await budget.acquire())
    start = times.now
    await budget.acquire()
    assert times.now - start >= 40


async def test_a_told_limit_tightens_and_never_loosens(tmp_path):
    """A header that says 2 a minute holds; one that says 900 changes nothing."""
    times = FakeTime()
    budget = budget_of(tmp_path / "s", times, [Limit(requests=5, per_s=60)])
    budget.settle(200, {"x-ratelimit-limit": "2"}, await budget.acquire())
    await budget.acquire()
    await budget.acquire()
    assert sum(times.slept) == pytest.approx(60.005)
    budget.settle(200, {"x-ratelimit-limit": "900"}, times.now)
    start = times.now
    for _ in range(6):
        await budget.acquire()
    assert times.now - start >= 60 - 1


async def test_requests_of_others_at_this_address_are_counted(tmp_path):
    """When the platform has counted more than we sent, somebody else asks from here, and we ask less."""
    times = FakeTime()
    budget = budget_of(tmp_path / "s", times, [Limit(requests=10, per_s=60)])
    budget.settle(200, {"x-ratelimit-limit": "10", "x-ratelimit-remaining": "2"}, await budget.acquire())
    await budget.acquire()
    await budget.acquire()
    assert times.slept == []
    await budget.acquire()
    assert sum(times.slept) == pytest.approx(60.005)


async def test_our_own_requests_are_not_taken_for_others(tmp_path):
    """A truthful counter costs nothing, also when the answer comes late."""
    times = FakeTime()
    budget = budget_of(tmp_path / "s", times, [Limit(requests=30, per_s=60)])
    start = times.now
    for number in range(90):
        sent = await budget.acquire()
        times.now += 0.5
        budget.settle(200, {"x-ratelimit-limit": "30", "x-ratelimit-remaining": str(29 - number % 30)}, sent)
    assert times.now - start < 2 * 60.1 + 16


async def test_answers_later_than_the_window_are_still_our_own(tmp_path):
    """What was counted when the request arrived is compared with what we had sent by then."""
    times = FakeTime()
    budget = budget_of(tmp_path / "s", times, [Limit(requests=30, per_s=60)])
    sent = [await budget.acquire() for _ in range(30)]
    times.now += 61
    for number, at in enumerate(sent):
        budget.settle(200, {"x-ratelimit-limit": "30", "x-ratelimit-remaining": str(29 - number)}, at)
    await budget.acquire()
    assert times.slept == []


@pytest.mark.parametrize(
    "headers",
    [
        {"x-ratelimit-limit": "x", "x-ratelimit-remaining": "-1"},
        {"x-ratelimit-limit": "0", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "never"},
        {"x-ratelimit-limit": "40000", "x-ratelimit-remaining": "1"},
        {"retry-after": "soon"},
        {"retry-after": "nan"},
    ],
)
async def test_senseless_headers_change_nothing(tmp_path, headers):
    """Neither a pause nor a limit comes from what cannot be read."""
    times = FakeTime()
    budget = budget_of(tmp_path / "s", times, [Limit(requests=5, per_s=1)])
    budget.settle(429, headers, await budget.acquire())
    for _ in range(4):
        await budget.acquire()
    assert times.slept == []


async def test_old_rows_are_cleared_away(tmp_path):
    """The file does not grow for ever."""
    times = FakeTime()
    budget = budget_of(tmp_path / "s", times, [Limit(requests=5, per_s=1)])
    for _ in range(50):
        await budget.acquire()
        times.now += 60
    with sqlite3.connect(tmp_path / "s") as db:
        assert db.execute("select count(*) from grants").fetchone()[0] <= 3


async def test_a_clock_set_back_costs_one_window_at_most(tmp_path):
    """Instants that lie in the future are taken for now."""
    times = FakeTime()
    budget = budget_of(tmp_path / "s", times, [Limit(requests=1, per_s=10)])
    await budget.acquire()
    times.now -= 5000
    with pytest.raises(BudgetSpent):
        await budget_of(tmp_path / "s", times, [Limit(requests=1, per_s=10)], max_wait_s=1).acquire()
    assert budget._try_now(1) == pytest.approx(10.005)


CHILD = """
import asyncio, sys, time
from pathlib import Path
from pipeline.settings import Limit
from pipeline.transport.budget import SharedBudget
from pipeline.transport.state import SharedState
async def main():
    state = SharedState(Path(sys.argv[1]))
    limits = [Limit(requests=5, per_s=0.2), Limit(requests=12, per_s=1)]
    budget = SharedBudget(state, ("jikan", "h"), limits, clock=time.time, sleep=asyncio.sleep)
    end = time.time() + float(sys.argv[2])
    while time.time() < end:
        await budget.acquire()
        print(repr(time.time()), flush=True)
asyncio.run(main())
"""


def test_two_processes_share_one_budget(tmp_path):
    """Two real processes together keep every window, and together reach most of what is allowed."""
    command = [sys.executable, "-c", CHILD, str(tmp_path / "s"), "2.5"]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [child.communicate(timeout=30)[0].split() for child in children]
    assert all(child.returncode == 0 for child in children)
    assert all(outputs)
    with sqlite3.connect(tmp_path / "s") as db:
        instants = [at for (at,) in db.execute("select at from grants")]
    assert_no_window_over(instants, [Limit(requests=5, per_s=0.2), Limit(requests=12, per_s=1)])
    assert sum(map(len, outputs)) >= 24


def test_a_file_of_a_newer_version_or_no_database_is_told(tmp_path):
    """It is neither emptied nor used."""
    SharedState(tmp_path / "s").close()
    with sqlite3.connect(tmp_path / "s") as db:
        db.execute("pragma user_version=9")
    with pytest.raises(Damaged, match="version 9"):
        SharedState(tmp_path / "s")
    (tmp_path / "junk").write_bytes(b"not a database" * 100)
    with pytest.raises(Damaged, match="junk"):
        SharedState(tmp_path / "junk")
    assert (tmp_path / "junk").read_bytes().startswith(b"not a database")


def test_a_file_somebody_holds_is_in_use(tmp_path):
    """After the time-out the message says so."""
    one, other = SharedState(tmp_path / "s"), SharedState(tmp_path / "s", timeout_s=0.05)
    with one.transaction(), pytest.raises(InUse), other.transaction():
        pass
    assert time.time()
