"""What must hold before anything is written: both engines accept NaN, zeros and half batches without a word."""

import math
import uuid
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from pipeline.domain.canonical import canonical_bytes
from pipeline.errors import Broken
from pipeline.store.port import Floats, Point

__all__ = ["check_ids", "check_names", "checked_points", "checked_vector"]

_TOLERANCE: Final = 1e-3


def checked_points(points: Sequence[Point], dimensions: Mapping[str, int]) -> list[Point]:
    """The points with plain lists of floats. Raises ``Broken`` at the first that is wrong, before any is written."""
    check_ids([point.title_id for point in points])
    return [_checked_point(point, dimensions) for point in points]


def check_ids(ids: Sequence[str]) -> None:
    """Raise ``Broken`` unless every id is a UUID in its usual text form."""
    for title_id in ids:
        try:
            is_plain = str(uuid.UUID(title_id)) == title_id
        except ValueError:
            is_plain = False
        if not is_plain:
            raise Broken(f"point id {title_id!r} is not a title_id (a lower-case UUID)", platform="store")


def check_names(names: Sequence[str], dimensions: Mapping[str, int]) -> None:
    """Raise ``Broken`` for a vector name the collection does not have."""
    unknown = sorted(set(names) - set(dimensions))
    if unknown:
        raise Broken(f"the collection has no vector {unknown!r}; it has {sorted(dimensions)!r}", platform="store")


def checked_vector(name: str, vector: Floats, dimensions: Mapping[str, int], whose: str) -> list[float]:
    """The vector as a list of floats: name known, length right, all finite, length of 1 (+- 0.001)."""
    check_names([name], dimensions)
    values = np.asarray(vector, dtype=np.float64)
    where = f"vector {name!r} of {whose}"
    if values.shape != (dimensions[name],):
        raise Broken(f"{where} has shape {values.shape!r}, the collection wants {dimensions[name]}", platform="store")
    if not np.isfinite(values).all():
        raise Broken(f"{where} holds NaN or infinity", platform="store")
    norm = math.sqrt(float(np.dot(values, values)))
    if abs(norm - 1.0) > _TOLERANCE:
        raise Broken(f"{where} has the length {norm!r} instead of 1: normalise it", platform="store")
    plain: list[float] = values.tolist()
    return plain


def _checked_point(point: Point, dimensions: Mapping[str, int]) -> Point:
    vectors = {name: checked_vector(name, vector, dimensions, point.title_id) for name, vector in point.vectors.items()}
    try:
        canonical_bytes(point.payload)
    except TypeError as error:
        raise Broken(f"payload of {point.title_id} holds something that is not JSON: {error}", platform="store") from (
            error
        )
    return Point(point.title_id, vectors, dict(point.payload))
