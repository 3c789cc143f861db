"""The quality of one record in figures, out of the record, its reasons and what the platforms said. Pure.

**Agreement** is over the fields that are the answer to one question (:data:`_ANSWERS`: a name, a date, a number, one of
a closed set) and on which at least two *independent* sources gave an answer. Independent are the six platforms; the
catalogue is compiled from their data, and what is derived is our own. A field's agreement is the weight (that of its
vote) of the independent sources that stand with the chosen value, divided by the weight of all that gave an answer. A
source counts once, and half where it also gave another answer (of two dates it may have one). The record's agreement is
the plain mean over these fields.

So it is 1 when nobody contradicts, and does not depend on the order of sources. A source more that gives the chosen
value never lowers a field's agreement, nor the record's, unless it makes a field comparable that was not (the only
platform that spoke had been passed over for the catalogue).

Lists (genres, characters, links) and texts are left out: there sources add to each other, and whoever names another
genre or writes another synopsis contradicts nobody.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from math import log10
from types import MappingProxyType
from typing import Final

from pipeline.assembly.completeness import applicable_fields, is_filled
from pipeline.assembly.following import people_of
from pipeline.assembly.invariants import find_broken_invariants
from pipeline.domain.names import Outcome, Platform, Source
from pipeline.domain.quality import PLATFORM_OF, Quality, Unknown
from pipeline.domain.record import AnimeRecord, EnrichmentMetadata, FieldProvenance, Provenance
from pipeline.domain.source_title import SourceTitle
from pipeline.stages.weights import AIRING, BASICS, DATES, RATING, TITLES

__all__ = ["QUALITY_VERSION", "measure_quality", "popularity"]

QUALITY_VERSION: Final = 2
"""Goes up whenever the same record measures otherwise."""

_ANSWERS: Final[Mapping[str, Mapping[Source, float]]] = MappingProxyType(
    dict.fromkeys(("title", "title_english", "title_japanese", "title_romaji"), TITLES)
    | dict.fromkeys(("type", "status", "source_material", "country_of_origin", "episodes", "duration"), BASICS)
    | dict.fromkeys(("rating", "nsfw"), RATING)
    | dict.fromkeys(("season", "year", "aired_dates"), DATES)
    | dict.fromkeys(("broadcast", "next_episode_at"), AIRING)
)
"""Fields that answer one question, and how much each source's word weighs there. ``month`` is that of the start."""
_NOT_DECIDED: Final = frozenset({"schema_version", "title_id", "sources", "platform_ids", "enrichment_metadata"})
"""What a title is, not what sources say of it."""
_DRIFT: Final = "drift"
_MOST_UNKNOWN: Final = 100
"""Unknown values of one title that are kept one by one."""
_LONGEST: Final = 200


def measure_quality(record: AnimeRecord, provenance: Provenance, sources: Iterable[SourceTitle]) -> Quality:
    """The figures of one record. ``sources`` are those it was made of, in any order."""
    values: dict[str, object] = dict(record)
    metadata = record.enrichment_metadata
    reasons = {n: r for n, r in provenance.fields.items() if n not in _NOT_DECIDED and is_filled(values[n])}
    agreements = {name: share for name in _ANSWERS if (share := _agreement(name, reasons.get(name))) is not None}
    confidences = {name: reason.confidence for name, reason in reasons.items()}
    broken = Counter(finding.code for finding in set(find_broken_invariants(values)))
    found = Counter(str(finding["code"]) for finding in provenance.findings)
    found.pop(_DRIFT, None)
    return Quality(
        completeness=metadata.completeness,
        agreement=_mean(agreements.values()),
        confidence=_mean(confidences.values()),
        popularity=popularity(record),
        sources={name: tuple(sorted(reason.sources)) for name, reason in reasons.items()},
        confidences=confidences,
        agreements=agreements,
        missing=tuple(n for n in applicable_fields(record.type, record.status) if not is_filled(values[n])),
        conflicts=tuple(name for name, reason in reasons.items() if reason.conflict),
        broken=dict(sorted(broken.items())),
        findings=dict(sorted((found - broken).items())),
        drift=_unknown(sources),
        heard=_heard(metadata),
    )


def popularity(record: AnimeRecord) -> float:
    """1 for a title nobody lists, and one more for every tenfold of people who list it, where most of them do."""
    return round(1 + log10(1 + people_of(record.statistics)), 4)


def _agreement(field: str, reason: FieldProvenance | None) -> float | None:
    """Share of the weight that stands with the chosen value; ``None`` where no two independent sources spoke."""
    if reason is None:
        return None
    weights = _ANSWERS[field]
    standing, lost = PLATFORM_OF.keys() & set(reason.sources), PLATFORM_OF.keys() & _passed_over(reason)
    speaking = sorted(standing | lost)
    if len(speaking) < 2:
        return None
    stands = sum(weights[s] * (0.5 if s in lost else 1.0) for s in speaking if s in standing)
    return round(stands / sum(weights[s] for s in speaking), 4)


def _passed_over(reason: FieldProvenance) -> set[Source]:
    """Everybody who said something that does not stand."""
    said = (claim.get("sources") for claim in reason.alternatives)
    return {Source(str(source)) for sources in said if isinstance(sources, list) for source in sources}


def _unknown(sources: Iterable[SourceTitle]) -> tuple[Unknown, ...]:
    every = {Unknown(one.source, drift.field, drift.value[:_LONGEST]) for one in sources for drift in one.drift}
    return tuple(sorted(every)[:_MOST_UNKNOWN])


def _heard(metadata: EnrichmentMetadata) -> tuple[Platform, ...]:
    return tuple(p for p in Platform if metadata.outcomes.get(p) is Outcome.FOUND or p in metadata.stale)


def _mean(figures: Iterable[float]) -> float | None:
    every = sorted(figures)  # floats do not add up alike in every order
    return round(sum(every) / len(every), 4) if every else None
