"""Stored records: canonical bytes, loading, refusing."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.assembly import assemble, load_record, record_bytes, validate
from pipeline.errors import BadInput

from .conftest import draft_all


@pytest.fixture
def content(inputs):
    return record_bytes(assemble(inputs, draft_all(inputs), {}).record)


def changed(content, **changes):
    return orjson.dumps({**orjson.loads(content), **changes})


def test_a_record_comes_back_as_it_was_written(content):
    assert record_bytes(load_record(content)) == content


def test_bytes_do_not_depend_on_the_order_of_keys(content):
    assert list(orjson.loads(content)) == sorted(orjson.loads(content))
    backwards = orjson.dumps(dict(reversed(orjson.loads(content).items())))
    assert record_bytes(load_record(backwards)) == content


def test_a_newer_record_is_refused_with_a_sentence(content):
    with pytest.raises(BadInput, match="schema_version 2, this program knows up to 1"):
        load_record(changed(content, schema_version=2))


def test_a_version_no_migration_starts_from_is_refused(content):
    with pytest.raises(BadInput, match="schema_version 0, from which no migration"):
        load_record(changed(content, schema_version=0))


@pytest.mark.parametrize("version", [None, "1", True, 1.0])
def test_a_record_without_a_proper_version_is_refused(content, version):
    with pytest.raises(BadInput, match="no schema_version"):
        load_record(changed(content, schema_version=version))


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_by_name(noise):
    with pytest.raises(BadInput):
        load_record(noise)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"month": 13}, "month"),
        ({"surprise": 1}, "surprise"),
        ({"score": 10.5}, "score"),
        ({"title": None}, "title"),
        ({"type": "HOLOGRAM"}, "type"),
        ({"tags": [{"name": "a", "strength": 2}]}, "tags.0.strength"),
    ],
)
def test_a_wrong_record_is_refused_with_path_and_value(content, changes, path):
    with pytest.raises(BadInput, match=path) as caught:
        validate(changed(content, **changes))
    assert repr(next(iter(changes.values()))) in str(caught.value) or "2" in str(caught.value)


def test_the_schema_refuses_what_the_models_would_fill_in(content):
    """A record without a field loads (defaults), but is not publishable: readers elsewhere have no defaults."""
    tree = orjson.loads(content)
    del tree["hashtags"]
    load_record(orjson.dumps(tree))
    with pytest.raises(BadInput, match="hashtags"):
        validate(orjson.dumps(tree))
