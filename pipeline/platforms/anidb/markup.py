"""AniDB's own text markup: links with a name in brackets, BBCode, backticks, ``Source:`` and ``Note:`` lines.

Promises: no word is lost; what is not the story (what it is based on, notes on releases) is handed back beside it.
"""

import re
from typing import Final

from pipeline.domain.source_title import Text
from pipeline.platforms._text import clean_line, clean_prose, split_origin, strip_bbcode

__all__ = ["read_description", "read_text"]

_LINK: Final = re.compile(r"https?://[^\s\[\]<>]+\s\[([^\[\]]*)\]")
_SOURCE: Final = re.compile(r"source\s*:\s*(?P<origin>.+)", re.IGNORECASE)
_NOTE: Final = re.compile(r"notes?\s*:", re.IGNORECASE)
_BASED: Final = re.compile(r"\*\s+(?:loosely )?(?:based|adapted)\b", re.IGNORECASE)
_BULLET: Final = re.compile(r"\*\s+\S")


def _plain(raw: str) -> str:
    return clean_prose(strip_bbcode(_LINK.sub(r"\1", raw)).replace("`", "'"))


def read_description(raw: str | None) -> tuple[Text | None, str | None]:
    """A title's description as story and background (leading ``* Based on …`` lines, ``Note:`` and what follows)."""
    if raw is None:
        return None, None
    before: list[str] = []
    story: list[str] = []
    after: list[str] = []
    origin: str | None = None
    for line in _plain(raw).split("\n"):
        found = _SOURCE.fullmatch(line)
        if found and origin is None:
            origin = clean_line(found["origin"])
        elif after or _NOTE.match(line):
            after.append(line)
        elif not any(story) and _BULLET.match(line):
            before.append(line)
        else:
            story.append(line)
    if not any(story):  # a description that is nothing but starred lines: only "Based on" is not the story
        story = [line.lstrip("* ") for line in before if not _BASED.match(line)]
        before = [line for line in before if _BASED.match(line)]
    text, credited = split_origin(clean_prose("\n".join(story)))
    background = clean_prose("\n".join([*before, *([""] if before and after else []), *after]))
    return (Text(text, "en", origin or credited) if text else None), background or None


def read_text(raw: str | None) -> Text | None:
    """Any other text, its notes kept in place, its credit apart."""
    if raw is None:
        return None
    lines = _plain(raw).split("\n")
    found = _SOURCE.fullmatch(lines[-1]) if len(lines) > 1 else None
    if found:
        return Text(clean_prose("\n".join(lines[:-1])), "en", clean_line(found["origin"]))
    text, origin = split_origin("\n".join(lines))
    return Text(text, "en", origin) if text else None
