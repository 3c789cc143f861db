"""The queue and the locks on both engines: written together with what they belong to, and only when they change."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.names import Site, Source
from pipeline.domain.review import Lock, Review, ReviewItem, locks_digest
from pipeline.ledger import Ledger
from pipeline.ledger.learned import StoredId
from pipeline.ledger.tables import LOCKS, REVIEW_ITEMS, REVIEWS
from pipeline.ledger.titles import Finished, Release
from tests.ledger.conftest import Clock, Engine
from tests.ledger.releases import release

LOW = ReviewItem("rating", "low_confidence", "PG or R", 0.5)
ODD = ReviewItem("aired_dates", "end_before_start", "from 2 to 1", 1.0)
ASKED = ReviewItem("same_character:anilist:4", "same_character", "Ann or Anna", 0.25)
LOCK = Lock("rating", "value", '"PG"', "maria", 5.0, "the box", "basis")


def sync(ledger: Ledger, *rows: Sequence[str]) -> list[str]:
    ledger.titles.apply_release(Release(repr(rows), "file", None, len(rows), ()), release(*rows))
    return ledger.titles.active()


def finish(ledger: Ledger, reviews: dict[str, Review | None], locks: Sequence[Lock] = ()) -> None:
    ledger.titles.finish(
        [
            Finished(
                t.title_id, t.row_digest, "c", 9e9, "done", "", f"record {t.name}", None,
                review=reviews[t.title_id], locks=locks_digest(locks),
            )
            for t in ledger.titles.load(list(reviews))
        ]
    )  # fmt: skip


def shown(ledger: Ledger, **which: object) -> list[tuple[str, str]]:
    return [(one.name, one.item.code) for one in ledger.review.queue(**which)]  # type: ignore[arg-type]


def due(ledger: Ledger) -> list[str]:
    return ledger.titles.due(config="c")


def test_the_queue_is_ordered_by_uncertainty_times_people(ledger: Ledger) -> None:
    """And then by title, field and code; a field, a kind of question, a reason, a title and a number may be picked."""
    one, two = sync(ledger, ["mal:1"], ["mal:2"])
    finish(ledger, {one: Review((ASKED, LOW, ODD), 1000), two: Review((LOW, ODD), 600)})
    every = [("mal:1", ODD.code), ("mal:2", ODD.code), ("mal:1", LOW.code), ("mal:2", LOW.code), ("mal:1", ASKED.code)]
    assert shown(ledger) == every
    assert [one.priority for one in ledger.review.queue()] == [1000.0, 600.0, 500.0, 300.0, 250.0]
    assert ledger.review.queue(limit=1)[0].item == ODD
    assert shown(ledger, field="rating") == [("mal:1", LOW.code), ("mal:2", LOW.code)]
    assert shown(ledger, field="same_character") == [("mal:1", ASKED.code)]
    assert shown(ledger, field="same_") == []
    assert shown(ledger, code=ODD.code, only=two) == [("mal:2", ODD.code)]
    assert ledger.review.counts() == {ODD.code: 2, LOW.code: 2, ASKED.code: 1}
    assert ledger.review.counts(field="rating") == {LOW.code: 2}
    assert ledger.review.people([one, two, "nobody"]) == {one: 1000.0, two: 600.0}


def test_the_same_items_are_not_written_again(ledger: Ledger) -> None:
    """The next pass replaces all items of a title if one differs or its people do, and touches nothing if none does."""
    (one,) = sync(ledger, ["mal:1"])
    written: list[str] = []
    finish(ledger, {one: Review((LOW, ODD), 10)})

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        if "review" in statement and not statement.lstrip().startswith("SELECT"):
            written.append(statement)

    sa.event.listen(ledger.database._engine, "before_cursor_execute", note)
    finish(ledger, {one: Review((LOW, ODD), 10)})
    finish(ledger, {one: None})
    assert written == []
    finish(ledger, {one: Review((LOW,), 10)})
    assert written
    assert shown(ledger) == [("mal:1", LOW.code)]
    finish(ledger, {one: Review((LOW,), 20)})
    assert ledger.review.queue()[0].priority == 10.0
    finish(ledger, {one: Review()})
    assert shown(ledger) == []


def test_items_and_the_end_of_the_pass_come_together_or_not_at_all(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write that breaks off after the items leaves none."""
    (one,) = sync(ledger, ["mal:1"])
    monkeypatch.setattr("pipeline.ledger.titles._many", lambda *_: (_ for _ in ()).throw(ZeroDivisionError))
    with pytest.raises(ZeroDivisionError):
        finish(ledger, {one: Review((LOW,), 1)})
    assert shown(ledger) == []
    assert due(ledger) == [one]


