"""MyAnimeList's official API as the source of the base record: what is asked, what is refused, what it means."""

from pathlib import Path

import orjson
import pytest

from pipeline.domain.exchange import Answer, Wanted
from pipeline.domain.names import (
    AgeRating,
    AiringStatus,
    CompanyRole,
    ImageRole,
    LabelKind,
    Platform,
    RelationKind,
    Season,
    Service,
    Site,
    SourceMaterial,
    TitleKind,
    TitleType,
)
from pipeline.domain.source_title import Broadcast, ForeignId, Image, PartialDate, SourceTitle, TitleName
from pipeline.errors import Blocked, Broken, EntryGone, RetryLater, Throttled, Transient
from pipeline.platforms.jikan import JikanAdapter
from pipeline.platforms.jikan.words import DEMOGRAPHICS, GENRES

ADAPTER = JikanAdapter(base="mal_v2")
ASK = ADAPTER.plan_requests([Wanted("7")])[0]
NOTHING = b'{"data":[]}'
RECORD = {
    "id": 7,
    "title": "Yoru no Eki",
    "main_picture": {"medium": "https://pictures.example/7.jpg", "large": "https://pictures.example/7l.jpg"},
    "alternative_titles": {"synonyms": ["Night Stop", ""], "en": "The Night Station", "ja": "夜のえき"},
    "start_date": "2015-04",
    "end_date": "2016-03-28",
    "synopsis": "Trains that nobody waits for.\n\n[Written by MAL Rewrite]",
    "mean": 8.14,
    "rank": 310,
    "popularity": 1200,
    "num_list_users": 81000,
    "num_scoring_users": 40000,
    "nsfw": "white",
    "media_type": "tv",
    "status": "finished_airing",
    "genres": [{"id": 8, "name": "Drama"}, {"id": 40, "name": "Psychological"}, {"id": 42, "name": "Seinen"}],
    "num_episodes": 51,
    "start_season": {"year": 2015, "season": "spring"},
    "broadcast": {"day_of_the_week": "monday", "start_time": "18:00"},
    "source": "4_koma_manga",
    "average_episode_duration": 1425,
    "rating": "pg_13",
    "pictures": [{"medium": "https://pictures.example/8.jpg", "large": "https://pictures.example/8l.jpg"}],
    "background": "",
    "related_anime": [
        {"node": {"id": 6, "title": "Asa no Eki"}, "relation_type": "spin_off", "relation_type_formatted": "Spin-off"}
    ],
    "related_manga": [
        {"node": {"id": 6, "title": "Eki"}, "relation_type": "adaptation", "relation_type_formatted": "Adaptation"}
    ],
    "studios": [{"id": 11, "name": "Lamp"}],
    "statistics": {
        "status": {"watching": "12", "completed": "40", "on_hold": "1", "dropped": "2", "plan_to_watch": "5"}
    },
    "opening_themes": [{"id": 1, "anime_id": 7, "text": '#01: "Hikari (光)" by Band (バンド) (eps 1-12)'}],
    "ending_themes": [{"id": 2, "anime_id": 7, "text": '"Kage" by Other'}],
}


def read(record: dict[str, object], **parts: object) -> SourceTitle:
    bodies = {kind: orjson.dumps({"data": data}) for kind, data in parts.items()}
    return ADAPTER.convert("7", {"mal_v2": orjson.dumps(record)} | bodies)


def kinds(parts: dict[str, bytes], adapter: JikanAdapter = ADAPTER) -> list[str]:
    return [request.kind for request in adapter.plan_requests([Wanted("7", parts=parts)])]


def check(status: int, body: object, **headers: str) -> None:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    ADAPTER.check_answer(ASK, Answer(status, headers, raw, "http://localhost/"))


def test_the_record_is_asked_of_the_official_api() -> None:
    """Another service than the rest of the title, with every field named: it tells only what it is asked for."""
    assert (ASK.platform, ASK.service, ASK.host) == (Platform.JIKAN, Service.MAL_V2, Service.MAL_V2)
    assert (ASK.kind, ASK.path, ASK.ids) == ("mal_v2", "/anime/7", ("7",))
    asked = dict(ASK.params)
    assert set(RECORD) <= set(asked["fields"].split(","))
    assert asked["nsfw"] == "true"


def test_the_same_path_at_another_service_is_another_question() -> None:
    """What the two answer differs, so their keys do."""
    other = JikanAdapter().plan_requests([Wanted("7")])[0]
    assert other.service is None
    assert other.key != ASK.key
    same = type(ASK)(ASK.platform, ASK.kind, ASK.path, ASK.ids, ASK.params)
    assert same.key != ASK.key


