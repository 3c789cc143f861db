"""One row of the catalogue's JSON to a :class:`CatalogueRow`.

Promises: a row is taken whole or refused with the field and the value that is wrong. The catalogue's own words for
"unknown" (``UNDEFINED``, 0 episodes, its placeholder picture) become ``None``; a closed set's word we do not know is
told as drift.
"""

from collections.abc import Mapping
from typing import Any, Final

import orjson

from pipeline.domain.canonical import dump_json, load_json
from pipeline.domain.names import AiringStatus, Season, TitleType
from pipeline.domain.title import CatalogueRow
from pipeline.errors import BadInput, Damaged, one_line

__all__ = ["load_row", "parse_row", "row_bytes"]

_TYPES: Final[Mapping[str, TitleType]] = {type_.value: type_ for type_ in TitleType}
_STATUSES: Final[Mapping[str, AiringStatus]] = {
    "FINISHED": AiringStatus.FINISHED,
    "ONGOING": AiringStatus.AIRING,
    "UPCOMING": AiringStatus.UPCOMING,
    "UNKNOWN": AiringStatus.UNKNOWN,
}
_SEASONS: Final[Mapping[str, Season | None]] = {season.value: season for season in Season} | {"UNDEFINED": None}
_UNIT_S: Final[Mapping[str, int]] = {"SECONDS": 1, "MINUTES": 60, "HOURS": 3600}
_NO_PICTURE: Final = ("/pics/no_pic.png", "/pics/no_pic_thumbnail.png")


def _wrong(field: str, value: object, expected: str) -> BadInput:
    return BadInput(f"field {field!r} is {one_line(repr(value), 80)}, expected {expected}")


def _text(record: dict[str, Any], field: str) -> str | None:
    value = record.get(field)
    if value is None or isinstance(value, str):
        return value
    raise _wrong(field, value, "a text")


def _texts(record: dict[str, Any], field: str) -> tuple[str, ...]:
    value = record.get(field)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise _wrong(field, value, "a list of texts")
    for item in value:
        if not isinstance(item, str):
            raise _wrong(field, item, "only texts in the list")
    return tuple(value)


def _whole(value: object, field: str) -> int | None:
    if value is None:
        return None
    number = int(value) if isinstance(value, float) and value.is_integer() else value
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise _wrong(field, value, "a whole number from 0 on")
    return number


def _object(record: dict[str, Any], field: str) -> dict[str, Any]:
    value = record.get(field)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _wrong(field, value, "an object")
    return value


def _duration_s(record: dict[str, Any]) -> int | None:
    duration = _object(record, "duration")
    value = _whole(duration.get("value"), "duration.value")
    if not value:
        return None
    unit = duration.get("unit", "SECONDS")
    if not isinstance(unit, str) or unit not in _UNIT_S:
        raise _wrong("duration.unit", unit, "SECONDS, MINUTES or HOURS")
    return value * _UNIT_S[unit]


def _score(record: dict[str, Any]) -> float | None:
    value = _object(record, "score").get("arithmeticMean")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value <= 10:
        raise _wrong("score.arithmeticMean", value, "a number from 1 to 10")
    return float(value)


def _picture(record: dict[str, Any], field: str) -> str | None:
    value = _text(record, field)
    return None if not value or value.endswith(_NO_PICTURE) else value


def _required(record: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
    title, sources = _text(record, "title"), _texts(record, "sources")
    if not title or title.isspace():
        raise _wrong("title", title, "a title")
    if not sources:
        raise _wrong("sources", record.get("sources"), "at least one URL")
    return title, sources


def _season_name(season: dict[str, Any]) -> str:
    value = season.get("season")
    if value is None:
        return "UNDEFINED"
    if isinstance(value, str):
        return value
    raise _wrong("animeSeason.season", value, "a text")


def parse_row(content: bytes) -> tuple[CatalogueRow, tuple[str, ...]]:
    """Read one row; the second value names words we do not know (``"type='X'"``).

    Raises ``BadInput`` naming the field and the value.
    """
    try:
        record = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise BadInput(f"not JSON: {one_line(str(error))}") from error
    if not isinstance(record, dict):
        raise BadInput(f"not an object but {one_line(repr(record), 80)}")
    title, sources = _required(record)
    season = _object(record, "animeSeason")
    words = {
        "type": _text(record, "type") or "UNKNOWN",
        "status": _text(record, "status") or "UNKNOWN",
        "animeSeason.season": _season_name(season),
    }
    known = {"type": _TYPES, "status": _STATUSES, "animeSeason.season": _SEASONS}
    row = CatalogueRow(
        sources=sources,
        title=title,
        type=_TYPES.get(words["type"], TitleType.UNKNOWN),
        episodes=_whole(record.get("episodes"), "episodes") or None,
        status=_STATUSES.get(words["status"], AiringStatus.UNKNOWN),
        season=_SEASONS.get(words["animeSeason.season"]),
        year=_whole(season.get("year"), "animeSeason.year") or None,
        picture=_picture(record, "picture"),
        thumbnail=_picture(record, "thumbnail"),
        duration_s=_duration_s(record),
        score=_score(record),
        synonyms=_texts(record, "synonyms"),
        studios=_texts(record, "studios"),
        producers=_texts(record, "producers"),
        related_anime=_texts(record, "relatedAnime"),
        tags=_texts(record, "tags"),
    )
    return row, tuple(f"{field}={word!r}" for field, word in words.items() if word not in known[field])


def row_bytes(row: CatalogueRow) -> bytes:
    """The form in which the ledger keeps a row: equal rows give equal bytes."""
    return dump_json(CatalogueRow, row)


def load_row(content: bytes) -> CatalogueRow:
    """Read what :func:`row_bytes` wrote. Raises ``Damaged``."""
    try:
        return load_json(CatalogueRow, content)
    except ValueError as error:  # pydantic's ValidationError is one
        raise Damaged(
            f"a stored catalogue row cannot be read: {one_line(content)!r}; read the catalogue again"
        ) from error
