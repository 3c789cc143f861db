"""What MyAnimeList says, in our terms: real answers, and answers no service should give."""

import time
from pathlib import Path

import orjson
import pytest

from pipeline.domain.names import (
    AgeRating,
    AiringStatus,
    CharacterRole,
    CompanyRole,
    ImageRole,
    LabelKind,
    LinkKind,
    RelationKind,
    Season,
    Site,
    SourceMaterial,
    TitleKind,
    TitleType,
)
from pipeline.domain.source_title import Broadcast, ForeignId, PartialDate, SourceTitle, TitleName
from pipeline.errors import Broken
from pipeline.platforms.jikan import JikanAdapter
from pipeline.platforms.jikan.songs import parse_song, split_native

ADAPTER = JikanAdapter()
SINGLE = ("characters", "staff", "statistics", "pictures", "videos", "external", "streaming", "themes", "relations")


def parts_of(folder: Path, base: Path) -> dict[str, bytes]:
    """The recorded base record with every other recorded part of the same title."""
    id_ = base.name.split(".")[0]
    parts = {"full": base.read_bytes()}
    for kind in SINGLE:
        file = folder / f"anime_{kind}" / f"{id_}.json"
        if file.exists():
            parts[kind] = file.read_bytes()
    for name, kind in (("anime_episodes", "episodes"), ("anime_episode", "episode")):
        for file in (folder / name).glob(f"{id_}.*.json"):
            parts[f"{kind}/{file.name.split('.')[1]}"] = file.read_bytes()
    return parts


def convert(folder: Path, name: str) -> SourceTitle:
    base = folder / "jikan" / name
    return ADAPTER.convert(base.name.split(".")[0], parts_of(folder / "jikan", base))


def made(**fields: object) -> SourceTitle:
    return ADAPTER.convert("7", {"full": orjson.dumps({"data": {"mal_id": 7} | fields})})


def test_every_recording_converts_without_drift(recordings: Path) -> None:
    """All base records, whole or from lists, with all their parts, hold nothing we have no name for."""
    folder = recordings / "jikan"
    files = [file for name in ("anime", "anime_full", "anime_from_list") for file in sorted((folder / name).iterdir())]
    assert len(files) == 47
    for file in files:
        title = ADAPTER.convert(file.name.split(".")[0], parts_of(folder, file))
        assert title.titles, file
        assert title.drift == (), file


def test_every_entry_of_recorded_lists_converts(recordings: Path) -> None:
    """Season, top and schedule lists carry the same records; all 1,200 of them are understood."""
    seen = 0
    for name in ("seasons", "top_anime", "schedules", "anime_search"):
        for file in sorted((recordings / "jikan" / name).glob("*.json")):
            for row in orjson.loads(file.read_bytes())["data"]:
                title = ADAPTER.convert(str(row["mal_id"]), {"full": orjson.dumps({"data": row})})
                assert title.drift == (), (file, title.drift)
                seen += 1
    assert seen > 1000


def test_second_recordings_of_cast_convert(recordings: Path) -> None:
    """Other answers for the same cast are read as well."""
    for file in (recordings / "jikan" / "anime_characters").glob("*.v2.json"):
        id_ = file.name.split(".")[0]
        base = orjson.dumps({"data": {"mal_id": int(id_)}})
        assert ADAPTER.convert(id_, {"full": base, "characters": file.read_bytes()}).characters


def test_cowboy_bebop_base_facts(recordings: Path) -> None:
    """Checked by hand against the recorded answer."""
    title = convert(recordings, "anime_full/1.json")
    assert title.titles == (
        TitleName("Cowboy Bebop", TitleKind.MAIN, "ja-Latn"),
        TitleName("カウボーイビバップ", TitleKind.OFFICIAL, "ja"),
        TitleName("Cowboy Bebop", TitleKind.OFFICIAL, "en"),
    )
    assert (title.type, title.status, title.source_material) == (
        TitleType.TV,
        AiringStatus.FINISHED,
        SourceMaterial.ORIGINAL,
    )
    assert (title.age_rating, title.is_adult) == (AgeRating.R, False)
    assert (title.season, title.season_year) == (Season.SPRING, 1998)
    assert (title.start, title.end) == (PartialDate(1998, 4, 3), PartialDate(1999, 4, 24))
    assert title.broadcast == Broadcast("SATURDAY", "01:00", "Asia/Tokyo")
    assert (title.episode_count, title.episode_duration_s) == (26, 24 * 60)
    assert [label.name for label in title.labels if label.kind is LabelKind.THEME] == ["Adult Cast", "Space"]
    assert title.synopses[0].origin == "MAL Rewrite"
    assert "[" not in title.synopses[0].text
    assert title.background
    stats = title.statistics
    assert stats is not None
    assert (stats.score, stats.score_max, stats.scored_by) == (8.75, 10.0, 1061393)
    assert (stats.rank, stats.popularity_rank, stats.members, stats.favorites) == (50, 41, 2055373, 89584)


