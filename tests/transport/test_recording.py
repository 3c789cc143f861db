"""The folder a run writes its answers to: whole, found again, safe to be killed in, and nobody's secret."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import orjson
import pytest

from pipeline.domain.canonical import dump_json
from pipeline.domain.exchange import Answer, Request
from pipeline.domain.names import Platform
from pipeline.errors import BadInput, Damaged, InUse
from pipeline.transport.recording import MANIFEST, Manifest, Recorder, Recording, below, masked

FULL = Request(Platform.JIKAN, "full", "/anime/1/full", ("1",))
BATCH = Request(Platform.ANILIST, "media", "/", ("1", "5"), json_body=b'{"query":"{}","variables":{"ids":[1,5]}}')
ABOUT = Manifest(platforms=("jikan",))


def said(body: bytes, status: int = 200, **headers: str) -> Answer:
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, body, "/anime/1/full")


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    with Recorder(tmp_path / "recording", ABOUT) as recorder:
        yield recorder


def test_an_exchange_comes_back_as_it_was(recorder: Recorder, tmp_path: Path) -> None:
    """Request and answer, by the request itself and by each id it covers."""
    recorder.note_answer(FULL, said(b"\x00one", etag='"a"', content_type="application/json"), at=0.0)
    recorder.note_answer(BATCH, said(b"both"), at=1.0)
    recording = Recording(tmp_path / "recording")
    [full] = recording.answers(FULL)
    assert recording.exchange(full) == (FULL, said(b"\x00one", etag='"a"', content_type="application/json"))
    [batch] = recording.covering(Platform.ANILIST, "media", "5")
    assert recording.exchange(batch) == (BATCH, said(b"both"))
    assert recording.answers(BATCH) == recording.covering(Platform.ANILIST, "media", "1") == (batch,)
    assert recording.covering(Platform.ANILIST, "pages", "5") == ()
    first, _ = (orjson.loads(line) for line in (tmp_path / "recording" / "INDEX.jsonl").read_bytes().splitlines())
    assert {name: first[name] for name in ("at", "platform", "kind", "ids", "path", "params", "status")} == {
        "at": "1970-01-01T00:00:00.000+00:00", "platform": "jikan", "kind": "full", "ids": ["1"],
        "path": "/anime/1/full", "params": [], "status": 200,
    }  # fmt: skip


def test_a_later_answer_lies_beside_the_earlier_one_and_comes_first(recorder: Recorder, tmp_path: Path) -> None:
    """The same answer again is one pair; whichever was given last is the newest."""
    for body in (b"one", b"two", b"one"):
        recorder.note_answer(FULL, said(body), at=0.0)
    recording = Recording(tmp_path / "recording")
    assert [recording.exchange(file)[1].body for file in recording.answers(FULL)] == [b"one", b"two"]
    assert len(list((tmp_path / "recording" / "jikan" / "full").glob("*.body"))) == 2


def test_pictures_are_found_by_address(recorder: Recorder, tmp_path: Path) -> None:
    """They have no platform and no ids."""
    recorder.note_picture("http://a.example/1.png", said(b"\x89PNG", content_type="image/png"), at=0.0)
    recording = Recording(tmp_path / "recording")
    [file] = recording.pictures("http://a.example/1.png")
    assert recording.picture(file).body == b"\x89PNG"
    assert recording.pictures("http://a.example/2.png") == ()


def test_a_registered_client_is_masked_and_any_other_finds_the_answer(recorder: Recorder, tmp_path: Path) -> None:
    """AniDB's client name is part of the question on the way out, not of what is written or looked up."""

    def question(client: str, aid: str = "23") -> Request:
        params = (("request", "anime"), ("client", client), ("clientver", "3"), ("aid", aid))
        return Request(Platform.ANIDB, "anime", "/httpapi", (aid,), params)

    recorder.note_answer(question("mine"), said(b"<anime/>", set_cookie="adbs=1", x_request_id="7"), at=0.0)
    recording = Recording(tmp_path / "recording")
    [file] = recording.answers(question("another"))
    request, answer = recording.exchange(file)
    assert request == masked(question("whoever"))
    assert answer.headers == {}
    assert recording.answers(question("mine", aid="24")) == ()


@pytest.mark.parametrize(
    ("base", "url", "path"),
    [
        ("https://a.example/v4", "https://a.example/v4/anime/1/full?key=x", "/anime/1/full"),
        ("https://a.example/hidden/", "https://u:p@a.example/hidden/anime/x%20y", "/anime/x%20y"),
        ("https://a.example", "https://www.a.example/anime/moved", "/anime/moved"),
    ],
)
def test_of_an_address_only_what_is_below_the_base_is_kept(base: str, url: str, path: str) -> None:
    """No host, no credentials, no query, and nothing of what an operator put into base_url."""
    assert below(base, url) == path


def test_ids_that_are_no_file_names_stay_in_the_folder(recorder: Recorder, tmp_path: Path) -> None:
    """Slugs come from catalogues, and kinds may have slashes."""
    request = Request(Platform.ANIME_PLANET, "../x", "/anime/..%2F", ("../../../etc/passwd",))
    recorder.note_answer(request, said(b"page"), at=0.0)
    recording = Recording(tmp_path / "recording")
    [file] = recording.answers(request)
    assert recording.exchange(file)[1].body == b"page"
    assert (tmp_path / "recording" / f"{file}.body").resolve().is_relative_to(tmp_path / "recording" / "anime_planet")


