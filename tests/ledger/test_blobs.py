"""Blobs: whole or not there."""

import multiprocessing
import os
import resource
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import zstandard

from pipeline.domain.canonical import digest_bytes
from pipeline.errors import Damaged, Misconfigured
from pipeline.ledger.blobs import BlobStore

CONTENT = b"what a platform said " * 50


def _file(root: Path, digest: str) -> Path:
    return root / digest[:2] / f"{digest[2:]}.zst"


def _files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


@pytest.mark.parametrize("content", [b"", b"\0", CONTENT, os.urandom(100_000)])
def test_bytes_come_back_as_they_went_in(tmp_path: Path, content: bytes) -> None:
    """Under the digest of the content, and once."""
    blobs = BlobStore(str(tmp_path))
    digest = blobs.put(content)
    assert digest == digest_bytes(content)
    assert blobs.put(content) == digest
    assert blobs.get(digest) == content
    assert blobs.has(digest)
    assert _files(tmp_path) == [_file(tmp_path, digest)]


def test_a_blob_that_is_not_there_is_named(tmp_path: Path) -> None:
    """With what happens next."""
    blobs = BlobStore(str(tmp_path))
    assert not blobs.has("ab" * 32)
    with pytest.raises(Damaged, match=r"abab.* is missing .* made again"):
        blobs.get("ab" * 32)


def _damage(how: str, whole: bytes) -> bytes:
    if how == "altered":
        return zstandard.ZstdCompressor().compress(b"something else")
    if how == "boasting":  # a frame header that claims 2^60 bytes
        return whole[:4] + b"\xe0" + (2**60).to_bytes(8, "little") + whole[6:]
    return {"cut": whole[: len(whole) // 2], "empty": b"", "foreign": b"not zstd at all", "tail": whole[:-1]}[how]


@pytest.mark.parametrize("how", ["cut", "empty", "altered", "foreign", "tail", "boasting"])
def test_a_torn_blob_is_set_aside_and_made_again(tmp_path: Path, how: str) -> None:
    """It is never read as something, never lost, and the place is free for the whole one."""
    blobs = BlobStore(str(tmp_path))
    digest = blobs.put(CONTENT)
    torn = _damage(how, _file(tmp_path, digest).read_bytes())
    _file(tmp_path, digest).write_bytes(torn)
    with pytest.raises(Damaged, match=r"torn; it was set aside and is made again"):
        blobs.get(digest)
    assert not blobs.has(digest)
    (aside,) = (tmp_path / "torn").iterdir()
    assert aside.read_bytes() == torn
    blobs.put(CONTENT)
    assert blobs.get(digest) == CONTENT


def test_two_readers_of_a_torn_blob_both_say_so(tmp_path: Path) -> None:
    """The one that comes second finds it set aside already."""
    blobs = BlobStore(str(tmp_path))
    digest = blobs.put(CONTENT)
    for _ in range(20):
        _file(tmp_path, digest).write_bytes(b"torn")

        def read(_: int) -> str:
            with pytest.raises(Damaged) as caught:
                blobs.get(digest)
            return str(caught.value)

        with ThreadPoolExecutor(4) as pool:
            assert all("made again" in told for told in pool.map(read, range(4)))


def _put_many(root: str, count: int) -> list[str]:
    blobs = BlobStore(root)
    return [blobs.put(f"{CONTENT!r}{n}".encode()) for n in range(count)]


def test_writers_of_the_same_content_do_not_disturb_each_other(tmp_path: Path) -> None:
    """Three processes write the same thirty blobs: thirty files, all whole, nothing left beside them."""
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        first, *others = pool.starmap(_put_many, [(str(tmp_path), 30)] * 3)
    assert all(other == first for other in others)
    assert len(_files(tmp_path)) == 30
    blobs = BlobStore(str(tmp_path))
    assert [blobs.get(digest) for digest in first] == [f"{CONTENT!r}{n}".encode() for n in range(30)]


@pytest.fixture
def full_device(tmp_path: Path) -> Iterator[Path]:
    """A device of 64 KiB."""
    folder = tmp_path / "device"
    folder.mkdir()
    if (
        os.geteuid() != 0
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", folder], check=False).returncode
    ):
        pytest.skip("a small device can only be mounted by root")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_device_leaves_nothing_half(full_device: Path) -> None:
    """What was written stays; what did not fit is not there, and the sentence says what to do."""
    blobs = BlobStore(str(full_device / "blobs"))
    small = blobs.put(b"small")
    with pytest.raises(Damaged, match=r"cannot write .*No space left.*start again; nothing done is lost"):
        blobs.put(os.urandom(200_000))
    assert blobs.get(small) == b"small"
    assert _files(full_device) == [_file(full_device / "blobs", small)]


def _put_beyond_limit(root: str) -> str:
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    try:
        BlobStore(root).put(os.urandom(50_000))
    except Damaged as error:
        return str(error)
    return "written"


def test_a_write_that_stops_in_the_middle_leaves_nothing_half(tmp_path: Path) -> None:
    """The file system takes a thousand bytes and no more."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        told = pool.apply(_put_beyond_limit, (str(tmp_path),))
    assert "cannot write" in told
    assert "File too large" in told
    assert _files(tmp_path) == []


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "blobs").write_text("a file")
    with pytest.raises(Damaged, match=r"cannot write .*start again"):
        BlobStore(str(tmp_path / "blobs")).put(CONTENT)


def test_a_blob_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A folder stands where the blob should be; nothing is moved."""
    blobs = BlobStore(str(tmp_path))
    _file(tmp_path, "cd" * 32).mkdir(parents=True)
    with pytest.raises(Damaged, match=r"cannot be read"):
        blobs.get("cd" * 32)
    assert blobs.has("cd" * 32)


def test_any_place_of_fsspec_will_do() -> None:
    """Here its memory: put, get, and a torn one set aside."""
    blobs = BlobStore("memory://ledger-test")
    digest = blobs.put(CONTENT)
    assert blobs.get(digest) == CONTENT
    blobs._fs.pipe_file(blobs._path(digest), b"torn")
    with pytest.raises(Damaged, match="set aside"):
        blobs.get(digest)
    assert blobs.put(CONTENT) == digest
    assert blobs.get(digest) == CONTENT


def test_a_place_nobody_knows_is_a_wrong_setting() -> None:
    """The message quotes it."""
    with pytest.raises(Misconfigured, match=r"blobs_url='nosuch://x'"):
        BlobStore("nosuch://x")
