"""The terminal: one console for people, plain JSON for programs. A reader that goes away (``| head``) stops no work."""

import os
import sys
from collections.abc import Mapping
from typing import Final

import orjson
import structlog
from rich.console import Console

from pipeline.domain.canonical import JsonValue

__all__ = ["console", "log_to_stderr", "print_json"]

_PIPED_WIDTH: Final = 1000
"""Of output that is not a terminal: nothing is wrapped or cut for programs such as grep."""


def _mute() -> None:
    """Send the rest of standard output nowhere: its reader is gone, and the exit code still tells how it ended."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """See :func:`_mute`."""
        _mute()


console = _Console(highlight=False, width=None if sys.stdout.isatty() else _PIPED_WIDTH)


def log_to_stderr(level: str) -> None:
    """Send log events of this level and above to standard error, where they disturb no output."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(level),
        processors=[
            structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=True),
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def print_json(value: Mapping[str, JsonValue]) -> None:
    """Print one JSON document."""
    try:
        sys.stdout.write(orjson.dumps(dict(value), option=orjson.OPT_INDENT_2).decode() + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        _mute()
