"""What persons decided, put over what the rules decided.

Pure. A locked field has the locked value, the rule ``review:locked@1`` and the reviewer's name and reason as evidence;
what the rules say stands first among the alternatives. Where the rules have come to say something else than when the
lock was made, and not what it says, that is the finding ``lock_contradicted``. A lock whose value the field can no
longer have is a finding too, and does nothing.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Annotated, Any, Final

import orjson
from pydantic import TypeAdapter, ValidationError

from pipeline.assembly.closed_lists import why_off_list
from pipeline.domain.canonical import Digest, JsonValue, canonical_bytes, digest_of
from pipeline.domain.claims import Chosen, Claim, Finding, OpenQuestion
from pipeline.domain.names import RelationKind, Source
from pipeline.domain.record import AiredDates, AnimeRecord, PlatformStatistics, RelatedWork
from pipeline.domain.review import LOCKED, WHO_IS_WHO, Lock, answer_of, kind_of, lock_of_question
from pipeline.errors import BadInput, one_line
from pipeline.stages.relations import work_keys

__all__ = ["Locked", "apply_locks", "basis_of", "canonical_value", "expected_of", "parse_value"]

_KINDS: Final = list(RelationKind)
_ANY: TypeAdapter[Any] = TypeAdapter(Any)
_BRIEF: Final = 80
_DATE: Final = re.compile(r"\d{4}(?:-\d\d(?:-\d\d)?)?", re.ASCII)
_SCALARS: Final = {
    "integer": "a whole number",
    "number": "a number",
    "null": "null",
    "boolean": "true or false",
    "string": 'a text in quotes ("…")',
}


@dataclass(frozen=True, slots=True)
class Locked:
    """Every field as it is with all locks, what was odd about them, and the questions still open."""

    decided: Mapping[str, Chosen[Any]]
    questions: tuple[OpenQuestion, ...]
    findings: tuple[Finding, ...] = ()


def apply_locks(decided: Mapping[str, Chosen[Any]], questions: Iterable[OpenQuestion], locks: Sequence[Lock]) -> Locked:
    """Put the locks over the rules' decisions; answers first, so that a locked field is what its lock says."""
    new, findings = dict(decided), list[Finding]()
    open_ = tuple(one for one in questions if lock_of_question(one, locks) is None)
    for lock in sorted(locks, key=lambda one: one.field):
        if lock.kind == "answer" and kind_of(lock) in WHO_IS_WHO:
            _tell(new, lock)
        elif lock.kind == "answer" and kind_of(lock) == "relation_kind":
            findings += _relate(new, lock)
    for lock in sorted(locks, key=lambda one: one.field):
        if lock.kind == "value" and lock.field in new:
            new[lock.field], odd = _lock(decided[lock.field], lock)
            findings += odd
    return Locked(new, open_, tuple(findings))


def _lock(rules: Chosen[Any], lock: Lock) -> tuple[Chosen[Any], list[Finding]]:
    try:
        value = parse_value(lock.field, lock.value)
    except BadInput as error:
        message = f"{lock.field} was {lock.told}; {error}; until it is decided anew the rules decide"
        return rules, [Finding("lock_unusable", message, lock.field)]
    claims = [Claim(rules.value, rules.sources), *rules.passed_over]
    is_same = [_text(claim.value) == _text(value) for claim in claims]
    agreeing = {source for claim, same in zip(claims, is_same, strict=True) if same for source in claim.sources}
    chosen = Chosen(
        value=value,
        sources=tuple(sorted({*agreeing, Source.REVIEW})),
        rule=LOCKED,
        confidence=1.0,
        passed_over=tuple(claim for claim, same in zip(claims, is_same, strict=True) if not same and claim.sources),
        evidence=(lock.told, f"without it: {rules.rule}, {rules.confidence:.2f}", *rules.evidence),
    )
    if is_same[0] or basis_of(rules.value) == lock.basis:
        return chosen, []
    who = " and ".join(source.value for source in rules.sources) or "nobody"
    message = (
        f"{lock.field} is {_brief(value)}, {lock.told}; the sources have changed since: "
        f"by {rules.rule} it would be {_brief(rules.value)}, said by {who}"
    )
    return chosen, [Finding("lock_contradicted", message, lock.field)]


def _tell(decided: dict[str, Chosen[Any]], lock: Lock) -> None:
    """Say beside the members that the alignment was told by a person who one of them is."""
    name, chosen = WHO_IS_WHO[kind_of(lock)], answer_of(lock)[0]
    whom = chosen or f"none of {', '.join(answer_of(lock)[1])}"
    told = f"answered: {lock.field.partition(':')[2]} is {whom}, {lock.told}"
    sources = tuple(sorted({*decided[name].sources, Source.REVIEW}))
    decided[name] = replace(decided[name], sources=sources, evidence=(*decided[name].evidence, told))


