"""The engine that asks one platform: what it asks, what it does not ask again, and what it makes of every failure."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from pipeline.domain.exchange import Answer, Part, Reading, Request, Wanted
from pipeline.domain.names import AiringStatus, Outcome
from pipeline.enrich.fetch.freshness import fresh_until
from pipeline.errors import (
    Blocked,
    Broken,
    BudgetSpent,
    EnrichError,
    EntryGone,
    ShrinkBatch,
    Throttled,
    Transient,
)
from pipeline.settings import FreshnessSettings

from .speaking import DAY_S, Desk, SmallAdapter, SmallTransport

FOUND, ABSENT, FAILED = Outcome.FOUND, Outcome.ABSENT, Outcome.FAILED


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, 4)


def having(*ids: str, pages: int = 1) -> dict[str, int]:
    return dict.fromkeys(ids, pages)


def refuse_when(problem: Callable[[], EnrichError], *, ids: int = 0, one: str = "") -> Callable[[Request], object]:
    """Refuse requests for more than ``ids`` ids, or for an id."""
    return lambda request: problem() if (ids and len(request.ids) > ids) or one in request.ids else None


async def test_a_batch_is_one_request(desk: Desk) -> None:
    """Four titles fit into one request; a title that is not in the answer is absent."""
    transport = SmallTransport(having("1", "2", "4"))
    assert await desk.fetch(transport) == desk.title_ids
    assert transport.asked == [("1", "2", "3", "4")]
    assert desk.outcomes() == [FOUND, FOUND, ABSENT, FOUND]


async def test_titles_beyond_a_batch_make_another(tmp_path: Path) -> None:
    """Nine titles at four a batch are three requests."""
    desk = Desk(tmp_path, 9)
    transport = SmallTransport(having(*map(str, range(1, 10))))
    await desk.fetch(transport, window=9)
    assert [len(ids) for ids in transport.asked] == [4, 4, 1]
    assert desk.outcomes() == [FOUND] * 9


@pytest.mark.parametrize("window", [1, 3, 5])
async def test_batches_fill_up_over_windows(tmp_path: Path, window: int) -> None:
    """However the titles come, no request but the last has room left."""
    desk = Desk(tmp_path, 9)
    transport = SmallTransport(having(*map(str, range(1, 10))))
    assert sorted(await desk.fetch(transport, window=window)) == sorted(desk.title_ids)
    assert [len(ids) for ids in transport.asked] == [4, 4, 1]


async def test_no_more_batches_are_under_way_than_allowed(tmp_path: Path) -> None:
    """Twelve batches, three places."""
    desk = Desk(tmp_path, 12)
    desk.adapter, desk.concurrency = SmallAdapter(batch=1), 3
    transport = SmallTransport(having(*map(str, range(1, 13))), latency_s=0.1)
    await desk.fetch(transport)
    assert transport.most_at_once == 3


async def test_a_title_with_several_ids_is_never_split(tmp_path: Path) -> None:
    """Three rows of two ids each at four ids a batch: two rows, then one; one id that is there makes the row found."""
    desk = Desk(tmp_path, 1)
    desk.list_rows([["1", "2"], ["3", "4"], ["5", "6"]])
    transport = SmallTransport(having("1", "3", "4"))
    await desk.fetch(transport)
    assert transport.asked == [("1", "2", "3", "4"), ("5", "6")]
    assert desk.outcomes() == [FOUND, FOUND, ABSENT]


async def test_further_pages_are_asked_for_until_there_are_none(desk: Desk) -> None:
    """Pages 2 and 3 of one title, nothing more of the others."""
    transport = SmallTransport(having("1", "2", "4") | {"3": 3})
    await desk.fetch(transport)
    assert transport.asked == [("1", "2", "3", "4"), ("3",), ("3",)]
    assert sorted(transport.kinds) == ["main", "page/2", "page/3"]
    assert desk.outcomes() == [FOUND] * 4


async def test_a_page_that_never_ends_spoils_one_title_only(desk: Desk) -> None:
    """A platform that always has one page more for a title: that title failed after a bounded time."""

    class Endless(SmallTransport):
        async def send(self, request: Request, check: Callable[[Request, Answer], None]) -> Answer:
            answer = await super().send(request, check)
            if request.ids == ("2",):
                page = int(request.kind.removeprefix("page/"))
                return type(answer)(200, {}, b'{"2":{"pages":%d}}' % (page + 1), "")
            return answer

    transport = Endless(having("1", "3", "4") | {"2": 2})
    await desk.fetch(transport)
    assert desk.outcomes() == [FOUND, FAILED, FOUND, FOUND]
    assert "one page more" in str(desk.settled()[1])
    assert len(transport.asked) <= 200


async def test_an_id_nothing_can_be_planned_for_spoils_nobody_else(desk: Desk) -> None:
    """Of four titles in a batch one has a part that cannot be read: it failed and says why, the others are found."""

    class Choking(SmallAdapter):
        def plan_requests(self, wanted: Sequence[Wanted]) -> tuple[Request, ...]:
            if any(w.id == "2" and w.parts for w in wanted):
                raise Broken("the stored part of '2' cannot be read")
            return super().plan_requests(wanted)

    desk.adapter = Choking()
    transport = SmallTransport(having("1", "2", "4") | {"3": 3})
    await desk.fetch(transport)
    assert desk.outcomes() == [FOUND, FAILED, FOUND, FOUND]
    assert sorted(transport.kinds) == ["main", "page/2", "page/3"]
    assert "stored part of '2'" in str(desk.settled()[1])


async def test_an_answer_with_something_else_in_it_is_not_asked_for_again(desk: Desk) -> None:
    """One title's second page always comes as a third: it is asked for once and failed, the others are found."""

    class Elsewhere(SmallAdapter):
        def parse_answer(self, request: Request, answer: Answer) -> Reading:
            said = super().parse_answer(request, answer)
            return Reading({"2": (Part("page/3", b'{"pages":2}'),)}) if request.kind == "page/2" else said

    desk.adapter = Elsewhere()
    transport = SmallTransport(having("1", "3", "4") | {"2": 2})
    await desk.fetch(transport)
    assert transport.kinds == ["main", "page/2"]
    assert desk.outcomes() == [FOUND, FAILED, FOUND, FOUND]


