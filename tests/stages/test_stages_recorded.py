"""The stages over recorded answers of real platforms: small known facts of two titles."""

import orjson
import pytest

from pipeline.domain.names import AgeRating, AiringStatus, RelationKind, Season, SourceMaterial, TitleType
from pipeline.platforms.anidb.convert import convert_title as convert_anidb
from pipeline.platforms.anilist.convert import convert_title as convert_anilist
from pipeline.platforms.anime_planet.convert import convert_title as convert_anime_planet
from pipeline.platforms.animeschedule.convert import convert_title as convert_animeschedule
from pipeline.platforms.jikan.convert import convert_title as convert_jikan
from pipeline.platforms.kitsu.convert import convert_title as convert_kitsu
from pipeline.stages import metadata, relations, statistics

from .making import ANILIST, KITSU, MAL, PLANET, SCHEDULE, given_sources


def anilist(folder, id_):
    media = orjson.loads((folder / f"anilist/media/{id_}.json").read_bytes())["data"]["Media"]
    return convert_anilist(id_, {"media": orjson.dumps(media)})


def jikan(folder, id_):
    return convert_jikan(id_, {"full": (folder / f"jikan/anime_full/{id_}.json").read_bytes()})


def kitsu(folder, id_):
    return convert_kitsu(id_, {"jsonapi/anime": (folder / f"kitsu/anime/{id_}.json").read_bytes()})


@pytest.fixture(scope="module")
def bebop(recordings):
    schedule = (recordings / "animeschedule/anime/cowboy-bebop.json").read_bytes()
    return given_sources(
        jikan(recordings, "1"),
        anilist(recordings, "1"),
        kitsu(recordings, "1"),
        convert_animeschedule("mal:1", {"anime": schedule}),
    )


@pytest.fixture(scope="module")
def brotherhood(recordings):
    page = (recordings / "anime_planet/anime/fullmetal-alchemist-brotherhood.html").read_bytes()
    return given_sources(
        jikan(recordings, "5114"),
        anilist(recordings, "5114"),
        kitsu(recordings, "3936"),
        convert_anime_planet("fullmetal-alchemist-brotherhood", {"page": page}),
    )


def test_a_title_four_platforms_agree_on_is_decided_without_conflict(bebop):
    draft = metadata.decide(bebop)
    assert draft.title.value == draft.title_english.value == "Cowboy Bebop"
    assert (draft.type.value, draft.status.value) == (TitleType.TV, AiringStatus.FINISHED)
    assert draft.source_material.value is SourceMaterial.ORIGINAL
    assert (draft.rating.value, draft.nsfw.value) == (AgeRating.R, False)
    assert (draft.season.value, draft.year.value, draft.month.value) == (Season.SPRING, 1998, 4)
    assert (draft.aired_dates.value.start, draft.aired_dates.value.end) == ("1998-04-03", "1999-04-24")
    assert draft.aired_dates.sources == (ANILIST, SCHEDULE, KITSU, MAL)
    assert not draft.aired_dates.conflict
    assert {"Action", "Sci-Fi", "Award Winning"} <= set(draft.genres.value)
    assert draft.themes.value == ["Space", "Adult Cast"]


def test_demographic_warnings_and_the_vote_of_a_well_known_title(brotherhood):
    draft = metadata.decide(brotherhood)
    assert draft.demographics.value == ["Shounen"]
    assert draft.genres.value == ["Action", "Adventure", "Drama", "Fantasy"]
    assert "Military" in draft.themes.value
    assert "Cannibalism" in draft.content_warnings.value


def test_relations_of_two_platforms_meet_by_title_and_the_manga_is_one_source(brotherhood):
    draft = relations.decide(brotherhood)
    source = [work for work in draft.relations.value if work.relation is RelationKind.SOURCE]
    assert [work.sources for work in source] == [[PLANET, MAL]]
    assert source[0].ids["mal"] == ["25"]
    both = [work for work in draft.related_anime.value if len(work.sources) == 2]
    assert len(both) >= 3
    assert all(work.relation is not RelationKind.OTHER for work in both)


def test_figures_songs_and_pictures_of_a_well_known_title(brotherhood):
    draft = statistics.decide(brotherhood)
    assert draft.statistics.value[MAL].score_max == 10.0
    assert draft.statistics.value[PLANET].score_max == 5.0
    assert 9.0 < draft.score.value < 9.3
    assert [song.number for song in draft.opening_themes.value] == [1, 2, 3, 4, 5]
    assert draft.images.value["cover"]
    assert not any("?" in image.url for images in draft.images.value.values() for image in images)
    assert draft.findings == ()


def test_every_recorded_anidb_title_is_decided(recordings):
    files = sorted((recordings / "anidb/anime").glob("*.xml"))
    assert len(files) >= 10
    for file in files:
        aid = file.name.split(".")[0]
        inputs = given_sources(convert_anidb(aid, {"anime": file.read_bytes()}))
        draft = metadata.decide(inputs)
        assert draft.title.value, file.name
        statistics.decide(inputs)
        relations.decide(inputs)


def test_every_recorded_jikan_and_kitsu_title_is_decided(recordings):
    every = [
        *(
            jikan(recordings, path.stem)
            for path in (recordings / "jikan/anime_full").glob("*.json")
            if path.stem.isdigit()
        ),
        *(kitsu(recordings, path.stem) for path in (recordings / "kitsu/anime").glob("*.json") if path.stem.isdigit()),
    ]
    assert len(every) > 30
    for one in every:
        inputs = given_sources(one)
        assert metadata.decide(inputs).title.value
        statistics.decide(inputs)
        relations.decide(inputs)
