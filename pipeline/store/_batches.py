"""Cutting a sequence into parts."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

__all__ = ["batches"]

T = TypeVar("T")


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of at most ``size`` items, in order (``itertools.batched`` came with Python 3.12)."""
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part
