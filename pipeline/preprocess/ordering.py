"""The order platforms are aligned in, whatever order they came in."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from pipeline.domain.aligned import EpisodeGroup, Group, Ref
from pipeline.domain.canonical import dump_json
from pipeline.domain.claims import Finding, OpenQuestion
from pipeline.domain.names import Source
from pipeline.domain.source_title import SourceTitle

__all__ = ["Aligned", "UnionFind", "canonical_order"]

G = TypeVar("G", Group, EpisodeGroup)

_RANK: Final = {
    source: rank
    for rank, source in enumerate(
        (Source.MAL, Source.ANILIST, Source.ANIDB, Source.KITSU, Source.ANIME_PLANET, Source.ANIMESCHEDULE)
    )
}
"""Best covered first: later platforms are matched against the merged names of the earlier ones."""


@dataclass(frozen=True, slots=True)
class Aligned(Generic[G]):
    """Groups of one kind of item with what was left open and what was odd."""

    groups: tuple[G, ...]
    questions: tuple[OpenQuestion, ...] = ()
    findings: tuple[Finding, ...] = ()


def canonical_order(sources: tuple[SourceTitle, ...]) -> tuple[int, ...]:
    """Positions of the sources, best-covered platform first; twins of one platform by id, then by content."""
    names = [(source.source, source.id) for source in sources]

    def rank(position: int) -> tuple[int, str, str, bytes]:
        source = sources[position]
        twin = names.count(names[position]) > 1
        content = dump_json(SourceTitle, source) if twin else b""
        return _RANK.get(source.source, len(_RANK)), source.source.value, source.id, content

    return tuple(sorted(range(len(sources)), key=rank))


class UnionFind:
    """Sets of references that grow together; the first reference seen stands for its set."""

    def __init__(self, refs: Iterable[Ref]) -> None:
        self._order = list(refs)
        self._rank = {ref: rank for rank, ref in enumerate(self._order)}
        self._parent = {ref: ref for ref in self._order}

    def find(self, ref: Ref) -> Ref:
        """The reference that stands for the set of ``ref``."""
        root = ref
        while self._parent[root] != root:
            root = self._parent[root]
        while self._parent[ref] != root:
            self._parent[ref], ref = root, self._parent[ref]
        return root

    def union(self, first: Ref, second: Ref) -> None:
        """Make one set of two."""
        low, high = sorted((self.find(first), self.find(second)), key=self._rank.__getitem__)
        self._parent[high] = low

    def sets(self) -> list[list[Ref]]:
        """All sets, in the order of their first references."""
        found: dict[Ref, list[Ref]] = {}
        for ref in self._order:
            found.setdefault(self.find(ref), []).append(ref)
        return list(found.values())
