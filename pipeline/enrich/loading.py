"""Step 6 for many titles: embed what has no vector yet, and write what changed of the points.

Vectors are kept by fingerprint, a few at a time, before a point is written: a killed run embeds again only what was in
flight. A picture is taken for what its address says: platforms give a changed picture a new address, so a known
address is not fetched again.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, Protocol

import structlog

from pipeline.domain.canonical import Digest, digest_of
from pipeline.domain.record import AnimeRecord
from pipeline.embedding import embed_missing, embed_missing_images, fingerprint, identity, vector_images, vector_texts
from pipeline.embedding.port import ImageEmbedder, TextEmbedder
from pipeline.enrich.steps import Made
from pipeline.enrich.writing import Written, write_changed
from pipeline.errors import BadInput, Blocked, Broken, BudgetSpent, EntryGone, NotRecorded, RetryLater
from pipeline.ledger import Ledger
from pipeline.ledger.vectors import LoadedPoint
from pipeline.settings import ImageSettings, is_loopback
from pipeline.store.payload import payload_of
from pipeline.store.port import Floats, Point, VectorStore

__all__ = ["ImageSource", "Loaded", "Loader"]

_log = structlog.get_logger(__name__)
_TEXTS_AT_ONCE: Final = 128
"""Enough to fill a model's batches, few enough that a killed run loses little."""
_PICTURES_AT_ONCE: Final = 8


class ImageSource(Protocol):
    """Fetches a picture politely."""

    async def fetch_image(self, url: str) -> bytes:
        """The picture's bytes, or an error of ``errors``."""
        ...


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading a window came to."""

    vectors_made: int = 0
    points_written: int = 0
    vectors_written: int = 0
    images_failed: tuple[str, ...] = ()
    """Titles one of whose pictures could not be had in passing; they are tried again in the next run."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The inputs of one title's vectors, under their fingerprints. Of pictures the first that can be had counts."""

    title_id: str
    record: AnimeRecord
    texts: Mapping[str, tuple[Digest, str]]
    images: Mapping[str, tuple[tuple[Digest, str], ...]]

    def digests(self) -> Iterator[Digest]:
        """Of every input that may become a vector."""
        yield from (digest for digest, _ in self.texts.values())
        yield from (digest for images in self.images.values() for digest, _ in images)


