"""The vector cache and the acknowledged points; the log of runs."""

import numpy as np
import pytest
import sqlalchemy as sa
from numpy.typing import NDArray

from pipeline.ledger import Ledger
from pipeline.ledger.runs import Run
from pipeline.ledger.tables import VECTORS
from pipeline.ledger.vectors import LoadedPoint
from tests.ledger.conftest import Clock


def vector(seed: int, size: int = 1024) -> NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal(size).astype(np.float32)


ODD = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, np.finfo(np.float32).tiny / 8, 1 / 3], dtype=np.float32)


@pytest.mark.parametrize("given", [vector(1), ODD, vector(2, 4)[::2], np.zeros(0, np.float32)])
def test_a_vector_comes_back_to_the_bit(ledger: Ledger, given: NDArray[np.float32]) -> None:
    """Also infinities, subnormal numbers, the sign of zero, and a view with gaps."""
    ledger.vectors.save({"f": given}, model="m")
    found = ledger.vectors.find(["f", "g"])
    assert list(found) == ["f"]
    assert found["f"].dtype == np.float32
    assert found["f"].tobytes() == np.ascontiguousarray(given).tobytes()


def test_what_cannot_be_had_is_known_but_not_found(ledger: Ledger) -> None:
    """So nobody asks again; the rest is unknown."""
    ledger.vectors.save({"f": vector(1)}, model="m")
    ledger.vectors.save_absent(["gone"], model="m")
    ledger.vectors.save({}, model="m")
    ledger.vectors.save_absent([], model="m")
    assert ledger.vectors.known(["f", "gone", "new"]) == {"f", "gone"}
    assert list(ledger.vectors.find(["f", "gone", "new"])) == ["f"]


def test_a_picture_that_can_be_had_after_all_gets_its_vector(ledger: Ledger) -> None:
    """The mark gives way."""
    ledger.vectors.save_absent(["f"], model="m")
    ledger.vectors.save({"f": vector(1)}, model="m")
    assert list(ledger.vectors.find(["f"])) == ["f"]


@pytest.mark.parametrize("tear", [lambda b: b[:-2], lambda b: b[:60] + bytes([b[60] ^ 1]) + b[61:], lambda _: b"?"])
def test_a_torn_vector_is_not_known_and_made_again(ledger: Ledger, tear: object) -> None:
    """Cut, with one bit changed, or something else: it neither comes back nor keeps anybody from making it."""
    ledger.vectors.save({"f": vector(1)}, model="m")
    with ledger.database.write() as c:
        body = c.execute(sa.select(VECTORS.c.body)).scalar_one()
        c.execute(sa.update(VECTORS).values(body=tear(body)))  # type: ignore[operator]  # a lambda, see above
    assert ledger.vectors.find(["f"]) == {}
    assert ledger.vectors.known(["f"]) == set()
    ledger.vectors.save({"f": vector(1)}, model="m")
    assert ledger.vectors.find(["f"])["f"].tobytes() == vector(1).tobytes()


def test_points_are_kept_as_acknowledged(ledger: Ledger) -> None:
    """The last acknowledgement counts; a forgotten point is not loaded."""
    one = LoadedPoint("t", "here", "k1", {"title_vector": "f1", "image_vector": "f2"})
    ledger.vectors.acknowledge([one, LoadedPoint("u", "here", "k", {})])
    ledger.vectors.acknowledge([])
    assert ledger.vectors.loaded(["t", "u", "v"]) == {"t": one, "u": LoadedPoint("u", "here", "k", {})}
    newer = LoadedPoint("t", "there", "k2", {"title_vector": "f3"})
    ledger.vectors.acknowledge([newer])
    ledger.vectors.forget(["u", "v"])
    assert ledger.vectors.loaded(["t", "u"]) == {"t": newer}
    ledger.vectors.save({"f": vector(1)}, model="m")
    assert ledger.vectors.counts() == (1, 1)


def test_of_a_point_that_is_about_to_be_written_nobody_knows_what_it_holds(ledger: Ledger) -> None:
    """Neither as it was nor as it will be, until it is acknowledged; that it is somewhere stays known."""
    old, new = LoadedPoint("t", "here", "k1", {"title": "f1"}), LoadedPoint("t", "here", "k2", {"title": "f2"})
    ledger.vectors.acknowledge([old])
    assert old.is_acknowledged
    ledger.vectors.intend([new])
    between = ledger.vectors.loaded(["t"])["t"]
    assert (between.is_acknowledged, between.collection, between.fingerprints) == (False, "here", {})
    assert ledger.vectors.counts() == (0, 0)
    ledger.vectors.acknowledge([new])
    assert ledger.vectors.loaded(["t"]) == {"t": new}


def test_many_vectors_at_once(ledger: Ledger) -> None:
    """More than one statement takes."""
    many = {f"f{n}": vector(n, 2) for n in range(1100)}
    ledger.vectors.save(many, model="m")
    found = ledger.vectors.find(list(many))
    assert all(found[f].tobytes() == many[f].tobytes() for f in many)
    ledger.vectors.acknowledge([LoadedPoint(f, "c", "k", {}) for f in many])
    assert len(ledger.vectors.loaded(list(many))) == 1100
    ledger.vectors.forget(list(many))
    assert ledger.vectors.counts() == (0, 1100)


def test_runs_are_logged_newest_first(ledger: Ledger, clock: Clock) -> None:
    """One that was killed has no end."""
    ledger.runs.start("a", "run")
    clock.wait(5)
    ledger.runs.finish("a", {"done": 3, "why": {"x": [1, None]}})
    clock.wait(5)
    ledger.runs.start("b", "refresh")
    assert ledger.runs.latest() == [
        Run("b", "refresh", clock.time, None, {}),
        Run("a", "run", clock.time - 10, clock.time - 5, {"done": 3, "why": {"x": [1, None]}}),
    ]
    assert [run.run_id for run in ledger.runs.latest(1)] == ["b"]
