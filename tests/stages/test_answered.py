"""What persons said of labels and credits: a label is the terms it was said to be or nothing, a credit its role."""

from dataclasses import replace

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.names import LabelKind, Source
from pipeline.domain.review import Lock
from pipeline.domain.source_title import Credit, Label, SourceTitle, Text
from pipeline.stages import metadata, staff
from pipeline.stages.answered import label_name, role_name, term_names
from pipeline.stages.vocabulary import label_key, vocabulary

from .casting import aligned
from .making import ANIDB, ANILIST, CATALOGUE, LABELS, MAL, ROW, given_sources, said

FIELDS = {
    LabelKind.GENRE: "genres",
    LabelKind.THEME: "themes",
    LabelKind.DEMOGRAPHIC: "demographics",
    LabelKind.WARNING: "content_warnings",
}


def answer(field, chosen):
    value = orjson.dumps({"chosen": chosen, "options": []}).decode()
    return Lock(field, "answer", value, "maria", 1_700_000_000.0, "the book says so")


def decide(*sources, answers=(), row=ROW):
    return metadata.decide(replace(given_sources(*sources, row=row), answers=tuple(answers)))


def tag(name, strength=1.0):
    return Label(name, LabelKind.TAG, strength)


def test_a_label_is_the_term_it_was_said_to_be_however_weak_it_is():
    draft = decide(said(ANILIST, labels=(tag("Past", 0.1), tag("Space", 0.9))), said(MAL, labels=(tag("Space"),)),
                   answers=[answer("labels:anilist:past", "Historical")])  # fmt: skip
    assert "Historical" in draft.themes.value
    assert draft.tags.value == []
    assert Source.REVIEW in draft.themes.sources
    told = "answered: anilist:past is Historical, locked by maria on 2023-11-14: the book says so"
    assert told in draft.themes.evidence
    assert told not in draft.genres.evidence


def test_a_label_may_be_several_terms_of_any_kind():
    draft = decide(
        said(MAL, labels=(Label("Shounen", LabelKind.DEMOGRAPHIC),)),
        said(ANIDB, labels=(tag("odd", 0.2),)),
        answers=[answer("labels:anidb:odd", ["Comedy", "School", "Seinen", "Violence"])],
    )
    assert (draft.genres.value, draft.themes.value) == (["Comedy"], ["School"])
    assert (draft.demographics.value, draft.content_warnings.value) == (["Seinen", "Shounen"], ["Violence"])


def test_a_dropped_label_says_nothing_and_the_others_go_on():
    labels = (tag("School"), tag("Odd one"), tag("Space"))
    answers = [answer("labels:mal:school", None), answer("labels:mal:odd-one", None)]
    draft = decide(said(MAL, labels=labels), answers=answers)
    assert (draft.themes.value, draft.tags.value) == (["Space"], [])
    assert "mal:school is nothing here" in " ".join(draft.themes.evidence)


def test_a_platform_whose_only_label_is_nothing_is_silent_and_not_against():
    sources = [said(MAL, labels=(Label("Drama", LabelKind.GENRE),)), said(ANILIST, labels=(tag("Odd one"),))]
    assert decide(*sources, answers=[answer("labels:anilist:odd-one", None)]).genres.confidence == 0.97
    assert decide(*sources).genres.confidence < 0.97


def test_the_synopsis_may_be_said_to_support_what_no_label_does():
    sources = [said(MAL, synopses=(Text("word " * 50),))]
    assert [one.keys for one in decide(*sources).questions] == [("synopsis",)]
    told = decide(*sources, answers=[answer("labels:synopsis", ["Drama", "Mystery", "School"])])
    assert (told.genres.value, told.themes.value, told.questions) == (["Drama", "Mystery"], ["School"], ())
    assert told.genres.sources == (Source.REVIEW,)
    assert decide(*sources, answers=[answer("labels:synopsis", None)]).genres.value == []


def test_a_tag_of_the_catalogue_counts_once_it_has_a_meaning():
    row = replace(ROW, tags=("school", "piano"))
    draft = decide(said(MAL, labels=(tag("Drama"),)), row=row, answers=[answer("labels:catalogue:piano", "Music")])
    assert (draft.themes.value, [one.name for one in draft.tags.value]) == (["Music"], [])
    assert CATALOGUE in draft.themes.sources


