"""What the work is called: the main title, the three by language, and everything else as synonyms.

Names are compared folded (width, case, spaces, invisible characters) and given as somebody spelled them. In the vote
names stand together that differ only in signs and in where words end (``Shin Seiki``, ``Shinseiki``; ``★``, ``☆``).
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from pipeline.domain.claims import Chosen
from pipeline.domain.names import Source, TitleKind
from pipeline.domain.source_title import SourceTitle, TitleName
from pipeline.domain.text import clean
from pipeline.domain.title import CatalogueRow
from pipeline.stages.choose import choose_weighted, collected, nobody_said
from pipeline.stages.weights import TITLES

__all__ = ["ChosenNames", "choose_names", "choose_synonyms", "fold"]

_RULE: Final = "rule:title_vote@2"
_KINDS: Final = (TitleKind.MAIN, TitleKind.OFFICIAL, TitleKind.SYNONYM, TitleKind.SHORT)
_CHOSEN_KINDS: Final = frozenset({TitleKind.MAIN, TitleKind.OFFICIAL})

_CACHE: Final = 4096
"""Names remembered: each of a title is folded several times, to find, to count and to sort it."""

_QUOTES: Final = str.maketrans(
    dict.fromkeys("\u2018\u2019\u201b\u02bc\u2032\u00b4`", "'") | dict.fromkeys("\u201c\u201d\u201f", '"')
)
"""Platforms differ in their quotation marks; AniDB writes a grave accent."""

_Said = tuple[Source, TitleName]


@lru_cache(maxsize=_CACHE)
def fold(text: str) -> str:
    """A text for comparing: NFKC, casefold, plain quotes, no invisible characters, single spaces. Accents count."""
    plain = unicodedata.normalize("NFKC", clean(text).translate(_QUOTES))
    return " ".join(plain.casefold().split())


def _letters(text: str) -> str:
    """The letters and digits of a name, folded; all of it where it has none."""
    folded = fold(text).replace("\u00d7", "x")
    return "".join(filter(str.isalnum, folded)) or folded


@dataclass(frozen=True, slots=True)
class ChosenNames:
    """The decisions on names, in the record's words."""

    title: Chosen[str]
    title_english: Chosen[str | None]
    title_japanese: Chosen[str | None]
    title_romaji: Chosen[str | None]
    synonyms: Chosen[list[TitleName]]


def choose_names(sources: Sequence[SourceTitle], row: CatalogueRow) -> ChosenNames:
    """Decide all names of one work."""
    said = [pair for pair in _names(sources, row) if fold(pair[1].text)]
    english = _vote(pair for pair in said if _is_chosen(pair[1]) and _is_in(pair[1], "en"))
    japanese = _vote(pair for pair in said if _is_chosen(pair[1]) and _is_in(pair[1], "ja"))
    romaji = _vote(pair for pair in said if _is_chosen(pair[1]) and _is_latinised(pair[1]))
    main = _main(said)
    taken = (main.value, english.value, japanese.value, romaji.value)
    return ChosenNames(main, english, japanese, romaji, _synonyms(said, taken))


def choose_synonyms(
    sources: Sequence[SourceTitle], row: CatalogueRow, taken: Iterable[str | None]
) -> Chosen[list[TitleName]]:
    """Every name of the work but those ``taken`` as its titles."""
    return _synonyms([pair for pair in _names(sources, row) if fold(pair[1].text)], taken)


def _names(sources: Sequence[SourceTitle], row: CatalogueRow) -> Iterator[_Said]:
    for one in sources:
        for name in one.titles:
            yield one.source, name
    yield Source.CATALOGUE, TitleName(row.title, TitleKind.MAIN)
    for text in row.synonyms:
        yield Source.CATALOGUE, TitleName(text, TitleKind.SYNONYM)


def _is_chosen(name: TitleName) -> bool:
    return name.kind in _CHOSEN_KINDS


def _is_latinised(name: TitleName) -> bool:
    return (name.language or "").endswith("-Latn")


def _is_in(name: TitleName, language: str) -> bool:
    return (name.language or "").split("-")[0] == language and not _is_latinised(name)


def _vote(said: Iterable[_Said]) -> Chosen[str | None]:
    pairs: list[tuple[Source, str | None]] = [(source, name.text) for source, name in said]
    return choose_weighted(pairs, weights=TITLES, rule=_RULE, nobody=None, key=lambda text: _letters(text or ""))


def _main(said: Sequence[_Said]) -> Chosen[str]:
    """The romaji main title; else a main title of unsaid language; else any main title; else any name at all."""
    mains = [pair for pair in said if pair[1].kind is TitleKind.MAIN]
    romaji = [pair for pair in mains if _is_latinised(pair[1])]
    neutral = [pair for pair in mains if pair[1].language is None]
    for level in ([*romaji, *neutral] if romaji else [], neutral, mains, said):
        pairs = [(source, name.text) for source, name in level]
        if pairs:
            return choose_weighted(pairs, weights=TITLES, rule=_RULE, nobody="", key=_letters)
    return nobody_said("")


def _synonyms(said: Sequence[_Said], titles: Iterable[str | None]) -> Chosen[list[TitleName]]:
    """Every other name once: the spelling that says its language, of the weightiest source."""
    taken = {fold(text) for text in titles if text}
    best: dict[str, _Said] = {}
    who: set[Source] = set()
    for pair in sorted(said, key=_worth):
        key = fold(pair[1].text)
        if key not in taken:
            best.setdefault(key, pair)
            who.add(pair[0])
    names = sorted((name for _, name in best.values()), key=_place)
    return collected(names, sorted(who), rule="rule:names_united@1")


def _worth(pair: _Said) -> tuple[bool, int, float, str, str]:
    source, name = pair
    return name.language is None, _KINDS.index(name.kind), -TITLES.get(source, 0.0), name.text, name.language or ""


def _place(name: TitleName) -> tuple[int, str, str, str]:
    return _KINDS.index(name.kind), name.language or "~", fold(name.text), name.text
