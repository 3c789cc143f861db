"""What differs between two records of one title, by structure: members of a list are met by their ids, then by name.

Pure. A cast of hundreds in which one voice changed differs in one member, not in two walls of text.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from pydantic import JsonValue

from pipeline.domain.record import AnimeRecord, FieldProvenance, Provenance

__all__ = ["Change", "FieldChange", "compare_records"]

_Object: TypeAlias = dict[str, JsonValue]
_IDS: Final = ("ids", "id", "title_id")
_NAMES: Final = ("url", "name", "title", "text", "at", "kind")
"""What tells entries without a shared id apart, the surest first."""
_TOLD_APART_BY: Final = ("language", "relation", "site", "source")
"""What belongs to a name: the same voice speaks in two languages, the same title is two relations."""


@dataclass(frozen=True, slots=True)
class Change:
    """How one value became another.

    Of lists and objects ``added``, ``removed`` and ``changed`` name the members; of anything else there are ``old``
    and ``new``. ``differs_at`` is where two texts part.
    """

    old: JsonValue = None
    new: JsonValue = None
    differs_at: int | None = None
    added: tuple[tuple[str, JsonValue], ...] = ()
    removed: tuple[tuple[str, JsonValue], ...] = ()
    changed: tuple[tuple[str, "Change"], ...] = ()
    is_reordered: bool = False

    @property
    def has_members(self) -> bool:
        """Whether it is told by members."""
        return bool(self.added or self.removed or self.changed or self.is_reordered)

    def as_json(self) -> _Object:
        """For programs: only what there is to say."""
        if not self.has_members:
            values: _Object = {"old": self.old, "new": self.new}
            return values if self.differs_at is None else {**values, "differs_at": self.differs_at}
        told: _Object = {}
        if self.added:
            told["added"] = [{"name": name, "value": value} for name, value in self.added]
        if self.removed:
            told["removed"] = [{"name": name, "value": value} for name, value in self.removed]
        if self.changed:
            told["changed"] = {name: change.as_json() for name, change in self.changed}
        return told or {"reordered": True}


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A changed field and the reason of its new value."""

    field: str
    change: Change
    reason: FieldProvenance | None


def compare_records(
    old: AnimeRecord, new: AnimeRecord, provenance: Provenance | None, *, only: str | None = None
) -> tuple[FieldChange, ...]:
    """Every field that differs (of all, or of ``only``), in the record's order; ``provenance`` is the new record's."""
    before, after = old.model_dump(mode="json"), new.model_dump(mode="json")
    reasons = {} if provenance is None else provenance.fields
    return tuple(
        FieldChange(name, change, reasons.get(name))
        for name in AnimeRecord.model_fields
        if only in (None, name) and (change := _compare(before[name], after[name])) is not None
    )


def _compare(old: JsonValue, new: JsonValue) -> Change | None:
    """How they differ; ``None`` when they do not."""
    if old == new and type(old) is type(new):
        return None
    if isinstance(old, list) and isinstance(new, list):
        return _compare_lists(old, new)
    if isinstance(old, dict) and isinstance(new, dict):
        shared = {key: _compare(old[key], new[key]) for key in old if key in new}
        return Change(
            added=tuple((key, value) for key, value in new.items() if key not in old),
            removed=tuple((key, value) for key, value in old.items() if key not in new),
            changed=tuple((key, change) for key, change in shared.items() if change is not None),
        )
    if isinstance(old, str) and isinstance(new, str):
        pairs = enumerate(zip(old, new, strict=False))
        return Change(old, new, next((at for at, (a, b) in pairs if a != b), min(len(old), len(new))))
    return Change(old, new)


def _compare_lists(old: Sequence[JsonValue], new: Sequence[JsonValue]) -> Change:
    pairs = _met(old, new)
    lost = [one for at, one in enumerate(old) if at not in pairs]
    found = set(pairs.values())
    changed = ((_name(new[there]), _compare(old[here], new[there])) for here, there in sorted(pairs.items()))
    return Change(
        added=tuple((_name(one), one) for at, one in enumerate(new) if at not in found),
        removed=tuple((_name(one), one) for one in lost),
        changed=tuple((name, change) for name, change in changed if change is not None),
        is_reordered=list(pairs.values()) != sorted(pairs.values()),
    )


def _met(old: Sequence[JsonValue], new: Sequence[JsonValue]) -> dict[int, int]:
    """Which entry became which, one to one: equal ones, then those that share an id, then those of one name."""
    met: dict[int, int] = {}
    taken: set[int] = set()
    for level in range(3):
        free: dict[str, list[int]] = {}
        for there, one in enumerate(new):
            if there not in taken:
                for key in _keys(one, level):
                    free.setdefault(key, []).append(there)
        for here, one in enumerate(old):
            if here in met:
                continue
            alike = (at for key in _keys(one, level) for at in free.get(key, ()) if at not in taken)
            if (best := next(alike, None)) is not None:
                met[here] = best
                taken.add(best)
    return dict(sorted(met.items()))


def _keys(one: JsonValue, level: int) -> tuple[str, ...]:
    if level == 0:
        return (repr(one),)
    if not isinstance(one, dict):
        return ()
    return tuple(_id_keys(one)) if level == 1 else tuple(_name_keys(one))


def _id_keys(one: _Object) -> Iterator[str]:
    apart = _apart(one)
    for field in _IDS:
        said = one.get(field)
        for site, ids in said.items() if isinstance(said, dict) else (("", said),):
            for id_ in ids if isinstance(ids, list) else [ids]:
                if isinstance(id_, str) and id_:
                    yield f"{field} {site} {id_} {apart}"


def _name_keys(one: _Object) -> Iterator[str]:
    number = one.get("number")
    if number is not None:
        yield f"number {one.get('kind')} {one.get('source')} {number}"
    for field in _NAMES:
        said = one.get(field)
        if isinstance(said, str) and said:
            yield f"{field} {said} {_apart(one)}"
            return


def _apart(one: _Object) -> str:
    return " ".join(str(one[field]) for field in _TOLD_APART_BY if isinstance(one.get(field), str))


def _name(one: JsonValue) -> str:
    """What a person calls an entry."""
    if not isinstance(one, Mapping):
        return str(one)
    said = next((one[field] for field in ("name", "title", "text", "url", "at") if isinstance(one.get(field), str)), "")
    number, of = one.get("number"), one.get("kind") or one.get("source")
    if number is not None and of is not None:
        return f"{of} {number}" + (f" {said}" if said else "")
    return str(said or number or next(iter(one.values()), ""))
