"""Whole runs on practice platforms: faults, second runs, changed rows, changed settings, lost folders."""

import shutil
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest

from pipeline.domain.aligned import Alignment
from pipeline.domain.names import Outcome, Platform
from pipeline.domain.source_title import SourceTitle
from pipeline.domain.thresholds import Matching
from pipeline.enrich import steps
from pipeline.enrich.chain import Parts
from pipeline.enrich.opening import open_ledger
from pipeline.enrich.rehearsal import pointed_at
from pipeline.enrich.report import ExitCode
from pipeline.enrich.syncing import sync_catalogue
from pipeline.errors import EntryGone
from pipeline.ledger.tables import METADATA
from pipeline.practice.faults import Fault, FaultKind
from pipeline.settings import Settings

from .rehearsing import (
    FILM,
    RADIO,
    Platforms,
    enrich,
    outcomes_of,
    settings_for,
    standing,
    take_over_radio,
    write_catalogue,
)

INN, COMPASSES, BRIDGE = "Mayonaka no Yado", "Futatsu no Rashinban", "Kakekake no Hashi"
TITLES = (FILM, INN, COMPASSES, BRIDGE, RADIO)
"""A film, an OVA, a row with two MAL ids, one that has not aired, one that few platforms list."""
FOUND, ABSENT, FAILED = Outcome.FOUND, Outcome.ABSENT, Outcome.FAILED


@dataclass(frozen=True, slots=True)
class Place:
    """A checkpoints folder, a catalogue and the practice platforms."""

    folder: Path
    platforms: Platforms
    catalogue: str

    def settings(self, **changes: Any) -> Settings:
        return settings_for(self.folder / "checkpoints", self.platforms.url, self.catalogue, **changes)

    def list_rows(self, titles: Sequence[str], change: Callable[[dict[str, Any]], None] = lambda _: None) -> None:
        write_catalogue(Path(self.catalogue), titles, change)


@pytest.fixture
def place(tmp_path: Path, platforms: Platforms) -> Place:
    return Place(tmp_path, platforms, write_catalogue(tmp_path / "catalogue.jsonl", TITLES))


def in_days(days: float) -> Callable[[], float]:
    return lambda: time.time() + days * 86_400.0


def rows_of(settings: Settings, *, but: Sequence[str] = ()) -> dict[str, list[Any]]:
    """Every row of the ledger."""
    with closing(sqlite3.connect(settings.checkpoints / "ledger.sqlite3")) as c:
        return {name: c.execute(f"SELECT * FROM {name}").fetchall() for name in METADATA.tables if name not in but}


async def test_a_second_run_asks_nothing_and_writes_nothing(place: Place) -> None:
    """Not a request, not a step, not a changed row in the ledger, not a written point."""
    settings = place.settings()
    first = await enrich(settings)
    assert first.report.exit_code is ExitCode.DONE
    assert (first.report.done, first.report.points_written) == (5, 5)
    rows, asked = rows_of(settings), place.platforms.answered()
    second = await enrich(settings)
    assert second.steps == []
    assert (second.report.due, second.report.points_written, second.report.vectors_made) == (0, 0, 0)
    assert place.platforms.since(asked) == {}
    assert rows_of(settings) == rows


async def test_two_folders_come_to_the_same(place: Place) -> None:
    """Nothing of the clock, of chance or of the order of answers is in a record or in a point."""
    one, two = place.settings(), place.settings(checkpoints=place.folder / "two", window=1)
    await enrich(one)
    await enrich(two)
    assert standing(one) == standing(two)


async def test_a_platform_that_is_down_fails_alone(place: Place) -> None:
    """Nobody listens at Kitsu's address: its outcome failed, the others stand, the titles are degraded and say why."""
    down = place.settings(platforms={"kitsu": {"base_url": "http://127.0.0.1:9/kitsu"}})
    told = await enrich(down)
    assert told.report.exit_code is ExitCode.DEGRADED
    assert (told.report.done, told.report.degraded, told.report.failed) == (1, 4, 0)
    outcomes = outcomes_of(down)
    assert {t for (t, p), o in outcomes.items() if o == FAILED} == {FILM, INN, COMPASSES, BRIDGE}
    assert {p for (_, p), o in outcomes.items() if o == FAILED} == {Platform.KITSU}
    assert all("kitsu" in problem.why for problem in told.report.problems)


