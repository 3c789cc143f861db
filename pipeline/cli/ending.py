"""How a command ends when something went wrong: one sentence on standard error and the right exit code."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["ending_well"]


@contextmanager
def ending_well() -> Iterator[None]:
    """Turn our errors into a message: 2 for what the user gave (arguments, settings), 1 for the rest.

    An interrupt ends with 130; everything finished so far is kept.
    """
    try:
        yield
    except KeyboardInterrupt:
        _say("interrupted; everything finished is kept, the same command goes on from here")
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output went away
        sys.exit(0)
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
    return None, 1


def _where(location: tuple[int | str, ...]) -> str:
    return f"{'.'.join(str(part) for part in location)}: " if location else ""


def _say(message: str) -> None:
    print(f"anime-enrich: {message}", file=sys.stderr)  # noqa: T201  # the one place errors are told
