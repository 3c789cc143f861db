"""The AnimeSchedule adapter: ties asking, reading and converting together. The token is the transport's business."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pipeline.domain.exchange import Answer, Reading, Request, Wanted
from pipeline.domain.names import Platform, Site
from pipeline.domain.source_title import SourceTitle
from pipeline.platforms.animeschedule.convert import convert_title
from pipeline.platforms.animeschedule.payload import check_payload, read_answer
from pipeline.platforms.animeschedule.requests import PAGE_SIZE, first_ids, plan_batch

__all__ = ["AnimeScheduleAdapter"]

_CONVERT_VERSION: Final = 3


@dataclass(frozen=True, slots=True)
class AnimeScheduleAdapter:
    """AnimeSchedule by foreign id (``mal:1``, else ``anilist:1``, else ``anidb:23``), 18 a request."""

    name: Platform = Platform.ANIMESCHEDULE
    convert_version: int = _CONVERT_VERSION

    @property
    def batch(self) -> int:
        """What one page holds."""
        return PAGE_SIZE

    @property
    def batch_bounds(self) -> tuple[int, int]:
        """Always the same size."""
        return self.batch, self.batch

    def wanted_ids(self, ids: Mapping[Site, tuple[str, ...]]) -> tuple[str, ...]:
        """The title's ids on the first site AnimeSchedule can be asked by."""
        return first_ids(ids)

    def plan_requests(self, wanted: Sequence[Wanted]) -> tuple[Request, ...]:
        """One request for every 18 ids without a record."""
        return plan_batch(wanted)

    def expect_requests(self, wanted: Sequence[Wanted]) -> Counter[str]:
        """One for every 18 ids."""
        return Counter(request.kind for request in self.plan_requests(wanted))

    def check_answer(self, request: Request, answer: Answer) -> None:
        """Raise what the answer means if it is not usable. ``EntryGone`` speaks of every id of the request."""
        check_payload(request, answer)

    def parse_answer(self, request: Request, answer: Answer) -> Reading:
        """Records by the ids they repeat; an id no record repeats is absent, whatever else was found."""
        return read_answer(request, answer)

    def convert(self, id_: str, parts: Mapping[str, bytes]) -> SourceTitle:
        """Say in our terms what AnimeSchedule says."""
        return convert_title(id_, parts)
