"""Bytes packed with zstd, and unpacked only when they are whole.

What packs and unpacks is made once a thread: making it takes as long as packing a small body.
"""

import threading
from typing import Final

import zstandard

from pipeline.domain.canonical import Digest, digest_bytes

__all__ = ["pack", "unpack"]


class _Tools(threading.local):
    """One thread's: they must not be shared."""

    def __init__(self) -> None:
        self.compressors: dict[int, zstandard.ZstdCompressor] = {}
        self.decompressor = zstandard.ZstdDecompressor()

    def compressor(self, level: int) -> zstandard.ZstdCompressor:
        if level not in self.compressors:
            self.compressors[level] = zstandard.ZstdCompressor(level=level, write_checksum=True)
        return self.compressors[level]


_TOOLS: Final = _Tools()


def pack(content: bytes, *, level: int = 3) -> bytes:
    """Compressed bytes that carry a checksum."""
    return _TOOLS.compressor(level).compress(content)


def unpack(packed: bytes, digest: Digest | None = None) -> bytes | None:
    """The bytes, or ``None`` when they are torn or not those of ``digest``."""
    try:
        content = _TOOLS.decompressor.decompress(packed)
    except (zstandard.ZstdError, MemoryError):  # an altered header may claim any length
        return None
    return content if digest is None or digest_bytes(content) == digest else None
