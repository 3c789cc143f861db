"""One platform's word on one title, in our terms.

A converter turns a platform's answers into a :class:`SourceTitle` and decides nothing: every field holds what the
platform said, in our vocabulary and units. ``None`` and an empty tuple mean "not said". Values outside our
vocabulary are left out of the field and kept in ``drift``. Times are UTC in RFC 3339 (``2026-01-10T15:30:00Z``),
dates are Japan's.
"""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from pydantic import Field

from pipeline.domain.claims import Drift, Finding
from pipeline.domain.names import (
    AgeRating,
    AiringStatus,
    CharacterRole,
    CompanyRole,
    EpisodeKind,
    ImageRole,
    LabelKind,
    LinkKind,
    RelationKind,
    Season,
    Site,
    Source,
    SourceMaterial,
    TitleKind,
    TitleType,
)

__all__ = [
    "AiringSlot",
    "Broadcast",
    "Character",
    "Company",
    "Credit",
    "Delay",
    "Episode",
    "ForeignId",
    "Image",
    "Label",
    "Link",
    "PartialDate",
    "Ranking",
    "Relation",
    "Song",
    "SourceTitle",
    "Statistics",
    "Text",
    "TitleName",
    "Trailer",
    "VoiceActor",
]


@dataclass(frozen=True, slots=True, order=True)
class PartialDate:
    """A date as precise as it is known. ``month`` and ``day`` are ``None`` where nobody said."""

    year: int
    month: int | None = None
    day: int | None = None

    @property
    def exact(self) -> date | None:
        """The day, where it is known to the day and exists."""
        if self.month is None or self.day is None:
            return None
        try:
            return date(self.year, self.month, self.day)
        except ValueError:
            return None

    @property
    def text(self) -> str:
        """``2026``, ``2026-01`` or ``2026-01-10``."""
        parts = [f"{self.year:04d}"]
        if self.month is not None:
            parts.append(f"{self.month:02d}")
            if self.day is not None:
                parts.append(f"{self.day:02d}")
        return "-".join(parts)


@dataclass(frozen=True, slots=True)
class TitleName:
    """A name of the work. ``language`` is a BCP 47 tag; ``ja-Latn`` is romaji, ``None`` unknown."""

    text: str
    kind: TitleKind
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """Running text without markup. ``origin`` is the credit the platform prints below it ("MAL Rewrite")."""

    text: str
    language: str | None = None
    origin: str | None = None


@dataclass(frozen=True, slots=True)
class Broadcast:
    """The weekly slot: ``day`` is ``MONDAY`` …, ``time`` is ``HH:MM`` in ``timezone`` (an IANA name)."""

    day: str | None
    time: str | None
    timezone: str | None = "Asia/Tokyo"


@dataclass(frozen=True, slots=True)
class Label:
    """A genre, theme, tag, demographic or warning under the platform's own name.

    ``strength`` is 0 to 1: 1 for plain lists, AniList rank / 100, AniDB weight / 600.
    """

    name: str
    kind: LabelKind
    strength: float = 1.0
    is_spoiler: bool = False
    is_adult: bool = False
    category: str | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Ranking:
    """A rank in a context: ``kind`` is ``rated`` or ``popular``, all fields of the context may be open."""

    kind: str
    rank: int
    format: str | None = None
    year: int | None = None
    season: Season | None = None
    is_all_time: bool = False


