"""``make eval-fields``: how often the record's twenty most used fields are right, over the golden titles.

``python -m tests.evaluation.fields [--held-out] [TITLE …]``

Prints per field and per title how many are right, with the 95 % lower Wilson bound, and every wrong one with what was
expected, what we say, by which rule and what was passed over. Of the held-out titles only the figures are printed,
unless ``--held-out`` asks for their mistakes. Exit code 1 below 98 %.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import sqrt
from operator import attrgetter
from pathlib import Path
from typing import Final

from pipeline.domain.record import FieldProvenance
from tests.evaluation.golden_titles import FIELDS, GoldenTitle, Judged, judge, read_titles
from tests.evaluation.shows import make_record, read_catalogue, read_show

__all__ = ["Verdict", "evaluate", "wilson"]

GOAL: Final = 0.98
_SHARED: Final = Path(os.environ.get("SHARED_MATERIAL", Path(__file__).resolve().parents[2].parent / "shared"))
_Z: Final = 1.96
_SHORT: Final = 160


@dataclass(frozen=True, slots=True)
class Verdict:
    """One field of one title, judged, with the reason the record gives for it."""

    title: GoldenTitle
    judged: Judged
    reason: FieldProvenance

    @property
    def field(self) -> str:
        return self.judged.expected.field


def wilson(right: int, of: int) -> float:
    """The 95 % lower bound of a share; 0 of nothing."""
    if not of:
        return 0.0
    share, z2 = right / of, _Z * _Z
    spread = _Z * sqrt(share * (1 - share) / of + z2 / (4 * of * of))
    return max(0.0, (share + z2 / (2 * of) - spread) / (1 + z2 / of))


def evaluate(titles: Iterable[GoldenTitle], shared: Path) -> list[Verdict]:
    """Make the record of every title from the recordings and judge its fields."""
    catalogue = read_catalogue(shared / "catalogue")
    verdicts: list[Verdict] = []
    for title in titles:
        made = make_record(read_show(shared / "recordings", catalogue, title.show, title.also), catalogue)
        fields = made.provenance.fields
        verdicts += (Verdict(title, one, fields[one.expected.field]) for one in judge(title, made.record))
    return verdicts


def _figures(verdicts: Sequence[Verdict]) -> str:
    right, of = sum(one.judged.is_right for one in verdicts), len(verdicts)
    return f"{right:>4} / {of:<4} {right / of:>7.1%}   at least {wilson(right, of):.1%}"


def print_groups(verdicts: Sequence[Verdict], name_of: Callable[[Verdict], str], order: Sequence[str]) -> None:
    by = {name: list(group) for name, group in groupby(sorted(verdicts, key=name_of), key=name_of)}
    for name in order:
        if name in by:
            print(f"  {name:<34}{_figures(by[name])}")


def print_wrong(verdicts: Iterable[Verdict]) -> None:
    """Every mistake: what was expected and why, what we say, by which rule, and what it passed over."""
    for one in verdicts:
        expected, reason = one.judged.expected, one.reason
        others = [f"{other.get('value')!r} ({', '.join(map(str, other['sources']))})" for other in reason.alternatives]
        who = ", ".join(source.value for source in reason.sources) or "nobody"
        print(f"\n  {one.title.name}: {one.field}")
        print(f"    expected  {str(expected)[:_SHORT]}\n    because   {expected.why}")
        print(f"    we say    {one.judged.said[:_SHORT]}\n    by        {reason.method}, {reason.confidence} ({who})")
        if others:
            print(f"    not       {'; '.join(others)[: 2 * _SHORT]}")


def print_report(verdicts: Sequence[Verdict], *, with_held_out: bool) -> float:
    """Print everything; gives the share that is right over all titles."""
    held_out = [one for one in verdicts if one.title.is_held_out]
    shown = verdicts if with_held_out else [one for one in verdicts if not one.title.is_held_out]
    print("right / of, share, 95 % lower bound\n\nby field")
    print_groups(verdicts, attrgetter("field"), FIELDS)
    print("\nby title")
    print_groups(shown, lambda one: one.title.name, sorted({one.title.name for one in shown}))
    wrong = [one for one in shown if not one.judged.is_right]
    if wrong:
        print("\nwrong")
        print_wrong(wrong)
    print()
    for name, some in {"open": [one for one in verdicts if not one.title.is_held_out], "held out": held_out}.items():
        if some:
            print(f"  {name:<34}{_figures(some)}")
    print(f"  {'all':<34}{_figures(verdicts)}")
    return sum(one.judged.is_right for one in verdicts) / len(verdicts)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("titles", nargs="*", metavar="TITLE", help="only these (names of the files in titles/)")
    parser.add_argument("--held-out", action="store_true", help="also the mistakes in the titles held out")
    parser.add_argument("--open", action="store_true", help="leave the titles held out alone")
    given = parser.parse_args(arguments)
    every = {title.name: title for title in read_titles()}
    if unknown := [name for name in given.titles if name not in every]:
        print(f"no golden title {unknown[0]!r}; there are {', '.join(every)}", file=sys.stderr)
        return 2
    if not (_SHARED / "recordings").is_dir():
        print(f"no recordings at {str(_SHARED / 'recordings')!r}; set SHARED_MATERIAL to their parent", file=sys.stderr)
        return 2
    chosen = [every[name] for name in given.titles] or list(every.values())
    verdicts = evaluate([one for one in chosen if not (given.open and one.is_held_out)], _SHARED)
    share = print_report(verdicts, with_held_out=given.held_out)
    print(f"\n{'reached' if share >= GOAL else 'missed'}: the goal is {GOAL:.0%}")
    return 0 if share >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
