"""AniList as a platform: 50 titles a document."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from pipeline.domain.exchange import Answer, Part, Reading, Request, Wanted
from pipeline.domain.names import Platform, Site
from pipeline.domain.source_title import SourceTitle
from pipeline.errors import Blocked, Broken, Misconfigured, ShrinkBatch, Transient, one_line
from pipeline.platforms._http import check_json, check_status
from pipeline.platforms._reading import EMPTY, JsonObject, json_bytes
from pipeline.platforms.anilist.convert import convert_title
from pipeline.platforms.anilist.payload import first_error, page_rows, titles_of
from pipeline.platforms.anilist.requests import MAX_BATCH, expect_documents, page_of, plan_requests

__all__ = ["AniListAdapter"]

_OUTAGE_WAIT_S: Final = 900.0
_TOO_COMPLEX: Final = "query complexity"


def _envelope(answer: Answer) -> JsonObject:
    value = check_json(answer, Platform.ANILIST)
    return JsonObject(value) if isinstance(value, dict) else EMPTY


_DOCUMENTS_A_ROUND: Final = 16
"""Of a round of 800 those that go on fill three further documents, at 16 in 100 as in practice."""


@dataclass(frozen=True, slots=True)
class AniListAdapter:
    """Asks for whole records of up to ``titles`` at once, then for the pages that did not fit.

    A round is larger than a document: of few titles a page did not fit, and those of a whole round share documents.
    """

    name: ClassVar[Platform] = Platform.ANILIST
    convert_version: ClassVar[int] = 4
    titles: int = MAX_BATCH

    def __post_init__(self) -> None:
        """Refuse a batch AniList would silently cut."""
        if not 1 <= self.titles <= MAX_BATCH:
            raise Misconfigured(f"anilist: batch {self.titles} is not 1 to {MAX_BATCH}, which is all a page holds")

    @property
    def batch(self) -> int:
        """Some documents' titles."""
        return _DOCUMENTS_A_ROUND * self.titles

    @property
    def batch_bounds(self) -> tuple[int, int]:
        """Always the same size."""
        return self.batch, self.batch

    def wanted_ids(self, ids: Mapping[Site, tuple[str, ...]]) -> tuple[str, ...]:
        """AniList's own ids; a MyAnimeList id may be none or several of AniList's, so it is not asked by."""
        return ids.get(Site.ANILIST, ())

    def plan_requests(self, wanted: Sequence[Wanted]) -> tuple[Request, ...]:
        """The records that are missing, then further pages of casts, staff and schedules."""
        return plan_requests(wanted, self.titles)

    def expect_requests(self, wanted: Sequence[Wanted]) -> Counter[str]:
        """A document for all, and as many more as the longest schedule takes; casts cannot be told beforehand."""
        expected = Counter(request.kind for request in self.plan_requests(wanted))
        return expected + Counter({"pages": expect_documents(max((one.episodes or 0 for one in wanted), default=0))})

    def check_answer(self, request: Request, answer: Answer) -> None:
        """Obey refusals, halve what is too heavy, read ``errors`` also in a 200."""
        self._check_errors(request, answer)
        if answer.status == 404 and _error_of(answer) is None:
            raise _error(Broken, answer, "the address is wrong; what AniList does not have it says in its own words")
        check_status(answer, Platform.ANILIST)
        if titles_of(_envelope(answer)) is None:
            raise _error(Transient, answer, "no data and no error")

    def _check_errors(self, request: Request, answer: Answer) -> None:
        if answer.status == 500:
            raise _error(ShrinkBatch if len(request.ids) > 1 else Transient, answer, "too heavy or overloaded")
        error = _error_of(answer)
        if error is None:
            return
        message, status = (error.text("message") or "").lower(), error.integer("status")
        if _TOO_COMPLEX in message:
            raise _error(ShrinkBatch if len(request.ids) > 1 else Broken, answer, "the document is too complex")
        if "temporarily disabled" in message:
            raise _error(Blocked, answer, "switched off for now", _OUTAGE_WAIT_S)
        if 200 <= answer.status < 300:
            if status is None or 200 <= status < 300:
                raise _error(Transient, answer, "an error without a status")
            self.check_answer(request, replace(answer, status=status))
        if 404 in (answer.status, status) and len(request.ids) > 1:
            raise _error(ShrinkBatch, answer, "one of the ids is not there and takes the others with it")

    def parse_answer(self, request: Request, answer: Answer) -> Reading:
        """Give each title its subtree; asked ids that did not come are absent."""
        titles = titles_of(_envelope(answer))
        if titles is None:
            raise _error(Broken, answer, "no list of titles")
        asked = frozenset(request.ids)
        parts: dict[str, tuple[Part, ...]] = {}
        for media in titles:
            id_ = media.id("id")
            if id_ is not None and id_ in asked:
                parts[id_] = _parts_of(request, media)
        return Reading(parts=parts, absent=asked - parts.keys())

    def convert(self, id_: str, parts: Mapping[str, bytes]) -> SourceTitle:
        """AniList's word on one title."""
        return convert_title(id_, parts)


def _parts_of(request: Request, media: JsonObject) -> tuple[Part, ...]:
    """The record and the further pages that hold something, or the pages that were asked for, empty ones too."""
    pages = {field: kind for field in media if (kind := page_of(field)) is not None}
    if request.kind != "media":
        return tuple(Part(kind, json_bytes(media.obj(field))) for field, kind in pages.items())
    record = {field: value for field, value in media.data.items() if field not in pages}
    full = ((kind, page) for field, kind in pages.items() if page_rows(page := media.obj(field)))
    return (Part("media", json_bytes(record)), *(Part(kind, json_bytes(page)) for kind, page in full))


def _error_of(answer: Answer) -> JsonObject | None:
    """The first error a JSON body carries; ``None`` when there is none or the body is no JSON object."""
    if b'"errors"' not in answer.body:  # fifty records are some megabytes: they are not read just for this
        return None
    try:
        return first_error(_envelope(answer))
    except Transient:
        return None


def _error(
    kind: type[Blocked | Broken | ShrinkBatch | Transient], answer: Answer, problem: str, wait_s: float | None = None
) -> Blocked | Broken | ShrinkBatch | Transient:
    return kind(
        f"anilist answered {answer.status}, {problem}: {one_line(answer.body)!r}",
        platform=Platform.ANILIST.value,
        status=answer.status,
        evidence=one_line(answer.body),
        wait_s=wait_s,
    )
