"""Two casts, one to one: who is the same, how sure, and what stays open.

Pass 1 links what is unmistakable: mutual best, good enough, and either well ahead of every rival or an exact name no
rival has. Pass 2 links what is left by a voice that one leftover on each side has. Nobody is linked twice.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.domain.thresholds import Matching
from pipeline.preprocess.cast import Person
from pipeline.preprocess.scoring import Flags, Matrix, Scores, score_casts

__all__ = ["Doubt", "Link", "Match", "match_casts"]


@dataclass(frozen=True, slots=True)
class Link:
    """Row and column are one person."""

    row: int
    column: int
    confidence: float
    rule: str


@dataclass(frozen=True, slots=True)
class Doubt:
    """A column and the rows it may be, best first; ``kept`` is the link the rules made meanwhile."""

    column: int
    rows: tuple[int, ...]
    kept: int | None
    confidence: float


@dataclass(frozen=True, slots=True)
class Match:
    """Links and doubts, both in the order of the columns."""

    links: tuple[Link, ...]
    doubts: tuple[Doubt, ...]


def match_casts(rows: Sequence[Person], columns: Sequence[Person], cut: Matching) -> Match:
    """Match the persons known so far with the next platform's."""
    if not rows or not columns:
        return Match((), ())
    scores = score_casts(rows, columns, cut)
    sure = tuple(_sure_links(scores, rows, columns, cut))
    free_rows = sorted(set(range(len(rows))) - {link.row for link in sure})
    free_columns = sorted(set(range(len(columns))) - {link.column for link in sure})
    by_voice = tuple(_voice_links(rows, columns, free_rows, free_columns, cut))
    doubts = tuple(_doubts(scores, free_rows, free_columns, by_voice, cut))
    return Match(tuple(sorted((*sure, *by_voice), key=lambda link: link.column)), doubts)


def _sure_links(scores: Scores, rows: Sequence[Person], columns: Sequence[Person], cut: Matching) -> Iterator[Link]:
    total = scores.total
    best = (total == total.max(axis=1, keepdims=True)) & (total == total.max(axis=0, keepdims=True))
    good = best & (total >= np.float32(cut.accept) - np.float32(1e-6))
    ahead = _lead(total) >= np.float32(cut.lead) - np.float32(1e-6)
    exact = scores.name >= np.float32(cut.same_romaji)
    namesake = exact & scores.same_voice
    linked = good & (ahead | _only(exact) | _only(exact & scores.same_whole) | _only(namesake) | _only(scores.same_id))
    # Of rivals that all hold, the one that holds by more than its name alone; two of those, and none is linked.
    linked &= _only(linked) | _only(linked & scores.same_whole & ~namesake) | _only(linked & namesake)
    linked = _only(linked)
    for row, column in np.argwhere(linked).tolist():
        yield Link(row, column, *_how(scores, rows, columns, (row, column), cut))


def _only(flags: Flags) -> Flags:
    """Where a flag is the only one of its row and of its column."""
    only: Flags = flags & (flags.sum(axis=1, keepdims=True) == 1) & (flags.sum(axis=0, keepdims=True) == 1)
    return only


def _lead(total: Matrix) -> Matrix:
    """How far each pair is ahead of the best rival in its row and column; behind is negative."""
    rival = np.maximum(_best_other(total), _best_other(total.T).T)
    lead: Matrix = total - rival
    return lead


def _best_other(total: Matrix) -> Matrix:
    """For each cell the best of the other cells of its row."""
    if total.shape[1] == 1:
        return np.zeros_like(total)
    best = np.arange(total.shape[0]), total.argmax(axis=1)
    others = np.repeat(total[best][:, None], total.shape[1], axis=1)
    rest = total.copy()
    rest[best] = -np.inf
    others[best] = rest.max(axis=1)
    return others


def _how(
    scores: Scores, rows: Sequence[Person], columns: Sequence[Person], pair: tuple[int, int], cut: Matching
) -> tuple[float, str]:
    if scores.same_id[pair]:
        return cut.sure_id, "same_number"
    if scores.same_voice[pair]:
        return cut.sure_name_and_voice, "name_and_voice"
    known = rows[pair[0]].voices and columns[pair[1]].voices
    return cut.sure_name_only, "exact_name_other_voice" if known else "name_only"


def _voice_links(
    rows: Sequence[Person], columns: Sequence[Person], free_rows: list[int], free_columns: list[int], cut: Matching
) -> Iterator[Link]:
    """Leftovers whose Japanese voice speaks no other leftover on either side."""
    left, right = _by_voice(rows, free_rows), _by_voice(columns, free_columns)
    pairs = {
        (left[voice][0], right[voice][0])
        for voice in left
        if voice in right and len(left[voice]) == 1 and len(right[voice]) == 1
    }
    for row, column in sorted(pairs):
        if sum(pair[0] == row or pair[1] == column for pair in pairs) == 1:
            yield Link(row, column, cut.sure_voice_only, "voice_only")


def _by_voice(persons: Sequence[Person], free: list[int]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for position in free:
        for voice in persons[position].voices:
            found.setdefault(voice, []).append(position)
    return found


def _doubts(
    scores: Scores, free_rows: list[int], free_columns: list[int], by_voice: tuple[Link, ...], cut: Matching
) -> Iterator[Doubt]:
    kept = {link.column: link.row for link in by_voice}
    taken = set(kept.values())
    options: NDArray[np.intp] = np.array(free_rows, dtype=np.intp)
    for column in free_columns if free_rows else ():
        column_scores = scores.total[options, column]
        ranked = options[np.argsort(-column_scores, kind="stable")].tolist()
        own = kept.get(column)
        rows = [r for r in ranked if r not in taken and scores.total[r, column] >= cut.ask]
        rows = rows[: cut.candidates] if own is None else [own, *rows][: cut.candidates]
        if rows:
            confidence = float(round(float(scores.total[rows[0], column]), 4)) if own is None else cut.sure_voice_only
            yield Doubt(column, tuple(rows), own, min(1.0, confidence))