def test_cowboy_bebop_surroundings(recordings: Path) -> None:
    """Songs, relations, links, companies, cast and episodes of the same answer."""
    title = convert(recordings, "anime_full/1.json")
    assert [(s.kind, s.number, s.title, s.artist, s.episodes) for s in title.songs][:2] == [
        ("opening", None, "Tank!", "The Seatbelts", "1-25"),
        ("ending", 1, "The Real Folk Blues", "The Seatbelts feat. Mai Yamane", "1-12, 14-25"),
    ]
    assert [(r.kind, r.target_type, r.target_ids[0].id) for r in title.relations] == [
        (RelationKind.ADAPTATION, "manga", "174"),
        (RelationKind.ADAPTATION, "manga", "173"),
        (RelationKind.SIDE_STORY, "anime", "5"),
        (RelationKind.SIDE_STORY, "anime", "17205"),
        (RelationKind.SUMMARY, "anime", "4037"),
    ]
    assert title.identifiers == (ForeignId(Site.MAL, "1"), ForeignId(Site.ANIDB, "23"), ForeignId(Site.ANN, "13"))
    assert [link.site for link in title.links if link.kind is LinkKind.STREAMING] == [
        "Crunchyroll",
        "Netflix",
        "Tubi TV",
    ]
    assert [link.language for link in title.links if link.site == "Wikipedia"] == ["en", "ja"]
    assert [c.name for c in title.companies if c.role is CompanyRole.STUDIO] == ["Sunrise"]
    assert [c.name for c in title.companies if c.role is CompanyRole.LICENSOR] == ["Funimation"]
    assert title.trailers[0].id == "gY5nDXOtv_o"
    assert {image.size for image in title.images} == {None, "small", "large"}
    spike = next(one for one in title.characters if one.id == "1")
    assert (spike.name, spike.role) == ("Spiegel, Spike", CharacterRole.MAIN)
    assert "Yamadera, Kouichi" in [actor.name for actor in spike.voice_actors if actor.language == "ja"]
    assert len(title.episodes) == 26
    first = title.episodes[0]
    assert (first.number, first.aired, first.score, first.score_max) == (1, PartialDate(1998, 10, 24), 4.33, 5.0)
    assert [name.language for name in first.titles] == ["en", "ja", "ja-Latn"]


def test_wide_parts_fill_their_fields(recordings: Path) -> None:
    """Statistics, pictures and videos of Frieren: distributions, gallery, named trailers, each video once."""
    title = convert(recordings, "anime_full/52991.json")
    assert title.statistics is not None
    assert title.statistics.status_distribution[1] == ("completed", 933443)
    assert title.statistics.score_distribution[-1] == (10.0, 473328)
    assert any(image.role is ImageRole.PICTURE for image in title.images)
    assert len({trailer.id for trailer in title.trailers}) == len(title.trailers)
    assert all(trailer.title for trailer in title.trailers)
    assert title.staff[0].role == "Producer"


def test_single_episode_adds_synopsis_and_length(recordings: Path) -> None:
    """Only the single answer knows them; the list's score stays, and the credit leaves the text."""
    base = orjson.dumps({"data": {"mal_id": 457}})
    folder = recordings / "jikan"
    parts = {
        "full": base,
        "episodes/1": (folder / "anime_episodes" / "457.1.json").read_bytes(),
        "episode/1": (folder / "anime_episode" / "457.1.json").read_bytes(),
    }
    first = ADAPTER.convert("457", parts).episodes[0]
    assert (first.duration_s, first.score) == (1440, 4.5)
    assert first.synopsis is not None
    assert first.synopsis.origin == "Wikipedia"


def test_almost_empty_record_says_nothing_and_does_not_fail() -> None:
    """Everything missing, and everything null: no field is invented."""
    keys = ("titles", "type", "aired", "score", "images", "broadcast", "genres", "relations", "theme", "trailer")
    for title in (made(), made(**dict.fromkeys(keys))):
        assert (title.type, title.start, title.statistics and title.statistics.score) == (None, None, None)
        assert title.titles == title.labels == title.relations == title.songs == title.images == ()
        assert title.drift == title.findings == ()


def test_wrong_kinds_of_values_are_not_said() -> None:
    """Text where a list belongs, lists where text belongs, booleans where numbers belong."""
    title = made(titles="x", genres={"name": "A"}, episodes=True, score="high", aired=[], images=5, synopsis=["x"])
    assert title.episode_count is None
    assert title.titles == title.labels == title.synopses == ()


