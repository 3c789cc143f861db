"""Which ids a title learns: the table of decisions, and what must not matter to any of them."""

from collections.abc import Collection, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.names import Site, Source
from pipeline.preprocess.learning import IdAnswer, IdKey, Learning, Refuted, Word, plan_learning

MAL, ANILIST, KITSU, ANIDB, ANN = Site.MAL, Site.ANILIST, Site.KITSU, Site.ANIDB, Site.ANN
NAMES = frozenset({"akari minato"})
SPEAKERS = {Source.MAL: MAL, Source.ANILIST: ANILIST, Source.KITSU: KITSU, Source.ANIDB: ANIDB}


def word(speaker: Source, *ids: IdKey, rests_on: Collection[IdKey] = (), names: frozenset[str] = NAMES) -> Word:
    return Word(speaker, frozenset(ids), names, frozenset(rests_on))


def learn(
    ids: Mapping[Site, tuple[str, ...]],
    *words: Word,
    owners: Mapping[str, str] | None = None,
    refuted: Collection[Refuted] = (),
    absent: Collection[IdKey] = (),
) -> Learning:
    return plan_learning("own", ids, NAMES, words, owners=owners or {}, refuted=refuted, absent=frozenset(absent))


def learned(learning: Learning) -> dict[Site, str]:
    return {one.site: one.id for one in learning.learned}


def codes(learning: Learning) -> list[str]:
    return [one.code for one in learning.findings]


LISTED = {ANILIST: ("7",), KITSU: ("8",)}
ANILIST_SAYS_5 = word(Source.ANILIST, (ANILIST, "7"), (MAL, "5"))
KITSU_SAYS_5 = word(Source.KITSU, (KITSU, "8"), (MAL, "5"))
KITSU_SAYS_6 = word(Source.KITSU, (KITSU, "8"), (MAL, "6"))


@pytest.mark.parametrize(
    ("words", "owners", "expected", "found"),
    [
        ([ANILIST_SAYS_5], {}, {MAL: "5"}, []),
        ([ANILIST_SAYS_5, KITSU_SAYS_5], {"mal:5": "own"}, {MAL: "5"}, []),
        ([ANILIST_SAYS_5, KITSU_SAYS_6], {}, {}, ["id_disputed"]),
        ([ANILIST_SAYS_5], {"mal:5": "other"}, {}, ["id_taken"]),
        ([word(Source.ANIDB, (MAL, "5"), (MAL, "6"))], {}, {}, ["id_disputed"]),
        ([word(Source.ANIDB, (MAL, "5"), (MAL, "6")), ANILIST_SAYS_5], {}, {MAL: "5"}, []),
        ([word(Source.ANILIST, (ANILIST, "7"), (KITSU, "9"), (MAL, "5"))], {}, {}, ["id_contradicts_row"]),
        ([word(Source.ANILIST, (ANILIST, "7"))], {}, {}, []),
        ([word(Source.KITSU, (KITSU, "99"))], {}, {}, []),
        ([], {}, {}, []),
    ],
    ids=[
        "one says it",
        "two say it and the registry knows it as ours",
        "two disagree",
        "another title has it",
        "one says two",
        "of two the one that both say",
        "who contradicts the row teaches nothing",
        "its own id is no news",
        "nor is another own id",
        "nobody speaks",
    ],
)
def test_what_is_learned(
    words: list[Word], owners: Mapping[str, str], expected: Mapping[Site, str], found: list[str]
) -> None:
    learning = learn(LISTED, *words, owners=owners)
    assert learned(learning) == expected
    assert codes(learning) == found


def test_a_row_that_lists_two_ids_is_not_contradicted_by_one_of_them() -> None:
    """A platform that keeps both apart knows one."""
    assert codes(learn({MAL: ("1", "2")}, word(Source.ANIDB, (MAL, "2")))) == []


def test_another_page_of_a_series_silences_nobody() -> None:
    """ANN has one page for all seasons: worth a finding, no sign of a mix-up."""
    learning = learn({ANIDB: ("3",), ANN: ("1",)}, word(Source.ANIDB, (ANN, "2"), (MAL, "5")))
    assert learned(learning) == {MAL: "5"}
    assert codes(learning) == ["id_contradicts_row"]


