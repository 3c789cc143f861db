"""``anime-enrich show``: one title's record, and why each field is what it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson
from rich.markup import escape

from pipeline.cli.briefly import brief
from pipeline.cli.console import console, print_json
from pipeline.cli.hearing import heard_at
from pipeline.cli.workplace import find_titles, ledger_of, load_settings
from pipeline.domain.canonical import JsonValue, load_json
from pipeline.domain.names import Source
from pipeline.domain.quality import SOURCE_OF
from pipeline.domain.record import AnimeRecord, FieldProvenance, Provenance
from pipeline.domain.title import id_key
from pipeline.errors import BadInput, Damaged
from pipeline.ledger import Ledger
from pipeline.ledger.titles import StoredTitle

__all__ = ["ShowOptions", "show_command"]


@dataclass(frozen=True, slots=True)
class ShowOptions:
    """What was asked on the command line."""

    title: str
    field: str | None
    is_why: bool
    is_json: bool


def show_command(options: ShowOptions, checkpoints: Path | None, *, is_practice: bool) -> int:
    """Print a record or a field. Raises ``BadInput`` when there is none yet."""
    if options.field is not None and options.field not in AnimeRecord.model_fields:
        raise BadInput(f"no field is called {options.field!r}; the fields are {', '.join(AnimeRecord.model_fields)}")
    settings = load_settings(checkpoints=checkpoints, is_practice=is_practice)
    with ledger_of(settings, is_reading=True) as ledger:
        (title_id,) = find_titles(ledger, [options.title])
        (title,) = ledger.titles.load([title_id])
        if title.record is None or title.provenance is None:
            why = f": {title.note}" if title.note else ""
            raise BadInput(
                f"{title.name!r} has no record yet ({title.result or 'not run'}{why}); "
                f"make it with `anime-enrich run {options.title}`"
            )
        try:
            record = load_json(AnimeRecord, ledger.blobs.get(title.record))
            provenance = load_json(Provenance, ledger.blobs.get(title.provenance))
        except Damaged as error:
            ledger.titles.reopen([title_id])
            raise Damaged(f"{error} by `anime-enrich run {options.title}`") from error
        found = _Found(record, provenance, heard_at(ledger, [title_id]).get(title_id, {}))
        if options.is_json:
            print_json(_as_json(found, options))
        else:
            _print(ledger, title, found, options)
    return 0


_Heard = Mapping[Source, str]


@dataclass(frozen=True, slots=True)
class _Found:
    """A record, its reasons, and when each source was heard."""

    record: AnimeRecord
    provenance: Provenance
    heard: _Heard


def _as_json(found: _Found, options: ShowOptions) -> dict[str, JsonValue]:
    values: dict[str, JsonValue] = found.record.model_dump(mode="json")
    reasons: dict[str, JsonValue] = found.provenance.model_dump(mode="json")
    if options.field is not None:
        values = {options.field: values[options.field]}
        fields = reasons["fields"]
        reasons = {"fields": {options.field: fields.get(options.field) if isinstance(fields, dict) else None}}
    if not options.is_why:
        return values
    return {"record": values, "provenance": reasons, "heard_at": {s.value: at for s, at in found.heard.items()}}


def _print(ledger: Ledger, title: StoredTitle, found: _Found, options: ShowOptions) -> None:
    record, provenance = found.record, found.provenance
    values: dict[str, JsonValue] = record.model_dump(mode="json")
    if options.field is not None:
        console.print_json(orjson.dumps(values[options.field]).decode())
        if options.is_why:
            _print_reason(provenance.fields.get(options.field), found)
        return
    adult = "  [red]adult[/red]" if record.nsfw else ""
    console.print(f"[bold]{escape(record.title)}[/bold]  {title.title_id}  {title.result}{adult}", soft_wrap=True)
    if title.note:
        console.print(f"  {title.result}: {title.note}", style="yellow", markup=False)
    _print_outcomes(ledger, title, found.heard if options.is_why else {})
    _print_learned(ledger, title)
    _print_fields(values, provenance, is_why=options.is_why)
    for finding in provenance.findings:
        console.print(
            f"finding   {escape(str(finding.get('code')))}: {escape(str(finding.get('message')))}", style="yellow"
        )


def _print_outcomes(ledger: Ledger, title: StoredTitle, heard: _Heard) -> None:
    for platform, settled in ledger.fetched.outcomes([title.title_id])[title.title_id].items():
        outcome = settled.outcome
        note = f"  {outcome.reason}" if outcome.reason else ""
        at = heard.get(SOURCE_OF[platform])
        note += f"  heard {at}" if at else ""
        console.print(f"  {platform.value:<14} {outcome.outcome.value:<12} {' '.join(outcome.ids)}{note}", markup=False)


def _print_learned(ledger: Ledger, title: StoredTitle) -> None:
    """Ids the row does not list, who said them and since when; those that proved wrong too."""
    for one in ledger.learned.of([title.title_id]).get(title.title_id, ()):
        since = datetime.fromtimestamp(one.learned_at, tz=UTC).strftime("%Y-%m-%d")
        told = f"{one.status} {since}, said by {' and '.join(one.said_by)}"
        console.print(f"  {id_key(one.site, one.id):<27} {told}", markup=False)


def _print_fields(values: dict[str, JsonValue], provenance: Provenance, *, is_why: bool) -> None:
    unsaid: list[str] = []
    for name, value in values.items():
        reason = provenance.fields.get(name)
        if value in (None, [], {}) and not (is_why and reason is not None and reason.alternatives):
            unsaid.append(name)
            continue
        console.print(f"[cyan]{name:<20}[/cyan] {escape(brief(value))}", soft_wrap=True)
        if is_why and reason is not None:
            console.print(f"{'':<20} {escape(_reason(reason))}", style="dim", soft_wrap=True)

    if unsaid:
        console.print(f"[cyan]{'nobody said':<20}[/cyan] {', '.join(unsaid)}")


def _reason(reason: FieldProvenance) -> str:
    told = f"{reason.method.removeprefix('rule:')}, {reason.confidence:.2f}"
    if reason.sources:
        told += f", from {' '.join(source.value for source in reason.sources)}"
    if reason.alternatives:
        told += f"; passed over: {'; '.join(brief(alternative, 60) for alternative in reason.alternatives[:3])}"
    if len(reason.alternatives) > 3:
        told += f" and {len(reason.alternatives) - 3} more"
    return told + (f"; {'; '.join(reason.evidence)}" if reason.evidence else "")


def _print_reason(reason: FieldProvenance | None, found: _Found) -> None:
    if reason is None:
        console.print("why: nobody spoke of it")
        return
    console.print(f"why: {reason.method}, confidence {reason.confidence:.2f}", markup=False)
    console.print(f"from: {', '.join(source.value for source in reason.sources) or 'nobody'}")
    for alternative in reason.alternatives:
        console.print(f"passed over: {brief(alternative)}", markup=False)
    for evidence in reason.evidence:
        console.print(f"evidence: {evidence}", markup=False)
    for source in reason.sources:
        licence, at = found.provenance.licences.get(source), found.heard.get(source)
        if licence is not None:
            console.print(f"{source.value}: {f'heard {at}, ' if at else ''}{licence}", markup=False)
