"""The titles the labels speak of: their recorded answers converted, and which part each belongs to.

Only casts that two platforms were recorded for are of use, and few were. Of AniList there are previews (the first six
characters and eight credits), of Anime-Planet the title's page (no roles, few voices). Twice the two answers are of two
works of one series with the same people: the first season of Seikai and the page of its sequel, a PriPara series and a
PriPara film. ``test_real_casts`` has long had expectations about Bebop, Fullmetal Alchemist and Evangelion.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import orjson

from pipeline.domain.names import Platform
from pipeline.domain.source_title import Credit, SourceTitle
from pipeline.enrich.fetch.adapters import make_adapters
from pipeline.settings import Settings

__all__ = ["HELD_OUT", "TITLES", "TUNING", "Title", "people", "recordings", "renumbered", "speakers"]

TUNING, HELD_OUT = "tuning", "held out"
_ADAPTERS = make_adapters(Settings())
_VOICE = "Voice Actor"


@dataclass(frozen=True, slots=True)
class Title:
    """One title of the labels. ``answers`` names for each site the id and how its answer is read."""

    name: str
    part: str
    answers: tuple[tuple[str, str], ...]

    def sources(self, folder: Path) -> tuple[SourceTitle, ...]:
        """What the platforms say of it."""
        return tuple(_READ[site](folder, id_) for site, id_ in self.answers)


def _title(name: str, part: str, **answers: str) -> Title:
    return Title(name, part, tuple(answers.items()))


TITLES = (
    _title("cowboy-bebop", TUNING, mal="1", anilist="1", anime_planet="cowboy-bebop"),
    _title("detective-conan", TUNING, anilist="235", anime_planet="detective-conan"),
    _title("seikai-no-monshou", TUNING, anidb="1", anime_planet="banner-of-the-stars"),
    _title("shelter", TUNING, anilist="97731", anime_planet="shelter"),
    _title("solo-leveling", TUNING, anidb="17495", anime_planet="solo-leveling"),
    _title(
        "fullmetal-alchemist-brotherhood",
        HELD_OUT,
        mal="5114",
        anilist="5114",
        anime_planet="fullmetal-alchemist-brotherhood",
    ),
    _title("shinseiki-evangelion", HELD_OUT, mal="30", anidb="22"),
    _title("yakusoku-no-neverland", HELD_OUT, anilist="101759", anime_planet="the-promised-neverland"),
    _title("pripara", HELD_OUT, anilist="21453", anime_planet="pripara-movie-minna-no-akogare-lets-go-prix-paris"),
)
"""Drawn up before anything was measured. Evangelion is the only title of which MAL and AniDB were both recorded."""


def recordings() -> Path:
    """Where the recorded answers lie; they are not part of the repository. Ends the program where they do not."""
    root = Path(__file__).resolve().parent.parent.parent
    folder = Path(os.environ.get("SHARED_MATERIAL", root.parent / "shared")) / "recordings"
    if not folder.is_dir():
        raise SystemExit(f"no recordings at {str(folder)!r}: set SHARED_MATERIAL to the folder that holds 'recordings'")
    return folder


def people(source: SourceTitle, kind: str) -> tuple[tuple[str, str], ...]:
    """Id and name of everybody of one kind in a source, each once, in its order."""
    items = source.characters if kind == "character" else source.staff
    return tuple({one.id or one.name: (one.id or one.name, one.name) for one in items}.values())


def speakers(source: SourceTitle) -> SourceTitle:
    """The source with the people who speak as its credits, so that the rules for staff meet more names."""
    spoken = [
        Credit(actor.name, _VOICE, actor.id, actor.name_native)
        for character in source.characters
        for actor in character.voice_actors
        if actor.language == "ja" and actor.id
    ]
    listed = [credit for credit in source.staff if credit.role == _VOICE]
    return replace(source, staff=tuple(dict.fromkeys(listed or spoken)))


def renumbered(source: SourceTitle) -> SourceTitle:
    """The source without the character ids that AniList took over from MyAnimeList."""
    return replace(source, characters=tuple(replace(one, id=f"x{one.id}") for one in source.characters))


def _mal(folder: Path, id_: str) -> SourceTitle:
    """Cast and staff as recorded; a title's own record is not needed and may not be there."""
    parts = {"full": orjson.dumps({"data": {"mal_id": int(id_), "title": id_, "titles": []}})}
    for kind in ("characters", "staff"):
        file = folder / "jikan" / f"anime_{kind}" / f"{id_}.json"
        parts |= {kind: file.read_bytes()} if file.exists() else {}
    return _ADAPTERS[Platform.JIKAN].convert(id_, parts)


def _anilist(folder: Path, id_: str) -> SourceTitle:
    """The preview of cast and staff under the names the full lists have."""
    media = orjson.loads((folder / "anilist" / "media_detail" / f"{id_}.json").read_bytes())["data"]["Media"]
    media |= {"characters": media.pop("characterPreview"), "staff": media.pop("staffPreview")}
    return _ADAPTERS[Platform.ANILIST].convert(id_, {"media": orjson.dumps(media)})


def _anidb(folder: Path, id_: str) -> SourceTitle:
    return _ADAPTERS[Platform.ANIDB].convert(id_, {"anime": (folder / "anidb" / "anime" / f"{id_}.xml").read_bytes()})


def _anime_planet(folder: Path, slug: str) -> SourceTitle:
    """The title's page; where only its JSON-LD was kept, a page with nothing else."""
    page = folder / "anime_planet" / "anime" / f"{slug}.html"
    if page.exists():
        return _ADAPTERS[Platform.ANIME_PLANET].convert(slug, {"page": page.read_bytes()})
    linked = orjson.loads((folder / "anime_planet" / "anime_extracted" / f"{slug}.json").read_bytes())["json_ld"]
    body = b'<html><script type="application/ld+json">' + orjson.dumps(linked) + b"</script></html>"
    return _ADAPTERS[Platform.ANIME_PLANET].convert(slug, {"page": body})


_READ: dict[str, Callable[[Path, str], SourceTitle]] = {
    "mal": _mal,
    "anilist": _anilist,
    "anidb": _anidb,
    "anime_planet": _anime_planet,
}
