"""How alike two casts are: matrices of names, voices and the score made of them.

Rows are the persons known so far, columns the persons of the next platform. Equal names, natives and keys are found
through indexes; only the likeness by letters compares all with all, in C.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from operator import attrgetter
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from pipeline.domain.names import Source
from pipeline.domain.text import CACHE
from pipeline.preprocess.cast import Person
from pipeline.preprocess.thresholds import Thresholds

__all__ = ["Scores", "score_casts"]

_SMALL_BLOCK: Final = 32
_MANY: Final = 500_000
"""Numbers from which numpy's own way of reducing takes longer than going over them line by line."""
Matrix: TypeAlias = NDArray[np.float32]
Flags: TypeAlias = NDArray[np.bool_]
Keys: TypeAlias = Callable[[Person], Iterable[str]]
_KEYS: Final[Callable[[Person], Collection[str]]] = attrgetter("keys")
_WORDS: Final[Callable[[Person], Collection[str]]] = attrgetter("words")


@dataclass(frozen=True, slots=True)
class Scores:
    """``name`` and ``total`` are 0 to 1; the flags say what the total rests on."""

    name: Matrix
    total: Matrix
    same_voice: Flags
    same_id: Flags
    same_whole: Flags
    """Main names equal to the last word, what stands in parentheses too."""


def score_casts(rows: Sequence[Person], columns: Sequence[Person], cut: Thresholds) -> Scores:
    """Score every pair of persons."""
    shape = (len(rows), len(columns))
    keys, words = ([[of(person) for person in side] for side in (rows, columns)] for of in (_KEYS, _WORDS))
    name = _likeness(rows, columns, keys, cut)
    _raise_blocks(name, _inside(rows, columns), cut.words_inside)
    _raise_blocks(name.T, _inside(columns, rows), cut.words_inside)
    _raise_equal(name, keys, cut.same_romaji)
    _raise_equal(name, [[person.natives for person in side] for side in (rows, columns)], cut.same_native)
    _raise_equal(name, words, cut.same_words)
    long_exact = np.zeros(shape, np.float32)
    _raise_equal(long_exact, [[[w for w in own if " " in w] for own in side] for side in words], 1.0)
    same_voice = _flags(rows, columns, attrgetter("voices"))
    known = np.outer([bool(p.voices) for p in rows], [bool(p.voices) for p in columns]).astype(np.bool_)
    total = _total(name, same_voice, known, long_exact > 0, cut)
    both_main = np.outer([p.is_main for p in rows], [p.is_main for p in columns]).astype(np.bool_)
    total = np.where(both_main & (total > 0), total + cut.both_main, total)
    same_id = _shared_numbers(rows, columns) & (same_voice | (name >= cut.words_inside))
    total = np.where(same_id, np.maximum(total, cut.same_id), total)
    same_whole = _flags(rows, columns, lambda person: person.wholes)
    return Scores(name, total.astype(np.float32), same_voice, same_id, same_whole)


def _total(name: Matrix, same: Flags, known: Flags, long_exact: Flags, cut: Thresholds) -> Matrix:
    together = cut.voice_base + cut.voice_name_share * name
    lifted = np.minimum(together + cut.voice_bonus, cut.voice_bonus_cap)
    together = np.where(name < cut.voice_bonus_below, lifted, together)
    other = np.where(long_exact, np.maximum(name - cut.other_voice, cut.other_voice_exact), name - cut.other_voice)
    total = np.where(same, together, np.where(known, other, name - cut.unknown_voice))
    return np.clip(total, 0.0, None).astype(np.float32)


