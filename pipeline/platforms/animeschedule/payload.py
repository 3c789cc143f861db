"""The shape of AnimeSchedule answers, and which record belongs to which id.

Promises: a record counts for an id only when its ``websites`` repeat that id; the first hit is never good enough.
"""

import re
from collections.abc import Iterable
from typing import Final, NoReturn

from pipeline.domain.exchange import Answer, Part, Reading, Request
from pipeline.domain.names import Platform
from pipeline.domain.source_title import ForeignId
from pipeline.errors import Broken, ShrinkBatch, Transient, one_line
from pipeline.platforms._http import check_json, check_status
from pipeline.platforms._links import foreign_ids
from pipeline.platforms._reading import JsonObject, broken, json_bytes, parse_object
from pipeline.platforms.animeschedule.requests import ANIME, PAGE_SIZE, split_id

__all__ = ["check_payload", "parse_record", "read_answer", "website_ids"]

_NONE: Final = re.compile(rb"could ?n.t find", re.IGNORECASE)
_CROSS_LINKS: Final = ("mal", "aniList", "anidb", "kitsu", "animePlanet")


def check_payload(request: Request, answer: Answer) -> None:
    """Raise what an answer means that is no page of records."""
    if answer.status == 404 and not _NONE.search(answer.body):
        _raise(Broken, answer, "the address is wrong, for titles it does not have it says so in its own words")
    check_status(answer, Platform.ANIMESCHEDULE)
    value = check_json(answer, Platform.ANIMESCHEDULE)
    if not isinstance(value, dict) or "anime" not in value:
        _raise(Transient, answer, "a success without records")
    total = JsonObject(value).integer("totalAmount") or 0
    if total > PAGE_SIZE and len(request.ids) > 1:
        _raise(ShrinkBatch, answer, f"{total} records for {len(request.ids)} ids, more than one page holds")


def _raise(kind: type[Broken | ShrinkBatch | Transient], answer: Answer, problem: str) -> NoReturn:
    raise kind(
        f"animeschedule answered {answer.status}, {problem}: {one_line(answer.body)!r}",
        platform=Platform.ANIMESCHEDULE.value,
        status=answer.status,
        evidence=one_line(answer.body),
    )


def read_answer(request: Request, answer: Answer) -> Reading:
    """Records by wanted id. Further records of an id lie beside the first as ``anime/<route>``."""
    page = parse_object(answer.body, platform=Platform.ANIMESCHEDULE, id_=",".join(request.ids), part=request.kind)
    if page.raw("anime") is not None and not isinstance(page.raw("anime"), list):
        raise broken(Platform.ANIMESCHEDULE, ",".join(request.ids), request.kind, "has no list of records", answer.body)
    records = [(record, set(website_ids(record))) for record in page.objs("anime")]
    parts: dict[str, tuple[Part, ...]] = {}
    for id_ in request.ids:
        own = _once(record for record, ids in records if ForeignId(*split_id(id_)) in ids)
        if own:
            parts[id_] = tuple(Part(_kind(record, at), json_bytes(record)) for at, record in enumerate(own))
    return Reading(parts, frozenset(request.ids) - parts.keys())


def _once(records: Iterable[JsonObject]) -> tuple[JsonObject, ...]:
    """Each record once: pages of a list that changes meanwhile overlap."""
    first: dict[object, JsonObject] = {}
    for at, record in enumerate(records):
        first.setdefault(record.id("route") or at, record)
    return tuple(first.values())


def _kind(record: JsonObject, at: int) -> str:
    return ANIME if at == 0 else f"{ANIME}/{record.id('route') or at}"


def website_ids(record: JsonObject) -> tuple[ForeignId, ...]:
    """The title's ids on other sites, as the record's links give them."""
    websites = record.obj("websites")
    return foreign_ids(url for key in _CROSS_LINKS if (url := websites.text(key)) is not None)


def parse_record(body: bytes, id_: str) -> JsonObject:
    """The record of an id (a foreign id or a route). Raises ``Broken`` when it is none, or another title's."""
    record = parse_object(body, platform=Platform.ANIMESCHEDULE, id_=id_, part=ANIME)
    if record.text("route") is None or record.text("title") is None:
        raise broken(Platform.ANIMESCHEDULE, id_, ANIME, "has no route or no title", body)
    is_own = ForeignId(*split_id(id_)) in website_ids(record) if ":" in id_ else record.text("route") == id_
    if not is_own:
        raise broken(Platform.ANIMESCHEDULE, id_, ANIME, f"speaks of {record.text('route')!r}", body)
    return record
