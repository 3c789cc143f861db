"""The encoder that needs nothing."""

import hashlib
import time
import unicodedata

import numpy as np
import pytest

from pipeline.embedding.hash_ngram import HashNgramEmbedder
from pipeline.errors import BadInput

_MASK = (1 << 64) - 1


def slow_vector(text: str) -> list[float]:
    """The documented recipe, letter by letter in plain Python."""
    entries = [0] * 1024
    for word in unicodedata.normalize("NFKC", text).casefold().split():
        padded = f" {word} "
        for size in (2, 3, 4):
            for start in range(len(padded) - size + 1):
                value = 0xCBF29CE484222325
                for letter in padded[start : start + size]:
                    value = ((value ^ ord(letter)) * 0x100000001B3) & _MASK
                value = ((value ^ (value >> 33)) * 0xFF51AFD7ED558CCD) & _MASK
                value = ((value ^ (value >> 33)) * 0xC4CEB9FE1A85EC53) & _MASK
                value ^= value >> 33
                entries[value & 1023] += -1 if value >> 63 else 1
    length = sum(entry * entry for entry in entries) ** 0.5
    return [entry / length for entry in entries]


@pytest.mark.parametrize(
    "text", ["a", "Train", "the pale  blue\ttrain", "水色電車", "ＡＢＣ é e\u0301 ß", "𝒳 𠮷野家 \ud800"]
)
def test_vectors_follow_the_documented_recipe(text: str) -> None:
    """The fast encoder gives what the recipe says, for one letter, wide letters, and letters beyond 16 bits."""
    fast = HashNgramEmbedder().embed([text])[0]
    assert fast.tolist() == np.array(slow_vector(text), dtype=np.float32).tolist()


def test_bits_are_the_same_for_ever() -> None:
    """A change of a single bit would silently mix two models in one collection: it must go up in revision instead."""
    rows = HashNgramEmbedder().embed(["The Pale Blue Train", "水色電車", "x" * 3000])
    assert hashlib.sha256(rows.astype("<f4").tobytes()).hexdigest()[:12] == "73a3ad756b57"


def test_rows_are_of_length_one_in_order_and_independent_of_company() -> None:
    """Order is kept, duplicates are equal, and a text alone gives what it gives in company."""
    texts = ["night train", "Studio", "night train", "水色電車"]
    rows = HashNgramEmbedder().embed(texts)
    assert rows.shape == (4, 1024)
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-6)
    assert (rows[0] == rows[2]).all()
    for i, text in enumerate(texts):
        assert (HashNgramEmbedder().embed([text])[0] == rows[i]).all()


def test_spelling_decides() -> None:
    """Case and width do not matter, a part of a name is near, another word is far."""
    rows = HashNgramEmbedder().embed(["Pale Blue Train", "PALE　ＢＬＵＥ train", "pale train", "cooking contest"])
    near = rows @ rows[0]
    assert near[1] == pytest.approx(1.0)
    assert near[2] > 0.6
    assert abs(near[3]) < 0.3


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_blank_text_is_refused(text: str) -> None:
    """A text without content has no vector; a zero vector must never come out."""
    with pytest.raises(BadInput, match="no vector"):
        HashNgramEmbedder().embed(["fine", text])


def test_nothing_gives_nothing() -> None:
    """No texts, no rows."""
    assert HashNgramEmbedder().embed([]).shape == (0, 1024)


def test_long_texts_are_read_whole_and_fast() -> None:
    """200 KB cost a fraction of a second of CPU, not minutes, and the last word counts."""
    encoder = HashNgramEmbedder()
    long = "猫と電車 and words " * 12_000
    began = time.process_time()
    first = encoder.embed([long])[0]
    assert time.process_time() - began < 10.0  # CPU; far more than it takes
    assert (encoder.embed([f"{long} zebra"])[0] != first).any()
    assert encoder.cut.inputs == 0
