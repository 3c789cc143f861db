"""One title as a flow: every step a task with a readable name, the record and the platforms as artifacts.

The tasks leave their work in the ledger and hand nothing to each other but the title's id, so a run that crashed is
started again and goes on. A title that is up to date makes no task at all. How a run ends is in its state:
``Completed``, ``Degraded``, ``Up to date``, or ``Failed`` with one sentence that says why.

Run it without a server: ``python -m flows.enrich_title mal:900001 --practice``.
"""

import argparse
import asyncio
import contextlib
import sys
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.runtime import task_run
from prefect.states import Completed, Failed
from prefect.utilities.annotations import allow_failure
from pydantic import StringConstraints, ValidationError

from flows.pages import show_title
from pipeline.cli.workplace import find_titles, load_settings, sync_if_named
from pipeline.domain.canonical import Digest
from pipeline.domain.names import Outcome, Platform
from pipeline.enrich.chain import Chain, Parts, config_of
from pipeline.enrich.memory import tune_memory
from pipeline.enrich.opening import open_ledger, opened
from pipeline.enrich.rehearsal import rehearse
from pipeline.enrich.report import ExitCode, Problem, RunReport
from pipeline.enrich.steps import CHAIN
from pipeline.errors import EnrichError, InUse, Misconfigured
from pipeline.ledger import Ledger
from pipeline.settings import Settings

__all__ = ["enrich_title"]

PRACTICE_SPEED: Final = 20.0
BEAT_S: Final = 20.0
DEGRADED: Final = "Degraded"
UP_TO_DATE: Final = "Up to date"

Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=r"\S")]
CatalogueFile = Annotated[str, StringConstraints(min_length=1)]


@dataclass(frozen=True, slots=True)
class _Bench:
    """What the tasks of one flow run share; it never leaves the process."""

    chain: Chain
    config: Digest
    report: RunReport
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex)


_bench: ContextVar[_Bench] = ContextVar("bench")


def _step_name() -> str:
    """``stage:characters`` as a person says it."""
    return str(task_run.parameters["step"]).replace("stage:", "decide ")


@task(cache_policy=NO_CACHE, persist_result=False, task_run_name="ask {platform}")
async def fetch(platform: str, title_id: str) -> State[Any]:
    """Ask one platform for the title, unless its last answer is still good. The state says what came of it."""
    settled = await _bench.get().chain.fetch(Platform(platform), [title_id])
    told = settled[title_id].outcome
    if told.outcome is Outcome.FAILED:
        return Failed(message=told.reason)
    return Completed(name=told.outcome.value.replace("_", " ").capitalize(), message=told.reason or ", ".join(told.ids))


@task(cache_policy=NO_CACHE, persist_result=False, task_run_name=_step_name)
async def decide(step: str, title_id: str) -> State[Any]:
    """Take the title through the chain as far as ``step``; what came before is in the ledger.

    Where kept answers turn out torn or ids are learned, those platforms are asked once more.
    """
    (made,) = await _bench.get().chain.make([title_id], until=step)
    if made.problem:
        return Failed(message=made.problem)
    again = ", ".join(dict.fromkeys(platform.value for platform in made.asked))
    return Completed(message=f"asked once more: {again}" if again else None)


@task(cache_policy=NO_CACHE, persist_result=False, task_run_name="embed and load")
async def load(title_id: str) -> State[Any]:
    """Embed what changed, write the point, and note in the ledger how the title ended."""
    bench = _bench.get()
    made = await asyncio.to_thread(bench.chain.decide, [title_id])
    loaded = await bench.chain.load(made)
    (ended,) = bench.chain.conclude(made, loaded, config=bench.config, run_id=bench.run_id)
    report = bench.report
    report.vectors_made, report.vectors_written = loaded.vectors_made, loaded.vectors_written
    report.points_written = loaded.points_written
    report.done, report.degraded, report.failed = (ended.result == how for how in ("done", "degraded", "failed"))
    if ended.made.quality is not None:
        report.quality.add(title_id, ended.made.quality)
    if ended.result != "done":
        report.problems.append(Problem(title_id, ended.made.title.name, ended.result, ended.why))
    if ended.result == "failed":
        return Failed(message=ended.why)
    told = f"{loaded.vectors_made} vectors made, {loaded.vectors_written} written"
    if ended.result == "degraded":
        return Completed(name=DEGRADED, message=f"{ended.why}. {told}")
    return Completed(message=told)


@flow(name="enrich-title", flow_run_name="{title}", persist_result=False)
async def enrich_title(title: Title, catalogue: CatalogueFile | None = None, practice: bool = False) -> State[Any]:
    """Enrich one title: ask six platforms, decide every field, load the point into Qdrant.

    Does only what is not done yet. Run it again after any failure or crash: it goes on from the ledger.

    Args:
        title: An id (mal:1), a source URL, a title_id, or a name.
        catalogue: Path or URL of a catalogue file. None: as the worker's settings say.
        practice: Ask practice platforms, started for this run, instead of real ones; they have a ledger of their own.
    """
    tune_memory()
    try:
        return await _in_workplace(title, catalogue, is_practice=practice)
    except EnrichError as error:  # ours say in one sentence what is wrong and what to do; a traceback adds nothing
        return Failed(message=str(error))


