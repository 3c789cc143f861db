"""Names by which members of the platforms' lists are found again when their positions have changed."""

from collections.abc import Iterable, Sequence
from typing import Final, Literal, TypeAlias

from pipeline.domain.aligned import Ref
from pipeline.domain.source_title import Episode, SourceTitle
from pipeline.domain.text import clean
from pipeline.errors import one_line

__all__ = ["Members", "key_of", "keys_of"]

Members: TypeAlias = Literal["characters", "episodes", "staff"]
_LONG: Final = 120
"""Signs of a name that stands for an id."""


def key_of(sources: Sequence[SourceTitle], members: Members, ref: Ref) -> str:
    """``anilist:40``; the name where a platform gives no id."""
    source = sources[ref.source]
    member = getattr(source, members)[ref.item]
    id_ = (member.id or "").strip()
    return f"{source.source.value}:{one_line(id_ or _name(member), _LONG)}"


def keys_of(sources: Sequence[SourceTitle], members: Members, refs: Iterable[Ref]) -> tuple[str, ...]:
    """Of several members, in an order that does not depend on their positions."""
    return tuple(sorted({key_of(sources, members, ref) for ref in refs}))


def _name(member: object) -> str:
    if isinstance(member, Episode):
        title = member.titles[0].text if member.titles else ""
        return f"{member.kind.value} {'?' if member.number is None else member.number} {clean(title)}"
    return clean(getattr(member, "name", ""))
