"""What platforms were asked and what they said: raw answers, their parts by id, and the outcome per title.

Intent, act, result: an outcome row without an outcome is an intent. Parts that came in after the intent count, so a
killed run asks only for what is missing. An answer, its parts and its absences are one transaction.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar
from urllib.parse import urlsplit

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pipeline.domain.canonical import Digest, digest_of
from pipeline.domain.exchange import Answer, Reading, Request, Validators
from pipeline.domain.names import Outcome, Platform
from pipeline.errors import Damaged
from pipeline.ledger.blobs import BlobStore
from pipeline.ledger.database import Database, chunks
from pipeline.ledger.sights import Exchange
from pipeline.ledger.tables import ANSWERS, EARLIER_PARTS, OUTCOMES, PARTS

__all__ = ["REUSE_S", "FetchBook", "Had", "Kept", "PartRef", "Said", "Settled", "SettledOutcome"]

B = TypeVar("B")

REUSE_S: Final = 86_400.0
"""Parts are good for a day whatever became of their asking: nobody is asked for an entry twice in that time."""

_OK: Final = 200
_ABSENT: Final = "~absent"
_STANDS_BY: Final = (Outcome.FAILED, Outcome.SWITCHED_OFF, Outcome.LEFT_OUT)
"""Outcomes that say nothing new of a title: what was heard before stands."""

_MINE: Final = (PARTS.c.platform == sa.bindparam("of"), PARTS.c.id.in_(sa.bindparam("ids", expanding=True)))
_PARTS_OF: Final = (
    sa.select(PARTS.c.id, PARTS.c.kind, PARTS.c.body, PARTS.c.fetched_at)
    .where(*_MINE)
    .order_by(PARTS.c.id, PARTS.c.kind)
)
"""Made once: making a statement takes longer than running it."""
_STANDING: Final = sa.select(PARTS).where(*_MINE)
_SAID: Final = sa.delete(PARTS).where(*_MINE)
_OTHER_KINDS: Final = _SAID.where(PARTS.c.kind.not_in(sa.bindparam("kinds", expanding=True)))
_NO_LONGER_ABSENT: Final = _SAID.where(PARTS.c.kind == _ABSENT)
_NO_LONGER_THERE: Final = _SAID.where(PARTS.c.kind != _ABSENT)


@dataclass(frozen=True, slots=True)
class PartRef:
    """A stored part: its kind and the digest of its body."""

    kind: str
    body: Digest


@dataclass(frozen=True, slots=True)
class Said:
    """One answer to be kept whole, and what it says of each id.

    ``since`` is when each id was intended: an answer is never older than that, even if the clock went back.
    ``said_at`` (Unix seconds) is when the platform gave it, if not now.
    """

    request: Request
    answer: Answer
    reading: Reading
    since: Mapping[str, float] = field(default_factory=dict)
    said_at: float | None = None


@dataclass(slots=True)
class Had(Generic[B]):
    """What is had of one id by kind (bodies, or their digests), or the platform's word that it has none."""

    parts: dict[str, B] = field(default_factory=dict)
    is_absent: bool = False
    has_older: bool = False
    """Whether something is there from before the time that counts."""


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
    """An outcome as stored, with the time it was settled, and when the platform was last heard to the end."""

    outcome: SettledOutcome
    settled_at: float
    heard_at: float | None = None

    @property
    def is_heard(self) -> bool:
        """Whether what is kept of the platform's word goes into the record."""
        return self.outcome.outcome in (Outcome.FOUND, Outcome.FAILED) or self.is_stale

    @property
    def is_stale(self) -> bool:
        """Whether that word is an earlier one, because the platform could not be heard or was left out now."""
        return self.outcome.outcome in (Outcome.FAILED, Outcome.LEFT_OUT) and self.heard_at is not None


