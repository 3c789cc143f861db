"""The rules every stage decides by."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.claims import Claim
from pipeline.domain.names import Season, Source
from pipeline.domain.source_title import TitleName
from pipeline.stages import choose as choosing
from pipeline.stages.choose import choose_weighted, collected, in_order, nobody_said, text_of
from pipeline.stages.weights import BASICS

from .making import ANIDB, ANILIST, KITSU, MAL, given_sources, said

WEIGHTS = {MAL: 0.9, ANILIST: 0.8, KITSU: 0.5, ANIDB: 0.4}


def choose(*pairs, **more):
    return choose_weighted(pairs, weights=WEIGHTS, rule="rule:t@1", nobody=None, **more)


def test_nobody_said_is_a_decision_too():
    assert choose() == nobody_said(None)
    assert (choose().rule, choose().confidence, choose().sources) == ("rule:nobody_said", 0.0, ())


def test_weight_wins_not_number_and_losers_are_kept_in_order():
    chosen = choose((MAL, "a"), (KITSU, "b"), (ANIDB, "c"))
    assert chosen.value == "a"
    assert chosen.passed_over == (Claim("b", (KITSU,)), Claim("c", (ANIDB,)))
    assert chosen.conflict


@pytest.mark.parametrize(
    ("pairs", "confidence"),
    [
        ([(MAL, "a")], 0.75),
        ([(MAL, "a"), (ANILIST, "a")], 0.97),
        ([(MAL, "a"), (ANILIST, "a"), (KITSU, "b")], round(0.97 * 1.7 / 2.2, 4)),
        ([(MAL, "a"), (ANILIST, "b")], 0.5),
        ([(MAL, "a"), (ANIDB, "b")], round(0.75 * 0.9 / 1.3, 4)),
    ],
)
def test_confidence_follows_the_share_of_the_weight(pairs, confidence):
    assert choose(*pairs).confidence == confidence


def test_a_source_votes_once_for_one_value():
    assert choose((KITSU, "a"), (KITSU, "a"), (MAL, "b")).value == "b"


def test_spellings_with_one_key_stand_together_and_the_weightiest_speaks():
    chosen = choose((KITSU, "HASHI"), (ANIDB, "Hashi"), (ANILIST, "Other"), key=str.casefold)
    assert chosen.value == "HASHI"
    assert chosen.sources == (ANIDB, KITSU)
    assert chosen.passed_over == (Claim("Other", (ANILIST,)),)


def test_of_one_camp_the_finest_speaks_whatever_its_weight():
    chosen = choose((MAL, "a"), (ANIDB, "a!"), key=lambda text: text[0], fineness=len)
    assert chosen.value == "a!"
    assert not chosen.conflict


def test_ties_fall_by_the_text_of_the_value():
    assert choose((Source.REVIEW, "b"), (Source.DERIVED, "a")).value == "a"


@given(
    st.lists(st.tuples(st.sampled_from([MAL, ANILIST, KITSU, ANIDB]), st.sampled_from("aAbB")), max_size=8),
    st.randoms(),
)
def test_the_order_of_the_claims_does_not_matter(pairs, random):
    shuffled = list(pairs)
    random.shuffle(shuffled)
    assert choose(*pairs, key=str.casefold) == choose(*shuffled, key=str.casefold)


def test_different_types_are_different_values():
    assert text_of(1) != text_of("1")
    assert choose((MAL, 1), (ANILIST, True)).conflict


def test_sources_stand_in_one_order_even_two_of_one_id():
    one, two = said(MAL, titles=(TitleName("a", "main"),)), said(MAL, titles=(TitleName("b", "main"),))
    other, kitsu = said(MAL, "0"), said(KITSU)
    expected = (other, one, two, kitsu)
    assert in_order(given_sources(kitsu, two, one, other)) == expected
    assert in_order(given_sources(one, other, kitsu, two)) == expected


def test_a_collection_names_everybody_once_and_is_surer_with_several():
    assert collected(["x"], [MAL, MAL], rule="r").sources == (MAL,)
    assert collected(["x"], [MAL], rule="r").confidence == 0.75
    assert collected(["x"], [MAL, KITSU], rule="r").confidence == 0.9
    assert collected([], [], rule="r").rule == "rule:nobody_said"


def test_a_source_without_a_weight_counts_a_little():
    chosen = choose_weighted([(Source.REVIEW, "a"), (MAL, "b")], weights=BASICS, rule="r", nobody=None)
    assert chosen.value == "b"


PLAIN = st.text(max_size=3) | st.booleans() | st.integers(0, 3) | st.sampled_from(list(Season))


@given(st.lists(st.sampled_from(list(Source)), min_size=1, max_size=6), PLAIN, st.booleans())
def test_one_claim_alone_is_decided_as_if_it_had_been_weighed(who, value, has_key):
    """The short way and the long one say the same of what nobody contradicts."""
    how = {"key": lambda value: str(value).casefold()} if has_key else {}
    said = [(source, value) for source in who]
    short = choose_weighted(said, weights=WEIGHTS, rule="rule:x@1", nobody=None, **how)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(choosing, "_is_unanimous", lambda _pairs: False)
        assert choose_weighted(said, weights=WEIGHTS, rule="rule:x@1", nobody=None, **how) == short
    assert type(short.value) is type(value)


@given(st.lists(st.tuples(st.sampled_from([MAL, ANILIST, KITSU, ANIDB]), PLAIN), max_size=6), st.booleans())
def test_the_heaviest_is_what_would_be_chosen(pairs, has_key):
    how = {"key": lambda value: str(value).casefold()} if has_key else {}
    chosen = choose_weighted(pairs, weights=WEIGHTS, rule="rule:x@1", nobody=None, **how)
    heaviest = choosing.heaviest(pairs, weights=WEIGHTS, nobody=None, **how)
    assert (type(heaviest), heaviest) == (type(chosen.value), chosen.value)


@given(st.text(max_size=8) | st.sampled_from(['"', "\\", "a\\n", "\x7f", "é"]))
def test_the_text_of_a_text_is_its_json(text):
    assert json.loads(text_of(text)) == text
    assert text_of(text) == json.dumps(text, ensure_ascii=False).replace("\\u007f", "\x7f")


def test_true_and_one_are_two_claims():
    """Python calls them equal; nobody who says the one says the other."""
    assert choose_weighted([(Source.MAL, True), (Source.KITSU, 1)], weights=WEIGHTS, rule="r", nobody=None).conflict
