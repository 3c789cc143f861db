"""Platform by platform: what came of asking, what its word is good for, and who is left alone."""

from collections.abc import Iterator, Sequence

from pipeline.cli.page.markup import Child, el, said
from pipeline.cli.page.plots import stacked
from pipeline.cli.page.tables import command, day_time, number, table
from pipeline.domain.names import Outcome
from pipeline.enrich.survey import PlatformFigures, Survey

__all__ = ["platforms", "quarantines"]


def platforms(survey: Survey) -> Iterator[Child]:
    """Outcomes, fields filled, drift."""
    if survey.trouble is not None:
        yield el("p", "Look first at ", el("strong", survey.trouble.told), ".")
    outcomes = [(el("span", class_=f"key {outcome.value}"), outcome.value.replace("_", " ")) for outcome in Outcome]
    heads = ("platform", "", *outcomes, "answers", "fields filled", "per title found", "unknown values")
    caption = "Titles by what came of asking, and what the answers are good for"
    yield table(caption, heads, map(_platform, survey.platforms), numbers=range(2, len(heads)))


def _platform(one: PlatformFigures) -> Sequence[Child]:
    counts = {outcome.value: one.outcomes.get(outcome, 0) for outcome in Outcome}
    told = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items() if count) or "nothing yet"
    return (
        one.platform.value,
        stacked(counts, title=f"{one.platform.value}: {told}"),
        *(number(count) for count in counts.values()),
        number(one.answers),
        number(one.fields),
        number(one.fields_per_title, digits=1),
        number(one.drift),
    )


def quarantines(survey: Survey, flags: str) -> Iterator[Child]:
    """Platforms that are left alone, and how that ends."""
    rows = [
        (one.platform.value, day_time(q.since), day_time(q.until), said(q.reason),
         said(", ".join(f"{name} {value}" for name, value in q.evidence.items())),
         command(f"anime-enrich release {one.platform.value}{flags}"))
        for one in survey.platforms
        if (q := one.quarantine) is not None
    ]  # fmt: skip
    heads = ("platform", "since", "until", "why", "evidence", "ends it")
    yield table("Platforms in quarantine", heads, rows) if rows else el("p", "None: every platform may be asked.")
