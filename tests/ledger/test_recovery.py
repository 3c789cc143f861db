"""Saving what can be read of a damaged ledger."""

import os
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipeline.errors import BadInput, Damaged, Misconfigured
from pipeline.ledger import Ledger, migrations
from pipeline.ledger.database import Database
from pipeline.ledger.recovery import recover_ledger
from pipeline.ledger.tables import STEPS
from pipeline.ledger.work import StepResult
from tests.ledger.conftest import Clock
from tests.ledger.releases import release
from tests.ledger.test_titles import sync

COUNT = 600


@pytest.fixture
def filled(tmp_path: Path, clock: Clock) -> Path:
    """A ledger with titles and step results, closed; its name has every sign an address could trip over."""
    path = tmp_path / "odd #1?100%.sqlite3"
    database_url = sa.URL.create("sqlite", database=str(path)).render_as_string()
    ledger = Ledger(database_url, str(tmp_path / "blobs"), now=clock)
    sync(ledger, release(*([f"mal:{n}"] for n in range(COUNT))))
    ledger.steps.settle(
        [
            StepResult(title.title_id, "align", "k", f"{title.name} ".encode() * 20 + os.urandom(300))
            for title in ledger.titles.load(ledger.titles.active())
        ]
    )
    ledger.close()
    return path


def _page_of(path: Path, needle: bytes) -> int:
    return path.read_bytes().index(needle) // 4096


def _overwrite(path: Path, page: int) -> None:
    with path.open("r+b") as file:
        file.seek(page * 4096)
        file.write(os.urandom(4096))


def _steps(path: Path) -> set[str]:
    with sqlite3.connect(path) as connection:
        return {row[0] for row in connection.execute("select title_id from steps")}


def test_a_whole_ledger_is_copied_whole(filled: Path) -> None:
    """Every table, every row, and nothing stopped reading; the new file is a ledger."""
    with sqlite3.connect(filled) as before:
        dump = {row for row in before.iterdump() if "sqlite_sequence" not in row}
    told = recover_ledger(filled)
    assert told.tables["titles"] == (COUNT, "")
    assert told.tables["steps"] == (COUNT, "")
    assert {problem for _, problem in told.tables.values()} == {""}
    with sqlite3.connect(filled) as after:
        assert {row for row in after.iterdump() if "sqlite_sequence" not in row} == dump
    assert told.kept_as.exists()


@pytest.mark.parametrize(
    ("keep", "whole_tables", "cut_table"),
    [(0.9, ["titles", "urls", "ids"], "steps"), (0.55, ["titles", "urls"], "ids"), (0.3, [], "titles")],
)
def test_a_cut_ledger_keeps_what_is_readable(
    tmp_path: Path, filled: Path, clock: Clock, keep: float, whole_tables: list[str], cut_table: str
) -> None:
    """Rows of the first part come over, the file that was cut stays as it was, and the fresh one can be worked on."""
    whole = filled.read_bytes()
    cut = whole[: int(len(whole) * keep)]
    filled.write_bytes(cut)
    told = recover_ledger(filled)
    assert told.kept_as.read_bytes() == cut
    assert told.kept_as.name.startswith(f"{filled.name}.damaged-")
    assert [told.tables[name] for name in whole_tables] == [(COUNT, "")] * len(whole_tables)
    kept, problem = told.tables[cut_table]
    assert 0 < kept < COUNT
    assert problem
    url = sa.URL.create("sqlite", database=str(filled)).render_as_string()
    ledger = Ledger(url, str(tmp_path / "blobs"), now=clock)
    sync(ledger, release(*([f"mal:{n}"] for n in range(COUNT))), "again")
    assert len(ledger.titles.active()) == COUNT
    ledger.close()


