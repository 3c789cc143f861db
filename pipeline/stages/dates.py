"""When the work aired: first and last day in Japan, season, year and month.

A date supports every more precise date it is the beginning of, so ``1998`` never contradicts ``1998-04-03`` and the
precise one wins. Two things are read before the vote: a platform that has no partial dates writes a year as its first
of January, so beside somebody's bare year that is the year; and where platforms are a day apart because a night's
broadcast belongs to the evening for some, the weekday of the slot tells which day it was. The season is the platforms'
word while it lies within a month of the first day; else the first month's.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date as day_type
from datetime import timedelta
from typing import Final, Literal

from pipeline.domain.claims import Chosen, Claim, Finding
from pipeline.domain.names import Season, Source
from pipeline.domain.record import AiredDates
from pipeline.domain.source_title import PartialDate, SourceTitle
from pipeline.domain.title import CatalogueRow
from pipeline.stages.choose import SINGLE_SOURCE, choose_weighted, nobody_said
from pipeline.stages.weights import DATES

__all__ = ["ChosenDates", "choose_aired", "choose_dates", "choose_month", "choose_season", "choose_year", "fits_season"]

_FROM_START: Final = "rule:season_from_start@1"
_SEASONS: Final = (Season.WINTER, Season.SPRING, Season.SUMMER, Season.FALL)
_WEEKDAYS: Final = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
_WITHOUT_PARTS: Final = frozenset({Source.KITSU, Source.ANIME_PLANET})
"""Platforms that can write nothing but whole days."""
_Said = Sequence[tuple[Source, PartialDate]]
_Precision = Literal["year", "month", "day"]


@dataclass(frozen=True, slots=True)
class ChosenDates:
    """The decisions on dates, in the record's words."""

    aired_dates: Chosen[AiredDates | None]
    season: Chosen[Season | None]
    year: Chosen[int | None]
    month: Chosen[int | None]
    findings: tuple[Finding, ...]


