"""The shared request budget."""

import sqlite3

import pytest

from pipeline.errors import BudgetSpent, Damaged, InUse
from pipeline.settings import Limit
from pipeline.transport.budget import SharedBudget
from pipeline.transport.state_sqlite import SqliteState
from tests.transport.conftest import FakeTime, Place

KEY = ("jikan", "host:1")


def budget_of(place, times, limits, **more):
    state = place.open(times.clock) if isinstance(place, Place) else place
    return SharedBudget(state, KEY, limits, clock=times.clock, sleep=times.sleep, **more)


async def asked(budget, weight=1):
    """One request that is answered at once."""
    leave = await budget.acquire(weight)
    budget.settle(leave, 200, {})
    return leave


async def test_a_restart_does_not_reset_the_budget(place):
    """What was sent before counts after."""
    times, limits = FakeTime(), [Limit(requests=2, per_s=100)]
    first = place.open(times.clock)
    await asked(budget_of(first, times, limits), 2)
    first.close()
    await asked(budget_of(place, times, limits))
    assert sum(times.slept) == pytest.approx(100.1)


async def test_a_far_away_place_is_budget_spent_not_a_long_sleep(place):
    """A daily cap ends the part cleanly and says when to come again."""
    times = FakeTime()
    budget = budget_of(place, times, [Limit(requests=1, per_s=86_400)], max_wait_s=60)
    await asked(budget)
    times.now += 400
    with pytest.raises(BudgetSpent, match="jikan@host:1") as caught:
        await budget.acquire()
    assert caught.value.wait_s == pytest.approx(86_086.4)
    assert times.slept == []


async def test_a_day_is_remembered_for_a_day(place):
    """Clearing away never touches what still counts."""
    times = FakeTime()
    budget = budget_of(place, times, [Limit(requests=3, per_s=86_400)])
    for _ in range(3):
        await asked(budget)
        times.now += 25_000
    with pytest.raises(BudgetSpent):
        await budget.acquire()


async def test_what_may_no_longer_go_is_not_noted(place):
    """A question called off while it waits costs nothing."""
    times, calls = FakeTime(), []
    budget = budget_of(place, times, [Limit(requests=1, per_s=10)])
    await asked(budget)

    def may_go():
        calls.append(times.now)
        if len(calls) == 2:
            raise BudgetSpent("called off")

    with pytest.raises(BudgetSpent, match="called off"):
        await budget.acquire(may_go=may_go)
    start = times.now
    await budget.acquire()
    assert times.now == start


async def test_hosts_platforms_and_egress_addresses_have_their_own_budgets(place):
    """Only the same platform at the same host shares, behind the same address."""
    times, limits = FakeTime(), [Limit(requests=1, per_s=100)]
    state = place.open(times.clock)
    for key in (("jikan", "a"), ("jikan", "b"), ("kitsu", "a"), ("jikan", "a", "tokyo")):
        await asked(SharedBudget(state, key, limits, clock=times.clock, sleep=times.sleep))
    assert times.slept == []


async def test_retry_after_pauses_everybody(place):
    """The pause stands in the file; a shorter one does not shorten it."""
    times, limits = FakeTime(), [Limit(requests=100, per_s=1)]
    one, other = (budget_of(place, times, limits) for _ in range(2))
    one.settle(await one.acquire(), 429, {"retry-after": "30"})
    one.pause(5)
    await other.acquire()
    assert sum(times.slept) == pytest.approx(30)


async def test_retry_after_as_a_date_pauses_by_the_platforms_clock(place):
    """The clock that the budget goes by may be years away from the platform's."""
    times = FakeTime()
    budget = budget_of(place, times, [Limit(requests=100, per_s=1)])
    dates = {"date": "Thu, 01 Jan 2026 00:00:00 GMT", "retry-after": "Thu, 01 Jan 2026 00:00:40 GMT"}
    budget.settle(await budget.acquire(), 429, dates)
    await budget.acquire()
    assert sum(times.slept) == pytest.approx(40)


async def test_retry_after_on_a_good_answer_is_no_pause(place):
    """Only an answer that says "too fast" or "not now" pauses."""
    times = FakeTime()
    budget = budget_of(place, times, [Limit(requests=100, per_s=1)])
    budget.settle(await budget.acquire(), 200, {"retry-after": "30"})
    await budget.acquire()
    assert times.slept == []


