"""Content-addressed bodies: what platforms answered and what was made of it, compressed, by digest of the content.

Promises: a blob is whole or not there. It is written beside its place, flushed and renamed; on reading its digest is
checked, and a torn one is set aside under ``torn/`` and reported as :class:`Damaged`, so the caller makes it again.
Writing the same content twice is writing it once.
"""

import contextlib
import os
import uuid
from pathlib import Path, PurePosixPath

import fsspec
from fsspec.implementations.local import LocalFileSystem

from pipeline.domain.canonical import Digest, digest_bytes
from pipeline.errors import Damaged, Misconfigured
from pipeline.ledger.packing import pack, unpack

__all__ = ["BlobStore"]


class BlobStore:
    """Blobs in any place fsspec can write to; a local folder by default."""

    def __init__(self, url: str) -> None:
        try:
            self._fs, root = fsspec.core.url_to_fs(url)
        except (ValueError, ImportError) as error:
            raise Misconfigured(f"blobs_url={url!r} cannot be opened: {error}") from error
        self._root = PurePosixPath(root)
        self._beginning = str(self._root).rstrip("/")
        self._is_local = isinstance(self._fs, LocalFileSystem)

    def put(self, content: bytes) -> Digest:
        """Keep some bytes and return their digest."""
        digest = digest_bytes(content)
        path = self._path(digest)
        if self._exists(path):
            return digest
        packed = pack(content)
        if self._is_local:
            _write_whole(path, packed)
        else:
            self._fs.pipe_file(path, packed)
        return digest

    def get(self, digest: Digest) -> bytes:
        """Give the bytes back. Raises ``Damaged`` when they are missing or torn; a torn blob is set aside."""
        try:
            packed = self._read(self._path(digest))
        except FileNotFoundError as error:
            raise Damaged(f"blob {digest} is missing from {self._root}; it is made again") from error
        except OSError as error:
            raise Damaged(
                f"blob {digest} in {self._root} cannot be read: {error}; check the disk and its rights"
            ) from error
        content = unpack(packed, digest)
        if content is None:
            self._set_aside(digest)
            raise Damaged(f"blob {digest} in {self._root} is torn; it was set aside and is made again")
        return content

    def has(self, digest: Digest) -> bool:
        """Whether a blob of that name is there (it may still be torn)."""
        return self._exists(self._path(digest))

    def _exists(self, path: str) -> bool:
        return os.path.exists(path) if self._is_local else bool(self._fs.exists(path))  # noqa: PTH110  # thrice as fast

    def _read(self, path: str) -> bytes:
        return _read_whole(path) if self._is_local else bytes(self._fs.cat_file(path))

    def _path(self, digest: Digest) -> str:
        return f"{self._beginning}/{digest[:2]}/{digest[2:]}.zst"

    def _set_aside(self, digest: Digest) -> None:
        aside = self._root / "torn"
        try:
            self._fs.makedirs(str(aside), exist_ok=True)
            self._fs.mv(self._path(digest), str(aside / f"{digest}.{uuid.uuid4().hex[:8]}"))
        except FileNotFoundError:
            return  # another reader was faster
        except OSError as error:
            raise Damaged(f"blob {digest} in {self._root} is torn and cannot be set aside: {error}") from error


# Below, calls of the system and no file objects: every call hands Python's lock over, and a file object makes many.


def _read_whole(path: str) -> bytes:
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        left = os.fstat(file).st_size
        content = os.read(file, left)
        while len(content) < left and (more := os.read(file, left - len(content))):
            content += more
        return content
    finally:
        os.close(file)


def _write_whole(path: str, content: bytes) -> None:
    folder, _, name = path.rpartition("/")
    beside = f"{folder}/.{name}.{os.getpid()}.{uuid.uuid4().hex[:8]}"
    try:
        _write_synced(beside, content)
        os.replace(beside, path)  # noqa: PTH105  # see above
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(beside)  # noqa: PTH108  # see above
        raise Damaged(
            f"cannot write {path}: {error.strerror}; check the space and the rights there and start again; "
            "nothing done is lost"
        ) from error


def _write_synced(path: str, content: bytes) -> None:
    file = _create(path)
    try:
        left = memoryview(content)
        while left:
            left = left[os.write(file, left) :]
        os.fsync(file)
    finally:
        os.close(file)


def _create(path: str) -> int:
    how = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        return os.open(path, how, 0o666)
    except FileNotFoundError:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, how, 0o666)
