"""Recorded answers with faults in them, through convert, align, the six stages, assembly and validation.

A few hundred in ``make test``, at least 20,000 in ``make fuzz``; how many really ran is printed.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pipeline.assembly import assemble, load_record, measure_quality, provenance_bytes, record_bytes, validate
from pipeline.assembly.assembling import Assembled
from pipeline.domain.canonical import dump_json, load_json
from pipeline.domain.names import AiringStatus, Outcome, Platform, Site, TitleType
from pipeline.domain.quality import Quality
from pipeline.domain.record import Provenance
from pipeline.domain.source_title import SourceTitle
from pipeline.domain.title import StageInput, Title, id_key
from pipeline.errors import Broken
from pipeline.preprocess import align
from pipeline.stages import STAGES

from .recorded_titles import ADAPTERS, SOURCE_OF, Answer, Recorded, recorded_titles
from .spoiling import spoilt_title

OWN, OTHER = "11111111-1111-5111-8111-111111111111", "22222222-2222-5222-8222-222222222222"
NOTHING: tuple[Any, ...] = (None, [], {}, TitleType.UNKNOWN, AiringStatus.UNKNOWN)
"""What a field holds that nobody spoke of; its reason is that."""
SHARDS = 16
PER_SHARD = [
    pytest.param(20, id="few"),
    pytest.param(1_275, id="many", marks=[pytest.mark.fuzz, pytest.mark.timeout(3600)]),
]
_understood: dict[tuple[Platform, str, tuple[int, ...]], SourceTitle] = {}


def run_examples(count: int, strategy: st.SearchStrategy[Any], check: Callable[[Any], None]) -> None:
    """``check`` over so many examples of a strategy."""
    phases = (Phase.generate, Phase.shrink)
    unhurried = settings(
        max_examples=count, deadline=None, phases=phases, suppress_health_check=list(HealthCheck), database=None,
        print_blob=True,
    )  # fmt: skip
    unhurried(given(strategy)(check))()


def understood(platform: Platform, id_: str, parts: Mapping[str, Answer | bytes]) -> SourceTitle | None:
    """What a platform says; ``None`` where its answer is torn, the one error a conversion may end with."""
    key = (platform, id_, tuple(map(id, parts.values())))
    is_spoilt = any(isinstance(one, bytes) or one not in RECORDED for one in parts.values())
    if not is_spoilt and key in _understood:
        return _understood[key]
    bodies = {kind: one if isinstance(one, bytes) else one.body() for kind, one in parts.items()}
    try:
        title: SourceTitle | None = ADAPTERS[platform].convert(id_, bodies)
    except Broken as error:
        torn, title = error, None
    if title is None:
        assert torn.platform == platform.value
        assert f"{platform.value}: part " in str(torn)
        assert id_ in str(torn)
        return None
    assert title.source is SOURCE_OF[platform]
    body = dump_json(SourceTitle, title)
    assert load_json(SourceTitle, body) == title
    if not is_spoilt:
        _understood[key] = title
    return title


class _Recorded:
    """Recorded answers by identity."""

    def __init__(self) -> None:
        self.ids: set[int] = set()

    def __contains__(self, answer: object) -> bool:
        return id(answer) in self.ids


RECORDED = _Recorded()


def merged(title: Recorded, sources: tuple[SourceTitle, ...], outcomes: Mapping[Platform, Outcome]) -> Assembled:
    """Align, decide and assemble as the chain does."""
    spoken = {
        id_key(ref.site, ref.id) for one in sources for work in one.relations for ref in work.target_ids
        if isinstance(ref.site, Site)
    }  # fmt: skip
    own = {id_key(site, id_) for site, ids in title.ids.items() for id_ in ids}
    known = {key: OWN if key in own else OTHER for key in sorted(spoken) if key in own or len(key) % 2}
    inputs = StageInput(Title(OWN, title.row, title.ids), sources, align(sources), known)
    return assemble(inputs, {name: stage.decide(inputs) for name, stage in STAGES.items()}, outcomes)


def check_kept(made: Assembled) -> None:
    """The record is valid, and both are what they were after they were kept and read."""
    body = record_bytes(made.record)
    validate(body)
    assert load_record(body) == made.record
    assert load_json(Provenance, dump_json(Provenance, made.provenance)) == made.provenance


def check_reasons(made: Assembled, sources: tuple[SourceTitle, ...]) -> None:
    """Every field that is filled says why, and nothing that was odd is forgotten."""
    for name, value in made.record:
        reason = made.provenance.fields[name]
        assert reason.method.startswith("rule:"), name
        assert value in NOTHING or reason.sources, (name, value)
    told = {(one["code"], one["field"], one["source"]) for one in made.provenance.findings}
    for source in sources:
        for finding in source.findings:
            assert (finding.code, finding.field, source.source.value) in told
        for drift in source.drift:
            assert ("drift", drift.field, source.source.value) in told
    assert made.record.enrichment_metadata.findings == sorted({str(one["code"]) for one in made.provenance.findings})
    for one in made.provenance.findings:
        assert str(one["code"]).replace("_", "").isalpha()
        assert str(one["message"]).strip()
        assert len(str(one["message"])) < 2_000, one["code"]


def check_figures(made: Assembled, sources: tuple[SourceTitle, ...]) -> bytes:
    """The quality can be measured, every share is one, and it can be kept; gives how it is kept."""
    quality = measure_quality(made.record, made.provenance, sources)
    shares = [quality.completeness, quality.agreement, quality.confidence]
    shares += [*quality.agreements.values(), *quality.confidences.values()]
    assert all(share is None or 0.0 <= share <= 1.0 for share in shares)
    assert quality.sources.keys().isdisjoint(quality.missing)
    body = dump_json(Quality, quality)
    assert load_json(Quality, body) == quality
    return body


@pytest.mark.parametrize("count", PER_SHARD)
@pytest.mark.parametrize("shard", range(SHARDS))
def test_a_title_survives_whatever_its_platforms_say(
    recordings: Path, counted: Callable[[], None], shard: int, count: int
) -> None:
    """Nothing raises past the title; the record is valid, says why, and is the same in any order and twice."""
    titles = recorded_titles(recordings)
    RECORDED.ids |= {id(one) for title in titles for one in title.answers}
    mine = titles[shard::SHARDS]

    def check(example: tuple[tuple[Recorded, dict[tuple[Platform, str], dict[str, Any]]], Any]) -> None:
        (title, parts), random = example
        sources: list[SourceTitle] = []
        outcomes = dict.fromkeys(Platform, Outcome.NOT_LISTED)
        for (platform, id_), bodies in parts.items():
            said = understood(platform, id_, bodies)
            outcomes[platform] = Outcome.FAILED if said is None else Outcome.FOUND
            sources += [] if said is None else [said]
        made = merged(title, tuple(sources), outcomes)
        check_kept(made)
        check_reasons(made, tuple(sources))
        figures = check_figures(made, tuple(sources))
        assert made.record.enrichment_metadata.is_degraded >= (Outcome.FAILED in outcomes.values())
        random.shuffle(sources)
        again = merged(title, tuple(sources), outcomes)
        assert record_bytes(again.record) == record_bytes(made.record)
        assert provenance_bytes(again.provenance) == provenance_bytes(made.provenance)
        assert check_figures(again, tuple(sources)) == figures
        counted()

    run_examples(count, st.tuples(spoilt_title(mine), st.randoms(use_true_random=False)), check)
