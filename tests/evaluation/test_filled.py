"""docs/fields.md: every field is described, and the tables of what is filled are current."""

import re
from pathlib import Path

import pytest

from pipeline.domain.record import AnimeRecord, CharacterRecord, EpisodeRecord
from tests.evaluation.filled import CSV, PAGE, READERS, count, read_table, render_csv, with_tables

SLOW = {"anilist/season", "jikan/seasons", "jikan/anime_characters"}
"""Half of a full count's time; `make fields-table` counts them too."""


@pytest.mark.parametrize("model", [AnimeRecord, CharacterRecord, EpisodeRecord])
def test_every_field_is_described(model: type) -> None:
    described = set(re.findall(r"`([a-z_]+)`", PAGE.read_text(encoding="utf-8").partition("## Filled by")[0]))
    assert model.model_fields.keys() - described == set()


def test_the_counts_are_those_of_the_recordings(recordings: Path) -> None:
    """All but the largest endpoints are counted anew."""
    endpoints = READERS.keys() - SLOW
    counted = render_csv(count(recordings, endpoints)).splitlines()
    checked_in = [line for line in CSV.read_text(encoding="utf-8").splitlines() if line.split(",")[1] not in SLOW]
    assert counted == checked_in, "make fields-table"


def test_the_tables_are_those_of_the_counts() -> None:
    """The page and the file beside it say the same."""
    text, page = CSV.read_text(encoding="utf-8"), PAGE.read_text(encoding="utf-8")
    assert render_csv(read_table(text)) == text
    assert with_tables(page, read_table(text)) == page
    assert {line.split(",")[1] for line in text.splitlines()} > SLOW
