"""How alike two casts are: matrices of names, voices and the score made of them.

Rows are the persons known so far, columns the persons of the next platform. Equal names, natives and keys are found
through indexes; only the likeness by letters compares all with all, in C.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from pipeline.domain.names import Source
from pipeline.domain.thresholds import Matching
from pipeline.preprocess.cast import Person

__all__ = ["Scores", "score_casts"]

_FEW: Final = 32
"""Columns of one row that are gone over one by one; more are written at once."""
_MANY: Final = 500_000
"""Numbers from which numpy's own way of reducing takes longer than going over them line by line."""
_COUNTED_ALIKE: Final = {Source.MAL: Source.ANILIST, Source.ANILIST: Source.MAL}
Matrix: TypeAlias = NDArray[np.float32]
Flags: TypeAlias = NDArray[np.bool_]
Keys: TypeAlias = Callable[[Person], Iterable[str]]
Shared: TypeAlias = tuple[int, Sequence[int]]
"""A row and the columns it has something in common with."""
_KEYS: Final[Callable[[Person], Collection[str]]] = attrgetter("keys")
_WORDS: Final[Callable[[Person], Collection[str]]] = attrgetter("words")
_VOICES: Final[Callable[[Person], Collection[str]]] = attrgetter("voices")
_NATIVES: Final[Keys] = attrgetter("natives")
_WHOLES: Final[Keys] = attrgetter("wholes")


@dataclass(frozen=True, slots=True)
class Scores:
    """``name`` and ``total`` are 0 to 1; the flags say what the total rests on."""

    name: Matrix
    total: Matrix
    same_voice: Flags
    same_id: Flags
    same_whole: Flags
    """Main names equal to the last word, what stands in parentheses too."""


def score_casts(rows: Sequence[Person], columns: Sequence[Person], cut: Matching) -> Scores:
    """Score every pair of persons."""
    name = _likeness(rows, columns, cut)
    _raise(name, _inside(rows, columns), cut.words_inside)
    _raise(name, ((row, [column]) for column, some in _inside(columns, rows) for row in some), cut.words_inside)
    _raise(name, _sharing(rows, columns, _KEYS), cut.same_romaji)
    _raise(name, _sharing(rows, columns, _NATIVES), cut.same_native)
    _raise(name, _sharing(rows, columns, _WORDS), cut.same_words)
    long_exact = _flags(name, _sharing(rows, columns, _long_names))
    same_voice = _flags(name, _sharing(rows, columns, _VOICES))
    total = _total(name, same_voice, _both(rows, columns, _VOICES), long_exact, cut)
    both_main = _both(rows, columns, attrgetter("is_main"))
    total = np.where(both_main & (total > 0), total + cut.both_main, total)
    same_id = _flags(name, _sharing_numbers(rows, columns)) & (same_voice | (name >= cut.words_inside))
    total = np.where(same_id, np.maximum(total, cut.same_id), total)
    same_whole = _flags(name, _sharing(rows, columns, _WHOLES))
    return Scores(name, total.astype(np.float32), same_voice, same_id, same_whole)


def _long_names(person: Person) -> list[str]:
    """Names of more than a word."""
    return [words for words in person.words if " " in words]


def _both(rows: Sequence[Person], columns: Sequence[Person], has: Callable[[Person], object]) -> Flags:
    """Pairs of which both have it."""
    both: Flags = np.outer([bool(has(person)) for person in rows], [bool(has(person)) for person in columns])
    return both


def _total(name: Matrix, same: Flags, known: Flags, long_exact: Flags, cut: Matching) -> Matrix:
    together = cut.voice_base + cut.voice_name_share * name
    lifted = np.minimum(together + cut.voice_bonus, cut.voice_bonus_cap)
    together = np.where(name < cut.voice_bonus_below, lifted, together)
    other = np.where(long_exact, np.maximum(name - cut.other_voice, cut.other_voice_exact), name - cut.other_voice)
    total = np.where(same, together, np.where(known, other, name - cut.unknown_voice))
    return np.clip(total, 0.0, None).astype(np.float32)


def _sharing(rows: Sequence[Person], columns: Sequence[Person], keys: Keys) -> Iterator[Shared]:
    """Every row with the columns of each key they share."""
    places: dict[str, list[int]] = {}
    for column, person in enumerate(columns):
        for key in keys(person):
            places.setdefault(key, []).append(column)
    places.pop("", None)
    for row, person in enumerate(rows):
        for key in keys(person):
            if key in places:
                yield row, places[key]


