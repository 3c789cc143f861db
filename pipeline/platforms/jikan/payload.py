"""The shape of Jikan v4 answers: which bodies are usable, which are errors, and what lies under ``data``.

Promises: a 200 that carries an error is found out; a 404 for anything but the title itself reads as "has none".
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, NoReturn

import orjson

from pipeline.domain.exchange import Answer, Request
from pipeline.domain.names import Host, Platform, Service
from pipeline.errors import Broken, Throttled, Transient, one_line
from pipeline.platforms._http import check_json, check_status, stated_wait_s
from pipeline.platforms._reading import EMPTY, JsonObject, broken, parse_object
from pipeline.platforms.jikan.mal_v2 import MAL_V2, check_record, parse_record

__all__ = [
    "FULL",
    "LIST",
    "RECORDS",
    "V2_LIST",
    "PartData",
    "cast_ids",
    "check_payload",
    "episode_numbers",
    "episode_pages",
    "parse_part",
    "record_kind",
]

FULL: Final = "full"
LIST: Final = "list"
"""A row of the list of all titles: the record without relations, theme songs and links."""
V2_LIST: Final = "mal_v2_list"
"""A row of the official API's ranking."""
RECORDS: Final = (FULL, MAL_V2, LIST, V2_LIST)
"""Kinds of parts that tell what a title is, the fullest first."""
_UPSTREAM_WAIT_S: Final = 300.0
"""MyAnimeList itself limits the service we ask; coming back sooner only makes it worse."""

_LISTS: Final = ("characters", "staff", "episodes", "pictures", "external", "streaming", "relations")
"""Parts whose ``data`` is a list; all others hold an object."""


@dataclass(frozen=True, slots=True)
class PartData:
    """One part read: ``one`` for parts that hold an object, ``many`` for lists, and the paging beside them."""

    one: JsonObject = EMPTY
    many: tuple[JsonObject, ...] = ()
    pagination: JsonObject = EMPTY
    is_missing: bool = False
    """The service answered 404 for this part: the title has none."""


def check_payload(request: Request, answer: Answer) -> None:
    """Raise what an answer means that carries no usable ``data``."""
    if answer.status == 404 and request.kind in (LIST, V2_LIST):
        _raise(Broken, answer, "it has no list of all titles: check its base_url", host=request.host)
    if request.service is Service.MAL_V2:
        check_record(answer, holds="data" if request.kind == V2_LIST else "id")
        return
    body = _error_body(answer)
    if answer.status == 429 and _is_upstream(body):
        _raise(Throttled, answer, "limited by MyAnimeList itself", stated_wait_s(answer) or _UPSTREAM_WAIT_S)
    if answer.status >= 500 and body.text("type") == "ParserException":
        _raise(Broken, answer, "MyAnimeList's page has changed under the service")
    if answer.status == 404 and not body:
        _raise(Broken, answer, "no JSON: the address is wrong, for a title it does not have the service says so")
    if answer.status == 404 and request.kind != FULL and _says_none(body):
        return
    check_status(answer, Platform.JIKAN)
    value = check_json(answer, Platform.JIKAN)
    if isinstance(value, dict) and value.get("data") is None:
        _check_dataless(answer, JsonObject(value))


def _check_dataless(answer: Answer, body: JsonObject) -> None:
    # An error cached as a success (jikan-rest#540): only ``data`` tells.
    if body.integer("status") == 429:
        wait_s = _UPSTREAM_WAIT_S if _is_upstream(body) else stated_wait_s(answer)
        _raise(Throttled, answer, "a rate limit inside a success", wait_s)
    _raise(Transient, answer, "a success without data")


def _error_body(answer: Answer) -> JsonObject:
    if 200 <= answer.status < 300:
        return EMPTY
    try:
        value = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return EMPTY
    return JsonObject(value) if isinstance(value, dict) else EMPTY


def _says_none(envelope: JsonObject) -> bool:
    # Clones word their 404 differently; what they share is an error's fields and no data.
    return not envelope.has("data") and any(envelope.has(key) for key in ("status", "type", "message", "error"))


def _is_upstream(body: JsonObject) -> bool:
    # The service's own limiter says "429" as text; a limit it met at MyAnimeList comes as a number.
    return isinstance(body.raw("status"), int) or "myanimelist" in (body.text("message") or "").lower()


def _raise(
    kind: type[Throttled | Transient | Broken],
    answer: Answer,
    problem: str,
    wait_s: float | None = None,
    *,
    host: Host = Platform.JIKAN,
) -> NoReturn:
    evidence = one_line(answer.body)
    raise kind(
        f"{host.value} answered {answer.status}, {problem}: {evidence!r}",
        platform=host.value,
        status=answer.status,
        evidence=evidence,
        wait_s=wait_s,
    )


def parse_part(body: bytes, id_: str, kind: str) -> PartData:
    """Read one part. Raises ``Broken`` when it is not the shape its kind has, or speaks of another title."""
    if kind in (MAL_V2, V2_LIST):
        return PartData(one=parse_record(body, id_))
    envelope = parse_object(body, platform=Platform.JIKAN, id_=id_, part=kind)
    data = envelope.raw("data")
    if kind != FULL and _says_none(envelope):
        return PartData(is_missing=True)
    if kind.partition("/")[0] in _LISTS:
        if not isinstance(data, list):
            raise broken(Platform.JIKAN, id_, kind, "has no list under 'data'", body)
        return PartData(many=envelope.objs("data"), pagination=envelope.obj("pagination"))
    one = envelope.obj("data")
    if not one:
        raise broken(Platform.JIKAN, id_, kind, "has no object under 'data'", body)
    if kind in (FULL, LIST) and one.id("mal_id") != id_:
        raise broken(Platform.JIKAN, id_, kind, f"speaks of {one.id('mal_id')!r}", body)
    return PartData(one=one)


def record_kind(parts: Collection[str]) -> str | None:
    """The fullest record among some kinds of parts; ``None`` when there is none."""
    return next((kind for kind in RECORDS if kind in parts), None)


def episode_pages(parts: Mapping[str, bytes]) -> tuple[int, ...]:
    """Numbers of the episode pages among the parts, ascending."""
    numbers = (kind.removeprefix("episodes/") for kind in parts if kind.startswith("episodes/"))
    return tuple(sorted(int(number) for number in numbers if number.isascii() and number.isdigit()))


def episode_numbers(id_: str, parts: Mapping[str, bytes]) -> tuple[int, ...]:
    """Numbers of the episodes on the pages that are there, ascending."""
    rows = (row for page in episode_pages(parts) for row in _rows(parts, id_, f"episodes/{page}"))
    numbers = {row.integer("mal_id") for row in rows}
    return tuple(sorted(number for number in numbers if number is not None and number > 0))


def cast_ids(id_: str, parts: Mapping[str, bytes]) -> tuple[str, ...]:
    """Ids of the characters in the cast list, in its order; empty when it is not there."""
    rows = _rows(parts, id_, "characters") if "characters" in parts else ()
    ids = (row.obj("character").id("mal_id") for row in rows)
    return tuple(dict.fromkeys(one for one in ids if one is not None and one.isascii() and one.isdigit()))


def _rows(parts: Mapping[str, bytes], id_: str, kind: str) -> tuple[JsonObject, ...]:
    return parse_part(parts[kind], id_, kind).many
