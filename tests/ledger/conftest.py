"""Both engines, for real: SQLite files in a temporary folder and the PostgreSQL server of this test session."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipeline.ledger import Ledger


@dataclass
class Clock:
    """A clock that tests move."""

    time: float = 1_000_000.0
    tick: float = field(default=0.0)

    def __call__(self) -> float:
        self.time += self.tick
        return self.time

    def wait(self, seconds: float) -> None:
        self.time += seconds


@dataclass(frozen=True)
class Engine:
    """One engine; ``fresh`` gives the address of an empty ledger."""

    name: str
    fresh: Callable[[], str]


def _emptied(address: str) -> str:
    """The one database, made empty: a new one each time would be three hundred files more."""
    engine = sa.create_engine(f"{address}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(
            "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()"
        )
        connection.exec_driver_sql("drop schema public cascade")
        connection.exec_driver_sql("create schema public")
    engine.dispose()
    return f"{address}/postgres".replace("+psycopg", "")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    """Each engine in turn."""
    if request.param == "sqlite":
        return Engine("sqlite", lambda: f"sqlite:///{tmp_path / uuid.uuid4().hex}.sqlite3")
    address = request.getfixturevalue("postgres")
    return Engine("postgresql", lambda: _emptied(address))


@pytest.fixture
def open_ledger(tmp_path: Path, clock: Clock) -> Iterator[Callable[[str], Ledger]]:
    """Opens ledgers by address, all on the same blobs; closes them at the end."""
    opened: list[Ledger] = []

    def open_(url: str) -> Ledger:
        opened.append(Ledger(url, str(tmp_path / "blobs"), now=clock))
        return opened[-1]

    yield open_
    for ledger in opened:
        ledger.database.close()


@pytest.fixture
def ledger(engine: Engine, open_ledger: Callable[[str], Ledger]) -> Ledger:
    """A fresh ledger on each engine in turn."""
    return open_ledger(engine.fresh())
