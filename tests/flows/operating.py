"""Running the flow and looking at what Prefect shows of it, through Prefect's own API."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId, FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import State, TaskRun

from flows.enrich_title import enrich_title

_PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Shown:
    """A flow run as the API has it."""

    name: str
    state: State[Any]
    tasks: Mapping[str, State[Any]]
    """States of its task runs, by name."""
    page: str
    table: list[dict[str, str]]
    waits: Mapping[str, set[str]]
    """For each task run, the names of those it waited for."""


def operate(title: str, **parameters: Any) -> Shown:
    """One flow run to its end, and what is to be seen of it."""
    return asyncio.run(_operate(title, parameters))


def end_of(title: str, **parameters: Any) -> State[Any]:
    """How one flow run ends, without a look at what Prefect shows of it."""

    async def run() -> State[Any]:
        ended: State[Any] = await enrich_title(title, **parameters, return_state=True)
        return ended

    return asyncio.run(run())


async def _operate(title: str, parameters: Mapping[str, Any]) -> Shown:
    ended: State[Any] = await enrich_title(title, **parameters, return_state=True)
    run_id = ended.state_details.flow_run_id
    assert run_id is not None
    async with get_client() as client:
        await _until_recorded(client)
        run = await client.read_flow_run(run_id)
        assert run.state is not None
        tasks = await _tasks(client, run_id)
        artifacts = await client.read_artifacts(
            artifact_filter=ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run_id]))
        )
    data: dict[str | None, Any] = {artifact.type: artifact.data for artifact in artifacts}
    names = {str(t.id): t.name for t in tasks}
    return Shown(
        name=run.name,
        state=run.state,
        tasks={t.name: t.state for t in tasks if t.state is not None},
        page=data.get("markdown", ""),
        table=orjson.loads(data.get("table", "[]")),
        waits={
            t.name: {names[str(i.id)] for i in t.task_inputs.get("wait_for", []) if hasattr(i, "id")} for t in tasks
        },
    )


@task(cache_policy=NO_CACHE, persist_result=False)
async def _mark() -> None:
    return None


@flow(persist_result=False)
async def _marker() -> None:
    await _mark()


async def _until_recorded(client: PrefectClient) -> None:
    """The server records task runs from events, in their order: when a later one is there, so are all before it."""
    ended: State[Any] = await _marker(return_state=True)
    run_id = ended.state_details.flow_run_id
    assert run_id is not None
    deadline = time.monotonic() + _PATIENCE_S
    while not await _tasks(client, run_id):
        assert time.monotonic() < deadline, "the server records no task runs"
        await asyncio.sleep(0.05)


async def _tasks(client: PrefectClient, run_id: UUID) -> list[TaskRun]:
    """The run's task runs, when all of them have ended."""
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        found = await client.read_task_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run_id])))
        if all(t.state is not None and t.state.is_final() for t in found):
            return found
        assert time.monotonic() < deadline, [(t.name, t.state_name) for t in found]
        await asyncio.sleep(0.05)
