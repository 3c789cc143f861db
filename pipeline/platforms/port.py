"""What a platform is to the rest of the house: three pure questions and one conversion.

The transport asks, the engine loops, the ledger remembers; an adapter only says *what to ask*, *what an answer
means* and *what it says in our terms*. It knows no address, no clock and no network.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Protocol

from pipeline.domain.exchange import Answer, Reading, Request, Wanted
from pipeline.domain.names import Platform, Site
from pipeline.domain.source_title import SourceTitle

__all__ = ["PlatformAdapter"]


class PlatformAdapter(Protocol):
    """One platform. Instances are immutable and shared by all tasks."""

    @property
    def name(self) -> Platform:
        """Whom this is the adapter of."""
        ...

    @property
    def convert_version(self) -> int:
        """Goes up whenever :meth:`convert` gives something else for the same parts."""
        ...

    @property
    def batch(self) -> int:
        """How many ids one round of requests may cover."""
        ...

    @property
    def batch_bounds(self) -> tuple[int, int]:
        """Fewest and most ids of a round where its size follows the server's time; elsewhere both are :attr:`batch`."""
        ...

    def wanted_ids(self, ids: Mapping[Site, tuple[str, ...]]) -> tuple[str, ...]:
        """Ids to ask for, in the platform's addressing, of a title that has ``ids``. Empty: not listed there."""
        ...

    def plan_requests(self, wanted: Sequence[Wanted]) -> tuple[Request, ...]:
        """What is still to ask for these ids, given the parts each already has. Empty: all are complete.

        Called again after every round. No more ids than :attr:`batch_bounds` allow. Raises ``Broken`` if a
        stored part is unreadable.
        """
        ...

    def expect_requests(self, wanted: Sequence[Wanted]) -> Counter[str]:
        """How many requests of each kind these ids will take in all rounds, as far as the catalogue tells.

        For plans: at most :attr:`batch` ids, of which nothing is had yet. Raises ``BadInput`` for an impossible id.
        """
        ...

    def check_answer(self, request: Request, answer: Answer) -> None:
        """Raise the right error for anything that is not a usable answer (platforms.md 7.1).

        ``Throttled``, ``Transient``, ``Blocked``, ``ShrinkBatch``, ``EntryGone``, ``Broken``; also for a 200 that
        carries an error. Returning means :meth:`parse_answer` can read it. The transport calls this inside its retry.
        """
        ...

    def parse_answer(self, request: Request, answer: Answer) -> Reading:
        """Take an answer apart by id. Raises ``Broken`` when its shape is not the platform's."""
        ...

    def convert(self, id_: str, parts: Mapping[str, bytes]) -> SourceTitle:
        """Say in our terms what the platform says of one id. Pure. Raises ``Broken`` when a part cannot be read."""
        ...
