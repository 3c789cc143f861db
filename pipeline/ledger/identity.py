"""The identity registry: which title a source URL means, through merges, splits and gained sources.

A ``title_id`` is the UUIDv5 of the first-seen anchor source and never changes hands. A row that did not change keeps
its title. When a release puts the URLs of several known titles into one row, the elder title lives on (one in the
catalogue before one that had left it) and the others are merged into it; when it spreads one title's URLs over several
rows, the row with the anchor keeps the title and the others become titles of their own, or wake the title that was
once merged away with their anchor. Every such event is kept. Deciding is a pure function (:func:`plan_sync`) of what is
known and what the release says, independent of the order of its rows.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, count
from typing import Final, TypeAlias
from uuid import UUID, uuid5

from pipeline.domain.names import Site

__all__ = ["IdentityEvent", "KnownTitle", "ListedRow", "SyncPlan", "plan_sync", "title_id_of"]

_NAMESPACE: Final = UUID("6f3d3c1e-9a57-5a0e-8d0f-3f9d5b7a41c2")

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

_IdKey: TypeAlias = tuple[Site, str]


def title_id_of(anchor: str) -> str:
    """The id of a title first seen under this source URL."""
    return str(uuid5(_NAMESPACE, f"anime:{anchor}"))


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
    """New, re-pointed or again listed ids."""
    unlisted: tuple[tuple[Site, str], ...] = ()
    """Ids that still lead to their title, but that no row lists any more: nothing is asked for under them."""
    touched: tuple[str, ...] = ()
    """Known titles whose listed ids changed."""
    events: tuple[IdentityEvent, ...] = ()


def plan_sync(
    rows: Sequence[ListedRow],
    *,
    titles: Mapping[str, KnownTitle],
    url_owner: Mapping[str, str],
    id_owner: Mapping[tuple[Site, str], str],
    unlisted: Collection[tuple[Site, str]],
) -> SyncPlan:
    """Say what a release changes. ``rows`` is the whole release; ``unlisted`` are ids that no row of the last held."""
    release = _Release(rows, titles, url_owner)
    owners, merged = release.owners, release.merged
    urls = {url: owners[p] for url, p in release.row_of_url.items() if url_owner.get(url) != owners[p]}
    # URLs that no row of this release holds follow their title into the merge
    urls |= {u: merged[t] for u, t in url_owner.items() if t in merged and u not in release.row_of_url}
    active = set(owners.values())
    alive = active | set(merged)
    listed = {key: owners[row.position] for row in release.rows for key in release.own_ids(row)}
    follow = {key: merged[t] for key, t in id_owner.items() if t in merged and key not in listed}
    again = {key: t for key, t in listed.items() if id_owner.get(key) != t or key in unlisted}
    dropped = [
        key
        for key, t in id_owner.items()
        if key not in listed and (key in follow or (t in active and key not in unlisted))
    ]
    changed = {t for key in (*again, *dropped) for t in (listed.get(key), id_owner.get(key))}
    return SyncPlan(
        owners=owners,
        created=tuple((owners[r.position], r) for r in rows if owners[r.position] not in titles),
        updated=tuple((t, r) for r in rows if _has_changed(titles.get(t := owners[r.position]), r)),
        moved=tuple((t, r.position) for r in rows if _only_moved(titles.get(t := owners[r.position]), r)),
        merged=merged,
        gone=tuple(sorted(t for t, known in titles.items() if known.state == "active" and t not in alive)),
        urls=urls,
        ids=again | follow,
        unlisted=tuple(sorted(dropped)),
        touched=tuple(sorted(t for t in changed if t in titles and t in active)),
        events=tuple(release.events()),
    )


def _has_changed(known: KnownTitle | None, row: ListedRow) -> bool:
    return known is not None and (known.row_digest != row.digest or known.state != "active")


def _only_moved(known: KnownTitle | None, row: ListedRow) -> bool:
    return known is not None and not _has_changed(known, row) and known.position != row.position


class _Release:
    """A release laid beside the registry: who owns which row, and which row owns which URL.

    Rows are walked in an order of their content, never of the file; rows that are alike to the byte are the one case
    where the file's order decides, and there it makes no difference.
    """

    def __init__(
        self, rows: Sequence[ListedRow], titles: Mapping[str, KnownTitle], url_owner: Mapping[str, str]
    ) -> None:
        self._titles = titles
        self._url_owner = url_owner
        self._anchors = {row.position: row.anchor for row in rows}
        self.rows = sorted(rows, key=lambda row: (self._anchors[row.position], row.digest, row.position))
        self._rank = {row.position: rank for rank, row in enumerate(self.rows)}
        self._holders: dict[str, list[ListedRow]] = defaultdict(list)
        for row in self.rows:
            for url in dict.fromkeys(row.urls):
                self._holders[url].append(row)
        self.owners: dict[int, str] = self._unchanged()
        self.merged: dict[str, str] = {}
        self._keep_by_urls()
        self._keep_by_anchor()
        self.row_of_url = {url: self._home(url, holders) for url, holders in self._holders.items()}
        self._name_the_rest()

    def own_ids(self, row: ListedRow) -> list[_IdKey]:
        """Ids whose URL is this row's, not shared away."""
        return [key for key, url in zip(row.ids, row.urls, strict=False) if self.row_of_url[url] == row.position]

    def _unchanged(self) -> dict[int, str]:
        """Rows that stand in the registry to the byte keep their title."""
        active = sorted(
            (title for title in self._titles.values() if title.state == "active"),
            key=lambda title: (title.position, title.title_id),
            reverse=True,
        )
        # of rows alike but for the order of their sources each keeps the title it had
        at = {(title.row_digest, title.position): title.title_id for title in active}
        kept = {row.position: at[place] for row in self.rows if (place := (row.digest, row.position)) in at}
        taken = set(kept.values())
        standing: dict[str, list[str]] = defaultdict(list)
        for title in active:
            if title.title_id not in taken:
                standing[title.row_digest].append(title.title_id)
        moved = (row for row in self.rows if row.position not in kept)
        return kept | {row.position: same.pop() for row in moved if (same := standing.get(row.digest))}

    def _keep_by_urls(self) -> None:
        """Each other title chooses one of the rows that hold its URLs; titles that meet in a row become one."""
        settled = set(self.owners.values())
        evidence: dict[str, Counter[int]] = defaultdict(Counter)
        for url, holders in self._holders.items():
            owner = self._url_owner.get(url)
            if owner is not None and owner not in settled:
                evidence[owner].update(row.position for row in holders)
        by_position = {row.position: row for row in self.rows}
        meeting: dict[int, list[str]] = defaultdict(list)
        for title_id, found in evidence.items():
            # an unchanged row says nothing new: it takes a title in only when no other row holds its URLs
            open_ = [p for p in found if p not in self.owners] or list(found)
            claims = {p: self._claim(title_id, by_position[p], found[p]) for p in open_}
            meeting[min(claims, key=claims.__getitem__)].append(title_id)
        for position, title_ids in meeting.items():
            keeper = self.owners.get(position) or min(
                title_ids, key=partial(self._seniority, anchor=self._anchors[position])
            )
            self.owners[position] = keeper
            self.merged |= {title_id: keeper for title_id in title_ids if title_id != keeper}

    def _claim(self, title_id: str, row: ListedRow, shared: int) -> tuple[bool, int, int, int]:
        """Smaller is stronger: the row with the anchor, with most of the title's URLs, with fewest of others'."""
        foreign = sum(self._url_owner.get(url, title_id) != title_id for url in row.urls)
        return self._titles[title_id].anchor not in row.urls, -shared, foreign, self._rank[row.position]

    def _seniority(self, title_id: str, anchor: str = "") -> tuple[bool, float, bool, str, str]:
        """Smaller is elder; of titles first seen in the same release the one with the best source comes first."""
        title = self._titles[title_id]
        first_seen, named = title.age
        return title.state != "active", first_seen, title.anchor != anchor, named, title_id

    def _keep_by_anchor(self) -> None:
        """A title all of whose URLs belong to others (rows with the same URLs) is found again by its anchor."""
        housed = set(self._url_owner.values()) | set(self.owners.values())
        homeless: dict[str, list[str]] = defaultdict(list)
        for title_id in sorted(self._titles, key=self._seniority, reverse=True):
            if title_id not in housed and self._titles[title_id].state != "merged":
                homeless[self._titles[title_id].anchor].append(title_id)
        for row in self.rows:
            waiting = homeless.get(self._anchors[row.position])
            if waiting and row.position not in self.owners:
                self.owners[row.position] = waiting.pop()

    def _home(self, url: str, holders: Sequence[ListedRow]) -> int:
        """The row a URL belongs to. On several rows: its title's, else the one with the fewest URLs."""
        if len(holders) == 1:
            return holders[0].position
        before = self._url_owner.get(url)
        keeper = None if before is None else self.merged.get(before, before)
        return min(
            holders,
            key=lambda r: (
                keeper is None or self.owners.get(r.position) != keeper,
                len(r.urls),
                self._rank[r.position],
            ),
        ).position

    def _name_the_rest(self) -> None:
        asleep = {
            self._titles[t].anchor: t
            for t in sorted(self._titles, key=self._seniority, reverse=True)
            if self._titles[t].state == "merged"
        }
        used: set[str] = set()
        for row in self.rows:
            if row.position not in self.owners:
                self.owners[row.position] = self._name(row, asleep, used)
                used.add(self.owners[row.position])

    def _name(self, row: ListedRow, asleep: Mapping[str, str], used: Collection[str]) -> str:
        anchor = self._anchors[row.position]
        mine = [url for url in (anchor, *sorted(row.urls)) if self.row_of_url[url] == row.position]
        woken = [asleep[url] for url in mine if url in asleep]
        if woken:
            return woken[0]
        names = map(title_id_of, chain(mine, (f"{anchor}#{n}" for n in count(2))))
        return next(name for name in names if name not in self._titles and name not in used)

    def events(self) -> list[IdentityEvent]:
        """What happened to identities, in an order of their own."""
        names = {self.owners[row.position]: row.name for row in self.rows}
        found = {IdentityEvent("merged", into, title_id, names[into]) for title_id, into in self.merged.items()}
        for url, position in self.row_of_url.items():
            found |= self._url_events(url, self.owners[position], names)
        for url, holders in self._holders.items():
            keeper = self.row_of_url[url]
            found |= {
                IdentityEvent("shared", self.owners[keeper], self.owners[row.position], url)
                for row in holders
                if row.position != keeper
            }
        return sorted(found, key=lambda e: (e.kind, e.title_id, e.other or "", e.detail))

    def _url_events(self, url: str, owner: str, names: Mapping[str, str]) -> set[IdentityEvent]:
        before = self._url_owner.get(url)
        known = self._titles.get(owner)
        is_new = known is None or known.state == "merged"
        if before == owner or (before is None and is_new):
            return set()
        if before is None:
            return {IdentityEvent("gained", owner, None, url)}
        if self.merged.get(before) == owner:
            return set()
        moved = IdentityEvent("moved", owner, before, url)
        return {moved, IdentityEvent("split", before, owner, names[owner])} if is_new else {moved}
