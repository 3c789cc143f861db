"""The ledger's database: SQLite in WAL mode, or PostgreSQL by URL, behind one small surface.

Promises: every write is one transaction that holds the write lock from its first statement, so a decision made inside
it (who claims a title, which id a title gets) cannot be made twice; a lock held by another process is waited for; a
damaged file is named, never emptied.
"""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError
from sqlalchemy.pool import ConnectionPoolEntry
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

from pipeline.errors import Damaged, InUse, Misconfigured, MissingExtra, one_line
from pipeline.ledger.migrations import migrate

__all__ = ["Database", "chunks"]

_LOCK_WAIT_S: Final = 60.0
"""How long another process's write is waited for; ours take milliseconds."""

_SWITCH_S: Final = 0.01

_CHUNK: Final = 500  # SQLite allows far more variables in a statement; PostgreSQL plans short lists better

_WRITE_LOCK: Final = 0x616E696D65  # PostgreSQL: an advisory lock makes writers queue, as SQLite's do by nature

_FULL: Final = frozenset({"SQLITE_FULL", "53100"})
_LOCKED: Final = frozenset({"SQLITE_BUSY", "SQLITE_LOCKED", "55P03"})
_DAMAGED: Final = frozenset({"SQLITE_CORRUPT", "SQLITE_NOTADB", "XX001", "XX002"})
_REFUSED: Final = ("28", "3D", "42501", "3F")
"""SQLSTATE of a wrong user, password, database, right or schema."""
_UNUSABLE: Final = ("SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "08", "53", "57", "58")
"""A device, a file or a server that does not do its work."""


class Database:
    """An opened, migrated ledger database."""

    def __init__(self, url: str, *, lock_wait_s: float = _LOCK_WAIT_S) -> None:
        self.url = url
        self._lock_wait_s = lock_wait_s
        self._writing = threading.Lock()  # SQLite looks for a free lock only now and then; our own threads take turns
        self._engine = _make_engine(url, lock_wait_s)
        self._upserts: dict[tuple[sa.Table, tuple[str, ...], tuple[str, str] | None], Any] = {}
        with self._mapped():
            migrate(self._engine)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading; sees one consistent state."""
        with self._mapped(), self._engine.connect() as connection:
            reader = connection.execution_options(**self._reading)
            with reader.begin():
                yield reader

    @contextmanager
    def look(self) -> Iterator[Connection]:
        """A connection for one statement that reads: it needs no transaction to see one state."""
        with self._mapped(), self._engine.connect() as connection:
            yield connection.execution_options(is_look=True)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that holds the write lock; committed when the block ends, undone when it raises."""
        with self._mapped(), self._writing, self._engine.connect() as connection:
            writer = connection.execution_options(is_write=True)
            with writer.begin():
                yield writer

    def upsert(self, table: sa.Table, *, keep: tuple[str, ...] = (), moved: tuple[str, str] | None = None) -> Any:
        """``INSERT`` that replaces every column of an existing row but its key and ``keep``.

        ``moved`` names a column of it and the one that gets what stood there before.
        """
        key = (table, keep, moved)
        if key not in self._upserts:  # making one takes longer than running it
            self._upserts[key] = self._new_upsert(table, keep, moved)
        return self._upserts[key]

    def _new_upsert(self, table: sa.Table, keep: tuple[str, ...], moved: tuple[str, str] | None) -> Any:
        insert = sqlite.insert if self._engine.dialect.name == "sqlite" else postgresql.insert
        statement: Any = insert(table)
        keys = [column.name for column in table.primary_key]
        changed = {
            column.name: statement.excluded[column.name]
            for column in table.columns
            if column.name not in keys and column.name not in keep
        }
        if moved is not None:
            changed[moved[1]] = table.c[moved[0]]
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

    @property
    def _reading(self) -> dict[str, Any]:
        return {} if self._engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        try:
            yield
        except DatabaseError as error:
            told = self._told(error)
            if told is None:
                raise
            raise told from error

    def _told(self, error: DatabaseError) -> Damaged | Misconfigured | None:
        """What a driver's error means here; ``None`` for one that is a fault of this program."""
        code, why = _code_of(error), one_line(str(error.orig))
        if code in _FULL or "no space left" in why.lower():
            return Damaged(
                f"no space left for the ledger at {self.label}: free some and start again; nothing done is lost"
            )
        if code in _DAMAGED or "decode to utf-8" in why.lower():
            return Damaged(
                f"the ledger at {self.label} is damaged ({why}). Nothing was changed. `anime-enrich doctor --recover` "
                "copies every row that can be read into a fresh ledger and keeps this file; PostgreSQL is restored "
                "from its backup"
            )
        if code in _LOCKED:
            return InUse(
                f"another process has held the ledger at {self.label} for over {self._lock_wait_s:g} s; "
                "see `anime-enrich status` for who works on it, and start again"
            )
        if code.startswith(_REFUSED):
            return Misconfigured(
                f"the ledger at {self.label} refuses us ({why}): check user, password and database in ledger_url"
            )
        if code.startswith(_UNUSABLE) or getattr(error, "connection_invalidated", False):
            return Damaged(
                f"the ledger at {self.label} cannot be used now ({why}); "
                "check the disk, the rights or the server, and start again; nothing done is lost"
            )
        return None


def chunks(items: Sequence[str]) -> Iterator[list[str]]:
    """The items in parts short enough to be one statement's ``IN`` list."""
    for start in range(0, len(items), _CHUNK):
        yield list(items[start : start + _CHUNK])


def _code_of(error: DatabaseError) -> str:
    """SQLite's primary name of the error, or PostgreSQL's SQLSTATE."""
    origin = error.orig
    if isinstance(origin, sqlite3.Error):
        name: str = getattr(origin, "sqlite_errorname", "")
        return "_".join(name.split("_")[:2])
    state: str | None = getattr(origin, "sqlstate", None)
    if state is not None:
        return state
    # libpq gives a failed connection no state; what the server said of it is in the text
    text = str(origin).lower()
    is_refused = any(word in text for word in ("authentication failed", "does not exist", "no password supplied"))
    is_connection = type(origin).__name__ in ("OperationalError", "ConnectionTimeout")
    return "28000" if is_refused else "08000" if is_connection else ""


def _make_engine(url: str, lock_wait_s: float) -> Engine:
    parsed = _parse_url(url)
    try:
        engine = sa.create_engine(parsed, pool_pre_ping=parsed.get_backend_name() != "sqlite")
    except NoSuchModuleError as error:
        raise Misconfigured(f"ledger_url: no driver {parsed.drivername!r}") from error
    except ModuleNotFoundError as error:
        raise MissingExtra("postgres", "a ledger on PostgreSQL") from error
    if engine.dialect.name == "sqlite":
        _tune_sqlite(engine, lock_wait_s)
    else:
        _tune_postgres(engine, lock_wait_s)
    return engine


def _parse_url(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise Misconfigured(f"ledger_url={url!r} is not a database URL (sqlite:///path or postgresql://…)") from error
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise Misconfigured(f"ledger_url: {parsed.get_backend_name()!r} is neither sqlite nor postgresql")
    if parsed.get_backend_name() == "sqlite":
        if parsed.database in (None, "", ":memory:"):
            raise Misconfigured(f"ledger_url={url!r} names no file: a ledger in memory would forget everything")
        folder = Path(parsed.database or "").parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Misconfigured(f"ledger_url={url!r}: cannot make {str(folder)!r} ({error.strerror})") from error
    return parsed


def _tune_sqlite(engine: Engine, lock_wait_s: float) -> None:
    def on_connect(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, see below
        # SQLite's own knows ASCII only: "É" would not be found as "é"
        connection.create_function("lower", 1, _lower, deterministic=True)
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={round(lock_wait_s * 1000)}")
        _keep_a_log(cursor, lock_wait_s)
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    def on_begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if not options.get("is_look", False):
            connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("is_write", False) else "BEGIN")

    sa.event.listen(engine, "connect", on_connect)
    sa.event.listen(engine, "begin", on_begin)


def _keep_a_log(cursor: sqlite3.Cursor, lock_wait_s: float) -> None:
    """Switch to WAL. SQLite does not wait where another process switches a fresh file at the same instant."""
    is_locked = retry_if_exception(lambda error: isinstance(error, sqlite3.OperationalError) and "locked" in str(error))
    switch = Retrying(retry=is_locked, wait=wait_fixed(_SWITCH_S), stop=stop_after_delay(lock_wait_s), reraise=True)
    switch(cursor.execute, "PRAGMA journal_mode=WAL")


def _lower(text: str | None) -> str | None:
    return None if text is None else text.lower()


def _tune_postgres(engine: Engine, lock_wait_s: float) -> None:
    def on_begin(connection: Connection) -> None:
        if connection.get_execution_options().get("is_write", False):
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {round(lock_wait_s * 1000)}")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITE_LOCK})")

    sa.event.listen(engine, "begin", on_begin)
