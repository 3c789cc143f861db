"""Both engines behind one port, and points that are easy to tell apart."""

import os
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from qdrant_client import QdrantClient

from pipeline.store import Point, VectorSpec, VectorStore
from pipeline.store.edge import EdgeVectorStore
from pipeline.store.server import ServerVectorStore

SPECS = {"title": VectorSpec(4, "model-a@1"), "synopsis": VectorSpec(4, "model-a@1"), "cover": VectorSpec(3, "eye@2")}
AXES = ([1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.6, 0.8, 0.0, 0.0])


def title_id(number: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"anime:{number}"))


def point(number: int, **vectors: list[float]) -> Point:
    """Point ``number``; its fingerprints say which of its vectors were written."""
    given = vectors or {"title": AXES[number % 4], "synopsis": AXES[(number + 1) % 4]}
    return Point(
        title_id(number),
        given,
        {
            "title": f"Title {number}",
            "year": 2000 + number,
            "flags": ["nsfw" if number % 2 == 0 else "sfw"],
            "genres": ["Drama"] if number % 3 else ["Drama", "Comedy"],
            "season": None,
            "fingerprints": {name: f"{name}-{number}" for name in given},
        },
    )


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: making a collection syncs hundreds of files."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


@pytest.fixture(params=["edge", "server"])
def open_again(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], VectorStore]:
    """Opens the same collection anew, on either engine."""
    if request.param == "edge":
        return lambda: EdgeVectorStore(tmp_path / "qdrant", SPECS, batch=3)
    client = QdrantClient(":memory:")
    client.close = lambda *_, **__: None  # type: ignore[method-assign]  # else closing would forget everything
    return lambda: ServerVectorStore(client, "anime", SPECS, batch=3)


@pytest.fixture
def store(open_again: Callable[[], VectorStore]) -> Iterator[VectorStore]:
    """An open, empty store."""
    opened = open_again()
    opened.ensure_schema()
    yield opened
    opened.close()
