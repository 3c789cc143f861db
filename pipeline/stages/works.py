"""Which mentions of related works are one work: by shared ids, by the identity registry, then by title.

Ids come first and can never be overruled: two groups that know different ids on one site stay two works, whatever
they are called. The outcome does not depend on the order of the mentions.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from pipeline.domain.names import RelationKind, Site, Source
from pipeline.domain.text import norm

__all__ = ["Mention", "Work", "format_key", "format_name", "join_mentions", "title_key"]


@dataclass(frozen=True, slots=True)
class Mention:
    """One source's word on one related work. ``keys`` identify it (``mal:21``, ``manga/mal:1``, ``title:…``)."""

    source: Source
    is_anime: bool
    kind: RelationKind | None
    kind_text: str
    keys: tuple[str, ...]
    ids: tuple[tuple[str, str], ...] = ()
    title: str | None = None
    format: str | None = None
    year: int | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """All mentions of one work. ``is_by_title``: joined at least once by its name only."""

    mentions: tuple[Mention, ...]
    is_by_title: bool = False

    @property
    def is_anime(self) -> bool:
        """Anime, as opposed to manga, novels and the rest."""
        return self.mentions[0].is_anime

    def ids(self) -> dict[str, set[str]]:
        """Ids by site."""
        found: dict[str, set[str]] = {}
        for mention in self.mentions:
            for site, id_ in mention.ids:
                found.setdefault(site, set()).add(id_)
        return found

    def titles(self) -> set[str]:
        """Comparable titles; where a platform gives none, what it made of the title in its address."""
        return {key for mention in self.mentions if (key := title_key(mention.title or _slug(mention)))}

    def years(self) -> set[int]:
        """Years anybody gives."""
        return {mention.year for mention in self.mentions if mention.year is not None}

    def formats(self) -> set[str]:
        """Comparable formats."""
        return {format_key(mention.format) for mention in self.mentions if mention.format}


def title_key(title: str) -> str:
    """A title for comparing; what stands in brackets counts, since it often tells two works apart."""
    return norm(title.replace("(", " ").replace(")", " ")).replace(" ", "")


def _slug(mention: Mention) -> str:
    return next((id_.replace("-", " ") for site, id_ in mention.ids if site in _SLUG_SITES), "")


_SLUG_SITES: Final = frozenset({Site.ANIMESCHEDULE.value})
_SAME_FORMAT: Final = {
    "tv series": "tv",
    "tv short": "tv",
    "tv special": "special",
    "dvd special": "special",
    "web": "ona",
    "film": "movie",
    "music video": "music",
}


def format_key(text: str | None) -> str:
    """A format for comparing (``TV Series`` is ``tv``)."""
    key = norm((text or "").replace("_", " "))
    return _SAME_FORMAT.get(key, key)


_FORMAT_NAMES: Final = {
    "TV_SERIES": "TV",
    "DVD_SPECIAL": "SPECIAL",
    "WEB": "ONA",
    "FILM": "MOVIE",
    "MUSIC_VIDEO": "MUSIC",
}


def format_name(text: str | None) -> str | None:
    """A platform's word for a format as we write it: ``DVD Special`` is ``SPECIAL``."""
    word = norm((text or "").replace("_", " ")).upper().replace(" ", "_")
    return _FORMAT_NAMES.get(word, word) or None


def join_mentions(mentions: Iterable[Mention]) -> list[Work]:
    """Group mentions to works."""
    works = _join_by_keys(list(mentions))
    works = _join_by_title(works, _exact)
    return _join_by_title(works, lambda work: ((work.is_anime, title) for title in work.titles()))


def _exact(work: Work) -> Iterable[Hashable]:
    """Title, year and format where all three are known."""
    for title in work.titles():
        for year in work.years():
            for form in work.formats():
                yield work.is_anime, title, year, form


def _join_by_keys(mentions: Sequence[Mention]) -> list[Work]:
    parts = _components(mentions, lambda mention: mention.keys)
    return [Work(tuple(part)) for part in parts]


def _components(items: Sequence[Mention], keys_of: Callable[[Mention], Iterable[str]]) -> list[list[Mention]]:
    leader = list(range(len(items)))

    def lead(item: int) -> int:
        while leader[item] != item:
            leader[item] = leader[leader[item]]
            item = leader[item]
        return item

    first: dict[str, int] = {}
    for item, mention in enumerate(items):
        for key in keys_of(mention):
            leader[lead(item)] = lead(first.setdefault(key, item))
    parts: dict[int, list[Mention]] = {}
    for item, mention in enumerate(items):
        parts.setdefault(lead(item), []).append(mention)
    return list(parts.values())


def _join_by_title(works: Sequence[Work], keys_of: Callable[[Work], Iterable[Hashable]]) -> list[Work]:
    """Join all works under one key, if every two of them can be one; a work that fits in two places stays alone."""
    buckets: dict[Hashable, set[int]] = {}
    for place, work in enumerate(works):
        for key in keys_of(work):
            buckets.setdefault(key, set()).add(place)
    fitting = {
        frozenset(places)
        for places in buckets.values()
        if len(places) > 1 and all(_can_be_one(works[a], works[b]) for a, b in combinations(sorted(places), 2))
    }
    uses = Counter(place for places in fitting for place in places)
    sole = [places for places in fitting if all(uses[place] == 1 for place in places)]
    taken = {place for places in sole for place in places}
    joined = [
        Work(tuple(mention for place in sorted(places) for mention in works[place].mentions), is_by_title=True)
        for places in sole
    ]
    return [*(work for place, work in enumerate(works) if place not in taken), *joined]


def _can_be_one(first: Work, second: Work) -> bool:
    mine, theirs = first.ids(), second.ids()
    if any(mine[site].isdisjoint(theirs[site]) for site in mine.keys() & theirs.keys()):
        return False
    if {mention.source for mention in first.mentions} & {mention.source for mention in second.mentions}:
        return False
    return _agree(first.years(), second.years()) and _agree(first.formats(), second.formats())


def _agree(first: set[int] | set[str], second: set[int] | set[str]) -> bool:
    return not first or not second or not set(first).isdisjoint(second)
