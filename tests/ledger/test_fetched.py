"""Answers, parts, absences and outcomes."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.domain.exchange import Answer, Part, Reading, Request, Validators
from pipeline.domain.names import Outcome, Platform
from pipeline.ledger import Ledger
from pipeline.ledger.fetched import REUSE_S, FetchBook, PartRef, Said, SettledOutcome
from tests.ledger.conftest import Clock

JIKAN = Platform.JIKAN


def request(*ids: str, kind: str = "full") -> Request:
    return Request(JIKAN, kind, f"/{kind}/{','.join(ids)}", ids)


def reading(parts: Mapping[str, Mapping[str, bytes]] | None = None, *absent: str) -> Reading:
    given = {id_: tuple(Part(kind, body) for kind, body in kinds.items()) for id_, kinds in (parts or {}).items()}
    return Reading(given, frozenset(absent))


def save(ledger: Ledger, asked: Request, said: Reading, since: float = 0.0) -> None:
    answer = Answer(200, {"etag": "x"}, repr(said).encode(), "http://here")
    ledger.fetched.save([Said(asked, answer, said, dict.fromkeys(asked.ids, since))])


def bodies(ledger: Ledger, id_: str, since: float = 0.0) -> dict[str, bytes]:
    return ledger.fetched.gathered(JIKAN, {id_: since})[id_].parts


def blob_file(tmp_path: Path, digest: str) -> Path:
    return tmp_path / "blobs" / digest[:2] / f"{digest[2:]}.zst"


def test_an_answer_is_kept_whole_with_its_parts(ledger: Ledger) -> None:
    """Several ids and kinds of one answer; another platform's ids are another's."""
    save(ledger, request("1", "2"), reading({"1": {"full": b"one", "extra": b""}, "2": {"full": b"two"}}, "3"))
    assert bodies(ledger, "1") == {"full": b"one", "extra": b""}
    had = ledger.fetched.gathered(JIKAN, {"2": 0.0, "3": 0.0, "4": 0.0})
    assert {id_: (g.parts, g.is_absent) for id_, g in had.items()} == {
        "2": ({"full": b"two"}, False),
        "3": ({}, True),
        "4": ({}, False),
    }
    assert ledger.fetched.gathered(Platform.KITSU, {"1": 0.0})["1"].parts == {}
    assert ledger.fetched.answer_count() == {JIKAN: 1}


def test_parts_count_from_their_own_time(ledger: Ledger, clock: Clock) -> None:
    """What came before an intent does not; what comes at the very moment does."""
    save(ledger, request("1"), reading({"1": {"full": b"old"}}, "2"))
    old = clock.time
    clock.wait(10)
    assert bodies(ledger, "1", since=old) == {"full": b"old"}
    assert bodies(ledger, "1", since=old + 1) == {}
    assert not ledger.fetched.gathered(JIKAN, {"2": old + 1})["2"].is_absent
    save(ledger, request("1"), reading({"1": {"full": b"new"}}))
    assert bodies(ledger, "1", since=old + 1) == {"full": b"new"}
    assert ledger.fetched.answer_count() == {JIKAN: 1}


def test_an_answer_is_no_older_than_its_question(ledger: Ledger, clock: Clock) -> None:
    """Of a clock that went back, the intent's time is kept; and an absence likewise."""
    intended = clock.time
    clock.wait(-3600)
    save(ledger, request("1", "2"), reading({"1": {"full": b"new"}}, "2"), since=intended)
    assert bodies(ledger, "1", since=intended) == {"full": b"new"}
    assert ledger.fetched.gathered(JIKAN, {"2": intended})["2"].is_absent


