"""The embedded store: a Qdrant shard in a folder, no server (``qdrant-edge-py``).

One process at a time; threads of that process may share it. Never fork with it open: a child that touches it is
refused instead of hanging. Every write goes to the write-ahead log, which is on the disk before the call returns, so
neither a killed process nor a power cut loses what was acknowledged. The engine's own flush writes hundreds of files
and lets no other thread of Python run meanwhile, so it comes seldom; what it has not written is read from the log when
the store is opened.
"""

import os
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final

import qdrant_edge as qe

from pipeline.errors import Broken, Damaged, EnrichError, Misconfigured, one_line
from pipeline.store._batches import batches
from pipeline.store._check import check_ids, check_names, checked_points, checked_vector
from pipeline.store._edge_files import FolderLock, in_use, make_collection, read_collection, sync_log
from pipeline.store._edge_requests import edge_config, field_indexes, fused, nearest
from pipeline.store.identity import CollectionIdentity, VectorSpec, check_same
from pipeline.store.payload import PAYLOAD_INDEXES
from pipeline.store.port import Floats, Hit, Point, Where

__all__ = ["EdgeVectorStore"]

_READ_BATCH: Final = 256
_UNFLUSHED: Final = 64
"""Operations after which the engine flushes: of whole points a thousand, read from the log in about a second."""


class _EdgeErrors:
    """Maps what the engine raises: plain ``Exception`` (and ``ValueError``) with a text, nothing finer."""

    def __init__(self, folder: Path, doing: str) -> None:
        self._folder, self._doing = folder, doing

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if kind is Exception or kind is ValueError:
            raise self._mapped(str(error)) from error

    def _mapped(self, text: str) -> EnrichError:
        if "WouldBlock" in text:
            return in_use(self._folder, "another process")
        if "No space left" in text or self._doing == "open":
            return Damaged(
                f"the embedded store in {str(self._folder)!r} cannot {self._doing}: {one_line(text)}. "
                "What was written before is kept; free space or restore the folder from a backup"
            )
        return Broken(f"the embedded store refused to {self._doing}: {one_line(text)}", platform="store")


