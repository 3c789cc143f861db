"""What a platform counts, whatever the network, the loop and kills do. Time is virtual where no process is real."""

import asyncio
import json
import random
import signal
import sqlite3
import sys
import time
from itertools import pairwise

import pytest
from aiohttp import web
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipeline.errors import BudgetSpent
from pipeline.settings import AniListSettings, JikanSettings, Limit
from pipeline.transport.pace import Pace
from pipeline.transport.state_sqlite import SqliteState
from pipeline.transport.windows import Book
from tests.transport.virtual import KEY, Counting, now, over, process, run_virtually

JIKAN = JikanSettings().limits
ANILIST = AniListSettings().limits
FATES = ["answered"] * 6 + ["lost", "killed"]
ways = st.floats(0, 1) | st.sampled_from([0.0, 1.0])


ANY_ASKING = given(
    limits=st.lists(
        st.builds(Limit, requests=st.integers(1, 6), per_s=st.sampled_from([0.5, 1, 3, 10])), min_size=1, max_size=3
    ),
    asks=st.lists(st.tuples(ways, ways, st.sampled_from(FATES), st.booleans()), min_size=1, max_size=40),
    speed=st.sampled_from([1.0, 4.0]),
    latency_s=st.sampled_from([0.02, 1.0, 0.9]),
)
A_LATE_ONE = example(
    limits=[Limit(requests=2, per_s=1)],
    asks=[(1.0, 0.0, "answered", False), (1.0, 0.0, "answered", True), (0.0, 0.0, "answered", False)],
    speed=1.0,
    latency_s=0.9,
)


def ask_all(place, limits, asks, speed, latency_s):
    """Two processes, every latency up to a second, answers lost and processes gone; gives the arrivals."""

    async def play():
        platform = Counting()
        lapse_s = 2 * latency_s
        processes = [process(place, limits, speed=speed, lapse_s=lapse_s, max_wait_s=1e6) for _ in range(2)]
        async with asyncio.TaskGroup() as tasks:
            for way, answer, fate, is_second in asks:
                way_s = way * (min(latency_s, 1 / speed) if fate == "lost" else latency_s)
                asking = platform.ask(processes[is_second], way_s=way_s, answer_s=answer * latency_s, fate=fate)
                tasks.create_task(asking)
        return platform.arrivals

    place.clear()
    return run_virtually(play)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@ANY_ASKING
@A_LATE_ONE
def test_no_window_at_the_platform_is_ever_over(file_place, limits, asks, speed, latency_s):
    """Whatever becomes of the requests, each sliding window holds."""
    arrivals = ask_all(file_place, limits, asks, speed, latency_s)
    assert len(arrivals) == len(asks)
    assert over(arrivals, limits, speed) == []


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@ANY_ASKING
@A_LATE_ONE
def test_no_window_is_ever_over_with_a_server_either(server_place, limits, asks, speed, latency_s):
    """The same with PostgreSQL; fewer examples, for they are slower."""
    arrivals = ask_all(server_place, limits, asks, speed, latency_s)
    assert len(arrivals) == len(asks)
    assert over(arrivals, limits, speed) == []


def test_what_is_found_to_have_lapsed_does_not_hide_a_later_answer(place):
    """Rows are found by their number, so their instants never fall."""
    state, book = place.open(), Book("key", lapse_s=1)
    with state.transaction("key") as db:
        book.count(db, 10.0, 1)
        book.count(db, 8.0, 1)
        assert book.wait_s(db, book.look(db), 12.0, 1, [(1, 100.0)]) == pytest.approx(98.1)


async def flood(place, limits, count, *, way_s, answer_s, at_once=3, processes=1):
    """``count`` requests as fast as the budget lets them."""
    platform, dice = Counting(), random.Random(7)
    slots = asyncio.Semaphore(at_once)
    budgets = [process(place, limits, max_wait_s=1e6) for _ in range(processes)]

    async def one(number):
        async with slots:
            way, answer = dice.uniform(*way_s), dice.uniform(*answer_s)
            await platform.ask(budgets[number % processes], way_s=way, answer_s=answer, who=number)

    async with asyncio.TaskGroup() as tasks:
        for number in range(count):
            tasks.create_task(one(number))
    return platform


