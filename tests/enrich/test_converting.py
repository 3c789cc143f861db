"""Answers that were looked into are not converted a second time, and what that took is told where it belongs."""

import time
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.domain.names import Outcome, Platform, Source
from pipeline.domain.source_title import SourceTitle
from pipeline.enrich.chain import Parts
from pipeline.enrich.fetch.converting import Conversions
from pipeline.enrich.fetch.guarding import Guard
from pipeline.enrich.opening import open_ledger

from .rehearsing import FILM, Platforms, enrich, settings_for, write_catalogue
from .speaking import SmallAdapter

PARTS = {"a": "digest of a", "b": "digest of b"}
BODIES = {"a": b"1234", "b": b"5678"}


@dataclass(frozen=True)
class Counting(SmallAdapter):
    """Converts anything, and counts how often."""

    told: Counter[str] = field(default_factory=Counter, hash=False, compare=False)

    def convert(self, id_: str, parts: Mapping[str, bytes]) -> SourceTitle:
        self.told[id_] += 1
        return SourceTitle(Source.KITSU, id_, episode_count=len(parts))


def test_a_conversion_is_taken_once() -> None:
    """Of that very id and those very parts, by who asks with the same adapter."""
    conversions, adapter = Conversions(), Counting()
    made = conversions.convert(adapter, "1", PARTS, BODIES)
    assert conversions.take(adapter, "2", PARTS) is None
    assert conversions.take(adapter, "1", {**PARTS, "b": "another"}) is None
    assert conversions.take(adapter, "1", {"a": PARTS["a"]}) is None
    assert conversions.take(replace(adapter, batch=adapter.batch + 1), "1", PARTS) is None
    taken = conversions.take(adapter, "1", dict(reversed(PARTS.items())))
    assert taken is not None
    assert taken.title is made
    assert taken.cpu_s > 0.0
    assert conversions.take(adapter, "1", PARTS) is None


def test_of_torn_answers_nothing_is_remembered() -> None:
    """The step is to find that a part is torn, and have it asked for again."""
    conversions, adapter = Conversions(), Counting()
    assert conversions.convert(adapter, "1", PARTS, {"a": BODIES["a"]}).episode_count == 1
    assert conversions.take(adapter, "1", PARTS) is None


@pytest.mark.parametrize(("room_bytes", "left"), [(7, ""), (8, "3"), (16, "23"), (24, "123")])
def test_where_there_is_no_room_the_oldest_are_forgotten(room_bytes: int, left: str) -> None:
    """Eight bytes each; what is converted twice, or taken, takes its room once."""
    conversions, adapter = Conversions(room_bytes), Counting()
    for id_ in "11123":
        conversions.convert(adapter, id_, PARTS, BODIES)
    for _ in range(4):
        conversions.convert(adapter, "3", PARTS, BODIES)
        assert (conversions.take(adapter, "3", PARTS) is not None) is bool(left)
    conversions.convert(adapter, "3", PARTS, BODIES)
    assert "".join(id_ for id_ in "123" if conversions.take(adapter, id_, PARTS) is not None) == left


@dataclass(frozen=True)
class Heavy:
    """An adapter that counts what it converts, and takes twenty milliseconds of the processor for it."""

    inner: Any
    told: Counter[str] = field(default_factory=Counter, hash=False, compare=False)

    def convert(self, id_: str, parts: Any) -> SourceTitle:
        self.told[id_] += 1
        until = time.thread_time() + 0.02
        while time.thread_time() < until:
            pass
        return self.inner.convert(id_, parts)  # type: ignore[no-any-return]  # inner is one of six classes

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


async def test_a_run_converts_each_answer_once(tmp_path: Path, platforms: Platforms) -> None:
    """The platform's guard looks into it, the step is handed what that made, and what it took is the step's."""
    catalogue = write_catalogue(tmp_path / "one.jsonl", [FILM])
    settings = settings_for(tmp_path / "checkpoints", platforms.url, catalogue)
    heavy: dict[Platform, Heavy] = {}

    def change(parts: Parts) -> Parts:
        heavy.update({platform: Heavy(adapter) for platform, adapter in parts.adapters.items()})
        guards = {
            platform: Guard(adapter, parts.ledger, settings.decay, now=parts.now, conversions=parts.conversions)
            for platform, adapter in heavy.items()
        }
        return replace(parts, adapters=heavy, guards=guards)

    await enrich(settings, change=change)
    with closing(open_ledger(settings, now=time.time)) as ledger:
        (title_id,) = ledger.titles.active()
        settled = ledger.fetched.outcomes([title_id])[title_id]
        (steps,) = ledger.steps.slowest(1).values()
    found = {platform: one.outcome.ids for platform, one in settled.items() if one.outcome.outcome is Outcome.FOUND}
    assert len(found) == len(Platform)
    assert {platform: dict(heavy[platform].told) for platform in found} == {
        platform: dict.fromkeys(ids, 1) for platform, ids in found.items()
    }
    assert all(steps[f"convert:{platform.value}"] >= 0.02 for platform in found)
