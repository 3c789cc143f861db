"""The registry in the database: releases applied, titles due, mentions that wake."""

from collections.abc import Callable, Sequence

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.domain.names import Platform, Site
from pipeline.ledger import Ledger
from pipeline.ledger.identity import ListedRow
from pipeline.ledger.quarantine import Quarantine
from pipeline.ledger.tables import IDS, TITLES, URLS
from pipeline.ledger.titles import Finished, Release, SyncReport
from pipeline.ledger.vectors import LoadedPoint
from tests.ledger.conftest import Clock
from tests.ledger.releases import Registry, release, row, url


def sync(ledger: Ledger, rows: Sequence[ListedRow], digest: str = "r", bad: tuple[str, ...] = ()) -> SyncReport:
    return ledger.titles.apply_release(Release(digest, "file", None, len(rows), bad), rows)


def finish(ledger: Ledger, *title_ids: str, due_at: float = 9e9, result: str = "done") -> None:
    titles = ledger.titles.load(title_ids)
    ledger.titles.finish(
        [Finished(t.title_id, t.row_digest, "c", due_at, result, "", f"record {t.name}", None) for t in titles]
    )


def states(ledger: Ledger) -> dict[str, tuple[str, str | None]]:
    query = sa.select(TITLES.c.title_id, TITLES.c.state, TITLES.c.merged_into)
    with ledger.database.read() as c:
        return {t: (state, into) for t, state, into in c.execute(query)}


def test_a_release_is_reported_and_remembered(ledger: Ledger, clock: Clock) -> None:
    """Counts by kind; the latest release is known by its digest, an earlier one is not."""
    clock.tick = 1.0
    assert ledger.titles.latest_release() is None
    report = sync(ledger, release(["mal:1"], ["mal:2"], ["mal:3"]), "one", bad=("row 9: cut",))
    assert (report.rows, report.created, report.bad_rows) == (3, 3, ("row 9: cut",))
    report = sync(ledger, release(["mal:1", "mal:2"], ["mal:4"]), "two")
    assert (report.created, report.updated, report.merged, report.gone) == (1, 1, 1, 1)
    report = sync(ledger, release(["mal:1"], ["mal:2"], ["mal:4"]), "three")
    assert (report.updated, report.split, report.created) == (2, 1, 0)
    latest = ledger.titles.latest_release()
    assert latest is not None
    assert latest == ledger.titles.release_of("three")
    assert ledger.titles.release_of("one") is None
    sync(ledger, release(["mal:1"]), "one", bad=("row 9: cut",))
    again = ledger.titles.release_of("one")
    assert again is not None
    assert again.bad_rows == ("row 9: cut",)


def test_titles_of_one_release_are_of_one_age(ledger: Ledger, clock: Clock) -> None:
    """Even while the clock runs: the order of rows must not make one elder."""
    clock.tick = 1.0
    sync(ledger, release(["mal:2"], ["mal:1"]))
    with ledger.database.read() as c:
        assert len(set(c.execute(sa.select(TITLES.c.first_seen)).scalars())) == 1


KEYS = [f"{site}:{n}" for site in ("mal", "kitsu", "other") for n in (1, 2)]
ROWS = st.lists(st.lists(st.sampled_from(KEYS), min_size=1, max_size=4, unique=True), max_size=5)


@given(st.lists(ROWS, min_size=1, max_size=5))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_database_keeps_what_the_plan_says(ledger: Ledger, clock: Clock, releases: list[list[list[str]]]) -> None:
    """After every release tables and plan agree, and nothing leads to a merged title, through chains of merges."""
    with ledger.database.write() as c:
        for table in (TITLES, URLS, IDS):
            c.execute(sa.delete(table))
    registry = Registry()
    for rows in releases:
        clock.wait(1)
        sync(ledger, release(*rows))
        registry.apply(release(*rows))
        found = states(ledger)
        assert {t: state for t, (state, _) in found.items()} == {t: k.state for t, k in registry.titles.items()}
        with ledger.database.read() as c:
            assert dict(c.execute(sa.select(URLS.c.url, URLS.c.title_id)).all()) == registry.urls
            ids = {(Site(s), i): (t, n) for s, i, t, n in c.execute(sa.select(IDS))}
        assert ids == {key: (t, int(key not in registry.unlisted)) for key, t in registry.ids.items()}
        for state, into in found.values():
            assert (into is not None) == (state == "merged")
            assert into is None or found[into][0] != "merged"
    assert ledger.titles.active() == [registry.plan(release(*releases[-1])).owners[n] for n in range(len(releases[-1]))]


def test_a_release_that_cannot_be_applied_leaves_the_one_before(ledger: Ledger) -> None:
    """One transaction: a fault in the middle undoes all of it."""
    sync(ledger, release(["mal:1"]), "one")
    bad = ListedRow(0, None, (url("mal:2"),), (), b"", "d")  # type: ignore[arg-type]  # breaks a rule of the table
    with pytest.raises(sa.exc.IntegrityError):
        sync(ledger, [bad], "two")
    assert [t.name for t in ledger.titles.load(ledger.titles.active())] == ["mal:1"]
    assert ledger.titles.release_of("one") is not None


