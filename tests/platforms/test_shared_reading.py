"""The readers all platforms share: status codes, JSON fields, texts, dates, links."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pipeline.domain.canonical import dump_json, load_json
from pipeline.domain.exchange import Answer
from pipeline.domain.names import LinkKind, Platform, Site, Source
from pipeline.domain.source_title import ForeignId, PartialDate, SourceTitle, Text
from pipeline.errors import Blocked, Broken, EntryGone, ShrinkBatch, Throttled, Transient
from pipeline.platforms._dates import (
    date_from_text,
    instant,
    instant_text,
    is_nothing,
    japan_clock,
    japan_date,
    partial_date,
)
from pipeline.platforms._facts import Facts, read_facts
from pipeline.platforms._http import check_json, check_status, stated_wait_s
from pipeline.platforms._links import absolute_url, foreign_id, kind_of_host, wiki_language
from pipeline.platforms._notes import Notes
from pipeline.platforms._reading import EMPTY, JsonObject, json_bytes, parse_object
from pipeline.platforms._text import (
    clean_line,
    clean_prose,
    drop_invisible,
    make_text,
    split_origin,
    strip_bbcode,
    strip_html,
)


def answer(status: int, body: bytes = b"{}", **headers: str) -> Answer:
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, body, "")


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (429, b"", Throttled),
        (403, b"no", Blocked),
        (401, b"no", Blocked),
        (503, b"<html>Checking your browser before accessing</html>", Blocked),
        (503, b"busy", Transient),
        (200, b"<html><script src='/cdn-cgi/challenge-platform/x'></html>", Blocked),
        (404, b"", EntryGone),
        (410, b"", EntryGone),
        (413, b"", ShrinkBatch),
        (400, b"", Broken),
        (422, b"", Broken),
        (301, b"", Broken),
        (408, b"", Transient),
        (500, b"", Transient),
        (522, b"", Transient),
    ],
)
def test_statuses_mean_what_to_do_next(status: int, body: bytes, error: type[Exception]) -> None:
    """The taxonomy of platforms.md 7.1; the message names platform and status."""
    with pytest.raises(error, match=f"kitsu answered {status}") as raised:
        check_status(answer(status, body), Platform.KITSU)
    assert raised.value.platform == "kitsu"  # type: ignore[attr-defined]  # every platform error has it
    assert raised.value.status == status  # type: ignore[attr-defined]  # likewise


def test_challenge_is_told_by_its_header_too() -> None:
    """The challenge header counts whatever the page looks like, and JSON that speaks of one does not."""
    with pytest.raises(Blocked):
        check_status(answer(403, b"", cf_mitigated="challenge"), Platform.KITSU)
    check_status(answer(200, b'{"text":"just a moment..."}'), Platform.KITSU)


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({}, None),
        ({"retry_after": "60"}, 60.0),
        ({"retry_after": "0"}, 0.0),
        ({"retry_after": "soon"}, None),
        ({"retry_after": "-5"}, None),
        ({"retry_after": "Thu, 01 Jan 2026 00:01:30 GMT", "date": "Thu, 01 Jan 2026 00:00:00 GMT"}, 90.0),
        ({"retry_after": "Thu, 01 Jan 2026 00:00:00 GMT", "date": "Thu, 01 Jan 2026 00:01:00 GMT"}, 0.0),
        ({"retry_after": "Thu, 01 Jan 2026 00:01:30 GMT"}, None),
        ({"x_ratelimit_reset": "30"}, 30.0),
        ({"x_ratelimit_reset": "1767225610", "date": "Thu, 01 Jan 2026 00:00:00 GMT"}, 10.0),
        ({"retry_after": "5", "x_ratelimit_reset": "30"}, 5.0),
    ],
)
def test_stated_wait_is_read_from_the_answer_alone(headers: dict[str, str], wait_s: float | None) -> None:
    """Seconds, a date against the answer's own date, a reset; Retry-After wins; nonsense is no statement."""
    assert stated_wait_s(answer(429, **headers)) == wait_s


@pytest.mark.parametrize("body", [b"", b"  ", b"<p>hello</p>", b'{"a":', b"\xff\xfe"])
def test_a_success_without_whole_json_is_transient(body: bytes) -> None:
    """Pages, nothing and cut bodies come again later."""
    with pytest.raises(Transient):
        check_json(answer(200, body), Platform.JIKAN)
    assert check_json(answer(200, b"[1]"), Platform.JIKAN) == [1]


