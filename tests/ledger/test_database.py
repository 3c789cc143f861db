"""The database: opening, migrating, waiting, and saying what is wrong."""

import multiprocessing
import os
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipeline.errors import Damaged, InUse, Misconfigured
from pipeline.ledger import Ledger, migrations
from pipeline.ledger.database import Database
from pipeline.ledger.tables import METADATA, RUNS, TITLES
from tests.ledger.conftest import Clock, Engine
from tests.ledger.releases import release
from tests.ledger.test_titles import sync

RUN = {"run_id": "a", "command": "run", "started_at": 1.0, "finished_at": None, "summary": "{}"}


def _native(url: str) -> sa.Engine:
    return sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))


def _add_run(database: Database, run_id: str, summary: str = "{}") -> None:
    with database.write() as c:
        c.execute(database.upsert(RUNS), RUN | {"run_id": run_id, "summary": summary})


def _runs(database: Database) -> list[str]:
    with database.read() as c:
        return sorted(c.execute(sa.select(RUNS.c.run_id)).scalars())


# What a transaction is


def test_the_tables_are_those_of_the_migrations(engine: Engine) -> None:
    """Every table and column the code names is there, and no other; what may be null may be null."""
    url = engine.fresh()
    Database(url).close()
    inspector = sa.inspect(_native(url))
    assert set(inspector.get_table_names()) == {*METADATA.tables, "ledger_version"}
    for table in METADATA.tables.values():
        there = {column["name"]: column for column in inspector.get_columns(table.name)}
        assert set(there) == {column.name for column in table.columns}
        keys = inspector.get_pk_constraint(table.name)["constrained_columns"]
        assert keys == [column.name for column in table.primary_key]
        for column in table.columns:
            assert there[column.name]["nullable"] or not column.nullable, (table.name, column.name)


def test_a_write_that_raises_is_undone(engine: Engine) -> None:
    """And the next one goes through."""
    database = Database(engine.fresh())

    def fail_after_writing() -> None:
        with database.write() as c:
            c.execute(database.upsert(RUNS), RUN)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_writing()
    assert _runs(database) == []
    _add_run(database, "b")
    assert _runs(database) == ["b"]
    database.close()


def test_upsert_keeps_what_it_is_told_and_insert_leaves_what_is_there(engine: Engine) -> None:
    """Every other column is replaced."""
    database = Database(engine.fresh())
    _add_run(database, "a")
    with database.write() as c:
        c.execute(database.upsert(RUNS, keep=("started_at",)), RUN | {"started_at": 5.0, "command": "again"})
        c.execute(database.insert_missing(RUNS), [RUN | {"command": "never"}, RUN | {"run_id": "b"}])
    with database.read() as c:
        found = c.execute(sa.select(RUNS.c.run_id, RUNS.c.command, RUNS.c.started_at).order_by(RUNS.c.run_id)).all()
    assert [tuple(row) for row in found] == [("a", "again", 1.0), ("b", "run", 1.0)]
    database.close()


def test_a_reader_sees_one_state(engine: Engine) -> None:
    """What is written while it reads comes to light with the next read, and it makes no writer wait."""
    database = Database(engine.fresh(), lock_wait_s=0.5)
    with database.read() as c:
        query = sa.select(sa.func.count()).select_from(RUNS)
        assert c.execute(query).scalar() == 0
        thread = threading.Thread(target=_add_run, args=(database, "b"))
        thread.start()
        thread.join()
        assert c.execute(query).scalar() == 0
    assert _runs(database) == ["b"]
    database.close()


