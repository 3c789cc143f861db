"""Stage 6: people with roles, companies under one name."""

import time
from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.canonical import dump_json
from pipeline.domain.claims import Chosen
from pipeline.domain.drafts import StaffDraft
from pipeline.domain.names import CharacterRole, CompanyRole, Source
from pipeline.domain.source_title import Character, Company, Credit, SourceTitle, VoiceActor
from pipeline.domain.title import CatalogueRow
from pipeline.stages import staff
from pipeline.stages.companies import company_key
from pipeline.stages.roles import role_of, roles

from .casting import INPUTS, aligned, shuffled


def test_a_person_has_all_roles_and_the_credits_as_printed() -> None:
    mal = SourceTitle(
        Source.MAL,
        "1",
        staff=(
            Credit("Watanabe, Shinichirou", "Storyboard", "1", episodes="eps 1, 3"),
            Credit("Watanabe, Shinichirou", "Director", "1"),
        ),
    )
    anilist = SourceTitle(Source.ANILIST, "1", staff=(Credit("Shinichiro Watanabe", "Director", "9", "渡辺信一郎"),))
    (person,) = staff.decide(aligned(mal, anilist)).staff_data.value
    assert (person.name, person.name_native) == ("Shinichiro Watanabe", "渡辺信一郎")
    assert person.roles == ["director", "storyboard"]
    assert person.credits == ["Director", "Storyboard (eps 1, 3)"]
    assert (person.ids, person.episodes) == ({"anilist": "9", "mal": "1"}, "eps 1, 3")


def test_the_most_important_come_first() -> None:
    told = [("Key Animation", "c"), ("Music", "b"), ("Original Creator", "a")]
    source = SourceTitle(Source.MAL, "1", staff=tuple(Credit(f"{n * 4}, X", role, n) for role, n in told))
    assert [person.ids["mal"] for person in staff.decide(aligned(source)).staff_data.value] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("Original Work", "original_creator"),
        ("Direction", "director"),
        ("Chief Animation Direction", "chief_animation_director"),
        ("Theme Song Performance (OP, ED: ep 12)", "theme_song"),
        ("2nd Key Animation", "other"),
        ("Director of Photography", "photography_director"),
        ("producer (English)", "other"),
        ("Script (German dub)", "other"),
        ("Script (Englewood arc)", "script"),
    ],
)
def test_the_role_table_reads_what_platforms_write(text: str, role: str) -> None:
    assert role_of(text) == (role, "known")


def test_roles_that_only_count_keep_their_person() -> None:
    source = SourceTitle(
        Source.MAL, "1", staff=(Credit("A, B", "In-Between Animation", "1"), Credit("C, D", "Finishing", "2"))
    )
    draft = staff.decide(aligned(source))
    assert len(draft.staff_data.value) == 2
    assert draft.staff_data.evidence == ("counted:Finishing=1", "counted:In-Between Animation=1")
    assert draft.questions == ()


def test_an_unknown_role_is_other_and_asked_about_once() -> None:
    source = SourceTitle(
        Source.MAL, "1", staff=(Credit("A, B", "Moon Wrangler", "1"), Credit("C, D", "Moon Wrangler", "2"))
    )
    draft = staff.decide(aligned(source))
    assert {tuple(person.roles) for person in draft.staff_data.value} == {("other",)}
    (question,) = draft.questions
    assert (question.kind, question.keys, question.options[question.kept]) == (
        "role_class",
        ("moon-wrangler",),
        "other",
    )
    assert question.subject == "what 'Moon Wrangler' is (so credited: A, B)"
    assert question.options == question.option_keys == roles()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Sunrise Inc.", "SUNRISE"),
        ("Toei Animation Co., Ltd.", "Toei Animation"),
        ("J.C.STAFF", "J.C. Staff"),
        ("A-1 Pictures Inc.", "A-1 Pictures"),
        ("Studio Pierrot", "Pierrot"),
        ("EMT²", "EMT Squared"),
        ("株式会社サンライズ", "サンライズ"),
    ],
)
def test_a_company_is_one_under_all_spellings(one: str, other: str) -> None:
    assert company_key(one) == company_key(other)