def test_titles_that_are_gone_or_merged_are_not_listed(ledger: Ledger) -> None:
    """They are again when they come back."""
    one, two, three = sync(ledger, ["mal:1"], ["mal:2"], ["mal:3"])
    finish(ledger, dict.fromkeys((one, two, three), Review((LOW,), 1)))
    sync(ledger, ["mal:1", "mal:2"])
    assert shown(ledger) == [("mal:1 mal:2", LOW.code)]
    assert ledger.review.counts() == {LOW.code: 1}
    assert set(ledger.review.people([one, two, three])) == {one}
    sync(ledger, ["mal:1", "mal:2"], ["mal:3"])
    assert len(shown(ledger)) == 2


# Locks


def test_a_lock_takes_its_items_away_and_makes_the_title_due(ledger: Ledger) -> None:
    """Only that field's and that title's; it is read back as it was written, and a later one takes its place."""
    one, two = sync(ledger, ["mal:1"], ["mal:2"])
    finish(ledger, dict.fromkeys((one, two), Review((LOW, ODD), 1)))
    assert due(ledger) == []
    ledger.review.lock({one: [LOCK]})
    assert sorted(shown(ledger)) == [("mal:1", ODD.code), ("mal:2", ODD.code), ("mal:2", LOW.code)]
    assert due(ledger) == [one]
    assert ledger.review.locks([one, two]) == {one: (LOCK,)}
    assert ledger.review.locked() == [one]
    other = replace(LOCK, value='"R"', by="jo", at=6.0)
    ledger.review.lock({one: [other]})
    assert ledger.review.locks([one]) == {one: (other,)}
    ledger.review.lock({})


def test_an_unlocked_field_comes_back_with_the_next_pass(ledger: Ledger) -> None:
    """Though the items are the ones that stood before the lock; unlocking twice is told."""
    (one,) = sync(ledger, ["mal:1"])
    finish(ledger, {one: Review((LOW,), 1)})
    ledger.review.lock({one: [LOCK]})
    finish(ledger, {one: Review()}, [LOCK])
    assert due(ledger) == []
    assert ledger.review.unlock(one, "rating") == LOCK
    assert due(ledger) == [one]
    finish(ledger, {one: Review((LOW,), 1)})
    assert shown(ledger) == [("mal:1", LOW.code)]
    assert due(ledger) == []
    assert ledger.review.unlock(one, "rating") is None
    assert due(ledger) == []
    ledger.review.lock({one: [LOCK]})
    ledger.review.unlock(one, "rating")
    finish(ledger, {one: Review((LOW,), 1)})
    assert shown(ledger) == [("mal:1", LOW.code)]


def test_a_title_that_is_locked_while_a_pass_is_under_way_stays_due(ledger: Ledger) -> None:
    """The pass was made without the lock, so its items do not count either; the next one has it."""
    one, two = sync(ledger, ["mal:1"], ["mal:2"])
    ledger.review.lock({one: [LOCK]})
    finish(ledger, dict.fromkeys((one, two), Review((LOW,), 1)))
    assert shown(ledger) == [("mal:2", LOW.code)]
    assert due(ledger) == [one]
    finish(ledger, {one: Review((ODD,), 1)}, [LOCK])
    assert due(ledger) == []
    ledger.review.unlock(one, "rating")
    finish(ledger, {one: Review((ODD,), 1)}, [LOCK])
    assert due(ledger) == [one]


