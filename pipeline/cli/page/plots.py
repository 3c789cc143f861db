"""Plots as inline SVG. Each names itself to a reader who does not see it; the numbers stand in a table beside it.

No foreign word goes into a plot, only our own names and numbers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from pipeline.cli.page.markup import Node, el

__all__ = ["Series", "bar", "histogram", "stacked", "timeline"]

_NARROW: Final = 400
_WIDE: Final = 720
_HEIGHT: Final = 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 24, 12, 26
_INNER_HEIGHT: Final = _HEIGHT - _TOP - _BOTTOM
_LABEL_ROOM: Final = 130
"""Right of a time line, for the names of its lines."""
_MARKS: Final = ("one", "two", "three")


@dataclass(frozen=True, slots=True)
class Series:
    """A line: its name and, at each time, a share or nothing."""

    name: str
    shares: Sequence[float | None]


def histogram(counts: Sequence[int], *, title: str) -> Node:
    """Titles by a share from 0 to 100 %, in equal steps."""
    most, room = max(*counts, 1), _NARROW - _LEFT - _RIGHT
    step = room / len(counts)
    bars = [
        el("rect", x=_round(_LEFT + n * step + 1), width=_round(step - 2), class_="bar", rx=2,
           y=_round(_TOP + _INNER_HEIGHT * (1 - count / most)), height=_round(_INNER_HEIGHT * count / most))
        for n, count in enumerate(counts) if count
    ]  # fmt: skip
    marks = [_text(_LEFT + room * p / 100, _HEIGHT - 8, f"{p}%", anchor="middle") for p in range(0, 101, 25)]
    scale = [
        _grid(_TOP + _INNER_HEIGHT, to=_LEFT + room),
        _grid(_TOP, to=_LEFT + room),
        _text(_LEFT - 6, _TOP + _INNER_HEIGHT, "0", anchor="end"),
        _text(_LEFT - 6, _TOP + 10, f"{most:,}", anchor="end"),
    ]
    return _drawing(title, _NARROW, scale, bars, marks)


def timeline(times: Sequence[float], series: Sequence[Series], *, title: str) -> Node:
    """Shares over time (Unix seconds, ascending, at least one). Each line has a colour, a stroke and a name."""
    low = _floor(series)
    room = _WIDE - _LEFT - _RIGHT - _LABEL_ROOM
    first, span = times[0], times[-1] - times[0]
    across = [_LEFT + (room * (t - first) / span if span else room / 2) for t in times]
    lines: list[Node] = []
    ends: list[tuple[float, str, str]] = []
    for mark, one in zip(_MARKS, series, strict=False):
        points = [(x, _down(share, low)) for x, share in zip(across, one.shares, strict=True) if share is not None]
        if points:
            lines.append(el("polyline", points=" ".join(f"{_round(x)},{_round(y)}" for x, y in points),
                            class_=f"line {mark}"))  # fmt: skip
            if len(points) <= 60:
                lines += [el("circle", cx=_round(x), cy=_round(y), r=3, class_=mark) for x, y in points]
            last = next(share for share in reversed(one.shares) if share is not None)
            ends.append((points[-1][1], f"{one.name} {last:.1%}", mark))
    names = [_text(_LEFT + room + 10, y + 4, text, class_=mark) for y, text, mark in _spread(ends)]
    steps = [low + (1 - low) * n / 4 for n in range(5)]
    grid = [_grid(_down(share, low), to=_LEFT + room) for share in steps]
    marks = [_text(_LEFT - 6, _down(share, low) + 4, f"{share:.0%}", anchor="end") for share in steps]
    return _drawing(title, _WIDE, grid, marks, lines, names, _days(times, across))


def bar(share: float, *, title: str) -> Node:
    """A small bar for a cell of a table that also holds the number."""
    return _inline([el("rect", width=100, height=10, class_="track", rx=2),
                    el("rect", width=_round(100 * share), height=10, class_="bar", rx=2)], title)  # fmt: skip


def stacked(parts: Mapping[str, int], *, title: str) -> Node:
    """A small bar of several parts, by name."""
    total, at = sum(parts.values()) or 1, 0.0
    rects = [el("rect", width=100, height=10, class_="track", rx=2)]
    for name, count in parts.items():
        width = 100 * count / total
        rects.append(el("rect", x=_round(at), width=_round(width), height=10, class_=name))
        at += width
    return _inline(rects, title)


def _floor(series: Sequence[Series]) -> float:
    """Where the scale begins: the tens of percent below everything, so that small changes are seen."""
    lowest = min((share for one in series for share in one.shares if share is not None), default=0.0)
    return max(0.0, min(0.9, int(lowest * 10 - 1e-9) / 10))


def _down(share: float, low: float) -> float:
    return _TOP + _INNER_HEIGHT * (1 - (share - low) / (1 - low))


def _spread(ends: Sequence[tuple[float, str, str]]) -> list[tuple[float, str, str]]:
    """Names far enough apart to be read."""
    placed: list[tuple[float, str, str]] = []
    for y, text, mark in sorted(ends):
        placed.append((max(y, placed[-1][0] + 15) if placed else y, text, mark))
    return placed


def _days(times: Sequence[float], across: Sequence[float]) -> list[Node]:
    ends = sorted({(across[0], times[0]), (across[-1], times[-1])})
    anchors = ("start", "end") if len(ends) == 2 else ("middle",)
    return [
        _text(x, _HEIGHT - 8, datetime.fromtimestamp(at, tz=UTC).strftime("%Y-%m-%d"), anchor=anchor)
        for (x, at), anchor in zip(ends, anchors, strict=True)
    ]


def _drawing(title: str, width: int, *parts: Sequence[Node]) -> Node:
    return el("svg", el("title", title), *parts, viewBox=f"0 0 {width} {_HEIGHT}", role="img", aria_label=title)


def _inline(parts: Sequence[Node], title: str) -> Node:
    shape = {"viewBox": "0 0 100 10", "preserveAspectRatio": "none", "class_": "inline"}
    return el("svg", el("title", title), parts, role="img", aria_label=title, **shape)


def _grid(y: float, *, to: float) -> Node:
    return el("line", x1=_LEFT, x2=_round(to), y1=_round(y), y2=_round(y), class_="grid")


def _text(x: float, y: float, text: str, *, anchor: str = "start", class_: str | None = None) -> Node:
    return el("text", text, x=_round(x), y=_round(y), text_anchor=anchor, class_=class_)


def _round(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
