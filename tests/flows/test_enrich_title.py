"""The flow of one title: what it shows, how it ends, that it does nothing twice, and what a kill leaves of it.

All that needs a server is here: it takes ten seconds to start, and a file is tested in one process.
"""

import gc
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client
from prefect.exceptions import PrefectHTTPStatusError
from prefect.utilities.callables import parameter_schema

from flows.enrich_title import enrich_title
from pipeline.cli.workplace import find_titles, ledger_of, load_settings, sync_if_named
from pipeline.domain.names import Outcome, Platform
from pipeline.enrich.opening import open_ledger
from pipeline.errors import BadInput
from pipeline.practice.faults import Fault, FaultKind
from pipeline.store._edge_files import FolderLock

from ..enrich.rehearsing import FILM, Platforms, points_of  # noqa: TID252  # tests are folders, not an installed package
from .conftest import environment
from .operating import Shown, end_of, operate

ROOT = Path(__file__).resolve().parent.parent.parent
FILM_ID = "mal:900002"
_PATIENCE_S = 60.0
TASKS = [
    *(f"ask {platform.value}" for platform in Platform),
    "convert", "align", "decide metadata", "decide episodes", "decide relations", "decide statistics",
    "decide characters", "decide staff", "assemble", "embed and load",
]  # fmt: skip
pytestmark = pytest.mark.usefixtures("prefect_server")


@dataclass(frozen=True, slots=True)
class Twice:
    """Two runs of one title in the same checkpoints."""

    first: Shown
    second: Shown
    collected: tuple[int, int, int]
    """How seldom the first run's process looked for lost cycles at its end."""
    asked: dict[str, int]
    asked_again: dict[str, int]
    checkpoints: Path