@dataclass(frozen=True, slots=True)
class Statistics:
    """A platform's figures on its own scales. ``score_max`` says which scale ``score`` is on.

    ``rank`` (by score) and ``popularity_rank`` are places, ``members``, ``favorites`` and ``scored_by`` are counts of
    people: never to be mixed. The two distributions are pairs, in the platform's order.
    """

    score: float | None = None
    score_max: float = 10.0
    scored_by: int | None = None
    rank: int | None = None
    popularity_rank: int | None = None
    members: int | None = None
    favorites: int | None = None
    trending: int | None = None
    rankings: tuple[Ranking, ...] = ()
    status_distribution: tuple[tuple[str, int], ...] = ()
    score_distribution: tuple[tuple[float, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Image:
    """An image by URL; sizes in pixels where said. ``size`` is the platform's own word (``large``)."""

    url: str
    role: ImageRole
    size: str | None = None
    width: int | None = None
    height: int | None = None
    color: str | None = None


@dataclass(frozen=True, slots=True)
class Trailer:
    """A promotional video. ``site`` is ``youtube``, ``dailymotion`` …; ``id`` is the site's."""

    site: str
    id: str
    url: str
    title: str | None = None
    thumbnail_url: str | None = None


@dataclass(frozen=True, slots=True)
class Song:
    """An opening or ending (``kind`` ``opening`` | ``ending`` | ``insert``). ``episodes`` as printed (``1-12, 14``)."""

    kind: str
    number: int | None
    title: str
    title_native: str | None = None
    artist: str | None = None
    artist_native: str | None = None
    episodes: str | None = None


@dataclass(frozen=True, slots=True)
class ForeignId:
    """What a platform says the title's id is elsewhere. ``site`` is a :class:`Site` or the platform's own word."""

    site: Annotated[Site | str, Field(union_mode="left_to_right")]  # what was a Site is one again when it is read back
    id: str


@dataclass(frozen=True, slots=True)
class Relation:
    """Another work and how it relates: *this title has, as its* ``kind``, *that work*.

    ``target_type`` is ``anime`` or ``manga`` (both share number spaces on MyAnimeList) or ``None`` when not said.
    ``kind`` is ``None`` when the platform used a word we do not know; ``kind_text`` is its own word.
    """

    kind: RelationKind | None
    kind_text: str
    target_type: str | None
    target_ids: tuple[ForeignId, ...]
    target_title: str | None = None
    target_format: str | None = None
    target_year: int | None = None
    target_url: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A page about the title, or a place to watch it."""

    url: str
    site: str
    kind: LinkKind
    language: str | None = None
    regions: tuple[str, ...] = ()
    subs: tuple[str, ...] = ()
    dubs: tuple[str, ...] = ()
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Company:
    """A studio, producer or licensor. ``is_main`` only where the platform tells main studios apart."""

    name: str
    role: CompanyRole
    is_main: bool | None = None
    id: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class VoiceActor:
    """Who speaks a character. ``language`` is a BCP 47 tag (``ja``, ``en``, ``pt-BR``)."""

    name: str
    language: str | None
    id: str | None = None
    name_native: str | None = None
    image_url: str | None = None
    url: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Character:
    """One character of a platform's cast. ``birthday`` is ``MM-DD``; spoilers are kept apart from the biography."""

    id: str
    name: str
    role: CharacterRole
    name_native: str | None = None
    alternative_names: tuple[str, ...] = ()
    spoiler_names: tuple[str, ...] = ()
    nicknames: tuple[str, ...] = ()
    kind: str | None = None
    """``Character``, ``Organization``, ``Mecha`` where the platform tells them apart."""
    age: str | None = None
    gender: str | None = None
    birthday: str | None = None
    blood_type: str | None = None
    hair_color: str | None = None
    eye_color: str | None = None
    traits: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    description: str | None = None
    spoilers: tuple[str, ...] = ()
    favorites: int | None = None
    image_url: str | None = None
    url: str | None = None
    voice_actors: tuple[VoiceActor, ...] = ()


@dataclass(frozen=True, slots=True)
class Credit:
    """One person in one role. ``role`` is the platform's own text without the episode note kept in ``episodes``."""

    name: str
    role: str
    id: str | None = None
    name_native: str | None = None
    episodes: str | None = None
    image_url: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Episode:
    """One episode. ``number`` is the number within its kind, ``None`` where the platform gives none."""

    number: int | None
    kind: EpisodeKind = EpisodeKind.REGULAR
    id: str | None = None
    season: int | None = None
    absolute_number: int | None = None
    titles: tuple[TitleName, ...] = ()
    synopsis: Text | None = None
    aired: PartialDate | None = None
    duration_s: int | None = None
    score: float | None = None
    score_max: float = 10.0
    is_filler: bool | None = None
    is_recap: bool | None = None
    thumbnail_url: str | None = None
    url: str | None = None
    streaming: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class AiringSlot:
    """When an episode airs (UTC). ``kind`` is ``raw``, ``sub`` or ``dub``; ``episode`` may be unknown."""

    at: str
    episode: int | None = None
    kind: str = "raw"


@dataclass(frozen=True, slots=True)
class Delay:
    """An announced pause. ``kind`` is ``raw``, ``sub`` or ``dub``; times are UTC."""

    kind: str
    starts_at: str | None = None
    ends_at: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class SourceTitle:
    """Everything one platform says of one title."""

    source: Source
    id: str
    url: str | None = None
    titles: tuple[TitleName, ...] = ()
    synopses: tuple[Text, ...] = ()
    background: str | None = None
    type: TitleType | None = None
    status: AiringStatus | None = None
    source_material: SourceMaterial | None = None
    age_rating: AgeRating | None = None
    is_adult: bool | None = None
    country: str | None = None
    """ISO 3166-1 alpha-2 (``JP``)."""
    season: Season | None = None
    season_year: int | None = None
    start: PartialDate | None = None
    end: PartialDate | None = None
    broadcast: Broadcast | None = None
    episode_count: int | None = None
    episode_duration_s: int | None = None
    labels: tuple[Label, ...] = ()
    statistics: Statistics | None = None
    images: tuple[Image, ...] = ()
    trailers: tuple[Trailer, ...] = ()
    songs: tuple[Song, ...] = ()
    relations: tuple[Relation, ...] = ()
    links: tuple[Link, ...] = ()
    companies: tuple[Company, ...] = ()
    characters: tuple[Character, ...] = ()
    staff: tuple[Credit, ...] = ()
    episodes: tuple[Episode, ...] = ()
    schedule: tuple[AiringSlot, ...] = ()
    premieres: tuple[AiringSlot, ...] = ()
    next_episode: AiringSlot | None = None
    delays: tuple[Delay, ...] = ()
    hashtags: tuple[str, ...] = ()
    identifiers: tuple[ForeignId, ...] = ()
    updated_at: str | None = None
    drift: tuple[Drift, ...] = ()
    findings: tuple[Finding, ...] = ()
