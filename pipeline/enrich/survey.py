"""Everything the ledger can say of how good its records are, gathered once for whoever shows it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pipeline.domain.names import Outcome, Platform, Site
from pipeline.domain.quality import SOURCE_OF, Quality, Unknown
from pipeline.domain.title import id_key
from pipeline.enrich.quality import Seen, Tally, Trouble, find_trouble, most_seen
from pipeline.ledger import Ledger
from pipeline.ledger.quality import Means, RunQuality, SourceShare
from pipeline.ledger.quarantine import Quarantine
from pipeline.ledger.titles import Release, StoredTitle

__all__ = ["Named", "PlatformFigures", "Poor", "Slow", "Survey", "survey", "survey_platforms"]

_SHOWN: Final = 15
"""Worst and slowest titles."""
_TOLD: Final = 50
"""Unknown values."""


@dataclass(frozen=True, slots=True)
class Named:
    """A title as a person calls it: its name, and the id that commands take."""

    title_id: str
    name: str
    handle: str


@dataclass(frozen=True, slots=True)
class PlatformFigures:
    """What came of asking one platform, and what its word is good for."""

    platform: Platform
    outcomes: Mapping[Outcome, int]
    """Titles by what came of asking."""
    answers: int
    fields: int
    """Filled fields behind which it stands, over all titles."""
    drift: int
    quarantine: Quarantine | None

    @property
    def fields_per_title(self) -> float | None:
        """Of a title found there."""
        found = self.outcomes.get(Outcome.FOUND, 0)
        return round(self.fields / found, 1) if found else None


@dataclass(frozen=True, slots=True)
class Poor:
    """A title that lacks much."""

    title: Named
    quality: Quality


@dataclass(frozen=True, slots=True)
class Slow:
    """A title that takes long: CPU seconds of its last results, by step."""

    title: Named
    cpu_s: Mapping[str, float]

    @property
    def total_s(self) -> float:
        """Of all steps."""
        return sum(self.cpu_s.values())


@dataclass(frozen=True, slots=True)
class Survey:
    """One look at a ledger (at Unix time ``at``)."""

    at: float
    release: Release | None
    results: Mapping[str, int]
    """Active titles by how they ended; ``waiting`` have not been through."""
    means: Means
    tally: Tally
    broken: Sequence[tuple[str, Seen]]
    """Broken invariants by code, those of most titles first."""
    findings: Sequence[tuple[str, Seen]]
    drift: Sequence[tuple[Unknown, Seen]]
    """Of unknown values only the most frequent."""
    runs: Sequence[RunQuality]
    platforms: Sequence[PlatformFigures]
    trouble: Trouble | None
    worst: Sequence[Poor]
    slowest: Sequence[Slow]
    steps: Mapping[str, tuple[int, float]]
    """Step to titles and CPU seconds."""
    names: Mapping[str, Named]
    """Of every title that is named anywhere here."""


def survey(ledger: Ledger, *, at: float) -> Survey:
    """Look at the whole ledger once; reads a row a title and no blob."""
    tally = Tally()
    for title_id, quality in ledger.quality.every():
        tally.add(title_id, quality)
    worst, slowest = ledger.quality.worst(_SHOWN), ledger.steps.slowest(_SHOWN)
    broken, findings, drift = most_seen(tally.broken), most_seen(tally.findings), most_seen(tally.drift, _TOLD)
    seen = [*(one for _, one in broken), *(one for _, one in findings), *(one for _, one in drift)]
    names = _names(ledger, [*worst, *slowest, *(title_id for one in seen for title_id in one.examples)])
    figures = ledger.quality.of(worst)
    platforms, trouble = survey_platforms(ledger)
    return Survey(
        at=at,
        release=ledger.titles.latest_release(),
        results=ledger.titles.results(),
        means=tally.means,
        tally=tally,
        broken=broken,
        findings=findings,
        drift=drift,
        runs=ledger.quality.runs(),
        platforms=platforms,
        trouble=trouble,
        worst=[Poor(names[t], figures[t]) for t in worst if t in figures],
        slowest=[Slow(names[t], cpu_s) for t, cpu_s in slowest.items()],
        steps=ledger.steps.cpu_by_step(),
        names=names,
    )


def survey_platforms(ledger: Ledger) -> tuple[list[PlatformFigures], Trouble | None]:
    """Every platform's figures, in their order, and which of them to look at first."""
    tally, answers, shares = ledger.fetched.tally(), ledger.fetched.answer_count(), ledger.quality.shares()
    standing, nothing = ledger.quarantines.standing(), SourceShare(0, 0)
    figures = [
        PlatformFigures(
            platform=platform,
            outcomes=tally.get(platform, {}),
            answers=answers.get(platform, 0),
            fields=shares.get(SOURCE_OF[platform], nothing).fields,
            drift=shares.get(SOURCE_OF[platform], nothing).drift,
            quarantine=standing.get(platform),
        )
        for platform in Platform
    ]
    return figures, find_trouble(tally, shares)


def _names(ledger: Ledger, title_ids: Sequence[str]) -> dict[str, Named]:
    return {
        t.title_id: Named(t.title_id, t.name, _handle(t)) for t in ledger.titles.load(list(dict.fromkeys(title_ids)))
    }


def _handle(title: StoredTitle) -> str:
    """The id a person would type: MyAnimeList's if there is one."""
    sites = sorted(title.ids, key=lambda site: (site is not Site.MAL, site))
    return id_key(sites[0], title.ids[sites[0]][0]) if sites else title.title_id
