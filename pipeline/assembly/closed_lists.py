"""Fields whose entries are of a closed list: what a person may decide of them."""

from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Final

from pipeline.domain.names import LabelKind
from pipeline.errors import one_line
from pipeline.stages.vocabulary import vocabulary

__all__ = ["why_off_list"]

_KINDS: Final = MappingProxyType(
    {
        "genres": LabelKind.GENRE,
        "themes": LabelKind.THEME,
        "demographics": LabelKind.DEMOGRAPHIC,
        "content_warnings": LabelKind.WARNING,
    }
)
_SHOWN: Final = 60


def why_off_list(name: str, value: Any) -> str:
    """Why a value is no list of our words, each once, with the nearest of them; empty where it is one."""
    kind = _KINDS.get(name)
    if kind is None:
        return ""
    known = [row.name for row in vocabulary().rows if row.kind is kind]
    for at, word in enumerate(value):
        if word in value[:at]:
            return f"{one_line(word, _SHOWN)!r} stands in it twice"
        if word not in known:
            folded = {one.casefold(): one for one in known}
            near = get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
            meant = f"did you mean {folded[near[0]]!r}?" if near else f"the list is {', '.join(known)}"
            return f"{one_line(word, _SHOWN)!r} is not of the closed list of {name.replace('_', ' ')}; {meant}"
    return ""