def test_a_printable_character_is_seen_or_is_the_space() -> None:
    """So a text that is printable throughout needs no cleaning but of its spaces."""
    printable = [character for character in map(chr, range(0x110000)) if character.isprintable()]
    assert {character for character in printable if drop_invisible(character) == ""} == set()
    assert re.findall(r"\s", "".join(printable)) == [" "]
    assert len(printable) > 100_000


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("one two", "one two"),
        ("  one  two ", "one two"),
        ("one \n\n\n\n two", "one\n\ntwo"),
        ("one\r\n \ntwo", "one\n\ntwo"),
        ("one\u200b\u3000 two\u2028three", "one two\nthree"),
        ("one \x07\n\x07\n\x07\n two", "one\n\ntwo"),
        ("\u00a0\n", ""),
    ],
)
def test_prose_keeps_its_lines_and_at_most_one_blank(text: str, clean: str) -> None:
    """Whether or not anything in it cannot be seen; as one line it is the same words."""
    assert clean_prose(text) == clean
    assert clean_line(text) == " ".join(clean.split())


def test_an_answer_is_parsed_once_for_its_two_readers() -> None:
    """Judged and taken apart, it is not kept; another answer in between costs one more parsing and no mistake."""
    one, other = answer(200, b'{"of": ["one"]}'), answer(200, b'{"of": ["other"]}')
    first = check_json(one, Platform.JIKAN)
    assert check_json(one, Platform.JIKAN) is first
    again = check_json(one, Platform.JIKAN)
    assert again == first
    assert again is not first
    assert check_json(other, Platform.JIKAN) == {"of": ["other"]}
    assert check_json(one, Platform.JIKAN) == first


def test_absent_and_null_are_told_apart() -> None:
    """Both read as not said, and one can ask which it was."""
    read = JsonObject({"null": None})
    assert (read.has("null"), read.has("gone")) == (True, False)
    assert read.text("null") is read.text("gone") is None


def test_fields_of_the_wrong_kind_are_not_said() -> None:
    """No reader raises, whatever stands in the field."""
    odd: list[object] = [None, True, 1, 1.5, "x", "12", [1], {"a": 1}, float(10**300), 2**70]
    for value in odd:
        read = JsonObject({"k": value})
        read.text("k"), read.prose("k"), read.integer("k"), read.number("k"), read.flag("k"), read.id("k")
        read.objs("k"), read.texts("k"), read.obj("k"), read.path("k", "a", "b")
    assert JsonObject({"k": True}).integer("k") is None
    assert JsonObject({"k": True}).number("k") is None
    assert JsonObject({"k": 1}).flag("k") is None
    assert JsonObject({"k": " 12 "}).integer("k") == 12
    assert JsonObject({"k": 12.0}).integer("k") == 12
    assert JsonObject({"k": 12.5}).integer("k") is None
    assert JsonObject({"k": 2**70}).integer("k") is None
    assert JsonObject({"k": "nan"}).number("k") is None
    assert JsonObject({"k": 7}).id("k") == "7"
    assert JsonObject({"k": [{"a": 1}, 2, None]}).objs("k") == (JsonObject({"a": 1}),)
    assert JsonObject({"k": ["a", "", 1, " b "]}).texts("k") == ("a", "b")
    assert not EMPTY


def test_a_body_that_is_no_object_is_broken_with_names() -> None:
    """Platform, part and id stand in the message; the body is the evidence."""
    with pytest.raises(Broken, match="jikan: part 'full' of '1'") as raised:
        parse_object(b"[1]", platform=Platform.JIKAN, id_="1", part="full")
    assert raised.value.evidence == "[1]"
    assert json_bytes(parse_object(b'{"b":1,"a":2}', platform=Platform.JIKAN, id_="1", part="full")) == b'{"b":1,"a":2}'


def test_invisible_characters_go_and_meaningful_ones_stay() -> None:
    """NUL, soft hyphens and zero-width spaces vanish; joiners of scripts and emoji stay."""
    assert clean_line("a\x00b\u200b c\u00ad\ufeff\n d\u00a0e") == "ab c d e"
    assert clean_line("👩\u200d🚀") == "👩\u200d🚀"
    assert clean_prose("a \r\n\r\n\r\n\u2028b\t c ") == "a\n\nb c"


def test_markup_goes_and_words_stay() -> None:
    """Tags that HTML knows vanish; what merely looks like one stays."""
    assert strip_html("a<br>b <i>c</i> &amp; <Gurren> <3") == "a\nb c & <Gurren> <3"
    assert strip_html("x<script>evil()</script><!-- y -->z") == "xz"
    assert strip_bbcode("[i]a[/i] [url=x]b[/url] [S]tory [sic]") == "a b [S]tory [sic]"


