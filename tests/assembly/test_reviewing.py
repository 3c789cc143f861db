"""The queue's items: what is in doubt and nothing else, whatever the order, weighed by who would read it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.assembly.reviewing import LOW_CONFIDENCE, SAMPLE_SHARE, review_of
from pipeline.domain.claims import Chosen, Claim, Finding, OpenQuestion
from pipeline.domain.names import Source
from pipeline.domain.record import PlatformStatistics
from pipeline.stages.choose import nobody_said

TITLE = "t"  # none of the fields below is drawn for its sample
SURE = Chosen("v", (Source.MAL,), "rule:x@1", 0.9)
NONE_SAID = nobody_said({})
QUESTION = OpenQuestion(
    "characters", "same_character", "Ann", ("Anna", "Anne"), None, 0.4, ("anidb:1",), ("mal:1", "mal:2")
)


def review(questions=(), findings=(), broken=(), **decided):
    return review_of(TITLE, {"statistics": NONE_SAID, **decided}, questions, findings, broken=broken)


def told(*args, **decided):
    return [(item.field, item.code, item.uncertainty) for item in review(*args, **decided).items]


def test_low_confidence_and_conflicts_are_looked_at_and_sure_or_silent_fields_are_not():
    assert told(title=replace(SURE, confidence=0.59)) == [("title", "low_confidence", 0.41)]
    assert told(title=replace(SURE, confidence=LOW_CONFIDENCE)) == []
    assert told(title=replace(SURE, conflict=True)) == [("title", "conflict", 0.1)]
    assert told(title=replace(SURE, conflict=True, confidence=0.2)) == [("title", "low_confidence", 0.8)]
    assert told(title=nobody_said(None)) == []


def test_an_item_says_what_stands_by_which_rule_and_who_says_what_else():
    chosen = replace(SURE, confidence=0.5, passed_over=(Claim("w", (Source.KITSU, Source.ANIDB)),))
    (item,) = review(title=chosen).items
    assert item.detail == '"v" (mal) by rule:x@1; passed over: "w" (kitsu anidb)'


@pytest.mark.parametrize(
    ("kept", "confidence", "uncertainty"),
    [(None, 0.4, 0.4), (0, 0.4, 0.6), (1, 0.9, 0.1), (None, 7.0, 1.0)],
)
def test_a_question_is_as_uncertain_as_the_answer_kept_meanwhile(kept, confidence, uncertainty):
    question = replace(QUESTION, kept=kept, confidence=confidence)
    assert told([question]) == [("same_character:anidb:1", "same_character", uncertainty)]


def test_questions_without_a_name_are_told_of_their_stage_together():
    works = [OpenQuestion("relations", "relation_kind", text, ("x",), 0, 0.5) for text in ("Zzz", "Aaa", "Mmm")]
    (item,) = review(works).items
    assert (item.field, item.code) == ("relations", "relation_kind")
    assert item.detail == "Aaa: x? Meanwhile x (and 2 more)"


def test_broken_invariants_weigh_most_and_what_needs_nobody_is_left_out():
    broken = Finding("end_before_start", "aired from 2 to 1", "aired_dates")
    disputed = Finding("id_disputed", "mal says anidb:1; kitsu says anidb:2", "platform_ids")
    platform = Finding("drift", "unknown value", "type", Source.MAL)
    assert told([], [broken, disputed, platform], [broken]) == [
        ("aired_dates", "end_before_start", 1.0),
        ("platform_ids", "id_disputed", 0.5),
    ]


def test_one_in_a_hundred_of_the_rest_is_drawn_always_the_same_and_marked():
    fields = {f"field{n}": SURE for n in range(20)}
    drawn = {
        (title, item.field)
        for title in map(str, range(500))
        for item in review_of(title, {"statistics": NONE_SAID, **fields}, (), (), broken=()).items
        if item.code == "sample"
    }
    assert 0.7 * SAMPLE_SHARE < len(drawn) / 10_000 < 1.3 * SAMPLE_SHARE
    title, field = min(drawn)
    for decided, codes in [
        ({field: SURE}, ["sample"]),
        ({field: replace(SURE, confidence=0.1)}, ["low_confidence"]),
        ({field: nobody_said(None)}, []),
        ({field: replace(SURE, value=[])}, []),
    ]:
        done = review_of(title, {"statistics": NONE_SAID, **decided}, (), (), broken=())
        assert [item.code for item in done.items] == codes


@pytest.mark.parametrize(
    ("figures", "people"),
    [
        ({}, 1),
        ({Source.MAL: PlatformStatistics(members=50, scored_by=70), Source.KITSU: PlatformStatistics(members=60)}, 70),
        ({Source.ANIDB: PlatformStatistics(favorites=4)}, 4),
        ({Source.MAL: PlatformStatistics(rank=90_000)}, 1),
        ({Source.MAL: PlatformStatistics(members=10**30)}, 8_000_000_000),
    ],
)
def test_people_are_those_of_the_platform_where_most_are_known(figures, people):
    assert review(statistics=Chosen(figures, (Source.MAL,), "rule:x@1", 0.9)).people == people


def test_no_text_breaks_a_line_or_holds_a_zero_sign():
    """A database refuses one, a terminal shows the other."""
    (item,) = review(
        [],
        [Finding("empty_id", "a\x00b\nc" * 200, "characters")],
        [Finding("empty_id", "a\x00b\nc" * 200, "characters")],
    ).items
    assert "\x00" not in item.detail
    assert "\n" not in item.detail
    assert len(item.detail) <= 200


FINDINGS = [Finding("empty_id", text, "characters") for text in "cab"] + [Finding("id_taken", "x", "platform_ids")]
FIELDS = {
    "year": replace(SURE, conflict=True), "type": replace(SURE, confidence=0.1), "title": replace(SURE, confidence=0.3)
}  # fmt: skip


@given(
    st.permutations(FINDINGS),
    st.permutations(list(FIELDS)),
    st.permutations([QUESTION, replace(QUESTION, keys=("anidb:2",))]),
)
def test_the_queue_does_not_depend_on_any_order(findings, names, questions):
    expected = review([QUESTION, replace(QUESTION, keys=("anidb:2",))], FINDINGS, FINDINGS[:3], **FIELDS)
    assert review(questions, findings, FINDINGS[:3], **{name: FIELDS[name] for name in names}) == expected
