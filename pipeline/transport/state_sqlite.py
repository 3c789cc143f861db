"""The shared state as a SQLite file, for all processes of one machine; they share its clock too."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import platformdirs
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

from pipeline.errors import Damaged, InUse
from pipeline.settings import Settings

__all__ = ["SqliteState", "state_path"]

_FIRST: Final = """
create table grants(key text not null, at real not null);
create index grants_by_key on grants(key, at);
create table pauses(key text primary key, until real not null);
create table told_limits(key text primary key, requests integer not null);
create table breakers(key text primary key, until real not null, reason text not null);
"""
_ANSWERED: Final = """
create table counted(key text not null, number integer not null, at real not null, primary key(key, number))
    without rowid;
create table under_way(
    id integer primary key autoincrement, key text not null, weight integer not null, sent_at real not null,
    lapses_at real not null, holder text not null
);
create index under_way_by_key on under_way(key);
create table paces(key text primary key, left_at real not null, next_at real not null);
insert into counted select key, row_number() over (partition by key order by at), at from grants;
drop table grants;
"""
_MIGRATIONS: Final = (_FIRST, _ANSWERED)
"""Append only; a file's version is how many it has seen."""
_VERSION: Final = len(_MIGRATIONS)
_SWITCH_S: Final = 0.01


def state_path(settings: Settings) -> Path:
    """Where the file is: ``budget_path``, or the user's state folder."""
    return settings.budget_path or platformdirs.user_state_path("anime-enrich") / "requests.sqlite3"


@dataclass(frozen=True, slots=True)
class _Notes:
    db: sqlite3.Connection

    def execute(self, sql: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
        return self.db.execute(sql, values)

    def executemany(self, sql: str, values: Iterable[Sequence[object]]) -> sqlite3.Cursor:
        return self.db.executemany(sql, values)

    def now(self, clock: Callable[[], float]) -> float:
        return clock()


class SqliteState:
    """An open state file. Not for use by several threads at once."""

    def __init__(self, path: Path, *, timeout_s: float = 10.0) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._db = sqlite3.connect(path, isolation_level=None, timeout=timeout_s)
            self._prepare(timeout_s)
        except sqlite3.Error as error:
            raise _mapped(error, path) from error

    def _prepare(self, timeout_s: float) -> None:
        # SQLite does not wait where another process switches a fresh file at the same instant
        is_locked, after = retry_if_exception(_is_locked), stop_after_delay(timeout_s)
        switch = Retrying(retry=is_locked, wait=wait_fixed(_SWITCH_S), stop=after, reraise=True)
        switch(self._db.execute, "pragma journal_mode=wal")
        self._db.execute("pragma synchronous=normal")
        if self._version() == _VERSION:
            return
        self._db.execute("begin immediate")
        try:
            self._migrate()
            self._db.execute("commit")
        except BaseException:
            self._db.close()  # which rolls back
            raise

    def _migrate(self) -> None:
        version = self._version()  # of several processes that open an old file one migrates, the others find it done
        if not 0 <= version <= _VERSION:
            raise Damaged(f"{str(self.path)!r} has version {version}, this program knows {_VERSION}: use a newer one")
        for migration in _MIGRATIONS[version:]:
            for statement in migration.split(";"):
                self._db.execute(statement)
        self._db.execute(f"pragma user_version={_VERSION}")

    def _version(self) -> int:
        with closing(self._db.execute("pragma user_version")) as cursor:
            return int(cursor.fetchone()[0])

    @contextmanager
    def transaction(self, key: str) -> Iterator[_Notes]:  # noqa: ARG002  # a file has one lock for all keys
        """One immediate transaction: nobody else writes meanwhile. Raises ``Damaged`` or ``InUse``."""
        try:
            self._db.execute("begin immediate")
            try:
                yield _Notes(self._db)
            except BaseException:
                self._db.execute("rollback")
                raise
            self._db.execute("commit")
        except sqlite3.Error as error:
            raise _mapped(error, self.path) from error

    @contextmanager
    def reading(self) -> Iterator[_Notes]:
        """For one question. Raises like :meth:`transaction`."""
        try:
            yield _Notes(self._db)
        except sqlite3.Error as error:
            raise _mapped(error, self.path) from error

    def close(self) -> None:
        """Close the file; everything noted stays."""
        self._db.close()


def _is_locked(error: BaseException) -> bool:
    return isinstance(error, sqlite3.OperationalError) and "locked" in str(error)


def _mapped(error: sqlite3.Error, path: Path) -> Damaged:
    if _is_locked(error):
        return InUse(f"{str(path)!r} is held by another process: {error}; end that process or wait")
    return Damaged(f"{str(path)!r} cannot be used: {error}; set budget_path to a file that can be written")
