"""One finished folder that reading tests share; the command itself is started in ``commanding``."""

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from commanding import TITLES, anime_enrich_process  # beside this file, and tests are no package


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Checkpoints after a run over three practice titles. For reading only."""
    folder = tmp_path_factory.mktemp("finished")
    ended = anime_enrich_process(
        "run", *TITLES, "--practice", "--speed", "60", "--checkpoints", "checkpoints", folder=folder
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return folder / "checkpoints"


@pytest.fixture
def own(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished folder that a test may break."""
    copy = tmp_path / "own"
    shutil.copytree(finished, copy)
    return copy
