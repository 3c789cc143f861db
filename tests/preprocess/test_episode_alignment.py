"""Episodes across platforms: numbers, shifts, dates, specials."""

import time

from pipeline.domain.names import EpisodeKind, Source, TitleKind
from pipeline.domain.source_title import Episode, PartialDate, SourceTitle, TitleName
from pipeline.preprocess import align

WORDS = ["river", "mountain", "letter", "winter", "promise", "machine", "garden", "silence", "harbour", "lantern"]


def name(text: str, language: str | None = "en") -> TitleName:
    return TitleName(text, TitleKind.MAIN, language)


def title(number: int) -> str:
    first, second, third = (WORDS[number // by % 10] for by in (1, 10, 100))
    return f"{first} of the {second} {third} {chr(97 + number % 23) * 4}"


def run(source: Source, numbers: range, shift: int = 0, *, id_: str = "1", is_titled: bool = True) -> SourceTitle:
    """Episodes ``numbers`` of the story, counted with ``shift``."""
    episodes = (Episode(n + shift, titles=(name(title(n)),) if is_titled else ()) for n in numbers)
    return SourceTitle(source, id_, episodes=tuple(episodes))


def groups(*sources: SourceTitle) -> list[tuple[int | None, int]]:
    return [(group.number, len(group.members)) for group in align(sources).episodes]


def test_equal_numbers_and_titles_pair() -> None:
    alignment = align((run(Source.MAL, range(1, 14)), run(Source.KITSU, range(1, 14))))
    assert [group.number for group in alignment.episodes] == list(range(1, 14))
    assert {(len(g.members), g.rule, g.confidence) for g in alignment.episodes} == {(2, "number_and_title", 0.97)}
    assert alignment.questions == ()


def test_untitled_episodes_pair_by_number_with_less_confidence() -> None:
    alignment = align((run(Source.MAL, range(1, 14)), run(Source.KITSU, range(1, 14), is_titled=False)))
    assert {(len(g.members), g.rule, g.confidence) for g in alignment.episodes} == {(2, "number", 0.75)}


def test_a_title_that_is_only_a_number_says_nothing() -> None:
    other = SourceTitle(
        Source.KITSU, "1", episodes=tuple(Episode(n, titles=(name(f"Episode {n}"),)) for n in range(1, 4))
    )
    alignment = align((run(Source.MAL, range(1, 4)), other))
    assert {group.rule for group in alignment.episodes} == {"number"}


def test_a_constant_shift_is_found_by_titles_and_said() -> None:
    """The second run counts from 1 where the other platform counts on."""
    alignment = align((run(Source.ANIDB, range(1, 25)), run(Source.MAL, range(13, 25), -12)))
    assert [(g.number, len(g.members)) for g in alignment.episodes] == [(n, 1 if n < 13 else 2) for n in range(1, 25)]
    assert [finding.code for finding in alignment.findings] == ["episode_numbering_shifted"]


def test_two_ids_of_one_platform_that_cut_the_run_in_two_fit_into_the_whole() -> None:
    first, second = run(Source.MAL, range(1, 13)), run(Source.MAL, range(13, 25), -12, id_="2")
    assert groups(first, second, run(Source.ANILIST, range(1, 25))) == [(n, 2) for n in range(1, 25)]


def test_two_ids_of_one_platform_without_titles_are_not_mixed() -> None:
    first = run(Source.MAL, range(1, 4), is_titled=False)
    second = run(Source.MAL, range(1, 4), id_="2", is_titled=False)
    assert groups(first, second) == [(1, 1), (2, 1), (3, 1), (None, 1), (None, 1), (None, 1)]


def test_a_shift_that_too_few_titles_speak_for_is_not_believed() -> None:
    left = run(Source.MAL, range(1, 13))
    right = SourceTitle(
        Source.KITSU,
        "1",
        episodes=tuple(Episode(n, titles=(name(title(n + 1 if n < 5 else n * 7 + 300)),)) for n in range(1, 12)),
    )
    alignment = align((left, right))
    assert [finding.code for finding in alignment.findings] == []
    assert any(question.stage == "episodes" for question in alignment.questions)


def test_dates_decide_where_titles_are_translated_otherwise() -> None:
    day = PartialDate(2020, 1, 5)
    left = SourceTitle(Source.MAL, "1", episodes=(Episode(1, titles=(name("A Farewell"),), aired=day),))
    near = SourceTitle(
        Source.KITSU, "1", episodes=(Episode(1, titles=(name("Goodbye"),), aired=PartialDate(2020, 1, 4)),)
    )
    far = SourceTitle(
        Source.KITSU, "1", episodes=(Episode(1, titles=(name("Goodbye"),), aired=PartialDate(2020, 3, 4)),)
    )
    assert groups(left, near) == [(1, 2)]
    assert groups(left, far) == [(1, 1), (None, 1)]


def test_native_and_latin_titles_are_not_compared() -> None:
    left = SourceTitle(Source.MAL, "1", episodes=(Episode(1, titles=(name("A Farewell"),)),))
    right = SourceTitle(Source.KITSU, "1", episodes=(Episode(1, titles=(name("さらば", "ja"),)),))
    assert groups(left, right) == [(1, 2)]


def test_specials_stay_apart_from_regular_episodes_and_meet_by_title_only() -> None:
    def special(source: Source, number: int, text: str) -> SourceTitle:
        return SourceTitle(source, "1", episodes=(Episode(number, EpisodeKind.SPECIAL, titles=(name(text),)),))

    assert groups(run(Source.MAL, range(1, 2)), special(Source.ANIDB, 1, title(1))) == [(1, 1), (1, 1)]
    assert groups(special(Source.KITSU, 4, "Beach Day"), special(Source.ANIDB, 1, "Beach day")) == [(1, 2)]
    assert groups(special(Source.KITSU, 1, "Beach Day"), special(Source.ANIDB, 1, "Recap")) == [(1, 1), (None, 1)]


def test_unnumbered_episodes_meet_by_title() -> None:
    right = SourceTitle(Source.ANILIST, "1", episodes=tuple(Episode(None, titles=(name(title(n)),)) for n in (3, 1, 2)))
    assert groups(run(Source.MAL, range(1, 4)), right) == [(1, 2), (2, 2), (3, 2)]


def test_repeated_numbers_fall_back_to_absolute_ones() -> None:
    """A platform that counts each season from 1 but knows the absolute number."""
    seasons = SourceTitle(
        Source.KITSU,
        "1",
        episodes=tuple(Episode((n - 1) % 12 + 1, absolute_number=n, season=(n - 1) // 12) for n in range(1, 25)),
    )
    assert groups(run(Source.MAL, range(1, 25)), seasons) == [(n, 2) for n in range(1, 25)]


def test_a_number_twice_is_kept_unnumbered_and_said() -> None:
    alignment = align((SourceTitle(Source.MAL, "1", episodes=(Episode(1), Episode(1))),))
    assert [group.number for group in alignment.episodes] == [1, None]
    assert [finding.code for finding in alignment.findings] == ["episode_number_twice"]


def test_impossible_dates_do_not_raise() -> None:
    odd = SourceTitle(Source.MAL, "1", episodes=(Episode(1, aired=PartialDate(2021, 2, 31)), Episode(-4), Episode(0)))
    assert groups(odd, run(Source.KITSU, range(1, 2))) == [(-4, 1), (0, 1), (1, 2)]


def test_a_long_run_on_three_platforms_is_fast() -> None:
    sources = (run(Source.MAL, range(1, 1101)), run(Source.ANIDB, range(1, 1101)), run(Source.KITSU, range(1, 1101)))
    start = time.perf_counter()
    found = groups(*sources)
    print(f"1,100 episodes of three platforms in {time.perf_counter() - start:.2f} s")  # noqa: T201 - timing is told, not asserted
    assert found == [(n, 3) for n in range(1, 1101)]
