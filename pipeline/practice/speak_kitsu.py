"""Kitsu's GraphQL shape: a :class:`SourceTitle` written out as one whole ``Anime`` node.

Pure, and the inverse of the pipeline's own reading of Kitsu as far as Kitsu can carry a thing: no songs, no scale of
favourites per character, whole days only. Lists are whole; :mod:`pipeline.practice.graphql_kitsu` cuts the pages and
:mod:`pipeline.practice.speak_kitsu_edge` makes the older JSON:API shape of the same node.
"""

from calendar import monthrange
from collections.abc import Mapping
from datetime import date as date_type
from typing import Any, Final

from pipeline.domain.canonical import digest_of
from pipeline.domain.names import (
    AgeRating,
    AiringStatus,
    CharacterRole,
    CompanyRole,
    ImageRole,
    LinkKind,
    RelationKind,
    Site,
    TitleKind,
    TitleType,
)
from pipeline.domain.source_title import (
    Character,
    Company,
    Credit,
    Episode,
    Image,
    Label,
    Link,
    PartialDate,
    Relation,
    SourceTitle,
    Statistics,
    Text,
    TitleName,
    VoiceActor,
)
from pipeline.practice.rows import make_slug

__all__ = ["MAPPING_SITES", "speak_anime"]

_SUBTYPES: Final[Mapping[TitleType, str]] = {
    TitleType.TV: "TV",
    TitleType.TV_SHORT: "TV",
    TitleType.TV_SPECIAL: "SPECIAL",
    TitleType.SPECIAL: "SPECIAL",
    TitleType.OVA: "OVA",
    TitleType.ONA: "ONA",
    TitleType.MOVIE: "MOVIE",
    TitleType.MUSIC: "MUSIC",
}
_STATUSES: Final[Mapping[AiringStatus, str]] = {
    AiringStatus.FINISHED: "FINISHED",
    AiringStatus.AIRING: "CURRENT",
    AiringStatus.UPCOMING: "UPCOMING",
}
_RATINGS: Final[Mapping[AgeRating, str]] = {
    AgeRating.G: "G",
    AgeRating.PG: "PG",
    AgeRating.PG_13: "PG",
    AgeRating.R: "R",
    AgeRating.R_PLUS: "R",
    AgeRating.RX: "R18",
}
_GUIDES: Final[Mapping[AgeRating, str]] = {
    AgeRating.G: "All Ages",
    AgeRating.PG: "Children",
    AgeRating.PG_13: "Teens 13 or older",
    AgeRating.R: "17+ (violence & profanity)",
    AgeRating.R_PLUS: "Mild Nudity",
    AgeRating.RX: "Hentai",
}
_RELATIONS: Final[Mapping[RelationKind, str]] = {
    RelationKind.SEQUEL: "SEQUEL",
    RelationKind.PREQUEL: "PREQUEL",
    RelationKind.ALTERNATIVE_SETTING: "ALTERNATIVE_SETTING",
    RelationKind.ALTERNATIVE_VERSION: "ALTERNATIVE_VERSION",
    RelationKind.SIDE_STORY: "SIDE_STORY",
    RelationKind.PARENT: "PARENT_STORY",
    RelationKind.SUMMARY: "SUMMARY",
    RelationKind.FULL_STORY: "FULL_STORY",
    RelationKind.SPIN_OFF: "SPINOFF",
    RelationKind.ADAPTATION: "ADAPTATION",
    RelationKind.CHARACTER: "CHARACTER",
}
_COMPANY_ROLES: Final[Mapping[CompanyRole, str]] = {
    CompanyRole.STUDIO: "STUDIO",
    CompanyRole.PRODUCER: "PRODUCER",
    CompanyRole.LICENSOR: "LICENSOR",
}
_CAST_ROLES: Final[Mapping[CharacterRole, str]] = {
    CharacterRole.MAIN: "MAIN",
    CharacterRole.SUPPORTING: "RECURRING",
    CharacterRole.BACKGROUND: "BACKGROUND",
}
MAPPING_SITES: Final[Mapping[Site, str]] = {
    Site.MAL: "MYANIMELIST_ANIME",
    Site.ANILIST: "ANILIST_ANIME",
    Site.ANIDB: "ANIDB",
    Site.ANN: "ANIMENEWSNETWORK",
}
_LOCALES: Final[Mapping[str, str]] = {
    "ja-Latn": "en_jp",
    "ja": "ja_jp",
    "en": "en",
    "ko": "ko_kr",
    "ko-Latn": "en_kr",
    "zh": "zh_cn",
    "zh-Hans": "zh_cn",
    "zh-Hant": "zh_tw",
    "zh-Latn": "en_cn",
}
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_CREATED: Final = "2013-02-20T16:00:13Z"


def _row_id(*words: str) -> str:
    """A row number of the platform's own: the same for the same words."""
    return str(int(digest_of("kitsu", *words)[:7], 16))


