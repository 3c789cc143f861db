"""What the matching makes of a title's recorded casts, held against the labels."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import TypeAlias

from pipeline.domain.source_title import SourceTitle
from pipeline.preprocess import align
from tests.evaluation.labels import KINDS, Labelled, Person, read_labels
from tests.evaluation.recorded import TITLES, Title, people, renumbered, speakers
from tests.evaluation.tally import Tally

__all__ = ["VARIANTS", "Measured", "Mistake", "measure", "measure_all"]

Casts: TypeAlias = dict[Person, str]
"""Everybody of all sites with the name they have there."""


def _voiceless(source: SourceTitle) -> SourceTitle:
    return replace(source, characters=tuple(replace(one, voice_actors=()) for one in source.characters))


VARIANTS: Mapping[str, Callable[[SourceTitle], SourceTitle]] = {
    "as recorded": lambda source: source,
    "without shared numbers": lambda source: renumbered(source) if source.source.value == "anilist" else source,
    "without voices, too": lambda source: _voiceless(renumbered(source)),
}
"""What is taken away before characters are matched. The second is the harder and fairer test of names and voices."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """A link that is none, or one that is missing. ``rule`` is why it was made."""

    left: str
    right: str
    is_wrong: bool
    rule: str
    why: str


@dataclass(frozen=True, slots=True)
class Measured:
    """One title, one kind, two sites."""

    title: Title
    kind: str
    sites: tuple[str, str]
    tally: Tally
    mistakes: tuple[Mistake, ...]
    rules: tuple[tuple[str, bool], ...]
    """For each link made the rule of its group, and whether it is right."""


def measure_all(folder: Path, part: str | None = None, variant: str = "as recorded") -> Iterator[Measured]:
    """Everything that is labelled, of one part or both."""
    for title in TITLES:
        if part in (None, title.part):
            sources = title.sources(folder)
            for kind in KINDS:
                labelled = read_labels().get((title.name, kind))
                if labelled is not None:
                    yield from measure(title, kind, labelled, sources, variant)


def measure(
    title: Title, kind: str, labelled: Labelled, sources: tuple[SourceTitle, ...], variant: str = "as recorded"
) -> Iterator[Measured]:
    """One title and kind, for every two of the sites that were read in full."""
    where = f"{title.name}, {kind}"
    read = tuple(speakers(one) if kind == "voice" else one for one in sources if one.source.value in labelled.closed)
    casts: Casts = {(one.source.value, id_): name for one in read for id_, name in people(one, kind)}
    labelled.check(where, {site: sum(person[0] == site for person in casts) for site in labelled.closed})
    labelled.check_named(where, casts)
    made = _made(read, kind, variant)
    for sites in combinations((one.source.value for one in read), 2):
        yield _compare(title, kind, sites, labelled, made, casts)


def _made(read: tuple[SourceTitle, ...], kind: str, variant: str) -> dict[frozenset[Person], str]:
    """The pairs of people of different sites that are in one group, with the rule that speaks for the group."""
    alignment = align(tuple(map(VARIANTS[variant], read)))
    made: dict[frozenset[Person], str] = {}
    for group in alignment.characters if kind == "character" else alignment.staff:
        items = (
            read[ref.source].characters if kind == "character" else read[ref.source].staff for ref in group.members
        )
        members = {
            (read[ref.source].source.value, one[ref.item].id or one[ref.item].name)
            for ref, one in zip(group.members, items, strict=True)
        }
        made |= {frozenset(pair): group.rule for pair in combinations(sorted(members), 2) if pair[0][0] != pair[1][0]}
    return made


def _compare(
    title: Title,
    kind: str,
    sites: tuple[str, str],
    labelled: Labelled,
    made: Mapping[frozenset[Person], str],
    casts: Casts,
) -> Measured:
    wanted = {pair for pair in labelled.links if {site for site, _ in pair} == set(sites)}
    found = {pair for pair in made if {site for site, _ in pair} == set(sites)}
    sizes = [sum(person[0] == site for person in casts) for site in sites]

    def mistakes(pairs: set[frozenset[Person]], is_wrong: bool) -> Iterator[Mistake]:
        for pair in sorted(pairs, key=sorted):
            left, right = (f"{site} {casts[site, id_]!r}" for site, id_ in sorted(pair))
            yield Mistake(left, right, is_wrong, made.get(pair, ""), labelled.why.get(pair, ""))

    return Measured(
        title,
        kind,
        sites,
        Tally(sizes[0] * sizes[1], len(wanted), len(found), len(found & wanted)),
        (*mistakes(found - wanted, True), *mistakes(wanted - found, False)),
        tuple((made[pair], pair in wanted) for pair in sorted(found, key=sorted)),
    )
