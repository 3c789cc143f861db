"""Ids learned from platforms: kept beside the registry, asked for, and gone when a catalogue says otherwise."""

from collections.abc import Sequence

from pipeline.domain.names import Site, Source
from pipeline.ledger import Ledger
from pipeline.ledger.learned import StoredId
from tests.ledger.conftest import Clock
from tests.ledger.releases import release
from tests.ledger.test_titles import finish, sync

SAID = (Source.ANILIST,)
FIVE = StoredId(Site.MAL, "5", "learned", SAID, "", "")
REFUTED = StoredId(Site.KITSU, "8", "refuted", (Source.ANIDB, Source.MAL), "it is another's", "basis")


def title_of(ledger: Ledger, site: Site, id_: str) -> str:
    title_id = ledger.titles.find_by_id(site, id_)
    assert title_id is not None
    return title_id


def learned_of(ledger: Ledger, title_id: str) -> Sequence[tuple[Site, str]]:
    [title] = ledger.titles.load([title_id])
    return title.learned


def test_what_was_learned_is_loaded_with_the_title_and_never_leads_to_it(ledger: Ledger) -> None:
    """A learned id is asked for; a refuted one only remembered. Neither is in the registry."""
    sync(ledger, release(["anilist:7"], ["anilist:9"]))
    own, other = title_of(ledger, Site.ANILIST, "7"), title_of(ledger, Site.ANILIST, "9")
    ledger.learned.replace({own: [REFUTED, FIVE]})
    assert ledger.learned.of([own, other]) == {own: (REFUTED, FIVE)}
    [title] = ledger.titles.load([own])
    assert title.learned == ((Site.MAL, "5"),)
    assert title.ids == {Site.ANILIST: ("7",)}
    assert title.all_ids == {Site.ANILIST: ("7",), Site.MAL: ("5",)}
    assert learned_of(ledger, other) == ()
    assert ledger.titles.known_ids([(Site.MAL, "5"), (Site.KITSU, "8")]) == {}


def test_an_id_that_stands_as_it_was_keeps_its_time(ledger: Ledger, clock: Clock) -> None:
    """What changed is written, what is no longer there goes, what stands is left alone."""
    sync(ledger, release(["anilist:7"]))
    own, first = title_of(ledger, Site.ANILIST, "7"), clock()
    ledger.learned.replace({own: [FIVE, StoredId(Site.ANN, "3", "learned", SAID, "", "")]})
    clock.wait(60.0)
    ledger.learned.replace({own: [FIVE, REFUTED]})
    assert {one.id: one.learned_at for one in ledger.learned.of([own])[own]} == {"5": first, "8": first + 60.0}
    assert ledger.learned.counts() == {"learned": 1, "refuted": 1}
    ledger.learned.replace({own: [StoredId(Site.MAL, "5", "refuted", SAID, "why", "basis"), REFUTED]})
    assert [one.learned_at for one in ledger.learned.of([own])[own]] == [first + 60.0] * 2
    assert learned_of(ledger, own) == ()
    ledger.learned.replace({own: []})
    assert ledger.learned.of([own]) == {}


def test_a_row_that_lists_a_learned_id_takes_it_and_wakes_who_learned_it(ledger: Ledger) -> None:
    """Whichever row lists it, its own or another's: the catalogue's word is the last one."""
    sync(ledger, release(["anilist:7"], ["anilist:9"], ["anilist:11"]), "one")
    own, other, third = (title_of(ledger, Site.ANILIST, id_) for id_ in ("7", "9", "11"))
    ledger.learned.replace({own: [FIVE], third: [StoredId(Site.MAL, "6", "learned", SAID, "", "")]})
    ledger.titles.note_mentions({own: ["mal:5"], third: ["mal:6"]})
    finish(ledger, own, other, third)
    assert ledger.titles.due(config="c") == []
    sync(ledger, release(["anilist:7"], ["anilist:9", "mal:5"], ["anilist:11"]), "two")
    assert learned_of(ledger, own) == ()
    assert learned_of(ledger, third) == ((Site.MAL, "6"),)
    assert set(ledger.titles.due(config="c")) == {own, other}
    assert title_of(ledger, Site.MAL, "5") == other


def test_an_id_that_two_titles_learned_is_listed_for_review(ledger: Ledger) -> None:
    """No row has it, so nobody can say whose it is; a refuted one is nobody's."""
    sync(ledger, release(["anilist:7"], ["anilist:9"]))
    own, other = title_of(ledger, Site.ANILIST, "7"), title_of(ledger, Site.ANILIST, "9")
    ledger.learned.replace({own: [FIVE, REFUTED], other: [REFUTED]})
    assert ledger.learned.shared() == {}
    assert ledger.learned.holders(Site.MAL, "5") == [own]
    assert ledger.learned.holders(Site.KITSU, "8") == []
    ledger.learned.replace({other: [FIVE, REFUTED]})
    assert ledger.learned.shared() == {(Site.MAL, "5"): tuple(sorted([own, other]))}
