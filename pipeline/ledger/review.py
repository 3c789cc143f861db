"""The review queue and the locks: what a person should look at, and what a person decided.

Items are written with the end of a title's pass, in its transaction, and only if they differ from those that stand.
A lock is written in one transaction that takes its items out of the queue and makes the title due, so the next run
obeys it; a run that was under way meanwhile ends with the title still due. Locks follow titles into merges, where the
survivor has none of its own, and go back when the titles part again.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pipeline.domain.canonical import Digest, JsonValue, digest_of
from pipeline.domain.names import Site
from pipeline.domain.review import OWN_ID, Lock, Review, ReviewItem, answer_of, locks_digest
from pipeline.domain.title import id_key
from pipeline.ledger.database import Database, chunks
from pipeline.ledger.tables import LEARNED_IDS, LOCKS, MENTIONS, REVIEW_ITEMS, REVIEWS, TITLES

__all__ = ["QueuedItem", "ReviewBook", "follow_merges", "id_decided", "note_reviews", "refusals", "titles_locked_anew"]

_ITEM: Final = REVIEW_ITEMS.c


@dataclass(frozen=True, slots=True)
class QueuedItem:
    """An item with its title and its place in the queue (greater comes first)."""

    title_id: str
    name: str
    item: ReviewItem
    priority: float


class ReviewBook:
    """Items by priority, locks by title."""

    def __init__(self, db: Database, now: Callable[[], float]) -> None:
        self._db = db
        self._now = now

    def queue(
        self,
        *,
        field: str | None = None,
        code: str | None = None,
        only: str | None = None,
        limit: int | None = None,
    ) -> list[QueuedItem]:
        """Items of active titles, the most pressing first. ``field`` is also a kind of question, ``only`` a title."""
        query = (
            sa.select(REVIEW_ITEMS, TITLES.c.name)
            .join(TITLES, TITLES.c.title_id == _ITEM.title_id)
            .where(TITLES.c.state == "active", *_chosen(field, code, only))
            .order_by(_ITEM.priority.desc(), _ITEM.title_id, _ITEM.field, _ITEM.code)
            .limit(limit)
        )
        with self._db.read() as c:
            rows = c.execute(query).mappings().all()
        return [
            QueuedItem(
                r["title_id"],
                r["name"],
                ReviewItem(r["field"], r["code"], r["detail"], r["uncertainty"]),
                r["priority"],
            )
            for r in rows
        ]

    def counts(self, *, field: str | None = None) -> dict[str, int]:
        """How many items of active titles there are by code."""
        query = (
            sa.select(_ITEM.code, sa.func.count())
            .join(TITLES, TITLES.c.title_id == _ITEM.title_id)
            .where(TITLES.c.state == "active", *_chosen(field, None, None))
            .group_by(_ITEM.code)
            .order_by(_ITEM.code)
        )
        with self._db.read() as c:
            return dict(c.execute(query).all())

    def people(self, title_ids: Sequence[str]) -> dict[str, float]:
        """How many follow some active titles; titles that had no pass yet are left out."""
        found: dict[str, float] = {}
        with self._db.read() as c:
            for chunk in chunks(title_ids):
                query = (
                    sa.select(REVIEWS.c.title_id, REVIEWS.c.people)
                    .join(TITLES, TITLES.c.title_id == REVIEWS.c.title_id)
                    .where(REVIEWS.c.title_id.in_(chunk), TITLES.c.state == "active")
                )
                found |= dict(c.execute(query).all())
        return found

    def is_begun(self) -> bool:
        """Whether any title's pass left its items yet (be there none of them)."""
        with self._db.read() as c:
            return c.execute(sa.select(REVIEWS.c.title_id).limit(1)).first() is not None

    def locks(self, title_ids: Sequence[str]) -> dict[str, tuple[Lock, ...]]:
        """What was decided of some titles, by field; titles without any are left out."""
        with self._db.read() as c:
            return _locks_of(c, title_ids)

    def locked(self) -> list[str]:
        """Titles with a lock, in catalogue order; those merged into others aside."""
        query = (
            sa.select(TITLES.c.title_id)
            .where(TITLES.c.title_id.in_(sa.select(LOCKS.c.title_id)), TITLES.c.state != "merged")
            .order_by(TITLES.c.position, TITLES.c.title_id)
        )
        with self._db.read() as c:
            return list(c.execute(query).scalars())

    def own_ids(self) -> dict[tuple[Site, str], tuple[str, Lock]]:
        """Every id a person gave to a title, and that title, which a merged one became; the last decision counts."""
        query = (
            sa.select(LOCKS, sa.func.coalesce(TITLES.c.merged_into, LOCKS.c.title_id).label("now"))
            .join(TITLES, TITLES.c.title_id == LOCKS.c.title_id)
            .where(LOCKS.c.field.startswith(f"{OWN_ID}:", autoescape=True), LOCKS.c.kind == "answer")
            .order_by(LOCKS.c.locked_at, LOCKS.c.title_id)
        )
        found: dict[tuple[Site, str], tuple[str, Lock]] = {}
        with self._db.read() as c:
            for row in c.execute(query).mappings():
                lock = _lock(row)
                key = id_decided(lock)
                if key is not None and answer_of(lock)[0] == "yes":
                    found[key] = (row["now"], lock)
        return found

    def lock(self, locks: Mapping[str, Iterable[Lock]]) -> None:
        """Keep what was decided of some titles, all of it or nothing; an earlier lock of the same field gives way.

        Of an id every title is looked at again that speaks of it, and it is no longer learned where it does not belong.
        """
        rows = [_row(title_id, lock) for title_id, mine in locks.items() for lock in mine]
        if not rows:
            return
        with self._db.write() as c:
            c.execute(self._db.upsert(LOCKS), rows)
            for row in rows:
                shown = [row["field"], *(["platform_ids"] if _key_of(row["field"]) else [])]
                mine = sa.and_(_ITEM.title_id == row["title_id"], _ITEM.field.in_(shown))
                c.execute(sa.delete(REVIEW_ITEMS).where(mine))
            _wake(c, list(locks))
            _wake_speakers(c, {row["field"] for row in rows})
            for row in rows:
                _forget_id(c, row)

    def unlock(self, title_id: str, field: str) -> Lock | None:
        """Take a lock back; the next run decides by the rules again. Gives it, or ``None`` where there was none."""
        mine = sa.and_(LOCKS.c.title_id == title_id, LOCKS.c.field == field)
        with self._db.write() as c:
            found = {lock.field: lock for lock in _locks_of(c, [title_id]).get(title_id, ())}.get(field)
            if found is not None:
                c.execute(sa.delete(LOCKS).where(mine))
                _wake(c, [title_id])
                _wake_speakers(c, {field})
        return found