@dataclass(frozen=True, slots=True)
class Loader:
    """Embeds and loads. ``images`` is ``None`` when pictures are switched off."""

    ledger: Ledger
    store: VectorStore
    texts: TextEmbedder
    pictures: ImageEmbedder
    images: ImageSource | None
    settings: ImageSettings
    batch: int
    on_step: Callable[[str], None]

    async def load(self, made: Sequence[Made]) -> Loaded:
        """Make the missing vectors of these records, and write the points that are not in the store as they should."""
        wanted = [self._wanted(m.title.title_id, m.record) for m in made if m.record is not None]
        made_texts = await asyncio.to_thread(self._embed_texts, wanted)
        made_images, unlucky = await self._embed_images(wanted)
        written = await asyncio.to_thread(self._write, wanted)
        failed = tuple(
            w.title_id for w in wanted if any(d in unlucky for images in w.images.values() for d, _ in images)
        )
        return Loaded(made_texts + made_images, written.points, written.vectors, failed)

    def _wanted(self, title_id: str, record: AnimeRecord) -> _Wanted:
        texts = {n: (fingerprint(self.texts, n, text), text) for n, text in vector_texts(record).items()}
        addresses = vector_images(record, characters=self.settings.characters) if self.images is not None else {}
        images = {
            name: tuple((fingerprint(self.pictures, name, url), url) for url in urls if self._may_fetch(url))
            for name, urls in addresses.items()
        }
        return _Wanted(title_id, record, texts, images)

    def _may_fetch(self, url: str) -> bool:
        return not self.settings.only_local or is_loopback(url)

    def _embed_texts(self, wanted: Sequence[_Wanted]) -> int:
        all_texts = {digest: text for w in wanted for digest, text in w.texts.values()}
        known = self.ledger.vectors.known(list(all_texts))
        missing = {digest: text for digest, text in all_texts.items() if digest not in known}
        for texts in _parts(missing, _TEXTS_AT_ONCE):
            self.on_step("embed")
            vectors = embed_missing(texts, self.texts)
            self.on_step("keep:vectors")
            self.ledger.vectors.save(vectors, model=identity(self.texts))
        return len(missing)

    async def _embed_images(self, wanted: Sequence[_Wanted]) -> tuple[int, set[Digest]]:
        """Fetch and embed pictures that have no vector; of each list the first that can be had.

        A later one that has a vector already does not count before an earlier one was tried: which picture stands for
        a title must not depend on what was asked when.
        """
        made, unlucky = 0, set[Digest]()
        lists = [images for w in wanted for images in w.images.values()]
        while True:
            known = self.ledger.vectors.known([digest for images in lists for digest, _ in images])
            have = set(self.ledger.vectors.find(sorted(known)))
            gone = (known - have) | unlucky
            firsts = (next((image for image in images if image[0] not in gone), None) for images in lists)
            ask = {image[0]: image[1] for image in firsts if image is not None and image[0] not in have}
            if not ask:
                break
            for some in _parts(ask, _PICTURES_AT_ONCE):
                fetched = dict(zip(some, await asyncio.gather(*map(self._picture, some.values())), strict=True))
                unlucky |= {digest for digest, body in fetched.items() if body is None}
                made += await asyncio.to_thread(self._keep_pictures, fetched)
        return made, unlucky

    async def _picture(self, url: str) -> bytes | None:
        """The bytes; empty when the picture is gone for good, ``None`` when it may come another time."""
        if self.images is None:
            return None
        self.on_step("ask:image")
        try:
            return await self.images.fetch_image(url)
        except (EntryGone, Broken, BadInput) as error:
            _log.info("picture_gone", url=url, problem=str(error))
            return b""
        except (RetryLater, Blocked, BudgetSpent, NotRecorded) as error:
            _log.info("picture_failed", url=url, problem=str(error))
            return None

    def _keep_pictures(self, fetched: Mapping[Digest, bytes | None]) -> int:
        embedded = embed_missing_images({d: body for d, body in fetched.items() if body}, self.pictures)
        model = identity(self.pictures)
        self.on_step("keep:vectors")
        self.ledger.vectors.save(embedded.vectors, model=model)
        gone = [digest for digest, body in fetched.items() if body == b""]
        self.ledger.vectors.save_absent([*gone, *embedded.refused], model=model)
        return len(embedded.vectors)

    def _write(self, wanted: Sequence[_Wanted]) -> Written:
        points = vectors = 0
        for start in range(0, len(wanted), self.batch):
            batch = self._points(wanted[start : start + self.batch])
            written = write_changed(batch, book=self.ledger.vectors, store=self.store, on_step=self.on_step)
            points, vectors = points + written.points, vectors + written.vectors
        return Written(points, vectors)

    def _points(self, wanted: Sequence[_Wanted]) -> list[tuple[Point, LoadedPoint]]:
        """The points as they should be, and what the ledger is to say of each."""
        found = self.ledger.vectors.find(list(dict.fromkeys(digest for w in wanted for digest in w.digests())))
        return [self._point(w, found) for w in wanted]

    def _point(self, wanted: _Wanted, found: Mapping[Digest, Floats]) -> tuple[Point, LoadedPoint]:
        candidates = {name: [digest] for name, (digest, _) in wanted.texts.items()}
        candidates |= {name: [digest for digest, _ in images] for name, images in wanted.images.items()}
        used = {n: next((d for d in digests if d in found), None) for n, digests in candidates.items()}
        fingerprints = {name: digest for name, digest in used.items() if digest is not None}
        payload = payload_of(wanted.record, fingerprints)
        vectors = {name: found[digest] for name, digest in fingerprints.items()}
        key = digest_of(wanted.title_id, payload)
        return (
            Point(wanted.title_id, vectors, payload),
            LoadedPoint(wanted.title_id, self.store.collection_id, key, fingerprints),
        )


def _parts(items: Mapping[Digest, str], size: int) -> Iterator[dict[Digest, str]]:
    """The items in their order, at most ``size`` at once."""
    left = iter(items.items())
    while part := dict(islice(left, size)):
        yield part
