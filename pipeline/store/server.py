"""A Qdrant server by URL.

Every write waits until the server has it (``wait=True``: without, a bad batch is acknowledged and lost). Retries live
here and nowhere below: passing faults with growing pauses, a stated wait in full, a batch that is too heavy or too slow
in halves. A lost acknowledgement is harmless, because every write is repeatable.
"""

import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeVar

import tenacity
from pydantic import SecretStr
from qdrant_client import QdrantClient
from qdrant_client import models as qm

from pipeline.domain.canonical import canonical_bytes
from pipeline.errors import Broken, Misconfigured, RetryLater, ShrinkBatch, Throttled, Transient
from pipeline.store._batches import batches
from pipeline.store._check import check_ids, check_names, checked_points, checked_vector
from pipeline.store._server_errors import server_errors
from pipeline.store._server_requests import exact_scores, quantization, rrf, server_filter, server_vectors
from pipeline.store.identity import CollectionIdentity, VectorSpec, check_same, parse_identity
from pipeline.store.payload import PAYLOAD_INDEXES
from pipeline.store.port import Floats, Hit, Point, Where

__all__ = ["ServerVectorStore", "connect"]

_ATTEMPTS: Final = 6
_MAX_PAUSE_S: Final = 30.0
_MAX_STATED_WAIT_S: Final = 600.0
"""A server that wants a longer pause is left alone: ``Throttled`` goes to the caller."""
_GREEN_S: Final = 2.0
_GREEN_CHECKS: Final = 900
_READ_BATCH: Final = 256
_PREFETCH: Final = 5
_IDENTITY: Final = "anime_enrich"

T = TypeVar("T")
P = TypeVar("P")


def connect(url: str, api_key: SecretStr | None, *, timeout_s: float) -> QdrantClient:
    """A client of the server; nothing is asked yet."""
    return QdrantClient(
        url=url,
        api_key=api_key.get_secret_value() if api_key else None,
        timeout=max(1, round(timeout_s)),
        check_compatibility=False,  # it would ask the server before anybody handles its errors
    )


