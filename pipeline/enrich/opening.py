"""Opening everything a run works with from the settings, and closing it again.

The network is opened at the first request: a run that finds nothing to do opens none, and practice platforms are
started only when they are asked.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from pipeline.domain.canonical import Digest
from pipeline.domain.exchange import Answer, Request
from pipeline.embedding import IMAGE_VECTORS, TEXT_VECTORS, identity, load_image_embedder, load_text_embedder
from pipeline.embedding.port import ImageEmbedder, TextEmbedder
from pipeline.enrich.chain import Parts, config_digest
from pipeline.enrich.fetch.adapters import make_adapters
from pipeline.enrich.fetch.converting import Conversions
from pipeline.enrich.fetch.guarding import Guard
from pipeline.enrich.replay.replaying import Replay
from pipeline.enrich.replay.setup import manifest_of
from pipeline.ledger import Ledger
from pipeline.settings import Settings
from pipeline.store import open_store, read_collection_id
from pipeline.transport import HttpTransport, ImageFetcher
from pipeline.transport.recording import Recorder, below

__all__ = ["Network", "open_ledger", "opened", "read_config"]


class Network:
    """The transport and the image fetcher, opened when first needed.

    ``reach`` gives the settings to reach the platforms with; it may start something first and is called at most once.
    ``recorder`` is told every answer.
    """

    def __init__(
        self,
        reach: Callable[[AsyncExitStack], Settings],
        *,
        now: Callable[[], float],
        recorder: Recorder | None = None,
    ) -> None:
        self._reach = reach
        self._now = now
        self._recorder = recorder
        self._resources = AsyncExitStack()
        self._opening = asyncio.Lock()
        self._open: tuple[HttpTransport, ImageFetcher] | None = None

    async def send(self, request: Request, check: Callable[[Request, Answer], None]) -> Answer:
        """See :meth:`HttpTransport.send`."""
        transport, _ = await self._opened()
        return await transport.send(request, check)

    async def fetch_image(self, url: str) -> bytes:
        """See :meth:`ImageFetcher.fetch_image`."""
        _, images = await self._opened()
        return await images.fetch_image(url)

    def sent(self) -> Mapping[str, int]:
        """Requests sent so far, by platform; pictures together under ``images``."""
        counts: Counter[str] = Counter()
        if self._open is not None:
            transport, images = self._open
            for (platform, _), count in transport.counts.items():
                counts[platform.value] += count
            if images.count:
                counts["images"] += images.count
        return counts

    async def close(self) -> None:
        """Close what was opened."""
        await self._resources.aclose()

    async def _opened(self) -> tuple[HttpTransport, ImageFetcher]:
        async with self._opening:
            if self._open is None:
                settings = await asyncio.to_thread(self._reach, self._resources)
                enter = self._resources.enter_async_context
                recorder, now = self._recorder, self._now
                if recorder is None:
                    transport = await enter(HttpTransport(settings, clock=now))
                    images = await enter(ImageFetcher(settings, clock=now))
                else:
                    transport = await enter(
                        HttpTransport(settings, clock=now, on_answer=_noting(recorder, settings, now))
                    )
                    images = await enter(
                        ImageFetcher(settings, clock=now, on_answer=lambda u, a: recorder.note_picture(u, a, at=now()))
                    )
                self._open = transport, images
            return self._open


def _noting(recorder: Recorder, settings: Settings, now: Callable[[], float]) -> Callable[[Request, Answer], None]:
    def note(request: Request, answer: Answer) -> None:
        place = below(settings.platforms.of(request.host).base_url, answer.url)
        recorder.note_answer(request, replace(answer, url=place), at=now())

    return note


def open_ledger(settings: Settings, *, now: Callable[[], float]) -> Ledger:
    """The ledger of these settings."""
    settings.checkpoints.mkdir(parents=True, exist_ok=True)
    return Ledger(settings.ledger_address, settings.blobs_address, now=now)


@asynccontextmanager
async def opened(
    settings: Settings,
    ledger: Ledger,
    *,
    now: Callable[[], float],
    reach: Callable[[AsyncExitStack], Settings] | None = None,
    record: Path | None = None,
    replay: Replay | None = None,
) -> AsyncIterator[Parts]:
    """Everything a run needs. ``reach`` replaces the settings the platforms are reached with (practice).

    ``record`` is a folder to write all answers to; a ``replay`` is asked instead of any network.
    """
    texts, pictures = load_text_embedder(settings.embedding), load_image_embedder(settings.embedding)
    adapters, conversions = make_adapters(settings), Conversions()
    with ExitStack() as resources:
        recorder = None if record is None else resources.enter_context(Recorder(record, manifest_of(settings)))
        guards = {
            platform: Guard(
                adapter,
                ledger,
                settings.decay,
                now=now,
                detail=settings.platforms.of(platform).detail,
                conversions=conversions,
            )
            for platform, adapter in adapters.items()
        }
        for guard in guards.values():
            resources.callback(guard.close)
        store = open_store(settings, *_vectors(texts, pictures))
        resources.callback(store.close)
        network = replay or Network(reach or (lambda _: settings), now=now, recorder=recorder)
        try:
            yield Parts(
                settings=settings,
                ledger=ledger,
                store=store,
                adapters=adapters,
                texts=texts,
                pictures=pictures,
                transport=network,
                images=network if settings.images.enabled else None,
                sent=network.sent,
                now=now,
                guards=guards,
                conversions=conversions,
            )
        finally:
            await network.close()


def read_config(settings: Settings) -> Digest:
    """The configuration a run under these settings would have, read without taking hold of anything."""
    texts, pictures = load_text_embedder(settings.embedding), load_image_embedder(settings.embedding)
    collection_id = read_collection_id(settings, *_vectors(texts, pictures))
    return config_digest(settings, make_adapters(settings), texts, pictures, collection_id)


def _vectors(texts: TextEmbedder, pictures: ImageEmbedder) -> tuple[dict[str, int], dict[str, str]]:
    """Length and model of every vector, by its name."""
    sizes = dict.fromkeys(TEXT_VECTORS, texts.dimensions) | dict.fromkeys(IMAGE_VECTORS, pictures.dimensions)
    models = dict.fromkeys(TEXT_VECTORS, identity(texts)) | dict.fromkeys(IMAGE_VECTORS, identity(pictures))
    return sizes, models
