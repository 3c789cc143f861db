"""Archives nobody here has made: what is read of them, and what is refused by name."""

import os
import struct
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.enrich.fetch.archive import BadMember, Member, read_archive
from pipeline.errors import BadInput

MOST = 2_000_000
DAY = (2026, 3, 26, 12, 0, 0)


def read(path: Path, most: int = MOST) -> list[Member | BadMember]:
    return list(read_archive(path, suffix=".xml", max_bytes=most))


def zipped(path: Path, *members: tuple[str, bytes], date: Sequence[int] = DAY, how: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, body in members:
            archive.writestr(zipfile.ZipInfo(name, tuple(date)), body, compress_type=how)  # type: ignore[arg-type]
    return path


def one(path: Path, most: int = MOST) -> str:
    (member,) = read(path, most)
    assert isinstance(member, BadMember)
    return member.reason


def test_members_come_in_order_with_their_dates(tmp_path: Path) -> None:
    """Only the kind asked for; folders and other files are passed over."""
    path = zipped(tmp_path / "a.zip", ("x/2.xml", b"two"), ("x/", b""), ("read.me", b"no"), ("1.XML", b"one"))
    at = datetime(*DAY, tzinfo=UTC).timestamp()
    assert read(path) == [Member("x/2.xml", at, b"two"), Member("1.XML", at, b"one")]


def test_a_folder_is_read_like_an_archive(tmp_path: Path) -> None:
    """All its depths, by name, each file with its own date."""
    (tmp_path / "b").mkdir()
    for name, at in (("b/2.xml", 1_700_000_000), ("1.xml", 1_600_000_000), ("notes.txt", 1)):
        (tmp_path / name).write_text(name)
        os.utime(tmp_path / name, (at, at))
    assert read(tmp_path) == [Member("1.xml", 1_600_000_000.0, b"1.xml"), Member("2.xml", 1_700_000_000.0, b"b/2.xml")]


def test_links_and_pipes_of_a_folder_are_not_followed(tmp_path: Path) -> None:
    """A link may lead anywhere, a pipe never ends."""
    secret = tmp_path / "secret"
    secret.write_text("secret")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "1.xml").symlink_to(secret)
    (folder / "more").symlink_to(tmp_path, target_is_directory=True)
    os.mkfifo(folder / "2.xml")
    assert [(member.name, type(member)) for member in read(folder)] == [("1.xml", BadMember), ("2.xml", BadMember)]


def test_no_name_is_a_path(tmp_path: Path) -> None:
    """A name that climbs is only a name; nothing is written anywhere."""
    path = zipped(tmp_path / "a.zip", ("../../evil/1.xml", b"x"), ("/etc/2.xml", b"y"))
    before = sorted(tmp_path.rglob("*"))
    assert [member.name for member in read(path)] == ["../../evil/1.xml", "/etc/2.xml"]
    assert sorted(tmp_path.rglob("*")) == before


def test_a_member_larger_than_an_answer_is_refused_unread(tmp_path: Path) -> None:
    """By what it says it is, in a zip and in a folder; one byte less is read."""
    assert "more than the 10" in one(zipped(tmp_path / "a.zip", ("1.xml", b"x" * 11)), 10)
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "1.xml").write_bytes(b"x" * 11)
    assert "more than the 10" in one(folder, 10)
    assert [type(member) for member in read(folder, 11)] == [Member]


def test_a_bomb_is_refused_by_its_density(tmp_path: Path) -> None:
    """Zeros that pack a thousand times; text that packs well but is short is no bomb."""
    assert "zip bomb" in one(zipped(tmp_path / "a.zip", ("1.xml", b"0" * 1_500_000)))
    (member,) = read(zipped(tmp_path / "b.zip", ("1.xml", b"0" * 100_000)))
    assert isinstance(member, Member)


