"""A flow's process dies by SIGKILL: Prefect may not know, the ledger does."""

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from pipeline.cli.workplace import find_titles, load_settings, sync_if_named
from pipeline.domain.names import Outcome, Platform
from pipeline.enrich.opening import open_ledger
from pipeline.practice.faults import Fault, FaultKind

from ..enrich.rehearsing import Platforms, points_of  # noqa: TID252  # tests are folders, not an installed package
from .conftest import environment
from .operating import end_of

ROOT = Path(__file__).resolve().parent.parent.parent
FILM_ID = "mal:900002"
_PATIENCE_S = 60.0


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
