"""Who works on what, and the result of every step.

A process claims titles before it works on them; a claim is good while its process lives, and is taken over at once
when the process is known dead (same machine) or has not been seen for :data:`SILENT_S` (another machine). A step's
intent and its result are separate writes; a result stands under the key of everything that shaped it.
"""

import os
import socket
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pipeline.domain.canonical import Digest, digest_bytes
from pipeline.ledger.database import Database, chunks
from pipeline.ledger.packing import pack, unpack
from pipeline.ledger.tables import CLAIMS, STEPS, TITLES, WORKERS

__all__ = ["SILENT_S", "Claims", "StepBook", "StepResult", "Worker"]

SILENT_S: Final = 120.0
"""A worker of another machine that was not seen for so long is taken for dead."""


@dataclass(frozen=True, slots=True)
class Worker:
    """A process that works on this ledger. ``process`` tells a reused process id apart (its start time)."""

    owner: str
    host: str
    pid: int
    process: str

    @classmethod
    def this(cls) -> "Worker":
        """This process, under a name of its own for every run."""
        pid = os.getpid()
        return cls(uuid.uuid4().hex, socket.gethostname(), pid, _process_start(pid) or "")


def _process_start(pid: int) -> str | None:
    """When a process started, as the kernel says it; ``None`` if it is gone, ``""`` where the kernel does not say."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return None if words[0] in "ZX" else words[19]  # a zombie is dead, though nobody has buried it yet
    except FileNotFoundError:
        return None if Path("/proc/self/stat").exists() else ""
    except (OSError, IndexError):
        return ""


def _is_running(pid: int, process: str) -> bool:
    started = _process_start(pid)
    if started is None:
        return False
    if started:
        return started == process
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class Claims:
    """Titles claimed by processes."""

    def __init__(self, db: Database, worker: Worker, now: Callable[[], float]) -> None:
        self._db = db
        self._me = worker
        self._now = now

    def beat(self) -> None:
        """Say that this process lives."""
        with self._db.write() as c:
            self._beat(c)

    def _beat(self, c: Connection) -> None:
        me = self._me
        c.execute(
            self._db.upsert(WORKERS),
            {"owner": me.owner, "host": me.host, "pid": me.pid, "process": me.process, "seen_at": self._now()},
        )

    def take(self, title_ids: Sequence[str]) -> list[str]:
        """Claim titles; gives those that are ours now, in the order asked. The others belong to a living process."""
        mine: list[str] = []
        with self._db.write() as c:
            self._beat(c)
            alive = self._alive(c)
            for chunk in chunks(title_ids):
                held = dict(
                    c.execute(sa.select(CLAIMS.c.title_id, CLAIMS.c.owner).where(CLAIMS.c.title_id.in_(chunk))).all()
                )
                free = [t for t in chunk if held.get(t) in (None, self._me.owner) or held[t] not in alive]
                if free:
                    rows = [{"title_id": t, "owner": self._me.owner, "at": self._now()} for t in free]
                    c.execute(self._db.upsert(CLAIMS), rows)
                mine += free
        return mine

    def release(self, title_ids: Sequence[str]) -> None:
        """Give titles back."""
        with self._db.write() as c:
            for chunk in chunks(title_ids):
                c.execute(
                    sa.delete(CLAIMS).where(CLAIMS.c.title_id.in_(chunk), CLAIMS.c.owner == self._me.owner)
                )  # fmt: skip

    def leave(self) -> None:
        """Give everything back; this process is done."""
        with self._db.write() as c:
            c.execute(sa.delete(CLAIMS).where(CLAIMS.c.owner == self._me.owner))
            c.execute(sa.delete(WORKERS).where(WORKERS.c.owner == self._me.owner))

    def others(self) -> list[tuple[str, int, int]]:
        """``(host, pid, titles)`` of every other living process."""
        with self._db.read() as c:
            alive = self._alive(c)
            counts: dict[str, int] = dict(
                c.execute(sa.select(CLAIMS.c.owner, sa.func.count()).group_by(CLAIMS.c.owner)).all()
            )  # fmt: skip
        return [(w.host, w.pid, counts.get(w.owner, 0)) for w in alive.values() if w.owner != self._me.owner]

    def _alive(self, c: Connection) -> dict[str, Worker]:
        found: dict[str, Worker] = {}
        for row in c.execute(sa.select(WORKERS)).mappings():
            worker = Worker(row["owner"], row["host"], row["pid"], row["process"])
            is_here = worker.host == self._me.host
            if _is_running(worker.pid, worker.process) if is_here else row["seen_at"] > self._now() - SILENT_S:
                found[worker.owner] = worker
        return found


@dataclass(frozen=True, slots=True)
class StepResult:
    """A settled step: ``body`` is what it made, ``None`` when it failed (``note`` says why)."""

    title_id: str
    step: str
    key: Digest
    body: bytes | None
    note: str = ""
    cpu_s: float = 0.0

    @property
    def is_done(self) -> bool:
        """Whether the step made something."""
        return self.body is not None


class StepBook:
    """Results of steps."""

    def __init__(self, db: Database, worker: Worker, now: Callable[[], float]) -> None:
        self._db = db
        self._me = worker
        self._now = now

    def find(self, step: str, keys: Mapping[str, Digest]) -> dict[str, StepResult]:
        """Finished results under exactly these keys, by title. A torn body counts as not there."""
        found: dict[str, StepResult] = {}
        with self._db.read() as c:
            for chunk in chunks(list(keys)):
                query = sa.select(STEPS).where(
                    STEPS.c.step == step, STEPS.c.title_id.in_(chunk), STEPS.c.status == "done"
                )
                for row in c.execute(query).mappings():
                    if row["key"] != keys[row["title_id"]]:
                        continue
                    body = unpack(row["body"] or b"", row["digest"] or "")
                    if body is not None:
                        found[row["title_id"]] = StepResult(row["title_id"], step, row["key"], body, row["note"])
        return found

    def last(self, title_id: str, step: str) -> StepResult | None:
        """The last result of one title's step under whatever key, if it made something."""
        query = sa.select(STEPS).where(STEPS.c.title_id == title_id, STEPS.c.step == step, STEPS.c.status == "done")
        with self._db.read() as c:
            row = c.execute(query).mappings().first()
        body = None if row is None else unpack(row["body"] or b"", row["digest"] or "")
        return None if row is None or body is None else StepResult(title_id, step, row["key"], body, row["note"])

    def intend(self, step: str, keys: Mapping[str, Digest]) -> None:
        """Note that these titles' step is about to be done."""
        rows = [self._row(t, step, key, "intended") for t, key in keys.items()]
        if rows:
            with self._db.write() as c:
                c.execute(self._db.upsert(STEPS), rows)

    def settle(self, results: Sequence[StepResult]) -> None:
        """Record what came of it."""
        rows = []
        for result in results:
            row = self._row(result.title_id, result.step, result.key, "done" if result.is_done else "failed")
            packed = None if result.body is None else pack(result.body)
            row |= {"body": packed, "digest": None if result.body is None else digest_bytes(result.body)}
            row |= {"note": result.note, "finished_at": self._now(), "cpu_s": result.cpu_s}
            rows.append(row)
        if rows:
            with self._db.write() as c:
                c.execute(self._db.upsert(STEPS, keep=("started_at",)), rows)

    def _row(self, title_id: str, step: str, key: Digest, status: str) -> dict[str, object]:
        return {
            "title_id": title_id,
            "step": step,
            "key": key,
            "status": status,
            "body": None,
            "digest": None,
            "note": "",
            "owner": self._me.owner,
            "started_at": self._now(),
            "finished_at": None,
            "cpu_s": None,
        }

    def cpu_by_step(self) -> dict[str, tuple[int, float]]:
        """``step -> (titles, CPU seconds)`` over the last results."""
        query = sa.select(STEPS.c.step, sa.func.count(), sa.func.coalesce(sa.func.sum(STEPS.c.cpu_s), 0.0)).group_by(
            STEPS.c.step
        )
        with self._db.read() as c:
            return {step: (count, float(cpu_s)) for step, count, cpu_s in c.execute(query)}

    def slowest(self, limit: int) -> dict[str, dict[str, float]]:
        """The active titles whose last results took most CPU: ``title_id -> step -> seconds``, slowest first."""
        total = sa.func.sum(STEPS.c.cpu_s)
        is_active = sa.and_(TITLES.c.title_id == STEPS.c.title_id, TITLES.c.state == "active")
        spent = sa.select(STEPS.c.title_id).join(TITLES, is_active).where(STEPS.c.cpu_s > 0.0)
        with self._db.read() as c:
            ids = c.execute(spent.group_by(STEPS.c.title_id).order_by(total.desc(), STEPS.c.title_id).limit(limit))
            found: dict[str, dict[str, float]] = {title_id: {} for title_id in ids.scalars()}
            steps = sa.select(STEPS.c.title_id, STEPS.c.step, STEPS.c.cpu_s).where(STEPS.c.title_id.in_(found))
            for title_id, step, cpu_s in c.execute(steps):
                found[title_id][step] = cpu_s or 0.0
        return found

    def failures(self, *, limit: int = 50) -> list[tuple[str, str, str]]:
        """``(title_id, step, note)`` of failed steps."""
        query = (
            sa.select(STEPS.c.title_id, STEPS.c.step, STEPS.c.note)
            .where(STEPS.c.status == "failed")
            .order_by(STEPS.c.title_id)
            .limit(limit)
        )
        with self._db.read() as c:
            return [(t, s, n) for t, s, n in c.execute(query)]