async def test_a_clock_that_goes_back_costs_no_request(desk: Desk) -> None:
    """Set back by an hour between the question and the answer, as by a time server: the answer counts."""

    class SetBack(SmallTransport):
        async def send(self, request: Request, check: Callable[[Request, Answer], None]) -> Answer:
            desk.clock.now -= 3600
            return await super().send(request, check)

    transport = SetBack(having("1", "2", "3", "4") | {"3": 3})
    await desk.fetch(transport)
    assert transport.kinds == ["main", "page/2", "page/3"]
    assert desk.outcomes() == [FOUND] * 4


async def test_a_batch_that_is_too_heavy_is_halved_until_it_is_not(desk: Desk) -> None:
    """At most two at once: four, then twice two."""
    transport = SmallTransport(having("1", "2", "3", "4"), refuse_when(lambda: ShrinkBatch("too heavy"), ids=2))
    await desk.fetch(transport)
    assert transport.asked == [("1", "2", "3", "4"), ("1", "2"), ("3", "4")]
    assert desk.outcomes() == [FOUND] * 4


async def test_one_bad_id_in_a_batch_spoils_nobody_else(desk: Desk) -> None:
    """A request with id 3 in it never works: its title failed, the other three are found."""
    transport = SmallTransport(having("1", "2", "3", "4"), refuse_when(lambda: ShrinkBatch("errors"), one="3"))
    await desk.fetch(transport)
    assert desk.outcomes() == [FOUND, FOUND, FAILED, FOUND]
    assert transport.asked[1:] == [("1", "2"), ("3", "4"), ("3",), ("4",)]