def _index(keys: Sequence[Iterable[str]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for position, own in enumerate(keys):
        for key in own:
            found.setdefault(key, []).append(position)
    return found


def _raise_equal(matrix: Matrix, keys: Sequence[Sequence[Iterable[str]]], score: float) -> None:
    """Lift every pair that shares a key to at least ``score``."""
    left, right = map(_index, keys)
    shared = ((where, right[key]) for key, where in left.items() if key and key in right)
    _raise_blocks(matrix, shared, score)


def _raise_blocks(matrix: Matrix, blocks: Iterable[tuple[list[int], list[int]]], score: float) -> None:
    """Lift every pair of every block to at least ``score``. Most blocks are a pair or two: those are done together."""
    pairs: list[tuple[int, int]] = []
    for left, right in blocks:
        if len(left) * len(right) <= _SMALL_BLOCK:
            pairs += product(left, right)
        else:
            block = np.ix_(left, right)
            matrix[block] = np.maximum(matrix[block], np.float32(score))
    if pairs:
        at = tuple(np.array(pairs, np.intp).T)
        matrix[at] = np.maximum(matrix[at], np.float32(score))


def _flags(rows: Sequence[Person], columns: Sequence[Person], keys: Keys) -> Flags:
    matrix = np.zeros((len(rows), len(columns)), np.float32)
    _raise_equal(matrix, [[keys(person) for person in side] for side in (rows, columns)], 1.0)
    return matrix > 0


def _shared_numbers(rows: Sequence[Person], columns: Sequence[Person]) -> Flags:
    """AniList took many character ids over from MAL: an equal number is a hint between these two."""

    def of(source: Source) -> Keys:
        return lambda person: (number for name, number in person.ids if name is source)

    one = np.zeros((len(rows), len(columns)), np.float32)
    for left, right in ((Source.MAL, Source.ANILIST), (Source.ANILIST, Source.MAL)):
        numbers = _index([of(left)(person) for person in rows])
        index = _index([of(right)(person) for person in columns]) if numbers else {}
        equal = ((where, index[number]) for number, where in numbers.items() if number in index)
        _raise_blocks(one, equal, 1.0)
    return one > 0


def _likeness(
    rows: Sequence[Person], columns: Sequence[Person], keys: Sequence[Sequence[Collection[str]]], cut: Thresholds
) -> Matrix:
    """Best likeness by letters over all names; below the floor it is none, and never as good as an equal key."""
    best = _best_ratio(*keys)
    best[best < cut.fuzzy_floor] = 0.0
    best = np.minimum(best, np.float32(cut.same_romaji - 0.01)).astype(np.float32)
    apart = _marked_apart(rows, columns)
    return np.where(apart, np.minimum(best, np.float32(cut.marked_apart)), best).astype(np.float32)


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

    def code(person: Person) -> int:
        marks = frozenset[str]().union(*map(_marks, person.main_sets))
        return codes.setdefault(marks, len(codes))

    left = np.array([code(person) for person in rows])[:, None]
    right = np.array([code(person) for person in columns])[None, :]
    flags: Flags = (left != right) & (left != 0) & (right != 0)
    return flags


@lru_cache(maxsize=CACHE)
def _marks(name: frozenset[str]) -> frozenset[str]:
    return frozenset(word for word in name if word.isdigit() or (len(word) == 1 and word.isascii()))


def _inside(short: Sequence[Person], long: Sequence[Person]) -> Iterable[tuple[list[int], list[int]]]:
    """Blocks of persons where a main name of the first is made of words of one name of the second."""
    wholes: dict[frozenset[str], list[int]] = {}
    for position, person in enumerate(long):
        for name in person.sets:
            wholes.setdefault(name, []).append(position)
    by_word: dict[str, list[frozenset[str]]] = {}
    for name in wholes:
        for word in name:
            by_word.setdefault(word, []).append(name)
    parts: dict[frozenset[str], list[int]] = {}
    for position, person in enumerate(short):
        for name in person.main_sets:
            if sum(map(len, name)) > 1:
                parts.setdefault(name, []).append(position)
    for part, left in parts.items():
        rarest = min((by_word.get(word, []) for word in part), key=len)
        right = sorted({position for name in rarest if part <= name for position in wholes[name]})
        if right:
            yield left, right