@pytest.mark.parametrize(
    ("field", "chosen", "says"),
    [("labels:mal:gone", "Drama", "no platform gives"), ("labels:mal:school", "Old Term", "no term any more")],
)
def test_an_answer_that_fits_nothing_any_more_is_told(field, chosen, says):
    draft = decide(said(MAL, labels=(tag("School"),)), answers=[answer(field, chosen)])
    (finding,) = draft.findings
    assert (finding.code, finding.field) == ("answer_unplaced", "genres")
    assert says in finding.message
    assert "maria" in finding.message


def _words(draft):
    return {name: (getattr(draft, name).value, getattr(draft, name).confidence) for name in (*FIELDS.values(), "tags")}


SOURCES = st.lists(
    st.builds(SourceTitle, st.sampled_from([MAL, ANILIST, ANIDB]), st.just("1"), labels=st.lists(LABELS).map(tuple)),
    min_size=1, max_size=4,
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(SOURCES, st.data())
def test_a_dropped_label_is_as_good_as_never_said(sources, data):
    named = sorted({label_name(one.source, label.name) for one in sources for label in one.labels})
    dropped = data.draw(st.sets(st.sampled_from(named))) if named else set()
    without = [
        replace(one, labels=tuple(la for la in one.labels if label_name(one.source, la.name) not in dropped))
        for one in sources
    ]
    answers = [answer(f"labels:{name}", None) for name in dropped]
    assert _words(decide(*sources, answers=answers)) == _words(decide(*without))


@settings(max_examples=40, deadline=None)
@given(SOURCES, st.data())
def test_a_label_with_a_meaning_is_among_what_it_means(sources, data):
    """Whatever else is said, in any order; and no question is asked of it again."""
    labels = [(one.source, label) for one in sources for label in one.labels if label_key(label.name)]
    if not labels:
        return
    source, label = data.draw(st.sampled_from(labels))
    term = data.draw(st.sampled_from(term_names()))
    name = label_name(source, label.name)
    draft = decide(*sources, answers=[answer(f"labels:{name}", term)])
    rows = [row for row in vocabulary().rows if row.name == term]
    assert all(term in getattr(draft, FIELDS[row.kind]).value for row in rows) or draft.findings
    assert name not in {key for one in draft.questions for key in one.keys}
    assert _words(decide(*sources[::-1], answers=[answer(f"labels:{name}", term)])) == _words(draft)


WRANGLERS = SourceTitle(
    MAL, "1", staff=(Credit("A, B", "Moon Wrangler", "1"), Credit("C, D", "Moon  wrangler (ep 3)", "2"))
)


def test_a_credit_is_the_role_it_was_said_to_be():
    inputs = replace(aligned(WRANGLERS), answers=(answer("role_class:moon-wrangler", "director"),))
    draft = staff.decide(inputs)
    assert [person.roles for person in draft.staff_data.value] == [["director"], ["director"]]
    assert (draft.questions, draft.findings) == ((), ())
    assert draft.staff_data.evidence == (
        "answered: moon-wrangler is director, locked by maria on 2023-11-14: the book says so",
    )
    assert draft.staff_data.value[1].credits == ["Moon wrangler (ep 3)"]  # as printed


def test_a_known_credit_may_be_another_role_here():
    source = SourceTitle(MAL, "1", staff=(Credit("A, B", "Director", "1"),))
    draft = staff.decide(replace(aligned(source), answers=(answer("role_class:director", "storyboard"),)))
    assert draft.staff_data.value[0].roles == ["storyboard"]


@pytest.mark.parametrize(
    ("field", "role"), [("role_class:sun-wrangler", "director"), ("role_class:moon-wrangler", "x")]
)
def test_an_answer_to_no_credit_is_told(field, role):
    draft = staff.decide(replace(aligned(WRANGLERS), answers=(answer(field, role),)))
    assert [finding.code for finding in draft.findings] == ["answer_unplaced"]
    assert draft.staff_data.value[0].roles == ["other"]


def test_spellings_of_one_credit_are_one_question():
    assert role_name("Moon  wrangler (ep 3)") == role_name("moon wrangler") == "moon-wrangler"
    assert len(staff.decide(aligned(WRANGLERS)).questions) == 1
