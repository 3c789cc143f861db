"""Titles in the ledger: kept in step with catalogue releases, looked up by id, listed when due."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pipeline.domain.canonical import Digest
from pipeline.domain.names import Platform, Site, Tier
from pipeline.domain.quality import Quality
from pipeline.domain.review import Review
from pipeline.ledger import identity
from pipeline.ledger.database import Database, chunks
from pipeline.ledger.history import OUTSIDE, Version, note_versions
from pipeline.ledger.learned import forget_listed
from pipeline.ledger.quality import note_quality
from pipeline.ledger.quarantine import standing_now
from pipeline.ledger.review import follow_merges, note_reviews, refusals, titles_locked_anew
from pipeline.ledger.tables import IDENTITY_EVENTS, IDS, LEARNED_IDS, MENTIONS, POINTS, RELEASES, TITLES, URLS

__all__ = ["Finished", "Release", "StoredTitle", "SyncReport", "TitleBook"]

_NAMESAKES = 10


@dataclass(frozen=True, slots=True)
class Release:
    """One catalogue file that was read."""

    digest: Digest
    location: str
    last_update: str | None
    rows: int
    bad_rows: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a release changed."""

    rows: int
    bad_rows: tuple[str, ...]
    created: int = 0
    updated: int = 0
    merged: int = 0
    split: int = 0
    gone: int = 0
    is_known: bool = False
    """The very same file was read before; nothing was looked at again."""


@dataclass(frozen=True, slots=True)
class StoredTitle:
    """A title as the ledger has it. ``row`` is the catalogue row's canonical form, ``ids`` are those it lists.

    ``refused`` are those that it lists too and a person said not to be the title's: nobody is asked by them.
    ``learned`` are ids that platforms say, of sites for which the row may have gained one since.
    """

    title_id: str
    name: str
    row: bytes
    row_digest: Digest
    ids: Mapping[Site, tuple[str, ...]]
    result: str | None
    note: str | None
    record: Digest | None
    provenance: Digest | None
    due_at: float | None
    finished_at: float | None
    learned: tuple[tuple[Site, str], ...] = ()
    refused: tuple[tuple[Site, str], ...] = ()

    @property
    def all_ids(self) -> dict[Site, tuple[str, ...]]:
        """The row's ids, and the learned ones of sites the row does not list."""
        return {**{site: (id_,) for site, id_ in self.learned}, **self.ids}


@dataclass(frozen=True, slots=True)
class Finished:
    """The end of one title's pass: from what (``row_digest``, ``config``), until when, and with what result.

    That is good for runs that go no farther than ``tier``. ``review`` is what a person should look at (``None``: as it
    was), ``locks`` the digest of the locks that were obeyed (``None``: none). ``quality`` is that of a record made in
    this pass.
    """

    title_id: str
    row_digest: Digest
    config: Digest
    due_at: float
    result: str
    note: str
    record: Digest | None
    provenance: Digest | None
    tier: Tier = Tier.PAGES
    review: Review | None = None
    locks: Digest | None = None
    quality: Quality | None = None


