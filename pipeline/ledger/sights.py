"""What was seen of each platform lately, by all who share the ledger, and what was normal before that.

Sights are written with the outcomes they come from, in one transaction, and those of others are read in it. A sight
that is no longer one of the last becomes normal, counted once whoever made it; never while it may be evidence.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pipeline.domain.names import Platform
from pipeline.ledger.database import Database
from pipeline.ledger.packing import pack, unpack
from pipeline.ledger.tables import NORMALS, QUARANTINES, SIGHTS

__all__ = ["LATELY_S", "Exchange", "Key", "Lately", "Sight", "SightBook", "forget_evidence"]

LATELY_S: Final = 86_400.0
"""What was seen longer ago is no evidence of what a platform is now."""
_EVERY: Final = 50
"""Sights after which those that are no longer among the last become normal: that costs more than writing one."""

_OF: Final = SIGHTS.c.platform == sa.bindparam("of")
_SINCE: Final = sa.and_(_OF, SIGHTS.c.number > sa.bindparam("after"))
_NUMBERS: Final = sa.select(SIGHTS.c.number, SIGHTS.c.owner).where(_SINCE)
_OTHERS: Final = sa.select(SIGHTS).where(_SINCE, SIGHTS.c.owner != sa.bindparam("me")).order_by(SIGHTS.c.number)
_STANDING: Final = sa.select(QUARANTINES.c.until).where(
    QUARANTINES.c.platform == sa.bindparam("of"), QUARANTINES.c.until > sa.bindparam("now")
)
"""Made once: making them takes longer than running them."""

Key = tuple[str, str]
"""Of which titles (``2 TV FINISHED``: version of conversion, type, status, what is asked), and which field."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What one answer, or one title, showed: of each field whether it was there. ``sample`` is how the answer began."""

    shown: Mapping[Key, bool]
    title_id: str | None = None
    sample: str = ""


@dataclass(frozen=True, slots=True)
class Lately:
    """What stands of a platform: ``key -> (filled, seen)`` of what is normal, and the sights since, up to a number."""

    normal: Mapping[Key, tuple[int, int]]
    sights: tuple[tuple[float, Sight], ...]
    number: int


@dataclass(slots=True)
class Exchange:
    """Own sights to be written, and then the others' since ``after``.

    ``normal`` are earlier ones that were judged and need not stand any more. ``last`` is how many of a kind are judged
    together: twice as many stay, for the newest may not have been judged yet.
    """

    platform: Platform
    owner: str
    sights: Sequence[Sight]
    after: int
    last: int
    normal: Sequence[Sight] = ()
    others: list[Sight] = field(default_factory=list)

    def apply(self, c: Connection, db: Database, now: float) -> None:
        """Write and read. While the platform is in quarantine nothing of it counts."""
        if c.execute(_STANDING, {"of": self.platform.value, "now": now}).first() is not None:
            return
        _add_normal(c, db, self.platform, self.normal)
        if self.sights:
            c.execute(sa.insert(SIGHTS), [self._row(sight, now) for sight in self.sights])
        numbers = c.execute(_NUMBERS, {"of": self.platform.value, "after": self.after}).all()
        if any(row.owner != self.owner for row in numbers):
            rows = c.execute(_OTHERS, {"of": self.platform.value, "after": self.after, "me": self.owner}).all()
            self.others = [sight for row in rows if (sight := _sight(row)) is not None]
        self.after = max((row.number for row in numbers), default=self.after)
        if any(row.number % _EVERY == 0 for row in numbers):
            _make_normal(c, db, self.platform, 2 * self.last)

    def _row(self, sight: Sight, now: float) -> dict[str, object]:
        said = [[*key, is_there] for key, is_there in sight.shown.items()]
        return {
            "platform": self.platform.value, "title_id": sight.title_id, "owner": self.owner, "at": now,
            "body": pack(orjson.dumps([said, sight.sample])),
        }  # fmt: skip


class SightBook:
    """Sights and what is normal."""

    def __init__(self, db: Database, now: Callable[[], float]) -> None:
        self._db = db
        self._now = now

    def lately(self, platform: Platform) -> Lately:
        """What stands of a platform now."""
        normal = sa.select(NORMALS).where(NORMALS.c.platform == platform.value)
        query = sa.select(SIGHTS).where(SIGHTS.c.platform == platform.value).order_by(SIGHTS.c.number)
        with self._db.read() as c:
            counts = {(r.titles, r.field): (r.filled, r.seen) for r in c.execute(normal)}
            rows = c.execute(query).all()
        sights = tuple((row.at, sight) for row in rows if (sight := _sight(row)) is not None)
        return Lately(counts, sights, max((row.number for row in rows), default=0))

    def exchange(self, exchange: Exchange) -> None:
        """Write and read in a transaction of its own."""
        with self._db.write() as c:
            exchange.apply(c, self._db, self._now())


def forget_evidence(c: Connection, db: Database, platform: Platform, now: float) -> None:
    """What was seen lately is never normal; what was seen before is."""
    mine = SIGHTS.c.platform == platform.value
    older = sa.select(SIGHTS).where(mine, SIGHTS.c.at < now - LATELY_S)
    _add_normal(c, db, platform, [sight for row in c.execute(older).all() if (sight := _sight(row)) is not None])
    c.execute(sa.delete(SIGHTS).where(mine))


def _sight(row: "sa.Row[tuple[object, ...]]") -> Sight | None:
    """The sight of a row; a torn one is none: it is evidence of nothing."""
    body = unpack(row.body)
    if body is None:
        return None
    said, sample = orjson.loads(body)
    return Sight({(titles, field): is_there for titles, field, is_there in said}, row.title_id, sample)


def _make_normal(c: Connection, db: Database, platform: Platform, last: int) -> None:
    """All but the last answers and the last titles."""
    gone: list[Sight] = []
    for is_title in (True, False):
        mine = sa.and_(
            SIGHTS.c.platform == platform.value,
            SIGHTS.c.title_id.is_not(None) if is_title else SIGHTS.c.title_id.is_(None),
        )
        newest = sa.select(SIGHTS.c.number).where(mine).order_by(SIGHTS.c.number.desc()).limit(last)
        older = sa.and_(mine, SIGHTS.c.number.not_in(list(c.execute(newest).scalars())))
        gone += [one for row in c.execute(sa.select(SIGHTS).where(older)).all() if (one := _sight(row)) is not None]
        c.execute(sa.delete(SIGHTS).where(older))
    _add_normal(c, db, platform, gone)


def _add_normal(c: Connection, db: Database, platform: Platform, sights: Iterable[Sight]) -> None:
    filled, seen = Counter[Key](), Counter[Key]()
    for sight in sights:
        seen.update(sight.shown.keys())
        filled.update(key for key, is_there in sight.shown.items() if is_there)
    rows = [
        {"b_platform": platform.value, "b_titles": titles, "b_field": field_,
         "b_filled": filled[titles, field_], "b_seen": count}
        for (titles, field_), count in seen.items()
    ]  # fmt: skip
    if not rows:
        return
    names = ("platform", "titles", "field")
    mine = sa.and_(*(NORMALS.c[name] == sa.bindparam(f"b_{name}") for name in names))
    more = {name: NORMALS.c[name] + sa.bindparam(f"b_{name}") for name in ("filled", "seen")}
    fresh = [{name: row[f"b_{name}"] for name in names} | {"filled": 0, "seen": 0} for row in rows]
    c.execute(db.insert_missing(NORMALS), fresh)
    c.execute(sa.update(NORMALS).where(mine).values(**more), rows)
