"""One title as a flow: every step a task with a readable name, the record and the platforms as artifacts.

The tasks leave their work in the ledger and hand nothing to each other but the title's id, so a run that crashed is
started again and goes on. A title that is up to date makes no task at all.

Run it without a server: ``python -m flows.enrich_title mal:1 --practice``.
"""

import argparse
import asyncio
import os
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, closing
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Annotated, Final

os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")  # nothing leaves the machine unless it is asked for
os.environ.setdefault("DO_NOT_TRACK", "1")

from prefect import flow, task
from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from pydantic import Field

from pipeline.cli.workplace import find_titles, load_settings, sync_if_named
from pipeline.domain.names import Platform
from pipeline.domain.record import AnimeRecord
from pipeline.enrich.chain import Chain, Parts, config_of
from pipeline.enrich.opening import open_ledger, opened
from pipeline.enrich.rehearsal import rehearse
from pipeline.enrich.steps import ASSEMBLE, CHAIN
from pipeline.errors import InUse
from pipeline.ledger import Ledger
from pipeline.ledger.fetched import SettledOutcome
from pipeline.settings import Settings

__all__ = ["enrich_title"]

PRACTICE_SPEED: Final = 20.0


@dataclass(frozen=True, slots=True)
class _Bench:
    """What the tasks of one flow run share; it never leaves the process."""

    parts: Parts
    chain: Chain
    config: str


_bench: ContextVar[_Bench] = ContextVar("bench")


@task(cache_policy=NO_CACHE, persist_result=False, task_run_name="fetch {platform}")
async def fetch(platform: str, title_id: str) -> dict[str, str]:
    """Ask one platform; gives its outcome."""
    settled = await _bench.get().chain.fetch(Platform(platform), [title_id])
    return _row(settled[title_id].outcome)


@task(cache_policy=NO_CACHE, persist_result=False, task_run_name="{step}")
async def decide(step: str, title_id: str) -> str:
    """Take the title through the chain as far as ``step``; what came before is in the ledger."""
    (made,) = await asyncio.to_thread(_bench.get().chain.decide, [title_id], until=step)
    if made.problem:
        raise RuntimeError(made.problem)
    return "done"


@task(cache_policy=NO_CACHE, persist_result=False, task_run_name="embed and load")
async def load(title_id: str) -> dict[str, object]:
    """Embed what changed, write the point, and note how the title ended."""
    bench = _bench.get()
    made = await asyncio.to_thread(bench.chain.decide, [title_id])
    loaded = await bench.chain.load(made)
    (ended,) = bench.chain.conclude(made, loaded, config=bench.config)
    return {"result": ended.result, "why": ended.why, "vectors": loaded.vectors_written, "made": loaded.vectors_made}


@flow(name="enrich-title", flow_run_name="{title}", persist_result=False)
async def enrich_title(
    title: Annotated[str, Field(description="An id (mal:1), a source URL, a title_id or a name", min_length=1)],
    catalogue: Annotated[str | None, Field(description="Catalogue file; default: as the settings say")] = None,
    practice: Annotated[bool, Field(description="Ask practice platforms, started for this run")] = False,
) -> State[object]:
    """Enrich one title through every step into Qdrant."""
    settings = load_settings(catalogue=catalogue, is_practice=practice)
    reach: Callable[[AsyncExitStack], Settings] | None = None
    if practice:
        settings, reach = rehearse(settings, speed=PRACTICE_SPEED, recordings=None)
    with closing(open_ledger(settings, now=time.time)) as ledger:
        sync_if_named(ledger, settings)
        (title_id,) = find_titles(ledger, [title])
        async with opened(settings, ledger, now=time.time, reach=reach) as parts:
            return await _enrich(parts, ledger, title_id)


async def _enrich(parts: Parts, ledger: Ledger, title_id: str) -> State[object]:
    config = config_of(parts)
    if not ledger.titles.due(config=config, only=[title_id]):
        await _report(ledger, title_id, {})
        return Completed(message="up to date: nothing was asked, nothing was written")
    if not ledger.claims.take([title_id]):
        raise InUse(f"another process works on {title_id} now; run it again later")
    token = _bench.set(_Bench(parts, Chain(parts, lambda _: None), config))
    try:
        outcomes = await asyncio.gather(*(fetch(platform.value, title_id) for platform in Platform))
        for step in CHAIN:
            if step != ASSEMBLE:
                await decide(step, title_id)
        await decide(ASSEMBLE, title_id)
        ended = await load(title_id)
    finally:
        ledger.claims.release([title_id])
        _bench.reset(token)
    await _report(ledger, title_id, {row["platform"]: row for row in outcomes})
    if ended["result"] == "failed":
        return Failed(message=str(ended["why"]))
    return Completed(message=f"{ended['result']}: {ended['vectors']} vectors written. {ended['why']}".strip())


async def _report(ledger: Ledger, title_id: str, outcomes: Mapping[str, Mapping[str, str]]) -> None:
    """The record's summary as a page, and what each platform gave as a table."""
    (title,) = ledger.titles.load([title_id])
    if title.record is not None:
        record = AnimeRecord.model_validate_json(ledger.blobs.get(title.record))
        await acreate_markdown_artifact(key="record", markdown=_page(record), description=record.title)
    stored = ledger.fetched.outcomes([title_id])[title_id]
    rows = [outcomes.get(platform.value) or _row(settled.outcome) for platform, settled in stored.items()]
    await acreate_table_artifact(key="platforms", table=[dict(row) for row in rows], description=title.name)


def _row(settled: SettledOutcome) -> dict[str, str]:
    return {
        "platform": settled.platform.value,
        "outcome": settled.outcome.value,
        "ids": " ".join(settled.ids),
        "why": settled.reason,
    }


def _page(record: AnimeRecord) -> str:
    """A record for a person: what it is, how full it is, what is odd."""
    meta = record.enrichment_metadata
    facts = {
        "type": record.type.value,
        "status": record.status.value,
        "season": f"{record.season.value if record.season else ''} {record.year or ''}".strip(),
        "episodes": record.episodes,
        "score": record.score,
        "genres": ", ".join(record.genres),
        "studios": ", ".join(studio.name for studio in record.studios),
        "characters": len(record.characters),
        "staff": len(record.staff_data),
        "episode records": len(record.episode_details),
        "related works": len(record.related_anime) + len(record.relations),
        "completeness": f"{meta.completeness:.0%}",
        "open questions": meta.open_questions,
        "findings": ", ".join(meta.findings),
    }
    lines = [f"# {record.title}", "", f"`{record.title_id}`", "", "| | |", "|---|---|"]
    lines += [
        f"| {name} | {str(value).replace('|', '/')} |" for name, value in facts.items() if value not in (None, "")
    ]
    if record.synopsis:
        lines += ["", *(f"> {line}" for line in record.synopsis.splitlines())]
    return "\n".join(lines)


def main() -> None:
    """Run the flow from a shell."""
    parser = argparse.ArgumentParser(prog="python -m flows.enrich_title", description=enrich_title.description)
    parser.add_argument("title")
    parser.add_argument("--catalogue")
    parser.add_argument("--practice", action="store_true")
    given = parser.parse_args()
    asyncio.run(enrich_title(given.title, catalogue=given.catalogue, practice=given.practice))


if __name__ == "__main__":
    main()
