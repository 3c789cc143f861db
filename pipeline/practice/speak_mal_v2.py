"""The official API's shape: a :class:`SourceTitle` of MyAnimeList written out as a record of API v2.

Pure. What the API does not know is set to null or left out, as it does itself.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pipeline.domain.names import (
    AgeRating,
    AiringStatus,
    CompanyRole,
    ImageRole,
    RelationKind,
    Season,
    SourceMaterial,
    TitleKind,
    TitleType,
)
from pipeline.domain.source_title import Broadcast, Image, Relation, SourceTitle, Statistics
from pipeline.practice.speak_jikan import speak_song

__all__ = ["speak_record"]

_TYPES: Final[Mapping[TitleType, str]] = {
    TitleType.TV: "tv",
    TitleType.TV_SHORT: "tv",
    TitleType.TV_SPECIAL: "tv_special",
    TitleType.MOVIE: "movie",
    TitleType.OVA: "ova",
    TitleType.ONA: "ona",
    TitleType.SPECIAL: "special",
    TitleType.MUSIC: "music",
    TitleType.PV: "pv",
    TitleType.CM: "cm",
}
_STATUSES: Final[Mapping[AiringStatus, str]] = {
    AiringStatus.FINISHED: "finished_airing",
    AiringStatus.AIRING: "currently_airing",
    AiringStatus.UPCOMING: "not_yet_aired",
}
_MATERIALS: Final[Mapping[SourceMaterial, str]] = {
    SourceMaterial.ORIGINAL: "original",
    SourceMaterial.MANGA: "manga",
    SourceMaterial.FOUR_KOMA: "4_koma_manga",
    SourceMaterial.LIGHT_NOVEL: "light_novel",
    SourceMaterial.NOVEL: "novel",
    SourceMaterial.OTHER: "other",
}
_RATINGS: Final[Mapping[AgeRating, str]] = {
    AgeRating.G: "g",
    AgeRating.PG: "pg",
    AgeRating.PG_13: "pg_13",
    AgeRating.R: "r",
    AgeRating.R_PLUS: "r+",
    AgeRating.RX: "rx",
}
_RELATIONS: Final[Mapping[RelationKind, str]] = {
    RelationKind.PREQUEL: "prequel",
    RelationKind.SEQUEL: "sequel",
    RelationKind.PARENT: "parent_story",
    RelationKind.SIDE_STORY: "side_story",
    RelationKind.SUMMARY: "summary",
    RelationKind.FULL_STORY: "full_story",
    RelationKind.ALTERNATIVE_VERSION: "alternative_version",
    RelationKind.ALTERNATIVE_SETTING: "alternative_setting",
    RelationKind.SPIN_OFF: "spin_off",
    RelationKind.CHARACTER: "character",
    RelationKind.OTHER: "other",
}


def speak_record(title: SourceTitle) -> dict[str, Any]:
    """``/anime/{id}`` with every field; the route keeps those that were asked for."""
    figures = title.statistics or Statistics()
    synopsis = next(iter(title.synopses), None)
    return {
        "id": int(title.id),
        "title": next(name.text for name in title.titles if name.kind is TitleKind.MAIN),
        "main_picture": _picture(title.images, ImageRole.COVER),
        "alternative_titles": _alternative(title),
        "start_date": title.start.text if title.start else None,
        "end_date": title.end.text if title.end else None,
        "synopsis": None if synopsis is None else f"{synopsis.text}\n\n[Written by {synopsis.origin}]",
        "mean": figures.score,
        "rank": figures.rank,
        "popularity": figures.popularity_rank,
        "num_list_users": figures.members,
        "num_scoring_users": figures.scored_by,
        "nsfw": "black" if title.is_adult else "white",
        "media_type": _TYPES.get(title.type, "unknown") if title.type else "unknown",
        "status": _STATUSES.get(title.status) if title.status else None,
        "genres": [{"id": int(label.id or 0), "name": label.name} for label in title.labels],
        "num_episodes": title.episode_count or 0,
        **_season(title.season, title.season_year),
        **_broadcast(title.broadcast),
        "source": _MATERIALS.get(title.source_material, "other") if title.source_material else None,
        "average_episode_duration": title.episode_duration_s or 0,
        "rating": _RATINGS[title.age_rating] if title.age_rating else None,
        "pictures": [_picture(title.images, ImageRole.COVER)],
        "background": title.background or "",
        "related_anime": [_related(relation) for relation in title.relations],
        "related_manga": [],
        "studios": [
            {"id": int(company.id or 0), "name": company.name}
            for company in title.companies
            if company.role is CompanyRole.STUDIO
        ],
        # The counts of the lists come as text.
        "statistics": {
            "status": {state: str(count) for state, count in figures.status_distribution},
            "num_list_users": figures.members,
        },
        "opening_themes": [{"text": speak_song(song)} for song in title.songs if song.kind == "opening"],
        "ending_themes": [{"text": speak_song(song)} for song in title.songs if song.kind == "ending"],
    }


def _picture(images: Iterable[Image], role: ImageRole) -> dict[str, str]:
    sizes = {image.size: image.url for image in images if image.role is role}
    return {"medium": sizes[None], "large": sizes["large"]}


def _alternative(title: SourceTitle) -> dict[str, Any]:
    official = {name.language: name.text for name in title.titles if name.kind is TitleKind.OFFICIAL}
    synonyms = [name.text for name in title.titles if name.kind is TitleKind.SYNONYM]
    return {"synonyms": synonyms, "en": official.get("en", ""), "ja": official.get("ja", "")}


def _season(season: Season | None, year: int | None) -> dict[str, Any]:
    return {"start_season": {"year": year, "season": season.value.lower()}} if season else {}


def _broadcast(slot: Broadcast | None) -> dict[str, Any]:
    if slot is None:
        return {}
    return {"broadcast": {"day_of_the_week": (slot.day or "other").lower(), "start_time": slot.time}}


def _related(relation: Relation) -> dict[str, Any]:
    word = _RELATIONS[relation.kind or RelationKind.OTHER]
    return {
        "node": {"id": int(relation.target_ids[0].id), "title": relation.target_title},
        "relation_type": word,
        "relation_type_formatted": word.replace("_", " ").capitalize(),
    }
