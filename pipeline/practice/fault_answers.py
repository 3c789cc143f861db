"""Going wrong on purpose: turns a :class:`Fault` and the right answer into the wrong one."""

import asyncio
import gzip
import zlib
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Final

import orjson
from aiohttp import web

from pipeline.domain.names import Host, Platform
from pipeline.practice.bodies import (
    CHALLENGE_PAGE,
    ban_answer,
    error_inside_answer,
    failed_answer,
    not_found_answer,
    throttled_answer,
)
from pipeline.practice.fault_bodies import spoil
from pipeline.practice.faults import Fault, FaultKind

__all__ = ["Sleep", "go_wrong"]

Sleep = Callable[[float], Awaitable[None]]

_STATUSES: Final = {
    FaultKind.ERROR_500: 500,
    FaultKind.ERROR_502: 502,
    FaultKind.ERROR_503: 503,
    FaultKind.ERROR_504: 504,
}
_CHALLENGES: Final = {FaultKind.CHALLENGE_403: 403, FaultKind.CHALLENGE_503: 503, FaultKind.CHALLENGE_200: 200}
_PAGE: Final = b"<!DOCTYPE html><html><head><title>Maintenance</title></head><body>We will be back soon.</body></html>"
_NO_SUCH_PAGE: Final = b"<html><head><title>404 Not Found</title></head><body><h1>404 Not Found</h1></body></html>"
_KEPT: Final = ("Content-Type", "Content-Encoding")
_PATIENCE_S: Final = 15.0
"""Kitsu's statement time-out (platforms.md 3.3)."""
_DRIPS: Final = 20
_SOUND: Final = frozenset({FaultKind.DRIFT, FaultKind.HOLLOW})
"""Answers that are whole in every respect but what stands in them."""


async def go_wrong(
    fault: Fault,
    platform: Host,
    request: web.Request,
    answer: Callable[[], Awaitable[web.StreamResponse]],
    sleep: Sleep = asyncio.sleep,
) -> web.StreamResponse:
    """The wrong answer. ``answer`` gives the right one, which some faults spoil."""
    instead = await _instead(fault, platform, request, sleep)
    if instead is not None:
        return instead
    right = await answer()
    if fault.kind is FaultKind.LABOURED:
        return right
    body = right.body if isinstance(right, web.Response) and isinstance(right.body, bytes) else b"{}"
    headers = {name: right.headers[name] for name in _KEPT if name in right.headers}
    if fault.kind is FaultKind.SLOW:
        return await _drip(fault, request, body, headers, sleep)
    if fault.kind is FaultKind.CUT:
        return await _cut(request, body, headers)
    headers.pop("Content-Encoding", None)
    plain_body = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
    status = right.status if fault.kind in _SOUND else 200
    return web.Response(body=spoil(fault.kind, platform, plain_body), status=status, headers=headers)


async def _instead(fault: Fault, platform: Host, request: web.Request, sleep: Sleep) -> web.StreamResponse | None:
    """The answer of a fault that needs no right one."""
    if fault.kind is FaultKind.RESET:
        return _reset(request)
    if fault.kind is FaultKind.GZIP_BOMB:
        return await _send_bomb(fault, request)
    if fault.kind is FaultKind.LABOURED:
        return failed_answer(platform, 504) if await _is_too_much(fault, request, sleep) else None
    return _plain(fault, platform)


async def _is_too_much(fault: Fault, request: web.Request, sleep: Sleep) -> bool:
    """Work on the titles of a request; whether that took longer than the server gives itself."""
    work_s = fault.wait_s * max(1, (await request.read()).count(b"findAnimeById"))
    await sleep(min(work_s, _PATIENCE_S))
    return work_s > _PATIENCE_S


def _plain(fault: Fault, platform: Host) -> web.Response | None:
    """Wrong answers that need no right one."""
    kind = fault.kind
    if kind in _STATUSES:
        return failed_answer(platform, _STATUSES[kind])
    if kind in _CHALLENGES:
        headers = {"cf-mitigated": "challenge", "Server": "cloudflare"}
        return web.Response(body=CHALLENGE_PAGE, status=_CHALLENGES[kind], content_type="text/html", headers=headers)
    if kind is FaultKind.THROTTLED:
        refused = throttled_answer(platform)
        refused.headers["Retry-After"] = f"{fault.wait_s:g}"
        return refused
    return _WHOLE[kind](platform) if kind in _WHOLE else None


def _throttled_upstream(platform: Host) -> web.Response:
    if platform is not Platform.JIKAN:
        return throttled_answer(platform)
    body = {
        "status": 429,
        "type": "RateLimitException",
        "message": "Jikan is being rate limited by MyAnimeList",
        "error": None,
    }
    return web.Response(body=orjson.dumps(body), status=429, content_type="application/json")


def _page(platform: Host) -> web.Response:  # noqa: ARG001  # the same everywhere
    return web.Response(body=_PAGE, content_type="text/html")


def _empty(platform: Host) -> web.Response:  # noqa: ARG001  # the same everywhere
    return web.Response(body=b"", content_type="application/json")


def _lost(platform: Host) -> web.Response:  # noqa: ARG001  # the same everywhere
    return web.Response(body=_NO_SUCH_PAGE, status=404, content_type="text/html")


_WHOLE: Final[Mapping[FaultKind, Callable[[Host], web.Response]]] = MappingProxyType(
    {
        FaultKind.THROTTLED_SILENT: throttled_answer,
        FaultKind.THROTTLED_UPSTREAM: _throttled_upstream,
        FaultKind.HTML: _page,
        FaultKind.EMPTY: _empty,
        FaultKind.ERROR_INSIDE: error_inside_answer,
        FaultKind.NOT_FOUND: not_found_answer,
        FaultKind.LOST: _lost,
        FaultKind.BAN: ban_answer,
    }
)


def _reset(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


async def _drip(
    fault: Fault, request: web.Request, body: bytes, headers: dict[str, str], sleep: Sleep
) -> web.StreamResponse:
    slow = web.StreamResponse(headers=headers | {"Content-Length": str(len(body))})
    await slow.prepare(request)
    drips = min(_DRIPS, len(body))
    for at in range(drips):
        await slow.write(body[at : at + 1])
        await sleep(fault.wait_s / drips)
    await slow.write(body[drips:])
    await slow.write_eof()
    return slow


async def _cut(request: web.Request, body: bytes, headers: dict[str, str]) -> web.StreamResponse:
    half = web.StreamResponse(headers=headers | {"Content-Length": str(len(body))})
    await half.prepare(request)
    await half.write(body[: max(1, len(body) // 2)])
    if request.transport is not None:
        request.transport.close()
    return half


async def _send_bomb(fault: Fault, request: web.Request) -> web.StreamResponse:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    bomb = web.StreamResponse(headers=headers)
    await bomb.prepare(request)
    pack = zlib.compressobj(9, zlib.DEFLATED, 31)
    piece, left = b" " * 1_048_576, fault.size_bytes
    try:
        while left > 0:
            packed = pack.compress(piece[:left])
            left -= len(piece)
            if packed:
                await bomb.write(packed)
        await bomb.write(pack.flush())
        await bomb.write_eof()
    except ConnectionError:
        pass  # who was asked to unpack it has had enough, as they should
    return bomb