def test_an_index_may_not_point_out_of_its_folder(recorder: Recorder, tmp_path: Path) -> None:
    """A recording may come from anybody."""
    recorder.note_answer(FULL, said(b"one"), at=0.0)
    index = tmp_path / "recording" / "INDEX.jsonl"
    index.write_bytes(index.read_bytes().replace(b'"jikan/full/', b'"../../full/'))
    with pytest.raises(BadInput, match=r"line 1, names '\.\./\.\./full/"):
        Recording(tmp_path / "recording")


def test_what_a_killed_run_left_of_its_last_line_is_not_there(recorder: Recorder, tmp_path: Path) -> None:
    """A reader passes it over, and the next run writes on a line of its own."""
    folder = tmp_path / "recording"
    recorder.note_answer(FULL, said(b"one"), at=0.0)
    recorder.note_answer(BATCH, said(b"both"), at=1.0)
    recorder.__exit__(None, None, None)
    whole = (folder / "INDEX.jsonl").read_bytes()
    for cut in range(1, len(whole.splitlines(keepends=True)[1])):
        (folder / "INDEX.jsonl").write_bytes(whole[:-cut])
        assert Recording(folder).answers(BATCH) == ()
    with Recorder(folder, ABOUT) as again:
        again.note_answer(BATCH, said(b"both"), at=1.0)
    assert (folder / "INDEX.jsonl").read_bytes() == whole


@pytest.mark.parametrize("ending", ["json", "body"])
def test_a_torn_or_lost_file_is_named(recorder: Recorder, tmp_path: Path, ending: str) -> None:
    """Whether half of it is there or nothing."""
    recorder.note_answer(FULL, said(b"a body of some length"), at=0.0)
    recording = Recording(tmp_path / "recording")
    [file] = recording.answers(FULL)
    path = tmp_path / "recording" / f"{file}.{ending}"
    path.write_bytes(path.read_bytes()[:9])
    with pytest.raises(Damaged, match=rf"{path.name}' is torn"):
        recording.exchange(file)
    path.unlink()
    with pytest.raises(Damaged, match=rf"{path.name}' is (torn or )?missing"):
        recording.exchange(file)


def test_one_run_records_in_a_folder_at_a_time(recorder: Recorder, tmp_path: Path) -> None:
    """Two would mix their lines; the second is told, and may come when the first has gone."""
    with pytest.raises(InUse, match="another run records in"):
        Recorder(tmp_path / "recording", ABOUT)
    recorder.__exit__(None, None, None)
    with Recorder(tmp_path / "recording", Manifest(platforms=("kitsu",), has_pictures=True)):
        about = Recording(tmp_path / "recording").about
    assert (about.platforms, about.has_pictures) == (("jikan", "kitsu"), True)


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    """Of other files, of another version, of a torn manifest; and a file that is no folder."""
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(BadInput, match=r"holds other files and no recording\.json: name an empty or a new folder"):
        Recorder(tmp_path, ABOUT)
    with pytest.raises(BadInput, match="is a file: name a folder"):
        Recorder(tmp_path / "notes.txt", ABOUT)
    (tmp_path / MANIFEST).write_bytes(b'{"format": "anime-enrich recording", "version": 2, "colour": "red"}')
    with pytest.raises(BadInput, match="version 2; this program knows version 1 of 'anime-enrich recording'"):
        Recorder(tmp_path, ABOUT)
    (tmp_path / MANIFEST).write_bytes(b'{"format": "ani')
    with pytest.raises(Damaged, match=r"recording\.json' is torn"):
        Recording(tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_failing_to_record_is_failing(tmp_path: Path) -> None:
    """A run whose answers cannot be kept, here for want of space, ends with a sentence instead of going on without."""
    (tmp_path / "INDEX.jsonl").symlink_to("/dev/full")
    (tmp_path / MANIFEST).write_bytes(dump_json(Manifest, ABOUT))
    with (
        pytest.raises(Damaged, match="cannot be written: No space left on device; check the space"),
        Recorder(tmp_path, ABOUT) as recorder,
    ):
        recorder.note_answer(FULL, said(b"one"), at=0.0)


_WRITER = dedent("""
    import sys
    from pathlib import Path
    from pipeline.domain.exchange import Answer, Request
    from pipeline.domain.names import Platform
    from pipeline.transport.recording import Manifest, Recorder

    with Recorder(Path(sys.argv[1]), Manifest()) as recorder:
        for number in range(1_000_000):
            request = Request(Platform.JIKAN, "full", f"/anime/{number}/full", (str(number),))
            recorder.note_answer(request, Answer(200, {}, str(number).encode() * 5000, "/"), at=0.0)
""")


def test_a_recording_killed_at_any_moment_can_be_read(tmp_path: Path) -> None:
    """Everything the index names is whole, wherever the process died, and recording goes on in the same folder."""
    folder = tmp_path / "recording"
    for number in range(4):
        process = subprocess.Popen([sys.executable, "-c", _WRITER, str(folder)])
        deadline = time.monotonic() + 60
        size = _size(folder)
        while _size(folder) <= size + 300 + 77 * number:
            assert time.monotonic() < deadline, "nothing is recorded"
            assert process.poll() is None
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        process.wait()
        recording = Recording(folder)
        named = (folder / "INDEX.jsonl").read_bytes().splitlines(keepends=True)[:-1]  # the last may be cut
        assert named
        for line in named:
            request, answer = recording.exchange(orjson.loads(line)["file"])
            assert answer.body == request.ids[0].encode() * 5000


def _size(folder: Path) -> int:
    index = folder / "INDEX.jsonl"
    return index.stat().st_size if index.exists() else 0
