"""Real casts and episode lists, as the platforms served them: obvious pairs meet, nobody is lost.

The expectations are small facts read by hand from the recorded answers.
"""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from pipeline.domain.aligned import Alignment, Group
from pipeline.domain.source_title import SourceTitle
from pipeline.platforms.anidb import AnidbAdapter
from pipeline.platforms.anilist import AniListAdapter
from pipeline.platforms.jikan import JikanAdapter
from pipeline.platforms.kitsu import KitsuAdapter
from pipeline.preprocess import align


def mal(folder: Path, id_: str) -> SourceTitle:
    """The recorded parts of a title; where only parts were recorded, the rest is empty."""
    bare = orjson.dumps({"data": {"mal_id": int(id_), "title": "x", "titles": [], "url": "https://myanimelist.net"}})
    parts = {"full": bare}
    for kind in ("full", "characters", "staff"):
        file = folder / "jikan" / f"anime_{kind}" / f"{id_}.json"
        parts |= {kind: file.read_bytes()} if file.exists() else {}
    for page in (folder / "jikan" / "anime_episodes").glob(f"{id_}.*.json"):
        parts[f"episodes/{page.name.split('.')[1]}"] = page.read_bytes()
    return JikanAdapter().convert(id_, parts)


def anilist(folder: Path, id_: str) -> SourceTitle:
    """The recorded preview of cast and staff (the first few) under the names the full lists have."""
    media = orjson.loads((folder / "anilist" / "media_detail" / f"{id_}.json").read_bytes())["data"]["Media"]
    media |= {"characters": media.pop("characterPreview"), "staff": media.pop("staffPreview")}
    return AniListAdapter().convert(id_, {"media": orjson.dumps(media)})


def anidb(folder: Path, id_: str) -> SourceTitle:
    body = (folder / "anidb" / "anime" / f"{id_}.xml").read_bytes()
    return AnidbAdapter(client="test", client_version=1).convert(id_, {"anime": body})


def kitsu(folder: Path, id_: str) -> SourceTitle:
    anime = (folder / "kitsu" / "anime" / f"{id_}.json").read_bytes()
    episodes = (folder / "kitsu" / "anime_episodes" / f"{id_}.1.json").read_bytes()
    return KitsuAdapter().convert(id_, {"jsonapi/anime": anime, "jsonapi/episodes/0": episodes})


def without_numbers(source: SourceTitle) -> SourceTitle:
    """The same cast without the ids that MyAnimeList and AniList share."""
    return replace(source, characters=tuple(replace(one, id=f"x{one.id}") for one in source.characters))


def together(alignment: Alignment) -> list[Group]:
    return [group for group in alignment.characters if len(group.members) > 1]


def names(group: Group, sources: tuple[SourceTitle, ...]) -> tuple[str, ...]:
    return tuple(sources[ref.source].characters[ref.item].name for ref in group.members)


@pytest.mark.parametrize("has_numbers", [True, False])
@pytest.mark.parametrize("id_", ["1", "5114"])
def test_everybody_of_anilist_is_found_at_mal(recordings: Path, id_: str, has_numbers: bool) -> None:
    """All six of the preview meet their own, by shared ids and also by name and voice alone."""
    left, right = mal(recordings, id_), anilist(recordings, id_)
    alignment = align((left, right if has_numbers else without_numbers(right)))
    assert len(together(alignment)) == len(right.characters) == 6
    for group in together(alignment):
        mine, theirs = names(group, (left, right))
        assert sorted(mine.replace(",", "").split()) == sorted(theirs.split())
    assert len(alignment.characters) == len(left.characters)


def test_evangelion_at_mal_meets_anidb(recordings: Path) -> None:
    """20 people are known to both; angels, machines and organisations are AniDB's alone."""
    sources = mal(recordings, "30"), anidb(recordings, "22")
    alignment = align(sources)
    pairs = dict(names(group, sources) for group in together(alignment))
    assert len(pairs) == 20
    assert (pairs["Lorentz, Keel"], pairs["Ikari, Gendou"], pairs["Pen Pen"]) == (
        "Keel Lorenz",
        "Ikari Gendou",
        "Pen Pen",
    )
    alone = [group for group in alignment.characters if len(group.members) == 1]
    kinds = Counter(sources[g.members[0].source].characters[g.members[0].item].kind for g in alone)
    assert kinds["Mecha"] + kinds["Organization"] == 9
    assert sum(len(group.members) for group in alignment.characters) == sum(len(one.characters) for one in sources)


def test_evangelion_episodes_meet_by_number_and_title(recordings: Path) -> None:
    sources = mal(recordings, "30"), anidb(recordings, "22")
    regular = [group for group in align(sources).episodes if group.kind == "regular"]
    assert [(group.number, len(group.members)) for group in regular] == [(number, 2) for number in range(1, 27)]


def test_bebop_episodes_of_three_platforms_meet(recordings: Path) -> None:
    """Kitsu's recorded page has the first ten."""
    sources = mal(recordings, "1"), anilist(recordings, "1"), kitsu(recordings, "1")
    groups = align(sources).episodes
    assert [(group.number, len(group.members)) for group in groups] == [(n, 3 if n <= 10 else 2) for n in range(1, 27)]


def test_a_cast_of_1475_finds_itself_under_turned_names(recordings: Path) -> None:
    """The largest cast there is, against itself in natural order: nobody meets another, nearly all meet themselves."""
    left = mal(recordings, "21")
    turned = tuple(
        replace(one, id=f"x{one.id}", name=" ".join(reversed(one.name.split(", "))))
        for one in reversed(left.characters)
    )
    right = replace(anilist(recordings, "1"), characters=turned)
    pairs = together(align((left, right)))
    for group in pairs:
        mine, theirs = group.members
        assert f"x{left.characters[mine.item].id}" == turned[theirs.item].id
    assert len(left.characters) == 1475
    assert len(pairs) >= 1465