def test_locks_of_several_titles_are_kept_together_or_not_at_all(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of locks is one transaction."""
    one, two = sync(ledger, ["mal:1"], ["mal:2"])
    monkeypatch.setattr("pipeline.ledger.review._wake", lambda *_: (_ for _ in ()).throw(ZeroDivisionError))
    with pytest.raises(ZeroDivisionError):
        ledger.review.lock({one: [LOCK], two: [LOCK]})
    assert ledger.review.locks([one, two]) == {}


def test_a_survivor_takes_over_what_it_has_not_decided_itself(ledger: Ledger) -> None:
    """Its own locks stand; what was only seen stays behind. When the titles part, each has what was decided of it."""
    one, two = sync(ledger, ["mal:1"], ["mal:2"])
    year, seen = replace(LOCK, field="year", value="2001"), replace(LOCK, field="type", kind="seen")
    ledger.review.lock({one: [LOCK], two: [replace(LOCK, value='"R"'), year, seen]})
    sync(ledger, ["mal:1", "mal:2"])
    assert ledger.review.locks([one]) == {one: (LOCK, year)}
    assert ledger.review.locked() == [one]
    assert [ledger.titles.survivor(t) for t in (one, two, "nobody")] == [one, one, "nobody"]
    finish(ledger, {one: Review()}, [LOCK, year])
    assert due(ledger) == []
    sync(ledger, ["mal:1"], ["mal:2"])
    assert ledger.review.locks([one]) == {one: (LOCK,)}
    assert ledger.review.locks([two]) == {two: (replace(LOCK, value='"R"'), seen, year)}
    assert set(due(ledger)) == {one, two}


@pytest.mark.parametrize("is_first_later", [True, False])
def test_of_several_that_merge_the_latest_decision_counts_and_leads_back_to_its_own_title(
    ledger: Ledger, is_first_later: bool
) -> None:
    """Three into one, and that into a fourth: there is the one lock; when all part again each has its own."""
    zero, one, two, three = sync(ledger, ["mal:0"], ["mal:1"], ["mal:2"], ["mal:3"])
    late = replace(LOCK, value='"G"', at=9.0)
    mine = {two: late, three: LOCK} if is_first_later else {two: LOCK, three: late}
    ledger.review.lock({title_id: [lock] for title_id, lock in mine.items()})
    sync(ledger, ["mal:0"], ["mal:1", "mal:2", "mal:3"])
    assert ledger.titles.active() == [zero, one]
    assert ledger.review.locks([zero, one]) == {one: (late,)}
    sync(ledger, ["mal:0", "mal:1", "mal:2", "mal:3"])
    assert ledger.titles.active() == [zero]
    assert ledger.review.locks([zero]) == {zero: (late,)}
    sync(ledger, ["mal:0"], ["mal:1"], ["mal:2"], ["mal:3"])
    assert ledger.review.locks([zero, one, two, three]) == {title_id: (lock,) for title_id, lock in mine.items()}
    assert ledger.review.locked() == [two, three]


@pytest.mark.parametrize("note", ["\u202e right to left", "% _ \\ ' \"", "x" * 2000])
def test_any_text_is_kept_as_it_is(ledger: Ledger, note: str) -> None:
    """Signs that a pattern or an address would trip over too."""
    (one,) = sync(ledger, ["mal:1"])
    odd = replace(LOCK, field=f"same_character:{note[:50]}", note=note, by=note[:80])
    ledger.review.lock({one: [odd]})
    assert ledger.review.locks([one]) == {one: (odd,)}


ITEMS = st.lists(
    st.builds(ReviewItem, st.sampled_from(["a", "b", "c"]), st.sampled_from(["x", "y"]), st.just("d"), st.floats(0, 1)),
    max_size=4,
    unique_by=lambda item: (item.field, item.code),
).map(tuple)
REVIEWS_OF = st.lists(st.builds(Review, ITEMS, st.integers(1, 10**6)), min_size=3, max_size=3)


@pytest.fixture(scope="module")
def two_ledgers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Ledger]]:
    """One for titles that end together, one for titles that end one by one."""
    folder = tmp_path_factory.mktemp("queue")
    both = [Ledger(f"sqlite:///{folder / name}.sqlite3", str(folder / "blobs"), now=Clock()) for name in "ab"]
    yield both
    for ledger in both:
        ledger.close()


@settings(max_examples=12, deadline=None)
@given(reviews=REVIEWS_OF, order=st.permutations([0, 1, 2]))
def test_the_queue_does_not_depend_on_the_order_of_passes(
    two_ledgers: list[Ledger], reviews: list[Review], order: list[int]
) -> None:
    """One title after the other in any order, or all at once; whatever stood before."""
    queues = []
    for ledger, steps in zip(two_ledgers, ([[0, 1, 2]], [[n] for n in order]), strict=True):
        titles = sync(ledger, ["mal:1"], ["mal:2"], ["mal:3"])
        for step in steps:
            finish(ledger, {titles[n]: reviews[n] for n in step})
        queues.append(ledger.review.queue())
    assert queues[0] == queues[1]
    assert len(queues[0]) == sum(len(review.items) for review in reviews)
    priorities = [one.priority for one in queues[0]]
    assert priorities == sorted(priorities, reverse=True)


def test_an_older_ledger_gets_the_tables(engine: Engine, open_ledger: Callable[[str], Ledger]) -> None:
    """A ledger of before there was a queue opens and has an empty one."""
    url = engine.fresh()
    ledger = open_ledger(url)
    with ledger.database.write() as c:
        for table in (LOCKS, REVIEWS, REVIEW_ITEMS):
            c.execute(sa.schema.DropTable(table))
        c.execute(sa.text("delete from ledger_version where version = 6"))
    again = open_ledger(url)
    assert again.review.queue() == []
    assert again.review.locked() == []


# Ids


def own(id_: str, answer: str, *, at: float = 5.0) -> Lock:
    return Lock(f"platform_id:kitsu:{id_}", "answer", f'{{"chosen":"{answer}","options":["yes","no"]}}', "maria", at)


def learned_by(ledger: Ledger, *title_ids: str) -> None:
    for title_id in title_ids:
        ledger.learned.replace({title_id: [StoredId(Site.KITSU, "5", "learned", (Source.MAL,), "", "")]})


def owners(ledger: Ledger) -> dict[str, str]:
    return {id_: title_id for (_, id_), (title_id, _) in ledger.review.own_ids().items()}


def test_an_id_given_to_one_title_is_taken_from_the_others_and_wakes_who_speaks_of_it(ledger: Ledger) -> None:
    """A title that only says it is looked at again too, one that does not is left alone; taking it back wakes them."""
    one, two, three, four = sync(ledger, ["mal:1"], ["mal:2"], ["mal:3"], ["mal:4"])
    disputed = ReviewItem("platform_ids", "id_disputed", "mal says kitsu:5; anidb says kitsu:6", 0.5)
    learned_by(ledger, one, two)
    ledger.titles.note_mentions({two: ["kitsu:5"], three: ["kitsu:5"], four: ["kitsu:55"]})
    every = dict.fromkeys((one, two, three, four), Review((disputed, LOW)))
    finish(ledger, every)
    assert due(ledger) == []
    ledger.review.lock({one: [own("5", "yes")]})
    assert sorted(due(ledger)) == sorted([one, two, three])
    assert ledger.learned.holders(Site.KITSU, "5") == [one]
    assert shown(ledger, only=one) == [("mal:1", LOW.code)]
    assert owners(ledger) == {"5": one}
    finish(ledger, every)
    ledger.review.unlock(one, "platform_id:kitsu:5")
    assert sorted(due(ledger)) == sorted([one, two, three])
    assert owners(ledger) == {}


def test_a_refused_id_is_forgotten_where_it_was_refused(ledger: Ledger) -> None:
    """And owned by nobody."""
    one, two = sync(ledger, ["mal:1"], ["mal:2"])
    learned_by(ledger, one, two)
    ledger.review.lock({one: [own("5", "no")]})
    assert ledger.learned.holders(Site.KITSU, "5") == [two]
    assert owners(ledger) == {}


def test_an_id_its_row_lists_is_the_titles_until_it_is_refused_there(ledger: Ledger) -> None:
    """Another title's refusal changes nothing; the registry keeps what the catalogue says, taken back it stands."""

    def seen() -> list[tuple[tuple[str, ...], tuple[tuple[Site, str], ...], dict[str, str]]]:
        known = ledger.titles.known_ids([(Site.KITSU, "5"), (Site.KITSU, "6")])
        return [(title.ids.get(Site.KITSU, ()), title.refused, known) for title in ledger.titles.load([one, two])]

    one, two = sync(ledger, ["mal:1", "kitsu:5", "kitsu:6"], ["mal:2"])
    ledger.titles.note_mentions({two: ["kitsu:5"]})
    finish(ledger, dict.fromkeys((one, two), Review((LOW,))))
    whole = {"kitsu:5": one, "kitsu:6": one}
    ledger.review.lock({two: [own("6", "no")]})
    assert seen() == [(("5", "6"), (), whole), ((), (), whole)]
    ledger.review.lock({one: [own("5", "no")]})
    assert sorted(due(ledger)) == sorted([one, two])
    assert seen() == [(("6",), ((Site.KITSU, "5"),), {"kitsu:6": one}), ((), (), {"kitsu:6": one})]
    assert ledger.titles.find_by_id(Site.KITSU, "5") == one
    ledger.review.unlock(one, "platform_id:kitsu:5")
    assert seen() == [(("5", "6"), (), whole), ((), (), whole)]


def test_an_id_goes_with_its_title_into_a_merge_and_back(ledger: Ledger) -> None:
    """Also against a refusal of the survivor's own; of two that were given it the later decision counts."""
    one, two = sync(ledger, ["mal:1"], ["mal:2"])
    ledger.review.lock({two: [own("5", "yes")], one: [own("5", "no", at=9.0), own("6", "yes")]})
    assert sync(ledger, ["mal:1", "mal:2"]) == [one]
    assert owners(ledger) == {"5": one, "6": one}
    assert set(sync(ledger, ["mal:1"], ["mal:2"])) == {one, two}
    assert owners(ledger) == {"5": two, "6": one}
    ledger.review.lock({one: [own("5", "yes", at=10.0)]})
    assert owners(ledger)["5"] == one
    ledger.review.lock({one: [own("5", "yes", at=1.0)]})
    assert owners(ledger)["5"] == two
