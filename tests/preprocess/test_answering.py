"""A person's answers in an alignment: they hold, nobody is lost, and no group gets two of one platform."""

from collections import Counter
from dataclasses import replace

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.aligned import Alignment, EpisodeGroup, Group, Ref
from pipeline.domain.claims import OpenQuestion
from pipeline.domain.names import CharacterRole, EpisodeKind, Source, TitleKind
from pipeline.domain.review import LOCKED, Lock
from pipeline.domain.source_title import Character, Credit, Episode, SourceTitle, TitleName
from pipeline.preprocess import align
from pipeline.preprocess.answering import apply_answers
from pipeline.preprocess.keys import key_of, keys_of

ROLE = CharacterRole.SUPPORTING


def cast(source, *names):
    """``1:Ann`` is Ann with the id 1, ``:Ann`` one without."""
    people = [Character(id_, name, ROLE) for id_, _, name in (text.partition(":") for text in names)]
    return SourceTitle(source, "7", characters=tuple(people))


def answer(subject, chosen, *options, kind="same_character"):
    told = {"chosen": chosen, "options": list(options or ([chosen] if chosen else []))}
    return Lock(f"{kind}:{subject}", "answer", orjson.dumps(told).decode(), "maria", 0.0)


def groups(sources, alignment, what="characters"):
    return {keys_of(sources, what, group.members) for group in getattr(alignment, what)}


SOURCES = (
    cast(Source.MAL, "1:Ann Lee", "2:Bo"),
    cast(Source.ANILIST, "1:Xu Lee", "9:Anna"),
    cast(Source.KITSU, "k:An"),
)
"""Whom the rules leave apart."""
APART = Alignment(
    characters=tuple(
        Group((Ref(s, i),), 1.0, "single") for s, one in enumerate(SOURCES) for i in range(len(one.characters))
    )
)


def test_the_same_person_is_put_into_one_group_under_the_reviewers_rule():
    done = apply_answers(APART, SOURCES, [answer("anilist:9", "mal:1")])
    assert groups(SOURCES, done) == {("anilist:9", "mal:1"), ("mal:2",), ("anilist:1",), ("kitsu:k",)}
    (joined,) = [group for group in done.characters if len(group.members) == 2]
    assert (joined.confidence, joined.rule) == (1.0, LOCKED)


def test_who_hangs_on_the_subject_comes_along_and_a_rival_of_its_platform_goes():
    """A group has one of a platform: the one the person named. The rest of both groups stays together."""
    linked = replace(
        APART,
        characters=(
            Group((Ref(0, 0), Ref(1, 0)), 0.9, "name_only"),  # mal:1 with anilist:1, wrongly
            Group((Ref(0, 1),), 1.0, "single"),
            Group((Ref(1, 1), Ref(2, 0)), 0.9, "name_only"),  # anilist:9 with kitsu:k
        ),
    )
    done = apply_answers(linked, SOURCES, [answer("anilist:9", "mal:1")])
    assert groups(SOURCES, done) == {("anilist:9", "kitsu:k", "mal:1"), ("anilist:1",), ("mal:2",)}
    assert next(g for g in done.characters if g.members == (Ref(1, 0),)).rule == "single"


def test_none_of_them_takes_the_subject_out_of_their_group_only():
    linked = replace(APART, characters=(Group((Ref(0, 0), Ref(1, 1)), 0.6, "voice_only"), *APART.characters[1:3]))
    done = apply_answers(linked, SOURCES, [answer("anilist:9", None, "mal:1")])
    assert groups(SOURCES, done) == {("mal:1",), ("anilist:9",), ("mal:2",), ("anilist:1",)}
    elsewhere = apply_answers(linked, SOURCES, [answer("anilist:9", None, "mal:2")])
    assert groups(SOURCES, elsewhere) == groups(SOURCES, linked)


@pytest.mark.parametrize(
    ("lock", "missing"),
    [
        (answer("anilist:77", "mal:1"), "anilist:77"),
        (answer("anilist:9", "mal:77"), "mal:77"),
        (answer("anilist:77", None, "mal:1"), "anilist:77"),
        (answer("anilist:9", "anilist:1"), "anilist:1"),
    ],
)
def test_an_answer_about_somebody_who_is_not_listed_is_told_and_does_nothing(lock, missing):
    done = apply_answers(APART, SOURCES, [lock])
    assert done.characters == APART.characters
    (finding,) = done.findings
    assert (finding.code, finding.field) == ("answer_unplaced", "characters")
    assert missing in finding.message
    assert "maria" in finding.message


def test_an_answered_question_is_no_longer_open_under_any_of_its_names():
    question = OpenQuestion(
        "characters", "same_character", "x", ("y",), None, 0.5, ("anilist:9", "anilist:8"), ("mal:1",)
    )
    other = replace(question, keys=("kitsu:k",))
    done = apply_answers(replace(APART, questions=(question, other)), SOURCES, [answer("anilist:8", None, "mal:1")])
    assert done.questions == (other,)