def test_refs_are_in_the_order_of_kinds_and_leave_absent_ids_out(ledger: Ledger) -> None:
    """Whatever order they came in; their digest is a digest of content."""
    save(ledger, request("1"), reading({"1": {"b": b"2"}}))
    save(ledger, request("1", kind="a"), reading({"1": {"a": b"1"}}, "2"))
    refs = ledger.fetched.part_refs(JIKAN, ["1", "2", "3"])
    assert [ref.kind for ref in refs["1"]] == ["a", "b"]
    assert list(refs) == ["1"]
    digest = FetchBook.parts_digest(refs)
    assert FetchBook.parts_digest({"1": refs["1"][::-1]}) == digest
    assert FetchBook.parts_digest({"2": refs["1"]}) != digest
    assert FetchBook.parts_digest({"1": (PartRef("a", "x"), refs["1"][1])}) != digest


def test_an_absent_id_that_is_found_later_is_there(ledger: Ledger) -> None:
    """Even within one asking: the last word counts."""
    save(ledger, request("1"), reading(None, "1"))
    save(ledger, request("1"), reading({"1": {"full": b"x"}}))
    had = ledger.fetched.gathered(JIKAN, {"1": 0.0})["1"]
    assert (had.parts, had.is_absent) == ({"full": b"x"}, False)


def test_a_found_id_that_is_absent_later_has_no_parts(ledger: Ledger) -> None:
    """So that nothing of it is converted beside the title's other ids; the answers themselves are kept."""
    save(ledger, request("1", "2"), reading({"1": {"full": b"x", "more": b"y"}, "2": {"full": b"z"}}))
    save(ledger, request("1", kind="again"), reading(None, "1"))
    had = ledger.fetched.gathered(JIKAN, {"1": 0.0})["1"]
    assert (had.parts, had.is_absent) == ({}, True)
    assert list(ledger.fetched.part_refs(JIKAN, ["1", "2"])) == ["2"]
    assert ledger.fetched.answer_count() == {JIKAN: 2}


def test_parts_no_longer_given_are_forgotten(ledger: Ledger) -> None:
    """Of the ids named, every kind but those named; other ids keep theirs."""
    pages = {"page/1": b"1", "page/2": b"2", "page/3": b"3"}
    save(ledger, request("1", "2"), reading({"1": pages, "2": pages}))
    ledger.fetched.forget_parts(JIKAN, {"1": ("page/1",)})
    refs = ledger.fetched.part_refs(JIKAN, ["1", "2"])
    assert {id_: len(found) for id_, found in refs.items()} == {"1": 1, "2": 3}


@pytest.mark.parametrize("damage", ["cut", "altered", "empty", "missing"])
def test_a_torn_body_counts_as_not_there(ledger: Ledger, tmp_path: Path, damage: str) -> None:
    """Only that part is missing, and saving it again makes it whole."""
    said = reading({"1": {"full": b"body " * 100, "more": b"fine"}})
    save(ledger, request("1"), said)
    (ref,) = [ref for ref in ledger.fetched.part_refs(JIKAN, ["1"])["1"] if ref.kind == "full"]
    file = blob_file(tmp_path, ref.body)
    if damage == "missing":
        file.unlink()
    else:
        whole = file.read_bytes()
        file.write_bytes({"cut": whole[:-3], "altered": whole[:-1] + b"!", "empty": b""}[damage])
    assert bodies(ledger, "1") == {"more": b"fine"}
    save(ledger, request("1"), said)
    assert bodies(ledger, "1") == {"full": b"body " * 100, "more": b"fine"}


def outcome(title_id: str, what: Outcome, ids: tuple[str, ...] = ("1",), until: float = 5.0) -> SettledOutcome:
    return SettledOutcome(title_id, JIKAN, what, ids, "why", until)


