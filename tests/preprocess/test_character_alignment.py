"""Characters across platforms: the shapes of trouble, made by hand, and real casts."""

import time
from dataclasses import replace

import pytest

from pipeline.domain.aligned import Group
from pipeline.domain.names import CharacterRole, Source
from pipeline.domain.source_title import Character, SourceTitle, VoiceActor
from pipeline.domain.thresholds import Matching
from pipeline.preprocess import align
from pipeline.preprocess.cast import read_casts
from pipeline.preprocess.scoring import score_casts


def person(id_: str, name: str, voice: str | None = None, **more: object) -> Character:
    voices = () if voice is None else tuple(VoiceActor(one, "ja") for one in voice.split("|"))
    fields: dict[str, object] = {"role": CharacterRole.SUPPORTING, "voice_actors": voices, **more}
    return Character(id=id_, name=name, **fields)  # type: ignore[arg-type]


def cast(source: Source, *people: Character, id_: str = "1") -> SourceTitle:
    return SourceTitle(source, id_, characters=people)


def mal(*people: Character) -> SourceTitle:
    return cast(Source.MAL, *people)


def anilist(*people: Character) -> SourceTitle:
    return cast(Source.ANILIST, *people)


def joined(*sources: SourceTitle) -> list[set[str]]:
    """Groups of more than one, as ids."""
    groups = align(sources).characters
    return [ids_of(group, sources) for group in groups if len(group.members) > 1]


def ids_of(group: Group, sources: tuple[SourceTitle, ...]) -> set[str]:
    return {sources[ref.source].characters[ref.item].id for ref in group.members}


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Spiegel, Spike", "Spike Spiegel"),
        ("Ohno, Yuuko", "Yūko Ōno"),
        ("Koutarou, Mori", "Mori Kotaro"),
        ("Lawliet, Ryuuzaki", "Rawriet Ryuzaki"),
        ("Souryuu, Asuka Langley", "Asuka Langley Soryu"),
        ("D'Arc, Jeanne", "Jeanne D`Arc"),
    ],
)
def test_names_meet_in_any_order_and_romanisation(left: str, right: str) -> None:
    assert joined(mal(person("m", left)), anilist(person("a", right))) == [{"m", "a"}]


def test_an_equal_native_name_joins_what_letters_do_not() -> None:
    """Spaces in a native name do not count."""
    left = person("m", "Gojou")
    right = person("a", "Satoru the Strongest", name_native="五条悟")
    assert joined(mal(left), anilist(right)) == []
    assert joined(mal(replace(left, name_native="五条 悟")), anilist(right)) == [{"m", "a"}]


def test_a_kana_native_name_is_read_in_letters() -> None:
    assert joined(mal(person("m", "Sakura Haruno")), anilist(person("a", "Cherry", name_native="はるの さくら"))) == [
        {"m", "a"}
    ]


def test_a_family_is_not_one_person() -> None:
    family = ["Edward Elric", "Alphonse Elric", "Trisha Elric", "Van Elric"]
    left = mal(*(person(f"m{i}", name) for i, name in enumerate(family)))
    right = anilist(*(person(f"a{i}", name) for i, name in enumerate(family)))
    assert joined(left, right) == [{f"m{i}", f"a{i}"} for i in range(4)]


def test_a_family_name_alone_is_asked_about_and_not_guessed() -> None:
    left = mal(person("m1", "Elric, Edward"), person("m2", "Elric, Alphonse"))
    right = anilist(person("a", "Elric"))
    assert joined(left, right) == []
    (question,) = align((left, right)).questions
    assert (question.stage, question.kind, question.kept) == ("characters", "same_character", None)
    assert len(question.options) == 2


def test_twins_sharing_an_actor_and_a_family_name_meet_rightly() -> None:
    left = mal(
        person("m1", "Hitachiin, Hikaru", "Suzumura, Kenichi"), person("m2", "Hitachiin, Kaoru", "Suzumura, Kenichi")
    )
    right = anilist(
        person("a2", "Kaoru Hitachiin", "Kenichi Suzumura"), person("a1", "Hikaru Hitachiin", "Kenichi Suzumura")
    )
    assert joined(left, right) == [{"m1", "a1"}, {"m2", "a2"}]


