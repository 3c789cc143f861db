"""What platforms were asked and what they said: raw answers, their parts by id, and the outcome per title.

Intent, act, result: an outcome row without an outcome is an intent. Parts that came in after the intent count, so a
killed run asks only for what is missing. An answer, its parts and its absences are one transaction.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pipeline.domain.canonical import Digest, digest_of
from pipeline.domain.exchange import Answer, Reading, Request
from pipeline.domain.names import Outcome, Platform
from pipeline.errors import Damaged
from pipeline.ledger.blobs import BlobStore
from pipeline.ledger.database import Database, chunks
from pipeline.ledger.tables import ANSWERS, OUTCOMES, PARTS

__all__ = ["REUSE_S", "FetchBook", "Gathered", "Kept", "PartRef", "Settled", "SettledOutcome"]

REUSE_S: Final = 86_400.0
"""Parts of an unfinished asking are good for a day; no platform changes an entry faster than it may be asked."""

_ABSENT: Final = "~absent"

_MINE: Final = (PARTS.c.platform == sa.bindparam("of"), PARTS.c.id.in_(sa.bindparam("ids", expanding=True)))
_PARTS_OF: Final = (
    sa.select(PARTS.c.id, PARTS.c.kind, PARTS.c.body, PARTS.c.fetched_at)
    .where(*_MINE)
    .order_by(PARTS.c.id, PARTS.c.kind)
)
"""Made once: making a statement takes longer than running it."""
_SAID: Final = sa.delete(PARTS).where(*_MINE)
_OTHER_KINDS: Final = _SAID.where(PARTS.c.kind.not_in(sa.bindparam("kinds", expanding=True)))
_NO_LONGER_ABSENT: Final = _SAID.where(PARTS.c.kind == _ABSENT)
_NO_LONGER_THERE: Final = _SAID.where(PARTS.c.kind != _ABSENT)


@dataclass(frozen=True, slots=True)
class PartRef:
    """A stored part: its kind and the digest of its body."""

    kind: str
    body: Digest


@dataclass(slots=True)
class Gathered:
    """What is had of one id: bodies by kind, or the platform's word that it has none."""

    parts: dict[str, bytes] = field(default_factory=dict)
    is_absent: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """When the platform said what is kept of one id (the oldest piece counts), and whether that is "not here"."""

    said_at: float
    is_absent: bool


@dataclass(frozen=True, slots=True)
class SettledOutcome:
    """What came of asking one platform for one title, and until when that is good."""

    title_id: str
    platform: Platform
    outcome: Outcome
    ids: tuple[str, ...] = ()
    reason: str = ""
    fresh_until: float = 0.0


@dataclass(frozen=True, slots=True)
class Settled:
    """An outcome as stored, with the time it was settled."""

    outcome: SettledOutcome
    settled_at: float