def _season_of(month: int) -> Season:
    """January to March is winter, and so on."""
    return _SEASONS[(month - 1) // 3 % 4]


def fits_season(season: Season, month: int) -> bool:
    """Whether a first month lies in a season or within one month of it."""
    first = _SEASONS.index(season) * 3 + 1
    return (month - first + 1) % 12 <= 4


def choose_dates(sources: Sequence[SourceTitle], row: CatalogueRow) -> ChosenDates:
    """Decide all dates of one work."""
    days = {one.broadcast.day for one in sources if one.broadcast is not None and one.broadcast.day is not None}
    start, end = _first_and_last(sources, days)
    season = choose_season(sources, row, start)
    findings = tuple(
        Finding("impossible_date", f"{date.text} is no date", "aired_dates", one.source)
        for dates in ([(one, one.start) for one in sources], [(one, one.end) for one in sources])
        for one, date in dates
        if date is not None and not _is_date(date)
    )
    year = choose_year(sources, row, start, season)
    return ChosenDates(_aired(start, end), season, year, choose_month(start), findings)


def choose_aired(sources: Sequence[SourceTitle], day: str) -> Chosen[AiredDates | None]:
    """First and last day where the weekday of the slot is known to be ``day``."""
    return _aired(*_first_and_last(sources, {day}))


def _first_and_last(
    sources: Sequence[SourceTitle], days: Collection[str]
) -> tuple[Chosen[PartialDate | None], Chosen[PartialDate | None]]:
    starts = [(one.source, one.start) for one in sources if one.start is not None and _is_date(one.start)]
    ends = [(one.source, one.end) for one in sources if one.end is not None and _is_date(one.end)]
    return _choose_date(_read(starts, days)), _choose_date(_read(ends, days))


def _precision(date: PartialDate) -> _Precision:
    return "year" if date.month is None else "month" if date.day is None else "day"


def _is_date(date: PartialDate) -> bool:
    """Whether it can be one; year 1 is the platforms' word for "unknown"."""
    return date.year > 1 and 1 <= (date.month or 1) <= 12 and 1 <= (date.day or 1) <= 31


def _read(said: _Said, days: Collection[str]) -> _Said:
    """The dates as they are meant: years that are written as days, and nights that are counted as evenings."""
    years = {date for _, date in said if date.month is None}
    meant = [(source, _coarsened(date) if _is_bare_year(source, date, years) else date) for source, date in said]
    claimed = {date for _, date in meant}
    return [(source, _night_of(date, claimed, days)) for source, date in meant]


def _coarsened(date: PartialDate) -> PartialDate:
    return PartialDate(date.year)


def _is_bare_year(source: Source, date: PartialDate, years: Collection[PartialDate]) -> bool:
    return source in _WITHOUT_PARTS and (date.month, date.day) == (1, 1) and _coarsened(date) in years


def _night_of(date: PartialDate, claimed: Collection[PartialDate], days: Collection[str]) -> PartialDate:
    """The day after, where somebody says that one and it alone is the slot's weekday."""
    here = _day_of(date)
    there = None if here is None or here == day_type.max else here + timedelta(days=1)
    if here is None or there is None or len(days) != 1:
        return date
    following = PartialDate(there.year, there.month, there.day)
    return following if following in claimed and _WEEKDAYS[there.weekday()] in days else date


def _day_of(date: PartialDate) -> day_type | None:
    try:
        return None if date.month is None or date.day is None else day_type(date.year, date.month, date.day)
    except ValueError:
        return None


def _choose_date(said: _Said) -> Chosen[PartialDate | None]:
    """The date most weight agrees with; among equals the more precise."""
    if not said:
        return nobody_said(None)

    def support(date: PartialDate) -> float:
        by = {source for source, claimed in said if _begins(claimed, date)}
        return round(sum(DATES.get(source, 0.1) for source in sorted(by)), 9)

    winner = min({date for _, date in said}, key=lambda date: (-support(date), -len(date.text), date.text))
    agreeing: list[tuple[Source, PartialDate | None]] = [
        (source, winner if _begins(date, winner) else date) for source, date in said
    ]
    chosen = choose_weighted(agreeing, weights=DATES, rule="rule:date_vote@2", nobody=None)
    return chosen if chosen.value == winner else _settle(chosen, winner, agreeing)


def _settle(
    chosen: Chosen[PartialDate | None],
    winner: PartialDate,
    said: Sequence[tuple[Source, PartialDate | None]],
) -> Chosen[PartialDate | None]:
    """The vote fell to the other of two equally supported dates: say the precise one, at a conflict's confidence."""
    others = {date for _, date in said} - {winner}
    lost = [
        Claim(date, tuple(sorted({source for source, claimed in said if claimed == date})))
        for date in sorted(others, key=lambda date: date.text if date else "")
    ]
    who = tuple(sorted({source for source, date in said if date == winner}))
    return Chosen(winner, who, chosen.rule, 0.5, tuple(lost), conflict=True)


def _begins(coarse: PartialDate, fine: PartialDate) -> bool:
    return fine.text == coarse.text or fine.text.startswith(coarse.text + "-")


def _aired(start: Chosen[PartialDate | None], end: Chosen[PartialDate | None]) -> Chosen[AiredDates | None]:
    said = [date for date in (start, end) if date.value is not None]
    if not said:
        return nobody_said(None)
    lost: list[Claim[AiredDates | None]] = [
        *(_claim(_spell(claim.value, None), claim.sources) for claim in start.passed_over),
        *(_claim(_spell(None, claim.value), claim.sources) for claim in end.passed_over),
    ]
    return Chosen(
        value=_spell(start.value, end.value),
        sources=tuple(sorted({source for date in said for source in date.sources})),
        rule="rule:date_vote@2",
        confidence=min(date.confidence for date in said),
        passed_over=tuple(lost),
        conflict=any(date.conflict for date in said),
        evidence=("date:japan",),
    )


def _claim(dates: AiredDates, sources: tuple[Source, ...]) -> Claim[AiredDates | None]:
    return Claim(dates, sources)


def _spell(start: PartialDate | None, end: PartialDate | None) -> AiredDates:
    return AiredDates(
        start=start.text if start else None,
        end=end.text if end else None,
        start_precision=_precision(start) if start else None,
        end_precision=_precision(end) if end else None,
    )


def choose_season(
    sources: Sequence[SourceTitle], row: CatalogueRow, start: Chosen[PartialDate | None]
) -> Chosen[Season | None]:
    """The platforms' word while it fits the first day; else the first month's."""
    said: list[tuple[Source, Season | None]] = [(one.source, one.season) for one in sources if one.season is not None]
    if row.season is not None:
        said.append((Source.CATALOGUE, row.season))
    month = start.value.month if start.value else None
    voted = choose_weighted(said, weights=DATES, rule="rule:season_vote@1", nobody=None)
    if month is None or (voted.value is not None and fits_season(voted.value, month)):
        return voted
    lost = () if voted.value is None else (Claim(voted.value, voted.sources),)
    return Chosen(
        _season_of(month),
        start.sources,
        _FROM_START,
        min(start.confidence, SINGLE_SOURCE if lost else start.confidence),
        (*lost, *(claim for claim in voted.passed_over if claim.value is not _season_of(month))),
        conflict=bool(lost),
        evidence=("date:start",),
    )


def choose_year(
    sources: Sequence[SourceTitle],
    row: CatalogueRow,
    start: Chosen[PartialDate | None],
    season: Chosen[Season | None],
) -> Chosen[int | None]:
    """The season's year as platforms give it; the first day's where the season is the first day's too."""
    said: list[tuple[Source, int | None]] = [
        (one.source, one.season_year) for one in sources if one.season_year is not None
    ]
    if row.year is not None:
        said.append((Source.CATALOGUE, row.year))
    if start.value is None or (said and season.rule != _FROM_START):
        return choose_weighted(said, weights=DATES, rule="rule:year_vote@1", nobody=None)
    return Chosen(start.value.year, start.sources, "rule:year_from_start@1", start.confidence, evidence=("date:start",))


def choose_month(start: Chosen[PartialDate | None]) -> Chosen[int | None]:
    """The first day's."""
    if start.value is None or start.value.month is None:
        return nobody_said(None)
    return Chosen(
        start.value.month, start.sources, "rule:month_from_start@1", start.confidence, evidence=("date:start",)
    )
