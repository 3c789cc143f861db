"""Choosing between claims: the few named rules every stage decides by.

A rule is independent of the order in which sources come: ties fall by weight, then by the canonical text of the
value. Every choice keeps who said it and what was passed over.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias, TypeVar

from pydantic import TypeAdapter

from pipeline.domain.claims import Chosen, Claim
from pipeline.domain.names import Source
from pipeline.domain.source_title import SourceTitle
from pipeline.domain.title import StageInput

__all__ = [
    "NOBODY",
    "SINGLE_SOURCE",
    "choose_weighted",
    "collected",
    "heaviest",
    "in_order",
    "nobody_said",
    "text_of",
]

T = TypeVar("T")

NOBODY: Final = "rule:nobody_said"
SINGLE_SOURCE: Final = 0.75
"""Confidence of one source's valid word (table in docs/fields.md)."""
_AGREED = 0.97
_CONFLICT = 0.50
_STRANGER = 0.1
"""Weight of a source the table does not know."""
_RANK: Final = {source: rank for rank, source in enumerate(Source)}
_ANY: TypeAdapter[Any] = TypeAdapter(Any)


def text_of(value: object) -> str:
    """Canonical text of a value: what makes two claims equal, and what breaks ties."""
    if type(value) is str and value.isascii() and value.isprintable() and '"' not in value and "\\" not in value:
        return f'"{value}"'  # as JSON has it, most often
    return _ANY.serializer.to_json(value).decode()


def in_order(inputs: StageInput) -> tuple[SourceTitle, ...]:
    """The sources in an order that does not depend on how they came: by platform, then id, then content."""
    several = len({(one.source, one.id) for one in inputs.sources}) < len(inputs.sources)
    return tuple(sorted(inputs.sources, key=lambda one: (_RANK[one.source], one.id, text_of(one) if several else "")))


def nobody_said(value: T) -> Chosen[T]:
    """The decision that a field stays empty because no source spoke of it."""
    return Chosen(value, (), NOBODY, 0.0)


_Camp: TypeAlias = dict[str, tuple[T, dict[Source, float]]]
"""Claims that are the same for the vote: every spelling by its text, and who uses it."""


def _camps(
    pairs: Sequence[tuple[Source, T]], weights: Mapping[Source, float], key: Callable[[T], str]
) -> dict[str, _Camp[T]]:
    camps: dict[str, _Camp[T]] = {}
    for source, value in pairs:
        text = text_of(value)
        camp = camps.setdefault(text if key is text_of else key(value), {})
        camp.setdefault(text, (value, {}))[1].setdefault(source, weights.get(source, _STRANGER))
    return camps


def _votes(camp: _Camp[T]) -> dict[Source, float]:
    return {source: weight for _, by in camp.values() for source, weight in by.items()}


def _spoken(camp: _Camp[T], fineness: Callable[[T], int]) -> T:
    """The camp's value: the finest spelling, then the one with most weight."""
    if len(camp) == 1:
        return next(iter(camp.values()))[0]

    def order(item: tuple[str, tuple[T, dict[Source, float]]]) -> tuple[int, float, str]:
        text, (value, by) = item
        return -fineness(value), -_sum(by), text

    return min(camp.items(), key=order)[1][0]


def _sum(votes: Mapping[Source, float]) -> float:
    """The weight of all, the same whoever came first."""
    return round(sum([votes[source] for source in sorted(votes)]), 9)


def _no_fineness(_: object) -> int:
    return 0


def choose_weighted(
    said: Iterable[tuple[Source, T]],
    *,
    weights: Mapping[Source, float],
    rule: str,
    nobody: T,
    key: Callable[[T], str] = text_of,
    fineness: Callable[[T], int] = _no_fineness,
) -> Chosen[T]:
    """The value with the greatest weight behind it.

    ``said`` holds one pair per source and value; a source may not vote twice for one value (later pairs are ignored).
    Values with one ``key`` stand together in the vote (spellings of one name, a format and its finer form); of those
    the one of greatest ``fineness`` speaks, then the one with most weight.
    Confidence: one source 0.75; agreement of several rises to 0.97 with their share of the weight; a majority under
    0.6 of the weight is 0.50 and a conflict.
    """
    pairs = list(said)
    if _is_unanimous(pairs):
        who = tuple(sorted({source for source, _ in pairs}))
        return Chosen(pairs[0][1], who, rule, _confidence(len(who), 1.0, has_losers=False))
    camps = _camps(pairs, weights, key)
    if not camps:
        return nobody_said(nobody)
    votes = {name: _votes(camp) for name, camp in camps.items()}
    ranked = sorted((-_sum(by), name) for name, by in votes.items())
    (first, winner), *losers = ranked
    share = first / total if (total := sum(weight for weight, _ in ranked)) else 1.0
    return Chosen(
        value=_spoken(camps[winner], fineness),
        sources=tuple(sorted(votes[winner])),
        rule=rule,
        confidence=_confidence(len(votes[winner]), share, has_losers=bool(losers)),
        passed_over=tuple(Claim(_spoken(camps[name], fineness), tuple(sorted(votes[name]))) for _, name in losers),
        conflict=bool(losers),
    )


def heaviest(
    said: Iterable[tuple[Source, T]], *, weights: Mapping[Source, float], nobody: T, key: Callable[[T], str] = text_of
) -> T:
    """The value :func:`choose_weighted` would choose, where nobody asks why: a detail of a part of a list."""
    pairs = list(said)
    if _is_unanimous(pairs):
        return pairs[0][1]
    camps = _camps(pairs, weights, key)
    if not camps:
        return nobody
    _, winner = min((-_sum(_votes(camp)), name) for name, camp in camps.items())
    return _spoken(camps[winner], _no_fineness)


def _is_unanimous(pairs: Sequence[tuple[Source, object]]) -> bool:
    """Whether there is one claim, or several of one plain value: nothing has to be weighed, as most often."""
    if len(pairs) < 2:
        return bool(pairs)
    first = pairs[0][1]
    return isinstance(first, str | int) and all(type(v) is type(first) and v == first for _, v in pairs[1:])


def _confidence(voters: int, share: float, *, has_losers: bool) -> float:
    if has_losers and share < 0.6:
        return _CONFLICT
    if voters == 1:
        return SINGLE_SOURCE if not has_losers else round(SINGLE_SOURCE * share, 4)
    return round(_AGREED * share, 4)


def collected(value: T, sources: Sequence[Source], *, rule: str, confidence: float | None = None) -> Chosen[T]:
    """A value put together from several sources (a union, a merged list); nobody is passed over."""
    who = tuple(sorted(set(sources)))
    if not who:
        return nobody_said(value)
    sure = confidence if confidence is not None else (SINGLE_SOURCE if len(who) == 1 else 0.9)
    return Chosen(value, who, rule, round(sure, 4))