class TitleBook:
    """Titles, their identity and their state."""

    def __init__(self, db: Database, now: Callable[[], float]) -> None:
        self._db = db
        self._now = now

    def release_of(self, digest: Digest) -> Release | None:
        """A release read before, by the digest of its file, if it is still the latest one."""
        with self._db.read() as c:
            row = c.execute(sa.select(RELEASES).order_by(RELEASES.c.synced_at.desc()).limit(1)).mappings().first()
        if row is None or row["digest"] != digest:
            return None
        return Release(
            row["digest"], row["location"], row["last_update"], row["rows"], tuple(orjson.loads(row["findings"]))
        )

    def latest_release(self) -> Release | None:
        """The release the registry is in step with."""
        with self._db.read() as c:
            digest = c.execute(sa.select(RELEASES.c.digest).order_by(RELEASES.c.synced_at.desc()).limit(1)).scalar()
        return None if digest is None else self.release_of(digest)

    def apply_release(self, release: Release, rows: Sequence[identity.ListedRow]) -> SyncReport:
        """Bring the registry in step with a release: one transaction, so it is either before or after."""
        with self._db.write() as c:
            plan = identity.plan_sync(
                rows,
                titles=_known_titles(c),
                url_owner=dict(c.execute(sa.select(URLS.c.url, URLS.c.title_id)).all()),
                id_owner={(Site(s), i): t for s, i, t in c.execute(sa.select(IDS.c.site, IDS.c.id, IDS.c.title_id))},
                unlisted={(Site(s), i) for s, i in c.execute(sa.select(IDS.c.site, IDS.c.id).where(IDS.c.listed == 0))},
            )
            self._apply(c, plan, release)
        return SyncReport(
            rows=release.rows,
            bad_rows=release.bad_rows,
            created=len(plan.created),
            updated=len(plan.updated),
            merged=len(plan.merged),
            split=len({event.other for event in plan.events if event.kind == "split"}),
            gone=len(plan.gone),
        )

    def _apply(self, c: Connection, plan: identity.SyncPlan, release: Release) -> None:
        now = self._now()
        follow_merges(c, plan.merged, [title_id for title_id, _ in plan.updated])
        _apply_titles(c, plan, now)
        _many(c, self._db.upsert(URLS), [{"url": u, "title_id": t} for u, t in plan.urls.items()])
        ids = [{"site": s.value, "id": i, "title_id": t, "listed": 1} for (s, i), t in plan.ids.items()]
        _many(c, self._db.upsert(IDS), ids)
        _many(
            c,
            sa.update(IDS)
            .where(IDS.c.site == sa.bindparam("b_site"), IDS.c.id == sa.bindparam("b_id"))
            .values(listed=0),
            [{"b_site": site.value, "b_id": id_} for site, id_ in plan.unlisted],
        )
        forget_listed(c, plan.ids)
        self._wake_mentioners(c, plan)
        _note_events(c, plan.events, release.last_update or release.digest)
        c.execute(
            self._db.upsert(RELEASES),
            {
                "digest": release.digest,
                "location": release.location,
                "last_update": release.last_update,
                "rows": release.rows,
                "bad_rows": len(release.bad_rows),
                "findings": orjson.dumps(release.bad_rows).decode(),
                "synced_at": now,
            },
        )

    def _wake_mentioners(self, c: Connection, plan: identity.SyncPlan) -> None:
        """Titles that speak of an id that now means another title must be put together again."""
        keys = [f"{site.value}:{id_}" for site, id_ in plan.ids]
        for chunk in chunks(keys):
            speakers = sa.select(MENTIONS.c.title_id).where(MENTIONS.c.id_key.in_(chunk))
            c.execute(sa.update(TITLES).where(TITLES.c.title_id.in_(speakers)).values(done_row=None))

    def due(self, *, config: Digest, only: Iterable[str] | None = None, tier: Tier = Tier.PAGES) -> list[str]:
        """Active titles whose record is not made from the present row and ``config``, or is due, in catalogue order.

        A record that is good for a run of one ``tier`` is due in a run that goes farther, and not in one that stops
        sooner.
        """
        is_due = sa.or_(
            TITLES.c.done_row.is_(None),
            TITLES.c.done_row != TITLES.c.row_digest,
            TITLES.c.done_config != config,
            TITLES.c.due_at <= self._now(),
            TITLES.c.done_tier < tier.level,  # null in a ledger of before there were tiers: it went all the way
        )
        query = sa.select(TITLES.c.title_id).where(TITLES.c.state == "active", is_due).order_by(TITLES.c.position)
        with self._db.read() as c:
            listed = list(c.execute(query).scalars())
        if only is None:
            return listed
        wanted = set(only)
        return [title_id for title_id in listed if title_id in wanted]

    def active(self) -> list[str]:
        """Every active title, in catalogue order."""
        query = sa.select(TITLES.c.title_id).where(TITLES.c.state == "active").order_by(TITLES.c.position)
        with self._db.read() as c:
            return list(c.execute(query).scalars())

    def load(self, title_ids: Sequence[str]) -> list[StoredTitle]:
        """Titles by id, in the order asked; unknown ids are left out."""
        found: dict[str, StoredTitle] = {}
        with self._db.read() as c:
            no = refusals(c)
            for chunk in chunks(title_ids):
                listed, learned = _ids_of(c, chunk), _learned_of(c, chunk)
                for row in c.execute(sa.select(TITLES).where(TITLES.c.title_id.in_(chunk))).mappings():
                    title_id = row["title_id"]
                    mine = listed.get(title_id, ())
                    found[title_id] = _stored(
                        row,
                        _by_site(key for key in mine if (title_id, key) not in no),
                        learned.get(title_id, ()),
                        tuple(key for key in mine if (title_id, key) in no),
                    )
        return [found[title_id] for title_id in title_ids if title_id in found]

    def find_by_id(self, site: Site, id_: str) -> str | None:
        """The title that holds an id; merged titles lead to the one they became."""
        with self._db.read() as c:
            query = sa.select(IDS.c.title_id).where(IDS.c.site == site.value, IDS.c.id == id_)
            return c.execute(query).scalar()

    def survivor(self, title_id: str) -> str:
        """The title that a merged one became; any other is itself."""
        with self._db.read() as c:
            query = sa.select(TITLES.c.merged_into).where(TITLES.c.title_id == title_id, TITLES.c.state == "merged")
            return c.execute(query).scalar() or title_id

    def find_by_name(self, text: str) -> list[tuple[str, str]]:
        """``(title_id, name)`` of a few active titles by name: those of just this name, else those that contain it."""
        exact = sa.select(TITLES.c.title_id, TITLES.c.name).where(
            TITLES.c.state == "active", sa.func.lower(TITLES.c.name) == text.lower()
        )
        pattern = "%" + text.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        near = (
            sa.select(TITLES.c.title_id, TITLES.c.name)
            .where(TITLES.c.state == "active", sa.func.lower(TITLES.c.name).like(pattern, escape="\\"))
            .order_by(sa.func.length(TITLES.c.name), TITLES.c.position)
            .limit(_NAMESAKES)
        )
        with self._db.read() as c:
            found = c.execute(exact.limit(_NAMESAKES)).all() or c.execute(near).all()
        return [(title_id, name) for title_id, name in found]

    def known_ids(self, keys: Iterable[tuple[Site, str]]) -> dict[str, str]:
        """For each id the registry knows: ``"mal:1" -> title_id``. Refused by a person, an id leads nowhere."""
        by_site: dict[Site, list[str]] = {}
        for site, id_ in sorted(set(keys)):
            by_site.setdefault(site, []).append(id_)
        found: dict[str, str] = {}
        with self._db.read() as c:
            no = refusals(c)
            for site, ids in by_site.items():
                for chunk in chunks(ids):
                    query = sa.select(IDS.c.id, IDS.c.title_id).where(IDS.c.site == site.value, IDS.c.id.in_(chunk))
                    found.update({f"{site.value}:{i}": t for i, t in c.execute(query) if (t, (site, i)) not in no})
        return found

    def note_mentions(self, mentions: Mapping[str, Iterable[str]]) -> None:
        """Remember which ids each title speaks of."""
        spoken = {title_id: set(keys) for title_id, keys in mentions.items()}
        with self._db.read() as c:
            for chunk in chunks(list(spoken)):
                query = sa.select(MENTIONS.c.title_id, MENTIONS.c.id_key).where(MENTIONS.c.title_id.in_(chunk))
                for title_id, key in c.execute(query):
                    spoken[title_id].discard(key)
        missing = [{"id_key": key, "title_id": t} for t, keys in sorted(spoken.items()) for key in sorted(keys)]
        if missing:
            with self._db.write() as c:
                _many(c, self._db.insert_missing(MENTIONS), missing)

    def finish(
        self, finished: Sequence[Finished], *, run_id: str = OUTSIDE, standing: Collection[Platform] | None = None
    ) -> None:
        """Record the end of some titles' passes, and which record each has from now on.

        A title that was locked otherwise meanwhile stays due. ``standing`` are the platforms that were in quarantine
        when the titles' outcomes were read: if another process imposed one since, they stay due.
        """
        now = self._now()
        with self._db.write() as c:
            versions = (Version(f.title_id, f.record, f.provenance, f.result) for f in finished)
            note_versions(c, versions, run_id=run_id, now=now)
            anew = titles_locked_anew(c, {f.title_id: f.locks for f in finished})
            if standing is not None and not standing_now(c, now) <= set(standing):
                anew = {f.title_id for f in finished}
            note_reviews(c, {f.title_id: f.review for f in finished if f.review is not None and f.title_id not in anew})
            measured = {f.title_id: f.quality for f in finished if f.quality is not None}
            note_quality(c, self._db, measured, run_id=run_id, now=now)
            _many(
                c,
                _update_by_id(
                    done_row=..., done_config=..., done_tier=..., due_at=..., result=..., note=..., record=...,
                    provenance=..., finished_at=now,
                ),
                [
                    {"b_id": f.title_id, "b_done_row": None if f.title_id in anew else f.row_digest,
                     "b_done_config": f.config,
                     "b_done_tier": f.tier.level, "b_due_at": f.due_at, "b_result": f.result, "b_note": f.note,
                     "b_record": f.record, "b_provenance": f.provenance}
                    for f in finished
                ],
            )  # fmt: skip

    def reopen(self, title_ids: Sequence[str]) -> None:
        """Make titles due again, because what was made of them turned out torn."""
        with self._db.write() as c:
            for chunk in chunks(title_ids):
                c.execute(sa.update(TITLES).where(TITLES.c.title_id.in_(chunk)).values(done_row=None))

    def results(self) -> dict[str, int]:
        """How many active titles ended how; ``waiting`` have not been through yet."""
        query = (
            sa.select(sa.func.coalesce(TITLES.c.result, "waiting"), sa.func.count())
            .where(TITLES.c.state == "active")
            .group_by(TITLES.c.result)
        )
        with self._db.read() as c:
            return dict(c.execute(query).all())

    def finished(self, *, only: Sequence[str] | None = None) -> Iterator[StoredTitle]:
        """Titles that have a record, in catalogue order, a few at a time."""
        title_ids = self.active() if only is None else list(only)
        for chunk in chunks(title_ids):
            yield from (title for title in self.load(chunk) if title.record is not None)

    def events(self, title_id: str | None = None) -> list[identity.IdentityEvent]:
        """What happened to identities, oldest first."""
        query = sa.select(IDENTITY_EVENTS).order_by(IDENTITY_EVENTS.c.number)
        if title_id is not None:
            query = query.where(sa.or_(IDENTITY_EVENTS.c.title_id == title_id, IDENTITY_EVENTS.c.other == title_id))
        with self._db.read() as c:
            rows = c.execute(query).mappings().all()
        return [identity.IdentityEvent(r["kind"], r["title_id"], r["other"], r["detail"]) for r in rows]

    def retired(self, collection: str) -> list[str]:
        """Titles that were merged into others but still have a point in the collection.

        A title that is only gone from the catalogue keeps its point: a smaller file must not empty the store.
        """
        query = (
            sa.select(POINTS.c.title_id)
            .join(TITLES, TITLES.c.title_id == POINTS.c.title_id)
            .where(TITLES.c.state == "merged", POINTS.c.collection == collection)
            .order_by(POINTS.c.title_id)
        )
        with self._db.read() as c:
            return list(c.execute(query).scalars())


