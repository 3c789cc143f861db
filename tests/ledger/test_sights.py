"""What was seen lately: exchanged with outcomes, normal once it is no longer new, never while it is evidence."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from pipeline.domain.names import Outcome, Platform
from pipeline.ledger import Ledger
from pipeline.ledger.fetched import SettledOutcome
from pipeline.ledger.quarantine import Quarantine
from pipeline.ledger.sights import LATELY_S, Exchange, Sight
from pipeline.ledger.tables import SIGHTS
from tests.ledger.conftest import Clock, Engine

JIKAN, KITSU = Platform.JIKAN, Platform.KITSU
SCORE = ("TV", "score")


def title(name: str, *, is_there: bool = True) -> Sight:
    return Sight({SCORE: is_there, ("", "~here"): True}, name, f"body of {name}")


def exchange(
    ledger: Ledger, owner: str, *sights: Sight, after: int = 0, last: int = 3, platform: Platform = JIKAN
) -> Exchange:
    """With the outcome of a title, as a walk does it."""
    one = Exchange(platform, owner, sights, after, last)
    ledger.fetched.settle([SettledOutcome("t", platform, Outcome.FOUND, ("1",), "", 9e9)], one)
    return one


def test_others_sights_are_read_with_ones_own_outcomes(ledger: Ledger) -> None:
    """Whole, in their order, each once; not one's own, nor those of another platform."""
    first = exchange(ledger, "a", title("1"), Sight({("", "~read"): False}, None, "<html>"))
    assert (first.others, first.after > 0) == ([], True)
    exchange(ledger, "a", title("k"), platform=KITSU)
    second = exchange(ledger, "b", title("2"))
    assert second.others == [title("1"), Sight({("", "~read"): False}, None, "<html>")]
    assert exchange(ledger, "b", after=second.after).others == []
    assert exchange(ledger, "a", after=first.after).others == [title("2")]


def test_what_began_later_finds_all_that_was_seen(ledger: Ledger, clock: Clock) -> None:
    """With the time of each, so that what is old is no evidence."""
    exchange(ledger, "a", title("1"))
    clock.wait(50)
    exchange(ledger, "b", title("2"))
    lately = ledger.sights.lately(JIKAN)
    assert lately.sights == ((clock.time - 50, title("1")), (clock.time, title("2")))
    assert exchange(ledger, "c", after=lately.number).others == []
    assert ledger.sights.lately(KITSU).sights == ()


def test_the_last_stay_and_the_others_become_normal_once(ledger: Ledger) -> None:
    """Whoever makes them so; of answers and of titles as many stay. A torn one is none."""
    for number in range(30):
        exchange(ledger, "a", title(f"a{number}", is_there=number % 2 == 0), Sight({("", "~read"): True}))
        exchange(ledger, "b", title(f"b{number}"))
    lately = ledger.sights.lately(JIKAN)
    stay = [sight for _, sight in lately.sights if sight.title_id]
    filled, seen = lately.normal[SCORE]
    assert seen + len(stay) == 60
    assert filled + sum(sight.shown[SCORE] for sight in stay) == 45
    assert lately.normal["", "~read"][1] + len(lately.sights) - len(stay) == 30
    assert len(lately.sights) < 12 + 50
    with ledger.database.write() as c:
        c.execute(sa.update(SIGHTS).where(SIGHTS.c.title_id == "b29").values(body=b"torn"))
    assert len(ledger.sights.lately(JIKAN).sights) == len(lately.sights) - 1


def test_evidence_of_a_quarantine_is_never_normal(ledger: Ledger, clock: Clock) -> None:
    """It is forgotten with it, what was seen days before is not; nothing counts that is seen while it stands."""
    exchange(ledger, "a", title("old"))
    clock.wait(LATELY_S + 1)
    exchange(ledger, "a", *(title(str(number), is_there=False) for number in range(9)))
    exchange(ledger, "a", title("k"), platform=KITSU)
    ledger.quarantines.impose(JIKAN, Quarantine(clock.time, clock.time + 100, "no score", {}), [])
    assert (ledger.sights.lately(JIKAN).sights, ledger.sights.lately(JIKAN).normal[SCORE]) == ((), (1, 1))
    late = exchange(ledger, "b", title("late", is_there=False))
    assert (late.others, ledger.sights.lately(JIKAN).sights) == ([], ())
    clock.wait(101)
    exchange(ledger, "b", title("after"))
    assert [sight.title_id for _, sight in ledger.sights.lately(JIKAN).sights] == ["after"]
    assert len(ledger.sights.lately(KITSU).sights) == 1


def test_a_release_may_say_that_everything_is_new(ledger: Ledger) -> None:
    """Then neither what is normal nor what was seen lately counts, of that platform."""
    for platform in (JIKAN, KITSU):
        exchange(ledger, "a", *(title(str(number)) for number in range(120)), platform=platform)
    assert ledger.sights.lately(JIKAN).normal[SCORE] == (114, 114)
    ledger.quarantines.release(JIKAN, is_new_normal=False)
    assert ledger.sights.lately(JIKAN).normal[SCORE] == (114, 114)
    ledger.quarantines.release(JIKAN, is_new_normal=True)
    assert (ledger.sights.lately(JIKAN).normal, ledger.sights.lately(JIKAN).sights) == ({}, ())
    assert ledger.sights.lately(KITSU).normal[SCORE] == (114, 114)


def test_outcomes_and_sights_are_written_together(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be written as a whole is not written at all."""

    def fail(*_: Any) -> None:
        raise RuntimeError("cut off")

    monkeypatch.setattr(Exchange, "apply", fail)
    with pytest.raises(RuntimeError, match="cut off"):
        exchange(ledger, "a", title("1"))
    assert ledger.fetched.outcomes(["t"])["t"] == {}


def test_two_processes_count_what_is_normal_once(engine: Engine, open_ledger: Callable[[str], Ledger]) -> None:
    """Each over its own connections, in turns."""
    url = engine.fresh()
    one, other = open_ledger(url), open_ledger(url)
    after = {"one": 0, "other": 0}
    seen = Others()
    for number in range(80):
        for name, ledger in (("one", one), ("other", other)):
            done = exchange(ledger, name, title(f"{name} {number}"), after=after[name])
            after[name] = done.after
            seen.add(name, done)
    assert seen.titles["one"] == [f"other {number}" for number in range(79)]
    assert seen.titles["other"] == [f"one {number}" for number in range(80)]
    lately = one.sights.lately(JIKAN)
    assert lately.normal[SCORE][1] + len(lately.sights) == 160


class Others:
    """What each process was given of the other."""

    def __init__(self) -> None:
        self.titles: dict[str, list[str | None]] = {"one": [], "other": []}

    def add(self, name: str, done: Exchange) -> None:
        self.titles[name] += [sight.title_id for sight in done.others]
