"""The record that leaves the house: one title, every field decided.

``None`` means "nobody said", an empty list "nobody named any". A record is a pure function of the catalogue row, the
platforms' answers and the rules: it holds no clock, so the same inputs give the same bytes. Why a field is what it is
stands beside the record, in :class:`Provenance`.
"""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from pipeline.domain.names import (
    AgeRating,
    AiringStatus,
    CharacterRole,
    EpisodeKind,
    Outcome,
    Platform,
    RelationKind,
    Season,
    Site,
    Source,
    SourceMaterial,
    Tier,
    TitleType,
)
from pipeline.domain.numbers import Count, Rank, Score10, Share
from pipeline.domain.source_title import (
    AiringSlot,
    Broadcast,
    Delay,
    Image,
    Link,
    Ranking,
    Song,
    Text,
    TitleName,
    Trailer,
)

__all__ = [
    "SCHEMA_VERSION",
    "AiredDates",
    "AnimeRecord",
    "CharacterRecord",
    "CompanyRecord",
    "EnrichmentMetadata",
    "EpisodeRecord",
    "FieldProvenance",
    "OtherPlatformNumber",
    "PlatformStatistics",
    "Provenance",
    "RelatedWork",
    "StaffRecord",
    "TagRecord",
    "VoiceActorRecord",
    "VoiceRecord",
]

SCHEMA_VERSION: Final = 1
"""Goes up with every change of the record's shape; older records load by migration."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class AiredDates(_Part):
    """First and last day of airing in Japan, as precise as known (``2026``, ``2026-01``, ``2026-01-10``)."""

    start: str | None = None
    end: str | None = None
    start_precision: Literal["year", "month", "day"] | None = None
    end_precision: Literal["year", "month", "day"] | None = None


class TagRecord(_Part):
    """A free tag with its strength (0 to 1) and who uses it."""

    name: str
    strength: Share
    is_spoiler: bool = False
    sources: list[Source] = []


class PlatformStatistics(_Part):
    """One platform's figures on its own scale; ``score_normalized`` is the same score on 0 to 10."""

    score: float | None = None
    score_max: float = 10.0
    score_normalized: Score10 | None = None
    scored_by: Count | None = None
    rank: Rank | None = None
    popularity_rank: Rank | None = None
    members: Count | None = None
    favorites: Count | None = None
    trending: Count | None = None
    contextual_ranks: list[Ranking] = []
    status_distribution: dict[str, Count] = {}
    score_distribution: dict[str, Count] = {}


class RelatedWork(_Part):
    """Another work: ``title_id`` where the identity registry knows it, and every id platforms gave."""

    relation: RelationKind
    title: str | None = None
    title_id: str | None = None
    format: str | None = None
    year: int | None = None
    ids: dict[str, list[str]] = {}
    urls: list[str] = []
    sources: list[Source] = []
    confidence: Share


class CompanyRecord(_Part):
    """A company under one name; ``is_main`` is open where no platform tells main studios apart."""

    name: str
    is_main: bool | None = None
    aliases: list[str] = []
    ids: dict[str, str] = {}
    sources: list[Source] = []


class VoiceRecord(_Part):
    """Who speaks a character in one language."""

    name: str
    language: str | None = None
    name_native: str | None = None
    note: str | None = None
    ids: dict[str, str] = {}
    image_url: str | None = None
    sources: list[Source] = []


class CharacterRecord(_Part):
    """One character, merged over the platforms that know them."""

    name: str
    name_native: str | None = None
    alternative_names: list[str] = []
    spoiler_names: list[str] = []
    nicknames: list[str] = []
    role: CharacterRole
    age: str | None = None
    gender: str | None = None
    birthday: str | None = None
    """``MM-DD``."""
    blood_type: str | None = None
    hair_color: str | None = None
    eye_color: str | None = None
    traits: list[str] = []
    attributes: dict[str, str] = {}
    description: str | None = None
    spoilers: list[str] = []
    favorites: dict[str, Count] = {}
    voice_actors: list[VoiceRecord] = []
    images: list[str] = []
    ids: dict[str, str] = {}
    sources: list[Source] = []
    match_confidence: Share = 1.0
    """How sure it is that all ``sources`` mean this character."""


class VoiceActorRecord(_Part):
    """One voice actor of the cast and the characters they speak."""

    name: str
    name_native: str | None = None
    language: str | None = None
    characters: list[str] = []
    ids: dict[str, str] = {}
    sources: list[Source] = []


class OtherPlatformNumber(_Part):
    """A platform counts this episode under another number."""

    source: Source
    number: int


class EpisodeRecord(_Part):
    """One episode; ``number`` counts within ``kind``."""

    number: int | None = None
    kind: EpisodeKind = EpisodeKind.REGULAR
    season: int | None = None
    absolute_number: int | None = None
    title: str | None = None
    titles: list[TitleName] = []
    synopsis: str | None = None
    aired: str | None = None
    duration: Count | None = None
    """Seconds."""
    score: Score10 | None = None
    is_filler: bool | None = None
    is_recap: bool | None = None
    thumbnails: list[str] = []
    streaming: list[Link] = []
    staff: list[str] = []
    other_numbers: list[OtherPlatformNumber] = []
    ids: dict[str, str] = {}
    sources: list[Source] = []
    match_confidence: Share = 1.0