@pytest.mark.parametrize(
    ("answer", "is_kept", "evidence"),
    [
        (word(Source.MAL, (MAL, "5"), (ANILIST, "7"), names=frozenset()), True, ""),
        (word(Source.MAL, (MAL, "5")), True, ""),
        (word(Source.MAL, (MAL, "5"), names=frozenset({"kitsune"})), False, "neither an id of the row nor a name"),
        (word(Source.MAL, (MAL, "5"), (ANN, "7"), names=frozenset({"kitsune"})), False, "neither an id of the row"),
        (word(Source.MAL, (MAL, "5"), (ANILIST, "9")), False, "names anilist:9 where the row lists anilist:7"),
        (word(Source.MAL, (MAL, "5"), (KITSU, "8"), (ANILIST, "9")), False, "names anilist:9"),
    ],
    ids=[
        "it names our id",
        "it has our name",
        "it shares nothing",
        "it shares a number of another site",
        "it names another's id",
        "it names both",
    ],
)
def test_the_record_of_a_learned_id_has_to_answer_for_it(answer: Word, is_kept: bool, evidence: str) -> None:
    """Its word counts only if it does not contradict the row and shares an id or a name; else it is remembered."""
    answer = Word(answer.speaker, answer.ids, answer.names, frozenset({(MAL, "5")}))
    learning = learn(LISTED, ANILIST_SAYS_5, answer)
    assert learned(learning) == ({MAL: "5"} if is_kept else {})
    assert [one.is_found for one in learning.learned] == [True] * is_kept
    assert [one.evidence for one in learning.refuted if evidence in one.evidence] == [
        one.evidence for one in learning.refuted
    ]
    assert codes(learning) == ([] if is_kept else ["id_refuted"])


def test_a_refuted_id_is_not_learned_again_and_its_sayer_may_still_be_right_elsewhere() -> None:
    """What AniList says of MAL was wrong; what Kitsu says is heard now, since nobody disputes it any more."""
    refuted = Refuted(MAL, "5", (Source.ANILIST,), "why")
    assert learned(learn(LISTED, ANILIST_SAYS_5, refuted=[refuted])) == {}
    again = learn(LISTED, ANILIST_SAYS_5, KITSU_SAYS_6, refuted=[refuted])
    assert learned(again) == {MAL: "6"}
    assert again.refuted == (refuted,)


def test_a_learned_record_may_dispute_what_stands_on_no_row() -> None:
    """MAL's record names another page of ANN than AniDB does: told of, and no reason to give the id up."""
    sayer = word(Source.ANIDB, (MAL, "5"), (ANN, "1"))
    learning = learn({ANIDB: ("3",)}, sayer, word(Source.MAL, (ANN, "2"), rests_on=[(MAL, "5")]))
    assert learned(learning) == {MAL: "5", ANN: "1"}
    assert codes(learning) == ["id_disputed"]


def test_two_learned_records_that_contradict_each_other_are_both_out() -> None:
    """Neither is surer than the other, so it does not matter who is looked at first."""
    sayer = word(Source.ANIDB, (MAL, "5"), (KITSU, "8"))
    mal = word(Source.MAL, (KITSU, "9"), rests_on=[(MAL, "5")])
    kitsu = word(Source.KITSU, (MAL, "6"), rests_on=[(KITSU, "8")])
    learning = learn({ANIDB: ("3",)}, sayer, mal, kitsu)
    assert learned(learning) == {}
    assert {(one.site, one.id) for one in learning.refuted} == {(MAL, "5"), (KITSU, "8")}


def test_learned_records_teach_once_more_and_no_further() -> None:
    """AniDB says MAL, MAL says Kitsu, Kitsu says AniList, and there it ends."""
    chain = [
        word(Source.ANIDB, (MAL, "5")),
        word(Source.MAL, (KITSU, "8"), rests_on=[(MAL, "5")]),
        word(Source.KITSU, (ANILIST, "7"), rests_on=[(KITSU, "8")]),
    ]
    assert learned(learn({ANIDB: ("3",)}, *chain)) == {MAL: "5", KITSU: "8"}


