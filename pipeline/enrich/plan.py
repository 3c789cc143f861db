"""What a run would ask, before it asks: requests per platform and kind, what is spared, and the time at the limits.

Pure but for reading the ledger. Types and lengths are the catalogue's; how long a cast is nobody knows before the first
answer is there, nor which ids a platform does not have: a plan is an estimate and says so.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.domain.canonical import JsonValue
from pipeline.domain.exchange import Wanted
from pipeline.domain.names import Host, Outcome, Platform, Tier
from pipeline.enrich.chain import why_left_out
from pipeline.enrich.fetch.adapters import ids_to_ask
from pipeline.enrich.fetch.freshness import is_fresh, missing_of, wanted_of
from pipeline.ledger import Ledger
from pipeline.ledger.fetched import SettledOutcome
from pipeline.ledger.titles import StoredTitle
from pipeline.platforms.port import PlatformAdapter
from pipeline.settings import Limit, Settings

__all__ = ["TERMS", "Plan", "PlatformPlan", "plan_run", "time_at_limits_s"]

_WINDOW = 500


@dataclass(frozen=True, slots=True)
class PlatformPlan:
    """One platform's share. ``titles`` are those it must be asked for, ``spared`` those whose answers are fresh.

    A title with fresh answers that lacks something the settings want by now is one to ask for.
    """

    platform: Platform
    titles: int
    spared: int
    not_listed: int
    requests: Mapping[str, int]
    eta_s: float
    why_off: str | None
    terms: str | None

    @property
    def request_count(self) -> int:
        """All kinds together."""
        return sum(self.requests.values())


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole run. Platforms are asked side by side, so the slowest one is the time of all."""

    selected: int
    due: int
    platforms: tuple[PlatformPlan, ...]

    @property
    def long_pole(self) -> PlatformPlan | None:
        """The platform everything waits for."""
        asked = [p for p in self.platforms if p.request_count]
        return max(asked, key=lambda p: p.eta_s, default=None)

    def as_json(self) -> dict[str, JsonValue]:
        """Plain data."""
        pole = self.long_pole
        return {
            "selected": self.selected,
            "due": self.due,
            "long_pole": None if pole is None else pole.platform.value,
            "eta_s": 0.0 if pole is None else round(pole.eta_s, 1),
            "is_estimate": True,
            "platforms": {
                p.platform.value: {
                    "titles": p.titles,
                    "spared": p.spared,
                    "not_listed": p.not_listed,
                    "requests": dict(p.requests),
                    "eta_s": round(p.eta_s, 1),
                    "off": p.why_off,
                    "terms": p.terms,
                }
                for p in self.platforms
            },
        }


TERMS: Mapping[Platform, str] = {
    Platform.ANILIST: "forbids mass collection; a mirror needs written permission",
    Platform.ANIDB: "not to be used to download AniDB; a registered client, about 200 answers a day",
    Platform.ANIME_PLANET: "no API; ask before reading pages in bulk",
    Platform.ANIMESCHEDULE: "visible credit; ask before commercial use",
    Platform.JIKAN: "MyAnimeList's terms speak against building a database from it",
}
"""What the platforms' terms say of collecting in bulk (docs/platforms.md)."""


def time_at_limits_s(requests: int, limits: Sequence[Limit]) -> float:
    """How long so many requests take when every limit is kept and nothing else costs time.

    Full windows of the longest limit pass whole; what is left goes at the pace of the shorter ones.
    """
    if not requests or not limits:
        return 0.0
    *shorter, longest = sorted(limits, key=lambda limit: limit.per_s)
    windows, left = divmod(requests - 1, longest.requests)
    return max(windows * longest.per_s + time_at_limits_s(left + 1, shorter), time_at_limits_s(requests, shorter))


def plan_run(
    settings: Settings,
    ledger: Ledger,
    adapters: Mapping[Platform, PlatformAdapter],
    title_ids: Sequence[str],
    *,
    selected: int,
    now: Callable[[], float],
    tier: Tier = Tier.PAGES,
) -> Plan:
    """The plan for some due titles in a run that goes as far as ``tier``."""
    tallies = {
        platform: _Tally(
            settings.why_off(platform) or why_left_out(platform, tier),
            ledger,
            tops_up=bool(settings.platforms.of(platform).detail),
        )
        for platform in adapters
    }
    for start in range(0, len(title_ids), _WINDOW):
        titles = ledger.titles.load(title_ids[start : start + _WINDOW])
        stored = ledger.fetched.outcomes([t.title_id for t in titles])
        for platform, adapter in adapters.items():
            tally = tallies[platform]
            for title in titles:
                last = stored[title.title_id].get(platform)
                tally.add(title, adapter, None if last is None else last.outcome, now=now())
            tally.flush(adapter, is_last=start + _WINDOW >= len(title_ids))
    return Plan(
        selected=selected,
        due=len(title_ids),
        platforms=tuple(tally.plan(platform, settings) for platform, tally in tallies.items()),
    )


class _Tally:
    def __init__(self, why_off: str | None, ledger: Ledger, *, tops_up: bool) -> None:
        self._why_off, self._ledger, self._tops_up = why_off, ledger, tops_up
        self._titles = self._spared = self._not_listed = 0
        self._requests: Counter[str] = Counter()
        self._waiting: list[Wanted] = []

    def add(self, title: StoredTitle, adapter: PlatformAdapter, last: SettledOutcome | None, *, now: float) -> None:
        ids = ids_to_ask(adapter, title)
        if self._why_off is not None:
            return
        if not ids:
            self._not_listed += 1
        elif last is not None and is_fresh(last, ids, now=now):
            is_looked_through = self._tops_up or last.outcome is Outcome.FAILED
            missing = missing_of(adapter, self._ledger, title, last) if is_looked_through else ()
            self._requests.update(request.kind.partition("/")[0] for request in missing)
            self._titles += bool(missing)
            self._spared += not missing
        else:
            self._titles += 1
            self._waiting += wanted_of(title, ids)

    def flush(self, adapter: PlatformAdapter, *, is_last: bool) -> None:
        while len(self._waiting) >= adapter.batch or (is_last and self._waiting):
            batch, self._waiting = self._waiting[: adapter.batch], self._waiting[adapter.batch :]
            self._requests += adapter.expect_requests(batch)

    def plan(self, platform: Platform, settings: Settings) -> PlatformPlan:
        further = [host for host in settings.platforms.hosts(platform) if host is not platform]
        counts: dict[Host, int] = {host: self._requests[host.value] for host in further}
        counts[platform] = self._requests.total() - sum(counts.values())
        times_s = [time_at_limits_s(n, settings.platforms.of(host).limits) for host, n in counts.items()]
        return PlatformPlan(
            platform=platform,
            titles=self._titles,
            spared=self._spared,
            not_listed=self._not_listed,
            requests=dict(sorted(self._requests.items())),
            eta_s=max(times_s) / settings.speed,  # hosts are asked side by side
            why_off=self._why_off,
            terms=TERMS.get(platform),
        )
