"""The whole way to one platform, to be gone by every platform: practice server, transport, adapter, engine, ledger.

Only time is not real: whoever waits sets the clock forward, so waits of hours cost nothing and can be measured. The
settings are those shipped, but for addresses, small batches and one request at a time.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.domain.exchange import Answer, Request
from pipeline.domain.names import Outcome, Platform
from pipeline.domain.source_title import SourceTitle
from pipeline.enrich.fetch.adapters import make_adapters
from pipeline.enrich.fetch.fetching import Fetcher
from pipeline.enrich.opening import open_ledger
from pipeline.enrich.rehearsal import pointed_at, practice_catalogue
from pipeline.enrich.syncing import sync_catalogue
from pipeline.errors import EnrichError
from pipeline.ledger import Ledger
from pipeline.ledger.fetched import SettledOutcome
from pipeline.platforms.port import PlatformAdapter
from pipeline.practice import Fault
from pipeline.practice.gate import Hours
from pipeline.practice.server import RunningPractice
from pipeline.settings import Settings
from pipeline.transport import HttpTransport
from pipeline.transport.state import open_state

START_S = 1_790_000_000.0
_ELSEWHERE = "Doko demo Nai"
"""Listed on AniDB alone, where AnimeSchedule would be asked by another kind of id in the same round."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One platform, through one of its APIs. ``own`` are settings of its section."""

    platform: Platform
    name: str
    own: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name


class Times:
    """A clock that waiting sets forward."""

    def __init__(self) -> None:
        self.now = START_S

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request that was let out, and what came of it."""

    kind: str
    ids: tuple[str, ...]
    sent_at: float
    ended_at: float
    error: EnrichError | None


class _Watched(HttpTransport):
    """The transport, and a list of everything it tried."""

    def __init__(self, settings: Settings, times: Times, attempts: list[Attempt]) -> None:
        super().__init__(settings, clock=times.clock, sleep=times.sleep)
        self._attempts, self._now = attempts, times.clock

    async def _once(self, lane: Any, request: Request, check: Any, may_go: Any) -> Answer:
        sent_at: list[float] = []

        def going() -> None:
            may_go()
            sent_at[:] = [self._now()]

        def note(error: EnrichError | None) -> None:
            if request.kind != "robots":
                self._attempts.append(Attempt(request.kind, request.ids, sent_at[0], self._now(), error))

        try:
            answer = await super()._once(lane, request, check, going)
        except EnrichError as error:
            note(error)
            raise
        note(None)
        return answer


@dataclass(slots=True)
class Run:
    """What one walk over the titles came to."""

    attempts: list[Attempt]
    asked: int
    """Requests the server saw, robots.txt left out."""

    @property
    def errors(self) -> list[EnrichError]:
        return [one.error for one in self.attempts if one.error is not None]


@dataclass(slots=True)
class Chain:
    """Everything between a catalogue and one platform's answers in a ledger."""

    subject: Subject
    settings: Settings
    server: RunningPractice
    ledger: Ledger
    times: Times
    title_ids: Sequence[str]

    @property
    def adapter(self) -> PlatformAdapter:
        return make_adapters(self.settings)[self.subject.platform]

    async def fetch(self, title_ids: Sequence[str] | None = None) -> Run:
        """One walk, as a process of its own makes it."""
        attempts: list[Attempt] = []
        counts = self.server.gate.counters.by_platform[self.subject.platform]
        before = counts.requests - counts.kinds["robots"]
        async with _Watched(self.settings, self.times, attempts) as transport:
            fetcher = Fetcher(
                adapter=self.adapter,
                ledger=self.ledger,
                transport=transport,
                freshness=self.settings.freshness,
                now=self.times.clock,
                why_off=None,
                concurrency=1,
                on_step=lambda _: None,
            )
            await fetcher.run(_windows(title_ids or self.title_ids), _nobody_listens)
        asked = counts.requests - counts.kinds["robots"] - before
        assert asked == len(attempts)
        assert not counts.over_windows, "a limit of the platform was broken"
        return Run(attempts, asked)

    def settled(self) -> list[SettledOutcome]:
        """What stands for each title."""
        stored = self.ledger.fetched.outcomes(self.title_ids)
        return [stored[title_id][self.subject.platform].outcome for title_id in self.title_ids]

    def outcomes(self) -> list[Outcome]:
        return [settled.outcome for settled in self.settled()]

    def converted(self) -> dict[str, SourceTitle]:
        """What the platform said in our terms, by id, with the server's address taken out."""
        ids = [id_ for settled in self.settled() for id_ in settled.ids]
        had = self.ledger.fetched.gathered(self.subject.platform, dict.fromkeys(ids, 0.0))
        here, nowhere = f"127.0.0.1:{self.server.port}".encode(), b"127.0.0.1"
        return {
            id_: self.adapter.convert(id_, {kind: body.replace(here, nowhere) for kind, body in had[id_].parts.items()})
            for id_ in ids
            if had[id_].parts and not had[id_].is_absent
        }

    def open_until(self) -> float | None:
        """Until when the breaker has the platform left alone, as the next process will read it."""
        with closing(open_state(self.settings)) as state, state.reading() as db:
            row = db.execute("select until from breakers where key=?", (self.subject.platform.value,)).fetchone()
        return None if row is None else float(row[0])


@asynccontextmanager
async def chain(
    subject: Subject, folder: Path, server: RunningPractice, *faults: Fault, rows: slice | None = None, **own: Any
) -> AsyncIterator[Chain]:
    """A chain to one platform that has these faults. ``rows`` of the listed titles, else a batch and what is left over.

    ``own`` are settings of the platform's section. The server is made like new.
    """
    times, gate = Times(), server.gate
    gate.speed, gate.has_limits, gate.hours = 1.0, True, Hours(clock=times.clock, wall=times.clock)
    gate.reset()
    for fault in faults:
        gate.faults.add(fault)
    settings = _settings(subject, folder, server.url, own)
    with closing(open_ledger(settings, now=times.clock)) as ledger:
        sync_catalogue(ledger, practice_catalogue())
        made = Chain(subject, settings, server, ledger, times, ())
        made.title_ids = list(_listed(made.adapter, ledger))[rows or slice(1, 2 + made.adapter.batch)]
        yield made


def _listed(adapter: PlatformAdapter, ledger: Ledger) -> Iterator[str]:
    """Titles the platform can be asked for, the long series first."""
    for title in ledger.titles.load(ledger.titles.active()):
        if adapter.wanted_ids(title.ids) and title.name != _ELSEWHERE:
            yield title.title_id


def _settings(subject: Subject, folder: Path, url: str, own: Mapping[str, Any]) -> Settings:
    given = pointed_at(Settings(checkpoints=folder), url, speed=1.0).model_dump()
    given["platforms"][subject.platform.value] |= {"concurrency": 1, **subject.own, **own}
    return Settings(**given)


async def _windows(title_ids: Sequence[str]) -> AsyncIterator[Sequence[str]]:
    yield title_ids


async def _nobody_listens(_: Platform, title_ids: Sequence[str]) -> None:
    return None
