"""How good records are: the figures of every title, and of the whole at the end of every run.

A title's row is written in the transaction that ends its pass, and only when its figures changed. Sums over all titles
are one query; whoever wants every title's figures reads them a few at a time.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pipeline.domain.canonical import canonical_bytes, digest_bytes, dump_json, load_json
from pipeline.domain.names import Source
from pipeline.domain.quality import Quality
from pipeline.ledger.database import Database, chunks
from pipeline.ledger.packing import pack, unpack
from pipeline.ledger.tables import RUN_QUALITY, RUNS, TITLE_QUALITY, TITLES

__all__ = ["Means", "QualityBook", "RunQuality", "SourceShare", "note_quality"]

_AT_ONCE: Final = 2000
_Q: Final = TITLE_QUALITY.c
_ACTIVE: Final = sa.and_(TITLES.c.title_id == _Q.title_id, TITLES.c.state == "active")


@dataclass(frozen=True, slots=True)
class Means:
    """Means and sums over titles that have figures; a mean is ``None`` where there is nothing to measure."""

    titles: int
    completeness: float | None
    agreement: float | None
    confidence: float | None
    conflicts: int
    broken: int
    """Broken invariants."""
    drift: int
    """Unknown values of platforms."""


@dataclass(frozen=True, slots=True)
class RunQuality:
    """How good the whole catalogue was when a run ended (Unix time), which ``finished`` some titles.

    Of a run that was cut off, or still goes on, it is how good the whole was when that was last noted.
    """

    run_id: str
    at: float
    finished: int
    means: Means
    is_whole: bool = True
    """Whether the run came to its end."""


@dataclass(frozen=True, slots=True)
class SourceShare:
    """What one source gave over all titles: fields it stands behind, and values we have no name for."""

    fields: int
    drift: int


def note_quality(c: Connection, db: Database, measured: Mapping[str, Quality], *, run_id: str, now: float) -> None:
    """Write the figures that differ from those kept. To be called in the transaction that ends the titles' passes."""
    rows = {title_id: _row(title_id, quality) for title_id, quality in measured.items()}
    for chunk in chunks(list(rows)):
        kept = dict(c.execute(sa.select(_Q.title_id, _Q.digest).where(_Q.title_id.in_(chunk))).all())
        fresh = [rows[t] | {"run_id": run_id, "measured_at": now} for t in chunk if kept.get(t) != rows[t]["digest"]]
        if fresh:
            c.execute(db.upsert(TITLE_QUALITY), fresh)


def _row(title_id: str, quality: Quality) -> dict[str, object]:
    body = dump_json(Quality, quality)
    return {
        "title_id": title_id,
        "completeness": quality.completeness,
        "agreement": quality.agreement,
        "confidence": quality.confidence,
        "popularity": quality.popularity,
        "conflicts": len(quality.conflicts),
        "broken": sum(quality.broken.values()),
        "drift": len(quality.drift),
        "by_source": _by_source(quality),
        "body": pack(body),
        "digest": digest_bytes(body),
    }


def _by_source(quality: Quality) -> str:
    filled = Counter(source for sources in quality.sources.values() for source in sources)
    drift = Counter(unknown.source for unknown in quality.drift)
    return canonical_bytes({s.value: [filled[s], drift[s]] for s in sorted(filled.keys() | drift.keys())}).decode()


