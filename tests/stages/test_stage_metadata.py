"""Stage 1: names, dates, texts and labels."""

import time
from dataclasses import fields, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.domain.canonical import dump_json
from pipeline.domain.claims import Chosen
from pipeline.domain.drafts import Draft, MetadataDraft
from pipeline.domain.names import (
    AgeRating,
    AiringStatus,
    LabelKind,
    Season,
    Source,
    SourceMaterial,
    TitleKind,
    TitleType,
)
from pipeline.domain.record import AiredDates
from pipeline.domain.source_title import Broadcast, Label, PartialDate, Text, TitleName
from pipeline.domain.thresholds import Choosing
from pipeline.stages import metadata
from pipeline.stages.labels import choose_labels
from pipeline.stages.vocabulary import label_key, vocabulary

from .making import (
    ANIDB,
    ANILIST,
    CATALOGUE,
    INPUTS,
    KITSU,
    MAL,
    PLANET,
    ROW,
    SCHEDULE,
    given_sources,
    said,
)

LONG = "Every evening the lamplighter of the lower town climbs the same forty stairs and counts them aloud. " * 8
OTHER = "Two rival bakers share one oven, one cat and a debt that neither of them can remember taking on. " * 7


def name(text, kind=TitleKind.MAIN, language=None):
    return TitleName(text, kind, language)


def genre(text, strength=1.0):
    return Label(text, LabelKind.GENRE, strength)


def tag(text, strength=1.0, **more):
    return Label(text, LabelKind.TAG, strength, **more)


def decide(*sources, **more):
    return metadata.decide(given_sources(*sources, **more))


# ---- every stage alike


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(INPUTS, st.randoms())
def test_the_draft_does_not_depend_on_the_order_of_the_sources(inputs, random):
    first = metadata.decide(inputs)
    shuffled = list(inputs.sources)
    random.shuffle(shuffled)
    second = metadata.decide(replace(inputs, sources=tuple(shuffled)))
    assert dump_json(MetadataDraft, first) == dump_json(MetadataDraft, second)


def test_nobody_says_anything_and_nothing_is_invented():
    draft = decide()
    for field in fields(MetadataDraft):
        chosen = getattr(draft, field.name)
        if isinstance(chosen, Chosen):
            assert chosen.rule == "rule:nobody_said", field.name
            assert chosen.value in (None, "", [], TitleType.UNKNOWN, AiringStatus.UNKNOWN), field.name
    assert {field.name for field in fields(Draft)} <= {field.name for field in fields(MetadataDraft)}


# ---- names


def test_the_main_title_is_the_romaji_one_most_weight_gives():
    draft = decide(
        said(MAL, titles=(name("Sora no Hashi", language="ja-Latn"),)),
        said(ANILIST, titles=(name("Sora No Hashi", language="ja-Latn"),)),
        said(KITSU, titles=(name("Bridge of Sky", language="en"),)),
    )
    assert draft.title.value in {"Sora no Hashi", "Sora No Hashi"}
    assert draft.title.sources == (ANILIST, MAL)
    assert not draft.title.conflict


def test_names_are_chosen_by_language_and_kind():
    draft = decide(
        said(
            ANIDB,
            titles=(
                name("Sora no Hashi", language="ja-Latn"),
                name("空の橋", TitleKind.OFFICIAL, "ja"),
                name("Bridge of Sky", TitleKind.OFFICIAL, "en"),
                name("Skybridge", TitleKind.SYNONYM, "en"),
                name("Pont du ciel", TitleKind.OFFICIAL, "fr"),
            ),
        )
    )
    assert draft.title.value == draft.title_romaji.value == "Sora no Hashi"
    assert draft.title_japanese.value == "空の橋"
    assert draft.title_english.value == "Bridge of Sky"
    assert [(one.text, one.language) for one in draft.synonyms.value] == [("Pont du ciel", "fr"), ("Skybridge", "en")]


