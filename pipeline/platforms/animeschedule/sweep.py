"""The whole of AnimeSchedule, page after page, instead of some ids: what to ask, and whose each record is.

Pure. A record belongs to the ids its ``websites`` repeat, here as everywhere; its place in the list says nothing.
"""

from collections.abc import Container
from dataclasses import dataclass
from typing import Final

from pipeline.domain.exchange import Request
from pipeline.domain.names import Platform
from pipeline.platforms._reading import JsonObject, json_bytes, parse_object
from pipeline.platforms.animeschedule.payload import website_ids
from pipeline.platforms.animeschedule.requests import PAGE_SIZE

__all__ = ["SweptPage", "SweptRecord", "read_page", "sweep_request"]

_SWEEP: Final = "sweep"


@dataclass(frozen=True, slots=True)
class SweptRecord:
    """One record: its own name, the wanted ids it repeats (``mal:1``), and its body."""

    route: str
    ids: tuple[str, ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class SweptPage:
    """One page; ``total`` is how many records all pages hold together."""

    total: int
    records: tuple[SweptRecord, ...]

    @property
    def pages(self) -> int:
        """How many pages there are; the one after the last is an error 500."""
        return max(1, -(-self.total // PAGE_SIZE))


def sweep_request(page: int) -> Request:
    """One page, counted from 1, in an order that does not change with popularity."""
    params = (("st", "alphabetic"), ("page", str(page)))
    return Request(Platform.ANIMESCHEDULE, _SWEEP, "/anime", (), params)


def read_page(body: bytes, wanted: Container[str]) -> SweptPage:
    """Take a page apart. Raises ``Broken`` when it is none."""
    page = parse_object(body, platform=Platform.ANIMESCHEDULE, id_=_SWEEP, part=_SWEEP)
    return SweptPage(page.integer("totalAmount") or 0, tuple(_record(one, wanted) for one in page.objs("anime")))


def _record(record: JsonObject, wanted: Container[str]) -> SweptRecord:
    spoken = dict.fromkeys(f"{one.site}:{one.id}" for one in website_ids(record))
    return SweptRecord(record.text("route") or "", tuple(id_ for id_ in spoken if id_ in wanted), json_bytes(record))
