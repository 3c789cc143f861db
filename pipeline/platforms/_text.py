"""Cleaning the texts of platforms: invisible characters, markup, and the credit printed below a synopsis.

Promises: no word of the text is lost; markup goes, what it wraps stays; the credit ("Source: …", "Written by …")
moves to :attr:`Text.origin`. All functions are total over any string.
"""

import re
from html import unescape
from typing import Final

from pipeline.domain.source_title import Text

__all__ = ["clean_line", "clean_prose", "drop_invisible", "make_text", "split_origin", "strip_bbcode", "strip_html"]

# Soft hyphens go with them; joiners (U+200C, U+200D) and direction marks carry meaning in some scripts and stay.
_INVISIBLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b\u2060\ufeff\ud800-\udfff]")
_SPACES: Final = re.compile(r"\s+")
_LINE_BREAK: Final = re.compile("\r\n|\r|\u0085|\u2028|\u2029")
_SPACES_IN_LINE: Final = re.compile(r"[^\S\n]+")
_SPACES_AT_BREAK: Final = re.compile(r" ?\n ?")
_MANY_BREAKS: Final = re.compile(r"\n{3,}")

_BREAK_TAG: Final = re.compile(r"<br\b[^<>]*>\n?", re.IGNORECASE)
_BLOCK_TAG: Final = re.compile(r"</?(?:p|div|ul|ol|li|h[1-6]|blockquote|tr|table)\b[^<>]*>", re.IGNORECASE)
_SILENT_TAG: Final = re.compile(r"<(script|style)\b[^<>]*>.*?</\1\s*>|<!--.*?-->", re.IGNORECASE | re.DOTALL)
_TAG: Final = re.compile(  # only what HTML knows: "<Gurren>" is a name
    r"</?(?:a|abbr|b|big|center|cite|code|del|em|font|hr|i|img|ins|q|s|small|span|strike|strong|sub|sup|u)\b[^<>]*>",
    re.IGNORECASE,
)

_BBCODE: Final = re.compile(  # lower case only: "[S]tory" is a word
    r"\[/?(?:b|i|u|s|sub|sup|url|img|quote|list|color|size|font|spoiler|center|right|code|\*)(?:=[^\[\]]*)?\]"
)

_INSIDE: Final = r"[^()\[\]]*(?:\([^()]*\)[^()\[\]]*)*"
_ORIGIN: Final = re.compile(
    rf"\s*(?:[(\[]\s*(?:source\s*[:\uff1a]|written by\b)\s*(?P<inside>{_INSIDE})[)\]]"
    r"|\n\s*[~\u2014-]?\s*source\s*[:\uff1a]\s*(?P<line>[^\n]+)"
    r")[\s.]*$",
    re.IGNORECASE,
)
_CREDIT_LINE: Final = re.compile(
    rf"\n[ \t]*[(\[]\s*(?:source\s*[:\uff1a]|written by\b)\s*(?P<inside>{_INSIDE})[)\]][ \t.]*(?=\n)", re.IGNORECASE
)
"""A credit with a line of its own, below which notes follow (``Note: the last episode is longer``)."""
_TAIL: Final = 400
_BRACKETS_THAT_ARE_PROSE: Final = 120
"""A longer bracket is a remark, not a credit."""


def drop_invisible(text: str) -> str:
    """The text without control and zero-width characters; line breaks stay."""
    return _INVISIBLE.sub("", text)


def clean_line(text: str) -> str:
    """One line: control and zero-width characters out, white space single, ends trimmed."""
    if text.isprintable():  # then nothing of it is invisible, and of white space only the space is in it
        return " ".join(text.split()) if "  " in text else text.strip()
    return _SPACES.sub(" ", _INVISIBLE.sub("", text)).strip()


def clean_prose(text: str) -> str:
    """Running text: control and zero-width characters out, at most one blank line, ends trimmed."""
    if not text.replace("\n", "").isprintable():
        text = _SPACES_IN_LINE.sub(" ", _INVISIBLE.sub("", _LINE_BREAK.sub("\n", text)))
    if "  " in text:
        text = _SPACES_IN_LINE.sub(" ", text)
    if "\n " in text or " \n" in text:
        text = _SPACES_AT_BREAK.sub("\n", text)
    return (_MANY_BREAKS.sub("\n\n", text) if "\n\n\n" in text else text).strip()


def strip_html(text: str) -> str:
    """Text of an HTML fragment: breaks and blocks become line breaks, entities characters, other tags vanish."""
    if "<" in text:
        text = _BREAK_TAG.sub("\n", _SILENT_TAG.sub("", text))
        text = _TAG.sub("", _BLOCK_TAG.sub("\n\n", text))
    return unescape(text)


def strip_bbcode(text: str) -> str:
    """``[i]word[/i]`` to ``word``; brackets that are not markup stay."""
    return _BBCODE.sub("", text) if "[" in text else text


def split_origin(text: str) -> tuple[str, str | None]:
    """Take the credit off the end: ``("…", "MAL Rewrite")``. A text that is nothing but a credit is left whole."""
    end = text[-_TAIL:].casefold()
    found = _ORIGIN.search(text, max(0, len(text) - _TAIL)) if "source" in end or "written by" in end else None
    if found is None:
        return _split_line(text)
    origin = clean_line(found["inside"] or found["line"] or "")
    if found.start() == 0 or not origin or len(origin) > _BRACKETS_THAT_ARE_PROSE:
        return text, None
    return text[: found.start()].rstrip(), origin


def _split_line(text: str) -> tuple[str, str | None]:
    found = _CREDIT_LINE.search(text) if "\n(" in text or "\n[" in text else None
    origin = clean_line(found["inside"]) if found else ""
    if found is None or found.start() == 0 or not origin or len(origin) > _BRACKETS_THAT_ARE_PROSE:
        return text, None
    return f"{text[: found.start()].rstrip()}\n\n{text[found.end() :].lstrip()}".rstrip(), origin


def make_text(raw: str | None, language: str | None = None) -> Text | None:
    """A :class:`Text` from raw HTML, BBCode or plain prose; ``None`` when nothing readable is left."""
    if raw is None:
        return None
    text, origin = split_origin(clean_prose(strip_bbcode(strip_html(raw))))
    return Text(text, language, origin) if text else None
