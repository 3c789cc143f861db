"""Reading catalogue files of every packing, whole, bad and cut."""

import gzip
import hashlib
import http.server
import json
import threading
from contextlib import contextmanager
from datetime import UTC, date, datetime

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

import pipeline.catalogue
from pipeline.catalogue import BadRow, Row, ids_of, load_row, open_catalogue, row_bytes
from pipeline.catalogue.download import fetch_catalogue
from pipeline.catalogue.unpacking import split_array
from pipeline.domain.names import AiringStatus, Season, TitleType
from pipeline.errors import BadInput, Damaged, Transient

META = {"$schema": "x", "license": {"name": "L", "url": "u"}, "repository": "r", "lastUpdate": "2026-06-30"}


def entry(number=1, **more):
    return {
        "sources": [f"https://myanimelist.net/anime/{number}"],
        "title": f"Title {number}",
        "type": "TV",
        "episodes": 12,
        "status": "ONGOING",
        "animeSeason": {"season": "FALL", "year": 2020},
        "picture": "https://cdn.example/1.jpg",
        "thumbnail": "https://cdn.example/1t.jpg",
        "duration": {"value": 24, "unit": "MINUTES"},
        "score": {"arithmeticMean": 7.5},
        "synonyms": ['a\u2028b {["\\'],
        "studios": [],
        "producers": [],
        "relatedAnime": [],
        "tags": ["x"],
        **more,
    }


def dump(value):
    return json.dumps(value, ensure_ascii=False).encode()


def as_lines(entries, meta=META):
    return b"".join(dump(value) + b"\n" for value in ([meta] if meta else []) + list(entries))


def as_document(entries):
    return dump({**META, "data": list(entries)})


def as_pretty(entries):
    return json.dumps({**META, "data": list(entries)}, indent=4).encode()


def zst(content):
    return zstandard.compress(content)


FORMS = {
    "jsonl": as_lines,
    "jsonl_zst": lambda e: zst(as_lines(e)),
    "jsonl_gz": lambda e: gzip.compress(as_lines(e)),
    "json": as_document,
    "json_gz": lambda e: gzip.compress(as_document(e)),
    "json_zst": lambda e: zst(as_document(e)),
    "json_pretty": as_pretty,
    "bom": lambda e: b"\xef\xbb\xbf" + as_lines(e),
    "crlf": lambda e: as_lines(e).replace(b"\n", b"\r\n"),
    "two_frames": lambda e: zst(as_lines(e[:1])) + zst(as_lines(e[1:], meta=None)),
    "two_members": lambda e: gzip.compress(as_lines(e[:1])) + gzip.compress(as_lines(e[1:], meta=None)),
}


def opened(tmp_path, content, name="file"):
    path = tmp_path / name
    path.write_bytes(content)
    return open_catalogue(str(path))


@pytest.mark.parametrize("form", FORMS)
def test_every_packing_gives_the_same_rows(tmp_path, form):
    """The name says nothing; the content is recognised."""
    entries = [entry(n) for n in range(1, 51)]
    content = FORMS[form](entries)
    catalogue = opened(tmp_path, content)
    rows = list(catalogue.rows())
    assert [row.row.sources for row in rows] == [(f"https://myanimelist.net/anime/{n}",) for n in range(1, 51)]
    assert rows[0].row.synonyms == ('a\u2028b {["\\',)
    assert catalogue.meta.last_update == date(2026, 6, 30)
    assert catalogue.meta.licence == "L"
    assert catalogue.digest == hashlib.sha256(content).hexdigest()
    assert list(catalogue.rows()) == rows


def test_a_row_is_put_into_our_terms(tmp_path):
    """Durations become seconds, ONGOING becomes airing, the number is the line's."""
    [row] = opened(tmp_path, as_lines([entry()])).rows()
    assert row.number == 2
    assert row.row.duration_s == 1440
    assert row.row.status is AiringStatus.AIRING
    assert (row.row.season, row.row.year, row.row.episodes, row.row.score) == (Season.FALL, 2020, 12, 7.5)
    assert row.raw == dump(entry())


