"""What follows from a locked field follows the lock, says so, and is what it would be had everybody said that."""

from dataclasses import fields, replace

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.assembly import assemble
from pipeline.assembly.deriving import FOLLOWS
from pipeline.assembly.locking import basis_of, canonical_value
from pipeline.domain.claims import Chosen
from pipeline.domain.drafts import Draft
from pipeline.domain.names import CharacterRole, Outcome, Platform, Season, Source
from pipeline.domain.record import AnimeRecord
from pipeline.domain.review import LOCKED, Lock
from pipeline.domain.source_title import Broadcast, Character, Credit, PartialDate, Statistics, Text, VoiceActor
from pipeline.errors import BadInput
from pipeline.preprocess import align
from pipeline.stages import STAGES
from pipeline.stages.dates import fits_season
from tests.stages import casting, making

FOUND = {Platform.JIKAN: Outcome.FOUND}
PARENTS = sorted({parent for parents in FOLLOWS.values() for parent in parents})
COMMON = {field.name for field in fields(Draft)}
WORDS = ("titles", "synopses", "is_adult", "age_rating", "season", "season_year", "start", "end", "statistics", "links")


def _both(said, cast):
    return replace(cast, **{name: getattr(said, name) for name in WORDS})


SOURCES = st.lists(st.builds(_both, making.SOURCES, casting.SOURCES), max_size=3)


def aligned(inputs, *sources):
    return replace(inputs, sources=sources, alignment=align(sources))


def drafts_of(inputs):
    return {name: stage.decide(inputs) for name, stage in STAGES.items()}


def rules_of(drafts):
    return {f.name: getattr(draft, f.name) for draft in drafts.values() for f in fields(draft) if f.name not in COMMON}


def lock(name, value, rules):
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return Lock(name, "value", canonical_value(name, text), "maria", 1_700_000_000.0, "", basis_of(rules[name].value))


def locked(inputs, **values):
    """The record, its reasons, and what the rules alone say, with these fields locked."""
    drafts = drafts_of(inputs)
    rules = rules_of(drafts)
    made = assemble(inputs, drafts, FOUND, locks=[lock(name, value, rules) for name, value in values.items()])
    return made.record, made.provenance.fields, rules


def json_of(record, name):
    return orjson.dumps(record.model_dump(mode="json", include={name})[name]).decode()


def test_first_day_gives_year_month_and_season(inputs):
    record, why, _ = locked(inputs, aired_dates={"start": "2002-10-05"})
    assert (record.year, record.month, record.season) == (2002, 10, Season.FALL)
    assert record.aired_dates.start_precision == "day"
    for name in ("year", "month", "season"):
        assert Source.REVIEW in why[name].sources
        assert why[name].evidence[0] == "follows aired_dates, locked by maria on 2023-11-14"
    assert why["month"].alternatives[0]["value"] == 4
    assert (why["season"].conflict, why["season"].confidence) == (False, 1.0)


def test_what_is_locked_itself_follows_nobody(inputs):
    record, why, _ = locked(inputs, aired_dates={"start": "2002-10-05"}, month=7, season='"SUMMER"')
    assert (record.month, record.season, record.year) == (7, Season.SUMMER, 2002)
    assert why["month"].method == why["season"].method == LOCKED


def test_a_season_of_the_turn_of_the_year_has_its_own_year(inputs):
    def year(start, season):
        return locked(inputs, aired_dates={"start": start}, season=f'"{season}"')[0].year

    assert (year("2001-12-29", "WINTER"), year("2001-12-29", "FALL")) == (2002, 2001)
    assert (year("2002-01-03", "FALL"), year("2002-01-03", "WINTER")) == (2001, 2002)


def test_no_first_day_is_no_month_and_no_doubt(inputs):
    record, why, _ = locked(inputs, aired_dates="null")
    assert (record.month, record.season, record.year) == (None, Season.SPRING, 2001)
    assert (why["month"].confidence, why["month"].sources) == (1.0, [Source.REVIEW])


