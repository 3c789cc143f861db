"""Bodies of tasks without any Prefect server, and the pages a person reads."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest
from prefect.client.schemas.objects import State

from flows import enrich_title as flow_module
from flows.pages import artifact_key, escaped, platform_rows, record_page
from pipeline.cli.workplace import find_titles, ledger_of, load_settings, sync_if_named
from pipeline.domain.canonical import load_json
from pipeline.domain.names import Outcome, Platform
from pipeline.domain.record import AnimeRecord
from pipeline.enrich.chain import Chain, config_of
from pipeline.enrich.opening import opened
from pipeline.enrich.report import RunReport
from pipeline.ledger import Ledger
from pipeline.ledger.fetched import Settled, SettledOutcome
from pipeline.practice.faults import Fault, FaultKind

from ..enrich.rehearsing import Platforms  # noqa: TID252  # tests are folders, not an installed package

FILM_ID = "mal:900002"
SEVERAL_STEPS = ("convert", "align", "assemble")


@pytest.fixture
def ledger(checkpoints: Path) -> Iterator[Ledger]:
    with ledger_of(load_settings()) as opened_ledger:
        sync_if_named(opened_ledger, load_settings())
        yield opened_ledger


class Bench:
    """A flow run's bench, set up without a flow."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        (self.title_id,) = find_titles(ledger, [FILM_ID])
        self.report = RunReport()

    async def __aenter__(self) -> Self:
        self._parts = opened(load_settings(), self.ledger, now=time.time)
        parts = await self._parts.__aenter__()
        bench = flow_module._Bench(Chain(parts, lambda _: None), config_of(parts), self.report)
        self._token = flow_module._bench.set(bench)
        return self

    async def __aexit__(self, *_: object) -> None:
        flow_module._bench.reset(self._token)
        await self._parts.__aexit__(None, None, None)

    async def fetch(self, platform: Platform) -> State[Any]:
        state: State[Any] = await flow_module.fetch.fn(platform.value, self.title_id)
        return state

    async def decide(self, step: str) -> State[Any]:
        state: State[Any] = await flow_module.decide.fn(step, self.title_id)
        return state

    async def load(self) -> State[Any]:
        state: State[Any] = await flow_module.load.fn(self.title_id)
        return state


async def test_asking_tells_found_from_not_found(ledger: Ledger, platforms: Platforms) -> None:
    """Each outcome is a state's name; only a failure is red, and its message is the platform's."""
    async with Bench(ledger) as bench:
        with platforms.going_wrong(
            Fault(FaultKind.NOT_FOUND, Platform.ANIME_PLANET), Fault(FaultKind.HTML, Platform.ANIDB)
        ):
            states = {p: await bench.fetch(p) for p in (Platform.JIKAN, Platform.ANIME_PLANET, Platform.ANIDB)}
    assert [(s.type.value, s.name) for s in states.values()] == [
        ("COMPLETED", "Found"),
        ("COMPLETED", "Absent"),
        ("FAILED", "Failed"),
    ]
    assert "anidb" in (states[Platform.ANIDB].message or "")


