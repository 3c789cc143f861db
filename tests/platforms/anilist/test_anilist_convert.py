"""AniList: recorded answers and odd inputs in our terms."""

import time
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.canonical import dump_json, load_json
from pipeline.domain.names import (
    AiringStatus,
    CharacterRole,
    CompanyRole,
    LabelKind,
    LinkKind,
    RelationKind,
    Season,
    Site,
    SourceMaterial,
    TitleKind,
    TitleType,
)
from pipeline.domain.source_title import ForeignId, PartialDate, SourceTitle
from pipeline.errors import Broken
from pipeline.platforms.anilist import AniListAdapter
from pipeline.platforms.anilist._people import split_role

ADAPTER = AniListAdapter()


def media_of(path: Path) -> dict:
    found = orjson.loads(path.read_bytes())["data"]["Media"]
    return found if "id" in found else {"id": int(path.stem), "type": "ANIME", **found}


def convert(media: dict, **parts: object) -> SourceTitle:
    more = {kind.replace("_", "/"): orjson.dumps(body) for kind, body in parts.items()}
    return ADAPTER.convert(str(media["id"]), {"media": orjson.dumps(media), **more})


def made(**fields: object) -> SourceTitle:
    return convert({"id": 7, "type": "ANIME", "title": {"romaji": "Synthetic"}, **fields})


def test_every_recorded_title_converts_without_drift_or_loss(recordings) -> None:
    """All recorded media objects become a SourceTitle that survives writing and reading, with no unknown word."""
    files = sorted((recordings / "anilist").glob("media*/*.json"))
    assert len(files) > 100
    for path in files:
        title = convert(media_of(path))
        assert load_json(SourceTitle, dump_json(SourceTitle, title)) == title
        assert title.drift == (), path


def test_cowboy_bebop(recordings) -> None:
    """Hand-checked facts of the recorded detail answer."""
    title = convert(media_of(recordings / "anilist/media_detail/1.json"))
    assert (title.type, title.status, title.source_material) == (
        TitleType.TV,
        AiringStatus.FINISHED,
        SourceMaterial.ORIGINAL,
    )
    assert (title.start, title.end) == (PartialDate(1998, 4, 3), PartialDate(1999, 4, 24))
    assert (title.episode_count, title.episode_duration_s, title.country) == (26, 24 * 60, "JP")
    assert (title.season, title.season_year) == (Season.SPRING, 1998)
    assert (title.statistics.score, title.statistics.score_max, title.statistics.rank) == (86, 100, 42)
    assert (title.statistics.members, title.statistics.favorites) == (305734, 20399)
    assert len(title.statistics.status_distribution) == 5
    assert title.statistics.score_distribution[0] == (10.0, 451)
    assert [label.name for label in title.labels if label.kind is LabelKind.GENRE] == [
        "Action",
        "Adventure",
        "Drama",
        "Sci-Fi",
    ]
    assert next(label.strength for label in title.labels if label.name == "Space") == 0.94
    assert len(title.titles) == 8
    movie = next(relation for relation in title.relations if relation.target_ids[0].id == "5")
    assert (movie.kind, movie.target_type) == (RelationKind.SIDE_STORY, "anime")
    assert title.trailers[0].url == "https://www.youtube.com/watch?v=OhNwckCLzis"
    assert [company.name for company in title.companies if company.is_main] == ["Sunrise"]
    assert title.episodes[0].titles[0].text == "Asteroid Blues"
    assert [episode.number for episode in title.episodes] == list(range(1, 27))


def test_frieren(recordings) -> None:
    """Hand-checked facts of the recorded wide answer."""
    title = convert(media_of(recordings / "anilist/media/154587.json"))
    assert [(name.kind, name.language) for name in title.titles[:3]] == [
        (TitleKind.MAIN, "ja-Latn"),
        (TitleKind.OFFICIAL, "en"),
        (TitleKind.OFFICIAL, "ja"),
    ]
    assert ForeignId(Site.MAL, "52991") in title.identifiers
    assert (title.episode_count, title.start) == (28, PartialDate(2023, 9, 29))
    assert title.synopses[0].origin == "Crunchyroll"
    assert {link.kind for link in title.links} == {LinkKind.OFFICIAL, LinkKind.SOCIAL, LinkKind.STREAMING}
    assert [one.name for one in title.companies if one.role is CompanyRole.STUDIO] == ["MADHOUSE"]
    assert title.is_adult is False