def test_synonyms_are_listed_once_as_spelled_with_their_language():
    row = replace(ROW, title="Hashi", synonyms=("SKY  bridge", "hashi", "Ｓｋｙ Bridge", "Other (2009)", "Other"))
    draft = decide(said(KITSU, titles=(name("Sky Bridge", TitleKind.SYNONYM, "en"),)), row=row)
    assert [one.text for one in draft.synonyms.value] == ["Sky Bridge", "Other", "Other (2009)"]
    assert draft.synonyms.sources == (CATALOGUE, KITSU)


def test_the_catalogue_names_a_title_nobody_else_names():
    assert decide(row=replace(ROW, title="Hashi")).title.value == "Hashi"
    assert decide(row=replace(ROW, title="Hashi")).title.sources == (CATALOGUE,)


def test_invisible_characters_do_not_make_a_second_name_and_are_not_taken_out():
    draft = decide(said(MAL, titles=(name("\u202eHa\u200bshi"), name("Hashi", TitleKind.SYNONYM))))
    assert draft.title.value == "\u202eHa\u200bshi"
    assert draft.synonyms.value == []


# ---- what it is


def test_a_finer_format_does_not_contradict_the_general_one():
    draft = decide(said(MAL, type=TitleType.TV), said(ANILIST, type=TitleType.TV_SHORT), said(KITSU, type=TitleType.TV))
    assert draft.type.value is TitleType.TV_SHORT
    assert not draft.type.conflict


def test_a_contradiction_is_voted_and_the_loser_kept():
    draft = decide(said(MAL, type=TitleType.OVA), said(ANILIST, type=TitleType.ONA), said(ANIDB, type=TitleType.OVA))
    assert draft.type.value is TitleType.OVA
    assert draft.type.conflict
    assert [(claim.value, claim.sources) for claim in draft.type.passed_over] == [(TitleType.ONA, (ANILIST,))]


def test_an_unknown_type_of_the_catalogue_is_no_vote():
    assert decide(row=replace(ROW, type=TitleType.UNKNOWN)).type.sources == ()
    assert decide(row=replace(ROW, type=TitleType.ONA)).type.value is TitleType.ONA


def test_a_light_novel_is_a_novel_told_more_precisely():
    draft = decide(
        said(MAL, source_material=SourceMaterial.NOVEL), said(KITSU, source_material=SourceMaterial.LIGHT_NOVEL)
    )
    assert draft.source_material.value is SourceMaterial.LIGHT_NOVEL


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ([said(ANILIST, is_adult=False)], False),
        ([said(MAL, age_rating=AgeRating.RX)], True),
        ([said(MAL, age_rating=AgeRating.PG_13)], False),
        ([said(MAL, age_rating=AgeRating.RX), said(ANILIST, is_adult=False)], True),
        ([said(MAL)], None),
    ],
)
def test_whether_it_is_adult_follows_flags_and_ratings(sources, expected):
    assert decide(*sources).nsfw.value is expected


# ---- dates


def test_a_more_precise_date_wins_among_compatible_ones():
    draft = decide(
        said(ANIDB, start=PartialDate(1998)),
        said(KITSU, start=PartialDate(1998, 4, 3)),
        said(MAL, start=PartialDate(1998, 4)),
    )
    aired = draft.aired_dates
    assert aired.value == AiredDates(start="1998-04-03", start_precision="day")
    assert aired.sources == (ANIDB, KITSU, MAL)
    assert not aired.conflict
    assert (draft.month.value, draft.season.value, draft.year.value) == (4, Season.SPRING, 1998)


def test_contradicting_dates_are_voted_by_weight():
    draft = decide(
        said(MAL, start=PartialDate(1998, 4, 3)),
        said(ANIDB, start=PartialDate(1998, 4, 3)),
        said(KITSU, start=PartialDate(1998, 10, 24)),
    )
    assert draft.aired_dates.value.start == "1998-04-03"
    assert draft.aired_dates.conflict
    assert draft.aired_dates.passed_over[0].value.start == "1998-10-24"
    assert draft.aired_dates.passed_over[0].sources == (KITSU,)


