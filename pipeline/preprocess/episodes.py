"""Episodes aligned: by number and title, by a constant offset where titles prove one, by date where titles are silent.

Kinds never mix: a special is no regular episode, whatever its number. Regular episodes without a title that can be
compared pair by number; specials only by title, since every platform counts them otherwise.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.domain.aligned import EpisodeGroup
from pipeline.domain.claims import Finding, OpenQuestion
from pipeline.domain.names import EpisodeKind, Source
from pipeline.domain.source_title import SourceTitle
from pipeline.domain.thresholds import Matching
from pipeline.preprocess.keys import key_of, keys_of
from pipeline.preprocess.listing import Row, Slot, read_rows
from pipeline.preprocess.numbering import Verdict, best_by_title, find_shift, judge
from pipeline.preprocess.ordering import Aligned

__all__ = ["align_episodes"]


@dataclass(slots=True)
class _Log:
    sources: tuple[SourceTitle, ...]
    questions: list[OpenQuestion]
    findings: list[Finding]


def align_episodes(sources: tuple[SourceTitle, ...], order: Iterable[int], cut: Matching) -> Aligned[EpisodeGroup]:
    """Group the episodes of all sources; each one is in exactly one group."""
    log = _Log(sources, [], [])
    listings = [(sources[position].source, read_rows(sources[position], position, log.findings)) for position in order]
    groups: list[EpisodeGroup] = []
    for kind in EpisodeKind:
        lists = [(source, [row for row in rows if row.kind is kind]) for source, rows in listings]
        # The longest list is the frame: a platform that cut the run in two is fitted into the one that did not.
        lists.sort(key=lambda pair: -len(pair[1]))
        slots: list[Slot] = []
        for source, rows in lists:
            if rows:
                _join(slots, rows, source, cut, log)
        groups += _groups(slots)
    return Aligned(tuple(groups), tuple(log.questions), tuple(log.findings))


def _join(slots: list[Slot], rows: list[Row], source: Source, cut: Matching, log: _Log) -> None:
    """Fit one source's rows of one kind into ``slots``, which grows by those that fit nowhere."""
    shift, verdict = 0, Verdict()
    if slots:
        found = find_shift(slots, rows, cut)
        shift, verdict = found.by, judge(slots, rows, source, found, cut)
    if shift:
        _note_shift(shift, source, log)
    free: list[Row] = []
    for index, row in enumerate(rows):
        fit = verdict.fits.get(index)
        if fit is None:
            free.append(row)
        else:
            slots[fit.slot].add(row, source, fit.confidence, fit.rule)
    _ask(slots, free, source, cut, log, is_open=bool(shift) or len(free) > cut.unaligned_share * len(rows))
    taken = {slot.number for slot in slots if slot.number is not None}
    for row in free:
        number = None if row.number is None else row.number + shift
        slots.append(Slot.of(row, source, None if number in taken else number))
        taken |= {number} if number is not None else set()


def _note_shift(shift: int, source: Source, log: _Log) -> None:
    message = f"{source.value} numbers its episodes {-shift:+d} against the others"
    log.findings.append(Finding("episode_numbering_shifted", message, "episode_details", source))


def _ask(
    slots: Sequence[Slot], free: Sequence[Row], source: Source, cut: Matching, log: _Log, *, is_open: bool
) -> None:
    """Leftovers with a plausible place become questions, when there are enough to matter."""
    if not is_open or not slots:
        return
    for row, places in zip(free, best_by_title(slots, free, cut), strict=True):
        if places:
            log.questions.append(
                OpenQuestion(
                    stage="episodes",
                    kind="which_episode",
                    subject=f"{row.label} of {source.value}",
                    options=tuple(slots[place].label for place, _ in places),
                    kept=None,
                    confidence=round(places[0][1], 4),
                    keys=(key_of(log.sources, "episodes", row.ref),),
                    option_keys=tuple(keys_of(log.sources, "episodes", slots[place].refs)[0] for place, _ in places),
                )
            )


def _groups(slots: Sequence[Slot]) -> list[EpisodeGroup]:
    """Numbered episodes first, in their order, then the others as they came."""
    ranked = sorted(slots, key=lambda slot: (slot.number is None, slot.number or 0))
    return [
        EpisodeGroup(slot.number, slot.kind.value, tuple(sorted(slot.refs)), slot.confidence, slot.rule)
        for slot in ranked
    ]
