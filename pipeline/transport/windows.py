"""Which requests a platform may still be counting: the rows behind a budget.

A platform counts a request somewhere between its leaving and its answer, and nobody but the platform knows when. So a
request stands in every window from its leaving until a whole window after its answer. Then no window of the platform's
can ever be over, whatever the network and the event loops do: of any requests it counts within one window, the last to
leave found all others still standing. The price is one latency per window, not one per request.

A request that will never be answered (timed out, cut, its process killed) stands until it cannot arrive any more.
"""

import os
import socket
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipeline.transport.state import Notes, Rows

__all__ = ["Book", "Leave", "Seen"]

_STRAY_S: Final = 1.0
"""What was sent before a connection ended may arrive so much later; on practice platforms a quarter of it."""
_LOOK_AGAIN_S: Final = 0.002
_GUARD_SHARE: Final = 0.001
"""Two machines' clocks may differ in pace by so much."""
_CLEARED_AT_ONCE: Final = 64
_LAST: Final = "select number, at from counted where key=? order by number desc limit 1"


@dataclass(frozen=True, slots=True)
class Leave:
    """Permission for one request: the row that notes it, and when it was given."""

    id: int
    sent_at: float
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Seen:
    """What was asked of the place and not read yet."""

    under_way: Rows
    last: Rows


class Book:
    """The rows of one budget. Every method runs within the caller's transaction.

    ``lapse_s``: no request lives longer. Rows are numbered in the order of their instants, so that the one that must
    leave a window before the next request is found by its number, however many there are.
    """

    def __init__(self, key: str, *, lapse_s: float, speed: float = 1.0) -> None:
        self._key = key
        self._stray_s = _STRAY_S / min(speed, 4.0)
        self._lapse_s = lapse_s + self._stray_s
        self._host = _machine()
        self._holder = f"{self._host}/{os.getpid()}"

    def look(self, db: Notes) -> "Seen":
        """Ask for what :meth:`wait_s` needs; with the caller's other questions it is one way to the place."""
        under_way = db.execute("select id, weight, lapses_at, holder from under_way where key=?", (self._key,))
        return Seen(under_way, db.execute(_LAST, (self._key,)))

    def wait_s(self, db: Notes, seen: "Seen", now: float, weight: int, windows: Iterable[tuple[int, float]]) -> float:
        """Seconds until ``weight`` more fit into every window; look again then.

        While the answers that matter are out that is a whole window, for it cannot be less once they come. A weight
        beyond a window waits until that window is empty.
        """
        last, last_at = _number_and_at(seen.last.fetchone())
        self._heal(db, now, last_at)
        lapsed, under_way = self._under_way(db, now, seen.under_way.fetchall())
        last += lapsed
        wait_s, standing = 0.0, dict[int, float]()
        for requests, window_s in windows:
            length_s = window_s * (1 + _GUARD_SHARE)
            room = max(0, requests - weight) - under_way
            if room < 0:
                wait_s = max(wait_s, length_s, _LOOK_AGAIN_S)
            else:
                standing[last - room] = max(length_s, standing.get(last - room, 0.0))
        if standing:
            marks = ", ".join("?" * len(standing))
            query = f"select number, at from counted where key=? and number in ({marks})"  # noqa: S608  # only marks
            for number, at in db.execute(query, (self._key, *standing)).fetchall():
                wait_s = max(wait_s, at + standing[number] - now)
        return wait_s

    def leave(self, db: Notes, now: float, weight: int) -> Leave:
        """Note that a request leaves now."""
        done = db.execute(
            "insert into under_way(key, weight, sent_at, lapses_at, holder) values(?, ?, ?, ?, ?) returning id",
            (self._key, weight, now, now + self._lapse_s, self._holder),
        )
        [[id_]] = done.fetchall()
        return Leave(id_, now, weight)

    def answered(self, db: Notes, at: float, leave: Leave) -> None:
        """Note that the platform had counted it by an instant."""
        db.execute("delete from under_way where id=?", (leave.id,))
        self.count(db, at, leave.weight)

    def lost(self, db: Notes, now: float, leave: Leave) -> None:
        """Note that no answer will come: nobody holds it, and it may still arrive for a little while."""
        db.execute("update under_way set holder='', lapses_at=? where id=?", (now + self._stray_s, leave.id))

    def count(self, db: Notes, at: float, weight: int) -> None:
        """Note ``weight`` requests as counted by an instant; never before the last one, so that the order holds."""
        last, last_at = self._last(db)
        db.executemany(
            "insert into counted values(?, ?, ?)",
            [(self._key, last + 1 + place, max(at, last_at)) for place in range(weight)],
        )

    def clear(self, db: Notes, before: float) -> None:
        """Forget the oldest rows, if they were counted before an instant; a few at a time, so that it stays cheap."""
        db.execute(
            "delete from counted where key=? and at<? and number in "
            "(select number from counted where key=? order by number limit ?)",
            (self._key, before, self._key, _CLEARED_AT_ONCE),
        )

    def ours_since(self, db: Notes, since: float, most: int) -> int:
        """How many of ours, at most ``most``, the platform may have counted since an instant."""
        under_way = db.execute("select sum(weight) from under_way where key=?", (self._key,)).fetchone()[0] or 0
        [counted] = db.execute(
            "select count(*) from counted where key=? and number>? and at>?",
            (self._key, self._last(db)[0] - most, since),
        ).fetchone()
        return int(under_way) + int(counted)

    def _last(self, db: Notes) -> tuple[int, float]:
        return _number_and_at(db.execute(_LAST, (self._key,)).fetchone())

    def _heal(self, db: Notes, now: float, last_at: float) -> None:
        """Take instants that lie in the future, because the clock was set back, for now."""
        if last_at > now:
            db.execute("update counted set at=? where key=? and at>?", (now, self._key, now))

    def _under_way(self, db: Notes, now: float, rows: Iterable[tuple[int, int, float, str]]) -> tuple[int, int]:
        """How many cannot arrive any more (those are counted on the way), and how many still may."""
        lapsed = total = 0
        for id_, weight, lapses_at, holder in rows:
            lapses = self._lapse_at(db, now, id_, lapses_at, holder)
            if lapses <= now:
                self.answered(db, lapses, Leave(id_, lapses, weight))
                lapsed += weight
            else:
                total += weight
        return lapsed, total

    def _lapse_at(self, db: Notes, now: float, id_: int, lapses_at: float, holder: str) -> float:
        """When it cannot arrive any more; sooner than noted when its process is gone or the clock was set back."""
        is_held = bool(holder) and not self._is_gone(holder)
        latest = now + (self._lapse_s if is_held else self._stray_s)
        if lapses_at <= latest:
            return lapses_at
        db.execute("update under_way set holder=?, lapses_at=? where id=?", (holder if is_held else "", latest, id_))
        return latest

    def _is_gone(self, holder: str) -> bool:
        """Whether a process of this very machine is there no more; of another's (a container's) we cannot say."""
        host, _, pid = holder.rpartition("/")
        if host != self._host or holder == self._holder:
            return False
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return False


def _number_and_at(row: tuple[int, float] | None) -> tuple[int, float]:
    return (0, 0.0) if row is None else row


def _machine() -> str:
    """What tells whose process numbers these are: equally named machines and containers have different ones."""
    try:
        return f"{Path('/proc/sys/kernel/random/boot_id').read_text().strip()}:{Path('/proc/self/ns/pid').readlink()}"
    except OSError:  # not Linux
        return f"{socket.gethostname()}:{uuid.getnode():x}"
