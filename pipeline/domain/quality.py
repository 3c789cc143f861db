"""How good a record is, in figures: what of it is there, who filled it, how far sources agree, and what is wrong.

A :class:`Quality` belongs to one record and is a pure function of it. Nothing here is a share of anything else than
what its sentence says; ``None`` is "there is nothing to measure", never 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from pipeline.domain.names import Platform, Source

__all__ = ["PLATFORM_OF", "SOURCE_OF", "Quality", "Unknown"]

SOURCE_OF: Final[Mapping[Platform, Source]] = {
    platform: Source.MAL if platform is Platform.JIKAN else Source(platform.value) for platform in Platform
}
"""Who speaks through a platform."""
PLATFORM_OF: Final[Mapping[Source, Platform]] = {source: platform for platform, source in SOURCE_OF.items()}
"""Through which platform a source speaks; the catalogue, people and we ourselves speak through none."""


@dataclass(frozen=True, slots=True, order=True)
class Unknown:
    """A value of a platform that we have no name for (drift): who said it, in which of their fields, and what."""

    source: Source
    field: str
    value: str


@dataclass(frozen=True, slots=True)
class Quality:
    """The figures of one record."""

    completeness: float
    """Share (0 to 1) of the applicable fields' weight that is filled."""
    agreement: float | None
    """Mean of ``agreements``."""
    confidence: float | None
    """Mean of ``confidences``."""
    popularity: float
    """1 for a title nobody lists, and one more for every tenfold of people who do, where most of them do."""
    sources: Mapping[str, tuple[Source, ...]] = field(default_factory=dict)
    """For every filled field, who stands behind its value."""
    confidences: Mapping[str, float] = field(default_factory=dict)
    """For every filled field, how sure its value is."""
    agreements: Mapping[str, float] = field(default_factory=dict)
    """For every field on which at least two independent sources gave an answer, the share of their weight that stands
    with the chosen one."""
    missing: tuple[str, ...] = ()
    """Applicable fields that are empty."""
    conflicts: tuple[str, ...] = ()
    """Fields over which sources disagree on what matters."""
    broken: Mapping[str, int] = field(default_factory=dict)
    """Broken invariants by code."""
    findings: Mapping[str, int] = field(default_factory=dict)
    """What else was odd, by code."""
    drift: tuple[Unknown, ...] = ()
    heard: tuple[Platform, ...] = ()
    """Platforms whose word is in the record."""
