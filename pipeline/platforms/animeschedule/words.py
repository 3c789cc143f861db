"""AnimeSchedule's words and what they are called here; compared without regard to case."""

from typing import Final

from pipeline.domain.names import AiringStatus, RelationKind, Season, SourceMaterial, TitleType

__all__ = ["COUNTRIES", "DATABASES", "MONTHS", "RELATIONS", "SEASONS", "SOURCES", "STATUSES", "TYPES"]

TYPES: Final = {
    "tv": TitleType.TV,
    "tv short": TitleType.TV_SHORT,
    "tv special": TitleType.TV_SPECIAL,
    "movie": TitleType.MOVIE,
    "ova": TitleType.OVA,
    "ona": TitleType.ONA,
    "special": TitleType.SPECIAL,
    "music": TitleType.MUSIC,
    "music video": TitleType.MUSIC,
    "pv": TitleType.PV,
    "cm": TitleType.CM,
}
COUNTRIES: Final = {"chinese": ("CN", "zh"), "korean": ("KR", "ko"), "japanese": ("JP", "ja")}
"""What a type's bracket says (``ONA (Chinese)``): the country and the language of the native title."""
STATUSES: Final = {
    "upcoming": AiringStatus.UPCOMING,
    "ongoing": AiringStatus.AIRING,
    "delayed": AiringStatus.HIATUS,
    "finished": AiringStatus.FINISHED,
}
SEASONS: Final = {season.value.lower(): season for season in Season} | {"autumn": Season.FALL}
SOURCES: Final = {
    "original": SourceMaterial.ORIGINAL,
    "manga": SourceMaterial.MANGA,
    "web manga": SourceMaterial.WEB_MANGA,
    "webtoon": SourceMaterial.WEB_MANGA,
    "manhwa": SourceMaterial.COMIC,
    "manhua": SourceMaterial.COMIC,
    "comic": SourceMaterial.COMIC,
    "4-koma manga": SourceMaterial.FOUR_KOMA,
    "4-koma": SourceMaterial.FOUR_KOMA,
    "novel": SourceMaterial.NOVEL,
    "light novel": SourceMaterial.LIGHT_NOVEL,
    "web novel": SourceMaterial.WEB_NOVEL,
    "visual novel": SourceMaterial.VISUAL_NOVEL,
    "video game": SourceMaterial.VIDEO_GAME,
    "game": SourceMaterial.VIDEO_GAME,
    "card game": SourceMaterial.CARD_GAME,
    "doujinshi": SourceMaterial.DOUJINSHI,
    "anime": SourceMaterial.ANIME,
    "live action": SourceMaterial.LIVE_ACTION,
    "book": SourceMaterial.BOOK,
    "picture book": SourceMaterial.PICTURE_BOOK,
    "music": SourceMaterial.MUSIC,
    "radio": SourceMaterial.RADIO,
    "multimedia project": SourceMaterial.MULTIMEDIA,
    "multimedia": SourceMaterial.MULTIMEDIA,
    "mixed media": SourceMaterial.MIXED_MEDIA,
    "other": SourceMaterial.OTHER,
}
RELATIONS: Final = {
    "sequels": RelationKind.SEQUEL,
    "prequels": RelationKind.PREQUEL,
    "parents": RelationKind.PARENT,
    "alternatives": RelationKind.ALTERNATIVE_VERSION,
    "sidestories": RelationKind.SIDE_STORY,
    "spinoffs": RelationKind.SPIN_OFF,
    "other": RelationKind.OTHER,
}
DATABASES: Final = {
    "mal": "MyAnimeList",
    "aniList": "AniList",
    "anidb": "AniDB",
    "kitsu": "Kitsu",
    "animePlanet": "Anime-Planet",
}
MONTHS: Final = {
    "january": 1,
    "february": 2,
    "march": 3,
    "april": 4,
    "may": 5,
    "june": 6,
    "july": 7,
    "august": 8,
    "september": 9,
    "october": 10,
    "november": 11,
    "december": 12,
}
