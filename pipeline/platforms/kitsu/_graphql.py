"""Kitsu's GraphQL record in our terms. Lengths are seconds here (minutes in JSON:API)."""

from collections.abc import Iterator, Mapping

from pipeline.domain.names import CharacterRole, CompanyRole, ImageRole, LabelKind, Site, Source
from pipeline.domain.source_title import (
    AiringSlot,
    Character,
    Company,
    Credit,
    Episode,
    ForeignId,
    Image,
    Label,
    PartialDate,
    Relation,
    SourceTitle,
    Statistics,
    VoiceActor,
)
from pipeline.platforms._dates import date_from_text, instant, instant_text, japan_date
from pipeline.platforms._notes import Notes
from pipeline.platforms._reading import JsonObject
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
    text_of,
    trailers_of,
)
from pipeline.platforms.kitsu.payload import GraphRecord

__all__ = ["convert_graphql"]


def convert_graphql(id_: str, parts: Mapping[str, bytes]) -> SourceTitle:
    """Everything a GraphQL record says. Raises ``Broken`` when a part is not Kitsu's shape."""
    record = GraphRecord(id_, parts)
    anime, notes = record.anime, Notes(Source.KITSU)
    names, sfw = anime.obj("titles"), anime.flag("sfw")
    rating = notes.known("ageRating", anime.text("ageRating"), words.AGE_RATINGS)
    next_release = instant_text(instant(anime.text("nextRelease")))
    links = (link_of(row, row.obj("streamer").text("siteName")) for row in _nodes(anime, "streamingLinks"))
    return SourceTitle(
        source=Source.KITSU,
        id=id_,
        url=page_url("anime", anime.text("slug")) or page_url("anime", id_),
        titles=names_of(names.text("canonical"), names.obj("localized"), names.texts("alternatives"), notes),
        synopses=text_of(anime.obj("description"), notes),
        type=notes.known("subtype", anime.text("subtype"), words.TYPES),
        status=notes.known("status", anime.text("status"), words.STATUSES),
        age_rating=words.refined_rating(rating, anime.text("ageRatingGuide")),
        is_adult=None if sfw is None else not sfw,
        country=_country(anime),
        season=notes.known("season", anime.text("season"), words.SEASONS),
        start=start_of(anime, notes),
        end=notes.date("endDate", anime.text("endDate")),
        episode_count=count_of(anime.integer("episodeCount")),
        episode_duration_s=count_of(anime.integer("episodeLength")),
        labels=tuple(_labels(anime)),
        statistics=Statistics(
            score=anime.number("averageRating"),
            score_max=100.0,
            rank=anime.integer("averageRatingRank"),
            popularity_rank=anime.integer("userCountRank"),
            members=anime.integer("userCount"),
            favorites=anime.integer("favoritesCount"),
        ),
        images=tuple(_images(anime)),
        trailers=trailers_of(anime.text("youtubeTrailerVideoId"), notes),
        relations=tuple(_relations(anime, notes)),
        links=tuple(link for link in links if link is not None),
        companies=tuple(_companies(anime, notes)),
        characters=tuple(_characters(record, notes)),
        staff=tuple(_staff(anime, notes)),
        episodes=tuple(_episodes(record, notes)),
        next_episode=None if next_release is None else AiringSlot(next_release),
        identifiers=identifiers_of(id_, _nodes(anime, "mappings")),
        updated_at=instant_text(instant(anime.text("updatedAt"))),
        drift=notes.drift,
        findings=notes.findings,
    )


def _nodes(anime: JsonObject, name: str) -> tuple[JsonObject, ...]:
    return anime.obj(name).objs("nodes")


def _country(anime: JsonObject) -> str | None:
    codes = [code.upper() for code in anime.texts("originCountries") if len(code) == 2]
    return codes[0] if codes else None


def _english(texts: JsonObject) -> str | None:
    locales = sorted(texts, key=lambda one: not one.lower().startswith("en"))
    return next((text for locale in locales if (text := texts.text(locale))), None)


def _labels(anime: JsonObject) -> Iterator[Label]:
    for row in _nodes(anime, "categories"):
        name = _english(row.obj("title")) or row.text("slug")
        if name is not None:
            yield Label(name, LabelKind.TAG, is_adult=bool(row.flag("isNsfw")), id=row.id("id"))


def _images(anime: JsonObject) -> Iterator[Image]:
    for field, role in (("posterImage", ImageRole.COVER), ("bannerImage", ImageRole.BANNER)):
        view = anime.path(field, "original")
        url = media_url(view.text("url"))
        if url is not None:
            yield Image(url, role, size="original", width=view.integer("width"), height=view.integer("height"))


