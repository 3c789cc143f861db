"""The shared normalisation of names and titles."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.text import (
    clean,
    flip,
    kana_to_romaji,
    name_key,
    norm,
    romaji_key,
    romaji_words,
    title_similarity,
)

ANY_TEXT = st.text(st.characters(codec="utf-8"), max_size=40)


@given(ANY_TEXT)
def test_norm_is_idempotent_and_never_raises(text: str) -> None:
    assert norm(norm(text)) == norm(text)


@given(ANY_TEXT, ANY_TEXT)
def test_similarity_is_symmetric_and_within_bounds(first: str, second: str) -> None:
    assert title_similarity(first, second) == title_similarity(second, first)
    assert 0.0 <= title_similarity(first, second) <= 1.0
    assert title_similarity(first, first) == 1.0


@given(ANY_TEXT)
def test_norm_has_nothing_to_do_on_what_it_gave(text: str) -> None:
    assert norm(norm(text)) == norm(text)


@given(ANY_TEXT)
def test_the_keys_are_made_of_the_same_words(text: str) -> None:
    assert romaji_key(text) == " ".join(romaji_words(norm(text)))
    assert sorted(name_key(text).split()) == sorted(romaji_key(text).split())


@given(ANY_TEXT)
def test_keys_never_raise_and_clean_leaves_nothing_invisible(text: str) -> None:
    name_key(text), romaji_words(norm(text)), kana_to_romaji(text), flip(text)
    assert "\u200b" not in clean(text)
    assert "\u202e" not in clean(text)


def test_norm_is_stable_for_every_single_character() -> None:
    """No letter of any script needs a second pass (a sample of all of Unicode, the whole basic plane's start)."""
    for code in [*range(0x3000), *range(0x3000, sys.maxunicode, 97)]:
        if not 0xD800 <= code < 0xE000:
            text = f"a{chr(code)}b"
            assert norm(norm(text)) == norm(text), hex(code)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Spike  Spiegel", "spike spiegel"),
        ("D`Arc, Jeanne", "darc jeanne"),
        ("J.C.STAFF", "jcstaff"),
        ("Amélie (adult)", "amelie"),
        ("Ｆｕｌｌ　Ｗｉｄｔｈ", "full width"),
        ("zero\u200bwidth\u202e", "zerowidth"),
        ("(only this)", "only this"),
        ("?!", "?!"),
        ("", ""),
    ],
)
def test_norm_drops_what_does_not_tell_names_apart(text: str, plain: str) -> None:
    assert norm(text) == plain


def test_norm_keeps_the_voicing_of_kana() -> None:
    """が is another letter than か; both marks are combining characters."""
    assert norm("ガ") != norm("カ")
    assert norm("ﾊﾟ") == norm("パ")


def test_names_without_letters_stay_different() -> None:
    assert norm("?") != norm("!")


@pytest.mark.parametrize(
    ("text", "natural"),
    [
        ("Spiegel, Spike", "Spike Spiegel"),
        ("Spike Spiegel", "Spike Spiegel"),
        ("Davis, Sammy, Jr.", "Davis, Sammy, Jr."),
        ("King Jr., Martin", "Martin King Jr."),
        ("Monkey D., Luffy", "Monkey D. Luffy"),
        ("Nobody,", "Nobody,"),
        (",", ","),
    ],
)
def test_flip_turns_exactly_one_comma(text: str, natural: str) -> None:
    assert flip(text) == natural
    assert flip(flip(text)) == natural


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Kōtarō", "Koutarou"),
        ("Ootsuki", "Otsuki"),
        ("Satoh", "Satou"),
        ("Shin'ichi", "Sinichi"),
        ("Lelouch", "Relouch"),
        ("Jun", "Zyun"),
        ("Fuyu", "Huyu"),
        ("Shuuichi", "Shūichi"),
        ("Namba", "Nanba"),
        ("Chie", "Tie"),
        ("Victor", "Viktor"),
    ],
)
def test_one_key_for_all_romanisations(one: str, other: str) -> None:
    assert romaji_key(one) == romaji_key(other)


def test_keys_do_not_join_different_names() -> None:
    assert len({name_key(name) for name in ("Rin", "Ran", "Ren", "Run", "Ruka", "Raku", "Kana", "Kano")}) == 8


def test_name_key_ignores_the_order_of_names() -> None:
    assert name_key("Hayashibara Megumi") == name_key("Megumi Hayashibara")


@pytest.mark.parametrize(
    ("kana", "romaji"),
    [
        ("シンジ", "shinji"),
        ("しょうこ", "shouko"),
        ("スパイク・スピーゲル", "supaiku supigeru"),
        ("マッチ", "matchi"),
        ("ティファ", "tifa"),
        ("ｼﾞｪｯﾄ", "jetto"),
        ("綾波レイ", None),
        ("Rei", None),
        ("ー", None),
        ("", None),
    ],
)
def test_kana_are_read_and_nothing_else_is(kana: str, romaji: str | None) -> None:
    assert kana_to_romaji(kana) == romaji


@given(st.text(max_size=30))
def test_a_text_is_cleaned_as_its_signs_say_whether_or_not_it_is_seen_at_once(text: str) -> None:
    """What has nothing invisible takes a shorter way, to the same end."""
    invisible = {"Cf", "Cc", "Co", "Cs", "Cn"}
    spaced = "".join(" " if sign in "\t\n\r\u0085\u2028\u2029" else sign for sign in text)
    assert clean(text) == " ".join("".join(s for s in spaced if unicodedata.category(s) not in invisible).split())
