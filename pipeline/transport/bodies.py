"""Reading an answer's body, whole and within a bound.

Promises: never more than the bound is in memory, however small the packed answer was; a body that ends early is
``Transient``, one that is too long or packed in a way we did not ask for is ``Broken``.
"""

import zlib
from collections.abc import AsyncIterator
from typing import Final

import aiohttp

from pipeline.errors import Broken, Transient

__all__ = ["ACCEPT_ENCODING", "read_body"]

ACCEPT_ENCODING: Final = "gzip, deflate"
_CHUNK_BYTES: Final = 64 * 1024
_WBITS_ANY: Final = 47  # gzip or zlib, told by the header
_WBITS_RAW: Final = -15


class _Inflater:
    """Undoes gzip (of several members), zlib and the headless deflate some servers send, up to a bound."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(_WBITS_ANY)
        self._is_begun = False

    def feed(self, data: bytes, most: int) -> bytes:
        """Plain bytes of ``data``, at most ``most``. Raises ``zlib.error``."""
        out = bytearray()
        while data and len(out) < most:
            if self._inner.eof:
                self._inner = zlib.decompressobj(_WBITS_ANY)
            try:
                out += self._inner.decompress(data, most - len(out))
            except zlib.error:
                if self._is_begun:
                    raise
                self._inner = zlib.decompressobj(_WBITS_RAW)
                out += self._inner.decompress(data, most - len(out))
            self._is_begun = True
            data = self._inner.unused_data if self._inner.eof else self._inner.unconsumed_tail
        return bytes(out)

    @property
    def is_complete(self) -> bool:
        return self._inner.eof or not self._is_begun


async def _plain_chunks(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
        yield chunk


async def read_body(response: aiohttp.ClientResponse, most: int, platform: str) -> bytes:
    """The decoded body, at most ``most`` bytes.

    Raises ``Broken`` when it is longer or in an unknown coding, ``Transient`` when its packing is cut or damaged,
    and aiohttp's own errors.
    """
    coding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in ("identity", "", "gzip", "x-gzip", "deflate"):
        raise Broken(f"{platform} answered in the coding {coding!r}, which was not asked for", platform=platform)
    inflater = None if coding in ("identity", "") else _Inflater()
    body = bytearray()
    async for chunk in _plain_chunks(response):
        try:
            body += chunk if inflater is None else inflater.feed(chunk, most + 1 - len(body))
        except zlib.error as error:
            raise Transient(f"{platform} sent a damaged {coding} body: {error}", platform=platform) from error
        if len(body) > most:
            raise Broken(
                f"{platform} sent more than {most} bytes; raise max_body_bytes if that is right",
                platform=platform,
                status=response.status,
            )
    if inflater is not None and not inflater.is_complete:
        raise Transient(f"{platform} cut its {coding} body", platform=platform)
    return bytes(body)
