"""The Jikan adapter: ties asking, reading and converting together. It knows no address, so any clone will do."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pipeline.domain.exchange import Answer, Part, Reading, Request, Wanted
from pipeline.domain.names import Platform, Site
from pipeline.domain.source_title import SourceTitle
from pipeline.platforms.jikan.convert import convert_title
from pipeline.platforms.jikan.payload import FULL, check_payload, parse_part
from pipeline.platforms.jikan.requests import CORE, Base, expect_kinds, plan_title

__all__ = ["JikanAdapter"]

_CONVERT_VERSION: Final = 3


@dataclass(frozen=True, slots=True)
class JikanAdapter:
    """MyAnimeList by MAL id, one title a round: ``full``, then ``characters``, ``staff`` and ``episodes/<page>``.

    ``asked`` are of :data:`~pipeline.platforms.jikan.requests.CORE` and ``EXTRAS``: what is wanted beside the record.
    With ``base`` as ``mal_v2`` the record is the official API's, in place of ``full``.
    """

    asked: frozenset[str] = frozenset(CORE)
    base: Base = FULL
    name: Platform = Platform.JIKAN
    convert_version: int = _CONVERT_VERSION

    @property
    def batch(self) -> int:
        """There is no call for several ids."""
        return 1

    @property
    def batch_bounds(self) -> tuple[int, int]:
        """Always the same size."""
        return self.batch, self.batch

    def wanted_ids(self, ids: Mapping[Site, tuple[str, ...]]) -> tuple[str, ...]:
        """All MAL ids of the title."""
        return ids.get(Site.MAL, ())

    def plan_requests(self, wanted: Sequence[Wanted]) -> tuple[Request, ...]:
        """What is still to ask; empty when every part is there."""
        return tuple(request for one in wanted for request in plan_title(one, self.asked, self.base))

    def expect_requests(self, wanted: Sequence[Wanted]) -> Counter[str]:
        """The record and what is wanted beside it: a page for every hundred episodes where there can be a list."""
        self.plan_requests(wanted)
        return Counter(kind for one in wanted for kind in expect_kinds(one, self.asked, self.base))

    def check_answer(self, request: Request, answer: Answer) -> None:
        """Raise what the answer means if it is not usable."""
        check_payload(request, answer)

    def parse_answer(self, request: Request, answer: Answer) -> Reading:
        """The whole body is the part, unchanged."""
        id_ = request.ids[0]
        parse_part(answer.body, id_, request.kind)
        return Reading(parts={id_: (Part(request.kind, answer.body),)})

    def convert(self, id_: str, parts: Mapping[str, bytes]) -> SourceTitle:
        """Say in our terms what MyAnimeList says."""
        return convert_title(id_, parts)
