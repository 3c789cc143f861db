"""AnimeSchedule in one sweep: joined by what records repeat, kept page by page, absent only when all was seen."""

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import orjson
import pytest

from pipeline.domain.exchange import Answer, Request
from pipeline.domain.names import Outcome, Platform
from pipeline.enrich.fetch.paging import SweepReport
from pipeline.enrich.fetch.sweeping import Sweeper
from pipeline.enrich.opening import open_ledger
from pipeline.enrich.syncing import sync_catalogue
from pipeline.errors import EnrichError, Transient
from pipeline.ledger.fetched import SettledOutcome
from pipeline.platforms.animeschedule import AnimeScheduleAdapter
from pipeline.settings import FreshnessSettings
from pipeline.transport import HttpTransport

from .rehearsing import FILM, RADIO, Platforms, enrich, settings_for, standing, write_catalogue
from .speaking import DAY_S, Desk

ADAPTER = AnimeScheduleAdapter()
FOUND, ABSENT = Outcome.FOUND, Outcome.ABSENT


def record(aid: int, route: str = "", **websites: str) -> dict[str, object]:
    return {
        "route": route or f"route-{aid}",
        "title": f"Title {aid - 1}",
        "websites": {"anidb": f"anidb.net/anime/{aid}"} | websites,
    }


class Shelf:
    """A list of records, 18 a page; a page past the end is a 500."""

    def __init__(self, records: Sequence[dict[str, object]]) -> None:
        self.records = list(records)
        self.pages: list[int] = []
        self.before: Callable[[int], None] = lambda _: None

    async def send(self, request: Request, check: Callable[[Request, Answer], None]) -> Answer:
        given = dict(request.params)
        assert (request.path, given["st"]) == ("/anime", "alphabetic")
        page = int(given["page"])
        self.before(page)
        self.pages.append(page)
        here = self.records[(page - 1) * 18 : page * 18]
        body = {"page": page, "totalAmount": len(self.records), "anime": here}
        answer = Answer(200 if here or page == 1 else 500, {}, orjson.dumps(body), "")
        check(request, answer)
        return answer


class SweepDesk(Desk):
    """Titles 1, 2, … by AniDB id."""

    def __init__(self, folder: Path, count: int) -> None:
        super().__init__(folder, count)
        self.adapter = ADAPTER  # type: ignore[assignment]

    async def sweep(self, shelf: Shelf) -> SweepReport:
        sweeper = Sweeper(ADAPTER, self.ledger, shelf, FreshnessSettings(), self.clock, self.steps.append)
        return await sweeper.run()

    def settled(self) -> list[SettledOutcome | None]:
        stored = self.ledger.fetched.outcomes(self.title_ids)
        found = [stored[title_id].get(Platform.ANIMESCHEDULE) for title_id in self.title_ids]
        return [None if settled is None else settled.outcome for settled in found]


async def test_every_page_is_asked_once_and_none_past_the_end(tmp_path: Path) -> None:
    """Forty records are three pages; the titles they repeat are found, the others absent, and no run asks again."""
    desk, shelf = SweepDesk(tmp_path, 45), Shelf([record(n) for n in range(1, 41)])
    report = await desk.sweep(shelf)
    assert shelf.pages == [1, 2, 3]
    assert (report.asked, report.records, report.found, report.absent, report.is_whole) == (3, 40, 40, 5, True)
    assert desk.outcomes() == [FOUND] * 40 + [ABSENT] * 5
    await desk.fetch(shelf)  # type: ignore[arg-type]
    assert shelf.pages == [1, 2, 3]


