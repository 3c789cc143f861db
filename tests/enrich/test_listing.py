"""MyAnimeList's whole list: a row counts until the record is there, or for good; cut off anywhere it goes on."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest

from pipeline.domain.canonical import load_json
from pipeline.domain.exchange import Answer, Reading, Request
from pipeline.domain.names import Outcome, Platform, Service
from pipeline.domain.record import AnimeRecord
from pipeline.enrich.fetch.adapters import make_adapters
from pipeline.enrich.fetch.listing import Lister
from pipeline.enrich.fetch.paging import SweepReport
from pipeline.enrich.opening import open_ledger
from pipeline.enrich.syncing import sync_catalogue
from pipeline.errors import EnrichError, Transient
from pipeline.ledger.fetched import Said, SettledOutcome
from pipeline.platforms.jikan import JikanAdapter
from pipeline.platforms.jikan.listing import listing_of
from pipeline.platforms.jikan.requests import Base
from pipeline.practice.faults import Fault, FaultKind
from pipeline.settings import FreshnessSettings, Settings
from pipeline.transport import HttpTransport

from .rehearsing import FILM, RADIO, Platforms, enrich, outcomes_of, settings_for, standing, write_catalogue
from .speaking import ABOUT, DAY_S, Desk, row

FOUND, ABSENT = Outcome.FOUND, Outcome.ABSENT


class Shelf:
    """A service that has titles by id: its list, 25 a page, and each title's own answers."""

    def __init__(self, ids: Sequence[int]) -> None:
        self.ids = list(ids)
        self.pages: list[int] = []
        self.kinds: Counter[str] = Counter()
        self.before: Callable[[int], None] = lambda _: None
        self.is_stuck = False

    async def send(self, request: Request, check: Callable[[Request, Answer], None]) -> Answer:
        if request.kind == "list":
            answer = self._page(int(dict(request.params)["page"]))
        else:
            self.kinds[request.kind] += 1
            data: object = record(int(request.ids[0])) if request.kind == "full" else []
            answer = Answer(200, {}, orjson.dumps({"data": data, "pagination": {}}), "")
        check(request, answer)
        return answer

    def _page(self, number: int) -> Answer:
        self.before(number)
        self.pages.append(number)
        place = 1 if self.is_stuck else number
        here = [record(id_) for id_ in self.ids[(place - 1) * 25 : place * 25]]
        paging = {"has_next_page": self.is_stuck or place * 25 < len(self.ids), "items": {"total": len(self.ids)}}
        return Answer(200, {}, orjson.dumps({"data": here, "pagination": paging}), "")


def record(id_: int) -> dict[str, object]:
    return {"mal_id": id_, "title": f"Title {id_}", "type": "TV", "episodes": 1}


class ListDesk(Desk):
    """Titles 1, 2, … by MyAnimeList id."""

    def __init__(self, folder: Path, count: int, base: Base = "full") -> None:
        super().__init__(folder, count)
        self.adapter = JikanAdapter(base=base)  # type: ignore[assignment]
        self.base = base

    def list_rows(self, ids_of_rows: Sequence[Sequence[str]], *, status: str = "FINISHED") -> None:
        rows = [row(number, (), status) for number in range(len(ids_of_rows))]
        for one, ids in zip(rows, ids_of_rows, strict=True):
            one["sources"] = [f"https://myanimelist.net/anime/{id_}" for id_ in ids]
        self.file.write_bytes(b"\n".join(orjson.dumps(line) for line in [ABOUT, *rows]))
        sync_catalogue(self.ledger, str(self.file))
        self.title_ids = self.ledger.titles.active()

    async def sweep(self, shelf: Shelf) -> SweepReport:
        return await Lister(
            self.adapter,  # type: ignore[arg-type]
            self.ledger,
            shelf,
            FreshnessSettings(),
            "list",
            self.base == "list",
            self.clock,
            self.steps.append,
        ).run()

    def parts(self, id_: int) -> set[str]:
        refs = self.ledger.fetched.part_refs(Platform.JIKAN, [str(id_)])
        return {ref.kind for ref in refs.get(str(id_), ())}

    def settled(self) -> list[SettledOutcome | None]:
        stored = self.ledger.fetched.outcomes(self.title_ids)
        found = [stored[title_id].get(Platform.JIKAN) for title_id in self.title_ids]
        return [None if settled is None else settled.outcome for settled in found]


async def test_every_page_is_asked_once_and_rows_of_nobody_are_left(tmp_path: Path) -> None:
    """Sixty titles are three pages; who is in no row is not called absent; a row nobody lists is counted."""
    desk, shelf = ListDesk(tmp_path, 55), Shelf(range(3, 63))
    report = await desk.sweep(shelf)
    assert shelf.pages == [1, 2, 3]
    assert (report.asked, report.records, report.found, report.unlisted, report.is_whole) == (3, 60, 53, 7, True)
    assert desk.outcomes() == [None] * 2 + [FOUND] * 53
    assert (desk.parts(3), desk.parts(60)) == ({"list"}, set())