@pytest.mark.parametrize(
    ("limits", "way_s", "answer_s", "per_s", "least"),
    [
        (JIKAN, (0.01, 0.05), (0.01, 0.05), 1.0, 0.98),
        (JIKAN, (0.05, 0.3), (0.1, 0.7), 1.0, 0.98),
        (ANILIST, (0.02, 0.1), (0.1, 0.3), 0.5, 0.98),
        (ANILIST, (0.1, 0.2), (2.5, 3.0), 0.5, 0.94),
        ([Limit(requests=1, per_s=4)], (0.01, 0.03), (0.01, 0.03), 0.25, 0.98),
    ],
    ids=["jikan", "jikan slow", "anilist", "anilist 3 s", "one at a time"],
)
@pytest.mark.parametrize("processes", [1, 3])
def test_what_is_allowed_is_reached(file_place, limits, way_s, answer_s, per_s, least, processes):
    """At least 98 % of the long-run rate where latency is small; the price is one latency a window."""
    count = round(600 * per_s)
    platform = run_virtually(
        lambda: flood(file_place, limits, count, way_s=way_s, answer_s=answer_s, processes=processes)
    )
    took_s = max(platform.arrivals) - min(platform.arrivals)
    assert over(platform.arrivals, limits) == []
    assert (count - 1) / took_s >= least * per_s


def test_requests_are_evenly_spread(file_place):
    """Once the three that may follow a silence have left their window: one a second, with small jitter."""
    platform = run_virtually(lambda: flood(file_place, JIKAN, 300, way_s=(0.02, 0.1), answer_s=(0.02, 0.1)))
    left = [at for at, _ in platform.left][60:]
    gaps = [later - earlier for earlier, later in pairwise(left)]
    assert min(gaps) > 0.7
    assert max(gaps) < 1.6


def test_a_short_errand_is_not_slowed_down(file_place):
    """Four requests after a silence: three at once, as a platform that states 3 a second permits, then the fourth."""
    platform = run_virtually(lambda: flood(file_place, JIKAN, 4, way_s=(0.1, 0.1), answer_s=(0.1, 0.1)))
    left = sorted(at for at, _ in platform.left)
    assert left[2] == left[0]
    assert left[3] - left[0] <= 1.3


def test_where_no_burst_is_stated_none_is_made(file_place):
    """AniList's calls keep their distance from the first on."""
    platform = run_virtually(lambda: flood(file_place, ANILIST, 40, way_s=(0.1, 0.2), answer_s=(0.5, 3.0)))
    left = sorted(at for at, _ in platform.left)
    assert min(later - earlier for earlier, later in pairwise(left)) >= 1.5


def test_waiters_go_in_their_order(file_place):
    """Who asked first leaves first."""
    platform = run_virtually(lambda: flood(file_place, JIKAN, 90, way_s=(0.0, 0.9), answer_s=(0.0, 0.9), at_once=100))
    assert [who for _, who in platform.left] == list(range(90))


def test_no_process_starves(place):
    """Three processes that all want more than there is get a fair share each."""

    async def play():
        platform = Counting()
        budgets = [process(place, JIKAN, rng=random.Random(one)) for one in range(3)]

        async def greedy(who):
            while now() < start + 120:
                await platform.ask(budgets[who], way_s=0.05, answer_s=0.05, who=who)

        start = now()
        await asyncio.gather(*(greedy(who) for who in range(3)))
        return platform

    platform = run_virtually(play)
    shares = [sum(who == one for _, who in platform.left) for one in range(3)]
    assert min(shares) >= 0.2 * sum(shares)
    assert over(platform.arrivals, JIKAN) == []


