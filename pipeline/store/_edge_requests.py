"""Our terms in the embedded engine's: configuration, conditions, queries."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

import qdrant_edge as qe

from pipeline.store.identity import VectorSpec
from pipeline.store.payload import PAYLOAD_INDEXES
from pipeline.store.port import Where

__all__ = ["edge_config", "field_indexes", "fused", "nearest"]

_RRF_K: Final = 60
_PREFETCH: Final = 5
if TYPE_CHECKING:  # the stubs' own alias does not exist at run time
    _Condition: TypeAlias = (
        qe.FieldCondition
        | qe.IsEmptyCondition
        | qe.IsNullCondition
        | qe.HasIdCondition
        | qe.HasVectorCondition
        | qe.NestedCondition
        | qe.Filter
    )
_KINDS: Final = {
    "keyword": qe.PayloadSchemaType.Keyword,
    "integer": qe.PayloadSchemaType.Integer,
    "float": qe.PayloadSchemaType.Float,
}


def edge_config(vectors: Mapping[str, VectorSpec]) -> qe.EdgeConfig:
    """Vectors on disk, 8-bit copies for searching, and the write-ahead log on: without it a kill loses writes."""
    return qe.EdgeConfig(
        vectors={
            name: qe.EdgeVectorParams(
                size=spec.dimensions,
                distance=qe.Distance.Cosine,
                memory=qe.Memory.Cold,
                quantization_config=qe.ScalarQuantizationConfig(type=qe.ScalarType.Int8, quantile=0.99),
                hnsw_config=qe.HnswIndexConfig(m=16, ef_construct=128, full_scan_threshold=10_000),
            )
            for name, spec in vectors.items()
        },
        wal_enabled=True,
    )


def field_indexes() -> list[qe.UpdateOperation]:
    """One operation per payload index; repeating one changes nothing."""
    return [qe.UpdateOperation.create_field_index(index.key, _KINDS[index.kind]) for index in PAYLOAD_INDEXES]


def _edge_filter(where: Sequence[Where]) -> qe.Filter | None:
    """All conditions together; ``None`` for none."""
    return qe.Filter(must=[_condition(part) for part in where]) if where else None


def nearest(name: str, vector: list[float], limit: int, where: Sequence[Where]) -> qe.QueryRequest:
    """The nearest by one vector, with payload."""
    return qe.QueryRequest(
        limit=limit,
        query=qe.Query.Nearest(vector, using=name),
        filter=_edge_filter(where),
        params=_exact_scores(),
        with_payload=True,
    )


def fused(vectors: Mapping[str, list[float]], limit: int, where: Sequence[Where]) -> qe.QueryRequest:
    """Reciprocal rank fusion over the nearest by each vector."""
    prefetches = [
        qe.Prefetch(
            limit=limit * _PREFETCH,
            query=qe.Query.Nearest(vector, using=name),
            filter=_edge_filter(where),
            params=_exact_scores(),
        )
        for name, vector in sorted(vectors.items())
    ]
    return qe.QueryRequest(
        limit=limit,
        query=qe.Fusion.Rrf(k=_RRF_K),  # type: ignore[arg-type]  # a subclass at run time, which the stubs do not say
        prefetches=prefetches,
        with_payload=True,
    )


def _exact_scores() -> qe.SearchParams:
    """Found by the 8-bit copies, scored by the full vectors: else a score may be above 1."""
    return qe.SearchParams(quantization=qe.QuantizationSearchParams(rescore=True))


def _condition(part: Where) -> qe.Filter:
    must: list[_Condition] = []
    if part.any_of:
        choices: list[_Condition] = [
            qe.FieldCondition(key=part.key, match=qe.MatchValue(value)) for value in part.any_of
        ]
        must.append(qe.Filter(should=choices))
    if part.at_least is not None or part.at_most is not None:
        must.append(qe.FieldCondition(key=part.key, range=qe.RangeFloat(gte=part.at_least, lte=part.at_most)))
    return qe.Filter(must=must)
