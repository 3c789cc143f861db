"""Keeping answers: those that come while others are being kept are kept together, in one transaction.

Promises: whoever asked goes on only when its answer is kept; the disk's time is not the platform's, so answers that
come meanwhile are noted when they come.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from pipeline.ledger.fetched import Said

__all__ = ["Keeping"]

_AT_ONCE: Final = 32


class Keeping:
    """Writes for all that wait, one transaction after the other. ``save`` keeps some answers, all or none.

    ``save`` runs beside the loop, never twice at a time.
    """

    def __init__(self, save: Callable[[Sequence[Said]], None]) -> None:
        self._save = save
        self._waiting: list[tuple[Said, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def keep(self, said: Said) -> None:
        """Return when the answer is kept. Raises what ``save`` raised of those kept together."""
        kept = asyncio.get_running_loop().create_future()
        self._waiting.append((said, kept))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        await kept

    async def _write(self) -> None:
        try:
            await self._write_all()
        finally:  # nothing is awaited between the last look at who waits and this
            self._writing = None

    async def _write_all(self) -> None:
        while self._waiting:
            some, self._waiting = self._waiting[:_AT_ONCE], self._waiting[_AT_ONCE:]
            error = await self._write_some([said for said, kept in some if not kept.done()])
            for _, kept in some:
                if kept.done():  # whoever waited has been called off
                    continue
                if error is None:
                    kept.set_result(None)
                else:
                    kept.set_exception(error)

    async def _write_some(self, said: Sequence[Said]) -> Exception | None:
        try:
            await asyncio.to_thread(self._save, said)
        except Exception as error:  # noqa: BLE001  # handed on to all that wait for it
            return error
        return None
