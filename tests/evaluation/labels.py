"""Who is who, decided by hand: ``labels.jsonl`` read, and refused where it contradicts itself or the answers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TypeAlias

import orjson

__all__ = ["KINDS", "LABELS", "Labelled", "Person", "read_labels"]

LABELS = Path(__file__).with_name("labels.jsonl")
KINDS = ("character", "staff", "voice")

Person: TypeAlias = tuple[str, str]
"""Site and id."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """What was decided of one kind of people of one title. Pairs that are not in ``links`` are none."""

    closed: Mapping[str, int]
    """How many people each site had when all of them were read."""
    links: set[frozenset[Person]] = field(default_factory=set)
    no_links: set[frozenset[Person]] = field(default_factory=set)
    """Those of the rest that were named because they are easily taken for one person."""
    why: dict[frozenset[Person], str] = field(default_factory=dict)

    def check(self, where: str, sizes: Mapping[str, int]) -> None:
        """Raise where the casts are not those that were read."""
        for site, read in self.closed.items():
            if sizes.get(site, 0) != read:
                raise SystemExit(
                    f"{where}: {site} has {sizes.get(site, 0)} people, {read} were read for {LABELS.name}; "
                    "read the new ones and set 'closed' anew"
                )

    def check_named(self, where: str, known: Iterable[Person]) -> None:
        """Raise where a label names somebody who is not there."""
        there = set(known)
        for person in sorted({one for pair in self.links | self.no_links for one in pair} - there):
            raise SystemExit(
                f"{where}: {LABELS.name} names {':'.join(person)!r}, who is not in the cast; correct the id"
            )


@cache
def read_labels() -> Mapping[tuple[str, str], Labelled]:
    """The labels of each title and kind."""
    found: dict[tuple[str, str], Labelled] = {}
    for number, line in enumerate(LABELS.read_bytes().splitlines(), 1):
        row = orjson.loads(line)
        if "about" in row:
            continue
        key = (row["title"], row["kind"])
        if "closed" in row:
            found[key] = Labelled(row["closed"])
        else:
            _add(found[key], row, f"{LABELS.name} line {number}")
    return found


def _add(labelled: Labelled, row: Mapping[str, str], where: str) -> None:
    pair = frozenset({_person(row["a"]), _person(row["b"])})
    if pair in labelled.links | labelled.no_links:
        raise SystemExit(f"{where} labels {row['a']!r} and {row['b']!r} again; keep one of the two lines")
    (labelled.links if row["link"] else labelled.no_links).add(pair)
    labelled.why[pair] = row.get("why", "")


def _person(text: str) -> Person:
    site, _, id_ = text.partition(":")
    return site, id_
