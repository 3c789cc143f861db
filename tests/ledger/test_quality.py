"""Figures of titles and of runs: rows only for changes, in the transaction of the pass; both engines."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from pipeline.domain.names import Platform, Source
from pipeline.domain.quality import Quality, Unknown
from pipeline.enrich.quality import Tally
from pipeline.ledger import Ledger, migrations
from pipeline.ledger.quality import Means, RunQuality, SourceShare
from pipeline.ledger.tables import RUN_QUALITY, TITLE_QUALITY
from pipeline.ledger.titles import Finished, Release
from pipeline.ledger.work import StepResult
from tests.ledger.conftest import Clock, Engine
from tests.ledger.releases import release

GOOD = Quality(
    completeness=0.9, agreement=0.8, confidence=0.7, popularity=3.0,
    sources={"title": (Source.KITSU, Source.MAL), "year": (Source.MAL,)},
    confidences={"title": 0.9, "year": 0.5}, agreements={"year": 0.8}, missing=("synopsis",), conflicts=("year",),
    broken={"title_missing": 2}, findings={"bad_address": 1}, drift=(Unknown(Source.KITSU, "subtype", "x"),),
    heard=(Platform.JIKAN, Platform.KITSU),
)  # fmt: skip
BARE = Quality(completeness=0.3, agreement=None, confidence=None, popularity=1.0)


def sync(ledger: Ledger, *rows: Sequence[str]) -> list[str]:
    ledger.titles.apply_release(Release(repr(rows), "file", None, len(rows), ()), release(*rows))
    return ledger.titles.active()


def finish(ledger: Ledger, run_id: str, measured: dict[str, Quality | None]) -> None:
    passes = [
        Finished(t.title_id, t.row_digest, "c", 9e9, "done", "", "r", "p", quality=measured[t.title_id])
        for t in ledger.titles.load(list(measured))
    ]
    ledger.titles.finish(passes, run_id=run_id)


def written(ledger: Ledger) -> dict[str, tuple[str, float]]:
    with ledger.database.read() as c:
        query = sa.select(TITLE_QUALITY.c.title_id, TITLE_QUALITY.c.run_id, TITLE_QUALITY.c.measured_at)
        return {title_id: (run_id, at) for title_id, run_id, at in c.execute(query)}


def test_what_is_written_is_read(ledger: Ledger) -> None:
    """Every figure, also those there are none of."""
    one, two = sync(ledger, ["mal:1"], ["mal:2"])
    finish(ledger, "a", {one: GOOD, two: BARE})
    assert ledger.quality.of([one, two, "?"]) == {one: GOOD, two: BARE}
    assert list(ledger.quality.every()) == [(one, GOOD), (two, BARE)]


@pytest.mark.parametrize(
    "change",
    [
        {"completeness": 0.91}, {"agreement": None}, {"popularity": 3.1}, {"broken": {}}, {"drift": ()},
        {"confidences": {"title": 0.9, "year": 0.6}}, {"sources": {"title": (Source.MAL,), "year": (Source.MAL,)}},
    ],
)  # fmt: skip
def test_only_a_change_is_written(ledger: Ledger, clock: Clock, change: dict[str, Any]) -> None:
    """The same figures leave the row as it was, whichever run brings them; any other figure makes it anew."""
    clock.tick = 1.0
    one, two = sync(ledger, ["mal:1"], ["mal:2"])
    finish(ledger, "a", {one: GOOD, two: GOOD})
    before = written(ledger)
    finish(ledger, "b", {one: replace(GOOD), two: GOOD})
    assert written(ledger) == before
    finish(ledger, "c", {one: replace(GOOD, **change), two: GOOD})
    after = written(ledger)
    assert (after[one][0], after[two]) == ("c", before[two])
    assert ledger.quality.of([one]) == {one: replace(GOOD, **change)}


def test_a_pass_without_a_record_leaves_the_figures_of_the_record_that_stands(ledger: Ledger) -> None:
    """It failed; what there is of the title is what there was."""
    (one,) = sync(ledger, ["mal:1"])
    finish(ledger, "a", {one: GOOD})
    finish(ledger, "b", {one: None})
    assert ledger.quality.of([one]) == {one: GOOD}


def test_figures_and_the_end_of_the_pass_are_written_together_or_not_at_all(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write that breaks off after the figures leaves neither."""
    (one,) = sync(ledger, ["mal:1"])
    monkeypatch.setattr("pipeline.ledger.titles._many", lambda *_: (_ for _ in ()).throw(ZeroDivisionError))
    with pytest.raises(ZeroDivisionError):
        finish(ledger, "a", {one: GOOD})
    assert written(ledger) == {}