def test_an_id_its_platform_does_not_have_is_told_of() -> None:
    """It stays, to be asked for when absences are."""
    learning = learn(LISTED, ANILIST_SAYS_5, absent=[(MAL, "5")])
    assert [one.is_absent for one in learning.learned] == [True]
    assert codes(learning) == ["id_absent"]


NUMBERS = st.sampled_from(["1", "2", "3"])
KEYS = st.tuples(st.sampled_from([MAL, ANILIST, KITSU, ANIDB, ANN]), NUMBERS)
WORDS = st.builds(
    Word,
    st.sampled_from(list(SPEAKERS)),
    st.frozensets(KEYS, max_size=4),
    st.sampled_from([NAMES, frozenset({"kitsune"})]),
    st.frozensets(KEYS, max_size=1),
)
ROWS = st.dictionaries(st.sampled_from([MAL, ANILIST, KITSU, ANIDB, ANN]), st.tuples(NUMBERS), max_size=3)
OWNERS = st.dictionaries(KEYS.map(lambda key: f"{key[0].value}:{key[1]}"), st.sampled_from(["own", "other"]))


@given(ROWS, st.lists(WORDS, max_size=6), OWNERS, st.data())
def test_the_order_of_words_does_not_matter(
    row: dict[Site, tuple[str]], words: list[Word], owners: dict[str, str], data: st.DataObject
) -> None:
    """Platforms answer in any order, and some twice."""
    shuffled = data.draw(st.permutations([*words, *words[:1]]))
    assert learn(row, *words, owners=owners) == learn(row, *shuffled, owners=owners)


@given(ROWS, st.lists(WORDS, max_size=6), OWNERS)
def test_equal_numbers_on_two_platforms_are_evidence_of_nothing(
    row: dict[Site, tuple[str]], words: list[Word], owners: dict[str, str]
) -> None:
    """The same with numbers that no two sites share: every decision is the same one."""

    def apart(site: Site, id_: str) -> str:
        return f"{list(Site).index(site)}{id_}"

    def renamed(keys: Collection[IdKey]) -> frozenset[IdKey]:
        return frozenset((site, apart(site, id_)) for site, id_ in keys)

    plain = learn(row, *words, owners=owners)
    other = learn(
        {site: tuple(apart(site, id_) for id_ in ids) for site, ids in row.items()},
        *(Word(w.speaker, renamed(w.ids), w.names, renamed(w.rests_on)) for w in words),
        owners={f"{site}:{apart(Site(site), id_)}": t for key, t in owners.items() for site, id_ in [key.split(":")]},
    )
    assert {site: apart(site, id_) for site, id_ in learned(plain).items()} == learned(other)
    assert renamed((one.site, one.id) for one in plain.refuted) == {(one.site, one.id) for one in other.refuted}
    assert codes(plain) == codes(other)


@given(ROWS, st.lists(WORDS, max_size=6), OWNERS)
def test_nothing_is_learned_that_is_listed_owned_or_said_by_nobody(
    row: dict[Site, tuple[str]], words: list[Word], owners: dict[str, str]
) -> None:
    """One id at most a site, only where the row has none, never one of another title, and somebody said it."""
    for one in learn(row, *words, owners=owners).learned:
        assert one.site not in row
        assert owners.get(f"{one.site.value}:{one.id}", "own") == "own"
        sayers = {w.speaker for w in words if (one.site, one.id) in w.ids and SPEAKERS[w.speaker] is not one.site}
        assert set(one.said_by) <= sayers
        assert one.said_by


@given(ROWS, st.lists(WORDS, max_size=6), OWNERS)
def test_what_was_refuted_stays_so_without_the_records_that_showed_it(
    row: dict[Site, tuple[str]], words: list[Word], owners: dict[str, str]
) -> None:
    """The next look no longer has the refuted ids' records and comes to the same."""
    first = learn(row, *words, owners=owners)
    out = {(one.site, one.id) for one in first.refuted}
    left = [w for w in words if w.rests_on.isdisjoint(out)]
    again = learn(row, *left, owners=owners, refuted=first.refuted)
    assert out <= {(one.site, one.id) for one in again.refuted}
    assert out.isdisjoint((one.site, one.id) for one in again.learned)


# What a person decided


def answered(*words: Word, ids: Mapping[Site, tuple[str, ...]] = LISTED, **more: object) -> Learning:
    answers = more.pop("answers")
    return plan_learning("own", ids, NAMES, words, **{"owners": {}, **more}, answers=answers)  # type: ignore[arg-type]


