"""Choosing between claims: the few named rules every stage decides by.

A rule is independent of the order in which sources come: ties fall by weight, then by the canonical text of the
value. Every choice keeps who said it and what was passed over.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import TypeAdapter

from pipeline.domain.claims import Chosen, Claim
from pipeline.domain.names import Source

__all__ = ["NOBODY", "SINGLE_SOURCE", "choose_weighted", "collected", "nobody_said", "text_of"]

T = TypeVar("T")

NOBODY = "rule:nobody_said"
SINGLE_SOURCE = 0.75
"""Confidence of one source's valid word (table in docs/fields.md)."""
_AGREED = 0.97
_CONFLICT = 0.50
_ANY: TypeAdapter[Any] = TypeAdapter(Any)


def text_of(value: object) -> str:
    """Canonical text of a value: what makes two claims equal, and what breaks ties."""
    return _ANY.dump_json(value).decode()


def nobody_said(value: T) -> Chosen[T]:
    """The decision that a field stays empty because no source spoke of it."""
    return Chosen(value, (), NOBODY, 0.0)


def choose_weighted(
    said: Iterable[tuple[Source, T]],
    *,
    weights: Mapping[Source, float],
    rule: str,
    nobody: T,
) -> Chosen[T]:
    """The value with the greatest weight behind it.

    ``said`` holds one pair per source and value; a source may not vote twice for one value (later pairs are ignored).
    Confidence: one source 0.75; agreement of several rises to 0.97 with their share of the weight; a majority under
    0.6 of the weight is 0.50 and a conflict.
    """
    groups: dict[str, tuple[T, dict[Source, float]]] = {}
    for source, value in said:
        _, votes = groups.setdefault(text_of(value), (value, {}))
        votes.setdefault(source, weights.get(source, 0.1))
    if not groups:
        return nobody_said(nobody)
    ranked = sorted(groups.items(), key=lambda item: (-round(sum(item[1][1].values()), 9), item[0]))
    total = sum(sum(votes.values()) for _, (_, votes) in ranked)
    (_, (winner, votes)), losers = ranked[0], ranked[1:]
    share = sum(votes.values()) / total
    return Chosen(
        value=winner,
        sources=tuple(sorted(votes)),
        rule=rule,
        confidence=_confidence(len(votes), share, has_losers=bool(losers)),
        passed_over=tuple(Claim(value, tuple(sorted(by))) for _, (value, by) in losers),
        conflict=bool(losers),
    )


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
