"""Titles that several platforms were recorded for: their answers, taken apart and cut to convert quickly."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import lxml.html
import orjson
from lxml import etree

from pipeline.domain.names import Platform, Site, Source
from pipeline.domain.title import CatalogueRow
from pipeline.enrich.fetch.adapters import make_adapters
from pipeline.errors import BadInput, Broken
from pipeline.platforms.recorded import read_pieces
from pipeline.settings import Settings

KEPT_ROWS = 2
"""Entries kept of every list: all shapes are there, and a title converts in milliseconds."""
SITES = {"mal": Site.MAL, "anilist": Site.ANILIST, "kitsu": Site.KITSU, "anidb": Site.ANIDB}
SITES |= {"anime_planet": Site.ANIME_PLANET}
ADAPTERS = make_adapters(Settings())
SOURCE_OF = {
    Platform.JIKAN: Source.MAL,
    Platform.ANILIST: Source.ANILIST,
    Platform.KITSU: Source.KITSU,
    Platform.ANIDB: Source.ANIDB,
    Platform.ANIME_PLANET: Source.ANIME_PLANET,
    Platform.ANIMESCHEDULE: Source.ANIMESCHEDULE,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One part of what a platform says of a title. Exactly one of the two shapes is there."""

    platform: Platform
    id: str
    kind: str
    json: Any = None
    markup: Any = None
    """An lxml tree, never changed: changes are made to copies."""

    def __repr__(self) -> str:
        return f"<{self.platform} {self.id} {self.kind}: {self.body()[:3000]!r}>"

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        printer.text(repr(self))

    def body(self) -> bytes:
        if self.markup is None:
            return dump(self.json)
        if self.platform is Platform.ANIDB:
            return etree.tostring(self.markup, encoding="utf-8")
        return lxml.html.tostring(self.markup, encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Recorded:
    """One show as far as it was recorded."""

    name: str
    row: CatalogueRow
    ids: Mapping[Site, tuple[str, ...]]
    answers: tuple[Answer, ...] = field(default=())

    def __repr__(self) -> str:
        return f"<{self.name}>"

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        printer.text(repr(self))


def dump(tree: Any) -> bytes:
    """Not orjson: it refuses integers beyond 64 bits and lone surrogates, both of which a platform may well send."""
    return json.dumps(tree).encode()


def cut(value: Any) -> Any:
    if isinstance(value, list):
        return [cut(one) for one in value[:KEPT_ROWS]]
    return {key: cut(one) for key, one in value.items()} if isinstance(value, dict) else value


def cut_markup(root: Any) -> Any:
    """Scripts that say nothing and all but the first few of many equal siblings go."""
    for element in list(root.iter("script", "style", "svg", "noscript")):
        if element.get("type") != "application/ld+json":
            element.drop_tree()
    for parent in list(root.iter("*")):
        by_tag: dict[Any, int] = {}
        for child in list(parent):
            by_tag[child.tag] = by_tag.get(child.tag, 0) + 1
            if by_tag[child.tag] > 2 * KEPT_ROWS:
                parent.remove(child)
    return root


def parsed(platform: Platform, id_: str, kind: str, body: bytes) -> Answer:
    if platform is Platform.ANIDB:
        return Answer(platform, id_, kind, markup=cut_markup_xml(etree.fromstring(body)))
    if platform is Platform.ANIME_PLANET:
        return Answer(platform, id_, kind, markup=cut_markup(lxml.html.document_fromstring(body)))
    return Answer(platform, id_, kind, json=cut(orjson.loads(body)))


def cut_markup_xml(root: Any) -> Any:
    for parent in list(root.iter("*")):
        for child in list(parent)[2 * KEPT_ROWS if parent is not root else 100 :]:
            parent.remove(child)
    return root


def answers_of(files: Mapping[str, list[dict[str, str]]], folder: Path) -> Iterator[Answer]:
    had: set[tuple[Platform, str, str]] = set()
    for platform in Platform:
        paths = [folder / entry["file"] for entry in files.get(platform.value, ())]
        for path in sorted(paths, key=lambda one: (-one.stat().st_size if "full" in one.parent.name else 0, one)):
            try:
                pieces = read_pieces(platform, path, path.read_bytes())
            except (BadInput, Broken):
                continue
            for piece in pieces:
                key = (platform, piece.id or "", piece.kind)
                if piece.id is not None and key not in had and "/sparse" not in piece.kind:
                    had.add(key)
                    yield parsed(platform, piece.id, piece.kind, piece.body)


@cache
def recorded_titles(folder: Path) -> tuple[Recorded, ...]:
    """All shows at least three platforms were recorded for, and every AniDB one; each with a row of the catalogue."""
    titles = []
    for show in json.loads((folder / "INDEX.json").read_bytes())["anime"].values():
        answers = tuple(answers_of(show["platforms"], folder))
        platforms = {answer.platform for answer in answers}
        if len(platforms) >= 3 or Platform.ANIDB in platforms:
            ids = {site: (str(show["ids"][name]),) for name, site in SITES.items() if show["ids"].get(name)}
            name = show["titles"][0]
            row = CatalogueRow((f"https://myanimelist.net/anime/{ids.get(Site.MAL, ('0',))[0]}",), name)
            titles.append(Recorded(name, row, ids, answers))
    return tuple(titles)
