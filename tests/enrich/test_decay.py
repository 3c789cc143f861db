"""When a platform is no longer what it was: what is told as decay, what is not, and what a run then does."""

import asyncio
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from pipeline.domain.names import CharacterRole, Outcome, Platform, Source
from pipeline.domain.record import AnimeRecord
from pipeline.domain.source_title import Character, SourceTitle, Statistics
from pipeline.enrich.fetch.decay import HERE, READ, SAID, STILL_HERE, Verdict, Watch, filled_fields
from pipeline.enrich.opening import open_ledger
from pipeline.enrich.report import ExitCode
from pipeline.ledger.sights import Sight
from pipeline.practice.faults import Fault, FaultKind
from pipeline.settings import DecaySettings, Settings

from .rehearsing import (
    SERIES,
    Platforms,
    Standing,
    Told,
    enrich,
    outcomes_of,
    practice_rows,
    quick_folder,
    settings_for,
    standing,
    write_catalogue,
)

JIKAN = Platform.JIKAN
POLICY = DecaySettings()
TV, FILM = "1 TV FINISHED", "1 MOVIE FINISHED"
NORMAL = {
    (TV, "synopses"): (95, 100),
    (TV, "songs"): (40, 100),
    (FILM, "synopses"): (45, 49),
    ("", HERE): (30, 100),
}


def watching(normal: dict[tuple[str, str], tuple[int, int]] | None = None) -> Watch:
    return Watch(POLICY, NORMAL if normal is None else normal)


def titles(field: str, *there: bool, kind: str = TV) -> list[Sight]:
    return [Sight({(kind, field): one}, f"t{n}", f"body {n}") for n, one in enumerate(there)]


def noted(watch: Watch, sights: list[Sight]) -> Verdict | None:
    return next((verdict for sight in sights if (verdict := watch.note(sight)) is not None), None)


def test_a_field_that_is_gone_is_told_with_its_evidence() -> None:
    """At the twentieth title: which field, how often it was there, what answers look like, whose word is in doubt."""
    verdict = noted(watching(), titles("synopses", *[False] * 40))
    assert verdict is not None
    assert verdict.reason == "synopses: there 0 times in 20, normally 19"
    assert verdict.evidence == {
        "lost": {"synopses": {"now": 0, "of": 20, "normally": 19.0}},
        "samples": ["body 17", "body 18", "body 19"],
    }
    assert verdict.suspects == tuple(f"t{n}" for n in range(20))


@pytest.mark.parametrize(
    ("field", "kind", "there"),
    [
        ("synopses", TV, [False] * 19),
        ("synopses", TV, [False, False, False, True] * 10),
        ("songs", TV, [False] * 40),
        ("synopses", FILM, [False] * 40),
        ("staff", TV, [False] * 40),
    ],
    ids=["few", "some are left", "not normally there", "too little known", "never heard of"],
)
def test_what_may_be_chance_is_no_decay(field: str, kind: str, there: list[bool]) -> None:
    """Small numbers, fields that come and go, kinds of titles of which little is known."""
    assert noted(watching(), titles(field, *there, kind=kind)) is None


def test_titles_that_vanish_are_told() -> None:
    """Those that the platform had; of others it may lack many. Where it normally has them, those too."""
    assert noted(watching(), titles(HERE, *[False] * 40, kind="")) is None
    assert noted(watching({("", HERE): (95, 100)}), titles(HERE, *[False] * 40, kind="")) is not None
    verdict = noted(watching({}), titles(STILL_HERE, *[False] * 40, kind=""))
    assert verdict is not None
    assert verdict.reason == "titles it had: there 0 times in 20, normally 20"


def test_everything_since_the_first_loss_is_in_doubt() -> None:
    """Also titles of a kind of which nothing is known; not those before."""
    sights = titles("synopses", *[True] * 10, *[False] * 40)
    sights.insert(15, Sight({("1 OVA FINISHED", "synopses"): False}, "an OVA"))
    verdict = noted(watching(), sights)
    assert verdict is not None
    assert "an OVA" in verdict.suspects
    assert not {f"t{n}" for n in range(10)} & set(verdict.suspects)


