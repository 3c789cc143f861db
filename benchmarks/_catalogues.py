"""Where the large catalogue lies, and smaller ones made of its rows."""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from pipeline.catalogue import Row, open_catalogue

__all__ = ["SAMPLE", "WHOLE", "raw_rows", "spread_over", "write_catalogue"]

_SHARED = Path(os.environ.get("SHARED_MATERIAL", Path(__file__).resolve().parents[2] / "shared")) / "catalogue"
WHOLE = _SHARED / "anime-offline-database.jsonl.zst"
"""The large catalogue; it is not part of the repository."""
SAMPLE = _SHARED / "sample-200.jsonl"


def raw_rows(location: Path) -> Iterator[bytes]:
    """Every good row of a catalogue, as its bytes stand in the file."""
    with open_catalogue(str(location)) as catalogue:
        yield from (item.raw for item in catalogue.rows() if isinstance(item, Row))


def spread_over(location: Path, count: int) -> list[bytes]:
    """``count`` rows at equal distances, so that every letter has its share. Reads twice, holds only them."""
    total = sum(1 for _ in raw_rows(location))
    wanted = {i * total // count for i in range(min(count, total))}
    return [raw for place, raw in enumerate(raw_rows(location)) if place in wanted]


def write_catalogue(
    path: Path, rows: Iterable[bytes], *, last_update: str, pack: Callable[[bytes], bytes] = bytes
) -> Path:
    """A catalogue file of these rows."""
    head = b'{"license":{"name":"ODbL"},"lastUpdate":"%s"}' % last_update.encode()
    path.write_bytes(pack(b"\n".join([head, *rows, b""])))
    return path
