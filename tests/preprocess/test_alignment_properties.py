"""What holds for any title: everybody in exactly one group, whatever the order, however odd the input."""

from collections import Counter
from typing import TypeAlias

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.aligned import Alignment, Ref
from pipeline.domain.names import CharacterRole, EpisodeKind, Source, TitleKind
from pipeline.domain.source_title import Character, Credit, Episode, PartialDate, SourceTitle, TitleName, VoiceActor
from pipeline.preprocess import align, scoring

Sources: TypeAlias = tuple[SourceTitle, ...]

NAMES = st.one_of(
    st.sampled_from(
        ["Rin", "Rin Tohsaka", "Tohsaka, Rin", "Tōsaka", "Student A", "Student B", "?", "", "\u200b", "凛"]
    ),
    st.text(st.characters(codec="utf-8"), max_size=8),
)
MAYBE_NAME = st.none() | NAMES
IDS = st.sampled_from(["", "1", "2", "3", "4"])
VOICES = st.lists(st.builds(VoiceActor, NAMES, st.sampled_from(["ja", "en", None])), max_size=2).map(tuple)
CHARACTERS = st.builds(
    Character,
    id=IDS,
    name=NAMES,
    role=st.sampled_from(CharacterRole),
    name_native=MAYBE_NAME,
    nicknames=st.lists(NAMES, max_size=2).map(tuple),
    kind=st.sampled_from([None, "Character", "Mecha"]),
    voice_actors=VOICES,
)
CREDITS = st.builds(Credit, NAMES, st.sampled_from(["Director", "Music", "Zzz", ""]), IDS, MAYBE_NAME)
NUMBERS = st.none() | st.integers(-1, 6)
EPISODES = st.builds(
    Episode,
    number=NUMBERS,
    kind=st.sampled_from([EpisodeKind.REGULAR, EpisodeKind.REGULAR, EpisodeKind.SPECIAL]),
    absolute_number=NUMBERS,
    titles=st.lists(
        st.builds(TitleName, NAMES, st.just(TitleKind.MAIN), st.sampled_from(["en", "ja", None])), max_size=2
    ).map(tuple),
    aired=st.none()
    | st.builds(PartialDate, st.integers(1, 3000), st.none() | st.integers(1, 12), st.none() | st.integers(1, 31)),
)
SOURCES = st.lists(
    st.builds(
        SourceTitle,
        source=st.sampled_from([Source.MAL, Source.ANILIST, Source.ANIDB, Source.KITSU]),
        id=st.sampled_from(["1", "2"]),
        characters=st.lists(CHARACTERS, max_size=5).map(tuple),
        staff=st.lists(CREDITS, max_size=4).map(tuple),
        episodes=st.lists(EPISODES, max_size=5).map(tuple),
    ),
    max_size=4,
).map(tuple)


def refs(alignment: Alignment, what: str) -> Counter[Ref]:
    return Counter(ref for group in getattr(alignment, what) for ref in group.members)


@settings(max_examples=80, deadline=None)
@given(SOURCES)
def test_every_item_is_in_exactly_one_group(sources: Sources) -> None:
    alignment = align(sources)
    for what in ("episodes", "characters", "staff"):
        everybody = Counter(Ref(s, i) for s, one in enumerate(sources) for i in range(len(getattr(one, what))))
        assert refs(alignment, what) == everybody
    assert align(sources) == alignment


@settings(max_examples=80, deadline=None)
@given(SOURCES, st.randoms(use_true_random=False))
def test_the_order_of_sources_changes_nothing_but_positions(sources: Sources, random: object) -> None:
    order = list(range(len(sources)))
    random.shuffle(order)  # type: ignore[attr-defined]
    one, other = align(sources), align(tuple(sources[position] for position in order))
    for what in ("episodes", "characters", "staff"):
        mine = [(frozenset(g.members), g.confidence, g.rule) for g in getattr(one, what)]
        theirs = [
            (frozenset(Ref(order[ref.source], ref.item) for ref in g.members), g.confidence, g.rule)
            for g in getattr(other, what)
        ]
        if len(set(sources)) == len(sources):
            assert mine == theirs
        else:
            assert [rule for _, _, rule in mine] == [rule for _, _, rule in theirs]
    assert (one.questions, one.findings) == (other.questions, other.findings)


@settings(max_examples=60, deadline=None)
@given(SOURCES)
def test_groups_make_sense(sources: Sources) -> None:
    """A number is used once a kind, nobody but a same id joins two of one platform, confidence is a share."""
    alignment = align(sources)
    numbers = Counter((group.kind, group.number) for group in alignment.episodes if group.number is not None)
    assert all(count == 1 for count in numbers.values())
    for group in (*alignment.characters, *alignment.staff, *alignment.episodes):
        assert 0 < group.confidence <= 1
    for group in alignment.characters:
        people = {(sources[ref.source].source, sources[ref.source].characters[ref.item].id) for ref in group.members}
        assert len(people) == len({source for source, _ in people})


def test_no_sources_give_no_groups() -> None:
    assert align(()) == Alignment()


@given(st.lists(st.integers(1, 5), min_size=1, max_size=12), st.integers(1, 4), st.randoms(use_true_random=False))
def test_of_many_lines_the_best_are_those_of_few(counts, width, random):
    """Going over long matrices line by line finds what numpy's own reduction finds."""
    lines = np.array([[random.random() for _ in range(width)] for _ in range(sum(counts))], np.float32)
    starts = [sum(counts[:at]) for at in range(len(counts))]
    few = scoring._best_lines(lines, starts)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(scoring, "_MANY", 0)
        assert np.array_equal(scoring._best_lines(lines, starts), few)
    assert np.array_equal(few, np.maximum.reduceat(lines, starts, axis=0))
