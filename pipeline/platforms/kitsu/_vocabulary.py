"""Kitsu's words and ours; the two APIs differ only in case."""

import re
from typing import Final

from pipeline.domain.names import (
    AgeRating,
    AiringStatus,
    CharacterRole,
    CompanyRole,
    RelationKind,
    Season,
    Site,
    TitleType,
)

__all__ = [
    "AGE_RATINGS",
    "COMPANIES",
    "RELATIONS",
    "ROLES",
    "SEASONS",
    "SITES",
    "STATUSES",
    "TYPES",
    "language_of",
    "refined_rating",
]

TYPES: Final = {
    "tv": TitleType.TV,
    "special": TitleType.SPECIAL,
    "ova": TitleType.OVA,
    "ona": TitleType.ONA,
    "movie": TitleType.MOVIE,
    "music": TitleType.MUSIC,
}
STATUSES: Final = {
    "current": AiringStatus.AIRING,
    "finished": AiringStatus.FINISHED,
    "tba": AiringStatus.UPCOMING,
    "unreleased": AiringStatus.UPCOMING,
    "upcoming": AiringStatus.UPCOMING,
}
AGE_RATINGS: Final = {"g": AgeRating.G, "pg": AgeRating.PG, "r": AgeRating.R, "r18": AgeRating.RX}
SEASONS: Final = {season.value.lower(): season for season in Season}
RELATIONS: Final = {
    "sequel": RelationKind.SEQUEL,
    "prequel": RelationKind.PREQUEL,
    "alternative_setting": RelationKind.ALTERNATIVE_SETTING,
    "alternative_version": RelationKind.ALTERNATIVE_VERSION,
    "side_story": RelationKind.SIDE_STORY,
    "parent_story": RelationKind.PARENT,
    "summary": RelationKind.SUMMARY,
    "full_story": RelationKind.FULL_STORY,
    "spinoff": RelationKind.SPIN_OFF,
    "adaptation": RelationKind.ADAPTATION,
    "character": RelationKind.CHARACTER,
    "other": RelationKind.OTHER,
}
ROLES: Final = {
    "main": CharacterRole.MAIN,
    "supporting": CharacterRole.SUPPORTING,
    "recurring": CharacterRole.SUPPORTING,
    "background": CharacterRole.BACKGROUND,
    "cameo": CharacterRole.BACKGROUND,
}
COMPANIES: Final = {
    "producer": CompanyRole.PRODUCER,
    "licensor": CompanyRole.LICENSOR,
    "studio": CompanyRole.STUDIO,
    "serialization": CompanyRole.OTHER,
}
SITES: Final = {
    "myanimelist/anime": Site.MAL,
    "anilist/anime": Site.ANILIST,
    "anilist": Site.ANILIST,
    "anidb": Site.ANIDB,
    "animenewsnetwork": Site.ANN,
}
"""Mappings in JSON:API's spelling; GraphQL's ``MYANIMELIST_ANIME`` is the same with another slash and case."""

_OWN_COUNTRY: Final = frozenset(
    {"ja_jp", "ko_kr", "th_th", "fr_fr", "de_de", "it_it", "ru_ru", "es_es", "pl_pl", "hu_hu", "tr_tr", "nl_nl"}
    | {"vi_vn", "id_id", "he_il", "ar_ae", "uk_ua", "sv_se", "da_dk", "fi_fi", "el_gr", "cs_cz", "ro_ro", "pt_pt"}
)
_ROMANISED: Final = {"jp": "ja", "ja": "ja", "kr": "ko", "ko": "ko", "cn": "zh", "zh": "zh", "tw": "zh", "th": "th"} | {
    "ar": "ar", "ru": "ru", "vn": "vi", "il": "he", "he": "he", "gr": "el", "ua": "uk"
}  # fmt: skip
_ALIASES: Final = {"es_la": "es-419", "in": "id", "in_id": "id", "ca_es": "ca"}
"""Locales whose parts say something else than they seem to (``es_la`` is no Spanish of Laos)."""
_LOCALE: Final = re.compile(r"([a-z]{2,3})(?:_t_([a-z]{2}))?(?:_([a-z]{2}))?")


def language_of(locale: str | None) -> str | None:
    """``ja_jp`` to ``ja``, ``en_jp`` to ``ja-Latn`` (Kitsu writes romaji so), ``en_us`` to ``en-US``."""
    key = (locale or "").lower().replace("-", "_")
    if key in _ALIASES:
        return _ALIASES[key]
    found = _LOCALE.fullmatch(key)
    if found is None:
        return None
    language, transformed, country = found.groups()
    if language == "en" and (transformed or country) in _ROMANISED:
        return f"{_ROMANISED[transformed or country]}-Latn"
    if country is None or key in _OWN_COUNTRY:
        return language
    return f"{language}-{country.upper()}"


def refined_rating(rating: AgeRating | None, guide: str | None) -> AgeRating | None:
    """Kitsu folds MyAnimeList's six ratings into four; its guide text still tells some of them apart."""
    words = (guide or "").lower()
    if rating is AgeRating.PG and words.startswith(("pg-13", "teens 13")):
        return AgeRating.PG_13
    if rating is AgeRating.R and words.startswith(("r+", "mild nudity")):
        return AgeRating.R_PLUS
    return rating
