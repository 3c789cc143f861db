"""What an encoder is to the rest of the house, and the key under which its vectors are kept.

An encoder keeps the order of its inputs, gives the same vector for the same input alone or in company, and gives
vectors of length 1. It never shortens an input silently: what did not fit is counted in :attr:`Embedder.cut` and
logged. An empty input is an error, not a vector: an absent field has no vector.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from pipeline.domain.canonical import Digest, digest_of
from pipeline.embedding.inputs import INPUT_VERSION
from pipeline.embedding.names import IMAGE_VECTORS, TEXT_VECTORS
from pipeline.errors import BadInput

if TYPE_CHECKING:  # numpy is loaded when an encoder is, not before
    import numpy as np
    import numpy.typing as npt

__all__ = ["Cut", "Embedder", "ImageEmbedder", "TextEmbedder", "Vector", "Vectors", "fingerprint", "identity"]

Vector: TypeAlias = "npt.NDArray[np.float32]"
"""One vector, float32, of length 1."""
Vectors: TypeAlias = "npt.NDArray[np.float32]"
"""Rows of such vectors, in the order of the inputs."""


@dataclass(frozen=True, slots=True)
class Cut:
    """What an encoder could not read since it was opened: how many inputs were too long, and by how many tokens."""

    inputs: int = 0
    tokens: int = 0

    def plus(self, inputs: int, tokens: int) -> "Cut":
        """The sum of both."""
        return Cut(self.inputs + inputs, self.tokens + tokens)


class Embedder(Protocol):
    """Who makes the vectors; everything that shapes a vector is an attribute here and part of its fingerprint."""

    @property
    def model_id(self) -> str:
        """Name of the model. The ones that are not semantic say so by their names."""
        ...

    @property
    def revision(self) -> str:
        """Which edition of the model: a version, or a digest of its files."""
        ...

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        ...

    @property
    def max_tokens(self) -> int | None:
        """Tokens read of one input; ``None`` where everything is read."""
        ...

    @property
    def dtype(self) -> str:
        """Precision of the arithmetic (``float32``, ``bfloat16``)."""
        ...

    @property
    def cut(self) -> Cut:
        """What was too long so far."""
        ...


class TextEmbedder(Embedder, Protocol):
    """Turns texts into vectors."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row per text, in order. Raises ``BadInput`` for a text without content."""
        ...


class ImageEmbedder(Embedder, Protocol):
    """Turns pictures into vectors."""

    def embed(self, images: Sequence[bytes]) -> Vectors:
        """One row per picture (the bytes of its file), in order. Raises ``BadInput`` for one that cannot be read."""
        ...


def identity(embedder: Embedder) -> str:
    """The model in one word, as a collection keeps it: ``hash-ngram-1024@1``."""
    return f"{embedder.model_id}@{embedder.revision}"


def fingerprint(embedder: Embedder, name: str, content: str) -> Digest:
    """Key of the vector ``name`` made of ``content``: equal fingerprints mean equal vectors.

    ``content`` is the exact text, or for an image vector the digest of the picture's bytes. The vector's name is not
    part of the key (only whether it is a text or a picture): the same text in two places is embedded once.
    Raises ``BadInput`` for an unknown name and for empty content.
    """
    if not content.strip():
        raise BadInput(f"vector {name!r} has no content; an absent field has no vector, leave the name out")
    return digest_of(
        _kind(name),
        embedder.model_id,
        embedder.revision,
        embedder.dimensions,
        embedder.max_tokens,
        embedder.dtype,
        INPUT_VERSION,
        content,
    )


def _kind(name: str) -> str:
    if name in TEXT_VECTORS:
        return "text"
    if name in IMAGE_VECTORS:
        return "image"
    raise BadInput(f"no vector is called {name!r}; the names are {', '.join((*TEXT_VECTORS, *IMAGE_VECTORS))}")
