"""Keeping answers together: nobody goes on before its answer is kept, and no wait is forgotten."""

import asyncio
import time
from collections.abc import Sequence

import pytest

from pipeline.domain.exchange import Answer, Reading, Request
from pipeline.domain.names import Platform
from pipeline.enrich.fetch.keeping import Keeping
from pipeline.errors import Damaged
from pipeline.ledger.fetched import Said


def said(number: int) -> Said:
    id_ = str(number)
    return Said(Request(Platform.JIKAN, "full", f"/{id_}", (id_,)), Answer(200, {}, b"", ""), Reading(), {id_: 0.0})


class Book:
    """Notes what it is given at once; slow, as a disk is."""

    def __init__(self) -> None:
        self.kept: list[list[str]] = []
        self.refused: set[str] = set()

    def save(self, some: Sequence[Said]) -> None:
        time.sleep(0.002)
        ids = [one.request.ids[0] for one in some]
        if self.refused.intersection(ids):
            raise Damaged(f"cannot keep {ids}")
        self.kept.append(ids)


async def test_answers_that_come_meanwhile_are_kept_together_in_order() -> None:
    book = Book()
    keeping = Keeping(book.save)
    await asyncio.gather(*(keeping.keep(said(n)) for n in range(50)))
    assert [id_ for ids in book.kept for id_ in ids] == [str(n) for n in range(50)]
    assert len(book.kept) <= 3


async def test_whoever_goes_on_has_its_answer_kept() -> None:
    """Many that come one after the other, at any moment of a write or between two."""
    book = Book()
    keeping = Keeping(book.save)

    async def one_after_the_other(start: int) -> None:
        for number in range(start, start + 20):
            await asyncio.wait_for(keeping.keep(said(number)), timeout=5)
            assert any(str(number) in ids for ids in book.kept)

    await asyncio.gather(*(one_after_the_other(100 * n) for n in range(5)))
    assert sorted(int(id_) for ids in book.kept for id_ in ids) == [100 * n + m for n in range(5) for m in range(20)]


async def test_all_that_were_kept_together_hear_that_it_failed() -> None:
    book = Book()
    book.refused = {"0"}
    keeping = Keeping(book.save)
    told = await asyncio.gather(*(keeping.keep(said(n)) for n in range(3)), return_exceptions=True)
    assert isinstance(told[0], Damaged)
    assert [id_ for ids in book.kept for id_ in ids] == [str(n) for n in range(3) if told[n] is None]
    await keeping.keep(said(7))
    assert book.kept[-1] == ["7"]


async def test_who_is_called_off_stops_nobody_else() -> None:
    book = Book()
    keeping = Keeping(book.save)
    first = asyncio.create_task(keeping.keep(said(1)))
    second = asyncio.create_task(keeping.keep(said(2)))
    third = asyncio.create_task(keeping.keep(said(3)))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.gather(first, third)
    with pytest.raises(asyncio.CancelledError):
        await second
    assert {"1", "3"} <= {id_ for ids in book.kept for id_ in ids}
