"""Stage 2: counts, lengths, the calendar, and each episode merged."""

from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.canonical import dump_json
from pipeline.domain.claims import Chosen
from pipeline.domain.drafts import EpisodesDraft
from pipeline.domain.names import AiringStatus, EpisodeKind, Source, TitleKind
from pipeline.domain.source_title import (
    AiringSlot,
    Broadcast,
    Credit,
    Delay,
    Episode,
    PartialDate,
    SourceTitle,
    Text,
    TitleName,
)
from pipeline.domain.title import CatalogueRow
from pipeline.stages import episodes
from pipeline.stages.choose import NOBODY
from pipeline.stages.episode_staff import numbers_of

from .casting import INPUTS, ROW, aligned, shuffled

MAL, ANILIST, KITSU, ANIDB = Source.MAL, Source.ANILIST, Source.KITSU, Source.ANIDB


def decide(*sources, row=ROW):
    return episodes.decide(aligned(*sources, row=row))


def test_the_count_is_voted_and_dissent_is_kept() -> None:
    row = CatalogueRow(sources=(), title="T", episodes=26)
    draft = decide(SourceTitle(MAL, "1", episode_count=26), SourceTitle(KITSU, "1", episode_count=27), row=row)
    assert (draft.episodes.value, draft.episodes.sources, draft.episodes.conflict) == (
        26,
        (Source.CATALOGUE, MAL),
        True,
    )
    assert [(one.source, one.number) for one in draft.episode_overrides.value] == [(KITSU, 27)]


def test_what_the_catalogue_counts_of_a_series_that_goes_on_is_no_total() -> None:
    row = CatalogueRow(sources=(), title="T", episodes=1122, status=AiringStatus.AIRING)
    draft = decide(SourceTitle(MAL, "1"), row=row)
    assert (draft.episodes.value, draft.episodes.rule) == (None, NOBODY)
    assert [(one.source, one.number) for one in draft.episode_overrides.value] == [(Source.CATALOGUE, 1122)]
    assert decide(SourceTitle(MAL, "1", episode_count=24), row=row).episodes.value == 24
    ended = CatalogueRow(sources=(), title="T", episodes=1122, status=AiringStatus.FINISHED)
    assert decide(SourceTitle(MAL, "1"), row=ended).episodes.value == 1122


def test_no_count_and_zero_are_not_said() -> None:
    draft = decide(SourceTitle(MAL, "1", episode_count=0), row=CatalogueRow(sources=(), title="T", episodes=0))
    assert (draft.episodes.value, draft.episodes.rule) == (None, NOBODY)


def test_neighbouring_lengths_are_no_conflict() -> None:
    near = decide(SourceTitle(MAL, "1", episode_duration_s=1440), SourceTitle(ANIDB, "1", episode_duration_s=1500))
    assert not near.duration.conflict
    assert near.duration.confidence >= 0.75
    far = decide(SourceTitle(MAL, "1", episode_duration_s=1440), SourceTitle(ANIDB, "1", episode_duration_s=300))
    assert far.duration.conflict


def test_the_calendar_takes_the_slot_of_the_weightiest() -> None:
    one, other = AiringSlot("2026-01-10T15:30:00Z", 1), AiringSlot("2026-01-10T16:00:00Z", 1)
    draft = decide(
        SourceTitle(ANILIST, "1", schedule=(other, AiringSlot("2026-01-17T16:00:00Z", 2)), next_episode=other),
        SourceTitle(
            Source.ANIMESCHEDULE, "1", schedule=(one,), next_episode=one, premieres=(one,), delays=(Delay("raw"),)
        ),
        SourceTitle(MAL, "1", broadcast=Broadcast("SATURDAY", None)),
        SourceTitle(KITSU, "1", broadcast=Broadcast("SATURDAY", "00:30")),
    )
    assert [slot.at for slot in draft.broadcast_schedule.value] == [one.at, "2026-01-17T16:00:00Z"]
    assert draft.next_episode_at.value == one.at
    assert draft.premiere_dates.value == [one]
    assert draft.delay_information.value == [Delay("raw")]
    assert draft.broadcast.value == Broadcast("SATURDAY", "00:30")


