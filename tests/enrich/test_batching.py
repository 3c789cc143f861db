"""How large a batch may be: what answers teach, alone and through a practice server that works or does not."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.exchange import Answer, Request
from pipeline.domain.names import Outcome, Platform
from pipeline.enrich.chain import Chain, Parts
from pipeline.enrich.fetch.batching import QUICK_S, SLOW_S, BatchSize
from pipeline.errors import ShrinkBatch
from pipeline.platforms.kitsu import KitsuAdapter
from pipeline.practice import PracticeSettings, read_practice_rows
from pipeline.practice.faults import Fault, FaultKind
from pipeline.practice.gate import Hours
from pipeline.practice.server import run_practice
from pipeline.transport import HttpTransport

from .rehearsing import FILM, RADIO, SPEED, Platforms, enrich, settings_for, write_catalogue
from .speaking import Desk, SmallAdapter, SmallTransport


def size(now: int = 20, bounds: tuple[int, int] = (1, 60)) -> BatchSize:
    return BatchSize.starting(now, bounds)


@pytest.mark.parametrize(
    ("now", "asked", "elapsed_s", "then"),
    [
        (20, 20, 0.0, 40),
        (20, 20, 2.4, 40),
        (20, 20, 2.6, 30),
        (20, 20, 4.9, 30),
        (20, 20, 5.0, 20),
        (20, 20, 10.0, 20),
        (20, 20, 10.1, 10),
        (40, 40, 1.0, 60),
        (60, 60, 1.0, 60),
        (1, 1, 4.0, 2),
        (1, 1, 99.0, 1),
        (20, 19, 0.1, 20),
        (20, 3, 99.0, 20),
        (20, 40, 12.0, 20),
        (20, 20, None, 20),
    ],
)
def test_answers_teach_the_size(now: int, asked: int, elapsed_s: float | None, then: int) -> None:
    """Doubled or grown by half while quick, halved when slow; smaller requests and unknown times say nothing."""
    assert size(now).after_answer(asked, elapsed_s).size == then


def test_a_refusal_halves_once_for_all_under_way() -> None:
    """Three requests of forty refused together make twenty; the halves of one refused batch go on down."""
    after = size(40)
    for _ in range(3):
        after = after.after_refusal(40)
    assert after.size == 20
    assert after.after_refusal(20).size == 10
    assert after.after_refusal(1).size == 20
    assert size(1).after_refusal(1).size == 1


@given(
    st.lists(st.tuples(st.integers(1, 80), st.none() | st.floats(0, 40), st.booleans())),
    st.integers(1, 10),
    st.integers(0, 20),
)
def test_the_size_stays_within_its_bounds(told: list[tuple[int, float | None, bool]], least: int, more: int) -> None:
    """Whatever comes; and equal bounds never move."""
    now = size(least, (least, least + more))
    for asked, elapsed_s, is_refused in told:
        now = now.after_refusal(asked) if is_refused else now.after_answer(asked, elapsed_s)
        assert least <= now.size <= least + more


@given(st.floats(0.02, 14.9), st.integers(1, 60))
def test_the_size_comes_to_rest(title_s: float, start: int) -> None:
    """A server with a steady time per title: soon one size for good, quick only at the bound, slow only at 1."""
    now = size(start)
    for _ in range(20):
        before, elapsed_s = now, now.size * title_s
        now = now.after_refusal(now.size) if elapsed_s > 15 else now.after_answer(now.size, elapsed_s)
    assert now == before
    assert now.size * title_s >= QUICK_S or now.size == 60
    assert now.size * title_s <= SLOW_S or now.size == 1


class Growing(SmallAdapter):
    @property
    def batch_bounds(self) -> tuple[int, int]:
        return 1, 8


class Timed(SmallTransport):
    """Answers that took as long as ``elapsed_s`` says of their number of ids."""

    elapsed_s: Callable[[int], float]

    async def send(self, request: Request, check: Callable[[Request, Answer], None]) -> Answer:
        said = await super().send(request, check)
        return Answer(said.status, said.headers, said.body, said.url, self.elapsed_s(len(request.ids)))


def transport_for(count: int, elapsed_s: Callable[[int], float], **more: object) -> Timed:
    transport = Timed({str(n): 1 for n in range(1, count + 1)}, **more)  # type: ignore[arg-type]
    transport.elapsed_s = elapsed_s
    return transport


@pytest.mark.parametrize("window", [3, 7, 100])
async def test_the_next_batch_is_as_large_as_the_last_answer_taught(tmp_path: Path, window: int) -> None:
    """Also within a window: no batch is cut before the answer that comes before it is there."""
    desk = Desk(tmp_path, 25)
    desk.adapter = Growing(batch=2)
    transport = transport_for(25, lambda asked: 1.2 * asked)
    await desk.fetch(transport, window=window)
    assert [len(ids) for ids in transport.asked] == [2, 4, 6, 6, 6, 1]
    assert desk.outcomes() == [Outcome.FOUND] * 25


async def test_a_platform_that_does_not_adapt_keeps_its_size(tmp_path: Path) -> None:
    """However quick."""
    desk = Desk(tmp_path, 9)
    transport = transport_for(9, lambda _: 0.0)
    await desk.fetch(transport)
    assert [len(ids) for ids in transport.asked] == [4, 4, 1]


async def test_an_error_inside_a_200_does_not_shrink_what_comes_after(tmp_path: Path) -> None:
    """One title's trouble is found by halving and leaves the size alone; a server's 502 does not."""
    for status, after in ((200, 4), (502, 1)):
        desk = Desk(tmp_path / str(status), 12)
        desk.adapter = Growing(batch=4)
        trouble = ShrinkBatch("trouble", status=status)
        transport = transport_for(12, lambda _: 7.0, refuse=lambda r, e=trouble: e if "2" in r.ids else None)
        await desk.fetch(transport)
        assert [len(ids) for ids in transport.asked][:5] == [4, 2, 1, 1, 2]
        assert len(transport.asked[5]) == after
        assert desk.outcomes() == [Outcome.FOUND, Outcome.FAILED, *[Outcome.FOUND] * 10]


async def test_the_size_is_remembered_for_the_run(tmp_path: Path, platforms: Platforms) -> None:
    """Whoever asks with the same parts begins where the last one ended."""
    catalogue = write_catalogue(tmp_path / "catalogue.jsonl", [RADIO, FILM])
    settings = settings_for(tmp_path / "run", platforms.url, catalogue, platforms={"kitsu": {"batch": 1}})
    kept: list[Parts] = []
    await enrich(settings, change=lambda parts: kept.append(parts) or parts)
    (parts,) = kept
    assert {platform: size.size for platform, size in parts.sizes.items()} == {Platform.KITSU: 2}
    assert Chain(parts, print).fetcher(Platform.KITSU).sizes is parts.sizes


class Counting:
    """The real transport; keeps how many titles each request asked for."""

    def __init__(self, transport: HttpTransport) -> None:
        self.transport = transport
        self.sizes: list[int] = []

    async def send(self, request: Request, check: Callable[[Request, Answer], None]) -> Answer:
        self.sizes.append(len(request.ids))
        return await self.transport.send(request, check)


async def ask_practice(
    folder: Path, titles: int, fault: Fault, *, haste: float, waits: float | None = None
) -> tuple[list[int], set[Outcome | None]]:
    """Ask a practice Kitsu with the fault, all clocks ``haste`` times as quick; gives sizes and outcomes.

    ``waits`` is what the server's seconds last if not as long as everybody's.
    """
    desk = Desk(folder, titles)
    desk.adapter = KitsuAdapter()  # type: ignore[assignment]

    async def sleep(wait_s: float) -> None:
        await asyncio.sleep(wait_s / haste if waits is None else wait_s * waits)

    begun = time.time()

    def clock() -> float:
        return begun + (time.time() - begun) * haste

    practice = PracticeSettings(rows=read_practice_rows(str(desk.file)), speed=SPEED, has_limits=False, faults=(fault,))
    async with run_practice(practice, hours=Hours(sleep=sleep)) as running:
        settings = settings_for(folder, running.url)
        async with HttpTransport(settings, clock=clock) as transport:
            counting = Counting(transport)
            await desk.fetch(counting)  # type: ignore[arg-type]
    return counting.sizes, set(desk.outcomes())


async def test_kitsu_is_asked_for_more_while_it_is_quick(tmp_path: Path) -> None:
    """One 504 halves the batch; then a quick server is asked for more and more, up to what its nodes allow."""
    once = Fault(FaultKind.LABOURED, Platform.KITSU, count=1, wait_s=1.0)
    sizes, outcomes = await ask_practice(tmp_path, 150, once, haste=0.2, waits=1e-3)
    assert sizes[:3] == [20, 10, 10]
    assert max(sizes) == 60
    assert sizes[3:-1] == sorted(sizes[3:-1])
    assert sum(sizes) == 150 + 20
    assert None not in outcomes


async def test_kitsu_is_asked_for_less_when_it_labours(tmp_path: Path) -> None:
    """0.76 s a title: twenty are given up after 15 s; ten are done in under 10 s, and nobody asks for more again."""
    labour = Fault(FaultKind.LABOURED, Platform.KITSU, wait_s=0.76)
    sizes, outcomes = await ask_practice(tmp_path, 40, labour, haste=10.0)
    assert sizes[:3] == [20, 10, 10]
    assert max(sizes[1:]) <= 10
    assert sum(sizes) == 40 + 20
    assert Outcome.FAILED not in outcomes
