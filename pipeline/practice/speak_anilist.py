"""AniList's shape: a :class:`SourceTitle` written out as one whole ``Media`` object.

Pure, and the inverse of the pipeline's own reading of AniList as far as AniList can carry a thing. Lists are whole
here; pages are cut by :mod:`pipeline.practice.anilist`.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from pipeline.domain.canonical import digest_of
from pipeline.domain.names import (
    AiringStatus,
    CharacterRole,
    CompanyRole,
    ImageRole,
    LabelKind,
    LinkKind,
    RelationKind,
    Site,
    SourceMaterial,
    TitleKind,
    TitleType,
)
from pipeline.domain.source_title import (
    AiringSlot,
    Character,
    Company,
    Credit,
    Episode,
    Image,
    Label,
    Link,
    PartialDate,
    Ranking,
    Relation,
    SourceTitle,
    Statistics,
    Text,
    VoiceActor,
)

__all__ = ["speak_media"]

FORMATS: Final[Mapping[TitleType, str]] = {
    TitleType.TV: "TV",
    TitleType.TV_SHORT: "TV_SHORT",
    TitleType.TV_SPECIAL: "SPECIAL",
    TitleType.MOVIE: "MOVIE",
    TitleType.SPECIAL: "SPECIAL",
    TitleType.OVA: "OVA",
    TitleType.ONA: "ONA",
    TitleType.MUSIC: "MUSIC",
}
_STATUSES: Final[Mapping[AiringStatus, str]] = {
    AiringStatus.FINISHED: "FINISHED",
    AiringStatus.AIRING: "RELEASING",
    AiringStatus.UPCOMING: "NOT_YET_RELEASED",
    AiringStatus.CANCELLED: "CANCELLED",
    AiringStatus.HIATUS: "HIATUS",
}
_MATERIALS: Final[Mapping[SourceMaterial, str]] = {
    SourceMaterial.ORIGINAL: "ORIGINAL",
    SourceMaterial.MANGA: "MANGA",
    SourceMaterial.LIGHT_NOVEL: "LIGHT_NOVEL",
    SourceMaterial.VISUAL_NOVEL: "VISUAL_NOVEL",
    SourceMaterial.VIDEO_GAME: "VIDEO_GAME",
    SourceMaterial.OTHER: "OTHER",
    SourceMaterial.NOVEL: "NOVEL",
    SourceMaterial.DOUJINSHI: "DOUJINSHI",
    SourceMaterial.ANIME: "ANIME",
    SourceMaterial.WEB_NOVEL: "WEB_NOVEL",
    SourceMaterial.LIVE_ACTION: "LIVE_ACTION",
    SourceMaterial.COMIC: "COMIC",
    SourceMaterial.MULTIMEDIA: "MULTIMEDIA_PROJECT",
    SourceMaterial.PICTURE_BOOK: "PICTURE_BOOK",
}
_RELATIONS: Final[Mapping[RelationKind, str]] = {
    RelationKind.PREQUEL: "PREQUEL",
    RelationKind.SEQUEL: "SEQUEL",
    RelationKind.PARENT: "PARENT",
    RelationKind.SIDE_STORY: "SIDE_STORY",
    RelationKind.SUMMARY: "SUMMARY",
    RelationKind.ALTERNATIVE_VERSION: "ALTERNATIVE",
    RelationKind.ALTERNATIVE_SETTING: "ALTERNATIVE",
    RelationKind.SPIN_OFF: "SPIN_OFF",
    RelationKind.ADAPTATION: "ADAPTATION",
    RelationKind.SOURCE: "SOURCE",
    RelationKind.CHARACTER: "CHARACTER",
    RelationKind.COMPILATION: "COMPILATION",
    RelationKind.CONTAINS: "CONTAINS",
}
_LANGUAGE_NAMES: Final[Mapping[str, str]] = {
    "ja": "Japanese",
    "en": "English",
    "ko": "Korean",
    "it": "Italian",
    "es": "Spanish",
    "pt": "Portuguese",
    "pt-BR": "Portuguese",
    "fr": "French",
    "de": "German",
    "he": "Hebrew",
    "hu": "Hungarian",
    "zh": "Chinese",
    "ar": "Arabic",
    "fil": "Filipino",
    "ca": "Catalan",
    "fi": "Finnish",
    "tr": "Turkish",
    "nl": "Dutch",
    "sv": "Swedish",
    "th": "Thai",
    "tl": "Tagalog",
    "ms": "Malaysian",
    "id": "Indonesian",
    "vi": "Vietnamese",
    "ne": "Nepali",
    "hi": "Hindi",
    "ur": "Urdu",
}
_OLD_LANGUAGES: Final = frozenset(
    {"JAPANESE", "ENGLISH", "KOREAN", "ITALIAN", "SPANISH", "PORTUGUESE", "FRENCH", "GERMAN", "HEBREW", "HUNGARIAN"}
)
_LINK_TYPES: Final[Mapping[LinkKind, str]] = {LinkKind.STREAMING: "STREAMING", LinkKind.SOCIAL: "SOCIAL"}


def _edge_id(*words: str) -> int:
    """A row number of the platform's own: the same for the same words."""
    return int(digest_of("anilist", *words)[:7], 16)