async def test_a_platform_that_is_off_says_which_setting(
    ledger: Ledger, platforms: Platforms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not asked is a state of its own, with the reason."""
    monkeypatch.delenv("ANIME_ENRICH_PLATFORMS__ANIDB__CLIENT")
    async with Bench(ledger) as bench:
        state = await bench.fetch(Platform.ANIDB)
    assert (state.name, state.type.value) == ("Switched off", "COMPLETED")
    assert "platforms.anidb.client" in (state.message or "")


async def test_steps_may_be_taken_one_by_one_and_end_in_the_store(ledger: Ledger, platforms: Platforms) -> None:
    """Nothing is handed from task to task but the title's id."""
    async with Bench(ledger) as bench:
        for platform in Platform:
            await bench.fetch(platform)
        for step in SEVERAL_STEPS:
            assert (await bench.decide(step)).is_completed()
        state = await bench.load()
    assert state.name == "Completed"
    assert (bench.report.done, bench.report.points_written) == (1, 1)


async def test_torn_answers_are_asked_for_again(ledger: Ledger, platforms: Platforms, checkpoints: Path) -> None:
    """A step that finds kept answers torn asks those platforms once more, and says so."""
    async with Bench(ledger) as bench:
        for platform in Platform:
            await bench.fetch(platform)
        for blob in (checkpoints / "blobs").rglob("*.zst"):
            blob.write_bytes(blob.read_bytes()[:-9])
        before = platforms.answered()
        state = await bench.decide("convert")
        asked = platforms.since(before)
        assert state.is_completed(), state.message
        assert "asked once more: " in (state.message or "")
        assert set(asked) == {platform.value for platform in Platform}
        for step in SEVERAL_STEPS:
            assert (await bench.decide(step)).is_completed()
        assert (await bench.load()).name == "Completed"


def test_text_of_platforms_is_shown_never_obeyed() -> None:
    """No picture is loaded, no link made, no HTML let through."""
    hostile = 'A ![x](http://example.org/x.png) <img src="y"> | `z` [l](javascript:0)\n\nnext'
    assert escaped(hostile) == (r'A !\[x\](http://example.org/x.png) \<img src="y"\> \| \`z\` \[l\](javascript:0) next')
    assert escaped("Tom & Jerry: 100 % (part 1)!") == "Tom & Jerry: 100 % (part 1)!"


async def test_a_page_keeps_every_line_of_a_hostile_record(ledger: Ledger, platforms: Platforms) -> None:
    """Title, names and synopsis are escaped, the table keeps its two columns, nothing is cut."""
    async with Bench(ledger) as bench:
        for platform in Platform:
            await bench.fetch(platform)
        await bench.load()
    (title,) = ledger.titles.load([bench.title_id])
    assert title.record is not None
    record = load_json(AnimeRecord, ledger.blobs.get(title.record))
    said = ["one | two", "<script>alert(1)</script>", "![p](http://example.org)"]
    page = record_page(
        record.model_copy(update={"title": "# <b>x</b>", "synopsis": "\n".join(said), "genres": ["a|b"]}),
        result="degraded",
        note="[x](y)",
    ).splitlines()
    assert page[0] == r"# \# \<b\>x\</b\>"
    assert page[2] == r"**degraded**: \[x\](y)"
    assert r"| genres | a\|b |" in page
    assert page[-3:] == [
        r"one \| two  ",
        r"\<script\>alert(1)\</script\>  ",
        r"!\[p\](http://example.org)  ",
    ]


def test_a_key_is_readable_and_one_titles_own() -> None:
    """Names in any script give keys Prefect takes; equal names of two titles do not meet."""
    assert artifact_key("record", "K-On!! (2nd)", "0123456789") == "record-k-on-2nd-01234567"
    assert artifact_key("record", "百合", "0123456789") == "record-01234567"
    assert artifact_key("record", "same", "1" * 36) != artifact_key("record", "same", "2" * 36)
    assert len(artifact_key("platforms", "long " * 100, "0123456789")) < 80


@pytest.mark.parametrize(
    ("outcome", "again"),
    [
        (Outcome.FOUND, "from 2027-01-15 08:00Z"),
        (Outcome.ABSENT, "from 2027-01-15 08:00Z"),
        (Outcome.FAILED, "in the next run"),
        (Outcome.NOT_LISTED, "when that changes"),
        (Outcome.SWITCHED_OFF, "when that changes"),
    ],
)
def test_the_table_says_when_a_platform_is_asked_again(outcome: Outcome, again: str) -> None:
    """Each outcome has its own answer."""
    told = SettledOutcome("t", Platform.KITSU, outcome, ("1", "2"), "because", 1_800_000_000.0)
    (row,) = platform_rows([Settled(told, 0.0)])
    assert row == {
        "platform": "kitsu", "outcome": outcome.value.replace("_", " "), "why": "because", "ids": "1, 2",
        "settled": "1970-01-01 00:00Z", "asked again": again,
    }  # fmt: skip