def test_means_and_shares_are_over_active_titles(ledger: Ledger) -> None:
    """A title the catalogue drops no longer counts, a figure that is not there takes no part in its mean."""
    nothing = Means(0, None, None, None, 0, 0, 0)
    one, two, three = sync(ledger, ["mal:1"], ["mal:2"], ["mal:3"])
    assert (ledger.quality.means(), ledger.quality.shares()) == (nothing, {})
    finish(ledger, "a", {one: GOOD, two: BARE, three: replace(GOOD, completeness=0.6, agreement=0.4)})
    assert ledger.quality.means() == Means(3, 0.6, 0.6, 0.7, conflicts=2, broken=4, drift=2)
    assert ledger.quality.shares() == {Source.MAL: SourceShare(4, 0), Source.KITSU: SourceShare(2, 2)}
    sync(ledger, ["mal:1"], ["mal:2"])
    assert ledger.quality.means() == Means(2, 0.6, 0.8, 0.7, conflicts=1, broken=2, drift=1)
    assert [title_id for title_id, _ in ledger.quality.every()] == [one, two]
    assert ledger.quality.shares()[Source.MAL] == SourceShare(2, 0)


def test_sums_by_query_are_the_sums_of_the_figures(ledger: Ledger) -> None:
    """Two ways, one result."""
    ids = sync(ledger, *([f"mal:{n}"] for n in range(40)))
    shaken = [
        replace(
            GOOD,
            completeness=n / 40,
            agreement=None if n % 3 else n / 80,
            confidence=n / 50,
            drift=GOOD.drift * (n % 2),
        )
        for n in range(40)
    ]
    finish(ledger, "a", dict(zip(ids, shaken, strict=True)))
    tally = Tally()
    for title_id, quality in ledger.quality.every():
        tally.add(title_id, quality)
    assert ledger.quality.means() == tally.means
    by_source = dict.fromkeys((Source.MAL, Source.KITSU), 0)
    for count in tally.fields.values():
        for source in by_source:
            by_source[source] += count.sources[source]
    assert {source: share.fields for source, share in ledger.quality.shares().items()} == by_source


def test_the_worst_lack_much_and_are_known_to_many(ledger: Ledger) -> None:
    """What is missing times popularity; who lacks nothing is never among them."""
    ids = sync(ledger, *([f"mal:{n}"] for n in range(5)))
    figures = [(0.9, 7.0), (0.2, 1.0), (0.5, 4.0), (1.0, 7.0), (0.5, 1.0)]  # lack 0.7, 0.8, 2.0, 0.0, 0.5
    finish(ledger, "a", {
        t: replace(BARE, completeness=c, popularity=p) for t, (c, p) in zip(ids, figures, strict=True)
    })  # fmt: skip
    assert ledger.quality.worst(9) == [ids[2], ids[1], ids[0], ids[4]]
    assert ledger.quality.worst(2) == [ids[2], ids[1]]


