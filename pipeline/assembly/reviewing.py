"""What of a title a person should look at, and how much it matters.

Pure: a function of what was decided and of the locks, so the same record has the same items whatever the order of
sources. ``uncertainty`` is how likely what stands is wrong; times the people who follow the title it is how many are
expected to read something wrong, and that orders the queue. A locked field is out of it, unless the sources have come
to contradict the lock.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from pydantic import TypeAdapter

from pipeline.assembly.following import people_of
from pipeline.domain.canonical import Digest, digest_of
from pipeline.domain.claims import Chosen, Finding, OpenQuestion
from pipeline.domain.review import LOCKED, Lock, Review, ReviewItem, question_id
from pipeline.errors import one_line

__all__ = ["LOW_CONFIDENCE", "SAMPLE_SHARE", "review_of", "seen_basis"]

LOW_CONFIDENCE: Final = 0.60
"""Below it a decision is looked at."""
SAMPLE_SHARE: Final = 0.01
"""Of the filled fields nothing speaks against so many are looked at all the same, to know how often that is right."""

_BROKEN: Final = 1.0
"""An invariant does not hold: something is certainly wrong."""
_DOUBTFUL: Final = 0.5
_ODD: Final = {
    "another_work": _BROKEN,
    "answer_unplaced": _BROKEN,
    "lock_contradicted": _BROKEN,
    "lock_unusable": _BROKEN,
    "character_without_name": _DOUBTFUL,
    "episode_number_twice": _DOUBTFUL,
    "id_contradicts_row": _DOUBTFUL,
    "id_disputed": _DOUBTFUL,
    "id_refuted": _DOUBTFUL,
    "id_taken": _DOUBTFUL,
    "impossible_date": _DOUBTFUL,
    "relation_ids_disagree": _DOUBTFUL,
    "self_relation": _DOUBTFUL,
}
"""Findings beside broken invariants that need a person. The others are of a platform and not of the title, or are what
a question or a low confidence says already."""
_NEWS: Final = frozenset({"answer_unplaced", "lock_contradicted", "lock_unusable"})
"""What is shown of a locked field."""
_LONG: Final = 200
_VALUE: Final = 60
_ANY: TypeAdapter[Any] = TypeAdapter(Any)


def review_of(
    title_id: str,
    decided: Mapping[str, Chosen[Any]],
    questions: Iterable[OpenQuestion],
    findings: Iterable[Finding],
    *,
    broken: Collection[Finding],
    locks: Sequence[Lock] = (),
) -> Review:
    """Everything to be looked at of one title. ``broken`` are those findings that are broken invariants."""
    found: dict[tuple[str, str], list[ReviewItem]] = {}
    for item in (*_of_findings(findings, broken), *_of_questions(questions), *_of_fields(decided)):
        found.setdefault((item.field, item.code), []).append(item)
    items = [_joined(alike) for _, alike in sorted(found.items())]
    sampled = _of_sample(title_id, decided, {item.field for item in items})
    return Review(tuple(_unanswered([*items, *sampled], locks)), max(1, people_of(decided["statistics"].value)))


def _of_fields(decided: Mapping[str, Chosen[Any]]) -> Iterator[ReviewItem]:
    for name, chosen in decided.items():
        if _is_by_nobody(chosen) or chosen.rule == LOCKED:
            continue
        uncertainty = round(1.0 - min(max(chosen.confidence, 0.0), 1.0), 4)
        if chosen.confidence < LOW_CONFIDENCE:
            yield ReviewItem(name, "low_confidence", _told(chosen), uncertainty)
        elif chosen.conflict:
            yield ReviewItem(name, "conflict", _told(chosen), uncertainty)


def _of_questions(questions: Iterable[OpenQuestion]) -> Iterator[ReviewItem]:
    """A question is as uncertain as the answer kept meanwhile: of an option its confidence, of none the likeliest's."""
    for one in questions:
        uncertainty = one.confidence if one.kept is None else 1.0 - one.confidence
        kept = "none of them" if one.kept is None else one.options[one.kept]
        few = " or ".join(one.options)
        named = few if len(one.options) < 3 else f"{one.options[0]} or {len(one.options) - 1} others"
        detail = one_line(f"{one.subject}: {named}? Meanwhile {kept}", _LONG)
        field = question_id(one) or one.stage
        yield ReviewItem(field, one.kind, detail, round(min(max(uncertainty, 0.0), 1.0), 4))


def _of_findings(findings: Iterable[Finding], broken: Collection[Finding]) -> Iterator[ReviewItem]:
    for one in findings:
        weight = _BROKEN if one in broken else _ODD.get(one.code)
        if weight is not None:
            yield ReviewItem(one.field, one.code, one_line(one.message, _LONG), weight)


def _of_sample(title_id: str, decided: Mapping[str, Chosen[Any]], taken: Collection[str]) -> Iterator[ReviewItem]:
    """One in a hundred of the rest, by digest of title and field: the same ones whenever it is drawn."""
    for name, chosen in decided.items():
        is_drawn = int(digest_of("review sample", title_id, name)[:8], 16) < SAMPLE_SHARE * 2**32
        if is_drawn and name not in taken and chosen.value not in (None, [], {}) and not _is_by_nobody(chosen):
            yield ReviewItem(name, "sample", _told(chosen), round(1.0 - min(max(chosen.confidence, 0.0), 1.0), 4))


def _unanswered(items: Iterable[ReviewItem], locks: Sequence[Lock]) -> Iterator[ReviewItem]:
    by_field: dict[str, list[ReviewItem]] = {}
    for item in items:
        by_field.setdefault(item.field, []).append(item)
    answered = {
        lock.field for lock in locks if lock.kind != "seen" or lock.basis == seen_basis(by_field.get(lock.field, ()))
    }
    for _, mine in sorted(by_field.items()):
        shown = (item for item in mine if item.field not in answered or item.code in _NEWS)
        yield from sorted(shown, key=lambda item: item.code)


def seen_basis(items: Iterable[ReviewItem]) -> Digest:
    """Digest of the items of one field: what was seen of it."""
    return digest_of("seen", sorted([item.code, item.detail] for item in items))


def _joined(alike: Sequence[ReviewItem]) -> ReviewItem:
    """Several of one code are one item: the first by its words, and how many more."""
    first = min(alike, key=lambda item: (-item.uncertainty, item.detail))
    if len(alike) == 1:
        return first
    return ReviewItem(first.field, first.code, f"{first.detail} (and {len(alike) - 1} more)", first.uncertainty)


def _is_by_nobody(chosen: Chosen[Any]) -> bool:
    return not chosen.sources


def _told(chosen: Chosen[Any]) -> str:
    others = [f"{_brief(claim.value)} ({' '.join(claim.sources)})" for claim in chosen.passed_over[:3]]
    more = f" and {len(chosen.passed_over) - 3} more" if len(chosen.passed_over) > 3 else ""
    against = f"; passed over: {', '.join(others)}{more}" if others else ""
    return one_line(f"{_brief(chosen.value)} ({' '.join(chosen.sources)}) by {chosen.rule}{against}", _LONG)


def _brief(value: object) -> str:
    text = _ANY.dump_json(value).decode() if not isinstance(value, list) or len(value) < 3 else f"{len(value)} entries"
    return text if len(text) <= _VALUE else f"{text[:_VALUE]}…"
