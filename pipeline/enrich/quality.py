"""The figures of many titles counted together. Pure: it is handed figures and holds no ledger."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from pipeline.domain.names import Outcome, Platform, Source
from pipeline.domain.quality import SOURCE_OF, Quality, Unknown
from pipeline.ledger.quality import Means, SourceShare

__all__ = ["BINS", "FieldCount", "Seen", "Tally", "Trouble", "find_trouble", "most_seen"]

BINS: Final = 20
"""Of the distributions: each is 5 % wide, the last one holds 1 too."""
_EXAMPLES: Final = 3
_ASKED: Final = (Outcome.FOUND, Outcome.ABSENT, Outcome.FAILED)
K = TypeVar("K")


@dataclass(slots=True)
class FieldCount:
    """One field over all titles."""

    behind: dict[tuple[Source, ...], int] = field(default_factory=lambda: defaultdict(int))
    """Titles that have it, by who stands behind it; adding these up later is thrice as fast."""
    missing: int = 0
    """Titles it applies to and that do not have it."""
    confidence: float = 0.0
    compared: int = 0
    """Titles for which two independent sources gave an answer."""
    agreement: float = 0.0
    conflicts: int = 0

    @property
    def filled(self) -> int:
        """Titles that have it."""
        return sum(self.behind.values())

    @property
    def sources(self) -> Counter[Source]:
        """Titles for which each source stands behind it."""
        by: Counter[Source] = Counter()
        for sources, titles in self.behind.items():
            by.update(dict.fromkeys(sources, titles))
        return by

    @property
    def mean_confidence(self) -> float | None:
        """Over the titles that have it."""
        return round(self.confidence / self.filled, 4) if self.behind else None

    @property
    def mean_agreement(self) -> float | None:
        """Over the titles for which sources could be compared."""
        return round(self.agreement / self.compared, 4) if self.compared else None


@dataclass(slots=True)
class Seen:
    """In how many titles something was seen, how often, and a few of them."""

    titles: int = 0
    times: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, title_id: str, times: int) -> None:
        """Count one more title; the first few that come are the examples."""
        self.titles += 1
        self.times += times
        if len(self.examples) < _EXAMPLES:
            self.examples.append(title_id)


@dataclass(slots=True)
class Tally:
    """Figures of titles, added up. Only the examples depend on the order in which titles are added."""

    titles: int = 0
    completeness: list[int] = field(default_factory=lambda: [0] * BINS)
    """Titles by completeness, in :data:`BINS` equal steps from 0 to 1."""
    agreement: list[int] = field(default_factory=lambda: [0] * BINS)
    confidence: list[int] = field(default_factory=lambda: [0] * BINS)
    fields: dict[str, FieldCount] = field(default_factory=lambda: defaultdict(FieldCount))
    heard: Counter[Platform] = field(default_factory=Counter)
    """Titles in whose record a platform's word is."""
    broken: dict[str, Seen] = field(default_factory=lambda: defaultdict(Seen))
    findings: dict[str, Seen] = field(default_factory=lambda: defaultdict(Seen))
    drift: dict[Unknown, Seen] = field(default_factory=lambda: defaultdict(Seen))
    _sums: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    _measured: Counter[str] = field(default_factory=Counter)

    @property
    def means(self) -> Means:
        """Means and sums over the titles added."""

        def mean(name: str) -> float | None:
            return round(self._sums[name] / self._measured[name], 4) if self._measured[name] else None

        totals = {name: int(self._sums[name]) for name in ("conflicts", "broken", "drift")}
        return Means(self.titles, mean("completeness"), mean("agreement"), mean("confidence"), **totals)

    def add(self, title_id: str, quality: Quality) -> None:
        """Count one more title."""
        self.titles += 1
        self.heard.update(quality.heard)
        for name, bins, share in (
            ("completeness", self.completeness, quality.completeness),
            ("agreement", self.agreement, quality.agreement),
            ("confidence", self.confidence, quality.confidence),
        ):
            if share is not None:
                bins[min(int(share * BINS), BINS - 1)] += 1
                self._sums[name] += share
                self._measured[name] += 1
        self._sums["conflicts"] += len(quality.conflicts)
        self._sums["broken"] += sum(quality.broken.values())
        self._sums["drift"] += len(quality.drift)
        self._add_fields(quality)
        for seen, codes in ((self.broken, quality.broken), (self.findings, quality.findings)):
            for code, times in codes.items():
                seen[code].add(title_id, times)
        for unknown in quality.drift:
            self.drift[unknown].add(title_id, 1)

    def _add_fields(self, quality: Quality) -> None:
        fields = self.fields
        for name, sources in quality.sources.items():
            fields[name].behind[sources] += 1
            fields[name].confidence += quality.confidences[name]
        for name in quality.missing:
            fields[name].missing += 1
        for name, share in quality.agreements.items():
            fields[name].compared += 1
            fields[name].agreement += share
        for name in quality.conflicts:
            fields[name].conflicts += 1


@dataclass(frozen=True, slots=True)
class Trouble:
    """The platform that gives most cause to look at it."""

    platform: Platform
    asked: int
    failed: int
    drift: int

    @property
    def told(self) -> str:
        """In words."""
        failed = f"{self.failed} of {self.asked} titles failed" if self.failed else ""
        unknown = f"{self.drift} unknown values" if self.drift else ""
        return f"{self.platform.value}: {', '.join(part for part in (failed, unknown) if part)}"


def find_trouble(
    outcomes: Mapping[Platform, Mapping[Outcome, int]], shares: Mapping[Source, SourceShare]
) -> Trouble | None:
    """The platform with the greatest share of failures; where none fails, the one with most unknown values a title."""

    def measure(platform: Platform) -> tuple[float, float, Trouble]:
        counts = outcomes.get(platform, {})
        asked, failed = sum(counts.get(outcome, 0) for outcome in _ASKED), counts.get(Outcome.FAILED, 0)
        share = shares.get(SOURCE_OF[platform], SourceShare(0, 0))
        found = max(1, counts.get(Outcome.FOUND, 0))
        return failed / max(1, asked), share.drift / found, Trouble(platform, asked, failed, share.drift)

    failing, drifting, trouble = max(map(measure, Platform), key=lambda measured: measured[:2])
    return trouble if failing or drifting else None


def most_seen(seen: Mapping[K, Seen], limit: int | None = None) -> Sequence[tuple[K, Seen]]:
    """What concerns most titles first; ties in the order of their names."""
    return sorted(seen.items(), key=lambda item: (-item[1].titles, -item[1].times, str(item[0])))[:limit]
