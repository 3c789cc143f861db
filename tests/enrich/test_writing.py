"""What is written of a point that changed, in the ledger and in both engines, and of one nobody acknowledged."""

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from qdrant_client import QdrantClient

from pipeline.enrich.writing import Written, write_changed
from pipeline.ledger import Ledger
from pipeline.ledger.vectors import LoadedPoint
from pipeline.store import Hit, Point, VectorSpec, VectorStore
from pipeline.store.edge import EdgeVectorStore
from pipeline.store.server import ServerVectorStore

from .rehearsing import quick_folder

SPECS = {name: VectorSpec(4, "model@1") for name in ("title", "synopsis", "cover")}
FIRST = {"title": 0, "synopsis": 1}
"""Of each vector which axis it points along; its fingerprint says so."""


class Stop(BaseException):
    """A process that ends in the middle."""


class Place:
    """A ledger, a store and a title of it; what was told of every step."""

    def __init__(self, ledger: Ledger, store: VectorStore) -> None:
        self.ledger, self.store, self.title_id = ledger, store, str(uuid.uuid4())
        self.steps: list[str] = []
        self.stop_at = ""

    def on_step(self, name: str) -> None:
        self.steps.append(name)
        if name == self.stop_at:
            raise Stop

    def write(self, axes: Mapping[str, int], score: float = 1.0) -> Written:
        """Bring the title's point into the store."""
        fingerprints = {name: f"{name} along {axis}" for name, axis in axes.items()}
        payload = {"score": score, "fingerprints": fingerprints}
        vectors = {name: np.eye(4, dtype=np.float32)[axis] for name, axis in axes.items()}
        done = LoadedPoint(self.title_id, self.store.collection_id, f"{axes} {score}", fingerprints)
        given = [(Point(self.title_id, vectors, payload), done)]
        return write_changed(given, book=self.ledger.vectors, store=self.store, on_step=self.on_step)

    def holds(self, axes: Mapping[str, int], score: float = 1.0) -> bool:
        """Whether the point has just these vectors and this score, and the ledger says so."""
        along = {name: self._axis(name) for name in SPECS}
        payload = next(hit.payload for hit in self._near(next(iter(axes)), 0) if hit.title_id == self.title_id)
        said = self.store.read_fingerprints([self.title_id])[self.title_id]
        book = self.ledger.vectors.loaded([self.title_id])[self.title_id]
        assert payload["fingerprints"] == said == book.fingerprints
        return along == {name: axes.get(name) for name in SPECS} and payload["score"] == score

    def _axis(self, name: str) -> int | None:
        """Along which axis the vector lies; ``None`` where there is none."""
        scores = [{hit.title_id: hit.score for hit in self._near(name, axis)} for axis in range(4)]
        if self.title_id not in scores[0]:
            return None
        return max(range(4), key=lambda axis: scores[axis][self.title_id])

    def _near(self, name: str, axis: int) -> list[Hit]:
        return self.store.query(name, np.eye(4)[axis], 100)


@pytest.fixture(scope="module", params=["edge", "server"])
def store(request: pytest.FixtureRequest) -> Iterator[VectorStore]:
    """An open store; every test has a title of its own in it."""
    with quick_folder() as folder:
        made: VectorStore = (
            EdgeVectorStore(folder / "qdrant", SPECS)
            if request.param == "edge"
            else ServerVectorStore(QdrantClient(":memory:"), "anime", SPECS)
        )
        made.ensure_schema()
        yield made
        made.close()


@pytest.fixture
def place(store: VectorStore, tmp_path: Path) -> Iterator[Place]:
    """The title stands in the store, as does another."""
    with closing(
        Ledger(f"sqlite:///{tmp_path / 'ledger.sqlite3'}", str(tmp_path / "blobs"), now=lambda: 1.0)
    ) as ledger:
        other, place = Place(ledger, store), Place(ledger, store)
        other.write(FIRST)
        assert place.write(FIRST) == Written(1, 2)
        assert place.steps == ["intend:load", "load", "acknowledge"]
        place.steps.clear()
        yield place
        assert other.holds(FIRST)


def test_a_point_that_stands_is_left_alone(place: Place) -> None:
    """Nothing is told, noted or written."""
    assert place.write(FIRST) == Written(0, 0)
    assert place.steps == []


@pytest.mark.parametrize(
    ("axes", "vectors"),
    [
        (FIRST, 0),
        ({"title": 2, "synopsis": 1}, 1),
        ({"title": 0, "synopsis": 1, "cover": 3}, 1),
        ({"synopsis": 1}, 0),
        ({"synopsis": 3, "cover": 0}, 2),
    ],
)
def test_only_what_changed_is_written(place: Place, axes: Mapping[str, int], vectors: int) -> None:
    """A new score writes no vector, a new text one; a field that became absent loses its own; all else stays."""
    assert place.write(axes, score=2.0) == Written(1, vectors)
    assert place.holds(axes, score=2.0)
    assert place.write(axes, score=2.0) == Written(0, 0)


@pytest.mark.parametrize("stop_at", ["load", "acknowledge"])
def test_what_nobody_acknowledged_is_written_whole(place: Place, stop_at: str) -> None:
    """Also when by then it is to be what it was at first, as the ledger once said it is."""
    place.stop_at = stop_at
    with pytest.raises(Stop):
        place.write({"title": 3, "synopsis": 1}, score=2.0)
    assert place.ledger.vectors.counts()[0] == 1, "of the other title alone it is known what stands"
    place.stop_at = ""
    assert place.write(FIRST) == Written(1, 2)
    assert place.holds(FIRST)


def test_a_point_that_had_no_vector_and_may_have_one_is_written_whole(place: Place) -> None:
    """Killed between the vector and the payload that names it."""
    place.write({})
    assert place.write({}, score=2.0) == Written(1, 0)
    place.ledger.vectors.intend(list(place.ledger.vectors.loaded([place.title_id]).values()))
    place.store.update_vectors([Point(place.title_id, {"title": np.eye(4)[0]}, {"score": 2.0, "fingerprints": {}})])
    assert place.write({}, score=2.0) == Written(1, 0)
    assert place.title_id not in [hit.title_id for hit in place.store.query("title", np.eye(4)[0], 100)]


def _restored(place: Place) -> None:
    """The store's files are those of an earlier moment, in the middle of a write; the ledger's are not."""
    said = {"title": "title along 3", "synopsis": "synopsis along 1"}
    vectors = {"title": np.eye(4)[3], "synopsis": np.eye(4)[2]}
    place.store.write_points([Point(place.title_id, vectors, {"score": 0.0, "fingerprints": said})])


def _deleted(place: Place) -> None:
    place.store.delete_points([place.title_id])


def _elsewhere(place: Place) -> None:
    """The ledger speaks of another collection."""
    book = place.ledger.vectors
    book.acknowledge([replace(book.loaded([place.title_id])[place.title_id], collection="another")])


@pytest.mark.parametrize("happen", [_restored, _deleted, _elsewhere])
def test_where_ledger_and_store_differ_the_point_is_written_whole(
    place: Place, happen: Callable[[Place], None]
) -> None:
    """A vector that is missing or another's is not taken for the one the ledger knows."""
    happen(place)
    assert place.write(FIRST, score=2.0) == Written(1, 2)
    assert place.holds(FIRST, score=2.0)
