"""Vectors by fingerprint, and what stands in the store."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import orjson
import sqlalchemy as sa
from numpy.typing import NDArray

from pipeline.domain.canonical import Digest
from pipeline.ledger.database import Database, chunks
from pipeline.ledger.packing import pack, unpack
from pipeline.ledger.tables import POINTS, VECTORS

__all__ = ["LoadedPoint", "VectorBook"]

_ABSENT = b""
_UNKNOWN = ""


@dataclass(frozen=True, slots=True)
class LoadedPoint:
    """A point of the store: in which collection, under which key, with which fingerprints.

    One that was about to be written, and of which nobody knows whether it was, has no key.
    """

    title_id: str
    collection: str
    key: Digest
    fingerprints: Mapping[str, Digest]

    @property
    def is_acknowledged(self) -> bool:
        """Whether the store said that it stands so."""
        return self.key != _UNKNOWN


class VectorBook:
    """The vector cache and the acknowledged points."""

    def __init__(self, db: Database, now: Callable[[], float]) -> None:
        self._db = db
        self._now = now

    def find(self, fingerprints: Sequence[Digest]) -> dict[Digest, NDArray[np.float32]]:
        """Cached vectors by fingerprint. A torn one counts as not there, so it is made again."""
        return {f: vector for f, vector in self._settled(fingerprints) if vector is not None}

    def known(self, fingerprints: Sequence[Digest]) -> set[Digest]:
        """Which fingerprints are settled: a vector is cached, or it is known that none can be had."""
        return {fingerprint for fingerprint, _ in self._settled(fingerprints)}

    def _settled(self, fingerprints: Sequence[Digest]) -> Iterator[tuple[Digest, NDArray[np.float32] | None]]:
        with self._db.read() as c:
            for chunk in chunks(fingerprints):
                query = sa.select(VECTORS.c.fingerprint, VECTORS.c.body).where(VECTORS.c.fingerprint.in_(chunk))
                for fingerprint, body in c.execute(query):
                    if body == _ABSENT:
                        yield fingerprint, None
                    elif (content := unpack(body)) is not None:
                        yield fingerprint, np.frombuffer(content, dtype="<f4")

    def save(self, vectors: Mapping[Digest, NDArray[np.float32]], *, model: str) -> None:
        """Keep vectors under their fingerprints."""
        self._keep(
            {f: pack(np.ascontiguousarray(v, dtype="<f4").tobytes(), level=1) for f, v in vectors.items()}, model
        )

    def save_absent(self, fingerprints: Sequence[Digest], *, model: str) -> None:
        """Remember that no vector can be had (a picture that is gone or broken), so that nobody asks again."""
        self._keep(dict.fromkeys(fingerprints, _ABSENT), model)

    def _keep(self, bodies: Mapping[Digest, bytes], model: str) -> None:
        rows = [{"fingerprint": f, "model": model, "body": body} for f, body in bodies.items()]
        if rows:
            with self._db.write() as c:
                c.execute(self._db.upsert(VECTORS), rows)

    def loaded(self, title_ids: Sequence[str]) -> dict[str, LoadedPoint]:
        """What the store acknowledged or was about to be given, by title."""
        found: dict[str, LoadedPoint] = {}
        with self._db.read() as c:
            for chunk in chunks(title_ids):
                query = sa.select(POINTS).where(POINTS.c.title_id.in_(chunk))
                for row in c.execute(query).mappings():
                    found[row["title_id"]] = LoadedPoint(
                        row["title_id"], row["collection"], row["key"], orjson.loads(row["fingerprints"])
                    )
        return found

    def intend(self, points: Sequence[LoadedPoint]) -> None:
        """Note that these points are about to be written: until that is acknowledged nobody knows what they hold."""
        self.acknowledge([replace(point, key=_UNKNOWN, fingerprints={}) for point in points])

    def acknowledge(self, points: Sequence[LoadedPoint]) -> None:
        """Note that the store has these points."""
        rows = [
            {"title_id": p.title_id, "collection": p.collection, "key": p.key,
             "fingerprints": orjson.dumps(dict(p.fingerprints), option=orjson.OPT_SORT_KEYS).decode(),
             "loaded_at": self._now()}
            for p in points
        ]  # fmt: skip
        if rows:
            with self._db.write() as c:
                c.execute(self._db.upsert(POINTS), rows)

    def forget(self, title_ids: Sequence[str]) -> None:
        """Note that the store no longer has these points."""
        with self._db.write() as c:
            for chunk in chunks(title_ids):
                c.execute(sa.delete(POINTS).where(POINTS.c.title_id.in_(chunk)))

    def counts(self) -> tuple[int, int]:
        """``(points acknowledged, vectors cached)``."""
        with self._db.read() as c:
            points = c.execute(sa.select(sa.func.count()).where(POINTS.c.key != _UNKNOWN)).scalar() or 0
            vectors = c.execute(sa.select(sa.func.count()).select_from(VECTORS)).scalar() or 0
        return points, vectors