def test_companies_that_only_resemble_each_other_stay_two() -> None:
    names = ["Bones", "Bones Film", "Gonzo", "Studio 4°C", "Studio C", "Co", "Ltd.", "Toei Animation", "Toei Company"]
    assert len({company_key(name) for name in names}) == len(names)
    assert all(company_key(name) for name in names)


def test_studios_are_united_and_the_main_one_comes_first() -> None:
    studio = CompanyRole.STUDIO
    mal = SourceTitle(
        Source.MAL, "1", companies=(Company("Helper", studio, id="2"), Company("Sunrise", studio, id="14"))
    )
    anilist = SourceTitle(
        Source.ANILIST,
        "1",
        companies=(Company("Sunrise Inc.", studio, True, "14"), Company("Bandai", CompanyRole.PRODUCER, False)),
    )
    row = CatalogueRow(sources=(), title="T", studios=("sunrise",), producers=("bandai",))
    draft = staff.decide(aligned(mal, anilist, row=row))
    first, second = draft.studios.value
    assert (first.name, first.is_main, first.aliases) == ("Sunrise Inc.", True, ["Sunrise"])
    assert first.sources == [Source.ANILIST, Source.CATALOGUE, Source.MAL]
    assert (second.name, second.is_main) == ("Helper", None)
    assert [company.name for company in draft.producers.value] == ["Bandai"]
    assert draft.licensors.value == []


def only_voices(inputs, group):
    return all(inputs.sources[ref.source].staff[ref.item].role.lower() == "voice actor" for ref in group.members)


@settings(max_examples=80, deadline=None)
@given(INPUTS, st.randoms(use_true_random=False))
def test_any_staff_is_decided_whole_with_reasons_and_without_regard_to_order(inputs, random) -> None:
    draft = staff.decide(inputs)
    assert len(draft.staff_data.value) >= sum(not only_voices(inputs, group) for group in inputs.alignment.staff)
    for field in fields(StaffDraft):
        chosen = getattr(draft, field.name)
        if isinstance(chosen, Chosen):
            assert chosen.rule.startswith("rule:")
            assert bool(chosen.sources) == bool(chosen.value)
    if len({(s.source, s.id) for s in inputs.sources}) == len(inputs.sources):
        assert dump_json(StaffDraft, staff.decide(shuffled(inputs, random))) == dump_json(StaffDraft, draft)


def test_a_voice_actor_whom_the_cast_has_is_no_staff() -> None:
    """Anime-Planet lists voice actors without characters; only those nobody else knows stay with the staff."""
    cast = (Character("1", "Lamp", CharacterRole.MAIN, voice_actors=(VoiceActor("Tanaka, Mio", "ja", "5"),)),)
    mal = SourceTitle(Source.MAL, "1", characters=cast)
    voices = (Credit("Mio Tanaka", "Voice Actor", "mio"), Credit("Ann Other", "Voice Actor", "ann"))
    singer = Credit("Mio Tanaka", "Theme Song Performance", "mio")
    only_voices = SourceTitle(Source.ANIME_PLANET, "lamp", staff=voices)
    more = SourceTitle(Source.ANIME_PLANET, "lamp", staff=(*voices, singer))
    assert [one.name for one in staff.decide(aligned(mal, only_voices)).staff_data.value] == ["Ann Other"]
    assert {one.name for one in staff.decide(aligned(mal, more)).staff_data.value} == {"Ann Other", "Mio Tanaka"}


def test_anilists_rest_is_a_licensor_where_another_platform_says_so() -> None:
    """AniList knows studios and the rest; a producer of anybody else's stays one."""
    rest = tuple(Company(name, CompanyRole.PRODUCER, is_main=False, id=name) for name in ("Lamp Video", "Moon TV"))
    licensors = tuple(Company(name, CompanyRole.LICENSOR) for name in ("Lamp Video", "Moon TV"))
    mal = SourceTitle(Source.MAL, "1", companies=(*licensors, Company("Moon TV", CompanyRole.PRODUCER)))
    draft = staff.decide(aligned(SourceTitle(Source.ANILIST, "1", companies=rest), mal))
    assert [one.name for one in draft.producers.value] == ["Moon TV"]
    (lamp, _) = draft.licensors.value
    assert (lamp.name, lamp.is_main, lamp.sources) == ("Lamp Video", None, [Source.ANILIST, Source.MAL])


