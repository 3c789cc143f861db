"""Claims among processes, and the results of steps."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipeline.ledger import Ledger
from pipeline.ledger.database import Database
from pipeline.ledger.tables import STEPS
from pipeline.ledger.work import SILENT_S, Claims, StepResult, Worker
from tests.ledger.conftest import Clock, Engine

TITLES = [f"t{n:03}" for n in range(500)]


def other_host(ledger: Ledger, clock: Clock, owner: str = "them") -> Claims:
    """Claims of a worker on another machine whose process id happens to be ours."""
    return Claims(ledger.database, Worker(owner, "another-host", os.getpid(), ""), clock)


def test_a_claim_is_ours_until_we_give_it_back(ledger: Ledger, clock: Clock) -> None:
    """Taken twice it is still ours; others get what is free, in the order asked."""
    theirs = other_host(ledger, clock)
    assert ledger.claims.take(["b", "a"]) == ["b", "a"]
    assert ledger.claims.take(["a", "c"]) == ["a", "c"]
    assert theirs.take(["d", "a", "c", "e"]) == ["d", "e"]
    theirs.release(["a"])
    assert theirs.take(["a"]) == []
    ledger.claims.release(["a"])
    assert theirs.take(["a", "b"]) == ["a"]
    ledger.claims.leave()
    assert theirs.take(["a", "b", "c"]) == ["a", "b", "c"]
    assert ledger.claims.others() == [("another-host", os.getpid(), 5)]
    assert theirs.others() == []


def test_a_silent_worker_of_another_host_is_taken_over_after_its_time(ledger: Ledger, clock: Clock) -> None:
    """Not a moment before; a beat makes it live on."""
    theirs = other_host(ledger, clock)
    theirs.take(["a"])
    clock.wait(SILENT_S - 1)
    assert ledger.claims.take(["a"]) == []
    theirs.beat()
    clock.wait(SILENT_S - 1)
    assert ledger.claims.take(["a"]) == []
    clock.wait(1)
    assert ledger.claims.others() == []
    assert ledger.claims.take(["a"]) == ["a"]
    assert theirs.take(["a"]) == []


def _hold(url: str, titles: list[str], ready: "multiprocessing.connection.Connection") -> None:
    claims = Claims(Database(url), Worker.this(), time.time)
    ready.send(claims.take(titles))
    time.sleep(600)


def test_a_killed_process_of_this_machine_is_taken_over_at_once(
    engine: Engine, open_ledger: Callable[[str], Ledger]
) -> None:
    """While it lives nothing is taken, though its clock and ours differ; dead but unburied, it holds nothing."""
    url = engine.fresh()
    ledger = open_ledger(url)
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    child = context.Process(target=_hold, args=(url, ["a", "b"], there))
    child.start()
    try:
        assert here.poll(30)
        assert here.recv() == ["a", "b"]
        assert ledger.claims.take(["a", "c"]) == ["c"]
        assert [(pid, count) for _, pid, count in ledger.claims.others()] == [(child.pid, 2)]
        os.kill(child.pid or 0, signal.SIGKILL)
        os.waitid(os.P_PID, child.pid or 0, os.WEXITED | os.WNOWAIT)  # dead, and still a zombie of ours
        assert ledger.claims.others() == []
        assert ledger.claims.take(["a", "b"]) == ["a", "b"]
    finally:
        child.kill()
        child.join()


def test_a_process_id_used_again_is_not_the_dead_worker(ledger: Ledger, clock: Clock) -> None:
    """Our own process id with another start time."""
    ghost = replace(Worker.this(), owner="ghost", process="12345")
    Claims(ledger.database, ghost, clock).take(["a"])
    assert ledger.claims.take(["a"]) == ["a"]


def test_a_second_worker_of_this_process_is_respected(ledger: Ledger, clock: Clock) -> None:
    """Two runs in one process are two workers."""
    twin = Claims(ledger.database, Worker.this(), clock)
    assert twin.take(["a"]) == ["a"]
    assert ledger.claims.take(["a", "b"]) == ["b"]


@pytest.mark.skipif(sys.platform != "linux", reason="process start times are read from /proc")
def test_a_process_that_is_gone_is_not_running(ledger: Ledger, clock: Clock) -> None:
    """A child that ended and was buried."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    gone = Worker("gone", Worker.this().host, child.pid, "1")
    Claims(ledger.database, gone, clock).take(["a"])
    assert ledger.claims.take(["a"]) == ["a"]


def _race(url: str, start: str, order: int) -> tuple[list[str], list[str]]:
    """Claim the same titles in small bites, as fast as can be, from both ends."""
    claims = Claims(Database(url), Worker.this(), time.time)
    Path(start, str(order)).touch()
    while len(list(Path(start).iterdir())) < 2:
        time.sleep(0.001)
    titles = TITLES[::order]
    mine = [t for n in range(0, 500, 10) for t in claims.take(titles[n : n + 10])]
    return mine, claims.take(TITLES)