def test_other_locks_leave_an_alignment_alone():
    locks = [Lock("title", "value", '"x"', "m", 0.0), answer("mal:5", "SEQUEL", kind="relation_kind")]
    assert apply_answers(APART, SOURCES, locks) is APART


def test_a_person_without_an_id_is_known_by_name():
    sources = (
        SourceTitle(Source.MAL, "7", staff=(Credit("Kai", "Music"),)),
        SourceTitle(Source.KITSU, "7", staff=(Credit("K. A.", "Music", "3"),)),
    )
    apart = Alignment(staff=(Group((Ref(0, 0),), 1.0, "single"), Group((Ref(1, 0),), 1.0, "single")))
    assert key_of(sources, "staff", Ref(0, 0)) == "mal:Kai"
    done = apply_answers(apart, sources, [answer("kitsu:3", "mal:Kai", kind="same_person")])
    assert [group.members for group in done.staff] == [(Ref(0, 0), Ref(1, 0))]


def test_an_episode_moves_to_the_number_it_is_told_to_be():
    def listing(source, *episodes):
        titled = [(TitleName(title, TitleKind.MAIN, "en"),) for _, title in episodes]
        return SourceTitle(
            source, "7", episodes=tuple(Episode(n, titles=t) for (n, _), t in zip(episodes, titled, strict=True))
        )

    sources = (listing(Source.MAL, (1, "Dawn"), (2, "Dusk")), listing(Source.ANILIST, (9, "Dusk, or so")))
    apart = Alignment(
        episodes=(
            EpisodeGroup(1, "regular", (Ref(0, 0),), 1.0, "single"),
            EpisodeGroup(2, "regular", (Ref(0, 1),), 1.0, "single"),
            EpisodeGroup(9, "regular", (Ref(1, 0),), 1.0, "single"),
        )
    )
    subject, chosen = key_of(sources, "episodes", Ref(1, 0)), key_of(sources, "episodes", Ref(0, 1))
    done = apply_answers(apart, sources, [answer(subject, chosen, kind="which_episode")])
    assert [(group.number, group.members) for group in done.episodes] == [
        (1, (Ref(0, 0),)),
        (2, (Ref(0, 1), Ref(1, 0))),
    ]


def test_a_question_of_the_alignment_can_be_answered_by_its_own_keys():
    """Asked, answered with the first option, and asked no more: over real rules, for characters, staff and episodes."""
    namesakes = tuple(Credit("Kai Mori", "Music", id_) for id_ in ("1", "2"))
    sources = (
        SourceTitle(Source.MAL, "7", staff=namesakes),
        SourceTitle(Source.ANILIST, "7", staff=(Credit("Kai Mori", "Music", "5"),)),
    )
    asked = align(sources)
    (question,) = asked.questions
    assert question.keys == ("anilist:5",)
    done = apply_answers(asked, sources, [answer(question.keys[0], question.option_keys[0], kind=question.kind)])
    assert done.questions == ()
    assert groups(sources, done, "staff") == {("anilist:5", "mal:1"), ("mal:2",)}


NAMES = ["1:A", "2:B", "3:C"]
KEYS = [f"{source}:{n}" for source in ("mal", "anilist", "kitsu") for n in "123"]
PEOPLE = tuple(cast(source, *NAMES) for source in (Source.MAL, Source.ANILIST, Source.KITSU))
ANSWERS = st.lists(
    st.builds(answer, st.sampled_from(KEYS), st.none() | st.sampled_from(KEYS), st.sampled_from(KEYS)),
    max_size=5,
    unique_by=lambda lock: lock.field,
)
LINKS = st.permutations(range(3)).flatmap(lambda a: st.permutations(range(3)).map(lambda b: (a, b)))


@settings(max_examples=60, deadline=None)
@given(LINKS, ANSWERS, st.randoms(use_true_random=False))
def test_nobody_is_lost_or_doubled_and_order_does_not_matter(links, answers, chance):
    first, second = links
    before = Alignment(
        characters=tuple(Group((Ref(0, n), Ref(1, first[n]), Ref(2, second[n])), 0.9, "name_only") for n in range(3))
    )
    done = apply_answers(before, PEOPLE, answers)
    everybody = Counter(ref for group in done.characters for ref in group.members)
    assert everybody == Counter(Ref(s, n) for s in range(3) for n in range(3))
    for group in done.characters:
        assert max(Counter(ref.source for ref in group.members).values()) == 1
    shuffled = answers[:]
    chance.shuffle(shuffled)
    assert apply_answers(before, PEOPLE, shuffled) == done


def test_an_odd_episode_has_a_key_too():
    sources = (SourceTitle(Source.MAL, "7", episodes=(Episode(None, EpisodeKind.SPECIAL),)),)
    assert key_of(sources, "episodes", Ref(0, 0)) == "mal:special ?"
