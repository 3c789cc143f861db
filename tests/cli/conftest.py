"""One finished folder that reading tests share; the command itself is started in ``commanding``."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.enrich.rehearsing import copy_folder, quick_folder

sys.path.insert(0, str(Path(__file__).parent))
from commanding import TITLES, anime_enrich_process  # beside this file, and tests are no package


@pytest.fixture(scope="session")
def finished() -> Iterator[Path]:
    """Checkpoints after a run over three practice titles. For reading only."""
    with quick_folder() as folder:
        ended = anime_enrich_process(
            "run", *TITLES, "--practice", "--speed", "60", "--checkpoints", "checkpoints", folder=folder
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        yield folder / "checkpoints"


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    with quick_folder() as folder:
        yield folder


@pytest.fixture
def own(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished folder that a test may break."""
    copy = tmp_path / "own"
    copy_folder(finished, copy)
    return copy
