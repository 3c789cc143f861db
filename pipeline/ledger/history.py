"""Which record a title had when: a row for every change of its record or result, so that runs can be compared.

Rows are only ever added. A pass that changes nothing adds none.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pipeline.domain.canonical import Digest
from pipeline.ledger.database import Database, chunks
from pipeline.ledger.runs import Run
from pipeline.ledger.tables import TITLE_VERSIONS

__all__ = ["OUTSIDE", "HistoryBook", "Version", "note_versions"]

OUTSIDE = ""
"""The run id of what happened outside any run: a catalogue that no longer has the title, or has it again."""


@dataclass(frozen=True, slots=True)
class Version:
    """What a title was. ``result`` is also ``gone`` or ``merged``: then there is no record any more."""

    title_id: str
    record: Digest | None
    provenance: Digest | None
    result: str | None


def note_versions(c: Connection, versions: Iterable[Version], *, run_id: str, now: float) -> None:
    """Add those that differ from the last of their title. To be called in the transaction that changes the titles."""
    by_id = {version.title_id: version for version in versions}
    for chunk in chunks(list(by_id)):
        last = {title_id: (number, record, result) for title_id, number, record, result in c.execute(_last(chunk))}
        fresh = []
        for title_id in chunk:
            version, (number, record, result) = by_id[title_id], last.get(title_id, (0, None, None))
            if (version.record, version.result) != (record, result):
                row = {"number": number + 1, "run_id": run_id, "finished_at": now, "result": version.result}
                row |= {"title_id": title_id, "record": version.record, "provenance": version.provenance}
                fresh.append(row)
        if fresh:
            c.execute(sa.insert(TITLE_VERSIONS), fresh)


def _last(title_ids: Sequence[str]) -> sa.Select[Any]:
    v = TITLE_VERSIONS.c
    newest = (
        sa.select(v.title_id, sa.func.max(v.number).label("number"))
        .where(v.title_id.in_(title_ids))
        .group_by(v.title_id)
        .subquery()
    )
    at_it = sa.and_(v.title_id == newest.c.title_id, v.number == newest.c.number)
    return sa.select(v.title_id, v.number, v.record, v.result).join(newest, at_it)


class HistoryBook:
    """What every title was at a time."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def at_end_of(self, run: Run) -> dict[str, Version]:
        """What every title was when a run had ended; of a run that was killed, when it did the last it did."""
        if run.finished_at is not None:
            return self._at(run.finished_at)
        v = TITLE_VERSIONS.c
        with self._db.read() as c:
            last = c.execute(sa.select(sa.func.max(v.finished_at)).where(v.run_id == run.run_id)).scalar()
        return self._at(run.started_at if last is None else last)

    def before(self, run: Run) -> dict[str, Version]:
        """What every title was after the last that any other run did before this one began.

        What the catalogue lost or found since then counts to this run.
        """
        v = TITLE_VERSIONS.c
        by_others = sa.and_(v.run_id != run.run_id, v.run_id != OUTSIDE, v.finished_at <= run.started_at)
        with self._db.read() as c:
            last = c.execute(sa.select(sa.func.max(v.finished_at)).where(by_others)).scalar()
        return {} if last is None else self._at(last)

    def _at(self, time: float) -> dict[str, Version]:
        v = TITLE_VERSIONS.c
        newest = (
            sa.select(v.title_id, sa.func.max(v.number).label("number"))
            .where(v.finished_at <= time)
            .group_by(v.title_id)
            .subquery()
        )
        at_it = sa.and_(v.title_id == newest.c.title_id, v.number == newest.c.number)
        query = sa.select(v.title_id, v.record, v.provenance, v.result).join(newest, at_it)
        with self._db.read() as c:
            return {row[0]: Version(*row) for row in c.execute(query)}
