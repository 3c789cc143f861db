"""The terminal: one console for people, plain JSON for programs."""

import sys
from collections.abc import Mapping

import orjson
import structlog
from rich.console import Console

from pipeline.domain.canonical import JsonValue

__all__ = ["console", "log_to_stderr", "print_json"]

console = Console(highlight=False)


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
    sys.stdout.write(orjson.dumps(dict(value), option=orjson.OPT_INDENT_2).decode() + "\n")