async def test_after_an_outage_only_the_platform_that_was_down_is_asked(place: Place) -> None:
    """The next run asks Kitsu and nobody else, and ends as if there had been no outage."""
    await enrich(place.settings(platforms={"kitsu": {"base_url": "http://127.0.0.1:9/kitsu"}}))
    asked = place.platforms.answered()
    told = await enrich(place.settings())
    assert told.report.exit_code is ExitCode.DONE
    assert set(place.platforms.since(asked)) <= {"kitsu", "images"}
    undisturbed = place.settings(checkpoints=place.folder / "undisturbed")
    await enrich(undisturbed)
    assert standing(place.settings()) == standing(undisturbed)


@pytest.mark.parametrize("platform", list(Platform))
@pytest.mark.parametrize(
    "kind", [FaultKind.HTML, FaultKind.TRUNCATED, FaultKind.CUT, FaultKind.EMPTY, FaultKind.ERROR_INSIDE]
)
async def test_what_a_platform_garbles_for_good_fails_there_alone(
    place: Place, platform: Platform, kind: FaultKind
) -> None:
    """Pages, cut and empty bodies, errors inside a 200: nobody else's outcome changes, and nothing is made up."""
    if (platform, kind) == (Platform.ANIME_PLANET, FaultKind.HTML):
        pytest.skip("a page is what Anime-Planet answers")
    place.list_rows([INN])
    settings = place.settings(platforms={platform.value: {"attempts": 2, "timeout_s": 3}})
    with place.platforms.going_wrong(Fault(kind, platform)):
        told = await enrich(settings)
    outcomes = {p: o for (_, p), o in outcomes_of(settings).items()}
    assert outcomes.pop(platform) in (FAILED, ABSENT)
    assert set(outcomes.values()) <= {FOUND, ABSENT}
    assert FAILED not in outcomes.values()
    assert told.report.failed == 0


@pytest.mark.parametrize("kind", [FaultKind.HTML, FaultKind.TRUNCATED, FaultKind.CUT, FaultKind.RESET, FaultKind.SLOW])
async def test_a_passing_fault_is_waited_out(place: Place, kind: FaultKind) -> None:
    """Twice a wrong answer of MAL, then the right one: the run ends as if nothing had been."""
    place.list_rows([INN])
    settings = place.settings(platforms={"jikan": {"timeout_s": 1.0}})
    with place.platforms.going_wrong(Fault(kind, Platform.JIKAN, count=2, wait_s=5.0)):
        told = await enrich(settings)
    assert told.report.exit_code is ExitCode.DONE
    undisturbed = place.settings(checkpoints=place.folder / "undisturbed")
    await enrich(undisturbed)
    assert standing(settings) == standing(undisturbed)


async def test_a_500_on_a_batch_is_answered_with_halves(place: Place) -> None:
    """Kitsu fails at all four titles together and not at two: nobody is lost."""
    asked = place.platforms.answered()
    with place.platforms.going_wrong(Fault(FaultKind.ERROR_500, Platform.KITSU, count=1)):
        told = await enrich(place.settings())
    assert told.report.exit_code is ExitCode.DONE
    assert place.platforms.since(asked)["kitsu"] == 3


async def test_freshness_goes_by_what_the_title_is_doing(place: Place) -> None:
    """After four days the title that has not aired is asked for again; the finished ones after thirty-one.

    AniDB alone rests a week between two askings for one entry.
    """
    place.list_rows([INN, BRIDGE])
    settings = place.settings()
    await enrich(settings)
    assert (await enrich(settings, now=in_days(2.9))).report.due == 0
    asked = place.platforms.answered()
    told = await enrich(settings, now=in_days(4))
    assert (told.report.due, told.report.done) == (1, 1)
    assert place.platforms.since(asked)["kitsu"] == 1
    assert "anidb" not in place.platforms.since(asked)
    await enrich(settings, now=in_days(7.1))
    assert place.platforms.since(asked)["anidb"] == 1
    told = await enrich(settings, now=in_days(31))
    assert told.report.due == 2


