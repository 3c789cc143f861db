"""One frozen settings object, validated at start and passed down.

Read from, in this order: arguments, environment (``ANIME_ENRICH_…``, ``__`` for nesting, for instance
``ANIME_ENRICH_PLATFORMS__JIKAN__BASE_URL``), ``anime-enrich.toml`` in the working folder, the defaults below.
Every address and every limit is here; nothing in the code knows one.
"""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from pipeline.domain.names import Host, Platform, Service
from pipeline.domain.thresholds import Choosing, Matching

__all__ = [
    "AniListSettings",
    "AnidbSettings",
    "AnimePlanetSettings",
    "AnimeScheduleSettings",
    "BreakerSettings",
    "DecaySettings",
    "EmbeddingSettings",
    "FreshnessSettings",
    "ImageSettings",
    "JikanSettings",
    "KitsuSettings",
    "Limit",
    "MalV2Settings",
    "PlatformSettings",
    "PlatformsSettings",
    "Settings",
    "StoreSettings",
    "is_loopback",
]

Positive = Annotated[float, Field(gt=0)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Limit(_Section):
    """At most ``requests`` in any ``per_s`` seconds as the platform counts them, wherever the window starts.

    Only what the platform counts: within its limits requests are evenly spread without being told.
    """

    requests: Annotated[int, Field(ge=1)]
    per_s: Positive


class BreakerSettings(_Section):
    """After ``failures`` in a row a platform is left alone for ``reset_s``, then tried with one request."""

    failures: Annotated[int, Field(ge=1)] = 5
    reset_s: Positive = 60.0


class FreshnessSettings(_Section):
    """How many days an answer is good for, by what the title is doing. A failure is asked again in the next run."""

    finished_days: Positive = 30.0
    airing_days: Positive = 1.0
    upcoming_days: Positive = 3.0
    unknown_days: Positive = 14.0
    absent_days: Positive = 7.0

    def at_least(self, days: float) -> "FreshnessSettings":
        """The same, with no term shorter than ``days``."""
        return FreshnessSettings(**{name: max(term, days) for name, term in self})


class PlatformSettings(_Section):
    """What every platform has."""

    enabled: bool = True
    base_url: str
    limits: tuple[Limit, ...]
    concurrency: Annotated[int, Field(ge=1, le=16)] = 2
    """Requests under way at once; more than rate x latency gains nothing."""
    timeout_s: Positive = 30.0
    attempts: Annotated[int, Field(ge=1)] = 5
    """Tries of one request that fails in passing; a stated wait is not a try."""
    max_body_bytes: Annotated[int, Field(ge=1024)] = 64 * 1024 * 1024
    """A longer answer is refused, counted after decompression."""
    breaker: BreakerSettings = BreakerSettings()
    token: SecretStr | None = None
    freshness: FreshnessSettings | None = None
    """How long this platform's answers are good for; unset: as everybody's."""
    rest_days: Annotated[float, Field(ge=1)] = 1.0
    """An entry is not asked for again sooner, whatever ``freshness`` says: no platform likes it twice in a day."""

    @property
    def detail(self) -> tuple[str, ...]:
        """What is asked for, where that is a setting: if it changes, finished titles are asked for what they lack."""
        return ()


JikanCore = Literal["characters", "staff", "episodes"]
JikanExtra = Literal["statistics", "pictures", "videos", "episode_details", "character_details"]


class MalV2Settings(PlatformSettings):
    """MyAnimeList's official API. ``token`` is a client id (myanimelist.net/apiconfig), sent as ``X-MAL-CLIENT-ID``.

    No limit is published; 403 is what it does to whom it takes for an attack. One request a second, at most.
    """

    base_url: str = "https://api.myanimelist.net/v2"
    limits: tuple[Limit, ...] = (Limit(requests=1, per_s=1),)
    concurrency: Annotated[int, Field(ge=1, le=16)] = 1
    breaker: BreakerSettings = BreakerSettings(failures=5, reset_s=30)


class JikanSettings(PlatformSettings):
    """MyAnimeList through a service of Jikan v4's shape. Jikan itself ended on 2026-10-01; Tenrai keeps its shape.

    ``token`` is sent as ``X-Server-Key``. Limits belong to the service that is asked: the defaults are Tenrai's for
    everyone; its Server Key allows 5/1 s and 300/60 s without a daily cap, which is set here together with the key. For
    a jikan-rest of your own, ``base_url`` is ``http://<host>/v4`` and the limit what MyAnimeList bears, which it has
    never said: one request in two seconds, ``concurrency`` 1, has lasted where two a second was refused.
    """

    base_url: str = "https://api.tenrai.org/v1"
    limits: tuple[Limit, ...] = (
        Limit(requests=3, per_s=1),
        Limit(requests=60, per_s=60),
        Limit(requests=40_000, per_s=86_400),
    )
    concurrency: Annotated[int, Field(ge=1, le=16)] = 3
    breaker: BreakerSettings = BreakerSettings(failures=5, reset_s=30)
    core: frozenset[JikanCore] = frozenset({"characters", "staff", "episodes"})
    """What is asked for beside a title's record: with it, 3 to 4 requests a typical title.

    Empty, with ``base`` as ``mal_v2``, only the official API is asked: for cast and episodes there are other platforms.
    """
    extras: frozenset[JikanExtra] = frozenset()
    """More than the core.

    ``statistics``, ``pictures`` and ``videos`` take one request a title each; ``episode_details`` (synopsis, length)
    one an episode, ``character_details`` (biography) one a character: 1,100 and 1,400 for the longest series.
    """

    base: Literal["full", "mal_v2", "list", "mal_v2_list"] = "full"
    """Where a title's record comes from: the service above, or the official API, asked side by side with it.

    ``mal_v2`` spares the service, which takes longest of all, one request in three or four; what the official API does
    not tell (producers, licensors, links, trailer, favorites) is then not had. ``list`` and ``mal_v2_list`` are content
    with a row of the list that ``anime-enrich jikan sweep`` reads, 25 titles a request or the official API's 500: no
    relations, theme songs and links, and a title without a row is asked for as with ``full`` or ``mal_v2``. A fuller
    record that is fresh stays as it is.
    """
    mal_v2: MalV2Settings = MalV2Settings()

    @property
    def is_official(self) -> bool:
        """Whether records, or the list of them, come from the official API."""
        return self.base in ("mal_v2", "mal_v2_list")

    @property
    def detail(self) -> tuple[str, ...]:
        """The record's kind, and everything beside it."""
        return (self.base, *sorted(self.core), *sorted(self.extras))

    @model_validator(mode="after")
    def _details_want_their_list(self) -> Self:
        wanting: tuple[tuple[JikanExtra, JikanCore], ...] = (
            ("episode_details", "episodes"),
            ("character_details", "characters"),
        )
        for extra, one in wanting:
            if extra in self.extras and one not in self.core:
                raise ValueError(
                    f"platforms.jikan.extras has {extra!r} but platforms.jikan.core lacks {one!r}, which names them: "
                    "add it there or leave the extra out"
                )
        return self

    @model_validator(mode="after")
    def _official_api_wants_a_client_id(self) -> Self:
        if self.is_official and self.mal_v2.token is None:
            raise ValueError(
                f"platforms.jikan.base is {self.base!r} but platforms.jikan.mal_v2.token is not set: "
                "name a client id (myanimelist.net/apiconfig) or leave base at 'full'"
            )
        if self.is_official and not self.mal_v2.enabled:
            raise ValueError(
                f"platforms.jikan.base is {self.base!r} but platforms.jikan.mal_v2.enabled is false: "
                "leave base at 'full'"
            )
        return self


class AniListSettings(PlatformSettings):
    """AniList GraphQL. Nominal 90/min, in force 30/min; every answer's header corrects it.

    Its unstated burst limit wants calls 2 s apart, which is how the budget spreads 30 a minute by itself.
    """

    base_url: str = "https://graphql.anilist.co"
    limits: tuple[Limit, ...] = (Limit(requests=30, per_s=60),)
    timeout_s: Positive = 60.0
    breaker: BreakerSettings = BreakerSettings(failures=3, reset_s=20)
    batch: Annotated[int, Field(ge=1, le=50)] = 50


class KitsuSettings(PlatformSettings):
    """Kitsu. No documented limit; one request a second, one at a time, is the polite reading of that."""

    base_url: str = "https://kitsu.app/api"
    limits: tuple[Limit, ...] = (Limit(requests=1, per_s=1),)
    concurrency: Annotated[int, Field(ge=1, le=16)] = 1
    timeout_s: Positive = 60.0
    """Well over the 15 s after which the server gives up: its 504 makes the batch smaller, our time-out would not."""
    breaker: BreakerSettings = BreakerSettings(failures=8, reset_s=60)
    batch: Annotated[int, Field(ge=1, le=60)] = 20
    """Titles of the first request; the next ones follow the server's time: more while it is quick, half when it is
    not. JSON:API stays at this."""
    largest_batch: Annotated[int, Field(ge=1, le=60)] = 60
    """More are never asked for at once; the same as ``batch``: never more than that."""
    api: Literal["graphql", "jsonapi"] = "graphql"
    """GraphQL answers many whole titles at once; JSON:API is the fallback, several requests a title."""

    @model_validator(mode="after")
    def _starts_within_its_bound(self) -> Self:
        if self.batch > self.largest_batch:
            raise ValueError(
                f"batch={self.batch} is more than largest_batch={self.largest_batch}: lower the one or raise the other"
            )
        return self


class AnidbSettings(PlatformSettings):
    """AniDB's HTTP API. Needs a client name registered there; without one the platform is switched off."""

    base_url: str = "http://api.anidb.net:9001"
    limits: tuple[Limit, ...] = (Limit(requests=1, per_s=4), Limit(requests=200, per_s=86_400))
    concurrency: Annotated[int, Field(ge=1, le=1)] = 1
    breaker: BreakerSettings = BreakerSettings(failures=3, reset_s=120)
    client: str | None = None
    client_version: int = 1
    rest_days: Annotated[float, Field(ge=1)] = 7.0
    """Asking for an entry several times a day can end in a ban; once a week is plenty, also for one that airs."""


class AnimePlanetSettings(PlatformSettings):
    """Anime-Planet's pages. No API exists: off until the operator names a contact and turns it on.

    No limit is documented; one page a second, counted from the last one's answer, is the polite reading of that.
    """

    enabled: bool = False
    base_url: str = "https://www.anime-planet.com"
    limits: tuple[Limit, ...] = (Limit(requests=1, per_s=1),)
    concurrency: Annotated[int, Field(ge=1, le=16)] = 1
    breaker: BreakerSettings = BreakerSettings(failures=10, reset_s=120)


class AnimeScheduleSettings(PlatformSettings):
    """AnimeSchedule v3; ``token`` is an application token, without one the allowance is far smaller."""

    base_url: str = "https://animeschedule.net/api/v3"
    limits: tuple[Limit, ...] = (Limit(requests=120, per_s=60),)
    breaker: BreakerSettings = BreakerSettings(failures=5, reset_s=60)


class PlatformsSettings(_Section):
    """The six platforms, by the names of their folders."""

    jikan: JikanSettings = JikanSettings()
    anilist: AniListSettings = AniListSettings()
    kitsu: KitsuSettings = KitsuSettings()
    anidb: AnidbSettings = AnidbSettings()
    anime_planet: AnimePlanetSettings = AnimePlanetSettings()
    animeschedule: AnimeScheduleSettings = AnimeScheduleSettings()

    def of(self, host: Host) -> PlatformSettings:
        """Settings of one platform, or of a further service of one."""
        if host is Service.MAL_V2:
            return self.jikan.mal_v2
        section: PlatformSettings = getattr(self, host.value)
        return section

    def hosts(self, platform: Platform) -> tuple[Host, ...]:
        """Who is asked on behalf of a platform: itself, unless only further services of it are, and those."""
        if platform is not Platform.JIKAN or not self.jikan.is_official:
            return (platform,)
        return (platform, Service.MAL_V2) if self.jikan.core or self.jikan.extras else (Service.MAL_V2,)


class DecaySettings(_Section):
    """When a platform is left alone because it is no longer what it was. A false alarm costs a delay, no data."""

    enabled: bool = True
    window: Annotated[int, Field(ge=2)] = 40
    """The last answers, and the last titles, that are looked at: a handful of batches, an afternoon at the slowest."""
    least: Annotated[int, Field(ge=2)] = 20
    """Fewer than this say nothing: a dozen odd titles in a row do occur."""
    known: Annotated[int, Field(ge=2)] = 50
    """Finished titles of the same type and status from which on a field's share counts as known."""
    normally: Annotated[float, Field(gt=0, le=1)] = 0.8
    """From this share on a field is one that is normally filled. Others come and go with the titles."""
    lost: Annotated[float, Field(gt=0, le=1)] = 0.8
    """Share of what is expected that must be missing. Chance does not take 16 of 20 away from what 8 of 10 have."""
    broken: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Share of answers that nobody can read, or that say nothing; normally there are none."""
    quarantine_hours: Positive = 24.0
    """Then it is asked again, as far as it takes to see whether it is well. `anime-enrich release` ends it sooner."""

    @model_validator(mode="after")
    def _window_holds_enough(self) -> Self:
        if self.least > self.window:
            raise ValueError(f"decay.least={self.least} can never be seen in decay.window={self.window}: raise window")
        return self


class ImageSettings(_Section):
    """Fetching the pictures that are embedded; only their vectors are kept."""

    enabled: bool = True
    limits: tuple[Limit, ...] = (Limit(requests=2, per_s=1),)
    """Per image host."""
    timeout_s: Positive = 30.0
    max_body_bytes: Annotated[int, Field(ge=1024)] = 16 * 1024 * 1024
    characters: Annotated[int, Field(ge=0, le=16)] = 3
    """How many main characters' pictures are tried for the character vector; the first that can be had makes it."""
    only_local: bool = False
    """Leave out every picture that does not lie on this machine. Practice runs say so: they must reach nobody else."""


class EmbeddingSettings(_Section):
    """What turns texts and pictures into vectors."""

    text_model: str = "hash-ngram-1024"
    """``hash-ngram-1024`` needs nothing; else a folder with a BGE-M3 shaped checkpoint (extra ``models``)."""
    image_model: str = "image-layout-1024"
    """``image-layout-1024`` needs nothing; else a folder with a SigLIP shaped checkpoint (extra ``models``)."""
    max_tokens: Annotated[int, Field(ge=16, le=8192)] = 2048


class StoreSettings(_Section):
    """Where points go: an embedded Qdrant under ``checkpoints``, or a server by URL."""

    url: str | None = None
    api_key: SecretStr | None = None
    collection: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")] = "anime"
    batch: Annotated[int, Field(ge=1, le=256)] = 16
    timeout_s: Positive = 60.0


def is_loopback(url: str) -> bool:
    """Whether an address is this machine's own."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:  # a name; one that only begins like a number of this machine is anybody's
        return host == "localhost"


class Settings(BaseSettings):
    """Everything an operator can set."""

    model_config = SettingsConfigDict(
        env_prefix="ANIME_ENRICH_",
        env_nested_delimiter="__",
        toml_file="anime-enrich.toml",
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
    )

    checkpoints: Path = Path("checkpoints")
    """Folder of the ledger, the blobs and the embedded Qdrant."""
    catalogue: str | None = None
    """Path or URL of an anime-offline-database file (.jsonl, .json, .zst, .gz)."""
    ledger_url: str | None = None
    """SQLAlchemy URL; default SQLite in ``checkpoints``. PostgreSQL needs the extra ``postgres``."""
    blobs_url: str | None = None
    """fsspec URL of the blob store; default a folder in ``checkpoints``."""
    budget_path: Path | None = None
    """SQLite file in which every process of this machine notes its requests; default in the user's state folder."""
    budget_url: str | None = None
    """PostgreSQL URL instead of ``budget_path``, for machines that share an egress address (extra ``postgres``)."""
    egress: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    """Name of the address this machine asks from, where not all that share a budget have the same; default: they do."""
    contact: str | None = None
    """Address or URL put into the User-Agent, so that a platform can reach you."""
    speed: Positive = 1.0
    """Divides every limit's window. Only for practice platforms: any other value than 1 needs loopback addresses."""
    log_level: Literal["debug", "info", "warning", "error"] = "warning"
    """What is told on standard error beside the display: ``info`` adds a line for every failed request."""
    window: Annotated[int, Field(ge=1, le=5000)] = 200
    """Titles claimed and finished together."""
    platforms: PlatformsSettings = PlatformsSettings()
    freshness: FreshnessSettings = FreshnessSettings()
    decay: DecaySettings = DecaySettings()
    matching: Matching = Matching()
    """Who is who across platforms: `pipeline/domain/thresholds.py` says of each number how often it was right."""
    choosing: Choosing = Choosing()
    """The cuts of the rules, beside those. Titles are decided anew by other numbers; nobody is asked for that."""
    images: ImageSettings = ImageSettings()
    embedding: EmbeddingSettings = EmbeddingSettings()
    store: StoreSettings = StoreSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # the signature is pydantic's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # the signature is pydantic's
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then environment, then the TOML file."""
        return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls))

    @model_validator(mode="after")
    def _speed_is_for_practice(self) -> Self:
        if self.speed != 1.0:
            asked = [host for p in Platform if self._is_asked(p) for host in self.platforms.hosts(p)]
            far = [host.value for host in asked if not is_loopback(self.platforms.of(host).base_url)]
            if far:
                raise ValueError(
                    f"speed={self.speed!r} would break the limits of real platforms: {', '.join(far)} "
                    "are not loopback addresses; leave speed at 1 or point their base_url at practice platforms"
                )
        return self

    @model_validator(mode="after")
    def _anime_planet_needs_contact(self) -> Self:
        if self.platforms.anime_planet.enabled and not self.contact:
            raise ValueError(
                "platforms.anime_planet.enabled is true but contact is not set: name a contact or switch it off"
            )
        return self

    @model_validator(mode="after")
    def _one_budget(self) -> Self:
        if self.budget_url is None:
            return self
        if self.budget_path is not None:
            raise ValueError("budget_path and budget_url are both set: requests are noted in one place, leave one out")
        if urlsplit(self.budget_url).scheme.partition("+")[0] not in ("postgresql", "postgres"):
            raise ValueError("budget_url is no PostgreSQL URL (postgresql://user@host/database)")
        return self

    def _is_asked(self, platform: Platform) -> bool:
        return self.platforms.of(platform).enabled and self.why_off(platform) is None

    def why_off(self, platform: Platform) -> str | None:
        """Why a platform is not asked, or ``None`` when it is."""
        if not self.platforms.of(platform).enabled:
            return f"platforms.{platform.value}.enabled is false"
        if platform is Platform.ANIDB and not self.platforms.anidb.client:
            return "platforms.anidb.client is not set (AniDB wants a registered client name)"
        return None

    def freshness_of(self, platform: Platform) -> FreshnessSettings:
        """How long this platform's answers are good for."""
        section = self.platforms.of(platform)
        return (section.freshness or self.freshness).at_least(section.rest_days)

    @property
    def ledger_address(self) -> str:
        """SQLAlchemy URL of the ledger."""
        return self.ledger_url or f"sqlite:///{self.checkpoints / 'ledger.sqlite3'}"

    @property
    def blobs_address(self) -> str:
        """URL of the blobs, as fsspec reads it."""
        return self.blobs_url or str((self.checkpoints / "blobs").absolute())