def test_unlike_names_of_twins_sharing_an_actor_are_left_open() -> None:
    left = mal(person("m1", "Aka", "Voice, One"), person("m2", "Midori", "Voice, One"))
    right = anilist(person("a1", "Red", "One Voice"), person("a2", "Green", "One Voice"))
    assert joined(left, right) == []


def test_a_voice_that_only_one_leftover_has_joins_and_is_asked_about() -> None:
    sources = mal(person("m", "The Old Man", "Ootsuka, Akio")), anilist(person("a", "Gramps", "Akio Otsuka"))
    alignment = align(sources)
    (group,) = alignment.characters
    assert (group.confidence, group.rule) == (0.70, "voice_only")
    (question,) = alignment.questions
    assert question.kept == 0


def test_numbered_extras_are_different_people() -> None:
    left = mal(*(person(f"m{x}", f"Student {x}") for x in "AB"))
    right = anilist(*(person(f"a{x}", f"Student {x}") for x in "CD"))
    assert joined(left, right) == []


def test_a_number_or_a_letter_that_differs_is_another_extra_even_without_rivals() -> None:
    assert joined(mal(person("m", "Student A")), anilist(person("a", "Student B"))) == []
    assert joined(mal(person("m", "Student A")), anilist(person("a", "Student A"))) == [{"m", "a"}]


def test_a_voice_that_two_leftovers_of_one_side_share_joins_nobody() -> None:
    two = mal(person("m1", "Aka", "Voice, One"), person("m2", "Midori", "Voice, One"))
    one = anilist(person("a", "Gramps", "One Voice"))
    assert joined(two, one) == []
    assert joined(anilist(*two.characters), mal(*one.characters)) == []


def test_two_voices_that_point_to_two_people_join_nobody() -> None:
    left = mal(person("m", "Aka", "Voice, One|Voice, Two"))
    assert joined(left, anilist(person("a1", "Gramps", "One Voice"), person("a2", "Child", "Two Voice"))) == []


def test_another_voice_parts_single_names_but_not_full_names() -> None:
    assert joined(mal(person("m", "Maria", "A, B")), anilist(person("a", "Maria", "C D"))) == []
    assert joined(mal(person("m", "Robnett, Maria", "A, B")), anilist(person("a", "Maria Robnett", "C D"))) == [
        {"m", "a"}
    ]


def test_namesakes_in_one_cast_stay_two_and_are_said() -> None:
    """Without anything else to go by nobody is joined; a voice tells them apart."""
    left = mal(person("m1", "Erik"), person("m2", "Erik", "Nakao, Ryuusei"))
    right = anilist(person("a1", "Erik"), person("a2", "Erik", "Ryusei Nakao"))
    assert joined(left, right) == [{"m2", "a2"}]
    codes = [finding.code for finding in align((left, right)).findings]
    assert codes == ["characters_share_a_name", "characters_share_a_name"]


def test_what_stands_in_parentheses_tells_namesakes_apart() -> None:
    left = mal(person("m1", "Officer (Blond)"), person("m2", "Officer (Tall)"))
    right = anilist(person("a2", "Officer (Tall)"), person("a1", "Officer (Blond)"))
    assert joined(left, right) == [{"m1", "a1"}, {"m2", "a2"}]


def test_an_equal_number_at_mal_and_anilist_is_a_hint_only_with_a_name_or_a_voice() -> None:
    assert joined(mal(person("7", "Edo")), anilist(person("7", "Edo Phoenix"))) == [{"7"}]
    alone = align((mal(person("7", "Edo")), anilist(person("7", "Quite Another")))).characters
    assert len(alone) == 2


def test_an_organisation_is_never_a_character() -> None:
    left = mal(person("m", "Nerv"))
    assert joined(left, cast(Source.ANIDB, person("d", "Nerv", kind="Organization"))) == []
    assert joined(left, cast(Source.ANIDB, person("d", "Nerv", kind="Character"))) == [{"m", "d"}]


