"""The chain's links over some titles: fetch from one platform, decide, load, conclude.

Each link leaves everything it did in the ledger, so links may be called one after another, from one process or from
several, and again after a crash. :class:`~pipeline.enrich.runner.Runner` calls them over a whole selection; a flow may
call them one task each.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from pipeline.domain.canonical import Digest, digest_of
from pipeline.domain.names import Outcome, Platform, Tier
from pipeline.embedding import INPUT_VERSION, identity
from pipeline.embedding.port import ImageEmbedder, TextEmbedder
from pipeline.enrich.fetch.asking import Transport
from pipeline.enrich.fetch.batching import BatchSize
from pipeline.enrich.fetch.converting import Conversions
from pipeline.enrich.fetch.fetching import Fetcher
from pipeline.enrich.fetch.freshness import FOREVER, due_at
from pipeline.enrich.fetch.guarding import Guard
from pipeline.enrich.loading import ImageSource, Loaded, Loader
from pipeline.enrich.steps import ASSEMBLE, Made, Steps, code_versions
from pipeline.ledger import Ledger
from pipeline.ledger.fetched import Settled
from pipeline.ledger.titles import Finished
from pipeline.platforms.port import PlatformAdapter
from pipeline.settings import Settings
from pipeline.store.port import VectorStore

__all__ = ["Chain", "Ended", "Parts", "config_digest", "config_of", "why_left_out"]

_DAY_S: Final = 86_400.0


_ASKINGS: Final = 6
"""Ids are learned over two levels, each of which may be asked for and taken back; torn answers come on top."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a run works with. ``images`` is ``None`` when pictures are switched off."""

    settings: Settings
    ledger: Ledger
    store: VectorStore
    adapters: Mapping[Platform, PlatformAdapter]
    texts: TextEmbedder
    pictures: ImageEmbedder
    transport: Transport
    images: ImageSource | None
    sent: Callable[[], Mapping[str, int]]
    """Requests sent so far, by platform or image host."""
    now: Callable[[], float]
    sizes: dict[Platform, BatchSize] = field(default_factory=dict)
    """How large a batch each platform turned out to have time for; remembered as long as these parts are."""
    guards: Mapping[Platform, Guard] = field(default_factory=dict)
    """Who stops asking a platform that has decayed."""
    conversions: Conversions = field(default_factory=Conversions)
    """What was converted for a look into it, for the step that needs it next."""


def config_of(parts: Parts) -> Digest:
    """Everything beside the row and the answers that shapes what a finished title is."""
    return config_digest(parts.settings, parts.adapters, parts.texts, parts.pictures, parts.store.collection_id)


def config_digest(
    settings: Settings,
    adapters: Mapping[Platform, PlatformAdapter],
    texts: TextEmbedder,
    pictures: ImageEmbedder,
    collection_id: str | None,
) -> Digest:
    """As :func:`config_of`, without a store opened; ``collection_id`` is ``None`` where there is no collection yet."""
    return digest_of(
        code_versions(adapters),
        [settings.matching.model_dump(), settings.choosing.model_dump()],
        {p.value: [settings.why_off(p), *settings.platforms.of(p).detail] for p in Platform},
        [identity(texts), texts.dimensions, texts.max_tokens, texts.dtype, INPUT_VERSION],
        [
            identity(pictures),
            pictures.dimensions,
            settings.images.enabled,
            settings.images.only_local,
            settings.images.characters,
        ],
        collection_id,
    )


@dataclass(frozen=True, slots=True)
class Ended:
    """How one title's pass ended: ``done``, ``degraded`` (and why) or ``failed``."""

    made: Made
    result: str
    why: str


