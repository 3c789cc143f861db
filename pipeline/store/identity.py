"""What makes a collection this collection: its id, its vectors and their models.

Kept with the collection (a file beside the embedded shard, metadata on a server). Vectors of two models do not
compare, so a collection opened for another model is refused, and both are named.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.domain.canonical import JsonValue, canonical_bytes, digest_of
from pipeline.errors import Damaged, Misconfigured, one_line

__all__ = ["CollectionIdentity", "VectorSpec", "check_same", "parse_identity", "specs_of"]

_FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class VectorSpec:
    """Length of a vector and the model that makes it."""

    dimensions: int
    model: str


@dataclass(frozen=True, slots=True)
class CollectionIdentity:
    """The collection's id (a UUID made at its creation) and its vectors by name."""

    collection_id: str
    vectors: Mapping[str, VectorSpec]

    def to_json(self) -> dict[str, JsonValue]:
        """Plain data with a digest over itself."""
        body = self._body()
        return {**body, "digest": digest_of(body)}

    def to_bytes(self) -> bytes:
        """The canonical bytes of :meth:`to_json`."""
        return canonical_bytes(self.to_json())

    def _body(self) -> dict[str, JsonValue]:
        vectors: dict[str, JsonValue] = {
            name: {"dimensions": spec.dimensions, "model": spec.model} for name, spec in sorted(self.vectors.items())
        }
        return {"format": _FORMAT, "collection_id": self.collection_id, "vectors": vectors}


class _SpecModel(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    dimensions: int
    model: str


class _IdentityModel(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    format: int
    collection_id: str
    vectors: dict[str, _SpecModel]
    digest: str


def specs_of(dimensions: Mapping[str, int], models: Mapping[str, str]) -> dict[str, VectorSpec]:
    """Vectors by name from two mappings. Raises ``Misconfigured`` unless both have the same names."""
    if not dimensions or set(dimensions) != set(models):
        raise Misconfigured(
            f"a collection needs the length and the model of every vector: lengths are given for "
            f"{sorted(dimensions)!r}, models for {sorted(models)!r}"
        )
    return {name: VectorSpec(dimensions[name], models[name]) for name in sorted(dimensions)}


def parse_identity(content: bytes, where: str) -> CollectionIdentity:
    """Read what :meth:`CollectionIdentity.to_bytes` wrote. Raises ``Damaged`` when it is torn or was edited."""
    try:
        read = _IdentityModel.model_validate_json(content)
    except ValidationError as error:
        raise Damaged(
            f"{where} is torn or was changed ({one_line(str(error))}): restore it from a backup; the points are kept"
        ) from error
    vectors = {name: VectorSpec(spec.dimensions, spec.model) for name, spec in read.vectors.items()}
    identity = CollectionIdentity(read.collection_id, vectors)
    if read.format != _FORMAT or identity.to_json()["digest"] != read.digest:
        raise Damaged(
            f"{where} is of format {read.format!r} or was edited: restore it from a backup; the points are kept"
        )
    return identity


def check_same(stored: Mapping[str, VectorSpec], wanted: Mapping[str, VectorSpec], where: str) -> None:
    """Raise ``Misconfigured`` when the collection was made for other vectors than the settings want."""
    if dict(stored) == dict(wanted):
        return
    names = sorted(name for name in {*stored, *wanted} if stored.get(name) != wanted.get(name))
    name = names[0]
    raise Misconfigured(
        f"{where} holds vector {name!r} as {_said(stored.get(name))}, the settings want {_said(wanted.get(name))} "
        f"({len(names)} of {len({*stored, *wanted})} vectors differ): go back to the model it was made with, or name "
        "a new collection in store.collection and load again"
    )


def _said(spec: VectorSpec | None) -> str:
    return "absent" if spec is None else f"{spec.model!r} with {spec.dimensions} numbers"
