"""Writing points: of each only what does not stand in the store as it should.

What stands is what the store once acknowledged and still says of itself. Where ledger and store agree on it, the
vectors whose fingerprints changed are written, those of absent fields taken off, and the payload replaced; where they
do not, the point is written whole.

Promises: that a point is about to be written is noted before, that it stands after. A point whose write nobody
acknowledged is written whole, whatever it holds by then.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.ledger.vectors import LoadedPoint, VectorBook
from pipeline.store.port import Point, VectorStore

__all__ = ["Written", "write_changed"]


@dataclass(frozen=True, slots=True)
class Written:
    """How many points were written, and how many vectors in them."""

    points: int = 0
    vectors: int = 0


@dataclass(frozen=True, slots=True)
class _Work:
    """What has to be done in the store: whole points, changed parts of others, and vectors to be taken off."""

    whole: list[Point]
    changed: list[Point]
    gone: dict[tuple[str, ...], list[str]]


def write_changed(
    points: Sequence[tuple[Point, LoadedPoint]], *, book: VectorBook, store: VectorStore, on_step: Callable[[str], None]
) -> Written:
    """Bring some points into the store; those that stand as they should are left alone.

    Each comes with what the ledger is to say of it afterwards.
    """
    last = book.loaded([point.title_id for point, _ in points])
    due = [(point, done) for point, done in points if not _stands(done, last.get(point.title_id))]
    if not due:
        return Written()
    work = _plan(due, _agreed([point.title_id for point, _ in due], last, store))
    on_step("intend:load")
    book.intend([done for _, done in due])
    on_step("load")
    _apply(work, store)
    on_step("acknowledge")
    book.acknowledge([done for _, done in due])
    return Written(len(due), sum(len(point.vectors) for point in (*work.whole, *work.changed)))


def _stands(point: LoadedPoint, last: LoadedPoint | None) -> bool:
    return last is not None and (last.collection, last.key) == (point.collection, point.key)


def _agreed(
    title_ids: Sequence[str], last: Mapping[str, LoadedPoint], store: VectorStore
) -> dict[str, Mapping[str, str]]:
    """The fingerprints of points of which ledger and store say the same."""
    known = {t: last[t] for t in title_ids if t in last and last[t].is_acknowledged}
    mine = {t: point for t, point in known.items() if point.collection == store.collection_id}
    said = store.read_fingerprints(mine) if mine else {}
    return {t: said[t] for t, point in mine.items() if t in said and dict(said[t]) == dict(point.fingerprints)}


def _plan(due: Sequence[tuple[Point, LoadedPoint]], stored: Mapping[str, Mapping[str, str]]) -> _Work:
    work = _Work([], [], {})
    for point, done in due:
        before = stored.get(point.title_id)
        if before is None:
            work.whole.append(point)
            continue
        vectors = {n: vector for n, vector in point.vectors.items() if before.get(n) != done.fingerprints[n]}
        work.changed.append(replace(point, vectors=vectors))
        gone = tuple(sorted(before.keys() - done.fingerprints.keys()))
        if gone:
            work.gone.setdefault(gone, []).append(point.title_id)
    return work


def _apply(work: _Work, store: VectorStore) -> None:
    if work.whole:
        store.write_points(work.whole)
    for names, title_ids in work.gone.items():
        store.delete_vectors(title_ids, names)
    if work.changed:
        store.update_vectors(work.changed)
