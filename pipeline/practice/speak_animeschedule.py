"""AnimeSchedule's shape: a :class:`SourceTitle` written out as one anime object of its v3 API.

Pure, and the inverse of the pipeline's own reading of AnimeSchedule as far as AnimeSchedule can carry a thing.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pipeline.domain.canonical import digest_of
from pipeline.domain.names import AiringStatus, ImageRole, LinkKind, RelationKind, SourceMaterial, TitleKind, TitleType
from pipeline.domain.source_title import PartialDate, SourceTitle, Statistics, Text
from pipeline.practice.rows import make_slug

__all__ = ["CDN", "RELATION_WORDS", "speak_anime"]

_NOTHING: Final = "0001-01-01T00:00:00Z"
"""The service's way of saying that there is no date."""
CDN: Final = "https://img.animeschedule.net/production/assets/public/img/"
_WEBSITES: Final = ("mal", "aniList", "anidb", "kitsu", "animePlanet")
"""Keys of the addresses that carry ids elsewhere."""

_DATABASE_KEYS: Final[Mapping[str, str]] = dict(
    zip(("MyAnimeList", "AniList", "AniDB", "Kitsu", "Anime-Planet"), _WEBSITES, strict=True)
)
_TYPES: Final[Mapping[TitleType, str]] = {
    TitleType.TV: "TV",
    TitleType.TV_SHORT: "TV Short",
    TitleType.TV_SPECIAL: "TV Special",
    TitleType.MOVIE: "Movie",
    TitleType.OVA: "OVA",
    TitleType.ONA: "ONA",
    TitleType.SPECIAL: "Special",
    TitleType.MUSIC: "Music",
}
_STATUSES: Final[Mapping[AiringStatus, str]] = {
    AiringStatus.FINISHED: "Finished",
    AiringStatus.AIRING: "Ongoing",
    AiringStatus.UPCOMING: "Upcoming",
    AiringStatus.HIATUS: "Delayed",
}
_MATERIALS: Final[Mapping[SourceMaterial, str]] = {
    SourceMaterial.ORIGINAL: "Original",
    SourceMaterial.MANGA: "Manga",
    SourceMaterial.LIGHT_NOVEL: "Light Novel",
}
RELATION_WORDS: Final[Mapping[RelationKind, str]] = {
    RelationKind.SEQUEL: "sequels",
    RelationKind.PREQUEL: "prequels",
    RelationKind.PARENT: "parents",
    RelationKind.ALTERNATIVE_VERSION: "alternatives",
    RelationKind.SIDE_STORY: "sideStories",
    RelationKind.SPIN_OFF: "spinoffs",
    RelationKind.OTHER: "other",
}
_COUNTRIES: Final[Mapping[str, str]] = {"CN": " (Chinese)", "KR": " (Korean)"}
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def speak_anime(title: SourceTitle) -> dict[str, Any]:
    """The whole object, as the detail call and the lists give it."""
    said: dict[str, Any] = {
        "id": digest_of("animeschedule", title.id)[:4],
        "title": _name(title, TitleKind.MAIN, None),
        "route": title.id,
        "premier": _at(title, "raw"),
        "subPremier": _at(title, "sub"),
        "dubPremier": _at(title, "dub"),
        **_when(title),
        "delayedFrom": _NOTHING,
        "delayedUntil": _NOTHING,
        "jpnTime": _clock(title),
        "subTime": _NOTHING,
        "dubTime": _NOTHING,
        "description": _description(title.synopses),
        "genres": _categories((label.name, label.id) for label in title.labels),
        "studios": _categories((company.name, company.id) for company in title.companies),
        "sources": _categories((word, None) for kind, word in _MATERIALS.items() if kind is title.source_material),
        "mediaTypes": _categories(((_media_type(title), None),)) if title.type else [],
        "episodes": title.episode_count or 0,
        "lengthMin": None if title.episode_duration_s is None else title.episode_duration_s // 60,
        "status": _STATUSES.get(title.status) if title.status else None,
        "stats": _stats(title),
        "names": _names(title),
        "relations": _relations(title),
        "websites": _websites(title),
    }
    if title.updated_at is not None:
        said["updatedAt"] = title.updated_at
    cover = next((image.url for image in title.images if image.role is ImageRole.COVER), None)
    if cover is not None:
        said["imageVersionRoute"] = cover.removeprefix(CDN)
    return said


