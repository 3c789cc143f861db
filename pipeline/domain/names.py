"""Closed sets of names: whom we ask, who says a thing, what a thing can be.

Three sets that are easily taken for one: a :class:`Platform` is a service we ask, a :class:`Source` is who a claim
comes from (a platform's site, the catalogue, a person), a :class:`Site` is a namespace of ids. MyAnimeList ids and
claims are ``mal`` whichever service (a Jikan clone, the official API) they were read from.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeAlias

__all__ = [
    "HOSTS",
    "AgeRating",
    "AiringStatus",
    "CharacterRole",
    "CompanyRole",
    "EpisodeKind",
    "Host",
    "ImageRole",
    "LabelKind",
    "LinkKind",
    "Outcome",
    "Platform",
    "RelationKind",
    "Season",
    "Service",
    "Site",
    "Source",
    "SourceMaterial",
    "Tier",
    "TitleKind",
    "TitleType",
]


class Tier(StrEnum):
    """How far a title is taken: each tier has what the ones before it have."""

    CATALOGUE = "catalogue"
    """The catalogue's row alone; nobody is asked."""
    APIS = "apis"
    """The platforms that have an interface for programs."""
    PAGES = "pages"
    """Also those whose pages are read."""

    @property
    def level(self) -> int:
        """0, 1, 2: its place in the order."""
        return list(Tier).index(self)


class Platform(StrEnum):
    """A service we ask, and the name of its folder and of its settings."""

    JIKAN = "jikan"
    ANILIST = "anilist"
    KITSU = "kitsu"
    ANIDB = "anidb"
    ANIME_PLANET = "anime_planet"
    ANIMESCHEDULE = "animeschedule"

    @property
    def tier(self) -> Tier:
        """The first tier that asks it."""
        return Tier.PAGES if self is Platform.ANIME_PLANET else Tier.APIS


class Service(StrEnum):
    """A second address of a platform, with limits, a token and a bad day of its own. Its kinds bear its name."""

    MAL_V2 = "mal_v2"
    """MyAnimeList's official API; asked on behalf of :attr:`Platform.JIKAN` for base records."""


Host: TypeAlias = Platform | Service
"""Whoever has an address."""

HOSTS: Final[Mapping[str, Host]] = {host.value: host for host in (*Platform, *Service)}
"""By name."""


class Source(StrEnum):
    """Who a claim comes from."""

    MAL = "mal"
    ANILIST = "anilist"
    KITSU = "kitsu"
    ANIDB = "anidb"
    ANIME_PLANET = "anime_planet"
    ANIMESCHEDULE = "animeschedule"
    CATALOGUE = "catalogue"
    DERIVED = "derived"
    """Computed by us from other claims; never a platform's own word."""
    REVIEW = "review"
    """A person's answer."""


class Site(StrEnum):
    """A namespace of anime ids."""

    MAL = "mal"
    ANILIST = "anilist"
    KITSU = "kitsu"
    ANIDB = "anidb"
    ANIME_PLANET = "anime_planet"
    ANIMESCHEDULE = "animeschedule"
    ANISEARCH = "anisearch"
    ANN = "ann"
    LIVECHART = "livechart"
    SIMKL = "simkl"
    ANIMECOUNTDOWN = "animecountdown"
    NOTIFY_MOE = "notify_moe"


class Outcome(StrEnum):
    """What came of asking one platform for one title. Six different things; none is "nothing"."""

    FOUND = "found"
    ABSENT = "absent"
    """The platform was asked and does not have it."""
    NOT_LISTED = "not_listed"
    """We know no id of the title there, so it was not asked."""
    FAILED = "failed"
    """Asked, and no answer could be had; the next run asks again."""
    SWITCHED_OFF = "switched_off"
    """The operator does not want it asked, or it needs something the settings lack."""
    LEFT_OUT = "left_out"
    """The run stopped at a tier before it; a run that goes farther asks it."""


