"""The practice platforms' limits: no window may ever hold more than its number, by a clock that is handed in."""

import pytest

from pipeline.domain.names import Platform
from pipeline.practice.limits import RULES, Limiter, Rules, Window


def admitted(limiter: Limiter, times: list[float]) -> list[float]:
    return [now for now in times if not limiter.ask(now).is_refused]


def test_no_window_ever_holds_more_than_allowed() -> None:
    """Asked fifty times a second for three minutes, Jikan lets 3 in any second and 60 in any minute through."""
    let_in = admitted(Limiter(RULES[Platform.JIKAN], 1.0), [tick / 50 for tick in range(9_000)])
    for begin in let_in:
        assert sum(begin <= at < begin + 0.9 for at in let_in) <= 3
        assert sum(begin <= at < begin + 59.9 for at in let_in) <= 60
    assert len(let_in) >= 180


def test_a_patient_client_is_never_refused() -> None:
    """At the stated pace, and a hair early as networks deliver, everything is let in."""
    for platform, step_s in ((Platform.JIKAN, 1.0), (Platform.ANILIST, 2.0), (Platform.ANIMESCHEDULE, 0.5)):
        limiter = Limiter(RULES[platform], 1.0)
        assert all(not limiter.ask(number * step_s - (number % 2) * 0.01).is_refused for number in range(300))


def test_who_is_a_hair_early_is_counted_though_not_refused() -> None:
    """The numbers are exact; only the refusal is lenient."""
    limiter = Limiter(Rules((Window(1, 1),)), 1.0)
    decisions = [limiter.ask(now) for now in (0.0, 1.0, 1.96, 2.5)]
    assert [one.over for one in decisions] == [(), (), ("1/1s",), ("1/1s",)]
    assert [one.is_refused for one in decisions] == [False, False, False, True]


def test_speed_divides_every_window() -> None:
    """At twenty times the speed a minute takes three seconds."""
    limiter = Limiter(RULES[Platform.ANIMESCHEDULE], 20.0)
    assert len(admitted(limiter, [0.0] * 121)) == 120
    assert limiter.ask(2.8).is_refused
    assert not limiter.ask(3.0).is_refused


def test_the_wait_is_what_is_needed() -> None:
    """Who waits as told is let in; who comes earlier is not."""
    limiter = Limiter(RULES[Platform.JIKAN], 1.0)
    for _ in range(3):
        limiter.ask(5.0)
    refused = limiter.ask(5.2)
    assert refused.is_refused
    assert refused.over == ("3/1s",)
    assert limiter.ask(5.2 + refused.wait_s - 0.06).is_refused
    assert not limiter.ask(5.2 + refused.wait_s).is_refused


def test_a_refused_request_does_not_fill_the_window() -> None:
    """Refusals cost nothing, or an impatient client would never get in again."""
    limiter = Limiter(Rules((Window(1, 10),)), 1.0)
    assert [limiter.ask(now).is_refused for now in (0, 1, 2, 3, 9.99)] == [False, True, True, True, False]


def test_anilist_closes_for_a_minute_after_one_refusal() -> None:
    """A minute's time-out follows, during which nothing is let in."""
    limiter = Limiter(RULES[Platform.ANILIST], 1.0)
    for _ in range(5):
        limiter.ask(0.0)
    assert limiter.ask(0.1).wait_s == pytest.approx(60)
    assert limiter.ask(50.0).is_refused
    assert not limiter.ask(60.2).is_refused


def test_anidb_bans_a_fast_client_and_a_greedy_one() -> None:
    """Too fast, or more than 200 a day: banned for a day; the polite 200 are let in."""
    fast = Limiter(RULES[Platform.ANIDB], 1.0)
    decisions = [fast.ask(number * 0.5) for number in range(11)]
    assert decisions[-1].is_banned
    assert not any(one.is_refused for one in decisions[:-1])
    assert fast.ask(80_000).is_banned
    greedy = Limiter(RULES[Platform.ANIDB], 1.0)
    slow = [greedy.ask(number * 4.0) for number in range(201)]
    assert not any(one.is_refused for one in slow[:200])
    assert slow[200].is_banned
    assert slow[200].over == ("200/86400s",)


def test_where_no_limit_is_documented_it_is_only_counted() -> None:
    """Kitsu and Anime-Planet refuse nothing, but each request that came too soon is noted."""
    for platform in (Platform.KITSU, Platform.ANIME_PLANET):
        limiter = Limiter(RULES[platform], 1.0)
        decisions = [limiter.ask(now) for now in (0.0, 0.5, 2.0)]
        assert [one.over for one in decisions] == [(), ("1/1s",), ()]
        assert not any(one.is_refused for one in decisions)


def test_headers_tell_what_is_left_and_when_it_moves() -> None:
    """AnimeSchedule tells limit, rest and reset; AniList no reset; Jikan nothing at all."""
    schedule = Limiter(RULES[Platform.ANIMESCHEDULE], 1.0)
    for _ in range(120):
        schedule.ask(10.0)
    said = schedule.headers(20.0, 1_000_000.0)
    assert (said["X-RateLimit-Limit"], said["X-RateLimit-Remaining"]) == ("120", "0")
    assert 1_000_049 <= int(said["X-RateLimit-Reset"]) <= 1_000_051
    anilist = Limiter(RULES[Platform.ANILIST], 1.0)
    anilist.ask(0.0)
    assert anilist.headers(0.0, 5.0) == {"X-RateLimit-Limit": "30", "X-RateLimit-Remaining": "29"}
    assert Limiter(RULES[Platform.JIKAN], 1.0).headers(0.0, 5.0) == {}
