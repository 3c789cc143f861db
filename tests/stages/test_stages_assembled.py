"""Whatever platforms say, in whatever order: six stages and assembly give one valid record, and the same one twice."""

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.assembly import assemble, load_record, provenance_bytes, record_bytes, validate
from pipeline.preprocess import align
from pipeline.stages import STAGES

from .making import INPUTS


def enrich(inputs, sources):
    aligned = replace(inputs, sources=sources, alignment=align(sources))
    done = assemble(aligned, {name: stage.decide(aligned) for name, stage in STAGES.items()}, {})
    return done, record_bytes(done.record), provenance_bytes(done.provenance)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(INPUTS, st.randoms())
def test_any_input_becomes_one_valid_record_in_any_order(inputs, random):
    done, record, provenance = enrich(inputs, inputs.sources)
    validate(record)
    assert load_record(record) == done.record
    for name, value in done.record:
        assert value in (None, "", [], {}, "UNKNOWN") or done.provenance.fields[name].sources, name
    shuffled = list(inputs.sources)
    random.shuffle(shuffled)
    _, *again = enrich(inputs, tuple(shuffled))
    assert again == [record, provenance]