def test_the_service_of_jikans_shape_is_spared_one_request() -> None:
    """Two a title, and its episode pages, go there; the record never does."""
    record = orjson.dumps(RECORD)
    assert kinds({}) == ["mal_v2"]
    later = ADAPTER.plan_requests([Wanted("7", parts={"mal_v2": record})])
    assert [request.kind for request in later] == ["characters", "staff", "episodes/1"]
    assert {request.service for request in later} == {None}
    assert ADAPTER.expect_requests([Wanted("7", type=TitleType.TV, episodes=26)]) == {
        "mal_v2": 1, "characters": 1, "staff": 1, "episodes": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "asks"),
    [
        ({"media_type": "movie", "num_episodes": 3}, False),
        ({"media_type": "music", "num_episodes": 0}, False),
        ({"media_type": "ova", "num_episodes": 1}, False),
        ({"media_type": "tv", "num_episodes": 0}, True),
        ({}, True),
    ],
)
def test_the_record_tells_whether_there_can_be_episodes(fields: dict[str, object], asks: bool) -> None:
    """As with the other record: no list for films, music and single episodes; unknown is asked."""
    parts = {"mal_v2": orjson.dumps({"id": 7} | fields), "characters": NOTHING, "staff": NOTHING}
    assert kinds(parts) == (["episodes/1"] if asks else [])


def test_either_record_will_do_where_the_base_was_changed() -> None:
    """A ``full`` that is had is not asked for in another shape; a setting that wants ``full`` gets it."""
    full = orjson.dumps({"data": {"mal_id": 7, "type": "Movie", "episodes": 1}})
    film = orjson.dumps({"id": 7, "media_type": "movie", "num_episodes": 1})
    rest = {"characters": NOTHING, "staff": NOTHING}
    assert kinds({"full": full} | rest) == []
    assert kinds({"mal_v2": film} | rest, JikanAdapter()) == ["full"]
    assert kinds({"mal_v2": film, "full": full} | rest, JikanAdapter()) == []


def test_a_record_in_our_terms() -> None:
    """Every field that the API has lands where ``full`` would have put it."""
    title = read(RECORD)
    assert (title.drift, title.findings) == ((), ())
    assert title.titles == (
        TitleName("Yoru no Eki", TitleKind.MAIN, "ja-Latn"),
        TitleName("Night Stop", TitleKind.SYNONYM),
        TitleName("夜のえき", TitleKind.OFFICIAL, "ja"),
        TitleName("The Night Station", TitleKind.OFFICIAL, "en"),
    )
    assert (title.synopses[0].text, title.synopses[0].origin) == ("Trains that nobody waits for.", "MAL Rewrite")
    assert (title.background, title.type, title.status) == (None, TitleType.TV, AiringStatus.FINISHED)
    assert (title.start, title.end) == (PartialDate(2015, 4), PartialDate(2016, 3, 28))
    assert (title.season, title.season_year) == (Season.SPRING, 2015)
    assert title.broadcast == Broadcast("MONDAY", "18:00")
    assert title.source_material is SourceMaterial.FOUR_KOMA
    assert (title.age_rating, title.is_adult) == (AgeRating.PG_13, False)
    assert (title.episode_count, title.episode_duration_s) == (51, 1425)
    assert [(label.name, label.kind, label.id) for label in title.labels] == [
        ("Drama", LabelKind.GENRE, "8"),
        ("Psychological", LabelKind.THEME, "40"),
        ("Seinen", LabelKind.DEMOGRAPHIC, "42"),
    ]
    assert [(one.name, one.role, one.id) for one in title.companies] == [("Lamp", CompanyRole.STUDIO, "11")]
    assert title.images[0] == Image("https://pictures.example/7.jpg", ImageRole.COVER)
    assert title.images[3] == Image("https://pictures.example/8l.jpg", ImageRole.PICTURE, "large")
    assert title.identifiers == (ForeignId(Site.MAL, "7"),)


def test_figures_songs_and_relations_of_a_record() -> None:
    """Counts that come as text are numbers; anime and manga of one number stay two works."""
    title = read(RECORD)
    figures = title.statistics
    assert figures is not None
    assert (figures.score, figures.scored_by, figures.rank) == (8.14, 40000, 310)
    assert (figures.popularity_rank, figures.members, figures.favorites) == (1200, 81000, None)
    assert figures.status_distribution[0] == ("watching", 12)
    opening, ending = title.songs
    assert (opening.kind, opening.number, opening.title, opening.title_native) == ("opening", 1, "Hikari", "光")
    assert (opening.artist, opening.artist_native, opening.episodes) == ("Band", "バンド", "1-12")
    assert (ending.kind, ending.number, ending.artist) == ("ending", None, "Other")
    assert [(one.kind, one.target_type, one.target_ids[0].id, one.target_title) for one in title.relations] == [
        (RelationKind.SPIN_OFF, "anime", "6", "Asa no Eki"),
        (RelationKind.ADAPTATION, "manga", "6", "Eki"),
    ]


