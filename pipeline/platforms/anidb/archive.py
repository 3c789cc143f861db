"""AniDB answers that somebody asked for before and stored: of which title one speaks, and under which key it is kept.

A public archive holds one file an aid. Who named the files is unknown; the root's ``id`` is AniDB's own word.
"""

import re
from typing import Final

from pipeline.domain.exchange import Request
from pipeline.domain.names import Platform
from pipeline.errors import Broken, one_line
from pipeline.platforms.anidb.requests import ANIME
from pipeline.platforms.anidb.xml import BadXml, parse_xml

__all__ = ["aid_of_answer", "aid_of_name", "archived_request"]

_AID: Final = re.compile(r"[1-9][0-9]{0,8}")
_NAME: Final = re.compile(r"(?:.*[^0-9])?0*([1-9][0-9]{0,8})\.xml", re.IGNORECASE | re.DOTALL)


def archived_request(aid: str) -> Request:
    """The question an archived answer stands for. Not the live one: that names a client, and nobody here asked it."""
    return Request(Platform.ANIDB, f"archived/{ANIME}", "/archive", (aid,), (("aid", aid),))


def aid_of_answer(body: bytes) -> str:
    """The aid an ``<anime>`` document names itself. Raises ``Broken`` when it names none."""
    try:
        aid = parse_xml(body).attribute("id") or ""
    except BadXml as error:
        raise Broken(f"anidb: {error}", platform=Platform.ANIDB.value, evidence=one_line(body)) from error
    if not _AID.fullmatch(aid):
        raise Broken(
            f"anidb: the root's id is {one_line(aid)!r}, not an aid",
            platform=Platform.ANIDB.value,
            evidence=one_line(body),
        )
    return aid


def aid_of_name(name: str) -> str | None:
    """The aid in a file's name (``AnimeDoc_23.xml``): all there is of "not found", which does not say of whom."""
    found = _NAME.fullmatch(name)
    return found[1] if found else None
