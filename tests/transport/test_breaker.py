"""One circuit breaker per platform."""

import asyncio

import pytest

from pipeline.errors import Blocked, Broken, BudgetSpent, EntryGone, ShrinkBatch, Throttled, Transient
from pipeline.settings import BreakerSettings
from pipeline.transport.breaker import AsyncBreaker
from tests.transport.conftest import FakeTime

SETTINGS = BreakerSettings(failures=3, reset_s=60)


@pytest.fixture
def times():
    return FakeTime()


@pytest.fixture
def make(place, times):
    def make_breaker(platform="jikan", speed=1.0):
        return AsyncBreaker(place.open(times.clock), platform, SETTINGS, clock=times.clock, speed=speed)

    return make_breaker


def asking(result):
    async def ask(may_go):
        ask.count += 1
        if isinstance(result, BaseException):
            raise result
        return result

    ask.count = 0
    return ask


async def fail(breaker, error, times=1):
    for _ in range(times):
        with pytest.raises(type(error)):
            await breaker.call(asking(error))


async def assert_open(breaker, wait_s=None):
    ask = asking("never")
    with pytest.raises(Blocked) as caught:
        await breaker.call(ask)
    assert ask.count == 0
    if wait_s is not None:
        assert caught.value.wait_s == pytest.approx(wait_s)


async def test_failures_in_a_row_open_it(make):
    """After three the platform is not asked, and the error says for how long."""
    breaker = make()
    await fail(breaker, Transient("x"), 2)
    assert await breaker.call(asking("well")) == "well"
    await fail(breaker, Transient("x"), 3)
    await assert_open(breaker, 60)


async def test_it_stays_open_across_restarts_and_processes(make, times):
    """The instant stands in the file."""
    await fail(make(), Broken("x"), 3)
    times.now += 10
    await assert_open(make(), 50)
    assert await make("kitsu").call(asking(1)) == 1


@pytest.mark.parametrize("error", [EntryGone("x"), Throttled("x"), ShrinkBatch("x"), BudgetSpent("x")])
async def test_what_says_nothing_of_its_health_does_not_count(make, error):
    """A missing entry, "too fast", a heavy request and an empty budget are no failures."""
    breaker = make()
    await fail(breaker, error, 9)
    assert await breaker.call(asking("well")) == "well"


async def test_a_refusal_opens_it_at_once_for_as_long_as_it_says(make, times):
    """One ban is enough; without a stated wait it is an hour."""
    breaker = make()
    await fail(breaker, Blocked("banned", wait_s=86_400))
    times.now += 400
    await assert_open(make(), 86_000)
    other = make("kitsu", speed=10)
    await fail(other, Blocked("no"))
    await assert_open(other, 360)


async def test_afterwards_one_request_tries_and_closes_it(make, times):
    """While one tries, the others wait for it and then go on."""
    breaker = make()
    await fail(breaker, Transient("x"), 3)
    times.now += 61
    going, order = asyncio.Event(), []

    async def trial(may_go):
        order.append("trial")
        await going.wait()
        order.append("well")

    async def other(may_go):
        order.append("other")

    tasks = [asyncio.create_task(breaker.call(trial))]
    await asyncio.sleep(0)
    tasks += [asyncio.create_task(breaker.call(other)) for _ in range(3)]
    await asyncio.sleep(0.01)
    await assert_open(make())
    assert order == ["trial"]
    going.set()
    await asyncio.gather(*tasks)
    assert order == ["trial", "well", "other", "other", "other"]
    assert await make().call(asking(1)) == 1


async def test_a_failed_trial_opens_it_again(make, times):
    """And those that waited for it are refused without asking."""
    breaker = make()
    await fail(breaker, Transient("x"), 3)
    times.now += 61
    going = asyncio.Event()

    async def trial(may_go):
        await going.wait()
        raise Transient("still ill")

    first = asyncio.create_task(breaker.call(trial))
    await asyncio.sleep(0)
    ask = asking("never")
    second = asyncio.create_task(breaker.call(ask))
    await asyncio.sleep(0.01)
    going.set()
    with pytest.raises(Transient):
        await first
    with pytest.raises(Blocked, match="still ill"):
        await second
    assert ask.count == 0
    await assert_open(breaker, 60)


async def test_a_cancelled_trial_lets_the_next_one_try(make, times):
    """Cancelling is no verdict."""
    breaker = make()
    await fail(breaker, Transient("x"), 3)
    times.now += 61
    task = asyncio.create_task(breaker.call(lambda may_go: asyncio.sleep(60)))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await breaker.call(asking("well")) == "well"
    await fail(breaker, Transient("x"), 2)
    assert await breaker.call(asking("well")) == "well"