class FetchBook:
    """Answers, parts and outcomes."""

    def __init__(self, db: Database, blobs: BlobStore, now: Callable[[], float]) -> None:
        self._db = db
        self._blobs = blobs
        self._now = now

    def save(self, said: Sequence[Said]) -> None:
        """Keep some answers, all or none of them."""
        now = self._now()
        kept = [(one, _said_at(one, now), self._blobs.put(one.answer.body)) for one in said]
        parts = [self._part_rows(one, said_at) for one, said_at, _ in kept]
        with self._db.write() as c:
            c.execute(self._db.upsert(ANSWERS), [_answer_row(*one) for one in kept])
            for one, rows in zip(said, parts, strict=True):
                standing = _standing(c, one)
                _set_aside(c, one, standing)
                _unsay(c, one, standing)
                if rows:
                    c.execute(self._db.upsert(PARTS), rows)

    def _part_rows(self, said: Said, said_at: float) -> list[dict[str, object]]:
        bodies = [
            (id_, part.kind, self._blobs.put(part.body)) for id_, parts in said.reading.parts.items() for part in parts
        ]
        absences = [(id_, _ABSENT, None) for id_ in sorted(said.reading.absent)]
        common = {"platform": said.request.platform.value, "answer": said.request.key, "fetched_at": said_at}
        return [{**common, "id": id_, "kind": kind, "body": body} for id_, kind, body in (*bodies, *absences)]

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

    def known_answer(self, request: Request) -> tuple[Validators, Answer] | None:
        """The answer we have of this very question, whole, if the platform gave something to know it by.

        Saving it again makes it, and what it says of each id, as new as a fresh one.
        """
        if request.method != "GET":
            return None
        query = sa.select(ANSWERS).where(ANSWERS.c.key == request.key, ANSWERS.c.status == _OK)
        with self._db.read() as c:
            row = c.execute(query).mappings().first()
        if row is None or not row["origin"]:
            return None
        headers = orjson.loads(row["headers"])
        validators = Validators(row["origin"], headers.get("etag"), headers.get("last-modified"))
        if validators.etag is None and validators.last_modified is None:
            return None
        try:
            body = self._blobs.get(row["body"])
        except Damaged:
            return None
        return validators, Answer(row["status"], headers, body, row["origin"])

    def standing(self, platform: Platform, since: Mapping[str, float]) -> dict[str, Had[Digest]]:
        """What stands of each id since its own time; whether a body is torn is not looked at."""
        found: dict[str, Had[Digest]] = {id_: Had() for id_ in since}
        for id_, kind, body, fetched_at in self._rows(platform, list(since)):
            if fetched_at < since[id_]:
                found[id_].has_older = True
            elif body is None:
                found[id_].is_absent = True
            else:
                found[id_].parts[kind] = body
        return found

    def gathered(self, platform: Platform, since: Mapping[str, float]) -> dict[str, Had[bytes]]:
        """What is had of each id since its own time. A torn body counts as not there, so it is asked for again."""
        return {
            id_: Had(self.bodies(one.parts), one.is_absent, one.has_older)
            for id_, one in self.standing(platform, since).items()
        }

    def bodies(self, parts: Mapping[str, Digest]) -> dict[str, bytes]:
        """The bodies of some parts by kind; torn ones are left out."""
        whole: dict[str, bytes] = {}
        for kind, body in parts.items():
            with suppress(Damaged):
                whole[kind] = self._blobs.get(body)
        return whole

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
        parts = list(chunks(ids))
        with self._db.look() if len(parts) == 1 else self._db.read() as c:
            for part in parts:
                found = c.execute(_PARTS_OF, {"of": platform.value, "ids": part})
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

    def intend(self, platform: Platform, title_ids: Sequence[str], *, reuse_s: float = REUSE_S) -> dict[str, float]:
        """Note that these titles are about to be asked; gives since when each has been intended.

        An intent keeps its time for ``reuse_s``, so what it already got still counts: if it came to nothing (the
        process died, the platform failed), only the rest is asked; if a title gains an id, only that one.
        """
        now = self._now()
        with self._db.write() as c:
            open_since: dict[str, float] = {}
            for chunk in chunks(title_ids):
                query = sa.select(OUTCOMES.c.title_id, OUTCOMES.c.asked_at).where(
                    OUTCOMES.c.platform == platform.value,
                    OUTCOMES.c.title_id.in_(chunk),
                    OUTCOMES.c.asked_at > now - reuse_s,
                )
                open_since.update(dict(c.execute(query).all()))
            rows = [
                {"title_id": t, "platform": platform.value, "outcome": None, "reason": "", "ids": "[]",
                 "asked_at": open_since.get(t, now), "settled_at": None, "fresh_until": None, "heard_at": None,
                 "heard_before": None}
                for t in title_ids
            ]  # fmt: skip
            if rows:
                c.execute(self._db.upsert(OUTCOMES, keep=("heard_at", "heard_before")), rows)
        return {t: open_since.get(t, now) for t in title_ids}

    def settle(self, outcomes: Iterable[SettledOutcome], exchange: Exchange | None = None) -> None:
        """Record what came of it, and what was seen of the platform with it."""
        now = self._now()
        rows = [
            {"title_id": o.title_id, "platform": o.platform.value, "outcome": o.outcome.value, "reason": o.reason,
             "ids": orjson.dumps(o.ids).decode(), "asked_at": now, "settled_at": now, "fresh_until": o.fresh_until,
             "heard_at": now if o.outcome is Outcome.FOUND else None,
             "heard_before": None}
            for o in outcomes
        ]  # fmt: skip
        said = [row for row in rows if row["outcome"] not in _STANDS_BY]
        silent = [row for row in rows if row["outcome"] in _STANDS_BY]
        with self._db.write() as c:
            if said:
                c.execute(self._db.upsert(OUTCOMES, keep=("asked_at",), moved=("heard_at", "heard_before")), said)
            if silent:
                c.execute(self._db.upsert(OUTCOMES, keep=("asked_at", "heard_at", "heard_before")), silent)
            if exchange is not None:
                exchange.apply(c, self._db, now)

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


