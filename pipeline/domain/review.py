"""What a person should look at, and what a person decided.

An item of the review queue is derived from what was decided of a title; a :class:`Lock` is the answer, and later runs
obey it. Both name what they are about by ``field``: a field of the record, or an open question as
``<kind>:<whom it is about>`` (``same_character:anilist:40``).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final, Literal

import orjson

from pipeline.domain.canonical import Digest, JsonValue, digest_of
from pipeline.domain.claims import OpenQuestion

__all__ = [
    "LOCKED",
    "OWN_ID",
    "READINGS",
    "WHO_IS_WHO",
    "Lock",
    "Review",
    "ReviewItem",
    "answer_of",
    "kind_of",
    "lock_of_question",
    "locks_digest",
    "question_id",
    "readings",
    "terms_of",
]

LOCKED: Final = "review:locked@1"
"""The rule of what a person decided."""
WHO_IS_WHO: Final[Mapping[str, str]] = MappingProxyType(
    {"same_character": "characters", "same_person": "staff_data", "which_episode": "episode_details"}
)
"""Kinds of questions about members of the platforms' lists, and the field in which the answer shows."""


READINGS: Final[Mapping[str, str]] = MappingProxyType({"labels": "genres", "role_class": "staff_data"})
"""Kinds of questions about what a platform's word means here, and the field in which the answer shows first."""


OWN_ID: Final = "platform_id"
"""The kind of question whether an id of a platform is this title's (``platform_id:kitsu:5``); ``yes`` or ``no``."""


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """Something a person should look at. ``uncertainty`` is how likely what stands is wrong, 0 to 1."""

    field: str
    code: str
    detail: str
    uncertainty: float


@dataclass(frozen=True, slots=True)
class Review:
    """What is to be looked at of one title, and how many people are known to follow it on the platform with most."""

    items: tuple[ReviewItem, ...] = ()
    people: int = 1


@dataclass(frozen=True, slots=True)
class Lock:
    """What a person decided of one field or question of a title.

    ``kind``: ``value`` is the field's value, ``answer`` who is meant in a question, ``seen`` only takes what is known
    of a field out of the queue. ``value`` is canonical JSON. ``basis`` is a digest of what stood against it then: of
    the rules' value, or of the items that were seen; another one now is news.
    """

    field: str
    kind: Literal["value", "answer", "seen"]
    value: str
    by: str
    at: float
    note: str = ""
    basis: Digest = ""

    @property
    def day(self) -> str:
        """The day it was decided (UTC)."""
        return f"{datetime.fromtimestamp(self.at, tz=UTC):%Y-%m-%d}"

    @property
    def told(self) -> str:
        """Who decided when and why, for the reasons beside a record."""
        return f"locked by {self.by} on {self.day}" + (f": {self.note}" if self.note else "")


def locks_digest(locks: Iterable[Lock]) -> Digest | None:
    """All that some locks say, as part of a key; ``None`` where there are none."""
    told: list[JsonValue] = [
        [one.field, one.kind, one.value, one.by, one.at, one.note, one.basis]
        for one in sorted(locks, key=lambda one: one.field)
    ]
    return digest_of("locks", told) if told else None


def question_id(question: OpenQuestion) -> str | None:
    """How a question is named; ``None`` for one that nobody can answer by choosing."""
    return f"{question.kind}:{question.keys[0]}" if question.keys else None


def lock_of_question(question: OpenQuestion, locks: Sequence[Lock]) -> Lock | None:
    """The answer to a question, under whichever of its subject's names it was given."""
    names = {f"{question.kind}:{key}" for key in question.keys}
    return next((lock for lock in locks if lock.kind == "answer" and lock.field in names), None)


def kind_of(lock: Lock) -> str:
    """Of an answer the kind of question."""
    return lock.field.partition(":")[0]


def answer_of(lock: Lock) -> tuple[str | None, tuple[str, ...]]:
    """Of an answer the option chosen (``None``: none of them) and all options there were, by their keys."""
    said = orjson.loads(lock.value)
    return said["chosen"], tuple(said["options"])


def terms_of(lock: Lock) -> tuple[str, ...]:
    """Of an answer to what a word means everything it was said to mean; none: nothing."""
    chosen = orjson.loads(lock.value)["chosen"]
    return () if chosen is None else (chosen,) if isinstance(chosen, str) else tuple(chosen)


def readings(locks: Iterable[Lock]) -> tuple[Lock, ...]:
    """Of some locks the answers to what words mean, by name."""
    mine = (lock for lock in locks if lock.kind == "answer" and kind_of(lock) in READINGS)
    return tuple(sorted(mine, key=lambda lock: lock.field))
