"""What a person decided stands over the rules, says so, and never hides that the sources came to say something else."""

from dataclasses import replace

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.assembly import assemble, provenance_bytes, record_bytes, validate
from pipeline.assembly.locking import apply_locks, basis_of, canonical_value, expected_of, parse_value
from pipeline.assembly.reviewing import seen_basis
from pipeline.domain.claims import Chosen, Claim, OpenQuestion
from pipeline.domain.names import Outcome, Platform, RelationKind, Source
from pipeline.domain.record import AnimeRecord, RelatedWork
from pipeline.domain.review import LOCKED, Lock, ReviewItem, locks_digest
from pipeline.errors import BadInput
from pipeline.stages.choose import nobody_said

from .conftest import draft_all

FOUND = {Platform.JIKAN: Outcome.FOUND, Platform.ANILIST: Outcome.FOUND}
WAS = Chosen("Name", (Source.MAL,), "rule:title_vote@1", 0.5, (Claim("Other", (Source.KITSU,)),), conflict=True)
FIELDS = sorted(set(AnimeRecord.model_fields))


def lock(field, value, *, basis=None, kind="value", note="the box says so", by="maria"):
    text = value if isinstance(value, str) and kind == "raw" else orjson.dumps(value).decode()
    return Lock(field, kind, text, by, 1_700_000_000.0, note, basis_of(WAS.value) if basis is None else basis)


def locked(chosen, *locks, field="title_english"):
    done = apply_locks({field: chosen}, (), locks)
    return done.decided[field], [finding.code for finding in done.findings]


def with_locks(inputs, *locks, **changes):
    drafts = draft_all(inputs)
    for name, chosen in changes.items():
        stage, field = name.split("__")
        drafts[stage] = replace(drafts[stage], **{field: chosen})
    return assemble(inputs, drafts, FOUND, locks=locks)


def test_a_locked_field_names_rule_reviewer_and_what_the_rules_say():
    chosen, findings = locked(WAS, lock("title_english", "Third"))
    assert (chosen.value, chosen.rule, chosen.confidence, chosen.sources) == ("Third", LOCKED, 1.0, (Source.REVIEW,))
    assert chosen.passed_over == (Claim("Name", (Source.MAL,)), Claim("Other", (Source.KITSU,)))
    assert chosen.evidence == (
        "locked by maria on 2023-11-14: the box says so",
        "without it: rule:title_vote@1, 0.50",
    )
    assert findings == []


@pytest.mark.parametrize(
    ("name", "words", "says"),
    [
        ("genres", ["Acton"], "'Acton' is not of the closed list of genres; did you mean 'Action'?"),
        ("genres", ["action"], "did you mean 'Action'?"),
        ("themes", ["School", "School"], "'School' stands in it twice"),
        ("themes", ["Action"], "not of the closed list of themes"),
        ("demographics", ["Everybody at all"], "the list is Josei, Kids, Seinen, Shoujo, Shounen"),
        ("content_warnings", ["Goré"], "closed list of content warnings; did you mean 'Gore'?"),
    ],
)
def test_what_is_of_a_closed_list_is_decided_in_its_words(name, words, says):
    with pytest.raises(BadInput) as refused:
        parse_value(name, orjson.dumps(words).decode())
    assert says in str(refused.value)
    assert parse_value("genres", '["Action","Drama"]') == ["Action", "Drama"]
    assert parse_value("themes", "[]") == []


def test_who_says_the_same_stays_a_source_and_is_not_passed_over():
    chosen, _ = locked(WAS, lock("title_english", "Other"))
    assert chosen.sources == (Source.KITSU, Source.REVIEW)
    assert chosen.passed_over == (Claim("Name", (Source.MAL,)),)


@pytest.mark.parametrize(
    ("rules", "value", "told"),
    [
        ("Name", "Third", []),  # as it was when it was locked
        ("Third", "Third", []),  # the sources came to agree
        ("Fourth", "Third", ["lock_contradicted"]),
        ("Fourth", "Fourth", []),
    ],
)
def test_only_a_new_contradiction_is_told(rules, value, told):
    assert locked(replace(WAS, value=rules), lock("title_english", value))[1] == told