def id_decided(lock: Lock) -> tuple[Site, str] | None:
    """The id a lock is about, if it says whether one is the title's."""
    return _key_of(lock.field) if lock.kind == "answer" else None


def refusals(c: Connection) -> set[tuple[str, tuple[Site, str]]]:
    """Every title with an id that a person said not to be its own, whatever its row lists."""
    query = sa.select(LOCKS).where(LOCKS.c.field.startswith(f"{OWN_ID}:", autoescape=True), LOCKS.c.kind == "answer")
    found = ((row["title_id"], _lock(row)) for row in c.execute(query).mappings())
    return {(t, key) for t, lock in found if (key := id_decided(lock)) is not None and answer_of(lock)[0] == "no"}


def _key_of(field: str) -> tuple[Site, str] | None:
    kind, _, rest = field.partition(":")
    site, _, id_ = rest.partition(":")
    return (Site(site), id_) if kind == OWN_ID and site in set(Site) and id_ else None


def _forget_id(c: Connection, row: Mapping[str, Any]) -> None:
    """No platform is asked any more by an id for a title that it was said not to be of."""
    lock = _lock(row)
    key = id_decided(lock)
    if key is not None:
        is_own = answer_of(lock)[0] == "yes"
        mine = LEARNED_IDS.c.title_id == row["title_id"]
        of_others = LEARNED_IDS.c.title_id != row["title_id"]
        same = sa.and_(LEARNED_IDS.c.site == key[0].value, LEARNED_IDS.c.id == key[1])
        c.execute(sa.delete(LEARNED_IDS).where(same, of_others if is_own else mine))


def _wake_speakers(c: Connection, fields: Iterable[str]) -> None:
    """Make the titles due that hold the ids these locks are about, or whose platforms speak of them."""
    for key in filter(None, map(_key_of, sorted(fields))):
        site, id_ = key
        held = sa.select(LEARNED_IDS.c.title_id).where(LEARNED_IDS.c.site == site.value, LEARNED_IDS.c.id == id_)
        spoken = sa.select(MENTIONS.c.title_id).where(MENTIONS.c.id_key == id_key(site, id_))
        _wake(c, sorted(set(c.execute(held).scalars()) | set(c.execute(spoken).scalars())))


def note_reviews(c: Connection, reviews: Mapping[str, Review]) -> None:
    """Write the items of some titles where they changed. To be called in the transaction that ends their passes."""
    for chunk in chunks(list(reviews)):
        query = sa.select(REVIEWS.c.title_id, REVIEWS.c.digest).where(REVIEWS.c.title_id.in_(chunk))
        had: dict[str, str] = dict(c.execute(query).all())
        digests = {title_id: _digest(reviews[title_id]) for title_id in chunk}
        changed = [title_id for title_id in chunk if had.get(title_id) != digests[title_id]]
        if not changed:
            continue
        for table in (REVIEWS, REVIEW_ITEMS):
            c.execute(sa.delete(table).where(table.c.title_id.in_(changed)))
        people = [(title_id, float(reviews[title_id].people)) for title_id in changed]
        c.execute(sa.insert(REVIEWS), [{"title_id": t, "people": n, "digest": digests[t]} for t, n in people])
        items = [_item_row(t, one, n) for t, n in people for one in reviews[t].items]
        if items:
            c.execute(sa.insert(REVIEW_ITEMS), items)


