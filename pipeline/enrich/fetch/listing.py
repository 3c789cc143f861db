"""MyAnimeList's list of all titles, so that every title has a record of it after some hundred requests.

A row is not the record: it is kept as a part of its own kind where no fuller record is kept. It counts until the fuller
one is there, and for good where the settings are content with it (``platforms.jikan.base``). Being in no row says
nothing: the list leaves some out. Every page is kept as it comes; killed anywhere, the same call goes on from there.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog

from pipeline.domain.exchange import Part, Reading
from pipeline.domain.names import Outcome, Platform
from pipeline.enrich.fetch.asking import Transport
from pipeline.enrich.fetch.freshness import is_fresh
from pipeline.enrich.fetch.paging import CHUNK, Page, Pages, SweepReport
from pipeline.enrich.fetch.settling import settle_from_kept
from pipeline.ledger import Ledger
from pipeline.ledger.fetched import REUSE_S, PartRef, Settled
from pipeline.ledger.titles import StoredTitle
from pipeline.platforms.jikan.listing import ListedRow, Listing, list_request, read_list
from pipeline.platforms.jikan.payload import RECORDS
from pipeline.platforms.port import PlatformAdapter
from pipeline.settings import FreshnessSettings

__all__ = ["Lister"]

_log = structlog.get_logger(__name__)
_MOST_PAGES: Final = 20_000
"""Half a million titles, 25 a page: a list that goes on then has no end."""
_ASKED: Final = (Outcome.FOUND, Outcome.ABSENT, Outcome.FAILED)


@dataclass(slots=True)
class _Wanted:
    """Ids of the catalogue: all; those a row is kept of, and those among them that are asked anew, since when."""

    listed: set[str] = field(default_factory=set)
    rows: set[str] = field(default_factory=set)
    since: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lister:
    """One reading of the list. ``is_enough``: the settings want no fuller record than a row. ``on_step`` is told first.

    ``rest_s`` is how long an asking that was begun stays open: a run within that time asks only for the rest.
    """

    adapter: PlatformAdapter
    ledger: Ledger
    transport: Transport
    freshness: FreshnessSettings
    listing: Listing
    is_enough: bool
    now: Callable[[], float]
    on_step: Callable[[str], None]
    rest_s: float = REUSE_S

    async def run(self) -> SweepReport:
        """Read and settle. Raises what the transport raises; the pages so far are kept for a day."""
        report, seen, totals = SweepReport(), set[str](), set[int | None]()
        active = self.ledger.titles.active()
        wanted = self._wanted(active)
        is_new: dict[str, bool] = {}
        pages = Pages(self.adapter, self.ledger, self.transport, self.now, self.on_step)
        goes_on = True
        while goes_on and report.pages < _MOST_PAGES:
            report.pages += 1
            given = await pages.give(list_request(self.listing, report.pages))
            report.asked += given.is_asked
            page = read_list(self.listing, given.answer.body)
            rows = {row.id: row for row in page.rows if row.id not in seen}
            report.repeated += len(page.rows) - len(rows)
            report.unlisted += len(rows.keys() - wanted.listed)
            seen |= rows.keys()
            totals.add(page.total)
            is_new |= self._keep(pages, given, rows, wanted)
            goes_on = page.goes_on and bool(rows)  # a page that brings nothing new would come for ever
        report.records, report.found = len(seen), len(seen & wanted.listed)
        report.is_whole = bool(seen) and not goes_on and not report.repeated and totals <= {len(seen), None}
        if not report.is_whole:
            _log.warning("list_shifted", listing=self.listing, rows=len(seen), repeated=report.repeated)
        self._settle(report, active, is_new)
        return report

    def _wanted(self, active: Sequence[str]) -> _Wanted:
        wanted = _Wanted()
        for start in range(0, len(active), CHUNK):
            titles = self.ledger.titles.load(active[start : start + CHUNK])
            ids = {title.title_id: self.adapter.wanted_ids(title.ids) for title in titles}
            mine = {id_ for some in ids.values() for id_ in some}
            wanted.listed |= mine
            if self.is_enough:
                since = self._ask_anew(titles, ids)
                for title_id, at in since.items():
                    wanted.since |= dict.fromkeys(ids[title_id], at)
            refs = self.ledger.fetched.part_refs(Platform.JIKAN, sorted(mine))
            wanted.rows |= {id_ for id_ in mine if id_ in wanted.since or not self._has_fuller(refs.get(id_, ()))}
        return wanted

    def _has_fuller(self, refs: Sequence[PartRef]) -> bool:
        fuller = RECORDS[: RECORDS.index(self.listing)]
        return any(ref.kind in fuller for ref in refs)

    def _ask_anew(self, titles: Sequence[StoredTitle], ids: Mapping[str, Sequence[str]]) -> dict[str, float]:
        """Begin the next asking of titles whose answers are no longer fresh: a row is its first answer."""
        stored = self.ledger.fetched.outcomes([title.title_id for title in titles])
        last = {title.title_id: stored[title.title_id].get(Platform.JIKAN) for title in titles}
        stale = [title_id for title_id, settled in last.items() if self._is_stale(settled, ids[title_id])]
        return self.ledger.fetched.intend(Platform.JIKAN, stale, reuse_s=self.rest_s) if stale else {}

    def _is_stale(self, last: Settled | None, ids: Sequence[str]) -> bool:
        if last is None or not ids or last.outcome.outcome not in _ASKED:
            return False
        return not is_fresh(last.outcome, ids, now=self.now())

    def _keep(self, pages: Pages, given: Page, rows: Mapping[str, ListedRow], wanted: _Wanted) -> dict[str, bool]:
        """Keep a page and what is wanted of it; gives its ids that are not asked anew, and which are new."""
        about = {id_: given.said_at for id_ in rows if id_ in wanted.rows}
        had = self.ledger.fetched.standing(Platform.JIKAN, about)
        new = [
            id_
            for id_ in about
            if not had[id_].is_absent
            and self.listing not in had[id_].parts  # else what is kept is as new
            and given.said_at >= wanted.since.get(id_, 0.0)
        ]
        reading = Reading({id_: (Part(self.listing, rows[id_].body),) for id_ in new})
        pages.keep(given, reading, {id_: wanted.since[id_] for id_ in new if id_ in wanted.since})
        return {id_: id_ in new for id_ in about if id_ not in wanted.since}

    def _settle(self, report: SweepReport, active: Sequence[str], is_new: Mapping[str, bool]) -> None:
        self.on_step("sweep:settle")
        for start in range(0, len(active), CHUNK):
            chunk = active[start : start + CHUNK]
            settled = settle_from_kept(self.ledger, self.adapter, chunk, is_new, self.freshness)
            report.titles_changed += settled.changed
