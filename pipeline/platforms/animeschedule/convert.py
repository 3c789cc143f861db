"""AnimeSchedule's word on a title, from its one record. Pure.

Promises: total over odd fields; ``0001-01-01`` says nothing wherever it stands; instants are UTC, the start is the day
in Japan. Raises ``Broken`` only when the record is none, or not of the id asked for.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from pipeline.domain.names import (
    CompanyRole,
    ImageRole,
    LabelKind,
    LinkKind,
    Platform,
    Site,
    Source,
    SourceMaterial,
    TitleKind,
    TitleType,
)
from pipeline.domain.source_title import (
    AiringSlot,
    Broadcast,
    Company,
    Delay,
    ForeignId,
    Image,
    Label,
    Link,
    PartialDate,
    Relation,
    SourceTitle,
    Statistics,
    TitleName,
)
from pipeline.platforms._dates import instant, instant_text, is_nothing, japan_clock, japan_date, partial_date
from pipeline.platforms._links import absolute_url, host_of, kind_of_host
from pipeline.platforms._notes import Notes
from pipeline.platforms._reading import JsonObject, broken
from pipeline.platforms._text import clean_line, make_text
from pipeline.platforms.animeschedule.payload import parse_record, website_ids
from pipeline.platforms.animeschedule.requests import ANIME
from pipeline.platforms.animeschedule.words import (
    COUNTRIES,
    DATABASES,
    MONTHS,
    RELATIONS,
    SEASONS,
    SOURCES,
    STATUSES,
    TYPES,
)

__all__ = ["convert_title"]

_IMAGES: Final = "https://img.animeschedule.net/production/assets/public/img/"
_PAGE: Final = "https://animeschedule.net/anime/"
_KINDS: Final = (
    ("raw", "premier", "delayed"),
    ("sub", "subPremier", "subDelayed"),
    ("dub", "dubPremier", "dubDelayed"),
)
"""Each kind of airing with the names of its premiere and of its delay."""
_OVERRIDES: Final = (("raw", "episodeOverride"), ("sub", "subEpisodeOverride"), ("dub", "dubEpisodeOverride"))
_MOVED: Final = re.compile(r"^(https?://)(?:www\.)?kitsu\.io(?=/|$)", re.IGNORECASE)
"""Kitsu lost this domain in 2024; records of before still name it."""


def convert_title(id_: str, parts: Mapping[str, bytes]) -> SourceTitle:
    """Say in our terms what AnimeSchedule says. Raises ``Broken`` when the part cannot be read or lacks."""
    if ANIME not in parts:
        raise broken(Platform.ANIMESCHEDULE, id_, ANIME, "was never had")
    record = parse_record(parts[ANIME], id_)
    notes = Notes(Source.ANIMESCHEDULE)
    if len(parts) > 1:
        others = ", ".join(sorted(kind.removeprefix(f"{ANIME}/") for kind in parts if kind != ANIME))
        notes.note("several_records", f"other records claim {id_} too: {others}")
    route = record.text("route") or id_
    type_, country, language = _type(record, notes)
    text = make_text(record.prose("description"), "en")
    _note_overrides(record, notes)
    season = record.obj("season")
    minutes = record.integer("lengthMin")
    return SourceTitle(
        source=Source.ANIMESCHEDULE,
        id=route,
        url=f"{_PAGE}{route}",
        titles=notes.unique("titles", _titles(record, language), lambda one: one),
        synopses=() if text is None else (text,),
        type=type_,
        status=notes.known("status", record.text("status"), STATUSES),
        source_material=_source(record, notes),
        country=country,
        season=notes.known("season", season.text("season"), SEASONS),
        season_year=season.integer("year") or None,
        start=_start(record, notes),
        broadcast=_broadcast(record),
        episode_count=record.integer("episodes") or None,
        episode_duration_s=minutes * 60 if minutes else None,
        labels=notes.unique("labels", _labels(record), lambda one: one.id or one.name),
        statistics=_statistics(record.obj("stats")),
        images=tuple(_images(record)),
        relations=tuple(_relations(record.obj("relations"), notes)),
        links=tuple(dict.fromkeys(_links(record.obj("websites")))),
        companies=notes.unique("companies", _companies(record), lambda one: one.id or one.name),
        premieres=tuple(_premieres(record, notes)),
        delays=tuple(_delays(record, notes)),
        identifiers=(ForeignId(Site.ANIMESCHEDULE, route), *website_ids(record)),
        updated_at=_moment(record, "updatedAt", notes),
        drift=notes.drift,
        findings=notes.findings,
    )


def _note_overrides(record: JsonObject, notes: Notes) -> None:
    """Where the calendar was told to go on with another number; no field of ours says that."""
    for kind, key in _OVERRIDES:
        told = record.obj(key)
        moment, number = _moment(told, "overrideDate", notes), told.integer("overrideEpisode")
        if number:
            since = f" from {moment} on" if moment else ""
            notes.note("episode_override", f"the {kind} calendar goes on with episode {number}{since}", key)


def _moment(record: JsonObject, key: str, notes: Notes) -> str | None:
    text = record.text(key)
    if is_nothing(text):
        return None
    moment = instant_text(instant(text))
    if moment is None:
        notes.note("impossible_date", f"{key} {text!r} is not an instant, left out", key)
    return moment


def _titles(record: JsonObject, language: str) -> Iterator[TitleName]:
    names = record.obj("names")
    for text, kind, tag in (
        (record.text("title"), TitleKind.MAIN, None),
        (names.text("romaji"), TitleKind.OFFICIAL, f"{language}-Latn"),
        (names.text("english"), TitleKind.OFFICIAL, "en"),
        (names.text("native"), TitleKind.OFFICIAL, language),
        (names.text("abbreviation"), TitleKind.SHORT, None),
        *((synonym, TitleKind.SYNONYM, None) for synonym in names.texts("synonyms")),
    ):
        if text is not None:
            yield TitleName(text, kind, tag)


def _type(record: JsonObject, notes: Notes) -> tuple[TitleType | None, str | None, str]:
    """The type, and what its bracket says of country and language (``ONA (Chinese)``)."""
    types: list[TitleType] = []
    country, language = None, "ja"
    for row in record.objs("mediaTypes"):
        word, _, bracket = (row.text("name") or "").partition("(")
        known = notes.known("mediaTypes", word, TYPES)
        if known is not None:
            types.append(known)
        origin = clean_line(bracket.rstrip(") ")).lower()
        if origin in COUNTRIES:
            country, language = COUNTRIES[origin]
        elif origin:
            notes.note_drift("mediaTypes", row.text("name") or "")
    if len(set(types)) > 1:
        notes.note("several_types", f"types {', '.join(types)}; the first is kept", "type")
    return (types[0] if types else None), country, language


def _source(record: JsonObject, notes: Notes) -> SourceMaterial | None:
    known = [notes.known("sources", row.text("name"), SOURCES) for row in record.objs("sources")]
    real = list(dict.fromkeys(one for one in known if one is not None))
    if len(real) > 1:
        notes.note("several_sources", f"sources {', '.join(real)}; the first is kept", "source_material")
    return real[0] if real else None


def _start(record: JsonObject, notes: Notes) -> PartialDate | None:
    """The day in Japan of the premiere; without one, the month or year the record names."""
    text = record.text("premier")
    if not is_nothing(text):
        day = japan_date(instant(text))
        if day is not None:
            return day
        notes.note("impossible_date", f"premier {text!r} is not an instant, left out", "start")
    month = notes.known("month", record.text("month"), MONTHS)
    return partial_date(record.integer("year"), month)


def _broadcast(record: JsonObject) -> Broadcast | None:
    # Only the clock of ``jpnTime`` means anything, its date is left over from an edit; so there is no day.
    clock = japan_clock(record.text("jpnTime"))
    return None if clock is None else Broadcast(None, clock)


def _labels(record: JsonObject) -> Iterator[Label]:
    for row in record.objs("genres"):
        name = row.text("name")
        if name is not None:
            yield Label(name, LabelKind.GENRE, id=row.text("route"))


def _companies(record: JsonObject) -> Iterator[Company]:
    for row in record.objs("studios"):
        name = row.text("name")
        if name is not None:
            yield Company(name, CompanyRole.STUDIO, id=row.text("route"))


def _statistics(stats: JsonObject) -> Statistics | None:
    if not stats:
        return None
    dropped = stats.integer("droppedCount")
    return Statistics(
        score=stats.number("averageScore") or None,
        score_max=100.0,
        scored_by=stats.integer("ratingCount"),
        popularity_rank=stats.integer("trackedRating") or None,
        members=stats.integer("trackedCount"),
        status_distribution=() if dropped is None else (("dropped", dropped),),
    )


def _images(record: JsonObject) -> Iterator[Image]:
    route = record.text("imageVersionRoute")
    color = record.obj("stats").text("colorLightMode")
    if route is not None and " " not in route:
        yield Image(f"{_IMAGES}{route.lstrip('/')}", ImageRole.COVER, color=color and f"#{color.lstrip('#')}")


def _relations(groups: JsonObject, notes: Notes) -> Iterator[Relation]:
    for word in groups:
        slugs = groups.texts(word)
        kind = notes.known("relations", word, RELATIONS) if slugs else None
        for slug in slugs:
            target = (ForeignId(Site.ANIMESCHEDULE, slug),)
            yield Relation(kind, word, "anime", target, target_url=f"{_PAGE}{slug}")


def _links(websites: JsonObject) -> Iterator[Link]:
    """The list of streams is the new form, a key for each platform the old one; both may stand together."""
    for key in websites:
        url = absolute_url(websites.text(key))
        if url is None:
            continue
        url = _MOVED.sub(r"\1kitsu.app", url)
        if key == "official":
            yield Link(url, "Official Site", LinkKind.OFFICIAL)
        elif key in DATABASES:
            yield Link(url, DATABASES[key], LinkKind.DATABASE)
        elif key in ("twitter", "x"):
            yield Link(url, key, kind_of_host(url))
        else:
            yield Link(url, key, LinkKind.STREAMING)
    for row in websites.objs("streams"):
        url = absolute_url(row.text("url"))
        if url is not None:
            yield Link(url, row.text("name") or row.text("platform") or host_of(url), LinkKind.STREAMING)


def _premieres(record: JsonObject, notes: Notes) -> Iterator[AiringSlot]:
    for kind, key, _ in _KINDS:
        moment = _moment(record, key, notes)
        if moment is not None:
            yield AiringSlot(moment, kind=kind)


def _delays(record: JsonObject, notes: Notes) -> Iterator[Delay]:
    for kind, _, key in _KINDS:
        starts, ends = _moment(record, f"{key}From", notes), _moment(record, f"{key}Until", notes)
        note = record.text("delayedDesc") if kind == "raw" else None
        if starts is not None or ends is not None or note is not None:
            yield Delay(kind, starts, ends, note)
