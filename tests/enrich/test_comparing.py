"""What two runs over practice platforms differ in, through the real chain and the real ledger."""

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from pipeline.domain.names import Platform
from pipeline.enrich.comparing import TitleChange, choose_span, compare_span
from pipeline.enrich.opening import open_ledger
from pipeline.practice.faults import Fault, FaultKind
from pipeline.settings import Settings

from .rehearsing import FILM, RADIO, Platforms, enrich, settings_for, write_catalogue

INN = "Mayonaka no Yado"


def runs_of(settings: Settings) -> list[str]:
    """Ids, oldest first."""
    with closing(open_ledger(settings, now=time.time)) as ledger:
        return [run.run_id for run in reversed(ledger.runs.latest())]


def changes_of(settings: Settings, *runs: str, field: str | None = None) -> dict[str, TitleChange]:
    with closing(open_ledger(settings, now=time.time)) as ledger:
        return {one.name: one for one in compare_span(ledger, choose_span(ledger, runs), field=field)}


def place(folder: Path, platforms: Platforms, *titles: str) -> tuple[Settings, Callable[..., None]]:
    catalogue = write_catalogue(folder / "catalogue.jsonl", titles)

    def list_rows(*listed: str, change: Callable[[dict[str, Any]], None] = lambda _: None) -> None:
        write_catalogue(Path(catalogue), listed, change)

    return settings_for(folder / "checkpoints", platforms.url, catalogue), list_rows


async def test_a_changed_row_changes_just_what_it_says(tmp_path: Path, platforms: Platforms) -> None:
    """A new synonym and another source URL in one row: what follows from them, with rule and source."""
    settings, list_rows = place(tmp_path, platforms, FILM, INN)
    await enrich(settings)
    assert {name: one.is_new for name, one in changes_of(settings).items()} == {FILM: True, INN: True}

    def change(row: dict[str, Any]) -> None:
        if row["title"] == INN:
            row["synonyms"] = [*row["synonyms"], "The Very Late Inn"]
            row["sources"] = [*row["sources"], "https://notify.moe/anime/late-inn"]

    list_rows(FILM, INN, change=change)
    await enrich(settings)
    (changed,) = changes_of(settings).values()
    assert (changed.name, changed.old_result, changed.new_result) == (INN, "done", "done")
    fields = {one.field: one for one in changed.fields}
    assert list(fields) == ["synonyms", "sources", "platform_ids", "enrichment_metadata"]
    assert [name for name, _ in fields["enrichment_metadata"].change.changed] == ["completeness"]  # had no synonyms
    assert fields["platform_ids"].change.as_json() == {"added": [{"name": "notify_moe", "value": ["late-inn"]}]}
    assert [name for name, _ in fields["synonyms"].change.added] == ["The Very Late Inn"]
    assert not fields["synonyms"].change.removed
    assert not fields["synonyms"].change.changed
    reason = fields["synonyms"].reason
    assert reason is not None
    assert reason.method == "rule:names_united@1"
    assert "catalogue" in reason.sources
    assert set(changes_of(settings, field="sources")) == {INN}
    assert changes_of(settings, field="year") == {}


async def test_an_idle_run_changes_nothing_and_is_no_run(tmp_path: Path, platforms: Platforms) -> None:
    """The last finished run stays the one that did something; between it and itself nothing differs."""
    settings, _ = place(tmp_path, platforms, INN)
    await enrich(settings)
    await enrich(settings)
    (run,) = runs_of(settings)
    assert changes_of(settings, run[:6]) == {}
    assert set(changes_of(settings)) == {INN}


async def test_any_two_runs_are_compared(tmp_path: Path, platforms: Platforms) -> None:
    """From the first to the third both later changes, from the second only one; backwards, the old is new again."""
    settings, list_rows = place(tmp_path, platforms, INN)
    await enrich(settings)

    def called(*names: str) -> Callable[[dict[str, Any]], None]:
        return lambda row: row.update(synonyms=[*row["synonyms"], *names])

    list_rows(INN, change=called("One"))
    await enrich(settings)
    list_rows(INN, FILM, change=called("One", "Two"))
    await enrich(settings)
    first, second, third = runs_of(settings)

    def added(*runs: str) -> list[str]:
        return [name for name, _ in changes_of(settings, *runs)[INN].fields[0].change.added]

    assert added(first, third) == added(first) == ["One", "Two"]
    assert added(second, third) == ["Two"]
    back = changes_of(settings, third, first)
    assert [name for name, _ in back[INN].fields[0].change.removed] == ["One", "Two"]
    assert FILM not in back


async def test_results_new_and_lost_titles_are_told(tmp_path: Path, platforms: Platforms) -> None:
    """Done to degraded when a platform fails, a title that came, one that the catalogue dropped."""
    settings, list_rows = place(tmp_path, platforms, FILM, RADIO)
    await enrich(settings)
    list_rows(FILM, INN, change=lambda row: row.update(synonyms=[*row["synonyms"], "Changed"]))
    with platforms.going_wrong(Fault(FaultKind.ERROR_500, platform=Platform.KITSU)):
        in_a_year = settings_for(settings.checkpoints, platforms.url, settings.catalogue)
        await enrich(in_a_year, now=lambda: time.time() + 400 * 86_400)
    changes = changes_of(settings)
    assert {name: (one.old_result, one.new_result) for name, one in changes.items()} == {
        FILM: ("done", "degraded"), INN: (None, "degraded"), RADIO: ("done", "gone"),
    }  # fmt: skip
    assert "enrichment_metadata" in {one.field for one in changes[FILM].fields}
    assert changes[RADIO].fields == ()


async def test_a_torn_record_is_named_and_the_others_are_compared(tmp_path: Path, platforms: Platforms) -> None:
    """The sentence says what to do; the title beside it has its change."""
    settings, list_rows = place(tmp_path, platforms, FILM, INN)
    await enrich(settings)
    with closing(open_ledger(settings, now=time.time)) as ledger:
        (film,) = [title for title in ledger.titles.load(ledger.titles.active()) if title.name == FILM]
    list_rows(FILM, INN, change=lambda row: row.update(synonyms=[*row["synonyms"], "Changed"]))
    await enrich(settings)
    assert film.record is not None
    (blob,) = [path for path in settings.checkpoints.rglob(f"*{film.record[2:]}*") if path.is_file()]
    blob.write_bytes(blob.read_bytes()[:100])
    changes = changes_of(settings)
    assert "torn" in changes[FILM].problem or "damaged" in changes[FILM].problem
    assert [one.field for one in changes[INN].fields] == ["synonyms", "enrichment_metadata"]
