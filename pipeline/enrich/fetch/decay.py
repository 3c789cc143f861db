"""When a platform is no longer what it was: answers nobody can read, ids it lost, fields it no longer fills.

Pure. What is seen now is held against what was normal on this platform for titles of the same type and status, so
that short casts, films and titles that have not aired are no news. Small numbers say nothing: a false alarm costs a
delay, a missed one is caught some titles later.
"""

from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Any, Final

from pipeline.domain.canonical import JsonValue
from pipeline.domain.source_title import SourceTitle
from pipeline.ledger.sights import Key, Sight
from pipeline.settings import DecaySettings

__all__ = ["HERE", "READ", "SAID", "STILL_HERE", "Verdict", "Watch", "filled_fields", "judge"]

READ: Final = "~read"
"""The answer could be read."""
SAID: Final = "~said"
"""What was found says anything at all."""
HERE: Final = "~here"
"""The platform has the title whose id there the catalogue lists."""
STILL_HERE: Final = "~still here"
"""It has the title that it had when it was last asked."""
_ALWAYS: Final = frozenset({READ, SAID, STILL_HERE})
"""What is normal everywhere, also before anything is known."""
_OURS: Final = frozenset({"source", "id", "url", "drift", "findings"})
_LOOKED_AT: Final = 10
"""Items of a list that are looked into; what none of ten has is not a matter of the eleventh."""
_SAMPLES: Final = 3
_NAMES: Final = {
    READ: "readable answers",
    SAID: "anything said",
    HERE: "listed titles",
    STILL_HERE: "titles it had",
}

Share = Callable[[Key], float | None]
"""In which share of earlier titles a field was there; ``None`` where too few are known."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a platform is left alone: a sentence, the numbers behind it, and the titles whose last word is in doubt.

    In doubt is everything since what is lost was last there: of some titles nobody knows what they should have.
    """

    reason: str
    evidence: Mapping[str, JsonValue]
    suspects: tuple[str, ...]


class _Window:
    """Some sights, with the fields that each lacks although they are normally there, and how often each is lacking."""

    def __init__(self) -> None:
        self.sights: deque[tuple[Sight, tuple[str, ...]]] = deque()
        self.lacking: Counter[str] = Counter()

    def push(self, sight: Sight, lacking: tuple[str, ...]) -> None:
        self.sights.append((sight, lacking))
        self.lacking.update(lacking)

    def pop(self) -> Sight:
        sight, lacking = self.sights.popleft()
        self.lacking.subtract(lacking)
        return sight


class Watch:
    """The last sights of one platform, whoever made them, and what was normal before them.

    A sight becomes normal when it leaves the window, never while it may be evidence.
    """

    def __init__(self, policy: DecaySettings, normal: Mapping[Key, tuple[int, int]]) -> None:
        self._policy = policy
        self._filled = Counter({key: filled for key, (filled, _) in normal.items()})
        self._seen = Counter({key: seen for key, (_, seen) in normal.items()})
        self._answers, self._titles = _Window(), _Window()

    def note(self, sight: Sight) -> Verdict | None:
        """One more sight; gives a verdict when the platform has decayed."""
        window, lacking = self.take(sight)
        few = min(self._policy.lost, self._policy.broken) * self._policy.least
        if all(window.lacking[field] < few for field in lacking):
            return None  # no need to look at all of them
        return judge((one for one, _ in window.sights), self._share, self._policy)

    def take(self, sight: Sight) -> tuple[_Window, tuple[str, ...]]:
        """One more sight, without a verdict; gives its window and what it lacks."""
        window = self._answers if sight.title_id is None else self._titles
        lacking = tuple(
            key[1]
            for key, was_there in sight.shown.items()
            if not was_there and (self._share(key) or 0.0) >= self._policy.normally
        )
        window.push(sight, lacking)
        if len(window.sights) > self._policy.window:
            self.settle(window.pop())
        return window, lacking

    def settle(self, sight: Sight) -> None:
        """Take a sight for normal."""
        for key, was_there in sight.shown.items():
            self._filled[key] += was_there
            self._seen[key] += 1

    def _share(self, key: Key) -> float | None:
        seen = self._seen[key]
        if seen >= self._policy.known:
            return self._filled[key] / seen
        return 1.0 if key[1] in _ALWAYS else None


