"""The quality report as one HTML page: no network, no script, nothing from elsewhere; it opens from a file and prints.

Every word of a platform or a catalogue is text, never markup, and kept apart from the reading direction around it. Each
plot has a title, a caption and its numbers in a table.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from pipeline.cli.page.fields import agreement, fill_rates
from pipeline.cli.page.markup import Child, Node, el, render, said
from pipeline.cli.page.overview import distributions, over_time, tiles
from pipeline.cli.page.platforms import platforms, quarantines
from pipeline.cli.page.style import CSS
from pipeline.cli.page.tables import command, day_time, number
from pipeline.cli.page.titles import drift, findings, slowest, worst
from pipeline.enrich.survey import Survey

__all__ = ["render_page"]

_Section = tuple[str, str, str, Iterator[Child]]
_HEADINGS: Final = {
    "fields": (
        "Who fills what",
        "How often a field is filled where it applies; of the titles a platform has, in how many its word is in it.",
    ),
    "spread": ("How titles are spread", "Each bar is 5% wide."),
    "time": ("Over time", "The whole catalogue at the end of each run that finished titles."),
    "agreement": (
        "Agreement by field",
        "Where it is low, platforms contradict each other. Lists and texts have none, nor has what only one says.",
    ),
    "findings": ("Findings and broken invariants", "What was odd; nothing of it stopped a title."),
    "drift": ("Unknown values", "Values of platforms for which there is no name yet; they are kept."),
    "platforms": ("Platforms", "What came of asking each for every title."),
    "quarantines": ("Platforms left alone", "A platform whose answers decay is not asked for a while."),
    "worst": ("Worst titles", "By what is missing times popularity."),
    "slowest": ("Slowest titles", "CPU time of each step's last result."),
}
_WORDS: Final = (
    "Completeness counts only fields that can apply to a title. Agreement is over fields that answer one question, and "
    "on which at least two platforms gave an answer. Confidence is that of the rules that chose. docs/quality.md says "
    "exactly how each is reckoned."
)
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
"""Whatever the page may hold, a browser loads and runs nothing."""


def render_page(survey: Survey, *, flags: str) -> str:
    """The page. ``flags`` is what commands need to look at the same place."""
    sections = _sections(survey, flags) if survey.means.titles else []
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        el("meta", name="generator", content="anime-enrich"),
        el("title", "anime-enrich: quality report"),
        el("style", CSS),
    )
    body = el(
        "body",
        el("header", _heading(survey), _contents(sections) if sections else None),
        el("main", _main(survey, sections, flags)),
        el("footer", el("p", _WORDS)),
    )
    return render(el("html", head, body, lang="en"))


def _heading(survey: Survey) -> Sequence[Child]:
    results = ", ".join(f"{number(n)} {name}" for name, n in sorted(survey.results.items())) or "none"
    release = survey.release
    catalogue: Sequence[Child] = ["No catalogue was read yet."]
    if release is not None:
        catalogue = [f"Catalogue of {release.last_update or 'an unknown day'}, {number(release.rows)} rows (",
                     said(release.location), ")."]  # fmt: skip
    return (
        el("h1", "Quality report"),
        el("p", f"As of {day_time(survey.at)}. ", catalogue, f" Titles: {results}.", class_="soft"),
    )


def _contents(sections: Sequence[_Section]) -> Node:
    return el("nav", el("ul", *(el("li", el("a", title, href=f"#{id_}")) for id_, title, _, _ in sections)),
              aria_label="Contents")  # fmt: skip


def _main(survey: Survey, sections: Sequence[_Section], flags: str) -> Sequence[Child]:
    if not sections:
        return [el("section",
            el("h2", "Nothing to show yet"),
            el("p", "No title of this ledger has figures: they are made at the end of a title's pass."),
            el("p", "Begin with ", command(f"anime-enrich run --all{flags}"), " and make the report again."),
        )]  # fmt: skip
    return [
        tiles(survey),
        *(
            el("section", el("h2", title), el("p", what, class_="soft"), content, id=id_)
            for id_, title, what, content in sections
        ),
    ]


def _sections(survey: Survey, flags: str) -> list[_Section]:
    content = {
        "fields": fill_rates(survey.tally),
        "spread": distributions(survey),
        "time": over_time(survey),
        "agreement": agreement(survey.tally),
        "findings": findings(survey, flags),
        "drift": drift(survey, flags),
        "platforms": platforms(survey),
        "quarantines": quarantines(survey, flags),
        "worst": worst(survey, flags),
        "slowest": slowest(survey, flags),
    }
    return [(id_, *_HEADINGS[id_], nodes) for id_, nodes in content.items()]
