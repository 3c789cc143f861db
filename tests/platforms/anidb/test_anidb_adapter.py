"""What the AniDB adapter asks, what it makes of each answer, and what AniDB says in our terms."""

import time
from pathlib import Path

import pytest

from pipeline.domain.exchange import Answer, Wanted
from pipeline.domain.names import (
    CharacterRole,
    CompanyRole,
    EpisodeKind,
    LinkKind,
    RelationKind,
    Site,
    TitleKind,
    TitleType,
)
from pipeline.domain.source_title import ForeignId, PartialDate, SourceTitle, TitleName
from pipeline.errors import BadInput, Blocked, Broken, EntryGone, Transient
from pipeline.platforms.anidb import AnidbAdapter
from pipeline.platforms.anidb.markup import read_description, read_text
from pipeline.platforms.port import PlatformAdapter

ADAPTER = AnidbAdapter("testclient", 3)


def document(inside: str = "", attributes: str = "") -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?><anime id="7" {attributes}>{inside}</anime>'.encode()


def made(inside: str = "", attributes: str = "") -> SourceTitle:
    return ADAPTER.convert("7", {"anime": document(inside, attributes)})


def check(body: bytes, status: int = 200) -> None:
    (request,) = ADAPTER.plan_requests([Wanted("7")])
    ADAPTER.check_answer(request, Answer(status, {}, body, "http://localhost/"))


def recorded(folder: Path, name: str) -> SourceTitle:
    file = folder / "anidb" / name
    return ADAPTER.convert(file.name.split(".")[0], {"anime": file.read_bytes()})


def test_one_request_carries_the_registered_client() -> None:
    """Client name and version are parameters, because AniDB refuses requests without them."""
    port: PlatformAdapter = ADAPTER
    (request,) = port.plan_requests([Wanted("23")])
    assert (request.path, request.kind, request.ids) == ("/httpapi", "anime", ("23",))
    assert request.params == (
        ("request", "anime"),
        ("client", "testclient"),
        ("clientver", "3"),
        ("protover", "1"),
        ("aid", "23"),
    )
    assert port.batch == 1
    assert port.wanted_ids({Site.ANIDB: ("23",)}) == ("23",)
    assert port.wanted_ids({Site.MAL: ("1",)}) == ()


def test_a_title_with_its_answer_is_complete() -> None:
    """Nothing is asked twice: repeats can mean a ban."""
    assert ADAPTER.plan_requests([Wanted("7", parts={"anime": document()})]) == ()


@pytest.mark.parametrize("id_", ["", "a23", "23&request=main"])
def test_wrong_id_is_bad_input(id_: str) -> None:
    """Only digits are asked for."""
    with pytest.raises(BadInput, match="AniDB id"):
        ADAPTER.plan_requests([Wanted(id_)])


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (429, b"", Blocked),
        (403, b"no", Blocked),
        (404, b"no", Broken),
        (500, b"oops", Transient),
        (200, b"", Transient),
        (200, b"<error>Anime not found</error>", EntryGone),
        (200, b'<error code="330">no such anime</error>', EntryGone),
        (200, b'<error code="310">illegal input or access denied</error>', Broken),
        (200, b'<error code="602">server busy</error>', Transient),
        (200, b"<error>a new kind of trouble</error>", Broken),
        (200, b"<html><body>AniDB AntiLeech</body></html>", Blocked),
        (200, b"<html><body>down", Transient),
        (200, b'<?xml version="1.0"?><anime id="7"><titles>', Transient),
        (200, b'<?xml version="1.0"?><main/>', Broken),
    ],
)
def test_every_kind_of_answer_lands_in_its_class(status: int, body: bytes, error: type[Exception]) -> None:
    """Errors come with status 200 and are told by their root."""
    with pytest.raises(error):
        check(body, status)


BOMB = b'<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;&b;">]><anime id="7"><type>&c;</type></anime>'
FILE = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><anime id="7"><type>&x;</type></anime>'


@pytest.mark.parametrize("body", [BOMB, FILE, b'<!DOCTYPE anime SYSTEM "http://localhost/x.dtd"><anime id="7"/>'])
def test_document_types_and_entities_are_refused(body: bytes) -> None:
    """Neither at the door nor in convert is an entity expanded or a file read."""
    with pytest.raises(Broken, match="document type"):
        check(body)
    with pytest.raises(Broken, match="document type"):
        ADAPTER.convert("7", {"anime": body})


def test_stray_control_characters_are_survived() -> None:
    """AniDB lets NULs into its answers; the words around them stay, line breaks too."""
    body = document("<description>one&#x0;two&#0; three\x00\x08&#10;four &#x1F;five</description>")
    check(body)
    assert ADAPTER.convert("7", {"anime": body}).synopses[0].text == "onetwo three\nfour five"