async def test_an_id_that_a_row_gains_leads_to_its_platform_alone(place: Place) -> None:
    """Minato Radio gets an AniDB id of an entry nobody else has: AniDB is asked for it, once; the others are not."""
    place.list_rows([RADIO])
    settings = place.settings()
    await enrich(settings)
    assert outcomes_of(settings)[RADIO, Platform.ANIDB] == Outcome.NOT_LISTED
    place.list_rows([RADIO], lambda row: row["sources"].append("https://anidb.net/anime/900006"))
    asked = place.platforms.answered()
    told = await enrich(settings)
    assert told.report.due == 1
    assert set(place.platforms.since(asked)) <= {"anidb", "animeschedule", "images"}
    assert place.platforms.since(asked)["anidb"] == 1
    assert outcomes_of(settings)[RADIO, Platform.ANIDB] in (FOUND, ABSENT)


async def test_a_changed_row_is_decided_anew_and_not_fetched_anew(place: Place) -> None:
    """Another tag in one row: one title goes through the stages, nobody is asked, nothing is converted again."""
    settings = place.settings()
    await enrich(settings)
    before = standing(settings)
    place.list_rows(TITLES, lambda row: row["tags"].append("harbour") if row["title"] == INN else None)
    asked = place.platforms.answered()
    told = await enrich(settings)
    assert (told.report.due, told.report.done) == (1, 1)
    assert place.platforms.since(asked) == {}
    assert not [step for step in told.steps if step.startswith(("ask", "convert", "align"))]
    assert [step for step in told.steps if step.startswith("stage:")] != []
    after = standing(settings)
    assert len([t for t in after.records if after.records[t] != before.records[t]]) == 1


async def test_switching_a_platform_off_and_on_asks_nobody(place: Place) -> None:
    """Off: made anew without it, and it says so. On again: it is asked, the others are not."""
    settings, without = place.settings(), place.settings(platforms={"anidb": {"enabled": False}})
    await enrich(settings)
    with_anidb, asked = standing(settings), place.platforms.answered()
    told = await enrich(without)
    assert place.platforms.since(asked).keys() <= {"images"}
    assert told.report.due == 5
    assert {o for (_, p), o in outcomes_of(without).items() if p is Platform.ANIDB} == {Outcome.SWITCHED_OFF}
    asked = place.platforms.answered()
    await enrich(settings)
    assert place.platforms.since(asked).keys() <= {"anidb", "images"}
    assert standing(settings).records == with_anidb.records


async def test_titles_are_decided_anew_by_other_numbers_and_nobody_is_asked(place: Place) -> None:
    """A cut no label reaches empties the genres; who is who is as sure as an operator says; and back again."""
    await enrich(place.settings())
    first, asked = standing(place.settings()).records, place.platforms.answered()
    film = next(t for t, (record, _) in first.items() if FILM.encode() in record)

    async def film_by(**numbers: Any) -> dict[str, Any]:
        told = await enrich(place.settings(**numbers))
        assert told.report.done == len(TITLES)
        record: dict[str, Any] = orjson.loads(standing(place.settings(**numbers)).records[film][0])
        return record

    assert orjson.loads(first[film][0])["genres"]
    assert not (await film_by(choosing={"label_kept": 1.0}))["genres"]
    matched = await film_by(matching={"sure_name_and_voice": 0.51})
    assert 0.51 in {one["match_confidence"] for one in matched["characters"]}
    await enrich(place.settings())
    assert standing(place.settings()).records == first
    assert place.platforms.since(asked).keys() <= {"images"}


async def test_a_relation_finds_its_title_when_that_is_listed_later(place: Place) -> None:
    """The sequel is made alone and names no title of ours; once the first part is listed, it names that one."""
    first, sequel = "Minato no Tako", "Minato no Tako 2"

    async def related() -> set[str | None]:
        await enrich(place.settings())
        records = [orjson.loads(record) for record, _ in standing(place.settings()).records.values()]
        (mine,) = (record for record in records if record["title"] == sequel)
        return {work["title_id"] for work in mine["related_anime"] if work["title"] == first}

    place.list_rows([sequel])
    assert await related() == {None}
    place.list_rows([first, sequel])
    (found,) = await related()
    assert found in standing(place.settings()).records


async def test_a_lost_store_is_loaded_again_from_the_ledger(place: Place) -> None:
    """The folder of the points is gone: the same points again, with no request and no vector made."""
    settings = place.settings()
    await enrich(settings)
    before, asked = standing(settings), place.platforms.answered()
    shutil.rmtree(settings.checkpoints / "qdrant")
    told = await enrich(settings)
    assert (told.report.points_written, told.report.vectors_made) == (5, 0)
    assert place.platforms.since(asked) == {}
    assert standing(settings) == before