async def test_a_sweep_that_ended_early_goes_on_where_it_was(tmp_path: Path) -> None:
    """Cut off at page 3: its pages are not asked again within a day; again at once nothing changes."""
    desk, shelf = ListDesk(tmp_path, 60), Shelf(range(1, 61))

    await cut_off(desk, shelf, 3)
    assert desk.outcomes() == [None] * 60
    desk.clock.now += 3600
    report = await desk.sweep(shelf)
    assert (shelf.pages, report.asked, report.titles_changed) == ([1, 2, 3], 1, 60)
    assert desk.outcomes() == [FOUND] * 60
    again = await desk.sweep(shelf)
    assert (again.asked, again.titles_changed) == (0, 0)


async def test_a_list_that_shifts_or_repeats_itself_is_told(tmp_path: Path) -> None:
    """A title more before the page that is read, or one that left: what was found counts, the report says so."""

    def one_more(shelf: Shelf) -> None:
        shelf.ids.insert(0, 900)

    def one_less(shelf: Shelf) -> None:
        del shelf.ids[0]

    for change, repeated in ((one_more, 1), (one_less, 0)):
        desk, shelf = ListDesk(tmp_path / change.__name__, 50), Shelf(range(1, 51))
        shelf.before = lambda page, shelf=shelf, change=change: change(shelf) if page == 2 else None
        report = await desk.sweep(shelf)
        assert (report.is_whole, report.repeated) == (False, repeated)
        assert desk.outcomes()[:25] == [FOUND] * 25


async def test_a_page_that_never_ends_ends(tmp_path: Path) -> None:
    """A service that always gives its first page and promises more: one repeated page is enough."""
    desk, shelf = ListDesk(tmp_path, 30), Shelf(range(1, 31))
    shelf.is_stuck = True
    report = await desk.sweep(shelf)
    assert (shelf.pages, report.is_whole, report.repeated) == ([1, 2], False, 25)


async def test_an_empty_list_is_no_answer(tmp_path: Path) -> None:
    """Nobody is found, nobody absent, and it is told."""
    desk = ListDesk(tmp_path, 3)
    report = await desk.sweep(Shelf([]))
    assert (report.is_whole, desk.outcomes()) == (False, [None] * 3)


async def test_a_later_run_asks_for_the_record_all_the_same(tmp_path: Path) -> None:
    """With ``full`` as the base a row spares nothing and hides nothing: all of the title is asked for once."""
    desk, shelf = ListDesk(tmp_path, 3), Shelf(range(1, 4))
    await desk.sweep(shelf)
    desk.tops_up = True
    await desk.fetch(shelf)  # type: ignore[arg-type]
    assert shelf.kinds == {"full": 3, "characters": 3, "staff": 3}
    assert desk.parts(1) == {"list", "full", "characters", "staff"}


async def test_a_fuller_record_is_left_as_it_is(tmp_path: Path) -> None:
    """No row is kept beside ``full``, and nobody is looked at again for it."""
    desk, shelf = ListDesk(tmp_path, 3), Shelf(range(1, 4))
    await desk.fetch(shelf)  # type: ignore[arg-type]
    desk.clock.now += 3600
    report = await desk.sweep(shelf)
    assert (report.found, report.titles_changed, desk.parts(1)) == (3, 0, {"full", "characters", "staff"})


def say_absent(desk: ListDesk, id_: str) -> None:
    request = Request(Platform.JIKAN, "full", f"/anime/{id_}/full", (id_,))
    gone = Reading(absent=frozenset({id_}))
    desk.ledger.fetched.save([Said(request, Answer(404, {}, b"{}", ""), gone, {id_: desk.clock.now})])
    title_id = desk.title_ids[int(id_) - 1]
    desk.ledger.fetched.settle([SettledOutcome(title_id, Platform.JIKAN, ABSENT, (id_,), "", desk.clock.now + DAY_S)])


async def cut_off(desk: ListDesk, shelf: Shelf, at: int) -> None:
    """A sweep that ends before a page."""

    def refuse(page: int) -> None:
        if page == at:
            raise Transient("cut off")

    shelf.before = refuse
    with pytest.raises(EnrichError, match="cut off"):
        await desk.sweep(shelf)
    shelf.before = lambda _: None


async def test_an_absent_title_that_is_listed_later_is_there(tmp_path: Path) -> None:
    """A service may say for a week that it has no new title: its list knows better, unless its word is newer."""
    desk, shelf = ListDesk(tmp_path, 30), Shelf(range(1, 31))
    say_absent(desk, "1")
    desk.clock.now += 60
    await cut_off(desk, shelf, 2)
    desk.clock.now += 60
    say_absent(desk, "2")
    desk.clock.now += 60
    await desk.sweep(shelf)
    assert desk.outcomes()[:3] == [FOUND, ABSENT, FOUND]
    assert (desk.parts(1), desk.parts(2)) == ({"list"}, set())