def test_an_outcome_is_kept_as_it_was_settled(ledger: Ledger, clock: Clock) -> None:
    """By title and platform, with its time; titles without one have none."""
    settled = outcome("t", Outcome.ABSENT, ("1", "2"))
    ledger.fetched.settle([settled, SettledOutcome("t", Platform.KITSU, Outcome.NOT_LISTED)])
    found = ledger.fetched.outcomes(["t", "u"])
    assert (found["t"][JIKAN].outcome, found["t"][JIKAN].settled_at) == (settled, clock.time)
    assert found["t"][Platform.KITSU].outcome.outcome is Outcome.NOT_LISTED
    assert found["u"] == {}
    ledger.fetched.settle([outcome("u", Outcome.ABSENT), outcome("v", Outcome.FOUND)])
    assert ledger.fetched.tally() == {
        JIKAN: {Outcome.ABSENT: 2, Outcome.FOUND: 1},
        Platform.KITSU: {Outcome.NOT_LISTED: 1},
    }


def test_an_intent_is_no_outcome_and_keeps_its_time_for_a_day(ledger: Ledger, clock: Clock) -> None:
    """A killed run's parts count in the next one, until they are a day old."""
    began = clock.time
    assert ledger.fetched.intend(JIKAN, ["t", "u"]) == {"t": began, "u": began}
    assert ledger.fetched.outcomes(["t"]) == {"t": {}}
    assert ledger.fetched.tally() == {}
    clock.wait(REUSE_S - 1)
    assert ledger.fetched.intend(JIKAN, ["t"]) == {"t": began}
    assert ledger.fetched.intend(Platform.KITSU, ["t"]) == {"t": clock.time}
    clock.wait(1)
    assert ledger.fetched.intend(JIKAN, ["t"]) == {"t": clock.time}
    assert ledger.fetched.intend(JIKAN, []) == {}


@pytest.mark.parametrize("what", [Outcome.FAILED, Outcome.FOUND, Outcome.ABSENT])
def test_an_asking_goes_on_from_its_start_until_its_rest_is_over(ledger: Ledger, clock: Clock, what: Outcome) -> None:
    """However it was settled: what came in since then is not asked for twice; after the rest it begins anew."""
    began = ledger.fetched.intend(JIKAN, ["t"])["t"]
    clock.wait(10)
    ledger.fetched.settle([outcome("t", what)])
    clock.wait(10)
    assert ledger.fetched.intend(JIKAN, ["t"], reuse_s=30)["t"] == began
    assert ledger.fetched.outcomes(["t"])["t"] == {}
    clock.wait(11)
    assert ledger.fetched.intend(JIKAN, ["t"], reuse_s=30)["t"] == clock.time


@pytest.mark.parametrize(
    ("what", "is_heard", "is_stale"),
    [
        (Outcome.FOUND, True, False),
        (Outcome.FAILED, True, True),
        (Outcome.LEFT_OUT, True, True),
        (Outcome.SWITCHED_OFF, False, False),
        (Outcome.ABSENT, False, False),
        (Outcome.NOT_LISTED, False, False),
    ],
)
def test_an_earlier_word_stands_where_there_is_no_new_one(
    ledger: Ledger, clock: Clock, what: Outcome, is_heard: bool, is_stale: bool
) -> None:
    """Since when is kept over intents and failures, until the platform says something else."""
    ledger.fetched.settle([outcome("t", Outcome.FOUND)])
    heard_at = clock.time
    clock.wait(100)
    ledger.fetched.intend(JIKAN, ["t"])
    ledger.fetched.settle([outcome("t", what)])
    settled = ledger.fetched.outcomes(["t"])["t"][JIKAN]
    assert (settled.is_heard, settled.is_stale) == (is_heard, is_stale)
    assert settled.heard_at == (clock.time if what is Outcome.FOUND else None if not_said(what) else heard_at)


def not_said(what: Outcome) -> bool:
    return what in (Outcome.ABSENT, Outcome.NOT_LISTED)


