"""Platforms that are left alone because they are no longer what they were.

A quarantine is one transaction: with it, the titles that its evidence is made of get back what was heard of them
before (or count as failed, where there was nothing), and are due to be made again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pipeline.domain.canonical import JsonValue
from pipeline.domain.names import Outcome, Platform
from pipeline.ledger.database import Database, chunks
from pipeline.ledger.sights import forget_evidence
from pipeline.ledger.tables import EARLIER_PARTS, NORMALS, OUTCOMES, PARTS, QUARANTINES, SIGHTS, TITLES

__all__ = ["Quarantine", "QuarantineBook", "standing_now"]


@dataclass(frozen=True, slots=True)
class Quarantine:
    """From when, until when (Unix time) and why a platform is not asked, and the numbers behind it."""

    since: float
    until: float
    reason: str
    evidence: Mapping[str, JsonValue]

    @property
    def told(self) -> str:
        """The reason as outcomes give it."""
        return f"quarantined: {self.reason}"


class QuarantineBook:
    """Quarantines."""

    def __init__(self, db: Database, now: Callable[[], float]) -> None:
        self._db = db
        self._now = now

    def standing(self) -> dict[Platform, Quarantine]:
        """Those in force."""
        query = sa.select(QUARANTINES).where(QUARANTINES.c.until > self._now()).order_by(QUARANTINES.c.platform)
        with self._db.read() as c:
            rows = c.execute(query).mappings().all()
        return {
            Platform(r["platform"]): Quarantine(r["since"], r["until"], r["reason"], orjson.loads(r["evidence"]))
            for r in rows
        }

    def impose(self, platform: Platform, quarantine: Quarantine, suspects: Sequence[str]) -> None:
        """Leave a platform alone, and take back its last word on the ``suspects``."""
        row = {
            "platform": platform.value,
            "since": quarantine.since,
            "until": quarantine.until,
            "reason": quarantine.reason,
            "evidence": orjson.dumps(dict(quarantine.evidence)).decode(),
        }
        with self._db.write() as c:
            c.execute(self._db.upsert(QUARANTINES), row)
            forget_evidence(c, self._db, platform, self._now())
            for chunk in chunks(suspects):
                _take_back(c, platform, quarantine, chunk)

    def release(self, platform: Platform, *, is_new_normal: bool) -> Quarantine | None:
        """Ask a platform again from the next run on; gives the quarantine that ended, ``None`` if there was none.

        ``is_new_normal`` forgets what was normal: what the platform says from now on is.
        """
        quarantine = self.standing().get(platform)
        mine = sa.and_(
            OUTCOMES.c.platform == platform.value,
            OUTCOMES.c.outcome == Outcome.FAILED.value,
            OUTCOMES.c.fresh_until > self._now(),
        )
        with self._db.write() as c:
            c.execute(sa.delete(QUARANTINES).where(QUARANTINES.c.platform == platform.value))
            if is_new_normal:
                c.execute(sa.delete(NORMALS).where(NORMALS.c.platform == platform.value))
                c.execute(sa.delete(SIGHTS).where(SIGHTS.c.platform == platform.value))
            failed = sa.select(OUTCOMES.c.title_id).where(mine)
            c.execute(sa.update(TITLES).where(TITLES.c.title_id.in_(failed)).values(due_at=0.0))
            c.execute(sa.update(OUTCOMES).where(mine).values(fresh_until=0.0))
        return quarantine


def standing_now(c: Connection, now: float) -> set[Platform]:
    """Platforms in quarantine, as seen within a transaction."""
    query = sa.select(QUARANTINES.c.platform).where(QUARANTINES.c.until > now)
    return {Platform(name) for name in c.execute(query).scalars()}


def _take_back(c: Connection, platform: Platform, quarantine: Quarantine, suspects: Sequence[str]) -> None:
    mine = sa.and_(OUTCOMES.c.platform == platform.value, OUTCOMES.c.title_id.in_(suspects))
    is_settled = OUTCOMES.c.outcome.in_([Outcome.FOUND.value, Outcome.ABSENT.value])
    for chunk in chunks(_ids_heard(c, sa.and_(mine, is_settled)) + _ids_half_heard(c, platform, mine)):
        _bring_back_parts(c, platform, chunk)
    c.execute(
        sa.update(OUTCOMES)
        .where(mine, is_settled)
        .values(
            outcome=Outcome.FAILED.value, reason=quarantine.told, fresh_until=quarantine.until,
            heard_at=OUTCOMES.c.heard_before, heard_before=None, asked_at=0.0,
        )
    )  # fmt: skip
    c.execute(sa.update(OUTCOMES).where(mine, OUTCOMES.c.outcome == Outcome.FAILED.value).values(asked_at=0.0))
    c.execute(sa.update(TITLES).where(TITLES.c.title_id.in_(suspects)).values(done_row=None))


def _ids_heard(c: Connection, which: sa.ColumnElement[bool]) -> list[str]:
    return [id_ for text in c.execute(sa.select(OUTCOMES.c.ids).where(which)).scalars() for id_ in orjson.loads(text)]


def _ids_half_heard(c: Connection, platform: Platform, mine: sa.ColumnElement[bool]) -> list[str]:
    """Ids whose asking came to an end only because of the quarantine, when some of their answers were there already."""
    query = sa.select(OUTCOMES.c.ids, OUTCOMES.c.asked_at).where(
        mine, OUTCOMES.c.outcome == Outcome.FAILED.value, OUTCOMES.c.asked_at > 0.0
    )
    found: list[str] = []
    for text, asked_at in c.execute(query).all():
        new = sa.select(PARTS.c.id).where(
            PARTS.c.platform == platform.value, PARTS.c.id.in_(orjson.loads(text)), PARTS.c.fetched_at >= asked_at
        )
        found += c.execute(new.distinct()).scalars()
    return found


def _bring_back_parts(c: Connection, platform: Platform, ids: Sequence[str]) -> None:
    """Of ids that have earlier parts those, of the others what there is."""
    earlier = sa.and_(EARLIER_PARTS.c.platform == platform.value, EARLIER_PARTS.c.id.in_(ids))
    had = list(c.execute(sa.select(EARLIER_PARTS.c.id).where(earlier).distinct()).scalars())
    c.execute(sa.delete(PARTS).where(PARTS.c.platform == platform.value, PARTS.c.id.in_(had)))
    names = [column.name for column in PARTS.columns]
    c.execute(sa.insert(PARTS).from_select(names, sa.select(*(EARLIER_PARTS.c[n] for n in names)).where(earlier)))
    c.execute(sa.delete(EARLIER_PARTS).where(earlier))
