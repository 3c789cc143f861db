"""Stored answers of an archive, one after the other: a zip file or a folder of files nobody here has made.

Promises: nothing is unpacked to disk and no name is used as a path; a member is in memory alone and never larger than
asked for; what cannot be read is named and skipped; links are not followed.
"""

import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Final

from pipeline.errors import BadInput, one_line

__all__ = ["BadMember", "Member", "read_archive"]

_PACKINGS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""The others unpack in steps without a bound."""
_IS_ENCRYPTED: Final = 0x1
_DENSEST: Final = 100
"""Times that text of platforms packs at the very most; what unpacks to more was made to."""
_DENSE_FROM_BYTES: Final = 1024 * 1024
_FIRST_YEAR: Final = 1990
"""A zip member without a date says 1980."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive; ``written_at`` (Unix seconds) is ``None`` where the archive does not say."""

    name: str
    written_at: float | None
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class BadMember:
    """A file of an archive that cannot be read: which, and why."""

    name: str
    reason: str


def read_archive(path: Path, *, suffix: str, max_bytes: int) -> Iterator[Member | BadMember]:
    """Every file whose name ends in ``suffix``, in the archive's order, or a folder's in the order of names.

    Dates of a zip have no zone and are read as UTC. Raises ``BadInput`` at once when there is no archive, or nothing
    of that kind in it.
    """
    if path.is_dir():
        members = _folder_members(path, suffix, max_bytes)
    elif path.is_file():
        members = _zip_members(path, suffix, max_bytes)
    else:
        raise BadInput(f"there is no archive at {str(path)!r}; name a zip file or a folder of {suffix} files")
    first = next(members, None)
    if first is None:
        raise BadInput(f"{str(path)!r} holds no {suffix} file; is it the right archive?")
    return chain((first,), members)


def _folder_members(folder: Path, suffix: str, max_bytes: int) -> Iterator[Member | BadMember]:
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(name for name in names if name.lower().endswith(suffix)):
            yield _read_file(Path(place, name), max_bytes)


def _read_file(path: Path, max_bytes: int) -> Member | BadMember:
    shown = one_line(path.name)
    try:
        state = path.lstat()
        if not stat.S_ISREG(state.st_mode):
            return BadMember(shown, "is a link or no plain file; put the file itself there")
        if state.st_size > max_bytes:
            return _too_large(shown, state.st_size, max_bytes)
        with path.open("rb") as file:
            body = file.read(max_bytes + 1)
    except OSError as error:
        return BadMember(shown, f"cannot be read: {error.strerror}")
    return Member(shown, state.st_mtime, body) if len(body) <= max_bytes else _too_large(shown, len(body), max_bytes)


def _zip_members(path: Path, suffix: str, max_bytes: int) -> Iterator[Member | BadMember]:
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise BadInput(f"{str(path)!r} is no whole zip archive ({one_line(str(error))}); get the file again") from error
    with archive:
        members = [m for m in archive.infolist() if not m.is_dir() and m.filename.lower().endswith(suffix)]
        if sum(m.compress_size for m in members) > path.stat().st_size:
            raise BadInput(f"{str(path)!r} is a zip bomb: its members overlap; get the archive from its maker")
        for member in members:
            yield _read_member(archive, member, max_bytes)


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, max_bytes: int) -> Member | BadMember:
    shown = one_line(member.filename)
    if member.flag_bits & _IS_ENCRYPTED:
        return BadMember(shown, "is encrypted")
    if member.compress_type not in _PACKINGS:
        return BadMember(shown, "is packed in a way that is not read; pack it with deflate")
    if member.file_size > max_bytes:
        return _too_large(shown, member.file_size, max_bytes)
    if member.file_size > max(_DENSE_FROM_BYTES, _DENSEST * member.compress_size):
        return BadMember(shown, f"unpacks to {member.file_size} bytes from {member.compress_size}: a zip bomb")
    try:
        with archive.open(member) as file:
            body = file.read(max_bytes + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError) as error:
        return BadMember(shown, f"is torn ({one_line(str(error)) or type(error).__name__})")
    return Member(shown, _written_at(member), body)


def _written_at(member: zipfile.ZipInfo) -> float | None:
    try:
        at = datetime(*member.date_time, tzinfo=UTC)
    except ValueError:
        return None
    return at.timestamp() if at.year >= _FIRST_YEAR else None


def _too_large(name: str, size_bytes: int, max_bytes: int) -> BadMember:
    return BadMember(name, f"is {size_bytes} bytes, more than the {max_bytes} an answer may have")
