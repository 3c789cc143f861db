"""Staff across platforms and within them."""

from pipeline.domain.names import Source
from pipeline.domain.source_title import Credit, SourceTitle
from pipeline.preprocess import align


def team(source: Source, *people: Credit, id_: str = "1") -> SourceTitle:
    return SourceTitle(source, id_, staff=people)


def sizes(*sources: SourceTitle) -> list[int]:
    return [len(group.members) for group in align(sources).staff]


def test_several_credits_of_one_person_are_one_group() -> None:
    assert sizes(team(Source.MAL, Credit("Kanno, Youko", "Music", "1"), Credit("Kanno, Youko", "Script", "1"))) == [2]


def test_a_person_meets_over_platforms_by_the_key_of_the_name() -> None:
    left = team(Source.MAL, Credit("Kanno, Youko", "Music", "1"))
    right = team(Source.ANILIST, Credit("Yoko Kanno", "Music", "9", "菅野よう子"))
    (group,) = align((left, right)).staff
    assert (len(group.members), group.rule, group.confidence) == (2, "name_key", 0.85)


def test_namesakes_with_different_ids_stay_two_and_become_a_question() -> None:
    left = team(Source.MAL, Credit("Itou, Yuuki", "Script", "1"), Credit("Ito, Yuki", "Music", "2"))
    right = team(Source.ANILIST, Credit("Yuki Ito", "Music", "9"))
    alignment = align((left, right))
    assert [len(group.members) for group in alignment.staff] == [1, 1, 1]
    (question,) = alignment.questions
    assert (question.stage, len(question.options)) == ("staff", 2)
    assert [finding.code for finding in alignment.findings] == ["staff_share_a_name"]


def test_two_namesakes_meeting_one_person_are_not_guessed() -> None:
    left = team(Source.MAL, Credit("Ito, Yuki", "Music", "9"))
    right = team(Source.ANILIST, Credit("Yuuki Itou", "Script", "1"), Credit("Yuki Ito", "Music", "2"))
    alignment = align((left, right))
    assert [len(group.members) for group in alignment.staff] == [1, 1, 1]
    assert len(alignment.questions) == 2


def test_native_names_tell_namesakes_apart() -> None:
    left = team(
        Source.ANILIST, Credit("Yuki Ito", "Script", "1", "伊藤 有紀"), Credit("Yuki Ito", "Music", "2", "伊東 雪")
    )
    right = team(Source.ANIDB, Credit("Itou Yuki", "Music", "9", "伊東雪"))
    (pair,) = [group for group in align((left, right)).staff if len(group.members) == 2]
    assert pair.rule == "name_and_native"
    assert left.staff[pair.members[0].item].id == "2"


def test_a_middle_initial_that_one_platform_leaves_out_parts_nobody() -> None:
    left = team(Source.ANILIST, Credit("Christopher Sabat", "Script", "1"))
    right = team(Source.ANIME_PLANET, Credit("Christopher R. Sabat", "Voice Actor", "9"))
    (group,) = align((left, right)).staff
    assert (len(group.members), group.rule, group.confidence) == (2, "name_without_initial", 0.80)
    assert align((right, left)).staff[0].rule == "name_without_initial"


def test_initials_that_differ_are_two_people() -> None:
    left = team(Source.ANILIST, Credit("Ann B. Lee", "Script", "1"))
    assert sizes(left, team(Source.ANIME_PLANET, Credit("Ann C. Lee", "Voice Actor", "9"))) == [1, 1]


def test_an_initial_joins_nobody_where_two_may_be_meant() -> None:
    left = team(Source.ANILIST, Credit("Ann B. Lee", "Script", "1"), Credit("Ann C. Lee", "Music", "2"))
    right = team(Source.ANIME_PLANET, Credit("Ann Lee", "Voice Actor", "9"))
    assert sizes(left, right) == sizes(right, left) == [1, 1, 1]


def test_a_namesake_left_over_is_not_joined_for_want_of_another() -> None:
    """One of two is told by the native name; the other stays a question, for there may be a third."""
    left = team(
        Source.ANILIST, Credit("Yuki Ito", "Script", "1", "伊藤 有紀"), Credit("Yuki Ito", "Music", "2", "伊東 雪")
    )
    right = team(Source.ANIDB, Credit("Itou Yuki", "Music", "9", "伊東雪"), Credit("Itou Yuki", "Editing", "8"))
    assert sorted(sizes(left, right)) == [1, 1, 2]
    assert len(align((left, right)).questions) == 1


def test_a_name_of_one_word_and_an_initial_is_not_that_word() -> None:
    left = team(Source.ANILIST, Credit("Sayuri", "Theme Song Performance", "1"))
    assert sizes(left, team(Source.ANIME_PLANET, Credit("Sayuri S.", "Voice Actor", "9"))) == [1, 1]


def test_a_name_without_id_joins_the_only_person_of_that_name() -> None:
    assert sizes(team(Source.MAL, Credit("A, B", "Script", "1"), Credit("B A", "Music"))) == [2]


def test_two_ids_of_one_platform_share_their_people() -> None:
    first = team(Source.MAL, Credit("A, B", "Script", "1"), id_="10")
    assert sizes(first, team(Source.MAL, Credit("A, B", "Music", "1"), id_="11")) == [2]


def test_names_without_letters_are_said_and_kept() -> None:
    alignment = align((team(Source.MAL, Credit("???", "Script"), Credit("", "Music")),))
    assert len(alignment.staff) == 2
    assert {finding.code for finding in alignment.findings} == {"name_without_letters"}
