"""Seeded choices: the same words in, the same choices out, on every machine and in every version of Python.

The seed is a SHA-256 over the words (never Python's ``hash``), and only ``Random.random`` is used, whose sequence for
a seed is promised never to change.
"""

import random
from collections.abc import Sequence
from typing import TypeVar

from pipeline.domain.canonical import digest_of

__all__ = ["Dice"]

T = TypeVar("T")


class Dice:
    """A stream of choices that belongs to some words; other words give another, independent stream."""

    __slots__ = ("_draw",)

    def __init__(self, *words: str | int) -> None:
        self._draw = random.Random(int(digest_of(*words)[:16], 16)).random

    def share(self) -> float:
        """A number of at least 0 and below 1."""
        return self._draw()

    def chance(self, share: float) -> bool:
        """True in ``share`` of all cases."""
        return self._draw() < share

    def number(self, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``, both included."""
        return low + int(self._draw() * (high - low + 1))

    def one(self, items: Sequence[T]) -> T:
        """One of the items."""
        return items[int(self._draw() * len(items))]

    def some(self, items: Sequence[T], count: int) -> tuple[T, ...]:
        """``count`` different items (or all, if there are fewer), in the order they stand in."""
        left = list(range(len(items)))
        taken = [left.pop(int(self._draw() * len(left))) for _ in range(min(count, len(items)))]
        return tuple(items[place] for place in sorted(taken))
