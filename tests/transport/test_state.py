"""The shared state, above all in PostgreSQL. What both engines promise is tested with budgets and breakers too."""

import builtins
import multiprocessing
import os
import signal
import sys
import time

import psycopg
import pytest
from pydantic import ValidationError

from pipeline.errors import Damaged, MissingExtra
from pipeline.settings import Settings
from pipeline.transport.state import open_state, state_label
from pipeline.transport.state_postgres import PostgresState
from pipeline.transport.state_sqlite import SqliteState


def test_both_places_at_once_are_refused_and_named():
    """Requests are noted in one place."""
    with pytest.raises(ValidationError, match="budget_path and budget_url are both set"):
        Settings(budget_path="a", budget_url="postgresql://h/d")


@pytest.mark.parametrize("url", ["mysql://h/d", "h/d", ""])
def test_another_database_is_refused(url):
    """Only PostgreSQL has room for several machines."""
    with pytest.raises(ValidationError, match="budget_url is no PostgreSQL URL"):
        Settings(budget_url=url)


def test_without_the_extra_the_message_names_it(monkeypatch):
    """The driver is no part of the core."""
    real = builtins.__import__

    def without_driver(name, *more, **named):
        if name == "psycopg":
            raise ModuleNotFoundError(name)
        return real(name, *more, **named)

    monkeypatch.delitem(sys.modules, "pipeline.transport.state_postgres")
    monkeypatch.setattr(builtins, "__import__", without_driver)
    with pytest.raises(MissingExtra, match="postgres"):
        open_state(Settings(budget_url="postgresql://127.0.0.1:1/d"))


def test_the_password_is_told_to_nobody():
    """Neither where the budget is shown nor where it cannot be reached."""
    settings = Settings(budget_url="postgresql+psycopg://me:hush@127.0.0.1:1/d", egress="tokyo")
    assert "hush" not in state_label(settings)
    assert "tokyo" in state_label(settings)
    with pytest.raises(Damaged, match="cannot be used") as caught:
        open_state(settings)
    assert "hush" not in str(caught.value)


def test_all_go_by_the_servers_clock(server_place):
    """A machine whose own clock is an hour off notes the same instants."""
    with server_place.open().transaction("k") as db:
        assert db.now(lambda: 0.0) == pytest.approx(time.time(), abs=5)


def test_other_keys_do_not_wait(server_place):
    """A platform's requests queue, those of different platforms do not."""
    one, other = server_place.open(), server_place.open(timeout_s=0.05)
    with one.transaction("jikan"), other.transaction("kitsu"):
        pass


def test_what_fails_in_the_middle_is_not_noted(place):
    """All of a transaction, or nothing."""
    state = place.open()

    def fail():
        with state.transaction("k") as db:
            db.execute("insert into pauses values(?, ?)", ("k", 1.0))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with state.reading() as db:
        assert db.execute("select count(*) from pauses").fetchone() == (0,)


def test_a_lost_connection_is_made_again(server_place):
    """A server that was started anew costs a connection, not the run; what was noted stays."""
    state = server_place.open()
    with state.transaction("k") as db:
        db.execute("insert into pauses values(?, ?)", ("k", 1.0))
    cut = "select pg_terminate_backend(pid) from pg_stat_activity where application_name=%s"
    with psycopg.connect(server_place.address, autocommit=True) as connection:
        connection.execute(cut, ["request_budget"])
        with state.reading() as db:
            assert db.execute("select until from pauses").fetchall() == [(1.0,)]
        connection.execute(cut, ["request_budget"])
        with state.transaction("k") as db:
            assert db.execute("select until from pauses").fetchall() == [(1.0,)]


def test_a_newer_schema_is_told(server_place):
    """It is neither emptied nor used."""
    with server_place.open().transaction("k") as db:
        db.execute("insert into version values(9)")
    with pytest.raises(Damaged, match="version 9"):
        server_place.open()


def test_many_that_open_an_empty_place_at_once_make_it_once(server_place):
    """One makes the tables, the others find them."""
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.map(_versions, [server_place.address] * 4) == [1] * 4


def test_many_that_open_a_fresh_file_at_once_all_can(tmp_path):
    """SQLite itself does not wait while another switches a fresh file to a log: of four one failed in ten times."""
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        pool.starmap(_open_at, [(tmp_path / "awake", 0.0)] * 3, chunksize=1)
        for number in range(15):
            at = time.time() + 0.02
            pool.starmap(_open_at, [(tmp_path / str(number), at)] * 3, chunksize=1)


def _open_at(path, at):
    time.sleep(max(0.0, at - time.time()))
    SqliteState(path).close()


def _versions(url):
    with PostgresState(url).reading() as db:
        return db.execute("select count(*) from version").fetchone()[0]


def test_who_is_killed_while_it_holds_a_lock_holds_up_nobody(server_place):
    """Its connection ends with it, and what it had begun is undone."""
    server_place.open()
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    child = multiprocessing.get_context("spawn").Process(target=_hold, args=(server_place.address, theirs))
    child.start()
    ours.recv()
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    with server_place.open().transaction("k") as db:
        assert db.execute("select count(*) from pauses").fetchone() == (0,)


def _hold(url, pipe):
    with PostgresState(url).transaction("k") as db:
        db.execute("insert into pauses values(?, ?)", ("k", 1.0)).rowcount  # noqa: B018
        pipe.send("held")
        time.sleep(60)