def test_a_daily_allowance_is_spent_at_once_and_not_exceeded(place):
    """It is no pace: ten may go within the hour, and the eleventh is told when to come."""
    limits = [Limit(requests=1, per_s=4), Limit(requests=10, per_s=86_400)]

    async def play():
        platform, budget = Counting(), process(place, limits)
        start = now()
        for _ in range(10):
            await platform.ask(budget, way_s=0.1)
        spent_s = now() - start
        with pytest.raises(BudgetSpent) as caught:
            await budget.acquire()
        await asyncio.sleep(caught.value.wait_s)
        await platform.ask(budget, way_s=0.0)
        return platform.arrivals, spent_s

    arrivals, spent_s = run_virtually(play)
    assert spent_s < 60
    assert over(arrivals, limits) == []


def test_a_pause_holds_in_the_other_process_too(place):
    """And no burst follows it."""

    async def play():
        platform, one, other = Counting(), process(place, ANILIST), process(place, ANILIST)
        one.settle(await one.acquire(), 429, {"retry-after": "60"})
        start = now()
        for _ in range(3):
            await platform.ask(other, way_s=0.1, answer_s=0.1)
        return [at - start for at, _ in platform.left]

    left = run_virtually(play)
    assert left[0] >= 60
    assert min(later - earlier for earlier, later in pairwise(left)) >= 1.5


def test_who_was_killed_costs_no_more_than_what_had_left(place):
    """What it had waited for is free; what it had sent counts until it can no longer arrive."""
    limits = [Limit(requests=2, per_s=10)]

    async def play():
        budget = process(place, limits, lapse_s=30)
        first = await budget.acquire()
        await budget.acquire()
        waiting = asyncio.create_task(budget.acquire())
        await asyncio.sleep(1)
        waiting.cancel()
        await process(place, limits, lapse_s=30).acquire()
        return now() - first.sent_at

    assert run_virtually(play) == pytest.approx(30 + 1 + 10.01, abs=0.02)


async def test_the_requests_of_a_dead_process_lapse_after_a_second(place):
    """Its number tells that it is gone; of a process on another host that cannot be told."""
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
    await child.wait()
    limits, times = [Limit(requests=1, per_s=5)], [0.0]
    state = place.open(lambda: times[0])

    async def sleep(wait_s):
        times[0] += wait_s

    def budget():
        made = process(state, limits, lapse_s=60)
        made._clock, made._sleep = (lambda: times[0]), sleep
        return made

    await budget().acquire()
    with state.transaction("test") as db:
        [(holder,)] = db.execute("select holder from under_way").fetchall()
        host = holder.rpartition("/")[0]
        db.execute("update under_way set holder=?", (f"{host}/{child.pid}",))
    await budget().acquire()
    assert times[0] == pytest.approx(1 + 5.005, abs=0.01)
    with state.transaction("test") as db:
        db.execute("update under_way set holder=?", (f"elsewhere-{host}/{child.pid}",))
    await budget().acquire()
    assert times[0] == pytest.approx(6.005 + 61 + 5.005, abs=0.02)


def test_a_late_answer_of_what_had_lapsed_counts_once_more(place):
    """It is better to count one twice than not at all."""
    limits = [Limit(requests=1, per_s=10)]

    async def play():
        budget = process(place, limits, lapse_s=1)
        first = await budget.acquire()
        budget.settle(await budget.acquire(), 200, {})
        budget.settle(first, 200, {})
        start = now()
        await budget.acquire()
        return now() - start

    assert run_virtually(play) == pytest.approx(10.01, abs=0.01)


def test_asking_is_as_cheap_with_a_full_day_as_with_none(tmp_path):
    """With 40,000 requests on record a question takes no more of the database's steps than with a hundred."""

    async def steps(count):
        state = SqliteState(tmp_path / str(count))
        key = "@".join(KEY)
        with state.transaction("key") as db:
            db.executemany(
                "insert into counted values(?, ?, ?)",
                ((key, number, now() - 86_000 + number) for number in range(1, count + 1)),
            )
        budget, seen = process(state, JIKAN, max_wait_s=1e6), []
        state._db.set_progress_handler(lambda: seen.append(1) and None, 1)
        await asyncio.sleep(500)
        budget.settle(await budget.acquire(), 200, {})
        return len(seen)

    few, many = (run_virtually(lambda count=count: steps(count)) for count in (100, 40_000))
    assert many < 2 * few + 500