def _name(title: SourceTitle, kind: TitleKind, language: str | None) -> str | None:
    return next((name.text for name in title.titles if name.kind is kind and name.language == language), None)


def _at(title: SourceTitle, kind: str) -> str:
    return next((slot.at for slot in title.premieres if slot.kind == kind), _NOTHING)


def _when(title: SourceTitle) -> dict[str, Any]:
    said: dict[str, Any] = {}
    start: PartialDate | None = title.start
    if start is not None:
        said["year"] = start.year
        if start.month is not None:
            said["month"] = _MONTHS[start.month - 1]
    if title.season is not None and title.season_year is not None:
        word, year = title.season.value.title(), str(title.season_year)
        said["season"] = {
            "title": f"{word} {year}",
            "year": year,
            "season": word,
            "route": f"{word.lower()}-{year}",
        }
    return said


def _clock(title: SourceTitle) -> str:
    """The slot as an instant of a day long past: only its clock means anything, and it is Japan's, told in UTC."""
    if title.broadcast is None or title.broadcast.time is None:
        return _NOTHING
    hour, minute = (int(part) for part in title.broadcast.time.split(":"))
    return f"2020-06-14T{(hour - 9) % 24:02d}:{minute:02d}:00Z"


def _description(texts: tuple[Text, ...]) -> str:
    text = next(iter(texts), None)
    if text is None:
        return ""
    words = text.text.replace("&", "&amp;")
    return words if text.origin is None else f"{words}<br><br>(Source: {text.origin})"


def _categories(pairs: Iterable[tuple[str, str | None]]) -> list[dict[str, str]]:
    return [{"name": name, "route": route or make_slug(name)} for name, route in pairs]


def _media_type(title: SourceTitle) -> str:
    return _TYPES.get(title.type or TitleType.TV, "TV") + _COUNTRIES.get(title.country or "", "")


def _stats(title: SourceTitle) -> dict[str, Any]:
    figures = title.statistics or Statistics()
    pairs = (
        ("averageScore", figures.score),
        ("ratingCount", figures.scored_by),
        ("trackedCount", figures.members),
        ("trackedRating", figures.popularity_rank),
    )
    return {key: value for key, value in pairs if value is not None}


def _names(title: SourceTitle) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for name in title.titles:
        if name.kind is TitleKind.OFFICIAL:
            language = name.language or ""
            key = "romaji" if language.endswith("-Latn") else "english" if language == "en" else "native"
            said[key] = name.text
    short = _name(title, TitleKind.SHORT, None)
    if short is not None:
        said["abbreviation"] = short
    synonyms = [name.text for name in title.titles if name.kind is TitleKind.SYNONYM]
    return said | ({"synonyms": synonyms} if synonyms else {})


def _relations(title: SourceTitle) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for relation in title.relations:
        groups.setdefault(relation.kind_text, []).append(relation.target_ids[0].id)
    return groups


def _websites(title: SourceTitle) -> dict[str, Any]:
    """Addresses without their scheme, as the service gives them; streams in the new form."""
    said: dict[str, Any] = {}
    streams = []
    for link in title.links:
        bare = link.url.removeprefix("https://")
        if link.kind is LinkKind.STREAMING:
            streams.append({"platform": make_slug(link.site), "url": bare, "name": link.site})
        else:
            said[_DATABASE_KEYS.get(link.site, "official")] = bare
    return said | ({"streams": streams} if streams else {})
