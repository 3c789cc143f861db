"""Canonical bytes and digests: the only way keys are made.

A key is a digest over canonical JSON (sorted keys, no spaces, UTF-8): the same value gives the same bytes on every
machine and in every version of Python, and different types give different bytes (``1`` is not ``"1"``).
"""

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeAlias, TypeVar, cast

import orjson
from pydantic import TypeAdapter

__all__ = ["Digest", "JsonValue", "canonical_bytes", "digest_bytes", "digest_of", "dump_json", "load_json"]

JsonValue: TypeAlias = "bool | int | float | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None"
Digest: TypeAlias = str
"""Lower-case hex of SHA-256."""

T = TypeVar("T")


def canonical_bytes(value: JsonValue) -> bytes:
    """Serialise plain JSON data so that equal values give equal bytes. Raises ``TypeError`` on anything else."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def digest_bytes(content: bytes) -> Digest:
    """SHA-256 of some bytes, in hex."""
    return hashlib.sha256(content).hexdigest()


def digest_of(*parts: JsonValue) -> Digest:
    """Digest of a tuple of plain values; the order and the type of every part count."""
    return digest_bytes(canonical_bytes(list(parts)))


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def dump_json(kind: Any, value: object) -> bytes:
    """Serialise a domain value. Field order is the declared one, so equal values give equal bytes."""
    return _adapter(kind).dump_json(value)


def load_json(kind: type[T], content: bytes) -> T:
    """Read what :func:`dump_json` wrote. Raises ``pydantic.ValidationError`` when it is something else."""
    value: T = _adapter(cast(Any, kind)).validate_json(content)
    return value