async def test_a_torn_answer_is_asked_for_again_in_the_same_run(place: Place) -> None:
    """A kept answer of AniDB is cut short on disk and needed again: it is fetched anew, the record stays as it was."""
    place.list_rows([INN])
    settings = place.settings()
    await enrich(settings)
    before = standing(settings)
    tear_answers(settings, Platform.ANIDB)
    forget_steps(settings)
    asked = place.platforms.answered()
    told = await enrich(settings)
    assert told.report.exit_code is ExitCode.DONE
    assert place.platforms.since(asked) == {"anidb": 1}
    assert standing(settings) == before


async def test_a_torn_answer_that_cannot_be_had_again_degrades_the_title(place: Place) -> None:
    """AniDB is down just then: its word is missing, the record says so, and the next run asks again."""
    place.list_rows([INN])
    settings = place.settings()
    await enrich(settings)
    before = standing(settings)
    tear_answers(settings, Platform.ANIDB)
    forget_steps(settings)
    down = {"base_url": "http://127.0.0.1:9/anidb", "breaker": {"failures": 3, "reset_s": 0.001}}
    told = await enrich(place.settings(platforms={"anidb": down}))
    assert told.report.exit_code is ExitCode.DEGRADED
    assert standing(settings).records != before.records
    told = await enrich(settings)
    assert told.report.exit_code is ExitCode.DONE
    assert standing(settings) == before


@pytest.mark.parametrize("which", ["record", "provenance"])
async def test_a_torn_record_is_made_again_from_what_is_kept(place: Place, which: str) -> None:
    """Whoever finds it torn opens the title again; the next run asks nobody and ends with the same bytes."""
    place.list_rows([INN])
    settings = place.settings()
    await enrich(settings)
    before = standing(settings)
    with closing(open_ledger(settings, now=time.time)) as ledger:
        (title,) = ledger.titles.load(ledger.titles.active())
        body = getattr(title, which)
        path = settings.checkpoints / "blobs" / body[:2] / f"{body[2:]}.zst"
        path.write_bytes(path.read_bytes()[:10])
        ledger.titles.reopen([title.title_id])
    told = await enrich(settings)
    assert told.report.exit_code is ExitCode.DONE
    assert not told.report.requests
    assert standing(settings) == before


def tear_answers(settings: Settings, platform: Platform) -> None:
    """Cut every kept part of a platform in half, as a full disk or a lost sector would."""
    with closing(open_ledger(settings, now=time.time)) as ledger:
        titles = ledger.titles.load(ledger.titles.active())
        ids = [id_ for title in titles for ids in title.ids.values() for id_ in ids]
        bodies = {ref.body for refs in ledger.fetched.part_refs(platform, ids).values() for ref in refs}
    assert bodies
    for body in bodies:
        path = settings.checkpoints / "blobs" / body[:2] / f"{body[2:]}.zst"
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def forget_steps(settings: Settings) -> None:
    """As after an update of every step's code: nothing stands, everything is due."""
    with closing(sqlite3.connect(settings.checkpoints / "ledger.sqlite3")) as c:
        c.execute("DELETE FROM steps")
        c.execute("UPDATE titles SET done_config = 'older'")
        c.commit()


@dataclass(frozen=True)
class Stumbling:
    """An adapter that cannot read what its platform says of one id."""

    inner: Any
    over: str

    def convert(self, id_: str, parts: Any) -> SourceTitle:
        if id_ == self.over:
            raise ZeroDivisionError("a mistake of ours")
        return self.inner.convert(id_, parts)  # type: ignore[no-any-return]  # inner is one of six classes

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


async def test_an_answer_that_cannot_be_converted_degrades_its_title_only(place: Place) -> None:
    """A mistake in AniDB's conversion of one title: that title does without AniDB and says so."""

    def stumble(parts: Parts) -> Parts:
        stumbling = Stumbling(parts.adapters[Platform.ANIDB], "900005")
        return replace(parts, adapters=dict(parts.adapters) | {Platform.ANIDB: stumbling})

    told = await enrich(place.settings(), change=stumble)
    assert [problem.name for problem in told.report.problems] == [INN]
    assert told.report.exit_code is ExitCode.DEGRADED
    assert (told.report.done, told.report.degraded) == (4, 1)


