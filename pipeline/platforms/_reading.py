"""Reading a platform's JSON, field by field, without trusting it.

Promises: a field of the wrong kind reads as "not said" and never raises; null is told from absent by
:meth:`JsonObject.has`; only a body that is no JSON object at all raises ``Broken``.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import orjson

from pipeline.domain.names import Platform
from pipeline.errors import Broken, one_line
from pipeline.platforms._text import clean_line, drop_invisible

__all__ = ["EMPTY", "JsonObject", "broken", "json_bytes", "parse_object"]

_LARGEST: Final = 2**53  # beyond it a JSON number is no longer an exact integer


@dataclass(frozen=True, slots=True)
class JsonObject:
    """A JSON object. Missing or wrong fields read as ``None`` or empty; an empty object is false."""

    data: Mapping[str, object]

    def __bool__(self) -> bool:
        return bool(self.data)

    def __iter__(self) -> Iterator[str]:
        return iter(self.data)

    def has(self, key: str) -> bool:
        """Whether the field is there at all, null or not."""
        return key in self.data

    def raw(self, key: str) -> object:
        """The field as it came; ``None`` for null and for absent."""
        return self.data.get(key)

    def text(self, key: str) -> str | None:
        """One line of text without control and zero-width characters; empty reads as ``None``."""
        value = self.data.get(key)
        return clean_line(value) or None if isinstance(value, str) else None

    def prose(self, key: str) -> str | None:
        """Running text with its line breaks and markup, without what cannot be seen; blank reads as ``None``."""
        value = self.data.get(key)
        return drop_invisible(value) or None if isinstance(value, str) and value.strip() else None

    def integer(self, key: str) -> int | None:
        """A whole number, also from ``"12"`` or ``12.0``; never from a boolean."""
        return _integer(self.data.get(key))

    def number(self, key: str) -> float | None:
        """A finite number, also from ``"8.75"``; never from a boolean."""
        value = self.data.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            return None
        try:
            number = float(clean_line(value) if isinstance(value, str) else value)
        except (ValueError, OverflowError):
            return None
        return number if math.isfinite(number) else None

    def flag(self, key: str) -> bool | None:
        """A boolean; nothing else counts as one."""
        value = self.data.get(key)
        return value if isinstance(value, bool) else None

    def id(self, key: str) -> str | None:
        """An id as text, whether it came as a number or as text."""
        value = self.data.get(key)
        if isinstance(value, str):
            return clean_line(value) or None
        number = _integer(value)
        return None if number is None else str(number)

    def obj(self, key: str) -> "JsonObject":
        """A nested object; an empty one when there is none."""
        value = self.data.get(key)
        return JsonObject(value) if isinstance(value, dict) else EMPTY

    def path(self, *keys: str) -> "JsonObject":
        """A deeper object, ``path("images", "jpg")``; an empty one when any step is missing."""
        here = self
        for key in keys:
            here = here.obj(key)
        return here

    def objs(self, key: str) -> tuple["JsonObject", ...]:
        """The objects of a list; anything else in it is left out."""
        value = self.data.get(key)
        return tuple(JsonObject(one) for one in value if isinstance(one, dict)) if isinstance(value, list) else ()

    def texts(self, key: str) -> tuple[str, ...]:
        """The non-empty texts of a list, one line each."""
        value = self.data.get(key)
        if not isinstance(value, list):
            return ()
        return tuple(line for one in value if isinstance(one, str) and (line := clean_line(one)))


EMPTY: Final = JsonObject({})


def _integer(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        text = clean_line(value)
        value = int(text) if text.isascii() and text.removeprefix("-").isdigit() and len(text) < 17 else None
    elif isinstance(value, float):
        value = int(value) if math.isfinite(value) and value.is_integer() else None
    return value if isinstance(value, int) and abs(value) <= _LARGEST else None


def broken(platform: Platform, id_: str, part: str, problem: str, body: bytes | str = b"") -> Broken:
    """The error for a part whose shape is not the platform's; the caller raises it."""
    return Broken(
        f"{platform.value}: part {part!r} of {id_!r} {problem}; its stored body is kept, look at it",
        platform=platform.value,
        evidence=one_line(body),
    )


def parse_object(body: bytes, *, platform: Platform, id_: str, part: str) -> JsonObject:
    """Read a body that must be a JSON object. Raises ``Broken`` naming platform, id and part."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise broken(platform, id_, part, f"is not JSON ({error})", body) from error
    if not isinstance(value, dict):
        raise broken(platform, id_, part, f"is {type(value).__name__} where an object belongs", body)
    return JsonObject(value)


def json_bytes(value: object) -> bytes:
    """A JSON value (an id's subtree of a batched answer) as bytes, key order kept."""
    return orjson.dumps(value.data if isinstance(value, JsonObject) else value)
