"""When the word that stands in a record was fetched. Records hold no clock; the ledger knows."""

from collections.abc import Mapping, Sequence

from pipeline.domain.names import Source
from pipeline.domain.quality import SOURCE_OF
from pipeline.enrich.report import iso_time
from pipeline.ledger import Ledger

__all__ = ["heard_at"]


def heard_at(ledger: Ledger, title_ids: Sequence[str]) -> Mapping[str, dict[Source, str]]:
    """By title and source the instant (``2026-01-10T15:30:00Z``) it was last heard to the end."""
    return {
        title_id: {
            SOURCE_OF[platform]: iso_time(settled.heard_at)
            for platform, settled in sorted(outcomes.items())
            if settled.heard_at is not None and settled.is_heard
        }
        for title_id, outcomes in ledger.fetched.outcomes(title_ids).items()
    }
