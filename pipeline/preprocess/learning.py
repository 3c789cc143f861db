"""Which ids a row lacks, learned from what platforms say of each other, and which of their words contradict it.

Promises: pure; the order of the words makes no difference; ids are compared only within their site, so that a number
which happens to be the same on two platforms is evidence of nothing: numbers renamed on one site change no decision.

An id is learned when everybody who speaks of its site has exactly one id in common and no other title has it. There is
no vote: whoever disagrees stops it. Who contradicts the row on a site that tells titles apart teaches nothing. An id's
own record has to answer for it: it must not contradict what is known, and must share an id of the row or a name.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

from pipeline.domain.claims import Finding
from pipeline.domain.names import Site, Source
from pipeline.domain.title import LearnedId, id_key

__all__ = ["LEARN_VERSION", "IdAnswer", "IdKey", "Learning", "Refuted", "Word", "plan_learning"]

LEARN_VERSION: Final = 2
"""Goes up whenever the same words teach something else; part of what a finished title is good for."""

IdKey: TypeAlias = tuple[Site, str]

_TELLS_APART: Final = frozenset({Site.MAL, Site.ANILIST, Site.KITSU, Site.ANIDB})
"""Sites with an entry a title that platforms keep track of. Slugs get new names; elsewhere one page serves a series."""
_LEVELS: Final = 2
"""What learned records say teaches once more, and then no further: every step is less sure than the one before."""


@dataclass(frozen=True, slots=True)
class Word:
    """What one record says of the title: ids in the spelling we keep, and names made comparable.

    ``rests_on`` are the learned ids it was found by; empty for a record the row itself leads to.
    """

    speaker: Source
    ids: frozenset[IdKey]
    names: frozenset[str] = frozenset()
    rests_on: frozenset[IdKey] = frozenset()

    def at(self, site: Site) -> frozenset[str]:
        """Its ids on another site; of its own it only ever repeats what it was asked by."""
        if site.value == self.speaker.value:
            return frozenset()
        return frozenset(id_ for of, id_ in self.ids if of is site)


@dataclass(frozen=True, slots=True)
class Refuted:
    """An id that was learned, asked for, and is another title's. ``evidence`` is one sentence."""

    site: Site
    id: str
    said_by: tuple[Source, ...]
    evidence: str


@dataclass(frozen=True, slots=True)
class IdAnswer:
    """A person said whether an id is the title's; ``told`` who said so, when and why, the latest ``at`` counts."""

    is_own: bool
    told: str
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Learning:
    """What came of it. All three in a stable order."""

    learned: tuple[LearnedId, ...] = ()
    refuted: tuple[Refuted, ...] = ()
    findings: tuple[Finding, ...] = ()


def plan_learning(
    title_id: str,
    ids: Mapping[Site, tuple[str, ...]],
    names: frozenset[str],
    words: Collection[Word],
    *,
    owners: Mapping[str, str],
    refuted: Iterable[Refuted] = (),
    absent: frozenset[IdKey] = frozenset(),
    answers: Mapping[IdKey, IdAnswer] = MappingProxyType({}),
) -> Learning:
    """Say which ids a title whose row lists ``ids`` and ``names`` learns, keeps, loses.

    ``owners`` says to which title the registry leads an id (``mal:1``); ``refuted`` are ids found wrong before, which
    stay so; ``absent`` are those their platform was asked for and does not have. ``answers`` are persons' words: an id
    that is the title's needs nobody to say it and is not refuted, one that is not is not learned. None is given against
    a row, here or in other titles; what a person refused is none of ``ids``, whatever the row lists.
    """
    return _Learner(title_id, ids, names, words, owners=owners, refuted=refuted, answers=answers).learn(absent)


