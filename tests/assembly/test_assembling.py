"""Assembly puts together, gives every field its reason, and refuses what is wrong."""

from dataclasses import fields, replace

import pytest

from pipeline.assembly import assemble, provenance_bytes, record_bytes, validate
from pipeline.domain.claims import Chosen, Claim, Drift, Finding
from pipeline.domain.drafts import Draft
from pipeline.domain.names import AiringStatus, Outcome, Platform, Season, Source, TitleType
from pipeline.domain.record import AiredDates, AnimeRecord, EpisodeRecord, RelatedWork, VoiceActorRecord
from pipeline.errors import BadInput, Broken
from pipeline.stages import STAGES
from pipeline.stages.choose import nobody_said

from .conftest import OWN, draft_all

FOUND = {Platform.JIKAN: Outcome.FOUND, Platform.ANILIST: Outcome.FOUND}


def put(inputs, outcomes=FOUND, **changes):
    """Assemble with some fields decided otherwise: ``stage__field=Chosen``."""
    drafts = draft_all(inputs)
    for name, chosen in changes.items():
        stage, field = name.split("__")
        drafts[stage] = replace(drafts[stage], **{field: chosen})
    return assemble(inputs, drafts, outcomes)


def decided(value):
    return Chosen(value, (Source.MAL,), "rule:test@1", 0.8)


def test_every_record_field_is_decided_in_exactly_one_place():
    common = {field.name for field in fields(Draft)}
    of_stages = [f.name for stage in STAGES.values() for f in fields(stage.draft) if f.name not in common]
    of_assembly = ["schema_version", "title_id", "sources", "platform_ids", "enrichment_metadata"]
    assert sorted([*of_stages, *of_assembly]) == sorted(AnimeRecord.model_fields)


def test_every_field_has_provenance_and_every_filled_one_a_source(inputs):
    done = put(inputs)
    assert list(done.provenance.fields) == list(AnimeRecord.model_fields)
    for name in AnimeRecord.model_fields:
        value, why = getattr(done.record, name), done.provenance.fields[name]
        if value not in (None, [], {}):
            assert why.sources, name
            assert why.method != "rule:nobody_said", name
            assert why.confidence > 0, name


def test_the_assembled_record_is_valid_and_twice_the_same(inputs):
    first, second = put(inputs), put(inputs)
    validate(record_bytes(first.record))
    assert record_bytes(first.record) == record_bytes(second.record)
    assert provenance_bytes(first.provenance) == provenance_bytes(second.provenance)


def test_provenance_keeps_rule_conflict_and_what_was_passed_over(inputs):
    lost = (Claim("Other", (Source.KITSU,)),)
    chosen = Chosen("Name", (Source.MAL, Source.ANIDB), "rule:x@3", 0.93, lost, conflict=True, evidence=("date:japan",))
    why = put(inputs, metadata__title_english=chosen).provenance.fields["title_english"]
    assert why.method == "rule:x@3"
    assert why.confidence == 0.93
    assert why.conflict
    assert why.evidence == ["date:japan"]
    assert why.alternatives == [{"value": "Other", "sources": ["kitsu"]}]


def test_a_long_alternative_is_named_by_digest_not_cut(inputs):
    chosen = Chosen("short", (Source.MAL,), "rule:x@1", 0.9, (Claim("w" * 5000, (Source.KITSU,)),))
    alternative = put(inputs, metadata__synopsis=chosen).provenance.fields["synopsis"].alternatives[0]
    assert alternative["bytes"] == 5002
    assert len(alternative["digest"]) == 64


def test_licences_name_every_source_that_spoke(inputs):
    licences = put(inputs).provenance.licences
    assert set(licences) == {Source.MAL, Source.ANILIST, Source.CATALOGUE}
    anidb = replace(inputs, sources=(*inputs.sources, replace(inputs.sources[0], source=Source.ANIDB)))
    assert put(anidb).provenance.licences[Source.ANIDB] == "CC BY-NC-SA 4.0"
    assert put(anidb).provenance.licences[Source.CATALOGUE].startswith("ODbL 1.0")


