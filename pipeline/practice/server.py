"""The practice server: six platforms, pictures and steering behind one address of this machine."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from pipeline.domain.names import Host, Platform, Service
from pipeline.errors import Misconfigured
from pipeline.practice import anidb, anilist, anime_planet, animeschedule, jikan, kitsu, mal_v2
from pipeline.practice.admin import admin_routes
from pipeline.practice.faults import FaultPlan
from pipeline.practice.gate import Gate, Hours
from pipeline.practice.images import image_routes
from pipeline.practice.recordings import Recordings
from pipeline.practice.settings import PracticeSettings
from pipeline.practice.stage import Stage
from pipeline.practice.world import World

__all__ = ["RunningPractice", "base_urls", "make_app", "run_practice", "serve"]

_GATE: Final = web.AppKey("practice_gate", Gate)
_MOST_BODY_BYTES: Final = 4 * 1024 * 1024

_ROUTES: Final[dict[Host, Callable[[Stage], list[web.RouteDef]]]] = {
    Platform.JIKAN: jikan.routes,
    Platform.ANILIST: anilist.routes,
    Platform.KITSU: kitsu.routes,
    Platform.ANIDB: anidb.routes,
    Platform.ANIME_PLANET: anime_planet.routes,
    Platform.ANIMESCHEDULE: animeschedule.routes,
    Service.MAL_V2: mal_v2.routes,
}


@dataclass(frozen=True, slots=True)
class RunningPractice:
    """A server that listens: its address, and the gate's state for whoever runs it in the same process."""

    url: str
    port: int
    gate: Gate


def base_urls(url: str) -> dict[Platform, str]:
    """What to set as each platform's ``base_url``."""
    return {platform: f"{url}/{platform.value}" for platform in Platform}


def make_app(
    settings: PracticeSettings, *, url: str = "http://127.0.0.1", hours: Hours | None = None
) -> web.Application:
    """The whole server. ``url`` is where it will be reached; pictures are said to lie there.

    Raises ``BadInput`` when the recordings are not there, ``Misconfigured`` for settings that contradict each other.
    """
    if settings.only_recordings and settings.recordings is None:
        raise Misconfigured("only_recordings is set but recordings is not: name a folder or leave only_recordings out")
    if settings.speed <= 0:
        raise Misconfigured(f"speed is {settings.speed!r}; it must be greater than 0")
    world = World(settings.rows, salt=settings.salt, image_base=f"{url}/images")
    recordings = None if settings.recordings is None else Recordings(settings.recordings)
    stage = Stage(world, recordings, settings.only_recordings)
    gate = Gate(settings.speed, settings.latency_s, settings.has_limits, hours or Hours())
    gate.faults = FaultPlan(settings.faults)
    app = web.Application(client_max_size=_MOST_BODY_BYTES)
    app[_GATE] = gate
    app.add_routes(admin_routes(gate, stage))
    app.add_routes(image_routes(gate.counters))
    for platform, routes in _ROUTES.items():
        part = web.Application(middlewares=[gate.middleware(platform)], client_max_size=_MOST_BODY_BYTES)
        part.add_routes(routes(stage))
        app.add_subapp(f"/{platform.value}", part)
    return app


@asynccontextmanager
async def run_practice(settings: PracticeSettings, *, hours: Hours | None = None) -> AsyncIterator[RunningPractice]:
    """A server in this event loop for as long as the context lasts."""
    listener = socket.create_server((settings.host, settings.port))
    port: int = listener.getsockname()[1]
    url = f"http://{settings.host}:{port}"
    app = make_app(settings, url=url, hours=hours)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        yield RunningPractice(url, port, app[_GATE])
    finally:
        await runner.cleanup()


async def serve(
    settings: PracticeSettings,
    *,
    on_listening: Callable[[RunningPractice], None] = lambda _: None,
    until: asyncio.Event | None = None,
) -> None:
    """Serve until ``until`` is set (or for ever), telling ``on_listening`` once requests are accepted."""
    async with run_practice(settings) as running:
        on_listening(running)
        await (until or asyncio.Event()).wait()
