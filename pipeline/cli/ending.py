"""How a command ends when something went wrong: one sentence on standard error and the right exit code."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

__all__ = ["ending_well"]

_INTERRUPTED_CODE: Final = 130
_INTERRUPTED: Final = "interrupted; everything finished is kept, the same command goes on from here"


@contextmanager
def ending_well() -> Iterator[None]:
    """Turn our errors into a message: 2 for what the user gave (arguments, settings), 1 for the rest.

    An interrupt ends with 130; everything finished so far is kept.
    """
    try:
        yield
    except KeyboardInterrupt:
        _say(_INTERRUPTED)
        sys.exit(_INTERRUPTED_CODE)
    except SystemExit as end:  # typer turns an interrupt inside a command into this
        if end.code == _INTERRUPTED_CODE:
            _say(_INTERRUPTED)
        raise
    except Exception as error:
        message, code = _told(error)
        if message is None:
            raise
        _say(message)
        sys.exit(code)


def _told(error: BaseException) -> tuple[str | None, int]:
    """The sentence and exit code of an error of ours; groups are told by their first member."""
    from pydantic import ValidationError

    from pipeline.errors import BadInput, EnrichError, Misconfigured

    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, BadInput | Misconfigured):
        return str(error), 2
    if isinstance(error, EnrichError):
        return str(error), 1
    if isinstance(error, ValidationError) and error.title in {"Settings", "settings"}:
        problems = "; ".join(f"{_where(e['loc'])}{e['msg'].removeprefix('Value error, ')}" for e in error.errors())
        return f"settings: {problems}", 2
    if isinstance(error, OSError) and error.filename is not None:
        return f"cannot use {str(error.filename)!r}: {error.strerror}; check the place, the rights and the space", 1
    return None, 1


def _where(location: tuple[int | str, ...]) -> str:
    return f"{'.'.join(str(part) for part in location)}: " if location else ""


def _say(message: str) -> None:
    print(f"anime-enrich: {message}", file=sys.stderr)  # noqa: T201  # the one place errors are told