def test_a_contradiction_says_what_who_and_since_when():
    (finding,) = apply_locks({"title_english": replace(WAS, value="New")}, (), [lock("title_english", "T")]).findings
    for part in ('"T"', "maria", "2023-11-14", '"New"', "mal", "rule:title_vote@1"):
        assert part in finding.message
    assert finding.field == "title_english"


def test_nobody_is_contradicted_where_the_sources_fell_silent_and_nobody_is_passed_over():
    chosen, findings = locked(nobody_said(None), lock("title_english", "T", basis=basis_of(None)))
    assert (chosen.value, chosen.passed_over, findings) == ("T", (), [])


def test_a_lock_the_field_can_no_longer_have_does_nothing_and_says_so():
    chosen, findings = locked(WAS, lock("title_english", 7))
    assert (chosen, findings) == (WAS, ["lock_unusable"])


def test_a_lock_of_no_field_changes_nothing():
    done = apply_locks({"title_english": WAS}, (), [lock("gone_field", "x"), lock("title_english", None, kind="seen")])
    assert (done.decided, done.findings) == ({"title_english": WAS}, ())


def test_a_locked_record_is_valid_and_the_unlocked_one_is_the_one_before(inputs):
    free = with_locks(inputs)
    one = lock("episodes", 13, basis=basis_of(free.record.episodes))
    held = with_locks(inputs, one)
    validate(record_bytes(held.record))
    assert (held.record.episodes, held.provenance.fields["episodes"].method) == (13, LOCKED)
    assert held.provenance.fields["episodes"].evidence[0].startswith("locked by maria on 2023-11-14")
    again = with_locks(inputs)
    assert record_bytes(again.record) == record_bytes(free.record)
    assert provenance_bytes(again.provenance) == provenance_bytes(free.provenance)
    assert again.review == free.review


def test_a_locked_field_leaves_the_queue_until_it_is_contradicted(inputs):
    doubtful = Chosen("Name", (Source.MAL,), "rule:x@1", 0.3)
    one = lock("title_english", "T", basis=basis_of("Name"))

    def codes(chosen, *locks):
        done = with_locks(inputs, *locks, metadata__title_english=chosen)
        return {item.code for item in done.review.items if item.field == "title_english"}

    assert codes(doubtful) == {"low_confidence"}
    assert codes(doubtful, one) == set()
    assert codes(replace(doubtful, value="New"), one) == {"lock_contradicted"}


def test_what_was_seen_stays_away_until_it_is_something_else(inputs):
    doubtful = Chosen("Name", (Source.MAL,), "rule:x@1", 0.3)
    free = with_locks(inputs, metadata__title_english=doubtful)
    mine = [item for item in free.review.items if item.field == "title_english"]
    seen = lock("title_english", None, kind="seen", basis=seen_basis(mine))

    def shown(chosen):
        done = with_locks(inputs, seen, metadata__title_english=chosen)
        assert done.record.title_english == chosen.value
        return [item for item in done.review.items if item.field == "title_english"]

    assert mine
    assert shown(doubtful) == []
    assert shown(replace(doubtful, value="Other")) != []


# Relations


def _works():
    works = [
        RelatedWork(relation="PREQUEL", title="One", ids={"anilist": ["9"], "mal": ["5"]}, year=2001, confidence=0.5),
        RelatedWork(relation="SEQUEL", title="Two", year=2003, confidence=0.9),
    ]
    return Chosen(works, (Source.MAL,), "rule:relation_vote@1", 0.7)


def _answer(key, kind):
    return lock(f"relation_kind:{key}", {"chosen": kind, "options": ["PREQUEL", "SEQUEL"]}, kind="answer")


def test_an_answered_relation_is_that_and_stands_in_its_place():
    """Under any of the work's names; the question is no longer open."""
    question = OpenQuestion("relations", "relation_kind", "how", ("PREQUEL", "SEQUEL"), 0, 0.5, ("mal:5", "anilist:9"))
    for key in ("mal:5", "anilist:9"):
        done = apply_locks(
            {"related_anime": _works(), "relations": nobody_said([])}, [question], [_answer(key, "SEQUEL")]
        )
        kinds = [(work.title, work.relation) for work in done.decided["related_anime"].value]
        assert kinds == [("One", RelationKind.SEQUEL), ("Two", RelationKind.SEQUEL)]
        assert done.decided["related_anime"].confidence == 0.95
        assert "maria" in done.decided["related_anime"].evidence[0]
        assert (done.questions, done.findings) == ((), ())