def _kitsu_locale(language: str | None) -> str:
    """Kitsu's key for a language: ``ja-Latn`` is ``en_jp``, others are lower-case with an underscore."""
    if language is None:
        return "en"
    return _LOCALES.get(language, language.replace("-", "_").lower())


def speak_anime(title: SourceTitle) -> dict[str, Any]:
    """The whole ``Anime`` node of a title."""
    figures = title.statistics or Statistics()
    names = _names(title.titles)
    length = title.episode_duration_s
    return {
        "__typename": "Anime",
        "id": title.id,
        "slug": _slug(title, names["canonical"]),
        "type": "Anime",
        "subtype": _SUBTYPES.get(title.type, "TV") if title.type else "TV",
        "status": _STATUSES.get(title.status, "TBA") if title.status else "TBA",
        "sfw": not title.is_adult,
        "ageRating": _RATINGS[title.age_rating] if title.age_rating else None,
        "ageRatingGuide": _GUIDES[title.age_rating] if title.age_rating else None,
        "season": title.season.value if title.season else None,
        **_start(title.start),
        "endDate": _day(title.end),
        "nextRelease": title.next_episode.at if title.next_episode else None,
        "createdAt": _CREATED,
        "updatedAt": title.updated_at or _CREATED,
        "episodeCount": title.episode_count,
        "episodeLength": length,
        "totalLength": length * title.episode_count if length and title.episode_count else None,
        "youtubeTrailerVideoId": next((t.id for t in title.trailers if t.site == "youtube"), None),
        "originCountries": [title.country] if title.country else [],
        "originLanguages": [],
        "averageRating": _rating(figures),
        "averageRatingRank": figures.rank,
        "userCount": figures.members,
        "userCountRank": figures.popularity_rank,
        "favoritesCount": figures.favorites,
        "description": {_kitsu_locale(text.language): _prose(text) for text in title.synopses},
        "titles": names,
        "posterImage": _image(title.images, ImageRole.COVER),
        "bannerImage": _image(title.images, ImageRole.BANNER),
        "categories": [_category(label) for label in title.labels],
        "mappings": [
            {"id": _row_id("mapping", title.id, site), "externalSite": site, "externalId": foreign.id}
            for foreign in title.identifiers
            if (site := _mapping_site(foreign.site)) is not None
        ],
        "productions": [_production(c) for c in title.companies if c.role in _COMPANY_ROLES],
        "relationships": [_relationship(relation) for relation in title.relations],
        "streamingLinks": [_stream(link) for link in title.links if link.kind is LinkKind.STREAMING],
        "staff": [_crew(credit) for credit in title.staff],
        "episodes": [_episode(episode) for episode in title.episodes],
        "characters": [_cast(title.id, character) for character in title.characters],
    }


def _slug(title: SourceTitle, canonical: str) -> str:
    tail = (title.url or "").rstrip("/").rsplit("/", 1)[-1]
    return tail if tail and not tail.isdigit() else make_slug(canonical) or f"anime-{title.id}"


def _mapping_site(site: Site | str) -> str | None:
    return MAPPING_SITES.get(site) if isinstance(site, Site) else str(site)


def _rating(figures: Statistics) -> float | None:
    return None if figures.score is None else round(figures.score * 100 / figures.score_max, 2)


def _prose(text: Text) -> str:
    if text.origin is None:
        return text.text
    credit = f"[{text.origin}]" if text.origin.startswith("Written by") else f"(Source: {text.origin})"
    return f"{text.text}\n\n{credit}"


def _start(date: PartialDate | None) -> dict[str, str | None]:
    """The first day; of a month or a year its last, with ``tba`` to say what is meant."""
    if date is None or date.day is not None:
        return {"tba": None, "startDate": _day(date)}
    last = date_type(date.year, date.month or 12, monthrange(date.year, date.month or 12)[1])
    meant = f"{_MONTHS[date.month - 1]} {date.year}" if date.month else str(date.year)
    return {"tba": meant, "startDate": last.isoformat()}


def _day(date: PartialDate | None) -> str | None:
    """A whole day: what is not known is the first, as the platform has it."""
    return None if date is None else f"{date.year:04d}-{date.month or 1:02d}-{date.day or 1:02d}"


def _names(names: tuple[TitleName, ...]) -> dict[str, Any]:
    spoken = [name for name in names if name.language is not None and name.kind is not TitleKind.SYNONYM]
    localized: dict[str, str] = {}
    for name in spoken:
        localized.setdefault(_kitsu_locale(name.language), name.text)
    main = next((name for name in names if name.kind is TitleKind.MAIN), names[0] if names else None)
    canonical = main.text if main else ""
    alternatives = [n.text for n in names if n.kind in (TitleKind.SYNONYM, TitleKind.SHORT)]
    original = localized.get("ja_jp")
    return {
        "canonical": canonical,
        "canonicalLocale": _kitsu_locale(main.language) if main and main.language else None,
        "preferred": canonical,
        "original": original,
        "originalLocale": "ja_jp" if original else None,
        "romanized": localized.get("en_jp"),
        "romanizedLocale": "en_jp" if "en_jp" in localized else None,
        "translated": localized.get("en"),
        "translatedLocale": "en" if "en" in localized else None,
        "alternatives": alternatives,
        "localized": localized,
    }


