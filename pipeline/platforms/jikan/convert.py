"""MyAnimeList's word on a title, from the parts a Jikan-shaped service gave. Pure.

Promises: total over odd fields (null, missing, unknown words, impossible dates); only a part that is not of its shape
raises ``Broken``.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from pipeline.domain.names import (
    AgeRating,
    CompanyRole,
    ImageRole,
    LabelKind,
    LinkKind,
    Platform,
    Site,
    Source,
)
from pipeline.domain.source_title import (
    Broadcast,
    Company,
    Episode,
    ForeignId,
    Image,
    Label,
    Link,
    PartialDate,
    Relation,
    Song,
    SourceTitle,
    Statistics,
    TitleName,
    Trailer,
)
from pipeline.platforms._dates import partial_date
from pipeline.platforms._links import absolute_url, foreign_ids, host_of, kind_of_host, wiki_language
from pipeline.platforms._notes import Notes
from pipeline.platforms._reading import EMPTY, JsonObject, broken
from pipeline.platforms._text import clean_prose, make_text
from pipeline.platforms.jikan.cast import convert_characters, convert_staff, picture
from pipeline.platforms.jikan.episodes import convert_episodes
from pipeline.platforms.jikan.mal_v2 import convert_record
from pipeline.platforms.jikan.names_of_title import name_titles
from pipeline.platforms.jikan.payload import FULL, LIST, V2_LIST, PartData, episode_pages, parse_part, record_kind
from pipeline.platforms.jikan.songs import parse_song
from pipeline.platforms.jikan.words import (
    ADULT_LABELS,
    DAYS,
    LIST_STATES,
    RATINGS,
    RELATIONS,
    SEASONS,
    SOURCES,
    STATUSES,
    TYPES,
)

__all__ = ["convert_title"]

_LENGTH: Final = re.compile(r"(\d{1,4})\s*(hr|hour|min|sec)", re.IGNORECASE)
_SECONDS: Final = {"hr": 3600, "hour": 3600, "min": 60, "sec": 1}
_CLOCK: Final = re.compile(r"([01]?\d|2[0-3]):[0-5]\d", re.ASCII)
_YOUTUBE: Final = re.compile(r"/(?:embed/|watch\?v=|v/)([\w-]{6,20})", re.ASCII)
_NOT_LISTED: Final = {
    LIST: "only MyAnimeList's list was read, which tells no relations, theme songs and links",
    V2_LIST: "only the official API's ranking was read, which tells no relations, theme songs, background and pictures",
}
_FLAT_TITLES: Final = (("title", "Default"), ("title_english", "English"), ("title_japanese", "Japanese"))
_LABELS: Final = (
    ("genres", LabelKind.GENRE),
    ("explicit_genres", LabelKind.GENRE),
    ("themes", LabelKind.THEME),
    ("demographics", LabelKind.DEMOGRAPHIC),
)
_COMPANIES: Final = (
    ("studios", CompanyRole.STUDIO),
    ("producers", CompanyRole.PRODUCER),
    ("licensors", CompanyRole.LICENSOR),
)
_IMAGE_SIZES: Final = (("image_url", None), ("small_image_url", "small"), ("large_image_url", "large"))


def convert_title(id_: str, parts: Mapping[str, bytes]) -> SourceTitle:
    """Say in our terms what MyAnimeList says. Raises ``Broken`` when a part cannot be read or no record is there."""
    record = record_kind(parts)
    if record is None:
        raise broken(Platform.JIKAN, id_, FULL, "was never had")
    read = {kind: parse_part(body, id_, kind) for kind, body in parts.items()}
    notes, nothing = Notes(Source.MAL), PartData()
    for kind in sorted(kind for kind, part in read.items() if part.is_missing):
        notes.note("part_absent", f"MyAnimeList has nothing under {kind!r}", kind)
    if record in (LIST, V2_LIST):
        notes.note("list_row", _NOT_LISTED[record], record)
    base = _convert_full(id_, record, read, notes) if record in (FULL, LIST) else _convert_official(record, read, notes)
    return replace(
        base,
        characters=convert_characters(read.get("characters", nothing).many, _biographies(read), notes),
        staff=convert_staff(read.get("staff", nothing).many, notes),
        episodes=_episodes(read, parts, notes),
        drift=notes.drift,
        findings=notes.findings,
    )


def _convert_official(kind: str, read: Mapping[str, PartData], notes: Notes) -> SourceTitle:
    """The official API's record, and of the extras what they add to it."""
    base, nothing = convert_record(read[kind].one, notes), PartData()
    wide = _statistics(EMPTY, read.get("statistics", nothing).one)
    figures = base.statistics or Statistics()
    return replace(
        base,
        statistics=replace(
            figures,
            status_distribution=wide.status_distribution or figures.status_distribution,
            score_distribution=wide.score_distribution,
        ),
        images=tuple(dict.fromkeys([*base.images, *_images(EMPTY, read.get("pictures", nothing))])),
        trailers=_trailers(EMPTY, read.get("videos", nothing).one),
    )