def _said_at(said: Said, now: float) -> float:
    if said.said_at is not None:
        return said.said_at
    return max(now, *(said.since[id_] for id_ in said.request.ids))


def _answer_row(said: Said, said_at: float, body: Digest) -> dict[str, object]:
    request, answer = said.request, said.answer
    asked = {"method": request.method, "path": request.path, "params": request.params, "ids": request.ids}
    return {
        "key": request.key,
        "platform": request.platform.value,
        "kind": request.kind,
        "request": orjson.dumps(asked).decode(),
        "status": answer.status,
        "headers": orjson.dumps(dict(answer.headers)).decode(),
        "body": body,
        "fetched_at": said_at,
        "origin": _origin(answer.url),
    }


def _standing(c: Connection, said: Said) -> list[dict[str, Any]]:
    """What stands of the ids an answer was asked for or speaks of."""
    ids = list(dict.fromkeys((*said.request.ids, *said.reading.parts, *said.reading.absent)))
    of = said.request.platform.value
    return [dict(row) for part in chunks(ids) for row in c.execute(_STANDING, {"of": of, "ids": part}).mappings()]


def _set_aside(c: Connection, said: Said, standing: Sequence[dict[str, Any]]) -> None:
    """Before the first answer of a new asking: keep what stands as what stood before."""
    since = {id_: said.since[id_] for id_ in said.request.ids if id_ in said.since}
    of_before: dict[str, list[dict[str, Any]]] = {}
    for row in standing:
        if row["id"] in since:
            of_before.setdefault(row["id"], []).append(row)
    first = {id_: rows for id_, rows in of_before.items() if all(r["fetched_at"] < since[id_] for r in rows)}
    for chunk in chunks(list(first)):
        here = (EARLIER_PARTS.c.platform == said.request.platform.value, EARLIER_PARTS.c.id.in_(chunk))
        c.execute(sa.delete(EARLIER_PARTS).where(*here))
        c.execute(sa.insert(EARLIER_PARTS), [row for id_ in chunk for row in first[id_]])


def _unsay(c: Connection, said: Said, standing: Sequence[Mapping[str, Any]]) -> None:
    """The last word counts: an id that is found is no longer absent, and an absent one has no parts."""
    absent, there = ({row["id"] for row in standing if (row["kind"] == _ABSENT) is is_it} for is_it in (True, False))
    for contradicted, unsaid in (
        (absent & said.reading.parts.keys(), _NO_LONGER_ABSENT),
        (there & said.reading.absent, _NO_LONGER_THERE),
    ):
        for chunk in chunks(sorted(contradicted)):
            c.execute(unsaid, {"of": said.request.platform.value, "ids": chunk})


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
    return Settled(outcome, row["settled_at"] or 0.0, row["heard_at"])


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else ""