def test_parse_keeps_the_body_whole_and_checks_the_id() -> None:
    """The part is the body, byte for byte; another title's answer is refused."""
    (request,) = ADAPTER.plan_requests([Wanted("7")])
    (part,) = ADAPTER.parse_answer(request, Answer(200, {}, document(), "")).parts["7"]
    assert (part.kind, part.body) == ("anime", document())
    with pytest.raises(Broken, match="speaks of '7'"):
        ADAPTER.convert("8", {"anime": document()})


def test_every_recording_converts(recordings: Path) -> None:
    """Old schema, trimmed, without end, without type: all are read; only unknown resource numbers drift."""
    files = [*sorted((recordings / "anidb/anime").iterdir()), *sorted((recordings / "anidb/anime_trimmed").iterdir())]
    assert len(files) == 14
    for file in files:
        check(file.read_bytes())
        title = ADAPTER.convert(file.name.split(".")[0], {"anime": file.read_bytes()})
        assert title.titles[0].kind is TitleKind.MAIN, file
        assert {drift.field for drift in title.drift} <= {"resources.type"}, file
        assert title.findings == (), file


def test_solo_leveling_facts(recordings: Path) -> None:
    """Checked by hand against the recorded answer."""
    title = recorded(recordings, "anime/17495.xml")
    assert title.titles[0] == TitleName("Ore dake Level Up na Ken", TitleKind.MAIN, "ja-Latn")
    assert (title.type, title.episode_count, title.is_adult) == (TitleType.TV, 12, False)
    assert (title.start, title.end) == (PartialDate(2024, 1, 7), PartialDate(2024, 3, 31))
    assert [one for one in title.identifiers if one.site in (Site.MAL, Site.ANN)] == [
        ForeignId(Site.ANN, "26000"),
        ForeignId(Site.MAL, "52299"),
        ForeignId(Site.MAL, "58224"),
    ]
    assert ForeignId("tmdb", "127532/tv") in title.identifiers
    assert "https://www.themoviedb.org/tv/127532" in [link.url for link in title.links]
    assert [link.site for link in title.links if link.kind is LinkKind.STREAMING] == ["Crunchyroll"]
    assert [(c.name, c.role) for c in title.companies] == [("A-1 Pictures", CompanyRole.STUDIO)]
    assert ("Sawano Hiroyuki", "Music") in [(one.name, one.role) for one in title.staff]
    assert [(r.kind, r.target_ids) for r in title.relations] == [
        (RelationKind.SEQUEL, (ForeignId(Site.ANIDB, "18576"),))
    ]
    assert title.synopses[0].origin == "Yen Press"
    assert title.background is not None
    assert title.background.startswith("Note:")
    first = title.episodes[0]
    assert (first.number, first.duration_s, first.aired) == (1, 1500, PartialDate(2024, 1, 7))
    assert first.titles[1] == TitleName("I'm Used to It", TitleKind.OFFICIAL, "en")
    assert first.streaming[0].url.endswith("/G14U415QM")


def test_evangelion_facts(recordings: Path) -> None:
    """Kinds of episodes, roles, weights, statistics and many languages of one answer."""
    title = recorded(recordings, "anime/22.xml")
    assert TitleName("新世紀エヴァンゲリオン", TitleKind.OFFICIAL, "ja") in title.titles
    assert TitleName("Neon Genesis Evangelion", TitleKind.OFFICIAL, "es-419") in title.titles
    assert [one.number for one in title.episodes if one.kind is EpisodeKind.REGULAR] == list(range(1, 27))
    assert title.statistics is not None
    assert (title.statistics.score, title.statistics.scored_by) == (7.86, 16535)
    asuka = next(one for one in title.characters if one.id == "39")
    assert (asuka.role, asuka.gender, asuka.kind) == (CharacterRole.MAIN, "female", "Character")
    assert (asuka.voice_actors[0].name, asuka.voice_actors[0].language) == ("Miyamura Yuuko", "ja")
    assert "anidb.net" not in title.synopses[0].text
    military = next(label for label in title.labels if label.id == "36")
    assert (military.strength, military.category) == (0.5, "themes")
    maintenance = next(label for label in title.labels if label.id == "30")
    assert maintenance.strength == 0.0


def test_recorded_dates_keep_their_precision(recordings: Path) -> None:
    """Years and months stand alone; a missing end is not said."""
    assert recorded(recordings, "anime/2596.xml").start == PartialDate(2000)
    assert recorded(recordings, "anime/5081.xml").start == PartialDate(1982, 10)
    assert recorded(recordings, "anime_trimmed/11223.xml").end is None


def test_empty_document_says_nothing() -> None:
    """Everything missing is not said, and nothing fails."""
    title = made()
    assert (title.type, title.start, title.episode_count, title.statistics, title.is_adult) == (None,) * 5
    assert title.titles == title.labels == title.episodes == title.characters == ()


