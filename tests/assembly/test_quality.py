"""The figures of one record: what they count, that they are shares, and that no order of sources changes them."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.assembly import assemble, measure_quality
from pipeline.assembly.completeness import applicable_fields, is_filled
from pipeline.assembly.quality import popularity
from pipeline.domain.canonical import dump_json, load_json
from pipeline.domain.claims import Drift
from pipeline.domain.names import AiringStatus, Outcome, Platform, Source, TitleType
from pipeline.domain.quality import PLATFORM_OF, SOURCE_OF, Quality, Unknown
from pipeline.domain.record import (
    AnimeRecord,
    EnrichmentMetadata,
    FieldProvenance,
    PlatformStatistics,
    Provenance,
    RelatedWork,
)
from pipeline.stages.weights import BASICS, RATING

from .conftest import OWN, draft_all

OUTCOMES = {Platform.JIKAN: Outcome.FOUND, Platform.ANILIST: Outcome.FOUND, Platform.KITSU: Outcome.ABSENT}


def record(**fields: Any) -> AnimeRecord:
    metadata = EnrichmentMetadata(
        outcomes={p: OUTCOMES.get(p, Outcome.NOT_LISTED) for p in Platform},
        tier="apis", is_degraded=False, stage_status={}, completeness=0.5,
    )  # fmt: skip
    return AnimeRecord(**{"title_id": OWN, "title": "Sora", "enrichment_metadata": metadata, **fields})


def why(*sources: Source, lost: tuple[Source, ...] = (), sure: float = 0.9, conflict: bool = False) -> FieldProvenance:
    return FieldProvenance(
        method="rule:test@1", confidence=sure, sources=list(sources), conflict=conflict,
        alternatives=[{"value": "other", "sources": [source.value]} for source in lost],
    )  # fmt: skip


def measured(fields: dict[str, Any], reasons: dict[str, FieldProvenance], **more: Any) -> Quality:
    return measure_quality(record(**fields), Provenance(title_id=OWN, fields=reasons, **more), ())


def test_every_platform_speaks_as_one_source() -> None:
    """The two ways between them are each other's inverse; the catalogue and we speak through no platform."""
    assert {SOURCE_OF[platform]: platform for platform in Platform} == PLATFORM_OF
    assert set(Source) - set(PLATFORM_OF) == {Source.CATALOGUE, Source.DERIVED, Source.REVIEW}


@pytest.mark.parametrize(
    ("standing", "lost", "agreement"),
    [
        ([Source.MAL, Source.ANILIST], [], 1.0),
        ([Source.MAL, Source.ANILIST], [Source.KITSU], (0.9 + 0.9) / (0.9 + 0.9 + 0.6)),
        ([Source.ANIDB], [Source.KITSU, Source.ANIMESCHEDULE], 0.9 / (0.9 + 0.6 + 0.7)),
        ([Source.MAL], [], None),
        ([Source.MAL, Source.CATALOGUE], [], None),
        ([Source.MAL, Source.CATALOGUE], [Source.ANILIST], 0.5),
        ([Source.CATALOGUE], [Source.MAL, Source.KITSU], 0.0),
        ([Source.MAL, Source.ANILIST], [Source.ANILIST], (0.9 + 0.45) / 1.8),
    ],
)
def test_agreement_is_weight_that_stands_of_weight_that_spoke(
    standing: list[Source], lost: list[Source], agreement: float | None
) -> None:
    """Only of platforms, only where two of them spoke; who also says something else counts half."""
    quality = measured({"episodes": 12}, {"episodes": why(*standing, lost=tuple(lost))})
    assert quality.agreements.get("episodes") == (None if agreement is None else pytest.approx(agreement, abs=1e-4))
    assert quality.agreement == quality.agreements.get("episodes")


