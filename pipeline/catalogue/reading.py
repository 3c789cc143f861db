"""Opening a catalogue file and reading its rows, one after the other.

Promises: the whole file's rows are never held at once; a bad row is named, with its number, and skipped; a file that
is cut says so, and after how many rows, instead of ending early.
"""

import hashlib
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Final, Self

import orjson

from pipeline.catalogue.download import fetch_catalogue
from pipeline.catalogue.parsing import parse_row
from pipeline.catalogue.unpacking import CutError, Splitter, find_array, iter_unpacked, split_array, split_lines
from pipeline.domain.canonical import Digest
from pipeline.domain.title import CatalogueRow
from pipeline.errors import BadInput, one_line

__all__ = ["BadRow", "Catalogue", "CatalogueMeta", "Row", "open_catalogue"]

_HEAD_BYTES: Final = 64 * 1024
_URL: Final = re.compile(r"https?://", re.IGNORECASE)
_BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class CatalogueMeta:
    """What the catalogue says of itself; ``None`` is "not said"."""

    last_update: date | None = None
    licence: str | None = None

    def age(self, now: datetime) -> timedelta | None:
        """How long ago the catalogue was made, in whole days; ``None`` when it does not say."""
        return None if self.last_update is None else now.date() - self.last_update


@dataclass(frozen=True, slots=True)
class Row:
    """A row. ``number`` is its line (JSONL, the metadata is line 1) or its place in the list (JSON), from 1.

    ``raw`` are its bytes as they stand in the file; ``drift`` names words of closed sets that are not known
    (``"type='X'"``).
    """

    number: int
    row: CatalogueRow
    raw: bytes = field(repr=False)
    drift: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be used: which, and why (field and value)."""

    number: int
    reason: str


class Catalogue:
    """An opened catalogue file. Rows may be read any number of times. A context manager: leaving removes a download."""

    def __init__(self, path: Path, location: str, resources: ExitStack | None = None) -> None:
        self.location = location
        self._path = path
        self._resources = resources or ExitStack()
        self.digest: Digest = _file_digest(path)
        self.meta, self._split, self._skip = _recognise(path, location)

    def rows(self) -> Iterator[Row | BadRow]:
        """Every row, good or bad, in the file's order. Raises ``BadInput`` when the file turns out to be cut."""
        count = good = 0
        pieces = self._split(_without_bom(iter_unpacked(self._path)))
        while True:
            try:
                number, raw = next(pieces)
            except StopIteration:
                return
            except CutError as error:
                advice = (
                    "get the file again" if good or not count else "none is usable: is it an anime-offline-database?"
                )
                raise BadInput(f"{self.location}: {error} after {count} rows; {advice}") from error
            if number <= self._skip:
                continue
            try:
                row, drift = parse_row(raw)
            except BadInput as error:
                yield BadRow(number, f"row {number}: {error}")
            else:
                yield Row(number, row, raw, drift)
                good += 1
            count += 1

    def close(self) -> None:
        """Remove what was downloaded."""
        self._resources.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _file_digest(path: Path) -> Digest:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BadInput(f"the catalogue {str(path)!r} cannot be read: {error.strerror}") from error


def _without_bom(chunks: Iterator[bytes]) -> Iterator[bytes]:
    first = next(chunks, b"")
    yield first.removeprefix(_BOM)
    yield from chunks


def _head_of(path: Path) -> bytes:
    head = b""
    try:
        for chunk in iter_unpacked(path):
            head += chunk
            if len(head) >= _HEAD_BYTES:
                break
    except CutError:
        if not head:
            raise
    return head.removeprefix(_BOM)


def _recognise(path: Path, location: str) -> tuple[CatalogueMeta, Splitter, int]:
    """The metadata, how to split the file, and how many of its first rows are no titles."""
    try:
        head = _head_of(path)
    except CutError as error:
        raise BadInput(f"{location}: {error} after 0 rows; get the file again") from error
    if not head.strip():
        raise BadInput(f"{location}: the file is empty")
    if b"\0" in head or head.lstrip().startswith(b"<"):
        raise BadInput(f"{location}: neither JSON lines nor a JSON document; it begins with {one_line(head, 60)!r}")
    begin = find_array(head)
    if begin is not None:
        return _meta_of(_load_object(head[:begin] + b"]}")), split_array, 0
    first = _load_object(head.partition(b"\n")[0])
    is_meta = first.keys() & {"$schema", "license", "lastUpdate"} and "sources" not in first
    return (_meta_of(first), split_lines, 1) if is_meta else (CatalogueMeta(), split_lines, 0)


def _load_object(content: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def _meta_of(record: dict[str, Any]) -> CatalogueMeta:
    licence = record.get("license")
    licence = licence if isinstance(licence, dict) else {}
    return CatalogueMeta(
        last_update=_date_of(record.get("lastUpdate")),
        licence=_text_of(licence.get("name")),
    )


def _text_of(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _date_of(value: object) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def open_catalogue(location: str) -> Catalogue:
    """Open a catalogue by path or URL; packing and format are recognised by content.

    A URL is fetched into a temporary file, which :meth:`Catalogue.close` removes. Raises ``BadInput`` when there is
    nothing to read, and whatever ``fetch_catalogue`` raises.
    """
    with ExitStack() as resources:
        if _URL.match(location):
            folder = resources.enter_context(TemporaryDirectory(prefix="catalogue-"))
            path = Path(folder) / "catalogue"
            fetch_catalogue(location, path)
        else:
            path = Path(location)
        return Catalogue(path, location, resources.pop_all())
