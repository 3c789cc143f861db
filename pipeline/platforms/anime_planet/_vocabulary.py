"""Anime-Planet's words and ours."""

from typing import Final

from pipeline.domain.names import CharacterRole, RelationKind, Season, SourceMaterial, TitleType

__all__ = ["DEMOGRAPHICS", "FLAGS", "MATERIALS", "RELATIONS", "ROLES", "SEASONS", "TYPES"]

TYPES: Final = {
    "tv": TitleType.TV,
    "movie": TitleType.MOVIE,
    "ova": TitleType.OVA,
    "web": TitleType.ONA,
    "tv special": TitleType.TV_SPECIAL,
    "dvd special": TitleType.SPECIAL,
    "music video": TitleType.MUSIC,
    "other": TitleType.UNKNOWN,
}
SEASONS: Final = {season.value.lower(): season for season in Season}
RELATIONS: Final = {
    "sequel": RelationKind.SEQUEL,
    "prequel": RelationKind.PREQUEL,
    "side story": RelationKind.SIDE_STORY,
    "spin-off": RelationKind.SPIN_OFF,
    "recap": RelationKind.SUMMARY,
    "condensed version": RelationKind.SUMMARY,
    "full version": RelationKind.FULL_STORY,
    "remake": RelationKind.ALTERNATIVE_VERSION,
    "alternate version": RelationKind.ALTERNATIVE_VERSION,
    "alternative version": RelationKind.ALTERNATIVE_VERSION,
    "original manga": RelationKind.SOURCE,
    "manga adaptation": RelationKind.ADAPTATION,
    "omake": RelationKind.OTHER,
    "original": RelationKind.PARENT,  # said by specials and extras of what they belong to
    "same franchise": RelationKind.OTHER,
    "other franchise": RelationKind.OTHER,
}
ROLES: Final = {
    "main": CharacterRole.MAIN,
    "secondary": CharacterRole.SUPPORTING,
    "minor": CharacterRole.BACKGROUND,
}
FLAGS: Final = {
    "jp": "ja",
    "us": "en",
    "gb": "en",
    "es": "es",
    "mx": "es-MX",
    "fr": "fr",
    "de": "de",
    "it": "it",
    "br": "pt-BR",
    "pt": "pt",
    "kr": "ko",
    "cn": "zh",
    "tw": "zh-TW",
    "ph": "fil",
    "hu": "hu",
    "il": "he",
    "pl": "pl",
    "ru": "ru",
}
DEMOGRAPHICS: Final = frozenset({"shounen", "shoujo", "seinen", "josei", "kids"})
MATERIALS: Final = {
    "original work": SourceMaterial.ORIGINAL,
    "based on a manga": SourceMaterial.MANGA,
    "based on a 4-koma manga": SourceMaterial.FOUR_KOMA,
    "based on a webtoon": SourceMaterial.WEB_MANGA,
    "based on a light novel": SourceMaterial.LIGHT_NOVEL,
    "based on a novel": SourceMaterial.NOVEL,
    "based on a web novel": SourceMaterial.WEB_NOVEL,
    "based on a visual novel": SourceMaterial.VISUAL_NOVEL,
    "based on a video game": SourceMaterial.VIDEO_GAME,
    "based on a mobile game": SourceMaterial.VIDEO_GAME,
}