YES, NO = IdAnswer(True, "locked by maria", 1.0), IdAnswer(False, "locked by maria", 1.0)


def test_an_id_a_person_gives_needs_nobody_to_say_it_and_ends_the_dispute() -> None:
    """Whoever says it too is named."""
    for words, said_by in [((), ()), ((ANILIST_SAYS_5, KITSU_SAYS_6), (Source.ANILIST,))]:
        learning = answered(*words, answers={(MAL, "5"): YES})
        assert learned(learning) == {MAL: "5"}
        assert learning.learned[0].said_by == (*said_by, Source.REVIEW)
        assert codes(learning) == ["id_decided"]
        assert learning.findings[0].message == "mal:5 is this title's, locked by maria"


def test_an_id_a_person_refuses_is_not_learned_and_what_others_say_is_heard() -> None:
    """It is no longer disputed who is right."""
    assert learned(answered(ANILIST_SAYS_5, answers={(MAL, "5"): NO})) == {}
    learning = answered(ANILIST_SAYS_5, KITSU_SAYS_6, answers={(MAL, "5"): NO})
    assert (learned(learning), codes(learning)) == ({MAL: "6"}, ["id_decided"])


def test_the_record_of_a_given_id_is_heard_whatever_it_says() -> None:
    """The person knew; and an id that was refuted is so no more."""
    stranger = word(Source.MAL, (ANILIST, "9"), (ANIDB, "3"), names=frozenset({"kitsune"}), rests_on=[(MAL, "5")])
    refuted = Refuted(MAL, "5", (Source.KITSU,), "why")
    learning = answered(KITSU_SAYS_5, stranger, refuted=[refuted], answers={(MAL, "5"): YES})
    assert learned(learning) == {MAL: "5"}
    assert learning.refuted == ()
    assert learning.learned[0].is_found


@pytest.mark.parametrize(
    ("key", "answer", "owners", "why"),
    [
        ((MAL, "5"), YES, {"mal:5": "other"}, "the catalogue lists it for the title other"),
        ((ANILIST, "9"), YES, {}, "the catalogue lists anilist:7 for this title"),
    ],
)
def test_no_id_is_given_against_the_catalogue_and_that_is_told(
    key: IdKey, answer: IdAnswer, owners: Mapping[str, str], why: str
) -> None:
    """So a later release wins, and the decision is looked at again."""
    learning = answered(answers={key: answer}, owners=owners)
    (finding,) = learning.findings
    assert (finding.code, learned(learning)) == ("answer_unplaced", {})
    assert why in finding.message
    assert "unlock" in finding.message


def test_of_two_ids_given_on_one_site_the_later_counts() -> None:
    """The other is told."""
    later = IdAnswer(True, "locked by jo", 2.0)
    for answers in ({(MAL, "5"): YES, (MAL, "6"): later}, {(MAL, "6"): later, (MAL, "5"): YES}):
        learning = answered(answers=answers)
        assert learned(learning) == {MAL: "6"}
        assert sorted(codes(learning)) == ["answer_unplaced", "id_decided"]


ANSWERS = st.dictionaries(KEYS, st.builds(IdAnswer, st.booleans(), st.just("x"), st.floats(0, 9)), max_size=4)


@given(ROWS, st.lists(WORDS, max_size=6), OWNERS, ANSWERS, st.randoms())
def test_persons_are_obeyed_on_every_site_the_catalogue_leaves_open(ids, words, owners, answers, random) -> None:  # type: ignore[no-untyped-def]
    """Whoever says what, in whatever order."""
    learning = answered(*words, ids=ids, owners=owners, answers=answers)
    has = learned(learning)
    for (site, id_), answer in answers.items():
        is_open = site not in ids and owners.get(f"{site.value}:{id_}", "own") == "own"
        if not answer.is_own:
            assert has.get(site) != id_
        elif is_open:
            rivals = [other for other, one in answers.items() if other[0] is site and one.is_own]
            assert has.get(site) == id_ or len(rivals) > 1
    random.shuffle(words)
    assert answered(*words, ids=ids, owners=owners, answers=dict(reversed(answers.items()))) == learning
