"""Every platform's figures on its own scale, and the one score derived from them.

Ranks, members and votes of different platforms are never mixed. A figure that cannot be (a rank of 0, a negative
count, a score beyond its scale) is left out with a finding; it is nobody's word any more.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from pipeline.domain.claims import Chosen, Finding
from pipeline.domain.names import Source
from pipeline.domain.record import PlatformStatistics
from pipeline.domain.source_title import SourceTitle, Statistics
from pipeline.domain.thresholds import Choosing
from pipeline.domain.title import CatalogueRow
from pipeline.stages.choose import collected, nobody_said, text_of

__all__ = ["choose_score", "choose_statistics"]

_CATALOGUE_SCALE: Final = 10.0
_NOTHING: Final = Statistics()


def choose_statistics(
    sources: Sequence[SourceTitle], row: CatalogueRow
) -> tuple[Chosen[dict[Source, PlatformStatistics]], tuple[Finding, ...]]:
    """The figures of each platform; of two entries on one platform those with more people behind them."""
    findings: list[Finding] = []
    said: dict[Source, list[PlatformStatistics]] = {}
    for one in sources:
        if one.statistics is not None and _has_figures(one.statistics):
            said.setdefault(one.source, []).append(_platform(one.source, one.statistics, findings))
    if row.score is not None:
        mean = Statistics(score=row.score, score_max=_CATALOGUE_SCALE)
        said.setdefault(Source.CATALOGUE, []).append(_platform(Source.CATALOGUE, mean, findings))
    for source, several in said.items():
        if len(several) > 1:
            message = f"{len(several)} entries on one platform; figures of the one with most people"
            findings.append(Finding("several_statistics", message, "statistics", source))
    chosen = {source: max(said[source], key=_crowd) for source in sorted(said)}
    return collected(chosen, list(chosen), rule="rule:figures_apart@2"), tuple(findings)


def _has_figures(figures: Statistics) -> bool:
    """An answer without figures says nothing, not that there are none."""
    return replace(figures, score_max=_NOTHING.score_max) != _NOTHING


def _crowd(figures: PlatformStatistics) -> tuple[int, int, str]:
    return figures.scored_by or 0, figures.members or 0, text_of(figures)


def _platform(source: Source, figures: Statistics, findings: list[Finding]) -> PlatformStatistics:
    def checked(name: str, value: float | None, is_right: Callable[[float], bool]) -> bool:
        if value is None or (math.isfinite(value) and is_right(value)):
            return True
        findings.append(Finding("impossible_figure", f"{name} is {value!r}", "statistics", source))
        return False

    def count(name: str, value: int | None) -> int | None:
        return value if checked(name, value, lambda number: number >= 0) else None

    def rank(name: str, value: int | None) -> int | None:
        return value if checked(name, value, lambda number: number >= 1) else None

    scale = figures.score_max if math.isfinite(figures.score_max) and figures.score_max > 0 else None
    is_score_right = checked("score", figures.score, lambda score: scale is not None and 0 <= score <= scale)
    score = figures.score if is_score_right else None
    return PlatformStatistics(
        score=score,
        score_max=scale or 10.0,
        score_normalized=round(score / scale * 10.0, 4) if score is not None and scale else None,
        scored_by=count("scored_by", figures.scored_by),
        rank=rank("rank", figures.rank),
        popularity_rank=rank("popularity_rank", figures.popularity_rank),
        members=count("members", figures.members),
        favorites=count("favorites", figures.favorites),
        trending=count("trending", figures.trending),
        contextual_ranks=list(figures.rankings),
        status_distribution={name: number for name, number in figures.status_distribution if number >= 0},
        score_distribution={f"{score:g}": number for score, number in figures.score_distribution if number >= 0},
    )


def _votes(figures: PlatformStatistics) -> int:
    """How many people gave a score; AniList says it only by its distribution."""
    return figures.scored_by or sum(figures.score_distribution.values())


def choose_score(figures: Mapping[Source, PlatformStatistics], cuts: Choosing) -> Chosen[float | None]:
    """The Bayesian mean over the platforms, weighted by votes; derived, no platform's word.

    Platforms that keep their votes to themselves cannot be weighed and count only where nobody names votes; then each
    counts like the prior. The catalogue's mean is made of the platforms', so it counts only alone.
    """
    scored = {source: one for source, one in figures.items() if one.score_normalized is not None}
    own = {source: scored[source] for source in set(scored) - {Source.CATALOGUE}} or scored
    voted = {source: one for source, one in own.items() if _votes(one)}
    heard = voted or own
    if not heard:
        return nobody_said(None)
    pairs = [(heard[s].score_normalized or 0.0, _votes(heard[s]) or cuts.prior_votes) for s in sorted(heard)]
    votes = cuts.prior_votes + sum(number for _, number in pairs)
    total = cuts.prior_score * cuts.prior_votes + math.fsum(score * number for score, number in pairs)
    return Chosen(
        value=round(min(max(total / votes, 0.0), 10.0), 4),
        sources=tuple(sorted(heard)),
        rule="rule:bayesian_mean@1",
        confidence=0.9 if voted else 0.5,
        evidence=(
            f"{Source.DERIVED}:prior={cuts.prior_score:g}x{cuts.prior_votes}",
            "votes:known" if voted else "votes:unknown",
        ),
    )