@pytest.mark.parametrize("field", [READ, SAID])
def test_answers_that_nobody_can_read_need_no_earlier_ones(field: str) -> None:
    """They are never normal: half of twenty is enough, in the first run too; fewer are the titles' own trouble."""
    there = [n % 2 == 0 for n in range(20)]
    answers = [Sight({("", field): one}, None, "<html>") for one in there]
    assert noted(watching({}), answers) is not None
    assert noted(watching({}), [Sight({("", field): n % 3 > 0}) for n in range(60)]) is None


def test_answers_and_titles_do_not_push_each_other_out() -> None:
    """Three requests a title, as with MAL: twenty titles are still seen together."""
    watch, verdict = watching(), None
    for sight in titles("synopses", *[False] * 20):
        for _ in range(3):
            assert watch.note(Sight({("", READ): True})) is None
        verdict = watch.note(sight)
    assert verdict is not None


def test_what_was_learned_in_this_run_counts() -> None:
    """Ninety good titles, then none: told without anything known from before."""
    assert noted(watching({}), titles("synopses", *[True] * 90, *[False] * 40)) is not None


kinds = st.lists(
    st.dictionaries(st.sampled_from("abcdefgh"), st.floats(0, 1), min_size=1), min_size=1, max_size=6
)  # of each kind of title: in which share of them a field is there