@pytest.mark.parametrize(
    ("text", "rest", "origin"),
    [
        ("A.\n\n[Written by MAL Rewrite]", "A.", "MAL Rewrite"),
        ("A. (Source: ANN, edited)", "A.", "ANN, edited"),
        ("A. (Source: Book (2nd ed.))", "A.", "Book (2nd ed.)"),
        ("A.\nSource: ANN", "A.", "ANN"),
        ("A. (from Tokyo)", "A. (from Tokyo)", None),
        ("A (Source: x) b", "A (Source: x) b", None),
        ("(Source: x)", "(Source: x)", None),
        ("His power source: love", "His power source: love", None),
        (f"A. (Source: {'x' * 150})", f"A. (Source: {'x' * 150})", None),
        ("A.\n\n(Source: Viz)\n\nNote: b (source).", "A.\n\nNote: b (source).", "Viz"),
        ("A.\n[Written by MAL Rewrite]\nNote: c", "A.\n\nNote: c", "MAL Rewrite"),
        ("A\n(Source: x) b", "A\n(Source: x) b", None),
        ("\n(Source: x)\nb", "\n(Source: x)\nb", None),
        ("A.\n\n(Source: one)\n\nNote: b\n\n(Source: two)", "A.\n\n(Source: one)\n\nNote: b", "two"),
    ],
)
def test_credit_leaves_the_text(text: str, rest: str, origin: str | None) -> None:
    """Only a credit at the very end is one, or one with a line of its own above the notes."""
    assert split_origin(text) == (rest, origin)


def test_hostile_texts_are_read_in_time() -> None:
    """Long runs of what the patterns look for cost no more than their length."""
    for piece in ("(", "[", " ", "(source:", "<", "\n", "[i]"):
        make_text(piece * 50_000)


def test_text_with_nothing_in_it_is_none() -> None:
    """Blank and absent are the same: not said."""
    assert make_text(None) is make_text(" <br> \x00") is None
    assert make_text("a &lt;b", "en") == Text("a <b", "en", None)


def test_dates_are_partial_or_nothing() -> None:
    """What cannot be a date is none; zero parts are not said."""
    assert date_from_text("2026-01-10T00:00:00+09:00") == PartialDate(2026, 1, 10)
    assert date_from_text("2026-01") == PartialDate(2026, 1)
    assert date_from_text("2026") == PartialDate(2026)
    assert [date_from_text(text) for text in ("2026-02-30", "2026-13", "x", "", None, "0000", "20260110")] == [None] * 7
    assert partial_date(2026, 0, 0) == PartialDate(2026)
    assert partial_date(2024, 2, 29) == PartialDate(2024, 2, 29)
    assert partial_date(2023, 2, 29) is None
    assert is_nothing("0001-01-01T00:00:00Z")
    assert is_nothing(" ")
    assert not is_nothing("2026")


def test_instants_are_utc_and_days_are_japans() -> None:
    """Offsets are applied, time without one is UTC, placeholders are nothing."""
    moment = instant("1998-04-03T01:00:00+09:00")
    assert moment == datetime(1998, 4, 2, 16, tzinfo=UTC)
    assert instant_text(moment) == "1998-04-02T16:00:00Z"
    assert japan_date(moment) == PartialDate(1998, 4, 3)
    assert instant("1998-04-02T16:00:00") == moment
    assert [instant(text) for text in ("0001-01-01T00:00:00Z", "x", "", None)] == [None] * 4
    assert japan_clock("0002-01-01T15:00:00Z") == "00:00"
    assert [japan_clock(text) for text in ("0001-01-01T00:00:00Z", "15:00", None)] == [None] * 3


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("myanimelist.net/anime/53913/A_Title", ForeignId(Site.MAL, "53913")),
        ("https://myanimelist.net/manga/2/B", None),
        ("anilist.co/anime/159042/A/", ForeignId(Site.ANILIST, "159042")),
        ("kitsu.app/anime/a-title", ForeignId(Site.KITSU, "a-title")),
        ("kitsu.io/anime/1", ForeignId(Site.KITSU, "1")),
        ("https://anidb.net/perl-bin/animedb.pl?show=anime&aid=23", ForeignId(Site.ANIDB, "23")),
        ("anidb.net/anime/17789", ForeignId(Site.ANIDB, "17789")),
        ("anidb.net/a22", ForeignId(Site.ANIDB, "22")),
        ("www.anime-planet.com/anime/a-title", ForeignId(Site.ANIME_PLANET, "a-title")),
        ("https://www.animenewsnetwork.com/encyclopedia/anime.php?id=13", ForeignId(Site.ANN, "13")),
        ("https://www.animenewsnetwork.com/encyclopedia/company.php?id=13", None),
        ("https://example.org/anime/1", None),
        ("https://notmyanimelist.net/anime/1", None),
        ("http://[broken", None),
        ("", None),
    ],
)
def test_addresses_carry_ids(url: str, expected: ForeignId | None) -> None:
    """Only pages of anime on the sites we know, with or without scheme."""
    assert foreign_id(url) == expected