async def test_one_that_another_process_closed_counts_anew(make, times):
    """The file decides, not what this process remembers."""
    here, there = make(), make()
    await fail(here, Transient("x"), 3)
    times.now += 61
    assert await there.call(asking(1)) == 1
    await fail(here, Transient("x"), 2)
    assert await here.call(asking(1)) == 1
    await fail(here, Transient("x"), 3)
    await assert_open(there, 60)


async def test_late_answers_of_calls_begun_before_do_not_close_it(make):
    """A success that was under way when it opened changes nothing."""
    breaker, going = make(), asyncio.Event()

    async def slow(may_go):
        await going.wait()
        return "late"

    task = asyncio.create_task(breaker.call(slow))
    await asyncio.sleep(0)
    await fail(breaker, Transient("x"), 3)
    going.set()
    assert await task == "late"
    await assert_open(breaker, 60)


async def test_those_that_waited_while_it_opened_do_not_ask(make):
    """A call let in before the refusal asks again before it goes; its own stop changes nothing in the file."""
    breaker, going = make(), asyncio.Event()

    async def waiting(may_go):
        await going.wait()
        may_go()
        return "asked"

    task = asyncio.create_task(breaker.call(waiting))
    await asyncio.sleep(0)
    await fail(breaker, Blocked("banned", wait_s=500))
    going.set()
    with pytest.raises(Blocked, match="banned"):
        await task
    with pytest.raises(Blocked) as caught:
        await make().call(asking(1))
    assert caught.value.wait_s == 500
    assert str(caught.value).count("left alone") == 1


@pytest.fixture
def make_patient(place, times):
    def make_breaker(patience_s):
        state = place.open(times.clock)
        return AsyncBreaker(state, "jikan", SETTINGS, clock=times.clock, sleep=times.sleep, patience_s=patience_s)

    return make_breaker


async def test_after_failures_it_is_waited_for(make_patient, times):
    """Who comes while it is open asks when it may be asked again, in this process and in another."""
    breaker = make_patient(900)
    await fail(breaker, Transient("x"), 3)
    assert await breaker.call(asking("well")) == "well"
    assert times.slept == [pytest.approx(60)]
    await fail(breaker, Transient("x"), 3)
    times.now += 20
    assert await make_patient(900).call(asking("well")) == "well"
    assert times.slept[1:] == [pytest.approx(40)]


async def test_who_waits_for_another_processs_trial_waits_for_its_end(make_patient, times):
    """The row says that a request is trying; it is as passing as what it tries to end."""
    trying, other = make_patient(900), make_patient(900)
    await fail(trying, Transient("x"), 3)

    async def meanwhile(may_go):
        return await other.call(asking("well"))

    times.now += 61
    assert await trying.call(meanwhile) == "well"
    assert times.slept == [pytest.approx(60)]


async def test_patience_ends_with_the_trouble_a_quarter_of_an_hour_old(make_patient, times):
    """Trial after trial fails: after the set time nobody waits any more; a good answer makes it patient again."""
    breaker, begun = make_patient(300), times.now
    failed = 0
    while True:
        try:
            await breaker.call(asking(Transient("x")))
        except Blocked:
            break
        except Transient:
            failed += 1
    assert times.now - begun <= 300
    assert failed == 3 + 4
    times.now += 60
    assert await breaker.call(asking("well")) == "well"
    await fail(breaker, Transient("x"), 3)
    assert await breaker.call(asking("well")) == "well"


@pytest.mark.parametrize("wait_s", [30.0, None])
async def test_a_refusal_is_never_waited_out(make_patient, times, wait_s):
    """However short, and by no process: who was refused comes back another time."""
    await fail(make_patient(900), Blocked("go away", wait_s=wait_s))
    await assert_open(make_patient(9e9), wait_s)
    assert times.slept == []


async def test_what_refuses_one_egress_address_may_answer_another(place, times):
    """A ban is of an address: machines behind another one go on, those behind the same do not."""
    tokyo, oslo = (
        AsyncBreaker(place.open(times.clock), "jikan", SETTINGS, clock=times.clock, egress=name)
        for name in ("tokyo", "oslo")
    )
    await fail(tokyo, Blocked("banned", wait_s=600))
    again = AsyncBreaker(place.open(times.clock), "jikan", SETTINGS, clock=times.clock, egress="tokyo")
    with pytest.raises(Blocked, match="left alone"):
        await again.call(asking(1))
    assert await oslo.call(asking(1)) == 1