def titles_locked_anew(c: Connection, used: Mapping[str, Digest | None]) -> set[str]:
    """Of some titles those whose locks are no longer the ones their pass was made with (by their digest)."""
    changed: set[str] = set()
    for chunk in chunks(list(used)):
        now = _locks_of(c, chunk)
        changed |= {title_id for title_id in chunk if locks_digest(now.get(title_id, ())) != used[title_id]}
    return changed


def follow_merges(c: Connection, merged: Mapping[str, str], known: Iterable[str]) -> None:
    """Copy locks of titles about to be merged to their survivors, and take those of titles that wake up back.

    To be called before the titles change; ``known`` are titles that will be active and may have been merged before.
    """
    woken = [title_id for chunk in chunks(list(known)) for title_id in _merged_of(c, chunk)]
    for chunk in chunks(woken):
        lent = sa.and_(LOCKS.c.origin.in_(chunk), LOCKS.c.title_id != LOCKS.c.origin)
        _wake(c, list(c.execute(sa.select(LOCKS.c.title_id).where(lent).distinct()).scalars()))
        c.execute(sa.delete(LOCKS).where(lent))
    held = _rows_of(c, [*merged, *merged.values()])
    new: dict[tuple[str, str], dict[str, Any]] = {}
    for loser, survivor in sorted(merged.items()):
        own = {row["field"] for row in held.get(survivor, ())}
        for row in held.get(loser, ()):
            before = new.get((survivor, row["field"]))
            is_newer = before is None or before["locked_at"] < row["locked_at"]
            if row["kind"] != "seen" and row["field"] not in own and is_newer:
                new[survivor, row["field"]] = {**row, "title_id": survivor}
    if new:
        c.execute(sa.insert(LOCKS), list(new.values()))
        _wake(c, sorted({title_id for title_id, _ in new}))


def _merged_of(c: Connection, title_ids: Sequence[str]) -> Iterator[str]:
    query = sa.select(TITLES.c.title_id).where(TITLES.c.title_id.in_(title_ids), TITLES.c.state == "merged")
    yield from c.execute(query).scalars()


def _wake(c: Connection, title_ids: Sequence[str]) -> None:
    """Make titles due, and let their items be written anew."""
    for chunk in chunks(title_ids):
        c.execute(sa.update(TITLES).where(TITLES.c.title_id.in_(chunk)).values(done_row=None))
        c.execute(sa.update(REVIEWS).where(REVIEWS.c.title_id.in_(chunk)).values(digest=""))


def _chosen(field: str | None, code: str | None, only: str | None) -> Iterator[sa.ColumnElement[bool]]:
    if field is not None:
        yield sa.or_(_ITEM.field == field, _ITEM.field.startswith(f"{field}:", autoescape=True))
    if code is not None:
        yield _ITEM.code == code
    if only is not None:
        yield _ITEM.title_id == only


def _locks_of(c: Connection, title_ids: Sequence[str]) -> dict[str, tuple[Lock, ...]]:
    return {title_id: tuple(map(_lock, rows)) for title_id, rows in _rows_of(c, title_ids).items()}


def _rows_of(c: Connection, title_ids: Sequence[str]) -> dict[str, list[sa.RowMapping]]:
    found: dict[str, list[sa.RowMapping]] = {}
    for chunk in chunks(title_ids):
        query = sa.select(LOCKS).where(LOCKS.c.title_id.in_(chunk)).order_by(LOCKS.c.title_id, LOCKS.c.field)
        for row in c.execute(query).mappings():
            found.setdefault(row["title_id"], []).append(row)
    return found


def _lock(row: Mapping[str, Any] | sa.RowMapping) -> Lock:
    return Lock(
        field=row["field"],
        kind=row["kind"],
        value=row["value"],
        by=row["reviewer"],
        at=row["locked_at"],
        note=row["note"],
        basis=row["basis"],
    )


def _row(title_id: str, lock: Lock) -> dict[str, Any]:
    return {
        "title_id": title_id,
        "field": lock.field,
        "kind": lock.kind,
        "value": lock.value,
        "basis": lock.basis,
        "reviewer": lock.by,
        "note": lock.note,
        "locked_at": lock.at,
        "origin": title_id,
    }


def _item_row(title_id: str, item: ReviewItem, people: float) -> dict[str, object]:
    return {
        "title_id": title_id,
        "field": item.field,
        "code": item.code,
        "detail": item.detail,
        "uncertainty": item.uncertainty,
        "priority": item.uncertainty * people,
    }


def _digest(review: Review) -> Digest:
    items: list[JsonValue] = [[one.field, one.code, one.detail, one.uncertainty] for one in review.items]
    return digest_of("review", review.people, items)
