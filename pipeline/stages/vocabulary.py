"""Our names of genres, themes, demographics and warnings, and what every platform calls them.

``vocabulary.json`` beside this module lists, per canonical name and kind, the names on each platform that support it.
``g:`` marks an AniList genre (not a tag), ``w:`` a name of Anime-Planet's content warning list. A name that stands on
no row is a free tag; nothing is mapped by likeness.
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final

import orjson

from pipeline.domain.names import LabelKind, Source
from pipeline.domain.source_title import Label
from pipeline.domain.text import CACHE

__all__ = ["COLUMNS", "Row", "Support", "Vocabulary", "label_key", "structural_ids", "vocabulary"]

COLUMNS: Final = MappingProxyType(
    {
        "mal": Source.MAL,
        "anilist": Source.ANILIST,
        "kitsu": Source.KITSU,
        "anidb": Source.ANIDB,
        "anime_planet": Source.ANIME_PLANET,
    }
)
"""The platforms the table has names of."""
_SILENT: Final = str.maketrans("", "", "'`\u2019")
_MARK_OF: Final = MappingProxyType(
    {(Source.ANILIST, LabelKind.GENRE): "g", (Source.ANIME_PLANET, LabelKind.WARNING): "w"}
)


@lru_cache(maxsize=CACHE)
def label_key(name: str) -> str:
    """A label's name for comparing: NFKC, casefold, punctuation to space, plural s stripped from every word."""
    folded = unicodedata.normalize("NFKC", name).casefold().translate(_SILENT)
    words = "".join(ch if ch.isalnum() else " " for ch in folded if unicodedata.category(ch) != "Cf").split()
    return " ".join(word[:-1] if len(word) > 3 and word.endswith("s") and word[-2] != "s" else word for word in words)


@dataclass(frozen=True, slots=True)
class Row:
    """One canonical label and who has a name for it."""

    name: str
    kind: LabelKind
    had_by: frozenset[Source]


@dataclass(frozen=True, slots=True)
class Support:
    """A row a platform's label speaks for. ``is_narrower``: the platform also has the direct name."""

    row: Row
    is_narrower: bool


class Vocabulary:
    """Look-up from a platform's label to our rows; immutable after construction."""

    def __init__(self, rows: tuple[Row, ...], names: Mapping[Row, Mapping[Source, tuple[str, ...]]]) -> None:
        self.rows = rows
        self._by_name: dict[tuple[Source, str, str], list[Support]] = {}
        self._by_any: dict[str, list[Support]] = {}
        for row in rows:
            self._add(row, names[row])

    def _add(self, row: Row, names: Mapping[Source, tuple[str, ...]]) -> None:
        direct = label_key(row.name)
        anybody = {direct}
        for source, listed in names.items():
            marked = [_marked(name) for name in listed]
            has_direct = source is not Source.MAL and any(key == direct for _, key in marked)
            for mark, key in marked:
                support = Support(row, is_narrower=has_direct and key != direct)
                self._by_name.setdefault((source, mark, key), []).append(support)
                anybody.add(key)
        for key in anybody:
            self._by_any.setdefault(key, []).append(Support(row, is_narrower=False))

    def supports(self, source: Source, label: Label) -> tuple[Support, ...]:
        """The rows a label speaks for, in the table's order; empty: a free tag.

        The platform's own column decides. A row without a column for the platform is met by its canonical name. The
        catalogue mixes all platforms' names, so any of them will do for it.
        """
        key = label_key(label.name)
        if source is Source.CATALOGUE:
            return tuple(self._by_any.get(key, ()))
        found = self._by_name.get((source, _MARK_OF.get((source, label.kind), ""), key), [])
        plain = [
            support
            for support in self._by_any.get(key, ())
            if source not in support.row.had_by and label_key(support.row.name) == key
        ]
        return (*found, *plain)


def _marked(name: str) -> tuple[str, str]:
    mark, colon, rest = name.partition(":")
    return (mark, label_key(rest)) if colon and mark in {"g", "w"} else ("", label_key(name))


def _rows(table: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Row, Mapping[Source, tuple[str, ...]]]]:
    for entry in table:
        names = {source: tuple(entry[column]) for column, source in COLUMNS.items() if column in entry}
        yield Row(entry["name"], LabelKind(entry["kind"]), frozenset(names)), names


@cache
def vocabulary() -> Vocabulary:
    """The table that ships with this module."""
    content = files(__package__).joinpath("vocabulary.json").read_bytes()
    named = dict(_rows(orjson.loads(content)["labels"]))
    return Vocabulary(tuple(named), named)


@cache
def structural_ids() -> frozenset[str]:
    """AniDB's tags that only give its tree a shape (and those for its own upkeep): never a word on a title."""
    content = files(__package__).joinpath("vocabulary.json").read_bytes()
    return frozenset(str(id_) for id_ in orjson.loads(content)["anidb_structural"])
