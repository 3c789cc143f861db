"""Releases for identity tests: rows over a few URLs, and a registry held in memory beside the real one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.domain.canonical import digest_of
from pipeline.domain.names import Site
from pipeline.ledger.identity import KnownTitle, ListedRow, SyncPlan, plan_sync

SITES = (Site.MAL, Site.ANILIST, Site.KITSU)


def url(key: str) -> str:
    """``mal:1`` as the URL of an entry; ``other:1`` as one of a site nobody knows."""
    site, _, id_ = key.partition(":")
    return f"https://{site}.example/anime/{id_}"


def row(position: int, *keys: str, name: str = "", note: str = "") -> ListedRow:
    """A row with these sources, ids first as the catalogue's reader gives them."""
    known = [key for key in keys if not key.startswith("other:")]
    other = [key for key in keys if key.startswith("other:")]
    content = f"{sorted(keys)} {note}".encode()
    ids = tuple((Site(key.split(":")[0]), key.split(":")[1]) for key in known)
    urls = tuple(map(url, (*known, *other)))
    return ListedRow(position, name or " ".join(sorted(keys)), urls, ids, content, digest_of(content.decode()))


def release(*rows: Sequence[str]) -> list[ListedRow]:
    """Rows by their keys, in order."""
    return [row(position, *keys) for position, keys in enumerate(rows)]


@dataclass
class Registry:
    """What the ledger remembers of identity, by the plain reading of a plan."""

    titles: dict[str, KnownTitle] = field(default_factory=dict)
    urls: dict[str, str] = field(default_factory=dict)
    ids: dict[tuple[Site, str], str] = field(default_factory=dict)
    unlisted: set[tuple[Site, str]] = field(default_factory=set)
    merged_into: dict[str, str] = field(default_factory=dict)
    time: float = 0.0

    def plan(self, rows: Sequence[ListedRow]) -> SyncPlan:
        return plan_sync(
            rows, titles=self.titles, url_owner=self.urls, id_owner=self.ids, unlisted=frozenset(self.unlisted)
        )

    def apply(self, rows: Sequence[ListedRow]) -> SyncPlan:
        plan = self.plan(rows)
        self.time += 1
        for title_id, listed in plan.created:
            assert title_id not in self.titles
            age = (self.time, listed.anchor)
            self._put(title_id, listed.anchor, age, listed)
        for title_id, listed in plan.updated:
            known = self.titles[title_id]
            self._put(title_id, known.anchor, known.age, listed)
            self.merged_into.pop(title_id, None)
        by_position = {listed.position: listed for listed in rows}
        for title_id, position in plan.moved:
            known = self.titles[title_id]
            self._put(title_id, known.anchor, known.age, by_position[position])
        for title_id in (*plan.gone, *plan.merged):
            known = self.titles[title_id]
            state = "merged" if title_id in plan.merged else "gone"
            self.titles[title_id] = KnownTitle(
                title_id, known.anchor, known.age, known.row_digest, state, known.position
            )
        self.merged_into |= plan.merged
        self.urls |= plan.urls
        self.ids |= plan.ids
        self.unlisted -= set(plan.ids)
        self.unlisted |= set(plan.unlisted)
        return plan

    def owners(self, rows: Sequence[ListedRow]) -> dict[str, str]:
        """Digest of a row to its title, as planned now."""
        plan = self.plan(rows)
        return {listed.digest: plan.owners[listed.position] for listed in rows}

    def _put(self, title_id: str, anchor: str, age: tuple[float, str], listed: ListedRow) -> None:
        self.titles[title_id] = KnownTitle(title_id, anchor, age, listed.digest, "active", listed.position)


def named(plan: SyncPlan, rows: Sequence[ListedRow]) -> Mapping[str, str]:
    """Row name to title."""
    return {listed.name: plan.owners[listed.position] for listed in rows}
