"""Ids that rows lack, between the converters and the ledger: words made of sources, one decision, kept as a whole.

Deciding is :func:`~pipeline.preprocess.learning.plan_learning`. Here its question is put together, its answer written,
and it is said which platforms have to be settled again because of it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pipeline.catalogue import load_row, parse_id
from pipeline.domain.canonical import Digest, digest_of
from pipeline.domain.names import Outcome, Platform, Site
from pipeline.domain.review import Lock, answer_of
from pipeline.domain.source_title import ForeignId, SourceTitle
from pipeline.domain.text import has_letters, norm
from pipeline.domain.title import id_key
from pipeline.enrich.fetch.adapters import ids_to_ask
from pipeline.errors import BadInput
from pipeline.ledger import Ledger
from pipeline.ledger.fetched import Settled
from pipeline.ledger.learned import StoredId
from pipeline.ledger.review import id_decided
from pipeline.ledger.titles import StoredTitle
from pipeline.platforms.port import PlatformAdapter
from pipeline.preprocess.learning import IdAnswer, IdKey, Learning, Refuted, Word, plan_learning

__all__ = ["LEARN", "Heard", "learn_ids", "platforms_to_settle", "rests_on"]


LEARN: Final = "learn"


@dataclass(frozen=True, slots=True)
class Heard:
    """A title, what every platform said of it, and for each source the learned ids it was found by."""

    title: StoredTitle
    sources: Sequence[SourceTitle]
    found_by: Sequence[frozenset[IdKey]]
    outcomes: Mapping[Platform, Settled]
    locks: Sequence[Lock] = ()


def learn_ids(
    ledger: Ledger,
    adapters: Mapping[Platform, PlatformAdapter],
    heard: Mapping[str, Heard],
    on_step: Callable[[str], None],
) -> dict[str, Learning]:
    """Decide for some titles which ids they learn, and keep it. What stands as it was is not written again."""
    stored = ledger.learned.of(list(heard))
    words = {title_id: _words(one) for title_id, one in heard.items()}
    new = {t: {key for word in words[t] for key in word.ids if key[0] not in one.title.ids} for t, one in heard.items()}
    answers = _answers(heard, new, ledger.review.own_ids())
    owners = ledger.titles.known_ids(key for keys in (*new.values(), *answers.values()) for key in keys)
    ledger.titles.note_mentions({t: [id_key(*key) for key in keys] for t, keys in new.items()})
    plans = {
        t: _plan(one, words[t], owners, stored.get(t, ()), adapters, answers=answers[t]) for t, one in heard.items()
    }
    changed = {
        t: rows
        for t, plan in plans.items()
        if set(rows := _rows(plan, _basis_of(heard[t].title))) != set(stored.get(t, ()))
    }
    if changed:
        on_step(LEARN)
        ledger.learned.replace(changed)
    return plans


def platforms_to_settle(
    title: StoredTitle, outcomes: Mapping[Platform, Settled], adapters: Mapping[Platform, PlatformAdapter]
) -> tuple[Platform, ...]:
    """Platforms whose outcome is not of the ids that the title has now. Those the row leads to are the fetcher's."""
    return tuple(
        platform
        for platform, adapter in adapters.items()
        if (settled := outcomes.get(platform)) is not None
        and settled.outcome.outcome not in (Outcome.SWITCHED_OFF, Outcome.LEFT_OUT)
        and not adapter.wanted_ids(title.ids)
        and settled.outcome.ids != ids_to_ask(adapter, title)
    )


def rests_on(adapter: PlatformAdapter, title: StoredTitle) -> frozenset[IdKey]:
    """The learned ids under which a platform is asked for a title; empty where the row itself leads there."""
    asked = set(ids_to_ask(adapter, title))
    if not asked or adapter.wanted_ids(title.ids):
        return frozenset()
    return frozenset(key for key in title.learned if asked.intersection(adapter.wanted_ids({key[0]: (key[1],)})))


