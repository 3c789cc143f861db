"""How a process that enriches keeps house with its memory. Called once, by whoever starts the process's work."""

import contextlib
import ctypes
import gc
from typing import Final

__all__ = ["collect_seldom", "share_one_heap", "tune_memory"]

_M_ARENA_MAX: Final = -8  # malloc.h


def tune_memory() -> None:
    """All that is below, for this process from now on. May be called again."""
    collect_seldom()
    share_one_heap()


def collect_seldom() -> None:
    """Look for lost cycles seldom.

    Of the many small values a title is made of all live until it is written, so that looking through them finds
    nothing; it took a quarter of the longest title's time.
    """
    gc.set_threshold(20_000, 20, 10)


def share_one_heap() -> None:
    """Let all threads take memory from one heap: else each keeps what it once needed, a quarter of a run's memory.

    Where the C library is not GNU's nothing is done. Threads that have a heap of their own already keep it.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