def test_rows_on_both_sides_of_two_damaged_pages_come_over(filled: Path) -> None:
    """Only the rows of those pages are lost: a few, not the rest of the table."""
    with sqlite3.connect(filled) as connection:
        order = [row[0] for row in connection.execute("select title_id from steps order by rowid")]
    content = filled.read_bytes()
    before = {n: content.count(order[n].encode()) for n in (200, 400)}
    assert all(before.values())
    leaves = [content.index(b"\n", content.index(order[n].encode() + b"align")) // 4096 for n in (200, 400)]
    for page in leaves:
        _overwrite(filled, page)
    told = recover_ledger(filled)
    kept = _steps(filled)
    assert COUNT - 40 <= len(kept) < COUNT
    assert {order[0], order[300], order[-1]} <= kept
    assert told.tables["titles"] == (COUNT, "")


def test_what_is_not_yet_checkpointed_comes_over_too(filled: Path) -> None:
    """A killed process leaves its last writes beside the file."""
    copy = filled.with_name("killed.sqlite3")
    with sqlite3.connect(filled) as connection:
        connection.execute("pragma wal_autocheckpoint=0")
        connection.execute("insert into claims values ('t', 'o', 1.0)")
        connection.commit()
        for suffix in ("", "-wal"):
            copy.with_name(copy.name + suffix).write_bytes(filled.with_name(filled.name + suffix).read_bytes())
    told = recover_ledger(copy)
    assert told.tables["claims"] == (1, "")
    assert not copy.with_name(copy.name + "-wal").exists()


def test_an_older_ledger_is_recovered_into_the_present_version(tmp_path: Path) -> None:
    """Columns it did not have get their defaults."""
    path = tmp_path / "old.sqlite3"
    with sa.create_engine(f"sqlite:///{path}").begin() as connection:
        migrations._apply(connection, 1)
        connection.execute(sa.text("insert into ids (site, id, title_id) values ('mal', '1', 't')"))
    assert recover_ledger(path).tables["ids"] == (1, "")
    with sqlite3.connect(path) as connection:
        assert connection.execute("select * from ids").fetchall() == [("mal", "1", "t", 1)]


def test_a_newer_ledger_is_not_touched(filled: Path) -> None:
    """What a newer program wrote, this one would lose."""
    with sqlite3.connect(filled) as connection:
        connection.execute("insert into ledger_version values (99)")
    before = filled.read_bytes()
    with pytest.raises(Misconfigured, match="version 99"):
        recover_ledger(filled)
    assert filled.read_bytes() == before
    assert not list(filled.parent.glob("*.recovered"))


def test_something_else_gives_an_empty_ledger_and_is_kept(tmp_path: Path) -> None:
    """Nothing can be read, nothing is lost."""
    path = tmp_path / "ledger.sqlite3"
    path.write_text("Dear diary, " * 1000)
    told = recover_ledger(path)
    assert {kept for kept, _ in told.tables.values()} == {0}
    assert all("not a database" in problem for _, problem in told.tables.values())
    assert told.kept_as.read_text().startswith("Dear diary")
    Database(f"sqlite:///{path}").close()


def test_recovering_twice_keeps_both_damaged_files(filled: Path) -> None:
    """Within the same second, too."""
    first, second = recover_ledger(filled).kept_as, recover_ledger(filled).kept_as
    assert first != second
    assert first.exists()
    assert second.exists()


def test_no_file_no_recovery(tmp_path: Path) -> None:
    """The name is quoted."""
    with pytest.raises(BadInput, match=r"there is no ledger at .*nowhere"):
        recover_ledger(tmp_path / "nowhere")


def test_a_disk_too_full_for_the_copy_leaves_the_ledger_in_place(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The damaged file keeps its name until the copy is whole."""

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("pipeline.ledger.recovery._copy", full)
    before = filled.read_bytes()
    with pytest.raises(Damaged, match=r"cannot be recovered .*is as it was"):
        recover_ledger(filled)
    assert filled.read_bytes() == before
    assert STEPS.name in {row[0] for row in sqlite3.connect(filled).execute("select name from sqlite_master")}
