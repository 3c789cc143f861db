"""What both engines promise alike."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from pipeline.errors import Broken, Misconfigured
from pipeline.store import Point, VectorStore, Where

from .conftest import AXES, point, title_id


def test_written_points_are_found_nearest_first_with_payload(store: VectorStore) -> None:
    """Cosine order, the score with it, and the payload as it was given."""
    store.write_points([point(n) for n in range(4)])
    hits = store.query("title", AXES[0], 2)
    assert [hit.title_id for hit in hits] == [title_id(0), title_id(3)]
    assert hits[0].score == pytest.approx(1.0, abs=0.02)
    assert hits[1].score == pytest.approx(0.6, abs=0.02)
    assert hits[0].payload == point(0).payload


def test_loading_twice_is_loading_once(store: VectorStore) -> None:
    """The id decides: the same points again change neither count nor content."""
    for _ in range(2):
        store.write_points([point(n) for n in range(7)])
    assert store.count() == 7
    assert sorted(store.scroll_ids()) == sorted(title_id(n) for n in range(7))


def test_writing_a_point_drops_vectors_it_no_longer_has(store: VectorStore) -> None:
    """A whole write is the whole point."""
    store.write_points([point(1, title=AXES[0], synopsis=AXES[1])])
    store.write_points([point(1, title=AXES[0])])
    assert store.query("synopsis", AXES[1], 5) == []
    assert store.read_fingerprints([title_id(1)]) == {title_id(1): {"title": "title-1"}}


def test_update_changes_one_vector_and_keeps_the_others(store: VectorStore) -> None:
    """One changed text is one changed vector; the payload is replaced with it."""
    store.write_points([point(1, title=AXES[0], synopsis=AXES[1]), point(3)])
    new = Point(title_id(1), {"title": AXES[2]}, {"title": "new", "fingerprints": {"title": "n", "synopsis": "s"}})
    store.update_vectors([new])
    assert store.query("title", AXES[2], 1)[0].payload == new.payload
    assert store.query("synopsis", AXES[1], 1)[0].title_id == title_id(1)
    assert store.read_fingerprints([title_id(1)]) == {title_id(1): {"title": "n", "synopsis": "s"}}


def test_update_without_vectors_changes_the_payload_only(store: VectorStore) -> None:
    """A new score is no reason to write vectors."""
    store.write_points([point(1)])
    store.update_vectors([Point(title_id(1), {}, {"score": 7.5})])
    hit = store.query("title", AXES[1], 1)[0]
    assert hit.payload == {"score": 7.5}
    assert hit.score == pytest.approx(1.0, abs=0.02)


def test_update_of_a_point_that_is_not_stored_is_refused_before_any_write(store: VectorStore) -> None:
    """Half a point must not come to be, and the stored neighbour stays as it was."""
    store.write_points([point(1)])
    changed = Point(title_id(1), {"title": AXES[3]}, {"title": "changed"})
    with pytest.raises(Broken, match=title_id(9)):
        store.update_vectors([changed, point(9)])
    assert store.count() == 1
    assert store.query("title", AXES[1], 1)[0].payload["title"] == "Title 1"


def test_vectors_of_fields_that_became_absent_are_taken_off(store: VectorStore) -> None:
    """The point stays, the vector is gone; taking off what is not there is no error."""
    store.write_points([point(1), point(2)])
    store.delete_vectors([title_id(1), title_id(99)], ["synopsis"])
    assert [hit.title_id for hit in store.query("synopsis", AXES[2], 5)] == [title_id(2)]
    assert store.count() == 2
    store.delete_vectors([title_id(1)], [])


def test_deleted_points_are_gone_and_deleting_again_is_no_error(store: VectorStore) -> None:
    """A merged title's point goes, once or twice."""
    store.write_points([point(n) for n in range(5)])
    for _ in range(2):
        store.delete_points([title_id(0), title_id(3)])
    assert sorted(store.scroll_ids()) == sorted(title_id(n) for n in (1, 2, 4))
    store.delete_points([])


def test_fingerprints_are_read_for_stored_titles_only(store: VectorStore) -> None:
    """Not stored is not the same as stored without vectors."""
    store.write_points([point(1), Point(title_id(2), {}, {"title": "no vector"})])
    assert store.read_fingerprints([title_id(1), title_id(2), title_id(3)]) == {
        title_id(1): {"title": "title-1", "synopsis": "synopsis-1"},
        title_id(2): {},
    }
    assert store.read_fingerprints([]) == {}


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ((Where("genres", any_of=("Comedy",)),), {0, 3, 6}),
        ((Where("genres", any_of=("Comedy", "Drama")),), set(range(8))),
        ((Where("year", at_least=2005),), {5, 6, 7}),
        ((Where("year", at_least=2002, at_most=2003),), {2, 3}),
        ((Where("flags", any_of=("nsfw",)), Where("year", at_most=2003)), {0, 2}),
        ((Where("year", any_of=(2001, 2007)),), {1, 7}),
        ((Where("genres", any_of=("Horror",)),), set()),
    ],
)
def test_conditions_narrow_a_search(store: VectorStore, where: tuple[Where, ...], found: set[int]) -> None:
    """One of some values, a number within bounds, and all conditions together."""
    store.write_points([point(n) for n in range(8)])
    ids = {title_id(n) for n in found}
    assert {hit.title_id for hit in store.query("title", AXES[0], 20, where)} == ids
    assert {hit.title_id for hit in store.query_fused({"title": AXES[0]}, 20, where)} == ids


