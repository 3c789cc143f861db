"""How long an outcome is good, and what follows: who is asked again, and what a fresh one still lacks.

Pure but for what is read from the ledger.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from pipeline.catalogue import load_row
from pipeline.domain.exchange import Request, Wanted
from pipeline.domain.names import AiringStatus, Outcome, Platform
from pipeline.errors import BadInput, Broken
from pipeline.ledger import Ledger
from pipeline.ledger.fetched import Kept, SettledOutcome
from pipeline.ledger.titles import StoredTitle
from pipeline.platforms.port import PlatformAdapter
from pipeline.settings import FreshnessSettings

__all__ = ["FOREVER", "due_at", "fresh_until", "is_fresh", "missing_of", "outcome_of_kept", "wanted_of"]

_DAY_S: Final = 86_400.0
FOREVER: Final = 4_102_444_800.0  # 2100: what we did not ask stays so until the settings or the row change


def fresh_until(outcome: Outcome, status: AiringStatus, *, now: float, policy: FreshnessSettings) -> float:
    """Until when an outcome is good. A failure is due at once."""
    if outcome is Outcome.FAILED:
        return now
    if outcome is Outcome.ABSENT:
        return now + policy.absent_days * _DAY_S
    days = {
        AiringStatus.FINISHED: policy.finished_days,
        AiringStatus.CANCELLED: policy.finished_days,
        AiringStatus.AIRING: policy.airing_days,
        AiringStatus.HIATUS: policy.airing_days,
        AiringStatus.UPCOMING: policy.upcoming_days,
        AiringStatus.UNKNOWN: policy.unknown_days,
    }[status]
    return now + days * _DAY_S


def wanted_of(title: StoredTitle, ids: Sequence[str]) -> tuple[Wanted, ...]:
    """What an adapter is told of a title's ids before anything is had of them."""
    row = load_row(title.row)
    return tuple(Wanted(id_, type=row.type, status=row.status, episodes=row.episodes, ids=title.ids) for id_ in ids)


def is_fresh(last: SettledOutcome, ids: Sequence[str], *, now: float) -> bool:
    """Whether what is had still stands for a title that has these ids on the platform."""
    return last.fresh_until > now and last.ids == tuple(ids)


def due_at(outcome: SettledOutcome) -> float:
    """When a title must be asked for again: a failure at once, even where it left something that stands."""
    return 0.0 if outcome.outcome is Outcome.FAILED else outcome.fresh_until


def missing_of(
    adapter: PlatformAdapter, ledger: Ledger, title: StoredTitle, last: SettledOutcome
) -> tuple[Request, ...]:
    """What a title with a fresh outcome still lacks of what the adapter wants now (it may want more than it did).

    No part is older than the outcome's own asking, so all that are there count.
    """
    if last.outcome not in (Outcome.FOUND, Outcome.FAILED):
        return ()
    had = ledger.fetched.gathered(adapter.name, dict.fromkeys(last.ids, 0.0))
    wanted = (replace(one, parts=had[one.id].parts) for one in wanted_of(title, last.ids) if not had[one.id].is_absent)
    try:
        return tuple(request for one in wanted for request in adapter.plan_requests([one]))
    except (BadInput, Broken):
        return ()  # the step that reads the part says so


def outcome_of_kept(
    title: StoredTitle, platform: Platform, ids: Sequence[str], kept: Mapping[str, Kept], policy: FreshnessSettings
) -> SettledOutcome | None:
    """What answers that are kept come to without asking; ``None`` when they come to nothing.

    They are good as long as if they had been asked for when they were given; at once due where some ids have none.
    """
    mine = [kept[id_] for id_ in ids if id_ in kept]
    is_whole = len(mine) == len(ids)
    outcome = Outcome.ABSENT if all(one.is_absent for one in mine) else Outcome.FOUND
    if not mine or (outcome is Outcome.ABSENT and not is_whole):
        return None
    said_at = min(one.said_at for one in mine)
    until = fresh_until(outcome, load_row(title.row).status, now=said_at, policy=policy) if is_whole else said_at
    reason = f"said on {datetime.fromtimestamp(said_at, tz=UTC):%Y-%m-%d}"
    return SettledOutcome(title.title_id, platform, outcome, tuple(ids), reason, until)
