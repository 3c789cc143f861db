"""Who is who across platforms: groups of references into the platforms' own lists.

Preprocessing copies nothing: a :class:`Ref` names an item by the position of its :class:`SourceTitle` in the title's
sources and its position in that source's list. Every item of every source is in exactly one group, so nobody is lost.
"""

from dataclasses import dataclass

from pipeline.domain.claims import Finding, OpenQuestion

__all__ = ["Alignment", "EpisodeGroup", "Group", "Ref"]


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """Item ``item`` of the list of source number ``source``."""

    source: int
    item: int


@dataclass(frozen=True, slots=True)
class Group:
    """Items of several sources that are one thing; ``confidence`` and ``rule`` say how sure and why."""

    members: tuple[Ref, ...]
    confidence: float
    rule: str


@dataclass(frozen=True, slots=True)
class EpisodeGroup:
    """Records of one episode. ``number`` is ours: regular episodes count from 1, specials apart."""

    number: int | None
    kind: str
    members: tuple[Ref, ...]
    confidence: float
    rule: str


@dataclass(frozen=True, slots=True)
class Alignment:
    """The result of preprocessing one title."""

    episodes: tuple[EpisodeGroup, ...] = ()
    characters: tuple[Group, ...] = ()
    staff: tuple[Group, ...] = ()
    questions: tuple[OpenQuestion, ...] = ()
    findings: tuple[Finding, ...] = ()
