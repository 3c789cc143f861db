"""AniList's word on a title in our terms. Pure; odd fields read as not said, and what is odd is noted."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from pipeline.domain.names import CompanyRole, ImageRole, LabelKind, LinkKind, Site, Source, TitleKind
from pipeline.domain.source_title import (
    AiringSlot,
    Company,
    Episode,
    ForeignId,
    Image,
    Label,
    Link,
    PartialDate,
    Ranking,
    Relation,
    SourceTitle,
    Statistics,
    Text,
    TitleName,
    Trailer,
)
from pipeline.platforms._dates import instant_text, partial_date
from pipeline.platforms._links import kind_of_host
from pipeline.platforms._notes import Notes
from pipeline.platforms._reading import JsonObject
from pipeline.platforms._text import split_origin
from pipeline.platforms.anilist import _vocabulary as words
from pipeline.platforms.anilist._markup import split_spoilers
from pipeline.platforms.anilist._people import read_characters, read_staff, unique_rows
from pipeline.platforms.anilist.payload import parse_record

__all__ = ["convert_title"]

_EPISODE_TITLE: Final = re.compile(r"^Episode (\d+)(?:\s*[-:\u2013]\s*(.*))?$", re.IGNORECASE)
_ADULT_GENRES: Final = frozenset({"Hentai"})


def convert_title(id_: str, parts: Mapping[str, bytes]) -> SourceTitle:
    """Everything AniList says of one title. Raises ``Broken`` when a part is not AniList's shape."""
    record = parse_record(id_, parts)
    media, notes = record.media, Notes(Source.ANILIST)
    minutes = media.integer("duration")
    return SourceTitle(
        source=Source.ANILIST,
        id=id_,
        url=media.text("siteUrl") or f"https://anilist.co/anime/{id_}",
        titles=tuple(_titles(media)),
        synopses=_synopses(media, notes),
        type=notes.known("format", media.text("format"), words.TYPES),
        status=notes.known("status", media.text("status"), words.STATUSES),
        source_material=notes.known("source", media.text("source"), words.SOURCES),
        is_adult=media.flag("isAdult"),
        country=media.text("countryOfOrigin"),
        season=notes.known("season", media.text("season"), words.SEASONS),
        season_year=media.integer("seasonYear"),
        start=_date(media, "startDate", notes),
        end=_date(media, "endDate", notes),
        episode_count=_count(media.integer("episodes")),
        episode_duration_s=minutes * 60 if minutes is not None and minutes > 0 else None,
        labels=(*_genres(media), *_tags(media)),
        statistics=_statistics(media, notes),
        images=tuple(_images(media)),
        trailers=_trailers(media, notes),
        relations=tuple(_relations(media, notes)),
        links=tuple(_links(media, notes)),
        companies=tuple(_companies(media)),
        characters=read_characters(record.rows("characters"), notes),
        staff=read_staff(record.rows("staff"), notes),
        episodes=_episodes(media),
        schedule=tuple(_slots(unique_rows(record.rows("airing"), "schedule", notes))),
        next_episode=next(_slots((media.obj("nextAiringEpisode"),)), None),
        hashtags=tuple((media.text("hashtag") or "").split()),
        identifiers=_identifiers(id_, media),
        updated_at=_moment(media.integer("updatedAt")),
        drift=notes.drift,
        findings=notes.findings,
    )


def _count(value: int | None) -> int | None:
    return value if value is not None and value > 0 else None


def _moment(seconds: int | None) -> str | None:
    if seconds is None or not 0 < seconds < 4_102_444_800:  # the year 2100
        return None
    return instant_text(datetime.fromtimestamp(seconds, UTC))


def _date(media: JsonObject, field: str, notes: Notes) -> PartialDate | None:
    said = media.obj(field)
    year, month, day = said.integer("year"), said.integer("month"), said.integer("day")
    found = partial_date(year, month, day)
    if found is None and year is not None:
        notes.note("impossible_date", f"{field} {year}-{month}-{day} is no date", field)
    return found


