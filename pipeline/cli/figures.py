"""Quality figures as plain data and as lines, for ``status`` and ``report``."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from pipeline.domain.canonical import JsonValue
from pipeline.domain.names import Outcome
from pipeline.domain.quality import PLATFORM_OF, Unknown
from pipeline.enrich.quality import BINS, FieldCount, Seen, Trouble
from pipeline.enrich.survey import Named, PlatformFigures, Survey
from pipeline.ledger.quality import Means

__all__ = ["means_told", "quality_json", "survey_json"]


def means_told(means: Means, *, of: int) -> str:
    """The figures on one line; ``of`` is how many titles have a record."""
    if not means.titles:
        return "no title has figures yet" if not of else f"none of {of} titles has figures yet: the next run makes them"
    partly = f" of {of}" if means.titles < of else ""
    shares = {"completeness": means.completeness, "agreement": means.agreement, "confidence": means.confidence}
    told = ", ".join(f"{name} {share:.1%}" for name, share in shares.items() if share is not None)
    return (
        f"{means.titles}{partly} titles: {told}; {means.conflicts} conflicts, {means.broken} invariants broken, "
        f"{means.drift} unknown values"
    )


def quality_json(means: Means, platforms: Sequence[PlatformFigures], trouble: Trouble | None) -> dict[str, JsonValue]:
    """The figures of the whole, what each platform gave, and which one to look at first."""
    gave = {
        one.platform.value: {"fields_filled": one.fields, "fields_per_title": one.fields_per_title, "drift": one.drift}
        for one in platforms
    }
    return {**asdict(means), "platforms": gave, "worst_platform": _trouble_json(trouble)}


def _trouble_json(trouble: Trouble | None) -> JsonValue:
    if trouble is None:
        return None
    told = {"asked": trouble.asked, "failed": trouble.failed, "drift": trouble.drift}
    return {"platform": trouble.platform.value, **told}


def _platform_json(one: PlatformFigures) -> dict[str, JsonValue]:
    return {
        "outcomes": {outcome.value: one.outcomes.get(outcome, 0) for outcome in Outcome},
        "answers": one.answers,
        "quarantined": None
        if one.quarantine is None
        else {
            "since": _time(one.quarantine.since),
            "until": _time(one.quarantine.until),
            "reason": one.quarantine.reason,
            "evidence": dict(one.quarantine.evidence),
        },
    }


def survey_json(survey: Survey) -> dict[str, JsonValue]:
    """All that the page shows."""
    tally = survey.tally
    return {
        "at": _time(survey.at),
        "titles": dict(survey.results),
        "quality": quality_json(survey.means, survey.platforms, survey.trouble),
        "bins": BINS,
        "distributions": {
            "completeness": tally.completeness, "agreement": tally.agreement, "confidence": tally.confidence,
        },
        "fields": {name: _field_json(count) for name, count in sorted(tally.fields.items())},
        "found": {platform.value: titles for platform, titles in sorted(tally.heard.items())},
        "runs": [
            {
                "run_id": run.run_id, "at": _time(run.at), "finished": run.finished, "is_whole": run.is_whole,
                **asdict(run.means),
            }
            for run in survey.runs
        ],
        "platforms": {one.platform.value: _platform_json(one) for one in survey.platforms},
        "broken": {code: _seen_json(seen, survey) for code, seen in survey.broken},
        "findings": {code: _seen_json(seen, survey) for code, seen in survey.findings},
        "drift": [_unknown_json(unknown, seen, survey) for unknown, seen in survey.drift],
        "worst": [
            {**_named_json(one.title), "completeness": one.quality.completeness, "popularity": one.quality.popularity,
             "missing": list(one.quality.missing)}
            for one in survey.worst
        ],
        "slowest": [
            {**_named_json(one.title), "cpu_s": round(one.total_s, 4), "steps": _rounded(one.cpu_s)}
            for one in survey.slowest
        ],
        "steps": {step: {"titles": n, "cpu_s": round(cpu, 3)} for step, (n, cpu) in survey.steps.items()},
    }  # fmt: skip


def _field_json(count: FieldCount) -> JsonValue:
    return {
        "filled": count.filled,
        "missing": count.missing,
        "sources": {source.value: titles for source, titles in sorted(count.sources.items())},
        "confidence": count.mean_confidence,
        "compared": count.compared,
        "agreement": count.mean_agreement,
        "conflicts": count.conflicts,
    }


def _seen_json(seen: Seen, survey: Survey) -> dict[str, JsonValue]:
    return {"titles": seen.titles, "times": seen.times, "examples": _examples(seen, survey)}


def _unknown_json(unknown: Unknown, seen: Seen, survey: Survey) -> JsonValue:
    platform = PLATFORM_OF.get(unknown.source)
    return {
        "source": unknown.source.value,
        "platform": None if platform is None else platform.value,
        "field": unknown.field,
        "value": unknown.value,
        "titles": seen.titles,
        "examples": _examples(seen, survey),
    }


def _examples(seen: Seen, survey: Survey) -> Sequence[JsonValue]:
    return [_named_json(survey.names[title_id]) for title_id in seen.examples if title_id in survey.names]


def _named_json(title: Named) -> dict[str, JsonValue]:
    return {"title_id": title.title_id, "name": title.name, "id": title.handle}


def _rounded(seconds: Mapping[str, float]) -> dict[str, JsonValue]:
    return {step: round(cpu_s, 4) for step, cpu_s in sorted(seconds.items())}


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, tz=UTC).strftime("%Y-%m-%d %H:%M:%SZ")
