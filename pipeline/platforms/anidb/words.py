"""AniDB's words and numbers and what they are called here."""

from dataclasses import dataclass
from typing import Final

from pipeline.domain.names import (
    CharacterRole,
    CompanyRole,
    EpisodeKind,
    LinkKind,
    RelationKind,
    Site,
    TitleKind,
    TitleType,
)

__all__ = [
    "COMPANY_WORK",
    "EPISODE_KINDS",
    "RELATIONS",
    "RESOURCES",
    "ROLES",
    "TITLE_KINDS",
    "TYPES",
    "Website",
    "language_tag",
]

TYPES: Final = {
    "tv series": TitleType.TV,
    "tv special": TitleType.TV_SPECIAL,
    "movie": TitleType.MOVIE,
    "ova": TitleType.OVA,
    "web": TitleType.ONA,
    "music video": TitleType.MUSIC,
    "unknown": TitleType.UNKNOWN,
}
TITLE_KINDS: Final = {
    "main": TitleKind.MAIN,
    "official": TitleKind.OFFICIAL,
    "synonym": TitleKind.SYNONYM,
    "syn": TitleKind.SYNONYM,
    "short": TitleKind.SHORT,
    "kana": TitleKind.SYNONYM,
    "card": TitleKind.SYNONYM,
    "titlecard": TitleKind.SYNONYM,
}
_LANGUAGES: Final = {
    "x-jat": "ja-Latn",
    "x-kot": "ko-Latn",
    "x-zht": "zh-Latn",
    "es-la": "es-419",
}
ROLES: Final = {
    "main character in": CharacterRole.MAIN,
    "secondary cast in": CharacterRole.SUPPORTING,
    "appears in": CharacterRole.BACKGROUND,
    "cameo appearance in": CharacterRole.BACKGROUND,
}
EPISODE_KINDS: Final = {
    "1": EpisodeKind.REGULAR,
    "2": EpisodeKind.SPECIAL,
    "3": EpisodeKind.CREDIT,
    "4": EpisodeKind.TRAILER,
    "5": EpisodeKind.PARODY,
    "6": EpisodeKind.OTHER,
}
RELATIONS: Final = {
    "prequel": RelationKind.PREQUEL,
    "sequel": RelationKind.SEQUEL,
    "parent story": RelationKind.PARENT,
    "side story": RelationKind.SIDE_STORY,
    "summary": RelationKind.SUMMARY,
    "full story": RelationKind.FULL_STORY,
    "alternative version": RelationKind.ALTERNATIVE_VERSION,
    "alternative setting": RelationKind.ALTERNATIVE_SETTING,
    "same setting": RelationKind.OTHER,
    "character": RelationKind.CHARACTER,
    "music video": RelationKind.OTHER,
    "other": RelationKind.OTHER,
}
COMPANY_WORK: Final = {
    "animation work": CompanyRole.STUDIO,
    "animation production": CompanyRole.STUDIO,
    "animation co-production": CompanyRole.STUDIO,
}
"""Creator types only companies have. Plain ``Work`` names people too and stays among the staff."""


def language_tag(code: str | None) -> str | None:
    """AniDB's code as a BCP 47 tag; ``x-other``, ``x-unk`` and other private codes read as unknown."""
    if code is None:
        return None
    known = _LANGUAGES.get(code.lower())
    return known or (None if code.lower().startswith("x-") else code)


@dataclass(frozen=True, slots=True)
class Website:
    """A kind of external resource: whose ids it holds and, where that is certain, the page of an id."""

    site: Site | str
    label: str
    kind: LinkKind
    page: str | None = None
    language: str | None = None


_DATABASE: Final = LinkKind.DATABASE
_STREAMING: Final = LinkKind.STREAMING
_WIKI: Final = "https://{}.wikipedia.org/wiki/"


def _wikipedia(language: str) -> Website:
    return Website(f"wikipedia-{language}", "Wikipedia", _DATABASE, f"{_WIKI.format(language)}{{}}", language)


RESOURCES: Final = {
    "1": Website(Site.ANN, "ANN", _DATABASE, "https://www.animenewsnetwork.com/encyclopedia/anime.php?id={}"),
    "2": Website(Site.MAL, "MyAnimeList", _DATABASE, "https://myanimelist.net/anime/{}"),
    "3": Website("animenfo", "AnimeNFO", _DATABASE),
    "4": Website("official", "Official Site", LinkKind.OFFICIAL, language="ja"),
    "5": Website("official", "Official Site", LinkKind.OFFICIAL, language="en"),
    "6": _wikipedia("en"),
    "7": _wikipedia("ja"),
    "8": Website("syoboi", "Syoboi", _DATABASE, "https://cal.syoboi.jp/tid/{}"),
    "9": Website("allcinema", "allcinema", _DATABASE, "https://www.allcinema.net/cinema/{}"),
    "10": Website("anison", "Anison", _DATABASE, "http://anison.info/data/program/{}.html"),
    "11": Website("lain", ".lain", _DATABASE),
    "14": Website("vndb", "VNDB", _DATABASE, "https://vndb.org/v{}"),
    "16": Website("animemorial", "Animemorial", _DATABASE),
    "19": _wikipedia("ko"),
    "20": _wikipedia("zh"),
    "22": Website("facebook", "Facebook", LinkKind.SOCIAL, "https://www.facebook.com/{}"),
    "23": Website("twitter", "Twitter", LinkKind.SOCIAL, "https://twitter.com/{}"),  # seen with account names
    "28": Website("crunchyroll", "Crunchyroll", _STREAMING, "https://www.crunchyroll.com/series/{}"),
    "32": Website("amazon", "Amazon", LinkKind.OTHER),
    "33": Website("baidu", "Baidu", _DATABASE),
    "34": Website("funimation", "Funimation", _STREAMING),
    "38": Website("bangumi", "Bangumi", _DATABASE, "https://bgm.tv/subject/{}"),
    "39": Website("douban", "Douban", _DATABASE, "https://movie.douban.com/subject/{}"),
    "42": Website("hidive", "HIDIVE", _STREAMING),
    "43": Website("imdb", "IMDb", _DATABASE, "https://www.imdb.com/title/{}"),
    "44": Website("tmdb", "TMDB", _DATABASE, "https://www.themoviedb.org/{1}/{0}"),
    "45": Website("funimation", "Funimation", _STREAMING),
    "47": Website("bilibili", "Bilibili", _STREAMING),
    "48": Website("prime-video", "Prime Video", _STREAMING),
}
