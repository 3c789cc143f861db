"""What a credit's text means: the role table, from ``roles.json`` beside this module.

The roles' order in the table is their importance. A text is looked up whole, without notes in parentheses; there is no
guessing: what the table does not know is ``other`` and becomes a question. Who wrote or directed a dub (``Script
(English)``) did not write or direct the work: that is ``other`` too.
"""

import re
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

from pipeline.domain.text import CACHE, norm

__all__ = ["OTHER", "RoleKind", "importance", "role_of", "roles"]

OTHER: Final = "other"
RoleKind: TypeAlias = Literal["known", "counted_only", "unknown"]


_DUB: Final = re.compile(
    r"\((?:english|german|french|italian|spanish|castilian|latin american|portuguese|brazilian|korean|chinese|mandarin|"
    r"cantonese|hungarian|polish|hebrew|arabic|hindi|tagalog|thai|catalan)\b[^()]*\)",
    re.IGNORECASE,
)


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    roles: dict[str, list[str]]
    counted_only: list[str]


@cache
def _table() -> _Table:
    return _Table.model_validate_json((files(__package__) / "roles.json").read_bytes())


@cache
def _by_text() -> dict[str, str]:
    return {norm(text): role for role, texts in _table().roles.items() for text in texts}


@cache
def roles() -> tuple[str, ...]:
    """Our roles, the most important first."""
    return tuple(_table().roles)


@cache
def _counted_only() -> frozenset[str]:
    return frozenset(norm(text) for text in _table().counted_only)


@lru_cache(maxsize=CACHE)
def role_of(text: str) -> tuple[str, RoleKind]:
    """Our role for a platform's text, and whether the table knows it."""
    plain = norm(text)
    if plain in _counted_only():
        return OTHER, "counted_only"
    role = _by_text().get(plain)
    if role is not None and _DUB.search(text):
        return OTHER, "known"
    return (OTHER, "unknown") if role is None else (role, "known")


def importance(held: list[str]) -> int:
    """Place of the most important of some roles; nobody's roles come last."""
    order = roles()
    return min((order.index(role) for role in held), default=len(order))