def _image(images: tuple[Image, ...], role: ImageRole) -> dict[str, Any] | None:
    image = next((i for i in images if i.role is role and i.size in (None, "original")), None)
    image = image or next((i for i in images if i.role is role), None)
    return None if image is None else _picture(image.url, image.width, image.height)


def _picture(url: str | None, width: int | None = None, height: int | None = None) -> dict[str, Any] | None:
    if url is None:
        return None
    original = {"name": "original", "url": url, "width": width, "height": height}
    return {"blurhash": None, "original": original, "views": [original]}


def _category(label: Label) -> dict[str, Any]:
    return {
        "id": label.id or _row_id("category", label.name),
        "slug": make_slug(label.name),
        "title": {"en": label.name},
        "isNsfw": label.is_adult,
    }


def _production(company: Company) -> dict[str, Any]:
    return {
        "id": _row_id("production", company.name, company.role.value),
        "role": _COMPANY_ROLES[company.role],
        "company": {"id": company.id or _row_id("company", company.name), "name": company.name},
    }


def _relationship(relation: Relation) -> dict[str, Any]:
    is_manga = relation.target_type == "manga"
    own = next((t.id for t in relation.target_ids if t.site is Site.KITSU or is_manga), "0")
    slug = (relation.target_url or "").rstrip("/").rsplit("/", 1)[-1]
    name = relation.target_title or ""
    names = _names((TitleName(name, TitleKind.MAIN),))
    return {
        "kind": _RELATIONS.get(relation.kind, "OTHER") if relation.kind else "OTHER",
        "destination": {
            "__typename": "Manga" if is_manga else "Anime",
            "id": own,
            "slug": slug or make_slug(name) or f"media-{own}",
            "type": "Manga" if is_manga else "Anime",
            "titles": names,
            "startDate": f"{relation.target_year:04d}-01-01" if relation.target_year else None,
        },
    }


def _stream(link: Link) -> dict[str, Any]:
    return {
        "id": _row_id("link", link.url),
        "url": link.url,
        "regions": list(link.regions),
        "subs": list(link.subs),
        "dubs": list(link.dubs),
        "streamer": {"id": _row_id("streamer", link.site), "siteName": link.site},
    }


def _crew(credit: Credit) -> dict[str, Any]:
    return {
        "id": _row_id("crew", credit.name, credit.role),
        "role": credit.role,
        "person": _person(credit.id, credit.name, credit.image_url),
    }


def _person(id_: str | None, name: str, image: str | None = None) -> dict[str, Any]:
    number = id_ or _row_id("person", name)
    return {
        "id": number,
        "slug": make_slug(name) or f"person-{number}",
        "name": name,
        "names": _names((TitleName(name, TitleKind.MAIN, "en"),)),
        "image": _picture(image),
    }


def _episode(episode: Episode) -> dict[str, Any]:
    synopsis = episode.synopsis
    return {
        "id": episode.id or _row_id("episode", str(episode.number)),
        "number": episode.number or 0,
        "seasonNumber": episode.season,
        "length": episode.duration_s,
        "releasedAt": f"{_day(episode.aired)}T00:00:00Z" if episode.aired else None,
        "description": {_kitsu_locale(synopsis.language): _prose(synopsis)} if synopsis else {},
        "titles": _names(episode.titles),
        "thumbnail": _picture(episode.thumbnail_url),
    }


def _cast(id_: str, character: Character) -> dict[str, Any]:
    localized = {"en": character.name}
    if character.name_native:
        localized["ja_jp"] = character.name_native
    names = {
        "canonical": character.name,
        "canonicalLocale": "en",
        "preferred": character.name,
        "original": character.name_native,
        "originalLocale": "ja_jp" if character.name_native else None,
        "alternatives": [*character.alternative_names, *character.nicknames],
        "localized": localized,
    }
    slug = (character.url or "").rstrip("/").rsplit("/", 1)[-1]
    return {
        "id": _row_id("cast", id_, character.id),
        "role": _CAST_ROLES.get(character.role, "BACKGROUND"),
        "character": {
            "id": character.id,
            "slug": slug or make_slug(character.name) or f"character-{character.id}",
            "description": {"en": character.description} if character.description else {},
            "names": names,
            "image": _picture(character.image_url),
        },
        "voices": [_voice(character.id, actor) for actor in character.voice_actors],
    }


def _voice(id_: str, actor: VoiceActor) -> dict[str, Any]:
    return {
        "id": _row_id("voice", id_, actor.name, str(actor.language)),
        "locale": _kitsu_locale(actor.language) if actor.language else "",
        "person": _person(actor.id, actor.name, actor.image_url),
    }