def test_unknown_words_become_drift_and_no_value() -> None:
    """A new word is kept where it can be counted, never guessed at."""
    title = made(
        type="Hologram",
        status="Paused",
        source="Dream",
        rating="Z - Zeppelins",
        duration="about a day",
        broadcast={"day": "Somedays", "time": "noon"},
        relations=[{"relation": "Cousin", "entry": [{"mal_id": 2, "type": "anime", "name": "B"}]}],
    )
    assert (title.type, title.status, title.source_material, title.age_rating) == (None, None, None, None)
    assert title.relations[0].kind is None
    assert title.relations[0].kind_text == "Cousin"
    assert {(one.field, one.value) for one in title.drift} >= {
        ("type", "Hologram"),
        ("status", "Paused"),
        ("source_material", "Dream"),
        ("age_rating", "Z"),
        ("duration", "about a day"),
        ("broadcast.day", "Somedays"),
        ("relations.relation", "Cousin"),
    }


def test_unknown_and_zero_are_not_said() -> None:
    """MyAnimeList writes 0 and "Unknown" for what it does not know."""
    title = made(score=0, rank=0, episodes=0, duration="Unknown", source="Unknown", rating="None")
    assert title.statistics is not None
    assert (title.statistics.score, title.statistics.rank) == (None, None)
    assert (title.episode_count, title.episode_duration_s, title.source_material) == (None, None, None)
    assert title.drift == ()


@pytest.mark.parametrize(
    ("prop", "date", "findings"),
    [
        ({"year": 1998, "month": 4, "day": 3}, PartialDate(1998, 4, 3), 0),
        ({"year": 1998, "month": 4, "day": None}, PartialDate(1998, 4), 0),
        ({"year": 1998, "month": None, "day": None}, PartialDate(1998), 0),
        ({"year": 1998, "month": 2, "day": 31}, None, 1),
        ({"year": None, "month": None, "day": None}, None, 0),
    ],
)
def test_dates_are_as_precise_as_said(prop: dict[str, int | None], date: PartialDate | None, findings: int) -> None:
    """The parsed parts tell the precision; an impossible day is left out and reported."""
    title = made(aired={"from": None, "prop": {"from": prop}})
    assert title.start == date
    assert len(title.findings) == findings


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("24 min per ep", 1440), ("1 hr 55 min", 6900), ("2 hr", 7200), ("1 hr 1 min per ep", 3660), ("45 sec", 45)],
)
def test_prose_durations_become_seconds(text: str, seconds: int) -> None:
    """Hours, minutes and seconds, per episode or not."""
    assert made(duration=text).episode_duration_s == seconds


def test_flat_titles_of_old_answers_are_read() -> None:
    """Answers from before the titles list."""
    title = made(title="Yama", title_english="Mountain", title_japanese="やま", title_synonyms=["Hill", ""])
    assert [(name.text, name.kind, name.language) for name in title.titles] == [
        ("Yama", TitleKind.MAIN, "ja-Latn"),
        ("Mountain", TitleKind.OFFICIAL, "en"),
        ("やま", TitleKind.OFFICIAL, "ja"),
        ("Hill", TitleKind.SYNONYM, None),
    ]


def test_default_title_of_a_chinese_work_is_not_called_romaji() -> None:
    """Without kana in the native title nobody said the default title is Japanese."""
    rows = [{"type": "Default", "title": "Shan"}, {"type": "Japanese", "title": "山"}]
    assert made(titles=rows).titles[0].language is None


def test_repeated_episodes_characters_and_staff_count_once() -> None:
    """Pages that moved between requests overlap; the first of each stays and the rest is reported."""
    row = {"mal_id": 100, "title": "A"}
    person = {"character": {"mal_id": 5, "name": "X"}, "role": "Main", "voice_actors": []}
    worker = {"person": {"mal_id": 6, "name": "Y"}, "positions": ["Director", "Director"]}
    parts = {
        "full": orjson.dumps({"data": {"mal_id": 7}}),
        "characters": orjson.dumps({"data": [person, person]}),
        "staff": orjson.dumps({"data": [worker]}),
        "episodes/2": orjson.dumps({"data": [row, {"mal_id": 101, "title": "B"}]}),
        "episodes/1": orjson.dumps({"data": [{"mal_id": 1, "title": "O"}, row]}),
    }
    title = ADAPTER.convert("7", parts)
    assert [one.number for one in title.episodes] == [1, 100, 101]
    assert len(title.characters) == len(title.staff) == 1
    assert {one.field for one in title.findings} == {"episodes", "characters", "staff"}