def test_two_processes_that_claim_the_same_titles_share_them(engine: Engine, tmp_path: Path) -> None:
    """Every title is claimed by exactly one, and both stand by it."""
    url = engine.fresh()
    Database(url).close()
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        start = tmp_path / "start"
        start.mkdir()
        (first, first_held), (second, second_held) = pool.starmap(
            _race, [(url, str(start), 1), (url, str(start), -1)], chunksize=1
        )
    assert set(first) | set(second) == set(TITLES)
    assert not set(first) & set(second)
    assert sorted(first_held) == sorted(first)
    assert sorted(second_held) == sorted(second)


def _take_whole(url: str, start: str, order: int) -> list[list[str]]:
    claims = Claims(Database(url), Worker.this(), time.time)
    Path(start, str(order)).touch()
    while len(list(Path(start).iterdir())) < 2:
        pass
    return [claims.take([f"{n}:{t}" for t in TITLES]) for n in range(8)]


def test_of_two_processes_that_claim_everything_at_once_one_gets_it(engine: Engine, tmp_path: Path) -> None:
    """Looking and taking are one act: eight times five hundred titles, each whole to one of the two."""
    url = engine.fresh()
    Database(url).close()
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        start = tmp_path / "start"
        start.mkdir()
        first, second = pool.starmap(_take_whole, [(url, str(start), 1), (url, str(start), 2)], chunksize=1)
    for mine, theirs in zip(first, second, strict=True):
        assert sorted((len(mine), len(theirs))) == [0, 500]


def done(title_id: str, key: str, body: bytes | None = b"made", note: str = "", cpu_s: float = 0.5) -> StepResult:
    return StepResult(title_id, "align", key, body, note, cpu_s)


def test_a_result_stands_under_its_key_only(ledger: Ledger) -> None:
    """Another key, another step, another title: not done."""
    ledger.steps.settle([done("t", "k", b"made"), done("u", "k", b"")])
    assert ledger.steps.find("align", {"t": "k", "u": "k", "v": "k"}) == {
        "t": StepResult("t", "align", "k", b"made"),
        "u": StepResult("u", "align", "k", b""),
    }
    assert ledger.steps.find("align", {"t": "other"}) == {}
    assert ledger.steps.find("convert", {"t": "k"}) == {}
    ledger.steps.settle([done("t", "other", b"newer")])
    assert ledger.steps.find("align", {"t": "k"}) == {}
    assert ledger.steps.find("align", {"t": "other"})["t"].body == b"newer"


def test_an_intent_and_a_failure_are_no_results(ledger: Ledger) -> None:
    """A step that was begun, and one that failed, are done again; the failure says why."""
    ledger.steps.settle([done("t", "k")])
    ledger.steps.intend("align", {"t": "k2", "u": "k"})
    ledger.steps.intend("align", {})
    assert ledger.steps.find("align", {"t": "k", "u": "k"}) == {}
    assert ledger.steps.find("align", {"t": "k2"}) == {}
    ledger.steps.settle([done("t", "k2", None, "no id"), done("u", "k", None, "broken")])
    ledger.steps.settle([])
    assert ledger.steps.find("align", {"t": "k2", "u": "k"}) == {}
    assert ledger.steps.failures() == [("t", "align", "no id"), ("u", "align", "broken")]
    assert ledger.steps.failures(limit=1) == [("t", "align", "no id")]


def test_a_settled_step_keeps_the_time_it_was_intended(ledger: Ledger, clock: Clock) -> None:
    """And has the time it ended."""
    began = clock.time
    ledger.steps.intend("align", {"t": "k"})
    clock.wait(7)
    ledger.steps.settle([done("t", "k")])
    with ledger.database.read() as c:
        assert c.execute(sa.select(STEPS.c.started_at, STEPS.c.finished_at)).one() == (began, began + 7)


@pytest.mark.parametrize("torn", [b"", b"cut", None])
def test_a_torn_body_counts_as_not_there(ledger: Ledger, torn: bytes | None) -> None:
    """Whether it cannot be unpacked or is another's."""
    ledger.steps.settle([done("t", "k"), done("u", "k", b"another's")])
    with ledger.database.write() as c:
        body = c.execute(sa.select(STEPS.c.body).where(STEPS.c.title_id == "u")).scalar() if torn is None else torn
        c.execute(sa.update(STEPS).where(STEPS.c.title_id == "t").values(body=body))
    assert list(ledger.steps.find("align", {"t": "k", "u": "k"})) == ["u"]


def test_cpu_is_summed_by_step(ledger: Ledger) -> None:
    """Over the last results; an intent has used none."""
    ledger.steps.settle([done("t", "k"), done("u", "k", None, cpu_s=0.25), StepResult("t", "convert", "k", b"", "", 2)])
    ledger.steps.intend("align", {"v": "k"})
    assert ledger.steps.cpu_by_step() == {"align": (3, 0.75), "convert": (1, 2.0)}


def test_many_titles_at_once(ledger: Ledger) -> None:
    """More than one statement takes."""
    titles = [f"t{n}" for n in range(1100)]
    assert ledger.claims.take(titles) == titles
    ledger.steps.settle([done(t, "k") for t in titles])
    assert len(ledger.steps.find("align", dict.fromkeys(titles, "k"))) == 1100
    ledger.claims.release(titles)
    ledger.claims.leave()
    assert ledger.claims.others() == []
