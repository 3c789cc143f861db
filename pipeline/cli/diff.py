"""``anime-enrich diff``: what changed between two runs, and why each new value is what it is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from rich.markup import escape

from pipeline.assembly.comparing import Change, FieldChange
from pipeline.cli.briefly import brief
from pipeline.cli.console import console, print_json
from pipeline.cli.workplace import find_titles, ledger_of, load_settings
from pipeline.domain.canonical import JsonValue
from pipeline.domain.record import AnimeRecord
from pipeline.enrich.comparing import Span, TitleChange, choose_span, compare_span
from pipeline.errors import BadInput
from pipeline.ledger.runs import Run

__all__ = ["DiffOptions", "diff_command"]

_LOST: Final = ("gone", "merged")
_NAMED: Final = 5
"""Members named of each kind before the rest is counted."""
_ROOM: Final = 60
"""Signs of a value on a line; of a long text those around the place where it differs."""


@dataclass(frozen=True, slots=True)
class DiffOptions:
    """What was asked on the command line."""

    runs: tuple[str, ...]
    title: str | None
    field: str | None
    is_json: bool


def diff_command(options: DiffOptions, checkpoints: Path | None, *, is_practice: bool) -> int:
    """Print what changed; 0 whether or not anything did, 1 when a record could not be read."""
    if options.field is not None and options.field not in AnimeRecord.model_fields:
        raise BadInput(f"no field is called {options.field!r}; the fields are {', '.join(AnimeRecord.model_fields)}")
    settings = load_settings(checkpoints=checkpoints, is_practice=is_practice)
    with ledger_of(settings, is_reading=True) as ledger:
        span = choose_span(ledger, options.runs)
        only = None if options.title is None else find_titles(ledger, [options.title])
        changes = list(compare_span(ledger, span, only=only, field=options.field))
    if options.is_json:
        print_json(_as_json(span, changes))
    else:
        _print(span, changes)
    return 1 if any(change.problem for change in changes) else 0


def _as_json(span: Span, changes: Sequence[TitleChange]) -> dict[str, JsonValue]:
    return {
        "from": None if span.earlier is None else _run_json(span.earlier),
        "to": _run_json(span.later),
        "titles": [_title_json(change) for change in changes],
    }


def _run_json(run: Run) -> JsonValue:
    ended = None if run.finished_at is None else _time(run.finished_at)
    return {"run_id": run.run_id, "started_at": _time(run.started_at), "finished_at": ended}


def _title_json(change: TitleChange) -> JsonValue:
    told: dict[str, JsonValue] = {
        "title_id": change.title_id,
        "name": change.name,
        "change": _kind(change),
        "result": {"old": change.old_result, "new": change.new_result},
        "fields": {one.field: {**one.change.as_json(), **_reason_json(one)} for one in change.fields},
    }
    return {**told, "problem": change.problem} if change.problem else told


def _reason_json(one: FieldChange) -> dict[str, JsonValue]:
    if one.reason is None:
        return {"rule": None, "sources": [], "confidence": None}
    sources: list[JsonValue] = [source.value for source in one.reason.sources]
    return {"rule": one.reason.method, "sources": sources, "confidence": one.reason.confidence}


def _kind(change: TitleChange) -> str:
    if change.new_result in _LOST:
        return change.new_result or ""
    return "new" if change.is_new else "changed"


def _print(span: Span, changes: Sequence[TitleChange]) -> None:
    earlier = "what was there before" if span.earlier is None else _told_run(span.earlier)
    console.print(f"from {earlier}")
    console.print(f"to   {_told_run(span.later)}")
    if not changes:
        console.print("nothing changed")
    for change in changes:
        result = change.new_result or ""
        if not change.is_new and change.old_result != change.new_result:
            result = f"{change.old_result} → {change.new_result}"
        console.print(f"\n[bold]{escape(change.name)}[/bold]  {change.title_id}  {_kind(change)}  {result}")
        if change.problem:
            console.print(f"  {escape(change.problem)}", style="yellow", soft_wrap=True)
        for one in change.fields:
            for at, line in enumerate(_lines(one.change)):
                console.print(f"  [cyan]{one.field if at == 0 else '':<20}[/cyan] {escape(line)}", soft_wrap=True)
            console.print(f"  {'':<20} {escape(_told_reason(one))}", style="dim", soft_wrap=True)
    kinds = [_kind(change) for change in changes]
    if changes:
        told = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))
        console.print(f"\n{told}; {sum(len(change.fields) for change in changes)} fields")


def _told_run(run: Run) -> str:
    ended = "" if run.finished_at is not None else ", which did not end"
    return f"run {run.run_id[:8]} of {_time(run.started_at)}{ended}"


def _told_reason(one: FieldChange) -> str:
    if one.reason is None:
        return "nobody says why"
    sources = " ".join(source.value for source in one.reason.sources)
    return f"{one.reason.method}, {one.reason.confidence:.2f}" + (f", from {sources}" if sources else "")


def _lines(change: Change) -> Iterator[str]:
    """A change, a line for each thing to say."""
    if not change.has_members:
        yield f"{_value(change.old, change.differs_at)} → {_value(change.new, change.differs_at)}"
        return
    for sign, members in (("+", change.added), ("-", change.removed)):
        if members:
            names = ", ".join(brief(name, _ROOM) for name, _ in members[:_NAMED])
            yield f"{sign} {names}" + (f" and {len(members) - _NAMED} more" if len(members) > _NAMED else "")
    for name, below in change.changed[:_NAMED]:
        yield f"~ {brief(name, _ROOM)}: {brief(_inside(below), 2 * _ROOM + 20)}"
    if len(change.changed) > _NAMED:
        yield f"~ and {len(change.changed) - _NAMED} more"
    if change.is_reordered and not (change.added or change.removed or change.changed):
        yield "the same in another order"


def _inside(change: Change) -> str:
    """What changed within a member, on one line."""
    if not change.has_members:
        return next(_lines(change))
    parts = [f"+{name}" for name, _ in change.added] + [f"-{name}" for name, _ in change.removed]
    return ", ".join([*parts, *(f"{name} {_inside(below)}" for name, below in change.changed)]) or "in another order"


def _value(value: JsonValue, differs_at: int | None) -> str:
    """A value on part of a line; a long text from shortly before the place where it differs."""
    if not isinstance(value, str) or len(value) <= _ROOM or differs_at is None:
        return brief(value, _ROOM)
    start = max(0, differs_at - _ROOM // 3)
    return f"{'…' if start else ''}{brief(value[start:], _ROOM)} ({len(value)} signs)"


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, tz=UTC).strftime("%Y-%m-%d %H:%M:%SZ")