@pytest.mark.parametrize(("key", "kind"), [("mal:77", "SEQUEL"), ("mal:5", "NONSENSE"), ("mal:5", None)])
def test_an_answer_that_fits_nothing_is_told(key, kind):
    fields = {"related_anime": _works(), "relations": nobody_said([])}
    done = apply_locks(fields, (), [_answer(key, kind)])
    assert [finding.code for finding in done.findings] == ["answer_unplaced"]
    assert done.decided == fields


def test_a_locked_list_of_relations_is_not_contradicted_by_an_answer_to_one_of_them():
    whole = lock("related_anime", [], basis=basis_of(_works().value))
    done = apply_locks(
        {"related_anime": _works(), "relations": nobody_said([])}, (), [whole, _answer("mal:5", "SEQUEL")]
    )
    assert (done.decided["related_anime"].value, done.findings) == ([], ())


# Values


@pytest.mark.parametrize(
    ("field", "text", "says"),
    [
        ("episodes", '"12"', ["episodes", "'12'", "whole number from 0 or null"]),
        ("episodes", "-1", ["-1", "greater than or equal to 0"]),
        ("episodes", "{", ["Invalid JSON"]),
        ("type", '"FOO"', ["'FOO'", '"MOVIE"']),
        ("genres", '["a", 3]', ["genres[1]", "3", "a list, each entry a text"]),
        ("title", '" "', ["title", "at least one sign"]),
        ("month", "13", ["13", "from 1 to 12"]),
        ("year", "true", ["True"]),
        ("year", "1" * 30, ["cannot be written"]),
        ("title", '"\\ud800"', ["title"]),
        ("aired_dates", '{"start": "2026-13-01"}', ["'2026-13-01'", "2026-01-10"]),
        ("aired_dates", '{"start": "spring"}', ["'spring'"]),
        ("aired_dates", '{"start": "20260110"}', ["'20260110'"]),
        ("streaming_info", '[{"url": "x", "site": "x", "kind": "STREAM"}]', ["[0].kind", "'STREAM'", "'streaming'"]),
        ("aired_dates", '{"begin": "2026"}', ["aired_dates.begin", "start, end"]),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_field_value_and_what_can(field, text, says):
    with pytest.raises(BadInput) as told:
        parse_value(field, text)
    for part in says:
        assert part in str(told.value)


@pytest.mark.parametrize("start", ["2026", "2026-01", "2026-01-10"])
def test_a_date_as_precise_as_known_is_taken(start):
    assert parse_value("aired_dates", orjson.dumps({"start": start}).decode()).start == start


def test_equal_values_are_kept_in_equal_text():
    assert canonical_value("score", " 8 ") == "8.0"
    assert canonical_value("aired_dates", '{"end":null,"start":"2026"}') == canonical_value(
        "aired_dates", '{"start": "2026"}'
    )


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_can_say_what_it_may_be(field):
    assert expected_of(field)


def test_every_part_of_a_lock_is_part_of_the_key():
    """Whatever differs makes another key; no locks make none, and their order none either."""
    one = lock("title", "a")
    others = [
        replace(one, **change)
        for change in (
            {"field": "year"}, {"kind": "seen"}, {"value": '"b"'}, {"by": "jo"}, {"at": 1.0}, {"note": "x"},
            {"basis": "y"},
        )
    ]  # fmt: skip
    assert len({locks_digest([other]) for other in (one, *others)}) == 8
    assert locks_digest([]) is None
    assert locks_digest([one, others[0]]) == locks_digest([others[0], one])


@given(st.permutations([lock("title_english", "A"), lock("title", "B"), lock("year", 3), lock("gone", 1)]))
def test_locks_act_alike_in_any_order(locks):
    fields = {"title": WAS, "title_english": WAS, "year": replace(WAS, value=2001, passed_over=())}
    assert apply_locks(fields, (), locks) == apply_locks(fields, (), sorted(locks, key=lambda one: one.field))


def test_seen_items_are_told_apart_by_code_and_words():
    a, b = ReviewItem("f", "x", "one", 0.5), ReviewItem("f", "x", "two", 0.5)
    assert seen_basis([a, b]) == seen_basis([b, a])
    assert len({seen_basis([a]), seen_basis([b]), seen_basis([a, b]), seen_basis([])}) == 4