@pytest.mark.parametrize("wrong", [{"any_of": (True,)}, {}, {"any_of": ()}])
def test_conditions_that_would_find_nothing_or_everything_are_refused(wrong: dict[str, tuple[bool, ...]]) -> None:
    """The embedded engine finds nothing by a boolean; an empty condition would quietly be no condition."""
    with pytest.raises(Broken, match="nsfw"):
        Where("nsfw", **wrong)  # type: ignore[arg-type]


def test_fused_search_prefers_what_several_vectors_agree_on(store: VectorStore) -> None:
    """Second by both vectors beats first by one alone."""
    store.write_points(
        [
            point(1, title=AXES[0]),
            point(2, title=AXES[3], synopsis=AXES[3]),
            point(3, synopsis=AXES[1]),
        ]
    )
    hits = store.query_fused({"title": AXES[0], "synopsis": AXES[1]}, 3)
    assert hits[0].title_id == title_id(2)
    assert hits[0].payload["title"] == "Title 2"


WRONG = {
    "unknown name": Point(title_id(5), {"titel": AXES[0]}, {}),
    "wrong length": Point(title_id(5), {"cover": AXES[0]}, {}),
    "empty": Point(title_id(5), {"title": []}, {}),
    "NaN": Point(title_id(5), {"title": [math.nan, 0.0, 0.0, 1.0]}, {}),
    "infinity": Point(title_id(5), {"title": [math.inf, 0.0, 0.0, 1.0]}, {}),
    "zeros": Point(title_id(5), {"title": [0.0] * 4}, {}),
    "too long": Point(title_id(5), {"title": [1.01, 0.0, 0.0, 0.0]}, {}),
    "no uuid": Point("mal:1", {"title": AXES[0]}, {}),
    "other spelling of a uuid": Point(title_id(5).upper(), {"title": AXES[0]}, {}),
    "payload is not JSON": Point(title_id(5), {"title": AXES[0]}, {"when": {1, 2}}),  # type: ignore[dict-item]
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_one_wrong_point_refuses_the_batch_before_anything_is_written(store: VectorStore, wrong: Point) -> None:
    """Both engines would take half a batch, NaN and zeros without a word; the port takes none of it."""
    with pytest.raises(Broken):
        store.write_points([point(1), point(2), point(3), point(4), wrong])
    assert store.count() == 0


def test_wrong_questions_are_refused(store: VectorStore) -> None:
    """A query is checked as a write is."""
    with pytest.raises(Broken, match="titel"):
        store.query("titel", AXES[0], 3)
    with pytest.raises(Broken, match="wants 4"):
        store.query_fused({"title": [1.0]}, 3)
    with pytest.raises(Broken, match="synopsys"):
        store.delete_vectors([title_id(1)], ["synopsys"])
    with pytest.raises(Broken, match="not a title_id"):
        store.read_fingerprints(["1"])
    with pytest.raises(Broken, match="not a title_id"):
        store.delete_points(["1"])


def test_rows_of_arrays_are_vectors_too(store: VectorStore) -> None:
    """What an encoder gives can be written as it is."""
    row = np.array([AXES[3]], dtype=np.float32)[0]
    store.write_points([point(1, title=row)])
    assert store.query("title", row, 1)[0].score == pytest.approx(1.0, abs=0.02)


def test_everything_is_there_when_opened_again(open_again: Callable[[], VectorStore]) -> None:
    """Closed and opened, a collection has its points and its id."""
    first = open_again()
    first.ensure_schema()
    first.write_points([point(n) for n in range(5)])
    first.optimize()
    known = first.collection_id
    first.close()
    second = open_again()
    second.ensure_schema()
    assert second.collection_id == known
    assert second.count() == 5
    assert second.query("title", AXES[0], 1)[0].title_id in {title_id(0), title_id(4)}
    second.close()
    second.close()


def test_a_store_that_was_not_opened_says_so(open_again: Callable[[], VectorStore]) -> None:
    """The collection's id is known only once the collection is."""
    store = open_again()
    with pytest.raises(Misconfigured, match="ensure_schema"):
        _ = store.collection_id
    store.close()


def test_more_ids_than_one_page_are_scrolled(store: VectorStore) -> None:
    """Scrolling goes on after the first page, and fingerprints are read over several."""
    store.write_points([point(n, title=AXES[n % 4]) for n in range(300)])
    ids = list(store.scroll_ids())
    assert len(ids) == len(set(ids)) == 300
    assert len(store.read_fingerprints(ids)) == 300
