"""What a vector store is to the rest of the house: one port, two engines.

A point is a title; its id is the ``title_id``, so loading twice is loading once. Every write is checked before
anything is written, is repeatable, and is kept when the call returns. A collection is made for one model per vector
name and says so: opened for another model it refuses (``Misconfigured``).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from pipeline.domain.canonical import JsonValue
from pipeline.errors import Broken

if TYPE_CHECKING:  # whoever only builds payloads does not load it
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Floats", "Hit", "Point", "VectorStore", "Where"]

Floats: TypeAlias = "Sequence[float] | NDArray[np.floating[Any]]"
"""Numbers of a vector, or a row of an array."""


@dataclass(frozen=True, slots=True)
class Point:
    """A title in the store. A vector that is absent has no entry in ``vectors``, never zeros."""

    title_id: str
    vectors: Mapping[str, Floats]
    payload: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Hit:
    """A found title; ``score`` is the cosine, or the fused rank score of several vectors."""

    title_id: str
    score: float
    payload: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Where:
    """A condition on a payload field: one of ``any_of``, and a number within both bounds. All conditions must hold.

    Booleans are found by their words in ``flags``; a boolean here raises ``Broken``, as does a condition of nothing.
    """

    key: str
    any_of: tuple[str | int, ...] = ()
    at_least: float | None = None
    at_most: float | None = None

    def __post_init__(self) -> None:
        if any(isinstance(value, bool) for value in self.any_of):
            raise Broken(f"{self.key!r} cannot be compared with a boolean: ask for a word of 'flags'", platform="store")
        if not self.any_of and self.at_least is None and self.at_most is None:
            raise Broken(f"the condition on {self.key!r} says nothing: give any_of or a bound", platform="store")


class VectorStore(Protocol):
    """A collection of points with named vectors.

    Raises ``InUse`` (somebody else has the folder), ``Damaged`` (files torn), ``Broken`` (what is to be written is
    wrong, or the engine refused), ``RetryLater`` (a server did not answer as long as we tried).
    """

    @property
    def collection_id(self) -> str:
        """Made when the collection was made: another value means another or a new collection, which knows nothing."""
        ...

    def ensure_schema(self) -> None:
        """Make the collection and its payload indexes unless they are there. Raises ``Misconfigured``."""
        ...

    def write_points(self, points: Sequence[Point]) -> None:
        """Write points whole: vectors a stored point had beside the given ones are gone."""
        ...

    def update_vectors(self, points: Sequence[Point]) -> None:
        """Replace the given vectors and the payload of stored points, and keep their other vectors.

        A point without vectors changes its payload only. Raises ``Broken`` if a point is not stored (write it whole).
        Killed in between, the old payload with the old fingerprints stands, and the update is done again.
        """
        ...

    def delete_vectors(self, ids: Sequence[str], names: Sequence[str]) -> None:
        """Take vectors off points whose field has become absent. A point or a vector that is not there is no error."""
        ...

    def delete_points(self, ids: Sequence[str]) -> None:
        """Remove points. One that is not there is no error."""
        ...

    def read_fingerprints(self, ids: Iterable[str]) -> Mapping[str, Mapping[str, str]]:
        """The fingerprint of every vector of the stored points; a title that is not stored has no entry."""
        ...

    def query(self, name: str, vector: Floats, limit: int, where: Sequence[Where] = ()) -> list[Hit]:
        """The nearest points by one vector, best first."""
        ...

    def query_fused(self, vectors: Mapping[str, Floats], limit: int, where: Sequence[Where] = ()) -> list[Hit]:
        """The best points by several vectors together (reciprocal rank fusion, k = 60)."""
        ...

    def count(self) -> int:
        """How many points there are, exactly."""
        ...

    def scroll_ids(self) -> Iterator[str]:
        """All ids, in the engine's order."""
        ...

    def optimize(self) -> None:
        """Build what makes searching fast; once at the end of a load. Minutes on a whole catalogue."""
        ...

    def close(self) -> None:
        """Let go of files and connections. Twice is once."""
        ...
