"""Memory of threads, as the C library gives it."""

import ctypes
import subprocess
import sys

import pytest

COUNT = """
import ctypes, sys, threading
from pipeline.cli.app import share_one_heap
if sys.argv[1] == "shared":
    share_one_heap()
C = ctypes.CDLL(None)
C.malloc.restype = C.fdopen.restype = ctypes.c_void_p
C.fdopen.argtypes = [ctypes.c_int, ctypes.c_char_p]
all_at_once = threading.Barrier(4)
def take():
    all_at_once.wait()
    C.malloc(50_000)
    all_at_once.wait()
threads = [threading.Thread(target=take) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
C.malloc_info(0, ctypes.c_void_p(C.fdopen(1, b"w")))
C.fflush(None)
"""


def heaps(how: str) -> int:
    ran = subprocess.run([sys.executable, "-c", COUNT, how], capture_output=True, text=True, check=True)
    return ran.stdout.count("<heap nr=")


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_info"), reason="only GNU's C library tells")
def test_threads_take_memory_from_one_heap() -> None:
    """Left alone they make heaps of their own."""
    assert heaps("shared") == 1
    assert heaps("alone") > 1