def judge(recent: Iterable[Sight], share: Share, policy: DecaySettings) -> Verdict | None:
    """Whether too many of the ``recent`` sights lack what ``share`` says is normally there."""
    sights = tuple(recent)
    if len(sights) < policy.least:
        return None
    tallies = _tallies(sights, share, policy)
    lost = {field: tallies[field] for field in sorted(tallies, key=_broadest_first) if tallies[field].is_lost(policy)}
    if not lost:
        return None
    names = {field: _NAMES.get(field, field) for field in lost}
    named, more = ", ".join([*names.values()][:5]), f" and {len(lost) - 5} more" if len(lost) > 5 else ""
    worst = next(iter(lost.values()))
    lacks = [any(field in lost and not was_there for (_, field), was_there in s.shown.items()) for s in sights]
    samples: list[JsonValue] = [
        s.sample for s, is_lacking in zip(sights, lacks, strict=True) if is_lacking and s.sample
    ]
    return Verdict(
        reason=f"{named}{more}: there {worst.now} times in {worst.of}, normally {worst.expected:.0f}",
        evidence={
            "lost": {names[f]: {"now": t.now, "of": t.of, "normally": round(t.expected, 1)} for f, t in lost.items()},
            "samples": samples[-_SAMPLES:],
        },
        suspects=tuple(s.title_id for s in sights[_beginning(sights, lacks, lost) :] if s.title_id is not None),
    )


def _beginning(sights: Sequence[Sight], lacks: Sequence[bool], lost: Collection[str]) -> int:
    """Place of the sight after the last one that still had something of what is lost."""
    place = lacks.index(True)
    while place and not any(was_there and field in lost for (_, field), was_there in sights[place - 1].shown.items()):
        place -= 1
    return place


@dataclass(slots=True)
class _Tally:
    """How often one field was there, in how many sights, and how often it should have been."""

    field: str
    now: int = 0
    of: int = 0
    expected: float = 0.0

    def is_lost(self, policy: DecaySettings) -> bool:
        most = policy.broken if self.field in _ALWAYS else policy.lost
        return self.of >= policy.least and self.now <= (1 - most) * self.expected


def _tallies(sights: Sequence[Sight], share: Share, policy: DecaySettings) -> dict[str, _Tally]:
    tallies: dict[str, _Tally] = {}
    for sight in sights:
        for key, was_there in sight.shown.items():
            normally = share(key)
            if normally is not None and normally >= policy.normally:
                tally = tallies.setdefault(key[1], _Tally(key[1]))
                tally.now += was_there
                tally.of += 1
                tally.expected += normally
    return tallies


def _broadest_first(field: str) -> tuple[bool, int, str]:
    return field not in _NAMES, field.count("."), field


def filled_fields(title: SourceTitle) -> dict[str, bool]:
    """Which fields a platform filled, those of the things in a list too (``characters.voice_actors``)."""
    found: dict[str, bool] = {}
    for name in _names(SourceTitle):
        value = getattr(title, name)
        found[name] = _is_filled(value)
        items = value[:_LOOKED_AT] if isinstance(value, tuple) else (value,)
        inside = [item for item in items if is_dataclass(item) and not isinstance(item, type)]
        for inner in _names(type(inside[0])) if inside else ():
            found[f"{name}.{inner}"] = any(_is_filled(getattr(item, inner, None)) for item in inside)
    return found


@cache
def _names(kind: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind) if field.name not in _OURS)


def _is_filled(value: object) -> bool:
    return value is not None and value not in ((), "")
