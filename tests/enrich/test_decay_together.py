"""Decay that no single process or run could see: short runs and several processes reach a verdict together."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import orjson
import pytest
import sqlalchemy as sa

from pipeline.domain.names import Outcome, Platform, Source
from pipeline.domain.source_title import SourceTitle, Text
from pipeline.enrich.fetch.decay import HERE, STILL_HERE
from pipeline.enrich.fetch.fetching import Fetcher
from pipeline.enrich.fetch.guarding import Guard
from pipeline.enrich.syncing import sync_catalogue
from pipeline.errors import Broken
from pipeline.ledger import Ledger
from pipeline.settings import DecaySettings, FreshnessSettings

from .speaking import ABOUT, Clock, SmallAdapter, SmallTransport, row

KITSU = Platform.KITSU
POLICY = DecaySettings(window=12, least=6, known=3)
TITLES = 40


@dataclass(frozen=True)
class Telling(SmallAdapter):
    """Converts to a title with a synopsis, unless the platform has dropped it."""

    batch: int = 1
    dropped: frozenset[str] = field(default=frozenset())

    def convert(self, id_: str, parts: object) -> SourceTitle:
        synopses = () if id_ in self.dropped else (Text("Once.", "en"),)
        return SourceTitle(Source.KITSU, id_, synopses=synopses, episode_count=12)


class Place:
    """One ledger, opened anew by every process."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url, self.clock = folder, url, Clock()
        self.transport = SmallTransport({str(number): 1 for number in range(1, TITLES + 1)})
        self.adapter = Telling(dropped=frozenset(str(number) for number in range(11, TITLES + 1)))
        rows = [row(number, [str(number)], "FINISHED") for number in range(1, TITLES + 1)]
        (folder / "catalogue.jsonl").write_bytes(b"\n".join(orjson.dumps(line) for line in [ABOUT, *rows]))
        with self.process() as (ledger, _):
            sync_catalogue(ledger, str(folder / "catalogue.jsonl"))
            self.title_ids = ledger.titles.active()

    @contextmanager
    def process(self) -> Iterator[tuple[Ledger, Guard]]:
        """A process that has just begun."""
        ledger = Ledger(self.url, str(self.folder / "blobs"), now=self.clock)
        guard = Guard(self.adapter, ledger, POLICY, now=self.clock)
        try:
            yield ledger, guard
        finally:
            guard.close()
            ledger.close()

    async def fetch(self, ledger: Ledger, guard: Guard, *numbers: int) -> None:
        async def windows() -> AsyncIterator[Sequence[str]]:
            yield [self.title_ids[number - 1] for number in numbers]

        async def on_settled(_: Platform, __: Sequence[str]) -> None:
            return None

        self.clock.now += 10
        fetcher = Fetcher(
            self.adapter, ledger, self.transport, FreshnessSettings(), self.clock, None, 1, lambda _: None, guard=guard
        )
        await fetcher.run(windows(), on_settled)

    async def run_alone(self, *numbers: int) -> str | None:
        """A run of some titles in a process of its own; gives the reason of a quarantine that stands after it."""
        with self.process() as (ledger, guard):
            await self.fetch(ledger, guard, *numbers)
            standing = ledger.quarantines.standing().get(KITSU)
            return None if standing is None else standing.reason

    def outcomes(self) -> list[Outcome | None]:
        with self.process() as (ledger, _):
            stored = ledger.fetched.outcomes(self.title_ids)
        found = (stored[title_id].get(KITSU) for title_id in self.title_ids)
        return [None if settled is None else settled.outcome.outcome for settled in found]


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "sqlite":
        return Place(tmp_path, f"sqlite:///{tmp_path / 'ledger.sqlite3'}")
    url = f"{request.getfixturevalue('postgres')}/postgres"
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("drop schema public cascade")
        connection.exec_driver_sql("create schema public")
    engine.dispose()
    return Place(tmp_path, url.replace("+psycopg", ""))