def test_each_field_is_weighed_by_its_own_vote() -> None:
    """AniList's word on an age rating weighs a third of MyAnimeList's, on the number of episodes as much."""
    reasons = {name: why(Source.MAL, lost=(Source.ANILIST,)) for name in ("episodes", "rating")}
    quality = measured({"episodes": 12, "rating": "PG"}, reasons)
    shares = {
        n: w[Source.MAL] / (w[Source.MAL] + w[Source.ANILIST]) for n, w in (("episodes", BASICS), ("rating", RATING))
    }
    assert quality.agreements == {name: pytest.approx(share, abs=1e-4) for name, share in shares.items()}
    assert quality.agreement == pytest.approx(sum(shares.values()) / 2, abs=1e-4)


def test_lists_and_texts_neither_agree_nor_contradict() -> None:
    """Two sources of a list add to each other; another synopsis contradicts nobody."""
    reasons = {"genres": why(Source.MAL, Source.KITSU), "synopsis": why(Source.MAL, lost=(Source.KITSU,))}
    quality = measured({"genres": ["Drama"], "synopsis": "A bridge."}, reasons)
    assert (quality.agreement, quality.agreements) == (None, {})
    assert quality.sources == {"genres": (Source.KITSU, Source.MAL), "synopsis": (Source.MAL,)}


def test_confidence_is_over_filled_fields_and_not_over_what_a_title_is() -> None:
    """An empty field has none, an id and the metadata are nobody's opinion; ``False`` is a value."""
    reasons = {
        "title": why(Source.MAL, sure=0.8), "nsfw": why(Source.MAL, sure=0.6), "year": why(sure=0.0),
        "type": why(sure=0.1), "title_id": why(Source.CATALOGUE, sure=1.0), "enrichment_metadata": why(sure=1.0),
    }  # fmt: skip
    quality = measured({"nsfw": False, "type": TitleType.UNKNOWN}, reasons)
    assert quality.confidences == {"title": 0.8, "nsfw": 0.6}
    assert quality.confidence == 0.7


def test_a_record_of_nothing_has_no_figures_but_its_completeness() -> None:
    """What cannot be measured is not nought."""
    quality = measured({"title": ""}, {"title": why(sure=0.0)})
    assert (quality.agreement, quality.confidence, quality.popularity) == (None, None, 1.0)
    assert quality.broken == {"title_missing": 1}
    assert set(quality.missing) == set(applicable_fields(TitleType.UNKNOWN, AiringStatus.UNKNOWN))


def test_conflicts_are_the_fields_marked_so() -> None:
    """Of those that are filled."""
    quality = measured({"episodes": 12}, {"episodes": why(Source.MAL, conflict=True), "year": why(conflict=True)})
    assert quality.conflicts == ("episodes",)


def test_broken_invariants_are_told_from_findings_of_the_same_code() -> None:
    """A platform named the work as its own relation, and that was left out: odd, not broken."""
    note = {"code": "self_relation", "message": "named as related to itself", "field": "related_anime", "source": "mal"}
    left_out = measured({}, {}, findings=[note])
    assert (left_out.broken, left_out.findings) == ({}, {"self_relation": 1})
    itself = RelatedWork(relation="SEQUEL", title_id=OWN, confidence=1.0)
    stands = measured({"related_anime": [itself]}, {}, findings=[note, {**note, "source": None}])
    assert (stands.broken, stands.findings) == ({"self_relation": 1}, {"self_relation": 1})


def test_drift_is_counted_once_a_value_and_by_source(inputs: Any) -> None:
    """As values, not as findings; a huge one is cut, five thousand are a hundred."""
    drift = (Drift("type", "tv_shorty"), Drift("type", "tv_shorty"), Drift("rating", "x" * 999))
    one = replace(inputs.sources[0], drift=drift)
    given_ = replace(inputs, sources=(one, *inputs.sources[1:]))
    done = assemble(given_, draft_all(given_), OUTCOMES)
    quality = measure_quality(done.record, done.provenance, given_.sources)
    assert quality.drift == (Unknown(Source.MAL, "rating", "x" * 200), Unknown(Source.MAL, "type", "tv_shorty"))
    assert "drift" not in quality.findings
    assert quality.heard == (Platform.JIKAN, Platform.ANILIST)
    many = replace(one, drift=tuple(Drift("tag", str(n)) for n in range(5000)))
    assert len(measure_quality(done.record, done.provenance, [many]).drift) == 100


