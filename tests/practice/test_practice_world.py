"""The practice world: the same every time, complete, and as the platforms' converters read it back."""

import dataclasses
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path

import orjson
import pytest

from pipeline.catalogue import Row, open_catalogue
from pipeline.domain.canonical import digest_bytes, dump_json
from pipeline.domain.names import AiringStatus, Platform, RelationKind, Site, TitleType
from pipeline.domain.source_title import AiringSlot, SourceTitle
from pipeline.platforms.animeschedule import AnimeScheduleAdapter
from pipeline.platforms.jikan import JikanAdapter
from pipeline.practice import World, read_practice_rows
from pipeline.practice.cast import CAST_SPACE, character_id, name_at, split_character_id
from pipeline.practice.speak_animeschedule import speak_anime
from pipeline.practice.speak_jikan import (
    speak_characters,
    speak_episodes,
    speak_full,
    speak_staff,
    speak_statistics,
)

LONG, ADULT, DOUBLE, UNKNOWN = "900001", "900005", ("900007", "900107"), "9100018"


@pytest.fixture(scope="module")
def world() -> World:
    return World(read_practice_rows())


def said(world: World, platform: Platform, id_: str) -> SourceTitle:
    title = world.title(platform, id_)
    assert title is not None
    return title


def jikan_parts(title: SourceTitle) -> Mapping[str, bytes]:
    last = max(1, -(-len(title.episodes) // 100))
    parts = {
        "full": orjson.dumps({"data": speak_full(title)}),
        "characters": orjson.dumps({"data": speak_characters(title)}),
        "staff": orjson.dumps({"data": speak_staff(title)}),
        "statistics": orjson.dumps({"data": speak_statistics(title)}),
    }
    return parts | {f"episodes/{page}": orjson.dumps(speak_episodes(title, page)) for page in range(1, last + 1)}


def test_the_practice_catalogue_has_24_good_rows_of_every_kind() -> None:
    """Every row is read, none is bad, and the kinds that make trouble are there."""
    rows = read_practice_rows()
    assert len(rows) == 24
    assert {row.type for row in rows} >= {
        TitleType.TV,
        TitleType.MOVIE,
        TitleType.OVA,
        TitleType.ONA,
        TitleType.UNKNOWN,
    }
    assert {AiringStatus.AIRING, AiringStatus.UPCOMING, AiringStatus.UNKNOWN} <= {row.status for row in rows}
    assert any(len(row.sources) == 1 for row in rows)


def test_two_worlds_of_equal_rows_give_equal_bytes_in_another_process() -> None:
    """Nothing depends on the process (hash seeds, order of sets); a salt gives another world."""
    script = (
        "from pipeline.practice import World, read_practice_rows\n"
        "from pipeline.domain.names import Platform\n"
        "from pipeline.domain.source_title import SourceTitle\n"
        "from pipeline.domain.canonical import dump_json, digest_bytes\n"
        "w = World(read_practice_rows())\n"
        "print(digest_bytes(b''.join(dump_json(SourceTitle, w.title(p, i)) for p in Platform for i in w.ids(p)[1:])))"
    )
    root = Path(__file__).resolve().parents[2]
    ran = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True)

    def digest(world: World) -> str:
        titles = (world.title(platform, id_) for platform in Platform for id_ in world.ids(platform)[1:])
        return digest_bytes(b"".join(dump_json(SourceTitle, title) for title in titles))

    rows = read_practice_rows()
    assert ran.stdout.strip() == digest(World(rows))
    assert digest(World(rows, salt="2")) != digest(World(rows))


def test_a_title_does_not_depend_on_the_other_rows(world: World) -> None:
    """A row that stands alone says the same, but for its relations."""
    row = next(row for row in read_practice_rows() if row.title == "Orizuru Parade")
    alone = World([row])
    for platform, id_ in ((Platform.JIKAN, "900003"), (Platform.ANIMESCHEDULE, "orizuru-parade")):
        assert alone.title(platform, id_) == world.title(platform, id_)


def test_the_long_series_is_whole(world: World) -> None:
    """1,400 characters, all different, and every episode that has aired."""
    title = said(world, Platform.JIKAN, LONG)
    assert title.episode_count == 1100
    assert len(title.characters) == 1400
    assert len({one.id for one in title.characters}) == 1400
    assert len({one.name for one in title.characters}) == 1400
    assert [one.number for one in title.episodes] == list(range(1, 1101))


def test_nobody_has_every_character(world: World) -> None:
    """Each platform lacks somebody another one has; the three leads are everywhere."""
    mal = {" ".join(reversed(one.name.split(", "))) for one in said(world, Platform.JIKAN, LONG).characters}
    anilist, kitsu = (
        {one.name for one in said(world, platform, LONG).characters} for platform in (Platform.ANILIST, Platform.KITSU)
    )
    assert mal - anilist
    assert anilist - mal
    assert anilist - kitsu
    assert kitsu - mal
    leads = [one.name for one in said(world, Platform.ANILIST, LONG).characters[:3]]
    assert set(leads) <= mal & kitsu


@pytest.fixture(scope="module")
def real_rows(catalogue_folder: Path) -> World:
    """A world over 200 rows of the real catalogue."""
    with open_catalogue(str(catalogue_folder / "sample-200.jsonl")) as catalogue:
        return World(row.row for row in catalogue.rows() if isinstance(row, Row))


def pairs_of(world: World, platform: Platform, site: Site) -> list[tuple[SourceTitle, SourceTitle]]:
    """A platform's word of each title that MyAnimeList has too, and MyAnimeList's."""
    found = []
    for id_ in world.ids(platform):
        title = world.title(platform, id_)
        mal = title and next((one.id for one in title.identifiers if one.site is Site.MAL), None)
        other = world.title(Platform.JIKAN, mal) if mal else world.by_foreign_id(Platform.JIKAN, site, id_)
        if title is not None and other is not None:
            found.append((title, other))
    return found


def test_platforms_disagree_now_and_then(real_rows: World) -> None:
    """Over real rows Kitsu is sometimes a day off, and mostly is not; so is its rating coarser where its guide is."""
    pairs = pairs_of(real_rows, Platform.KITSU, Site.KITSU)
    for off in (sum(one.start != other.start for one, other in pairs),
                sum(one.age_rating != other.age_rating for one, other in pairs)):  # fmt: skip
        assert 0 < off < len(pairs) / 4


def test_animeschedule_has_the_clock_of_a_broadcast_and_no_day(real_rows: World) -> None:
    """MyAnimeList's but for a few; what is to come has none yet, and the premiere falls on the first day in Japan."""
    pairs = pairs_of(real_rows, Platform.ANIMESCHEDULE, Site.ANIMESCHEDULE)
    slots = [(one, other.broadcast) for one, other in pairs if one.broadcast is not None]
    assert len(slots) > 20
    assert all(one.broadcast.day is None and other is not None and other.day for one, other in slots)
    off = sum(one.broadcast.time != other.time for one, other in slots)
    assert 0 < off < len(slots) / 4
    assert len({one.broadcast.time for one, _ in slots}) > 5
    read = [AnimeScheduleAdapter().convert(one.id, {"anime": orjson.dumps(speak_anime(one))}) for one, _ in slots]
    assert [one.broadcast for one in read] == [one.broadcast for one, _ in slots]
    started = [(one.start, said.premieres[0].at) for one, (said, _) in zip(read, slots, strict=True)]
    assert all(start is not None and start.text == at[:10] for start, at in started)  # evenings in Japan
    upcoming = [one for one, _ in pairs if one.status is AiringStatus.UPCOMING]
    assert all(one.broadcast is None for one in upcoming)
    assert all(slot.at.endswith("T00:00:00Z") for one in upcoming for slot in one.premieres)


def test_anilist_airs_when_myanimelist_says(world: World) -> None:
    """A week apart from the first day in Japan on, at the slot's weekday and clock where the title has a slot."""
    pairs = pairs_of(world, Platform.ANILIST, Site.ANILIST)
    aired = {one.id: ([in_japan(slot) for slot in one.schedule], other) for one, other in pairs if one.schedule}
    for at, other in aired.values():
        assert at == [at[0] + n * timedelta(weeks=1) for n in range(len(at))]
        assert other.start is not None
        assert f"{at[0]:%Y-%m-%d}" == other.start.text
    slots = [(at[0], other.broadcast) for at, other in aired.values() if other.broadcast is not None]
    assert 2 < len(slots) < len(aired)
    assert all(f"{at:%A %H:%M}".upper() == f"{slot.day} {slot.time}" for at, slot in slots)


def in_japan(slot: AiringSlot) -> datetime:
    return datetime.fromisoformat(slot.at).astimezone(timezone(timedelta(hours=9)))


def test_both_ids_of_a_row_are_answered(world: World) -> None:
    """A row with two MyAnimeList ids has an entry for each, with its own id."""
    assert [said(world, Platform.JIKAN, id_).id for id_ in DOUBLE] == list(DOUBLE)


def test_what_nobody_has_is_absent_everywhere(world: World) -> None:
    """Ids from nine million on and nobody's slugs are unknown, in titles, in lists and by foreign ids."""
    for platform in (Platform.JIKAN, Platform.ANILIST, Platform.KITSU, Platform.ANIDB):
        assert world.title(platform, UNKNOWN) is None
        assert UNKNOWN not in world.ids(platform)
    assert world.title(Platform.ANIME_PLANET, "practice-nobody-ghost-entry") is None
    assert world.by_foreign_id(Platform.ANILIST, Site.MAL, UNKNOWN) is None


def test_an_adult_title_is_hidden_on_kitsu(world: World) -> None:
    """Kitsu shows it to nobody who is not logged in; the others say that it is adult."""
    assert world.title(Platform.KITSU, ADULT) is None
    assert said(world, Platform.JIKAN, ADULT).is_adult is True
    assert said(world, Platform.ANILIST, ADULT).is_adult is True


def test_titles_are_found_by_ids_of_other_sites(world: World) -> None:
    """A foreign id leads to the platform's own id, and back."""
    found = world.by_foreign_id(Platform.ANIMESCHEDULE, Site.MAL, "900003")
    assert found is not None
    assert found.id == "orizuru-parade"
    back = world.by_foreign_id(Platform.JIKAN, Site.ANIMESCHEDULE, "orizuru-parade")
    assert back is not None
    assert back.id == "900003"


def test_relations_agree_from_both_sides(world: World) -> None:
    """The sequel's prequel is the prequel."""
    first, second = said(world, Platform.JIKAN, "900012"), said(world, Platform.JIKAN, "900013")
    kinds = {one.target_ids[0].id: one.kind for one in first.relations}
    back = {one.target_ids[0].id: one.kind for one in second.relations}
    assert kinds["900013"] is RelationKind.SEQUEL
    assert back["900012"] is RelationKind.PREQUEL


def test_an_upcoming_title_has_no_score_and_no_episodes(world: World) -> None:
    """What has not aired has been neither seen nor counted."""
    title = said(world, Platform.JIKAN, "900004")
    assert title.episodes == ()
    assert title.episode_count is None
    assert title.statistics is not None
    assert title.statistics.score is None


@pytest.mark.parametrize("where", ["practice", "sample"])
def test_jikan_reads_back_what_was_said(where: str, catalogue_folder: Path) -> None:
    """Written out as Jikan's bodies and converted, every title is the same again."""
    rows = read_practice_rows() if where == "practice" else read_practice_rows(catalogue_folder / "sample-200.jsonl")
    world = World(rows)
    for id_ in world.ids(Platform.JIKAN):
        title = said(world, Platform.JIKAN, id_)
        read = JikanAdapter().convert(id_, jikan_parts(title))
        assert _differences(title, read) == {}


@pytest.mark.parametrize("where", ["practice", "sample"])
def test_animeschedule_reads_back_what_was_said(where: str, catalogue_folder: Path) -> None:
    """Written out as AnimeSchedule's object and converted, every title is the same again."""
    rows = read_practice_rows() if where == "practice" else read_practice_rows(catalogue_folder / "sample-200.jsonl")
    for has_pictures in (False, True):
        world = World(rows, has_cdn_pictures=has_pictures)
        for slug in world.ids(Platform.ANIMESCHEDULE):
            title = said(world, Platform.ANIMESCHEDULE, slug)
            read = AnimeScheduleAdapter().convert(slug, {"anime": orjson.dumps(speak_anime(title))})
            assert _differences(title, read) == {}


def _differences(one: SourceTitle, other: SourceTitle) -> dict[str, tuple[object, object]]:
    pairs = {field.name: (getattr(one, field.name), getattr(other, field.name)) for field in dataclasses.fields(one)}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def test_a_world_over_the_whole_catalogue_is_made_in_seconds(catalogue_folder: Path) -> None:
    """Only ids are read; titles are made when asked for."""
    with open_catalogue(str(catalogue_folder / "anime-offline-database.jsonl.zst")) as catalogue:
        rows = [row.row for row in catalogue.rows() if isinstance(row, Row)]
    begun = time.process_time()
    world = World(rows)
    assert len(world.ids(Platform.JIKAN)) == 28_943
    assert time.process_time() - begun < 10
    assert len(set(world.ids(Platform.ANIMESCHEDULE))) == len(world.ids(Platform.ANIMESCHEDULE)) > 10_000


def test_character_ids_say_whose_they_are() -> None:
    """An id leads back to the title and the place, and fits a 32-bit number."""
    assert split_character_id(character_id(900_024, 1_799)) == (900_024, 1_799)
    assert character_id(1_000_000, CAST_SPACE - 1) < 2**31


def test_no_two_names_are_alike() -> None:
    """Neighbours and far places have different names."""
    assert len({name_at(number).listed for number in range(0, 184_320, 7)}) == len(range(0, 184_320, 7))


def test_importing_the_package_is_light() -> None:
    """The web server is imported only to serve."""
    root = Path(__file__).resolve().parents[2]
    script = "import sys, pipeline.practice; print('aiohttp' in sys.modules, 'PIL' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "False"]
