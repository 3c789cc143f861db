"""MyAnimeList's official API v2, for base records: what to ask, which answers are usable, what a record says. Pure.

It tells neither cast nor episodes, nor producers, licensors, links, trailers and favorites; for those there are the
services of Jikan's shape. Written from its reference (myanimelist.net/apiconfig/references/api/v2), read 2026-11.
"""

import re
from collections.abc import Iterator
from typing import Final

import orjson

from pipeline.domain.exchange import Answer, Request
from pipeline.domain.names import (
    AgeRating,
    CompanyRole,
    ImageRole,
    LabelKind,
    Platform,
    Service,
    Site,
    Source,
)
from pipeline.domain.source_title import (
    Broadcast,
    Company,
    ForeignId,
    Image,
    Label,
    Relation,
    Song,
    SourceTitle,
    Statistics,
)
from pipeline.errors import Broken, Transient, one_line
from pipeline.platforms._http import check_json, check_status
from pipeline.platforms._notes import Notes
from pipeline.platforms._reading import EMPTY, JsonObject, broken, parse_object
from pipeline.platforms._text import clean_prose, make_text
from pipeline.platforms.jikan.names_of_title import name_titles
from pipeline.platforms.jikan.songs import parse_song
from pipeline.platforms.jikan.words import (
    ADULT_LABELS,
    DAYS,
    DEMOGRAPHICS,
    GENRES,
    LIST_STATES,
    RATINGS,
    RELATIONS,
    SEASONS,
    SOURCES,
    STATUSES,
    TYPES,
)

__all__ = ["MAL_V2", "V2_LIST_FIELDS", "ask_record", "check_record", "convert_record", "parse_record"]

MAL_V2: Final = Service.MAL_V2.value
"""The kind of the part, and of the request."""

_FIELDS: Final = (
    "id", "title", "main_picture", "alternative_titles", "start_date", "end_date", "synopsis", "mean", "rank",
    "popularity", "num_list_users", "num_scoring_users", "nsfw", "updated_at", "media_type", "status", "genres",
    "num_episodes", "start_season", "broadcast", "source", "average_episode_duration", "rating", "pictures",
    "background", "related_anime", "related_manga", "studios", "statistics", "opening_themes", "ending_themes",
)  # fmt: skip
_ALONE: Final = frozenset(
    {"pictures", "background", "related_anime", "related_manga", "statistics", "opening_themes", "ending_themes"}
)
V2_LIST_FIELDS: Final = tuple(field for field in _FIELDS if field not in _ALONE)
"""What a list tells of each title: all of a record but what is told of one title alone."""
_CLOCK: Final = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d", re.ASCII)
_THEMES: Final = (("opening_themes", "opening"), ("ending_themes", "ending"))
_SIZES: Final = (("medium", None), ("large", "large"))
_RELATED: Final = (("related_anime", "anime"), ("related_manga", "manga"))
_SPELLED: Final = {"4 koma manga": "4-koma manga", "pg 13": "pg-13", "spin off": "spin-off"}
"""Where the API's ``some_word`` is more than the site's ``some word``."""


def ask_record(id_: str) -> Request:
    """The record of one title. ``nsfw``: without it some are not there."""
    params = (("fields", ",".join(_FIELDS)), ("nsfw", "true"))
    return Request(Platform.JIKAN, MAL_V2, f"/anime/{id_}", (id_,), params, service=Service.MAL_V2)


def check_record(answer: Answer, *, holds: str = "id") -> None:
    """Raise what an answer means without the field it must hold. 403 is ``Blocked``: it is what attackers are told."""
    error = _error_of(answer)
    if answer.status in (400, 401) and error:
        said = f"{error.text('error')} {error.text('message') or ''}".strip()
        raise Broken(
            f"mal_v2 answered {answer.status}, {said!r}: check platforms.jikan.mal_v2.token, the client id",
            platform=MAL_V2,
            status=answer.status,
            evidence=one_line(answer.body),
        )
    if answer.status == 404 and not error:
        raise Broken(
            "mal_v2 answered 404 without its JSON: check platforms.jikan.mal_v2.base_url",
            platform=MAL_V2,
            status=answer.status,
            evidence=one_line(answer.body),
        )
    check_status(answer, Service.MAL_V2)
    value = check_json(answer, Service.MAL_V2)
    if isinstance(value, dict) and holds not in value:
        raise Transient(
            f"mal_v2 answered {answer.status} without {holds!r}: {one_line(answer.body)!r}",
            platform=MAL_V2,
            status=answer.status,
            evidence=one_line(answer.body),
        )


def _error_of(answer: Answer) -> JsonObject:
    """The error an answer carries (``{"error": "not_found", "message": ""}``); empty when it carries none."""
    try:
        value = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return EMPTY
    return JsonObject(value) if isinstance(value, dict) and "error" in value else EMPTY


def parse_record(body: bytes, id_: str) -> JsonObject:
    """Read a record. Raises ``Broken`` when it is none, or another title's."""
    record = parse_object(body, platform=Platform.JIKAN, id_=id_, part=MAL_V2)
    if record.id("id") != id_:
        raise broken(Platform.JIKAN, id_, MAL_V2, f"speaks of {record.id('id')!r}", body)
    return record


