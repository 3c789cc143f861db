"""The shape of AniDB answers: an ``<anime>`` root is one, an ``<error>`` root with status 200 is not.

Promises: a ban in any dress stops everything for a day; every known error body lands in its class.
"""

from typing import Final, NoReturn

from pipeline.domain.exchange import Answer, Request
from pipeline.domain.names import Platform
from pipeline.errors import Blocked, Broken, EntryGone, Transient, one_line
from pipeline.platforms._http import check_status, is_challenge
from pipeline.platforms._reading import broken
from pipeline.platforms.anidb.requests import ANIME
from pipeline.platforms.anidb.xml import BadXml, Node, parse_xml

__all__ = ["check_payload", "parse_anime"]

_BAN_WAIT_S: Final = 86_400.0
"""Bans last 15 minutes to more than a day, and asking during one makes it longer."""


def check_payload(request: Request, answer: Answer) -> None:
    """Raise what an answer means that is no ``<anime>`` document."""
    del request  # every question to AniDB has the same errors
    if answer.status == 429:
        _raise(Blocked, answer, "too many requests, which here is a ban", _BAN_WAIT_S)
    if is_challenge(answer) or answer.status == 403:
        _raise(Blocked, answer, "access refused", _BAN_WAIT_S)
    if answer.status == 404:
        _raise(Broken, answer, "the address is wrong; for an unknown title AniDB answers 200 and says so")
    check_status(answer, Platform.ANIDB)
    if answer.body[:64].lstrip().lower().startswith((b"<html", b"<!doctype html")):
        _check_page(answer)
    if not answer.body.strip():
        _raise(Transient, answer, "an empty body")
    try:
        root = parse_xml(answer.body)
    except BadXml as error:
        _raise(Broken if error.is_refused else Transient, answer, str(error))
    if root.tag == "error":
        _check_error(root, answer)
    if root.tag != ANIME:
        _raise(Broken, answer, f"a <{one_line(root.tag)}> where <anime> belongs")


def _check_error(root: Node, answer: Answer) -> NoReturn:
    code, words = root.attribute("code"), (root.line or "").lower()
    if "banned" in words or code in ("500", "555"):
        _raise(Blocked, answer, "banned", _BAN_WAIT_S)
    if "not found" in words or code == "330":
        _raise(EntryGone, answer, "no such entry")
    if code in ("302", "310") or "invalid" in words or "denied" in words:
        _raise(Broken, answer, "our registration or request is wrong, or the entry is restricted")
    if any(word in words for word in ("busy", "timeout", "maintenance", "offline")) or code in ("600", "601", "602"):
        _raise(Transient, answer, "a passing fault")
    _raise(Broken, answer, "an error nobody here knows")


def _check_page(answer: Answer) -> NoReturn:
    if b"forbidden" in answer.body[:2000].lower() or b"antileech" in answer.body.lower():
        _raise(Blocked, answer, "the web site's refusal", _BAN_WAIT_S)
    _raise(Transient, answer, "a web page where XML belongs")


def _raise(
    kind: type[Blocked | Broken | EntryGone | Transient], answer: Answer, problem: str, wait_s: float | None = None
) -> NoReturn:
    evidence = one_line(answer.body)
    raise kind(
        f"anidb answered {answer.status}, {problem}: {evidence!r}",
        platform=Platform.ANIDB.value,
        status=answer.status,
        evidence=evidence,
        wait_s=wait_s,
    )


def parse_anime(body: bytes, id_: str) -> Node:
    """The ``<anime>`` element. Raises ``Broken`` when the body is not one, or speaks of another title."""
    try:
        root = parse_xml(body)
    except BadXml as error:
        raise broken(Platform.ANIDB, id_, ANIME, str(error), body) from error
    if root.tag != ANIME:
        raise broken(Platform.ANIDB, id_, ANIME, f"has the root {root.tag!r}", body)
    if root.attribute("id") != id_:
        raise broken(Platform.ANIDB, id_, ANIME, f"speaks of {root.attribute('id')!r}", body)
    return root