@dataclass(frozen=True, slots=True)
class Chain:
    """The links. ``on_step`` is told before every act, by name (for displays and kill tests).

    Platforms beyond ``tier`` are not asked; what was had of them before stays.
    """

    parts: Parts
    on_step: Callable[[str], None]
    tier: Tier = Tier.PAGES

    def fetcher(self, platform: Platform) -> Fetcher:
        """The engine that asks one platform."""
        p = self.parts
        return Fetcher(
            adapter=p.adapters[platform],
            ledger=p.ledger,
            transport=p.transport,
            freshness=p.settings.freshness_of(platform),
            now=p.now,
            why_off=p.settings.why_off(platform),
            concurrency=p.settings.platforms.of(platform).concurrency,
            tops_up=bool(p.settings.platforms.of(platform).detail),
            on_step=self.on_step,
            serves_kept=p.settings.platforms.of(platform).enabled,
            sizes=p.sizes,
            why_left_out=why_left_out(platform, self.tier),
            rest_s=p.settings.platforms.of(platform).rest_days * _DAY_S,
            guard=p.guards.get(platform),
        )

    async def fetch(self, platform: Platform, title_ids: Sequence[str]) -> dict[str, Settled]:
        """Settle one platform's outcome for some titles; gives the outcomes by title."""

        async def one_window() -> AsyncIterator[Sequence[str]]:
            yield title_ids

        await self.fetcher(platform).run(one_window(), _tell_nobody)
        stored = self.parts.ledger.fetched.outcomes(title_ids)
        return {title_id: by[platform] for title_id, by in stored.items() if platform in by}

    def decide(self, title_ids: Sequence[str], *, until: str = ASSEMBLE) -> list[Made]:
        """Convert … assemble, as far as ``until``; see :meth:`Steps.make_records`."""
        p = self.parts
        steps = Steps(
            ledger=p.ledger,
            adapters=p.adapters,
            on_step=self.on_step,
            matching=p.settings.matching,
            choosing=p.settings.choosing,
            conversions=p.conversions,
        )
        return steps.make_records(p.ledger.titles.load(title_ids), until=until)

    async def make(self, title_ids: Sequence[str], *, until: str = ASSEMBLE) -> list[Made]:
        """Decide; where answers turned out torn or ids were learned, ask for them and decide again, until all is known.

        One asking is for all titles that need it, so platforms are asked in batches.
        """
        made = await asyncio.to_thread(self.decide, title_ids, until=until)
        for _ in range(_ASKINGS):
            wanting = {m.title.title_id: m for m in made if m.to_settle}
            if not wanting:
                break
            platforms = dict.fromkeys(platform for m in wanting.values() for platform in m.to_settle)
            await asyncio.gather(
                *(self.fetch(p, [t for t, m in wanting.items() if p in m.to_settle]) for p in platforms)
            )
            for m in await asyncio.to_thread(self.decide, list(wanting), until=until):
                before = wanting[m.title.title_id]
                wanting[m.title.title_id] = replace(m, asked=(*before.asked, *before.to_settle))
            made = [wanting.get(m.title.title_id, m) for m in made]
        return made

    async def load(self, made: Sequence[Made]) -> Loaded:
        """Embed and load; see :meth:`Loader.load`."""
        p = self.parts
        loader = Loader(
            ledger=p.ledger,
            store=p.store,
            texts=p.texts,
            pictures=p.pictures,
            images=p.images,
            settings=p.settings.images,
            batch=p.settings.store.batch,
            on_step=self.on_step,
        )
        return await loader.load(made)

    def conclude(self, made: Sequence[Made], loaded: Loaded, *, config: Digest, run_id: str) -> list[Ended]:
        """Note the end of each title: its result, and until when it is good."""
        quarantined = self.parts.ledger.quarantines.standing().keys()  # first: what is imposed after is seen at the end
        stored = self.parts.ledger.fetched.outcomes([m.title.title_id for m in made])
        unlucky = set(loaded.images_failed)
        ended: list[Ended] = []
        finished: list[Finished] = []
        for m in made:
            outcomes = stored[m.title.title_id]
            has_images = m.title.title_id not in unlucky
            result, why = _result(m, outcomes, has_images=has_images)
            is_whole = has_images and len(outcomes) == len(self.parts.adapters) and _still_stands(m, outcomes)
            tier, good_until = _good_for(self._due_at(outcomes, quarantined), self.tier, now=self.parts.now())
            finished.append(
                Finished(
                    title_id=m.title.title_id,
                    row_digest=m.title.row_digest,
                    config=config,
                    due_at=good_until if is_whole else 0.0,
                    result=result,
                    note=why,
                    record=m.record_digest or m.title.record,
                    provenance=m.provenance_digest or m.title.provenance,
                    tier=tier,
                    review=m.review,
                    locks=m.locks,
                    quality=m.quality,
                )
            )
            ended.append(Ended(m, result, why))
        self.on_step("finish")
        self.parts.ledger.titles.finish(finished, run_id=run_id, standing=quarantined)
        return ended

    def _due_at(self, outcomes: Mapping[Platform, Settled], quarantined: Collection[Platform]) -> dict[Platform, float]:
        """When each answer is due. What nobody may ask never is: switching it on makes titles due anyway."""
        return {
            platform: FOREVER
            if self.parts.settings.why_off(platform) is not None
            else settled.outcome.fresh_until
            if platform in quarantined
            else due_at(settled.outcome)
            for platform, settled in outcomes.items()
        }

    def delete_retired(self) -> int:
        """Take the points of titles that were merged into others out of the store; gives how many."""
        retired = self.parts.ledger.titles.retired(self.parts.store.collection_id)
        if retired:
            self.on_step("retire")
            self.parts.store.delete_points(retired)
            self.parts.ledger.vectors.forget(retired)
        return len(retired)