def test_a_member_that_lies_about_its_size_is_torn(tmp_path: Path) -> None:
    """A directory that says 10 bytes for what unpacks to more: no more than it says is unpacked, and that is torn."""
    path = zipped(tmp_path / "a.zip", ("1.xml", bytes(range(256)) * 100))
    content = bytearray(path.read_bytes())
    at = content.rindex(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<I", 10)
    path.write_bytes(bytes(content))
    assert "torn" in one(path)


def test_members_that_share_their_bytes_refuse_the_archive(tmp_path: Path) -> None:
    """The bomb whose directory names the same bytes again and again."""
    path = zipped(tmp_path / "a.zip", ("1.xml", os.urandom(5000)))
    content = path.read_bytes()
    start, end = content.rindex(b"PK\x01\x02"), content.rindex(b"PK\x05\x06")
    entry, tail = content[start:end], bytearray(content[end:])
    tail[8:12] = struct.pack("<HH", 50, 50)
    tail[12:16] = struct.pack("<I", len(entry) * 50)
    path.write_bytes(content[:start] + entry * 50 + bytes(tail))
    with pytest.raises(BadInput, match="overlap"):
        read(path)


@pytest.mark.parametrize("how", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packings_without_a_bound_are_refused(tmp_path: Path, how: int) -> None:
    """They unpack a block at a time, however large."""
    assert "deflate" in one(zipped(tmp_path / "a.zip", ("1.xml", b"x"), how=how))


def test_an_encrypted_member_is_named(tmp_path: Path) -> None:
    """Nobody is asked for a password."""
    path = zipped(tmp_path / "a.zip", ("1.xml", b"x"))
    content = bytearray(path.read_bytes())
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(content))
    assert one(path) == "is encrypted"


def test_a_torn_member_spoils_nobody_else(tmp_path: Path) -> None:
    """A byte that flipped is told by the checksum; the others are read."""
    path = zipped(tmp_path / "a.zip", ("1.xml", b"first" * 99), ("2.xml", b"second"), how=zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"first", b"fIrst", 1))
    bad, good = read(path)
    assert isinstance(bad, BadMember)
    assert (bad.name, "torn" in bad.reason) == ("1.xml", True)
    assert isinstance(good, Member)


@pytest.mark.parametrize("date", [(1980, 0, 0, 0, 0, 0), (1980, 1, 1, 0, 0, 0)])
def test_a_date_that_is_none_is_not_said(tmp_path: Path, date: Sequence[int]) -> None:
    """Zips without dates say 1980, or no month at all."""
    path = zipped(tmp_path / "a.zip", ("1.xml", b"x"), date=(1980, 1, 1, 0, 0, 0))
    content = bytearray(path.read_bytes())
    at = content.rindex(b"PK\x01\x02")
    content[at + 14 : at + 16] = struct.pack("<H", (date[1] << 5) | date[2])
    path.write_bytes(bytes(content))
    (member,) = read(path)
    assert isinstance(member, Member)
    assert member.written_at is None


def test_what_is_no_archive_is_refused_at_once(tmp_path: Path) -> None:
    """Nothing there, no zip, half a zip, nothing of the kind inside: told before a member is asked for."""
    whole = zipped(tmp_path / "a.zip", ("1.xml", b"x" * 500), how=zipfile.ZIP_STORED)
    (tmp_path / "half.zip").write_bytes(whole.read_bytes()[:300])
    (tmp_path / "other").write_text("<anime/>")
    (tmp_path / "empty").mkdir()
    zipped(tmp_path / "none.zip", ("read.me", b"x"))
    for name, says in {
        "missing": "no archive at", "half.zip": "no whole zip", "other": "no whole zip",
        "empty": "no .xml", "none.zip": "no .xml",
    }.items():  # fmt: skip
        with pytest.raises(BadInput, match=says) as told:
            read_archive(tmp_path / name, suffix=".xml", max_bytes=MOST)
        assert name in str(told.value)
