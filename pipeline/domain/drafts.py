"""What the six stages hand to assembly: one :class:`Chosen` per record field.

A draft's field names are the record's field names, so assembly puts together and decides nothing; a test proves that
every record field is decided in exactly one place.
"""

from dataclasses import dataclass

from pipeline.domain.claims import Chosen, Finding, OpenQuestion
from pipeline.domain.names import (
    AgeRating,
    AiringStatus,
    Season,
    Source,
    SourceMaterial,
    TitleType,
)
from pipeline.domain.record import (
    AiredDates,
    CharacterRecord,
    CompanyRecord,
    EpisodeRecord,
    OtherPlatformNumber,
    PlatformStatistics,
    RelatedWork,
    StaffRecord,
    TagRecord,
    VoiceActorRecord,
)
from pipeline.domain.source_title import AiringSlot, Broadcast, Delay, Image, Link, Song, Text, TitleName, Trailer

__all__ = [
    "CharactersDraft",
    "Draft",
    "EpisodesDraft",
    "MetadataDraft",
    "RelationsDraft",
    "StaffDraft",
    "StatisticsDraft",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What every stage may say beside its fields."""

    questions: tuple[OpenQuestion, ...] = ()
    findings: tuple[Finding, ...] = ()
    is_degraded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataDraft(Draft):
    """Stage 1."""

    title: Chosen[str]
    title_english: Chosen[str | None]
    title_japanese: Chosen[str | None]
    title_romaji: Chosen[str | None]
    synonyms: Chosen[list[TitleName]]
    type: Chosen[TitleType]
    status: Chosen[AiringStatus]
    source_material: Chosen[SourceMaterial | None]
    rating: Chosen[AgeRating | None]
    nsfw: Chosen[bool | None]
    country_of_origin: Chosen[str | None]
    season: Chosen[Season | None]
    year: Chosen[int | None]
    month: Chosen[int | None]
    aired_dates: Chosen[AiredDates | None]
    synopsis: Chosen[str | None]
    synopses: Chosen[list[Text]]
    background: Chosen[str | None]
    genres: Chosen[list[str]]
    themes: Chosen[list[str]]
    tags: Chosen[list[TagRecord]]
    demographics: Chosen[list[str]]
    content_warnings: Chosen[list[str]]
    hashtags: Chosen[list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodesDraft(Draft):
    """Stage 2."""

    episodes: Chosen[int | None]
    duration: Chosen[int | None]
    broadcast: Chosen[Broadcast | None]
    broadcast_schedule: Chosen[list[AiringSlot]]
    premiere_dates: Chosen[list[AiringSlot]]
    delay_information: Chosen[list[Delay]]
    next_episode_at: Chosen[str | None]
    episode_details: Chosen[list[EpisodeRecord]]
    episode_overrides: Chosen[list[OtherPlatformNumber]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationsDraft(Draft):
    """Stage 3."""

    related_anime: Chosen[list[RelatedWork]]
    relations: Chosen[list[RelatedWork]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsDraft(Draft):
    """Stage 4: figures, images, songs and links."""

    score: Chosen[float | None]
    statistics: Chosen[dict[Source, PlatformStatistics]]
    awards: Chosen[list[str] | None]
    popularity_trends: Chosen[list[str] | None]
    images: Chosen[dict[str, list[Image]]]
    trailers: Chosen[list[Trailer]]
    opening_themes: Chosen[list[Song]]
    ending_themes: Chosen[list[Song]]
    streaming_info: Chosen[list[Link]]
    streaming_licenses: Chosen[list[str]]
    external_links: Chosen[list[Link]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CharactersDraft(Draft):
    """Stage 5."""

    characters: Chosen[list[CharacterRecord]]
    voice_actors: Chosen[list[VoiceActorRecord]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffDraft(Draft):
    """Stage 6: people and companies."""

    staff_data: Chosen[list[StaffRecord]]
    studios: Chosen[list[CompanyRecord]]
    producers: Chosen[list[CompanyRecord]]
    licensors: Chosen[list[CompanyRecord]]