def test_writers_queue_from_their_first_statement(engine: Engine) -> None:
    """A decision read inside a write is still true when it is written: forty increments by four threads."""
    database = Database(engine.fresh())
    _add_run(database, "a", "0")

    def increment() -> None:
        for _ in range(10):
            with database.write() as c:
                count = int(c.execute(sa.select(RUNS.c.summary)).scalar_one())
                time.sleep(0.001)
                c.execute(sa.update(RUNS).values(summary=str(count + 1)))

    threads = [threading.Thread(target=increment) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as c:
        assert c.execute(sa.select(RUNS.c.summary)).scalar_one() == "40"
    database.close()


# Somebody else


def test_a_lock_is_waited_for(engine: Engine) -> None:
    """A writer that takes half a second only makes the next one later."""
    url = engine.fresh()
    first, second = Database(url), Database(url, lock_wait_s=20)
    with first.write() as c:
        c.execute(first.upsert(RUNS), RUN)
        thread = threading.Thread(target=_add_run, args=(second, "b"))
        thread.start()
        time.sleep(0.5)
        assert thread.is_alive()
    thread.join()
    assert _runs(second) == ["a", "b"]
    first.close()
    second.close()


def _hold_lock(url: str, ready: "multiprocessing.connection.Connection") -> None:
    with Database(url).write():
        ready.send("locked")
        time.sleep(600)


def test_a_lock_held_for_too_long_is_somebodys(engine: Engine) -> None:
    """The sentence says how long and where to look; when that process is killed, work goes on."""
    url = engine.fresh()
    database = Database(url, lock_wait_s=0.3)
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    child = context.Process(target=_hold_lock, args=(url, there))
    child.start()
    try:
        assert here.poll(30)
        with pytest.raises(InUse, match=r"another process has held .* over 0.3 s; see `anime-enrich status`"):
            _add_run(database, "a")
    finally:
        child.kill()
        child.join()
    _add_run(Database(url, lock_wait_s=20), "a")
    assert _runs(database) == ["a"]
    database.close()


def _open_at(url: str, at: float) -> int:
    while time.time() < at:
        pass
    database = Database(url)
    with database.read() as c:
        return len(c.execute(sa.text("select version from ledger_version")).all())


def test_processes_that_open_a_fresh_ledger_at_once_migrate_it_once(engine: Engine) -> None:
    """All three succeed, on fifteen ledgers in a row."""
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        pool.starmap(_open_at, [(engine.fresh(), 0.0)] * 3, chunksize=1)  # all awake
        for _ in range(15):
            url, at = engine.fresh(), time.time() + 0.02
            counts = pool.starmap(_open_at, [(url, at)] * 3, chunksize=1)
            assert counts == [len(migrations.MIGRATIONS)] * 3


# Versions


def test_a_ledger_of_the_first_version_opens_with_what_it_has(
    engine: Engine, open_ledger: Callable[[str], Ledger]
) -> None:
    """Its ids count as listed until the next release says otherwise."""
    url = engine.fresh()
    if engine.name == "sqlite":
        Path(url.removeprefix("sqlite:///")).parent.mkdir(exist_ok=True)
    with _native(url).begin() as connection:
        migrations._apply(connection, 1)
        connection.execute(sa.text("insert into ids (site, id, title_id) values ('mal', '1', 't')"))
        known = [column for column in TITLES.columns if not column.nullable]
        values = {
            c.name: b"{}" if c.name == "row" else 0 if c.name in ("position", "first_seen") else "t" for c in known
        }
        connection.execute(sa.insert(TITLES).values(values | {"state": "active"}))
    ledger = open_ledger(url)
    (title,) = ledger.titles.load(["t"])
    assert {site.value: ids for site, ids in title.ids.items()} == {"mal": ("1",)}
    sync(ledger, release(["mal:1"]))


def test_a_newer_ledger_is_refused_and_left_alone(engine: Engine) -> None:
    """The sentence names both versions and what to install."""
    url = engine.fresh()
    Database(url).close()
    with _native(url).begin() as c:
        c.execute(sa.text("insert into ledger_version (version) values (99)"))
    with pytest.raises(Misconfigured, match=rf"version 99, this program knows {migrations.LATEST}: install the newer"):
        Database(url)
    with _native(url).begin() as c:
        assert c.execute(sa.text("select max(version) from ledger_version")).scalar() == 99


def test_a_migration_that_fails_leaves_the_version_before(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables and number change together or not at all, on both engines."""
    url = engine.fresh()
    Database(url).close()
    monkeypatch.setitem(migrations.MIGRATIONS, migrations.LATEST + 1, ("create table extra (x integer)", "no sql"))
    monkeypatch.setattr(migrations, "LATEST", migrations.LATEST + 1)
    with pytest.raises(sa.exc.DatabaseError):
        Database(url)
    assert "extra" not in sa.inspect(_native(url)).get_table_names()
    monkeypatch.undo()
    Database(url).close()


# What is wrong with the file


@pytest.fixture
def filled(tmp_path: Path, clock: Clock) -> Path:
    """A ledger with a few hundred titles, closed, in one file."""
    path = tmp_path / "ledger.sqlite3"
    ledger = Ledger(f"sqlite:///{path}", str(tmp_path / "blobs"), now=clock)
    sync(ledger, release(*([f"mal:{n}", f"kitsu:{n}"] for n in range(400))))
    ledger.close()
    return path


def _use(path: Path) -> None:
    """Open and read everything."""
    database = Database(f"sqlite:///{path}")
    with database.read() as c:
        for table in METADATA.tables.values():
            c.execute(sa.select(table)).all()


@pytest.mark.parametrize("keep", [0.9, 0.5, 0.1])
def test_a_cut_file_is_named_and_left_as_it_is(filled: Path, keep: float) -> None:
    """The sentence says what saves it."""
    whole = filled.read_bytes()
    filled.write_bytes(whole[: int(len(whole) * keep)])
    with pytest.raises(Damaged, match=r"is damaged .*Nothing was changed.*doctor --recover"):
        _use(filled)
    assert filled.read_bytes() == whole[: int(len(whole) * keep)]


def test_a_file_cut_inside_its_header_is_named(filled: Path) -> None:
    """A few bytes of it are no database."""
    filled.write_bytes(filled.read_bytes()[:60])
    with pytest.raises(Damaged, match=r"is damaged .*doctor --recover"):
        _use(filled)


def test_an_overwritten_page_is_named_where_it_is_read(filled: Path) -> None:
    """A page of noise among the titles."""
    content = bytearray(filled.read_bytes())
    page = content.index(b"https://mal.example/anime/200") // 4096 * 4096
    content[page : page + 4096] = os.urandom(4096)
    filled.write_bytes(content)
    with pytest.raises(Damaged, match="is damaged"):
        _use(filled)


def test_something_else_is_no_ledger(tmp_path: Path) -> None:
    """A text file keeps its text."""
    path = tmp_path / "ledger.sqlite3"
    path.write_text("Dear diary, " * 1000)
    with pytest.raises(Damaged, match=r"is damaged \(file is not a database\)"):
        Database(f"sqlite:///{path}")
    assert path.read_text().startswith("Dear diary")


def test_a_full_disk_is_named_and_loses_nothing(filled: Path) -> None:
    """The write that did not fit is undone, reading works, and with space it goes through."""
    database = Database(f"sqlite:///{filled}")

    def limit(connection: sqlite3.Connection, _entry: object) -> None:
        pages = connection.execute("pragma page_count").fetchone()[0]
        connection.execute(f"pragma max_page_count={pages + 2}")

    database.close()
    sa.event.listen(database._engine, "connect", limit)
    with pytest.raises(Damaged, match=r"no space left .*: free some and start again; nothing done is lost"):
        _add_run(database, "big", "x" * 100_000)
    assert _runs(database) == []
    sa.event.remove(database._engine, "connect", limit)
    database.close()
    _add_run(database, "big", "x" * 100_000)
    assert _runs(database) == ["big"]
    database.close()


@pytest.fixture
def full_device(tmp_path: Path) -> Iterator[Path]:
    """A device of 512 KiB."""
    folder = tmp_path / "device"
    folder.mkdir()
    if (
        os.geteuid() != 0
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "none", folder], check=False).returncode
    ):
        pytest.skip("a small device can only be mounted by root")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_device_is_named_and_loses_nothing(full_device: Path) -> None:
    """A real one: what was committed before is there."""
    database = Database(f"sqlite:///{full_device / 'l.db'}")
    _add_run(database, "small")

    def fill() -> None:
        for n in range(20):
            _add_run(database, f"big {n}", "x" * 50_000)

    with pytest.raises(Damaged, match=r"start again; nothing done is lost"):
        fill()
    assert "small" in _runs(database)
    database.close()
    again = Database(f"sqlite:///{full_device / 'l.db'}")
    assert "small" in _runs(again)
    again.close()


def test_a_folder_in_the_way_is_named(tmp_path: Path) -> None:
    """Of the file or of its folder."""
    (tmp_path / "ledger").mkdir()
    with pytest.raises(Damaged, match=r"cannot be used now .*check the disk, the rights"):
        Database(f"sqlite:///{tmp_path / 'ledger'}")
    (tmp_path / "file").write_text("")
    with pytest.raises(Misconfigured, match="cannot make"):
        Database(f"sqlite:///{tmp_path / 'file' / 'ledger.db'}")


def test_missing_folders_are_made(tmp_path: Path) -> None:
    """All of them."""
    Database(f"sqlite:///{tmp_path / 'a' / 'b' / 'ledger.db'}").close()
    assert (tmp_path / "a" / "b" / "ledger.db").is_file()


# Addresses


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("ledger.sqlite3", "is not a database URL"),
        ("", "is not a database URL"),
        ("mysql://x/y", "'mysql' is neither sqlite nor postgresql"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("postgresql+nosuch://x/y", "no driver 'postgresql\\+nosuch'"),
        ("postgresql://user@127.0.0.1:port/y", "is not a database URL"),
    ],
)
def test_a_wrong_address_is_a_wrong_setting(url: str, told: str) -> None:
    """It is quoted."""
    with pytest.raises(Misconfigured, match=told):
        Database(url)


def test_a_server_that_is_not_there_is_named_without_its_password() -> None:
    """Nobody listens on that port."""
    with pytest.raises(Damaged, match="cannot be used now") as caught:
        Database("postgresql://user:secret@127.0.0.1:1/ledger")
    assert "secret" not in str(caught.value)
    assert "***" in str(caught.value)


def test_a_database_or_user_that_is_not_there_is_a_wrong_setting(postgres: str) -> None:
    """The server says which."""
    address = postgres.replace("+psycopg", "")
    with pytest.raises(Misconfigured, match=r'"nosuch" does not exist.*in ledger_url'):
        Database(f"{address}/nosuch")
    with pytest.raises(Misconfigured, match=r'"stranger" does not exist'):
        Database(f"{address.replace('tester@', 'stranger@')}/postgres")


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_a_connection_that_breaks_is_named_and_the_next_one_works(postgres: str, engine: Engine) -> None:
    """The server ends our session in the middle of a write."""
    database = Database(engine.fresh())
    admin = sa.create_engine(f"{postgres}/postgres", isolation_level="AUTOCOMMIT")

    def write_while_it_breaks() -> None:
        with database.write() as c:
            pid = c.execute(sa.text("select pg_backend_pid()")).scalar()
            with admin.connect() as other:
                other.execute(sa.text("select pg_terminate_backend(:pid)"), {"pid": pid})
            c.execute(sa.select(RUNS))

    with pytest.raises(Damaged, match="cannot be used now"):
        write_while_it_breaks()
    _add_run(database, "a")
    assert _runs(database) == ["a"]
    database.close()


def test_a_fault_of_ours_stays_what_it_is(engine: Engine) -> None:
    """A broken rule of the tables is not dressed up as a damaged file."""
    database = Database(engine.fresh())
    with pytest.raises(sa.exc.IntegrityError), database.write() as c:
        c.execute(database.upsert(RUNS), RUN | {"command": None})
    with pytest.raises(sa.exc.DatabaseError), database.read() as c:
        c.execute(sa.text("select nothing from nowhere"))
    database.close()