class FetchBook:
    """Answers, parts and outcomes."""

    def __init__(self, db: Database, blobs: BlobStore, now: Callable[[], float]) -> None:
        self._db = db
        self._blobs = blobs
        self._now = now

    def save(self, request: Request, answer: Answer, reading: Reading, since: Mapping[str, float]) -> None:
        """Keep one answer whole, and what it says of each id.

        ``since`` is when each id was intended: an answer is never older than that, even if the clock went back.
        """
        self.save_said(request, answer, reading, said_at=max(self._now(), *(since[id_] for id_ in request.ids)))

    def save_said(self, request: Request, answer: Answer, reading: Reading, *, said_at: float) -> None:
        """Keep one answer the platform gave at some time (Unix seconds), and what it says of each id."""
        body = self._blobs.put(answer.body)
        rows: list[dict[str, object]] = [
            {
                "platform": request.platform.value,
                "id": id_,
                "kind": part.kind,
                "body": self._blobs.put(part.body),
                "answer": request.key,
                "fetched_at": said_at,
            }
            for id_, parts in reading.parts.items()
            for part in parts
        ]
        rows += [
            {"platform": request.platform.value, "id": id_, "kind": _ABSENT, "body": None, "answer": request.key,
             "fetched_at": said_at}
            for id_ in sorted(reading.absent)
        ]  # fmt: skip
        with self._db.write() as c:
            c.execute(
                self._db.upsert(ANSWERS),
                {
                    "key": request.key,
                    "platform": request.platform.value,
                    "kind": request.kind,
                    "request": orjson.dumps(
                        {"method": request.method, "path": request.path, "params": request.params, "ids": request.ids}
                    ).decode(),
                    "status": answer.status,
                    "headers": orjson.dumps(dict(answer.headers)).decode(),
                    "body": body,
                    "fetched_at": said_at,
                },
            )
            _unsay(c, request.platform, reading)
            if rows:
                c.execute(self._db.upsert(PARTS), rows)

    def answer_since(self, key: Digest, since: float) -> tuple[bytes, float] | None:
        """The body of a kept answer not older than ``since`` and when it was given; ``None`` if there is none whole."""
        query = sa.select(ANSWERS.c.body, ANSWERS.c.fetched_at).where(
            ANSWERS.c.key == key, ANSWERS.c.fetched_at >= since
        )
        with self._db.read() as c:
            row = c.execute(query).first()
        if row is None:
            return None
        try:
            return self._blobs.get(row.body), row.fetched_at
        except Damaged:
            return None

    def gathered(self, platform: Platform, since: Mapping[str, float]) -> dict[str, Gathered]:
        """What is had of each id since its own time. A torn body counts as not there, so it is asked for again."""
        found = {id_: Gathered() for id_ in since}
        for id_, kind, body, fetched_at in self._rows(platform, list(since)):
            if fetched_at < since[id_]:
                continue
            if body is None:
                found[id_].is_absent = True
                continue
            try:
                found[id_].parts[kind] = self._blobs.get(body)
            except Damaged:
                continue
        return found

    def part_refs(self, platform: Platform, ids: Sequence[str]) -> dict[str, tuple[PartRef, ...]]:
        """The last settled parts by id, in the order of their kinds; ids that have none are left out."""
        found: dict[str, tuple[PartRef, ...]] = {}
        for id_, kind, body, _ in self._rows(platform, ids):
            if body is not None:
                found[id_] = (*found.get(id_, ()), PartRef(kind, body))
        return found

    def kept(self, platform: Platform, ids: Sequence[str]) -> dict[str, Kept]:
        """Of when what is kept of each id is; ids nothing is kept of are left out."""
        found: dict[str, Kept] = {}
        for id_, _, body, said_at in self._rows(platform, ids):
            oldest = min(said_at, found[id_].said_at) if id_ in found else said_at
            found[id_] = Kept(oldest, is_absent=body is None)
        return found

    def _rows(self, platform: Platform, ids: Sequence[str]) -> list[tuple[str, str, str | None, float]]:
        rows: list[tuple[str, str, str | None, float]] = []
        with self._db.read() as c:
            for chunk in chunks(ids):
                found = c.execute(_PARTS_OF, {"of": platform.value, "ids": chunk})
                rows += [(id_, kind, body, at) for id_, kind, body, at in found]
        return rows

    def forget_parts(self, platform: Platform, keep: Mapping[str, Sequence[str]]) -> None:
        """Drop parts that the platform no longer gives: of each id, every kind but those in ``keep``."""
        with self._db.write() as c:
            for id_, kinds in keep.items():
                c.execute(_OTHER_KINDS, {"of": platform.value, "ids": [id_], "kinds": list(kinds)})

    def invalidate(self, title_id: str, platform: Platform) -> None:
        """Forget an outcome, so that the platform is asked again for this title."""
        with self._db.write() as c:
            c.execute(sa.delete(OUTCOMES).where(OUTCOMES.c.title_id == title_id, OUTCOMES.c.platform == platform.value))

    def intend(self, platform: Platform, title_ids: Sequence[str]) -> dict[str, float]:
        """Note that these titles are about to be asked; gives since when each has been intended.

        An intent that came to nothing (the process died, the platform failed) keeps its time for :data:`REUSE_S`, so
        what it already got still counts.
        """
        now = self._now()
        with self._db.write() as c:
            open_since: dict[str, float] = {}
            for chunk in chunks(title_ids):
                query = sa.select(OUTCOMES.c.title_id, OUTCOMES.c.asked_at).where(
                    OUTCOMES.c.platform == platform.value,
                    OUTCOMES.c.title_id.in_(chunk),
                    OUTCOMES.c.asked_at > now - REUSE_S,
                    sa.or_(OUTCOMES.c.outcome.is_(None), OUTCOMES.c.outcome == Outcome.FAILED.value),
                )
                open_since.update(dict(c.execute(query).all()))
            rows = [
                {"title_id": t, "platform": platform.value, "outcome": None, "reason": "", "ids": "[]",
                 "asked_at": open_since.get(t, now), "settled_at": None, "fresh_until": None}
                for t in title_ids
            ]  # fmt: skip
            if rows:
                c.execute(self._db.upsert(OUTCOMES), rows)
        return {t: open_since.get(t, now) for t in title_ids}

    def settle(self, outcomes: Iterable[SettledOutcome]) -> None:
        """Record what came of it."""
        now = self._now()
        rows = [
            {"title_id": o.title_id, "platform": o.platform.value, "outcome": o.outcome.value, "reason": o.reason,
             "ids": orjson.dumps(o.ids).decode(), "asked_at": now, "settled_at": now, "fresh_until": o.fresh_until}
            for o in outcomes
        ]  # fmt: skip
        if rows:
            with self._db.write() as c:
                c.execute(self._db.upsert(OUTCOMES, keep=("asked_at",)), rows)

    def outcomes(self, title_ids: Sequence[str]) -> dict[str, dict[Platform, Settled]]:
        """Settled outcomes by title and platform."""
        found: dict[str, dict[Platform, Settled]] = {t: {} for t in title_ids}
        with self._db.read() as c:
            for chunk in chunks(title_ids):
                query = sa.select(OUTCOMES).where(OUTCOMES.c.title_id.in_(chunk), OUTCOMES.c.outcome.is_not(None))
                for row in c.execute(query).mappings():
                    found[row["title_id"]][Platform(row["platform"])] = _settled(row)
        return found

    def tally(self) -> dict[Platform, dict[Outcome, int]]:
        """How many titles had which outcome on each platform."""
        query = (
            sa.select(OUTCOMES.c.platform, OUTCOMES.c.outcome, sa.func.count())
            .where(OUTCOMES.c.outcome.is_not(None))
            .group_by(OUTCOMES.c.platform, OUTCOMES.c.outcome)
        )
        found: dict[Platform, dict[Outcome, int]] = {}
        with self._db.read() as c:
            for platform, outcome, count in c.execute(query):
                found.setdefault(Platform(platform), {})[Outcome(outcome)] = count
        return found

    def answer_count(self) -> dict[Platform, int]:
        """How many different answers of each platform are kept."""
        query = sa.select(ANSWERS.c.platform, sa.func.count()).group_by(ANSWERS.c.platform)
        with self._db.read() as c:
            return {Platform(platform): count for platform, count in c.execute(query)}

    @staticmethod
    def parts_digest(refs: Mapping[str, Sequence[PartRef]]) -> Digest:
        """Digest of what a platform said: ids, kinds and bodies."""
        return digest_of([[id_, [[r.kind, r.body] for r in sorted(refs[id_], key=_kind)]] for id_ in sorted(refs)])


def _unsay(c: Connection, platform: Platform, reading: Reading) -> None:
    """The last word counts: an id that is found is no longer absent, and an absent one has no parts."""
    for ids, unsaid in ((list(reading.parts), _NO_LONGER_ABSENT), (list(reading.absent), _NO_LONGER_THERE)):
        for chunk in chunks(ids):
            c.execute(unsaid, {"of": platform.value, "ids": chunk})


def _kind(ref: PartRef) -> str:
    return ref.kind


def _settled(row: sa.RowMapping) -> Settled:
    outcome = SettledOutcome(
        title_id=row["title_id"],
        platform=Platform(row["platform"]),
        outcome=Outcome(row["outcome"]),
        ids=tuple(orjson.loads(row["ids"])),
        reason=row["reason"],
        fresh_until=row["fresh_until"] or 0.0,
    )
    return Settled(outcome, row["settled_at"] or 0.0)
