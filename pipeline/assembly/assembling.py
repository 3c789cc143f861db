"""Puts the drafts together to one record and its provenance, and decides nothing.

Every field of the record is decided in exactly one draft, or here because it is the title's identity. Every field has
its reason beside it, also those nobody spoke of.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, Literal

from pydantic import JsonValue, TypeAdapter, ValidationError

from pipeline.assembly.completeness import completeness
from pipeline.assembly.deriving import follow_locks
from pipeline.assembly.invariants import find_broken_invariants
from pipeline.assembly.licences import LICENCES
from pipeline.assembly.locking import apply_locks
from pipeline.assembly.reviewing import review_of
from pipeline.domain.canonical import digest_of
from pipeline.domain.claims import Chosen, Claim, Finding
from pipeline.domain.drafts import Draft
from pipeline.domain.names import Outcome, Platform, Source, Tier
from pipeline.domain.record import AnimeRecord, EnrichmentMetadata, FieldProvenance, Provenance
from pipeline.domain.review import Lock, Review
from pipeline.domain.title import LearnedId, StageInput, Title, id_key
from pipeline.errors import BadInput, Broken
from pipeline.stages import STAGES

__all__ = ["ASSEMBLE_VERSION", "Assembled", "assemble"]

ASSEMBLE_VERSION: Final = 6
"""Goes up whenever the same drafts assemble to something else."""

_COMMON: Final = frozenset(field.name for field in fields(Draft))
_IDENTITY: Final = "rule:identity@1"
_DECIDED: Final = "id_decided"
_LEARNED_ID: Final = "rule:learned_id@1"
_FOUND: Final = 0.98
_SAID: Final = 0.95
"""Of an id whose own record answered for it, and of one that is merely said. In 2,324 recorded records platforms named
1,155 MAL, AniList, Kitsu and AniDB ids of which the catalogue has one, always the same; of Anime-Planet's slugs 2 of 9
were old."""
_COMPUTED: Final = "rule:assembled@1"
_LONG: Final = 600
"""Bytes from which a passed-over value is given by its digest; the text stands whole in the answer it came from."""
_ANY: TypeAdapter[Any] = TypeAdapter(Any)


@dataclass(frozen=True, slots=True)
class Assembled:
    """What leaves the house for one title, and what of it a person should look at."""

    record: AnimeRecord
    provenance: Provenance
    review: Review


def assemble(
    inputs: StageInput,
    drafts: Mapping[str, Draft],
    outcomes: Mapping[Platform, Outcome],
    stale: Collection[Platform] = (),
    locks: Sequence[Lock] = (),
) -> Assembled:
    """Put one title together. ``stale`` are platforms whose word is an earlier one, ``locks`` what persons decided.

    Raises ``BadInput`` when a draft is missing or of another stage, ``Broken`` when a decided value cannot stand in a
    record.
    """
    questions = [question for name in STAGES if name in drafts for question in drafts[name].questions]
    rules = _decided(drafts)
    locked = apply_locks(rules, questions, locks)
    decided = follow_locks(inputs, locked.decided, rules) if locks else locked.decided
    status: dict[str, Literal["ok", "degraded"]] = {
        name: "degraded" if drafts[name].is_degraded else "ok" for name in STAGES
    }
    values: dict[str, Any] = {name: chosen.value for name, chosen in decided.items()} | _identity(inputs)
    broken = find_broken_invariants(values)
    findings = _findings(inputs, drafts, (*broken, *locked.findings))
    metadata = EnrichmentMetadata(
        outcomes={platform: outcomes.get(platform, Outcome.NOT_LISTED) for platform in Platform},
        tier=_tier(outcomes, stale),
        stale=sorted(stale),
        is_degraded=Outcome.FAILED in outcomes.values() or "degraded" in status.values(),
        stage_status=status,
        completeness=completeness(values, values["type"], values["status"]),
        open_questions=len(locked.questions),
        findings=sorted({finding.code for finding in findings}),
    )
    record = _record({**values, "enrichment_metadata": metadata})
    review = review_of(record.title_id, decided, locked.questions, findings, broken=broken, locks=locks)
    return Assembled(record, _provenance(record, decided, findings, inputs), review)


def _decided(drafts: Mapping[str, Draft]) -> dict[str, Chosen[Any]]:
    """Every decided field by its name in the record."""
    decided: dict[str, Chosen[Any]] = {}
    for name, stage in STAGES.items():
        draft = drafts.get(name)
        if not isinstance(draft, stage.draft):
            raise BadInput(f"stage {name!r} gave {type(draft).__name__}; a record needs its {stage.draft.__name__}")
        decided |= {field.name: getattr(draft, field.name) for field in fields(draft) if field.name not in _COMMON}
    return decided


def _identity(inputs: StageInput) -> dict[str, Any]:
    title = inputs.title
    return {
        "title_id": title.title_id,
        "sources": list(title.row.sources),
        "platform_ids": {site: list(title.ids[site]) for site in sorted(title.ids)},
    }


def _record(values: Mapping[str, Any]) -> AnimeRecord:
    try:
        return AnimeRecord(**values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = ".".join(str(part) for part in first["loc"])
        raise Broken(f"a stage decided what cannot be: {path}={first['input']!r:.120}: {first['msg']}") from error


def _tier(outcomes: Mapping[Platform, Outcome], stale: Collection[Platform]) -> Tier:
    heard = {platform.tier for platform, outcome in outcomes.items() if outcome is Outcome.FOUND or platform in stale}
    return max(heard, key=lambda tier: tier.level, default=Tier.CATALOGUE)


def _findings(inputs: StageInput, drafts: Mapping[str, Draft], own: Iterable[Finding]) -> list[Finding]:
    """All findings of all steps once each, in a stable order."""
    everything: Iterable[Finding] = (
        *(finding for one in inputs.sources for finding in one.findings),
        *(
            Finding("drift", f"unknown value {drift.value[:200]!r}", drift.field, one.source)
            for one in inputs.sources
            for drift in one.drift
        ),
        *inputs.title.findings,
        *inputs.alignment.findings,
        *(finding for name in STAGES for finding in drafts[name].findings),
        *own,
    )
    return sorted(set(everything), key=lambda one: (one.code, one.field, one.source or "", one.message))


def _provenance(
    record: AnimeRecord, decided: Mapping[str, Chosen[Any]], findings: Iterable[Finding], inputs: StageInput
) -> Provenance:
    reasons = {name: _reason(decided[name]) for name in AnimeRecord.model_fields if name in decided}
    row = [Source.CATALOGUE]
    for name in ("schema_version", "enrichment_metadata"):
        reasons[name] = FieldProvenance(method=_COMPUTED, confidence=1.0, sources=[Source.DERIVED])
    for name in ("title_id", "sources"):
        reasons[name] = FieldProvenance(method=_IDENTITY, confidence=1.0, sources=row)
    reasons["platform_ids"] = _reason_of_ids(inputs.title)
    heard = {source for reason in reasons.values() for source in reason.sources} | {
        one.source for one in inputs.sources
    }
    return Provenance(
        title_id=record.title_id,
        fields={name: reasons[name] for name in AnimeRecord.model_fields},
        findings=[_finding(finding) for finding in findings],
        licences={source: LICENCES[source] for source in sorted(heard) if source in LICENCES},
    )


def _reason(chosen: Chosen[Any]) -> FieldProvenance:
    return FieldProvenance(
        method=chosen.rule,
        confidence=min(max(chosen.confidence, 0.0), 1.0),
        sources=list(chosen.sources),
        conflict=chosen.conflict,
        alternatives=list(_alternatives(chosen.passed_over)),
        evidence=list(chosen.evidence),
    )


def _reason_of_ids(title: Title) -> FieldProvenance:
    """Which of the ids are not the row's, who said them, and whether their records answered; what persons decided."""
    sayers = {source for one in title.learned for source in one.said_by}
    return FieldProvenance(
        method=_LEARNED_ID if title.learned else _IDENTITY,
        confidence=min(map(_sureness, title.learned), default=1.0),
        sources=[Source.CATALOGUE, *sorted(sayers)],
        conflict=any(finding.code != _DECIDED for finding in title.findings),
        evidence=[
            *(finding.message for finding in title.findings if finding.code == _DECIDED),
            *(
                f"{id_key(one.site, one.id)} is not the row's: said by {' and '.join(one.said_by)}, "
                f"{'found there' if one.is_found else 'not asked for there'}"
                for one in title.learned
            ),
        ],
    )


def _sureness(one: LearnedId) -> float:
    return 1.0 if Source.REVIEW in one.said_by else _FOUND if one.is_found else _SAID


def _alternatives(claims: Iterable[Claim[Any]]) -> Iterator[dict[str, JsonValue]]:
    for claim in claims:
        value: JsonValue = _ANY.dump_python(claim.value, mode="json")
        size = len(_ANY.dump_json(claim.value))
        sources: list[JsonValue] = [source.value for source in claim.sources]
        if size <= _LONG:
            yield {"value": value, "sources": sources}
        else:
            yield {"digest": digest_of(value), "bytes": size, "sources": sources}


def _finding(finding: Finding) -> dict[str, JsonValue]:
    source = finding.source.value if finding.source else None
    return {"code": finding.code, "message": finding.message, "field": finding.field, "source": source}
