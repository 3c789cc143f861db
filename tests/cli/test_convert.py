"""convert: every recorded answer our adapters read becomes a title, and what cannot be read is named."""

import json
from pathlib import Path
from typing import Any

import pytest
from commanding import anime_enrich, told

from pipeline.domain.canonical import dump_json, load_json
from pipeline.domain.names import Platform
from pipeline.domain.source_title import SourceTitle
from pipeline.errors import BadInput, Broken
from pipeline.platforms.jikan import JikanAdapter
from pipeline.platforms.recorded import read_pieces

TITLES = {
    "jikan": "anime anime_full anime_from_list anime_search random_anime schedules seasons seasons_by_year "
    "seasons_limited seasons_now seasons_unlimited seasons_upcoming top_anime",
    "anilist": "media media_detail media_from_page media_models media_partial schedule search season trending",
    "kitsu": "anime anime_app_host anime_filter_include anime_from_list anime_search anime_search_sparse anime_sparse "
    "trending_anime",
    "anidb": "anime anime_trimmed",
    "anime_planet": "anime",
    "animeschedule": "anime anime_list",
}
"""Folders in which every file holds titles."""
BESIDE = {
    "jikan": "characters character staff episodes episode statistics pictures videos themes relations external "
    "streaming",
    "anilist": "characters staff airing",
    "kitsu": "jsonapi/episodes jsonapi/characters jsonapi/staff jsonapi/mappings jsonapi/categories jsonapi/genres "
    "jsonapi/streaming-links jsonapi/media-relationships jsonapi/anime-productions",
}
"""Parts beside a title that recordings have."""


def converted(*arguments: object, folder: Path) -> dict[str, Any]:
    ended = anime_enrich("convert", *map(str, arguments), "--json", folder=folder)
    assert ended.returncode == 0, ended.stderr
    whole: dict[str, Any] = json.loads(ended.stdout)
    return whole


@pytest.mark.parametrize("platform", TITLES)
def test_every_recorded_title_converts(recordings: Path, tmp_path: Path, platform: str) -> None:
    """All files of all folders with titles, each folder in one call; the JSON is the whole of what the adapter says."""
    count = 0
    for endpoint in TITLES[platform].split():
        for file in sorted((recordings / platform / endpoint).iterdir()):
            for one in converted(platform, file, folder=tmp_path)["titles"]:
                title = load_json(SourceTitle, json.dumps(one["title"]).encode())
                assert title.titles, file
                count += 1
    assert count >= {"animeschedule": 10, "anidb": 14, "anime_planet": 29}.get(platform, 90)


@pytest.mark.parametrize("platform", BESIDE)
def test_every_part_beside_a_title_is_known(recordings: Path, platform: str) -> None:
    """Each kind of part is found in some recording, with the id of its title; no other kind is."""
    kinds = set()
    for file in (recordings / platform).glob("*/*"):
        try:
            kinds |= {(p.kind, p.id is None) for p in read_pieces(Platform(platform), file, file.read_bytes())}
        except (BadInput, Broken):
            continue
    bases = {"full", "media", "jsonapi/anime"}
    assert {"/".join(kind.split("/")[:2]) if kind[:4] == "json" else kind.split("/")[0] for kind, _ in kinds} == {
        *BESIDE[platform].split(), *(kind for kind, _ in kinds if kind in bases)
    }  # fmt: skip


def test_files_of_one_title_go_together(recordings: Path, tmp_path: Path) -> None:
    """Cast, staff and episodes fill their fields, exactly as the adapter makes of the four parts."""
    files = {
        "full": "anime_full/52991.json",
        "characters": "anime_characters/52991.json",
        "staff": "anime_staff/52991.json",
        "episodes/1": "anime_episodes/52991.1.json",
    }
    paths = {
        kind: recordings / "jikan" / name for kind, name in files.items() if (recordings / "jikan" / name).exists()
    }
    paths.setdefault("full", recordings / "jikan/anime/52991.json")
    (one,) = converted("jikan", *paths.values(), folder=tmp_path)["titles"]
    assert one["parts"] == {kind: str(path) for kind, path in paths.items()}
    whole = JikanAdapter().convert("52991", {kind: path.read_bytes() for kind, path in paths.items()})
    assert one["title"] == json.loads(dump_json(SourceTitle, whole))
    assert all(one["title"][field] for field in ("characters", "staff", "episodes"))


def test_a_part_takes_its_title_from_the_file_beside_it(recordings: Path, tmp_path: Path) -> None:
    """A cast does not say whose it is: under a name without a number it belongs to the one title given."""
    cast = tmp_path / "cast.json"
    cast.write_bytes((recordings / "jikan/anime_characters/1.json").read_bytes())
    full = recordings / "jikan/anime_full/1.json"
    (one,) = converted("jikan", cast, full, folder=tmp_path)["titles"]
    assert len(one["title"]["characters"]) > 100
    assert "'cast.json' does not say whose" in told(anime_enrich("convert", "jikan", "cast.json", folder=tmp_path), 2)


