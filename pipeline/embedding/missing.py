"""Embedding what has no vector yet: many titles' inputs, each distinct one once, in one call.

Which fingerprints have a vector already is the ledger's to know; this room only makes the missing ones. A model call is
dear to start and cheap to fill, so callers hand over a whole window of titles.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from pipeline.domain.canonical import Digest
from pipeline.embedding.port import ImageEmbedder, Vector, Vectors
from pipeline.errors import BadInput

__all__ = ["EmbeddedImages", "embed_missing", "embed_missing_images"]

T_contra = TypeVar("T_contra", contravariant=True)


class _Embeds(Protocol[T_contra]):
    def embed(self, content: Sequence[T_contra], /) -> Vectors: ...


@dataclass(frozen=True, slots=True)
class EmbeddedImages:
    """Vectors by fingerprint, and for every picture that has none the reason."""

    vectors: dict[Digest, Vector]
    refused: dict[Digest, BadInput]


def embed_missing(wanted: Mapping[Digest, T_contra], embedder: _Embeds[T_contra]) -> dict[Digest, Vector]:
    """Vectors of all ``wanted`` inputs by fingerprint, in one call. Nothing wanted: nobody is asked."""
    if not wanted:
        return {}
    rows = embedder.embed(list(wanted.values()))
    return dict(zip(wanted, rows, strict=True))


def embed_missing_images(wanted: Mapping[Digest, bytes], embedder: ImageEmbedder) -> EmbeddedImages:
    """As :func:`embed_missing`; a picture that cannot be read is named in ``refused`` and spoils nobody else's."""
    try:
        return EmbeddedImages(embed_missing(wanted, embedder), {})
    except BadInput as error:
        if len(wanted) == 1:
            return EmbeddedImages({}, dict.fromkeys(wanted, error))
    keys = list(wanted)
    middle = len(keys) // 2
    halves = [{key: wanted[key] for key in part} for part in (keys[:middle], keys[middle:])]
    first, second = (embed_missing_images(half, embedder) for half in halves)
    return EmbeddedImages(first.vectors | second.vectors, first.refused | second.refused)