def test_the_catalogues_words_for_unknown_become_none(tmp_path):
    """UNDEFINED, 0 episodes and the placeholder picture are not values."""
    pics = "https://raw.githubusercontent.com/manami-project/anime-offline-database/master/pics/"
    bare = entry(
        episodes=0,
        animeSeason={"season": "UNDEFINED"},
        picture=pics + "no_pic.png",
        thumbnail=pics + "no_pic_thumbnail.png",
        duration=None,
        score=None,
    )
    row = next(opened(tmp_path, as_lines([bare])).rows()).row
    assert (row.episodes, row.season, row.year, row.picture, row.thumbnail) == (None,) * 5
    assert (row.duration_s, row.score) == (None, None)


def test_an_unknown_word_is_kept_as_drift(tmp_path):
    """A new type does not cost the row, and is not silent."""
    [row] = opened(tmp_path, as_lines([entry(type="HOLOGRAM", animeSeason={"season": "MONSOON"})])).rows()
    assert row.row.type is TitleType.UNKNOWN
    assert row.drift == ("type='HOLOGRAM'", "animeSeason.season='MONSOON'")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sources": []}, "'sources'"),
        ({"sources": None}, "'sources'"),
        ({"sources": "https://x"}, "'sources'"),
        ({"sources": [1]}, "'sources' is 1"),
        ({"title": " "}, "'title'"),
        ({"title": None}, "'title' is None"),
        ({"title": 7}, "'title' is 7"),
        ({"type": 3}, "'type' is 3"),
        ({"episodes": "12"}, "'episodes' is '12'"),
        ({"episodes": -1}, "'episodes' is -1"),
        ({"episodes": True}, "'episodes' is True"),
        ({"episodes": 1.5}, "'episodes' is 1.5"),
        ({"animeSeason": "FALL"}, "'animeSeason'"),
        ({"animeSeason": {"season": 1}}, "'animeSeason.season'"),
        ({"animeSeason": {"season": "FALL", "year": "x"}}, "'animeSeason.year' is 'x'"),
        ({"duration": {"value": 1, "unit": "EONS"}}, "'duration.unit' is 'EONS'"),
        ({"duration": 7}, "'duration' is 7"),
        ({"score": {"arithmeticMean": 11}}, "'score.arithmeticMean' is 11"),
        ({"tags": {"a": 1}}, "'tags'"),
        ({"picture": 1}, "'picture' is 1"),
    ],
)
@pytest.mark.parametrize("form", ["jsonl", "json"])
def test_a_bad_row_is_named_and_skipped(tmp_path, change, words, form):
    """The row's number, the field and the value are said, and the rows around it are read."""
    before, bad, after = opened(tmp_path, FORMS[form]([entry(1), entry(2, **change), entry(3)])).rows()
    assert isinstance(before, Row)
    assert isinstance(after, Row)
    assert isinstance(bad, BadRow)
    assert bad.number == before.number + 1
    assert words in bad.reason
    assert str(bad.number) in bad.reason


@pytest.mark.parametrize("junk", [b"{oops", b"[]", b"null", b'"x"', b'{"title": "\xff"}', b'{"a": NaN}'])
def test_a_line_that_is_no_row_is_named_and_skipped(tmp_path, junk):
    """Broken JSON, other JSON and bad UTF-8 cost one line."""
    content = as_lines([entry(1)]) + junk + b"\n" + as_lines([entry(2)], meta=None)
    good, bad, last = opened(tmp_path, content).rows()
    assert (good.number, bad.number, last.number) == (2, 3, 4)
    assert isinstance(bad, BadRow)


