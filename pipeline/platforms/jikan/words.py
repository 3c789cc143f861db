"""MyAnimeList's words and what they are called here; compared without regard to case."""

from typing import Final

from pipeline.domain.names import (
    AgeRating,
    AiringStatus,
    CharacterRole,
    RelationKind,
    Season,
    SourceMaterial,
    TitleType,
)

__all__ = [
    "ADULT_LABELS",
    "DAYS",
    "DEMOGRAPHICS",
    "GENRES",
    "LANGUAGES",
    "LIST_STATES",
    "RATINGS",
    "RELATIONS",
    "ROLES",
    "SEASONS",
    "SOURCES",
    "STATUSES",
    "TYPES",
]

TYPES: Final = {
    "tv": TitleType.TV,
    "tv special": TitleType.TV_SPECIAL,
    "movie": TitleType.MOVIE,
    "ova": TitleType.OVA,
    "ona": TitleType.ONA,
    "special": TitleType.SPECIAL,
    "music": TitleType.MUSIC,
    "pv": TitleType.PV,
    "cm": TitleType.CM,
    "unknown": TitleType.UNKNOWN,
}
STATUSES: Final = {
    "finished airing": AiringStatus.FINISHED,
    "currently airing": AiringStatus.AIRING,
    "not yet aired": AiringStatus.UPCOMING,
}
SEASONS: Final = {season.value.lower(): season for season in Season} | {"autumn": Season.FALL}
SOURCES: Final = {
    "original": SourceMaterial.ORIGINAL,
    "manga": SourceMaterial.MANGA,
    "web manga": SourceMaterial.WEB_MANGA,
    "digital manga": SourceMaterial.WEB_MANGA,
    "4-koma manga": SourceMaterial.FOUR_KOMA,
    "novel": SourceMaterial.NOVEL,
    "light novel": SourceMaterial.LIGHT_NOVEL,
    "web novel": SourceMaterial.WEB_NOVEL,
    "visual novel": SourceMaterial.VISUAL_NOVEL,
    "game": SourceMaterial.VIDEO_GAME,
    "card game": SourceMaterial.CARD_GAME,
    "book": SourceMaterial.BOOK,
    "picture book": SourceMaterial.PICTURE_BOOK,
    "music": SourceMaterial.MUSIC,
    "radio": SourceMaterial.RADIO,
    "mixed media": SourceMaterial.MIXED_MEDIA,
    "other": SourceMaterial.OTHER,
}
RATINGS: Final = {
    "g": AgeRating.G,
    "pg": AgeRating.PG,
    "pg-13": AgeRating.PG_13,
    "r": AgeRating.R,
    "r+": AgeRating.R_PLUS,
    "rx": AgeRating.RX,
}
ADULT_LABELS: Final = frozenset({"Hentai", "Erotica"})
GENRES: Final = ADULT_LABELS | {
    "Action", "Adventure", "Avant Garde", "Award Winning", "Boys Love", "Comedy", "Drama", "Ecchi", "Fantasy",
    "Girls Love", "Gourmet", "Horror", "Mystery", "Romance", "Sci-Fi", "Slice of Life", "Sports", "Supernatural",
    "Suspense",
}  # fmt: skip
DEMOGRAPHICS: Final = frozenset({"Josei", "Kids", "Seinen", "Shoujo", "Shounen"})
LIST_STATES: Final = ("watching", "completed", "on_hold", "dropped", "plan_to_watch")
ROLES: Final = {"main": CharacterRole.MAIN, "supporting": CharacterRole.SUPPORTING}
RELATIONS: Final = {
    "prequel": RelationKind.PREQUEL,
    "sequel": RelationKind.SEQUEL,
    "parent story": RelationKind.PARENT,
    "side story": RelationKind.SIDE_STORY,
    "summary": RelationKind.SUMMARY,
    "full story": RelationKind.FULL_STORY,
    "alternative version": RelationKind.ALTERNATIVE_VERSION,
    "alternative setting": RelationKind.ALTERNATIVE_SETTING,
    "spin-off": RelationKind.SPIN_OFF,
    "adaptation": RelationKind.ADAPTATION,
    "character": RelationKind.CHARACTER,
    "other": RelationKind.OTHER,
}
DAYS: Final = {
    f"{day}s": day.upper() for day in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
}
LANGUAGES: Final = {
    "japanese": "ja",
    "english": "en",
    "french": "fr",
    "german": "de",
    "spanish": "es",
    "italian": "it",
    "korean": "ko",
    "hungarian": "hu",
    "hebrew": "he",
    "mandarin": "zh",
    "chinese": "zh",
    "cantonese": "yue",
    "portuguese (br)": "pt-BR",
    "brazilian": "pt-BR",
    "portuguese": "pt",
    "polish": "pl",
    "russian": "ru",
    "arabic": "ar",
    "filipino": "fil",
    "tagalog": "tl",
    "thai": "th",
    "dutch": "nl",
    "swedish": "sv",
    "danish": "da",
    "finnish": "fi",
    "norwegian": "no",
    "turkish": "tr",
    "catalan": "ca",
    "vietnamese": "vi",
    "indonesian": "id",
    "czech": "cs",
    "romanian": "ro",
    "greek": "el",
    "ukrainian": "uk",
    "hindi": "hi",
}