def why_left_out(platform: Platform, tier: Tier) -> str | None:
    """Why a run of this tier does not ask a platform, or ``None`` when it does."""
    return f"the run stops at the tier {tier.value!r}" if platform.tier.level > tier.level else None


def _good_for(due: Mapping[Platform, float], asked: Tier, *, now: float) -> tuple[Tier, float]:
    """Up to which tier all platforms' words stand (at least as far as was ``asked``), and until when."""
    good, until = Tier.CATALOGUE, FOREVER
    for tier in Tier:
        ends = [end for platform, end in due.items() if platform.tier is tier]
        if tier.level > asked.level and any(end <= now for end in ends):
            break
        good, until = tier, min(until, *ends, FOREVER)
    return good, until


def _still_stands(made: Made, outcomes: Mapping[Platform, Settled]) -> bool:
    """Whether there is a record, and no word it is made of was taken back since (a quarantine does that)."""
    if made.record is None:
        return False
    heard = made.record.enrichment_metadata.outcomes
    return all(heard.get(p) is Outcome.FAILED for p, s in outcomes.items() if s.outcome.outcome is Outcome.FAILED)


def _result(made: Made, outcomes: Mapping[Platform, Settled], *, has_images: bool) -> tuple[str, str]:
    if made.record is None:
        return "failed", made.problem or "no record was made"
    failures = [
        f"{p.value}: {s.outcome.reason}{_told_stale(s)}"
        for p, s in outcomes.items()
        if s.outcome.outcome is Outcome.FAILED
    ]
    if not has_images:
        failures.append("a picture could not be fetched")
    if failures:
        return "degraded", "; ".join(failures)
    if made.record.enrichment_metadata.is_degraded:
        return "degraded", "; ".join(made.record.enrichment_metadata.findings) or "a stage fell back"
    return "done", ""


def _told_stale(settled: Settled) -> str:
    if not settled.is_stale or settled.heard_at is None:
        return ""
    return f" (its answers of {datetime.fromtimestamp(settled.heard_at, tz=UTC):%Y-%m-%d} serve)"


async def _tell_nobody(_platform: Platform, _title_ids: Sequence[str]) -> None:
    return None
