"""Which slot an episode belongs to: offsets, titles, dates."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from pipeline.domain.names import EpisodeKind, Source
from pipeline.domain.text import romaji_key, title_similarity
from pipeline.domain.thresholds import Matching
from pipeline.preprocess.listing import Row, Script, Slot

__all__ = ["Fit", "Shift", "Verdict", "best_by_title", "find_shift", "judge"]


@dataclass(frozen=True, slots=True)
class Fit:
    """A row's place."""

    slot: int
    confidence: float
    rule: str


@dataclass(frozen=True, slots=True)
class Shift:
    """A constant added to the rows' numbers, and what their titles say to it."""

    by: int
    likeness: tuple[float | None, ...]
    """Of each row's title with that of the slot it then counts as; ``None`` where there is nothing to compare."""

    @property
    def compared(self) -> int:
        """How many titles speak for or against it."""
        return sum(one is not None for one in self.likeness)

    def agreeing(self, cut: Matching) -> float:
        """The share of titles that speak for it, of those that can be compared."""
        return sum(one is not None and one >= cut.episode_title for one in self.likeness) / (self.compared or 1)

    def is_proven(self, cut: Matching) -> bool:
        """Whether enough titles speak for it."""
        return self.compared >= cut.shift_evidence and self.agreeing(cut) >= cut.shift_agrees


@dataclass(slots=True)
class Verdict:
    """Fits by position of the row; a slot is in it at most once."""

    fits: dict[int, Fit] = field(default_factory=dict)
    taken: set[int] = field(default_factory=set)

    def put(self, row: int, fit: Fit) -> None:
        """Fit a row."""
        self.fits[row] = fit
        self.taken.add(fit.slot)


def find_shift(slots: Sequence[Slot], rows: Sequence[Row], cut: Matching) -> Shift:
    """The constant to add to the rows' numbers: 0 unless titles prove another one and speak against 0."""
    by_number = {slot.number: slot for slot in slots if slot.number is not None}
    none = _compare(by_number, rows, 0)
    if none.compared and none.agreeing(cut) >= cut.shift_agrees:
        return none
    others = (_compare(by_number, rows, shift) for shift in _candidates(slots, rows))
    proven = (shift for shift in others if shift.is_proven(cut))
    return max((none, *proven), key=lambda shift: (shift.agreeing(cut), -abs(shift.by), shift.by))


def _candidates(slots: Sequence[Slot], rows: Sequence[Row]) -> list[int]:
    """Offsets that equal titles speak for, most often heard first."""
    where: dict[tuple[Script, str], list[int]] = {}
    for slot in slots:
        for title in slot.titles if slot.number is not None else ():
            where.setdefault(_spelling(title), []).append(slot.number or 0)
    heard: Counter[int] = Counter()
    for row in rows:
        if row.number is not None:
            heard.update({n - row.number for title in row.titles for n in where.get(_spelling(title), ())})
    heard.pop(0, None)
    return [shift for shift, _ in sorted(heard.items(), key=lambda item: (-item[1], abs(item[0]), item[0]))[:3]]


def _spelling(title: tuple[Script, str]) -> tuple[Script, str]:
    return title[0], romaji_key(title[1])


def _compare(by_number: Mapping[int, Slot], rows: Sequence[Row], shift: int) -> Shift:
    places = (None if row.number is None else by_number.get(row.number + shift) for row in rows)
    return Shift(
        shift, tuple(None if slot is None else _likeness(slot, row) for slot, row in zip(places, rows, strict=True))
    )


def _likeness(slot: Slot, row: Row) -> float | None:
    """Best likeness of titles in one script; ``None`` when none can be compared."""
    if not slot.titles.keys().isdisjoint(row.titles):
        return 1.0
    scores = [
        title_similarity(mine, theirs)
        for script, mine in row.titles
        for other, theirs in slot.titles
        if script == other
    ]
    return max(scores) if scores else None