def test_positions_torn_at_commas_are_put_together() -> None:
    """Episode notes hold commas, and the service splits positions at commas."""
    worker = {"person": {"mal_id": 6, "name": "Y"}, "positions": ["Storyboard (eps 1", "3", "5)", "Script"]}
    parts = {"full": orjson.dumps({"data": {"mal_id": 7}}), "staff": orjson.dumps({"data": [worker]})}
    staff = ADAPTER.convert("7", parts).staff
    assert [(one.role, one.episodes) for one in staff] == [("Storyboard", "eps 1, 3, 5"), ("Script", None)]


def test_unknown_voice_language_keeps_the_actor_and_the_word() -> None:
    """An actor in a language we cannot tag is not lost."""
    actor = {"person": {"mal_id": 9, "name": "Z"}, "language": "Elvish"}
    person = {"character": {"mal_id": 5, "name": "X"}, "role": "Extra", "voice_actors": [actor]}
    parts = {"full": orjson.dumps({"data": {"mal_id": 7}}), "characters": orjson.dumps({"data": [person]})}
    title = ADAPTER.convert("7", parts)
    assert title.characters[0].role is CharacterRole.UNKNOWN
    assert (title.characters[0].voice_actors[0].language, title.characters[0].voice_actors[0].note) == (None, "Elvish")
    assert {one.value for one in title.drift} == {"Elvish", "Extra"}


@pytest.mark.parametrize(
    ("line", "number", "title", "native", "artist", "artist_native", "episodes"),
    [
        ('2: "Haru (晴る)" by Yorushika (ヨルシカ) (eps 17-28)', 2, "Haru", "晴る", "Yorushika", "ヨルシカ", "17-28"),
        ('#1: "Tank!" by Band', 1, "Tank!", None, "Band", None, None),
        ('S1: "bliss" by milet (eps Special: 1-4)', None, "bliss", None, "milet", None, "Special: 1-4"),
        ('"No "More" Words" by A by B (ep 3)', None, 'No "More" Words', None, "A by B", None, "3"),
        ('"Song (TV Size)"', None, "Song (TV Size)", None, None, None, None),
        ("no form at all", None, "no form at all", None, None, None, None),
    ],
)
def test_song_lines_are_taken_apart(
    line: str,
    number: int | None,
    title: str,
    native: str | None,
    artist: str | None,
    artist_native: str | None,
    episodes: str | None,
) -> None:
    """Number, both titles, both names of the artist, episodes; a line of no form is the title."""
    song = parse_song(line, "opening")
    assert song is not None
    assert (song.number, song.title, song.title_native) == (number, title, native)
    assert (song.artist, song.artist_native, song.episodes) == (artist, artist_native, episodes)


def test_nested_and_lone_brackets_stay_whole() -> None:
    """Brackets are split off only when balanced and Japanese."""
    assert split_native("A (あ (い))") == ("A", "あ (い)")
    assert split_native("(あ)") == ("(あ)", None)
    assert split_native("a) (") == ("a) (", None)
    assert split_native("あ)") == ("あ)", None)


@pytest.mark.parametrize(
    ("kind", "body"),
    [("full", b"<html>"), ("full", b'{"data":{"mal_id":8}}'), ("staff", b'{"data":{}}'), ("episodes/1", b'{"x":1}')],
)
def test_a_body_of_another_shape_is_broken(kind: str, body: bytes) -> None:
    """The error names platform, part and title."""
    parts = {"full": orjson.dumps({"data": {"mal_id": 7}})} | {kind: body}
    with pytest.raises(Broken, match=rf"jikan: part '{kind}' of '7'"):
        ADAPTER.convert("7", parts)


def test_without_the_base_record_there_is_nothing_to_say() -> None:
    """Cast alone is no title."""
    with pytest.raises(Broken, match="never had"):
        ADAPTER.convert("7", {"staff": b'{"data":[]}'})


def test_a_long_series_converts_quickly() -> None:
    """1,100 episodes and 1,400 characters with nine voices each stay well below half a second of CPU."""
    voice = [{"person": {"mal_id": at, "name": f"V{at}"}, "language": "Japanese"} for at in range(9)]
    cast = [
        {"character": {"mal_id": at, "name": f"C{at}"}, "role": "Main", "voice_actors": voice} for at in range(1400)
    ]
    rows = [{"mal_id": at, "title": f"E{at}", "aired": "2001-02-03T00:00:00+00:00"} for at in range(1, 1101)]
    parts = {
        "full": orjson.dumps({"data": {"mal_id": 7}}),
        "characters": orjson.dumps({"data": cast}),
        **{f"episodes/{page}": orjson.dumps({"data": rows[(page - 1) * 100 : page * 100]}) for page in range(1, 12)},
    }
    before = time.process_time()
    title = ADAPTER.convert("7", parts)
    assert time.process_time() - before < 10.0  # far more than it takes
    assert [one.number for one in title.episodes] == list(range(1, 1101))
    assert len(title.characters) == 1400
