"""Quarantines: what they take back, and how they end."""

from pipeline.domain.exchange import Answer, Part, Reading, Request
from pipeline.domain.names import Outcome, Platform
from pipeline.ledger import Ledger
from pipeline.ledger.fetched import Said, SettledOutcome
from pipeline.ledger.quarantine import Quarantine
from tests.ledger.conftest import Clock

JIKAN, KITSU = Platform.JIKAN, Platform.KITSU


def hear(ledger: Ledger, title_id: str, id_: str, **bodies: str) -> None:
    """One whole asking; without bodies the platform does not have it."""
    since = ledger.fetched.intend(JIKAN, [title_id], reuse_s=1)[title_id]
    parts = tuple(Part(kind, body.encode()) for kind, body in bodies.items())
    said = Reading({id_: parts}) if parts else Reading(absent=frozenset({id_}))
    ledger.fetched.save([Said(Request(JIKAN, "full", f"/{id_}", (id_,)), Answer(200, {}, b"", ""), said, {id_: since})])
    outcome = Outcome.FOUND if parts else Outcome.ABSENT
    ledger.fetched.settle([SettledOutcome(title_id, JIKAN, outcome, (id_,), "", 9e9)])


def bodies(ledger: Ledger, id_: str) -> dict[str, bytes]:
    refs = ledger.fetched.part_refs(JIKAN, [id_]).get(id_, ())
    return {ref.kind: ledger.blobs.get(ref.body) for ref in refs}


def impose(ledger: Ledger, clock: Clock, *suspects: str) -> Quarantine:
    quarantine = Quarantine(clock.time, clock.time + 100, "no synopses", {"of": 20})
    ledger.quarantines.impose(JIKAN, quarantine, suspects)
    return quarantine


def test_a_quarantine_stands_until_its_time(ledger: Ledger, clock: Clock) -> None:
    """With its evidence, for its platform alone."""
    quarantine = impose(ledger, clock)
    assert ledger.quarantines.standing() == {JIKAN: quarantine}
    clock.wait(99)
    assert ledger.quarantines.standing() == {JIKAN: quarantine}
    clock.wait(1)
    assert ledger.quarantines.standing() == {}


def test_suspects_get_back_what_was_heard_before(ledger: Ledger, clock: Clock) -> None:
    """Changed, dropped, and vanished parts alike, with the time they were heard; other titles keep their last word."""
    for title_id, id_ in (("t", "1"), ("u", "2"), ("v", "3")):
        hear(ledger, title_id, id_, full="good", more="good")
    heard_at = ledger.fetched.outcomes(["t"])["t"][JIKAN].heard_at
    clock.wait(1000)
    hear(ledger, "t", "1", full="bad")
    hear(ledger, "u", "2")
    hear(ledger, "v", "3", full="new")
    impose(ledger, clock, "t", "u")
    assert bodies(ledger, "1") == bodies(ledger, "2") == {"full": b"good", "more": b"good"}
    assert bodies(ledger, "3") == {"full": b"new", "more": b"good"}
    for title_id in ("t", "u"):
        settled = ledger.fetched.outcomes([title_id])[title_id][JIKAN]
        assert settled.outcome.outcome is Outcome.FAILED
        assert settled.outcome.reason == "quarantined: no synopses"
        assert settled.outcome.fresh_until == clock.time + 100
    assert ledger.fetched.outcomes(["t"])["t"][JIKAN].heard_at == heard_at
    assert ledger.fetched.outcomes(["v"])["v"][JIKAN].outcome.outcome is Outcome.FOUND


def test_a_suspect_without_an_earlier_word_counts_as_failed(ledger: Ledger, clock: Clock) -> None:
    """What came of it is kept, as of any asking that failed, and it is asked anew as soon as that is allowed."""
    hear(ledger, "t", "1", full="first")
    impose(ledger, clock, "t")
    settled = ledger.fetched.outcomes(["t"])["t"][JIKAN]
    assert (settled.outcome.outcome, settled.is_stale, bodies(ledger, "1")) == (
        Outcome.FAILED,
        False,
        {"full": b"first"},
    )
    assert ledger.fetched.intend(JIKAN, ["t"])["t"] == clock.time


def test_two_askings_later_only_the_last_one_is_taken_back(ledger: Ledger, clock: Clock) -> None:
    """A page that was dropped a while ago does not come back."""
    hear(ledger, "t", "1", full="1", page="1")
    clock.wait(1000)
    hear(ledger, "t", "1", full="2")
    ledger.fetched.forget_parts(JIKAN, {"1": ("full",)})
    clock.wait(1000)
    hear(ledger, "t", "1", full="3")
    impose(ledger, clock, "t")
    assert bodies(ledger, "1") == {"full": b"2"}


def test_a_release_makes_failed_titles_due(ledger: Ledger, clock: Clock) -> None:
    """Those of that platform; without a quarantine nothing changes."""
    assert ledger.quarantines.release(JIKAN, is_new_normal=False) is None
    hear(ledger, "t", "1", full="x")
    quarantine = impose(ledger, clock, "t")
    ledger.fetched.settle([SettledOutcome("t", KITSU, Outcome.FOUND, ("1",), "", 9e9)])
    assert ledger.quarantines.release(JIKAN, is_new_normal=False) == quarantine
    assert ledger.quarantines.standing() == {}
    found = ledger.fetched.outcomes(["t"])["t"]
    assert (found[JIKAN].outcome.fresh_until, found[KITSU].outcome.fresh_until) == (0.0, 9e9)