class QualityBook:
    """Figures of titles and of runs."""

    def __init__(self, db: Database, now: Callable[[], float]) -> None:
        self._db = db
        self._now = now

    def means(self) -> Means:
        """Over all active titles that have figures."""
        with self._db.read() as c:
            return _means(c)

    def shares(self) -> dict[Source, SourceShare]:
        """What each source gave, over all active titles."""
        fields: Counter[str] = Counter()
        drift: Counter[str] = Counter()
        with self._db.read() as c:
            for text in c.execute(sa.select(_Q.by_source).join(TITLES, _ACTIVE)).scalars():
                for source, (filled, unknown) in orjson.loads(text).items():
                    fields[source] += filled
                    drift[source] += unknown
        return {source: SourceShare(fields[source], drift[source]) for source in Source if source in fields}

    def every(self) -> Iterator[tuple[str, Quality]]:
        """The figures of all active titles, the most popular first; a torn row is left out."""
        query = sa.select(_Q.title_id, _Q.body, _Q.digest).join(TITLES, _ACTIVE)
        with self._db.read() as c:
            rows = c.execution_options(yield_per=_AT_ONCE).execute(query.order_by(_Q.popularity.desc(), _Q.title_id))
            for title_id, packed, digest in rows:
                if (body := unpack(packed, digest)) is not None:
                    yield title_id, load_json(Quality, body)

    def of(self, title_ids: Sequence[str]) -> dict[str, Quality]:
        """The figures of some titles."""
        found: dict[str, Quality] = {}
        with self._db.read() as c:
            for chunk in chunks(title_ids):
                for row in c.execute(sa.select(_Q.title_id, _Q.body, _Q.digest).where(_Q.title_id.in_(chunk))):
                    if (body := unpack(row.body, row.digest)) is not None:
                        found[row.title_id] = load_json(Quality, body)
        return found

    def worst(self, limit: int) -> list[str]:
        """Titles that lack most, by how many people that concerns: what is missing times popularity, greatest first."""
        lack = (1.0 - _Q.completeness) * _Q.popularity
        query = sa.select(_Q.title_id).join(TITLES, _ACTIVE).where(_Q.completeness < 1.0)
        with self._db.read() as c:
            return list(c.execute(query.order_by(lack.desc(), _Q.title_id).limit(limit)).scalars())

    def note_run(self, run_id: str, *, finished: int) -> None:
        """Note how good the whole is by now, in place of what was noted of this run before.

        Nothing is written for a run that finished no title.
        """
        if finished:
            with self._db.write() as c:
                self._note(c, run_id, self._now(), finished)

    def make_good(self) -> None:
        """Before a run begins, note what is missing of the one before, if that did not come to its end.

        Nothing has happened since its last title. Should it still go on elsewhere, its own next note takes this one's
        place.
        """
        query = sa.select(RUNS.c.run_id, RUNS.c.started_at, RUNS.c.finished_at)
        with self._db.read() as c:
            last = c.execute(query.order_by(RUNS.c.started_at.desc(), RUNS.c.run_id).limit(1)).mappings().first()
            if last is None or last["finished_at"] is not None:
                return
            done = sa.select(sa.func.count(), sa.func.max(TITLES.c.finished_at))
            finished, at = c.execute(done.where(TITLES.c.finished_at >= last["started_at"])).one()
        if finished:
            with self._db.write() as c:
                self._note(c, last["run_id"], at, finished)

    def _note(self, c: Connection, run_id: str, at: float, finished: int) -> None:
        means = _means(c)
        if means.titles:
            row = {"run_id": run_id, "at": at, "finished": finished, "titles": means.titles}
            row |= {name: getattr(means, name) for name in ("completeness", "agreement", "confidence")}
            row |= {name: getattr(means, name) for name in ("conflicts", "broken", "drift")}
            c.execute(self._db.upsert(RUN_QUALITY), row)

    def runs(self) -> list[RunQuality]:
        """Every run's, oldest first."""
        r = RUN_QUALITY.c
        query = sa.select(RUN_QUALITY, RUNS.c.started_at, RUNS.c.finished_at).join(
            RUNS, RUNS.c.run_id == r.run_id, isouter=True
        )
        with self._db.read() as c:
            rows = c.execute(query.order_by(r.at, r.run_id)).mappings().all()
        return [
            RunQuality(
                row["run_id"], row["at"], row["finished"], _read_means(row),
                is_whole=row["finished_at"] is not None or row["started_at"] is None,
            )
            for row in rows
        ]  # fmt: skip


def _means(c: Connection) -> Means:
    figures: list[sa.ColumnElement[Any]] = [sa.func.count().label("titles")]
    figures += [sa.func.avg(_Q[name]).label(name) for name in ("completeness", "agreement", "confidence")]
    figures += [sa.func.coalesce(sa.func.sum(_Q[name]), 0).label(name) for name in ("conflicts", "broken", "drift")]
    return _read_means(c.execute(sa.select(*figures).select_from(TITLE_QUALITY).join(TITLES, _ACTIVE)).mappings().one())


def _read_means(row: sa.RowMapping) -> Means:
    def mean(name: str) -> float | None:
        return None if row[name] is None else round(float(row[name]), 4)

    sums = {name: int(row[name]) for name in ("conflicts", "broken", "drift")}
    return Means(row["titles"], mean("completeness"), mean("agreement"), mean("confidence"), **sums)
