"""The summary a run ends with."""

import shlex
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime

from rich.markup import escape
from rich.table import Table

from pipeline.cli.console import console
from pipeline.cli.figures import means_told
from pipeline.domain.names import Outcome, Platform, Tier
from pipeline.enrich.report import RunReport

__all__ = ["print_summary"]

_SHOWN_PROBLEMS = 10


def print_summary(report: RunReport, *, example: tuple[str, str], flags: str) -> None:
    """Titles, platforms, fields, vectors, time, problems, and what to try next with ``example`` (an id, a name)."""
    if not report.due:
        console.print(f"nothing to do: all {report.selected} titles are up to date, 0 requests")
    else:
        _print_work(report)
    for platform, why in report.quarantined.items():
        console.print(f"left alone {platform.value}: {escape(why)}; see `anime-enrich status`", style="yellow")
    console.print()
    console.print("next:")
    example_id, example_name = example
    for command in (
        f"anime-enrich show {example_id} --why{flags}",
        f"anime-enrich search {shlex.quote(example_name)}{flags}",
        f"anime-enrich status{flags}",
    ):
        console.print(f"  {command}", markup=False, soft_wrap=True)


def _print_work(report: RunReport) -> None:
    unchanged = report.selected - report.due
    console.print(
        f"titles    {report.done} done, {report.degraded} degraded, {report.failed} failed"
        + (f", {unchanged} already up to date" if unchanged else "")
    )
    console.print(_platform_table(report))
    share = report.fields_filled / report.fields_possible if report.fields_possible else 0.0
    console.print(f"fields    {report.fields_filled} filled ({share:.0%} of all)")
    if report.quality.titles:
        console.print(f"quality   {means_told(report.quality.means, of=report.quality.titles)}", soft_wrap=True)
    console.print(
        f"vectors   {report.vectors_made} made, {report.vectors_written} written in {report.points_written} points"
        + (f", {report.points_deleted} points deleted" if report.points_deleted else "")
    )
    times = ", ".join(f"{step} {seconds:.1f} s" for step, seconds in report.wall_s.items() if step != "all")
    console.print(f"time      {report.wall_s.get('all', 0.0):.1f} s ({times})")
    if report.replayed is not None:
        told = ", ".join(f"{name} {count}" for name, count in sorted(report.replayed.items()))
        console.print(f"replayed  {report.replayed.total()} answers from the recording ({told}), 0 requests sent")
    for platform, why in report.switched_off.items():
        console.print(f"off       {platform.value}: {escape(why)}", style="yellow")
    for platform, stale in report.stale.items():
        since = f"{datetime.fromtimestamp(stale.since, tz=UTC):%Y-%m-%d}"
        console.print(f"stale     {platform.value}: earlier answers serve {stale.titles} titles, the oldest of {since}")
    if report.tier is not Tier.PAGES:
        console.print(f"tier      {report.tier.value}: a run with a farther --tier asks the platforms left out")
    _print_problems(report)
    _print_missing(report)


def _print_problems(report: RunReport) -> None:
    """Why titles are not whole: each reason once with how many it concerns, then the titles, failed ones first.

    What a replay lacks is another thing for every title, so there each title has its own reason beside it.
    """
    is_replay = report.replayed is not None
    reasons = Counter() if is_replay else Counter((problem.result, problem.why) for problem in report.problems)
    for (result, why), count in reasons.most_common(_SHOWN_PROBLEMS):
        console.print(f"{result:<9} {count} titles: {escape(why)}", style="yellow")
    problems = sorted(report.problems, key=lambda problem: problem.result == "degraded")
    for problem in problems[:_SHOWN_PROBLEMS]:
        why = f": {escape(problem.why)}" if is_replay else ""
        console.print(f"  {problem.result:<8} {problem.title_id} {escape(problem.name)}{why}", style="yellow")
    if len(problems) > _SHOWN_PROBLEMS:
        console.print(f"  … and {len(problems) - _SHOWN_PROBLEMS} more (with --json all are listed)")
    if problems and not is_replay:
        console.print("the same command asks again for what is missing")


def _print_missing(report: RunReport) -> None:
    """What a replay's folder lacks. Its titles are as good as what was there, and nothing is taken for absent."""
    missing = report.not_recorded
    if not missing:
        return
    counts = Counter(what.platform for what in missing)
    told = ", ".join(f"{name} {count}" for name, count in counts.items())
    console.print(f"missing   {len(missing)} answers that the recording does not hold: {told}", style="red")
    for what in missing[:_SHOWN_PROBLEMS]:
        path = "" if what.path in what.why else f" ({escape(what.path)})"
        console.print(f"  {what.platform}: {escape(what.why)}{path}", style="red")
    if len(missing) > _SHOWN_PROBLEMS:
        console.print(f"  … and {len(missing) - _SHOWN_PROBLEMS} more (with --json all are listed)")
    console.print("nothing missing was taken for absent")


def _platform_table(report: RunReport) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("platform")
    for name in ("requests", "found", "absent", "not listed", "failed", "off", "left out"):
        table.add_column(name, justify="right")
    for platform in Platform:
        counts: Mapping[Outcome, int] = report.outcomes.get(platform, {})
        row = [str(counts.get(outcome, 0)) for outcome in Outcome]
        table.add_row(platform.value, str(report.requests.get(platform.value, 0)), *row)
    if report.requests.get("images"):
        table.add_row("images", str(report.requests["images"]), *[""] * len(Outcome))
    return table