async def test_runs_of_one_title_reach_a_verdict_together(place: Place) -> None:
    """Ten titles with a synopsis; two days later each run's one title has none: the sixth run stops the platform.

    All six titles' words are taken back; the seventh run asks nothing.
    """
    await place.run_alone(*range(1, 11))
    place.clock.pass_days(2)
    told = [await place.run_alone(number) for number in range(11, 17)]
    assert told[:5] == [None] * 5
    assert told[5] == "synopses: there 0 times in 6, normally 6"
    assert place.outcomes()[:16] == [Outcome.FOUND] * 10 + [Outcome.FAILED] * 6
    asked = len(place.transport.asked)
    await place.run_alone(17)
    assert (len(place.transport.asked), place.outcomes()[16]) == (asked, Outcome.FAILED)


async def test_processes_side_by_side_reach_a_verdict_together(place: Place) -> None:
    """Three bad titles each, in turns; the one that did not see it itself stops asking too."""
    await place.run_alone(*range(1, 11))
    place.clock.pass_days(2)
    with place.process() as (one, its_guard), place.process() as (other, others_guard):
        for number in range(11, 15, 2):
            await place.fetch(one, its_guard, number)
            await place.fetch(other, others_guard, number + 1)
        await place.fetch(one, its_guard, 15)
        assert one.quarantines.standing() == {}
        await place.fetch(other, others_guard, 16)
        assert KITSU in one.quarantines.standing()
        asked = len(place.transport.asked)
        await place.fetch(one, its_guard, 17)
        assert len(place.transport.asked) == asked


async def test_answers_that_nobody_can_read_add_up_over_runs(place: Place) -> None:
    """They come with a failed outcome, and count although no title was looked into."""
    place.transport.refuse = lambda _: Broken("odd", platform="kitsu", evidence="<html>")
    told = [await place.run_alone(number) for number in range(1, 7)]
    assert told[:5] == [None] * 5
    assert str(told[5]).startswith("readable answers: there 0 times in 6")


async def test_what_was_seen_days_ago_is_normal_and_no_evidence(place: Place) -> None:
    """Five titles without a synopsis, then a day of silence, then one more: nothing is told."""
    await place.run_alone(*range(1, 11))
    place.clock.pass_days(2)
    for number in range(11, 16):
        assert await place.run_alone(number) is None
    place.clock.pass_days(1.1)
    assert await place.run_alone(16) is None


async def test_a_quarantine_leaves_no_evidence_for_the_next(place: Place) -> None:
    """Released at once, and well again: one title that lacks something does not end it all a second time."""
    await place.run_alone(*range(1, 11))
    place.clock.pass_days(2)
    assert await place.run_alone(*range(11, 17)) is not None
    with place.process() as (ledger, _):
        ledger.quarantines.release(KITSU, is_new_normal=False)
    assert await place.run_alone(17) is None


async def test_a_large_batch_is_judged_before_any_of_it_is_normal(place: Place) -> None:
    """Forty titles at once: all there is normal; all gone is a verdict, and what is normal stays as it was."""
    place.adapter = replace(place.adapter, batch=TITLES)
    everything = range(1, TITLES + 1)
    assert await place.run_alone(*everything) is None
    with place.process() as (ledger, _):
        lately = ledger.sights.lately(KITSU)
        assert lately.normal["", HERE] == (TITLES - POLICY.window, TITLES - POLICY.window)
        assert len([sight for _, sight in lately.sights if sight.title_id]) == POLICY.window
    place.clock.pass_days(400)
    place.transport.pages = {}
    told = await place.run_alone(*everything)
    assert str(told).startswith("titles it had: there 0 times in 6")
    with place.process() as (ledger, _):
        normal = ledger.sights.lately(KITSU).normal
    assert normal["", HERE] == (TITLES, TITLES)
    assert ("", STILL_HERE) not in normal
