"""Values on one line, for tables a person reads."""

from collections.abc import Mapping, Sequence
from typing import Final

import orjson

from pipeline.domain.canonical import JsonValue

__all__ = ["brief", "name_of"]

_LONG: Final = 110
_NAMES: Final = ("name", "title", "text", "target_title", "titles", "url", "at", "code", "field", "id", "number")
"""What an entry of a list is called by, the most telling first."""


def brief(value: JsonValue, limit: int = _LONG) -> str:
    """A value on one line; a long list by its length."""
    if isinstance(value, list) and len(value) > 3 and not all(isinstance(v, str) for v in value):
        return f"{len(value)} items"
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    text = " ".join(text.split())
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def name_of(value: JsonValue) -> str:
    """What an entry of a list is called by; the whole of it where it has no name."""
    if not isinstance(value, Mapping):
        return brief(value)
    if set(value) == {"site", "id"}:
        return f"{value['site']}:{value['id']}"
    for key in _NAMES:
        said = value.get(key)
        if isinstance(said, Sequence) and not isinstance(said, str) and said and isinstance(said[0], Mapping):
            said = said[0].get("text")
        if isinstance(said, str | int) and not isinstance(said, bool) and said != "":
            return str(said)
    return brief(value)
