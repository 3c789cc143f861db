"""Fields that follow from others: decided anew where a person decided what they follow from.

Pure. The stages derive one field from another (month from the first day, the combined score from the platforms'), and
know no locks. So what follows from a locked field is derived here once more, by the same rules from the locked value,
in an order in which what follows from a derived field comes after it. A field that is locked itself stays what its
lock says. What follows says so: ``review`` is among its sources, the evidence names the lock, and the value it would
have without it is among those passed over.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from pipeline.domain.claims import Chosen, Claim
from pipeline.domain.names import AgeRating, Season, Source
from pipeline.domain.record import AiredDates, VoiceActorRecord
from pipeline.domain.review import LOCKED
from pipeline.domain.source_title import Broadcast, PartialDate
from pipeline.domain.text import name_key
from pipeline.domain.title import StageInput
from pipeline.stages.characters import list_cast_voices
from pipeline.stages.choose import in_order, text_of
from pipeline.stages.dates import choose_aired, choose_month, choose_season, choose_year
from pipeline.stages.episodes import choose_other_counts
from pipeline.stages.figures import choose_score
from pipeline.stages.media import services_of
from pipeline.stages.metadata import choose_nsfw
from pipeline.stages.names_of_work import choose_synonyms
from pipeline.stages.staff import choose_staff, voices_of
from pipeline.stages.synopsis import choose_other_texts

__all__ = ["FOLLOWS", "follow_locks"]

_TITLES: Final = ("title", "title_english", "title_japanese", "title_romaji")
_BY_SEASON: Final = "rule:year_of_season@1"


@dataclass(frozen=True, slots=True)
class _Known:
    """All there is to derive from: the inputs, every field as it is by now, and as the rules alone have it."""

    inputs: StageInput
    decided: Mapping[str, Chosen[Any]]
    rules: Mapping[str, Chosen[Any]]

    def value(self, name: str) -> Any:
        return self.decided[name].value

    def is_unlike_rules(self, name: str) -> bool:
        return text_of(self.decided[name].value) != text_of(self.rules[name].value)


@dataclass(frozen=True, slots=True)
class _Follower:
    """A field, what it follows from, and how. ``None``: it does not follow in this case."""

    parents: tuple[str, ...]
    derive: Callable[[_Known], Chosen[Any] | None]


def follow_locks(
    inputs: StageInput, decided: Mapping[str, Chosen[Any]], rules: Mapping[str, Chosen[Any]]
) -> dict[str, Chosen[Any]]:
    """Every field, those that follow from a locked one derived from it. ``rules`` is what would be without locks."""
    new = dict(decided)
    moved = {name: chosen.evidence[0] for name, chosen in decided.items() if chosen.rule == LOCKED}
    for name, follower in _FOLLOWERS.items():
        causes = [parent for parent in follower.parents if parent in moved]
        if not causes or decided[name].rule == LOCKED:
            continue
        derived = follower.derive(_Known(inputs, new, rules))
        if derived is not None:
            locked = [parent for parent in causes if new[parent].rule == LOCKED] or causes
            new[name] = _told(derived, rules[name], [f"follows {parent}, {moved[parent]}" for parent in locked])
            moved[name] = f"which follows {locked[0]}, {moved[locked[0]]}"
    return new


def _told(derived: Chosen[Any], rules: Chosen[Any], why: Sequence[str]) -> Chosen[Any]:
    is_other = text_of(derived.value) != text_of(rules.value)
    without = [Claim(rules.value, rules.sources)] if is_other and rules.sources else []
    lost = [claim for claim in derived.passed_over if not without or text_of(claim.value) != text_of(rules.value)]
    return replace(
        derived,
        sources=tuple(sorted({*derived.sources, Source.REVIEW})),
        confidence=derived.confidence if derived.sources else 1.0,
        passed_over=(*without, *lost),
        evidence=(*why, *derived.evidence),
    )


def _start(known: _Known) -> Chosen[PartialDate | None]:
    """The first day as it is by now, the person's word or what follows from it."""
    chosen: Chosen[AiredDates | None] = known.decided["aired_dates"]
    text = None if chosen.value is None else chosen.value.start
    parts = [int(part) for part in text.split("-")] if text else []
    return Chosen(PartialDate(*parts) if parts else None, chosen.sources, chosen.rule, chosen.confidence)


