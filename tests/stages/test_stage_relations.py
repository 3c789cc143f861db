"""Stage 3: works, each once, and how they relate."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.domain.canonical import dump_json
from pipeline.domain.drafts import RelationsDraft
from pipeline.domain.names import RelationKind, Site, SourceMaterial, TitleKind
from pipeline.domain.source_title import ForeignId, PartialDate, Relation, TitleName
from pipeline.stages import relations
from pipeline.stages.works import format_key

from .making import ANIDB, ANILIST, CATALOGUE, INPUTS, KITSU, MAL, OWN, PLANET, ROW, SCHEDULE, given_sources, said

KIND = RelationKind


def related(kind, *ids, title=None, type_="anime", form=None, year=None, text="", url=None):
    foreign = tuple(ForeignId(site, id_) for site, id_ in ids)
    return Relation(kind, text, type_, foreign, title, form, year, url)


def mal(id_):
    return Site.MAL, id_


def anilist(id_):
    return Site.ANILIST, id_


def decide(*sources, **more):
    return relations.decide(given_sources(*sources, **more))


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(INPUTS, st.randoms())
def test_the_draft_does_not_depend_on_the_order_of_the_sources(inputs, random):
    first = relations.decide(inputs)
    shuffled = [
        replace(one, relations=tuple(random.sample(one.relations, len(one.relations)))) for one in inputs.sources
    ]
    random.shuffle(shuffled)
    assert dump_json(RelationsDraft, first) == dump_json(
        RelationsDraft, relations.decide(replace(inputs, sources=tuple(shuffled)))
    )


def test_nobody_names_a_work():
    draft = decide(said(MAL))
    assert draft.related_anime.value == draft.relations.value == []
    assert draft.related_anime.rule == "rule:nobody_said"


def test_works_of_different_platforms_join_by_a_shared_id():
    draft = decide(
        said(MAL, relations=(related(KIND.SEQUEL, mal("5"), title="Hashi II"),)),
        said(
            ANILIST,
            relations=(related(KIND.SEQUEL, anilist("9"), mal("5"), title="Sora no Hashi 2", form="TV", year=2003),),
        ),
    )
    (work,) = draft.related_anime.value
    assert work.relation is KIND.SEQUEL
    assert work.ids == {"anilist": ["9"], "mal": ["5"]}
    assert work.sources == [ANILIST, MAL]
    assert (work.format, work.year, work.confidence) == ("TV", 2003, 0.97)


def test_works_join_by_the_identity_registry():
    draft = decide(
        said(MAL, relations=(related(KIND.SEQUEL, mal("5"), title="A"),)),
        said(KITSU, relations=(related(KIND.SEQUEL, (Site.KITSU, "77"), title="B"),)),
        known={"mal:5": "the-title", "kitsu:77": "the-title"},
    )
    (work,) = draft.related_anime.value
    assert work.title_id == "the-title"


def test_ids_a_platform_joins_and_the_registry_parts_leave_a_finding():
    both = related(KIND.SEQUEL, mal("5"), anilist("9"), title="Hashi")
    draft = decide(said(ANILIST, relations=(both,)), known={"mal:5": "b-title", "anilist:9": "a-title"})
    assert draft.related_anime.value[0].title_id == "a-title"
    assert [finding.code for finding in draft.findings] == ["relation_ids_disagree"]


def test_works_join_by_title_year_and_format_at_less_confidence():
    draft = decide(
        said(ANILIST, relations=(related(KIND.SEQUEL, anilist("9"), title="Hashi: Two", form="TV", year=2003),)),
        said(
            ANIDB, relations=(related(KIND.SEQUEL, (Site.ANIDB, "4"), title="hashi two", form="TV Series", year=2003),)
        ),
    )
    (work,) = draft.related_anime.value
    assert work.confidence == 0.85


@pytest.mark.parametrize(
    "other",
    [
        related(KIND.SEQUEL, (Site.ANIDB, "4"), title="Hashi", form="Movie", year=2003),
        related(KIND.SEQUEL, (Site.ANIDB, "4"), title="Hashi", form="TV", year=2004),
        related(KIND.SEQUEL, (Site.ANIDB, "4"), anilist("10"), title="Hashi", form="TV", year=2003),
        related(KIND.SEQUEL, (Site.ANIDB, "4"), title="Hashi", form="TV", year=2003, type_="manga"),
    ],
)
def test_one_name_does_not_join_what_differs_in_year_format_id_or_medium(other):
    first = related(KIND.SEQUEL, anilist("9"), title="Hashi", form="TV", year=2003)
    draft = decide(said(ANILIST, relations=(first,)), said(ANIDB, relations=(other,)))
    assert len(draft.related_anime.value) + len(draft.relations.value) == 2


def test_two_works_of_one_platform_under_one_name_stay_two():
    twice = (related(KIND.SIDE_STORY, mal("5"), title="Special"), related(KIND.SIDE_STORY, mal("6"), title="Special"))
    assert len(decide(said(MAL, relations=twice)).related_anime.value) == 2
    nameless = (related(KIND.SIDE_STORY, title="Special"), related(KIND.SIDE_STORY, title="Special"))
    assert len(decide(said(MAL, relations=nameless)).related_anime.value) == 2


def test_a_work_that_could_be_either_of_two_is_joined_to_neither():
    draft = decide(
        said(MAL, relations=(related(KIND.SEQUEL, mal("5"), title="Lamp"),)),
        said(ANILIST, relations=(related(KIND.SEQUEL, anilist("6"), title="Oven"),)),
        said(KITSU, relations=(related(KIND.SEQUEL, (Site.KITSU, "7"), title="Lamp"),)),
        said(ANIDB, relations=(related(KIND.SEQUEL, (Site.KITSU, "7"), title="Oven"),)),
    )
    assert len(draft.related_anime.value) == 3


def test_what_stands_in_brackets_tells_works_apart():
    planet = (
        related(KIND.SOURCE, title="Hashi", type_="manga"),
        related(KIND.OTHER, title="Hashi (Light Novel)", type_="manga"),
    )
    draft = decide(
        said(PLANET, relations=planet),
        said(MAL, relations=(related(KIND.ADAPTATION, mal("5"), title="Hashi", type_="manga"),)),
    )
    assert [(work.relation, work.title) for work in draft.relations.value] == [
        (KIND.SOURCE, "Hashi"),
        (KIND.OTHER, "Hashi (Light Novel)"),
    ]


def test_specific_beats_other_without_a_conflict():
    draft = decide(
        said(PLANET, relations=(related(KIND.OTHER, mal("5")),)),
        said(KITSU, relations=(related(KIND.PREQUEL, mal("5")),)),
    )
    (work,) = draft.related_anime.value
    assert work.relation is KIND.PREQUEL
    assert not draft.related_anime.conflict
    assert draft.findings == ()


def test_a_franchise_only_mention_is_other_at_low_confidence():
    (work,) = decide(said(PLANET, relations=(related(KIND.OTHER, mal("5")),))).related_anime.value
    assert (work.relation, work.confidence) == (KIND.OTHER, 0.4)


def test_a_contradiction_costs_confidence_and_leaves_finding_question_and_loser():
    draft = decide(
        said(MAL, relations=(related(KIND.SIDE_STORY, mal("5"), title="Hashi"),)),
        said(ANILIST, relations=(related(KIND.SIDE_STORY, mal("5")),)),
        said(KITSU, relations=(related(KIND.SPIN_OFF, mal("5")),)),
    )
    (work,) = draft.related_anime.value
    assert work.relation is KIND.SIDE_STORY
    assert work.confidence < 0.9
    assert [finding.code for finding in draft.findings] == ["relation_contradiction"]
    assert draft.questions[0].options == ("SIDE_STORY", "SPIN_OFF")
    assert draft.questions[0].kept == 0
    assert draft.related_anime.passed_over[0].value[0].relation is KIND.SPIN_OFF


def test_a_kind_against_its_inverse_costs_two_tenths_more():
    def sure(second):
        sources = (
            said(MAL, relations=(related(KIND.PREQUEL, mal("5")),)),
            said(KITSU, relations=(related(second, mal("5")),)),
        )
        return decide(*sources).related_anime.value[0].confidence

    assert sure(KIND.SEQUEL) == pytest.approx(sure(KIND.SPIN_OFF) - 0.2)


def test_anilists_one_word_for_two_kinds_gives_way_to_the_finer_one():
    draft = decide(
        said(ANILIST, relations=(related(KIND.ALTERNATIVE_VERSION, mal("5")),)),
        said(ANIDB, relations=(related(KIND.ALTERNATIVE_SETTING, mal("5")),)),
    )
    assert draft.related_anime.value[0].relation is KIND.ALTERNATIVE_SETTING
    assert not draft.related_anime.conflict


def test_the_printed_original_is_the_source_and_goes_to_relations():
    draft = decide(
        said(MAL, relations=(related(KIND.ADAPTATION, mal("5"), title="Hashi", type_="manga"),)),
        said(ANILIST, relations=(related(KIND.SOURCE, mal("5"), title="Hashi", type_="manga"),)),
        said(KITSU, relations=(related(KIND.SEQUEL, mal("5"), title="Hashi 2"),)),
    )
    assert [work.relation for work in draft.relations.value] == [KIND.SOURCE]
    assert [work.relation for work in draft.related_anime.value] == [KIND.SEQUEL]
    assert not draft.relations.conflict


def test_a_manga_id_never_meets_the_anime_registry():
    draft = decide(
        said(MAL, relations=(related(KIND.ADAPTATION, mal("5"), type_="manga"),)), known={"mal:5": "an-anime"}
    )
    assert draft.relations.value[0].title_id is None


def test_a_work_is_never_related_to_itself():
    own = {Site.MAL: ("1",)}
    draft = decide(
        said(ANILIST, "20", relations=(related(KIND.SEQUEL, mal("1")), related(KIND.SEQUEL, anilist("20")))),
        said(KITSU, relations=(related(KIND.SEQUEL, (Site.KITSU, "3")),)),
        ids=own,
        known={"kitsu:3": OWN},
    )
    assert draft.related_anime.value == []
    assert [finding.code for finding in draft.findings] == ["self_relation"] * 3


def test_a_word_we_do_not_know_is_other_and_asked():
    draft = decide(said(SCHEDULE, relations=(related(None, mal("5"), text="cousin", title="Hashi"),)))
    assert draft.related_anime.value[0].relation is KIND.OTHER
    assert draft.findings[0].code == "relation_unknown"
    assert len(draft.questions[0].options) == len(RelationKind)


def test_ids_of_nothing_join_nothing():
    draft = decide(
        said(MAL, relations=(related(KIND.SEQUEL, mal("0"), title="A"), related(KIND.SEQUEL, mal(""), title="B")))
    )
    assert [work.ids for work in draft.related_anime.value] == [{}, {}]


def test_the_catalogues_addresses_are_works_when_no_platform_names_any():
    row = replace(
        ROW, related_anime=("https://myanimelist.net/anime/5", "https://anilist.co/anime/9", "https://x.org/1")
    )
    draft = decide(row=row, known={"mal:5": "the-title", "anilist:9": "the-title"})
    known, unknown = sorted(draft.related_anime.value, key=lambda work: work.title_id is None)
    assert (known.title_id, known.relation, known.confidence) == ("the-title", KIND.OTHER, 0.4)
    assert known.ids == {"anilist": ["9"], "mal": ["5"]}
    assert known.sources == [CATALOGUE]
    assert unknown.urls == ["https://x.org/1"]


def test_beside_platforms_the_catalogue_adds_only_works_the_registry_knows():
    row = replace(
        ROW,
        related_anime=(
            "https://myanimelist.net/anime/5",
            "https://myanimelist.net/anime/6",
            "https://anilist.co/anime/8",
        ),
    )
    draft = decide(
        said(MAL, relations=(related(KIND.SEQUEL, mal("5")),)), row=row, known={"mal:5": "five", "mal:6": "six"}
    )
    assert [(work.title_id, work.relation) for work in draft.related_anime.value] == [
        ("five", KIND.SEQUEL),
        ("six", KIND.OTHER),
    ]


def test_the_catalogues_address_of_the_title_itself_is_left_out():
    row = replace(ROW, related_anime=("https://myanimelist.net/anime/1",))
    assert decide(row=row, ids={Site.MAL: ("1",)}).related_anime.value == []


def test_two_thousand_works_of_one_name_are_sorted_out_in_a_moment():
    many = tuple(related(KIND.OTHER, mal(str(number)), title="Same") for number in range(2, 2002))
    draft = decide(said(MAL, relations=many), said(KITSU, relations=(related(KIND.SEQUEL, title="Same"),)))
    assert len(draft.related_anime.value) == 2001


@pytest.mark.parametrize(("text", "key"), [("TV Series", "tv"), ("TV", "tv"), ("MOVIE", "movie"), (None, "")])
def test_formats_compare_over_platforms(text, key):
    assert format_key(text) == key


def test_a_slug_stands_for_the_title_where_a_platform_gives_none() -> None:
    """AnimeSchedule names related works by their address alone, and joins words as it likes."""
    film = related(KIND.SIDE_STORY, mal("5"), title="Lamp Moon: Yose Atsume")
    slug = related(KIND.SIDE_STORY, (Site.ANIMESCHEDULE, "lamp-moon-yoseatsume"))
    other = related(KIND.SIDE_STORY, (Site.ANIMESCHEDULE, "lamp-moon-2"))
    draft = decide(said(MAL, relations=(film,)), said(SCHEDULE, relations=(slug, other)))
    assert sorted(len(work.sources) for work in draft.related_anime.value) == [1, 2]


@pytest.mark.parametrize(
    ("said_word", "shown"), [("DVD Special", "SPECIAL"), ("Movie", "MOVIE"), ("TV_SHORT", "TV_SHORT")]
)
def test_a_format_is_written_in_one_way(said_word, shown):
    """Every platform writes formats in its own way; the record does not."""
    draft = decide(said(PLANET, relations=(related(KIND.OTHER, mal("5"), title="Lamp", form=said_word),)))
    assert draft.related_anime.value[0].format == shown


def printed(kind, id_, title, *, site=Site.MAL, form=None, year=None):
    return related(kind, (site, id_), title=title, type_="manga", form=form, year=year)


def kinds_of(*works, source=MAL, material=SourceMaterial.MANGA, **more):
    named = TitleName("Hashi no Ue", TitleKind.MAIN, "ja-Latn")
    draft = decide(said(source, titles=(named,), source_material=material, relations=works, **more))
    return {(work.ids.get("mal") or work.ids["kitsu"])[0]: work.relation for work in draft.relations.value}


def test_the_work_an_anime_was_made_from_is_its_source_where_one_word_means_both():
    """MyAnimeList calls it "adaptation"; a spin-off of another name, a guide book and the like stay what they are."""
    works = (
        printed(KIND.ADAPTATION, "13", "Hashi no Ue"),
        printed(KIND.ADAPTATION, "14", "Hashi no Ue: Shima-hen"),
        printed(KIND.OTHER, "15", "Hashi no Ue"),
    )
    assert kinds_of(*works) == {"13": KIND.SOURCE, "14": KIND.ADAPTATION, "15": KIND.OTHER}


@pytest.mark.parametrize("material", [SourceMaterial.ORIGINAL, SourceMaterial.VIDEO_GAME, None])
def test_what_was_made_of_an_original_anime_stays_its_adaptation(material):
    assert kinds_of(printed(KIND.ADAPTATION, "13", "Hashi no Ue"), material=material) == {"13": KIND.ADAPTATION}


def test_of_two_works_of_one_name_the_kind_and_the_year_tell_the_original():
    """Kitsu says both; without either nothing is guessed."""
    manga = printed(KIND.ADAPTATION, "1", "Hashi no Ue", site=Site.KITSU, form="manga", year=2010)
    novel = printed(KIND.ADAPTATION, "2", "Hashi no Ue", site=Site.KITSU, form="novel", year=2008)
    light = SourceMaterial.LIGHT_NOVEL
    assert kinds_of(manga, novel, source=KITSU) == {"1": KIND.SOURCE, "2": KIND.ADAPTATION}
    assert kinds_of(manga, novel, source=KITSU, material=light) == {"1": KIND.ADAPTATION, "2": KIND.SOURCE}
    late = {"start": PartialDate(2009, 4)}
    assert kinds_of(manga, novel, source=KITSU, **late) == {"1": KIND.ADAPTATION, "2": KIND.ADAPTATION}
    twins = (printed(KIND.ADAPTATION, "1", "Hashi no Ue"), printed(KIND.ADAPTATION, "2", "Hashi no Ue"))
    assert set(kinds_of(*twins).values()) == {KIND.ADAPTATION}
