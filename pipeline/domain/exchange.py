"""What goes to a platform and what comes back, in the words every platform shares."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.domain.canonical import Digest, JsonValue, canonical_bytes, digest_of
from pipeline.domain.names import AiringStatus, Host, Platform, Service, Site, TitleType

__all__ = ["Answer", "Part", "Reading", "Request", "Validators", "Wanted"]


@dataclass(frozen=True, slots=True)
class Validators:
    """By what a platform knows which of its answers we have. They hold for the address (``origin``) that gave them."""

    origin: str
    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One question to one platform. Pure data: no address, no secret, so it can be a key and be written down.

    ``path`` is relative to the platform's base URL (``/anime/1/full``); ``params`` keep their order and may repeat;
    ``json_body`` makes it a POST. ``kind`` names the question (``full``, ``batch``) for plans and counters; ``ids``
    are the wanted ids it covers; ``weight`` is what it costs of the platform's request budget. ``service`` is set where
    it goes to another address than the platform's own. ``had`` are the validators of the answer we have of this very
    question: the platform may then say "not modified" (304) instead.
    """

    platform: Platform
    kind: str
    path: str
    ids: tuple[str, ...]
    params: tuple[tuple[str, str], ...] = ()
    json_body: bytes | None = None
    weight: int = 1
    service: Service | None = None
    had: Validators | None = None

    @property
    def host(self) -> Host:
        """Who is asked."""
        return self.service or self.platform

    @property
    def method(self) -> str:
        """``POST`` with a body, else ``GET``."""
        return "GET" if self.json_body is None else "POST"

    @property
    def key(self) -> Digest:
        """Digest of everything that shapes the answer."""
        body = None if self.json_body is None else self.json_body.decode()
        return digest_of("request", self.host.value, self.path, [list(pair) for pair in self.params], body)

    @staticmethod
    def graphql_body(query: str, variables: Mapping[str, JsonValue]) -> bytes:
        """Canonical JSON body of a GraphQL request."""
        return canonical_bytes({"query": query, "variables": variables})


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of what a platform says of one id, in the platform's own shape, whole and unchanged.

    ``kind`` is the adapter's word (``full``, ``episodes/2``, ``media``). For a batched answer it is the id's subtree.
    """

    kind: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Reading:
    """One answer taken apart by id. Every id of the request is in ``parts`` or in ``absent``."""

    parts: Mapping[str, tuple[Part, ...]] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Answer:
    """A platform's answer, whole. ``headers`` have lower-case names; ``body`` is decoded from any transfer coding."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    """The address that answered, after redirects."""
    elapsed_s: float | None = None
    """From the question's leaving to the whole answer, without the wait for its turn; ``None``: nobody measured."""
    reading: Reading | None = None
    """What it says by id, where it was put together from answers to other requests (a replay) and has no body."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One id that is wanted, what is known of the title, and the parts already had.

    ``id`` is in the platform's own addressing (``1``, ``cowboy-bebop``; for AnimeSchedule a foreign id, ``mal:1``).
    ``parts`` are the bodies by kind; planning is a pure function of them, so a killed run asks only what is missing.
    """

    id: str
    type: TitleType = TitleType.UNKNOWN
    status: AiringStatus = AiringStatus.UNKNOWN
    episodes: int | None = None
    ids: Mapping[Site, tuple[str, ...]] = field(default_factory=dict)
    parts: Mapping[str, bytes] = field(default_factory=dict)