async def test_an_entry_that_is_gone_is_absent(desk: Desk) -> None:
    """A refusal for lack of the entry is an answer, kept as one."""
    desk.adapter = SmallAdapter(batch=1)
    transport = SmallTransport(having("1", "2", "3", "4"), refuse_when(lambda: EntryGone("gone", status=404), one="2"))
    await desk.fetch(transport)
    assert desk.outcomes() == [FOUND, ABSENT, FOUND, FOUND]
    await desk.fetch(transport)
    assert len(transport.asked) == 4


@pytest.mark.parametrize(
    "problem",
    [
        Transient("cut off"),
        Throttled("too fast", wait_s=9.0),
        Blocked("banned", wait_s=9.0),
        Broken("not what it was"),
        BudgetSpent("used up"),
    ],
)
async def test_a_failure_fails_its_batch_and_says_why(tmp_path: Path, problem: EnrichError) -> None:
    """Eight titles, the second batch is refused: four found, four failed with the reason, due at once."""
    desk = Desk(tmp_path, 8)
    transport = SmallTransport(having(*map(str, range(1, 9))), refuse_when(lambda: problem, one="6"))
    assert sorted(await desk.fetch(transport)) == sorted(desk.title_ids)
    assert desk.outcomes() == [FOUND] * 4 + [FAILED] * 4
    failed = desk.settled()[5]
    assert failed is not None
    assert failed.reason == str(problem)
    assert failed.fresh_until == desk.clock.now


async def test_the_next_run_asks_only_for_what_failed(tmp_path: Path) -> None:
    """After a failure the good answers are not asked for again."""
    desk = Desk(tmp_path, 8)
    ids = having(*map(str, range(1, 9)))
    await desk.fetch(SmallTransport(ids, refuse_when(lambda: Transient("cut off"), one="6")))
    again = SmallTransport(ids)
    await desk.fetch(again)
    assert again.asked == [("5", "6", "7", "8")]
    assert desk.outcomes() == [FOUND] * 8


async def test_pages_had_before_a_failure_are_not_asked_for_again(desk: Desk) -> None:
    """Page 3 of four failed: the next run asks for page 3 and 4."""
    ids = having("1", "2", "4") | {"3": 4}

    def refuse(request: Request) -> EnrichError | None:
        return Transient("cut off") if request.kind in ("page/3", "page/4") else None

    await desk.fetch(SmallTransport(ids, refuse))
    assert desk.outcomes() == [FOUND, FOUND, FAILED, FOUND]
    again = SmallTransport(ids)
    await desk.fetch(again)
    assert again.kinds == ["page/3", "page/4"]


async def test_after_a_death_only_what_is_missing_is_asked_for(desk: Desk) -> None:
    """The process dies at page 2: what was kept before is not asked for again, and the intent is on record."""

    class Dying(SmallTransport):
        async def send(self, request: Request, check: Callable[[Request, Answer], None]) -> Answer:
            if request.kind == "page/2":
                raise MemoryError
            return await super().send(request, check)

    ids = having("1", "2", "4") | {"3": 2}
    with pytest.raises(ExceptionGroup) as died:
        await desk.fetch(Dying(ids))
    assert died.group_contains(MemoryError, depth=1)
    assert desk.outcomes() == [None] * 4
    desk.clock.pass_days(0.5)
    again = SmallTransport(ids)
    await desk.fetch(again)
    assert desk.outcomes() == [FOUND] * 4
    assert again.kinds == ["page/2"]


async def test_an_answer_the_adapter_stumbles_over_fails_its_titles_and_stops_nobody(tmp_path: Path) -> None:
    """A mistake of ours in reading one answer is that batch's failure, with the mistake named."""
    desk = Desk(tmp_path, 8)
    desk.adapter = SmallAdapter(stumbles_over="2")
    await desk.fetch(SmallTransport(having(*map(str, range(1, 9)))))
    assert desk.outcomes() == [FAILED] * 4 + [FOUND] * 4
    assert "KeyError" in str(desk.settled()[0])


