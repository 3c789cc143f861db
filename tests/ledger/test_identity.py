"""Which URL is which title, over sequences of releases."""

import copy
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.names import Site
from pipeline.ledger.identity import ListedRow, title_id_of
from tests.ledger.releases import Registry, named, release, row, url

KEYS = [f"{site}:{n}" for site in ("mal", "anilist", "kitsu", "other") for n in (1, 2, 3)]
ROWS = st.lists(st.lists(st.sampled_from(KEYS), min_size=1, max_size=5, unique=True), max_size=7)
NOTED_ROWS = st.tuples(ROWS, st.integers(0, 2))
RELEASES = st.lists(NOTED_ROWS, min_size=1, max_size=6)


def _rows(described: tuple[list[list[str]], int]) -> list[ListedRow]:
    keys, note = described
    return [row(n, *k, note=str(note) if n % 2 else "") for n, k in enumerate(keys)]


def _renumbered(rows: list[ListedRow], order: list[int]) -> list[ListedRow]:
    return [replace(rows[old], position=new) for new, old in enumerate(order)]


@given(RELEASES)
@settings(max_examples=150, deadline=None)
def test_every_row_has_one_title_and_no_title_two_rows(releases: list[tuple[list[list[str]], int]]) -> None:
    """Whatever rows gain, lose, share, merge, split or vanish."""
    registry = Registry()
    for described in releases:
        rows = _rows(described)
        plan = registry.apply(rows)
        assert set(plan.owners) == {listed.position for listed in rows}
        assert len(set(plan.owners.values())) == len(rows)
        active = {t for t, known in registry.titles.items() if known.state == "active"}
        assert active == set(plan.owners.values())


@given(RELEASES)
@settings(max_examples=150, deadline=None)
def test_urls_and_ids_never_lead_to_a_merged_title(releases: list[tuple[list[list[str]], int]]) -> None:
    """They lead to an active title or to one that is gone; and every URL of a row leads to a row that holds it."""
    registry = Registry()
    for described in releases:
        rows = _rows(described)
        plan = registry.apply(rows)
        states = {t: known.state for t, known in registry.titles.items()}
        for owner in (*registry.urls.values(), *registry.ids.values()):
            assert states[owner] in ("active", "gone")
        holders: dict[str, set[str]] = {}
        for listed in rows:
            for address in listed.urls:
                holders.setdefault(address, set()).add(plan.owners[listed.position])
        for address, titles in holders.items():
            assert registry.urls[address] in titles
        by_id = {i: u for listed in rows for i, u in zip(listed.ids, listed.urls, strict=False)}
        for key, address in by_id.items():
            assert registry.ids[key] == registry.urls[address]
            assert key not in registry.unlisted


@given(RELEASES)
@settings(max_examples=100, deadline=None)
def test_ids_that_no_row_lists_any_more_are_unlisted_but_still_known(
    releases: list[tuple[list[list[str]], int]],
) -> None:
    """Of an active title exactly the ids of this release are listed; no id is ever forgotten."""
    registry = Registry()
    seen: set[tuple[Site, str]] = set()
    for described in releases:
        rows = _rows(described)
        plan = registry.apply(rows)
        now = {key for listed in rows for key in listed.ids}
        seen |= now
        assert set(registry.ids) == seen
        active = set(plan.owners.values())
        listed_now = {key for key, owner in registry.ids.items() if owner in active and key not in registry.unlisted}
        assert listed_now == now


@given(RELEASES)
@settings(max_examples=100, deadline=None)
def test_the_same_release_twice_changes_nothing(releases: list[tuple[list[list[str]], int]]) -> None:
    """Only that a URL stands on two rows is said again."""
    registry = Registry()
    for described in releases:
        rows = _rows(described)
        first = registry.apply(rows)
        before = copy.deepcopy(registry)
        second = registry.apply(rows)
        assert second.owners == first.owners
        assert (registry.titles, registry.urls, registry.ids) == (before.titles, before.urls, before.ids)
        titles = (second.created, second.updated, second.moved, second.merged, second.gone, second.touched)
        assert not any(titles)
        assert not any((second.urls, second.ids, second.unlisted))
        assert {event.kind for event in second.events} <= {"shared"}


