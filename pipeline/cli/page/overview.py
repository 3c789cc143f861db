"""The first things a reader wants to know: how good the whole is, how that is spread, and where it is going."""

from collections.abc import Iterator, Sequence
from typing import Final

from pipeline.cli.page.markup import Child, Node, el
from pipeline.cli.page.plots import Series, histogram, timeline
from pipeline.cli.page.tables import day_time, number, percent, table
from pipeline.enrich.quality import BINS
from pipeline.enrich.survey import Survey
from pipeline.ledger.quality import RunQuality

__all__ = ["distributions", "over_time", "tiles"]

_LISTED_RUNS: Final = 20


def tiles(survey: Survey) -> Node:
    """The figures of the whole, large."""
    means, results = survey.means, survey.results
    told: list[tuple[str, str, bool]] = [
        ("titles with figures", number(means.titles), False),
        ("completeness", percent(means.completeness), False),
        ("agreement", percent(means.agreement), False),
        ("confidence", percent(means.confidence), False),
        ("conflicts", number(means.conflicts), False),
        ("invariants broken", number(means.broken), means.broken > 0),
        ("unknown values", number(means.drift), means.drift > 0),
        ("titles failed", number(results.get("failed", 0)), results.get("failed", 0) > 0),
    ]
    return el("div", [
        el("div", el("b", value, class_="bad" if is_bad else None), el("span", name, class_="soft"), class_="tile")
        for name, value, is_bad in told
    ], class_="tiles")  # fmt: skip


def distributions(survey: Survey) -> Iterator[Child]:
    """How many titles are how complete, and how sure."""
    yield el("div", [
        _distribution("Completeness", "share of the fields that apply to a title, by weight, that are filled",
                      survey.tally.completeness),
        _distribution("Confidence", "mean confidence over a title's filled fields", survey.tally.confidence),
        _distribution("Agreement", "share of the platforms' weight that stands with the chosen values",
                      survey.tally.agreement),
    ], class_="plots")  # fmt: skip


def _distribution(name: str, what: str, counts: Sequence[int]) -> Node:
    total = sum(counts)
    rows = [
        (f"{n * 100 // BINS} to {(n + 1) * 100 // BINS}%", number(count), percent(count / total))
        for n, count in reversed(list(enumerate(counts))) if count
    ]  # fmt: skip
    return el(
        "figure",
        el("figcaption", el("strong", name), f": {what}. {number(total)} titles."),
        histogram(counts, title=f"Titles by {name.lower()}"),
        table(f"Titles by {name.lower()}", (name.lower(), "titles", "share"), rows, numbers=(1, 2)),
    )


def over_time(survey: Survey) -> Iterator[Child]:
    """The whole catalogue at the end of every run that finished titles."""
    runs = survey.runs
    if not runs:
        yield el("p", "No run has ended yet with titles that have figures.")
        return
    series = [
        Series("completeness", [run.means.completeness for run in runs]),
        Series("agreement", [run.means.agreement for run in runs]),
        Series("confidence", [run.means.confidence for run in runs]),
    ]
    heads = ("run ended", "run", "finished", "titles", "completeness", "agreement", "confidence", "conflicts", "broken",
             "unknown")  # fmt: skip
    last = f"the last {_LISTED_RUNS} of {len(runs)} runs" if len(runs) > _LISTED_RUNS else "every run"
    yield el(
        "figure",
        el("figcaption", "The scale begins at the tens of percent below everything, so that small changes are seen."),
        timeline([run.at for run in runs], series, title="Completeness, agreement and confidence over time"),
    )
    yield table(f"Figures at the end of {last}, newest first", heads, map(_run, runs[: -_LISTED_RUNS - 1 : -1]),
                numbers=range(2, 10))  # fmt: skip


def _run(run: RunQuality) -> Sequence[Child]:
    means = run.means
    shares = (means.completeness, means.agreement, means.confidence)
    return (
        day_time(run.at) if run.is_whole else f"{day_time(run.at)}, cut off or going on",
        el("code", run.run_id[:8]),
        *(number(n) for n in (run.finished, means.titles)),
        *(percent(share, digits=2) for share in shares),
        *(number(n) for n in (means.conflicts, means.broken, means.drift)),
    )
