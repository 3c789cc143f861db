"""A site's robots.txt: which pages it lets us read, and how fast.

Promises: what cannot be read as a permission is not one; a missing file permits everything (RFC 9309).
"""

import math
import re
from dataclasses import dataclass
from typing import Final
from urllib.robotparser import RobotFileParser

from pipeline.domain.exchange import Answer
from pipeline.errors import Blocked, Throttled, Transient

__all__ = ["Robots", "read_robots"]

_DELAY: Final = re.compile(r"^(\s*crawl-delay\s*:\s*)(\d*\.\d+)\s*$", re.IGNORECASE | re.MULTILINE)
_REFUSED_S: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Robots:
    """The rules that hold for ``agent``."""

    parser: RobotFileParser
    agent: str

    def may_read(self, url: str) -> bool:
        """Whether the site lets us read a page."""
        return self.parser.can_fetch(self.agent, url)

    @property
    def delay_s(self) -> float:
        """Seconds the site wants between two requests; 0 when it does not say."""
        delay = float(self.parser.crawl_delay(self.agent) or 0)
        rate = self.parser.request_rate(self.agent)
        return max(delay, rate.seconds / rate.requests if rate and rate.requests else 0.0)


def read_robots(answer: Answer, agent: str, platform: str) -> Robots:
    """The rules in an answer. Raises ``Throttled``, ``Transient`` or ``Blocked`` when there are none to be had."""
    if answer.status == 429:
        raise Throttled(f"{platform} throttles robots.txt", platform=platform, status=429)
    if answer.status >= 500:
        raise Transient(f"{platform} cannot serve robots.txt now", platform=platform, status=answer.status)
    if answer.status in (401, 403):
        raise Blocked(
            f"{platform} refuses robots.txt: it is not asked",
            platform=platform,
            status=answer.status,
            wait_s=_REFUSED_S,
        )
    parser = RobotFileParser()
    text = answer.body.decode("utf-8-sig", "replace") if answer.status == 200 else ""
    # the standard library reads whole delays only; a part of a second counts as one
    whole = _DELAY.sub(lambda found: f"{found[1]}{math.ceil(float(found[2]))}", text)
    parser.parse(whole.splitlines())
    return Robots(parser, agent)