@given(RELEASES, st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_the_order_of_rows_does_not_matter(releases: list[tuple[list[list[str]], int]], random: object) -> None:
    """A registry fed with shuffled files ends with the same titles, URLs and events."""
    plain, shuffled = Registry(), Registry()
    for described in releases:
        rows = list({listed.digest: listed for listed in _rows(described)}.values())
        rows = _renumbered(rows, list(range(len(rows))))
        order = list(range(len(rows)))
        random.shuffle(order)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
        other = _renumbered(rows, order)
        first, second = plain.apply(rows), shuffled.apply(other)
        assert {r.digest: first.owners[r.position] for r in rows} == {
            r.digest: second.owners[r.position] for r in other
        }
        assert (plain.urls, plain.ids, plain.unlisted) == (shuffled.urls, shuffled.ids, shuffled.unlisted)
        assert (first.merged, first.gone, first.events) == (second.merged, second.gone, second.events)


@given(RELEASES)
@settings(max_examples=100, deadline=None)
def test_an_unchanged_row_keeps_its_title(releases: list[tuple[list[list[str]], int]]) -> None:
    """Whatever happens to the rows around it."""
    registry = Registry()
    before: dict[str, set[str]] = {}
    for described in releases:
        rows = _rows(described)
        plan = registry.apply(rows)
        now: dict[str, set[str]] = {}
        for listed in rows:
            now.setdefault(listed.digest, set()).add(plan.owners[listed.position])
        for digest, titles in now.items():
            if len(before.get(digest, ())) == len(titles):
                assert titles == before[digest]
        before = now


@given(st.permutations(range(4)))
def test_wholly_equal_rows_keep_their_titles_apart(order: list[int]) -> None:
    """Four rows alike to the byte are four titles, and stay the same four."""
    registry = Registry()
    rows = [row(n, "mal:1", "anilist:1") for n in range(4)]
    first = registry.apply(rows)
    assert len(set(first.owners.values())) == 4
    again = registry.apply([rows[n] for n in order])
    assert again.owners == first.owners


def test_a_new_title_is_named_by_its_best_source() -> None:
    """MyAnimeList before AniList, wherever it stands in the row; a site nobody knows only when there is no other."""
    rows = release(["anilist:1", "mal:7"], ["other:5", "kitsu:3"], ["other:9", "other:2"])
    plan = Registry().plan(rows)
    assert [plan.owners[n] for n in range(3)] == [title_id_of(url(k)) for k in ("mal:7", "kitsu:3", "other:2")]


def test_of_two_ids_of_one_site_the_first_names_the_title_and_both_are_its_own() -> None:
    """The multimap keeps both."""
    registry = Registry()
    plan = registry.apply(release(["mal:9", "mal:1"]))
    assert plan.owners[0] == title_id_of(url("mal:9"))
    assert registry.ids == {(Site.MAL, "9"): plan.owners[0], (Site.MAL, "1"): plan.owners[0]}


def test_a_gained_source_changes_no_id_even_if_it_would_name_better() -> None:
    """The first-seen anchor counts."""
    registry = Registry()
    (before,) = registry.apply(release(["anilist:1"])).owners.values()
    plan = registry.apply(release(["mal:1", "anilist:1"]))
    assert plan.owners[0] == before
    assert [(e.kind, e.title_id, e.detail) for e in plan.events] == [("gained", before, url("mal:1"))]


def test_two_titles_in_one_row_become_the_elder() -> None:
    """The younger is merged into it, with the URL that no row holds any more."""
    registry = Registry()
    elder = registry.apply(release(["mal:2"])).owners[0]
    younger = registry.apply(release(["mal:2"], ["mal:1", "kitsu:1"])).owners[1]
    plan = registry.apply(release(["mal:1", "mal:2"]))
    assert (plan.owners[0], plan.merged) == (elder, {younger: elder})
    assert [(e.kind, e.title_id, e.other) for e in plan.events] == [("merged", elder, younger)]
    assert registry.urls[url("kitsu:1")] == elder
    assert (registry.ids[Site.KITSU, "1"], (Site.KITSU, "1") in registry.unlisted) == (elder, True)


def test_of_an_elder_that_left_and_a_younger_that_stands_the_younger_lives_on() -> None:
    """What readers hold in their hands keeps its id."""
    registry = Registry()
    left = registry.apply(release(["mal:1"])).owners[0]
    stands = registry.apply(release(["anilist:2"])).owners[0]
    plan = registry.apply(release(["mal:1", "anilist:2"]))
    assert (plan.owners[0], plan.merged) == (stands, {left: stands})


def test_a_split_leaves_the_title_with_the_row_of_its_anchor() -> None:
    """The other row becomes a title of its own, and both facts are on record."""
    registry = Registry()
    title = registry.apply(release(["mal:1", "anilist:1", "kitsu:1"])).owners[0]
    plan = registry.apply(release(["anilist:1", "kitsu:1"], ["mal:1"]))
    assert plan.owners == {1: title, 0: title_id_of(url("anilist:1"))}
    assert ("split", title, plan.owners[0]) in [(e.kind, e.title_id, e.other) for e in plan.events]
    assert not plan.gone


def test_a_split_without_the_anchor_leaves_the_title_with_most_of_its_urls() -> None:
    """The anchor's URL is gone; two of three URLs stay together."""
    registry = Registry()
    title = registry.apply(release(["mal:1", "anilist:1", "kitsu:1", "other:1"])).owners[0]
    plan = registry.apply(release(["anilist:1"], ["kitsu:1", "other:1"]))
    assert plan.owners[1] == title


def test_merged_then_split_wakes_the_merged_title() -> None:
    """The row with the anchor of the title that slept gets it back; nobody else ever had its id."""
    registry = Registry()
    apart = release(["mal:1"], ["anilist:2", "kitsu:2"])
    first = registry.apply(apart)
    merged = registry.apply(release(["mal:1", "anilist:2", "kitsu:2"]))
    assert merged.merged == {first.owners[1]: first.owners[0]}
    plan = registry.apply(apart)
    assert plan.owners == first.owners
    assert {e.kind for e in plan.events} == {"split", "moved"}
    assert registry.titles[first.owners[1]].state == "active"


def test_a_woken_title_is_found_by_its_anchor_though_the_row_has_a_better_source_now() -> None:
    """No third id is made."""
    registry = Registry()
    first = registry.apply(release(["mal:1"], ["anilist:2"]))
    registry.apply(release(["mal:1", "anilist:2"]))
    plan = registry.apply(release(["mal:1"], ["mal:2", "anilist:2"]))
    assert plan.owners == first.owners


def test_chains_of_merges_end_at_the_last_keeper() -> None:
    """Three titles that become one in two releases: every URL leads to the end of the chain."""
    registry = Registry()
    first = registry.apply(release(["mal:1"]))
    second = registry.apply(release(["mal:1"], ["mal:2"]))
    registry.apply(release(["mal:1"], ["mal:2"], ["mal:3"]))
    registry.apply(release(["mal:1"], ["mal:2", "mal:3"]))
    registry.apply(release(["mal:1", "mal:2"]))
    assert set(registry.urls.values()) == {first.owners[0]}
    assert registry.titles[second.owners[1]].state == "merged"
    assert registry.ids[Site.MAL, "3"] == first.owners[0]


def test_a_title_that_left_comes_back_as_itself() -> None:
    """Under another source it had, and with a changed row."""
    registry = Registry()
    title = registry.apply(release(["mal:1", "kitsu:1"], ["mal:2"])).owners[0]
    assert registry.apply(release(["mal:2"])).gone == (title,)
    assert registry.apply(release(["mal:2"])).gone == ()
    plan = registry.apply(release(["mal:2"], ["kitsu:1"]))
    assert plan.owners[1] == title
    assert [t for t, _ in plan.updated] == [title]


def test_a_url_on_two_rows_stays_with_its_title() -> None:
    """A row that only claims somebody's URL takes nothing, merges nobody, and the claim is on record."""
    registry = Registry()
    first = registry.apply(release(["anilist:1", "kitsu:1"], ["mal:2"]))
    rows = release(["anilist:1", "kitsu:1"], ["mal:2", "anilist:1"])
    plan = registry.apply(rows)
    assert plan.owners == first.owners
    assert not plan.merged
    assert registry.urls[url("anilist:1")] == first.owners[0]
    assert [(e.kind, e.title_id, e.other) for e in plan.events] == [("shared", first.owners[0], first.owners[1])]


def test_a_url_on_two_changed_rows_does_not_merge_their_titles() -> None:
    """Both rows changed, and the smaller of them now also names the other's only source."""
    registry = Registry()
    first = registry.apply(release(["mal:1"], ["mal:2"]))
    rows = [row(0, "mal:1", "mal:2", note="new"), row(1, "mal:2", note="new")]
    plan = registry.apply(rows)
    assert (plan.owners, plan.merged) == (first.owners, {})


def test_a_url_on_two_new_rows_goes_to_the_row_with_fewer() -> None:
    """So that as few rows as can be are left without a source of their own."""
    registry = Registry()
    plan = registry.apply(release(["mal:1", "mal:2"], ["mal:2"]))
    assert registry.urls[url("mal:2")] == plan.owners[1] == title_id_of(url("mal:2"))


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_row_without_a_source_of_its_own_keeps_its_title_when_it_changes(order: tuple[int, int]) -> None:
    """Two rows with the same sources: one has no URL in the registry, and is found again by its anchor."""
    registry = Registry()
    rows = [row(0, "mal:1", name="one"), row(1, "mal:1", name="two", note="two")]
    first = named(registry.apply([rows[n] for n in order]), rows)
    later = [row(0, "mal:1", name="one", note="changed"), row(1, "mal:1", name="two", note="two changed")]
    plan = registry.apply(later)
    assert set(named(plan, later).values()) == set(first.values())
    assert (plan.merged, plan.gone, plan.created) == ({}, (), ())


def test_two_titles_that_exchange_all_but_their_anchor_keep_their_ids() -> None:
    """The anchor decides."""
    registry = Registry()
    first = registry.apply(release(["mal:1", "kitsu:1", "anilist:1"], ["mal:2", "kitsu:2", "anilist:2"]))
    plan = registry.apply(release(["mal:1", "kitsu:2", "anilist:2"], ["mal:2", "kitsu:1", "anilist:1"]))
    assert plan.owners == first.owners


def test_an_unchanged_row_takes_no_title_from_a_changed_one() -> None:
    """It named that URL before and took nobody in; that the other row looks worse now makes no difference."""
    registry = Registry()
    rows = release(["mal:1", "kitsu:1"], ["kitsu:1"], ["other:8", "other:9"])
    first = registry.apply(rows)
    plan = registry.apply(release(["mal:1", "kitsu:1"], ["kitsu:1", "other:8", "other:9"]))
    assert plan.owners == {0: first.owners[0], 1: first.owners[1]}
    assert plan.merged == {first.owners[2]: first.owners[1]}


def test_a_new_row_that_names_only_anothers_url_does_not_get_it() -> None:
    """Though it has fewer: a URL stays with its title. The new row is a title all the same, and stays that one."""
    registry = Registry()
    title = registry.apply(release(["anilist:1", "kitsu:1"])).owners[0]
    rows = release(["anilist:1", "kitsu:1"], ["anilist:1"])
    plan = registry.apply(rows)
    assert plan.owners[0] == registry.urls[url("anilist:1")] == title
    assert registry.apply(rows).owners == plan.owners


def test_rows_alike_but_for_the_order_of_their_sources_keep_their_titles() -> None:
    """Their anchors differ and their digests do not: the one walked first must not take the other's title."""
    registry = Registry()
    many = ["mal:3", "anilist:1", "anilist:2", "kitsu:2", "mal:1"]
    rows = _rows(([many, ["mal:1"], ["mal:1"], ["mal:1"], ["mal:1", "mal:3", "anilist:1", "anilist:2", "kitsu:2"]], 0))
    first = registry.apply(rows)
    assert registry.apply(rows).owners == first.owners
