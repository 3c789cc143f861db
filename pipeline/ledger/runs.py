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
        return [
            Run(r["run_id"], r["command"], r["started_at"], r["finished_at"], orjson.loads(r["summary"])) for r in rows
        ]
