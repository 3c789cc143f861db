"""The goals of the matching on the titles it is tuned on; the others are for ``make eval-matching`` alone."""

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.domain.source_title import SourceTitle
from tests.evaluation.labels import Labelled, read_labels
from tests.evaluation.matching import ASKED, below, total
from tests.evaluation.measuring import Measured, measure, measure_all
from tests.evaluation.recorded import HELD_OUT, TITLES, TUNING
from tests.evaluation.tally import Tally, wilson

BEBOP, SHELTER = TITLES[0], TITLES[3]


@pytest.fixture(scope="module")
def tuned(recordings: Path) -> dict[str, list[Measured]]:
    return {name: list(measure_all(recordings, TUNING, name)) for name in ASKED}


def test_the_goals_are_met_where_the_rules_are_tuned(tuned: dict[str, list[Measured]]) -> None:
    assert total(tuned["as recorded"], "character").links > 30
    assert list(below(tuned)) == []
    assert total(tuned["as recorded"], "staff").recall == 1.0
    assert total(tuned["as recorded"], "voice").recall >= 0.96


def test_nobody_is_taken_for_another(tuned: dict[str, list[Measured]]) -> None:
    """Of some 23,000 pairs, thirty-odd of them twins, fathers and shared voices."""
    wrong = [mistake for of in tuned.values() for one in of for mistake in one.mistakes if mistake.is_wrong]
    assert wrong == []


def test_both_parts_have_titles_and_enough_was_decided() -> None:
    labels = read_labels()
    parts = {title.part: {other.name for other in TITLES if other.part == title.part} for title in TITLES}
    assert {name for name, _ in labels} == parts[TUNING] | parts[HELD_OUT]
    assert len({name for name, kind in labels if kind == "character"}) >= 6
    assert sum(len(one.links) + len(one.no_links) for one in labels.values()) >= 300
    for part in parts.values():
        assert sum(len(of.links) for (name, _), of in labels.items() if name in part) >= 100


@pytest.mark.parametrize(("name", "kind"), sorted(read_labels()))
def test_nobody_is_labelled_as_two_people_of_one_site(name: str, kind: str) -> None:
    labelled = read_labels()[name, kind]
    links = [(person, other) for pair in labelled.links for person in pair for other in pair if other != person]
    partners = {(person, other[0]) for person, other in links}
    assert len(partners) == len(links)
    for person, other in links:
        for further, third in links:
            if further == other and third[0] != person[0]:
                assert frozenset({person, third}) in labelled.links


def test_a_cast_that_grew_is_to_be_read_again(recordings: Path) -> None:
    """A pair nobody has looked at must not count as none."""
    sources = SHELTER.sources(recordings)
    grown = (replace(sources[0], characters=(*sources[0].characters, replace(sources[0].characters[0], id="new"))),)
    with pytest.raises(SystemExit, match="anilist has 3 people, 2 were read"):
        list(measure(SHELTER, "character", read_labels()[SHELTER.name, "character"], (*grown, sources[1])))


def test_wrong_and_missing_links_are_counted_and_named(recordings: Path) -> None:
    """Labels turned round: what was right is wrong now, and what was labelled is not found."""
    sources: tuple[SourceTitle, ...] = BEBOP.sources(recordings)[:2]
    ein, spike = frozenset({("mal", "4"), ("anilist", "4")}), frozenset({("mal", "1"), ("anilist", "4")})
    turned = Labelled({"mal": 126, "anilist": 6}, {spike}, {ein}, {spike: "a reason"})
    (one,) = measure(BEBOP, "character", turned, sources)
    assert one.tally == Tally(pairs=756, links=1, made=6, right=0)
    assert [mistake.why for mistake in one.mistakes if not mistake.is_wrong] == ["a reason"]
    assert "mal 'Ein'" in {mistake.right for mistake in one.mistakes if mistake.is_wrong}
    assert len(list(below({"as recorded": [one]}))) == 2


def test_bounds_are_those_of_wilson() -> None:
    """Values of the literature: 8 of 10, and all of 100."""
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson(100, 100) == pytest.approx((0.9630, 1.0), abs=1e-4)
    assert wilson(0, 0) == (0.0, 1.0)


def test_no_link_made_is_precise_and_no_label_is_found() -> None:
    assert (Tally().precision, Tally().recall) == (1.0, 1.0)
    assert Tally(9, 4, 2, 1) + Tally(1, 1, 1, 1) == Tally(10, 5, 3, 2)