def _basis_of(title: StoredTitle) -> Digest:
    """Digest of the ids a row lists."""
    return digest_of({site.value: list(ids) for site, ids in title.ids.items()})


def _plan(
    one: Heard,
    words: Sequence[Word],
    owners: Mapping[str, str],
    stored: Iterable[StoredId],
    adapters: Mapping[Platform, PlatformAdapter],
    *,
    answers: Mapping[IdKey, IdAnswer],
) -> Learning:
    title, basis = one.title, _basis_of(one.title)
    refuted = [
        Refuted(was.site, was.id, was.said_by, was.evidence)
        for was in stored
        if was.status == "refuted" and was.basis == basis
    ]
    return plan_learning(
        title.title_id,
        title.ids,
        _names_of(title) if _needs_names(one) else frozenset(),
        words,
        owners=owners,
        refuted=refuted,
        absent=frozenset(
            key
            for platform, settled in one.outcomes.items()
            if settled.outcome.outcome is Outcome.ABSENT
            for key in rests_on(adapters[platform], title)
            if key[1] in settled.outcome.ids  # AnimeSchedule is asked by others' ids, which it cannot deny
        ),
        answers=answers,
    )


def _answers(
    heard: Mapping[str, Heard], spoken: Mapping[str, Iterable[IdKey]], own: Mapping[IdKey, tuple[str, Lock]]
) -> dict[str, dict[IdKey, IdAnswer]]:
    """What persons said of the ids each title hears of: its own locks, and that an id is some other title's.

    ``own`` has the title each id was given to, wherever that was merged into; what was given away by nobody stays a
    matter of the title alone.
    """
    found: dict[str, dict[IdKey, IdAnswer]] = {}
    for title_id, one in heard.items():
        mine = {
            key: IdAnswer(answer_of(lock)[0] == "yes", lock.told, lock.at)
            for lock in one.locks
            if (key := id_decided(lock)) is not None
        }
        for key in {*spoken[title_id], *mine} & own.keys():
            owner, lock = own[key]
            told = lock.told if owner == title_id else f"given to the title {owner}, {lock.told}"
            mine[key] = IdAnswer(owner == title_id, told, lock.at)
        for key in mine.keys() & one.title.refused:
            mine[key] = replace(mine[key], told=f"{mine[key].told}, though the catalogue lists it")
        found[title_id] = mine
    return found


def _words(one: Heard) -> list[Word]:
    has_names = _needs_names(one)
    return [
        Word(
            source.source,
            _ids(source.identifiers),
            _comparable(name.text for name in source.titles) if has_names else frozenset(),
            found_by,
        )
        for source, found_by in zip(one.sources, one.found_by, strict=True)
    ]


def _needs_names(one: Heard) -> bool:
    """Names are compared only with those of records found by learned ids; most titles have none."""
    return any(one.found_by)


def _names_of(title: StoredTitle) -> frozenset[str]:
    row = load_row(title.row)
    return _comparable((row.title, *row.synonyms))


def _ids(identifiers: Iterable[ForeignId]) -> frozenset[IdKey]:
    """Ids in the spelling of the registry; what cannot be one (a Kitsu slug) says nothing."""
    found = set[IdKey]()
    for one in identifiers:
        if isinstance(one.site, Site):
            try:
                found.add(parse_id(id_key(one.site, one.id)))
            except BadInput:
                continue
    return frozenset(found)


def _comparable(names: Iterable[str]) -> frozenset[str]:
    return frozenset(norm(name) for name in names if has_letters(name))


def _rows(plan: Learning, basis: Digest) -> list[StoredId]:
    return [
        *(StoredId(one.site, one.id, "learned", one.said_by, "", "") for one in plan.learned),
        *(StoredId(one.site, one.id, "refuted", one.said_by, one.evidence, basis) for one in plan.refuted),
    ]
