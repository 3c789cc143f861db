"""What changed between two runs, title by title, out of the ledger's history."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pipeline.assembly import load_record
from pipeline.assembly.comparing import FieldChange, compare_records
from pipeline.domain.canonical import Digest, load_json
from pipeline.domain.record import AnimeRecord, Provenance
from pipeline.errors import BadInput, Damaged
from pipeline.ledger import Ledger
from pipeline.ledger.history import Version
from pipeline.ledger.runs import Run

__all__ = ["Span", "TitleChange", "choose_span", "compare_span"]

_CHUNK: Final = 200


@dataclass(frozen=True, slots=True)
class Span:
    """From the end of one run (from what was there before ``later``, if there is none) to the end of another."""

    earlier: Run | None
    later: Run


@dataclass(frozen=True, slots=True)
class TitleChange:
    """What became of one title. A title that is new was nothing, one that is gone has no fields left."""

    title_id: str
    name: str
    old_result: str | None
    new_result: str | None
    fields: tuple[FieldChange, ...] = ()
    problem: str = ""
    """Why its records cannot be compared."""

    @property
    def is_new(self) -> bool:
        """Whether there was no such title."""
        return self.old_result is None


def choose_span(ledger: Ledger, runs: Sequence[str]) -> Span:
    """The runs meant by at most two beginnings of ids. Raises ``BadInput`` for one that is unknown or several."""
    if len(runs) > 2:
        raise BadInput(f"two runs can be compared, not {len(runs)}: give the earlier one and the later one")
    named = [_find(ledger, text) for text in runs]
    if len(named) == 2:
        return Span(*named)
    last = ledger.runs.last_finished()
    if last is None:
        raise BadInput("no run has ended here yet, so there is nothing to compare; `anime-enrich run` makes the first")
    return Span(named[0] if named else None, last)


def _find(ledger: Ledger, text: str) -> Run:
    found = ledger.runs.find(text) if text else []
    if len(found) == 1:
        return found[0]
    if not found:
        raise BadInput(f"no run has an id that begins with {text!r}; `anime-enrich status` lists them")
    raise BadInput(f"{len(found)} runs have an id that begins with {text!r}; give more of it")


def compare_span(
    ledger: Ledger, span: Span, *, only: Sequence[str] | None = None, field: str | None = None
) -> Iterator[TitleChange]:
    """Every title (of all, or of ``only``) whose record or result differs; with ``field``, only where that differs."""
    before = ledger.history.before(span.later) if span.earlier is None else ledger.history.at_end_of(span.earlier)
    after = ledger.history.at_end_of(span.later)
    differ = [t for t in sorted(after) if t not in before or _is_other(before[t], after[t])]
    if only is not None:
        differ = [title_id for title_id in differ if title_id in set(only)]
    for start in range(0, len(differ), _CHUNK):
        chunk = differ[start : start + _CHUNK]
        names = {title.title_id: title.name for title in ledger.titles.load(chunk)}
        for title_id in chunk:
            change = _compare(ledger, names.get(title_id, title_id), before.get(title_id), after[title_id], field)
            if field is None or change.fields or change.problem:
                yield change


def _is_other(old: Version, new: Version) -> bool:
    return (old.record, old.result) != (new.record, new.result)


def _compare(ledger: Ledger, name: str, old: Version | None, new: Version, field: str | None) -> TitleChange:
    old_result = None if old is None else old.result
    try:
        fields = _fields(ledger, old, new, field)
    except Damaged as error:
        return TitleChange(
            new.title_id, name, old_result, new.result, problem=f"its records cannot be compared: {error}"
        )
    return TitleChange(new.title_id, name, old_result, new.result, fields)


def _fields(ledger: Ledger, old: Version | None, new: Version, field: str | None) -> tuple[FieldChange, ...]:
    if old is None or old.record is None or new.record is None or old.record == new.record:
        return ()
    before, after = _record(ledger, old.record), _record(ledger, new.record)
    reasons = None if new.provenance is None else load_json(Provenance, ledger.blobs.get(new.provenance))
    return compare_records(before, after, reasons, only=field)


def _record(ledger: Ledger, digest: Digest) -> AnimeRecord:
    return load_record(ledger.blobs.get(digest))
