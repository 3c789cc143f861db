"""The ledger's database: SQLite in WAL mode, or PostgreSQL by URL, behind one small surface.

Promises: every write is one transaction that holds the write lock from its first statement, so a decision made inside
it (who claims a title, which id a title gets) cannot be made twice; a lock held by another process is waited for; a
damaged file is named, never emptied.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from pipeline.errors import Damaged, Misconfigured, MissingExtra, one_line
from pipeline.ledger.migrations import migrate

__all__ = ["Database"]

_LOCK_WAIT_S = 60
_DAMAGE = ("malformed", "not a database", "file is encrypted")
_FULL = ("disk is full", "no space left")
_UNUSABLE = ("disk i/o error", "unable to open", "readonly database", "connection refused", "could not translate")


class Database:
    """An opened, migrated ledger database."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._engine = _make_engine(url)
        with self._mapped():
            migrate(self._engine)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading; sees one consistent state."""
        with self._mapped(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that holds the write lock; committed when the block ends, undone when it raises."""
        with self._mapped(), self._engine.connect() as connection:
            writer = connection.execution_options(is_write=True)
            with writer.begin():
                yield writer

    def upsert(self, table: sa.Table, *, keep: tuple[str, ...] = ()) -> Any:
        """``INSERT`` that replaces every column of an existing row but its key and ``keep``."""
        insert = sqlite.insert if self._engine.dialect.name == "sqlite" else postgresql.insert
        statement: Any = insert(table)
        keys = [column.name for column in table.primary_key]
        changed = {
            column.name: statement.excluded[column.name]
            for column in table.columns
            if column.name not in keys and column.name not in keep
        }
        return statement.on_conflict_do_update(index_elements=keys, set_=changed)

    def insert_missing(self, table: sa.Table) -> Any:
        """``INSERT`` that leaves an existing row as it is."""
        insert = sqlite.insert if self._engine.dialect.name == "sqlite" else postgresql.insert
        return insert(table).on_conflict_do_nothing()

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    @property
    def label(self) -> str:
        """The address without its password, for messages."""
        return make_url(self.url).render_as_string(hide_password=True)

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        try:
            yield
        except DatabaseError as error:
            text = str(error.orig).lower()
            if any(word in text for word in _FULL):
                raise Damaged(
                    f"no space left for the ledger at {self.label}: free some and start again; nothing done is lost"
                ) from error
            if any(word in text for word in _DAMAGE):
                raise Damaged(
                    f"the ledger at {self.label} is damaged ({error.orig}). Nothing was changed. "
                    "`anime-enrich doctor --recover` copies every readable row into a fresh ledger and keeps this file"
                ) from error
            if any(word in text for word in _UNUSABLE):
                raise Damaged(
                    f"the ledger at {self.label} cannot be used now ({one_line(str(error.orig))}); "
                    "check the disk, the rights or the server, and start again; nothing done is lost"
                ) from error
            if isinstance(error, OperationalError) and "locked" in text:
                raise Damaged(
                    f"another process has held the ledger at {self.label} for over {_LOCK_WAIT_S} s; "
                    "see `anime-enrich status` for who works on it, and start again"
                ) from error
            raise


def _make_engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise Misconfigured(f"ledger_url={url!r} is not a database URL (sqlite:///path or postgresql://…)") from error
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise Misconfigured(f"ledger_url: {parsed.get_backend_name()!r} is neither sqlite nor postgresql")
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    try:
        engine = sa.create_engine(parsed, pool_pre_ping=parsed.get_backend_name() != "sqlite")
    except NoSuchModuleError as error:
        raise Misconfigured(f"ledger_url: no driver {parsed.drivername!r}") from error
    except ModuleNotFoundError as error:
        raise MissingExtra("postgres", "a ledger on PostgreSQL") from error
    if engine.dialect.name == "sqlite":
        _tune_sqlite(engine)
    return engine


def _tune_sqlite(engine: Engine) -> None:
    def on_connect(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, see below
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={_LOCK_WAIT_S * 1000}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    def on_begin(connection: Connection) -> None:
        is_write = connection.get_execution_options().get("is_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if is_write else "BEGIN")

    sa.event.listen(engine, "connect", on_connect)
    sa.event.listen(engine, "begin", on_begin)
