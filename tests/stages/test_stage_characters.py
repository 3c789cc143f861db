"""Stage 5: one record per character, voices by person."""

from dataclasses import fields

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.canonical import dump_json
from pipeline.domain.claims import Chosen
from pipeline.domain.drafts import CharactersDraft
from pipeline.domain.names import CharacterRole, Source
from pipeline.domain.source_title import Character, SourceTitle, VoiceActor
from pipeline.stages import characters
from pipeline.stages.choose import NOBODY

from .casting import INPUTS, aligned, shuffled

MAIN, SUPPORTING = CharacterRole.MAIN, CharacterRole.SUPPORTING


def one(*each):
    """The record of one character that every given source has."""
    sources = [SourceTitle(source, "1", characters=(character,)) for source, character in each]
    (record,) = characters.decide(aligned(*sources)).characters.value
    return record


def test_a_character_is_merged_over_platforms() -> None:
    mal = Character(
        "1",
        "Spiegel, Spike",
        MAIN,
        nicknames=("Swimming Bird",),
        description="short",
        favorites=5,
        image_url="https://m.org/1.jpg?s=9",
        voice_actors=(VoiceActor("Yamadera, Kouichi", "ja", "11"),),
    )
    anilist = Character(
        "1",
        "Spike Spiegel",
        MAIN,
        "スパイク",
        description="a longer text\n\nin two parts",
        favorites=7,
        age="27",
        image_url="https://m.org/1.jpg",
        voice_actors=(VoiceActor("Koichi Yamadera", "ja", "95", "山寺宏一"),),
    )
    record = one((Source.MAL, mal), (Source.ANILIST, anilist))
    assert (record.name, record.name_native, record.role, record.age) == ("Spike Spiegel", "スパイク", MAIN, "27")
    assert record.description == "a longer text\n\nin two parts"
    assert record.favorites == {"mal": 5, "anilist": 7}
    assert record.ids == {"mal": "1", "anilist": "1"}
    assert record.images == ["https://m.org/1.jpg"]
    assert (record.nicknames, record.alternative_names) == (["Swimming Bird"], [])
    (voice,) = record.voice_actors
    assert (voice.name, voice.name_native, voice.ids) == ("Koichi Yamadera", "山寺宏一", {"anilist": "95", "mal": "11"})
    assert record.match_confidence == 0.97


def test_a_name_from_mal_alone_is_turned_round() -> None:
    assert one((Source.MAL, Character("1", "Ikari, Shinji", MAIN))).name == "Shinji Ikari"
    assert one((Source.ANILIST, Character("1", "Ikari, the Elder", MAIN))).name == "Ikari, the Elder"


def test_other_spellings_become_alternatives() -> None:
    record = one(
        (Source.MAL, Character("1", "Lorentz, Keel", SUPPORTING)),
        (Source.ANIDB, Character("9", "Keel Lorenz", SUPPORTING)),
    )
    assert (record.name, record.alternative_names) == ("Keel Lorentz", ["Keel Lorenz"])


def test_the_finer_role_with_more_weight_wins_and_unknown_never_does() -> None:
    both = Character("1", "Keel Lorenz", CharacterRole.BACKGROUND), Character("1", "Keel Lorenz", SUPPORTING)
    assert one((Source.ANILIST, both[0]), (Source.MAL, both[1])).role is CharacterRole.BACKGROUND
    unknown = Character("1", "Keel Lorenz", CharacterRole.UNKNOWN)
    assert one((Source.ANILIST, unknown), (Source.KITSU, both[1])).role is SUPPORTING


def test_leads_come_first_and_the_order_is_stable() -> None:
    roles = [SUPPORTING, MAIN, CharacterRole.BACKGROUND, SUPPORTING, MAIN]
    cast = tuple(Character(str(i), f"Name {'abcde'[i] * 4}", role) for i, role in enumerate(roles))
    draft = characters.decide(aligned(SourceTitle(Source.MAL, "1", characters=cast)))
    assert [record.ids["mal"] for record in draft.characters.value] == ["1", "4", "0", "3", "2"]


def test_voices_are_listed_by_person_original_language_first() -> None:
    actor, dub = VoiceActor("Hayashibara, Megumi", "ja", "7"), VoiceActor("Lee, Wendee", "en", "8")
    cast = (Character("1", "Faye", MAIN, voice_actors=(dub, actor)), Character("2", "Ein", MAIN, voice_actors=(actor,)))
    draft = characters.decide(aligned(SourceTitle(Source.MAL, "1", characters=cast)))
    people = [(voice.name, voice.language, voice.characters) for voice in draft.voice_actors.value]
    assert people == [("Megumi Hayashibara", "ja", ["Faye", "Ein"]), ("Wendee Lee", "en", ["Faye"])]


def test_nobody_said_is_said() -> None:
    draft = characters.decide(aligned())
    assert (draft.characters.value, draft.characters.rule) == ([], NOBODY)


def test_questions_of_the_alignment_are_passed_on_and_no_others() -> None:
    mal = SourceTitle(
        Source.MAL, "1", characters=(Character("m", "Elric, Ed", MAIN), Character("n", "Elric, Al", MAIN))
    )
    draft = characters.decide(
        aligned(mal, SourceTitle(Source.ANILIST, "1", characters=(Character("a", "Elric", MAIN),)))
    )
    assert [question.stage for question in draft.questions] == ["characters"]


def test_a_large_cast_keeps_everybody() -> None:
    cast = tuple(Character(str(i), "Villager", SUPPORTING) for i in range(5000))
    assert len(characters.decide(aligned(SourceTitle(Source.MAL, "1", characters=cast))).characters.value) == 5000


@settings(max_examples=80, deadline=None)
@given(INPUTS, st.randoms(use_true_random=False))
def test_any_cast_is_decided_whole_with_reasons_and_without_regard_to_order(inputs, random) -> None:
    draft = characters.decide(inputs)
    assert len(draft.characters.value) == len(inputs.alignment.characters)
    for field in fields(CharactersDraft):
        chosen = getattr(draft, field.name)
        if isinstance(chosen, Chosen):
            assert chosen.rule.startswith("rule:")
            assert 0 <= chosen.confidence <= 1
            assert bool(chosen.sources) == bool(chosen.value)
    if len({(s.source, s.id) for s in inputs.sources}) == len(inputs.sources):
        assert dump_json(CharactersDraft, characters.decide(shuffled(inputs, random))) == dump_json(
            CharactersDraft, draft
        )


def test_within_a_role_the_best_loved_come_first() -> None:
    """MyAnimeList lists by the alphabet; a lead is not who begins with A."""
    told = [("1", "A", MAIN, 5), ("2", "B", MAIN, 900), ("3", "C", SUPPORTING, 5_000), ("4", "D", MAIN, None)]
    cast = tuple(Character(id_, name * 4, role, favorites=count) for id_, name, role, count in told)
    records = characters.decide(aligned(SourceTitle(Source.MAL, "1", characters=cast))).characters.value
    assert [record.ids["mal"] for record in records] == ["2", "1", "4", "3"]
