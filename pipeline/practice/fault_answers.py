"""Going wrong on purpose: turns a :class:`Fault` and the right answer into the wrong one."""

import asyncio
import gzip
import re
import zlib
from collections.abc import Awaitable, Callable, Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import Final

import orjson
from aiohttp import web

from pipeline.domain.names import Platform
from pipeline.practice.bodies import (
    CHALLENGE_PAGE,
    ban_answer,
    error_inside_answer,
    failed_answer,
    not_found_answer,
    throttled_answer,
)
from pipeline.practice.faults import Fault, FaultKind

__all__ = ["Sleep", "go_wrong"]

Sleep = Callable[[float], Awaitable[None]]

_STATUSES: Final = {
    FaultKind.ERROR_500: 500,
    FaultKind.ERROR_502: 502,
    FaultKind.ERROR_503: 503,
    FaultKind.ERROR_504: 504,
}
_CHALLENGES: Final = {FaultKind.CHALLENGE_403: 403, FaultKind.CHALLENGE_503: 503}
_PAGE: Final = b"<!DOCTYPE html><html><head><title>Maintenance</title></head><body>We will be back soon.</body></html>"
_KEPT: Final = ("Content-Type", "Content-Encoding")
_DRIPS: Final = 20
_ENTITIES: Final = 10
_SOUND: Final = frozenset({FaultKind.DRIFT, FaultKind.HOLLOW})
"""Answers that are whole in every respect but what stands in them."""
_DRIFTING: Final = re.compile(
    rb"((?:\"|</?)(?:synopsis|description|score|averageScore|averageRating|stats|images|coverImage|posterImage|picture"
    rb"|imageVersionRoute|image|studios|productions|genres|categories))(?=[\">\s])"
)


async def go_wrong(
    fault: Fault,
    platform: Platform,
    request: web.Request,
    answer: Callable[[], Awaitable[web.StreamResponse]],
    sleep: Sleep = asyncio.sleep,
) -> web.StreamResponse:
    """The wrong answer. ``answer`` gives the right one, which some faults spoil."""
    plain = _plain(fault, platform)
    if plain is not None:
        return plain
    if fault.kind is FaultKind.RESET:
        return _reset(request)
    if fault.kind is FaultKind.GZIP_BOMB:
        return await _send_bomb(fault, request)
    right = await answer()
    body = right.body if isinstance(right, web.Response) and isinstance(right.body, bytes) else b"{}"
    headers = {name: right.headers[name] for name in _KEPT if name in right.headers}
    if fault.kind is FaultKind.SLOW:
        return await _drip(fault, request, body, headers, sleep)
    if fault.kind is FaultKind.CUT:
        return await _cut(request, body, headers)
    headers.pop("Content-Encoding", None)
    status = right.status if fault.kind in _SOUND else 200
    return web.Response(body=_spoil(fault, platform, body), status=status, headers=headers)


def _plain(fault: Fault, platform: Platform) -> web.Response | None:
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


def _throttled_upstream(platform: Platform) -> web.Response:
    if platform is not Platform.JIKAN:
        return throttled_answer(platform)
    body = {
        "status": 429,
        "type": "RateLimitException",
        "message": "Jikan is being rate limited by MyAnimeList",
        "error": None,
    }
    return web.Response(body=orjson.dumps(body), status=429, content_type="application/json")


def _page(platform: Platform) -> web.Response:  # noqa: ARG001  # the same everywhere
    return web.Response(body=_PAGE, content_type="text/html")


def _empty(platform: Platform) -> web.Response:  # noqa: ARG001  # the same everywhere
    return web.Response(body=b"", content_type="application/json")


_WHOLE: Final[Mapping[FaultKind, Callable[[Platform], web.Response]]] = MappingProxyType(
    {
        FaultKind.THROTTLED_SILENT: throttled_answer,
        FaultKind.THROTTLED_UPSTREAM: _throttled_upstream,
        FaultKind.HTML: _page,
        FaultKind.EMPTY: _empty,
        FaultKind.ERROR_INSIDE: error_inside_answer,
        FaultKind.NOT_FOUND: not_found_answer,
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


def _spoil(fault: Fault, platform: Platform, body: bytes) -> bytes:
    plain = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
    if fault.kind is FaultKind.TRUNCATED:
        return plain[: len(plain) // 2]
    if fault.kind is FaultKind.WRONG_ENCODING:
        return plain.replace(b'"', b'"\xff\xfe\xe9', 3) if b'"' in plain else b"\xff\xfe" + plain
    if fault.kind is FaultKind.DRIFT:
        return _drifted(plain)
    if fault.kind is FaultKind.HOLLOW:
        return _hollow(plain)
    if fault.kind is FaultKind.ENTITY_EXPANSION:
        return _many_laughs()
    nul = b"&#x0;" if platform is Platform.ANIDB else b"\x00"
    mark = b">" if plain[:1] == b"<" else b'":"'
    head, found, tail = plain[64:].partition(mark)
    return plain[:64] + head + found + nul + tail


def _drifted(body: bytes) -> bytes:
    """The same under other names, in JSON and in XML."""
    return _DRIFTING.sub(rb"\g<1>V2", body)


def _hollow(body: bytes) -> bytes:
    """JSON with nothing in any list; what is not JSON stays as it is."""

    def emptied(value: object) -> object:
        if isinstance(value, dict):
            return {name: emptied(inner) for name, inner in value.items()}
        return [] if isinstance(value, list) else value

    try:
        return orjson.dumps(emptied(orjson.loads(body)))
    except orjson.JSONDecodeError:
        return body


def _many_laughs() -> bytes:
    names = [f"a{number}" for number in range(_ENTITIES)]
    rows = [f'<!ENTITY {names[0]} "lol">']
    rows += [f'<!ENTITY {now} "{f"&{before};" * 10}">' for before, now in pairwise(names)]
    head = f'<?xml version="1.0"?><!DOCTYPE anime [{"".join(rows)}]>'
    return f'{head}<anime id="1"><titles><title>&{names[-1]};</title></titles></anime>'.encode()
