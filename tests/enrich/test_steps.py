"""The chain over titles that no platform said anything of: when results are written, and what a kill costs."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.enrich.steps import ASSEMBLE, CHAIN, CONVERT, Steps

from .speaking import Desk

MADE = CHAIN[CHAIN.index(CONVERT) + 1 :]
TITLES = 4


class Stop(BaseException):
    """A process that ends in the middle."""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, TITLES)


def decide(desk: Desk, on_step: Callable[[str], None], **more: float) -> list[str | None]:
    steps = Steps(desk.ledger, {}, on_step, **more)
    return [made.record_digest for made in steps.make_records(desk.ledger.titles.load(desk.title_ids))]


def test_the_results_of_small_steps_are_written_together(desk: Desk) -> None:
    """One transaction a step, for all titles of the window."""
    told = Counter[str]()
    assert all(decide(desk, lambda step: told.update([step])))
    assert told == {
        name: n for step in MADE for name, n in {f"intend:{step}": 1, step: TITLES, f"keep:{step}": 1}.items()
    }


def test_what_took_long_is_written_at_once(desk: Desk) -> None:
    """Where one title's result is all that may be in hand, each is written before the next is begun."""
    told: list[str] = []
    decide(desk, told.append, in_hand_s=0.0)
    assert [step for step in told if ASSEMBLE in step] == [
        f"intend:{ASSEMBLE}",
        *[ASSEMBLE, f"keep:{ASSEMBLE}"] * TITLES,
    ]


@pytest.mark.parametrize(("in_hand_s", "again"), [(0.0, TITLES - 1), (60.0, TITLES)])
def test_killed_before_it_writes_it_does_again_what_was_in_hand(desk: Desk, in_hand_s: float, again: int) -> None:
    """Of that step alone: what the steps before it made is there."""
    killed, step = MADE[2], f"keep:{MADE[2]}"
    kills = 2 if in_hand_s == 0.0 else 1

    def kill(name: str) -> None:
        nonlocal kills
        kills -= name == step
        if not kills:
            raise Stop

    with pytest.raises(Stop):
        decide(desk, kill, in_hand_s=in_hand_s)
    told = Counter[str]()
    assert all(decide(desk, lambda name: told.update([name])))
    assert {step: told[step] for step in MADE} == dict.fromkeys(MADE[:2], 0) | {killed: again} | dict.fromkeys(
        MADE[3:], TITLES
    )


def test_a_run_after_it_finds_every_result(desk: Desk) -> None:
    """Nothing is done twice, and the records are the same."""
    first = decide(desk, lambda _step: None)
    told: list[str] = []
    assert decide(desk, told.append) == first
    assert told == []