class StaffRecord(_Part):
    """One person and what they did. ``roles`` are ours (``director``, ``music`` …), ``credits`` as printed."""

    name: str
    name_native: str | None = None
    roles: list[str] = []
    credits: list[str] = []
    episodes: str | None = None
    image_url: str | None = None
    ids: dict[str, str] = {}
    sources: list[Source] = []
    match_confidence: Share = 1.0


class EnrichmentMetadata(_Part):
    """How the record came to be, free of clocks: outcome per platform, stages, completeness."""

    outcomes: dict[Platform, Outcome]
    tier: Tier
    """The farthest kind of source that gave something."""
    stale: list[Platform] = []
    """Platforms that could not be heard now and whose earlier answers serve; when those came is in the ledger."""
    is_degraded: bool
    """A platform that should have been heard failed, or a stage fell back."""
    stage_status: dict[str, Literal["ok", "degraded"]]
    ai_calls: Count = 0
    completeness: Share
    """Share of applicable fields that are filled."""
    open_questions: Count = 0
    findings: list[str] = []
    """Codes of what was odd, sorted; the sentences are in the provenance."""


class AnimeRecord(_Part):
    """Everything known of one anime."""

    schema_version: Literal[1] = SCHEMA_VERSION
    title_id: str
    """UUIDv5 of the first-seen anchor source; also the id of the Qdrant point."""

    title: str
    title_english: str | None = None
    title_japanese: str | None = None
    title_romaji: str | None = None
    synonyms: list[TitleName] = []

    type: TitleType = TitleType.UNKNOWN
    status: AiringStatus = AiringStatus.UNKNOWN
    source_material: SourceMaterial | None = None
    rating: AgeRating | None = None
    nsfw: bool | None = None
    country_of_origin: str | None = None

    season: Season | None = None
    year: int | None = None
    month: Annotated[int, Field(ge=1, le=12)] | None = None
    aired_dates: AiredDates | None = None
    broadcast: Broadcast | None = None
    broadcast_schedule: list[AiringSlot] = []
    premiere_dates: list[AiringSlot] = []
    delay_information: list[Delay] = []
    next_episode_at: str | None = None
    """UTC, RFC 3339."""
    episodes: Count | None = None
    duration: Count | None = None
    """Seconds per episode (a film: of the film)."""

    synopsis: str | None = None
    synopses: list[Text] = []
    """Synopses in other languages."""
    background: str | None = None
    genres: list[str] = []
    themes: list[str] = []
    tags: list[TagRecord] = []
    demographics: list[str] = []
    content_warnings: list[str] = []

    score: Score10 | None = None
    """Derived: Bayesian mean over platforms, weighted by votes."""
    statistics: dict[Source, PlatformStatistics] = {}
    awards: list[str] | None = None
    """``None`` until a source exists."""
    popularity_trends: list[str] | None = None
    """``None`` until a source exists."""

    images: dict[str, list[Image]] = {}
    """By role: ``cover``, ``banner``, ``picture``."""
    trailers: list[Trailer] = []
    opening_themes: list[Song] = []
    ending_themes: list[Song] = []

    related_anime: list[RelatedWork] = []
    relations: list[RelatedWork] = []
    """Works that are not anime: manga, novels."""

    streaming_info: list[Link] = []
    streaming_licenses: list[str] = []
    """Names of the services in ``streaming_info`` and of licensors' own platforms."""
    external_links: list[Link] = []

    sources: list[str] = []
    """The catalogue's source URLs."""
    platform_ids: dict[Site, list[str]] = {}

    studios: list[CompanyRecord] = []
    producers: list[CompanyRecord] = []
    licensors: list[CompanyRecord] = []
    staff_data: list[StaffRecord] = []
    characters: list[CharacterRecord] = []
    voice_actors: list[VoiceActorRecord] = []

    episode_details: list[EpisodeRecord] = []
    episode_overrides: list[OtherPlatformNumber] = []
    """Total episode counts of platforms that count otherwise than ``episodes``."""

    hashtags: list[str] = []
    enrichment_metadata: EnrichmentMetadata


class FieldProvenance(_Part):
    """Why a field is what it is. ``value`` is left out where it is long; it stands in the record."""

    method: str
    confidence: Share
    sources: list[Source] = []
    conflict: bool = False
    alternatives: list[dict[str, JsonValue]] = []
    prompt: str | None = None
    evidence: list[str] = []


class Provenance(_Part):
    """Beside the record: the reason of every field, the findings, and under which licence each source is.

    When each was read is in the ledger: a pure function of the answers knows no clock.
    """

    title_id: str
    fields: dict[str, FieldProvenance]
    findings: list[dict[str, JsonValue]] = []
    licences: dict[Source, str] = {}
