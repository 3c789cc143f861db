"""Practice platforms, and what an uninterrupted run on them leaves."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.enrich.rehearsal import practice_catalogue

from ..enrich.rehearsing import (  # noqa: TID252  # tests is no package
    FILM,
    SERIES,
    Platforms,
    practice_platforms,
    practice_rows,
    quick_folder,
    write_catalogue,
)
from .killing import Reference, refer_to

FEW = ("Zenmai Unga", FILM, "Futatsu no Rashinban", "Yuurei Kiroku", "Kakekake no Hashi", "Nanatsu no Chaya")
"""A series of a year and a film, a row with two MAL ids, one that nobody has, one that has not aired, and one whose ids
are partly learned: one right, one wrong. The longest series is in ``make kill`` alone."""


@pytest.fixture(scope="session")
def platforms() -> Iterator[Platforms]:
    with practice_platforms() as running:
        yield running


@pytest.fixture(scope="session")
def place() -> Iterator[Path]:
    """Where reference runs are kept."""
    with quick_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def few(place: Path, platforms: Platforms) -> Reference:
    """Six titles."""
    return refer_to(place / "few", write_catalogue(place / "few.jsonl", FEW), platforms)


@pytest.fixture(scope="session")
def some(place: Path, platforms: Platforms) -> Reference:
    """Ten titles that are done quickly."""
    return refer_to(place / "some", write_catalogue(place / "some.jsonl", all_but(SERIES)[:10]), platforms)


@pytest.fixture(scope="session")
def quick(place: Path, platforms: Platforms) -> Reference:
    """Everything but the long series, which takes three quarters of the time."""
    return refer_to(place / "quick", write_catalogue(place / "quick.jsonl", all_but(SERIES)), platforms)


@pytest.fixture(scope="session")
def whole(place: Path, platforms: Platforms) -> Reference:
    """All 24 titles."""
    return refer_to(place / "whole", practice_catalogue(), platforms)


def all_but(title: str) -> list[str]:
    return [row["title"] for row in practice_rows()[1:] if row["title"] != title]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "checkpoints"


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    with quick_folder() as folder:
        yield folder
