"""Files that appear under their name only when they are whole."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pipeline.errors import BadInput

__all__ = ["whole_file"]


@contextmanager
def whole_file(target: Path) -> Iterator[IO[bytes]]:
    """Write beside it, flush, rename: what was there before stands until then. Raises ``BadInput`` if it cannot be."""
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    except OSError as error:
        raise BadInput(f"cannot write {str(target)!r}: {error.strerror}") from error
    finally:
        beside.unlink(missing_ok=True)
