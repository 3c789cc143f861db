"""``hash-ngram-1024``: texts to vectors without any model, so that everything works with nothing downloaded.

**Lexical only, not semantic.** It finds the same spelling, parts of names and other word orders in any script; it knows
no synonym and no translation. No output may call it semantic.

The recipe, fixed for ever under revision 1 (integers up to the last step, so every machine gives the same bits):

1. NFKC, casefold; words are what stands between blanks.
2. All runs of 2, 3 and 4 code points of `` word `` with one blank on either side (never across words).
3. Hash of a run: 64-bit FNV-1a over its code points (each taken as one unit), then MurmurHash3's 64-bit finaliser.
4. The low ten bits say where, the top bit says the sign: +1 or -1 is added there.
5. Divided by the Euclidean length. Should all entries cancel out, the counts are taken without signs.
"""

import math
import unicodedata
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.embedding.port import Cut, Vectors
from pipeline.errors import BadInput, one_line

__all__ = ["HashNgramEmbedder"]

_DIMENSIONS: Final = 1024
_SIZES: Final = (2, 3, 4)
_SPACE: Final = 0x20
_OFFSET: Final = np.uint64(0xCBF29CE484222325)
_PRIME: Final = np.uint64(0x00000100000001B3)
_MIX_1: Final = np.uint64(0xFF51AFD7ED558CCD)
_MIX_2: Final = np.uint64(0xC4CEB9FE1A85EC53)
_SHIFT: Final = np.uint64(33)
_SIGN: Final = np.uint64(63)
_PLACE: Final = np.uint64(_DIMENSIONS - 1)

_Hashes = npt.NDArray[np.uint64]


class HashNgramEmbedder:
    """Signed hashing of character n-grams; reads everything, cuts nothing."""

    model_id: Final = "hash-ngram-1024"
    revision: Final = "1"
    dimensions: Final = _DIMENSIONS
    max_tokens: Final = None
    dtype: Final = "float32"
    cut: Final = Cut()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row per text. Raises ``BadInput`` for a text that is blank."""
        rows = np.empty((len(texts), _DIMENSIONS), dtype=np.float32)
        known: dict[str, int] = {}
        for i, text in enumerate(texts):
            first = known.setdefault(text, i)
            rows[i] = rows[first] if first != i else _vector(text)
        return rows


def _vector(text: str) -> npt.NDArray[np.float64]:
    words = unicodedata.normalize("NFKC", text).casefold().split()
    if not words:
        raise BadInput(f"a text without any letter has no vector: {one_line(text)!r}; leave the vector's name out")
    padded = f" {' '.join(words)} ".encode("utf-32-le", "surrogatepass")
    hashes = _hashes(np.frombuffer(padded, dtype="<u4").astype(np.uint64))
    places = (hashes & _PLACE).astype(np.int64)
    is_minus = (hashes >> _SIGN).astype(bool)
    plus = np.bincount(places[~is_minus], minlength=_DIMENSIONS)
    minus = np.bincount(places[is_minus], minlength=_DIMENSIONS)
    counts = plus - minus
    if not counts.any():
        counts = plus + minus
    # The sum of squares is an exact integer, so neither order nor instruction set can change the result.
    length = math.sqrt(int(np.dot(counts, counts)))
    return counts.astype(np.float64) / length


def _hashes(points: _Hashes) -> _Hashes:
    is_space = points == _SPACE
    grams: list[_Hashes] = []
    state = np.full(len(points), _OFFSET, dtype=np.uint64)
    for size in range(1, max(_SIZES) + 1):
        count = len(points) - size + 1
        if count <= 0:
            break
        state = (state[:count] ^ points[size - 1 :]) * _PRIME
        if size in _SIZES:
            grams.append(state[_inside_words(is_space, size)])
    return _mixed(np.concatenate(grams))


def _inside_words(is_space: npt.NDArray[np.bool_], size: int) -> npt.NDArray[np.bool_]:
    """Which runs of ``size`` have a blank at their ends only."""
    count = len(is_space) - size + 1
    keep = np.ones(count, dtype=bool)
    for inner in range(1, size - 1):
        keep &= ~is_space[inner : inner + count]
    return keep


def _mixed(hashes: _Hashes) -> _Hashes:
    hashes = (hashes ^ (hashes >> _SHIFT)) * _MIX_1
    hashes = (hashes ^ (hashes >> _SHIFT)) * _MIX_2
    return hashes ^ (hashes >> _SHIFT)
