"""Faults on demand: which request is to go wrong, and how. Pure; ``fault_answers.py`` does the going wrong.

A fault is given as JSON (settings or ``POST /admin/faults``)::

    {"platform": "jikan", "kind": "throttled", "count": 2, "after": 10, "probability": 1.0,
     "path": "/full$", "wait_s": 1.5, "size_bytes": 1000000}

Everything but ``kind`` may be left out. ``after`` lets so many matching requests pass first, ``count`` ends it, and
``probability`` draws from a stream seeded by the fault's number, so a run can be repeated exactly.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from pipeline.domain.names import HOSTS, Host
from pipeline.errors import BadInput
from pipeline.practice.dice import Dice

__all__ = ["Fault", "FaultKind", "FaultPlan", "parse_fault"]


class FaultKind(StrEnum):
    """Every way an answer can go wrong (platforms.md 7.1)."""

    THROTTLED = "throttled"
    """429 that says how long to wait."""
    THROTTLED_SILENT = "throttled_silent"
    """429 that does not."""
    THROTTLED_UPSTREAM = "throttled_upstream"
    """429 that a service met further up: an integer status (Jikan); elsewhere like ``throttled_silent``."""
    ERROR_500 = "error_500"
    ERROR_502 = "error_502"
    ERROR_503 = "error_503"
    ERROR_504 = "error_504"
    LABOURED = "laboured"
    """``wait_s`` for each title asked for at once, then the right answer; a 504 after 15 s, if that takes longer."""
    SLOW = "slow"
    """Headers at once, then a byte now and then for ``wait_s``."""
    RESET = "reset"
    """The connection is cut before any answer."""
    ERROR_INSIDE = "error_inside"
    """HTTP 200 with an error in it."""
    EMPTY = "empty"
    """HTTP 200 with no body."""
    HTML = "html"
    """HTTP 200 with a web page where data belongs."""
    CHALLENGE_403 = "challenge_403"
    CHALLENGE_503 = "challenge_503"
    CHALLENGE_200 = "challenge_200"
    CUT = "cut"
    """The connection ends in the middle of the body."""
    TRUNCATED = "truncated"
    """A shorter body that is delivered whole."""
    GZIP_BOMB = "gzip_bomb"
    """A small answer that unpacks to ``size_bytes``."""
    WRONG_ENCODING = "wrong_encoding"
    """A body that is not the UTF-8 it says it is."""
    NUL = "nul"
    """A NUL in the text: ``&#x0;`` in XML, a raw one elsewhere."""
    CONTROLS = "controls"
    """Control characters in every text, as far as the format has a way to write them."""
    ENTITY_EXPANSION = "entity_expansion"
    """XML whose entities unfold to a thousand million times themselves."""
    EXTERNAL_ENTITY = "external_entity"
    """XML with an entity that is a file of the reader's machine."""
    UNKNOWN_WORD = "unknown_word"
    """A new word where the platform uses one of a few."""
    NULLS = "nulls"
    """A record of which nothing is said but whose it is."""
    REPEATED = "repeated"
    """Every row of a list that has pages comes twice."""
    ENDLESS = "endless"
    """Every page of a list has rows and says that there is another one."""
    BAN = "ban"
    """A ban: everything is refused for ``wait_s``."""
    NOT_FOUND = "not_found"
    """The platform says it does not have it."""
    LOST = "lost"
    """404 of some web server that knows nothing of the platform: the address is wrong."""
    DRIFT = "drift"
    """A right answer whose texts, scores, pictures and companies go by other names from now on."""
    HOLLOW = "hollow"
    """A right answer whose lists are all empty."""


_DEFAULT_WAIT_S: Final = 1.0
_DEFAULT_BYTES: Final = 64 * 1024 * 1024
_KEYS: Final = frozenset({"platform", "kind", "count", "probability", "after", "path", "wait_s", "size_bytes"})


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault; ``platform`` ``None`` means all, ``count`` ``None`` for ever."""

    kind: FaultKind
    platform: Host | None = None
    count: int | None = None
    probability: float = 1.0
    after: int = 0
    path: str | None = None
    wait_s: float = _DEFAULT_WAIT_S
    size_bytes: int = _DEFAULT_BYTES


def parse_fault(value: object) -> Fault:
    """Read a fault from its JSON. Raises ``BadInput`` that names what is wrong."""
    if not isinstance(value, dict):
        raise BadInput(f"a fault is an object, got {value!r}")
    unknown = sorted(set(value) - _KEYS)
    if unknown:
        raise BadInput(f"a fault has no {unknown[0]!r}; it may have {', '.join(sorted(_KEYS))}")
    path = value.get("path")
    if path is not None:
        _check_pattern(path)
    platform = value.get("platform")
    return Fault(
        kind=_member(FaultKind, value.get("kind"), "kind"),
        platform=None if platform is None else _host(platform),
        count=_number(value, "count", None, int),
        probability=_number(value, "probability", 1.0, float),
        after=_number(value, "after", 0, int),
        path=path,
        wait_s=_number(value, "wait_s", _DEFAULT_WAIT_S, float),
        size_bytes=_number(value, "size_bytes", _DEFAULT_BYTES, int),
    )


def _host(value: object) -> Host:
    host = HOSTS.get(value) if isinstance(value, str) else None
    if host is None:
        raise BadInput(f"platform is {value!r}; it must be one of {', '.join(HOSTS)}")
    return host


def _member(kind: Any, value: object, name: str) -> Any:
    try:
        return kind(value)
    except ValueError as error:
        names = ", ".join(member.value for member in kind)
        raise BadInput(f"{name} is {value!r}; it must be one of {names}") from error


def _number(value: Mapping[str, Any], name: str, default: Any, kind: type) -> Any:
    given = value.get(name, default)
    if given is default:
        return default
    if isinstance(given, bool) or not isinstance(given, (int, float)) or given < 0 or (kind is int and given % 1):
        raise BadInput(f"{name} is {given!r}; it must be a number from 0 on")
    return kind(given)


def _check_pattern(path: object) -> None:
    try:
        re.compile(path if isinstance(path, str) else "(")
    except re.error as error:
        raise BadInput(f"path is {path!r}; it must be a regular expression") from error


class _Running:
    """A fault and how often it has come and gone."""

    def __init__(self, fault: Fault, number: int) -> None:
        self.fault = fault
        self._pattern = None if fault.path is None else re.compile(fault.path)
        self._dice = Dice("fault", number)
        self._passed = 0
        self._done = 0

    def takes(self, platform: Host, path: str) -> bool:
        fault = self.fault
        if fault.platform not in (None, platform) or (self._pattern is not None and not self._pattern.search(path)):
            return False
        if fault.count is not None and self._done >= fault.count:
            return False
        self._passed += 1
        if self._passed <= fault.after or not self._dice.chance(fault.probability):
            return False
        self._done += 1
        return True


class FaultPlan:
    """The faults in force, oldest first; at most one strikes a request."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._running: list[_Running] = []
        self._added = 0
        for fault in faults:
            self.add(fault)

    def __len__(self) -> int:
        return len(self._running)

    def add(self, fault: Fault) -> None:
        """Put one more in force."""
        self._running.append(_Running(fault, self._added))
        self._added += 1

    def clear(self, platform: Host | None = None) -> None:
        """Lift those of one platform, or all."""
        self._running = [one for one in self._running if platform is not None and one.fault.platform is not platform]

    def pick(self, platform: Host, path: str) -> Fault | None:
        """The fault that strikes this request (its path with query), if any."""
        return next((one.fault for one in self._running if one.takes(platform, path)), None)
