"""Kitsu: recorded JSON:API documents, synthetic GraphQL records and odd inputs in our terms."""

import time
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.canonical import dump_json, load_json
from pipeline.domain.names import (
    AgeRating,
    AiringStatus,
    CharacterRole,
    CompanyRole,
    ImageRole,
    LabelKind,
    RelationKind,
    Season,
    Site,
    TitleKind,
    TitleType,
)
from pipeline.domain.source_title import ForeignId, PartialDate, SourceTitle
from pipeline.errors import Broken
from pipeline.platforms.kitsu import KitsuAdapter
from pipeline.platforms.kitsu._vocabulary import language_of

ADAPTER = KitsuAdapter()
RECORDS = ("anime", "anime_filter_include", "anime_app_host", "anime_from_list", "anime_sparse")
LISTS = (
    "anime_mappings anime_episodes anime_episodes_sparse anime_characters anime_categories anime_streaming_links "
    "anime_streaming_links_include media_relationships anime_media_relationships anime_genres anime_staff "
    "anime_anime_productions anime_app_host_mappings anime_app_host_streaming_links"
)


def id_of(path: Path) -> str:
    return path.stem.split(".")[0]


def convert_recorded(recordings: Path, id_: str, *kinds: str) -> SourceTitle:
    folder = recordings / "kitsu"
    parts = {f"jsonapi/{kind.split('/')[0]}": (folder / f"{kind}.json").read_bytes() for kind in kinds}
    return ADAPTER.convert(id_, parts)


def graphql(**fields: object) -> SourceTitle:
    return ADAPTER.convert("7", {"anime": orjson.dumps({"id": "7", "titles": {}, **fields})})


def jsonapi(included: list | None = None, relationships: dict | None = None, **attributes: object) -> SourceTitle:
    about = {"canonicalTitle": "Synthetic", **attributes}
    data = {"id": "7", "type": "anime", "attributes": about, "relationships": relationships or {}}
    return ADAPTER.convert("7", {"jsonapi/anime": orjson.dumps({"data": data, "included": included or []})})


def test_every_recorded_document_converts_without_drift(recordings) -> None:
    """Records alone, and every list together with a record of the same title, survive writing and reading."""
    folder, count = recordings / "kitsu", 0
    for kind in (*RECORDS, *LISTS.split()):
        for path in sorted((folder / kind).glob("[0-9]*.json")):
            parts = {f"jsonapi/{kind}": path.read_bytes()}
            if kind not in RECORDS:
                known = [one for base in RECORDS if (one := folder / base / f"{id_of(path)}.json").exists()]
                parts["jsonapi/anime"] = known[0].read_bytes()
            title = ADAPTER.convert(id_of(path), parts)
            assert load_json(SourceTitle, dump_json(SourceTitle, title)) == title
            assert title.drift == (), path
            count += 1
    assert count > 90


def test_cowboy_bebop(recordings) -> None:
    """Hand-checked facts of the recorded documents of one title."""
    title = convert_recorded(
        recordings, "1", "anime/1", "anime_filter_include/1", "anime_mappings/1", "anime_episodes/1.1",
        "anime_streaming_links/1",
    )  # fmt: skip
    assert (title.type, title.status, title.age_rating) == (TitleType.TV, AiringStatus.FINISHED, AgeRating.R)
    assert (title.episode_count, title.episode_duration_s) == (26, 25 * 60)
    assert (title.start, title.end) == (PartialDate(1998, 4, 3), PartialDate(1999, 4, 24))
    assert [(name.kind, name.language) for name in title.titles] == [
        (TitleKind.MAIN, "en"),
        (TitleKind.OFFICIAL, "ja-Latn"),
        (TitleKind.OFFICIAL, "ja"),
        (TitleKind.SYNONYM, None),
    ]
    assert (title.statistics.score, title.statistics.score_max) == (82.26, 100)
    assert (title.statistics.rank, title.statistics.popularity_rank) == (183, 44)
    assert title.statistics.score_distribution[0] == (10.0, 4366)
    assert {ForeignId(Site.MAL, "1"), ForeignId(Site.ANIDB, "23"), ForeignId("trakt", "30857")} <= set(
        title.identifiers
    )
    assert len([label for label in title.labels if label.kind is LabelKind.TAG]) == 14
    assert len([label for label in title.labels if label.kind is LabelKind.GENRE]) == 6
    first = title.episodes[0]
    assert (first.number, first.season, first.duration_s) == (1, 1, 25 * 60)
    assert first.aired == PartialDate(1998, 10, 23)
    movie = title.relations[0]
    assert (movie.kind, movie.target_ids, movie.target_year) == (
        RelationKind.SIDE_STORY,
        (ForeignId(Site.KITSU, "2"),),
        2001,
    )
    assert {relation.target_type for relation in title.relations} == {"anime", "manga"}
    assert len(title.links) == 4
    assert title.links[0].dubs == ("ja",)
    assert {image.role for image in title.images} == {ImageRole.COVER, ImageRole.BANNER}
    assert title.trailers[0].id == "qig4KOK2R2g"