def test_unknown_words_become_drift() -> None:
    """New types, roles and kinds are kept where they can be counted; nobody is dropped."""
    title = made(
        '<type>Hologram</type><titles><title type="rumour" xml:lang="x-unk">A</title></titles>'
        '<relatedanime><anime id="9" type="Cousin">B</anime></relatedanime>'
        '<characters><character id="1" type="ghost in"><name>C</name></character></characters>'
        '<episodes><episode id="5"><epno type="9">X1</epno></episode></episodes>'
        '<resources><resource type="99"><externalentity><identifier>q</identifier></externalentity></resource>'
        "</resources>"
    )
    assert {one.field for one in title.drift} == {
        "type",
        "titles.type",
        "relatedanime.type",
        "characters.type",
        "episodes.epno.type",
        "resources.type",
    }
    assert title.titles == (TitleName("A", TitleKind.SYNONYM, None),)
    assert title.relations[0].kind is None
    assert title.characters[0].role is CharacterRole.UNKNOWN
    assert (title.episodes[0].kind, title.episodes[0].number) == (EpisodeKind.OTHER, 1)
    assert ForeignId("resource 99", "q") in title.identifiers


def test_odd_values_are_left_out_and_reported() -> None:
    """Impossible dates and namesless characters are findings; zero counts are unknown."""
    title = made(
        "<episodecount>0</episodecount><startdate>1999-02-31</startdate><enddate>soon</enddate>"
        '<characters><character id="1"/></characters><ratings><permanent count="x">high</permanent></ratings>'
    )
    assert (title.start, title.end, title.episode_count, title.statistics) == (None, None, None, None)
    assert [one.code for one in title.findings] == ["impossible_date", "impossible_date", "nameless"]


def test_episode_without_number_is_kept_as_other() -> None:
    """Some episodes lack their number."""
    title = made('<episodes><episode id="5" recap="true"><title xml:lang="en">A`s</title></episode></episodes>')
    (episode,) = title.episodes
    assert (episode.number, episode.kind, episode.is_recap) == (None, EpisodeKind.OTHER, True)
    assert episode.titles[0].text == "A's"
    assert title.findings[0].code == "unnumbered"


def test_spoiler_flags_and_old_categories() -> None:
    """Any spoiler flag counts; categories of old answers are labels with their own ids."""
    title = made(
        '<tags><tag id="1" weight="600" localspoiler="true"><name>a</name></tag>'
        '<tag id="2" weight="200" globalspoiler="false"><name>b</name></tag></tags>'
        '<categories><category id="1" weight="300" hentai="true"><name>c</name></category></categories>'
    )
    assert [(one.name, round(one.strength, 3), one.is_spoiler, one.is_adult) for one in title.labels] == [
        ("a", 1.0, True, False),
        ("b", 0.333, False, False),
        ("c", 0.5, False, True),
    ]


def test_description_is_parted_without_losing_words() -> None:
    """Based-on lines and notes become background, the source its origin, links their names."""
    text, background = read_description(
        "* Based on a book by https://anidb.net/creator/12 [A Writer].\n"
        "The http://anidb.net/ch1 [Hero]`s [i]way[/i].\nSource: ANN\nNote: two cuts exist.\n* one\n* two"
    )
    assert text is not None
    assert (text.text, text.origin) == ("The Hero's way.", "ANN")
    assert background == "* Based on a book by A Writer.\n\nNote: two cuts exist.\n* one\n* two"


def test_description_of_starred_lines_alone_is_the_story() -> None:
    """Only "Based on" is no story."""
    text, background = read_description("* A classic film.")
    assert text is not None
    assert (text.text, background) == ("A classic film.", None)
    assert read_description("* Based on a book.") == (None, "* Based on a book.")
    assert read_description(None) == (None, None)


def test_other_texts_keep_their_notes() -> None:
    """In characters and episodes a note is part of the text."""
    text = read_text("He runs.\nNote: fast.\nSource: Wiki")
    assert text is not None
    assert (text.text, text.origin) == ("He runs.\nNote: fast.", "Wiki")


def test_a_long_series_converts_quickly() -> None:
    """1,100 episodes and 1,400 characters stay well below half a second of CPU."""
    episodes = "".join(
        f'<episode id="{at}"><epno type="1">{at}</epno><length>24</length><airdate>2001-02-03</airdate>'
        f'<title xml:lang="ja">E{at}</title><title xml:lang="en">E{at}</title></episode>'
        for at in range(1, 1101)
    )
    cast = "".join(
        f'<character id="{at}" type="appears in"><name>C{at}</name><description>Text of http://anidb.net/ch1 [one]'
        f'</description><seiyuu id="{at}">V</seiyuu></character>'
        for at in range(1400)
    )
    body = document(f"<episodes>{episodes}</episodes><characters>{cast}</characters>")
    before = time.process_time()
    title = ADAPTER.convert("7", {"anime": body})
    assert time.process_time() - before < 10.0  # far more than it takes
    assert (len(title.episodes), len(title.characters)) == (1100, 1400)