def test_one_number_at_anilist_and_myanimelist_is_one_company() -> None:
    """AniList took its first numbers over from there, and writes some names otherwise."""
    producer = CompanyRole.PRODUCER
    anilist = SourceTitle(Source.ANILIST, "1", companies=(Company("Yomiuri TV", producer, False, "76"),))
    mal = SourceTitle(Source.MAL, "1", companies=(Company("Yomiuri Telecasting", producer, id="76"),))
    kitsu = SourceTitle(Source.KITSU, "1", companies=(Company("Other", producer, id="76"),))
    one, other = staff.decide(aligned(anilist, mal, kitsu)).producers.value
    assert (one.name, one.aliases) == ("Yomiuri TV", ["Yomiuri Telecasting"])
    assert one.ids == {"anilist": "76", "mal": "76"}
    assert other.sources == [Source.KITSU]


def test_a_company_is_shown_in_both_cases_where_anybody_writes_it_so() -> None:
    """AniList prints the logo's capitals."""
    anilist = SourceTitle(Source.ANILIST, "1", companies=(Company("LAMPHOUSE", CompanyRole.STUDIO),))
    mal = SourceTitle(Source.MAL, "1", companies=(Company("Lamphouse", CompanyRole.STUDIO),))
    assert [one.name for one in staff.decide(aligned(anilist, mal)).studios.value] == ["Lamphouse"]
    assert [one.name for one in staff.decide(aligned(anilist)).studios.value] == ["LAMPHOUSE"]


def studios_of(*named: tuple[Source, str], row: CatalogueRow | None = None) -> list[str]:
    by: dict[Source, list[Company]] = {}
    for source, name in named:
        by.setdefault(source, []).append(Company(name, CompanyRole.STUDIO))
    sources = [SourceTitle(source, "1", companies=tuple(companies)) for source, companies in by.items()]
    more = {} if row is None else {"row": row}
    return [one.name for one in staff.decide(aligned(*sources, **more)).studios.value]


def test_of_thousands_of_studios_not_all_pairs_are_looked_at() -> None:
    """A platform that names 5,000 studios costs no minute; who is shortened is still found among them."""
    many = [(Source.MAL, f"Lamp {number} Works") for number in range(5_000)]
    began = time.process_time()
    assert len(studios_of(*many, (Source.ANILIST, "Lamp 7"))) == len(many)
    assert time.process_time() - began < 5.0


def test_a_longer_name_is_the_same_studio_where_nobody_names_both() -> None:
    mal, anilist, kitsu = Source.MAL, Source.ANILIST, Source.KITSU
    row = CatalogueRow(sources=(), title="T", studios=("lamp wave", "lamp wave films"))
    assert studios_of((mal, "Lamp Wave Films"), (anilist, "Lamp Wave"), row=row) == ["Lamp Wave"]
    assert len(studios_of((mal, "Lamp Wave Films"), (mal, "Lamp Wave"), (anilist, "Lamp Wave"))) == 2
    assert len(studios_of((mal, "Lamp Waves"), (anilist, "Lamp Wave"))) == 2
    assert len(studios_of((mal, "Blue Lamp"), (anilist, "Lamp"), (kitsu, "Lamp Blue"))) == 2
    assert len(studios_of(row=row)) == 2


def test_who_only_helped_to_animate_is_a_producer() -> None:
    """AniList notes of every company whether it animates at all, and of studios which are this work's."""
    studio = CompanyRole.STUDIO
    helpers = (Company("Helper", studio, False, "2"), Company("Also Main", studio, False, "3"))
    anilist = SourceTitle(Source.ANILIST, "1", companies=(Company("Main", studio, True, "1"), *helpers))
    mal = SourceTitle(Source.MAL, "1", companies=(Company("Also Main", studio, id="30"),))
    draft = staff.decide(aligned(anilist, mal))
    assert [(one.name, one.is_main) for one in draft.studios.value] == [("Main", True), ("Also Main", False)]
    assert [one.name for one in draft.producers.value] == ["Helper"]
    nobody_main = staff.decide(aligned(SourceTitle(Source.ANILIST, "1", companies=helpers)))
    assert [one.name for one in nobody_main.studios.value] == ["Also Main", "Helper"]
    assert nobody_main.producers.value == []
