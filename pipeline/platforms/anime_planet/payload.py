"""Anime-Planet's shape: HTML pages with JSON-LD inside. A small typed door to lxml; nothing else here touches it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import lxml.etree
import lxml.html
import orjson

from pipeline.domain.names import Platform
from pipeline.platforms._reading import EMPTY, JsonObject, broken
from pipeline.platforms._text import clean_line

__all__ = ["Node", "css", "is_search_page", "is_title_page", "json_ld", "parse_page"]

_SEARCH: Final = re.compile(rb"You searched for|couldn(?:'|&#0?39;|&rsquo;)t find anything")
_LD_TYPES: Final = ("TVSeries", "Movie", "TVEpisode", "VideoObject", "CreativeWork")


def css(name: str) -> str:
    """An XPath condition: the element has this class."""
    return f"contains(concat(' ', normalize-space(@class), ' '), ' {name} ')"


@cache
def _compiled(path: str) -> Any:
    """An XPath, read once: the paths are those written in this folder."""
    return lxml.etree.XPath(path)


@dataclass(frozen=True, slots=True)
class Node:
    """An element of a page."""

    element: Any

    @property
    def tag(self) -> str:
        """The element's name (``h3``)."""
        return str(self.element.tag)

    def find(self, path: str) -> tuple["Node", ...]:
        """The elements an XPath leads to."""
        return tuple(Node(one) for one in _compiled(path)(self.element) if isinstance(one, lxml.etree._Element))  # noqa: SLF001 - lxml has no public name for it

    def one(self, path: str) -> "Node | None":
        """The first element an XPath leads to."""
        return next(iter(self.find(path)), None)

    def text(self, path: str = ".") -> str | None:
        """The text of the first element an XPath leads to, in one line; blank reads as ``None``."""
        found = self.one(path)
        return None if found is None else clean_line(found.element.text_content()) or None

    def attribute(self, name: str) -> str | None:
        """An attribute; blank reads as ``None``."""
        return clean_line(self.element.get(name) or "") or None

    def link(self, path: str) -> str | None:
        """Where the first link an XPath leads to points."""
        found = self.one(path)
        return None if found is None else found.attribute("href")


def parse_page(body: bytes, id_: str, part: str) -> Node:
    """Read a page. Raises ``Broken`` when it holds no HTML at all."""
    try:
        root = lxml.html.document_fromstring(body, parser=lxml.html.HTMLParser(encoding="utf-8"))
    except (lxml.etree.ParserError, lxml.etree.XMLSyntaxError, ValueError) as error:
        raise broken(Platform.ANIME_PLANET, id_, part, f"is no HTML page ({error})", body) from error
    for element in _compiled("//*[@data-cfemail]")(root) if b"data-cfemail" in body else ():
        shown = _unhidden(element.get("data-cfemail"))
        if shown is not None:
            element[:] = []
            element.text = shown
    return Node(root)


def _unhidden(code: str) -> str | None:
    """What a browser shows for a word that Cloudflare took for a mail address (``iDOLM@STER``)."""
    try:
        key, *signs = bytes.fromhex(code)
        return bytes(sign ^ key for sign in signs).decode() or None
    except ValueError:
        return None


def _ld_objects(page: Node) -> Iterator[JsonObject]:
    for script in page.find("//script[@type='application/ld+json']"):
        try:
            value = orjson.loads((script.element.text or "").strip())
        except orjson.JSONDecodeError:
            continue
        yield from (JsonObject(one) for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict))


def json_ld(page: Node) -> JsonObject:
    """The title's JSON-LD; an empty object when the page has none that can be read."""
    return next((one for one in _ld_objects(page) if one.text("@type") in _LD_TYPES and one.text("name")), EMPTY)


def is_search_page(body: bytes) -> bool:
    """Whether this is the search page that stands in for a title that does not exist."""
    return _SEARCH.search(body) is not None and b'id="entry"' not in body


def is_title_page(page: Node) -> bool:
    """Whether this is the page of a title."""
    return bool(json_ld(page)) or page.one("//section[@id='entry']") is not None
