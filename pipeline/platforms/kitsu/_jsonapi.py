"""Kitsu's JSON:API documents in our terms. Lengths are minutes here (seconds in GraphQL)."""

from collections.abc import Iterator, Mapping

from pipeline.domain.names import CharacterRole, CompanyRole, ImageRole, LabelKind, Platform, Site, Source
from pipeline.domain.source_title import (
    AiringSlot,
    Character,
    Company,
    Credit,
    Episode,
    ForeignId,
    Image,
    Label,
    Link,
    Relation,
    SourceTitle,
    Statistics,
    Text,
)
from pipeline.platforms._dates import date_from_text, instant, instant_text
from pipeline.platforms._notes import Notes
from pipeline.platforms._reading import JsonObject, broken
from pipeline.platforms._text import make_text
from pipeline.platforms.kitsu import _vocabulary as words
from pipeline.platforms.kitsu._shared import (
    count_of,
    identifiers_of,
    link_of,
    media_url,
    names_of,
    page_url,
    split_spoilers,
    start_of,
    trailers_of,
)
from pipeline.platforms.kitsu.payload import ResourcePool, read_part

__all__ = ["convert_jsonapi"]


def convert_jsonapi(id_: str, parts: Mapping[str, bytes]) -> SourceTitle:
    """Everything the JSON:API documents of a title say. Raises ``Broken`` when none of them is the title's."""
    kinds = [kind for kind in parts if kind.startswith("jsonapi/")]
    pool = ResourcePool(id_, (read_part(id_, parts, kind) for kind in kinds))
    anime, notes = pool.anime.obj("attributes"), Notes(Source.KITSU)
    if not anime:
        raise broken(Platform.KITSU, id_, ", ".join(kinds) or "jsonapi/anime", "holds no such anime")
    synopsis = make_text(anime.prose("synopsis") or anime.prose("description"), "en")
    rating = notes.known("ageRating", anime.text("ageRating"), words.AGE_RATINGS)
    next_release = instant_text(instant(anime.text("nextRelease")))
    mappings = (row.obj("attributes") for row in pool.rows("mappings", "mappings"))
    return SourceTitle(
        source=Source.KITSU,
        id=id_,
        url=page_url("anime", anime.text("slug")) or page_url("anime", id_),
        titles=names_of(anime.text("canonicalTitle"), anime.obj("titles"), anime.texts("abbreviatedTitles"), notes),
        synopses=() if synopsis is None else (synopsis,),
        type=notes.known("subtype", anime.text("subtype") or anime.text("showType"), words.TYPES),
        status=notes.known("status", anime.text("status"), words.STATUSES),
        age_rating=words.refined_rating(rating, anime.text("ageRatingGuide")),
        is_adult=anime.flag("nsfw"),
        start=start_of(anime, notes),
        end=notes.date("endDate", anime.text("endDate")),
        episode_count=count_of(anime.integer("episodeCount")),
        episode_duration_s=_seconds(anime.integer("episodeLength")),
        labels=tuple(_labels(pool)),
        statistics=_statistics(anime),
        images=tuple(_images(anime)),
        trailers=trailers_of(anime.text("youtubeVideoId"), notes),
        relations=tuple(_relations(pool, notes)),
        links=tuple(_links(pool)),
        companies=tuple(_companies(pool, notes)),
        characters=tuple(_characters(pool, notes)),
        staff=tuple(_staff(pool)),
        episodes=tuple(_episodes(pool, notes)),
        next_episode=None if next_release is None else AiringSlot(next_release),
        identifiers=identifiers_of(id_, mappings),
        updated_at=instant_text(instant(anime.text("updatedAt"))),
        drift=notes.drift,
        findings=notes.findings,
    )


def _seconds(minutes: int | None) -> int | None:
    return minutes * 60 if minutes is not None and minutes > 0 else None


def _unique(pool: ResourcePool, type_: str, relationship: str) -> tuple[JsonObject, ...]:
    """Rows once each: the same row may come with the title and from its own list, which is no oddity."""
    rows = dict.fromkeys(row.id("id") for row in pool.rows(type_, relationship))
    return tuple(row for id_ in rows if id_ is not None and (row := pool.resource((type_, id_))))


def _statistics(anime: JsonObject) -> Statistics:
    frequencies = anime.obj("ratingFrequencies")
    pairs = ((int(key) * 5.0, frequencies.integer(key)) for key in frequencies if key.isascii() and key.isdigit())
    return Statistics(
        score=anime.number("averageRating"),
        score_max=100.0,
        rank=anime.integer("ratingRank"),
        popularity_rank=anime.integer("popularityRank"),
        members=anime.integer("userCount"),
        favorites=anime.integer("favoritesCount"),
        score_distribution=tuple((value, count) for value, count in pairs if count is not None),
    )