def _unix(at: str) -> int:
    """Seconds since 1970 of a UTC time."""
    return int(datetime.fromisoformat(at).timestamp())


def speak_media(title: SourceTitle) -> dict[str, Any]:
    """The whole ``Media`` object of a title."""
    figures = title.statistics or Statistics()
    return {
        "__typename": "Media",
        "id": int(title.id),
        "idMal": next((int(i.id) for i in title.identifiers if i.site is Site.MAL), None),
        "type": "ANIME",
        "format": FORMATS.get(title.type) if title.type else None,
        "status": _STATUSES.get(title.status) if title.status else None,
        "description": _description(title.synopses),
        **_names(title),
        "source": _MATERIALS.get(title.source_material) if title.source_material else None,
        "season": title.season.value if title.season else None,
        "seasonYear": title.season_year,
        "episodes": title.episode_count,
        "duration": None if title.episode_duration_s is None else title.episode_duration_s // 60,
        "countryOfOrigin": title.country,
        "isAdult": title.is_adult,
        "isLicensed": True,
        "isLocked": False,
        "hashtag": " ".join(title.hashtags) or None,
        "startDate": _date(title.start),
        "endDate": _date(title.end),
        **_pictures(title.images),
        "trailer": _trailer(title),
        **_figures(figures),
        "rankings": [_ranking(title, ranking) for ranking in figures.rankings],
        "siteUrl": title.url,
        "updatedAt": _unix(title.updated_at) if title.updated_at else None,
        "genres": [label.name for label in title.labels if label.kind is LabelKind.GENRE],
        "tags": [_tag(label) for label in title.labels if label.kind is not LabelKind.GENRE],
        "studios": {"edges": [_studio(c) for c in title.companies if c.role is not CompanyRole.LICENSOR]},
        "externalLinks": [_link(link) for link in title.links],
        "streamingEpisodes": [_stream(episode, link) for episode in title.episodes for link in episode.streaming],
        "nextAiringEpisode": _slot(title.id, title.next_episode) if title.next_episode else None,
        "relations": {"edges": [_relation(title.id, relation) for relation in title.relations]},
        "airingSchedule": [_slot(title.id, slot) for slot in title.schedule],
        "characters": [_cast(title.id, character) for character in title.characters],
        "staff": [_crew(title.id, credit) for credit in title.staff],
        "recommendations": [],
        "reviews": [],
    }


def _names(title: SourceTitle) -> dict[str, Any]:
    said: dict[str, str] = {}
    for slot, language in (("romaji", "ja-Latn"), ("english", "en")):
        name = next((n.text for n in title.titles if n.kind is not TitleKind.SYNONYM and n.language == language), None)
        if name is not None:
            said[slot] = name
    native = next((n.text for n in title.titles if _is_native(n.kind, n.language)), None)
    if "romaji" not in said:
        main = next((n.text for n in title.titles if n.kind is TitleKind.MAIN and n.text != native), None)
        if main is not None:
            said["romaji"] = main
    shown = said.get("romaji") or said.get("english") or native
    synonyms = [n.text for n in title.titles if n.kind in (TitleKind.SYNONYM, TitleKind.SHORT)]
    return {
        "title": {
            "romaji": said.get("romaji"),
            "english": said.get("english"),
            "native": native,
            "userPreferred": shown,
        },
        "synonyms": synonyms,
    }


