"""One tree of errors, cut by what the caller must do next.

Facts are attributes. Messages quote values and name the next step. Foreign errors (aiohttp, SQLAlchemy, Qdrant,
pydantic) are mapped to these once, at the edge where they appear, with ``from``.

::

    EnrichError
    ├── RetryLater            the same call may work after ``wait_s``
    │   ├── Throttled         the platform said "too fast": obey, do not count it as a failure
    │   └── Transient         5xx, reset, time-out, cut body, an error inside a 200
    ├── Blocked               a ban, a challenge, a refusal: leave the platform alone for ``wait_s``
    ├── ShrinkBatch           the request was too heavy: ask for half
    ├── EntryGone             the platform does not have it: remember that
    ├── Broken                the platform's contract changed, or our request is wrong: park, no retry
    ├── BudgetSpent           an allowance is used up: stop this part cleanly
    ├── NotRecorded           a replay's folder lacks the answer: tell it, never take it for absent
    ├── BadInput              a row, an id or a file we were given is wrong
    ├── Misconfigured         settings contradict each other or lack something
    │   └── MissingExtra      an optional dependency is not installed
    └── Damaged               a file of ours is torn or was changed by others
        └── InUse             somebody else holds it right now
"""

from typing import Final

__all__ = [
    "BadInput",
    "Blocked",
    "Broken",
    "BudgetSpent",
    "Damaged",
    "EnrichError",
    "EntryGone",
    "InUse",
    "Misconfigured",
    "MissingExtra",
    "NotRecorded",
    "RetryLater",
    "ShrinkBatch",
    "Throttled",
    "Transient",
    "one_line",
]

_EXCERPT: Final = 200


def one_line(text: str | bytes, limit: int = _EXCERPT) -> str:
    """Shorten foreign text to one printable line, so that it can stand in a message."""
    if isinstance(text, bytes):
        text = text[: limit * 4].decode("utf-8", "replace")
    if not text.isprintable():
        text = "".join(ch if ch.isprintable() else " " for ch in text)
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


class EnrichError(Exception):
    """Root of everything this package raises on purpose."""


class _PlatformError(EnrichError):
    """An error a platform caused; says which, and keeps what the platform answered as evidence."""

    def __init__(
        self,
        message: str,
        *,
        platform: str = "",
        status: int | None = None,
        evidence: str = "",
        wait_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.platform = platform
        self.status = status
        self.evidence = evidence
        self.wait_s = wait_s


class RetryLater(_PlatformError):
    """The same call may work later; ``wait_s`` is what the platform asked for, if it did."""


class Throttled(RetryLater):
    """The platform said we are too fast (429). Obeyed in full; does not use up a retry."""


class Transient(RetryLater):
    """A passing fault: 5xx, reset, time-out, cut body, an error inside a 200."""


class Blocked(_PlatformError):
    """A ban, a challenge page or a refusal. The platform is left alone for ``wait_s``, never evaded."""


class ShrinkBatch(_PlatformError):
    """The request was too heavy for the platform; ask for half."""


class EntryGone(_PlatformError):
    """The platform does not have the entry; recorded as absent."""


class Broken(_PlatformError):
    """The answer does not keep the platform's contract, or our request is wrong. Parked, not retried."""


class BudgetSpent(_PlatformError):
    """An allowance (daily cap, money, time) is used up. Nothing is lost; the next run goes on."""


class NotRecorded(_PlatformError):
    """A replay was asked for something its folder does not hold. Says nothing about the platform."""


class BadInput(EnrichError):
    """Something we were given (a row, an id, a file, an argument) is wrong; the message says where."""


class Misconfigured(EnrichError):
    """Settings contradict each other or lack something; the message names them."""


class MissingExtra(Misconfigured):
    """An optional dependency is not installed; the message names the extra."""

    def __init__(self, extra: str, needed_for: str) -> None:
        super().__init__(
            f"{needed_for} needs the extra {extra!r}, which is not installed: pip install 'anime-enrich[{extra}]'"
        )
        self.extra = extra


class Damaged(EnrichError):
    """A file of ours is torn, cut or was changed by others. The message says what is kept and what to do."""


class InUse(Damaged):
    """Somebody else holds a file that only one process may hold at a time."""
