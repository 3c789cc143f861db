"""AniList's own markup: ``~!spoilers!~``, ``__labels:__``, markdown links. Taken apart without losing a word."""

import re
from dataclasses import dataclass
from typing import Final

from pipeline.platforms._text import clean_line, clean_prose, split_origin, strip_html

__all__ = ["Biography", "read_biography", "split_spoilers"]

_SPOILER: Final = re.compile(r"~!(.*?)(?:!~|\Z)", re.DOTALL)
_EMPHASIS: Final = r"(?:__|\*\*)"
_LABEL: Final = rf"{_EMPHASIS}\s*([^_*\n:]{{1,60}}?)\s*(?::\s*{_EMPHASIS}|{_EMPHASIS}\s*:)"
_LABELLED_SPOILER: Final = re.compile(rf"^[ \t]*{_LABEL}[ \t]*~!([^~]*?)!~[ \t]*$", re.MULTILINE | re.DOTALL)
_ATTRIBUTE: Final = re.compile(rf"^[ \t]*{_LABEL}[ \t]*(\S[^\n]*)$", re.MULTILINE)
_IMAGE: Final = re.compile(r"!\[[^\]\n]*\]\([^)\s]*\)|\b(?:img|webm|youtube)\d*%?\([^)\s]*\)")
_LINK: Final = re.compile(r"\[([^\[\]\n]+)\]\((?:https?://|/)[^)\s]*\)")
_BOLD: Final = re.compile(r"(__|\*\*)(?=\S)(.+?)(?<=\S)\1", re.DOTALL)
_ITALIC: Final = re.compile(r"(?<![\w*_])([*_])(?=[^\s*_])([^*_\n]+?)(?<=\S)\1(?![\w*_])")


@dataclass(frozen=True, slots=True)
class Biography:
    """A character's text taken apart: what may be read, what may not, and the labelled facts in front."""

    text: str | None
    spoilers: tuple[str, ...]
    attributes: tuple[tuple[str, str], ...]


def _plain(text: str) -> str:
    if "](" in text or "(http" in text:
        text = _LINK.sub(r"\1", _IMAGE.sub("", text))
    if "_" in text or "*" in text:
        text = _ITALIC.sub(r"\2", _BOLD.sub(r"\2", text))
    return clean_prose(text)


def _unmarked(raw: str) -> str:
    return strip_html(raw) if "<" in raw or "&" in raw else raw


def split_spoilers(raw: str) -> tuple[str, tuple[str, ...]]:
    """Take the spoilers out of a text. One that is never closed reaches to the end: better hidden than shown."""
    text = _unmarked(raw)
    spoilers = tuple(plain for one in _SPOILER.findall(text) if (plain := _plain(one)))
    return _plain(_SPOILER.sub("", text)), spoilers


def read_biography(raw: str | None) -> Biography:
    """Take a character's description apart. A labelled fact that is a spoiler stays one, with its label."""
    if raw is None:
        return Biography(None, (), ())
    text = _LABELLED_SPOILER.sub(r"~!\1: \2!~", _unmarked(raw))
    spoilers = tuple(plain for one in _SPOILER.findall(text) if (plain := _plain(one)))
    open_text = _SPOILER.sub("", text)
    attributes = tuple((clean_line(label), _plain(value)) for label, value in _ATTRIBUTE.findall(open_text))
    rest, origin = split_origin(_plain(_ATTRIBUTE.sub("", open_text)))
    if origin is not None:
        attributes += (("Source", origin),)
    return Biography(rest or None, spoilers, attributes)