async def test_a_step_that_raises_for_one_title_fails_that_title(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are done; the title says which mistake it was; exit code 1; the next run makes it good."""

    def align(sources: tuple[SourceTitle, ...], matching: Matching) -> Alignment:
        if any("900005" in str(source) for source in sources):
            raise ZeroDivisionError("a mistake of ours")
        return real(sources, matching)

    real = steps.align
    settings = place.settings()
    with monkeypatch.context() as patched:
        patched.setattr(steps, "align", align)
        told = await enrich(settings)
    assert told.report.exit_code is ExitCode.FAILED
    assert (told.report.done, told.report.failed) == (4, 1)
    [problem] = told.report.problems
    assert problem.name == INN
    assert "ZeroDivisionError: a mistake of ours" in problem.why
    assert INN not in {payload["title"] for payload, _ in standing(settings).points.values()}
    asked = place.platforms.answered()
    told = await enrich(settings)
    assert (told.report.due, told.report.done) == (1, 1)
    assert place.platforms.since(asked).keys() <= {"images"}
    assert len(standing(settings).points) == 5


async def test_named_titles_alone_are_enriched(place: Place) -> None:
    """One of five: one point, and the others still wait."""
    settings = place.settings()
    with closing(open_ledger(settings, now=time.time)) as ledger:
        sync_catalogue(ledger, place.catalogue)
        [wanted] = [title_id for title_id, _ in ledger.titles.find_by_name(INN)]
    told = await enrich(settings, title_ids=[wanted])
    assert (told.report.selected, told.report.due, told.report.done) == (1, 1, 1)
    assert list(standing(settings).points) == [wanted]
    assert (await enrich(settings)).report.due == 4


async def test_titles_that_become_one_leave_one_point(place: Place) -> None:
    """A row takes over all sources of another: the other's point is taken out of the store."""
    place.list_rows([FILM, RADIO])
    settings = place.settings()
    await enrich(settings)
    place.list_rows([FILM], take_over_radio)
    told = await enrich(settings)
    assert told.report.points_deleted == 1
    assert [payload["title"] for payload, _ in standing(settings).points.values()] == [FILM]


async def test_a_title_that_leaves_the_catalogue_keeps_its_point(place: Place) -> None:
    """A smaller file must not empty the store; nothing is asked either."""
    place.list_rows([FILM, INN])
    settings = place.settings()
    await enrich(settings)
    place.list_rows([INN])
    asked = place.platforms.answered()
    told = await enrich(settings)
    assert (told.report.points_deleted, len(standing(settings).points)) == (0, 2)
    assert place.platforms.since(asked) == {}


async def test_pictures_are_asked_for_when_they_are_switched_on(place: Place) -> None:
    """Switched off, there are no picture vectors; switched on, only pictures are asked for."""
    place.list_rows([INN])
    without = place.settings(images={"enabled": False})
    told = await enrich(without)
    assert told.report.exit_code is ExitCode.DONE
    [(_, vectors)] = standing(without).points.values()
    assert not [name for name in vectors if "image" in name]
    asked = place.platforms.answered()
    await enrich(place.settings())
    assert place.platforms.since(asked).keys() == {"images"}
    [(_, vectors)] = standing(without).points.values()
    assert [name for name in vectors if "image" in name]


@dataclass
class NoPictures:
    """Has none of the pictures it is asked for, and remembers where they were said to lie."""

    hosts: set[str | None] = field(default_factory=set)

    async def fetch_image(self, url: str) -> bytes:
        self.hosts.add(urlsplit(url).hostname)
        raise EntryGone(f"{url!r} is not there")


@pytest.mark.parametrize(("only_local", "elsewhere"), [(True, set()), (False, {"pictures.invalid"})])
async def test_a_practice_run_fetches_no_picture_from_elsewhere(
    place: Place, *, only_local: bool, elsewhere: set[str]
) -> None:
    """A row's own picture may lie anywhere; settings of a practice run leave it out, and the title is done."""
    place.list_rows([INN], lambda row: row.update(picture="https://pictures.invalid/inn.jpg"))
    settings, pictures = place.settings(images={"only_local": only_local}), NoPictures()
    told = await enrich(settings, change=lambda parts: replace(parts, images=pictures))
    assert told.report.done == 1
    assert pictures.hosts == {"127.0.0.1", *elsewhere}


def test_practice_settings_say_that_pictures_stay_here(place: Place) -> None:
    """Nobody has to remember it."""
    assert pointed_at(Settings(), place.platforms.url, speed=2).images.only_local
