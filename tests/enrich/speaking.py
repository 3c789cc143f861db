"""A small platform and a transport, handed to the engine in place of the real ones."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from pipeline.domain.exchange import Answer, Part, Reading, Request, Wanted
from pipeline.domain.names import Outcome, Platform, Site
from pipeline.domain.source_title import SourceTitle
from pipeline.enrich.fetch.fetching import Fetcher
from pipeline.enrich.syncing import sync_catalogue
from pipeline.errors import EnrichError
from pipeline.ledger import Ledger
from pipeline.ledger.fetched import SettledOutcome
from pipeline.settings import FreshnessSettings

DAY_S = 86_400.0


@dataclass(frozen=True)
class SmallAdapter:
    """Asks for many ids at once, then for each id's further pages one by one. An answer is JSON by id."""

    batch: int = 4
    name: Platform = Platform.KITSU
    convert_version: int = 1
    stumbles_over: str | None = None

    @property
    def batch_bounds(self) -> tuple[int, int]:
        return self.batch, self.batch

    def wanted_ids(self, ids: Mapping[Site, tuple[str, ...]]) -> tuple[str, ...]:
        return ids.get(Site.KITSU, ())

    def plan_requests(self, wanted: Sequence[Wanted]) -> tuple[Request, ...]:
        first = tuple(w.id for w in wanted if "main" not in w.parts)
        if first:
            return (Request(self.name, "main", f"/main/{','.join(first)}", ids=first),)
        return tuple(
            Request(self.name, f"page/{page}", f"/page/{w.id}/{page}", ids=(w.id,))
            for w in wanted
            for page in range(2, 1 + orjson.loads(w.parts[last_of(w.parts)])["pages"])
            if f"page/{page}" not in w.parts
        )

    def expect_requests(self, wanted: Sequence[Wanted]) -> Counter[str]:
        return Counter(request.kind for request in self.plan_requests(wanted))

    def check_answer(self, request: Request, answer: Answer) -> None:
        return None

    def parse_answer(self, request: Request, answer: Answer) -> Reading:
        if self.stumbles_over in request.ids:
            raise KeyError(self.stumbles_over)
        said = orjson.loads(answer.body)
        parts = {id_: (Part(request.kind, orjson.dumps(said[id_])),) for id_ in request.ids if id_ in said}
        return Reading(parts=parts, absent=frozenset(request.ids) - parts.keys())

    def convert(self, id_: str, parts: Mapping[str, bytes]) -> SourceTitle:
        raise AssertionError("nothing is converted here")


def last_of(parts: Mapping[str, bytes]) -> str:
    pages = sorted((kind for kind in parts if kind != "main"), key=lambda kind: int(kind.removeprefix("page/")))
    return pages[-1] if pages else "main"


@dataclass
class SmallTransport:
    """Answers from ``pages`` (how many pages each id has); ``refuse`` may raise first. Keeps what it was asked."""

    pages: Mapping[str, int]
    refuse: Callable[[Request], EnrichError | None] = lambda _: None
    asked: list[tuple[str, ...]] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    latency_s: float = 0.0

    async def send(self, request: Request, check: Callable[[Request, Answer], None]) -> Answer:
        self.asked.append(request.ids)
        self.kinds.append(request.kind)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(self.latency_s)
        self.at_once -= 1
        error = self.refuse(request)
        if error is not None:
            raise error
        said = {id_: {"pages": self.pages[id_]} for id_ in request.ids if id_ in self.pages}
        return Answer(200, {}, orjson.dumps(said), "")


@dataclass
class Clock:
    """A clock that goes on only when told."""

    now: float = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now

    def pass_days(self, days: float) -> None:
        self.now += days * DAY_S


class Desk:
    """A ledger with titles that have one Kitsu id each (``1``, ``2``, …) and the engine over it."""

    def __init__(self, folder: Path, count: int, *, status: str = "FINISHED", ids: Sequence[str] = ()) -> None:
        self.clock = Clock()
        folder.mkdir(parents=True, exist_ok=True)
        self.ledger = Ledger(f"sqlite:///{folder / 'ledger.sqlite3'}", str(folder / "blobs"), now=self.clock)
        self.file = folder / "catalogue.jsonl"
        self.list_rows([[id_] for id_ in (ids or [str(number) for number in range(1, count + 1)])], status=status)
        self.adapter = SmallAdapter()
        self.why_off: str | None = None
        self.tops_up = False
        self.concurrency = 1
        self.steps: list[str] = []

    def list_rows(self, ids_of_rows: Sequence[Sequence[str]], *, status: str = "FINISHED") -> None:
        """Make the catalogue list these rows; a row may have several Kitsu ids, or none."""
        rows = [row(number, ids, status) for number, ids in enumerate(ids_of_rows)]
        self.file.write_bytes(b"\n".join(orjson.dumps(line) for line in [ABOUT, *rows]))
        sync_catalogue(self.ledger, str(self.file))
        self.title_ids = self.ledger.titles.active()

    async def fetch(self, transport: SmallTransport, *, window: int = 100) -> list[str]:
        """One walk; gives the titles in the order in which they were told to be settled."""
        told: list[str] = []

        async def on_settled(_: Platform, title_ids: Sequence[str]) -> None:
            told.extend(title_ids)

        async def windows() -> AsyncIterator[Sequence[str]]:
            for start in range(0, len(self.title_ids), window):
                yield self.title_ids[start : start + window]

        fetcher = Fetcher(
            adapter=self.adapter,
            ledger=self.ledger,
            transport=transport,
            freshness=FreshnessSettings(),
            now=self.clock,
            why_off=self.why_off,
            tops_up=self.tops_up,
            concurrency=self.concurrency,
            on_step=self.steps.append,
        )
        await fetcher.run(windows(), on_settled)
        return told

    def settled(self) -> list[SettledOutcome | None]:
        """What stands for each title, in catalogue order."""
        stored = self.ledger.fetched.outcomes(self.title_ids)
        found = [stored[title_id].get(Platform.KITSU) for title_id in self.title_ids]
        return [None if settled is None else settled.outcome for settled in found]

    def outcomes(self) -> list[Outcome | None]:
        return [None if settled is None else settled.outcome for settled in self.settled()]


ABOUT = {
    "license": {"name": "Open Data Commons Open Database License (ODbL) v1.0", "url": "https://example.org/licence"},
    "repository": "https://example.org/repository",
    "lastUpdate": "2026-10-01",
}


def row(number: int, kitsu_ids: Sequence[str], status: str) -> dict[str, object]:
    """A catalogue row of our own making."""
    return {
        "sources": [
            f"https://anidb.net/anime/{number + 1}",
            *(f"https://kitsu.app/anime/{id_}" for id_ in kitsu_ids),
        ],
        "title": f"Title {number}",
        "type": "TV",
        "episodes": 12,
        "status": status,
        "animeSeason": {"season": "SPRING", "year": 2001},
        "picture": "https://example.org/picture.png",
        "thumbnail": "https://example.org/thumbnail.png",
        "synonyms": [],
        "studios": [],
        "producers": [],
        "relatedAnime": [],
        "tags": [],
    }