class ServerVectorStore:
    """A :class:`~pipeline.store.port.VectorStore` on a server."""

    def __init__(
        self,
        client: QdrantClient,
        collection: str,
        vectors: Mapping[str, VectorSpec],
        *,
        batch: int = 16,
        sleep: Callable[[float], None] = time.sleep,
        new_id: Callable[[], uuid.UUID] = uuid.uuid4,
    ) -> None:
        self._client, self._collection, self._vectors = client, collection, dict(vectors)
        self._batch, self._sleep, self._new_id = batch, sleep, new_id
        self._dimensions = {name: spec.dimensions for name, spec in vectors.items()}
        self._identity: CollectionIdentity | None = None

    @property
    def collection_id(self) -> str:
        """Made when the collection was made. Raises ``Misconfigured`` before :meth:`ensure_schema`."""
        if self._identity is None:
            raise Misconfigured(f"the collection {self._collection!r} is not open: call ensure_schema() first")
        return self._identity.collection_id

    def ensure_schema(self) -> None:
        """Make the collection and its indexes, or compare what is there with ours."""
        if self._identity is not None:
            return
        if not self._retried("look for the collection", lambda: self._client.collection_exists(self._collection)):
            self._create()
        info = self._retried("read the collection", lambda: self._client.get_collection(self._collection))
        metadata = (info.config.metadata or {}).get(_IDENTITY)
        where = f"the collection {self._collection!r} on the server"
        if metadata is None:
            raise Misconfigured(f"{where} was not made by this program: name another one in store.collection")
        identity = parse_identity(canonical_bytes(metadata), where)
        check_same(identity.vectors, self._vectors, where)
        for index in PAYLOAD_INDEXES:
            if index.key not in info.payload_schema:
                self._make_index(index.key, qm.PayloadSchemaType(index.kind))
        self._identity = identity

    def write_points(self, points: Sequence[Point]) -> None:
        """Write points whole."""
        checked = checked_points(points, self._dimensions)

        def write(part: Sequence[Point]) -> None:
            structs = [qm.PointStruct(id=p.title_id, vector=_plain(p), payload=dict(p.payload)) for p in part]
            _check_done(self._client.upsert(self._collection, structs, wait=True))

        self._written("write points", checked, write)

    def update_vectors(self, points: Sequence[Point]) -> None:
        """Replace the given vectors, then the payload: until the new fingerprints stand, it counts as not done."""
        checked = checked_points(points, self._dimensions)
        self._check_stored([point.title_id for point in checked])

        def vectors(part: Sequence[Point]) -> None:
            changed = [qm.PointVectors(id=p.title_id, vector=_plain(p)) for p in part]
            _check_done(self._client.update_vectors(self._collection, changed, wait=True))

        def payloads(part: Sequence[Point]) -> None:
            operations = [
                qm.OverwritePayloadOperation(
                    overwrite_payload=qm.SetPayload(payload=dict(p.payload), points=[p.title_id])
                )
                for p in part
            ]
            for result in self._client.batch_update_points(self._collection, operations, wait=True):
                _check_done(result)

        self._written("update vectors", [point for point in checked if point.vectors], vectors)
        self._written("update payloads", checked, payloads)

    def delete_vectors(self, ids: Sequence[str], names: Sequence[str]) -> None:
        """Take vectors off points."""
        check_ids(ids)
        check_names(names, self._dimensions)
        stored = list(self.read_fingerprints(ids)) if names else []

        def delete(part: Sequence[str]) -> None:
            _check_done(self._client.delete_vectors(self._collection, list(names), list(part), wait=True))

        self._written("delete vectors", stored, delete)

    def delete_points(self, ids: Sequence[str]) -> None:
        """Remove points."""
        check_ids(ids)

        def delete(part: Sequence[str]) -> None:
            _check_done(self._client.delete(self._collection, list(part), wait=True))

        self._written("delete points", ids, delete)

    def read_fingerprints(self, ids: Iterable[str]) -> dict[str, dict[str, str]]:
        """Fingerprints by title and vector."""
        found: dict[str, dict[str, str]] = {}
        for part in batches(ids, _READ_BATCH):
            check_ids(part)
            found |= self._fingerprints(part)
        return found

    def query(self, name: str, vector: Floats, limit: int, where: Sequence[Where] = ()) -> list[Hit]:
        """The nearest points by one vector."""
        asked = checked_vector(name, vector, self._dimensions, "the query")
        answer = self._retried(
            "search",
            lambda: self._client.query_points(
                self._collection,
                query=asked,
                using=name,
                limit=limit,
                query_filter=server_filter(where),
                search_params=exact_scores(),
            ),
        )
        return _hits(answer)

    def query_fused(self, vectors: Mapping[str, Floats], limit: int, where: Sequence[Where] = ()) -> list[Hit]:
        """The best points by several vectors."""
        prefetches = [
            qm.Prefetch(
                query=checked_vector(name, vector, self._dimensions, "the query"),
                using=name,
                limit=limit * _PREFETCH,
                filter=server_filter(where),
                params=exact_scores(),
            )
            for name, vector in sorted(vectors.items())
        ]
        answer = self._retried(
            "search",
            lambda: self._client.query_points(self._collection, query=rrf(), prefetch=prefetches, limit=limit),
        )
        return _hits(answer)

    def count(self) -> int:
        """How many points there are."""
        return self._retried("count", lambda: self._client.count(self._collection, exact=True)).count

    def scroll_ids(self) -> Iterator[str]:
        """All ids."""
        offset: qm.ExtendedPointId | None = None
        while True:
            rows, offset = self._page(offset)
            yield from (str(row.id) for row in rows)
            if offset is None:
                return

    def optimize(self) -> None:
        """Wait until the server has built its indexes, as it does by itself. Half an hour, then ``Transient``."""
        for _ in range(_GREEN_CHECKS):
            info = self._retried("read the collection", lambda: self._client.get_collection(self._collection))
            if info.status is qm.CollectionStatus.GREEN:
                return
            self._sleep(_GREEN_S)
        raise Transient(f"the collection {self._collection!r} is still being indexed", platform="store")

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _create(self) -> None:
        identity = CollectionIdentity(str(self._new_id()), self._vectors)
        try:
            self._retried(
                "create the collection",
                lambda: self._client.create_collection(
                    self._collection,
                    vectors_config=server_vectors(self._vectors),
                    quantization_config=quantization(),
                    metadata={_IDENTITY: identity.to_json()},
                ),
            )
        except Broken as error:
            if error.status != 409:  # another process, or our own lost acknowledgement, made it meanwhile
                raise

    def _make_index(self, key: str, kind: qm.PayloadSchemaType) -> None:
        self._retried(
            "create a payload index",
            lambda: self._client.create_payload_index(self._collection, key, field_schema=kind, wait=True),
        )

    def _fingerprints(self, ids: Sequence[str]) -> dict[str, dict[str, str]]:
        rows = self._retried(
            "read fingerprints",
            lambda: self._client.retrieve(
                self._collection, list(ids), with_payload=["fingerprints"], with_vectors=False
            ),
        )
        return {str(row.id): dict((row.payload or {}).get("fingerprints") or {}) for row in rows}

    def _page(self, offset: qm.ExtendedPointId | None) -> tuple[list[qm.Record], qm.ExtendedPointId | None]:
        return self._retried(
            "scroll",
            lambda: self._client.scroll(
                self._collection, limit=_READ_BATCH, offset=offset, with_payload=False, with_vectors=False
            ),
        )

    def _check_stored(self, ids: Sequence[str]) -> None:
        missing = sorted(set(ids) - set(self.read_fingerprints(ids)))
        if missing:
            raise Broken(f"{len(missing)} points are not stored, write them whole: {missing[:5]!r}", platform="store")

    def _written(self, doing: str, items: Sequence[P], write: Callable[[Sequence[P]], None]) -> None:
        for part in batches(items, self._batch):
            self._halving(doing, part, write)

    def _halving(self, doing: str, part: Sequence[P], write: Callable[[Sequence[P]], None]) -> None:
        try:
            self._retried(doing, lambda: write(part), is_single=len(part) == 1)
        except ShrinkBatch:
            middle = len(part) // 2
            self._halving(doing, part[:middle], write)
            self._halving(doing, part[middle:], write)
        except Broken as error:
            raise Broken(
                f"{error} (batch: {[_id_of(item) for item in part]!r})", platform="store", status=error.status
            ) from error

    def _retried(self, doing: str, call: Callable[[], T], *, is_single: bool = True) -> T:
        """Call, and call again while it fails in passing. What cannot be halved (``is_single``) is tried again too."""

        def once() -> T:
            try:
                with server_errors(doing):
                    return call()
            except ShrinkBatch as error:
                if not is_single:
                    raise
                raise _unshrinkable(error) from error

        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(_ATTEMPTS),
            wait=_pause_s,
            retry=tenacity.retry_if_exception(_is_passing),
            sleep=self._sleep,
            reraise=True,
        )
        return retrying(once)


def _unshrinkable(error: ShrinkBatch) -> Broken | Transient:
    if error.status == 413:
        return Broken(f"{error}; a single point cannot be halved: raise the server's body limit", platform="store")
    return Transient(str(error), platform="store")


def _is_passing(error: BaseException) -> bool:
    return isinstance(error, RetryLater) and (error.wait_s or 0.0) <= _MAX_STATED_WAIT_S


def _pause_s(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, Throttled) and error.wait_s is not None:
        return error.wait_s
    return min(_MAX_PAUSE_S, 0.5 * 2.0 ** (state.attempt_number - 1))


def _check_done(result: qm.UpdateResult) -> None:
    if result.status is not qm.UpdateStatus.COMPLETED:
        raise Transient(
            f"the server has not finished a write ({result.status.value}): write it again", platform="store"
        )


def _plain(point: Point) -> dict[str, qm.Vector]:
    return {name: list(vector) for name, vector in point.vectors.items()}


def _id_of(item: object) -> str:
    return item.title_id if isinstance(item, Point) else str(item)


def _hits(answer: qm.QueryResponse) -> list[Hit]:
    return [Hit(str(row.id), float(row.score), dict(row.payload or {})) for row in answer.points]