@pytest.mark.parametrize(
    ("outcomes", "tier", "is_degraded"),
    [
        ({}, "catalogue", False),
        ({Platform.JIKAN: Outcome.ABSENT}, "catalogue", False),
        ({Platform.JIKAN: Outcome.FOUND}, "apis", False),
        ({Platform.JIKAN: Outcome.FOUND, Platform.KITSU: Outcome.FAILED}, "apis", True),
        ({Platform.ANIME_PLANET: Outcome.FOUND}, "pages", False),
    ],
)
def test_metadata_tells_how_far_the_record_got(inputs, outcomes, tier, is_degraded):
    metadata = put(inputs, outcomes).record.enrichment_metadata
    assert (metadata.tier, metadata.is_degraded) == (tier, is_degraded)
    assert set(metadata.outcomes) == set(Platform)


def test_a_stage_that_fell_back_degrades_the_record(inputs):
    drafts = draft_all(inputs)
    fallen = {**drafts, "relations": replace(drafts["relations"], is_degraded=True)}
    told = assemble(inputs, fallen, FOUND).record.enrichment_metadata
    assert told.is_degraded
    assert {name for name, status in told.stage_status.items() if status == "degraded"} == {"relations"}


def test_findings_of_every_step_are_in_the_provenance_and_their_codes_in_the_record(inputs):
    odd = replace(
        inputs.sources[0],
        findings=(Finding("bad_date", "0000-00-00", "start", Source.MAL),),
        drift=(Drift("type", "Hologram"),),
    )
    done = put(replace(inputs, sources=(odd, inputs.sources[1])))
    assert {"bad_date", "drift"} <= set(done.record.enrichment_metadata.findings)
    assert {"bad_date", "drift"} <= {finding["code"] for finding in done.provenance.findings}


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("end_before_start", {"metadata__aired_dates": decided(AiredDates(start="2001-04-03", end="2001-03"))}),
        ("season_off_start", {"metadata__season": decided(Season.FALL)}),
        (
            "more_aired_than_total",
            {"episodes__episodes": decided(1), "episodes__episode_details": decided([EpisodeRecord(number=2)])},
        ),
        ("title_missing", {"metadata__title": decided(" ")}),
        (
            "self_relation",
            {"relations__related_anime": decided([RelatedWork(relation="SEQUEL", title_id=OWN, confidence=1)])},
        ),
        ("voice_without_character", {"characters__voice_actors": decided([VoiceActorRecord(name="A")])}),
        ("voice_of_stranger", {"characters__voice_actors": decided([VoiceActorRecord(name="A", characters=["B"])])}),
        ("empty_id", {"characters__voice_actors": decided([VoiceActorRecord(name="A", ids={"mal": "0"})])}),
    ],
)
def test_a_broken_invariant_is_a_finding_not_a_failure(inputs, code, changes):
    assert code not in put(inputs).record.enrichment_metadata.findings
    assert code in put(inputs, **changes).record.enrichment_metadata.findings


def test_a_vague_end_within_the_month_of_the_start_breaks_nothing(inputs):
    done = put(inputs, metadata__aired_dates=decided(AiredDates(start="2001-04-03", end="2001-04")))
    assert "end_before_start" not in done.record.enrichment_metadata.findings


def test_a_missing_or_foreign_draft_is_refused_by_name(inputs):
    drafts = draft_all(inputs)
    with pytest.raises(BadInput, match="'staff' gave NoneType"):
        assemble(inputs, {name: draft for name, draft in drafts.items() if name != "staff"}, FOUND)
    with pytest.raises(BadInput, match="'staff' gave MetadataDraft"):
        assemble(inputs, {**drafts, "staff": drafts["metadata"]}, FOUND)


def test_a_value_that_cannot_stand_in_a_record_is_refused_with_its_path(inputs):
    with pytest.raises(Broken, match="month=13"):
        put(inputs, metadata__month=decided(13))


def test_completeness_counts_only_what_applies(inputs):
    def share(**changes):
        return put(inputs, **changes).record.enrichment_metadata.completeness

    as_tv = share()
    assert 0 < as_tv < 1
    assert share(metadata__type=decided(TitleType.MOVIE)) > as_tv
    no_score = share(statistics__score=nobody_said(None))
    assert no_score < as_tv
    upcoming = decided(AiringStatus.UPCOMING)
    assert share(metadata__status=upcoming) == share(metadata__status=upcoming, statistics__score=nobody_said(None))