def test_only_listed_ids_are_asked_for_but_all_lead_to_the_title(ledger: Ledger) -> None:
    """A source the catalogue takes back is no longer the title's; who looks it up still finds the title."""
    sync(ledger, release(["mal:1", "mal:2", "anilist:5"]))
    (title_id,) = ledger.titles.active()
    finish(ledger, title_id)
    sync(ledger, release(["mal:1", "anilist:7"]))
    (title,) = ledger.titles.load([title_id])
    assert title.ids == {Site.MAL: ("1",), Site.ANILIST: ("7",)}
    assert ledger.titles.find_by_id(Site.ANILIST, "5") == title_id
    assert ledger.titles.known_ids([(Site.MAL, "2"), (Site.MAL, "3")]) == {"mal:2": title_id}
    sync(ledger, release(["mal:1", "anilist:5"]))
    assert ledger.titles.load([title_id])[0].ids[Site.ANILIST] == ("5",)


def test_a_merged_title_leads_to_its_keeper(ledger: Ledger, clock: Clock) -> None:
    """By id, through two merges, with the events of both; its point is to be retired, the others' are not."""
    for rows in ([["mal:1"]], [["mal:1"], ["mal:2"]], [["mal:1"], ["mal:2"], ["mal:3"]]):
        clock.wait(1)
        sync(ledger, release(*rows))
    one, two, three = ledger.titles.active()
    ledger.vectors.acknowledge([LoadedPoint(t, "here", "k", {}) for t in (one, two, three)])
    sync(ledger, release(["mal:1"], ["mal:2", "mal:3"]))
    assert ledger.titles.retired("here") == [three]
    sync(ledger, release(["mal:1", "mal:2"]))
    assert ledger.titles.find_by_id(Site.MAL, "3") == one
    assert states(ledger)[three] == ("merged", one)
    assert ledger.titles.retired("here") == sorted([two, three])
    assert ledger.titles.retired("elsewhere") == []
    assert [(e.title_id, e.other) for e in ledger.titles.events(three)] == [(two, three)]
    assert {e.kind for e in ledger.titles.events()} == {"merged"}
    ledger.vectors.forget([two, three])
    assert ledger.titles.retired("here") == []


def test_a_gone_title_keeps_its_point_and_comes_back(ledger: Ledger) -> None:
    """It is not active, not due, and keeps its record: a smaller file must not empty the store."""
    sync(ledger, release(["mal:1"], ["mal:2"]))
    gone, stays = ledger.titles.active()
    finish(ledger, gone, stays)
    ledger.vectors.acknowledge([LoadedPoint(gone, "here", "k", {})])
    sync(ledger, release(["mal:2"]))
    assert (ledger.titles.active(), ledger.titles.retired("here")) == ([stays], [])
    assert ledger.titles.due(config="other") == [stays]
    assert ledger.titles.find_by_id(Site.MAL, "1") == gone
    sync(ledger, release(["mal:2"], ["mal:1"]))
    assert (ledger.titles.active(), ledger.titles.retired("here")) == ([stays, gone], [])
    assert ledger.titles.load([gone])[0].record == "record mal:1"


def test_a_shared_url_is_told_once(ledger: Ledger) -> None:
    """Not in every release that still has it."""
    for note in ("a", "b", "c"):
        sync(ledger, [row(0, "mal:1", "mal:2", note=note), row(1, "mal:2", note=note)])
    assert [e.kind for e in ledger.titles.events()] == ["shared"]


def test_what_is_due(ledger: Ledger, clock: Clock) -> None:
    """Never done, done from another row or configuration, or out of date; in the order of the catalogue."""
    sync(ledger, release(["mal:1"], ["mal:2"], ["mal:3"]))
    one, two, three = ledger.titles.active()
    assert ledger.titles.due(config="c") == [one, two, three]
    finish(ledger, one, two, three, due_at=clock.time + 100)
    assert ledger.titles.due(config="c") == []
    assert ledger.titles.due(config="d", only=[three, two]) == [two, three]
    clock.wait(99.5)
    assert ledger.titles.due(config="c") == []
    clock.wait(0.5)
    assert ledger.titles.due(config="c") == [one, two, three]
    finish(ledger, one, two, three)
    sync(ledger, [row(0, "mal:3"), row(1, "mal:2", note="changed"), row(2, "mal:1")])
    assert ledger.titles.due(config="c") == [two]
    assert ledger.titles.active() == [three, two, one]


