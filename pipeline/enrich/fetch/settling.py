"""Outcomes from answers that came some other way than by asking for a title: an archive, or a walk over a list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.domain.names import Outcome
from pipeline.enrich.fetch.freshness import outcome_of_kept
from pipeline.ledger import Ledger
from pipeline.ledger.fetched import Settled, SettledOutcome
from pipeline.platforms.port import PlatformAdapter
from pipeline.settings import FreshnessSettings

__all__ = ["SettledFromKept", "settle_from_kept"]


@dataclass(frozen=True, slots=True)
class SettledFromKept:
    """How many titles the answers are about, how many of them changed, and which of their ids titles list."""

    titles: int
    changed: int
    listed: frozenset[str]


def settle_from_kept(
    ledger: Ledger,
    adapter: PlatformAdapter,
    title_ids: Sequence[str],
    is_new: Mapping[str, bool],
    policy: FreshnessSettings,
) -> SettledFromKept:
    """Settle those of some titles that answers are about; the next run looks at each that is another now.

    ``is_new`` has the ids the answers are about, and whether what is kept of them was not kept before.
    """
    titles = ledger.titles.load(title_ids)
    ids = {title.title_id: adapter.wanted_ids(title.ids) for title in titles}
    listed = frozenset(id_ for mine in ids.values() for id_ in mine)
    kept = ledger.fetched.kept(adapter.name, sorted(listed))
    stored = ledger.fetched.outcomes(list(ids))
    about = [title for title in titles if any(id_ in is_new for id_ in ids[title.title_id])]
    changed: list[SettledOutcome] = []
    for title in about:
        mine = ids[title.title_id]
        said = outcome_of_kept(title, adapter.name, mine, kept, policy)
        last = stored[title.title_id].get(adapter.name)
        if said is not None and (any(is_new.get(id_) for id_ in mine) or not _stands(last, said)):
            changed.append(said)
    ledger.titles.reopen(
        [outcome.title_id for outcome in changed]
    )  # first: a title too many is looked at, none too few
    ledger.fetched.settle(changed)
    return SettledFromKept(len(about), len(changed), listed)


def _stands(last: Settled | None, said: SettledOutcome) -> bool:
    """Whether a settled outcome is at least as good as what the kept answers say."""
    if last is None or last.outcome.outcome not in (Outcome.FOUND, Outcome.ABSENT):
        return False
    return last.outcome.ids == said.ids and last.outcome.fresh_until >= said.fresh_until