def test_one_piece_has_no_end(recordings) -> None:
    """Still running: no count, no end."""
    title = convert_recorded(recordings, "12", "anime/12")
    assert (title.status, title.end, title.start) == (AiringStatus.AIRING, None, PartialDate(1999, 10, 20))


def test_frieren(recordings) -> None:
    """The record stands in a recorded search answer; it is found by id among others."""
    body = (recordings / "kitsu/anime_search/frieren.json").read_bytes()
    title = ADAPTER.convert("46474", {"jsonapi/anime_search": body})
    assert title.start == PartialDate(2023, 9, 29)
    assert title.episode_count == 28


def test_no_address_names_the_lost_host(recordings) -> None:
    """media.kitsu.io is dead; every stored address of it is rewritten."""
    title = jsonapi(posterImage={"original": "https://media.kitsu.io/a.jpg"}, slug="s")
    assert title.images[0].url == "https://media.kitsu.app/a.jpg"
    for path in sorted((recordings / "kitsu/anime").glob("*.json")):
        assert b"kitsu.io" not in dump_json(
            SourceTitle, ADAPTER.convert(id_of(path), {"jsonapi/anime": path.read_bytes()})
        )


def test_lengths_are_minutes_in_one_api_and_seconds_in_the_other() -> None:
    """The same title of 24 minutes is 1,440 seconds from both."""
    assert jsonapi(episodeLength=24).episode_duration_s == 1440
    assert graphql(episodeLength=1440).episode_duration_s == 1440
    assert graphql(episodes={"nodes": [{"id": "1", "number": 1, "length": 1440}]}).episodes[0].duration_s == 1440