def judge(slots: Sequence[Slot], rows: Sequence[Row], source: Source, shift: Shift, cut: Matching) -> Verdict:
    """Fit rows by number with title or date, then by title alone where one place is left."""
    verdict = Verdict()
    by_number = {slot.number: position for position, slot in enumerate(slots) if slot.number is not None}
    is_proven = shift.is_proven(cut)
    for index, (row, likeness) in enumerate(zip(rows, shift.likeness, strict=True)):
        place = by_number.get(row.number + shift.by) if row.number is not None else None
        if place is None or place in verdict.taken:
            continue
        has_twin = source in slots[place].sources
        sure = _sure(slots[place], row, likeness, cut, is_proven=is_proven, has_twin=has_twin)
        if sure is not None:
            verdict.put(index, Fit(place, *sure))
    _fit_by_title(slots, rows, verdict, cut)
    return verdict


def _sure(
    slot: Slot, row: Row, likeness: float | None, cut: Matching, *, is_proven: bool, has_twin: bool
) -> tuple[float, str] | None:
    """How sure equal numbers are one episode; ``None`` when they are not.

    Two ids of one platform may both count from 1, so between them only a title proves anything.
    """
    if likeness is not None and likeness >= cut.episode_title:
        return cut.sure_number_and_title, "number_and_title"
    if has_twin or row.kind is not EpisodeKind.REGULAR:
        return None
    apart = _days_apart(slot, row)
    if apart is not None and apart <= cut.date_slack_days:
        return cut.sure_number_and_date, "number_and_date"
    if likeness is None or is_proven:
        return cut.sure_number_only, "number"
    return None


def _days_apart(slot: Slot, row: Row) -> int | None:
    if row.day is None or not slot.days:
        return None
    return min(abs((day - row.day).days) for day in slot.days)


def _fit_by_title(slots: Sequence[Slot], rows: Sequence[Row], verdict: Verdict, cut: Matching) -> None:
    """What has no usable number, and specials: the only row and the only slot of one title."""
    free = [i for i, row in enumerate(rows) if i not in verdict.fits and _may_go_by_title(row)]
    open_slots = [p for p in range(len(slots)) if p not in verdict.taken]
    table = _title_table([slots[p] for p in open_slots], [rows[i] for i in free])
    for slot, row in np.argwhere(_only(table >= cut.episode_title) | _only(table >= 1.0)).tolist():
        verdict.put(free[row], Fit(open_slots[slot], cut.sure_title_only, "title"))


def _only(good: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where a flag is the only one of its row and of its column."""
    only: NDArray[np.bool_] = good & (good.sum(axis=0, keepdims=True) == 1) & (good.sum(axis=1, keepdims=True) == 1)
    return only


def _may_go_by_title(row: Row) -> bool:
    return row.number is None or row.kind is not EpisodeKind.REGULAR


def best_by_title(slots: Sequence[Slot], rows: Sequence[Row], cut: Matching) -> list[list[tuple[int, float]]]:
    """For each row the likeliest slots with their likeness, best first."""
    table = _title_table(slots, rows)
    return [
        [
            (place, float(table[place, column]))
            for place in np.argsort(-table[:, column], kind="stable")[: cut.candidates].tolist()
            if table[place, column] >= cut.ask
        ]
        for column in range(len(rows))
    ]


def _title_table(slots: Sequence[Slot], rows: Sequence[Row]) -> NDArray[np.float32]:
    """Likeness of every slot with every row, best title of one script."""
    table = np.zeros((len(slots), len(rows)), np.float32)
    scripts: tuple[Script, ...] = ("latin", "native")
    for script in scripts:
        left, owners = _flat((slot.titles for slot in slots), script)
        right, columns = _flat((row.titles for row in rows), script)
        if left and right:
            ratios = process.cdist(left, right, scorer=fuzz.ratio, dtype=np.float32) / np.float32(100.0)
            np.maximum.at(table, np.ix_(owners, columns), ratios)
    return table


def _flat(titles: Iterable[Iterable[tuple[Script, str]]], script: Script) -> tuple[list[str], list[int]]:
    texts: list[str] = []
    owners: list[int] = []
    for position, names in enumerate(titles):
        for kind, text in names:
            if kind == script:
                texts.append(romaji_key(text))
                owners.append(position)
    return texts, owners
