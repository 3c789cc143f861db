"""Killed anywhere, it resumes: at every named step and at fifty random moments (``make kill``)."""

import random
from pathlib import Path

import pytest

from pipeline.domain.names import Platform
from pipeline.enrich.fetch.learning import LEARN
from pipeline.enrich.steps import CHAIN, CONVERT

from ..enrich.rehearsing import FILM, RADIO, standing, take_over_radio, write_catalogue  # noqa: TID252  # tests is no package
from .killing import Patient, Reference, new_patient

_WORK = [*(f"{CONVERT}:{platform.value}" for platform in Platform), *(step for step in CHAIN if step != CONVERT)]
STEPS = (
    *(f"{act}:{platform.value}" for platform in Platform for act in ("ask", "keep", "settle")),
    *(f"{prefix}{step}" for step in _WORK for prefix in ("intend:", "", "keep:")),
    LEARN,
    *("embed", "keep:vectors", "ask:image", "intend:load", "load", "acknowledge", "finish"),
)
RANDOM_KILLS = 50


def test_the_list_of_steps_is_what_a_run_tells_of(few: Reference) -> None:
    """A step that is added to a run must be added to the list of steps at which it is killed."""
    assert set(few.steps) == set(STEPS)


@pytest.mark.kill
@pytest.mark.parametrize("step", STEPS)
def test_killed_at_a_step_it_ends_as_if_nothing_had_been(folder: Path, quick: Reference, step: str) -> None:
    """In the middle of the work, at each step there is, once."""
    patient = new_patient(quick, folder)
    assert patient.kill_at(step, (quick.steps[step] + 1) // 2)
    assert patient.run() == 0
    patient.check()


@pytest.mark.kill
def test_killed_at_every_step_in_turn_it_still_comes_to_its_end(folder: Path, whole: Reference) -> None:
    """All titles, one folder: each process dies at the first step at which none has died before."""
    patient, killed = new_patient(whole, folder), list[str]()
    while patient.run("--spare", ",".join(killed)) != 0:
        killed.append(patient.steps()[-1])
    assert len(set(killed)) == len(killed) > len(STEPS) // 2
    patient.check()


@pytest.mark.kill
def test_killed_at_random_moments_it_ends_as_if_nothing_had_been(tmp_path: Path, whole: Reference) -> None:
    """One folder is killed again and again until it is whole, then a new one, until there were fifty kills."""
    dice, kills, number = random.Random(1995), 0, 0
    while kills < RANDOM_KILLS:
        patient = new_patient(whole, tmp_path / str(number))
        _kill_until_whole(patient, dice, most=RANDOM_KILLS - kills, longest_s=0.4 * whole.wall_s)
        patient.check()
        kills += patient.kills
        number += 1


def _kill_until_whole(patient: Patient, dice: random.Random, *, most: int, longest_s: float) -> None:
    while patient.kills < most:
        if patient.run("--kill-after-s", str(dice.uniform(0.0, longest_s))) == 0:
            return
    assert patient.run() == 0


@pytest.mark.kill
def test_killed_while_it_takes_out_retired_titles_it_takes_them_out_the_next_time(
    folder: Path, tmp_path: Path, few: Reference
) -> None:
    """Two titles became one; the point of the other leaves the store although the process dies at that."""
    both, one = tmp_path / "both.jsonl", tmp_path / "one.jsonl"
    patient = new_patient(few, folder)
    assert patient.run("--catalogue", write_catalogue(both, [FILM, RADIO])) == 0
    assert len(standing(patient.settings).points) == 2
    assert patient.run("--catalogue", write_catalogue(one, [FILM], take_over_radio), "--kill-at", "retire") != 0
    assert len(standing(patient.settings).points) == 2
    assert patient.run("--catalogue", str(one)) == 0
    assert len(standing(patient.settings).points) == 1
