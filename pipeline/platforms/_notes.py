"""What a conversion notes on the side: words nobody here knows (drift) and oddities (findings).

A collector lives for one call of ``convert`` and is never shared, so conversion stays pure.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from pipeline.domain.claims import Drift, Finding
from pipeline.domain.names import Source
from pipeline.domain.source_title import PartialDate
from pipeline.errors import one_line
from pipeline.platforms._dates import date_from_text, is_nothing

__all__ = ["Notes"]

T = TypeVar("T")


@dataclass(slots=True)
class Notes:
    """Collects drift and findings of one title, each thing once, in order of appearance."""

    source: Source
    _drift: dict[Drift, None] = field(default_factory=dict)
    _findings: dict[Finding, None] = field(default_factory=dict)

    @property
    def drift(self) -> tuple[Drift, ...]:
        """Values we have no name for."""
        return tuple(self._drift)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Oddities."""
        return tuple(self._findings)

    def note_drift(self, where: str, value: str) -> None:
        """Keep a word nobody here knows."""
        self._drift[Drift(where, one_line(value))] = None

    def note(self, code: str, message: str, where: str = "") -> None:
        """Keep an oddity."""
        self._findings[Finding(code, message, where, self.source)] = None

    def known(self, where: str, word: str | None, table: Mapping[str, T]) -> T | None:
        """Our name of a platform's word (any case); an unknown word becomes drift and reads as not said."""
        if not word:
            return None
        ours = table.get(word.strip().lower())
        if ours is None:
            self.note_drift(where, word)
        return ours

    def date(self, where: str, text: str | None) -> PartialDate | None:
        """A date from text; an impossible one becomes a finding and reads as not said."""
        if is_nothing(text):
            return None
        found = date_from_text(text)
        if found is None:
            self.note("impossible_date", f"{where} {one_line(text or '')!r} is not a date, left out", where)
        return found

    def unique(self, where: str, items: Iterable[T], key: Callable[[T], object]) -> tuple[T, ...]:
        """The first item of every key, in order; one finding names how many were repeated. ``None`` is no key."""
        first: dict[object, T] = {}
        repeated = 0
        for position, item in enumerate(items):
            own = key(item)
            own = ("at", position) if own is None else own
            if own in first:
                repeated += 1
            else:
                first[own] = item
        if repeated:
            self.note("repeated", f"{repeated} of {where} came more than once, the first of each is kept", where)
        return tuple(first.values())