def test_a_value_that_is_no_object_costs_one_row_of_a_document(tmp_path):
    """Neighbours of a null in the list are not lost."""
    content = dump({**META, "data": [entry(1), None, entry(2), 7]})
    assert [type(row) for row in opened(tmp_path, content).rows()] == [Row, BadRow, Row, BadRow]


@pytest.mark.parametrize("form", [f for f in FORMS if f != "two_frames"])
def test_a_cut_file_is_never_read_as_a_short_one(tmp_path, form):
    """Wherever it is cut, reading ends with an error that says after how many rows; except between two lines."""
    content = FORMS[form]([entry(n) for n in range(1, 40)])
    for keep in (len(content) * 9 // 10, len(content) // 2, len(content) - 3):
        with pytest.raises(BadInput, match=r"after \d+ rows"):
            list(opened(tmp_path, content[:keep].rstrip()).rows())


def test_a_file_of_something_else_is_not_said_to_be_a_cut_catalogue(tmp_path):
    """A document spread over lines ends within its last "row"; as none before was one, the file is doubted."""
    (tmp_path / "schema.json").write_text('{\n  "title": "a schema",\n  "type": "object"\n}', "utf-8")
    with open_catalogue(str(tmp_path / "schema.json")) as catalogue, pytest.raises(BadInput, match="is it an anime"):
        list(catalogue.rows())


def test_rows_before_the_cut_are_given(tmp_path):
    """What could be read is read, and counted in the message."""
    content = as_lines([entry(1), entry(2)])
    rows = opened(tmp_path, content[:-20]).rows()
    assert next(rows).number == 2
    with pytest.raises(BadInput, match="line 3, after 1 rows"):
        next(rows)


def test_damaged_packing_is_told(tmp_path):
    """A flipped byte in a packed file is found by its checksum or its shape."""
    content = bytearray(gzip.compress(as_document([entry(n) for n in range(50)])))
    content[-6] ^= 0xFF
    with pytest.raises(BadInput, match="damaged"):
        list(opened(tmp_path, bytes(content)).rows())


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "empty"), (b" \n", "empty"), (b"<html>no</html>", "neither JSON"), (b"\x89PNG\0\0", "neither JSON")],
)
def test_what_is_no_catalogue_is_refused_at_once(tmp_path, content, words):
    """Opening says what is wrong before any row."""
    with pytest.raises(BadInput, match=words):
        opened(tmp_path, content)


def test_a_missing_file_is_bad_input(tmp_path):
    """The path stands in the message."""
    with pytest.raises(BadInput, match="nowhere"):
        open_catalogue(str(tmp_path / "nowhere"))


def test_a_file_without_metadata_says_nothing_of_itself(tmp_path):
    """The first row is a row, and the age is not known."""
    catalogue = opened(tmp_path, as_lines([entry(1)], meta=None))
    assert [row.number for row in catalogue.rows()] == [1]
    assert catalogue.meta.age(datetime(2026, 7, 1, tzinfo=UTC)) is None


def test_the_age_is_counted_from_the_last_update(tmp_path):
    """So that an old file can be told."""
    meta = opened(tmp_path, as_lines([])).meta
    assert meta.age(datetime(2026, 7, 10, 12, tzinfo=UTC)).days == 10


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.dictionaries(
            st.text(max_size=4),
            st.recursive(st.text(max_size=6) | st.integers() | st.none(), st.lists, max_leaves=4),
            max_size=3,
        ),
        max_size=6,
    ),
    st.integers(1, 50),
    st.booleans(),
)
def test_a_document_is_split_alike_however_it_arrives(values, size, is_pretty):
    """Any objects, cut into pieces anywhere, come out one by one."""
    content = json.dumps({"lastUpdate": "x", "data": values}, indent=2 if is_pretty else None).encode()
    pieces = iter([content[at : at + size] for at in range(0, len(content), size)])
    assert [json.loads(raw) for _, raw in split_array(pieces)] == values