async def test_what_is_switched_off_or_not_listed_is_not_asked(desk: Desk) -> None:
    """Two different outcomes, neither of which is a failure."""
    desk.list_rows([["1"], []])
    transport = SmallTransport(having("1"))
    await desk.fetch(transport)
    assert desk.outcomes() == [FOUND, Outcome.NOT_LISTED]
    desk.why_off = "not wanted"
    await desk.fetch(transport)
    assert desk.outcomes() == [Outcome.SWITCHED_OFF] * 2
    assert transport.asked == [("1",)]


async def test_a_row_that_gains_an_id_is_asked_again(desk: Desk) -> None:
    """The new id and the old one; the other rows are left alone."""
    ids = having("1", "2", "3", "4", "5")
    await desk.fetch(SmallTransport(ids))
    desk.clock.pass_days(1)
    desk.list_rows([["1"], ["2", "5"], ["3"], ["4"]])
    again = SmallTransport(ids)
    await desk.fetch(again)
    assert sum(again.asked, ()) == ("2", "5")


async def test_absent_is_remembered_for_its_time(desk: Desk) -> None:
    """Not asked again on the sixth day, asked again after the seventh, and found then."""
    await desk.fetch(SmallTransport(having("1", "2", "4")))
    desk.clock.pass_days(6.9)
    early = SmallTransport({})
    await desk.fetch(early)
    assert early.asked == []
    desk.clock.pass_days(0.2)
    late = SmallTransport(having("3"))
    await desk.fetch(late)
    assert late.asked == [("3",)]
    assert desk.outcomes() == [FOUND] * 4


@pytest.mark.parametrize(
    ("status", "days"), [("FINISHED", 30.0), ("ONGOING", 1.0), ("UPCOMING", 3.0), ("UNKNOWN", 14.0)]
)
async def test_an_answer_is_good_as_long_as_its_title_keeps_still(tmp_path: Path, status: str, days: float) -> None:
    """Asked again after the days that its status says, and not before."""
    desk = Desk(tmp_path, 1, status=status)
    await desk.fetch(SmallTransport(having("1")))
    desk.clock.pass_days(days - 0.01)
    early = SmallTransport(having("1"))
    await desk.fetch(early)
    assert early.asked == []
    desk.clock.pass_days(0.02)
    late = SmallTransport(having("1"))
    await desk.fetch(late)
    assert late.asked == [("1",)]


@pytest.mark.parametrize(
    ("outcome", "status", "days"),
    [
        (FOUND, AiringStatus.FINISHED, 30.0),
        (FOUND, AiringStatus.CANCELLED, 30.0),
        (FOUND, AiringStatus.AIRING, 1.0),
        (FOUND, AiringStatus.HIATUS, 1.0),
        (FOUND, AiringStatus.UPCOMING, 3.0),
        (FOUND, AiringStatus.UNKNOWN, 14.0),
        (ABSENT, AiringStatus.AIRING, 7.0),
        (FAILED, AiringStatus.FINISHED, 0.0),
    ],
)
def test_every_outcome_has_its_term(outcome: Outcome, status: AiringStatus, days: float) -> None:
    """A failure is due at once, an absence after a week, the rest by status."""
    assert fresh_until(outcome, status, now=100.0, policy=FreshnessSettings()) == 100.0 + days * DAY_S


async def test_a_page_the_platform_no_longer_has_is_dropped(desk: Desk) -> None:
    """Asked anew, a title that shrank from three pages to one keeps none of the old ones."""
    await desk.fetch(SmallTransport(having("1", "2", "3", pages=1) | {"4": 3}))
    desk.clock.pass_days(31)
    await desk.fetch(SmallTransport(having("1", "2", "3", "4")))
    refs = desk.ledger.fetched.part_refs(desk.adapter.name, ["4"])
    assert [ref.kind for ref in refs["4"]] == ["main"]
