"""Runs that are killed, what they may cost, and what they must leave.

What was in flight when a process dies may be asked, made or written once more, and nothing else: one step of the
titles in hand, one request per place of a platform, one handful of pictures.
"""

import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO

import orjson

from pipeline.domain.names import Platform
from pipeline.enrich.steps import CHAIN, CONVERT
from pipeline.settings import Settings

from ..enrich.rehearsing import SPEED, Platforms, Standing, settings_for, standing  # noqa: TID252  # tests is no package

CHILD = Path(__file__).with_name("child.py")
WINDOW = 8
PICTURES = 8
TITLE_STEPS = frozenset({*CHAIN, *(f"{CONVERT}:{platform.value}" for platform in Platform)})


@dataclass(frozen=True, slots=True)
class Reference:
    """What a run that nobody disturbed left, asked and did."""

    catalogue: str
    platforms: Platforms
    standing: Standing
    answered: Mapping[str, int]
    steps: Counter[str]
    wall_s: float


@dataclass(frozen=True, slots=True)
class Process:
    """A process that was started, and the folder in which its end is told."""

    folder: Path

    def wait(self, timeout_s: float) -> tuple[int, str]:
        """Its exit code (of a killed one the signal, negative) and what it said."""
        deadline = time.monotonic() + timeout_s
        while not (self.folder / "ended").exists():
            assert time.monotonic() < deadline, "it does not end"
            time.sleep(0.005)
        return int((self.folder / "ended").read_text()), (self.folder / "said").read_text()


@dataclass(slots=True)
class Patient:
    """A checkpoints folder in which one process after the other is killed."""

    reference: Reference
    settings: Settings
    kills: int = 0
    before: Mapping[str, int] = field(default_factory=dict)

    @property
    def steps_file(self) -> Path:
        return self.settings.checkpoints.with_suffix(".steps")

    def run(self, *extra: str) -> int:
        """One process to its end, or to its death; gives the exit code."""
        code, said = self.start(*extra).wait(240)
        assert code in (0, -signal.SIGKILL), said[-3000:]
        self.kills += code != 0
        return code

    def start(self, *extra: str) -> Process:
        self.before = self.before or self.reference.platforms.answered()
        arguments = ["--checkpoints", str(self.settings.checkpoints)]
        arguments += ["--address", self.reference.platforms.url, "--catalogue", self.reference.catalogue]
        arguments += ["--speed", str(SPEED), "--window", str(WINDOW), "--steps", str(self.steps_file), *extra]
        process = Process(Path(tempfile.mkdtemp(dir=self.settings.checkpoints.parent)))
        _loaded().write(orjson.dumps([str(process.folder), arguments]) + b"\n")
        return process

    def kill_at(self, step: str, nth: int = 1) -> bool:
        """One process that is killed at the ``nth`` such step; ``False`` if it ended before."""
        return self.run("--kill-at", step, "--nth", str(nth)) != 0

    def steps(self) -> list[str]:
        return self.steps_file.read_text().splitlines() if self.steps_file.exists() else []

    def check(self) -> None:
        """The run is whole: it left what an undisturbed one leaves, and paid for nothing but what was in flight."""
        reference, left = self.reference, standing(self.settings)
        assert left.records == reference.standing.records
        assert left.outcomes == reference.standing.outcomes
        assert left.results == reference.standing.results
        assert left.points == reference.standing.points
        assert left.quality == reference.standing.quality
        self._check_requests()
        self._check_steps()

    def _check_requests(self) -> None:
        asked, most = self.reference.platforms.since(self.before), self.most_requests()
        assert {name: n for name, n in asked.items() if n > most[name]} == {}, f"{asked} of {most}"

    def most_requests(self) -> dict[str, int]:
        places = {p.value: self.settings.platforms.of(p).concurrency for p in Platform} | {"images": PICTURES}
        return {name: self.reference.answered.get(name, 0) + self.kills * n for name, n in places.items()}

    def _check_steps(self) -> None:
        again = Counter(step for step in self.steps() if step in TITLE_STEPS)
        again.subtract({step: n for step, n in self.reference.steps.items() if step in TITLE_STEPS})
        assert all(n >= 0 for n in again.values()), again
        assert again.total() <= self.kills * WINDOW, f"done again: {+again} after {self.kills} kills"


@cache
def _loaded() -> IO[bytes]:
    """Where to write what the next processes are to do, see ``child``; who reads it ends with us."""
    reader = subprocess.Popen([sys.executable, str(CHILD)], stdin=subprocess.PIPE, bufsize=0)
    assert reader.stdin is not None
    return reader.stdin


def new_patient(reference: Reference, folder: Path) -> Patient:
    return Patient(reference, settings_for(folder, reference.platforms.url, reference.catalogue))


def refer_to(folder: Path, catalogue: str, platforms: Platforms) -> Reference:
    """An undisturbed run."""
    blank = Reference(catalogue, platforms, Standing({}, {}, {}, {}, {}), {}, Counter(), 0.0)
    folder.mkdir(exist_ok=True)
    patient = new_patient(blank, folder / "reference")
    began = time.monotonic()
    assert patient.run() == 0
    wall_s = time.monotonic() - began
    asked, steps = platforms.since(patient.before), patient.steps()
    left = standing(patient.settings)
    return Reference(catalogue, platforms, left, asked, Counter(steps), wall_s)