def test_three_platforms_are_matched_against_merged_names() -> None:
    """AniDB's name is like AniList's alternative, not like MyAnimeList's name."""
    left = mal(person("m", "Ed", "Tada, Aoi"))
    middle = anilist(person("a", "Edward Wong", "Aoi Tada", alternative_names=("Radical Françoise",)))
    right = cast(Source.ANIDB, person("d", "Radical Francoise"))
    assert joined(left, middle, right) == [{"m", "a", "d"}]


def test_two_ids_of_one_platform_share_their_characters_by_id() -> None:
    first = cast(Source.MAL, person("1", "Same"), person("2", "Only First"), id_="10")
    second = cast(Source.MAL, person("1", "Same"), person("3", "Only Second"), id_="11")
    groups = align((first, second)).characters
    assert [len(group.members) for group in groups] == [2, 1, 1]


def test_one_id_twice_in_one_list_is_one_person_and_said() -> None:
    alignment = align((anilist(person("1", "Same"), person("1", "Same")),))
    assert len(alignment.characters) == 1
    assert [finding.code for finding in alignment.findings] == ["character_listed_twice"]


@pytest.mark.parametrize("name", ["???", "...", "\u200b\u202e", "", "()", "עברית", "🦊", "！"])
def test_odd_names_neither_raise_nor_meet_each_other(name: str) -> None:
    alignment = align((mal(person("m", name), person("n", "!?")), anilist(person("a", "---"), person("b", "~"))))
    assert len(alignment.characters) == 4


def test_a_name_of_signs_meets_itself() -> None:
    assert joined(mal(person("m", "???")), anilist(person("a", "???"))) == [{"m", "a"}]


def test_thresholds_are_obeyed() -> None:
    sources = mal(person("m", "Spike Spiegel")), anilist(person("a", "Spike Spiegel"))
    assert len(align(sources, Matching(accept=0.99)).characters) == 2


def test_a_large_cast_is_matched_quickly_and_rightly() -> None:
    """1,450 people with different names meet their own twins on the other platform, whatever the order."""
    syllables = ["ka", "mi", "to", "ne", "su", "ra", "yo", "hi", "gu", "ze", "bo", "fa"]
    names = [f"{a}{b}{c} {c}{d}{a}" for a in syllables for b in syllables for c in syllables for d in syllables[:1]][
        :1450
    ]
    left = mal(*(person(f"{i}", name.title(), f"Actor {i % 97}") for i, name in enumerate(names)))
    right = cast(
        Source.ANIDB, *(replace(one, name=" ".join(reversed(one.name.split()))) for one in reversed(left.characters))
    )
    start = time.perf_counter()
    alignment = align((left, right))
    print(f"1,450 x 1,450 in {time.perf_counter() - start:.2f} s")  # noqa: T201 - timing is told, not asserted
    pairs = [group for group in alignment.characters if len(group.members) == 2]
    assert all(len(ids_of(group, (left, right))) == 1 for group in pairs)
    assert len(pairs) >= 1440


def test_five_thousand_characters_of_one_name_do_not_raise() -> None:
    source = mal(*(person(str(i), "Villager") for i in range(5000)))
    other = anilist(*(person(f"a{i}", "Villager") for i in range(50)))
    assert len(align((source, other)).characters) == 5050


def test_of_several_scores_of_a_pair_the_greatest_counts_whichever_numbers_an_operator_sets() -> None:
    (rows,) = read_casts((mal(person("m", "Ann Lee")),), (0,), [])
    (columns,) = read_casts((anilist(person("a", "Lee Ann")),), (0,), [])
    for cut in (Matching(), Matching(words_inside=1.0, same_words=0.9), Matching(same_words=0.0, same_native=0.0)):
        scores = score_casts(rows, columns, cut)
        assert scores.name[0, 0] == pytest.approx(max(cut.words_inside, cut.same_words, cut.same_romaji))
