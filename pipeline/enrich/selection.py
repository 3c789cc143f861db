"""Which titles a process works on: claimed window by window, handed to every platform's walker at its own pace."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from pipeline.ledger.work import Claims

__all__ = ["Selection"]


class Selection:
    """A stream of claimed titles with several readers.

    A fast platform runs ahead of the slowest one by at most ``lookahead`` titles, so that memory stays small and
    other processes find something left to claim. Titles that belong to another living process are put aside in
    ``held_elsewhere``.
    """

    def __init__(self, claims: Claims, title_ids: Sequence[str], *, window: int, lookahead: int) -> None:
        self._claims = claims
        self._left = list(reversed(title_ids))
        self._window = window
        self._lookahead = max(lookahead, window)
        self._windows: list[list[str]] = []
        self._turn = asyncio.Lock()
        self._room = asyncio.Condition()
        self._open = 0
        self.held_elsewhere: list[str] = []

    async def windows(self) -> AsyncIterator[Sequence[str]]:
        """Every window from the first; each reader has its own place."""
        place = 0
        while True:
            if place == len(self._windows) and not await self._claim_next(place):
                return
            yield self._windows[place]
            place += 1

    async def close(self, title_ids: Sequence[str]) -> None:
        """These titles are finished: give them back and make room."""
        self._claims.release(title_ids)
        async with self._room:
            self._open -= len(title_ids)
            self._room.notify_all()

    async def _claim_next(self, place: int) -> bool:
        async with self._turn:
            while place == len(self._windows):
                if not self._left:
                    return False
                async with self._room:
                    await self._room.wait_for(lambda: self._open + self._window <= self._lookahead or self._open == 0)
                chunk = [self._left.pop() for _ in range(min(self._window, len(self._left)))]
                mine = self._claims.take(chunk)
                self.held_elsewhere += sorted(set(chunk) - set(mine), key=chunk.index)
                if mine:
                    self._open += len(mine)
                    self._windows.append(mine)
        return True
