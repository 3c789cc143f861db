"""Tables, numbers and commands as the page shows them."""

import shlex
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from pipeline.cli.page.markup import Child, Node, el, said
from pipeline.enrich.survey import Named

__all__ = ["command", "day_time", "number", "percent", "table", "title_cell"]

_NOTHING: Final = "\N{EN DASH}"


def table(
    caption: str, heads: Sequence[Child], rows: Iterable[Sequence[Child]], *, numbers: Sequence[int] = ()
) -> Node:
    """A table with a caption. The first cell of a row is its head; ``numbers`` are columns that stand to the right."""

    def mark(column: int) -> str | None:
        return "n" if column in numbers else None

    head = el("tr", *(el("th", name, scope="col", class_=mark(n)) for n, name in enumerate(heads)))
    body = [
        el(
            "tr",
            *(el("td" if n else "th", cell, scope=None if n else "row", class_=mark(n)) for n, cell in enumerate(row)),
        )
        for row in rows
    ]
    return el("div", el("table", el("caption", caption), el("thead", head), el("tbody", body)), class_="scroll")


def percent(share: float | None, *, digits: int = 1) -> str:
    """A share, or a dash where there is nothing to measure."""
    return _NOTHING if share is None else f"{share:.{digits}%}"


def number(value: float | None, *, digits: int = 0) -> str:
    """A number with its thousands apart, or a dash."""
    return _NOTHING if value is None else f"{value:,.{digits}f}"


def day_time(at: float) -> str:
    """A moment in UTC."""
    return datetime.fromtimestamp(at, tz=UTC).strftime("%Y-%m-%d %H:%M UTC")


def command(text: str) -> Node:
    """A command to be copied: one click marks it whole."""
    return el("code", text, class_="command")


def title_cell(titles: Iterable[Named], flags: str) -> Node:
    """Titles, each with the command that looks further into it, safe to paste whatever the id holds."""

    def show(one: Named) -> Node:
        return command(f"anime-enrich show {shlex.quote(one.handle)} --why{flags}")

    return el("ul", *(el("li", said(one.name), " ", show(one)) for one in titles), class_="plain titles")
