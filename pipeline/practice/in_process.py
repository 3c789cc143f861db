"""Practice platforms asked without a network: a request's bytes go in, an answer's come out, no socket between."""

import asyncio
import io
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import parse_headers
from types import TracebackType
from typing import Final, Self

from aiohttp import web

from pipeline.practice.server import make_app
from pipeline.practice.settings import PracticeSettings

__all__ = ["PracticeInProcess", "Reply"]

_HOST: Final = "practice"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. ``headers`` have lower-case names; ``body`` is as it would cross the network, packed or not."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Wire(asyncio.Transport):
    """The server's end of a connection to nowhere: keeps what is written until it is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.heard = bytearray()
        self.closed = asyncio.Event()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.heard += data

    def is_closing(self) -> bool:
        return self.closed.is_set()

    def close(self) -> None:
        self.closed.set()

    def abort(self) -> None:
        self.closed.set()

    def pause_reading(self) -> None:
        """Nothing is ever read from here."""

    def resume_reading(self) -> None:
        """Nothing is ever read from here."""


class PracticeInProcess:
    """The practice server's own application, within this event loop. ``async with`` it."""

    def __init__(self, settings: PracticeSettings) -> None:
        self._runner = web.AppRunner(make_app(settings), access_log=None, shutdown_timeout=1.0)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def ask(self, method: str, target: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        """One request: ``target`` is path and query as they stand in a request's first line."""
        if self._runner.server is None:
            raise RuntimeError("PracticeInProcess is used outside 'async with'")
        lines = [f"{method} {target} HTTP/1.1", f"Host: {_HOST}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += [f"Content-Length: {len(body)}", "", ""]
        wire, protocol = _Wire(), self._runner.server()
        protocol.connection_made(wire)
        protocol.data_received("\r\n".join(lines).encode("latin-1") + body)
        await wire.closed.wait()
        protocol.connection_lost(None)
        return _read(bytes(wire.heard))


def _read(raw: bytes) -> Reply:
    first, _, rest = raw.partition(b"\r\n")
    file = io.BytesIO(rest)
    headers = {name.lower(): value for name, value in parse_headers(file).items()}
    return Reply(int(first.split()[1]), headers, file.read())