async def _in_workplace(title: str, catalogue: str | None, *, is_practice: bool) -> State[Any]:
    settings = _settings(catalogue, is_practice=is_practice)
    reach: Callable[[AsyncExitStack], Settings] | None = None
    if is_practice:
        settings, reach = rehearse(settings, speed=PRACTICE_SPEED, recordings=None)
    with closing(open_ledger(settings, now=time.time)) as ledger:
        sync_if_named(ledger, settings)
        (title_id,) = find_titles(ledger, [title])
        async with opened(settings, ledger, now=time.time, reach=reach) as parts:
            ended = await _bring_up_to_date(parts, title_id)
            await show_title(ledger, title_id)
            return ended


def _settings(catalogue: str | None, *, is_practice: bool) -> Settings:
    """Settings of this process. A problem is told without the values, which may be secrets: Prefect keeps messages."""
    try:
        return load_settings(catalogue=catalogue, is_practice=is_practice)
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False)]
        raise Misconfigured(f"settings: {'; '.join(problems)}") from None


async def _bring_up_to_date(parts: Parts, title_id: str) -> State[Any]:
    """Every step, if the title is due at all."""
    chain, config = Chain(parts, lambda _: None), config_of(parts)
    chain.delete_retired()
    if not parts.ledger.titles.due(config=config, only=[title_id]):
        return Completed(name=UP_TO_DATE, message="nothing was due: nothing was asked, nothing was written")
    bench = _Bench(chain, config, RunReport(selected=1, due=1))
    async with _noted(parts, bench), _claimed(parts.ledger, title_id):
        token = _bench.set(bench)
        try:
            ended = await _walk(title_id)
        finally:
            _bench.reset(token)
    return State(type=ended.type, name=ended.name, message=ended.message)


async def _walk(title_id: str) -> State[Any]:
    """The title through every step. After a step that failed there is nothing to load, only the end to be noted."""
    asked = await asyncio.gather(*(fetch(platform.value, title_id) for platform in Platform), return_exceptions=True)
    done: list[State[Any]] = []
    for told in asked:
        if isinstance(told, BaseException):  # not the platform's failure, which is a state, but ours
            raise told
        done.append(told)
    for step in CHAIN:
        done = [await decide(step, title_id, wait_for=[allow_failure(state) for state in done])]
        if done[0].is_failed():
            break
    return await load(title_id, wait_for=[allow_failure(state) for state in done])


@asynccontextmanager
async def _noted(parts: Parts, bench: _Bench) -> AsyncIterator[None]:
    """The run in the ledger's log, beside those of the command line; without an end when it died."""
    report, began = bench.report, time.perf_counter()
    parts.ledger.runs.start(bench.run_id, "flow enrich-title")
    yield
    report.wall_s["all"] = time.perf_counter() - began
    report.requests.update(parts.sent())
    parts.ledger.quality.note_run(bench.run_id, finished=report.finished)
    parts.ledger.runs.finish(bench.run_id, report.as_json())


@asynccontextmanager
async def _claimed(ledger: Ledger, title_id: str) -> AsyncIterator[None]:
    """Nobody else works on the title meanwhile; raises ``InUse`` when somebody does."""
    if not ledger.claims.take([title_id]):
        raise InUse(f"another process works on {title_id} now; run it again when that has ended")

    async def beat() -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            ledger.claims.beat()

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await beating
        ledger.claims.release([title_id])


def main() -> int:
    """Run the flow from a shell; the exit code is the command line's: 0 done, 1 failed, 3 degraded."""
    parser = argparse.ArgumentParser(prog="python -m flows.enrich_title", description=enrich_title.description)
    parser.add_argument("title", help="an id (mal:1), a source URL, a title_id or a name")
    parser.add_argument("--catalogue", help="path or URL of a catalogue file")
    parser.add_argument("--practice", action="store_true", help="ask practice platforms, started for this run")
    given = parser.parse_args()
    ended = asyncio.run(_run(given.title, given.catalogue, is_practice=given.practice))
    if not ended.is_completed():
        return int(ExitCode.FAILED)
    return int(ExitCode.DEGRADED if ended.name == DEGRADED else ExitCode.DONE)


async def _run(title: str, catalogue: str | None, *, is_practice: bool) -> State[Any]:
    ended: State[Any] = await enrich_title(title, catalogue=catalogue, practice=is_practice, return_state=True)
    return ended


if __name__ == "__main__":
    sys.exit(main())