def test_a_run_that_finished_titles_leaves_one_row(ledger: Ledger, clock: Clock) -> None:
    """How good the whole was then; a run that finished none leaves none, and one noted twice has one."""
    one, two = sync(ledger, ["mal:1"], ["mal:2"])
    ledger.quality.note_run("none yet", finished=1)
    finish(ledger, "a", {one: GOOD})
    ledger.quality.note_run("a", finished=1)
    clock.wait(60.0)
    ledger.quality.note_run("idle", finished=0)
    finish(ledger, "b", {two: BARE})
    ledger.quality.note_run("b", finished=1)
    ledger.quality.note_run("b", finished=2)
    first, second = ledger.quality.runs()
    assert first == RunQuality("a", clock() - 60.0, 1, Means(1, 0.9, 0.8, 0.7, 1, 2, 1))
    assert second == RunQuality("b", clock(), 2, Means(2, 0.6, 0.8, 0.7, 1, 2, 1))


def test_the_next_run_makes_good_what_a_killed_one_could_not_note(ledger: Ledger, clock: Clock) -> None:
    """Exactly: how many it finished, when, and how good all was then. A run that ended is left as it is."""
    one, two, three = sync(ledger, ["mal:1"], ["mal:2"], ["mal:3"])
    ledger.quality.make_good()
    ledger.runs.start("whole", "run")
    finish(ledger, "whole", {one: GOOD})
    clock.wait(1.0)
    ledger.quality.note_run("whole", finished=1)
    ledger.runs.finish("whole", {})
    before = ledger.quality.runs()
    clock.wait(60.0)
    ledger.quality.make_good()
    assert ledger.quality.runs() == before
    ledger.runs.start("killed", "run")
    ledger.quality.make_good()
    assert ledger.quality.runs() == before
    clock.wait(60.0)
    finish(ledger, "killed", {two: BARE})
    ledger.quality.note_run("killed", finished=1)
    finish(ledger, "killed", {three: BARE})
    ended = clock()
    clock.wait(60.0)
    ledger.quality.make_good()
    assert ledger.quality.runs() == [
        *before,
        RunQuality("killed", ended, 2, ledger.quality.means(), is_whole=False),
    ]
    ledger.runs.start("next", "run")
    ledger.quality.make_good()
    assert [run.run_id for run in ledger.quality.runs()] == ["whole", "killed"]


def test_a_torn_row_is_left_out(ledger: Ledger) -> None:
    """Its digest tells; the others are read."""
    one, two = sync(ledger, ["mal:1"], ["mal:2"])
    finish(ledger, "a", {one: GOOD, two: BARE})
    with ledger.database.write() as c:
        c.execute(sa.update(TITLE_QUALITY).where(TITLE_QUALITY.c.title_id == one).values(body=b"torn"))
    assert list(ledger.quality.every()) == [(two, BARE)]
    assert ledger.quality.of([one]) == {}


def test_the_slowest_titles_come_with_their_steps(ledger: Ledger) -> None:
    """By the sum over steps; a title nobody worked on, or that is gone, is not among them."""
    one, two, three = sync(ledger, ["mal:1"], ["mal:2"], ["mal:3"])
    for title_id, step, cpu_s in [
        (one, "align", 1.0),
        (two, "align", 0.5),
        (two, "assemble", 0.75),
        (three, "align", 9.0),
    ]:
        ledger.steps.settle([StepResult(title_id, step, "k", b"", cpu_s=cpu_s)])
    sync(ledger, ["mal:1"], ["mal:2"])
    assert ledger.steps.slowest(5) == {two: {"align": 0.5, "assemble": 0.75}, one: {"align": 1.0}}
    assert list(ledger.steps.slowest(1)) == [two]


def test_an_older_ledger_has_no_figures_until_its_titles_are_looked_at_again(
    engine: Engine, open_ledger: Callable[[str], Ledger]
) -> None:
    """It opens, and says so by having none."""
    url = engine.fresh()
    native = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with native.begin() as connection:
        for number in (n for n in sorted(migrations.MIGRATIONS) if n < 6):
            migrations._apply(connection, number)
    native.dispose()
    ledger = open_ledger(url)
    assert ledger.quality.means().titles == 0
    assert ledger.quality.runs() == []
    with ledger.database.read() as c:
        assert c.execute(sa.select(sa.func.count()).select_from(RUN_QUALITY)).scalar() == 0
