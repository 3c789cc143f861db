"""Bytes packed with zstd, and unpacked only when they are whole."""

import zstandard

from pipeline.domain.canonical import Digest, digest_bytes

__all__ = ["pack", "unpack"]


def pack(content: bytes, *, level: int = 3) -> bytes:
    """Compressed bytes that carry a checksum."""
    return zstandard.ZstdCompressor(level=level, write_checksum=True).compress(content)


def unpack(packed: bytes, digest: Digest | None = None) -> bytes | None:
    """The bytes, or ``None`` when they are torn or not those of ``digest``."""
    try:
        content = zstandard.ZstdDecompressor().decompress(packed)
    except (zstandard.ZstdError, MemoryError):  # an altered header may claim any length
        return None
    return content if digest is None or digest_bytes(content) == digest else None