def test_a_stored_row_comes_back_equal(tmp_path):
    """The ledger's form loses nothing, and a torn one is told."""
    row = next(opened(tmp_path, as_lines([entry()])).rows()).row
    assert load_row(row_bytes(row)) == row
    with pytest.raises(Damaged):
        load_row(row_bytes(row)[:-1])


def test_exports_are_sorted():
    """``__all__`` is sorted and true."""
    names = pipeline.catalogue.__all__
    assert names == sorted(names)
    assert all(hasattr(pipeline.catalogue, name) for name in names)


@contextmanager
def serving(status, body, length=None):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status)
            self.send_header("Content-Length", str(length or len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/file"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_url_is_fetched_and_cleared_away():
    """Leaving the catalogue removes the download."""
    with serving(200, zst(as_lines([entry(1)]))) as url, open_catalogue(url) as catalogue:
        path = catalogue._path
        assert len(list(catalogue.rows())) == 1
        assert path.exists()
    assert not path.exists()


def test_fetch_errors_say_whether_to_try_again():
    """A missing page is wrong input; a busy server, a cut body and a closed port may pass."""
    with serving(404, b"") as url, pytest.raises(BadInput, match="404"):
        open_catalogue(url)
    with serving(503, b"") as url, pytest.raises(Transient, match="503"):
        open_catalogue(url)
    with serving(200, b"abc", length=10) as url, pytest.raises(Transient, match="cut after 3"):
        open_catalogue(url)
    with pytest.raises(Transient, match="could not be fetched"):
        open_catalogue(url)


def test_the_whole_real_catalogue_is_read_and_identified(catalogue_folder):
    """36,006 rows, none bad, every source known."""
    catalogue = open_catalogue(str(catalogue_folder / "anime-offline-database.jsonl.zst"))
    count, urls = 0, 0
    for row in catalogue.rows():
        assert isinstance(row, Row)
        assert row.drift == ()
        found = ids_of(row.row)
        assert not found.unknown
        count += 1
        urls += sum(len(ids) for ids in found.ids.values())
    assert (count, urls) == (36_006, 182_305)


def test_a_file_cut_in_its_first_bytes_is_told_on_opening(tmp_path):
    """Before any row could be read."""
    with pytest.raises(BadInput, match="after 0 rows"):
        opened(tmp_path, zst(as_lines([entry(1)]))[:9])


def test_foreign_bytes_after_the_packed_part_are_told(tmp_path):
    """Two files glued together are not one."""
    rows = opened(tmp_path, gzip.compress(as_lines([entry(1)])) + b"junk").rows()
    with pytest.raises(BadInput, match="foreign bytes"):
        list(rows)


@pytest.mark.parametrize("content", [b'{"lastUpdate":"x","data":[{"a":"', b'{"title":"'])
def test_a_row_without_end_does_not_fill_the_memory(tmp_path, content):
    """Past a bound the file is not a catalogue."""
    with pytest.raises(BadInput, match="longer than"):
        list(opened(tmp_path, content + b"x" * (1200 * 1024)).rows())


def test_metadata_of_another_shape_is_not_said(tmp_path):
    """A date that is none and a licence that is a text do not stop reading."""
    meta = opened(tmp_path, as_lines([entry(1)], meta={"lastUpdate": "soon", "license": "L"})).meta
    assert (meta.last_update, meta.licence) == (None, None)


def test_a_bare_list_is_a_document_too(tmp_path):
    """Without metadata."""
    assert [type(row) for row in opened(tmp_path, dump([entry(1), entry(2)])).rows()] == [Row, Row]


def test_a_score_that_is_not_said_is_none(tmp_path):
    """An object without the mean says nothing."""
    assert next(opened(tmp_path, as_lines([entry(score={})])).rows()).row.score is None


def test_only_http_addresses_are_fetched(tmp_path):
    """Nothing else is opened by URL."""
    with pytest.raises(BadInput, match="not an http"):
        fetch_catalogue("file:///etc/hosts", tmp_path / "x")
