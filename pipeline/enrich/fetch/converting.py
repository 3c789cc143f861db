"""Answers in our terms, each converted once a run: to look into them, and then for the step that makes records of them.

Converting is pure, so nothing depends on what is remembered: what is not (any more) is converted when it is needed.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from pipeline.domain.canonical import Digest
from pipeline.domain.source_title import SourceTitle
from pipeline.platforms.port import PlatformAdapter

__all__ = ["Conversion", "Conversions"]

_ROOM_BYTES: Final = 8 * 1024 * 1024
"""Of answers, as the platforms gave them; converted they take about twice as much memory."""

_Key: TypeAlias = tuple[PlatformAdapter, str, frozenset[tuple[str, Digest]]]


@dataclass(frozen=True, slots=True)
class Conversion:
    """What a platform says of one id in our terms, and the processor's seconds that took."""

    title: SourceTitle
    cpu_s: float


class Conversions:
    """Conversions that wait to be taken. Where there is no room for all, the oldest are forgotten.

    Parts are named by the digests of their bodies. May be called from several threads.
    """

    def __init__(self, room_bytes: int = _ROOM_BYTES) -> None:
        self._left_bytes = room_bytes
        self._waiting: OrderedDict[_Key, tuple[Conversion, int]] = OrderedDict()
        self._lock = threading.Lock()

    def convert(
        self, adapter: PlatformAdapter, id_: str, parts: Mapping[str, Digest], bodies: Mapping[str, bytes]
    ) -> SourceTitle:
        """Convert and remember, unless some parts are not there. Raises what the adapter raises."""
        started = time.thread_time()
        title = adapter.convert(id_, bodies)
        if bodies.keys() == parts.keys():
            made = Conversion(title, time.thread_time() - started)
            self._remember(_key(adapter, id_, parts), made, sum(map(len, bodies.values())))
        return title

    def take(self, adapter: PlatformAdapter, id_: str, parts: Mapping[str, Digest]) -> Conversion | None:
        """What these very parts were converted to, which is then no longer remembered."""
        with self._lock:
            conversion, size = self._waiting.pop(_key(adapter, id_, parts), (None, 0))
            self._left_bytes += size
            return conversion

    def _remember(self, key: _Key, conversion: Conversion, size: int) -> None:
        with self._lock:
            _, replaced = self._waiting.pop(key, (None, 0))
            self._waiting[key] = conversion, size
            self._left_bytes += replaced - size
            while self._left_bytes < 0:
                self._left_bytes += self._waiting.popitem(last=False)[1][1]


def _key(adapter: PlatformAdapter, id_: str, parts: Mapping[str, Digest]) -> _Key:
    return adapter, id_, frozenset(parts.items())
