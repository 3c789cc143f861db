"""A claim, the choice between claims, and what was odd on the way."""

from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from pipeline.domain.names import Source

__all__ = ["Chosen", "Claim", "Drift", "Finding", "OpenQuestion"]

T = TypeVar("T")

_LONGEST_MESSAGE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Claim(Generic[T]):
    """One value and everybody who says it."""

    value: T
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Chosen(Generic[T]):
    """The value of one field and why it is that.

    ``rule`` is ``rule:<name>@<version>`` (or ``review:…``, ``adviser:…``); ``confidence`` is 0 to 1, the precision
    expected of the evidence; ``passed_over`` are the claims that lost, in a stable order. A field nobody spoke of is
    ``Chosen(None, (), "rule:nobody_said", 0.0)``: "not said" is a decision too.
    """

    value: T
    sources: tuple[Source, ...]
    rule: str
    confidence: float
    passed_over: tuple[Claim[T], ...] = ()
    conflict: bool = False
    """Sources disagreed on what matters (not merely: one said more)."""
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Drift:
    """A platform used a value we have no name for; kept as it came."""

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something odd about one title that did not stop it: a stable code, a sentence, and where.

    A message of more than 1,000 signs (it quotes what a platform said) loses its middle.
    """

    code: str
    message: str
    field: str = ""
    source: Source | None = None

    def __post_init__(self) -> None:
        if len(self.message) > _LONGEST_MESSAGE:
            half = _LONGEST_MESSAGE // 2
            object.__setattr__(self, "message", f"{self.message[: half - 1]}…{self.message[-half:]}")


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """What a rule could not settle: a closed choice for an adviser or a person.

    ``subject`` says what it is about in plain words; ``options`` is the closed list, ``kept`` the rules' answer
    meanwhile (an index into ``options``, or ``None`` for "none of them").
    """

    stage: str
    kind: str
    subject: str
    options: tuple[str, ...]
    kept: int | None
    confidence: float
    keys: tuple[str, ...] = ()
    """Every name by which the subject can be found again (``anilist:40``), the surest first; none where a person
    cannot answer by choosing one option."""
    option_keys: tuple[str, ...] = ()
    """The same of each option."""
