"""The record's bytes: canonical when written, and readable whatever released version wrote them."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import orjson
from pydantic import BaseModel, ValidationError

from pipeline.domain.record import SCHEMA_VERSION, AnimeRecord, Provenance
from pipeline.errors import BadInput, one_line

__all__ = ["MIGRATIONS", "load_record", "provenance_bytes", "record_bytes"]

Migration = Callable[[dict[str, Any]], dict[str, Any]]

MIGRATIONS: Final[Mapping[int, Migration]] = MappingProxyType({})
"""By the version they start from: each takes a record of that version to the next. Append only."""


def _canonical(model: BaseModel) -> bytes:
    return orjson.dumps(model.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)


def record_bytes(record: AnimeRecord) -> bytes:
    """Canonical JSON: keys sorted, lists in the order the stages gave them; equal records give equal bytes."""
    return _canonical(record)


def provenance_bytes(provenance: Provenance) -> bytes:
    """Canonical JSON of what stands beside the record."""
    return _canonical(provenance)


def load_record(content: bytes) -> AnimeRecord:
    """Read a stored record of this or an older version. Raises ``BadInput`` when it is none, or of a newer one."""
    try:
        tree: Any = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise BadInput(f"a stored record is not JSON ({error}): {one_line(content, 80)!r}") from error
    version = tree.get("schema_version") if isinstance(tree, dict) else None
    if not isinstance(version, int) or isinstance(version, bool):
        raise BadInput(f"a stored record has no schema_version: {one_line(content, 80)!r}")
    if version > SCHEMA_VERSION:
        raise BadInput(
            f"the record has schema_version {version}, this program knows up to {SCHEMA_VERSION}: "
            "it was written by a newer one; update this one to read it"
        )
    return _parse(_migrate(tree, version))


def _migrate(tree: dict[str, Any], version: int) -> dict[str, Any]:
    while version < SCHEMA_VERSION:
        step = MIGRATIONS.get(version)
        if step is None:
            raise BadInput(f"the record has schema_version {version}, from which no migration leads on")
        tree, version = step(tree), version + 1
    return tree


def _parse(tree: dict[str, Any]) -> AnimeRecord:
    try:
        return AnimeRecord.model_validate_json(orjson.dumps(tree))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = ".".join(str(part) for part in first["loc"]) or "record"
        raise BadInput(f"a stored record is wrong at {path}: {first['msg']}: {first['input']!r:.120}") from error