def _is_native(kind: TitleKind, language: str | None) -> bool:
    is_name = kind in (TitleKind.MAIN, TitleKind.OFFICIAL)
    return is_name and language not in (None, "en") and not str(language).endswith("-Latn")


def _description(texts: Iterable[Text]) -> str | None:
    text = next(iter(texts), None)
    if text is None:
        return None
    words = text.text if text.origin is None else f"{text.text}\n\n(Source: {text.origin})"
    return words.replace("\n\n", "<br><br>\n")


def _date(date: PartialDate | None) -> dict[str, int | None]:
    if date is None:
        return {"year": None, "month": None, "day": None}
    return {"year": date.year, "month": date.month, "day": date.day}


def _pictures(images: Iterable[Image]) -> dict[str, Any]:
    cover: dict[str, Any] = {"extraLarge": None, "large": None, "medium": None, "color": None}
    banner = None
    for image in images:
        if image.role is ImageRole.BANNER:
            banner = image.url
        elif image.role is ImageRole.COVER:
            cover[image.size if image.size in cover else "large"] = image.url
            cover["color"] = cover["color"] or image.color
    return {"coverImage": cover, "bannerImage": banner}


def _trailer(title: SourceTitle) -> dict[str, Any] | None:
    trailer = next(iter(title.trailers), None)
    if trailer is None:
        return None
    return {"id": trailer.id, "site": trailer.site, "thumbnail": trailer.thumbnail_url}


def _figures(figures: Statistics) -> dict[str, Any]:
    score = None if figures.score is None else round(figures.score * 100 / figures.score_max)
    return {
        "averageScore": score,
        "meanScore": score,
        "popularity": figures.members,
        "favourites": figures.favorites,
        "trending": figures.trending,
        "stats": {
            "scoreDistribution": [{"score": round(at), "amount": count} for at, count in figures.score_distribution],
            "statusDistribution": [{"status": name, "amount": n} for name, n in figures.status_distribution],
        },
    }


def _ranking(title: SourceTitle, ranking: Ranking) -> dict[str, Any]:
    word = "highest rated" if ranking.kind == "rated" else "most popular"
    when = "all time" if ranking.is_all_time else " ".join(str(p).lower() for p in (ranking.season,) if p)
    return {
        "id": _edge_id("rank", title.id, ranking.kind, str(ranking.year), str(ranking.season)),
        "rank": ranking.rank,
        "type": ranking.kind.upper(),
        "format": ranking.format or "TV",
        "year": ranking.year,
        "season": ranking.season.value if ranking.season else None,
        "allTime": ranking.is_all_time,
        "context": f"{word} {when}".strip(),
    }


def _tag(label: Label) -> dict[str, Any]:
    return {
        "id": int(label.id) if label.id else _edge_id("tag", label.name),
        "name": label.name,
        "description": None,
        "category": label.category,
        "rank": round(label.strength * 100),
        "isGeneralSpoiler": False,
        "isMediaSpoiler": label.is_spoiler,
        "isAdult": label.is_adult,
    }


def _studio(company: Company) -> dict[str, Any]:
    number = int(company.id) if company.id else _edge_id("studio", company.name)
    return {
        "id": _edge_id("studio edge", company.name),
        "isMain": bool(company.is_main),
        "node": {
            "id": number,
            "name": company.name,
            "isAnimationStudio": company.role is CompanyRole.STUDIO,
            "siteUrl": company.url,
            "favourites": 0,
        },
    }


def _link(link: Link) -> dict[str, Any]:
    return {
        "id": _edge_id("link", link.url),
        "url": link.url,
        "site": link.site,
        "siteId": None,
        "type": _LINK_TYPES.get(link.kind, "INFO"),
        "language": _LANGUAGE_NAMES.get(link.language) if link.language else None,
        "color": None,
        "icon": None,
        "notes": link.note,
        "isDisabled": False,
    }


def _stream(episode: Episode, place: Link) -> dict[str, Any]:
    name = episode.titles[0].text if episode.titles else None
    label = None if episode.number is None else f"Episode {episode.number}"
    return {
        "title": " - ".join(part for part in (label, name) if part) or None,
        "thumbnail": episode.thumbnail_url,
        "url": place.url,
        "site": place.site,
    }


