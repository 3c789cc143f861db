"""``python -m tests.evaluation.matching [--part tuning]``: the matching against what was decided by hand.

Prints pairs, links, precision and recall with their 95 % bounds per title, per pair of sites and in total, those taken
for one person and those not found by name, and exits with 1 when a figure marked ``*`` is below its goal.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from tests.evaluation.labels import KINDS
from tests.evaluation.measuring import VARIANTS, Measured, Mistake, measure_all
from tests.evaluation.recorded import HELD_OUT, TUNING, recordings
from tests.evaluation.tally import Tally, wilson

__all__ = ["ASKED", "GOALS", "below", "main", "total"]

GOALS = (0.99, 0.95)
"""Precision and recall, for characters: of the three sites below, and of all. Staff have figures and no goal."""
ASKED = ("as recorded", "without shared numbers")
"""The variants the goals stand for; without voices is for looking."""
_THREE = frozenset({"mal", "anilist", "anidb"})
_LINE = "{:<64} {:>6} {:>5} {:>5} {:>5}  {:<19} {:<19}"
_HEAD = _LINE.format("", "pairs", "links", "made", "right", "precision", "recall")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.evaluation.matching", description=__doc__)
    parser.add_argument("--part", choices=(TUNING, HELD_OUT), help="only the titles of this part")
    part = parser.parse_args(arguments).part
    folder = recordings()
    missed: list[str] = []
    everything: dict[str, list[Measured]] = {name: [] for name in VARIANTS}
    for each in (TUNING, HELD_OUT) if part is None else (part,):
        measured = {name: list(measure_all(folder, each, name)) for name in VARIANTS}
        everything = {name: everything[name] + measured[name] for name in VARIANTS}
        _say("", each.upper(), _HEAD, *_titles(measured), "", *_sums(measured), *_mistakes(measured))
        missed += [f"below the goal, {each}: {text}" for text in below(measured)]
    if part is None:
        _say("", "BOTH", _HEAD, *_pairs_of_sites(everything), "", *_sums(everything), "", *_rules(everything))
    _say("", *missed, f"* precision {GOALS[0]} and recall {GOALS[1]}: {'missed' if missed else 'met'}")
    return 1 if missed else 0


def _say(*lines: str) -> None:
    sys.stdout.write("\n".join((*lines, "")))


def total(measured: Iterable[Measured], kind: str, *, is_three: bool = False) -> Tally:
    """All of a kind; of the three sites the goals were set for, or of all."""
    return sum((m.tally for m in measured if m.kind == kind and (not is_three or set(m.sites) <= _THREE)), Tally())


def _totals(measured: dict[str, list[Measured]]) -> Iterator[tuple[str, Tally, bool]]:
    """Every figure that is summed up, and whether a goal stands for it."""
    for name, of in measured.items():
        yield f"characters, mal anilist anidb, {name}", total(of, "character", is_three=True), name in ASKED
        yield f"characters, all sites, {name}", total(of, "character"), name in ASKED
    yield "staff", total(measured[ASKED[0]], "staff"), False
    yield "voices", total(measured[ASKED[0]], "voice"), False


def below(measured: dict[str, list[Measured]]) -> Iterator[str]:
    """The figures that miss a goal, in words."""
    for name, tally, has_goal in _totals(measured):
        if has_goal and (tally.precision < GOALS[0] or tally.recall < GOALS[1]):
            yield f"{name}: precision {tally.precision:.3f}, recall {tally.recall:.3f}"


def _titles(measured: dict[str, list[Measured]]) -> Iterator[str]:
    for one in measured[ASKED[0]]:
        yield _row(f"{one.title.name}, {one.kind}, {' '.join(one.sites)}", one.tally)


def _pairs_of_sites(measured: dict[str, list[Measured]]) -> Iterator[str]:
    of = measured[ASKED[0]]
    for kind, sites in dict.fromkeys((kind, m.sites) for kind in KINDS for m in of if m.kind == kind):
        yield _row(f"{kind}, {' '.join(sites)}", total((m for m in of if m.sites == sites), kind))


def _sums(measured: dict[str, list[Measured]]) -> Iterator[str]:
    for name, tally, has_goal in _totals(measured):
        yield _row(f"{name}{' *' if has_goal else ''}", tally)


def _rules(measured: dict[str, list[Measured]]) -> Iterator[str]:
    """How often each rule was right, which is what the confidence it gives should say."""
    for name in ASKED:
        for kind in KINDS if name == ASKED[0] else KINDS[:1]:
            made = Counter(rule for one in measured[name] if one.kind == kind for rule, _ in one.rules)
            right = Counter(rule for one in measured[name] if one.kind == kind for rule, ok in one.rules if ok)
            for rule, count in sorted(made.items()):
                yield _row(f"{kind}, {name}, by rule {rule}", Tally(made=count, right=right[rule]))


def _row(name: str, tally: Tally) -> str:
    return _LINE.format(
        name,
        tally.pairs,
        tally.links,
        tally.made,
        tally.right,
        _share(tally.precision, tally.right, tally.made),
        _share(tally.recall, tally.right, tally.links),
    ).rstrip()


def _share(share: float, hits: int, of: int) -> str:
    low, high = wilson(hits, of)
    return f"{share:.3f} [{low:.2f}, {high:.2f}]" if of else "-"


def _mistakes(measured: dict[str, list[Measured]]) -> Iterator[str]:
    """By name. The variants take things away from characters alone, so people are told of once."""
    for name, of in measured.items():
        told = [one for one in of if name == ASKED[0] or one.kind == "character"]
        lines = [f"  {one.title.name}: {_said(mistake)}" for one in told for mistake in one.mistakes]
        yield from ("", f"{name}, mistakes:", *(lines or ["  none"]))


def _said(mistake: Mistake) -> str:
    what = f"taken for one by {mistake.rule}" if mistake.is_wrong else "not found to be one"
    return f"{mistake.left} and {mistake.right} {what}{f' ({mistake.why})' if mistake.why else ''}"


if __name__ == "__main__":
    sys.exit(main())