def test_one_piece_is_still_running(recordings) -> None:
    """No end, no count, a next episode, one entry for every streamed episode."""
    title = convert(media_of(recordings / "anilist/media/21.json"))
    assert (title.status, title.episode_count, title.end) == (AiringStatus.AIRING, None, None)
    assert title.start == PartialDate(1999, 10, 20)
    assert title.next_episode is not None
    assert title.next_episode.episode > 1100
    assert title.next_episode.at.endswith("Z")


def test_recorded_cast_has_actors_by_language_and_facts_apart(recordings) -> None:
    """Heights stand in attributes, not in the biography; the credit below it too; actors carry their language."""
    title = convert(media_of(recordings / "anilist/media_characters/99426.json"))
    mari = title.characters[0]
    assert (mari.name, mari.role, mari.birthday, mari.blood_type) == ("Mari Tamaki", CharacterRole.MAIN, "03-18", "O")
    assert dict(mari.attributes)["Height"].startswith("155 cm")
    assert dict(mari.attributes)["Source"] == "Anime News Network"
    assert "Height" not in mari.description
    assert "Source" not in mari.description
    assert {actor.language for actor in mari.voice_actors} == {"ja", "de", "en"}
    assert len(title.characters) == 18


def test_recorded_staff_roles_are_split_from_their_episodes(recordings) -> None:
    """All 25 credits are kept; episodes stand apart from the role."""
    title = convert(media_of(recordings / "anilist/media_staff/99426.json"))
    assert len(title.staff) == 25
    assert ("Script", "1-13") in {(credit.role, credit.episodes) for credit in title.staff}


@pytest.mark.parametrize(
    ("text", "role", "episodes"),
    [
        ("Key Animation (eps 1, 3)", "Key Animation", "1, 3"),
        ("Storyboard (ep 11)", "Storyboard", "11"),
        ("Storyboard (OP, eps 1-3, 12, 13)", "Storyboard", "OP, eps 1-3, 12, 13"),
        ("Theme Song Performance (ED)", "Theme Song Performance", "ED"),
        ("ADR Director (English)", "ADR Director (English)", None),
        ("Theme Song Performance (OP2)", "Theme Song Performance", "OP2"),
        ("Director", "Director", None),
        ("", "", None),
        ("(eps 1)", "(eps 1)", None),
    ],
)
def test_role_and_episodes(text: str, role: str, episodes: str | None) -> None:
    """Brackets that name episodes leave the role, all others stay."""
    assert split_role(text) == (role, episodes)


def character(description: str | None, **more: object) -> dict:
    node = {"id": 5, "name": {"full": "A B"}, "description": description, **more}
    return {"edges": [{"id": 1, "role": "MAIN", "node": node}]}


def test_spoilers_and_labels_of_a_biography_are_taken_apart() -> None:
    """Hidden text is never in the description; a labelled spoiler keeps its label; an open spoiler hides the rest."""
    raw = (
        "__Height:__ 178 cm\n**Bounty:** ~!3 billion!~\n__Affiliation__: Crew\n\n"
        "Likes [tea](https://example.org/x) and __bold__ words.\n\n~!Dies.!~ Lives on. ~!never closed"
    )
    found = made(characters=character(raw)).characters[0]
    assert found.attributes == (("Height", "178 cm"), ("Affiliation", "Crew"))
    assert found.spoilers == ("Bounty: 3 billion", "Dies.", "never closed")
    assert found.description == "Likes tea and bold words.\n\nLives on."


def test_a_spoiler_in_a_synopsis_is_kept_out_of_it() -> None:
    """The text without the spoiler is the synopsis; the spoiler is a finding."""
    title = made(description="A <i>start</i>.<br><br>~!The end.!~\n(Source: Someone)")
    assert (title.synopses[0].text, title.synopses[0].origin) == ("A start.", "Someone")
    assert [finding.message for finding in title.findings] == ["The end."]


