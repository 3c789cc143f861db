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
from pipeline.preprocess.scoring import Cells, Matrix, Scores, score_casts

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
    sure = tuple(_sure_links(scores, cut))
    free_rows = sorted(set(range(len(rows))) - {link.row for link in sure})
    free_columns = sorted(set(range(len(columns))) - {link.column for link in sure})
    by_voice = tuple(_voice_links(rows, columns, free_rows, free_columns, cut))
    doubts = tuple(_doubts(scores, free_rows, free_columns, by_voice, cut))
    return Match(tuple(sorted((*sure, *by_voice), key=lambda link: link.column)), doubts)


def _sure_links(scores: Scores, cut: Matching) -> Iterator[Link]:
    total, width = scores.total, len(scores.columns)
    best = (total == total.max(axis=1, keepdims=True)) & (total == total.max(axis=0, keepdims=True))
    good = np.flatnonzero(best & (total >= np.float32(cut.accept) - np.float32(1e-6)))
    exact = np.flatnonzero(scores.name >= np.float32(cut.same_romaji))
    voice = scores.same_voice.ravel()
    alone = _alone(exact, width)
    ways = [alone, _alone(np.flatnonzero(scores.same_id), width)]
    if len(alone) < len(exact):
        whole = scores.same_whole().ravel()
        ways += [_alone(exact[whole[exact]], width), _alone(exact[voice[exact]], width)]
    unmistakable = np.zeros(total.size, np.bool_)
    unmistakable[np.concatenate(ways)] = True
    unmistakable[good[_lead(total, good) >= np.float32(cut.lead) - np.float32(1e-6)]] = True
    linked = good[unmistakable[good]]
    held = _alone(linked, width)
    if len(held) < len(linked):
        # Of rivals that all hold, the one that holds by more than its name alone; two of those, and none is linked.
        whole = scores.same_whole().ravel()
        namesake = voice[linked] & (scores.name.ravel()[linked] >= np.float32(cut.same_romaji))
        further = (linked[whole[linked] & ~namesake], linked[namesake])
        held = _alone(np.unique(np.concatenate((held, *(_alone(cells, width) for cells in further)))), width)
    for cell in held.tolist():
        row, column = divmod(cell, width)
        yield Link(row, column, *_how(scores, (row, column), cut))


def _alone(cells: Cells, width: int) -> Cells:
    """Those that are the only one of their row and of their column."""
    rows, columns = np.divmod(cells, width)
    alone: Cells = cells[(np.bincount(rows)[rows] == 1) & (np.bincount(columns)[columns] == 1)]
    return alone


def _lead(total: Matrix, good: Cells) -> NDArray[np.float32]:
    """How far each pair that is best in its row and column is ahead of the next best there."""
    rest = total.copy()
    rest.ravel()[good] = 0.0
    rows, columns = np.divmod(good, total.shape[1])
    rival = np.maximum(rest.max(axis=1)[rows], rest.max(axis=0)[columns])
    ties = (np.bincount(rows)[rows] > 1) | (np.bincount(columns)[columns] > 1)
    best = total.ravel()[good]
    lead: NDArray[np.float32] = np.where(ties, np.float32(0.0), best - rival)
    return lead


def _how(scores: Scores, pair: tuple[int, int], cut: Matching) -> tuple[float, str]:
    if scores.same_id[pair]:
        return cut.sure_id, "same_number"
    if scores.same_voice[pair]:
        return cut.sure_name_and_voice, "name_and_voice"
    known = scores.rows[pair[0]].voices and scores.columns[pair[1]].voices
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
    open_rows = sorted(set(free_rows) - set(kept.values()))
    open_to = scores.total[np.ix_(open_rows, free_columns)].T
    likely: dict[int, list[tuple[float, int]]] = {column: [] for column in free_columns}
    for place, row in np.argwhere(open_to >= np.float32(cut.ask)).tolist():
        likely[free_columns[place]].append((-float(open_to[place, row]), open_rows[row]))
    for column, ranked in likely.items():
        own = kept.get(column)
        rows = [row for _, row in sorted(ranked)]
        if own is not None:
            yield Doubt(column, (own, *rows)[: cut.candidates], own, cut.sure_voice_only)
        elif rows:
            yield Doubt(column, tuple(rows[: cut.candidates]), None, min(1.0, round(-min(ranked)[0], 4)))
