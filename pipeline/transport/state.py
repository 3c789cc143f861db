"""The place in which all processes behind one egress address note their requests, pauses and open breakers.

One port, two engines: a SQLite file for the processes of one machine, PostgreSQL by URL for those of several. Both
promise: one short transaction per question, so a killed process leaves nothing half-noted, and of two that ask about
the same key at once the second sees what the first noted; a place of another version or a damaged one is told, never
emptied.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from sqlalchemy.engine import make_url

from pipeline.errors import MissingExtra
from pipeline.settings import Settings
from pipeline.transport.state_sqlite import SqliteState, state_path

__all__ = ["Notes", "Rows", "SharedState", "open_state", "state_label"]


class Rows(Protocol):
    """What a question found."""

    def fetchone(self) -> Any:
        """The next row, or ``None``."""
        ...

    def fetchall(self) -> list[Any]:
        """The rest of the rows."""
        ...


class Notes(Protocol):
    """What is noted, while one looks at it. SQL is what both engines understand, with ``?`` for a value."""

    def execute(self, sql: str, values: Sequence[object] = ()) -> Rows:
        """Ask or note something."""
        ...

    def executemany(self, sql: str, values: Iterable[Sequence[object]]) -> object:
        """Note several things."""
        ...

    def now(self, clock: Callable[[], float]) -> float:
        """Unix seconds on the clock that all who share this place go by; on one machine that is ``clock``."""
        ...


class SharedState(Protocol):
    """An open place. Not for use by several threads at once."""

    def transaction(self, key: str) -> AbstractContextManager[Notes]:
        """One transaction about ``key``: nobody else writes about it meanwhile. Raises ``Damaged`` or ``InUse``."""
        ...

    def reading(self) -> AbstractContextManager[Notes]:
        """For one question that nothing is decided by alone. Raises like :meth:`transaction`."""
        ...

    def close(self) -> None:
        """Let go of the place; everything noted stays."""
        ...


def open_state(settings: Settings) -> SharedState:
    """Open PostgreSQL at ``budget_url``, else the SQLite file. Raises ``Damaged``, ``InUse``, ``MissingExtra``."""
    if settings.budget_url is None:
        return SqliteState(state_path(settings))
    try:
        from pipeline.transport.state_postgres import PostgresState  # noqa: PLC0415  # needs the extra
    except ModuleNotFoundError as error:
        raise MissingExtra("postgres", "a request budget on PostgreSQL (budget_url)") from error
    return PostgresState(settings.budget_url)


def state_label(settings: Settings) -> str:
    """Where the place is, without a password, and for whom; for messages."""
    url = settings.budget_url
    where = str(state_path(settings)) if url is None else make_url(url).render_as_string(hide_password=True)
    return where if settings.egress is None else f"{where}, for what leaves by {settings.egress!r}"