def test_a_vague_date_supports_both_sides_and_settles_neither():
    draft = decide(
        said(MAL, start=PartialDate(1998, 4, 3)),
        said(ANILIST, start=PartialDate(1998, 4, 5)),
        said(ANIDB, start=PartialDate(1998, 4)),
    )
    assert draft.aired_dates.value.start == "1998-04-03"
    assert draft.aired_dates.conflict


def test_a_bare_year_is_written_as_its_first_day_where_nothing_else_can_be_written():
    """Kitsu and Anime-Planet have whole days only; beside another's year their first of January is that year."""
    kitsu = said(KITSU, start=PartialDate(2008, 1, 1), end=PartialDate(2008, 1, 1))
    draft = decide(said(ANILIST, start=PartialDate(2008), end=PartialDate(2008)), kitsu)
    assert (draft.aired_dates.value.start, draft.aired_dates.value.end) == ("2008", "2008")
    assert draft.aired_dates.value.start_precision == "year"
    assert (draft.season.value, draft.month.value, draft.year.value) == (None, None, 2008)
    assert decide(kitsu).aired_dates.value.start == "2008-01-01"
    assert decide(kitsu, said(ANILIST, start=PartialDate(2009))).aired_dates.value.start != "2008"
    assert decide(said(MAL, start=PartialDate(2008, 1, 1)), said(ANILIST, start=PartialDate(2008))).month.value == 1


def test_a_night_belongs_to_the_day_of_its_slot():
    """The 11th of January 2019 was a Friday; whoever counts the night to its evening says the 10th."""
    slot = Broadcast("FRIDAY", "01:05")
    late = said(MAL, start=PartialDate(2019, 1, 11), end=PartialDate(2019, 3, 29), broadcast=slot)
    early = said(ANIDB, start=PartialDate(2019, 1, 10), end=PartialDate(2019, 3, 28))
    draft = decide(late, early, said(PLANET, start=PartialDate(2019, 1, 10)))
    assert (draft.aired_dates.value.start, draft.aired_dates.value.end) == ("2019-01-11", "2019-03-29")
    assert not draft.aired_dates.conflict
    assert draft.aired_dates.sources == (ANIDB, PLANET, MAL)


@pytest.mark.parametrize("day", ["THURSDAY", "SATURDAY", None])
def test_another_weekday_says_nothing_of_a_night(day):
    """The evening's own weekday, one that fits neither, and none leave the vote as it is."""
    late = said(MAL, start=PartialDate(2019, 1, 11), broadcast=Broadcast(day, "01:05"))
    assert decide(late, said(ANIDB, start=PartialDate(2019, 1, 10))).aired_dates.value.start == "2019-01-10"


@pytest.mark.parametrize(
    ("start", "season", "year", "expected"),
    [
        (PartialDate(2023, 12, 30), Season.WINTER, 2024, (Season.WINTER, 2024, 12)),
        (PartialDate(2023, 7, 1), Season.WINTER, 2024, (Season.SUMMER, 2023, 7)),
        (PartialDate(2023), Season.WINTER, 2024, (Season.WINTER, 2024, None)),
        (PartialDate(2023, 4), None, None, (Season.SPRING, 2023, 4)),
        (None, Season.FALL, None, (Season.FALL, None, None)),
    ],
)
def test_the_platforms_season_stands_while_within_a_month_of_the_start(start, season, year, expected):
    draft = decide(said(MAL, start=start, season=season, season_year=year))
    assert (draft.season.value, draft.year.value, draft.month.value) == expected


@pytest.mark.parametrize("wrong", [PartialDate(1, 1, 1), PartialDate(2001, 13, 1), PartialDate(2001, 2, 40)])
def test_what_is_no_date_is_left_out_with_a_finding(wrong):
    draft = decide(said(MAL, start=wrong), said(KITSU, start=PartialDate(2001, 5)))
    assert draft.aired_dates.value.start == "2001-05"
    assert [(finding.code, finding.source) for finding in draft.findings] == [("impossible_date", MAL)]


