"""A Prefect server for the whole session, practice platforms, and workplaces of their own for flow runs."""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.domain.names import Platform
from pipeline.enrich.rehearsal import practice_catalogue

from ..enrich.rehearsing import SPEED, Platforms, practice_platforms, quick_folder  # noqa: TID252  # folders, not an installed package

_home = tempfile.TemporaryDirectory(prefix="anime-enrich-prefect-", ignore_cleanup_errors=True)
# Prefect reads these when it is imported, which the test modules do.
os.environ["PREFECT_HOME"] = _home.name
os.environ["PREFECT_LOGGING_LEVEL"] = "ERROR"
os.environ["PREFECT_LOGGING_TO_API_ENABLED"] = "false"
os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
os.environ["DO_NOT_TRACK"] = "1"
os.environ.pop("PREFECT_API_URL", None)


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[str]:
    """A server of our own; gives its address."""
    from prefect.settings import PREFECT_API_URL  # noqa: PLC0415  # after the environment was set
    from prefect.testing.utilities import prefect_test_harness  # noqa: PLC0415  # as above

    with prefect_test_harness(server_startup_timeout=120):
        address = PREFECT_API_URL.value()
        assert address is not None
        yield address


@pytest.fixture(scope="session")
def shared_platforms() -> Iterator[Platforms]:
    with practice_platforms() as running:
        yield running


@pytest.fixture
def platforms(shared_platforms: Platforms) -> Platforms:
    """Practice platforms that do everything right until a test says otherwise."""
    shared_platforms.running.gate.faults.clear()
    return shared_platforms


@pytest.fixture(scope="session")
def settle_in(shared_platforms: Platforms) -> Callable[[pytest.MonkeyPatch, Path], Path]:
    """Point this process at a folder and at the practice platforms, by environment as an operator does it."""

    def settle(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Path:
        for name, value in environment(folder, shared_platforms.url).items():
            monkeypatch.setenv(name, value)
        return folder

    return settle


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    with quick_folder() as folder:
        yield folder


@pytest.fixture
def checkpoints(
    settle_in: Callable[[pytest.MonkeyPatch, Path], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Path:
    """Checkpoints that nobody used yet."""
    return settle_in(monkeypatch, tmp_path / "checkpoints")


def environment(folder: Path, address: str) -> dict[str, str]:
    """Settings by environment."""
    prefix = "ANIME_ENRICH_"
    settings = {
        "CHECKPOINTS": str(folder),
        "CATALOGUE": practice_catalogue(),
        "BUDGET_PATH": str(folder.with_name("budget.sqlite3")),
        "CONTACT": "tests@localhost",
        "SPEED": str(SPEED),
        "PLATFORMS__ANIDB__CLIENT": "practice",
        "PLATFORMS__ANIME_PLANET__ENABLED": "true",
    }
    settings |= {f"PLATFORMS__{p.value.upper()}__BASE_URL": f"{address}/{p.value}" for p in Platform}
    return {prefix + name: value for name, value in settings.items()}
