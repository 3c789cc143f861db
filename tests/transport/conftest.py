"""A real server on loopback that answers from a list, and settings that point at it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from pipeline.domain.exchange import Answer, Request
from pipeline.domain.names import Platform
from pipeline.errors import Blocked, Broken, EntryGone, Throttled, Transient
from pipeline.settings import BreakerSettings, Limit, Settings
from pipeline.transport.state import SharedState
from pipeline.transport.state_postgres import PostgresState
from pipeline.transport.state_sqlite import SqliteState

Play = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Stage:
    """Plays one scene per request, the last one again and again; keeps what it was asked."""

    def __init__(self, server_url: str = "") -> None:
        self.scenes: list[Play | web.Response] = []
        self.seen: list[web.Request] = []
        self.bodies: list[bytes] = []
        self.url = server_url

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request)
        self.bodies.append(await request.read())
        scene = self.scenes.pop(0) if len(self.scenes) > 1 else self.scenes[0]
        if isinstance(scene, web.Response):
            return web.Response(status=scene.status, body=scene.body, headers=scene.headers)
        return await scene(request)

    def play(self, *scenes: Play | web.Response) -> None:
        self.scenes = list(scenes)


@pytest.fixture
async def stage():
    """A server on loopback."""
    stage = Stage()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", stage.handle)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    stage.url = str(server.make_url("/")).rstrip("/")
    yield stage
    await server.close()


def make_settings(url, tmp_path, *, images=None, **more):
    """Settings whose six platforms are one server, without limits that matter."""
    fast = (Limit(requests=1000, per_s=1),)
    common = {
        "base_url": url,
        "limits": fast,
        "timeout_s": 2.0,
        "attempts": 3,
        "breaker": BreakerSettings(failures=50, reset_s=60),
        **more,
    }
    platforms = {platform.value: dict(common) for platform in Platform}
    platforms["anime_planet"]["enabled"] = True
    platforms["anidb"].pop("concurrency", None)
    return Settings(
        platforms=platforms,
        budget_path=tmp_path / "budget.sqlite3",
        images={"limits": fast, **(images or {})},
        contact="https://contact.example",
        speed=100.0,
    )


def check(request: Request, answer: Answer) -> None:
    """A small adapter's ``check_answer``."""
    if answer.status == 429:
        raise Throttled("too fast", platform=request.platform)
    if answer.status >= 500:
        raise Transient("fault", platform=request.platform, status=answer.status)
    if answer.status == 404:
        raise EntryGone("gone")
    if answer.status == 403:
        raise Blocked("refused", wait_s=7200.0)
    if answer.status != 200 or answer.body.lstrip().startswith(b"<"):
        raise Broken("not what was asked for")


def ask(platform=Platform.JIKAN, path="/anime/1", **more):
    """One question."""
    return Request(platform, "full", path, ids=("1",), **more)


class FakeTime:
    """A clock that moves only when somebody sleeps."""

    def __init__(self, now=1_000_000.0):
        self.now = now
        self.slept = []

    def clock(self):
        return self.now

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


@dataclass(frozen=True)
class Place:
    """Where a shared state lies; each ``open`` is one as another process has it, on the clock that is given."""

    address: str
    """A path or a URL."""
    opened: list[SharedState]

    @property
    def setting(self):
        return {"budget_url" if "://" in self.address else "budget_path": self.address}

    def open(self, clock=None, **more):
        if "budget_url" in self.setting:
            self.opened.append(PostgresState(self.address, clock=clock, **more))
        else:
            self.opened.append(SqliteState(Path(self.address), **more))
        return self.opened[-1]

    def close(self):
        while self.opened:
            self.opened.pop().close()

    def clear(self):
        """Forget everything."""
        self.close()
        if "budget_path" in self.setting:
            for suffix in ("", "-wal", "-shm"):
                Path(self.address + suffix).unlink(missing_ok=True)
            return
        with psycopg.connect(self.address, autocommit=True) as connection:
            connection.execute("drop schema if exists request_budget cascade")


@pytest.fixture
def file_place(tmp_path):
    """A SQLite file."""
    place = Place(str(tmp_path / "s"), [])
    yield place
    place.close()


@pytest.fixture
def server_place(postgres):
    """A schema of a PostgreSQL server."""
    place = Place(f"{postgres}/postgres".replace("+psycopg", ""), [])
    place.clear()
    yield place
    place.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request):
    """Each engine in turn."""
    return request.getfixturevalue("file_place" if request.param == "sqlite" else "server_place")
