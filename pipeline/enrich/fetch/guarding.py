"""Who watches over one platform: sees what it answers, and leaves it alone when it has decayed.

What was seen lately stands in the ledger, so processes that share it, and runs of one title each, reach a verdict
together; and so does what is in quarantine, so that all stop asking and the next run does not begin again.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

import structlog

from pipeline.catalogue import load_row
from pipeline.domain.canonical import Digest
from pipeline.domain.names import Outcome, Platform
from pipeline.enrich.fetch.converting import Conversions
from pipeline.enrich.fetch.decay import HERE, READ, SAID, STILL_HERE, Watch, filled_fields
from pipeline.errors import Blocked, one_line
from pipeline.ledger import Ledger
from pipeline.ledger.quarantine import Quarantine
from pipeline.ledger.sights import LATELY_S, Exchange, Sight
from pipeline.ledger.titles import StoredTitle
from pipeline.platforms.port import PlatformAdapter
from pipeline.settings import DecaySettings

__all__ = ["Guard"]

_log = structlog.get_logger(__name__)
_HOUR_S: Final = 3600.0
_KNOWN_S: Final = 1.0
"""So long is a look into the ledger good: another process's quarantine is obeyed that much later."""


class Guard:
    """One platform's. Asks and writes the ledger; judging is :mod:`pipeline.enrich.fetch.decay`'s.

    ``detail`` is what is asked of it where that is a setting: who asks for less has lost nothing. What it looks into
    waits in ``conversions`` for the step that needs it next.
    """

    def __init__(
        self,
        adapter: PlatformAdapter,
        ledger: Ledger,
        policy: DecaySettings,
        *,
        now: Callable[[], float],
        detail: Sequence[str] = (),
        conversions: Conversions | None = None,
    ) -> None:
        self._adapter, self._ledger, self._policy, self._now = adapter, ledger, policy, now
        self._detail = "".join(f" {one}" for one in detail)
        self._conversions = conversions or Conversions()
        self._watch: Watch | None = None
        self._after = 0
        self._unwritten, self._others = deque[Sight](), deque[Sight]()
        self._judged: list[Sight] = []
        self._lock, self._loading, self._sharing = threading.Lock(), threading.Lock(), threading.Lock()
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
            self._forget()
            wait_s = quarantine.until - self._now()
            raise Blocked(quarantine.told, platform=self.platform.value, wait_s=wait_s)

    def see_answer(self, *, is_readable: bool, sample: str = "") -> None:
        """One answer; ``sample`` is the beginning of one that nobody can read."""
        sight = Sight({("", READ): is_readable}, sample=sample)
        self._unwritten.append(sight)
        self.note(sight)

    def look_at(
        self, title: StoredTitle, outcome: Outcome, parts: Mapping[str, Mapping[str, Digest]], *, is_known: bool
    ) -> Sight | None:
        """What came of asking for a title, to be noted; ``parts`` by id are those to look into. May run in a thread."""
        if outcome is Outcome.FAILED and self.standing() is not None:
            return Sight({}, title.title_id)  # it may have got some answers before the platform was left alone
        if outcome not in (Outcome.FOUND, Outcome.ABSENT):
            return None
        shown = {("", STILL_HERE if is_known else HERE): outcome is Outcome.FOUND}
        sample = ""
        for id_, mine in parts.items():
            bodies = self._ledger.fetched.bodies(mine)
            shown |= self._shown(title, id_, mine, bodies)
            sample = sample or one_line(next(iter(bodies.values()), b""))
        return Sight(shown, title.title_id, sample)

    @contextmanager
    def exchanging(self, sights: Sequence[Sight]) -> Iterator[Exchange]:
        """What is to be written with the outcomes these sights come from; others' sights are seen with it.

        May run in a thread. The sights themselves are to be noted afterwards.
        """
        with self._sharing:
            self._load()
            unwritten = [self._unwritten.popleft() for _ in range(len(self._unwritten))]
            older, last = _parted([*unwritten, *sights], self._policy.window)
            exchange = self._exchange(last)
            yield exchange
            self._judged = older
            self._after = exchange.after
            self._others.extend(exchange.others)

    def close(self) -> None:
        """Write down the sights that came with no outcome."""
        if self._unwritten or self._judged:
            with self.exchanging(()) as exchange:
                self._ledger.sights.exchange(exchange)

    def _shown(
        self, title: StoredTitle, id_: str, parts: Mapping[str, Digest], bodies: Mapping[str, bytes]
    ) -> dict[tuple[str, str], bool]:
        row = load_row(title.row)
        titles = f"{self._adapter.convert_version} {row.type.value} {row.status.value}{self._detail}"
        try:
            filled = filled_fields(self._conversions.convert(self._adapter, id_, parts, bodies))
        except Exception:  # noqa: BLE001  # whatever it stumbles over: the step reports it, here it is an unreadable answer
            return {("", SAID): False}
        return {("", SAID): any(filled.values())} | {(titles, name): is_there for name, is_there in filled.items()}

    def note(self, sight: Sight) -> None:
        """Judge by one more sight. Not in a thread: no title may be concluded on what is being taken back."""
        watch = self._load()
        while self._others:
            watch.take(self._others.popleft())
        verdict = watch.note(sight)
        standing = self.standing()
        if standing is not None:  # the answers to it were on their way when the quarantine began
            self._forget()
            if sight.title_id is not None:
                self._ledger.quarantines.impose(self.platform, standing, [sight.title_id])
            return
        if verdict is None or not self._policy.enabled:
            return
        now = self._now()
        quarantine = Quarantine(now, now + self._policy.quarantine_hours * _HOUR_S, verdict.reason, verdict.evidence)
        self._ledger.quarantines.impose(self.platform, quarantine, verdict.suspects)
        self._forget()
        self._known = None
        _log.error("platform_quarantined", platform=self.platform.value, reason=verdict.reason)

    def _exchange(self, sights: Sequence[Sight]) -> Exchange:
        me, window = self._ledger.worker.owner, self._policy.window
        return Exchange(self.platform, me, sights, self._after, window, self._judged)

    def _load(self) -> Watch:
        """The watch, with what all who share the ledger saw within a day; what is older is normal."""
        with self._loading:
            if self._watch is None:
                lately = self._ledger.sights.lately(self.platform)
                watch = Watch(self._policy, lately.normal)
                for at, sight in lately.sights:
                    if at < self._now() - LATELY_S:
                        watch.settle(sight)
                    else:
                        watch.take(sight)
                self._watch, self._after = watch, max(self._after, lately.number)
            return self._watch

    def _forget(self) -> None:
        """Begin anew after a quarantine: its evidence is neither normal nor evidence of a next one."""
        self._unwritten.clear()
        self._others.clear()
        self._judged = []
        with self._loading:
            self._watch = None


def _parted(sights: Sequence[Sight], last: int) -> tuple[list[Sight], list[Sight]]:
    """The last answers and the last titles, and those before them, which are judged together but need not be kept."""
    older: list[Sight] = []
    newest: list[Sight] = []
    for some in ([s for s in sights if s.title_id is None], [s for s in sights if s.title_id is not None]):
        older += some[:-last]
        newest += some[-last:]
    return older, newest