def test_an_episode_is_merged() -> None:
    def named(text, language):
        return TitleName(text, TitleKind.MAIN, language)

    mal = Episode(
        1,
        id="1",
        titles=(named("Asteroid Blues", "en"), named("アステロイド・ブルース", "ja")),
        score=4.0,
        score_max=5.0,
        aired=PartialDate(1998, 10, 24),
        is_filler=False,
    )
    kitsu = Episode(
        1,
        id="77",
        titles=(named("Asteroid Blues", None),),
        synopsis=Text("A short text.", "en"),
        duration_s=1500,
        aired=PartialDate(1998, 10, 23),
        thumbnail_url="https://k.org/1.jpg?x=1",
    )
    anidb = Episode(
        1,
        id="9",
        titles=(named("Asteroid Blues", "en"),),
        synopsis=Text("Un texte bien plus long que l'autre.", "fr"),
        aired=PartialDate(1998, 10, 24),
    )
    sources = [
        SourceTitle(source, "1", episodes=(one,)) for source, one in ((MAL, mal), (KITSU, kitsu), (ANIDB, anidb))
    ]
    (record,) = decide(*sources).episode_details.value
    assert (record.number, record.title, record.aired) == (1, "Asteroid Blues", "1998-10-24")
    assert [(title.text, title.language) for title in record.titles] == [
        ("Asteroid Blues", "en"),
        ("アステロイド・ブルース", "ja"),
    ]
    assert (record.score, record.duration, record.synopsis) == (8.0, 1500, "A short text.")
    assert (record.is_filler, record.is_recap) == (False, None)
    assert (record.thumbnails, record.ids) == (["https://k.org/1.jpg"], {"anidb": "9", "kitsu": "77", "mal": "1"})


def test_other_numbers_of_an_episode_are_kept() -> None:
    words = ["north", "south", "evening", "harvest", "candle", "thunder"]
    whole = tuple(Episode(n + 1, titles=(TitleName(w, TitleKind.MAIN, "en"),)) for n, w in enumerate(words))
    half = tuple(Episode(n + 1, titles=(TitleName(w, TitleKind.MAIN, "en"),)) for n, w in enumerate(words[3:]))
    draft = decide(SourceTitle(ANIDB, "1", episodes=whole), SourceTitle(MAL, "1", episodes=half))
    others = [[(o.source, o.number) for o in record.other_numbers] for record in draft.episode_details.value]
    assert others == [[], [], [], [(MAL, 1)], [(MAL, 2)], [(MAL, 3)]]


def test_impossible_figures_are_left_out_and_said() -> None:
    odd = (Episode(1, score=9.0, score_max=5.0, duration_s=-1), Episode(2, score=float("nan")))
    draft = decide(SourceTitle(MAL, "1", episodes=odd))
    assert [(one.score, one.duration) for one in draft.episode_details.value] == [(None, None), (None, None)]
    assert {finding.code for finding in draft.findings} == {"episode_figure_impossible"}


@settings(max_examples=80, deadline=None)
@given(INPUTS, st.randoms(use_true_random=False))
def test_any_title_is_decided_whole_with_reasons_and_without_regard_to_order(inputs, random) -> None:
    draft = episodes.decide(inputs)
    assert len(draft.episode_details.value) == len(inputs.alignment.episodes)
    for field in fields(EpisodesDraft):
        chosen = getattr(draft, field.name)
        if isinstance(chosen, Chosen):
            assert chosen.rule.startswith("rule:")
            assert 0 <= chosen.confidence <= 1
            assert bool(chosen.sources) == (chosen.value not in (None, []))
    if len({(s.source, s.id) for s in inputs.sources}) == len(inputs.sources):
        assert dump_json(EpisodesDraft, episodes.decide(shuffled(inputs, random))) == dump_json(EpisodesDraft, draft)


