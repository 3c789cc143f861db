"""Practice platforms for the whole session, and quiet logs."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from .rehearsing import Platforms, practice_platforms, quick_folder


@pytest.fixture(scope="session")
def shared_platforms() -> Iterator[Platforms]:
    with practice_platforms() as platforms:
        yield platforms


@pytest.fixture
def platforms(shared_platforms: Platforms) -> Platforms:
    """Practice platforms that do everything right until a test says otherwise."""
    shared_platforms.running.gate.faults.clear()
    return shared_platforms


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    with quick_folder() as folder:
        yield folder


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Without a command line nobody has set up the log; drawing tracebacks would cost seconds."""
    with capture_logs():
        yield