def _relate(decided: dict[str, Chosen[Any]], lock: Lock) -> Iterable[Finding]:
    """Give a related work the kind of relation that was chosen, and its place among the others."""
    key = lock.field.partition(":")[2]
    name = "relations" if key.startswith("manga/") else "related_anime"
    chosen: Chosen[list[RelatedWork]] = decided[name]
    works = list(chosen.value)
    at = next((n for n, one in enumerate(works) if key in work_keys(one, is_anime=name == "related_anime")), None)
    kind = answer_of(lock)[0]
    if at is None or kind not in _KINDS:
        message = f"{lock.field} was {lock.told}; no source names that work any more, so it does nothing: unlock it"
        return [Finding("answer_unplaced", message, name)]
    before = works[at]
    works[at] = before.model_copy(update={"relation": RelationKind(kind), "confidence": 1.0})
    works.sort(key=lambda one: (_KINDS.index(one.relation), one.year or 9999))
    told = f"{(before.title or key)[:_BRIEF]!r} is {kind} ({lock.told}), {before.relation.value} by the rules"
    decided[name] = replace(
        chosen,
        value=works,
        sources=tuple(sorted({*chosen.sources, Source.REVIEW})),
        confidence=round(sum(work.confidence for work in works) / len(works), 4),
        evidence=(*chosen.evidence, told),
    )
    return []


def basis_of(value: object) -> Digest:
    """Digest of what the rules say of a field."""
    return digest_of("basis", _text(value))


def parse_value(name: str, text: str) -> Any:
    """A field's value from JSON, by the record's own type. Raises ``BadInput`` saying what is expected."""
    try:
        value = _adapter(name).validate_json(text, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
        is_plain = first["type"] == "enum" and not first["loc"]
        why = "" if is_plain else f"{first['msg'].rstrip('.')}; "
        raise BadInput(
            f"{name}{where} cannot be {one_line(repr(first['input']), _BRIEF)}: {why}expected is {expected_of(name)}"
        ) from error
    why = _why_impossible(name, value)
    if why:
        raise BadInput(f"{name} cannot be {one_line(text, _BRIEF)}: {why}; expected is {expected_of(name)}")
    return _completed(value)


def _completed(value: Any) -> Any:
    """The value with what follows within it: how precise its dates are, and scores on the common scale."""
    if isinstance(value, AiredDates):
        said = {"start_precision": _precision(value.start), "end_precision": _precision(value.end)}
        return value.model_copy(update=said)
    if isinstance(value, dict):
        return {key: _scaled(one) if isinstance(one, PlatformStatistics) else one for key, one in value.items()}
    return value


def _precision(text: str | None) -> str | None:
    return None if text is None else {4: "year", 7: "month"}.get(len(text), "day")


def _scaled(figures: PlatformStatistics) -> PlatformStatistics:
    normalized = None if figures.score is None else round(figures.score / figures.score_max * 10.0, 4)
    return figures.model_copy(update={"score_normalized": normalized})


def canonical_value(name: str, text: str) -> str:
    """A field's value as it is kept: whole, and equal values in equal text. Raises ``BadInput`` as above."""
    value: JsonValue = _adapter(name).dump_python(parse_value(name, text), mode="json")
    return canonical_bytes(value).decode()


def _why_impossible(name: str, value: Any) -> str:
    """What the type allows and no record can hold."""
    try:
        canonical_bytes(_adapter(name).dump_python(value, mode="json"))
    except (TypeError, ValueError) as error:
        return f"it cannot be written as JSON ({one_line(str(error), _BRIEF)})"
    if name == "title" and not value.strip():
        return "a title has at least one sign"
    if isinstance(value, AiredDates):
        return next(filter(None, map(_why_no_day, (value.start, value.end))), "")
    if name == "statistics":
        return next(filter(None, (_why_no_score(source, one) for source, one in value.items())), "")
    return why_off_list(name, value)


def _why_no_score(source: Source, figures: PlatformStatistics) -> str:
    if figures.score_max <= 0:
        return f"the scale of {source.value} ends at {figures.score_max:g}"
    is_on_scale = figures.score is None or 0 <= figures.score <= figures.score_max
    return "" if is_on_scale else f"{source.value} scores {figures.score:g} of at most {figures.score_max:g}"


def _why_no_day(text: str | None) -> str:
    if text is None:
        return ""
    try:
        date.fromisoformat(text + "-01-01"[len(text) - 4 :])
        is_date = _DATE.fullmatch(text) is not None
    except ValueError:
        is_date = False
    return "" if is_date else f"{text[:20]!r} is no day, month or year (2026-01-10, 2026-01, 2026)"


@cache
def _adapter(name: str) -> TypeAdapter[Any]:
    about = AnimeRecord.model_fields[name]
    kind: Any = about.annotation
    return TypeAdapter(Annotated[kind, *about.metadata] if about.metadata else kind)


def expected_of(name: str) -> str:
    """What a field may be, in words, from its JSON Schema."""
    schema = _adapter(name).json_schema()
    return _expected(schema, schema.get("$defs", {}))


def _expected(schema: Mapping[str, Any], defs: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return _expected(defs[schema["$ref"].rpartition("/")[2]], defs)
    if "anyOf" in schema:
        return " or ".join(_expected(one, defs) for one in schema["anyOf"])
    if "enum" in schema:
        return "one of " + ", ".join(orjson.dumps(one).decode() for one in schema["enum"])
    if schema.get("type") == "array":
        return f"a list, each entry {_expected(schema['items'], defs)}"
    if schema.get("type") == "object":
        named = ", ".join(schema.get("properties", {}))
        return f"an object with {named}" if named else "an object"
    least, most = schema.get("minimum"), schema.get("maximum")
    bounds = f" from {least}" * (least is not None) + f" to {most}" * (most is not None)
    return _SCALARS[schema.get("type", "string")] + bounds


def _text(value: object) -> str:
    return _ANY.dump_json(value).decode()


def _brief(value: object) -> str:
    text = _text(value)
    return text if len(text) <= _BRIEF else f"{text[:_BRIEF]}… ({len(text)} signs)"
