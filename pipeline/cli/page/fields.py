"""Field by field: who fills it, how sure it is, and how far sources agree on it."""

from collections.abc import Iterator
from typing import Final

from pipeline.cli.page.markup import Child, Node, el
from pipeline.cli.page.plots import bar
from pipeline.cli.page.tables import number, percent, table
from pipeline.domain.names import Platform, Source
from pipeline.domain.quality import SOURCE_OF
from pipeline.domain.record import AnimeRecord
from pipeline.enrich.quality import FieldCount, Tally

__all__ = ["agreement", "fill_rates"]

_OTHERS: Final = tuple(source for source in Source if source not in SOURCE_OF.values())
_NOT_DECIDED: Final = frozenset({"schema_version", "title_id", "sources", "platform_ids", "enrichment_metadata"})


def fill_rates(tally: Tally) -> Iterator[Child]:
    """The heat map: it is a table, so that it can be read without its colours."""
    others = [source for source in _OTHERS if any(count.sources[source] for count in tally.fields.values())]
    heads = [
        el("th", "field", scope="col"),
        _head("any", "where it applies"),
        *(_head(platform.value, f"of {number(tally.heard[platform])} found") for platform in Platform),
        *(_head(source.value, "of all titles") for source in others),
    ]
    named = [name for name in AnimeRecord.model_fields if name in tally.fields]
    silent = [n for n in AnimeRecord.model_fields if n not in _NOT_DECIDED and not _filled(tally, n)]
    rows = [
        el(
            "tr",
            el("th", name, scope="row"),
            _cell(count.filled, _applies(tally, name)),
            *(_cell(count.sources[SOURCE_OF[platform]], tally.heard[platform]) for platform in Platform),
            *(_cell(count.sources[source], tally.titles) for source in others),
        )
        for name in named
        if (count := tally.fields[name]).filled
    ]
    caption = el("caption", "Percent of titles in which the field is filled, and in which each source stands behind it")
    yield el(
        "div",
        el("table", caption, el("thead", el("tr", heads)), el("tbody", rows), class_="heat"),
        class_="scroll", tabindex=0, role="region", aria_label="Fill rate by field and platform",
    )  # fmt: skip
    if silent:
        yield el("p", f"Filled in no title: {', '.join(silent)}.", class_="soft")


def _filled(tally: Tally, field: str) -> int:
    return tally.fields[field].filled if field in tally.fields else 0


def _applies(tally: Tally, field: str) -> int:
    """Titles that could have the field. One that may rightly be empty is missing nowhere: it is of all titles."""
    count = tally.fields[field]
    return count.filled + count.missing if count.missing else max(count.filled, tally.titles)


def _head(name: str, of: str) -> Node:
    return el("th", name, el("br"), el("span", of, class_="soft"), scope="col", class_="n")


def _cell(count: int, of: int) -> Node:
    if not count or not of:
        return el("td", "·", class_="none", aria_label="none")
    share = min(1.0, count / of)
    return el("td", percent(share, digits=0), style=f"--f:{share:.3f}", title=f"{number(count)} of {number(of)} titles")


def agreement(tally: Tally) -> Iterator[Child]:
    """Fields with the least agreement first, then those on which nobody can be compared, by confidence."""
    fields = [(name, count) for name, count in tally.fields.items() if count.filled]
    fields.sort(key=lambda item: (_or_last(item[1].mean_agreement), _or_last(item[1].mean_confidence), item[0]))
    heads = ("field", "agreement", "", "titles compared", "conflicts", "mean confidence", "")
    yield table(
        "Agreement and confidence by field, the least agreed on first", heads, map(_field, fields), numbers=(1, 3, 4, 5)
    )


def _field(item: tuple[str, FieldCount]) -> tuple[Child, ...]:
    name, count = item
    agreed, sure = count.mean_agreement, count.mean_confidence
    return (
        name,
        percent(agreed),
        None if agreed is None else bar(agreed, title=f"agreement on {name}: {agreed:.1%}"),
        number(count.compared or None),
        number(count.conflicts),
        percent(sure),
        None if sure is None else bar(sure, title=f"confidence of {name}: {sure:.1%}"),
    )


def _or_last(share: float | None) -> float:
    return 2.0 if share is None else share
