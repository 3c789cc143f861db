"""From a file to its rows' bytes, whatever the packing.

Promises: the packing is recognised by content, memory stays at a few megabytes, lines end at newline bytes only (other
line separators stand inside texts), and a cut file is told, never read as a short one.
"""

import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Protocol, TypeAlias

import orjson
import zstandard

from pipeline.errors import BadInput

__all__ = ["CutError", "Splitter", "find_array", "iter_unpacked", "split_array", "split_lines"]

_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_GZIP: Final = b"\x1f\x8b"
_READ_BYTES: Final = 16 * 1024
"""Small, because a few packed bytes can stand for many."""
_MAX_ROW_BYTES: Final = 1024 * 1024
"""The longest row seen has 23 kilobytes."""
_TOKEN: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|["{}\[\]]', re.DOTALL)
_BLANK: Final = b" \t\r\n,"


class CutError(BadInput):
    """The file ends in the middle of something; whoever counts the rows says after how many."""


class _Unpacker(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


def _new_unpacker(head: bytes) -> _Unpacker | None:
    if head.startswith(_ZSTD):
        return zstandard.ZstdDecompressor().decompressobj()
    if head.startswith(_GZIP):
        return zlib.decompressobj(wbits=31)
    return None


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_READ_BYTES):
            yield chunk


def _unpack(chunks: Iterator[bytes], head: bytes, unpacker: _Unpacker) -> Iterator[bytes]:
    """Undo the packing, one member or frame after the other."""
    data = head
    try:
        while True:
            if plain := unpacker.decompress(data):
                yield plain
            data = unpacker.unused_data if unpacker.eof else b""
            data = data or next(chunks, b"")
            if not data:
                break
            if unpacker.eof:
                following = _new_unpacker(data)
                if following is None:
                    raise CutError(f"foreign bytes {data[:8]!r} after the packed part")
                unpacker = following
    except (zlib.error, zstandard.ZstdError) as error:
        raise CutError(f"the packing is damaged ({error})") from error
    if not unpacker.eof:
        raise CutError("the packed file is cut")


def iter_unpacked(path: Path) -> Iterator[bytes]:
    """The plain bytes of a file, in pieces. Raises ``CutError`` for a cut or damaged packing."""
    chunks = _chunks(path)
    head = next(chunks, b"")
    unpacker = _new_unpacker(head)
    if unpacker is None:
        yield head
        yield from chunks
        return
    yield from _unpack(chunks, head, unpacker)


Splitter: TypeAlias = Callable[[Iterator[bytes]], Iterator[tuple[int, bytes]]]
"""Splits plain bytes into numbered rows."""


def _too_long(number: int) -> BadInput:
    return BadInput(f"row {number} is longer than {_MAX_ROW_BYTES} bytes: this is not an anime-offline-database file")


def split_lines(chunks: Iterator[bytes]) -> Iterator[tuple[int, bytes]]:
    """Lines with their numbers, from 1; blank ones are left out.

    The last one may lack its end; when it is not JSON either, the file is cut: ``CutError``.
    """
    number, rest = 0, b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            number += 1
            if stripped := line.strip():
                yield number, stripped
        if len(rest) > _MAX_ROW_BYTES:
            raise _too_long(number + 1)
    if stripped := rest.strip():
        try:
            orjson.loads(stripped)
        except orjson.JSONDecodeError as error:
            raise CutError(f"the file is cut in line {number + 1},") from error
        yield number + 1, stripped


def find_array(head: bytes) -> int | None:
    """Where the rows begin in a JSON document: just after the ``[`` of a top-level ``"data"`` or of a bare list."""
    depth, key, key_end = 0, b"", 0
    for token in _TOKEN.finditer(head):
        mark = token[0]
        if mark == b"[" and (
            (depth == 0 and not head[: token.start()].strip())
            or (depth == 1 and key == b'"data"' and head[key_end : token.start()].strip() == b":")
        ):
            return token.end()
        if len(mark) > 1:
            key, key_end = mark, token.end()
        elif mark != b'"':
            depth += 1 if mark in b"{[" else -1
    return None


class _ArrayScan:
    """Finds the ends of the objects of one JSON list in a growing buffer."""

    def __init__(self) -> None:
        self.buffer = b""
        self.at = 0
        self.depth = 0
        self.start = 0
        self.is_closed = False

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        self.buffer = self.buffer[self.start :] + chunk
        self.at -= self.start
        self.start = 0
        for token in _TOKEN.finditer(self.buffer, self.at):
            mark = token[0]
            if mark == b'"':
                return  # the text goes on in the next piece
            self.at = token.end()
            if len(mark) > 1:
                continue
            if mark in b"{[":
                if self.depth == 0:
                    yield from self._take(token.start())
                self.depth += 1
                continue
            self.depth -= 1
            if self.depth < 0:
                self.is_closed = True
                yield from self._take(token.start())
                return
            if self.depth == 0:
                yield from self._take(token.end())

    def _take(self, end: int) -> Iterator[bytes]:
        row = self.buffer[self.start : end].strip(_BLANK)
        self.start = end
        if row:
            yield row


def split_array(chunks: Iterator[bytes]) -> Iterator[tuple[int, bytes]]:
    """Elements of the list of a JSON document, numbered from 1. Raises ``CutError`` when the list does not end."""
    head = b""
    begin: int | None = None
    while begin is None:
        chunk = next(chunks, b"")
        head += chunk
        begin = find_array(head)
        if begin is None and (not chunk or len(head) > _MAX_ROW_BYTES):
            raise BadInput("the JSON document has no list 'data': this is not an anime-offline-database file")
    scan, number, piece = _ArrayScan(), 0, head[begin:]
    while True:
        for row in scan.feed(piece):
            number += 1
            yield number, row
        if scan.is_closed:
            for _ in chunks:  # to the end, so that a damaged packing is told
                pass
            return
        if len(scan.buffer) - scan.start > _MAX_ROW_BYTES:
            raise _too_long(number + 1)
        piece = next(chunks, b"")
        if not piece:
            raise CutError("the JSON document is cut")
