"""Ids learned from platforms, beside the registry and never in it: who said them, when, and which proved wrong.

What a title holds here is always the outcome of one decision over everything said of it, written as a whole.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pipeline.domain.canonical import Digest
from pipeline.domain.names import Site, Source
from pipeline.ledger.database import Database, chunks
from pipeline.ledger.tables import LEARNED_IDS

__all__ = ["LearnedBook", "StoredId", "forget_listed"]

_KEY: Final = (LEARNED_IDS.c.title_id, LEARNED_IDS.c.site, LEARNED_IDS.c.id)


@dataclass(frozen=True, slots=True, order=True)
class StoredId:
    """One id of one title: ``learned`` and in use, or ``refuted`` by ``evidence`` as long as its row lists the same.

    ``basis`` is a digest of those.
    """

    site: Site
    id: str
    status: Literal["learned", "refuted"]
    said_by: tuple[Source, ...]
    evidence: str
    basis: Digest
    learned_at: float = field(default=0.0, compare=False)
    """When it came in (read only; the ledger's clock says it)."""


class LearnedBook:
    """Learned ids by title."""

    def __init__(self, db: Database, now: Callable[[], float]) -> None:
        self._db = db
        self._now = now

    def of(self, title_ids: Sequence[str]) -> dict[str, tuple[StoredId, ...]]:
        """What is known of some titles, in the order of sites and ids; titles without any are left out."""
        found: dict[str, tuple[StoredId, ...]] = {}
        with self._db.read() as c:
            for chunk in chunks(title_ids):
                query = sa.select(LEARNED_IDS).where(LEARNED_IDS.c.title_id.in_(chunk)).order_by(*_KEY)
                for row in c.execute(query).mappings():
                    found[row["title_id"]] = (*found.get(row["title_id"], ()), _stored(row))
        return found

    def counts(self) -> dict[str, int]:
        """How many ids are learned and how many refuted."""
        query = sa.select(LEARNED_IDS.c.status, sa.func.count()).group_by(LEARNED_IDS.c.status)
        with self._db.read() as c:
            return dict(c.execute(query).all())

    def replace(self, ids: Mapping[str, Iterable[StoredId]]) -> None:
        """Make these all the ids of these titles: one transaction. An id that stands as it was keeps its time."""
        with self._db.write() as c:
            for title_id, wanted in ids.items():
                mine = LEARNED_IDS.c.title_id == title_id
                query = sa.select(LEARNED_IDS).where(mine)
                had = {_stored(row) for row in c.execute(query).mappings()}
                keep = set(wanted)
                for gone in had - keep:
                    c.execute(
                        sa.delete(LEARNED_IDS).where(
                            mine, LEARNED_IDS.c.site == gone.site.value, LEARNED_IDS.c.id == gone.id
                        )
                    )
                for new in sorted(keep - had):
                    c.execute(sa.insert(LEARNED_IDS), _row(title_id, new, self._now()))

    def holders(self, site: Site, id_: str) -> list[str]:
        """Titles that learned an id. Several may: no row lists it, so nobody can say whose it is."""
        query = sa.select(LEARNED_IDS.c.title_id).where(
            LEARNED_IDS.c.site == site.value, LEARNED_IDS.c.id == id_, LEARNED_IDS.c.status == "learned"
        )
        with self._db.read() as c:
            return list(c.execute(query.order_by(LEARNED_IDS.c.title_id)).scalars())

    def shared(self) -> dict[tuple[Site, str], tuple[str, ...]]:
        """Ids that several titles learned, with those titles."""
        several = (
            sa.select(LEARNED_IDS.c.site, LEARNED_IDS.c.id)
            .where(LEARNED_IDS.c.status == "learned")
            .group_by(LEARNED_IDS.c.site, LEARNED_IDS.c.id)
            .having(sa.func.count() > 1)
            .subquery()
        )
        query = (
            sa.select(LEARNED_IDS.c.site, LEARNED_IDS.c.id, LEARNED_IDS.c.title_id)
            .join(several, sa.and_(LEARNED_IDS.c.site == several.c.site, LEARNED_IDS.c.id == several.c.id))
            .where(LEARNED_IDS.c.status == "learned")
            .order_by(LEARNED_IDS.c.site, LEARNED_IDS.c.id, LEARNED_IDS.c.title_id)
        )
        found: dict[tuple[Site, str], tuple[str, ...]] = {}
        with self._db.read() as c:
            for site, id_, title_id in c.execute(query):
                key = (Site(site), id_)
                found[key] = (*found.get(key, ()), title_id)
        return found


def forget_listed(c: Connection, keys: Iterable[tuple[Site, str]]) -> None:
    """A row lists these ids now: nobody has to learn them any more."""
    by_site: dict[Site, list[str]] = {}
    for site, id_ in keys:
        by_site.setdefault(site, []).append(id_)
    for site, ids in by_site.items():
        for chunk in chunks(ids):
            c.execute(sa.delete(LEARNED_IDS).where(LEARNED_IDS.c.site == site.value, LEARNED_IDS.c.id.in_(chunk)))


def _stored(row: sa.RowMapping) -> StoredId:
    return StoredId(
        site=Site(row["site"]),
        id=row["id"],
        status=row["status"],
        said_by=tuple(Source(name) for name in orjson.loads(row["said_by"])),
        evidence=row["evidence"],
        basis=row["basis"],
        learned_at=row["learned_at"],
    )


def _row(title_id: str, one: StoredId, at: float) -> dict[str, object]:
    return {
        "title_id": title_id,
        "site": one.site.value,
        "id": one.id,
        "status": one.status,
        "said_by": orjson.dumps(one.said_by).decode(),
        "evidence": one.evidence,
        "basis": one.basis,
        "learned_at": at,
    }