@pytest.mark.parametrize("count", [1, 18, 19, 36])
async def test_a_full_last_page_is_the_last(tmp_path: Path, count: int) -> None:
    """As many pages as the total says, rounded up."""
    shelf = Shelf([record(n) for n in range(1, count + 1)])
    await SweepDesk(tmp_path, 2).sweep(shelf)
    assert shelf.pages == list(range(1, -(-count // 18) + 1))


async def test_a_record_counts_only_for_ids_it_repeats(tmp_path: Path) -> None:
    """Same name, same number on another site, no links at all: somebody else's."""
    namesake = record(1, anidb="anidb.net/anime/999")
    elsewhere = record(2, anidb="", mal="myanimelist.net/anime/2")
    unlinked = {"route": "c", "title": "Title 2"}
    desk = SweepDesk(tmp_path, 4)
    report = await desk.sweep(Shelf([namesake, elsewhere, unlinked, record(4)]))
    assert desk.outcomes() == [ABSENT, ABSENT, ABSENT, FOUND]
    assert (report.found, report.absent) == (1, 3)


async def test_a_sweep_that_ended_early_goes_on_where_it_was(tmp_path: Path) -> None:
    """Cut off at page 3: its pages are not asked again within a day; after that all are."""
    desk, shelf = SweepDesk(tmp_path, 45), Shelf([record(n) for n in range(1, 41)])

    def refuse(page: int) -> None:
        if page == 3:
            raise Transient("cut off")

    shelf.before = refuse
    with pytest.raises(EnrichError, match="cut off"):
        await desk.sweep(shelf)
    assert desk.outcomes() == [None] * 45
    shelf.before = lambda _: None
    desk.clock.now += 3600
    report = await desk.sweep(shelf)
    assert (shelf.pages, report.pages, report.asked) == ([1, 2, 3], 3, 1)
    assert desk.outcomes() == [FOUND] * 40 + [ABSENT] * 5
    again = await desk.sweep(shelf)
    assert (again.asked, again.titles_changed) == (0, 0)
    desk.clock.pass_days(1.1)
    assert (await desk.sweep(shelf)).asked == 3


async def test_an_absence_is_as_old_as_the_first_page(tmp_path: Path) -> None:
    """What came between the first page and the last may have been put on a page already seen."""
    desk, shelf = SweepDesk(tmp_path, 41), Shelf([record(n) for n in range(1, 41)])
    begun = desk.clock.now

    def later(_: int) -> None:
        desk.clock.now += 60

    shelf.before = later
    await desk.sweep(shelf)
    assert [one and one.fresh_until for one in desk.settled()][40] == begun + 60 + 7 * DAY_S


async def test_nothing_is_absent_when_the_list_changed_meanwhile(tmp_path: Path) -> None:
    """A record more on the second page, or the same number with one that moved: what was found counts, no more."""

    def grown(shelf: Shelf) -> None:
        shelf.records.insert(0, record(60))

    def moved(shelf: Shelf) -> None:
        shelf.records.insert(0, shelf.records.pop())

    for name, change in {"grown": grown, "moved": moved}.items():
        desk, shelf = SweepDesk(tmp_path / name, 40), Shelf([record(n) for n in range(1, 37)])
        shelf.before = lambda page, shelf=shelf, change=change: change(shelf) if page == 2 else None
        report = await desk.sweep(shelf)
        assert not report.is_whole
        assert report.absent == 0
        assert ABSENT not in desk.outcomes()
        assert desk.outcomes()[:18] == [FOUND] * 18
        assert None in desk.outcomes()


async def test_an_empty_list_makes_nobody_absent(tmp_path: Path) -> None:
    """A platform that suddenly has nothing has a fault, not an answer."""
    desk = SweepDesk(tmp_path, 3)
    report = await desk.sweep(Shelf([]))
    assert (report.is_whole, report.absent) == (False, 0)
    assert desk.outcomes() == [None] * 3


async def test_a_swept_catalogue_ends_as_one_asked_by_ids(tmp_path: Path, platforms: Platforms) -> None:
    """The same records and outcomes, and the run after the sweep asks AnimeSchedule nothing."""
    catalogue = write_catalogue(tmp_path / "catalogue.jsonl", [FILM, RADIO, "Mayonaka no Yado"])
    by_ids = settings_for(tmp_path / "ids", platforms.url, catalogue)
    await enrich(by_ids)
    swept = settings_for(tmp_path / "swept", platforms.url, catalogue)
    before = platforms.answered()
    with closing(open_ledger(swept, now=time.time)) as ledger:
        sync_catalogue(ledger, catalogue)
        async with HttpTransport(swept) as transport:
            report = await Sweeper(ADAPTER, ledger, transport, swept.freshness, time.time, lambda _: None).run()
    pages = -(-report.records // 18)
    assert platforms.since(before) == {"animeschedule": pages}
    await enrich(swept)
    assert platforms.since(before)["animeschedule"] == pages
    ours, theirs = standing(swept), standing(by_ids)
    assert {t: record for t, (record, _) in ours.records.items()} == {t: r for t, (r, _) in theirs.records.items()}
    assert {key: outcome for key, (outcome, _, _) in ours.outcomes.items()} == {
        key: outcome for key, (outcome, _, _) in theirs.outcomes.items()
    }
