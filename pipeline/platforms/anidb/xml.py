"""Reading AniDB's XML without trusting it.

Promises: nothing is fetched, no entity is expanded, a document type is refused; control characters that AniDB lets
slip into its answers (NUL, ``&#x0;``) are taken out before the parser sees them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from lxml import etree

from pipeline.platforms._text import clean_line

__all__ = ["BadXml", "Node", "parse_xml"]

_CONTROL: Final = re.compile(
    rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|&#(?:x0*(?:[0-8bcef]|1[0-9a-f])|0*(?:[0-8]|1[124-9]|2\d|3[01]));",
    re.IGNORECASE,
)
_DECLARED: Final = re.compile(rb"<!(?:DOCTYPE|ENTITY)\b")
_LANGUAGE: Final = "{http://www.w3.org/XML/1998/namespace}lang"


class BadXml(ValueError):
    """The body is not XML we accept; ``is_refused`` when it is well formed but carries a document type."""

    def __init__(self, problem: str, *, is_refused: bool = False) -> None:
        super().__init__(problem)
        self.is_refused = is_refused


@dataclass(frozen=True, slots=True)
class Node:
    """An element. Missing attributes and children read as ``None`` or nothing."""

    element: Any

    @property
    def tag(self) -> str:
        """Name of the element."""
        return str(self.element.tag)

    @property
    def content(self) -> str | None:
        """Its text as it came; blank reads as ``None``."""
        text = self.element.text
        return text if text and text.strip() else None

    @property
    def line(self) -> str | None:
        """Its text as one clean line with apostrophes for AniDB's backticks."""
        return clean_line(self.content or "").replace("`", "'") or None

    @property
    def language(self) -> str | None:
        """``xml:lang``."""
        return self.attribute(_LANGUAGE)

    def attribute(self, name: str) -> str | None:
        """An attribute; blank reads as ``None``."""
        value = self.element.get(name)
        return clean_line(value) or None if value else None

    def child(self, path: str) -> "Node | None":
        """The first element at the path."""
        found = self.element.find(path)
        return None if found is None else Node(found)

    def children(self, path: str) -> "Iterator[Node]":
        """All elements at the path."""
        return (Node(found) for found in self.element.iterfind(path))

    def text(self, path: str) -> str | None:
        """One line of text of the first element at the path."""
        found = self.child(path)
        return None if found is None else found.line

    def prose(self, path: str) -> str | None:
        """Running text of the first element at the path, as it came."""
        found = self.child(path)
        return None if found is None else found.content


def parse_xml(body: bytes) -> Node:
    """The root element. Raises :class:`BadXml`."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    clean = _CONTROL.sub(b"", body)
    if _DECLARED.search(clean):  # before the parser has any work with it
        raise BadXml("carries a document type, which AniDB never sends", is_refused=True)
    try:
        root = etree.fromstring(clean, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BadXml(f"not whole XML ({clean_line(str(error))})") from error
    if root.getroottree().docinfo.doctype or root.getroottree().docinfo.internalDTD is not None:
        raise BadXml("carries a document type, which AniDB never sends", is_refused=True)
    return Node(root)