def test_addresses_get_a_scheme_or_are_none() -> None:
    """What cannot be opened is not a link."""
    assert absolute_url("www.example.org/x") == "https://www.example.org/x"
    assert absolute_url("//example.org") == "https://example.org"
    assert [absolute_url(text) for text in ("a b.org", "javascript:alert(1)", "word", "ftp://example.org", None)] == [
        None
    ] * 5
    assert kind_of_host("https://m.youtube.com/x") is LinkKind.SOCIAL
    assert kind_of_host("https://ja.wikipedia.org/x") is LinkKind.DATABASE
    assert (wiki_language("https://ja.wikipedia.org/x"), wiki_language("https://example.org")) == ("ja", None)


def test_notes_keep_each_thing_once_in_order() -> None:
    """Drift and findings of one conversion; repeated items are dropped and counted."""
    notes = Notes(Source.MAL)
    assert notes.known("type", "TV", {"tv": 1}) == 1
    assert notes.known("type", None, {"tv": 1}) is None
    assert [notes.known("type", "Radio", {"tv": 1}) for _ in range(2)] == [None, None]
    assert [(one.field, one.value) for one in notes.drift] == [("type", "Radio")]
    assert notes.unique("rows", [1, 2, 1, 1], lambda one: one) == (1, 2)
    assert [one.message for one in notes.findings] == ["2 of rows came more than once, the first of each is kept"]
    assert notes.unique("rows", ["a", "b"], lambda one: None) == ("a", "b")


@pytest.mark.parametrize(("site", "kind"), [(Site.MAL, Site), ("themoviedb", str)])
def test_a_site_is_one_again_when_it_is_read_back(site: Site | str, kind: type) -> None:
    """Ids of sites we know are told from a platform's own words by their type, also of a kept result."""
    one = SourceTitle(Source.ANIDB, "1", identifiers=(ForeignId(site, "5"),))
    (back,) = load_json(SourceTitle, dump_json(SourceTitle, one)).identifiers
    assert back == ForeignId(site, "5")
    assert type(back.site) is kind


@pytest.mark.parametrize(
    ("label", "value", "facts"),
    [
        ("Birthdate", "June 26, 2044", Facts(birthday="06-26")),
        ("birthday", "February 10", Facts(birthday="02-10")),
        ("Date of Birth", "3rd of March", Facts(birthday="03-03")),
        ("Birthday", "29 Feb. 2000", Facts(birthday="02-29")),
        ("Birthday", "1899", Facts()),
        ("Birthday", "June 31", Facts()),
        ("Birthday", "12/25", Facts()),
        ("Blood type", "O", Facts(blood_type="O")),
        ("Blood  Type", "type ab (Rh-)", Facts(blood_type="AB")),
        ("Blood type", "unknown", Facts()),
        ("Age", "15, ", Facts(age="15")),
        ("Hair", "blue", Facts(hair_color="blue")),
        ("Eye colour", "dark red", Facts(eye_color="dark red")),
        ("Eyes", "She has the eyes of her father, who was a sailor once", Facts()),
        ("Sex", "Male", Facts(gender="Male")),
        ("Height", "185 cm", Facts()),
        ("Hair", "", Facts()),
    ],
)
def test_labelled_facts_have_fields(label: str, value: str, facts: Facts) -> None:
    """What is not certain is left to the attributes."""
    assert read_facts([(label, value)]) == facts


def test_a_finding_that_quotes_a_megabyte_keeps_both_its_ends() -> None:
    """What is odd and what became of it can be read; read again from the ledger it is the same."""
    notes = Notes(Source.KITSU)
    notes.note("odd_trailer", f"{'x' * 1_000_000!r} is no YouTube id, left out", "trailer")
    (finding,) = notes.findings
    assert finding.message.startswith("'xxx")
    assert finding.message.endswith("x' is no YouTube id, left out")
    assert len(finding.message) == 1_000
    assert replace(finding) == finding
