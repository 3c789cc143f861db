"""HTML as a tree of values, written out once: whatever is put in as text comes out as text.

There is no way to put markup in as a string. Signs that have no place in a document (control signs, halves of surrogate
pairs) are shown as U+FFFD; names and other foreign words go through :func:`said`, so that one that turns the reading
direction turns nothing but itself.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from typing import Final, TypeAlias

__all__ = ["Child", "Node", "el", "render", "said", "spelled"]

_NO_PLACE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_TURNS: Final = re.compile("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")
_UNSEEN: Final = re.compile("[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
_VOID: Final = frozenset({"br", "col", "link", "meta"})
_BLOCKS: Final = frozenset(
    {"head", "body", "header", "main", "footer", "nav", "section", "figure", "table", "thead", "tbody", "tr", "ul"}
    | {"li", "svg", "div", "p", "h1", "h2", "h3", "style", "title", "meta", "caption", "figcaption"}
)
"""Begin on a line of their own, so that the page can be read and compared as text."""


@dataclass(frozen=True, slots=True)
class Node:
    """One element; ``None`` among attributes leaves them out."""

    tag: str
    attributes: tuple[tuple[str, str], ...]
    children: tuple["Node | str", ...]


Child: TypeAlias = "Node | str | int | Iterable[Child] | None"


def el(tag: str, *children: Child, **attributes: str | float | None) -> Node:
    """An element. ``class_`` is ``class``; other underscores in names of attributes are hyphens."""
    named = tuple(
        (name.rstrip("_").replace("_", "-"), str(value)) for name, value in attributes.items() if value is not None
    )
    return Node(tag, named, tuple(_flat(children)))


def said(text: str) -> Node:
    """Foreign words, kept apart from the direction of what surrounds them."""
    return el("bdi", text)


def spelled(text: str) -> Node:
    """A value as it came: signs nobody sees, or that turn the reading direction, by their code points."""
    return el("code", said(_UNSEEN.sub(lambda sign: f"\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}U+{ord(sign[0]):04X}"
                                       "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}", text)))  # fmt: skip


def render(root: Node) -> str:
    """The document."""
    return "<!doctype html>\n" + "".join(_written(root)).strip() + "\n"


def _flat(children: Iterable[Child]) -> Iterator[Node | str]:
    for child in children:
        match child:
            case None:
                continue
            case Node() | str():
                yield child
            case int():
                yield str(child)
            case _:
                yield from _flat(child)


def _written(node: Node) -> Iterator[str]:
    attributes = "".join(f' {name}="{_attribute(value)}"' for name, value in node.attributes)
    start = "\n" if node.tag in _BLOCKS else ""
    yield f"{start}<{node.tag}{attributes}>"
    if node.tag in _VOID:
        return
    for child in node.children:
        if isinstance(child, Node):
            yield from _written(child)
        else:
            yield child if node.tag == "style" else escape(_NO_PLACE.sub("\ufffd", child), quote=False)
    yield f"</{node.tag}>"


def _attribute(value: str) -> str:
    """An attribute cannot isolate what turns the direction, so it goes without."""
    return escape(_TURNS.sub("", _NO_PLACE.sub("\ufffd", value)))