def _apply_titles(c: Connection, plan: identity.SyncPlan, now: float) -> None:
    note_versions(c, _lost_and_found(c, plan), run_id=OUTSIDE, now=now)
    fresh = [
        {
            "title_id": title_id,
            "anchor": row.anchor,
            "name": row.name,
            "position": row.position,
            "row": row.content,
            "row_digest": row.digest,
            "state": "active",
            "first_seen": now,
        }
        for title_id, row in plan.created
    ]
    _many(c, sa.insert(TITLES), fresh)
    _many(
        c,
        _update_by_id(name=..., position=..., row=..., row_digest=..., state="active", merged_into=None),
        [
            {"b_id": t, "b_name": r.name, "b_position": r.position, "b_row": r.content, "b_row_digest": r.digest}
            for t, r in plan.updated
        ],
    )
    _many(c, _update_by_id(position=...), [{"b_id": t, "b_position": p} for t, p in plan.moved])
    merged = [{"b_id": loser, "b_merged_into": into} for loser, into in plan.merged.items()]
    _many(c, _update_by_id(state="merged", merged_into=..., done_row=None), merged)
    earlier = sa.update(TITLES).where(TITLES.c.merged_into == sa.bindparam("b_id"))
    _many(c, earlier.values(merged_into=sa.bindparam("b_merged_into")), merged)  # a merge of a merge leads to its end
    _many(c, _update_by_id(state="gone"), [{"b_id": t} for t in plan.gone])
    _many(c, _update_by_id(done_row=None), [{"b_id": t} for t in plan.touched])


