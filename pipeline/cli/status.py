"""``anime-enrich status``: where things stand."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from pipeline.cli.console import console, print_json
from pipeline.cli.figures import means_told, quality_json
from pipeline.cli.workplace import ledger_of, load_settings
from pipeline.domain.canonical import JsonValue
from pipeline.domain.names import Outcome
from pipeline.domain.title import id_key
from pipeline.enrich.survey import PlatformFigures, survey_platforms
from pipeline.ledger import Ledger
from pipeline.ledger.runs import Run

__all__ = ["status_command"]

_SHOWN_ROWS = 10


def status_command(checkpoints: Path | None, *, is_practice: bool, is_json: bool) -> int:
    """Print the state of the ledger."""
    settings = load_settings(checkpoints=checkpoints, is_practice=is_practice)
    with ledger_of(settings, is_reading=True) as ledger:
        if is_json:
            print_json(_as_json(ledger))
        else:
            _print(ledger)
    return 0


def _as_json(ledger: Ledger) -> dict[str, JsonValue]:
    release = ledger.titles.latest_release()
    points, vectors = ledger.vectors.counts()
    platforms, trouble = survey_platforms(ledger)
    return {
        "catalogue": None
        if release is None
        else {
            "location": release.location,
            "last_update": release.last_update,
            "rows": release.rows,
            "bad_rows": list(release.bad_rows),
        },
        "titles": dict(ledger.titles.results()),
        "quality": quality_json(ledger.quality.means(), platforms, trouble),
        "platforms": {p.value: {o.value: n for o, n in by.items()} for p, by in ledger.fetched.tally().items()},
        "answers": {p.value: n for p, n in ledger.fetched.answer_count().items()},
        "ids_learned": dict(ledger.learned.counts()),
        "ids_shared": {id_key(*key): list(titles) for key, titles in ledger.learned.shared().items()},
        "review": dict(ledger.review.counts()),
        "decided": _decided(ledger),
        "quarantined": {
            platform.value: {
                "since": _time(q.since),
                "until": _time(q.until),
                "reason": q.reason,
                "evidence": dict(q.evidence),
            }
            for platform, q in ledger.quarantines.standing().items()
        },
        "points": points,
        "vectors_cached": vectors,
        "steps": {step: {"titles": n, "cpu_s": round(cpu, 3)} for step, (n, cpu) in ledger.steps.cpu_by_step().items()},
        "failures": [{"title_id": t, "step": s, "why": why} for t, s, why in ledger.steps.failures()],
        "workers": [{"host": h, "pid": pid, "titles": n} for h, pid, n in ledger.claims.others()],
        "runs": [_run_json(run) for run in ledger.runs.latest()],
    }


def _run_json(run: Run) -> JsonValue:
    return {
        "run_id": run.run_id,
        "started_at": _time(run.started_at),
        "finished_at": None if run.finished_at is None else _time(run.finished_at),
        "summary": dict(run.summary),
    }


def _print(ledger: Ledger) -> None:
    release = ledger.titles.latest_release()
    if release is None:
        console.print("no catalogue was read yet: anime-enrich catalogue sync FILE")
        return
    console.print(f"catalogue {release.rows} rows of {release.last_update or 'an unknown day'} ({release.location})")
    if release.bad_rows:
        console.print(
            f"          {len(release.bad_rows)} bad rows were skipped"
            + (f", the first {_SHOWN_ROWS} (--json lists all):" if len(release.bad_rows) > _SHOWN_ROWS else ":")
        )
    for bad in release.bad_rows[:_SHOWN_ROWS]:
        console.print(f"          {escape(bad)}", style="yellow")
    results = ledger.titles.results()
    console.print("titles    " + ", ".join(f"{n} {name}" for name, n in sorted(results.items())))
    points, vectors = ledger.vectors.counts()
    console.print(f"store     {points} points; {vectors} vectors kept")
    platforms, trouble = survey_platforms(ledger)
    records = results.get("done", 0) + results.get("degraded", 0)
    console.print(f"quality   {means_told(ledger.quality.means(), of=records)}", soft_wrap=True)
    console.print(_platforms(platforms))
    if trouble is not None:
        console.print(f"worst     {trouble.told}; `anime-enrich report` shows more", style="yellow")
    if counts := ledger.learned.counts():
        console.print("ids       " + ", ".join(f"{n} {status}" for status, n in sorted(counts.items())))
    _print_review(ledger)
    for platform, quarantine in ledger.quarantines.standing().items():
        console.print(
            f"left alone {platform.value} since {_time(quarantine.since)} until {_time(quarantine.until)}: "
            f"{escape(quarantine.reason)}; `anime-enrich release {platform.value}` ends it",
            style="yellow",
        )
    for host, pid, n in ledger.claims.others():
        console.print(f"working   process {pid} on {host} has {n} titles")
    for title_id, step, why in ledger.steps.failures(limit=10):
        console.print(f"failed    {title_id} at {step}: {escape(why)}", style="yellow")
    _print_runs(ledger)


def _decided(ledger: Ledger) -> dict[str, JsonValue]:
    """How many decisions of persons stand, of how many titles."""
    locks = ledger.review.locks(ledger.review.locked())
    return {"titles": len(locks), "decisions": sum(map(len, locks.values()))}


def _print_review(ledger: Ledger) -> None:
    if items := sum(ledger.review.counts().values()):
        console.print(f"review    {items} for a person to look at: `anime-enrich review list`")
    decided = _decided(ledger)
    if decided["decisions"]:
        of = f"{decided['decisions']} of {decided['titles']} titles"
        console.print(f"decided   {of} by persons: `anime-enrich review export FILE` writes them")
    for key, titles in ledger.learned.shared().items():
        console.print(f"review    {id_key(*key)} was learned for {' and '.join(titles)}", style="yellow")


def _print_runs(ledger: Ledger) -> None:
    for run in ledger.runs.latest(5):
        ended = "has not ended" if run.finished_at is None else f"{run.finished_at - run.started_at:.1f} s"
        summary = run.summary
        told = (
            f"{summary.get('done', 0)} done, {summary.get('degraded', 0)} degraded, {summary.get('failed', 0)} failed"
        )
        console.print(f"run       {run.run_id[:8]}  {_time(run.started_at)}  {ended}  {told if summary else ''}")


def _platforms(platforms: Sequence[PlatformFigures]) -> Table:
    """Answers kept, what came of asking, how many fields a title found there gets from it, values without a name."""
    table = Table(box=None, pad_edge=False)
    table.add_column("platform", no_wrap=True)
    for name in ("kept", "found", "absent", "not listed", "failed", "off", "left out", "fields", "drift"):
        table.add_column(name, justify="right")
    for one in platforms:
        counts = (str(one.outcomes.get(outcome, 0)) for outcome in Outcome)
        fields = "" if one.fields_per_title is None else f"{one.fields_per_title:.1f}"
        table.add_row(one.platform.value, str(one.answers), *counts, fields, str(one.drift))
    return table


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, tz=UTC).strftime("%Y-%m-%d %H:%M:%SZ")