def test_a_failure_without_an_earlier_word_is_not_stale(ledger: Ledger) -> None:
    """What an unfinished asking got goes into the record all the same; what was left out gives nothing."""
    ledger.fetched.settle([outcome("t", Outcome.FAILED), outcome("u", Outcome.LEFT_OUT)])
    t, u = (ledger.fetched.outcomes([title_id])[title_id][JIKAN] for title_id in "tu")
    assert (t.is_heard, t.is_stale, u.is_heard, u.is_stale) == (True, False, False, False)


KNOWN = {"etag": 'W/"1"', "last-modified": "Sun, 29 Nov 2026 10:00:00 GMT"}


def keep(ledger: Ledger, asked: Request, headers: Mapping[str, str], status: int = 200, url: str = "") -> None:
    answer = Answer(status, headers, b"body", url or "http://me:secret@here:8/full/1?x=1")
    ledger.fetched.save([Said(asked, answer, reading({"1": {"full": b"body"}}), {"1": 0.0})])


def test_an_answer_is_known_again_by_its_validators(ledger: Ledger) -> None:
    """With the address they hold for, without what else stands in it."""
    assert ledger.fetched.known_answer(request("1")) is None
    keep(ledger, request("1"), KNOWN)
    kept = ledger.fetched.known_answer(request("1"))
    assert kept is not None
    validators, answer = kept
    assert validators == Validators("http://here:8", 'W/"1"', "Sun, 29 Nov 2026 10:00:00 GMT")
    assert (answer.status, answer.headers, answer.body) == (200, KNOWN, b"body")
    assert replace(request("1"), had=validators).key == request("1").key


def test_an_answer_that_cannot_stand_for_a_new_one_is_not_offered(ledger: Ledger, tmp_path: Path) -> None:
    """Without validators, an absence, a POST, of an unknown address, or torn."""
    keep(ledger, request("1"), {"date": "today"})
    assert ledger.fetched.known_answer(request("1")) is None
    keep(ledger, request("1"), KNOWN, status=404)
    assert ledger.fetched.known_answer(request("1")) is None
    post = replace(request("1"), json_body=b"{}")
    keep(ledger, post, KNOWN)
    assert ledger.fetched.known_answer(post) is None
    keep(ledger, request("1"), KNOWN, url="nowhere")
    assert ledger.fetched.known_answer(request("1")) is None
    keep(ledger, request("1"), KNOWN)
    assert ledger.fetched.known_answer(request("1")) is not None
    [file] = [path for path in (tmp_path / "blobs").rglob("*.zst") if "torn" not in path.parts]
    file.write_bytes(b"")
    assert ledger.fetched.known_answer(request("1")) is None


def test_an_invalidated_outcome_is_forgotten_alone(ledger: Ledger) -> None:
    """The other platforms' and the other titles' stay."""
    ledger.fetched.settle([outcome("t", Outcome.FOUND), outcome("u", Outcome.FOUND)])
    ledger.fetched.settle([SettledOutcome("t", Platform.KITSU, Outcome.FOUND)])
    ledger.fetched.invalidate("t", JIKAN)
    found = ledger.fetched.outcomes(["t", "u"])
    assert (list(found["t"]), list(found["u"])) == ([Platform.KITSU], [JIKAN])


def test_many_ids_and_titles_at_once(ledger: Ledger) -> None:
    """More than one statement takes."""
    ids = [str(n) for n in range(1100)]
    save(ledger, request(*ids), reading({id_: {"full": b"x"} for id_ in ids}))
    save(ledger, request("x"), reading({id_: {"full": b"y"} for id_ in ids[:600]}, *ids[600:]))
    had = ledger.fetched.gathered(JIKAN, dict.fromkeys(ids, 0.0))
    assert sum(g.is_absent for g in had.values()) == 500
    assert len(ledger.fetched.part_refs(JIKAN, ids)) == 600
    assert len(ledger.fetched.intend(JIKAN, ids)) == 1100
    ledger.fetched.settle([outcome(id_, Outcome.FOUND) for id_ in ids])
    assert all(ledger.fetched.outcomes(ids).values())
