"""A real server on loopback that answers from a list, and settings that point at it."""

from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from pipeline.domain.exchange import Answer, Request
from pipeline.domain.names import Platform
from pipeline.errors import Blocked, Broken, EntryGone, Throttled, Transient
from pipeline.settings import BreakerSettings, Limit, Settings

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