def _sharing_numbers(rows: Sequence[Person], columns: Sequence[Person]) -> Iterator[Shared]:
    """AniList took many character ids over from MAL: an equal number is a hint between these two."""
    places: dict[tuple[Source, str], list[int]] = {}
    for column, person in enumerate(columns):
        for source, number in person.ids:
            if source in _COUNTED_ALIKE:
                places.setdefault((_COUNTED_ALIKE[source], number), []).append(column)
    for row, person in enumerate(rows) if places else ():
        for id_ in person.ids & places.keys():
            yield row, places[id_]


def _raise(matrix: Matrix | Flags, shared: Iterable[Shared], score: float) -> None:
    """Lift every pair to at least ``score``. Most rows share a column or two: those are done together."""
    width, to = matrix.shape[1], matrix.dtype.type(score)
    few: list[int] = []
    for row, columns in shared:
        if len(columns) <= _FEW:
            few += [row * width + column for column in columns]
        else:
            matrix[row, columns] = np.maximum(matrix[row, columns], to)
    if few:
        cells = matrix.reshape(-1)
        cells[few] = np.maximum(cells[few], to)


def _flags(like: Matrix, shared: Iterable[Shared]) -> Flags:
    flags = np.zeros(like.shape, np.bool_)
    _raise(flags, shared, True)
    return flags


def _likeness(rows: Sequence[Person], columns: Sequence[Person], cut: Matching) -> Matrix:
    """Best likeness by letters over all names; below the floor it is none, and never as good as an equal key."""
    best = _best_ratio([p.keys for p in rows], [p.keys for p in columns])
    best[best < cut.fuzzy_floor] = 0.0
    best = np.minimum(best, np.float32(cut.same_romaji - 0.01)).astype(np.float32)
    apart = _marked_apart(rows, columns)
    best = np.where(apart, np.minimum(best, np.float32(cut.marked_apart)), best)
    return best.astype(np.float32, order="C")


def _best_ratio(rows: Sequence[Collection[str]], columns: Sequence[Collection[str]]) -> Matrix:
    left, left_starts = _flat(rows)
    right, right_starts = _flat(columns)
    ratios = process.cdist(left, right, scorer=fuzz.ratio, dtype=np.float32)
    by_row = _best_lines(ratios, left_starts)
    best: Matrix = np.ascontiguousarray(_best_lines(by_row.T, right_starts).T)
    return best * np.float32(0.01)


def _best_lines(lines: Matrix, starts: Sequence[int]) -> Matrix:
    """The greatest of the lines that begin at each start, place by place; of many, whole lines at a time."""
    if len(starts) == len(lines):
        return lines
    if lines.size < _MANY:
        few: Matrix = np.maximum.reduceat(lines, starts, axis=0)
        return few
    first = np.array(starts, np.intp)
    counts = np.diff(first, append=len(lines))
    best: Matrix = lines[first]
    for further in range(1, int(counts.max())):
        (longer,) = np.nonzero(counts > further)
        best[longer] = np.maximum(best[longer], lines[first[longer] + further])
    return best


def _flat(everybody: Sequence[Collection[str]]) -> tuple[list[str], list[int]]:
    """All keys of all persons in a row, and where each person's begin. Everybody has at least one."""
    keys: list[str] = []
    starts: list[int] = []
    for position, own in enumerate(everybody):
        starts.append(len(keys))
        # A nameless person gets a key that nobody else can have, so that no two of them are alike.
        keys.extend(own or (chr(0xF0000 + position % 0xFFF0),))
    return keys, starts


def _marked_apart(rows: Sequence[Person], columns: Sequence[Person]) -> Flags:
    """Pairs whose main names carry different numbers or single letters."""
    codes: dict[frozenset[str], int] = {frozenset(): 0}
    left, right = (np.array([codes.setdefault(p.marks, len(codes)) for p in side]) for side in (rows, columns))
    flags: Flags = (left[:, None] != right) & (left[:, None] != 0) & (right != 0)
    return flags


def _inside(short: Sequence[Person], long: Sequence[Person]) -> Iterator[tuple[int, list[int]]]:
    """Persons a main name of whom is made of words of one name of some of the others, and those others."""
    parts: dict[frozenset[str], list[int]] = {}
    for position, person in enumerate(short):
        for name in person.main_sets:
            if sum(map(len, name)) > 1:
                parts.setdefault(name, []).append(position)
    wholes: dict[frozenset[str], list[int]] = {}
    for position, person in enumerate(long):
        for name in person.sets:
            wholes.setdefault(name, []).append(position)
    by_word: dict[str, list[frozenset[str]]] = {word: [] for part in parts for word in part}
    for name in wholes:
        for word in name & by_word.keys():
            by_word[word].append(name)
    for part, positions in parts.items():
        rarest = min((by_word[word] for word in part), key=len)
        found = sorted({position for name in rarest if part <= name for position in wholes[name]})
        yield from ((position, found) for position in positions if found)