class TitleType(StrEnum):
    TV = "TV"
    TV_SHORT = "TV_SHORT"
    TV_SPECIAL = "TV_SPECIAL"
    MOVIE = "MOVIE"
    OVA = "OVA"
    ONA = "ONA"
    SPECIAL = "SPECIAL"
    MUSIC = "MUSIC"
    PV = "PV"
    CM = "CM"
    UNKNOWN = "UNKNOWN"


class AiringStatus(StrEnum):
    FINISHED = "FINISHED"
    AIRING = "AIRING"
    UPCOMING = "UPCOMING"
    HIATUS = "HIATUS"
    CANCELLED = "CANCELLED"
    UNKNOWN = "UNKNOWN"


class Season(StrEnum):
    WINTER = "WINTER"
    SPRING = "SPRING"
    SUMMER = "SUMMER"
    FALL = "FALL"


class AgeRating(StrEnum):
    """MyAnimeList's scale; other platforms' ratings are mapped to it."""

    G = "G"
    PG = "PG"
    PG_13 = "PG_13"
    R = "R"
    R_PLUS = "R_PLUS"
    RX = "RX"


class SourceMaterial(StrEnum):
    ORIGINAL = "ORIGINAL"
    MANGA = "MANGA"
    WEB_MANGA = "WEB_MANGA"
    FOUR_KOMA = "FOUR_KOMA"
    NOVEL = "NOVEL"
    LIGHT_NOVEL = "LIGHT_NOVEL"
    WEB_NOVEL = "WEB_NOVEL"
    VISUAL_NOVEL = "VISUAL_NOVEL"
    VIDEO_GAME = "VIDEO_GAME"
    CARD_GAME = "CARD_GAME"
    DOUJINSHI = "DOUJINSHI"
    ANIME = "ANIME"
    LIVE_ACTION = "LIVE_ACTION"
    BOOK = "BOOK"
    PICTURE_BOOK = "PICTURE_BOOK"
    COMIC = "COMIC"
    MUSIC = "MUSIC"
    RADIO = "RADIO"
    MULTIMEDIA = "MULTIMEDIA"
    MIXED_MEDIA = "MIXED_MEDIA"
    OTHER = "OTHER"


class TitleKind(StrEnum):
    MAIN = "main"
    OFFICIAL = "official"
    SYNONYM = "synonym"
    SHORT = "short"


class LabelKind(StrEnum):
    GENRE = "genre"
    THEME = "theme"
    DEMOGRAPHIC = "demographic"
    WARNING = "warning"
    TAG = "tag"


class ImageRole(StrEnum):
    COVER = "cover"
    BANNER = "banner"
    PICTURE = "picture"
    THUMBNAIL = "thumbnail"


class LinkKind(StrEnum):
    STREAMING = "streaming"
    OFFICIAL = "official"
    SOCIAL = "social"
    DATABASE = "database"
    OTHER = "other"


class CompanyRole(StrEnum):
    STUDIO = "studio"
    PRODUCER = "producer"
    LICENSOR = "licensor"
    OTHER = "other"


class CharacterRole(StrEnum):
    MAIN = "MAIN"
    SUPPORTING = "SUPPORTING"
    BACKGROUND = "BACKGROUND"
    UNKNOWN = "UNKNOWN"


class EpisodeKind(StrEnum):
    REGULAR = "regular"
    SPECIAL = "special"
    CREDIT = "credit"
    TRAILER = "trailer"
    PARODY = "parody"
    OTHER = "other"


class RelationKind(StrEnum):
    PREQUEL = "PREQUEL"
    SEQUEL = "SEQUEL"
    PARENT = "PARENT"
    SIDE_STORY = "SIDE_STORY"
    SUMMARY = "SUMMARY"
    FULL_STORY = "FULL_STORY"
    ALTERNATIVE_VERSION = "ALTERNATIVE_VERSION"
    ALTERNATIVE_SETTING = "ALTERNATIVE_SETTING"
    SPIN_OFF = "SPIN_OFF"
    ADAPTATION = "ADAPTATION"
    SOURCE = "SOURCE"
    CHARACTER = "CHARACTER"
    COMPILATION = "COMPILATION"
    CONTAINS = "CONTAINS"
    OTHER = "OTHER"
