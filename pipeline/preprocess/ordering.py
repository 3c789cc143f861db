"""The order platforms are aligned in, whatever order they came in."""

from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from pipeline.domain.aligned import EpisodeGroup, Group
from pipeline.domain.canonical import dump_json
from pipeline.domain.claims import Finding, OpenQuestion
from pipeline.domain.names import Source
from pipeline.domain.source_title import SourceTitle

__all__ = ["Aligned", "canonical_order"]

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
