"""What an HTTP answer means whichever platform gave it: the error taxonomy of every adapter.

Promises: pure; a usable answer passes, anything else raises the one error that says what to do next. Waits come from
the answer alone: a date is measured against the answer's own ``Date`` header, so no clock is needed. An adapter looks
at its platform's own error bodies first and then calls :func:`check_status` and :func:`check_json`.
"""

import re
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final, NoReturn

import orjson

from pipeline.domain.exchange import Answer
from pipeline.domain.names import Host
from pipeline.errors import Blocked, Broken, EntryGone, ShrinkBatch, Throttled, Transient, one_line

__all__ = ["check_json", "check_status", "is_challenge", "is_html", "stated_wait_s"]

_BLOCKED_WAIT_S: Final = 6 * 3600.0
"""How long a refusal is obeyed when the platform names no time."""

_CHALLENGE: Final = (
    b"cf-chl",
    b"_cf_chl",
    b"jschl-",
    b"jschl_",
    b"challenge-platform",
    b"cf-browser-verification",
    b"cf-challenge",
    b"cf_captcha",
    b"just a moment...",
    b"attention required! | cloudflare",
    b"checking your browser before",
    b"antileech",
    b"ddos protection by",
)
"""In small letters. Looked for one by one: a page has 65 KB, and a pattern of them takes 20 times as long."""
_EPOCH: Final = 1_000_000_000
"""A rate-limit reset above this is a Unix time, below it is seconds from now."""


def stated_wait_s(answer: Answer) -> float | None:
    """Seconds the platform asks us to wait: ``Retry-After``, else ``X-RateLimit-Reset``; ``None`` when it says none."""
    told = _retry_after_s(answer)
    return told if told is not None else _reset_s(answer)


def _retry_after_s(answer: Answer) -> float | None:
    value = answer.headers.get("retry-after", "").strip()
    seconds = _seconds(value)
    if seconds is not None:
        return seconds
    until, now = _http_date(value), _http_date(answer.headers.get("date", ""))
    return None if until is None or now is None else max(0.0, until.timestamp() - now.timestamp())


def _reset_s(answer: Answer) -> float | None:
    for name in ("x-ratelimit-reset", "ratelimit-reset"):
        seconds = _seconds(answer.headers.get(name, "").strip())
        if seconds is None:
            continue
        if seconds < _EPOCH:
            return seconds
        now = _http_date(answer.headers.get("date", ""))
        return None if now is None else max(0.0, seconds - now.timestamp())
    return None


def _seconds(value: str) -> float | None:
    return float(value) if re.fullmatch(r"\d{1,12}(\.\d{1,9})?", value, re.ASCII) else None


def _http_date(value: str) -> datetime | None:
    try:
        return parsedate_to_datetime(value) if value else None
    except (ValueError, OverflowError):
        return None


def is_html(body: bytes) -> bool:
    """Whether the body is a web page (or XML) rather than data."""
    return body[:256].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def is_challenge(answer: Answer) -> bool:
    """Whether the answer is a challenge page: a refusal, to be obeyed, never to be solved."""
    if answer.headers.get("cf-mitigated", "").lower() == "challenge":
        return True
    if not is_html(answer.body):
        return False
    start = answer.body[:65_536].lower()
    return any(sign in start for sign in _CHALLENGE)


def check_status(answer: Answer, platform: Host) -> None:
    """Raise what the status (and a challenge page under any status) means; 2xx passes."""
    status = answer.status
    if status == 429:
        _raise(Throttled, answer, platform, "too many requests", stated_wait_s(answer))
    if is_challenge(answer) and (status in (403, 503) or 200 <= status < 300):
        _raise(Blocked, answer, platform, "a challenge page", stated_wait_s(answer) or _BLOCKED_WAIT_S)
    if 200 <= status < 300:
        return
    if status in (401, 403, 451):
        _raise(Blocked, answer, platform, "access refused", stated_wait_s(answer) or _BLOCKED_WAIT_S)
    if status in (404, 410):
        _raise(EntryGone, answer, platform, "not there")
    if status in (413, 414, 431):
        _raise(ShrinkBatch, answer, platform, "request too large")
    if status >= 500 or status in (408, 421, 425):
        _raise(Transient, answer, platform, "a passing fault", stated_wait_s(answer))
    _raise(Broken, answer, platform, "our request is wrong or the address has changed")


class _Twice:
    """What a body says, kept for its second reader: an answer is read to be judged, and again to be taken apart.

    No more than one is kept, and none once it was read twice: the records of fifty titles are some megabytes.
    """

    def __init__(self) -> None:
        self._first: tuple[bytes, object] | None = None

    def read(self, body: bytes) -> object:
        """The parsed JSON, which nobody may change. Raises ``orjson.JSONDecodeError``."""
        first, self._first = self._first, None
        if first is not None and first[0] is body:
            return first[1]
        value = orjson.loads(body)
        self._first = body, value
        return value


_JSON: Final = _Twice()


def check_json(answer: Answer, platform: Host) -> object:
    """The parsed JSON of a 2xx answer, not to be changed. A page, nothing, or a cut body instead is ``Transient``."""
    if is_html(answer.body):
        _raise(Transient, answer, platform, "a web page where JSON belongs")
    if not answer.body.strip():
        _raise(Transient, answer, platform, "an empty body")
    try:
        return _JSON.read(answer.body)
    except orjson.JSONDecodeError as error:
        evidence = one_line(answer.body)
        message = f"{platform.value} answered {answer.status}, not whole JSON ({error}): {evidence!r}"
        raise Transient(message, platform=platform.value, status=answer.status, evidence=evidence) from error


def _raise(
    kind: type[Throttled | Transient | Blocked | EntryGone | ShrinkBatch | Broken],
    answer: Answer,
    platform: Host,
    problem: str,
    wait_s: float | None = None,
) -> NoReturn:
    raise kind(
        f"{platform.value} answered {answer.status}, {problem}: {one_line(answer.body)!r}",
        platform=platform.value,
        status=answer.status,
        evidence=one_line(answer.body),
        wait_s=wait_s,
    )
