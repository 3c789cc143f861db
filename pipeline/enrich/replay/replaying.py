"""Replay: a run answered from a folder, without a network.

Promises: nothing is opened but files; what the folder does not hold is noted and raised as ``NotRecorded``, never taken
for absent; every answer passes its adapter's checks. Two kinds of folders stand behind the same :class:`Shelf`: those
runs wrote (``replay_folder``) and those of single answers gathered elsewhere (``replay_recordings``).
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pipeline.domain.exchange import Answer, Request
from pipeline.enrich.report import Unrecorded
from pipeline.errors import NotRecorded, ShrinkBatch, one_line
from pipeline.transport.recording import PICTURES

__all__ = ["Check", "Found", "Replay", "Shelf", "no_picture", "not_recorded"]

Check = Callable[[Request, Answer], None]


@dataclass(frozen=True, slots=True)
class Found:
    """A recorded answer. ``lacks`` says by id what was asked for and no recording has, though the id is there."""

    answer: Answer
    lacks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Shelf(Protocol):
    """Where a replay's answers come from."""

    async def find(self, request: Request, check: Check) -> Found:
        """The checked answer, or what ``check`` raises of it; ``NotRecorded``, or ``ShrinkBatch`` for several ids."""
        ...

    async def find_picture(self, url: str) -> bytes:
        """The picture, or what its answer means; ``NotRecorded``."""
        ...

    async def close(self) -> None:
        """Give back what was opened."""
        ...


class Replay:
    """Stands where a run's network stands.

    ``given`` counts the answers by platform, pictures under ``images``; ``missing`` fills with what was not there.
    """

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self.missing: list[Unrecorded] = []
        self._told: set[Unrecorded] = set()
        self.given: Counter[str] = Counter()

    async def send(self, request: Request, check: Check) -> Answer:
        """Give the recorded answer, checked."""
        try:
            found = await self._shelf.find(request, check)
        except NotRecorded as error:
            self._miss(Unrecorded(request.platform.value, request.kind, request.ids, request.path, str(error)))
            raise
        for id_, names in found.lacks.items():
            why = f"not in the recording: {', '.join(names)} of {id_!r}"
            self._miss(Unrecorded(request.platform.value, request.kind, (id_,), request.path, why))
        self.given[request.platform.value] += 1
        return found.answer

    async def fetch_image(self, url: str) -> bytes:
        """Give the recorded picture."""
        try:
            body = await self._shelf.find_picture(url)
        except NotRecorded as error:
            self._miss(Unrecorded(PICTURES, "picture", (), url, str(error)))
            raise
        self.given[PICTURES] += 1
        return body

    def sent(self) -> Mapping[str, int]:
        """Nothing, ever."""
        return {}

    async def close(self) -> None:
        """Close the folder."""
        await self._shelf.close()

    def _miss(self, what: Unrecorded) -> None:
        if what not in self._told:
            self._told.add(what)
            self.missing.append(what)


def not_recorded(request: Request, why: str = "") -> NotRecorded | ShrinkBatch:
    """Of several ids some may be there, so those are asked for apart; a single one is told."""
    name = request.platform.value
    if len(request.ids) > 1:
        return ShrinkBatch(f"{name}: not all of {len(request.ids)} ids are recorded", platform=name)
    of = f" of {request.ids[0]!r}" if request.ids else ""
    return NotRecorded(f"not in the recording: {request.kind!r}{of}{why and f', {why}'}", platform=name)


def no_picture(url: str, why: str = "") -> NotRecorded:
    """The same for a picture."""
    return NotRecorded(f"not in the recording: {one_line(url)!r}{why and f', {why}'}", platform=PICTURES)
