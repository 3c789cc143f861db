"""What a platform's module gets: the world, the recordings, and nothing of limits, faults or counting.

``server.py`` mounts ``routes(stage)`` of every platform below ``/<platform>`` behind one middleware (``gate.py``) that
enforces the limits, injects the faults and counts. So a module only answers; it may say what it was asked with
:func:`note_kind` (default: the route), which is the word under which the counters show the request.
"""

from contextvars import ContextVar
from dataclasses import dataclass

from aiohttp import web

from pipeline.practice.recordings import Recordings
from pipeline.practice.world import World

__all__ = ["KIND", "Stage", "note_kind"]

KIND: ContextVar[str | None] = ContextVar("practice_kind", default=None)
"""What the request under way asked, in its module's own word; the gate clears it before every request."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything a platform module answers from.

    ``only_recordings`` means that an id without a recording is unknown, instead of being answered from the world.
    """

    world: World
    recordings: Recordings | None = None
    only_recordings: bool = False


def note_kind(request: web.Request, kind: str) -> None:  # noqa: ARG001  # says whose kind it is
    """Name the kind of question for the counters (``batch``, ``characters``)."""
    KIND.set(kind)
