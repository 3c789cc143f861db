"""The files round an embedded shard: who holds it, and what it is.

::

    <folder>/lock                   held (flock) as long as a process has the store open; its pid stands in it
    <folder>/data/collection.json   what the collection is
    <folder>/data/shard/            Qdrant's own files
    <folder>/data/shard/wal/        among them its write-ahead log
    <folder>/making/                a creation under way; renamed to ``data`` when it is whole, else thrown away
"""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from pipeline.errors import Damaged, InUse
from pipeline.store.identity import CollectionIdentity, parse_identity

__all__ = ["FolderLock", "in_use", "make_collection", "read_collection", "sync_log"]

_LOOKS: Final = 5


class FolderLock:
    """Only one process, and in it only one store, may have a shard open. The kernel frees it when a process dies."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(self._file, 32, 0).decode("ascii", "replace").strip()
            os.close(self._file)
            raise in_use(folder, f"process {holder}" if holder else "another process") from error
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let go; the file stays."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def in_use(folder: Path, holder: str) -> InUse:
    """The error that says who holds the store and what to do."""
    return InUse(
        f"the embedded store in {str(folder)!r} is open in {holder}, and only one process may have it open: "
        "wait for it or stop it, or run a Qdrant server and set store.url"
    )


def make_collection(folder: Path, identity: CollectionIdentity, make_shard: Callable[[Path], None]) -> None:
    """Make shard and description aside and put them into place at once: killed anywhere, it is whole or not there."""
    making = folder / "making"
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    make_shard(making / "shard")
    _write_synced(making / "collection.json", identity.to_bytes())
    _sync(making)
    making.rename(folder / "data")
    _sync(folder)


def read_collection(folder: Path) -> CollectionIdentity | None:
    """What the folder holds; ``None`` when nothing was made there yet. Raises ``Damaged``."""
    data = folder / "data"
    if not data.exists():
        return None
    path = data / "collection.json"
    with contextlib.suppress(FileNotFoundError):
        return parse_identity(path.read_bytes(), str(path))
    raise Damaged(f"{str(path)!r} is missing beside a shard: restore it from a backup, or move {str(data)!r} away")


def sync_log(folder: Path) -> bool:
    """Bring the write-ahead log to the disk: what was written then stands after a power cut.

    ``False`` where there is no log to be found, or it changes under our eyes. Raises ``OSError``.
    """
    log = folder / "data" / "shard" / "wal"
    for _ in range(_LOOKS):
        with contextlib.suppress(FileNotFoundError):  # the engine gave a file another name meanwhile
            files = sorted(log.iterdir())
            for path in (*files, log):
                _sync(path)
            return bool(files)
    return False


def _write_synced(path: Path, content: bytes) -> None:
    temporary = path.with_name(f"{path.name}.new")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