def _convert_full(id_: str, kind: str, read: Mapping[str, PartData], notes: Notes) -> SourceTitle:
    full, nothing = read[kind].one, PartData()
    rating = notes.known("age_rating", _rating_word(full), RATINGS)
    links = _links(full, read)
    return SourceTitle(
        source=Source.MAL,
        id=id_,
        url=full.text("url"),
        titles=notes.unique("titles", _titles(full, notes), lambda one: one),
        synopses=tuple(text for text in (make_text(full.prose("synopsis"), "en"),) if text),
        background=clean_prose(full.prose("background") or "") or None,
        type=notes.known("type", full.text("type"), TYPES),
        status=notes.known("status", full.text("status"), STATUSES),
        source_material=notes.known("source_material", _unless_unknown(full.text("source")), SOURCES),
        age_rating=rating,
        is_adult=None if rating is None else rating is AgeRating.RX,
        season=notes.known("season", full.text("season"), SEASONS),
        season_year=full.integer("year") or None,
        start=_aired(full, "from", notes),
        end=_aired(full, "to", notes),
        broadcast=_broadcast(full.obj("broadcast"), notes),
        episode_count=full.integer("episodes") or None,
        episode_duration_s=_duration(full.text("duration"), notes),
        labels=notes.unique("labels", _labels(full), lambda one: (one.kind, one.name)),
        statistics=_statistics(full, read.get("statistics", nothing).one),
        images=tuple(dict.fromkeys(_images(full, read.get("pictures", nothing)))),
        trailers=_trailers(full, read.get("videos", nothing).one),
        songs=tuple(_songs(full, read.get("themes", nothing).one)),
        relations=_relations(full, read, notes),
        links=links,
        companies=notes.unique("companies", _companies(full), lambda one: (one.role, one.id or one.name)),
        identifiers=tuple(dict.fromkeys((ForeignId(Site.MAL, id_), *foreign_ids(link.url for link in links)))),
    )


def _unless_unknown(word: str | None) -> str | None:
    return None if word is None or word.lower() == "unknown" else word


def _rating_word(full: JsonObject) -> str | None:
    word = full.text("rating")  # "PG-13 - Teens 13 or older"
    return None if word is None or word.lower() in ("none", "unknown") else word.split(" - ", 1)[0]


def _titles(full: JsonObject, notes: Notes) -> Iterator[TitleName]:
    rows = [(row.text("type") or "", row.text("title")) for row in full.objs("titles")]
    if not rows:  # before 2022 there were only the flat fields
        rows = [(word, full.text(key)) for key, word in _FLAT_TITLES]
        rows += [("Synonym", synonym) for synonym in full.texts("title_synonyms")]
    yield from name_titles(rows, notes)


def _aired(full: JsonObject, side: str, notes: Notes) -> PartialDate | None:
    aired = full.obj("aired")
    prop = aired.path("prop", side)
    year = prop.integer("year")
    if year is None:
        return notes.date(f"aired.{side}", aired.text(side))
    month, day = prop.integer("month"), prop.integer("day")
    made = partial_date(year, month, day)
    if made is None:
        notes.note("impossible_date", f"aired.{side} {year}-{month}-{day} is not a date, left out", f"aired.{side}")
    return made


def _broadcast(slot: JsonObject, notes: Notes) -> Broadcast | None:
    word, time = slot.text("day"), slot.text("time")
    if word is not None and word.lower() in ("unknown", "other", "not scheduled once per week"):
        word = None
    day = notes.known("broadcast.day", word, DAYS)
    if time is not None and not _CLOCK.fullmatch(time):
        notes.note_drift("broadcast.time", time)
        time = None
    if day is None and time is None:
        return None
    return Broadcast(day, time and time.zfill(5), slot.text("timezone"))


def _duration(text: str | None, notes: Notes) -> int | None:
    if text is None or text.lower().startswith("unknown"):
        return None
    seconds = sum(int(number) * _SECONDS[unit.lower()] for number, unit in _LENGTH.findall(text))
    if not seconds:
        notes.note_drift("duration", text)
    return seconds or None


def _labels(full: JsonObject) -> Iterator[Label]:
    for key, kind in _LABELS:
        for row in full.objs(key):
            name = row.text("name")
            if name is not None:
                yield Label(name, kind, is_adult=name in ADULT_LABELS, id=row.id("mal_id"))


def _statistics(full: JsonObject, wide: JsonObject) -> Statistics:
    states = ((state, wide.integer(state)) for state in LIST_STATES)
    scores = ((row.number("score"), row.integer("votes")) for row in wide.objs("scores"))
    return Statistics(
        score=full.number("score") or None,  # an unknown score is documented as 0 and seen as null
        score_max=10.0,
        scored_by=full.integer("scored_by"),
        rank=full.integer("rank") or None,
        popularity_rank=full.integer("popularity") or None,
        members=full.integer("members"),
        favorites=full.integer("favorites"),
        status_distribution=tuple((state, count) for state, count in states if count is not None),
        score_distribution=tuple((score, votes) for score, votes in scores if score is not None and votes is not None),
    )


