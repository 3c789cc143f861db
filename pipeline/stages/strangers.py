"""Whether a platform speaks of this work at all: an id that leads to another one, or to a record that says nothing.

Nothing is left out for it, since the rules cannot know who is mistaken. It is said by name and on top of the queue; a
person refuses the id by ``review resolve TITLE platform_id:… --value no``.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from typing import Final

from pipeline.domain.claims import Finding
from pipeline.domain.source_title import SourceTitle, Statistics
from pipeline.domain.text import title_similarity
from pipeline.domain.title import CatalogueRow
from pipeline.stages.names_of_work import fold

__all__ = ["find_strangers"]

_YEARS_APART: Final = 2
"""A work's first year and its season's may differ by one."""
_ALIKE: Final = 0.75
"""Names this similar may be one name, misspelt."""
_OURS: Final = frozenset({"source", "id", "url", "identifiers", "drift", "findings", "updated_at"})
"""What a record has of itself."""


def find_strangers(sources: Sequence[SourceTitle], row: CatalogueRow) -> tuple[Finding, ...]:
    """A finding for each source that speaks of another work than everybody else, or of nothing."""
    return tuple(found for one in sources if (found := _finding(one, sources, row)) is not None)


def _finding(one: SourceTitle, sources: Sequence[SourceTitle], row: CatalogueRow) -> Finding | None:
    name = f"{one.source.value}:{one.id}"
    if _says_nothing(one):
        return Finding("says_nothing", f"{name} was answered with a record in which nothing is said", "", one.source)
    year = _year(one)
    others = [other for other in sources if other is not one]
    years = {said for said in (*map(_year, others), row.year) if said is not None}
    if not one.titles or year is None or not years or min(abs(year - said) for said in years) < _YEARS_APART:
        return None
    if _shares_a_name(_names((one,)), {*_names(others), *map(fold, (row.title, *row.synonyms))}):
        return None
    told = " or ".join(map(str, sorted(years)))
    message = (
        f"{name} is called {one.titles[0].text[:120]!r} and dated {year}; the others have no such name and say {told}"
    )
    return Finding("another_work", message, "platform_ids", one.source)


def _says_nothing(one: SourceTitle) -> bool:
    said = (getattr(one, field.name) for field in fields(one) if field.name not in _OURS)
    return all(value in (None, ()) or (isinstance(value, Statistics) and _is_empty(value)) for value in said)


def _is_empty(figures: Statistics) -> bool:
    return figures == Statistics(score_max=figures.score_max)


def _year(one: SourceTitle) -> int | None:
    return one.start.year if one.start is not None else one.season_year


def _names(sources: Iterable[SourceTitle]) -> Iterator[str]:
    return (key for one in sources for title in one.titles if (key := fold(title.text)))


def _shares_a_name(mine: Iterable[str], theirs: set[str]) -> bool:
    own = set(mine)
    return not own.isdisjoint(theirs) or any(title_similarity(a, b) >= _ALIKE for a in own for b in theirs)