def _lost_and_found(c: Connection, plan: identity.SyncPlan) -> Iterator[Version]:
    """Titles with a record that the catalogue has no longer, or has again."""
    lost = dict.fromkeys(plan.gone, "gone") | dict.fromkeys(plan.merged, "merged")
    known = sa.select(TITLES.c.title_id, TITLES.c.record, TITLES.c.provenance, TITLES.c.result).where(
        TITLES.c.finished_at.is_not(None)
    )
    for chunk in chunks(list(lost)):
        for title_id, *_ in c.execute(known.where(TITLES.c.title_id.in_(chunk))):
            yield Version(title_id, None, None, lost[title_id])
    for chunk in chunks([title_id for title_id, _ in plan.updated]):
        found = known.where(TITLES.c.title_id.in_(chunk), TITLES.c.state != "active")
        yield from (Version(*row) for row in c.execute(found))


def _note_events(c: Connection, events: Sequence[identity.IdentityEvent], release: str) -> None:
    """A URL on two rows is news once; it stays so in every release after."""
    kind, title_id, other, detail = (IDENTITY_EVENTS.c[n] for n in ("kind", "title_id", "other", "detail"))
    told = {(t, o, d) for t, o, d in c.execute(sa.select(title_id, other, detail).where(kind == "shared"))}
    fresh = [e for e in events if e.kind != "shared" or (e.title_id, e.other, e.detail) not in told]
    _many(
        c,
        sa.insert(IDENTITY_EVENTS),
        [
            {"release": release, "kind": e.kind, "title_id": e.title_id, "other": e.other, "detail": e.detail}
            for e in fresh
        ],
    )