def test_a_graphql_record_in_our_terms() -> None:
    """Every block of a full record reaches its field."""
    title = graphql(
        slug="syn",
        subtype="TV",
        status="CURRENT",
        sfw=False,
        ageRating="PG",
        ageRatingGuide="PG-13 - Teens 13 or older",
        season="FALL",
        startDate="2027-10-01",
        averageRating=77.5,
        originCountries=["JP"],
        description={"ja_jp": "和文", "en": "Text.\n\n(Source: Someone)"},
        titles={"canonical": "Syn", "localized": {"en": None, "en_jp": "Syn", "ja_jp": "シン", "en_us": "Sin"}},
        posterImage={"original": {"url": "https://media.kitsu.io/p.png", "width": 10, "height": 20}},
        categories={"nodes": [{"id": "1", "slug": "x", "title": {"en": "X"}, "isNsfw": True}]},
        mappings={"nodes": [{"externalSite": "MYANIMELIST_ANIME", "externalId": "5"}]},
        productions={"nodes": [{"role": "STUDIO", "company": {"id": "1", "name": "C"}}]},
        relationships={"nodes": [{"kind": "SPINOFF", "destination": {"id": "9", "slug": "m", "type": "Manga"}}]},
        streamingLinks={"nodes": [{"url": "https://example.org/w", "subs": ["en"], "streamer": {"siteName": "S"}}]},
        staff={"nodes": [{"id": "1", "role": "Director", "person": {"id": "2", "name": "P"}}]},
        nextRelease="2027-10-08T15:00:00+09:00",
        characters={
            "nodes": [
                {
                    "id": "1",
                    "role": "RECURRING",
                    "character": {
                        "id": "3",
                        "names": {"canonical": "N", "localized": {"ja_jp": "名"}, "alternatives": ["M"]},
                        "description": {"en": 'Seen. <span class="spoiler">Hidden.</span>'},
                    },
                    "voices": {"nodes": [{"locale": "ja_jp", "person": {"id": "4", "name": "V"}}]},
                }
            ]
        },
        episodes={
            "nodes": [{"id": "8", "number": 1, "releasedAt": "2027-10-01T16:00:00Z", "titles": {"canonical": "E"}}]
        },
    )
    assert (title.url, title.is_adult, title.age_rating) == ("https://kitsu.app/anime/syn", True, AgeRating.PG_13)
    assert (title.season, title.country, title.status) == (Season.FALL, "JP", AiringStatus.AIRING)
    assert [(name.text, name.language) for name in title.titles] == [
        ("Syn", "ja-Latn"),
        ("シン", "ja"),
        ("Sin", "en-US"),
    ]
    assert [(text.language, text.origin) for text in title.synopses] == [("en", "Someone"), ("ja", None)]
    assert (title.images[0].url, title.images[0].width) == ("https://media.kitsu.app/p.png", 10)
    assert (title.labels[0].name, title.labels[0].is_adult) == ("X", True)
    assert title.identifiers == (ForeignId(Site.KITSU, "7"), ForeignId(Site.MAL, "5"))
    assert title.companies[0].role is CompanyRole.STUDIO
    assert (title.relations[0].kind, title.relations[0].target_type) == (RelationKind.SPIN_OFF, "manga")
    assert (title.links[0].site, title.links[0].subs) == ("S", ("en",))
    assert (title.staff[0].role, title.next_episode.at) == ("Director", "2027-10-08T06:00:00Z")
    (who,) = title.characters
    assert (who.role, who.name_native, who.alternative_names) == (CharacterRole.SUPPORTING, "名", ("M",))
    assert (who.description, who.spoilers, who.voice_actors[0].language) == ("Seen.", ("Hidden.",), "ja")
    assert title.episodes[0].aired == PartialDate(2027, 10, 2)
    assert (title.drift, title.findings) == ((), ())


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("en", "en"), ("en_us", "en-US"), ("en_jp", "ja-Latn"), ("en_t_ja", "ja-Latn"), ("en-t-ja", "ja-Latn"),
        ("ja_jp", "ja"), ("en_kr", "ko-Latn"), ("zh_cn", "zh-CN"), ("pt_br", "pt-BR"), ("pt_pt", "pt"),
        ("en_ar", "ar-Latn"), ("en_ru", "ru-Latn"), ("es_la", "es-419"), ("in_id", "id"), ("ca_es", "ca"),
        ("", None), (None, None), ("not a locale", None),
    ],
)  # fmt: skip
def test_locales_become_language_tags(locale: str | None, language: str | None) -> None:
    """Kitsu's keys read as BCP 47; en_jp is its way of writing romaji."""
    assert language_of(locale) == language


def test_further_pages_are_joined_and_duplicates_dropped_once() -> None:
    """An episode that comes on two pages is one episode and one finding."""
    first = {"id": "7", "titles": {}, "episodes": {"nodes": [{"id": "1", "number": 1}, {"id": "2", "number": 2}]}}
    second = {"nodes": [{"id": "2", "number": 2}, {"id": "3", "number": 3}]}
    title = ADAPTER.convert("7", {"anime": orjson.dumps(first), "episodes/2": orjson.dumps(second)})
    assert [episode.number for episode in title.episodes] == [1, 2, 3]
    assert len(title.findings) == 1


def test_unknown_words_and_impossible_dates() -> None:
    """New enum values are drift, dates that cannot be are findings, and both fields stay open."""
    for title in (
        jsonapi(subtype="hologram", status="sleeping", ageRating="X", startDate="2027-02-31"),
        graphql(subtype="HOLOGRAM", status="SLEEPING", ageRating="X", startDate="2027-02-31"),
    ):
        assert (title.type, title.status, title.age_rating, title.start) == (None, None, None, None)
        assert len(title.drift) == 3
        assert [finding.code for finding in title.findings] == ["impossible_date"]


