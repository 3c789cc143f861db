"""Who worked on which episode, as far as credits say (``Storyboard (eps 1, 3-5)``)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from pipeline.domain.names import Source
from pipeline.domain.source_title import Credit
from pipeline.domain.text import clean
from pipeline.domain.title import StageInput
from pipeline.stages.members import by_trust, natural_name
from pipeline.stages.roles import importance, role_of

__all__ = ["numbers_of", "staff_by_episode"]

_MARK: Final = re.compile(r"\beps?\b\.?|\bepisodes?\b", re.IGNORECASE)
_ONE: Final = re.compile(r"(\d{1,5})(?:\s*[-\u2013~]\s*(\d{1,5}))?", re.ASCII)
_MOST: Final = 100
"""Who works on more episodes is of the series; the credit with its range stands with the staff."""


def staff_by_episode(inputs: StageInput) -> Mapping[int, list[str]]:
    """``Name (Role)`` by the number of a regular episode, the most important first."""
    found: dict[int, dict[tuple[int, str], None]] = {}
    for group in inputs.alignment.staff:
        members = [(source.source, source.staff[item]) for source, item in by_trust(inputs, group.members)]
        for role, numbers in _parts(members):
            told = importance([role_of(role)[0]]), f"{_name(members)} ({role})"
            for number in numbers:
                found.setdefault(number, {})[told] = None
    return {number: [text for _, text in sorted(told)] for number, told in found.items()}


def _parts(members: Sequence[tuple[Source, Credit]]) -> Iterator[tuple[str, frozenset[int]]]:
    for _, credit in members:
        numbers = numbers_of(credit.episodes) if credit.episodes else frozenset()
        if numbers and clean(credit.role):
            yield clean(credit.role), numbers


def _name(members: Sequence[tuple[Source, Credit]]) -> str:
    return next((text for source, one in members if (text := natural_name(source, one.name))), "")


def numbers_of(printed: str) -> frozenset[int]:
    """The episodes a note names, none where they are too many; openings and endings are no episodes."""
    found: set[int] = set()
    for token in re.split(r"[,;&]", _MARK.sub(" ", printed)):
        named = _ONE.fullmatch(token.strip())
        if named is None:
            continue
        first, last = int(named[1]), int(named[2] or named[1])
        if last - first >= _MOST:
            return frozenset()
        found.update(range(first, last + 1))
    return frozenset(found) if len(found) <= _MOST else frozenset()
