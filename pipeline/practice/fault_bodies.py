"""Bodies that go wrong inside: the right answer, cut, misspelt, emptied, repeated or never ending. Pure."""

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Final

import orjson
from lxml import etree

from pipeline.domain.names import Host, Platform
from pipeline.practice.faults import FaultKind

__all__ = ["ODD_WORD", "SPOILING", "spoil"]

ODD_WORD: Final = "Holo-Sphere"
"""Stands where a platform uses one of a few known words."""

_ENTITIES: Final = 10
_DRIFTING: Final = re.compile(
    rb"((?:\"|</?)(?:synopsis|description|score|averageScore|averageRating|stats|images|coverImage|posterImage|picture"
    rb"|imageVersionRoute|image|studios|productions|genres|categories))(?=[\">\s])"
)
_WORD_KEYS: Final[Mapping[Host, str]] = {
    Platform.JIKAN: "source",
    Platform.ANILIST: "format",
    Platform.KITSU: "subtype",
    Platform.ANIMESCHEDULE: "status",
}
_ID_OF: Final[Mapping[Host, frozenset[str]]] = MappingProxyType(
    {
        Platform.JIKAN: frozenset({"mal_id"}),
        Platform.ANILIST: frozenset({"id"}),
        Platform.KITSU: frozenset({"id", "type"}),
        Platform.ANIMESCHEDULE: frozenset({"id", "route", "title", "websites"}),
        Platform.ANIME_PLANET: frozenset({"@type", "@context", "name"}),
    }
)
"""What says whose record it is, and so is never emptied."""
_LD: Final = re.compile(rb'(?<=<script type="application/ld\+json">).*?(?=</script>)', re.DOTALL)
_ROW: Final = re.compile(rb"<(tr|li)>.*?</\1>", re.DOTALL)
_PAGED: Final = re.compile(r"(?:characters|staff|airing|airingSchedule|episodes)(?:_\d+)?")
"""Lists of a title that have pages of their own."""
_VERY_MANY: Final = 1_000_000_000


def spoil(kind: FaultKind, platform: Host, body: bytes) -> bytes:
    """The body with what is wrong in it; unchanged where the platform's bodies cannot go wrong that way."""
    return SPOILING[kind](platform, body)


def _is_markup(body: bytes) -> bool:
    return body[:1] == b"<"


