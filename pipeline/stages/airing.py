"""When it airs: the weekly slot, the calendar, premieres, pauses and the next episode."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final

from pipeline.domain.claims import Chosen
from pipeline.domain.names import Source
from pipeline.domain.source_title import AiringSlot, Broadcast, Delay, SourceTitle
from pipeline.stages.choose import choose_weighted, collected, heaviest
from pipeline.stages.weights import AIRING

__all__ = ["choose_broadcast", "choose_next", "collect_delays", "collect_slots"]

_VERSION: Final = 1
_DAYS: Final = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
_A_DAY: Final = 24 * 60
_ONE_SLOT: Final = 60
"""Minutes between two clocks of one slot: platforms round, and seasons move it a little."""


def choose_broadcast(sources: Sequence[SourceTitle]) -> Chosen[Broadcast | None]:
    """The weekly slot. Whoever gives only the day or only the time supports the one who gives both."""
    slots = [
        (one.source, one.broadcast) for one in sources if one.broadcast and (one.broadcast.day or one.broadcast.time)
    ]
    said: list[tuple[Source, Broadcast | None]] = [
        (source, _completed(slot, [other for _, other in slots])) for source, slot in slots
    ]
    return choose_weighted(
        said, weights=AIRING, rule="rule:broadcast_vote@2", nobody=None, key=_day, fineness=_fineness
    )


def _completed(slot: Broadcast, others: Iterable[Broadcast]) -> Broadcast:
    """A slot of which only the time was said, on the one day that others say for about that time."""
    if slot.day is not None or slot.time is None:
        return slot
    near = {day for one in others if one.timezone == slot.timezone and (day := _day_at(slot.time, one)) is not None}
    return replace(slot, day=near.pop()) if len(near) == 1 else slot


def _day_at(time: str, other: Broadcast) -> str | None:
    """The day a clock near another's falls on: after midnight it is the next one."""
    if other.day not in _DAYS or other.time is None:
        return None
    later = (_minutes(time) - _minutes(other.time) + _A_DAY // 2) % _A_DAY - _A_DAY // 2
    if abs(later) > _ONE_SLOT:
        return None
    return _DAYS[(_DAYS.index(other.day) + (_minutes(other.time) + later) // _A_DAY) % len(_DAYS)]


def _minutes(time: str) -> int:
    hours, _, minutes = time.partition(":")
    return int(hours) * 60 + int(minutes)


def _day(slot: Broadcast | None) -> str:
    return "" if slot is None else f"{slot.day or slot.time}"


def _fineness(slot: Broadcast | None) -> int:
    return 0 if slot is None else (slot.day is not None) + (slot.time is not None)


def collect_slots(
    sources: Sequence[SourceTitle], slots_of: Callable[[SourceTitle], Iterable[AiringSlot]], *, rule: str
) -> Chosen[list[AiringSlot]]:
    """All slots in time order; of several times for one numbered episode the one with most weight behind it."""
    said: dict[tuple[str, int | None, str], list[tuple[Source, AiringSlot]]] = {}
    for one in sources:
        for slot in slots_of(one):
            apart = slot.at if slot.episode is None else ""
            said.setdefault((slot.kind, slot.episode, apart), []).append((one.source, slot))
    chosen = [heaviest(pairs, weights=AIRING, nobody=pairs[0][1]) for pairs in said.values()]
    chosen.sort(key=lambda slot: (slot.at, slot.kind, -1 if slot.episode is None else slot.episode))
    return collected(chosen, [source for pairs in said.values() for source, _ in pairs], rule=f"rule:{rule}@{_VERSION}")


def collect_delays(sources: Sequence[SourceTitle]) -> Chosen[list[Delay]]:
    """All announced pauses, each once, in time order."""
    found = {delay: one.source for one in sources for delay in one.delays}
    delays = sorted(found, key=lambda delay: (delay.starts_at or "", delay.ends_at or "", delay.kind, delay.note or ""))
    who = [one.source for one in sources if one.delays]
    return collected(delays, who, rule=f"rule:delays_united@{_VERSION}")


def choose_next(sources: Sequence[SourceTitle]) -> Chosen[str | None]:
    """When the next episode airs, as it was when the platforms were asked."""
    said: list[tuple[Source, str | None]] = [
        (one.source, one.next_episode.at) for one in sources if one.next_episode is not None
    ]
    return choose_weighted(said, weights=AIRING, rule=f"rule:next_episode_vote@{_VERSION}", nobody=None)
