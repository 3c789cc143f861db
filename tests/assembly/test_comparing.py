"""Two records of one title, member by member."""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.assembly.comparing import Change, FieldChange, _compare, compare_records
from pipeline.domain.names import CharacterRole, Source
from pipeline.domain.record import (
    AnimeRecord,
    CharacterRecord,
    EnrichmentMetadata,
    EpisodeRecord,
    FieldProvenance,
    Provenance,
    RelatedWork,
    VoiceRecord,
)
from tests.assembly.conftest import OWN

METADATA = EnrichmentMetadata(outcomes={}, tier="apis", is_degraded=False, stage_status={}, completeness=0.5)
SPIKE = CharacterRecord(name="Spike Spiegel", role=CharacterRole.MAIN, ids={"mal": "1", "anilist": "1"})
JET = CharacterRecord(name="Jet Black", role=CharacterRole.MAIN, ids={"mal": "3"})
WHY = FieldProvenance(method="rule:vote@1", confidence=0.9, sources=[Source.MAL])


def record(**fields: Any) -> AnimeRecord:
    return AnimeRecord(title_id=OWN, title="Cowboy Bebop", enrichment_metadata=METADATA, **fields)


def differences(old: AnimeRecord, new: AnimeRecord, only: str | None = None) -> dict[str, Change]:
    return {one.field: one.change for one in compare_records(old, new, None, only=only)}


def test_a_changed_field_comes_with_its_reason() -> None:
    """Old, new, and the rule and sources of the new value; of a field nobody explains none."""
    why = Provenance(title_id=OWN, fields={"year": WHY})
    changes = compare_records(record(year=1997, month=4), record(year=1998, month=5), why)
    assert changes == (FieldChange("year", Change(1997, 1998), WHY), FieldChange("month", Change(4, 5), None))
    assert differences(record(year=1997, month=4), record(year=1998, month=5), only="month") == {"month": Change(4, 5)}


def test_a_cast_differs_in_its_members() -> None:
    """Met by a shared id although the name changed; who came, who went, and what of whom is other."""
    renamed = SPIKE.model_copy(update={"name": "Spike", "ids": {"mal": "1"}, "age": "27"})
    ed = CharacterRecord(name="Ed", role=CharacterRole.MAIN, ids={"mal": "16"})
    change = differences(record(characters=[SPIKE, JET]), record(characters=[ed, renamed]))["characters"]
    assert [name for name, _ in change.added] == ["Ed"]
    assert [name for name, _ in change.removed] == ["Jet Black"]
    ((name, inside),) = change.changed
    assert name == "Spike"
    assert dict(inside.changed) == {
        "name": Change("Spike Spiegel", "Spike", differs_at=5),
        "age": Change(None, "27"),
        "ids": Change(removed=(("anilist", "1"),)),
    }


def test_a_changed_voice_is_told_inside_its_character() -> None:
    """By language: the same actor in two languages is two voices."""
    voices = [VoiceRecord(name="Ann", language=language, ids={"mal": "9"}) for language in ("ja", "en")]
    other = [voices[0], voices[1].model_copy(update={"note": "eps 1-3"})]
    old, new = (SPIKE.model_copy(update={"voice_actors": some}) for some in (voices, other))
    change = differences(record(characters=[JET, old]), record(characters=[JET, new]))["characters"]
    assert change.as_json() == {
        "changed": {"Spike Spiegel": {"changed": {"voice_actors": {
            "changed": {"Ann": {"changed": {"note": {"old": None, "new": "eps 1-3"}}}},
        }}}},
    }  # fmt: skip


def test_episodes_meet_by_number_and_works_by_id() -> None:
    """An episode's title may change, a relation's too."""
    old = record(episode_details=[EpisodeRecord(number=1, title="A"), EpisodeRecord(number=2, title="B")])
    new = record(episode_details=[EpisodeRecord(number=2, title="B"), EpisodeRecord(number=1, title="Z")])
    change = differences(old, new)["episode_details"]
    ((name, inside),) = change.changed
    assert (name, change.added, change.removed) == ("regular 1 Z", (), ())
    assert dict(inside.changed) == {"title": Change("A", "Z", differs_at=0)}
    works = [RelatedWork(relation="SEQUEL", title=t, ids={"mal": ["5"]}, confidence=1.0) for t in ("II", "2")]
    change = differences(record(related_anime=works[:1]), record(related_anime=works[1:]))["related_anime"]
    assert not change.added
    assert [name for name, _ in change.changed] == ["2"]


def test_words_are_a_set_with_an_order() -> None:
    """Added and removed by word; the same words otherwise ordered are told as that."""
    old, new = record(genres=["Action", "Drama"]), record(genres=["Drama", "Sci-Fi"])
    assert differences(old, new)["genres"].as_json() == {
        "added": [{"name": "Sci-Fi", "value": "Sci-Fi"}], "removed": [{"name": "Action", "value": "Action"}],
    }  # fmt: skip
    assert differences(old, record(genres=["Drama", "Action"]))["genres"].as_json() == {"reordered": True}


def test_a_long_text_says_where_it_parts() -> None:
    """Also where one is the beginning of the other."""
    text = "word " * 100
    assert differences(record(synopsis=text), record(synopsis=text + "x"))["synopsis"].differs_at == 500
    assert differences(record(synopsis=text), record(synopsis=text[:300] + "x"))["synopsis"].differs_at == 300


@pytest.mark.parametrize(("old", "new"), [(1, True), (0, False), (1, 1.0), ([], {}), ("1", 1), (None, [])])
def test_values_of_different_kinds_differ(old: Any, new: Any) -> None:
    """Equal to Python is not equal to a reader."""
    assert _compare(old, new) == Change(old, new)


MEMBERS = st.dictionaries(
    st.sampled_from(["name", "number", "ids", "language", "x"]),
    st.none() | st.sampled_from(["a", "b", 1, 2, ["a"], {"mal": "1"}, {"mal": "2", "anilist": "1"}]),
    max_size=4,
)
VALUES = st.lists(MEMBERS | st.sampled_from(["a", "b", "a"]), max_size=6)


def spelled(value: Any) -> bytes:
    """Equal values alike, whatever the order of their keys."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)


def patched(old: list[Any], change: Change) -> list[bytes]:
    """The new list as a bag, out of the old one and the change alone, as far as added, removed and unchanged tell."""
    left = [spelled(one) for one in old]
    for _, one in change.removed:
        left.remove(spelled(one))
    return sorted(left + [spelled(one) for _, one in change.added])


@settings(max_examples=300, deadline=None)
@given(VALUES, VALUES)
def test_added_and_removed_account_for_every_member(old: list[Any], new: list[Any]) -> None:
    """Everybody of both lists is met, added or removed, once; equal lists have no change, any others have one."""
    change = _compare(old, new)
    if old == new:
        assert change is None
        return
    assert change is not None
    assert change.has_members
    assert len(old) - len(change.removed) == len(new) - len(change.added)
    if not change.changed:
        assert patched(old, change) == sorted(map(spelled, new))
    back = _compare(new, old)
    assert back is not None
    assert (len(back.added), len(back.removed)) == (len(change.removed), len(change.added))