def test_extras_add_to_a_record() -> None:
    """Votes, further pictures and trailers come from the other service where they are asked for."""
    picture = {"jpg": {"image_url": "https://pictures.example/9.jpg"}}
    title = read(
        RECORD,
        statistics={"watching": 13, "scores": [{"score": 10, "votes": 4}]},
        pictures=[picture],
        videos={"promo": [{"title": "PV", "trailer": {"youtube_id": "abcdefghijk"}}]},
    )
    assert title.statistics is not None
    assert title.statistics.members == 81000
    assert title.statistics.status_distribution == (("watching", 13),)
    assert title.statistics.score_distribution == ((10.0, 4),)
    assert title.images[-1] == Image("https://pictures.example/9.jpg", ImageRole.PICTURE)
    assert [trailer.id for trailer in title.trailers] == ["abcdefghijk"]


def test_unknown_words_are_kept_as_drift() -> None:
    """A word nobody here knows is not said, and reported with where it stood."""
    odd = {"media_type": "hologram", "status": "asleep", "source": "tea_leaves", "rating": "x", "nsfw": "purple"}
    title = read(RECORD | odd | {"broadcast": {"day_of_the_week": "noday", "start_time": "25:99"}})
    assert (title.type, title.status, title.source_material, title.age_rating) == (None, None, None, None)
    assert (title.is_adult, title.broadcast) == (None, None)
    assert {(drift.field, drift.value) for drift in title.drift} == {
        ("type", "hologram"),
        ("status", "asleep"),
        ("source_material", "tea leaves"),
        ("age_rating", "x"),
        ("broadcast.day", "nodays"),
        ("broadcast.time", "25:99"),
    }


@pytest.mark.parametrize("empty", [None, [], {}, 0, "", "unknown"])
def test_a_record_that_says_nothing_is_read(empty: object) -> None:
    """Null, empty and the wrong shape in every field: not said, never an error."""
    title = read(dict.fromkeys(RECORD, empty) | {"id": 7})
    assert (title.type, title.start, title.episode_count, title.labels, title.relations) == (None, None, None, (), ())
    assert title.season is None


def test_adult_titles_are_told_by_rating_else_by_mark() -> None:
    """``rx`` is adult whatever the mark; without a rating only ``black`` is."""
    assert read({"id": 7, "rating": "rx", "nsfw": "white"}).is_adult is True
    assert read({"id": 7, "nsfw": "black"}).is_adult is True
    assert read({"id": 7, "nsfw": "gray"}).is_adult is None


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"id":8}', b'{"data":{"mal_id":7}}'])
def test_a_stored_record_of_another_shape_is_broken_and_named(body: bytes) -> None:
    """Planning and converting say which part of which title."""
    for act in (lambda: kinds({"mal_v2": body}), lambda: ADAPTER.convert("7", {"mal_v2": body})):
        with pytest.raises(Broken, match=r"jikan: part 'mal_v2' of '7'"):
            act()


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (404, {"message": "", "error": "not_found"}, EntryGone),
        (404, b"<html>nginx</html>", Broken),
        (400, {"message": "Invalid client id", "error": "bad_request"}, Broken),
        (401, {"message": "token is invalid", "error": "invalid_token"}, Broken),
        (403, {"message": "", "error": "forbidden"}, Blocked),
        (403, b"<html>cf-chl</html>", Blocked),
        (429, {"message": "", "error": "too_many_requests"}, Throttled),
        (500, {"message": "", "error": "internal_server_error"}, Transient),
        (504, b"<html>504 Gateway Time-out</html>", Transient),
        (200, b"", RetryLater),
        (200, b'{"id":7,', Transient),
        (200, b"<html>maintenance</html>", Transient),
        (200, {"message": "", "error": "internal_server_error"}, Transient),
    ],
)
def test_every_kind_of_answer_lands_in_its_class(status: int, body: object, error: type[Exception]) -> None:
    """The error says what to do next, and that it was the official API that answered."""
    with pytest.raises(error, match="mal_v2"):
        check(status, body)


def test_a_refused_client_id_names_the_setting() -> None:
    """One sentence: what was said, and where to look."""
    with pytest.raises(Broken, match=r"Invalid client id.*platforms\.jikan\.mal_v2\.token"):
        check(400, {"message": "Invalid client id", "error": "bad_request"})


def test_every_label_of_the_recorded_list_has_its_kind(recordings: Path) -> None:
    """The site's own list names genres first, then themes, then demographics."""
    [file] = (recordings / "jikan" / "genres_anime").glob("all-*.json")
    names = [row["name"] for row in orjson.loads(file.read_bytes())["data"]]
    assert set(names[: len(GENRES)]) == GENRES
    assert set(names[-len(DEMOGRAPHICS) :]) == DEMOGRAPHICS
    labels = read({"id": 7, "genres": [{"id": 1, "name": name} for name in names]}).labels
    assert [label.kind for label in labels].count(LabelKind.THEME) == len(names) - len(GENRES) - len(DEMOGRAPHICS)