@pytest.fixture(scope="module")
def twice(
    shared_platforms: Platforms,
    prefect_server: str,
    settle_in: Callable[[pytest.MonkeyPatch, Path], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Twice]:
    shared_platforms.running.gate.faults.clear()
    with pytest.MonkeyPatch.context() as monkeypatch:
        folder = settle_in(monkeypatch, tmp_path_factory.mktemp("twice") / "checkpoints")
        before = shared_platforms.answered()
        gc.set_threshold(700, 10, 10)  # Python's own; other runs in this process have changed it
        first, asked = operate(FILM_ID), shared_platforms.since(before)
        collected = gc.get_threshold()
        before = shared_platforms.answered()
        second, asked_again = operate(FILM.upper()), shared_platforms.since(before)
        yield Twice(first, second, collected, asked, asked_again, folder)


def test_every_step_is_a_task_with_a_readable_name(twice: Twice) -> None:
    """Six platforms asked, nine steps decided, one load; every one completed."""
    assert sorted(twice.first.tasks) == sorted(TASKS)
    assert {state.type.value for state in twice.first.tasks.values()} == {"COMPLETED"}


def test_a_flow_keeps_house_with_memory_as_the_command_line_does(twice: Twice) -> None:
    """One call does all of it for a process, see ``tests/enrich/test_memory.py``."""
    assert twice.collected == (20_000, 20, 10)


def test_a_run_is_called_after_what_was_asked_for(twice: Twice) -> None:
    """The run page carries the operator's own words."""
    assert (twice.first.name, twice.second.name) == (FILM_ID, FILM.upper())


def test_the_graph_shows_who_waited_for_whom(twice: Twice) -> None:
    """Converting waits for all six platforms, every later task for the one before it."""
    assert twice.first.waits["convert"] == set(TASKS[:6])
    for before, after in pairwise(TASKS[6:]):
        assert twice.first.waits[after] == {before}


def test_a_platform_says_in_its_state_what_it_gave(twice: Twice) -> None:
    """Outcome as the state's name, the ids asked for as its message."""
    state = twice.first.tasks["ask jikan"]
    assert (state.name, state.message) == ("Found", "900002")


def test_the_first_run_loads_the_point(twice: Twice, monkeypatch: pytest.MonkeyPatch) -> None:
    """The state says how many vectors were made and written, and they are in the store."""
    assert twice.first.state.name == "Completed"
    (point,) = points_of(load_settings()).values()
    vectors = len(point[1])
    assert twice.first.state.message == f"{vectors} vectors made, {vectors} written"
    assert vectors >= 12


def test_the_record_is_a_page(twice: Twice) -> None:
    """Title, how it ended, facts and completeness are to be read on the artifact."""
    lines = twice.first.page.splitlines()
    assert lines[0] == f"# {FILM}"
    assert lines[2] == "**done**"
    assert "| type | MOVIE |" in lines
    assert any(line.startswith("| complete | ") for line in lines)


def test_the_platforms_are_a_table(twice: Twice) -> None:
    """One line for each of the six: outcome, why, ids, when."""
    assert [row["platform"] for row in twice.first.table] == [platform.value for platform in Platform]
    assert {row["outcome"] for row in twice.first.table} == {"found"}
    assert twice.first.table[0]["ids"] == "900002"
    assert twice.first.table[0]["asked again"].startswith("from 20")


def test_a_second_run_makes_no_task_at_all(twice: Twice) -> None:
    """It says so, asks nobody, and still shows the record."""
    assert set(twice.asked) >= {platform.value for platform in Platform}
    assert twice.second.tasks == {}
    assert twice.asked_again == {}
    assert (twice.second.state.type.value, twice.second.state.name) == ("COMPLETED", "Up to date")
    assert twice.second.page == twice.first.page


def test_status_knows_runs_of_flows(twice: Twice) -> None:
    """The ledger's log of runs has the one that did something, with its numbers and its end."""
    with ledger_of(load_settings()) as ledger:
        (run,) = ledger.runs.latest()
    assert run.command == "flow enrich-title"
    assert run.finished_at is not None
    assert (run.summary["done"], run.summary["vectors_written"]) == (1, run.summary["vectors_made"])


def test_runs_of_flows_leave_quality_figures(twice: Twice) -> None:
    """Of the title and of the whole, as a run of the command line; the second run leaves none."""
    with ledger_of(load_settings()) as ledger:
        (run,), (noted,) = ledger.runs.latest(), ledger.quality.runs()
        means = ledger.quality.means()
    assert noted.run_id == run.run_id
    assert (noted.finished, noted.means) == (1, means)
    assert run.summary["quality"] == asdict(means)
    assert means.titles == 1


def test_a_platform_that_fails_degrades_the_run_and_is_asked_again(checkpoints: Path, platforms: Platforms) -> None:
    """Its task is red, the run is completed but says what is missing; the next run asks only that platform."""
    with platforms.going_wrong(Fault(FaultKind.CHALLENGE_403, Platform.KITSU)):
        shown = operate(FILM_ID)
    assert shown.tasks["ask kitsu"].is_failed()
    assert "403" in (shown.tasks["ask kitsu"].message or "")
    assert [name for name, state in shown.tasks.items() if state.is_failed()] == ["ask kitsu"]
    assert (shown.state.type.value, shown.state.name) == ("COMPLETED", "Degraded")
    assert (shown.state.message or "").startswith("kitsu: ")
    assert shown.page.splitlines()[2].startswith("**degraded**: kitsu: ")
    kitsu = next(row for row in shown.table if row["platform"] == "kitsu")
    assert (kitsu["outcome"], kitsu["asked again"]) == ("failed", "in the next run")
    assert "403" in kitsu["why"]


def test_a_title_that_cannot_be_decided_fails_with_the_reason(
    checkpoints: Path, platforms: Platforms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step is red, no later one is tried, the ledger knows; once it is mended the next run goes on."""

    def refuse(_: object) -> None:
        raise BadInput("the cast cannot be told apart")

    with monkeypatch.context() as broken:
        broken.setattr("pipeline.stages.characters.decide", refuse)
        shown = operate(FILM_ID)
    assert shown.state.is_failed()
    assert shown.state.message == "the cast cannot be told apart"
    assert shown.tasks["decide characters"].message == "the cast cannot be told apart"
    assert "decide staff" not in shown.tasks
    assert "assemble" not in shown.tasks
    with ledger_of(load_settings()) as ledger:
        assert ledger.titles.results()["failed"] == 1
        assert ledger.claims.take(ledger.titles.active()) == ledger.titles.active()
    before = platforms.answered()
    mended = end_of(FILM_ID)
    assert mended.name == "Completed"
    assert set(platforms.since(before)) <= {"images"}


def test_an_unknown_title_fails_with_our_sentence(checkpoints: Path) -> None:
    """The state says what was not found and what to do; there is no task, no page, no table."""
    shown = operate("mal:1234567")
    assert shown.state.is_failed()
    assert (shown.state.message or "").startswith("no row of the catalogue has 'mal:1234567' among its sources")
    assert (shown.tasks, shown.page, shown.table) == ({}, "", [])


def test_a_name_that_means_several_fails_with_the_names(checkpoints: Path) -> None:
    """An operator learns what to type instead."""
    state = end_of("minato")
    assert state.is_failed()
    assert "give the whole name or an id" in (state.message or "")


def test_a_catalogue_that_is_not_there_fails_with_its_name(checkpoints: Path) -> None:
    """A wrong parameter is told as one."""
    state = end_of(FILM_ID, catalogue=str(checkpoints / "nothing.jsonl"))
    assert state.is_failed()
    assert "nothing.jsonl" in (state.message or "")


def test_wrong_settings_fail_without_telling_their_values(checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token beside a wrong setting does not get into Prefect's database."""
    monkeypatch.setenv("ANIME_ENRICH_PLATFORMS__ANIMESCHEDULE__TOKEN", "hush-hush")
    monkeypatch.setenv("ANIME_ENRICH_PLATFORMS__ANIMESCHEDULE__CONCURRENCY", "99-hush")
    state = end_of(FILM_ID)
    assert state.is_failed()
    assert "platforms.animeschedule.concurrency" in (state.message or "")
    assert "hush" not in (state.message or "")


@pytest.mark.parametrize(
    ("title", "more"),
    [("", {}), ("  ", {}), ("x" * 501, {}), (FILM_ID, {"practice": "perhaps"}), (FILM_ID, {"catalogue": ""})],
)
def test_bad_parameters_are_refused(checkpoints: Path, title: str, more: dict[str, str]) -> None:
    """Nothing runs, nothing is opened."""
    state = end_of(title, **more)
    assert state.is_failed()
    assert "Validation of flow parameters failed" in (state.message or "")
    assert not checkpoints.exists()


def test_a_second_run_beside_one_that_holds_the_store_fails_clearly(checkpoints: Path, platforms: Platforms) -> None:
    """The embedded store has room for one; the other asks nobody and says who holds it."""
    lock, before = FolderLock(checkpoints / "qdrant" / "anime"), platforms.answered()
    try:
        state = end_of(FILM_ID)
    finally:
        lock.release()
    assert state.is_failed()
    assert "only one process may have it open" in (state.message or "")
    assert platforms.since(before) == {}
    assert end_of(FILM_ID).name == "Completed"


def test_a_title_that_somebody_else_holds_is_left_to_them(checkpoints: Path, platforms: Platforms) -> None:
    """A claim in the ledger is obeyed: nothing is asked, and the sentence says what to do."""
    with ledger_of(load_settings()) as other:
        sync_if_named(other, load_settings())
        other.claims.take(other.titles.active())
        before = platforms.answered()
        state = end_of(FILM_ID)
        assert state.is_failed()
        assert "another process works on" in (state.message or "")
        assert platforms.since(before) == {}
        assert len(other.claims.take(other.titles.active())) == len(other.titles.active())


def test_practice_runs_need_nothing_and_keep_a_ledger_of_their_own(
    checkpoints: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With ``practice`` the platforms are started for the run and its ledger lies apart."""
    for platform in Platform:
        monkeypatch.delenv(f"ANIME_ENRICH_PLATFORMS__{platform.value.upper()}__BASE_URL")
    monkeypatch.delenv("ANIME_ENRICH_SPEED")
    state = end_of(FILM_ID, practice=True)
    assert state.name == "Completed", state.message
    assert [path.name for path in checkpoints.iterdir()] == ["practice"]


@pytest.mark.parametrize(
    "parameters",
    [{"title": ""}, {"title": "  "}, {}, {"title": "x" * 501}, {"title": "mal:1", "practice": "perhaps"}],
)
async def test_the_server_refuses_bad_parameters(prefect_server: str, parameters: dict[str, object]) -> None:
    """A run that cannot work is not even queued."""
    async with get_client() as client:
        flow_id = await client.create_flow(enrich_title)
        deployment_id = await client.create_deployment(
            flow_id,
            "checked",
            parameter_openapi_schema=parameter_schema(enrich_title).model_dump_for_openapi(),
            enforce_parameter_schema=True,
        )
        with pytest.raises(PrefectHTTPStatusError, match=r"409|422"):
            await client.create_flow_run_from_deployment(deployment_id, parameters=parameters)
        assert await client.create_flow_run_from_deployment(deployment_id, parameters={"title": "mal:1"})


def start(server: str, checkpoints: Path, platforms: Platforms) -> "subprocess.Popen[bytes]":
    """The flow in a process of its own, against the same server."""
    given = os.environ | environment(checkpoints, platforms.url) | {"PREFECT_API_URL": server}
    return subprocess.Popen([sys.executable, "-m", "flows.enrich_title", FILM_ID], env=given, cwd=ROOT)


def outcomes() -> dict[Platform, Outcome]:
    with closing(open_ledger(load_settings(), now=time.time)) as ledger:
        sync_if_named(ledger, load_settings())
        (title_id,) = find_titles(ledger, [FILM_ID])
        return {platform: s.outcome.outcome for platform, s in ledger.fetched.outcomes([title_id])[title_id].items()}


def test_a_killed_run_is_gone_on_with_and_repeats_nothing(
    prefect_server: str, checkpoints: Path, platforms: Platforms
) -> None:
    """Killed while one platform is still answering: the next run asks only that one, and ends whole."""
    with platforms.going_wrong(Fault(FaultKind.SLOW, Platform.KITSU, wait_s=_PATIENCE_S)):
        process = start(prefect_server, checkpoints, platforms)
        try:
            deadline = time.monotonic() + _PATIENCE_S
            while len(outcomes()) < len(Platform) - 1:
                assert process.poll() is None, "it ended before it could be killed"
                assert time.monotonic() < deadline, outcomes()
                time.sleep(0.1)
        finally:
            process.kill()
        assert process.wait() == -signal.SIGKILL
    assert Platform.KITSU not in outcomes()
    before = platforms.answered()
    state = end_of(FILM_ID)
    assert set(platforms.since(before)) <= {"kitsu", "images"}
    assert platforms.since(before)["kitsu"] > 0
    assert state.name == "Completed", state.message
    assert set(outcomes().values()) == {Outcome.FOUND}
    assert len(points_of(load_settings())) == 1
    assert end_of(FILM_ID).name == "Up to date"
