"""Where to look: broken invariants and findings, unknown values, the worst titles and the slowest."""

from collections.abc import Iterator, Sequence
from typing import Final

from pipeline.cli.page.markup import Child, el, spelled
from pipeline.cli.page.plots import bar
from pipeline.cli.page.tables import number, percent, table, title_cell
from pipeline.enrich.quality import Seen
from pipeline.enrich.survey import Poor, Slow, Survey

__all__ = ["drift", "findings", "slowest", "worst"]

_STEPS_TOLD: Final = 3
_WORST: Final = "Titles that lack most; people are those who list it, about, where most of them do"


def findings(survey: Survey, flags: str) -> Iterator[Child]:
    """By code, with titles to look at."""
    heads = ("code", "titles", "times", "for example")
    for name, every in (("Broken invariants", survey.broken), ("Other findings", survey.findings)):
        rows = [
            (el("code", code), number(seen.titles), number(seen.times), _examples(survey, seen, flags))
            for code, seen in every
        ]
        yield el("h3", name)
        yield table(f"{name} by code", heads, rows, numbers=(1, 2)) if rows else el("p", "None.")


def drift(survey: Survey, flags: str) -> Iterator[Child]:
    """Values of platforms that we have no name for."""
    if not survey.drift:
        yield el("p", "None: every value of every platform has a name here.")
        return
    heads = ("source", "its field", "value", "titles", "for example")
    rows = [
        (
            unknown.source.value,
            spelled(unknown.field),
            spelled(unknown.value),
            number(seen.titles),
            _examples(survey, seen, flags, limit=1),
        )
        for unknown, seen in survey.drift
    ]
    yield table("Unknown values by source, those of most titles first", heads, rows, numbers=(3,))
    if more := len(survey.tally.drift) - len(rows):
        yield el("p", f"And {number(more)} rarer ones.", class_="soft")


def _examples(survey: Survey, seen: Seen, flags: str, *, limit: int | None = None) -> Child:
    return title_cell([survey.names[t] for t in seen.examples if t in survey.names][:limit], flags)


def worst(survey: Survey, flags: str) -> Iterator[Child]:
    """What is missing times popularity."""
    heads = ("title, and what looks further", "completeness", "", "people", "missing")
    rows = [_poor(one, flags) for one in survey.worst]
    yield table(_WORST, heads, rows, numbers=(1, 3)) if rows else el("p", "None.")


def _poor(one: Poor, flags: str) -> Sequence[Child]:
    share = one.quality.completeness
    return (
        title_cell([one.title], flags),
        percent(share),
        bar(share, title=f"complete to {share:.1%}"),
        _people(one.quality.popularity),
        el("div", ", ".join(one.quality.missing), class_="wide"),
    )


def _people(popularity: float) -> str:
    people = 10 ** (popularity - 1) - 1
    return "nobody" if people < 0.5 else number(float(f"{people:.2g}"))


def slowest(survey: Survey, flags: str) -> Iterator[Child]:
    """CPU time of the last results, by step."""
    most = max((one.total_s for one in survey.slowest), default=0.0)
    heads = ("title, and what looks further", "CPU", "", "most of it in")
    rows = [_slow(one, most, flags) for one in survey.slowest]
    yield table("Titles that take most CPU time", heads, rows, numbers=(1,)) if rows else el("p", "None.")
    total = sum(cpu_s for _, cpu_s in survey.steps.values()) or 1.0
    steps = [(*one, total) for one in sorted(survey.steps.items(), key=lambda item: (-item[1][1], item[0]))]
    yield el("h3", "By step")
    steps_heads = ("step", "titles", "CPU", "", "a title")
    yield table("CPU time of every step over all titles", steps_heads, map(_step, steps), numbers=(1, 2, 4))


def _slow(one: Slow, most: float, flags: str) -> Sequence[Child]:
    steps = sorted(one.cpu_s.items(), key=lambda item: -item[1])[:_STEPS_TOLD]
    share = one.total_s / most if most else 0.0
    return (
        title_cell([one.title], flags),
        f"{one.total_s:,.3f} s",
        bar(share, title=f"{share:.0%} of the slowest"),
        el("div", ", ".join(f"{step} {cpu_s:.3f} s" for step, cpu_s in steps), class_="wide"),
    )


def _step(one: tuple[str, tuple[int, float], float]) -> Sequence[Child]:
    step, (titles, cpu_s), total = one
    return (
        step,
        number(titles),
        f"{cpu_s:,.2f} s",
        bar(cpu_s / total, title=f"{step}: {cpu_s / total:.0%} of all"),
        f"{1000 * cpu_s / max(1, titles):,.1f} ms",
    )