def _truncated(_: Host, body: bytes) -> bytes:
    return body[: len(body) // 2]


def _wrong_encoding(_: Host, body: bytes) -> bytes:
    return body.replace(b'"', b'"\xff\xfe\xe9', 3) if b'"' in body else b"\xff\xfe" + body


def _with_nul(platform: Host, body: bytes) -> bytes:
    nul = b"&#x0;" if platform is Platform.ANIDB else b"\x00"
    head, found, tail = body[64:].partition(b">" if _is_markup(body) else b'":"')
    return body[:64] + head + found + nul + tail


def _with_controls(platform: Host, body: bytes) -> bytes:
    if not _is_markup(body):
        return body.replace(b'":"', b'":"\\u0000\\u0007')
    said = b"&#x0;&#x1;" if platform is Platform.ANIDB else b"\x07"
    page = re.sub(rb">(?=[^<\s{])", b">" + said, body)
    return _LD.sub(lambda found: found[0].replace(b'":"', b'":"\\u0000\\u0007'), page)


def _many_laughs(_: Host, body: bytes) -> bytes:  # noqa: ARG001  # the same whatever was asked
    names = [f"a{number}" for number in range(_ENTITIES)]
    rows = [f'<!ENTITY {names[0]} "lol">']
    rows += [f'<!ENTITY {now} "{f"&{before};" * 10}">' for before, now in pairwise(names)]
    return _anime_with_entity("".join(rows), names[-1])


def _own_file(_: Host, body: bytes) -> bytes:  # noqa: ARG001  # the same whatever was asked
    return _anime_with_entity('<!ENTITY own SYSTEM "file:///etc/hostname">', "own")


def _anime_with_entity(declared: str, name: str) -> bytes:
    head = f'<?xml version="1.0"?><!DOCTYPE anime [{declared}]>'
    return f'{head}<anime id="1"><titles><title>&{name};</title></titles></anime>'.encode()


def _with_odd_word(platform: Host, body: bytes) -> bytes:
    if platform is Platform.ANIDB:
        return re.sub(rb"<type>[^<]+</type>", f"<type>{ODD_WORD}</type>".encode(), body, count=1)
    if platform is Platform.ANIME_PLANET:
        return re.sub(rb'(<span class="type">)[\w ]+', rb"\1" + ODD_WORD.encode(), body, count=1)
    key = _WORD_KEYS[platform]
    return _in_json(body, lambda value: _replaced(value, key))


def _replaced(value: Any, key: str) -> Any:
    if isinstance(value, list):
        return [_replaced(one, key) for one in value]
    if not isinstance(value, dict):
        return value
    return {name: ODD_WORD if name == key and one else _replaced(one, key) for name, one in value.items()}


def _emptied(platform: Host, body: bytes) -> bytes:
    if platform is Platform.ANIDB:
        return _in_xml(body, _empty_element)
    kept = _ID_OF[platform]
    if _is_markup(body):
        return _LD.sub(lambda found: _in_json(found[0], lambda value: _nulled(value, kept)), body)
    return _in_json(body, lambda value: _nulled(value, kept))


def _nulled(value: Any, kept: frozenset[str]) -> Any:
    """Nothing but null, down from the objects that say whose they are; what leads to these stays."""
    if isinstance(value, list):
        return [_nulled(one, kept) for one in value]
    if not isinstance(value, dict):
        return None
    if kept & value.keys():
        attributes = dict.fromkeys(value.get("attributes") or ())  # JSON:API has its fields one floor down
        emptied = {name: one if name in kept else None for name, one in value.items()}
        return emptied | ({"attributes": attributes} if attributes else {})
    return {name: _nulled(one, kept) for name, one in value.items()}


def _empty_element(root: Any) -> None:
    for element in root.iter("*"):
        for name in set(element.attrib) - {"id"}:
            element.set(name, "")
        element.text = None


def _repeated(platform: Host, body: bytes) -> bytes:
    if platform is Platform.ANIDB:
        return _in_xml(body, _repeat_children)
    if _is_markup(body):
        return _ROW.sub(lambda found: found[0] * 2, body)
    return _in_json(body, _twice)


def _twice(value: Any, name: str = "") -> Any:
    if isinstance(value, list):
        return [_twice(one) for one in value]
    if not isinstance(value, dict):
        return value
    here = {key: _twice(one, key) for key, one in value.items()}
    lists = ("edges", "nodes") if _PAGED.fullmatch(name) else ("data", "anime", "media")
    return here | {key: here[key] * 2 for key in lists if isinstance(here.get(key), list)}


def _repeat_children(root: Any) -> None:
    for parent in root.iterfind("episodes"), root.iterfind("characters"):
        for element in parent:
            element.extend([deepcopy(child) for child in element])


def _endless(_: Host, body: bytes) -> bytes:
    return body if _is_markup(body) else _in_json(body, _going_on)


def _going_on(value: Any) -> Any:
    """Every list says that there is more, and a list without rows gets some."""
    if isinstance(value, list):
        return [_going_on(one) for one in value]
    if not isinstance(value, dict):
        return value
    here = {name: _going_on(one) for name, one in value.items()}
    if "has_next_page" in here:
        here |= {"has_next_page": True, "last_visible_page": _VERY_MANY}
    if "hasNextPage" in here:
        here |= {"hasNextPage": True, "endCursor": here.get("endCursor") or "MQ"}
    if "totalAmount" in here:
        here["totalAmount"] = _VERY_MANY
    if isinstance(here.get("pageInfo"), dict):
        here |= {rows: here[rows] or [{"id": 1}] for rows in ("edges", "nodes") if rows in here}
    if isinstance(here.get("meta"), dict) and "count" in here["meta"]:
        here["meta"] = {"count": _VERY_MANY}
    return here


def _drifted(_: Host, body: bytes) -> bytes:
    """The same under other names, in JSON and in XML."""
    return _DRIFTING.sub(rb"\g<1>V2", body)


def _hollow(_: Host, body: bytes) -> bytes:
    """JSON with nothing in any list; what is not JSON stays as it is."""
    return _in_json(body, _without_rows)


def _without_rows(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_rows(one) for name, one in value.items()}
    return [] if isinstance(value, list) else value


def _in_json(body: bytes, change: Callable[[Any], Any]) -> bytes:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:  # an answer in plain words
        return body
    return orjson.dumps(change(value))


def _in_xml(body: bytes, change: Callable[[Any], None]) -> bytes:
    root = etree.fromstring(body)  # our own answer
    change(root)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


SPOILING: Final[Mapping[FaultKind, Callable[[Host, bytes], bytes]]] = MappingProxyType(
    {
        FaultKind.TRUNCATED: _truncated,
        FaultKind.WRONG_ENCODING: _wrong_encoding,
        FaultKind.NUL: _with_nul,
        FaultKind.CONTROLS: _with_controls,
        FaultKind.ENTITY_EXPANSION: _many_laughs,
        FaultKind.EXTERNAL_ENTITY: _own_file,
        FaultKind.UNKNOWN_WORD: _with_odd_word,
        FaultKind.NULLS: _emptied,
        FaultKind.REPEATED: _repeated,
        FaultKind.ENDLESS: _endless,
        FaultKind.DRIFT: _drifted,
        FaultKind.HOLLOW: _hollow,
    }
)
"""What is done to a right body, by the fault."""