class _Learner:
    def __init__(
        self,
        title_id: str,
        ids: Mapping[Site, tuple[str, ...]],
        names: frozenset[str],
        words: Collection[Word],
        *,
        owners: Mapping[str, str],
        refuted: Iterable[Refuted],
        answers: Mapping[IdKey, IdAnswer],
    ) -> None:
        self._title_id = title_id
        self._listed = {site: frozenset(of) for site, of in ids.items() if of}
        self._words = words
        self._owners = owners
        self._answers = answers
        self._refuted = {(one.site, one.id): one for one in refuted if (one.site, one.id) not in answers}
        self._given = {site: id_ for site, id_ in self._said_own() if self._why_beyond(site, id_) is None}
        self._accepted: dict[Site, LearnedId] = {}
        self._heard = [word for word in words if not word.rests_on]
        self._names = names.union(*(word.names for word in self._heard))
        for site, id_ in self._given.items():
            said_by = {word.speaker for word in self._heard if id_ in word.at(site)}
            self._accepted[site] = LearnedId(site, id_, tuple(sorted({*said_by, Source.REVIEW})))

    def _said_own(self) -> list[IdKey]:
        """Ids a person gave the title, the last decided last."""
        own = [(answer.at, key) for key, answer in self._answers.items() if answer.is_own]
        return [key for _, key in sorted(own)]

    def _why_beyond(self, site: Site, id_: str) -> str | None:
        """Why no person can decide of an id: a row lists it, or the title's own row lists another one there."""
        owner = self._owners.get(id_key(site, id_))
        if owner is not None and owner != self._title_id:
            return f"the catalogue lists it for the title {owner}"
        if site in self._listed:
            return f"the catalogue lists {_list(site, self._listed[site])} for this title"
        return None

    def learn(self, absent: frozenset[IdKey]) -> Learning:
        for _ in range(_LEVELS):
            for site, said in self._said().items():
                if site not in self._accepted and (learned := self._choose(site, said)) is not None:
                    self._accepted[site] = learned
            self._hear_the_learned()
        found = {key for word in self._heard for key in word.rests_on if key[0].value == word.speaker.value}
        return Learning(
            tuple(
                LearnedId(one.site, one.id, one.said_by, key in found, key in absent)
                for site, one in sorted(self._accepted.items())
                if (key := (site, one.id))
            ),
            tuple(self._refuted[key] for key in sorted(self._refuted)),
            tuple(sorted(set(self._findings(absent)), key=lambda one: (one.code, one.message))),
        )

    def _said(self) -> dict[Site, dict[Source, frozenset[str]]]:
        """What is said of each site the row does not list, by those who may teach; refuted ids are not heard."""
        said: dict[Site, dict[Source, frozenset[str]]] = defaultdict(dict)
        for word in self._heard:
            if any(site in _TELLS_APART for site, _ in self._against(word, self._listed)):
                continue
            for site in {of for of, _ in word.ids} - self._listed.keys():
                kept = frozenset(id_ for id_ in word.at(site) if not self._is_refused(site, id_))
                if kept:
                    said[site][word.speaker] = said[site].get(word.speaker, frozenset()) | kept
        return said

    def _is_refused(self, site: Site, id_: str) -> bool:
        answer = self._answers.get((site, id_))
        return (site, id_) in self._refuted or (answer is not None and not answer.is_own)

    def _choose(self, site: Site, said: Mapping[Source, frozenset[str]]) -> LearnedId | None:
        common = frozenset.intersection(*said.values())
        if len(common) != 1:
            return None
        (id_,) = common
        owner = self._owners.get(id_key(site, id_), self._title_id)
        return LearnedId(site, id_, tuple(sorted(said))) if owner == self._title_id else None

    def _hear_the_learned(self) -> None:
        """Records found by learned ids: all are judged by what was known before any of them spoke."""
        known = self._listed | {site: frozenset({one.id}) for site, one in self._accepted.items()}
        accepted = {(site, one.id) for site, one in self._accepted.items()}
        new = [w for w in self._words if w.rests_on and w.rests_on <= accepted and w not in self._heard]
        wrong: dict[IdKey, set[str]] = defaultdict(set)
        for word in new:
            doubtful = word.rests_on - {(site, id_) for site, id_ in self._given.items()}
            if doubtful and (evidence := self._refutation(word, known)):
                for key in doubtful:
                    wrong[key].add(evidence)
        for site, id_ in sorted(wrong):
            said_by = self._accepted.pop(site).said_by
            self._refuted[site, id_] = Refuted(site, id_, said_by, "; ".join(sorted(wrong[site, id_])))
        self._heard += [word for word in new if word.rests_on.isdisjoint(wrong)]

    def _refutation(self, word: Word, known: Mapping[Site, frozenset[str]]) -> str:
        asked = ", ".join(id_key(*key) for key in sorted(word.rests_on))
        for site, ids in self._against(word, known):
            if site in _TELLS_APART:
                ours = "the row lists" if site in self._listed else "the title has"
                return f"{asked} names {_list(site, ids)} where {ours} {_list(site, known[site])}"
        shares_id = any(word.at(site) & ids for site, ids in self._listed.items())
        if shares_id or word.names & self._names:
            return ""
        return f"{asked} has neither an id of the row nor a name in common with the title"

    def _against(self, word: Word, known: Mapping[Site, frozenset[str]]) -> Iterator[tuple[Site, frozenset[str]]]:
        """Sites on which a word and what is known have nothing in common."""
        for site in sorted(known):
            ids = word.at(site)
            if ids and ids.isdisjoint(known[site]):
                yield site, ids

    def _findings(self, absent: frozenset[IdKey]) -> Iterator[Finding]:
        for word in self._heard:
            for site, ids in self._against(word, self._listed):
                told = f"{word.speaker.value} says {_list(site, ids)}, the row lists {_list(site, self._listed[site])}"
                yield _finding("id_contradicts_row", told, word.speaker)
        for site, said in self._said().items():
            yield from self._open(site, said)
        for wrong in self._refuted.values():
            yield _finding("id_refuted", f"{_told(wrong)} is not used: {wrong.evidence}")
        for learned in self._accepted.values():
            if (learned.site, learned.id) in absent:
                yield _finding("id_absent", f"{_told(learned)} is not there")
        yield from self._decided()

    def _decided(self) -> Iterator[Finding]:
        """What persons said, so that the reasons tell it; what they cannot decide is news."""
        for (site, id_), answer in self._answers.items():
            key, is_none = id_key(site, id_), answer.is_own and self._given.get(site) != id_
            why = self._why_beyond(site, id_) if answer.is_own else None
            if why is None and is_none:
                why = f"{id_key(site, self._given[site])} was said to be this title's later"
            if why is not None:
                message = f"{key} was {answer.told}; {why}, so it does nothing: unlock it"
                yield _finding("answer_unplaced", message)
            else:
                yield _finding("id_decided", f"{key} is {'' if answer.is_own else 'not '}this title's, {answer.told}")

    def _open(self, site: Site, said: Mapping[Source, frozenset[str]]) -> Iterator[Finding]:
        """What keeps an id from being learned, or speaks against one that was."""
        if site in self._given:
            return
        learned = self._accepted.get(site)
        told = "; ".join(f"{source.value} says {_list(site, said[source])}" for source in sorted(said))
        if learned is not None:
            if any(learned.id not in ids for ids in said.values()):
                yield _finding("id_disputed", told)
            return
        common = frozenset.intersection(*said.values())
        if len(common) != 1:
            yield _finding("id_disputed", told)
            return
        owner = self._owners.get(id_key(site, *common))
        if owner is not None and owner != self._title_id:
            yield _finding("id_taken", f"{told}, which is the title {owner}")


def _list(site: Site, ids: Iterable[str]) -> str:
    return " and ".join(id_key(site, id_) for id_ in sorted(ids))


def _told(one: LearnedId | Refuted) -> str:
    return f"{id_key(one.site, one.id)}, said by {' and '.join(source.value for source in one.said_by)},"


def _finding(code: str, message: str, source: Source | None = None) -> Finding:
    return Finding(code, message, "platform_ids", source)
