"""Both engines, for real: SQLite files in a temporary folder and a PostgreSQL server of our own."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
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


def _binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[4]))
    return found[-1].parent if found else None


def _account() -> str | None:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        pytest.skip("PostgreSQL refuses to run as root and there is no account 'postgres'")


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def _until_ready(address: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    engine = sa.create_engine(address)
    deadline = time.monotonic() + 20
    while True:
        try:
            engine.connect().close()
        except sa.exc.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"PostgreSQL does not start: {log.read_text()[-2000:]}")
            time.sleep(0.05)
        else:
            engine.dispose()
            return


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Address of a PostgreSQL server of this test session, without a database name."""
    pytest.importorskip("psycopg", reason="the extra 'postgres' is not installed")
    binaries = _binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL binaries under /usr/lib/postgresql (apt-get install postgresql)")
    account = _account()
    folder = Path(tempfile.mkdtemp(prefix="ledger-postgres-"))
    if account is not None:
        shutil.chown(folder, account)
    data, port = folder / "data", _free_port()
    initdb = [binaries / "initdb", "-D", data, "-U", "tester", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"]
    subprocess.run(initdb, check=True, capture_output=True, user=account, cwd=folder)
    options = [
        "-p",
        str(port),
        "-k",
        str(folder),
        "-c",
        "listen_addresses=127.0.0.1",
        "-c",
        "fsync=off",
        "-c",
        "autovacuum=off",
    ]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [binaries / "postgres", "-D", data, *options], stdout=log, stderr=log, user=account, cwd=folder
        )
    try:
        address = f"postgresql+psycopg://tester@127.0.0.1:{port}"
        _until_ready(f"{address}/postgres", server, folder / "log")
        yield address
    finally:
        server.send_signal(signal.SIGQUIT)  # at once: nothing of it is needed any more
        server.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


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
