"""The identity registry: which title a source URL means, through merges, splits and gained sources.

A ``title_id`` is the UUIDv5 of the first-seen anchor source and never changes hands. When a release puts the URLs of
two known titles into one row, the elder title lives on and the other is merged into it; when it spreads one title's
URLs over several rows, the row with the anchor keeps the title and the others become titles of their own. Every such
event is kept. Deciding is a pure function (:func:`plan_sync`) of what is known and what the release says, independent
of the order of its rows.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID, uuid5

from pipeline.domain.names import Site

__all__ = ["NAMESPACE", "IdentityEvent", "KnownTitle", "ListedRow", "SyncPlan", "plan_sync", "title_id_of"]

NAMESPACE: Final = UUID("6f3d3c1e-9a57-5a0e-8d0f-3f9d5b7a41c2")

_ANCHOR_ORDER: Final = (
    Site.MAL,
    Site.ANILIST,
    Site.ANIDB,
    Site.KITSU,
    Site.ANIME_PLANET,
    Site.ANISEARCH,
    Site.ANN,
    Site.LIVECHART,
    Site.SIMKL,
    Site.ANIMECOUNTDOWN,
    Site.NOTIFY_MOE,
)


def title_id_of(anchor: str) -> str:
    """The id of a title first seen under this source URL."""
    return str(uuid5(NAMESPACE, f"anime:{anchor}"))


@dataclass(frozen=True, slots=True)
class ListedRow:
    """What of a catalogue row matters for identity. ``urls`` are canonical; ``ids`` belong to them, in row order."""

    position: int
    name: str
    urls: tuple[str, ...]
    ids: tuple[tuple[Site, str], ...]
    content: bytes
    digest: str

    @property
    def anchor(self) -> str:
        """The URL a new title would be named by: MyAnimeList's first, then AniList's …, else the smallest URL."""
        for site in _ANCHOR_ORDER:
            for (of, _), url in zip(self.ids, self.urls, strict=False):
                if of is site:
                    return url
        return min(self.urls)


@dataclass(frozen=True, slots=True)
class KnownTitle:
    """A title the registry has. ``age`` orders titles by when they were first seen (smaller is elder)."""

    title_id: str
    anchor: str
    age: tuple[float, str]
    row_digest: str
    state: str
    position: int


@dataclass(frozen=True, slots=True)
class IdentityEvent:
    """Something that happened to an identity in a release."""

    kind: str
    title_id: str
    other: str | None
    detail: str


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """What a release changes in the registry."""

    owners: Mapping[int, str] = field(default_factory=dict)
    """Row position to title."""
    created: tuple[tuple[str, ListedRow], ...] = ()
    updated: tuple[tuple[str, ListedRow], ...] = ()
    moved: tuple[tuple[str, int], ...] = ()
    """Titles that only stand elsewhere in the file."""
    merged: Mapping[str, str] = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    urls: Mapping[str, str] = field(default_factory=dict)
    """New or re-pointed URLs."""
    ids: Mapping[tuple[Site, str], str] = field(default_factory=dict)
    """New or re-pointed ids."""
    events: tuple[IdentityEvent, ...] = ()


def plan_sync(
    rows: Sequence[ListedRow],
    *,
    titles: Mapping[str, KnownTitle],
    url_owner: Mapping[str, str],
    id_owner: Mapping[tuple[Site, str], str],
) -> SyncPlan:
    """Say what a release changes. ``rows`` is the whole release."""
    row_of_url, events = _rows_of_urls(rows)
    owners, merged, split_events = _owners(rows, titles=titles, url_owner=url_owner, row_of_url=row_of_url)
    events = [*events, *split_events]
    urls: dict[str, str] = {}
    ids: dict[tuple[Site, str], str] = {}
    created: list[tuple[str, ListedRow]] = []
    updated: list[tuple[str, ListedRow]] = []
    moved: list[tuple[str, int]] = []
    for row in rows:
        title_id = owners[row.position]
        known = titles.get(title_id)
        mine = [url for url in row.urls if row_of_url[url] == row.position]
        _note_urls(title_id, mine, url_owner=url_owner, urls=urls, events=events, is_new=known is None)
        for (site, id_), url in zip(row.ids, row.urls, strict=False):
            if row_of_url[url] == row.position and id_owner.get((site, id_)) != title_id:
                ids[site, id_] = title_id
        if known is None:
            created.append((title_id, row))
        elif known.row_digest != row.digest or known.state != "active":
            updated.append((title_id, row))
        elif known.position != row.position:
            moved.append((title_id, row.position))
    alive = set(owners.values()) | set(merged)
    gone = tuple(sorted(t.title_id for t in titles.values() if t.state == "active" and t.title_id not in alive))
    # URLs and ids that no row of this release holds follow their title into the merge
    urls |= {url: merged[owner] for url, owner in url_owner.items() if owner in merged and url not in urls}
    ids |= {key: merged[owner] for key, owner in id_owner.items() if owner in merged and key not in ids}
    return SyncPlan(owners, tuple(created), tuple(updated), tuple(moved), merged, gone, urls, ids, tuple(events))


def _rows_of_urls(rows: Iterable[ListedRow]) -> tuple[dict[str, int], list[IdentityEvent]]:
    """Which row a URL belongs to. A URL on two rows belongs to the one with the smaller anchor, whatever the order."""
    owner: dict[str, ListedRow] = {}
    shared: list[IdentityEvent] = []
    for row in rows:
        for url in row.urls:
            other = owner.get(url)
            if other is None:
                owner[url] = row
            elif other.position != row.position:
                keeper, loser = sorted((other, row), key=lambda r: (r.anchor, r.digest, r.position))
                owner[url] = keeper
                shared.append(IdentityEvent("shared", title_id_of(keeper.anchor), title_id_of(loser.anchor), url))
    return {url: row.position for url, row in owner.items()}, shared


def _owners(
    rows: Sequence[ListedRow],
    *,
    titles: Mapping[str, KnownTitle],
    url_owner: Mapping[str, str],
    row_of_url: Mapping[str, int],
) -> tuple[dict[int, str], dict[str, str], list[IdentityEvent]]:
    candidates: dict[int, dict[str, int]] = {}
    contenders: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        found: dict[str, int] = defaultdict(int)
        for url in row.urls:
            owner = url_owner.get(url)
            if owner is not None and row_of_url[url] == row.position:
                found[owner] += 1
        candidates[row.position] = found
        for title_id in found:
            contenders[title_id].append(row.position)
    by_position = {row.position: row for row in rows}
    keeper = {
        title_id: _keeper(titles[title_id], positions, candidates, by_position, row_of_url)
        for title_id, positions in contenders.items()
    }
    owners: dict[int, str] = {}
    merged: dict[str, str] = {}
    events: list[IdentityEvent] = []
    used: set[str] = set()
    for row in rows:
        kept = sorted((t for t in candidates[row.position] if keeper[t] == row.position), key=lambda t: titles[t].age)
        lost = sorted(t for t in candidates[row.position] if keeper[t] != row.position)
        if kept:
            owners[row.position] = kept[0]
            for loser in kept[1:]:
                merged[loser] = kept[0]
                events.append(IdentityEvent("merged", kept[0], loser, row.name))
        else:
            title_id = _fresh_id(row, taken=titles, used=used)
            owners[row.position] = title_id
            events.extend(IdentityEvent("split", origin, title_id, row.name) for origin in lost)
        used.add(owners[row.position])
    return owners, merged, events


def _keeper(
    title: KnownTitle,
    positions: Sequence[int],
    candidates: Mapping[int, Mapping[str, int]],
    rows: Mapping[int, ListedRow],
    row_of_url: Mapping[str, int],
) -> int:
    """Which of the rows that hold a title's URLs keeps it: the one with its anchor, else the one with most of them."""
    anchored = row_of_url.get(title.anchor)
    if anchored in positions and anchored is not None:
        return anchored
    return min(positions, key=lambda p: (-candidates[p][title.title_id], rows[p].anchor, rows[p].digest, p))


def _fresh_id(row: ListedRow, *, taken: Mapping[str, KnownTitle], used: set[str]) -> str:
    for url in (row.anchor, *sorted(row.urls)):
        title_id = title_id_of(url)
        if title_id not in taken and title_id not in used:
            return title_id
    return title_id_of(f"{row.anchor}#{row.digest}")  # every URL of the row already named another title


def _note_urls(
    title_id: str,
    mine: Iterable[str],
    *,
    url_owner: Mapping[str, str],
    urls: dict[str, str],
    events: list[IdentityEvent],
    is_new: bool,
) -> None:
    for url in mine:
        before = url_owner.get(url)
        if before == title_id:
            continue
        urls[url] = title_id
        if before is not None:
            events.append(IdentityEvent("moved", title_id, before, url))
        elif not is_new:
            events.append(IdentityEvent("gained", title_id, None, url))