def test_a_time_without_a_day_supports_the_day_others_give_for_it() -> None:
    """AnimeSchedule says when of a day only, for what aired long ago."""
    night, evening = Broadcast("SATURDAY", "01:00"), Broadcast("MONDAY", "18:00")
    schedule = SourceTitle(Source.ANIMESCHEDULE, "1", broadcast=Broadcast(None, "01:00"))
    agreed = decide(SourceTitle(MAL, "1", broadcast=night), schedule).broadcast
    assert (agreed.value, agreed.sources, agreed.conflict) == (night, (Source.ANIMESCHEDULE, MAL), False)
    apart = decide(SourceTitle(MAL, "1", broadcast=evening), schedule).broadcast
    assert (apart.value, apart.conflict) == (Broadcast(None, "01:00"), True)


@pytest.mark.parametrize(
    ("clock", "day", "time", "meant"),
    [
        ("18:15", "SUNDAY", "18:00", "SUNDAY"),
        ("00:05", "SUNDAY", "23:55", "MONDAY"),
        ("23:50", "MONDAY", "00:10", "SUNDAY"),
        ("17:00", "SUNDAY", "18:00", "SUNDAY"),
        ("19:01", "SUNDAY", "18:00", None),
    ],
)
def test_a_clock_a_little_off_is_the_same_slot_and_keeps_its_day(
    clock: str, day: str, time: str, meant: str | None
) -> None:
    """Otherwise the weightier platform, which has no days, would cost the record the day."""
    schedule = SourceTitle(Source.ANIMESCHEDULE, "1", broadcast=Broadcast(None, clock))
    chosen = decide(SourceTitle(MAL, "1", broadcast=Broadcast(day, time)), schedule).broadcast
    assert chosen.value is not None
    assert (chosen.value.day, chosen.value.time) == (meant, clock)
    assert chosen.conflict is (meant != day)


def test_who_worked_on_an_episode_stands_with_it() -> None:
    """By the note of the credit, once for all platforms; who did more important things comes first."""
    anilist = SourceTitle(
        ANILIST,
        "1",
        episodes=(Episode(1), Episode(2), Episode(1, EpisodeKind.SPECIAL)),
        staff=(
            Credit("Aki Key", "Key Animation", "1", episodes="OP, eps 1-2"),
            Credit("Mio Board", "Storyboard", "2", episodes="1"),
            Credit("Rei Direct", "Director", "3"),
            Credit("Abe Song", "Theme Song Performance", "4", episodes="ED1"),
        ),
    )
    mal = SourceTitle(MAL, "1", staff=(Credit("Board, Mio", "Storyboard", "7", episodes="eps 1"),))
    records = decide(anilist, mal).episode_details.value
    assert [(one.kind, one.number, one.staff) for one in records] == [
        (EpisodeKind.REGULAR, 1, ["Mio Board (Storyboard)", "Aki Key (Key Animation)"]),
        (EpisodeKind.REGULAR, 2, ["Aki Key (Key Animation)"]),
        (EpisodeKind.SPECIAL, 1, []),
    ]


@pytest.mark.parametrize(
    ("printed", "numbers"),
    [
        ("1, 3-5", {1, 3, 4, 5}),
        ("OP, eps 1\u20132 & 7", {1, 2, 7}),
        ("ep. 12", {12}),
        ("ED5", set()),
        ("5-3", set()),
        ("1-500", set()),
        (", ".join(map(str, range(500))), set()),
    ],
)
def test_a_note_names_its_episodes(printed: str, numbers: set[int]) -> None:
    assert numbers_of(printed) == numbers


def test_episodes_that_aired_before_those_they_follow_are_a_finding() -> None:
    """MyAnimeList has Cowboy Bebop's two runs under one id; a swapped week is no oddity."""

    def run(*days: tuple[int, int]) -> SourceTitle:
        aired = (PartialDate(1998, month, day) for month, day in days)
        return SourceTitle(MAL, "1", episodes=tuple(Episode(n, aired=one) for n, one in enumerate(aired, 1)))

    [finding] = decide(run((10, 24), (4, 3), (4, 10), (11, 14), (4, 17))).findings
    assert (finding.code, finding.source) == ("episode_dates_go_back", MAL)
    assert finding.message == "mal: episode 2 aired 1998-04-03, before episode 1, 1998-10-24 (and 1 more)"
    assert decide(run((4, 3), (5, 1), (4, 24), (5, 8))).findings == ()
