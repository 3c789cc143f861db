"""A list read page after page, whatever platform it is of: what is asked once a day, and what reading it came to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from pipeline.domain.canonical import JsonValue
from pipeline.domain.exchange import Answer, Reading, Request
from pipeline.enrich.fetch.asking import Transport
from pipeline.ledger import Ledger
from pipeline.ledger.fetched import REUSE_S, Said
from pipeline.platforms.port import PlatformAdapter

__all__ = ["CHUNK", "Page", "Pages", "SweepReport"]

CHUNK = 500
"""Titles looked at together."""


@dataclass(slots=True)
class SweepReport:
    """What a sweep came to."""

    pages: int = 0
    asked: int = 0
    """Pages that were asked for; the others were there."""
    records: int = 0
    found: int = 0
    """Wanted ids that some record is about."""
    absent: int = 0
    unlisted: int = 0
    """Records about nothing the catalogue lists."""
    repeated: int = 0
    """Records that came again on a later page."""
    titles_changed: int = 0
    is_whole: bool = True
    """Every record was seen. Else the list changed meanwhile: nothing counts as absent, the next run asks for it."""

    def as_json(self) -> dict[str, JsonValue]:
        """Plain data."""
        return {
            "pages": self.pages, "asked": self.asked, "records": self.records, "found": self.found,
            "absent": self.absent, "unlisted": self.unlisted, "repeated": self.repeated,
            "titles_changed": self.titles_changed, "is_whole": self.is_whole,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Page:
    """A page, and when it was said. ``is_asked``: it was asked for just now, and is not kept yet."""

    request: Request
    answer: Answer
    said_at: float
    is_asked: bool


@dataclass(frozen=True, slots=True)
class Pages:
    """Pages of a list: asked for once a day, so that a reading that was cut off goes on where it was."""

    adapter: PlatformAdapter
    ledger: Ledger
    transport: Transport
    now: Callable[[], float]
    on_step: Callable[[str], None]

    async def give(self, request: Request) -> Page:
        """The page, from what is kept or from the platform."""
        had = self.ledger.fetched.answer_since(request.key, self.now() - REUSE_S)
        if had is not None:
            return Page(request, Answer(200, {}, had[0], ""), had[1], is_asked=False)
        self.on_step("ask:sweep")
        answer = await self.transport.send(request, self.adapter.check_answer)
        return Page(request, answer, self.now(), is_asked=True)

    def keep(self, page: Page, reading: Reading, since: Mapping[str, float] | None = None) -> None:
        """Keep the page with what it says by id. ``since``: ids whose new asking this is the first answer of."""
        if page.is_asked or reading.parts:
            self.on_step("keep:sweep")
            request = page.request if not since else replace(page.request, ids=tuple(since))
            self.ledger.fetched.save([Said(request, page.answer, reading, since or {}, said_at=page.said_at)])