@given(
    st.lists(st.tuples(st.integers(1, 1000), st.sampled_from([0.1, 1.0, 60.0, 3600.0, 86_400.0])), max_size=4),
)
def test_the_pace_is_the_slowest_rate_of_an_hour_or_less(windows):
    """An allowance of a day is no pace."""
    pace = Pace.of(windows, longest_s=3600.0)
    assert pace.interval_s == max((w / n for n, w in windows if w <= 3600), default=0.0)
    assert pace.late_s >= 0


def test_an_old_file_is_brought_up_to_date_and_forgets_nothing(tmp_path):
    """What version 1 had noted still fills the windows."""
    with sqlite3.connect(tmp_path / "s") as db:
        db.executescript(
            "create table grants(key text not null, at real not null);"
            "create index grants_by_key on grants(key, at);"
            "create table pauses(key text primary key, until real not null);"
            "create table told_limits(key text primary key, requests integer not null);"
            "create table breakers(key text primary key, until real not null, reason text not null);"
            "pragma user_version=1;"
        )
        at = 1_000_000.0
        db.executemany("insert into grants values(?, ?)", [("@".join(KEY), at - age) for age in (1, 30, 3)])
        db.execute("insert into pauses values('x', 5)")
    db.close()

    async def play():
        budget, start = process(SqliteState(tmp_path / "s"), [Limit(requests=3, per_s=60)]), now()
        await budget.acquire()
        return now() - start

    assert run_virtually(play) == pytest.approx(30.06, abs=0.01)
    with sqlite3.connect(tmp_path / "s") as db:
        assert db.execute("select until from pauses").fetchall() == [(5,)]
        assert db.execute("pragma user_version").fetchone() == (2,)
    SqliteState(tmp_path / "s").close()


CHILD = """
import asyncio, json, sys, time
from yarl import URL
from pipeline.settings import Limit, Settings
from pipeline.transport.budget import SharedBudget
from pipeline.transport.lane import Lane, Question, new_session
from pipeline.transport.state import open_state
async def main(setting, url):
    limits = [Limit(requests=3, per_s=0.15), Limit(requests=10, per_s=1)]
    state = open_state(Settings(**json.loads(setting)))
    budget = SharedBudget(state, ("jikan", "h"), limits, clock=time.time, sleep=asyncio.sleep)
    async with new_session("test", at_once=3, timeout_s=5) as session:
        lane = Lane("jikan", session, budget, asyncio.Semaphore(3), 10**6)
        async def ask():
            while (await lane.ask(Question(URL(url), {}), lambda: None, lambda: None)).status != 204:
                pass
        await asyncio.gather(*(ask() for _ in range(3)))
asyncio.run(main(*sys.argv[1:]))
"""
SHARED = [Limit(requests=3, per_s=0.15), Limit(requests=10, per_s=1)]


async def test_real_processes_keep_every_window_and_a_killed_one_too(stage, place):
    """Two processes share one state; one is killed in the middle and started again. Counted where it counts."""
    dice, seen, is_going, is_over = random.Random(3), [], asyncio.Event(), asyncio.Event()

    async def answer(_request):
        seen.append(time.monotonic())
        if len(seen) == 12:
            is_going.set()
        await asyncio.sleep(dice.uniform(0, 0.06))
        return web.Response(status=204 if is_over.is_set() else 200, body=b"")

    async def start():
        command = ["-c", CHILD, json.dumps(place.setting), stage.url]
        return await asyncio.create_subprocess_exec(sys.executable, *command)

    stage.play(answer)
    stays, dies = await start(), await start()
    await is_going.wait()
    dies.send_signal(signal.SIGKILL)
    again = await start()
    await asyncio.sleep(4)
    is_over.set()
    assert [await one.wait() for one in (stays, dies, again)] == [0, -signal.SIGKILL, 0]
    assert over(seen, SHARED) == []
    assert len(seen) >= 20