class EdgeVectorStore:
    """A :class:`~pipeline.store.port.VectorStore` in ``folder``.

    Opening takes the lock (``InUse``) and reads what is there (``Damaged``); :meth:`ensure_schema` makes or checks it.
    """

    def __init__(
        self,
        folder: Path,
        vectors: Mapping[str, VectorSpec],
        *,
        batch: int = 16,
        new_id: Callable[[], uuid.UUID] = uuid.uuid4,
    ) -> None:
        self._folder, self._vectors, self._batch, self._new_id = folder, dict(vectors), batch, new_id
        self._dimensions = {name: spec.dimensions for name, spec in vectors.items()}
        self._pid = os.getpid()
        self._shard: qe.EdgeShard | None = None
        self._unflushed = 0
        self._identity: CollectionIdentity | None = None
        self._lock = FolderLock(folder)

    @property
    def collection_id(self) -> str:
        """Made when the collection was made. Raises ``Misconfigured`` before :meth:`ensure_schema`."""
        if self._identity is None:
            raise Misconfigured(f"the store in {str(self._folder)!r} is not open: call ensure_schema() first")
        return self._identity.collection_id

    def ensure_schema(self) -> None:
        """Make the collection, or open it and compare its vectors and models with ours."""
        if self._shard is not None:
            return
        identity = read_collection(self._folder)
        if identity is None:
            identity = CollectionIdentity(str(self._new_id()), self._vectors)
            make_collection(self._folder, identity, self._make_shard)
        check_same(identity.vectors, self._vectors, f"the collection in {str(self._folder)!r}")
        with _EdgeErrors(self._folder, "open"):
            shard = qe.EdgeShard.load(str(self._folder / "data" / "shard"))
            if len(shard.info().payload_schema) < len(PAYLOAD_INDEXES):
                _make_indexes(shard)
        self._shard, self._identity = shard, identity

    def write_points(self, points: Sequence[Point]) -> None:
        """Write points whole."""
        checked = checked_points(points, self._dimensions)
        self._apply(
            "write points",
            (
                qe.UpdateOperation.upsert_points(
                    [qe.Point(id=p.title_id, vector=_plain(p.vectors), payload=dict(p.payload)) for p in part]
                )
                for part in batches(checked, self._batch)
            ),
        )

    def update_vectors(self, points: Sequence[Point]) -> None:
        """Replace the given vectors, then the payload."""
        checked = checked_points(points, self._dimensions)
        self._check_stored([point.title_id for point in checked])
        self._apply("update points", _updates(checked, self._batch))

    def delete_vectors(self, ids: Sequence[str], names: Sequence[str]) -> None:
        """Take vectors off points."""
        check_ids(ids)
        check_names(names, self._dimensions)
        stored = list(self.read_fingerprints(ids)) if names else []
        if stored:
            self._apply("delete vectors", [qe.UpdateOperation.delete_vectors(_ids(stored), list(names))])

    def delete_points(self, ids: Sequence[str]) -> None:
        """Remove points."""
        check_ids(ids)
        if ids:
            self._apply("delete points", [qe.UpdateOperation.delete_points(_ids(ids))])

    def read_fingerprints(self, ids: Iterable[str]) -> dict[str, dict[str, str]]:
        """Fingerprints by title and vector."""
        found: dict[str, dict[str, str]] = {}
        for part in batches(ids, _READ_BATCH):
            check_ids(part)
            with _EdgeErrors(self._folder, "read fingerprints"):
                rows = self._open().retrieve(_ids(part), ["fingerprints"], False)
            found |= {str(row.id): dict((row.payload or {}).get("fingerprints") or {}) for row in rows}
        return found

    def query(self, name: str, vector: Floats, limit: int, where: Sequence[Where] = ()) -> list[Hit]:
        """The nearest points by one vector."""
        return self._search(nearest(name, self._asked(name, vector), limit, where))

    def query_fused(self, vectors: Mapping[str, Floats], limit: int, where: Sequence[Where] = ()) -> list[Hit]:
        """The best points by several vectors."""
        return self._search(fused({n: self._asked(n, v) for n, v in vectors.items()}, limit, where))

    def count(self) -> int:
        """How many points there are."""
        with _EdgeErrors(self._folder, "count"):
            return self._open().count(qe.CountRequest(exact=True))

    def scroll_ids(self) -> Iterator[str]:
        """All ids."""
        offset: qe.PointId | None = None
        while True:
            with _EdgeErrors(self._folder, "scroll"):
                rows, offset = self._open().scroll(
                    qe.ScrollRequest(limit=_READ_BATCH, offset=offset, with_payload=False, with_vector=False)
                )
            yield from (str(row.id) for row in rows)
            if offset is None:
                return

    def optimize(self) -> None:
        """Build the graphs; the disk needs about twice the store's size meanwhile."""
        with _EdgeErrors(self._folder, "optimize"):
            self._open().optimize()

    def close(self) -> None:
        """Flush, close and let go of the folder."""
        if self._pid != os.getpid():
            return  # a forked child must touch neither shard nor lock: they are the parent's
        shard, self._shard = self._shard, None
        try:
            if shard is not None:
                with _EdgeErrors(self._folder, "close"):
                    shard.flush()
                    shard.close()
        finally:
            self._lock.release()

    def _make_shard(self, path: Path) -> None:
        with _EdgeErrors(self._folder, "create"):
            shard = qe.EdgeShard.create(str(path), edge_config(self._vectors))
            _make_indexes(shard)
            shard.close()

    def _open(self) -> qe.EdgeShard:
        if self._pid != os.getpid():
            raise in_use(self._folder, f"process {self._pid}, of which this one is a fork")
        if self._shard is None:
            raise Misconfigured(f"the store in {str(self._folder)!r} is not open: call ensure_schema() first")
        return self._shard

    def _apply(self, doing: str, operations: Iterable[qe.UpdateOperation]) -> None:
        shard = self._open()
        with _EdgeErrors(self._folder, doing):
            for operation in operations:
                shard.update(operation)
                self._unflushed += 1
            self._make_durable(shard)

    def _make_durable(self, shard: qe.EdgeShard) -> None:
        try:
            is_synced = sync_log(self._folder)
        except OSError as error:
            raise Damaged(
                f"the log of the embedded store in {str(self._folder)!r} cannot be written ({error.strerror}): "
                "check the disk and start again; what was acknowledged before is kept"
            ) from error
        if not is_synced or self._unflushed >= _UNFLUSHED:
            self._unflushed = 0
            shard.flush()

    def _search(self, request: qe.QueryRequest) -> list[Hit]:
        with _EdgeErrors(self._folder, "search"):
            rows = self._open().query(request)
        return [Hit(str(row.id), float(row.score), dict(row.payload or {})) for row in rows]

    def _asked(self, name: str, vector: Floats) -> list[float]:
        return checked_vector(name, vector, self._dimensions, "the query")

    def _check_stored(self, ids: Sequence[str]) -> None:
        missing = sorted(set(ids) - set(self.read_fingerprints(ids)))
        if missing:
            raise Broken(f"{len(missing)} points are not stored, write them whole: {missing[:5]!r}", platform="store")


def _make_indexes(shard: qe.EdgeShard) -> None:
    for operation in field_indexes():
        shard.update(operation)
    shard.flush()


def _updates(points: Sequence[Point], batch: int) -> Iterator[qe.UpdateOperation]:
    """Vectors before payloads: until the new fingerprints stand, the update counts as not done."""
    for part in batches((point for point in points if point.vectors), batch):
        yield qe.UpdateOperation.update_vectors(
            [qe.PointVectors(id=p.title_id, vector=_plain(p.vectors)) for p in part]
        )
    for point in points:
        yield qe.UpdateOperation.overwrite_payload([point.title_id], dict(point.payload))


def _plain(vectors: Mapping[str, Floats]) -> "dict[str, qe.NamedVector]":
    return {name: list(vector) for name, vector in vectors.items()}


def _ids(ids: Sequence[str]) -> "list[qe.PointId]":
    return list(ids)
