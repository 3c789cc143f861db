"""Stage 2: how many episodes, how long, when they air, and each episode merged from all platforms.

The catalogue row is a source for the count and the length. Figures outside their scale are left out and said.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from pipeline.domain.claims import Chosen
from pipeline.domain.drafts import EpisodesDraft
from pipeline.domain.names import AiringStatus, Source
from pipeline.domain.record import EpisodeRecord, OtherPlatformNumber
from pipeline.domain.source_title import SourceTitle
from pipeline.domain.title import StageInput
from pipeline.stages.airing import choose_broadcast, choose_next, collect_delays, collect_slots
from pipeline.stages.choose import SINGLE_SOURCE, choose_weighted, collected, in_order
from pipeline.stages.episode_record import find_oddities, merge_episode
from pipeline.stages.episode_staff import staff_by_episode
from pipeline.stages.weights import BASICS

__all__ = ["VERSION", "choose_other_counts", "decide"]

VERSION: Final = 3

_SAME_LENGTH_S: Final = 120
"""Lengths this near are one length: platforms round differently and count the pauses or do not."""


def decide(inputs: StageInput) -> EpisodesDraft:
    """Decide everything about episodes."""
    sources = in_order(inputs)
    count = _count(inputs, sources)
    return EpisodesDraft(
        episodes=count,
        duration=_duration(inputs, sources),
        broadcast=choose_broadcast(sources),
        broadcast_schedule=collect_slots(sources, lambda one: one.schedule, rule="slots_vote"),
        premiere_dates=collect_slots(sources, lambda one: one.premieres, rule="premieres_vote"),
        delay_information=collect_delays(sources),
        next_episode_at=choose_next(sources),
        episode_details=_details(inputs),
        episode_overrides=choose_other_counts(inputs, count.value),
        questions=tuple(question for question in inputs.alignment.questions if question.stage == "episodes"),
        findings=find_oddities(sources),
    )


def _counts(inputs: StageInput, sources: Sequence[SourceTitle]) -> list[tuple[Source, int]]:
    said = [(one.source, one.episode_count) for one in sources]
    said.append((Source.CATALOGUE, inputs.title.row.episodes))
    return [(source, number) for source, number in said if number is not None and number > 0]


def _count(inputs: StageInput, sources: Sequence[SourceTitle]) -> Chosen[int | None]:
    """The total. Of a series that goes on the catalogue counts what had aired, which is no total."""
    is_total = inputs.title.row.status is not AiringStatus.AIRING
    said: list[tuple[Source, int | None]] = [
        (source, number) for source, number in _counts(inputs, sources) if is_total or source is not Source.CATALOGUE
    ]
    return choose_weighted(said, weights=BASICS, rule=f"rule:episodes_vote@{VERSION}", nobody=None)


def _duration(inputs: StageInput, sources: Sequence[SourceTitle]) -> Chosen[int | None]:
    said: list[tuple[Source, int | None]] = [
        (one.source, one.episode_duration_s) for one in sources if one.episode_duration_s and one.episode_duration_s > 0
    ]
    if inputs.title.row.duration_s and inputs.title.row.duration_s > 0:
        said.append((Source.CATALOGUE, inputs.title.row.duration_s))
    chosen = choose_weighted(said, weights=BASICS, rule=f"rule:duration_vote@{VERSION}", nobody=None)
    return _forgive(chosen)


def _forgive(chosen: Chosen[int | None]) -> Chosen[int | None]:
    """Neighbouring lengths are no conflict."""
    value = chosen.value
    if value is None or any(abs((claim.value or 0) - value) > _SAME_LENGTH_S for claim in chosen.passed_over):
        return chosen
    return replace(chosen, conflict=False, confidence=max(chosen.confidence, SINGLE_SOURCE))


def _details(inputs: StageInput) -> Chosen[list[EpisodeRecord]]:
    staff = staff_by_episode(inputs) if inputs.alignment.episodes else {}
    records = [merge_episode(inputs, group, staff) for group in inputs.alignment.episodes]
    joined = [record.match_confidence for record in records if len(record.sources) > 1]
    return collected(
        records,
        [source for record in records for source in record.sources],
        rule=f"rule:episodes_merged@{VERSION}",
        confidence=sum(joined) / len(joined) if joined else SINGLE_SOURCE,
    )


def choose_other_counts(inputs: StageInput, count: int | None) -> Chosen[list[OtherPlatformNumber]]:
    """Platforms that count otherwise, each number once."""
    others = {(source, number) for source, number in _counts(inputs, in_order(inputs)) if number != count}
    found = [OtherPlatformNumber(source=source, number=number) for source, number in sorted(others)]
    return collected(found, [one.source for one in found], rule=f"rule:other_counts@{VERSION}")
