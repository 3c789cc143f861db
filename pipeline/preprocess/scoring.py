"""How alike two casts are: matrices of names, voices and the score made of them.

Rows are the persons known so far, columns the persons of the next platform. Equal names, natives and keys are found
through indexes; only the likeness by letters compares all with all, in C.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter, itemgetter
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
Cells: TypeAlias = NDArray[np.intp]
"""Places in a matrix laid out in one line, row after row."""
Shared: TypeAlias = tuple[int, Sequence[int]]
"""A row and the columns it has something in common with."""
_KEYS: Final[Callable[[Person], Collection[str]]] = attrgetter("keys")
_WORDS: Final[Callable[[Person], Collection[str]]] = attrgetter("words")
_VOICES: Final[Callable[[Person], Collection[str]]] = attrgetter("voices")
_IS_MAIN: Final[Callable[[Person], bool]] = attrgetter("is_main")
_NATIVES: Final[Keys] = attrgetter("natives")
_WHOLES: Final[Keys] = attrgetter("wholes")


@dataclass(frozen=True, slots=True)
class Scores:
    """``name`` and ``total`` are 0 to 1; the flags say what the total rests on."""

    rows: Sequence[Person]
    columns: Sequence[Person]
    name: Matrix
    total: Matrix
    same_voice: Flags
    same_id: Flags

    def same_whole(self) -> Flags:
        """Main names equal to the last word, what stands in parentheses too; asked for only where others have them."""
        return _flags(self.name, _cells(_sharing(self.rows, self.columns, _WHOLES), len(self.columns)))


def score_casts(rows: Sequence[Person], columns: Sequence[Person], cut: Matching) -> Scores:
    """Score every pair of persons."""
    name = _likeness(rows, columns, cut)
    width = len(columns)
    shorter = ((row, [column]) for column, some in _inside(columns, rows) for row in some)
    _lift(
        name,
        (cut.words_inside, _cells(chain(_inside(rows, columns), shorter), width)),
        (cut.same_romaji, _cells(_sharing(rows, columns, _KEYS), width)),
        (cut.same_native, _cells(_sharing(rows, columns, _NATIVES), width)),
        (cut.same_words, _cells(_sharing(rows, columns, _WORDS), width)),
    )
    voice = _cells(_sharing(rows, columns, _VOICES), width)
    long_exact = _cells(_sharing(rows, columns, _long_names), width)
    total = _total(name, voice, _both(rows, columns, _VOICES), long_exact, cut)
    total = np.where(_both(rows, columns, _IS_MAIN) & (total > 0), total + np.float32(cut.both_main), total)
    same_voice = _flags(name, voice)
    number = _cells(_sharing_numbers(rows, columns), width)
    number = number[same_voice.ravel()[number] | (name.ravel()[number] >= cut.words_inside)]
    _lift(total, (cut.same_id, number))
    return Scores(rows, columns, name, total, same_voice, _flags(name, number))


def _long_names(person: Person) -> list[str]:
    """Names of more than a word."""
    return [words for words in person.words if " " in words]


def _both(rows: Sequence[Person], columns: Sequence[Person], has: Callable[[Person], object]) -> Flags:
    """Pairs of which both have it."""
    both: Flags = np.outer([bool(has(person)) for person in rows], [bool(has(person)) for person in columns])
    return both


def _total(name: Matrix, voice: Cells, known: Flags, long_exact: Cells, cut: Matching) -> Matrix:
    """The name, less what is not known of the voices; where one voice speaks both, it and the name together."""
    total: Matrix = name - np.where(known, np.float32(cut.other_voice), np.float32(cut.unknown_voice))
    cells, names = total.ravel(), name.ravel()
    exact = long_exact[known.ravel()[long_exact]]
    cells[exact] = np.maximum(cells[exact], np.float32(cut.other_voice_exact))
    own = names[voice]
    together = cut.voice_base + cut.voice_name_share * own
    lifted = np.minimum(together + cut.voice_bonus, cut.voice_bonus_cap)
    cells[voice] = np.where(own < cut.voice_bonus_below, lifted, together)
    return np.maximum(total, 0.0, out=total)


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


def _cells(shared: Iterable[Shared], width: int) -> Cells:
    """The places of pairs in a matrix of that width laid out in one line."""
    few: list[int] = []
    many: list[Cells] = []
    for row, columns in shared:
        if len(columns) <= _FEW:
            few += [row * width + column for column in columns]
        else:
            many.append(np.array(columns, np.intp) + row * width)
    return np.concatenate((np.array(few, np.intp), *many)) if many else np.array(few, np.intp)


def _lift(matrix: Matrix, *lifts: tuple[float, Cells]) -> None:
    """Lift every pair to at least the greatest score it has."""
    rising = sorted(lifts, key=itemgetter(0))  # of several scores for one cell the last is kept
    cells = np.concatenate([some for _, some in rising])
    scores = np.repeat(np.array([score for score, _ in rising], matrix.dtype), [len(some) for _, some in rising])
    line = matrix.ravel()
    line[cells] = np.maximum(line[cells], scores)


def _flags(like: Matrix, cells: Cells) -> Flags:
    flags = np.zeros(like.shape, np.bool_)
    flags.ravel()[cells] = True
    return flags


def _likeness(rows: Sequence[Person], columns: Sequence[Person], cut: Matching) -> Matrix:
    """Best likeness by letters over all names; below the floor it is none, and never as good as an equal key."""
    best = _best_ratio([p.keys for p in rows], [p.keys for p in columns])
    best[best < cut.fuzzy_floor] = 0.0
    np.minimum(best, np.float32(cut.same_romaji - 0.01), out=best)
    if any(person.marks for person in rows) and any(person.marks for person in columns):
        apart = _marked_apart(rows, columns)
        best = np.where(apart, np.minimum(best, np.float32(cut.marked_apart)), best)
    return best


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
            if len(name) > 1 or any(len(word) > 1 for word in name):
                parts.setdefault(name, []).append(position)
    by_rarest = _by_rarest_word(parts)
    found: dict[frozenset[str], list[int]] = {}
    for position, person in enumerate(long):
        for name in person.sets:
            for word in name:
                for part in by_rarest.get(word, ()):
                    if part <= name:
                        found.setdefault(part, []).append(position)
    for part, others in found.items():
        yield from ((position, others) for position in parts[part])


def _by_rarest_word(names: Collection[frozenset[str]]) -> dict[str, list[frozenset[str]]]:
    """Each name once, under the one of its words that the fewest have."""
    counts = Counter(chain.from_iterable(names))
    found: dict[str, list[frozenset[str]]] = {}
    for name in names:
        found.setdefault(min(name, key=counts.__getitem__), []).append(name)
    return found