# ---- texts


def test_the_synopsis_is_one_platforms_text_unchanged_and_copies_speak_for_it():
    draft = decide(
        said(KITSU, synopses=(Text(LONG + " (from the club book)"),)),
        said(MAL, synopses=(Text(LONG),)),
        said(ANIDB, synopses=(Text(OTHER),)),
    )
    assert draft.synopsis.value == LONG
    assert draft.synopsis.sources == (KITSU, MAL)
    assert [claim.value for claim in draft.synopsis.passed_over] == [OTHER]


def test_a_text_that_says_there_is_none_is_never_the_synopsis():
    assert decide(said(MAL, synopses=(Text("No synopsis has been added to this series yet."),))).synopsis.value is None
    assert decide(said(MAL, synopses=(Text(" \n "),))).synopsis.value is None


def test_an_announcement_loses_against_a_real_text():
    notice = "A second season has been announced. " + "More is known of the oven than of the bakers themselves. " * 3
    draft = decide(said(MAL, synopses=(Text(notice),)), said(KITSU, synopses=(Text(" ".join(OTHER.split()[:40])),)))
    assert draft.synopsis.sources == (KITSU,)


def test_other_languages_are_kept_one_text_each():
    draft = decide(
        said(KITSU, synopses=(Text(LONG, "en"), Text("Un pont. " * 40, "fr"))),
        said(MAL, synopses=(Text("Pont.", "fr"),)),
    )
    assert draft.synopsis.value == LONG
    assert [(text.language, len(text.text)) for text in draft.synopses.value] == [("fr", 360)]


def test_a_megabyte_of_synopsis_takes_no_time():
    texts = [
        said(source, synopses=(Text(f"{source} tells " + "words of no end " * 65_000),))
        for source in (MAL, KITSU, ANIDB)
    ]
    started = time.process_time()
    assert len(decide(*texts).synopsis.value) > 1_000_000
    assert time.process_time() - started < 10.0  # CPU; far more than it takes


# ---- labels


def test_a_label_needs_its_share_of_those_who_could_say_it():
    spoke = (said(MAL, labels=(genre("Drama"),)), said(ANILIST, labels=(genre("Drama"), genre("Mystery"))))
    draft = decide(*spoke)
    assert draft.genres.value == ["Drama"]
    assert [(claim.value, claim.sources) for claim in draft.genres.passed_over] == [(["Mystery"], (ANILIST,))]


@pytest.mark.parametrize(
    ("strength", "kept"),
    [(0.44, []), (0.45, ["School"]), (1.0, ["School"])],
)
def test_the_cut_is_inclusive_and_weighs_strength(strength, kept):
    assert decide(said(ANILIST, labels=(tag("School", strength),))).themes.value == kept


def test_a_platform_without_labels_or_without_the_concept_is_not_counted_against():
    alone = decide(said(PLANET, labels=(tag("Villainess"),)), said(KITSU, labels=(tag("mecha"),)), said(MAL))
    assert "Villainess" in alone.themes.value
    against = decide(said(PLANET, labels=(tag("Villainess"),)), said(MAL, labels=(genre("Drama"),)))
    assert "Villainess" not in against.themes.value


def test_an_anilist_genre_is_not_an_anilist_tag():
    assert decide(said(ANILIST, labels=(genre("Thriller"),))).genres.value == ["Suspense"]
    as_tag = decide(said(ANILIST, labels=(tag("Thriller"),)))
    assert as_tag.genres.value == []
    assert [one.name for one in as_tag.tags.value] == ["Thriller"]


def test_a_narrower_term_counts_half_beside_the_direct_one():
    direct = decide(said(PLANET, labels=(tag("Isekai"),)))
    narrower = decide(said(PLANET, labels=(tag("Person in a Strange World", 0.8),)))
    assert direct.themes.value == ["Isekai"]
    assert narrower.themes.value == []
    assert decide(said(ANILIST, labels=(tag("Boxing"),))).themes.value == ["Combat Sports"]


