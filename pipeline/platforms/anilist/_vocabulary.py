"""AniList's words and ours."""

from typing import Final

from pipeline.domain.names import (
    AiringStatus,
    CharacterRole,
    LinkKind,
    RelationKind,
    Season,
    SourceMaterial,
    TitleType,
)

__all__ = ["LANGUAGES", "LINKS", "NATIVE", "RELATIONS", "ROLES", "SEASONS", "SOURCES", "STATUSES", "TRAILERS", "TYPES"]

TYPES: Final = {
    "tv": TitleType.TV,
    "tv_short": TitleType.TV_SHORT,
    "movie": TitleType.MOVIE,
    "special": TitleType.SPECIAL,
    "ova": TitleType.OVA,
    "ona": TitleType.ONA,
    "music": TitleType.MUSIC,
}
STATUSES: Final = {
    "finished": AiringStatus.FINISHED,
    "releasing": AiringStatus.AIRING,
    "not_yet_released": AiringStatus.UPCOMING,
    "cancelled": AiringStatus.CANCELLED,
    "hiatus": AiringStatus.HIATUS,
}
SOURCES: Final = {
    "original": SourceMaterial.ORIGINAL,
    "manga": SourceMaterial.MANGA,
    "light_novel": SourceMaterial.LIGHT_NOVEL,
    "visual_novel": SourceMaterial.VISUAL_NOVEL,
    "video_game": SourceMaterial.VIDEO_GAME,
    "novel": SourceMaterial.NOVEL,
    "doujinshi": SourceMaterial.DOUJINSHI,
    "anime": SourceMaterial.ANIME,
    "web_novel": SourceMaterial.WEB_NOVEL,
    "live_action": SourceMaterial.LIVE_ACTION,
    "comic": SourceMaterial.COMIC,
    "multimedia_project": SourceMaterial.MULTIMEDIA,
    "picture_book": SourceMaterial.PICTURE_BOOK,
    "game": SourceMaterial.OTHER,  # games that are not video games; ours has no such kind
    "other": SourceMaterial.OTHER,
}
SEASONS: Final = {season.value.lower(): season for season in Season}
RELATIONS: Final = {
    "adaptation": RelationKind.ADAPTATION,
    "prequel": RelationKind.PREQUEL,
    "sequel": RelationKind.SEQUEL,
    "parent": RelationKind.PARENT,
    "side_story": RelationKind.SIDE_STORY,
    "character": RelationKind.CHARACTER,
    "summary": RelationKind.SUMMARY,
    "alternative": RelationKind.ALTERNATIVE_VERSION,
    "spin_off": RelationKind.SPIN_OFF,
    "other": RelationKind.OTHER,
    "source": RelationKind.SOURCE,
    "compilation": RelationKind.COMPILATION,
    "contains": RelationKind.CONTAINS,
}
ROLES: Final = {
    "main": CharacterRole.MAIN,
    "supporting": CharacterRole.SUPPORTING,
    "background": CharacterRole.BACKGROUND,
}
LINKS: Final = {"streaming": LinkKind.STREAMING, "social": LinkKind.SOCIAL, "info": LinkKind.OTHER}
TRAILERS: Final = {
    "youtube": "https://www.youtube.com/watch?v=",
    "dailymotion": "https://www.dailymotion.com/video/",
}
NATIVE: Final = {"JP": "ja", "KR": "ko", "CN": "zh", "TW": "zh-TW"}
"""Language of a title's native name by country of origin."""

LANGUAGES: Final = {
    "arabic": "ar",
    "catalan": "ca",
    "chinese": "zh",
    "danish": "da",
    "dutch": "nl",
    "english": "en",
    "filipino": "fil",
    "finnish": "fi",
    "french": "fr",
    "german": "de",
    "greek": "el",
    "hebrew": "he",
    "hindi": "hi",
    "hungarian": "hu",
    "indonesian": "id",
    "italian": "it",
    "japanese": "ja",
    "korean": "ko",
    "malay": "ms",
    "mandarin": "cmn",
    "norwegian": "no",
    "polish": "pl",
    "portuguese": "pt",
    "romanian": "ro",
    "russian": "ru",
    "spanish": "es",
    "swedish": "sv",
    "tagalog": "tl",
    "thai": "th",
    "turkish": "tr",
    "vietnamese": "vi",
}
