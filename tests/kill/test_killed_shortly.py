"""Killed anywhere, it resumes: the short form, in every test run. ``make kill`` runs the long one."""

import random
from pathlib import Path

import pytest

from ..enrich.rehearsing import Platforms, write_catalogue  # noqa: TID252  # tests is no package
from .killing import Reference, new_patient, refer_to

_STEPS = (
    ("ask:jikan", 5),
    ("keep:kitsu", 1),
    ("convert:anidb", 1),
    ("assemble", 2),
    ("acknowledge", 1),
    ("finish", 1),
)
_RANDOM_KILLS = 2

_LEARNING = (
    ("learn", 1),
    ("ask:jikan", 1),
    ("keep:anidb", 1),
    ("settle:jikan", 1),
    ("convert:anidb", 1),
    ("learn", 1),
    ("intend:align", 1),
)
"""While ids are learned, asked for and, one of them, refuted."""


@pytest.mark.kill
def test_killed_while_ids_are_learned_it_learns_the_same(tmp_path: Path, folder: Path, platforms: Platforms) -> None:
    """Dead before, while or after it asks for learned ids: the next process finishes what it left."""
    catalogue = write_catalogue(tmp_path / "learning.jsonl", ["Nanatsu no Chaya"])
    learning = refer_to(tmp_path / "reference", catalogue, platforms)
    patient = new_patient(learning, folder)
    assert [step for step, nth in _LEARNING if patient.kill_at(step, nth)] == [step for step, _ in _LEARNING]
    assert patient.run() == 0
    patient.check()


def test_rerun_after_kills_pays_only_for_what_was_in_flight(folder: Path, few: Reference) -> None:
    """Killed at random moments, then at one step after the other, it ends as if nothing had been.

    One more run over the whole folder asks nothing and does nothing.
    """
    patient, dice = new_patient(few, folder), random.Random(11)
    for _ in range(_RANDOM_KILLS):
        assert patient.run("--kill-after-s", str(dice.uniform(0.05, 0.15))) != 0
    killed = [step for step, nth in _STEPS if patient.kill_at(step, nth)]
    assert killed[2:] == [step for step, _ in _STEPS[2:]]
    assert patient.run() == 0
    patient.check()

    before, steps = few.platforms.answered(), patient.steps()
    assert patient.run() == 0
    assert few.platforms.since(before) == {}
    assert patient.steps() == steps