def _slot(id_: str, slot: AiringSlot) -> dict[str, Any]:
    return {
        "id": _edge_id("airing", id_, slot.at, str(slot.episode)),
        "episode": slot.episode or 0,
        "airingAt": _unix(slot.at),
        "timeUntilAiring": 0,
        "mediaId": int(id_),
    }


def _relation(id_: str, relation: Relation) -> dict[str, Any]:
    own = next((t.id for t in relation.target_ids if t.site is Site.ANILIST), None)
    mal = next((t.id for t in relation.target_ids if t.site is Site.MAL), None)
    kind = _RELATIONS.get(relation.kind, "OTHER") if relation.kind else relation.kind_text.upper()
    return {
        "id": _edge_id("relation", id_, str(own), kind),
        "relationType": kind,
        "node": {
            "__typename": "Media",
            "id": int(own) if own else _edge_id("media", str(relation.target_title)),
            "idMal": int(mal) if mal else None,
            "type": (relation.target_type or "anime").upper(),
            "format": relation.target_format,
            "title": {"romaji": relation.target_title, "userPreferred": relation.target_title},
            "startDate": {"year": relation.target_year, "month": None, "day": None},
            "seasonYear": relation.target_year,
            "siteUrl": relation.target_url,
        },
    }


def _cast(id_: str, character: Character) -> dict[str, Any]:
    role = character.role.value if character.role is not CharacterRole.UNKNOWN else None
    return {
        "id": _edge_id("cast", id_, character.id),
        "role": role,
        "name": None,
        "node": _character(character),
        "voiceActorRoles": [_voice(actor) for actor in character.voice_actors],
    }


def _character(character: Character) -> dict[str, Any]:
    month, day = (int(p) for p in character.birthday.split("-")) if character.birthday else (None, None)
    return {
        "id": int(character.id),
        "name": {
            "full": character.name,
            "userPreferred": character.name,
            "native": character.name_native,
            "alternative": [*character.alternative_names, *character.nicknames],
            "alternativeSpoiler": list(character.spoiler_names),
        },
        "image": {"large": character.image_url, "medium": character.image_url},
        "description": _biography(character),
        "gender": character.gender,
        "age": character.age,
        "bloodType": character.blood_type,
        "dateOfBirth": {"year": None, "month": month, "day": day},
        "favourites": character.favorites,
        "siteUrl": character.url,
    }


def _biography(character: Character) -> str | None:
    parts = [f"__{name}:__ {value}" for name, value in character.attributes]
    if character.description:
        parts += ["", character.description] if parts else [character.description]
    parts += [part for spoiler in character.spoilers for part in ("", f"~!{spoiler}!~")]
    return "\n".join(parts).strip() or None


def _voice(actor: VoiceActor) -> dict[str, Any]:
    language = _LANGUAGE_NAMES.get(actor.language) if actor.language else None
    return {
        "roleNotes": actor.note,
        "dubGroup": None,
        "voiceActor": {
            **_person(actor.id, actor.name, actor.name_native, actor.image_url, actor.url),
            "languageV2": language,
            "language": language.upper() if language and language.upper() in _OLD_LANGUAGES else None,
            "primaryOccupations": ["Voice Actor"],
        },
    }


def _crew(id_: str, credit: Credit) -> dict[str, Any]:
    role = credit.role if credit.episodes is None else f"{credit.role} ({_eps(credit.episodes)})"
    return {
        "id": _edge_id("crew", id_, str(credit.id or credit.name), credit.role),
        "role": role,
        "node": {
            **_person(credit.id, credit.name, credit.name_native, credit.image_url, credit.url),
            "languageV2": "Japanese",
            "language": "JAPANESE",
            "primaryOccupations": [],
        },
    }


def _eps(episodes: str) -> str:
    if not episodes[:1].isdigit():
        return episodes
    return f"ep {episodes}" if episodes.isdigit() else f"eps {episodes}"


def _person(id_: str | None, name: str, native: str | None, image: str | None, url: str | None) -> dict[str, Any]:
    number = int(id_) if id_ else _edge_id("staff", name)
    return {
        "id": number,
        "name": {"full": name, "userPreferred": name, "native": native, "alternative": []},
        "image": {"large": image, "medium": image},
        "siteUrl": url,
    }