def convert_record(record: JsonObject, notes: Notes) -> SourceTitle:
    """Say in our terms what the record says. ``drift`` and ``findings`` stay with ``notes``."""
    id_ = record.id("id") or ""
    rating = notes.known("age_rating", _word(record, "rating"), RATINGS)
    season = record.obj("start_season")
    return SourceTitle(
        source=Source.MAL,
        id=id_,
        url=f"https://myanimelist.net/anime/{id_}",
        titles=notes.unique("titles", name_titles(_names(record), notes), lambda one: one),
        synopses=tuple(text for text in (make_text(record.prose("synopsis"), "en"),) if text),
        background=clean_prose(record.prose("background") or "") or None,
        type=notes.known("type", _word(record, "media_type"), TYPES),
        status=notes.known("status", _word(record, "status"), STATUSES),
        source_material=notes.known("source_material", _word(record, "source"), SOURCES),
        age_rating=rating,
        is_adult=_is_adult(record, rating),
        season=notes.known("season", season.text("season"), SEASONS),
        season_year=season.integer("year") or None,
        start=notes.date("start_date", record.text("start_date")),
        end=notes.date("end_date", record.text("end_date")),
        broadcast=_broadcast(record.obj("broadcast"), notes),
        episode_count=record.integer("num_episodes") or None,
        episode_duration_s=record.integer("average_episode_duration") or None,
        labels=notes.unique("labels", _labels(record), lambda one: (one.kind, one.name)),
        statistics=_statistics(record),
        images=tuple(dict.fromkeys(_images(record))),
        songs=tuple(_songs(record)),
        relations=notes.unique(
            "relations", _relations(record, notes), lambda one: (one.kind_text, one.target_type, one.target_ids)
        ),
        companies=tuple(_studios(record)),
        identifiers=(ForeignId(Site.MAL, id_),),
    )


def _word(record: JsonObject, key: str) -> str | None:
    spaced = (record.text(key) or "").replace("_", " ").lower()
    return None if spaced in ("", "unknown") else _SPELLED.get(spaced, spaced)


def _names(record: JsonObject) -> list[tuple[str, str | None]]:
    also = record.obj("alternative_titles")
    rows = [("Default", record.text("title"))]
    rows += [("Synonym", synonym) for synonym in also.texts("synonyms")]
    return [*rows, ("Japanese", also.text("ja")), ("English", also.text("en"))]


def _is_adult(record: JsonObject, rating: AgeRating | None) -> bool | None:
    if rating is not None:
        return rating is AgeRating.RX
    return True if record.text("nsfw") == "black" else None


def _broadcast(slot: JsonObject, notes: Notes) -> Broadcast | None:
    word = slot.text("day_of_the_week")
    day = None if word is None or word == "other" else notes.known("broadcast.day", f"{word}s", DAYS)
    time = slot.text("start_time")
    if time is not None and not _CLOCK.fullmatch(time):
        notes.note_drift("broadcast.time", time)
        time = None
    return None if day is None and time is None else Broadcast(day, time)


def _labels(record: JsonObject) -> Iterator[Label]:
    """One list holds all; MyAnimeList's genres and demographics are few, what is neither is a theme."""
    for row in record.objs("genres"):
        name = row.text("name")
        if name is not None:
            kind = LabelKind.GENRE if name in GENRES else LabelKind.THEME
            kind = LabelKind.DEMOGRAPHIC if name in DEMOGRAPHICS else kind
            yield Label(name, kind, is_adult=name in ADULT_LABELS, id=row.id("id"))


def _statistics(record: JsonObject) -> Statistics:
    lists = record.path("statistics", "status")
    states = ((state, lists.integer(state)) for state in LIST_STATES)
    return Statistics(
        score=record.number("mean") or None,
        score_max=10.0,
        scored_by=record.integer("num_scoring_users"),
        rank=record.integer("rank") or None,
        popularity_rank=record.integer("popularity") or None,
        members=record.integer("num_list_users"),
        status_distribution=tuple((state, count) for state, count in states if count is not None),
    )


def _images(record: JsonObject) -> Iterator[Image]:
    pictures = [(record.obj("main_picture"), ImageRole.COVER)]
    pictures += [(row, ImageRole.PICTURE) for row in record.objs("pictures")]
    for picture, role in pictures:
        for key, size in _SIZES:
            url = picture.text(key)
            if url is not None:
                yield Image(url, role, size)


def _songs(record: JsonObject) -> Iterator[Song]:
    for key, kind in _THEMES:
        for row in record.objs(key):
            song = parse_song(row.text("text") or "", kind)
            if song is not None:
                yield song


def _relations(record: JsonObject, notes: Notes) -> Iterator[Relation]:
    for key, target_type in _RELATED:
        for row in record.objs(key):
            target = row.path("node").id("id")
            if target is not None:
                yield Relation(
                    kind=notes.known("relations.relation", _word(row, "relation_type"), RELATIONS),
                    kind_text=row.text("relation_type_formatted") or row.text("relation_type") or "",
                    target_type=target_type,
                    target_ids=(ForeignId(Site.MAL, target),),
                    target_title=row.path("node").text("title"),
                    target_url=f"https://myanimelist.net/{target_type}/{target}",
                )


def _studios(record: JsonObject) -> Iterator[Company]:
    for row in record.objs("studios"):
        name = row.text("name")
        if name is not None:
            yield Company(name, CompanyRole.STUDIO, id=row.id("id"))
