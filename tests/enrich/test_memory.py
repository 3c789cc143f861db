"""What a process does with its memory, as Python and the C library tell it."""

import ctypes
import subprocess
import sys

import pytest

TELL = """
import ctypes, gc, sys, threading
if sys.argv[1] == "tuned":
    from pipeline.enrich.memory import tune_memory
    tune_memory()
if sys.argv[1] == "command line":
    from pipeline.cli import main
    sys.argv[1:] = ["--help"]
    try:
        main()
    except SystemExit:
        pass
print("collects", *gc.get_threshold(), flush=True)
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


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_info"), reason="only GNU's C library tells")
@pytest.mark.parametrize("how", ["tuned", "command line"])
def test_threads_share_one_heap_and_cycles_are_looked_for_seldom(how: str) -> None:
    """Every thread takes memory from the same heap, and fewer rounds look for what is lost."""
    heaps, told = told_by(how)
    assert (heaps, told) == (1, "collects 20000 20 10")


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_info"), reason="only GNU's C library tells")
def test_left_alone_a_process_does_otherwise() -> None:
    """Threads make heaps of their own, and Python looks for lost cycles as often as it likes."""
    heaps, told = told_by("alone")
    assert heaps > 1
    assert told != "collects 20000 20 10"


def told_by(how: str) -> tuple[int, str]:
    """How many heaps four threads make at once in a process, and how often that looks for lost cycles."""
    ran = subprocess.run([sys.executable, "-c", TELL, how], capture_output=True, text=True, check=True)
    return ran.stdout.count("<heap nr="), next(line for line in ran.stdout.splitlines() if line.startswith("collects"))