def test_popularity_is_where_most_people_list_it() -> None:
    """Members, votes or a status distribution, whichever counts most; a tenfold is one more."""
    assert popularity(record()) == 1.0
    statistics = {
        Source.MAL: PlatformStatistics(members=99, scored_by=999),
        Source.ANILIST: PlatformStatistics(status_distribution={"current": 4000, "dropped": 5999}),
    }
    assert popularity(record(statistics=statistics)) == 5.0


def test_the_figures_of_an_assembled_record(inputs: Any) -> None:
    """The record's own completeness; what is filled has its sources, what applies and is empty is named."""
    done = assemble(inputs, draft_all(inputs), OUTCOMES)
    quality = measure_quality(done.record, done.provenance, inputs.sources)
    assert quality.completeness == done.record.enrichment_metadata.completeness
    applicable = applicable_fields(done.record.type, done.record.status)
    assert set(quality.missing) == {name for name in applicable if not is_filled(getattr(done.record, name))}
    assert quality.sources.keys() == quality.confidences.keys()
    assert set(quality.sources) >= set(applicable) - set(quality.missing)
    assert all(quality.sources.values())
    assert load_json(Quality, dump_json(Quality, quality)) == quality


def test_no_order_of_sources_changes_the_figures(inputs: Any) -> None:
    """As the record itself."""
    backwards = replace(inputs, sources=inputs.sources[::-1])
    first, second = (
        measure_quality(done.record, done.provenance, one.sources)
        for one in (inputs, backwards)
        for done in [assemble(one, draft_all(one), OUTCOMES)]
    )
    assert dump_json(Quality, first) == dump_json(Quality, second)


SOURCES = st.lists(st.sampled_from(list(Source)), max_size=9, unique=True)
REASONS = st.dictionaries(
    st.sampled_from(["title", "type", "rating", "year", "aired_dates", "broadcast", "genres", "synopsis"]),
    st.builds(lambda said, lost, sure: why(*said, lost=tuple(lost), sure=sure), SOURCES, SOURCES, st.floats(0, 1)),
    max_size=8,
)
FILLED: dict[str, Any] = {
    "type": "TV", "rating": "PG", "year": 2001, "genres": ["Drama"], "synopsis": "A bridge.",
    "aired_dates": {"start": "2001-04-03"}, "broadcast": {"day": "monday", "time": "18:00"},
}  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(REASONS)
def test_every_figure_is_a_share(reasons: dict[str, FieldProvenance]) -> None:
    """From 0 to 1, and a mean lies between the least and the greatest."""
    quality = measured(FILLED, reasons)
    for mean, parts in ((quality.agreement, quality.agreements), (quality.confidence, quality.confidences)):
        assert all(0.0 <= share <= 1.0 for share in parts.values())
        assert mean is None if not parts else min(parts.values()) - 1e-4 <= mean <= max(parts.values()) + 1e-4


@settings(max_examples=80, deadline=None)
@given(REASONS, st.sampled_from(list(PLATFORM_OF)))
def test_a_source_more_that_agrees_never_lowers_agreement(reasons: dict[str, FieldProvenance], more: Source) -> None:
    """Of no field; nor of the record, unless a field is comparable now that was not, and is not agreed on."""
    joined = {
        name: reason
        if more in _said(reason)
        else reason.model_copy(update={"sources": [*reason.sources, more]})
        for name, reason in reasons.items()
    }  # fmt: skip
    before, after = measured(FILLED, reasons), measured(FILLED, joined)
    assert all(after.agreements[name] >= share for name, share in before.agreements.items())
    fresh = after.agreements.keys() - before.agreements.keys()
    if before.agreement is not None and all(after.agreements[name] == 1.0 for name in fresh):
        assert after.agreement is not None
        assert after.agreement >= before.agreement


def _said(reason: FieldProvenance) -> set[Source]:
    return {*reason.sources, *(Source(str(name)) for claim in reason.alternatives for name in claim["sources"])}  # type: ignore[union-attr]