def test_duplicates_over_pages_are_dropped_once_and_noted() -> None:
    """The same edge on two pages is one character; a further page adds the others."""

    def edge(id_: int) -> dict:
        return {"id": id_, "role": "SUPPORTING", "node": {"id": id_ * 10, "name": {"full": f"N{id_}"}}}

    media = {"id": 7, "title": {}, "characters": {"edges": [edge(1), edge(2)]}}
    title = convert(media, characters_2={"edges": [edge(2), edge(3)]}, staff_2={"edges": []})
    assert [one.id for one in title.characters] == ["10", "20", "30"]
    assert len(title.findings) == 1


def test_voice_actor_roles_keep_their_notes_and_unknown_languages_are_drift() -> None:
    """Notes and dub groups stand with the actor; an unknown language is kept as drift and left open."""
    edge = {
        "id": 1,
        "role": "CAMEO",
        "node": {"id": 5, "name": {"full": None, "native": "名"}},
        "voiceActorRoles": [
            {
                "roleNotes": "young",
                "dubGroup": "X",
                "voiceActor": {"id": 1, "name": {"full": "V"}, "languageV2": "Klingon"},
            },
            {"voiceActor": None},
        ],
    }
    title = made(characters={"edges": [edge]})
    (actor,) = title.characters[0].voice_actors
    assert (actor.language, actor.note) == (None, "young; X")
    assert title.characters[0].role is CharacterRole.UNKNOWN
    assert {drift.value for drift in title.drift} == {"CAMEO", "Klingon"}


def test_unknown_words_are_drift_and_never_a_default() -> None:
    """A new format, status, source, season, relation or trailer site leaves its field open."""
    title = made(
        format="HOLOGRAM",
        status="SLEEPING",
        source="DREAM",
        season="MONSOON",
        trailer={"site": "newtube", "id": "1"},
        relations={"edges": [{"id": 1, "relationType": "RIVAL", "node": {"id": 2, "idMal": 3, "type": "MANGA"}}]},
    )
    assert (title.type, title.status, title.source_material, title.season, title.trailers) == (None,) * 4 + ((),)
    (relation,) = title.relations
    assert (relation.kind, relation.kind_text, relation.target_type) == (None, "RIVAL", "manga")
    assert relation.target_ids == (ForeignId(Site.ANILIST, "2"), ForeignId(Site.MAL, "3"))
    assert len(title.drift) == 6


def test_dates_are_as_precise_as_said_and_impossible_ones_are_left_out() -> None:
    """A year alone stays a year; 31 February is a finding and no date."""
    title = made(startDate={"year": 2027, "month": None, "day": None}, endDate={"year": 2027, "month": 2, "day": 31})
    assert (title.start, title.end) == (PartialDate(2027), None)
    assert [finding.code for finding in title.findings] == ["impossible_date"]


def test_nothing_said_reads_as_nothing() -> None:
    """Nulls everywhere and missing keys give a title without a single claim."""
    fields = ("description", "format", "startDate", "tags", "genres", "characters", "stats", "coverImage", "trailer")
    empty, null = made(), made(**dict.fromkeys(fields))
    assert empty == null
    assert (empty.synopses, empty.type, empty.start, empty.labels, empty.characters) == ((), None, None, (), ())


def test_spoiler_tags_and_adult_tags_are_marked() -> None:
    """Either spoiler flag marks the tag; rank becomes strength; demographics are told apart."""
    tags = [
        {"id": 1, "name": "A", "rank": 90, "isGeneralSpoiler": False, "isMediaSpoiler": True},
        {"id": 2, "name": "B", "rank": 20, "isAdult": True},
        {"id": 3, "name": "Seinen", "rank": None, "category": "Demographic"},
        {"id": 4, "name": None},
    ]
    a, b, c = made(tags=tags).labels
    assert (a.is_spoiler, a.strength, b.is_adult, b.strength) == (True, 0.9, True, 0.2)
    assert c.kind is LabelKind.DEMOGRAPHIC


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"<html></html>", b"{}", b'{"id": 7}', b'{"id": 8, "title": {}}']
)
def test_a_body_that_is_not_the_titles_media_is_broken(body: bytes) -> None:
    """The error names platform, id and part."""
    with pytest.raises(Broken, match=r"anilist.*media.*7"):
        ADAPTER.convert("7", {"media": body})


def test_a_missing_media_part_is_broken() -> None:
    """Further pages without the record are nothing."""
    with pytest.raises(Broken, match="media"):
        ADAPTER.convert("7", {"characters/2": b"{}"})


