"""The log of runs: when, what for, and the summary each ended with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import orjson
import sqlalchemy as sa

from pipeline.domain.canonical import JsonValue
from pipeline.ledger.database import Database
from pipeline.ledger.tables import RUNS

__all__ = ["Run", "RunBook"]


@dataclass(frozen=True, slots=True)
class Run:
    """One run; ``finished_at`` is ``None`` while it goes on or when it was killed."""

    run_id: str
    command: str
    started_at: float
    finished_at: float | None
    summary: Mapping[str, JsonValue]


class RunBook:
    """Runs of this ledger."""

    def __init__(self, db: Database, now: Callable[[], float]) -> None:
        self._db = db
        self._now = now

    def start(self, run_id: str, command: str) -> None:
        """Note that a run begins."""
        row = {"run_id": run_id, "command": command, "started_at": self._now(), "finished_at": None, "summary": "{}"}
        with self._db.write() as c:
            c.execute(self._db.upsert(RUNS), row)

    def finish(self, run_id: str, summary: Mapping[str, JsonValue]) -> None:
        """Note how a run ended."""
        text = orjson.dumps(dict(summary), option=orjson.OPT_SORT_KEYS).decode()
        with self._db.write() as c:
            c.execute(sa.update(RUNS).where(RUNS.c.run_id == run_id).values(finished_at=self._now(), summary=text))

    def latest(self, limit: int = 10) -> list[Run]:
        """The last runs, newest first."""
        with self._db.read() as c:
            rows = c.execute(sa.select(RUNS).order_by(RUNS.c.started_at.desc()).limit(limit)).mappings().all()
        return [_run(row) for row in rows]

    def find(self, beginning: str) -> list[Run]:
        """The runs whose id begins so, newest first."""
        is_meant = sa.func.substr(RUNS.c.run_id, 1, len(beginning)) == beginning
        with self._db.read() as c:
            rows = c.execute(sa.select(RUNS).where(is_meant).order_by(RUNS.c.started_at.desc())).mappings().all()
        return [_run(row) for row in rows]

    def last_finished(self) -> Run | None:
        """The run that ended last."""
        query = sa.select(RUNS).where(RUNS.c.finished_at.is_not(None)).order_by(RUNS.c.finished_at.desc()).limit(1)
        with self._db.read() as c:
            row = c.execute(query).mappings().first()
        return None if row is None else _run(row)


def _run(row: sa.RowMapping) -> Run:
    return Run(row["run_id"], row["command"], row["started_at"], row["finished_at"], orjson.loads(row["summary"]))
