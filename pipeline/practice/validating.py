"""Answers that can be known again: an ETag on what platforms are asked by GET, and 304 to who has it already.

Like a limit it is applied from outside, so it validates what is really sent: a body that a fault has changed has
another tag than the right one.
"""

import hashlib
from collections.abc import Mapping
from typing import Final

from aiohttp import web

from pipeline.domain.names import Host, Platform

__all__ = ["validated"]

_WEAK: Final[Mapping[Host, str]] = {Platform.JIKAN: "", Platform.KITSU: "W/"}
"""Who gives tags, and how they begin: Jikan's manual promises them, Rails gives weak ones."""


def validated(platform: Host, request: web.Request, answer: web.StreamResponse) -> web.StreamResponse:
    """The answer with its tag, or "not modified" if that tag is what the request names."""
    if platform not in _WEAK or request.method != "GET" or answer.status != 200 or answer.prepared:
        return answer
    if not isinstance(answer, web.Response) or not isinstance(answer.body, bytes):
        return answer
    tag = f'{_WEAK[platform]}"{hashlib.sha256(answer.body).hexdigest()[:32]}"'
    if request.headers.get("If-None-Match") == tag:
        answer = web.Response(status=304)
    answer.headers["ETag"] = tag
    return answer