def test_myanimelists_old_names_still_count_whole():
    assert decide(said(MAL, labels=(genre("Shounen Ai"),))).genres.value == ["Boys Love"]


def test_idols_go_to_the_side_myanimelist_or_the_cast_names():
    idol = tag("Idol")
    both = decide(said(MAL, labels=(genre("Idols (Male)"),)), said(ANILIST, labels=(idol,)))
    assert both.themes.value == ["Idols (Male)"]
    cast = decide(said(ANILIST, labels=(idol, tag("Primarily Female Cast"))))
    assert cast.themes.value == ["Idols (Female)"]
    neither = decide(said(ANILIST, labels=(idol,)))
    assert neither.themes.value == []
    assert [one.name for one in neither.tags.value] == ["Idol"]


def test_demographics_are_myanimelists_word_before_anilists():
    demo = LabelKind.DEMOGRAPHIC
    draft = decide(said(MAL, labels=(Label("Seinen", demo),)), said(ANILIST, labels=(tag("Shounen", 0.9),)))
    assert draft.demographics.value == ["Seinen"]
    assert decide(said(ANILIST, labels=(tag("Shounen", 0.2),))).demographics.value == ["Shounen"]
    assert decide(said(ANIDB, labels=(tag("seinen", 0.0),))).demographics.value == ["Seinen"]


def test_the_catalogues_demographic_counts_where_myanimelist_was_not_heard():
    """The catalogue has it from there: a copy of a word we have is no second one, and dissent is dissent."""
    row = replace(ROW, tags=("drama", "shounen"))
    drama = (genre("Drama"),)
    heard = decide(said(ANILIST, labels=drama), row=row).demographics
    assert (heard.value, heard.sources, heard.confidence) == (["Shounen"], (CATALOGUE,), 0.75)
    assert decide(said(MAL, labels=drama), row=row).demographics.value == []
    assert decide(said(PLANET, labels=(*drama, tag("Seinen"))), row=row).demographics.value == ["Seinen"]


def test_warnings_are_everybodys_most_severe_first():
    draft = decide(
        said(ANILIST, labels=(tag("Torture", 0.3), tag("Slavery", 0.1))),
        said(PLANET, labels=(Label("Suicide", LabelKind.WARNING),)),
        said(ANIDB, labels=(tag("torture", 0.5),)),
    )
    assert draft.content_warnings.value == ["Suicide", "Torture"]


def test_terms_without_a_row_are_tags_with_strength_spoiler_and_who_says_so():
    draft = decide(
        said(ANILIST, labels=(tag("Lamp Lighting", 0.5, is_spoiler=True),)),
        said(PLANET, labels=(tag("lamp lighting"),)),
    )
    (one,) = draft.tags.value
    assert one.name == "Lamp Lighting"
    assert one.strength == pytest.approx((0.8 * 0.5 + 0.6 * 1.0) / 1.4, abs=1e-4)
    assert one.is_spoiler
    assert one.sources == [ANILIST, PLANET]


def test_the_catalogues_tags_vote_only_where_no_platform_has_labels():
    row = replace(ROW, tags=("drama", "lamp lighting", "mystery"))
    alone = decide(row=row)
    assert alone.genres.value == ["Drama", "Mystery"]
    assert [one.name for one in alone.tags.value] == ["lamp lighting"]
    beside = decide(said(MAL, labels=(genre("Drama"),)), row=row)
    assert beside.genres.value == ["Drama"]
    assert beside.genres.sources == (MAL,)
    assert [(one.name, one.sources) for one in beside.tags.value] == [("lamp lighting", [CATALOGUE])]


def test_animeschedules_silence_says_nothing_and_its_word_counts():
    silent = decide(said(SCHEDULE, labels=(genre("Drama"),)), said(ANIDB, labels=(tag("mystery"),)))
    assert silent.genres.value == ["Drama", "Mystery"]