def _known_titles(c: Connection) -> dict[str, identity.KnownTitle]:
    query = sa.select(
        TITLES.c.title_id,
        TITLES.c.anchor,
        TITLES.c.first_seen,
        TITLES.c.position,
        TITLES.c.row_digest,
        TITLES.c.state,
    )
    return {
        t: identity.KnownTitle(t, anchor, (first, anchor), digest, state, position)
        for t, anchor, first, position, digest, state in c.execute(query)
    }


def _ids_of(c: Connection, title_ids: Sequence[str]) -> dict[str, tuple[tuple[Site, str], ...]]:
    query = (
        sa.select(IDS.c.site, IDS.c.id, IDS.c.title_id)
        .where(IDS.c.title_id.in_(title_ids), IDS.c.listed == 1)
        .order_by(IDS.c.site, IDS.c.id)
    )
    return _by_title(c, query)


def _by_site(keys: Iterable[tuple[Site, str]]) -> dict[Site, tuple[str, ...]]:
    found: dict[Site, tuple[str, ...]] = {}
    for site, id_ in keys:
        found[site] = (*found.get(site, ()), id_)
    return found


def _learned_of(c: Connection, title_ids: Sequence[str]) -> dict[str, tuple[tuple[Site, str], ...]]:
    query = (
        sa.select(LEARNED_IDS.c.site, LEARNED_IDS.c.id, LEARNED_IDS.c.title_id)
        .where(LEARNED_IDS.c.title_id.in_(title_ids), LEARNED_IDS.c.status == "learned")
        .order_by(LEARNED_IDS.c.site, LEARNED_IDS.c.id)
    )
    return _by_title(c, query)


def _by_title(c: Connection, query: sa.Select[Any]) -> dict[str, tuple[tuple[Site, str], ...]]:
    found: dict[str, tuple[tuple[Site, str], ...]] = {}
    for site, id_, title_id in c.execute(query):
        found[title_id] = (*found.get(title_id, ()), (Site(site), id_))
    return found


def _stored(
    row: sa.RowMapping,
    ids: Mapping[Site, tuple[str, ...]],
    learned: tuple[tuple[Site, str], ...],
    refused: tuple[tuple[Site, str], ...],
) -> StoredTitle:
    return StoredTitle(
        title_id=row["title_id"],
        name=row["name"],
        row=row["row"],
        row_digest=row["row_digest"],
        ids=ids,
        learned=learned,
        refused=refused,
        result=row["result"],
        note=row["note"],
        record=row["record"],
        provenance=row["provenance"],
        due_at=row["due_at"],
        finished_at=row["finished_at"],
    )


def _update_by_id(**values: object) -> sa.Update:
    """``UPDATE titles … WHERE title_id = :b_id``; ``...`` stands for a value given with each row (``b_<column>``)."""
    bound = {name: sa.bindparam(f"b_{name}") if value is ... else value for name, value in values.items()}
    return sa.update(TITLES).where(TITLES.c.title_id == sa.bindparam("b_id")).values(**bound)


def _many(c: Connection, statement: sa.Executable, rows: Sequence[Mapping[str, object]]) -> None:
    if rows:
        c.execute(statement, [dict(row) for row in rows])
