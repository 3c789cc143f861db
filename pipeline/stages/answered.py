"""What persons said labels and credits mean, for one title: read from the answers, beside vocabulary and role table.

A question is named by who says the word and the word made comparable (``labels:anilist:adult-cast``,
``role_class:moon-wrangler``); ``labels:synopsis`` is about no label but about the text. An answer to a label names the
terms it stands for here, or none: then the label says nothing. What nobody says any more is a finding.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from pipeline.domain.claims import Finding, OpenQuestion
from pipeline.domain.names import LabelKind, Source
from pipeline.domain.review import Lock, kind_of, terms_of
from pipeline.domain.source_title import Label
from pipeline.domain.text import norm
from pipeline.stages.roles import OTHER, RoleKind, role_of, roles
from pipeline.stages.vocabulary import Row, label_key, vocabulary

__all__ = [
    "SYNOPSIS",
    "LabelAnswers",
    "RoleAnswers",
    "ask_label",
    "ask_role",
    "label_name",
    "role_name",
    "term_names",
]

SYNOPSIS: Final = "synopsis"
_LONG: Final = 120
_FIELDS: Final = {
    LabelKind.GENRE: "genres",
    LabelKind.THEME: "themes",
    LabelKind.DEMOGRAPHIC: "demographics",
    LabelKind.WARNING: "content_warnings",
}


def label_name(source: Source, text: str) -> str:
    """How a platform's label is named in a question: ``anilist:adult-cast``."""
    return f"{source.value}:{label_key(text).replace(' ', '-')[:_LONG]}"


def role_name(text: str) -> str:
    """How a credit's text is named in a question: ``moon-wrangler``."""
    return norm(text).replace(" ", "-")[:_LONG]


@cache
def term_names() -> tuple[str, ...]:
    """Every term a label can stand for: genres and themes first, each by name."""
    is_first = {row.name: row.kind in {LabelKind.GENRE, LabelKind.THEME} for row in reversed(vocabulary().rows)}
    return tuple(sorted(is_first, key=lambda name: (not is_first[name], name)))


def ask_label(source: Source, label: Label, term: str | None, *, is_kept: bool) -> OpenQuestion:
    """What one label means here: the ``term`` it is read as first, and whether that stands meanwhile."""
    options = tuple(dict.fromkeys(filter(None, (term, *term_names()))))
    subject = f"what {label.name!r} of {source.value} ({label.strength:.2f}) says of the work"
    keys = (label_name(source, label.name),)
    return OpenQuestion("metadata", "labels", subject, options, 0 if is_kept else None, 0.5, keys, options)


def ask_role(text: str, person: str, role: str = OTHER) -> OpenQuestion:
    """What somebody so credited did: ``role`` meanwhile."""
    subject = f"what {text!r} is (so credited: {person or 'somebody nameless'})"
    return OpenQuestion(
        "staff", "role_class", subject, roles(), roles().index(role), 0.5, (role_name(text),), roles()
    )  # fmt: skip


@dataclass(slots=True)
class LabelAnswers:
    """The answers about labels, and which of them were of use."""

    _by_name: Mapping[str, Lock]
    _used: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, answers: Iterable[Lock]) -> "LabelAnswers":
        """Those of some answers that are about labels."""
        return cls({_subject(lock): lock for lock in answers if kind_of(lock) == "labels"})

    def rows(self, source: Source, label: Label) -> tuple[Row, ...] | None:
        """The terms a label stands for here; ``None`` where nobody answered for it."""
        if not self._by_name:
            return None
        name = label_name(source, label.name)
        return self._rows(name) if name in self._by_name else None

    def of_synopsis(self) -> tuple[Row, ...]:
        """The terms the synopsis was said to support."""
        return self._rows(SYNOPSIS) if SYNOPSIS in self._by_name else ()

    def _rows(self, name: str) -> tuple[Row, ...]:
        self._used.add(name)
        return _rows_of(self._by_name[name])

    def evidence(self, kind: LabelKind) -> tuple[str, ...]:
        """What was said that shows in one kind of labels: what is a term of it, and what says nothing.

        To be asked, like :meth:`findings`, when all labels were looked at.
        """
        return tuple(
            f"answered: {name} is {' and '.join(terms) or 'nothing here'}, {lock.told}"
            for name, lock in sorted(self._by_name.items())
            if name in self._used and (not (terms := terms_of(lock)) or kind in {row.kind for row in _rows_of(lock)})
        )

    def findings(self) -> Iterator[Finding]:
        """Answers about labels no platform gives any more."""
        for name, lock in sorted(self._by_name.items()):
            if unknown := sorted(set(terms_of(lock)) - set(term_names())):
                yield _unplaced(lock, f"{unknown[0]!r} is no term any more", "genres")
            elif name not in self._used:
                yield _unplaced(lock, "no platform gives that label any more", "genres")


def _rows_of(lock: Lock) -> tuple[Row, ...]:
    named = set(terms_of(lock))
    return tuple(row for row in vocabulary().rows if row.name in named)


@dataclass(frozen=True, slots=True)
class RoleAnswers:
    """The answers about the texts of credits."""

    _by_name: Mapping[str, Lock]

    @classmethod
    def of(cls, answers: Iterable[Lock]) -> "RoleAnswers":
        """Those of some answers that are about credits."""
        return cls({_subject(lock): lock for lock in answers if kind_of(lock) == "role_class"})

    def role_of(self, text: str) -> tuple[str, RoleKind]:
        """Our role for a platform's text: the person's word, else the table's."""
        lock = self._by_name.get(role_name(text)) if self._by_name else None
        told = () if lock is None else terms_of(lock)
        return (told[0], "known") if told and told[0] in roles() else role_of(text)

    def evidence(self, texts: Iterable[str]) -> tuple[str, ...]:
        """What was said of the credits there are."""
        here = set(map(role_name, texts)) if self._by_name else set()
        return tuple(
            f"answered: {name} is {' and '.join(terms_of(lock))}, {lock.told}"
            for name, lock in sorted(self._by_name.items())
            if name in here
        )

    def findings(self, texts: Iterable[str]) -> Iterator[Finding]:
        """Answers about credits nobody has any more, or of a role we no longer have."""
        here = set(map(role_name, texts)) if self._by_name else set()
        for name, lock in sorted(self._by_name.items()):
            if not set(terms_of(lock)) <= set(roles()):
                yield _unplaced(lock, f"there is no such role as {' and '.join(terms_of(lock))!r}", "staff_data")
            elif name not in here:
                yield _unplaced(lock, "no platform credits anybody so any more", "staff_data")


def _subject(lock: Lock) -> str:
    return lock.field.partition(":")[2]


def _unplaced(lock: Lock, why: str, field_name: str) -> Finding:
    return Finding("answer_unplaced", f"{lock.field} was {lock.told}; {why}, so it does nothing: unlock it", field_name)
