"""Dates and instants of platforms in ours: partial dates as precise as said, instants in UTC, dates in Japan's zone.

Promises: total over any text; an impossible or placeholder date reads as ``None``, and whether something *was* said
is for the caller to report (:func:`is_nothing`).
"""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final

from pipeline.domain.source_title import PartialDate

__all__ = ["date_from_text", "instant", "instant_text", "is_nothing", "japan_clock", "japan_date", "partial_date"]

_JAPAN: Final = timezone(timedelta(hours=9))  # no daylight saving since 1951
_FIRST_YEAR: Final = 1800
_LAST_YEAR: Final = 2200
_PARTIAL: Final = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?(?:[T ].*)?", re.ASCII)


def partial_date(year: int | None, month: int | None = None, day: int | None = None) -> PartialDate | None:
    """A date of known precision (0 counts as not said); ``None`` when it cannot be."""
    if year is None or not _FIRST_YEAR <= year <= _LAST_YEAR:
        return None
    if not month:
        return PartialDate(year)
    try:
        date(year, month, day or 1)
    except ValueError:
        return None
    return PartialDate(year, month, day or None)


def date_from_text(text: str | None) -> PartialDate | None:
    """``2026``, ``2026-01``, ``2026-01-10`` or the date in front of a time; else ``None``."""
    found = _PARTIAL.fullmatch(text.strip()) if text else None
    if found is None:
        return None
    year, month, day = (int(part) if part else None for part in found.groups())
    return partial_date(year, month, day)


def is_nothing(text: str | None) -> bool:
    """Whether a date says nothing: absent, blank, all zeros, or the placeholder year 1."""
    return not text or not text.strip() or text.startswith(("0001-01-01", "0000"))


def instant(text: str | None) -> datetime | None:
    """An RFC 3339 instant in UTC; a time without zone counts as UTC. Years before 1800 are placeholders."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if _FIRST_YEAR <= moment.year <= _LAST_YEAR else None


def instant_text(moment: datetime | None) -> str | None:
    """``2026-01-10T15:30:00Z``."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def japan_date(moment: datetime | None) -> PartialDate | None:
    """The day an instant falls on in Japan."""
    if moment is None:
        return None
    there = moment.astimezone(_JAPAN)
    return PartialDate(there.year, there.month, there.day)


def japan_clock(text: str | None) -> str | None:
    """``HH:MM`` in Japan of an RFC 3339 text whose date may be a placeholder (``0002-01-01T15:00:00Z``)."""
    found = re.match(r"\d{4}-(\d\d-\d\dT.+)", text.strip(), re.ASCII) if text else None
    moment = instant(f"2020-{found[1]}") if found and not is_nothing(text) else None
    return None if moment is None else moment.astimezone(_JAPAN).strftime("%H:%M")