def test_a_days_doubt_goes_with_the_doubt_of_what_it_follows_from(inputs):
    mal, anilist = inputs.sources
    inputs = replace(inputs, sources=(mal, replace(anilist, start=PartialDate(2001, 5, 4))))
    free = drafts_of(inputs)
    assert rules_of(free)["month"].confidence < 0.6
    record, why, _ = locked(inputs, aired_dates={"start": "2001-04-03", "end": "2001-06-26"})
    assert (record.month, why["month"].confidence) == (4, 1.0)


def test_the_slots_day_tells_which_night_it_was(inputs):
    mal, anilist = inputs.sources  # the 3rd of April 2001 was a Tuesday; AniList says the 4th
    both = (mal, replace(mal, source=Source.KITSU), anilist)
    inputs = aligned(inputs, *(replace(one, broadcast=Broadcast("TUESDAY", "25:30")) for one in both))
    record, why, rules = locked(inputs, broadcast={"day": "WEDNESDAY", "time": "01:30", "timezone": "Asia/Tokyo"})
    assert (rules["aired_dates"].value.start, record.aired_dates.start) == ("2001-04-03", "2001-04-04")
    assert why["aired_dates"].evidence[0].startswith("follows broadcast")
    assert why["month"].evidence[0].startswith("follows aired_dates, which follows broadcast, locked by maria")


def test_platform_figures_give_the_common_score(inputs):
    figures = {"mal": {"score": 4.0, "score_max": 5.0, "scored_by": 10**9}}
    record, why, _ = locked(inputs, statistics=figures)
    assert (record.statistics[Source.MAL].score_normalized, round(record.score, 2)) == (8.0, 8.0)
    assert (why["score"].method, Source.REVIEW in why["score"].sources) == ("rule:bayesian_mean@1", True)


@pytest.mark.parametrize("figures", [{"score": 11.0}, {"score": -1.0}, {"score": 1.0, "score_max": 0.0}])
def test_a_score_beyond_its_scale_is_no_score(figures):
    with pytest.raises(BadInput, match=r"statistics cannot be .*mal"):
        canonical_value("statistics", orjson.dumps({"mal": figures}).decode())


def test_the_name_that_was_passed_over_becomes_a_synonym(inputs):
    record, _, rules = locked(inputs, title='"Bridge in the Sky"', title_english="null", title_romaji="null")
    assert rules["title"].value == "Sora no Hashi"
    assert "Sora no Hashi" in [name.text for name in record.synonyms]
    assert "Bridge in the Sky" not in [name.text for name in record.synonyms]


def test_the_count_tells_who_counts_otherwise(inputs):
    record, _, _ = locked(aligned(inputs, replace(inputs.sources[0], episode_count=13)), episodes=13)
    assert [(one.source, one.number) for one in record.episode_overrides] == [(Source.CATALOGUE, 12)]


def test_a_synopsis_in_another_language_leaves_room_for_the_english_one(inputs):
    french = Text("Un pont se construit dans le ciel, et une fille tient ses livres.", "fr")
    inputs = aligned(inputs, replace(inputs.sources[0], synopses=(*inputs.sources[0].synopses, french)))
    record, _, rules = locked(inputs, synopsis=orjson.dumps(french.text).decode())
    assert [text.language for text in rules["synopses"].value] == ["fr"]
    assert [text.text for text in record.synopses] == [rules["synopsis"].value]


def test_services_are_those_of_the_places(inputs):
    link = {"url": "https://www.crunchyroll.com/x", "site": "Crunchyroll", "kind": "streaming"}
    record, why, _ = locked(inputs, streaming_info=[link])
    assert (record.streaming_licenses, why["streaming_licenses"].sources) == (["Crunchyroll"], [Source.REVIEW])