def test_nothing_said_reads_as_nothing() -> None:
    """Nulls and missing keys are the same."""
    fields = ("titles", "status", "startDate", "posterImage", "averageRating", "ratingFrequencies", "nsfw", "tba")
    assert jsonapi() == jsonapi(**dict.fromkeys(fields))
    named = ("description", "episodes", "characters", "categories", "posterImage", "staff", "sfw", "originCountries")
    assert graphql() == graphql(**dict.fromkeys(named))


def test_relations_and_characters_without_their_target_are_noted() -> None:
    """A row whose resource was not included is said, not silently dropped."""
    included = [{"id": "1", "type": "mediaRelationships", "attributes": {"role": "sequel"}}]
    title = jsonapi(included, {"mediaRelationships": {"data": [{"id": "1", "type": "mediaRelationships"}]}})
    assert [finding.code for finding in title.findings] == ["relation_without_target"]


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{}", b'{"id": "7"}', b'{"id": "8", "titles": {}}', b"<html/>"])
def test_a_body_of_another_shape_is_broken(body: bytes) -> None:
    """The error names platform, id and part, in both modes."""
    with pytest.raises(Broken, match=r"kitsu.*anime.*7"):
        ADAPTER.convert("7", {"anime": body})
    with pytest.raises(Broken, match=r"kitsu.*jsonapi/anime.*7"):
        ADAPTER.convert("7", {"jsonapi/anime": body})


def test_no_parts_at_all_is_broken() -> None:
    """Nothing cannot be converted."""
    with pytest.raises(Broken):
        ADAPTER.convert("7", {})


def test_a_long_series_converts_quickly() -> None:
    """1,100 episodes and 1,400 characters take below half a second of CPU."""
    episodes = [
        {"id": str(n), "number": n, "titles": {"canonical": "E"}, "description": {"en": "w " * 60}} for n in range(1100)
    ]
    cast = [
        {
            "id": str(n),
            "role": "MAIN",
            "character": {"id": str(n), "names": {"canonical": "N"}, "description": {"en": "w " * 90}},
        }
        for n in range(1400)
    ]
    body = orjson.dumps({"id": "7", "titles": {}, "episodes": {"nodes": episodes}, "characters": {"nodes": cast}})
    begun = time.process_time()
    title = ADAPTER.convert("7", {"anime": body})
    assert time.process_time() - begun < 10.0  # far more than it takes
    assert (len(title.episodes), len(title.characters)) == (1100, 1400)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text("ab\n<", max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab_", max_size=4), inner, max_size=3),
    max_leaves=6,
)
SAID = st.sampled_from(
    ["titles", "description", "synopsis", "canonicalTitle", "subtype", "status", "startDate", "nextRelease", "tba"]
)
LISTED = st.sampled_from(
    ["episodes", "characters", "posterImage", "ratingFrequencies", "categories", "mappings", "relationships", "staff"]
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(SAID | LISTED, JUNK | st.builds(lambda one: {"nodes": [one], "localized": one}, JUNK)))
def test_conversion_is_total_over_odd_fields(fields: dict) -> None:
    """Whatever stands in a field of either API, conversion gives a title and never raises."""
    assert graphql(**fields).id == "7"
    assert jsonapi(**fields).id == "7"


@pytest.mark.parametrize(
    ("tba", "day", "expected"),
    [
        ("October 2025", "2025-10-31", PartialDate(2025, 10)),
        ("2026", "2026-12-31", PartialDate(2026)),
        ("Fall 2026", "2026-12-31", PartialDate(2026)),
        ("October 2025", "2025-10-05", PartialDate(2025, 10, 5)),
        (None, "2025-10-31", PartialDate(2025, 10, 31)),
        ("", "2024-02-29", PartialDate(2024, 2, 29)),
        ("February 2024", "2024-02-29", PartialDate(2024, 2)),
        ("soon", "2026", PartialDate(2026)),
    ],
)
def test_the_last_day_of_what_is_only_announced_is_a_stand_in(tba, day, expected) -> None:
    """``tba`` says how much is known; without it, or beside another day, the day is a day."""
    assert jsonapi(startDate=day, tba=tba).start == expected
    assert graphql(startDate=day, tba=tba).start == expected