def test_a_table_has_fields_counts_and_notes(recordings: Path, tmp_path: Path) -> None:
    """Fields that are said with their counts, those that are not by name, and what was odd."""
    odd = json.loads((recordings / "jikan/anime_full/1.json").read_bytes())
    odd["data"] |= {"status": "Sleeping", "aired": {"from": "1998-02-31"}}
    (tmp_path / "odd.json").write_text(json.dumps(odd))
    lines = anime_enrich("convert", "jikan", "odd.json", folder=tmp_path).stdout.splitlines()
    fields = {line.split()[0]: line for line in lines if line}
    assert lines[0] == "Cowboy Bebop  mal:1  from full"
    assert fields["companies"].split()[1:3] == ["5:", "Sunrise,"]
    assert "characters" in fields["not"]
    assert fields["drift"] == "drift     status: 'Sleeping'"
    assert "impossible_date: aired.from '1998-02-31'" in fields["finding"]


@pytest.mark.parametrize(
    ("platform", "name", "content", "code", "says"),
    [
        ("mal", "x.json", b"{}", 2, ["'mal'", "jikan"]),
        ("jikan", "x.json", None, 2, ["'x.json'", "No such file"]),
        ("jikan", "x.json", b'{"data": {"mal_id": 1, "url": "x"}}', 2, ["'x.json'", "parts are read: full"]),
        ("jikan", "x.json", b"[1]", 2, ["'x.json'", "list"]),
        ("jikan", "x.json", b'{"data": {"mal_id": 1, "ai', 1, ["'x.json'", "not whole JSON"]),
        ("jikan", "7.json", b'{"data": {"mal_id": 7, "about": "", "nicknames": []}}', 2, ["'character/7'", "whose"]),
        ("anilist", "7.json", b'{"data": {"Media": {"id": 7, "type": "MANGA", "title": {}}}}', 2, ["holds no title"]),
        ("anilist", "x.json", b'{"data": {"Media": {"id": 4}}}', 1, ["'4'", "no AniList media"]),
        ("kitsu", "x.json", b'{"errors": [{"title": "Record not found"}]}', 2, ["'x.json'", "not found"]),
        ("anidb", "x.xml", b"<error>Banned</error>", 2, ["'x.xml'", "Banned"]),
        ("anidb", "x.xml", b'<anime id="1"><titles>', 1, ["'x.xml'", "not whole XML"]),
        ("anime_planet", "x.html", b"<html><body>Just a moment...</body></html>", 2, ["'x.html'", "page"]),
        ("animeschedule", "x.json", b"404 anime not found", 1, ["'x.json'", "not whole JSON"]),
        ("animeschedule", "x.json", b'{"route": "a"}', 1, ["'a'", "no title"]),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named(
    tmp_path: Path, platform: str, name: str, content: bytes | None, code: int, says: list[str]
) -> None:
    """2 for a file that is not there or holds nothing we read, 1 for one that is torn; the sentence says which."""
    if content is not None:
        (tmp_path / name).write_bytes(content)
    message = told(anime_enrich("convert", platform, name, folder=tmp_path), code)
    for part in says:
        assert part in message


def test_an_answer_alone_is_read_for_what_it_says(recordings: Path, tmp_path: Path) -> None:
    """A part without its title's record: whatever we ask for can be looked at, one file at a time."""
    alone = {
        "jikan": ("anime_characters/1.json", "anime_staff/52991.json", "anime_episode/11757.1.json"),
        "anilist": ("media_characters/99426.json", "media_staff/99426.json", "media_relations/16498.json"),
        "kitsu": ("anime_categories/1.json", "anime_episodes/1.1.json", "media_relationships/1415.json"),
    }
    said = {"characters": 126, "staff": 314, "episodes": 1, "relations": 8, "labels": 10}
    for platform, files in alone.items():
        for file in files:
            (one,) = converted(platform, recordings / platform / file, folder=tmp_path)["titles"]
            filled = [name for name in said if one["title"][name]]
            assert len(filled) == 1, file
            assert one["id"] == Path(file).name.split(".")[0]
            assert one["has_record"] is (file == "media_relations/16498.json")
            assert not one["title"]["findings"], file
            if platform == "jikan":
                assert len(one["title"][filled[0]]) >= said[filled[0]]


def test_a_list_of_somebody_else_is_no_part_of_a_title(recordings: Path, tmp_path: Path) -> None:
    """A company's links look like a title's, and its number is some title's too."""
    file = recordings / "jikan/producers_external/17.json"
    assert "holds no title" in told(anime_enrich("convert", "jikan", str(file), folder=tmp_path), 2)


def test_two_files_of_one_part_are_refused(recordings: Path, tmp_path: Path) -> None:
    """Which of the two is meant cannot be told; the same file twice is once."""
    one, other = recordings / "jikan/anime_full/1.json", recordings / "jikan/anime_full/1.v2.json"
    assert "both 'full' of '1'" in told(anime_enrich("convert", "jikan", str(one), str(other), folder=tmp_path), 2)
    assert len(converted("jikan", one, one, folder=tmp_path)["titles"]) == 1