def _labels(pool: ResourcePool) -> Iterator[Label]:
    for type_, kind, field in (("categories", LabelKind.TAG, "title"), ("genres", LabelKind.GENRE, "name")):
        seen: set[str] = set()
        for row in pool.rows(type_, type_):
            about = row.obj("attributes")
            name = about.text(field) or about.text("slug")
            if name is not None and name not in seen:
                seen.add(name)
                yield Label(name, kind, is_adult=bool(about.flag("nsfw")), id=row.id("id"))


def _images(anime: JsonObject) -> Iterator[Image]:
    for field, role in (("posterImage", ImageRole.COVER), ("coverImage", ImageRole.BANNER)):
        image = anime.obj(field)
        for size in ("original", "large", "medium", "small", "tiny"):
            url, measures = media_url(image.text(size)), image.path("meta", "dimensions", size)
            if url is not None:
                yield Image(url, role, size, measures.integer("width"), measures.integer("height"))


def _relations(pool: ResourcePool, notes: Notes) -> Iterator[Relation]:
    for row in _unique(pool, "mediaRelationships", "mediaRelationships"):
        kind = row.obj("attributes").text("role")
        target = next(iter(pool.related(row, "destination")), None)
        if target is None:
            notes.note("relation_without_target", f"a {kind} relation came without its target", "relations")
            continue
        about = pool.resource(target).obj("attributes")
        start = date_from_text(about.text("startDate"))
        yield Relation(
            kind=notes.known("relation", kind, words.RELATIONS),
            kind_text=kind or "",
            target_type=target[0] if target[0] in ("anime", "manga") else None,
            target_ids=(ForeignId(Site.KITSU, target[1]),),
            target_title=about.text("canonicalTitle"),
            target_format=about.text("subtype"),
            target_year=start.year if start else None,
            target_url=page_url(target[0], about.text("slug")),
        )


def _links(pool: ResourcePool) -> Iterator[Link]:
    for row in _unique(pool, "streamingLinks", "streamingLinks"):
        streamer = next((pool.resource(key) for key in pool.related(row, "streamer")), None)
        link = link_of(row.obj("attributes"), streamer.obj("attributes").text("siteName") if streamer else None)
        if link is not None:
            yield link


def _companies(pool: ResourcePool, notes: Notes) -> Iterator[Company]:
    for row in _unique(pool, "animeProductions", "animeProductions"):
        for key in pool.related(row, "producer"):
            name = pool.resource(key).obj("attributes").text("name")
            word = row.obj("attributes").text("role")
            if name is not None:
                role = notes.known("production.role", word, words.COMPANIES) or CompanyRole.OTHER
                yield Company(name, role, id=key[1])


def _staff(pool: ResourcePool) -> Iterator[Credit]:
    for row in _unique(pool, "mediaStaff", "staff"):
        for key in pool.related(row, "person"):
            name = pool.resource(key).obj("attributes").text("name")
            if name is not None:
                yield Credit(name, row.obj("attributes").text("role") or "", id=key[1])


def _characters(pool: ResourcePool, notes: Notes) -> Iterator[Character]:
    nameless = 0
    for row in _unique(pool, "mediaCharacters", "characters"):
        key = next(iter(pool.related(row, "character")), None)
        who = pool.resource(key).obj("attributes")
        names = who.obj("names")
        english = next((text for one in names if (text := names.text(one))), None)
        name = who.text("canonicalName") or who.text("name") or english
        if key is None or name is None:
            nameless += 1
            continue
        native = next((names.text(one) for one in names if words.language_of(one) == "ja"), None)
        others = (*(text for one in names if (text := names.text(one))), *who.texts("otherNames"))
        description, spoilers = split_spoilers(who.prose("description"))
        role = row.obj("attributes").text("role")
        yield Character(
            id=key[1],
            name=name,
            role=notes.known("character.role", role, words.ROLES) or CharacterRole.UNKNOWN,
            name_native=native,
            alternative_names=tuple(dict.fromkeys(text for text in others if text not in (name, native))),
            description=description,
            spoilers=spoilers,
            image_url=media_url(who.obj("image").text("original")),
        )
    if nameless:
        notes.note("characters_without_name", f"{nameless} characters came without their own record", "characters")


def _episodes(pool: ResourcePool, notes: Notes) -> Iterator[Episode]:
    for row in _unique(pool, "episodes", "episodes"):
        about = row.obj("attributes")
        said: Text | None = make_text(about.prose("synopsis") or about.prose("description"), "en")
        yield Episode(
            number=about.integer("number"),
            id=row.id("id"),
            season=about.integer("seasonNumber"),
            titles=names_of(about.text("canonicalTitle"), about.obj("titles"), (), notes),
            synopsis=said,
            aired=notes.date("episodes.airdate", about.text("airdate")),
            duration_s=_seconds(about.integer("length")),
            thumbnail_url=media_url(about.obj("thumbnail").text("original")),
        )