def test_the_end_of_a_pass_is_kept(ledger: Ledger, clock: Clock) -> None:
    """Result, note, record and time; counted by result."""
    sync(ledger, release(["mal:1"], ["mal:2"], ["mal:3"]))
    one, two, _ = ledger.titles.active()
    finish(ledger, one)
    ledger.titles.finish([Finished(two, "d", "c", 0.0, "failed", "why", None, None)])
    ledger.titles.finish([])
    title = ledger.titles.load([one])[0]
    assert (title.result, title.record, title.finished_at) == ("done", "record mal:1", clock.time)
    assert ledger.titles.load([two])[0].note == "why"
    assert ledger.titles.results() == {"done": 1, "failed": 1, "waiting": 1}
    assert [t.title_id for t in ledger.titles.finished()] == [one]
    assert list(ledger.titles.finished(only=[two])) == []


@pytest.mark.parametrize("change", ["found", "taken over", "merged"])
def test_a_title_that_speaks_of_an_id_wakes_when_it_changes_hands(ledger: Ledger, change: str) -> None:
    """When it gets an owner, when another gets it, when its owner is merged; others sleep on."""
    start = {
        "found": [["mal:1"], ["mal:2"], ["mal:3"]],
        "taken over": [["mal:1"], ["mal:2"], ["mal:3", "kitsu:9"]],
        "merged": [["mal:1"], ["mal:2"], ["mal:3"], ["kitsu:9"]],
    }[change]
    sync(ledger, release(*start))
    speaker, silent = ledger.titles.active()[:2]
    ledger.titles.note_mentions({speaker: ["kitsu:9", "mal:77"], silent: ["mal:78"]})
    ledger.titles.note_mentions({speaker: ["kitsu:9", "mal:79"]})
    finish(ledger, *ledger.titles.active())
    sync(ledger, [row(n, *keys) for n, keys in enumerate(start)])
    assert ledger.titles.due(config="c") == []
    after = (
        [["mal:1"], ["mal:2"], ["mal:3", "kitsu:9"]]
        if change != "taken over"
        else [["mal:1"], ["mal:2"], ["mal:3"], ["kitsu:9"]]
    )
    sync(ledger, release(*after))
    due = ledger.titles.due(config="c")
    assert speaker in due
    assert silent not in due


def test_a_title_whose_ids_change_wakes_though_its_row_does_not(ledger: Ledger) -> None:
    """Two rows share a source; the one that had it leaves, and the other gets it."""
    sync(ledger, release(["mal:1", "kitsu:1"], ["kitsu:1"]))
    waiting, had = ledger.titles.active()
    assert ledger.titles.load([waiting])[0].ids == {Site.MAL: ("1",)}
    finish(ledger, waiting, had)
    sync(ledger, release(["mal:1", "kitsu:1"]))
    assert ledger.titles.load([waiting])[0].ids == {Site.MAL: ("1",), Site.KITSU: ("1",)}
    assert ledger.titles.due(config="c") == [waiting]


def test_titles_are_found_by_name(ledger: Ledger) -> None:
    """Exactly, whatever the case and the letters; else by a part, shortest first, signs taken as they are."""
    names = ("Éclair", "100% Orange", "100 Oranges and more", "ABC", "An ABC of it")
    sync(ledger, [row(n, f"mal:{n}", name=name) for n, name in enumerate(names)])

    def found(text: str) -> list[str]:
        return [name for _, name in ledger.titles.find_by_name(text)]

    assert found("éclair") == ["Éclair"]
    assert found("abc") == ["ABC"]
    assert found("orange") == ["100% Orange", "100 Oranges and more"]
    assert found("100%") == ["100% Orange"]
    assert found("a_c") == []


def test_unknown_titles_are_left_out(ledger: Ledger) -> None:
    """Loading keeps the order asked, over more titles than one statement takes."""
    sync(ledger, release(*([f"mal:{n}"] for n in range(1, 1201))))
    wanted = ledger.titles.active()[::-1]
    assert [t.title_id for t in ledger.titles.load(["nobody", *wanted])] == wanted
    assert ledger.titles.find_by_id(Site.MAL, "9999") is None


def test_two_ledgers_of_one_database_agree(engine: object, open_ledger: Callable[[str], Ledger]) -> None:
    """What one process writes the other reads at once."""
    address = engine.fresh()  # type: ignore[attr-defined]  # conftest's Engine
    first, second = open_ledger(address), open_ledger(address)
    sync(first, release(["mal:1"]))
    assert second.titles.active() == first.titles.active() != []


def test_a_title_that_ends_while_another_process_takes_words_back_stays_due(ledger: Ledger, clock: Clock) -> None:
    """A quarantine that was not known when the outcomes were read: the pass does not count. One that was: it does."""
    sync(ledger, release(["mal:1"]))
    (stored,) = ledger.titles.load(ledger.titles.active())
    end = Finished(stored.title_id, stored.row_digest, "c", 9e9, "done", "", None, None)
    ledger.quarantines.impose(Platform.JIKAN, Quarantine(clock.time, clock.time + 100, "no score", {}), [])
    ledger.titles.finish([end], standing=())
    assert ledger.titles.due(config="c") == [stored.title_id]
    ledger.titles.finish([end], standing=[Platform.JIKAN])
    assert ledger.titles.due(config="c") == []