async def test_nothing_remaining_pauses_until_the_reset(place):
    """The window's end is stated as an instant."""
    times = FakeTime()
    budget = budget_of(place, times, [Limit(requests=100, per_s=1)])
    headers = {"x-ratelimit-limit": "90", "x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(times.now) + 40)}
    budget.settle(await budget.acquire(), 200, headers)
    start = times.now
    await budget.acquire()
    assert times.now - start >= 40


async def test_a_told_limit_tightens_and_never_loosens(place):
    """A header that says 2 a minute holds; one that says 900 changes nothing."""
    times = FakeTime()
    budget = budget_of(place, times, [Limit(requests=5, per_s=60)])
    start = times.now
    budget.settle(await budget.acquire(), 200, {"x-ratelimit-limit": "2"})
    for _ in range(2):
        await asked(budget)
    assert times.now - start == pytest.approx(60.06)
    budget.settle(await budget.acquire(), 200, {"x-ratelimit-limit": "900"})
    start = times.now
    for _ in range(10):
        await asked(budget)
    assert times.now - start >= 120 - 3


async def test_requests_of_others_at_this_address_are_counted(place):
    """When the platform has counted more than we sent, somebody else asks from here, and we ask less."""
    times = FakeTime()
    budget = budget_of(place, times, [Limit(requests=10, per_s=60)])
    start = times.now
    budget.settle(await budget.acquire(), 200, {"x-ratelimit-limit": "10", "x-ratelimit-remaining": "2"})
    for _ in range(2):
        await asked(budget)
    assert times.now - start < 12
    await asked(budget)
    assert times.now - start == pytest.approx(60.06)


async def test_our_own_requests_are_not_taken_for_others(place):
    """A truthful counter costs nothing, also when the answer comes late."""
    times = FakeTime()
    budget = budget_of(place, times, [Limit(requests=30, per_s=60)])
    start, arrived = times.now, []
    for _ in range(90):
        leave = await budget.acquire()
        arrived.append(times.now)
        counted = sum(at > times.now - 60 for at in arrived)
        times.now += 0.5
        budget.settle(leave, 200, {"x-ratelimit-limit": "30", "x-ratelimit-remaining": str(30 - counted)})
    assert times.now - start < 3 * 60.56


async def test_answers_later_than_the_window_are_still_our_own(place):
    """What was counted when the request arrived is compared with what may have been counted by then."""
    times = FakeTime()
    budget = budget_of(place, times, [Limit(requests=60, per_s=60)], lapse_s=300)
    sent = [await budget.acquire() for _ in range(30)]
    times.now += 61
    for number, leave in enumerate(sent):
        budget.settle(leave, 200, {"x-ratelimit-limit": "60", "x-ratelimit-remaining": str(59 - number)})
    with place.open().reading() as db:
        assert db.execute("select count(*) from counted").fetchone() == (30,)


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
async def test_senseless_headers_change_nothing(place, headers):
    """Neither a pause nor a limit comes from what cannot be read."""
    times = FakeTime()
    budget = budget_of(place, times, [Limit(requests=100, per_s=1)])
    budget.settle(await budget.acquire(), 429, headers)
    for _ in range(4):
        await asked(budget)
    assert times.slept == []


async def test_old_rows_are_cleared_away(place):
    """The file does not grow for ever."""
    times = FakeTime()
    budget = budget_of(place, times, [Limit(requests=5, per_s=1)])
    for _ in range(50):
        await asked(budget)
        times.now += 60
    with place.open().reading() as db:
        assert db.execute("select count(*) from counted").fetchone()[0] <= 3
        assert db.execute("select count(*) from under_way").fetchone()[0] == 0


async def test_a_clock_set_back_costs_one_window_at_most(place):
    """Instants that lie in the future are taken for now."""
    times = FakeTime()
    budget = budget_of(place, times, [Limit(requests=1, per_s=10)])
    await asked(budget)
    times.now -= 5000
    start = times.now
    await asked(budget)
    assert times.now - start == pytest.approx(10.01)


async def test_a_clock_set_back_while_a_request_is_out_costs_its_life_and_a_window(place):
    """Its end lies in the future too."""
    times, limits = FakeTime(), [Limit(requests=1, per_s=10)]
    budget = budget_of(place, times, limits, lapse_s=30)
    budget.lose(await budget.acquire())
    await budget_of(place, times, limits, lapse_s=30).acquire()
    times.now -= 5000
    start = times.now
    await asked(budget)
    assert times.now - start <= 31 + 2 * 10.01


def test_a_file_of_a_newer_version_or_no_database_is_told(tmp_path):
    """It is neither emptied nor used."""
    SqliteState(tmp_path / "s").close()
    with sqlite3.connect(tmp_path / "s") as db:
        db.execute("pragma user_version=9")
    with pytest.raises(Damaged, match="version 9"):
        SqliteState(tmp_path / "s")
    (tmp_path / "junk").write_bytes(b"not a database" * 100)
    with pytest.raises(Damaged, match="junk"):
        SqliteState(tmp_path / "junk")
    assert (tmp_path / "junk").read_bytes().startswith(b"not a database")


def test_a_state_somebody_holds_is_in_use(place):
    """After the time-out the message says so."""
    one, other = place.open(), place.open(timeout_s=0.05)
    with one.transaction("k"), pytest.raises(InUse), other.transaction("k"):
        pass
    with other.transaction("k") as db:
        assert db.execute("select count(*) from counted").fetchone() == (0,)