def test_a_rating_says_what_no_platform_flags(inputs):
    assert locked(inputs, rating='"RX"')[0].nsfw is True
    flagged = aligned(inputs, replace(inputs.sources[0], is_adult=False))
    assert locked(flagged, rating='"RX"')[0].nsfw is False


def test_a_voice_taken_from_the_cast_is_staff_again(inputs):
    hana = Character("1", "Hana", CharacterRole.MAIN, voice_actors=(VoiceActor("Mori, Ai", "ja", "3"),))
    mal = replace(inputs.sources[0], characters=(hana,), staff=(Credit("Mori, Ai", "Voice Actor", "3"),))
    record, _, rules = locked(aligned(inputs, mal), characters=[])
    assert (rules["staff_data"].value, record.voice_actors) == ([], [])
    assert [person.name for person in record.staff_data] == ["Ai Mori"]


@settings(max_examples=25, deadline=None)
@given(SOURCES, making.ROWS, st.sets(st.sampled_from(PARENTS), min_size=1))
def test_a_lock_that_says_what_the_rules_say_changes_no_value(sources, row, names):
    """The slot's day aside, where platforms name several: there the lock tells what nobody could."""
    inputs = aligned(making.given_sources(*sources, row=row), *sources)
    days = {one.broadcast.day for one in sources if one.broadcast and one.broadcast.day is not None}
    names -= {"broadcast"} if len(days) > 1 else set()
    drafts = drafts_of(inputs)
    rules, free = rules_of(drafts), assemble(inputs, drafts, FOUND)
    locks = []
    for name in names:
        try:
            locks.append(lock(name, json_of(free.record, name), rules))
        except BadInput:  # a title without a sign cannot be locked
            continue
    made = assemble(inputs, drafts, FOUND, locks=locks)
    held = {one.field for one in locks}
    for name in set(AnimeRecord.model_fields) - {"enrichment_metadata"} - held:
        assert json_of(made.record, name) == json_of(free.record, name)
        follows = held.intersection(FOLLOWS.get(name, ()))
        assert not follows or name in ("nsfw", "aired_dates") or _names_review(made, name)
    assert assemble(inputs, drafts, FOUND, locks=locks[::-1]) == made


def _names_review(made, name):
    return Source.REVIEW in made.provenance.fields[name].sources


@settings(max_examples=25, deadline=None)
@given(SOURCES, making.ROWS, making.DATES, making.STATISTICS)
def test_what_follows_is_what_the_locked_values_give(sources, row, start, figures):
    inputs = aligned(making.given_sources(*sources, row=row), *sources)
    values = {"aired_dates": {"start": start.text}, "title": '"Entirely new"'}
    if _is_possible(figures):
        values["statistics"] = {"mal": {"score": figures.score, "score_max": figures.score_max, "scored_by": 7}}
    record, _, _ = locked(inputs, **values)
    assert record.month == start.month
    assert start.month is None or fits_season(record.season, start.month)
    assert record.year is not None
    assert "Entirely new" not in [name.text for name in record.synonyms]
    if "statistics" in values:
        scaled = record.statistics[Source.MAL].score_normalized
        assert min(scaled, 7.0) - 3 <= record.score <= max(scaled, 7.0) + 3
        assert (scaled is None) == (figures.score is None)


def _is_possible(figures: Statistics) -> bool:
    return figures.score is not None and figures.score_max > 0 and 0 <= figures.score <= figures.score_max


def test_every_follower_comes_after_what_it_follows_from():
    order = list(FOLLOWS)
    assert all(order.index(parent) < order.index(name) for name in order for parent in FOLLOWS[name] if parent in order)
    assert set(order) | set(PARENTS) <= set(AnimeRecord.model_fields)


def test_where_nothing_is_locked_nothing_is_derived_again(inputs):
    drafts = drafts_of(inputs)
    odd = replace(drafts["metadata"], month=Chosen(9, (Source.MAL,), "rule:x@1", 0.9))
    assert assemble(inputs, {**drafts, "metadata": odd}, FOUND).record.month == 9
