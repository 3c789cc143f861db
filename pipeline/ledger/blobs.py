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
        self._is_local = isinstance(self._fs, LocalFileSystem)

    def put(self, content: bytes) -> Digest:
        """Keep some bytes and return their digest."""
        digest = digest_bytes(content)
        path = self._path(digest)
        if self._exists(path):
            return digest
        packed = pack(content)
        if self._is_local:
            _write_whole(Path(path), packed)
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
        return Path(path).read_bytes() if self._is_local else bytes(self._fs.cat_file(path))

    def _path(self, digest: Digest) -> str:
        return str(self._root / digest[:2] / f"{digest[2:]}.zst")

    def _set_aside(self, digest: Digest) -> None:
        aside = self._root / "torn"
        try:
            self._fs.makedirs(str(aside), exist_ok=True)
            self._fs.mv(self._path(digest), str(aside / f"{digest}.{uuid.uuid4().hex[:8]}"))
        except FileNotFoundError:
            return  # another reader was faster
        except OSError as error:
            raise Damaged(f"blob {digest} in {self._root} is torn and cannot be set aside: {error}") from error


def _write_whole(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}.{uuid.uuid4().hex[:8]}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise Damaged(
            f"cannot write {path}: {error.strerror}; check the space and the rights there and start again; "
            "nothing done is lost"
        ) from error
