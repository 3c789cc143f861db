"""The shared state in PostgreSQL, for the processes of several machines behind one egress address.

Everything goes by the database's clock, so that the machines' own clocks may differ. Whoever asks about a key holds
its advisory lock until the end of the transaction: a platform's requests queue, those of different platforms do not. A
process that dies, or a machine that vanishes, loses the lock with its connection, after ten seconds at most.
"""

import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, LiteralString, TypeAlias

import psycopg
from psycopg.errors import LockNotAvailable
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from pipeline.errors import Damaged, InUse, Misconfigured, one_line

__all__ = ["PostgresState"]

_FIRST: Final = """
create table counted(
    key text not null, number bigint not null, at double precision not null, primary key(key, number)
);
create table under_way(
    id bigint generated always as identity primary key, key text not null, weight integer not null,
    sent_at double precision not null, lapses_at double precision not null, holder text not null
);
create index under_way_by_key on under_way(key);
create table paces(key text primary key, left_at double precision not null, next_at double precision not null);
create table pauses(key text primary key, until double precision not null);
create table told_limits(key text primary key, requests integer not null);
create table breakers(key text primary key, until double precision not null, reason text not null)
"""
_MIGRATIONS: Final = (_FIRST,)
"""Append only; the schema's version is how many it has seen."""
_VERSION: Final = len(_MIGRATIONS)
_SCHEMA: Final = "request_budget"
"""A schema of our own, so that the ledger may lie in the same database."""
_LOCKS: Final = 0x62756467
"""Our class of advisory locks; those of the ledger have none and cannot meet ours."""

_NOW: Final = "select extract(epoch from clock_timestamp())::double precision"

_Db: TypeAlias = "psycopg.Connection[tuple[Any, ...]]"


class PostgresState:
    """An open state schema. Not for use by several threads at once.

    A question takes some round trips to the server (four or five), so it should stand near. ``clock`` replaces the
    server's, where time is not the real one.
    """

    def __init__(self, url: str, *, timeout_s: float = 10.0, clock: Callable[[], float] | None = None) -> None:
        try:
            parsed = make_url(url).set(drivername="postgresql")
        except (ArgumentError, ValueError) as error:
            raise Misconfigured("budget_url is no PostgreSQL URL (postgresql://user@host/database)") from error
        self._url, self.label = parsed.render_as_string(hide_password=False), parsed.render_as_string()
        self._timeout_s, self._clock = timeout_s, clock
        with self._mapped():
            self._db = self._connect()
            self._prepare()

    def _connect(self) -> _Db:
        limit_ms = round(self._timeout_s * 1000)
        db = psycopg.connect(self._url, autocommit=True, connect_timeout=10, application_name=_SCHEMA)
        db.execute(f"set search_path to {_SCHEMA}")
        db.execute(f"set lock_timeout to {limit_ms}")
        db.execute(f"set idle_in_transaction_session_timeout to {limit_ms}")
        return db

    def _prepare(self) -> None:
        with self._begun(_SCHEMA) as notes:
            notes.execute(f"create schema if not exists {_SCHEMA}")
            notes.execute("create table if not exists version(number integer not null)")
            [[version]] = notes.execute("select coalesce(max(number), 0) from version").fetchall()
            if version > _VERSION:
                raise Damaged(
                    f"the request budget at {self.label} has version {version}, this program knows {_VERSION}: "
                    "use a newer one"
                )
            for number, migration in enumerate(_MIGRATIONS[version:], version + 1):
                for statement in migration.split(";"):
                    notes.execute(statement)
                notes.execute("insert into version values(?)", (number,))

    @contextmanager
    def transaction(self, key: str) -> Iterator["_Notes"]:
        """One transaction that holds the lock of ``key``. Raises ``Damaged`` or ``InUse``."""
        with self._mapped(), ExitStack() as stack:
            yield self._entered(stack, key)

    @contextmanager
    def reading(self) -> Iterator["_Notes"]:
        """For one question. Raises like :meth:`transaction`."""
        with self._mapped():
            yield _Notes(self._asked, self._db, self._clock)

    def _asked(self, sql: LiteralString, values: Sequence[object]) -> "psycopg.Cursor[tuple[Any, ...]]":
        """Ask outside a transaction; once more on a new connection, as there."""
        try:
            return self._db.execute(sql, values)
        except psycopg.OperationalError:
            if not self._db.closed:
                raise
        self._db = self._connect()
        return self._db.execute(sql, values)

    def _entered(self, stack: ExitStack, key: str) -> "_Notes":
        """Begin; once more on a new connection when the old one is found broken, for nothing was noted yet."""
        try:
            return stack.enter_context(self._begun(key))
        except psycopg.OperationalError:
            if not self._db.closed:
                raise
        self._db = self._connect()
        return stack.enter_context(self._begun(key))

    @contextmanager
    def _begun(self, key: str) -> Iterator["_Notes"]:
        """A transaction, with the lock of a key; what is not waited for leaves together with what is asked next."""
        with self._db.pipeline(), self._db.transaction():
            self._db.execute("select pg_advisory_xact_lock(%s, %s)", (_LOCKS, zlib.crc32(key.encode()) - 2**31))
            now = _Notes(self._db.execute, self._db, self._clock).now()
            yield _Notes(self._db.execute, self._db, lambda: now)

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        try:
            yield
        except LockNotAvailable as error:
            raise InUse(
                f"another process held the request budget at {self.label} for over {self._timeout_s:g} s: start again"
            ) from error
        except psycopg.Error as error:
            raise Damaged(
                f"the request budget at {self.label} cannot be used ({one_line(str(error))}): check the server and "
                "budget_url and start again; nothing done is lost"
            ) from error

    def close(self) -> None:
        """Give the connection back; everything noted stays."""
        self._db.close()


@dataclass(frozen=True, slots=True)
class _Notes:
    ask: Callable[[LiteralString, Sequence[object]], "psycopg.Cursor[tuple[Any, ...]]"]
    db: _Db
    clock: Callable[[], float] | None

    def execute(self, sql: str, values: Sequence[object] = ()) -> "psycopg.Cursor[tuple[Any, ...]]":
        return self.ask(_postgres(sql), values)

    def executemany(self, sql: str, values: Iterable[Sequence[object]]) -> None:
        self.db.cursor().executemany(_postgres(sql), values)

    def now(self, _own: Callable[[], float] = time.time) -> float:
        if self.clock is not None:
            return self.clock()
        [[now]] = self.ask(_NOW, ()).fetchall()
        return float(now)


@lru_cache(maxsize=64)
def _postgres(sql: str) -> LiteralString:
    """With the driver's mark for a value. All our SQL is written in this room; none of it is anybody's input."""
    return sql.replace("?", "%s")
