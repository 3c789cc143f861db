"""A replay's answers from a folder of single answers gathered from the real platforms (it has an ``INDEX.json``).

The practice platforms put such answers into the batches that are asked for; here they do it within this process. They
answer for what they lack as a platform does for what it lacks, so everything that says "not there" is told as missing.
"""

import asyncio
import gzip
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from pipeline.domain.exchange import Answer, Request
from pipeline.domain.names import Platform
from pipeline.enrich.replay.replaying import Check, Found, no_picture, not_recorded
from pipeline.errors import EntryGone
from pipeline.platforms.port import PlatformAdapter
from pipeline.practice import PracticeSettings
from pipeline.practice.anilist import unrecorded_media
from pipeline.practice.in_process import PracticeInProcess
from pipeline.practice.recordings import Recordings
from pipeline.practice.speak_kitsu_recorded import unrecorded_anime
from pipeline.settings import PlatformSettings
from pipeline.transport.addressing import address_request

__all__ = ["RecordingsShelf"]

_BASE: Final = "http://practice"


class RecordingsShelf:
    """The folder's answers. Opened when first asked, for that needs an event loop."""

    def __init__(self, folder: Path, adapters: Mapping[Platform, PlatformAdapter]) -> None:
        self._recordings = Recordings(folder)
        self._practice = PracticeInProcess(
            PracticeSettings(recordings=folder, only_recordings=True, has_limits=False),
        )
        self._adapters = adapters
        self._resources = AsyncExitStack()
        self._opening = asyncio.Lock()
        self._is_open = False

    async def find(self, request: Request, check: Check) -> Found:
        """The answer as the practice platforms put it together, unless they say of anything that it is not there."""
        answer = await self._ask(request)
        try:
            check(request, answer)
            reading = self._adapters[request.platform].parse_answer(request, answer)
        except EntryGone as error:
            raise not_recorded(request) from error
        is_empty = any(not part.body for parts in reading.parts.values() for part in parts)
        if answer.status != 200 or reading.absent or is_empty:
            raise not_recorded(request)
        return Found(answer, self._lacks(request))

    async def find_picture(self, url: str) -> bytes:
        """There are none in such a folder."""
        raise no_picture(url)

    async def close(self) -> None:
        """Stop the practice platforms."""
        await self._resources.aclose()

    async def _ask(self, request: Request) -> Answer:
        async with self._opening:
            if not self._is_open:
                await self._resources.enter_async_context(self._practice)
                self._is_open = True
        asked = address_request(request, PlatformSettings(base_url=f"{_BASE}/{request.platform.value}", limits=()))
        reply = await self._practice.ask(request.method, asked.url.raw_path_qs, asked.headers, asked.body or b"")
        is_packed = reply.headers.get("content-encoding") == "gzip"
        return Answer(
            reply.status, reply.headers, gzip.decompress(reply.body) if is_packed else reply.body, request.path
        )

    def _lacks(self, request: Request) -> dict[str, tuple[str, ...]]:
        lacks: dict[str, tuple[str, ...]] = {}
        for id_ in request.ids:
            if request.platform is Platform.ANILIST and request.kind == "media":
                lacks[id_] = unrecorded_media(self._recordings, int(id_))
            elif request.platform is Platform.KITSU and request.kind == "anime":
                lacks[id_] = unrecorded_anime(self._recordings, id_)
        return {id_: names for id_, names in lacks.items() if names}
