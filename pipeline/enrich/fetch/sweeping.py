"""AnimeSchedule as one sweep over all it has, joined here to the ids we want: cheaper than ids for a large catalogue.

Ids cost a request for every 18 titles, the sweep one for every 18 records, however many titles are wanted. Every page
is kept as it comes; killed anywhere, the same call goes on with the pages that are not there yet.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from pipeline.domain.canonical import canonical_bytes
from pipeline.domain.exchange import Answer, Part, Reading
from pipeline.domain.names import Platform
from pipeline.enrich.fetch.asking import Transport
from pipeline.enrich.fetch.paging import CHUNK, Pages, SweepReport
from pipeline.enrich.fetch.settling import settle_from_kept
from pipeline.ledger import Ledger
from pipeline.ledger.fetched import Said
from pipeline.platforms.animeschedule.requests import ANIME
from pipeline.platforms.animeschedule.sweep import SweptPage, read_page, sweep_request
from pipeline.platforms.port import PlatformAdapter
from pipeline.settings import FreshnessSettings

__all__ = ["Sweeper"]


@dataclass(slots=True)
class _Seen:
    """What the pages so far said: every route, the kinds of parts of each id, and when the first page was given."""

    routes: set[str] = field(default_factory=set)
    kinds: dict[str, list[str]] = field(default_factory=dict)
    totals: set[int] = field(default_factory=set)
    unlisted: int = 0
    repeated: int = 0
    since: float = float("inf")

    def take(self, page: SweptPage, said_at: float) -> Reading:
        """Note a page; gives its parts by id, named as if they had been asked for by id."""
        self.totals.add(page.total)
        self.since = min(self.since, said_at)
        parts: dict[str, tuple[Part, ...]] = {}
        for record in page.records:
            if record.route in self.routes:
                self.repeated += 1  # the list moved on by one
                continue
            self.routes.add(record.route)
            self.unlisted += not record.ids
            for id_ in record.ids:
                kinds = self.kinds.setdefault(id_, [])
                kinds.append(f"{ANIME}/{record.route}" if kinds else ANIME)
                parts[id_] = (*parts.get(id_, ()), Part(kinds[-1], record.body))
        return Reading(parts)


@dataclass(frozen=True, slots=True)
class Sweeper:
    """One sweep. ``on_step`` is told before each act."""

    adapter: PlatformAdapter
    ledger: Ledger
    transport: Transport
    freshness: FreshnessSettings
    now: Callable[[], float]
    on_step: Callable[[str], None]

    async def run(self) -> SweepReport:
        """Sweep and settle. Raises what the transport raises; the pages so far are kept for a day."""
        report, seen = SweepReport(), _Seen()
        active = self.ledger.titles.active()
        wanted = self._wanted(active)
        is_new: dict[str, bool] = {}
        pages = 1
        while report.pages < pages:
            report.pages += 1
            page = await self._page(report, seen, wanted, is_new)
            if not page.records:
                break
            pages = page.pages
        report.records, report.found = len(seen.routes), len(seen.kinds)
        report.unlisted, report.repeated = seen.unlisted, seen.repeated
        report.is_whole = bool(seen.routes) and seen.totals == {len(seen.routes)}
        self.on_step("sweep:settle")
        if report.is_whole:
            self._note_absent(report, sorted(wanted - seen.kinds.keys()), seen.since, is_new)
        self.ledger.fetched.forget_parts(Platform.ANIMESCHEDULE, seen.kinds)
        for start in range(0, len(active), CHUNK):
            chunk = active[start : start + CHUNK]
            settled = settle_from_kept(self.ledger, self.adapter, chunk, is_new, self.freshness)
            report.titles_changed += settled.changed
        return report

    def _wanted(self, active: list[str]) -> set[str]:
        chunks = (active[start : start + CHUNK] for start in range(0, len(active), CHUNK))
        return {
            id_ for chunk in chunks for t in self.ledger.titles.load(chunk) for id_ in self.adapter.wanted_ids(t.ids)
        }

    async def _page(self, report: SweepReport, seen: _Seen, wanted: set[str], is_new: dict[str, bool]) -> SweptPage:
        pages = Pages(self.adapter, self.ledger, self.transport, self.now, self.on_step)
        given = await pages.give(sweep_request(report.pages))
        report.asked += given.is_asked
        page = read_page(given.answer.body, wanted)
        reading = seen.take(page, given.said_at)
        older = self._older(reading.parts, given.said_at)
        is_new |= {id_: id_ in older or is_new.get(id_, False) for id_ in reading.parts}
        pages.keep(given, Reading({id_: reading.parts[id_] for id_ in older}))
        return page

    def _note_absent(self, report: SweepReport, absent: list[str], since: float, is_new: dict[str, bool]) -> None:
        """An absence is as old as the first page: what was listed after it is not known to be missing."""
        report.absent = len(absent)
        older = self._older(absent, since)
        is_new |= {id_: id_ in older for id_ in absent}
        if older:
            summary = Answer(200, {}, canonical_bytes({"pages": report.pages, "records": report.records}), "")
            self.ledger.fetched.save([Said(sweep_request(0), summary, Reading(absent=older), said_at=since)])

    def _older(self, ids: Collection[str], said_at: float) -> frozenset[str]:
        """Those of which nothing is kept, or something older: an older word never replaces a newer one."""
        kept = self.ledger.fetched.kept(Platform.ANIMESCHEDULE, list(ids))
        return frozenset(id_ for id_ in ids if id_ not in kept or kept[id_].said_at < said_at)