def _images(full: JsonObject, pictures: PartData) -> Iterator[Image]:
    if picture(full) is not None:
        yield from _sizes(full.obj("images"), ImageRole.COVER)
    for row in pictures.many:
        yield from _sizes(row, ImageRole.PICTURE)


def _sizes(formats: JsonObject, role: ImageRole) -> Iterator[Image]:
    for name in ("jpg", "webp"):
        for key, size in _IMAGE_SIZES:
            url = formats.obj(name).text(key)
            if url is not None:
                yield Image(url, role, size)


def _trailers(full: JsonObject, videos: JsonObject) -> tuple[Trailer, ...]:
    rows: list[tuple[str | None, JsonObject]] = [(None, full.obj("trailer"))]
    rows += [(row.text("title"), row.obj("trailer")) for row in videos.objs("promo")]
    rows += [(row.text("title"), row.obj("video")) for row in videos.objs("music_videos")]
    made: dict[str, Trailer] = {}
    for title, row in rows:
        trailer = _trailer(row, title)
        # The main trailer comes again, with its title, among the videos.
        if trailer is not None and (trailer.id not in made or made[trailer.id].title is None):
            made[trailer.id] = trailer
    return tuple(made.values())


def _trailer(row: JsonObject, title: str | None) -> Trailer | None:
    # Since 2025 ``youtube_id`` and ``url`` are null and only the embedded address carries the id.
    found = _YOUTUBE.search(row.text("url") or row.text("embed_url") or "")
    id_ = row.text("youtube_id") or (found[1] if found else None)
    if id_ is None:
        return None
    thumbnail = row.obj("images").text("large_image_url") or row.obj("images").text("image_url")
    return Trailer("youtube", id_, f"https://www.youtube.com/watch?v={id_}", title, thumbnail)


def _songs(full: JsonObject, themes: JsonObject) -> Iterator[Song]:
    theme = full.obj("theme") or themes
    for key, kind in (("openings", "opening"), ("endings", "ending")):
        for line in theme.texts(key):
            song = parse_song(line, kind)
            if song is not None:
                yield song


def _relations(full: JsonObject, read: Mapping[str, PartData], notes: Notes) -> tuple[Relation, ...]:
    groups = full.objs("relations") or (read["relations"].many if "relations" in read else ())
    made = (_relation(group, entry, notes) for group in groups for entry in group.objs("entry"))
    real = (one for one in made if one is not None)
    return notes.unique("relations", real, lambda one: (one.kind_text, one.target_type, one.target_ids))


def _relation(group: JsonObject, entry: JsonObject, notes: Notes) -> Relation | None:
    word, target = group.text("relation") or "", entry.id("mal_id")
    if target is None:
        return None
    return Relation(
        kind=notes.known("relations.relation", word, RELATIONS),
        kind_text=word,
        target_type=entry.text("type"),
        target_ids=(ForeignId(Site.MAL, target),),
        target_title=entry.text("name"),
        target_url=entry.text("url"),
    )


def _links(full: JsonObject, read: Mapping[str, PartData]) -> tuple[Link, ...]:
    external = full.objs("external") or (read["external"].many if "external" in read else ())
    streaming = full.objs("streaming") or (read["streaming"].many if "streaming" in read else ())
    pages = [_external(row) for row in external] + [_stream(row) for row in streaming]
    return tuple(dict.fromkeys(page for page in pages if page is not None))


def _external(row: JsonObject) -> Link | None:
    name, url = row.text("name") or "", absolute_url(row.text("url"))
    if url is None:
        return None
    if name.startswith("@"):  # an account: the name is the handle
        return Link(url, host_of(url), LinkKind.SOCIAL, note=name)
    kind = LinkKind.OFFICIAL if name == "Official Site" else kind_of_host(url)
    return Link(url, name or host_of(url), kind, wiki_language(url))


def _stream(row: JsonObject) -> Link | None:
    url = absolute_url(row.text("url"))
    return None if url is None else Link(url, row.text("name") or host_of(url), LinkKind.STREAMING)


def _companies(full: JsonObject) -> Iterator[Company]:
    for key, role in _COMPANIES:
        for row in full.objs(key):
            name = row.text("name")
            if name is not None:
                yield Company(name, role, id=row.id("mal_id"), url=row.text("url"))


def _biographies(read: Mapping[str, PartData]) -> dict[str, JsonObject]:
    single = "character/"
    return {kind.removeprefix(single): part.one for kind, part in read.items() if kind.startswith(single) and part.one}


def _episodes(read: Mapping[str, PartData], parts: Mapping[str, bytes], notes: Notes) -> tuple[Episode, ...]:
    rows = (row for page in episode_pages(parts) for row in read[f"episodes/{page}"].many)
    singles = {
        number: part.one
        for kind, part in read.items()
        if kind.startswith("episode/") and (number := part.one.integer("mal_id")) is not None
    }
    videos = read["videos"].one.objs("episodes") if "videos" in read else ()
    thumbnails = {
        number: url
        for row in videos
        if (number := row.integer("mal_id")) is not None and (url := picture(row)) is not None
    }
    return convert_episodes(rows, singles, thumbnails, notes)