def _relations(anime: JsonObject, notes: Notes) -> Iterator[Relation]:
    for row in _nodes(anime, "relationships"):
        target, kind = row.obj("destination"), row.text("kind")
        id_ = target.id("id")
        if id_ is None:
            notes.note("relation_without_target", f"a {kind} relation points at nothing we can see", "relations")
            continue
        type_ = (target.text("type") or "").lower()
        start = date_from_text(target.text("startDate"))
        yield Relation(
            kind=notes.known("relation", kind, words.RELATIONS),
            kind_text=kind or "",
            target_type=type_ if type_ in ("anime", "manga") else None,
            target_ids=(ForeignId(Site.KITSU, id_),),
            target_title=target.obj("titles").text("canonical"),
            target_year=start.year if start else None,
            target_url=page_url(type_, target.text("slug")),
        )


def _companies(anime: JsonObject, notes: Notes) -> Iterator[Company]:
    for row in _nodes(anime, "productions"):
        company = row.obj("company")
        name = company.text("name")
        if name is not None:
            role = notes.known("production.role", row.text("role"), words.COMPANIES) or CompanyRole.OTHER
            yield Company(name, role, id=company.id("id"))


def _native(person: JsonObject) -> str | None:
    names = person.path("names", "localized")
    return next((names.text(locale) for locale in names if words.language_of(locale) == "ja"), None)


def _voices(row: JsonObject, notes: Notes) -> Iterator[VoiceActor]:
    for voice in row.obj("voices").objs("nodes"):
        person, locale = voice.obj("person"), voice.text("locale")
        name, language = person.text("name"), words.language_of(locale)
        if name is None:
            continue
        if language is None and locale is not None:
            notes.note_drift("voice.locale", locale)
        yield VoiceActor(name, language, id=person.id("id"), name_native=_native(person))


def _characters(record: GraphRecord, notes: Notes) -> Iterator[Character]:
    rows = notes.unique("characters", record.rows("characters"), lambda row: row.id("id"))
    for row in rows:
        who = row.obj("character")
        names = who.obj("names")
        localized = names.obj("localized")
        id_, name = who.id("id"), names.text("canonical") or _english(localized) or who.text("slug")
        if id_ is None or name is None:
            notes.note("character_unreadable", f"a character without id or name (row {row.id('id')})", "characters")
            continue
        native = next((localized.text(one) for one in localized if words.language_of(one) == "ja"), None)
        others = (*(text for one in localized if (text := localized.text(one))), *names.texts("alternatives"))
        texts = who.obj("description")
        locales = sorted(texts, key=lambda one: not one.lower().startswith("en"))
        description, spoilers = split_spoilers(next((raw for one in locales if (raw := texts.prose(one))), None))
        yield Character(
            id=id_,
            name=name,
            role=notes.known("character.role", row.text("role"), words.ROLES) or CharacterRole.UNKNOWN,
            name_native=native,
            alternative_names=tuple(dict.fromkeys(text for text in others if text not in (name, native))),
            description=description,
            spoilers=spoilers,
            image_url=media_url(who.path("image", "original").text("url")),
            voice_actors=tuple(dict.fromkeys(_voices(row, notes))),
        )


def _staff(anime: JsonObject, notes: Notes) -> Iterator[Credit]:
    for row in notes.unique("staff", _nodes(anime, "staff"), lambda row: row.id("id")):
        person = row.obj("person")
        name = person.text("name")
        if name is not None:
            yield Credit(name, row.text("role") or "", id=person.id("id"), name_native=_native(person))


def _aired(text: str | None) -> PartialDate | None:
    """A bare midnight is a date; any other time is an instant and its day is Japan's."""
    moment = instant(text)
    if moment is None or (moment.hour, moment.minute) == (0, 0):
        return date_from_text(text)
    return japan_date(moment)


def _episodes(record: GraphRecord, notes: Notes) -> Iterator[Episode]:
    for row in notes.unique("episodes", record.rows("episodes"), lambda row: row.id("id")):
        names, released = row.obj("titles"), row.text("releasedAt")
        aired = _aired(released)
        if aired is None and released is not None:
            notes.note("impossible_date", f"episode date {released!r} is no date", "episodes")
        texts = text_of(row.obj("description"), notes)
        yield Episode(
            number=row.integer("number"),
            id=row.id("id"),
            titles=names_of(names.text("canonical"), names.obj("localized"), (), notes),
            synopsis=texts[0] if texts else None,
            aired=aired,
            duration_s=count_of(row.integer("length")),
            thumbnail_url=media_url(row.path("thumbnail", "original").text("url")),
        )