@settings(max_examples=25, deadline=None)
@given(kinds=kinds, seed=st.integers(0, 2**32), run=st.integers(1, 40))
def test_no_mix_of_titles_is_decay(kinds: list[dict[str, float]], seed: int, run: int) -> None:
    """Whatever is normal for each kind, and in whatever runs of one kind titles come."""
    dice, watch = Random(seed), watching({})
    for _ in range(600 // run):
        number = dice.randrange(len(kinds))
        for _ in range(run):
            shown = {(f"kind {number}", field): dice.random() < share for field, share in kinds[number].items()}
            assert watch.note(Sight(shown, "t")) is None


@settings(max_examples=15, deadline=None)
@given(kinds=kinds, seed=st.integers(0, 2**32))
def test_a_lost_field_is_found_in_any_mix(kinds: list[dict[str, float]], seed: int) -> None:
    """A field that nearly all have is missed within a window after it is gone, whatever else goes on."""
    dice, watch = Random(seed), watching({})

    def next_title(lost: bool) -> Sight:
        number = dice.randrange(len(kinds))
        shown = {(f"kind {number}", field): dice.random() < share for field, share in kinds[number].items()}
        return Sight(shown | {(f"kind {number}", "title"): not lost and dice.random() < 0.97}, "t")

    for _ in range(500):
        assert watch.note(next_title(lost=False)) is None
    assert noted(watch, [next_title(lost=True) for _ in range(2 * POLICY.window)]) is not None


def test_fields_within_fields_are_seen() -> None:
    """A renamed field of a cast is lost, although there still is a cast; what was not said is not there."""
    cast = (Character("1", "A", CharacterRole.MAIN), Character("2", "B", CharacterRole.MAIN, image_url="x"))
    filled = filled_fields(SourceTitle(Source.MAL, "1", characters=cast, statistics=Statistics(members=0)))
    assert (filled["characters"], filled["characters.image_url"], filled["characters.age"]) == (True, True, False)
    assert (filled["statistics.members"], filled["statistics.score"], filled["synopses"]) == (True, False, False)
    assert "id" not in filled


# On practice platforms

SMALL = {"window": 24, "least": 6, "known": 2}
"""Thresholds for a catalogue of 24 titles."""


def in_days(days: float) -> Callable[[], float]:
    return lambda: time.time() + days * 86_400.0


@dataclass(frozen=True, slots=True)
class Lived:
    """A folder after some runs, and what those told. Tests go on in copies of it."""

    settings: Settings
    told: Told
    standing: Standing
    asked: dict[str, int]
    """In the last run."""

    def copied(self, folder: Path) -> Settings:
        """Settings of a copy. The points are not copied: the next run loads them anew."""
        shutil.copytree(self.settings.checkpoints, folder, ignore=shutil.ignore_patterns("qdrant"))
        return self.settings.model_copy(update={"checkpoints": folder})


@pytest.fixture(scope="module")
def sound(shared_platforms: Platforms) -> Iterator[Lived]:
    """All practice titles but the one whose cast of hundreds would take most of the time, after their first run."""
    titles = [row["title"] for row in practice_rows()[1:] if row["title"] != SERIES]
    with quick_folder() as folder:
        catalogue = write_catalogue(folder / "catalogue.jsonl", titles)
        place = settings_for(folder / "checkpoints", shared_platforms.url, catalogue, decay=SMALL)
        yield live(place, shared_platforms, days=0)


@pytest.fixture(scope="module")
def drifted(sound: Lived, shared_platforms: Platforms) -> Iterator[Lived]:
    """The same a month later: MAL's fields have got other names."""
    with quick_folder() as folder:
        with shared_platforms.going_wrong(Fault(FaultKind.DRIFT, JIKAN)):
            lived = live(sound.copied(folder / "checkpoints"), shared_platforms, days=31)
        yield lived


def live(place: Settings, platforms: Platforms, *, days: float) -> Lived:
    """One run."""
    before = platforms.answered()
    with capture_logs():
        told = asyncio.run(enrich(place, now=in_days(days)))
    return Lived(place, told, standing(place), platforms.since(before))


@pytest.fixture
def place(sound: Lived, tmp_path: Path) -> Settings:
    """A place in which all was well once."""
    return sound.copied(tmp_path / "checkpoints")


def synopses(settings: Settings) -> dict[str, dict[str, Any]]:
    found = [AnimeRecord.model_validate_json(record) for record, _ in standing(settings).records.values()]
    return {r.title_id: {"texts": r.synopses, "stale": r.enrichment_metadata.stale} for r in found}


async def test_sound_platforms_are_never_left_alone(sound: Lived, place: Settings, platforms: Platforms) -> None:
    """All titles, films and shorts and what has not aired among them, and again when all of it is normal."""
    for told in (sound.told, await enrich(place, now=in_days(31))):
        assert (told.report.quarantined, told.report.exit_code) == ({}, ExitCode.DONE)
        assert told.report.done == len(sound.standing.records)


async def test_a_platform_that_lost_fields_is_left_alone_and_the_others_go_on(
    sound: Lived, drifted: Lived, tmp_path: Path, platforms: Platforms
) -> None:
    """MAL's fields get other names: after a few titles nobody asks it any more, and what it said before serves.

    The next runs ask it nothing either. Released and well again, it is asked, and everything is as it was.
    """
    told, place = drifted.told, drifted.copied(tmp_path / "checkpoints")
    assert told.report.exit_code is ExitCode.DEGRADED
    assert list(told.report.quarantined) == [JIKAN]
    assert "normally" in told.report.quarantined[JIKAN]
    assert drifted.asked["jikan"] < 4 * 14
    assert drifted.asked["anidb"] > 0
    assert any("quarantined: " in problem.why for problem in told.report.problems)
    with platforms.going_wrong(Fault(FaultKind.DRIFT, JIKAN)):
        between = platforms.answered()
        await enrich(place, now=in_days(31.1))
        last = await enrich(place, now=in_days(31.2))
        assert (last.report.due, last.report.exit_code) == (0, ExitCode.DEGRADED)
        assert "jikan" not in platforms.since(between)
    before, after = synopses(sound.settings), synopses(place)
    assert {t: one["texts"] for t, one in after.items()} == {t: one["texts"] for t, one in before.items()}
    stale = [one for one in after.values() if JIKAN in one["stale"]]
    outcomes = outcomes_of(sound.settings)
    assert len(stale) == sum((p, o) == (JIKAN, Outcome.FOUND) for (_, p), o in outcomes.items()) > 0
    with closing(open_ledger(place, now=in_days(31.3))) as ledger:
        assert ledger.quarantines.release(JIKAN, is_new_normal=False) is not None
        assert ledger.quarantines.release(JIKAN, is_new_normal=False) is None
    told = await enrich(place, now=in_days(31.4))
    assert (told.report.exit_code, told.report.quarantined) == (ExitCode.DONE, {})
    assert standing(place) == sound.standing


async def test_who_asks_for_less_has_lost_nothing(tmp_path: Path, platforms: Platforms) -> None:
    """The official API's records have no producers and links: with other settings something else is normal."""
    rows = [row for row in practice_rows()[1:] if (row["type"], row["status"]) == ("TV", "FINISHED")]
    catalogue = write_catalogue(tmp_path / "some.jsonl", [row["title"] for row in rows if row["title"] != SERIES][:7])
    alone = {p.value: {"enabled": p is JIKAN} for p in Platform} | {"jikan": {"core": []}}
    place = settings_for(tmp_path / "checkpoints", platforms.url, catalogue, decay=SMALL, platforms=alone)
    await enrich(place)
    other = place.model_dump()
    other["platforms"]["jikan"]["base"] = "mal_v2"
    told = await enrich(Settings(**other), now=in_days(31))
    assert (told.report.quarantined, told.report.exit_code) == ({}, ExitCode.DONE)


async def test_a_quarantine_ends_by_itself(drifted: Lived, tmp_path: Path, platforms: Platforms) -> None:
    """After a day the platform is asked again; still drifted, it is left alone again after a few titles."""
    place = drifted.copied(tmp_path / "checkpoints")
    with platforms.going_wrong(Fault(FaultKind.DRIFT, JIKAN)):
        asked = platforms.answered()
        told = await enrich(place, now=in_days(32.1))
        assert list(told.report.quarantined) == [JIKAN]
        assert 0 < platforms.since(asked)["jikan"] < 4 * 14


async def test_titles_that_vanish_come_back(place: Settings, platforms: Platforms) -> None:
    """AniDB says of everything that it does not have it: that is not believed, and its earlier word stands."""
    before = synopses(place)
    with platforms.going_wrong(Fault(FaultKind.NOT_FOUND, Platform.ANIDB)):
        told = await enrich(place, now=in_days(31))
        assert list(told.report.quarantined) == [Platform.ANIDB]
        assert told.report.quarantined[Platform.ANIDB].startswith("titles it had: there 0 times in 6")
        await enrich(place, now=in_days(31.1))
    assert {t: one["texts"] for t, one in synopses(place).items()} == {t: one["texts"] for t, one in before.items()}
    assert {o for (_, p), o in outcomes_of(place).items() if p is Platform.ANIDB} <= {
        Outcome.FAILED, Outcome.ABSENT, Outcome.NOT_LISTED,
    }  # fmt: skip


async def test_answers_that_nobody_can_read_stop_a_first_run(
    sound: Lived, tmp_path: Path, platforms: Platforms
) -> None:
    """Nothing is known yet, and nothing is needed: MAL's pages have changed under the service."""
    broken = {p.value: {"enabled": p is JIKAN} for p in Platform}
    broken["jikan"] |= {"base_url": f"{platforms.url}/nowhere", "attempts": 1}
    place = settings_for(
        tmp_path / "checkpoints", platforms.url, sound.settings.catalogue, decay=SMALL, platforms=broken
    )
    told = await enrich(place)
    assert told.report.quarantined[JIKAN].startswith("readable answers: there 0 times in 6")
    assert told.report.requests["jikan"] < 12
    assert all(o != Outcome.FOUND for (_, p), o in outcomes_of(place).items() if p is JIKAN)
