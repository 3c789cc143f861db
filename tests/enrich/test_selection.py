"""Titles are claimed window by window; every walker sees them all, and none runs too far ahead."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pipeline.enrich.selection import Selection
from pipeline.ledger import Ledger

from .speaking import Clock


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(another(tmp_path)) as ledger:
        yield ledger


def another(folder: Path) -> Ledger:
    """One more worker on the same ledger."""
    return Ledger(f"sqlite:///{folder / 'ledger.sqlite3'}", str(folder / "blobs"), now=Clock())


def titles(count: int) -> list[str]:
    return [f"title-{number:03}" for number in range(count)]


async def read_all(selection: Selection) -> list[str]:
    return [title_id for window in [w async for w in selection.windows()] for title_id in window]


async def test_every_reader_sees_every_title_in_order(ledger: Ledger) -> None:
    """Six readers, seven titles, windows of three."""
    selection = Selection(ledger.claims, titles(7), window=3, lookahead=100)
    assert await asyncio.gather(*(read_all(selection) for _ in range(6))) == [titles(7)] * 6
    assert selection.held_elsewhere == []


async def test_nothing_selected_is_nothing_to_read(ledger: Ledger) -> None:
    """An empty selection ends at once."""
    assert await read_all(Selection(ledger.claims, [], window=3, lookahead=3)) == []


async def test_windows_are_no_larger_than_asked(ledger: Ledger) -> None:
    """Seven titles in windows of three: three, three, one."""
    selection = Selection(ledger.claims, titles(7), window=3, lookahead=100)
    assert [len(window) async for window in selection.windows()] == [3, 3, 1]


async def test_a_fast_reader_waits_for_the_finisher(ledger: Ledger) -> None:
    """With room for four titles a reader gets no third window of two before two titles are finished."""
    selection = Selection(ledger.claims, titles(6), window=2, lookahead=4)
    reader = selection.windows()
    first, second = await anext(reader), await anext(reader)
    third = asyncio.ensure_future(anext(reader))
    await asyncio.sleep(0.01)
    assert not third.done()
    await selection.close(first)
    assert list(await asyncio.wait_for(third, 1)) == titles(6)[4:]
    assert list(second) == titles(6)[2:4]


async def test_a_window_larger_than_the_lookahead_still_comes(ledger: Ledger) -> None:
    """Settings that contradict each other do not stop a run."""
    assert await read_all(Selection(ledger.claims, titles(5), window=5, lookahead=1)) == titles(5)


async def test_titles_of_another_living_process_are_put_aside(ledger: Ledger, tmp_path: Path) -> None:
    """They are named, not read; the rest comes in order."""
    with closing(another(tmp_path)) as other:
        other.claims.take(["title-001", "title-004"])
        selection = Selection(ledger.claims, titles(6), window=2, lookahead=100)
        assert await read_all(selection) == ["title-000", "title-002", "title-003", "title-005"]
        assert selection.held_elsewhere == ["title-001", "title-004"]


async def test_what_is_closed_may_be_claimed_by_another(ledger: Ledger, tmp_path: Path) -> None:
    """Finished titles are given back, the others are not."""
    selection = Selection(ledger.claims, titles(4), window=2, lookahead=100)
    await read_all(selection)
    await selection.close(titles(4)[:2])
    with closing(another(tmp_path)) as other:
        assert other.claims.take(titles(4)) == titles(4)[:2]


async def test_two_processes_get_every_title_once(ledger: Ledger, tmp_path: Path) -> None:
    """Both walk over the same selection at once: together they have it all, and nothing twice."""
    with closing(another(tmp_path)) as other:
        walks = [Selection(of.claims, titles(20), window=2, lookahead=100) for of in (ledger, other)]
        mine, theirs = await asyncio.gather(*(read_all(walk) for walk in walks))
    assert sorted(mine + theirs) == titles(20)