def test_anidbs_structure_is_never_a_word_on_the_title():
    assert decide(said(ANIDB, labels=(tag("elements", id="2611"),))).tags.value == []


def test_five_thousand_tags_are_all_kept():
    labels = tuple(tag(f"tag number {number}x") for number in range(5000))
    assert len(decide(said(ANIDB, labels=labels)).tags.value) == 5000


def test_a_telling_synopsis_with_few_labels_is_an_open_question():
    poor = decide(said(MAL, synopses=(Text(LONG),), labels=(genre("Drama"),)))
    (question,) = poor.questions
    assert question.kind == "labels"
    assert question.keys == ("synopsis",)
    assert "Mystery" in question.options
    rich = said(MAL, synopses=(Text(LONG),), labels=(genre("Drama"), genre("Mystery"), genre("Comedy")))
    assert decide(rich).questions == ()


def test_two_labels_in_doubt_are_asked_about_each_by_itself():
    """The term it speaks for comes first, and is kept meanwhile where it is above the cut."""
    labels = (tag("School", 0.5), tag("Space", 0.4), tag("Samurai", 0.9))
    first, second = decide(said(ANILIST, labels=labels)).questions
    assert (first.keys, first.options[0], first.kept) == (("anilist:school",), "School", 0)
    assert (second.keys, second.options[0], second.kept) == (("anilist:space",), "Space", None)
    assert set(first.options) == set(second.options) == {row.name for row in vocabulary().rows}
    assert "'School' of anilist (0.50)" in first.subject


def test_the_cuts_are_the_operators():
    chosen = choose_labels(
        [said(ANILIST, labels=(tag("School", 0.2),))], ROW, Choosing(label_kept=0.1), synopsis_words=0
    )
    assert chosen.themes.value == ["School"]
    assert Choosing().label_kept == 0.45


def test_the_vocabulary_reads_and_names_every_kind():
    rows = vocabulary().rows
    assert len(rows) == 94
    assert {row.kind for row in rows} == set(LabelKind) - {LabelKind.TAG}
    assert label_key("Boys' Love") == "boy love"
    assert Source.ANIMESCHEDULE not in {source for row in rows for source in row.had_by}


def test_a_name_is_one_however_its_apostrophe_is_printed():
    """AniList prints curly quotes, MyAnimeList straight ones, AniDB a grave accent."""
    names = [name(f"Journey{mark}s Lamp", TitleKind.OFFICIAL, "en") for mark in "\u2019'`"]
    sources = [said(source, titles=(one,)) for source, one in zip((ANILIST, MAL, ANIDB), names, strict=True)]
    chosen = decide(*sources).title_english
    assert (len(chosen.sources), chosen.conflict) == (3, False)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Shinseiki Evangelion", "Shin Seiki Evangelion"),
        ("Mahou Shoujo Madoka★Magica", "Mahou Shoujo Madoka☆Magica"),
        ("SPY×FAMILY", "Spy x Family"),
        ("ゾイド新世紀 / ゼロ", "ゾイド新世紀／ゼロ"),
    ],
)
def test_signs_and_spaces_are_no_conflict_of_names(one, other):
    """The weightier spelling is the title, the other stays a synonym where it is not the same when folded."""
    draft = decide(said(ANIDB, titles=(name(one, language="ja"),)), said(MAL, titles=(name(other, language="ja"),)))
    assert (draft.title_japanese.value, draft.title_japanese.conflict) == (one, False)
    assert draft.title_japanese.sources == (ANIDB, MAL)
    assert other in [synonym.text for synonym in draft.synonyms.value]


def test_a_name_of_signs_only_is_a_name():
    draft = decide(said(ANIDB, titles=(name("!?"),)), said(MAL, titles=(name("...", language="ja"),)))
    assert (draft.title.value, draft.title_japanese.value) == ("!?", "...")
