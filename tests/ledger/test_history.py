"""Which record a title had when: rows only for changes, in the transaction that made them, on both engines."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipeline.ledger import Ledger, migrations
from pipeline.ledger.history import OUTSIDE, Version
from pipeline.ledger.tables import TITLE_VERSIONS
from pipeline.ledger.titles import Finished, Release
from tests.ledger.conftest import Clock, Engine
from tests.ledger.releases import release


def sync(ledger: Ledger, *rows: Sequence[str]) -> list[str]:
    ledger.titles.apply_release(Release(repr(rows), "file", None, len(rows), ()), release(*rows))
    return ledger.titles.active()


def finish(ledger: Ledger, run_id: str, **records: tuple[str | None, str]) -> None:
    """A run that ends these titles (``mal_1="record", "result"``)."""
    ids = {name: ledger.titles.load(ledger.titles.active()) for name in records}
    by_name = {title.name.replace(":", "_"): title for titles in ids.values() for title in titles}
    ledger.titles.finish(
        [
            Finished(
                by_name[n].title_id, by_name[n].row_digest, "c", 9e9, result, "", record, record and f"why {record}"
            )
            for n, (record, result) in records.items()
        ],
        run_id=run_id,
    )


def rows_of(ledger: Ledger) -> list[tuple[int, str, str | None, str | None]]:
    v = TITLE_VERSIONS.c
    with ledger.database.read() as c:
        query = sa.select(v.number, v.run_id, v.record, v.result).order_by(v.finished_at, v.title_id, v.number)
        return [tuple(row) for row in c.execute(query)]


def test_only_a_change_makes_a_row(ledger: Ledger, clock: Clock) -> None:
    """The first record, another record, another result; the same again makes none."""
    clock.tick = 1.0
    sync(ledger, ["mal:1"])
    for run, record, result in [
        ("a", "one", "done"),
        ("b", "one", "done"),
        ("c", "two", "done"),
        ("d", "two", "degraded"),
    ]:
        finish(ledger, run, mal_1=(record, result))
    assert rows_of(ledger) == [(1, "a", "one", "done"), (2, "c", "two", "done"), (3, "d", "two", "degraded")]


def test_a_row_and_the_title_change_together_or_not_at_all(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that breaks off after the rows leaves neither."""
    sync(ledger, ["mal:1"])
    monkeypatch.setattr("pipeline.ledger.titles._many", lambda *_: (_ for _ in ()).throw(ZeroDivisionError))
    with pytest.raises(ZeroDivisionError):
        finish(ledger, "a", mal_1=("one", "done"))
    assert rows_of(ledger) == []


def test_a_run_is_compared_with_what_was_there_before(ledger: Ledger, clock: Clock) -> None:
    """Before the first nothing, before the second what the first left; a run that was killed ends with its last act."""
    clock.tick = 1.0
    one, two = sync(ledger, ["mal:1"], ["mal:2"])
    ledger.runs.start("a", "run")
    finish(ledger, "a", mal_1=("old", "done"))
    ledger.runs.finish("a", {})
    ledger.runs.start("b", "run")
    finish(ledger, "b", mal_1=("new", "done"), mal_2=(None, "failed"))
    a, b = ledger.runs.find("a")[0], ledger.runs.find("b")[0]
    assert (b.finished_at, ledger.runs.last_finished()) == (None, a)
    assert ledger.history.before(a) == {}
    assert ledger.history.before(b) == ledger.history.at_end_of(a) == {one: Version(one, "old", "why old", "done")}
    assert ledger.history.at_end_of(b) == {
        one: Version(one, "new", "why new", "done"), two: Version(two, None, None, "failed"),
    }  # fmt: skip


def test_titles_the_catalogue_loses_and_finds_are_told(ledger: Ledger, clock: Clock) -> None:
    """Gone and merged titles have a row without a record; one that comes back has its again."""
    clock.tick = 1.0
    one, two, three = sync(ledger, ["mal:1"], ["mal:2"], ["mal:3"])
    finish(ledger, "a", mal_1=("r1", "done"), mal_2=("r2", "done"), mal_3=("r3", "degraded"))
    sync(ledger, ["mal:1", "mal:2"])
    later = [row for row in rows_of(ledger) if row[1] == OUTSIDE]
    assert sorted(later) == [(2, OUTSIDE, None, "gone"), (2, OUTSIDE, None, "merged")]
    sync(ledger, ["mal:1"], ["mal:2"], ["mal:3"])
    back = [row for row in rows_of(ledger) if row[0] == 3]
    assert sorted(row[2] or "" for row in back) == ["r2", "r3"]
    assert {one, two, three} == set(ledger.titles.active())


def test_a_title_without_a_record_leaves_no_trace_when_it_goes(ledger: Ledger) -> None:
    """It was never in any run."""
    sync(ledger, ["mal:1"], ["mal:2"])
    sync(ledger, ["mal:1"])
    assert rows_of(ledger) == []


def test_an_older_ledger_remembers_what_its_titles_are(engine: Engine, open_ledger: Callable[[str], Ledger]) -> None:
    """Each finished title has a first row, so that the next run is compared with it and not with nothing."""
    url = engine.fresh()
    if engine.name == "sqlite":
        Path(url.removeprefix("sqlite:///")).parent.mkdir(exist_ok=True)
    native = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with native.begin() as connection:
        for number in (1, 2):
            migrations._apply(connection, number)
        insert = """insert into titles (title_id, anchor, name, position, row, row_digest, state, first_seen, result,
                    record, finished_at) values (:t, '', '', 0, :row, '', 'active', 0, :result, :record, :at)"""
        connection.execute(
            sa.text(insert),
            [
                {"t": "x", "row": b"{}", "result": "done", "record": "r", "at": 5.0},
                {"t": "y", "row": b"{}", "result": None, "record": None, "at": None},
            ],
        )
    native.dispose()
    ledger = open_ledger(url)
    ledger.runs.start("a", "run")
    assert ledger.history.before(ledger.runs.find("a")[0]) == {"x": Version("x", "r", None, "done")}


def test_a_migration_that_came_later_with_a_lower_number_is_made_up_for(
    engine: Engine, open_ledger: Callable[[str], Ledger], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numbers are reserved before they are used: what is missing is told by number, not by the highest one."""
    url = engine.fresh()
    open_ledger(url)
    monkeypatch.setitem(migrations.MIGRATIONS, 0, ("create table late (x integer)",))
    ledger = open_ledger(url)
    with ledger.database.read() as c:
        assert c.execute(sa.text("select count(*) from late")).scalar() == 0
        versions = set(c.execute(sa.text("select version from ledger_version")).scalars())
    assert versions == set(migrations.MIGRATIONS)
