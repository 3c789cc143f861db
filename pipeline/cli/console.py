"""The terminal: one console for people, plain JSON for programs."""

import sys
from collections.abc import Mapping

import orjson
from rich.console import Console

from pipeline.domain.canonical import JsonValue

__all__ = ["console", "print_json"]

console = Console(highlight=False)


def print_json(value: Mapping[str, JsonValue]) -> None:
    """Print one JSON document."""
    sys.stdout.write(orjson.dumps(dict(value), option=orjson.OPT_INDENT_2).decode() + "\n")
