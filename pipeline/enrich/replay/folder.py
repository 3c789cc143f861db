"""A replay's answers from a folder that runs wrote.

A question that was asked in these very words gets its own answer. Any other is put together, id by id, from what
recorded answers of the same kind say of its ids, so a run may ask for other titles and in other batches than the
recorded one; a later page comes with all later pages at once.
"""

import asyncio
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from pipeline.domain.canonical import Digest, digest_of
from pipeline.domain.exchange import Answer, Part, Reading, Request, Wanted
from pipeline.domain.names import Platform
from pipeline.enrich.replay.replaying import Check, Found, no_picture, not_recorded
from pipeline.errors import Damaged, EnrichError, EntryGone
from pipeline.platforms.port import PlatformAdapter
from pipeline.transport.images import check_image
from pipeline.transport.recording import PICTURES, Recording, masked

__all__ = ["FolderShelf", "questions_of"]

_READINGS_KEPT: Final = 64
_SAMPLE_IDS: Final = {Platform.ANIMESCHEDULE: "mal:1"}


def questions_of(adapters: Mapping[Platform, PlatformAdapter]) -> dict[str, Digest]:
    """How each platform is asked: a digest of the first questions about one and the same id."""
    first = {p: adapter.plan_requests([Wanted(_SAMPLE_IDS.get(p, "1"))]) for p, adapter in adapters.items()}
    return {p.value: digest_of([masked(request).key for request in requests]) for p, requests in first.items()}


class FolderShelf:
    """A recording's answers."""

    def __init__(self, recording: Recording, adapters: Mapping[Platform, PlatformAdapter]) -> None:
        self._recording = recording
        self._adapters = adapters
        today, then = questions_of(adapters), recording.about.questions
        self._is_asked_alike = {p: then.get(p.value) == today[p.value] for p in adapters}
        self._readings = lru_cache(maxsize=_READINGS_KEPT)(self._read)

    async def find(self, request: Request, check: Check) -> Found:
        """By the question itself, else put together by id. In a thread, so that a run's other work goes on."""
        return Found(await asyncio.to_thread(self._find, request, check))

    async def find_picture(self, url: str) -> bytes:
        """By its address."""
        return await asyncio.to_thread(self._find_picture, url)

    async def close(self) -> None:
        """Nothing is kept open."""

    def _find(self, request: Request, check: Check) -> Answer:
        """The newest answer that could be used; else what was wrong with the newest."""
        problem: EnrichError | None = None
        for file in self._recording.answers(request):
            try:
                _, answer = self._recording.exchange(file)
                check(request, answer)
            except EntryGone:
                raise
            except Damaged as error:
                problem = problem or not_recorded(request, str(error))
            except EnrichError as error:
                problem = problem or error
            else:
                return answer
        if problem is not None:
            raise problem
        return self._put_together(request)

    def _put_together(self, request: Request) -> Answer:
        if not self._is_asked_alike[request.platform]:
            raise not_recorded(request, "it was recorded by a version that asks in other words")
        parts: dict[str, tuple[Part, ...]] = {}
        for id_ in request.ids:
            parts[id_] = self._said_of(request, id_)
        if not parts:
            raise not_recorded(request)
        found = {id_: said for id_, said in parts.items() if said}
        return Answer(200, {}, b"", "", reading=Reading(found, frozenset(parts.keys() - found.keys())))

    def _said_of(self, request: Request, id_: str) -> tuple[Part, ...]:
        """All that answers of this kind said of an id, the newest of each part; nothing at all: it is absent."""
        parts: dict[str, Part] = {}
        is_known, problem = False, ""
        for file in self._recording.covering(request.platform, request.kind, id_):
            reading = self._readings(file)
            if isinstance(reading, EnrichError):
                problem = str(reading)
                continue
            is_known = True
            if id_ in reading.absent:
                parts.clear()
            parts |= {part.kind: part for part in reading.parts.get(id_, ())}
        if not is_known:
            raise not_recorded(request, problem)
        return tuple(parts.values())

    def _read(self, file: str) -> Reading | EnrichError:
        """A recorded answer taken apart, or why it cannot be."""
        try:
            request, answer = self._recording.exchange(file)
        except Damaged as error:
            return error
        adapter = self._adapters[request.platform]
        try:
            adapter.check_answer(request, answer)
            return adapter.parse_answer(request, answer)
        except EntryGone:
            return Reading(absent=frozenset(request.ids))
        except EnrichError as error:
            return error

    def _find_picture(self, url: str) -> bytes:
        problem: EnrichError | None = None
        for file in self._recording.pictures(url):
            try:
                answer = self._recording.picture(file)
                check_image(PICTURES, answer, 0.0)
            except EntryGone:
                raise
            except Damaged as error:
                problem = problem or no_picture(url, str(error))
            except EnrichError as error:
                problem = problem or error
            else:
                return answer.body
        raise problem or no_picture(url)
