"""Who watches over one platform: sees what it answers, and leaves it alone when it has decayed.

What is in quarantine stands in the ledger, so every process that shares it stops asking, and the next run does not
begin again.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import structlog

from pipeline.catalogue import load_row
from pipeline.domain.names import Outcome, Platform
from pipeline.enrich.decay import HERE, READ, SAID, STILL_HERE, Sight, Watch, filled_fields
from pipeline.errors import Blocked, one_line
from pipeline.ledger import Ledger
from pipeline.ledger.quarantine import Quarantine
from pipeline.ledger.titles import StoredTitle
from pipeline.platforms.port import PlatformAdapter
from pipeline.settings import DecaySettings

__all__ = ["Guard"]

_log = structlog.get_logger(__name__)
_HOUR_S: Final = 3600.0
_NOTED: Final = 500
"""Sights after which what is normal is written down; a killed run forgets fewer."""
_KNOWN_S: Final = 1.0
"""So long is a look into the ledger good: another process's quarantine is obeyed that much later."""


class Guard:
    """One platform's. Asks and writes the ledger; judging is :mod:`pipeline.enrich.decay`'s.

    ``detail`` is what is asked of it where that is a setting: who asks for less has lost nothing.
    """

    def __init__(
        self,
        adapter: PlatformAdapter,
        ledger: Ledger,
        policy: DecaySettings,
        *,
        now: Callable[[], float],
        detail: Sequence[str] = (),
    ) -> None:
        self._adapter, self._ledger, self._policy, self._now = adapter, ledger, policy, now
        self._detail = "".join(f" {one}" for one in detail)
        self._watch: Watch | None = None
        self._noted = 0
        self._lock = threading.Lock()
        self._known: tuple[float, Quarantine | None] | None = None

    @property
    def platform(self) -> Platform:
        """Whom this watches."""
        return self._adapter.name

    def standing(self) -> Quarantine | None:
        """The quarantine that is in force now."""
        with self._lock:
            now = self._now()
            if self._known is None or not 0.0 <= now - self._known[0] < _KNOWN_S:
                self._known = now, self._ledger.quarantines.standing().get(self.platform)
            quarantine = self._known[1]
            return quarantine if quarantine is not None and quarantine.until > now else None

    def refuse(self) -> None:
        """Raise ``Blocked`` while the platform is in quarantine."""
        quarantine = self.standing()
        if quarantine is not None:
            wait_s = quarantine.until - self._now()
            raise Blocked(quarantine.told, platform=self.platform.value, wait_s=wait_s)

    def see_answer(self, *, is_readable: bool, sample: str = "") -> None:
        """One answer; ``sample`` is the beginning of one that nobody can read."""
        self.note(Sight({("", READ): is_readable}, sample=sample))

    def look_at(
        self, title: StoredTitle, outcome: Outcome, parts: Mapping[str, Mapping[str, bytes]], *, is_known: bool
    ) -> Sight | None:
        """What came of asking for a title, to be noted; ``parts`` by id are those to look into. May run in a thread."""
        if outcome is Outcome.FAILED and self.standing() is not None:
            return Sight({}, title.title_id)  # it may have got some answers before the platform was left alone
        if outcome not in (Outcome.FOUND, Outcome.ABSENT):
            return None
        shown = {("", STILL_HERE if is_known else HERE): outcome is Outcome.FOUND}
        sample = ""
        for id_, bodies in parts.items():
            shown |= self._shown(title, id_, bodies)
            sample = sample or one_line(next(iter(bodies.values()), b""))
        return Sight(shown, title.title_id, sample)

    def close(self) -> None:
        """Write down what was normal, unless the platform is in quarantine: then nothing was."""
        if self._watch is not None:
            if self.standing() is None:
                self._watch.settle()
            self._ledger.quarantines.add_normal(self.platform, self._watch.take_news())

    def _shown(self, title: StoredTitle, id_: str, bodies: Mapping[str, bytes]) -> dict[tuple[str, str], bool]:
        row = load_row(title.row)
        titles = f"{self._adapter.convert_version} {row.type.value} {row.status.value}{self._detail}"
        try:
            filled = filled_fields(self._adapter.convert(id_, bodies))
        except Exception:  # noqa: BLE001  # whatever it stumbles over: the step reports it, here it is an unreadable answer
            return {("", SAID): False}
        return {("", SAID): any(filled.values())} | {(titles, name): is_there for name, is_there in filled.items()}

    def note(self, sight: Sight) -> None:
        """Judge by one more sight. Not in a thread: no title may be concluded on what is being taken back."""
        if self._watch is None:
            self._watch = Watch(self._policy, self._ledger.quarantines.normal(self.platform))
        verdict = self._watch.note(sight)
        self._noted += 1
        if self._noted % _NOTED == 0:
            self._ledger.quarantines.add_normal(self.platform, self._watch.take_news())
        standing = self.standing()
        if standing is not None:  # the answers to it were on their way when the quarantine began
            if sight.title_id is not None:
                self._ledger.quarantines.impose(self.platform, standing, [sight.title_id])
            return
        if verdict is None or not self._policy.enabled:
            return
        now = self._now()
        quarantine = Quarantine(now, now + self._policy.quarantine_hours * _HOUR_S, verdict.reason, verdict.evidence)
        self._ledger.quarantines.impose(self.platform, quarantine, verdict.suspects)
        self._known = None
        _log.error("platform_quarantined", platform=self.platform.value, reason=verdict.reason)
