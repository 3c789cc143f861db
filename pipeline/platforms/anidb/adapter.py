"""The AniDB adapter: ties asking, reading and converting together."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pipeline.domain.exchange import Answer, Part, Reading, Request, Wanted
from pipeline.domain.names import Platform, Site
from pipeline.domain.source_title import SourceTitle
from pipeline.platforms.anidb.convert import convert_title
from pipeline.platforms.anidb.payload import check_payload, parse_anime
from pipeline.platforms.anidb.requests import ANIME, plan_title

__all__ = ["AnidbAdapter"]

_CONVERT_VERSION: Final = 2


@dataclass(frozen=True, slots=True)
class AnidbAdapter:
    """AniDB by aid, one request a title. ``client`` and ``client_version`` are those registered with AniDB."""

    client: str
    client_version: int
    name: Platform = Platform.ANIDB
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
        """All aids of the title."""
        return ids.get(Site.ANIDB, ())

    def plan_requests(self, wanted: Sequence[Wanted]) -> tuple[Request, ...]:
        """One request for every title whose answer is not there yet."""
        return tuple(request for one in wanted for request in plan_title(one, self.client, self.client_version))

    def expect_requests(self, wanted: Sequence[Wanted]) -> Counter[str]:
        """One a title."""
        return Counter(request.kind for request in self.plan_requests(wanted))

    def check_answer(self, request: Request, answer: Answer) -> None:
        """Raise what the answer means if it is not usable."""
        check_payload(request, answer)

    def parse_answer(self, request: Request, answer: Answer) -> Reading:
        """The whole body is the part, unchanged."""
        id_ = request.ids[0]
        parse_anime(answer.body, id_)
        return Reading(parts={id_: (Part(ANIME, answer.body),)})

    def convert(self, id_: str, parts: Mapping[str, bytes]) -> SourceTitle:
        """Say in our terms what AniDB says."""
        return convert_title(id_, parts)
