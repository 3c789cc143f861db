"""Staff aligned: all credits of one person, over platforms and within them, are one group.

Within a platform an id is a person and a name without id joins the only person of that name. Across platforms the key
of the name joins, when each side has one person of that key; an equal native name joins namesakes. Then a name with a
middle initial joins the only one without it (``Christopher R. Sabat``, ``Christopher Sabat``).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

from pipeline.domain.aligned import Group, Ref
from pipeline.domain.claims import Finding, OpenQuestion
from pipeline.domain.names import Source
from pipeline.domain.source_title import Credit, SourceTitle
from pipeline.domain.text import CACHE, clean, flip, has_letters, kana_to_romaji, name_key, norm
from pipeline.domain.thresholds import Matching
from pipeline.preprocess.keys import keys_of
from pipeline.preprocess.ordering import Aligned

__all__ = ["align_staff"]


@dataclass(slots=True, eq=False)
class _Person:
    """Somebody as far as they are put together; equal to nobody else."""

    refs: list[Ref]
    label: str
    keys: set[str]
    natives: set[str]
    ids: set[str]
    confidence: float = 1.0
    rule: str = "single"
    open_to: list["_Person"] = field(default_factory=list)
    """Namesakes among whom the rules could not choose."""

    def absorb(self, other: "_Person", confidence: float, rule: str) -> None:
        self.refs += other.refs
        self.keys |= other.keys
        self.natives |= other.natives
        if self.rule in ("single", "same_person") or confidence < self.confidence:
            self.confidence, self.rule = confidence, rule


_Index: TypeAlias = dict[str, dict[_Person, None]]
"""Persons by each of their keys; a dict for its order."""


def align_staff(sources: tuple[SourceTitle, ...], order: Iterable[int], cut: Matching) -> Aligned[Group]:
    """Group the credits of all sources by person; each credit is in exactly one group."""
    teams: dict[Source, list[int]] = {}
    for position in order:
        teams.setdefault(sources[position].source, []).append(position)
    people: list[_Person] = []
    questions: list[OpenQuestion] = []
    findings: list[Finding] = []
    for source, positions in teams.items():
        team = _read_team(sources, positions)
        findings += _oddities(source, team)
        people += _join(people, team, cut)
        questions += [_question(person, sources) for person in team if person.open_to]
    groups = tuple(Group(tuple(sorted(p.refs)), p.confidence, p.rule) for p in people)
    return Aligned(groups, tuple(questions), tuple(findings))


def _read_team(sources: tuple[SourceTitle, ...], positions: list[int]) -> list[_Person]:
    """The people of one platform: by id, then names without id join the only person of their name."""
    by_id: dict[str, _Person] = {}
    loose: list[_Person] = []
    for position in positions:
        for item, credit in enumerate(sources[position].staff):
            person = _read(Ref(position, item), credit)
            if not credit.id:
                loose.append(person)
            elif credit.id in by_id:
                by_id[credit.id].absorb(person, 1.0, "same_person")
            else:
                by_id[credit.id] = person
    team = list(by_id.values())
    known = _index(team, _keys)
    for person in loose:
        same = _named(person.keys, known)
        one = same[0] if len(same) == 1 else person
        if one is person:
            team.append(person)
        else:
            one.absorb(person, 1.0, "same_person")
        for key in person.keys:
            known.setdefault(key, {})[one] = None
    return team


def _read(ref: Ref, credit: Credit) -> _Person:
    label, keys, native = _forms(credit.name, credit.name_native or "")
    return _Person(
        refs=[ref],
        label=label,
        keys=set(keys),
        natives={native} if native else set(),
        ids={credit.id} if credit.id else set(),
    )


@lru_cache(maxsize=CACHE)
def _forms(name: str, native: str) -> tuple[str, frozenset[str], str]:
    """How a person is shown, the keys of the names, and the native name without spaces: many are credited twice."""
    keys = frozenset(key for text in (name, kana_to_romaji(native) or "") if (key := name_key(text)))
    return flip(clean(name)), keys, norm(native).replace(" ", "")


def _oddities(source: Source, team: list[_Person]) -> list[Finding]:
    found = [
        Finding("name_without_letters", f"{source.value} credits {p.label!r}, without a letter", "staff_data", source)
        for p in team
        if not has_letters(p.label)
    ]
    for key, count in _counts(team).items():
        if count > 1:
            message = f"{source.value} has {count} people whose names read {key!r}"
            found.append(Finding("staff_share_a_name", message, "staff_data", source))
    return found


def _counts(people: Iterable[_Person]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for person in people:
        for key in sorted(person.keys):
            counts[key] = counts.get(key, 0) + 1
    return counts


def _index(people: Iterable[_Person], keys: Callable[[_Person], Iterable[str]]) -> _Index:
    found: _Index = {}
    for person in people:
        for key in keys(person):
            found.setdefault(key, {})[person] = None
    return found


def _named(keys: Iterable[str], known: _Index) -> list[_Person]:
    """Everybody known under one of the keys, each once."""
    return list({person: None for key in sorted(keys) for person in known.get(key, ())})


def _keys(person: _Person) -> set[str]:
    return person.keys


def _short_keys(person: _Person) -> set[str]:
    return {short for key in person.keys if (short := _short_key(key))}


@lru_cache(maxsize=CACHE)
def _short_key(key: str) -> str:
    """The key without single letters, as far as two words are left; one without any is its own."""
    words = [word for word in key.split() if len(word) > 1]
    return " ".join(words) if len(words) > 1 else ""


def _join(people: list[_Person], team: list[_Person], cut: Matching) -> list[_Person]:
    """Let each known person absorb their namesake of ``team``; returns those who are new."""
    taken, left = _join_by_name(people, team, cut)
    return _join_by_short_name([person for person in people if person not in taken], left, cut)


def _join_by_name(people: list[_Person], team: list[_Person], cut: Matching) -> tuple[set[_Person], list[_Person]]:
    known, comers = _index(people, _keys), _index(team, _keys)
    taken: set[_Person] = set()
    new: list[_Person] = []
    for person in team:
        before = _named(person.keys, known)
        found = _choose(person, before, _named(person.keys, comers))
        if found is None or found in taken:
            person.open_to = [p for p in before if p not in taken]
            new.append(person)
            continue
        taken.add(found)
        found.absorb(person, *_how(found, person, cut))
    return taken, new


def _join_by_short_name(people: list[_Person], team: list[_Person], cut: Matching) -> list[_Person]:
    """Of those left, one of each side whose names are equal without the initials that only one of the two has."""
    known, comers = _index(people, _short_keys), _index(team, _short_keys)
    taken: set[_Person] = set()
    new: list[_Person] = []
    for person in team:
        found, rivals = _named(_short_keys(person), known), _named(_short_keys(person), comers)
        if len(found) == len(rivals) == 1 and found[0] not in taken and _has_one_initials(found[0], person):
            taken.add(found[0])
            found[0].absorb(person, cut.sure_person_short, "name_without_initial")
        else:
            new.append(person)
    return new


def _has_one_initials(one: _Person, other: _Person) -> bool:
    """Whether a name of either is the other's without its initials: ``Ann B. Lee`` is not ``Ann C. Lee``.

    Equal names are namesakes whom the rules above could not tell apart.
    """
    short = one.keys & _short_keys(other) or other.keys & _short_keys(one)
    return bool(short) and not one.keys & other.keys


def _choose(person: _Person, before: list[_Person], rivals: list[_Person]) -> _Person | None:
    if len(before) == 1 and len(rivals) == 1:
        return before[0]
    native = [other for other in before if other.natives & person.natives]
    alike = [other for other in rivals if other.natives & person.natives]
    return native[0] if len(native) == 1 and len(alike) == 1 else None


def _how(found: _Person, person: _Person, cut: Matching) -> tuple[float, str]:
    if found.natives & person.natives:
        return cut.sure_person, "name_and_native"
    if found.natives and person.natives:
        return cut.sure_person_doubtful, "name_other_native"
    return cut.sure_person_key, "name_key"


def _question(person: _Person, sources: tuple[SourceTitle, ...]) -> OpenQuestion:
    return OpenQuestion(
        stage="staff",
        kind="same_person",
        subject=f"{person.label} of {sources[person.refs[0].source].source.value}",
        options=tuple(_described(other) for other in person.open_to[:4]),
        kept=None,
        confidence=0.5,
        keys=keys_of(sources, "staff", person.refs),
        option_keys=tuple(keys_of(sources, "staff", other.refs)[0] for other in person.open_to[:4]),
    )


def _described(person: _Person) -> str:
    return f"{person.label} ({', '.join(sorted(person.natives))})" if person.natives else person.label