def _titles(media: JsonObject) -> Iterator[TitleName]:
    names = media.obj("title")
    native = words.NATIVE.get(media.text("countryOfOrigin") or "JP")
    spoken = (
        ("romaji", f"{native.split('-')[0]}-Latn" if native else None),
        ("english", "en"),
        ("native", native),
        ("userPreferred", None),
    )
    seen: set[str] = set()
    for field, language in spoken:
        text = names.text(field)
        if text is None or (field == "userPreferred" and text in seen):
            continue
        yield TitleName(text, TitleKind.OFFICIAL if seen else TitleKind.MAIN, language)
        seen.add(text)
    for text in dict.fromkeys(media.texts("synonyms")):
        yield TitleName(text, TitleKind.SYNONYM)


def _synopses(media: JsonObject, notes: Notes) -> tuple[Text, ...]:
    raw = media.prose("description")
    if raw is None:
        return ()
    text, spoilers = split_spoilers(raw)
    for spoiler in spoilers:
        notes.note("spoiler_in_synopsis", spoiler, "synopsis")
    text, origin = split_origin(text)
    return (Text(text, "en", origin),) if text else ()


def _genres(media: JsonObject) -> Iterator[Label]:
    for name in dict.fromkeys(media.texts("genres")):
        yield Label(name, LabelKind.GENRE, is_adult=name in _ADULT_GENRES)


def _tags(media: JsonObject) -> Iterator[Label]:
    for tag in media.objs("tags"):
        name, category, rank = tag.text("name"), tag.text("category"), tag.integer("rank")
        if name is None:
            continue
        yield Label(
            name=name,
            kind=LabelKind.DEMOGRAPHIC if category == "Demographic" else LabelKind.TAG,
            strength=1.0 if rank is None else min(max(rank, 0), 100) / 100,
            is_spoiler=bool(tag.flag("isGeneralSpoiler") or tag.flag("isMediaSpoiler")),
            is_adult=bool(tag.flag("isAdult")),
            category=category,
            id=tag.id("id"),
        )


def _rankings(media: JsonObject, notes: Notes) -> Iterator[Ranking]:
    for row in media.objs("rankings"):
        kind, rank = row.text("type"), row.integer("rank")
        if kind is None or rank is None:
            continue
        yield Ranking(
            kind=kind.lower(),
            rank=rank,
            format=row.text("format"),
            year=row.integer("year"),
            season=notes.known("ranking.season", row.text("season"), words.SEASONS),
            is_all_time=bool(row.flag("allTime")),
        )


def _statistics(media: JsonObject, notes: Notes) -> Statistics:
    score, mean = media.number("averageScore"), media.number("meanScore")
    if score is None and mean is not None:
        notes.note("score_is_plain_mean", "too few votes for a weighted score; the plain mean stands in", "score")
    rankings = tuple(_rankings(media, notes))
    best = {ranking.kind: ranking.rank for ranking in reversed(rankings) if ranking.is_all_time}
    stats = media.obj("stats")
    by_status = ((row.text("status"), row.integer("amount")) for row in stats.objs("statusDistribution"))
    by_score = ((row.number("score"), row.integer("amount")) for row in stats.objs("scoreDistribution"))
    return Statistics(
        score=mean if score is None else score,
        score_max=100.0,
        rank=best.get("rated"),
        popularity_rank=best.get("popular"),
        members=media.integer("popularity"),
        favorites=media.integer("favourites"),
        trending=media.integer("trending"),
        rankings=rankings,
        status_distribution=tuple((name, count) for name, count in by_status if name and count is not None),
        score_distribution=tuple(
            (value, count) for value, count in by_score if value is not None and count is not None
        ),
    )


def _images(media: JsonObject) -> Iterator[Image]:
    cover = media.obj("coverImage")
    for size in ("extraLarge", "large", "medium"):
        url = cover.text(size)
        if url is not None:
            yield Image(url, ImageRole.COVER, size=size, color=cover.text("color"))
    banner = media.text("bannerImage")
    if banner is not None:
        yield Image(banner, ImageRole.BANNER)


def _trailers(media: JsonObject, notes: Notes) -> tuple[Trailer, ...]:
    trailer = media.obj("trailer")
    site, id_ = trailer.text("site"), trailer.id("id")
    if site is None or id_ is None:
        return ()
    base = words.TRAILERS.get(site)
    if base is None:
        notes.note_drift("trailer.site", f"{site}:{id_}")
        return ()
    return (Trailer(site, id_, base + id_, thumbnail_url=trailer.text("thumbnail")),)