def test_a_long_series_converts_quickly() -> None:
    """1,400 characters with two actors each and 1,100 airing slots take well below half a second of CPU."""

    def page(number: int) -> dict:
        edges = [
            {
                "id": number * 25 + row,
                "role": "BACKGROUND",
                "node": {
                    "id": number * 25 + row,
                    "name": {"full": "N"},
                    "description": "__Age:__ 1\n\n" + "word " * 150,
                },
                "voiceActorRoles": [{"voiceActor": {"id": 1, "name": {"full": "V"}, "languageV2": "Japanese"}}] * 2,
            }
            for row in range(25)
        ]
        return {"edges": edges}

    parts = {f"characters/{number}": orjson.dumps(page(number)) for number in range(2, 57)}
    slots = {"nodes": [{"id": row, "episode": row, "airingAt": 1_000_000_000 + row} for row in range(1100)]}
    parts["media"] = orjson.dumps({"id": 7, "title": {}, "characters": page(1), "airingSchedule": slots})
    begun = time.process_time()
    title = ADAPTER.convert("7", parts)
    assert time.process_time() - begun < 10.0  # far more than it takes
    assert (len(title.characters), len(title.schedule)) == (1400, 1100)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
WORDS = (
    "title synonyms description format status source countryOfOrigin season seasonYear startDate endDate episodes "
    "duration genres tags stats rankings averageScore coverImage bannerImage trailer relations externalLinks studios "
    "characters staff airingSchedule streamingEpisodes nextAiringEpisode hashtag idMal updatedAt siteUrl isAdult"
)
FIELDS = WORDS.split()


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), JUNK | st.builds(lambda one: {"edges": [one], "nodes": [one]}, JUNK)))
def test_conversion_is_total_over_odd_fields(fields: dict) -> None:
    """Whatever stands in a field, conversion gives a title and never raises."""
    media = {"id": 7, "type": "ANIME", **fields}
    body = orjson.dumps(media) if _fits(media) else b'{"id": 7, "type": "ANIME"}'
    assert ADAPTER.convert("7", {"media": body}).id == "7"


def _fits(value: object) -> bool:
    try:
        orjson.dumps(value)
    except TypeError:
        return False
    return True


def test_what_anilists_own_pages_ask_is_read_too(recordings: Path) -> None:
    """They name the first rows of cast and staff otherwise; the whole lists go before them."""
    media = media_of(recordings / "anilist/media_detail/1.json")
    title = convert(media)
    assert [one.name for one in title.characters][:2] == ["Spike Spiegel", "Faye Valentine"]
    assert {actor.name for actor in title.characters[0].voice_actors} == {"Kouichi Yamadera"}
    assert len(title.staff) == len(media["staffPreview"]["edges"])
    whole = {"edges": [{"id": 1, "role": "MAIN", "node": {"id": 9, "name": {"full": "Ein"}}}]}
    assert [one.name for one in convert(media | {"characters": whole}).characters] == ["Ein"]


def test_companies_asked_without_their_part_are_kept_open(recordings: Path) -> None:
    """Names alone do not tell a studio from who paid for it."""
    title = convert(media_of(recordings / "anilist/media_partial/16498.json"))
    assert {one.role for one in title.companies} == {CompanyRole.OTHER}
    assert len(title.companies) == 7


def test_links_without_a_type_are_what_their_address_says() -> None:
    """Older answers have none."""
    urls = ("https://twitter.com/a", "https://en.wikipedia.org/wiki/A", "https://www.netflix.com/title/1")
    links = made(externalLinks=[{"url": url, "site": "x"} for url in urls]).links
    assert [link.kind for link in links] == [LinkKind.SOCIAL, LinkKind.DATABASE, LinkKind.OTHER]


def test_a_characters_labelled_facts_fill_what_anilist_has_no_field_for() -> None:
    """Its own fields go before them."""
    said = {
        "id": 3,
        "name": {"full": "Mio"},
        "gender": "Female",
        "description": "__Hair:__ blue\n__Gender:__ none\n\nShe.",
    }
    [one] = made(characters={"edges": [{"id": 1, "role": "MAIN", "node": said}]}).characters
    assert (one.hair_color, one.gender, one.description) == ("blue", "Female", "She.")
