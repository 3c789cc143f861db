"""Records out of the recordings: every answer recorded of a show, converted, aligned, decided and assembled.

The same pure functions as a run, without its ledger. Of several answers for one part of a title the longest counts;
AniList's, each of which is another selection of fields, are laid over each other, the widest on top.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import orjson
import zstandard

from pipeline.assembly import Assembled, assemble, record_bytes, validate
from pipeline.catalogue import canonical_url, identify_url
from pipeline.catalogue.parsing import parse_row
from pipeline.domain.names import Outcome, Platform, Site
from pipeline.domain.source_title import SourceTitle
from pipeline.domain.title import CatalogueRow, StageInput, Title, id_key
from pipeline.enrich.fetch.adapters import make_adapters
from pipeline.errors import BadInput, Broken
from pipeline.ledger.identity import title_id_of
from pipeline.platforms.recorded import Piece, read_pieces
from pipeline.preprocess import align
from pipeline.settings import Settings
from pipeline.stages import STAGES

__all__ = ["ADAPTERS", "Catalogue", "Show", "convert_show", "input_of", "make_record", "read_catalogue", "read_show"]

ADAPTERS: Final = make_adapters(Settings())
_SITES: Final = {site.value: site for site in Site}
Parts = dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The lines of a catalogue by every address in them, and the first address of each."""

    by_url: Mapping[str, tuple[str, bytes]]

    def row(self, urls: Iterable[str]) -> CatalogueRow | None:
        """The row that lists one of these addresses."""
        line = next((self.by_url[url][1] for url in urls if url in self.by_url), None)
        return None if line is None else parse_row(line)[0]

    def title_id(self, url: str) -> str | None:
        """The title that lists an address: named after the first of its row, as a first release names it."""
        first = self.by_url.get(url)
        return None if first is None else title_id_of(first[0])


@dataclass(frozen=True, slots=True)
class Show:
    """One title as far as it was recorded: its row, its ids and the parts of every platform by id."""

    name: str
    row: CatalogueRow
    ids: Mapping[Site, tuple[str, ...]]
    parts: Mapping[Platform, Mapping[str, Parts]] = field(default_factory=dict)


def read_catalogue(folder: Path) -> Catalogue:
    """The catalogue that lies beside the recordings."""
    with zstandard.open(folder / "anime-offline-database.jsonl.zst", "rb") as packed:
        _, *lines = packed.read().splitlines()
    sources = (orjson.loads(line)["sources"] for line in lines)
    return Catalogue({url: (urls[0], line) for line, urls in zip(lines, sources, strict=True) for url in urls})


def read_show(recordings: Path, catalogue: Catalogue, key: str, also: Sequence[str] = ()) -> Show:
    """A show of the index by its key there, or, of files named by hand, by an id (``mal:40746``)."""
    listed = json.loads((recordings / "INDEX.json").read_bytes())["anime"].get(key, {})
    site, _, id_ = key.partition(":")
    named = listed.get("ids") or {site: id_}
    found = {_SITES[name]: (str(value),) for name, value in named.items() if value is not None}
    urls = [canonical_url(at, ids[0]) for at, ids in found.items()]
    row = catalogue.row(urls) or CatalogueRow((urls[0],), listed["titles"][0])
    ids = {**found, **_ids_of(row)}
    files = [(platform, file["file"]) for platform, of in listed.get("platforms", {}).items() for file in of]
    files += [(name.split("/")[0], name) for name in also]
    pieces = [(Platform(platform), piece) for platform, file in files for piece in _pieces(recordings, platform, file)]
    return Show(key, row, ids, {platform: _parts(platform, ids, pieces) for platform in Platform})


def _ids_of(row: CatalogueRow) -> dict[Site, tuple[str, ...]]:
    pairs = [pair for url in row.sources if (pair := identify_url(url)) is not None]
    return {site: tuple(id_ for at, id_ in pairs if at is site) for site, _ in pairs}


def _pieces(recordings: Path, platform: str, file: str) -> Iterable[Piece]:
    """The parts in a file; none of an endpoint no adapter reads."""
    path = recordings / file
    try:
        return read_pieces(Platform(platform), path, path.read_bytes())
    except (BadInput, Broken):
        return ()


def _parts(
    platform: Platform, ids: Mapping[Site, tuple[str, ...]], pieces: Iterable[tuple[Platform, Piece]]
) -> dict[str, Parts]:
    wanted = ADAPTERS[platform].wanted_ids(ids)
    found: dict[str, Parts] = {}
    for at, piece in sorted(pieces, key=lambda pair: len(pair[1].body)):
        if at is platform and piece.id in wanted:
            parts = found.setdefault(piece.id, {})
            parts[piece.kind] = _laid_over(platform, parts.get(piece.kind), piece.body)
    return found


def _laid_over(platform: Platform, narrow: bytes | None, wide: bytes) -> bytes:
    """The wider of two answers; AniList's with what only the narrower one has."""
    if narrow is None or platform is not Platform.ANILIST:
        return wide
    return orjson.dumps({**orjson.loads(narrow), **orjson.loads(wide)})


def convert_show(show: Show) -> tuple[SourceTitle, ...]:
    """What every platform says of it, in our terms. Parts without the title's own record say nothing."""
    return tuple(
        ADAPTERS[platform].convert(id_, parts)
        for platform, by_id in show.parts.items()
        for id_, parts in by_id.items()
        if _BASES[platform] & parts.keys()
    )


_BASES: Final[Mapping[Platform, frozenset[str]]] = {
    Platform.JIKAN: frozenset({"full"}),
    Platform.ANILIST: frozenset({"media"}),
    Platform.KITSU: frozenset({"jsonapi/anime"}),
    Platform.ANIDB: frozenset({"anime"}),
    Platform.ANIME_PLANET: frozenset({"page"}),
    Platform.ANIMESCHEDULE: frozenset({"anime"}),
}


def input_of(show: Show, sources: tuple[SourceTitle, ...], catalogue: Catalogue) -> StageInput:
    """What the stages work from, aligned, with the titles of the catalogue that anybody mentions."""
    known = {id_key(*pair): catalogue.title_id(canonical_url(*pair)) for pair in _mentioned(show.row, sources)}
    title = Title(title_id_of(show.row.sources[0]), show.row, show.ids)
    return StageInput(title, sources, align(sources), {key: id_ for key, id_ in known.items() if id_ is not None})


def _mentioned(row: CatalogueRow, sources: Iterable[SourceTitle]) -> Iterator[tuple[Site, str]]:
    yield from (pair for url in row.related_anime if (pair := identify_url(url)) is not None)
    for source in sources:
        for relation in source.relations:
            if relation.target_type != "manga":
                yield from ((one.site, one.id) for one in relation.target_ids if isinstance(one.site, Site))


def make_record(show: Show, catalogue: Catalogue) -> Assembled:
    """The record and its reasons, checked against the schema as what leaves the house is."""
    sources = convert_show(show)
    inputs = input_of(show, sources, catalogue)
    drafts = {name: stage.decide(inputs) for name, stage in STAGES.items()}
    outcomes = {platform: Outcome.FOUND if by_id else Outcome.LEFT_OUT for platform, by_id in show.parts.items()}
    made = assemble(inputs, drafts, outcomes)
    validate(record_bytes(made.record))
    return made