def _relations(media: JsonObject, notes: Notes) -> Iterator[Relation]:
    for edge in unique_rows(media.obj("relations").objs("edges"), "relations", notes):
        node, kind = edge.obj("node"), edge.text("relationType")
        id_, id_mal = node.id("id"), node.id("idMal")
        if id_ is None:
            continue
        ids = [ForeignId(Site.ANILIST, id_)]
        if id_mal is not None:
            ids.append(ForeignId(Site.MAL, id_mal))
        target_type = (node.text("type") or "").lower()
        names = node.obj("title")
        yield Relation(
            kind=notes.known("relation", kind, words.RELATIONS),
            kind_text=kind or "",
            target_type=target_type if target_type in ("anime", "manga") else None,
            target_ids=tuple(ids),
            target_title=names.text("romaji") or names.text("userPreferred") or names.text("native"),
            target_format=node.text("format"),
            target_year=node.obj("startDate").integer("year"),
            target_url=node.text("siteUrl"),
        )


def _links(media: JsonObject, notes: Notes) -> Iterator[Link]:
    for row in media.objs("externalLinks"):
        url, site = row.text("url"), row.text("site")
        if url is None:
            continue
        word = row.text("type")  # since 2022; before it only the address tells
        kind = (notes.known("external_link.type", word, words.LINKS) if word else kind_of_host(url)) or LinkKind.OTHER
        language = row.text("language")
        comments = (row.text("notes"), "disabled" if row.flag("isDisabled") else None)
        yield Link(
            url=url,
            site=site or "",
            kind=LinkKind.OFFICIAL if site == "Official Site" else kind,
            language=notes.known("external_link.language", language, words.LANGUAGES),
            note="; ".join(filter(None, comments)) or None,
        )


def _companies(media: JsonObject) -> Iterator[Company]:
    studios = media.obj("studios")
    edges = [(edge.obj("node"), edge.flag("isMain")) for edge in studios.objs("edges")]
    for node, is_main in edges or [(node, None) for node in studios.objs("nodes")]:
        name = node.text("name")
        if name is None:
            continue
        yield Company(
            name=name,
            role=_company_role(is_main, node.flag("isAnimationStudio")),
            is_main=is_main,
            id=node.id("id"),
            url=node.text("siteUrl"),
        )


def _company_role(is_main: bool | None, is_animating: bool | None) -> CompanyRole:
    """A studio is main, or animates for anybody; who is neither helped to produce. Asked without either it is open."""
    if is_main or is_animating:
        return CompanyRole.STUDIO
    return CompanyRole.OTHER if is_main is None and is_animating is None else CompanyRole.PRODUCER


def _episodes(media: JsonObject) -> tuple[Episode, ...]:
    """What can be streamed, by episode: neither complete nor in order, so nothing but number and title is taken."""
    found: dict[tuple[int | None, str | None], Episode] = {}
    for row in media.objs("streamingEpisodes"):
        text, url = row.text("title"), row.text("url")
        named = _EPISODE_TITLE.match(text or "")
        number, title = (int(named[1]), named[2] or None) if named else (None, text)
        links = (Link(url, row.text("site") or "", LinkKind.STREAMING),) if url else ()
        before = found.get((number, title))
        if before is not None:
            links = (*before.streaming, *links)
        found[number, title] = Episode(
            number=number,
            titles=(TitleName(title, TitleKind.MAIN),) if title else (),
            thumbnail_url=row.text("thumbnail") if before is None else before.thumbnail_url,
            streaming=tuple(dict.fromkeys(links)),
        )
    return tuple(sorted(found.values(), key=lambda episode: (episode.number is None, episode.number or 0)))


def _slots(rows: Iterable[JsonObject]) -> Iterator[AiringSlot]:
    for row in rows:
        at = _moment(row.integer("airingAt"))
        if at is not None:
            yield AiringSlot(at, row.integer("episode"))


def _identifiers(id_: str, media: JsonObject) -> tuple[ForeignId, ...]:
    id_mal = media.id("idMal")
    own = ForeignId(Site.ANILIST, id_)
    return (own,) if id_mal is None else (own, ForeignId(Site.MAL, id_mal))
