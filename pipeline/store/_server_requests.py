"""Our terms in the server client's: configuration, conditions, queries."""

from collections.abc import Mapping, Sequence
from typing import Final

from qdrant_client import models as qm

from pipeline.store.identity import VectorSpec
from pipeline.store.port import Where

__all__ = ["exact_scores", "quantization", "rrf", "server_filter", "server_vectors"]

_RRF_K: Final = 60


def server_vectors(vectors: Mapping[str, VectorSpec]) -> dict[str, qm.VectorParams]:
    """Full vectors on disk; what is searched first are the 8-bit copies of :func:`quantization`."""
    return {
        name: qm.VectorParams(size=spec.dimensions, distance=qm.Distance.COSINE, memory=qm.Memory.COLD)
        for name, spec in vectors.items()
    }


def quantization() -> qm.ScalarQuantization:
    """8-bit copies in memory: a quarter of the size, and no query has to ask for anything special."""
    return qm.ScalarQuantization(
        scalar=qm.ScalarQuantizationConfig(type=qm.ScalarType.INT8, quantile=0.99, memory=qm.Memory.CACHED)
    )


def server_filter(where: Sequence[Where]) -> qm.Filter | None:
    """All conditions together; ``None`` for none."""
    return qm.Filter(must=[_condition(part) for part in where]) if where else None


def rrf() -> qm.RrfQuery:
    """Reciprocal rank fusion with the k of the embedded engine."""
    return qm.RrfQuery(rrf=qm.Rrf(k=_RRF_K))


def exact_scores() -> qm.SearchParams:
    """Found by the 8-bit copies, scored by the full vectors."""
    return qm.SearchParams(quantization=qm.QuantizationSearchParams(rescore=True))


def _condition(part: Where) -> qm.Filter:
    must: list[qm.Condition] = []
    if part.any_of:
        choices: list[qm.Condition] = [
            qm.FieldCondition(key=part.key, match=qm.MatchValue(value=value)) for value in part.any_of
        ]
        must.append(qm.Filter(should=choices))
    if part.at_least is not None or part.at_most is not None:
        must.append(qm.FieldCondition(key=part.key, range=qm.Range(gte=part.at_least, lte=part.at_most)))
    return qm.Filter(must=must)
