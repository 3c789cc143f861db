"""Locks in a file, so that a team shares them and a test can hold the rules to them: one JSON object a line.

A line names its title by every id it has, so it is understood by a ledger of another catalogue. Reading is all or
nothing: a line that is wrong is named, and then nothing of the file is kept.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from pipeline.assembly.locking import canonical_value
from pipeline.domain.canonical import canonical_bytes
from pipeline.domain.names import Site
from pipeline.domain.review import OWN_ID, READINGS, Lock, answer_of, kind_of, terms_of
from pipeline.enrich.review.claiming import spelled_id
from pipeline.enrich.review.reviewing import LOCKABLE
from pipeline.enrich.review.wording import terms_named
from pipeline.errors import BadInput, one_line
from pipeline.ledger import Ledger

__all__ = ["Borrowed", "borrow_locks", "lend_locks"]

Words = Annotated[str, Field(min_length=1)]
_WHO: Final = 80


class _Lent(BaseModel):
    """One line: of which title, which field or question, what is right, why, and who said so when."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    title: str
    title_id: str
    ids: dict[str, list[str]]
    field: Words
    kind: Literal["value", "answer"]
    expected: JsonValue
    reason: str
    by: Words
    at: Words
    basis: str


@dataclass(slots=True)
class Borrowed:
    """What a file brought: locks taken, those that a later one of ours stands against, and titles we do not have."""

    taken: int = 0
    ours: int = 0
    same: int = 0
    unknown: list[str] = field(default_factory=list)


def lend_locks(ledger: Ledger) -> Iterator[bytes]:
    """Every lock as a line, titles in catalogue order, fields by name. What was only seen is nobody else's concern."""
    title_ids = ledger.review.locked()
    locks = ledger.review.locks(title_ids)
    for title in ledger.titles.load(title_ids):
        for lock in locks[title.title_id]:
            if lock.kind == "seen":
                continue
            ids = {site.value: list(title.all_ids[site]) for site in sorted(title.all_ids)}
            yield canonical_bytes(
                {
                    "title": title.name,
                    "title_id": title.title_id,
                    "ids": ids,
                    "field": lock.field,
                    "kind": lock.kind,
                    "expected": orjson.loads(lock.value),
                    "reason": lock.note,
                    "by": lock.by,
                    "at": datetime.fromtimestamp(lock.at, tz=UTC).isoformat(),
                    "basis": lock.basis,
                }
            )


def borrow_locks(ledger: Ledger, lines: Iterable[bytes], name: str) -> Borrowed:
    """Take the locks of a file over; of two of one field the later decided one stands.

    Raises ``BadInput`` naming file, line and what is wrong with it.
    """
    report = Borrowed()
    new: dict[str, dict[str, Lock]] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            lent = _parse_line(line)
            lock = _lock_of(lent)
        except BadInput as error:
            raise BadInput(f"{name} line {number}: {error}; nothing of the file was taken") from error
        title_id = _title_of(ledger, lent)
        if title_id is None:
            report.unknown.append(lent.title)
            continue
        mine = {one.field: one for one in ledger.review.locks([title_id]).get(title_id, ())} | new.get(title_id, {})
        before = mine.get(lock.field)
        if before == lock:
            report.same += 1
        elif before is not None and before.at >= lock.at:
            report.ours += 1
        else:
            new.setdefault(title_id, {})[lock.field] = lock
            report.taken += 1
    ledger.review.lock({title_id: mine.values() for title_id, mine in new.items()})
    return report


def _parse_line(line: bytes) -> _Lent:
    try:
        return _Lent.model_validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or one_line(line, _WHO)
        raise BadInput(f"{where}: {first['msg'].rstrip('.')}, not {one_line(repr(first['input']), _WHO)}") from error


def _lock_of(lent: _Lent) -> Lock:
    text = canonical_bytes(lent.expected).decode()
    if lent.kind == "value":
        if lent.field not in LOCKABLE:
            raise BadInput(f"no field that can be locked is called {lent.field!r}")
        text = canonical_value(lent.field, text)
    by, note = one_line(lent.by, _WHO), one_line(lent.reason, 2000)
    try:
        at = datetime.fromisoformat(lent.at)
        lock = Lock(one_line(lent.field, 200), lent.kind, text, by, at.timestamp(), note, one_line(lent.basis, 64))
    except (ValueError, OverflowError, OSError) as error:
        raise BadInput(f"at={lent.at[:40]!r} is no time (2026-01-10T12:00:00+00:00)") from error
    if lent.kind == "answer":
        _check_answer(lock)
    return lock


def _check_answer(lock: Lock) -> None:
    kind = kind_of(lock)
    try:
        chosen, options = answer_of(lock)
        is_one: Any = chosen is None or (isinstance(chosen, str) and all(isinstance(one, str) for one in options))
        if kind in READINGS:
            is_one = terms_named(kind, canonical_bytes(orjson.loads(lock.value)["chosen"]).decode()) == terms_of(lock)
    except (KeyError, TypeError):
        is_one = False
    if kind == OWN_ID:
        is_one = is_one and chosen in ("yes", "no") and spelled_id(lock.field) == lock.field
    if not is_one or ":" not in lock.field:
        raise BadInput(
            f"{lock.field!r} cannot be {lock.value[:_WHO]}: an answer is an object with chosen and options, to a "
            "question like same_character:anilist:40"
        )


def _title_of(ledger: Ledger, lent: _Lent) -> str | None:
    """The title that holds the ids; of ids that several titles hold none. Without a known id the title_id counts."""
    sites: Mapping[str, Site] = {site.value: site for site in Site}
    keys = [(sites[site], id_) for site, ids in lent.ids.items() if site in sites for id_ in ids]
    holders = set(ledger.titles.known_ids(keys).values())
    if len(holders) == 1:
        return holders.pop()
    return ledger.titles.survivor(lent.title_id) if not holders and ledger.titles.load([lent.title_id]) else None