async def test_a_page_from_before_an_asking_is_no_answer_to_it(tmp_path: Path) -> None:
    """Read while the title was fresh, and the title is stale when the sweep goes on: its record stays as it was."""
    desk, shelf = ListDesk(tmp_path, 30, "list"), Shelf(range(1, 31))
    await desk.fetch(shelf)  # type: ignore[arg-type]
    desk.clock.pass_days(5)
    await cut_off(desk, shelf, 2)
    desk.clock.now += 3600
    stale = SettledOutcome(desk.title_ids[0], Platform.JIKAN, FOUND, ("1",), "", desk.clock.now - 1)
    desk.ledger.fetched.settle([stale])
    await desk.sweep(shelf)
    assert desk.parts(1) == {"full", "characters", "staff"}


async def test_where_a_row_is_enough_a_stale_title_is_asked_for_the_rest_only(tmp_path: Path) -> None:
    """The next asking begins with the sweep: the run after it asks for all but the record, and of today."""
    desk, shelf = ListDesk(tmp_path, 3, "list"), Shelf(range(1, 4))
    await desk.sweep(shelf)
    desk.tops_up = True
    await desk.fetch(shelf)  # type: ignore[arg-type]
    assert shelf.kinds == {"characters": 3, "staff": 3}
    desk.clock.pass_days(400)
    await desk.sweep(shelf)
    desk.clock.now += 3600
    await desk.fetch(shelf)  # type: ignore[arg-type]
    assert shelf.kinds == {"characters": 6, "staff": 6}
    assert desk.outcomes() == [FOUND] * 3
    kept = desk.ledger.fetched.kept(Platform.JIKAN, ["1"])["1"]
    assert desk.clock.now - kept.said_at <= 3600
    await desk.fetch(shelf)  # type: ignore[arg-type]
    assert shelf.kinds == {"characters": 6, "staff": 6}


async def sweep(settings: Settings) -> SweepReport:
    """As the command does it."""
    jikan = settings.platforms.jikan
    listing = listing_of(is_official=jikan.is_official)
    with closing(open_ledger(settings, now=time.time)) as ledger:
        sync_catalogue(ledger, settings.catalogue or "")
        async with HttpTransport(settings) as transport:
            adapter = make_adapters(settings)[Platform.JIKAN]
            is_enough = jikan.base == listing
            return await Lister(
                adapter, ledger, transport, settings.freshness, listing, is_enough, time.time, lambda _: None
            ).run()


def settings_of(folder: Path, platforms: Platforms, base: str, **jikan: Any) -> Settings:
    folder.mkdir(parents=True, exist_ok=True)
    catalogue = write_catalogue(folder / "catalogue.jsonl", [FILM, RADIO, "Mayonaka no Yado"])
    given = {"base": base, "attempts": 1, "breaker": {"failures": 99}} | jikan
    return settings_for(folder / "checkpoints", platforms.url, catalogue, platforms={"jikan": given})


def record_of(settings: Settings, name: str) -> AnimeRecord:
    records = [load_json(AnimeRecord, record) for record, _ in standing(settings).records.values()]
    [found] = [record for record in records if record.title == name]
    return found


async def test_a_title_whose_record_cannot_be_had_stands_on_its_row(tmp_path: Path, platforms: Platforms) -> None:
    """MyAnimeList's own pages fail: its facts are in the record, marked as a list's; later the mark goes."""
    settings = settings_of(tmp_path, platforms, "full")
    await sweep(settings)
    with platforms.going_wrong(Fault(FaultKind.ERROR_503, Platform.JIKAN)):
        await enrich(settings)
    partial = record_of(settings, FILM)
    assert outcomes_of(settings)[FILM, Platform.JIKAN] == Outcome.FAILED
    assert any("list_row" in finding for finding in partial.enrichment_metadata.findings)
    assert partial.statistics["mal"].score is not None
    await enrich(settings)
    whole = record_of(settings, FILM)
    assert not any("list_row" in finding for finding in whole.enrichment_metadata.findings)
    assert whole.statistics["mal"] == partial.statistics["mal"]


@pytest.mark.parametrize(("base", "host"), [("list", Platform.JIKAN), ("mal_v2_list", Service.MAL_V2)])
async def test_where_a_row_is_enough_no_record_is_asked_for(
    tmp_path: Path, platforms: Platforms, base: str, host: Platform | Service
) -> None:
    """One page for all, then what stands beside the record; the second run asks nothing."""
    settings = settings_of(tmp_path, platforms, base)
    counters = platforms.running.gate.counters.by_platform
    before = {name: counters[name].kinds.copy() for name in (Platform.JIKAN, Service.MAL_V2)}
    report = await sweep(settings)
    assert (report.pages, report.found, report.is_whole) == (1, 2, True)
    assert (counters[host].kinds - before[host]).total() == 1
    await enrich(settings)
    assert (counters[Service.MAL_V2].kinds - before[Service.MAL_V2])["record"] == 0
    spent = counters[Platform.JIKAN].kinds - before[Platform.JIKAN]
    assert (spent["full"], spent["characters"], spent["staff"]) == (0, 2, 2)
    assert outcomes_of(settings)[FILM, Platform.JIKAN] == Outcome.FOUND
    assert (await enrich(settings)).report.due == 0