def _aired(known: _Known) -> Chosen[Any] | None:
    """The slot's weekday tells which of two neighbouring days it was; a slot without one tells nothing."""
    slot: Broadcast | None = known.value("broadcast")
    return None if slot is None or slot.day is None else choose_aired(in_order(known.inputs), slot.day)


def _season(known: _Known) -> Chosen[Any]:
    """A season the platforms say that does not fit the day a person gave is out, and in no conflict with it."""
    start = _start(known)
    season = choose_season(in_order(known.inputs), known.inputs.title.row, start)
    is_of_day = season.sources == start.sources
    return replace(season, conflict=False, confidence=start.confidence) if is_of_day else season


def _year(known: _Known) -> Chosen[Any]:
    """Of another season than the platforms' its own year: a winter may begin in December of the year before."""
    start, season = _start(known), known.decided["season"]
    first, is_said = start.value, season.rule == LOCKED
    is_new = known.is_unlike_rules("season") or known.is_unlike_rules("aired_dates")
    if not (is_said and is_new) or first is None or first.month is None:
        as_ruled = known.rules["season"] if is_said else season
        return choose_year(in_order(known.inputs), known.inputs.title.row, start, as_ruled)
    later = int(season.value is Season.WINTER and first.month > 9) - int(
        season.value is Season.FALL and first.month < 4
    )
    return Chosen(first.year + later, start.sources, _BY_SEASON, start.confidence, evidence=("date:start",))


def _month(known: _Known) -> Chosen[Any]:
    return choose_month(_start(known))


def _nsfw(known: _Known) -> Chosen[Any] | None:
    """Where no platform has a flag for it, the age rating says it."""
    rating: AgeRating | None = known.value("rating")
    sources = in_order(known.inputs)
    if rating is None or any(one.is_adult is not None for one in sources):
        return None
    ruled = choose_nsfw(sources)
    value = rating is AgeRating.RX
    return replace(ruled, value=value, sources=(), rule="rule:adult_of_rating@1", passed_over=(), conflict=False)


def _synonyms(known: _Known) -> Chosen[Any]:
    return choose_synonyms(in_order(known.inputs), known.inputs.title.row, [known.value(name) for name in _TITLES])


def _synopses(known: _Known) -> Chosen[Any]:
    return choose_other_texts(in_order(known.inputs), known.inputs.choosing, known.value("synopsis"))


def _overrides(known: _Known) -> Chosen[Any]:
    return choose_other_counts(known.inputs, known.value("episodes"))


def _score(known: _Known) -> Chosen[Any]:
    return choose_score(known.value("statistics"), known.inputs.choosing)


def _services(known: _Known) -> Chosen[Any]:
    return services_of(known.decided["streaming_info"])


def _voices(known: _Known) -> Chosen[Any]:
    return list_cast_voices(known.value("characters"))


def _staff(known: _Known) -> Chosen[Any]:
    """Who lost their part in the cast is staff again, and who was given one stands with the cast alone."""
    now, before = (_keys(voices["voice_actors"].value) for voices in (known.decided, known.rules))
    return choose_staff(known.inputs, (voices_of(known.inputs) - (before - now)) | (now - before))


def _keys(voices: Sequence[VoiceActorRecord]) -> frozenset[str]:
    return frozenset(name_key(voice.name) for voice in voices)


_FOLLOWERS: Final = {
    "aired_dates": _Follower(("broadcast",), _aired),
    "season": _Follower(("aired_dates",), _season),
    "year": _Follower(("aired_dates", "season"), _year),
    "month": _Follower(("aired_dates",), _month),
    "nsfw": _Follower(("rating",), _nsfw),
    "synonyms": _Follower(_TITLES, _synonyms),
    "synopses": _Follower(("synopsis",), _synopses),
    "episode_overrides": _Follower(("episodes",), _overrides),
    "score": _Follower(("statistics",), _score),
    "streaming_licenses": _Follower(("streaming_info",), _services),
    "voice_actors": _Follower(("characters",), _voices),
    "staff_data": _Follower(("voice_actors",), _staff),
}
"""Every field that follows from others, after those it follows from."""

FOLLOWS: Final[Mapping[str, tuple[str, ...]]] = {name: one.parents for name, one in _FOLLOWERS.items()}
"""The same for readers: from what each follows."""
