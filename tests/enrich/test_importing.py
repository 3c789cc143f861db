"""AniDB's answers from an archive: kept like live ones, as of their own day, and worth as much."""

import zipfile
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.catalogue import ids_of
from pipeline.domain.names import Outcome, Platform, Site
from pipeline.domain.record import AnimeRecord
from pipeline.enrich.fetch.archive import BadMember, Member, read_archive
from pipeline.enrich.fetch.importing import TOGETHER, ImportReport, import_anidb
from pipeline.enrich.opening import open_ledger
from pipeline.enrich.syncing import sync_catalogue
from pipeline.ledger.fetched import SettledOutcome
from pipeline.platforms.anidb import AnidbAdapter
from pipeline.practice import World, read_practice_rows
from pipeline.practice.speak_anidb import speak_title
from pipeline.settings import FreshnessSettings, Settings

from .rehearsing import FILM, Platforms, enrich, outcomes_of, settings_for, standing, write_catalogue
from .speaking import DAY_S, Desk, SmallTransport

INN = "Mayonaka no Yado"
FOUND, ABSENT, OFF = Outcome.FOUND, Outcome.ABSENT, Outcome.SWITCHED_OFF
ADAPTER = AnidbAdapter("", 1)
NOW = 1_700_000_000.0
NOT_FOUND, BANNED = b"<error>Anime not found</error>", b'<error code="500">banned</error>'


def said(aid: str, name: str = "Title", *, days: float = 0.0, file: str = "") -> Member:
    body = f'<anime id="{aid}"><type>TV Series</type><titles><title type="main">{name}</title></titles></anime>'
    return Member(file or f"AnimeDoc_{aid}.xml", NOW - days * DAY_S, body.encode())


class AnidbDesk(Desk):
    """A ledger whose titles have the aids 1, 2, …, and the engine that asks AniDB for them."""

    def __init__(self, folder: Path, count: int, *, status: str = "FINISHED") -> None:
        super().__init__(folder, count, status=status)
        self.adapter = ADAPTER  # type: ignore[assignment]

    def take(self, *members: Member | BadMember, as_of: float | None = None) -> ImportReport:
        return import_anidb(self.ledger, ADAPTER, members, as_of=as_of, policy=FreshnessSettings(), now=self.clock)

    def outcomes(self) -> list[Outcome | None]:
        return [None if one is None else one.outcome for one in self.settled()]

    def settled(self) -> list[SettledOutcome | None]:
        stored = self.ledger.fetched.outcomes(self.title_ids)
        found = [stored[title_id].get(Platform.ANIDB) for title_id in self.title_ids]
        return [None if settled is None else settled.outcome for settled in found]

    def bodies(self) -> list[str]:
        """The name each title is kept under."""
        refs = self.ledger.fetched.part_refs(Platform.ANIDB, [str(n + 1) for n in range(len(self.title_ids))])
        return [self.ledger.blobs.get(ref.body).decode().split('"main">')[1].split("<")[0]
                for parts in refs.values() for ref in parts]  # fmt: skip


@pytest.fixture
def desk(tmp_path: Path) -> AnidbDesk:
    return AnidbDesk(tmp_path, 3)


async def test_an_imported_answer_is_not_asked_for(desk: AnidbDesk) -> None:
    """Ten days old, good for thirty: two titles need nothing, the third is asked for; after thirty days all are."""
    report = desk.take(said("1", days=10), said("2", days=10))
    assert (report.answers, report.kept, report.titles, report.titles_changed, report.bad) == (2, 2, 2, 2, [])
    assert desk.outcomes() == [FOUND, FOUND, None]
    assert next(one and one.reason for one in desk.settled()) == "said on 2023-11-04"
    transport = SmallTransport({})
    await desk.fetch(transport)
    assert transport.asked == [("3",)]
    desk.clock.pass_days(20.1)
    await desk.fetch(transport)
    assert transport.asked[1:] == [("1",), ("2",), ("3",)]


async def test_twice_is_once(desk: AnidbDesk) -> None:
    """Every table of the ledger is as it was, and no title is another."""
    members = [said("1", days=3), said("2", days=3), Member("3.xml", NOW - 3 * DAY_S, NOT_FOUND)]
    desk.take(*members)
    before, desk.clock.now = _tables(desk), NOW + 60
    report = desk.take(*members)
    assert (report.answers, report.kept, report.titles, report.titles_changed) == (3, 0, 3, 0)
    assert _tables(desk) == before


def _tables(desk: AnidbDesk) -> list[object]:
    with desk.ledger.database.read() as c:
        names = ("answers", "parts", "outcomes", "titles")
        return [c.exec_driver_sql(f"select * from {name} order by 1, 2").all() for name in names]


def test_an_older_answer_never_replaces_a_newer_one(desk: AnidbDesk) -> None:
    """Whichever comes first; within an archive too."""
    desk.take(said("1", "new", days=1), said("2", "old", days=5))
    report = desk.take(said("1", "old", days=5), said("2", "new", days=1), said("3", "new"), said("3", "old", days=1))
    assert desk.bodies() == ["new"] * 3
    assert (report.kept, report.titles_changed) == (2, 2)


async def test_an_answer_newer_than_the_archive_stands(desk: AnidbDesk) -> None:
    """Asked for live after the archive was made: the live answer and its day stand."""

    class Live(SmallTransport):
        async def send(self, request, check):
            return type(await super().send(request, check))(200, {}, said(request.ids[0], "live").body, "")

    await desk.fetch(Live({}))
    before = desk.settled()
    assert desk.take(said("1", "archived", days=2)).titles_changed == 0
    assert desk.settled() == before
    assert desk.bodies() == ["live"] * 3


def test_as_of_is_the_day_of_all(desk: AnidbDesk) -> None:
    """It stands above the members' dates; nothing is of the future."""
    desk.take(said("1"), said("2", days=400), as_of=NOW - DAY_S)
    desk.take(said("3", days=-9))
    kept = desk.ledger.fetched.kept(Platform.ANIDB, ["1", "2", "3"])
    assert [kept[aid].said_at for aid in ("1", "2", "3")] == [NOW - DAY_S, NOW - DAY_S, NOW]


def test_what_is_not_found_is_absent_for_a_week(desk: AnidbDesk) -> None:
    """The document does not say of whom, so the name has to."""
    report = desk.take(Member("x/AnimeDoc_2.xml", NOW, NOT_FOUND), Member("gone.xml", NOW, NOT_FOUND))
    assert (report.answers, report.absent) == (1, 1)
    assert desk.outcomes() == [None, ABSENT, None]
    assert [one and one.fresh_until for one in desk.settled()][1] == NOW + 7 * DAY_S
    (bad,) = report.bad
    assert bad.startswith("gone.xml: ")


def test_the_root_says_whose_it_is(desk: AnidbDesk) -> None:
    """A file with another's number in its name is of the title it speaks of."""
    desk.take(said("1", file="AnimeDoc_3.xml"))
    assert desk.outcomes() == [FOUND, None, None]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (BANNED, "banned"),
        (b'<error code="302">client version missing or invalid</error>', "registration"),
        (b"", "empty"),
        (b"<html>AniDB AntiLeech</html>", "refus"),
        (b'<anime id="2"><titles>', "not whole XML"),
        (b'<!DOCTYPE anime [<!ENTITY a "b">]><anime id="2">&a;</anime>', "document type"),
        (b'<anime id="2; drop"/>', "not an aid"),
        (b"<anime/>", "not an aid"),
        (b"<manga id='2'/>", "<anime> belongs"),
        (b"\x00\xff\xfe", "not whole XML"),
    ],
)
def test_a_bad_member_is_named_and_spoils_nobody(desk: AnidbDesk, body: bytes, says: str) -> None:
    """Which and why; the others are kept, and nothing of it is."""
    report = desk.take(said("1"), Member("AnimeDoc_2.xml", NOW, body), said("3"))
    (bad,) = report.bad
    assert bad.startswith("AnimeDoc_2.xml: ")
    assert says in bad
    assert "\n" not in bad
    assert desk.outcomes() == [FOUND, None, FOUND]
    assert desk.ledger.fetched.answer_count() == {Platform.ANIDB: 2}


def test_what_the_archive_could_not_give_or_date_is_bad(desk: AnidbDesk) -> None:
    """A torn member, and one without a date, which an --as-of would give."""
    undated = Member("2.xml", None, said("2").body)
    assert desk.take(BadMember("1.xml", "is torn"), undated).bad == [
        "1.xml: is torn",
        "2.xml: has no date; say with --as-of when the archive was made",
    ]
    assert desk.take(undated, as_of=NOW).bad == []


def test_an_aid_nobody_lists_is_kept_until_somebody_does(desk: AnidbDesk) -> None:
    """The catalogue grows by a fourth title: importing again settles it from what was kept."""
    assert desk.take(said("4")).unlisted == 1
    desk.list_rows([[str(n)] for n in range(1, 5)])
    report = desk.take(said("4"))
    assert (report.kept, report.unlisted, report.titles_changed) == (0, 0, 1)
    assert desk.outcomes() == [None, None, None, FOUND]


async def test_a_killed_import_goes_on(desk: AnidbDesk) -> None:
    """Killed between the answers and the outcomes: the next import finds nothing newer and settles all the same."""
    with pytest.raises(KeyboardInterrupt):
        desk.take(*[said("1")] * TOGETHER, *_then_killed())
    assert desk.outcomes() == [None] * 3
    report = desk.take(said("1"))
    assert (report.kept, report.titles_changed) == (0, 1)
    assert desk.outcomes() == [FOUND, None, None]


def _then_killed() -> Sequence[Member]:
    class Killed:
        @property
        def written_at(self) -> float:
            raise KeyboardInterrupt

    return [Killed()]  # type: ignore[list-item]


async def test_a_title_with_one_of_two_aids_is_due_at_once(desk: AnidbDesk) -> None:
    """What is there counts while AniDB cannot be asked; where it can, the title is asked for."""
    desk.file.write_bytes(desk.file.read_bytes().replace(b'anime/2",', b'anime/2","https://anidb.net/anime/22",'))
    _sync(desk)
    desk.take(said("2"))
    assert desk.outcomes()[1] is FOUND
    transport = SmallTransport({})
    await desk.fetch(transport)
    assert ("22",) in transport.asked


def _sync(desk: AnidbDesk) -> None:
    sync_catalogue(desk.ledger, str(desk.file))


async def test_without_a_client_imported_answers_serve(tmp_path: Path, platforms: Platforms) -> None:
    """AniDB off for want of a client: found, with AniDB's word in the record, as with AniDB on; nothing is asked."""
    catalogue = write_catalogue(tmp_path / "catalogue.jsonl", [INN, FILM])
    live = settings_for(tmp_path / "live", platforms.url, catalogue)
    await enrich(live)
    off = settings_for(tmp_path / "off", platforms.url, catalogue, platforms={"anidb": {"client": None}})
    before = platforms.answered()
    await enrich(off)
    assert outcomes_of(off)[INN, Platform.ANIDB] == OFF
    assert "anidb" not in platforms.since(before)
    report = _import_practice(off, tmp_path / "archive.zip", platforms.url)
    assert (report.bad, report.titles_changed) == ([], 2)
    told = await enrich(off)
    assert told.report.due == 2
    assert outcomes_of(off)[INN, Platform.ANIDB] == outcomes_of(off)[FILM, Platform.ANIDB] == FOUND
    assert _records(off) == _records(live)
    assert "anidb" not in platforms.since(before)
    again = await enrich(off)
    assert (again.report.due, again.report.outcomes) == (0, {})


async def test_old_answers_do_not_make_titles_due_while_anidb_is_off(tmp_path: Path, platforms: Platforms) -> None:
    """Long past their freshness they still serve, and no run looks at the titles for that; with a client it asks."""
    catalogue = write_catalogue(tmp_path / "catalogue.jsonl", [FILM])
    off = settings_for(tmp_path / "run", platforms.url, catalogue, platforms={"anidb": {"client": None}})
    await enrich(off)
    _import_practice(off, tmp_path / "archive.zip", platforms.url, as_of=1_600_000_000.0)
    await enrich(off)
    assert outcomes_of(off)[FILM, Platform.ANIDB] == FOUND
    assert (await enrich(off)).report.due == 0
    before = platforms.answered()
    on = settings_for(tmp_path / "run", platforms.url, catalogue)
    assert (await enrich(on)).report.due == 1
    assert platforms.since(before) == {"anidb": 1}


async def test_a_platform_that_is_not_wanted_does_not_serve(tmp_path: Path, platforms: Platforms) -> None:
    """``enabled = false`` is the operator's word: what is kept is left aside."""
    catalogue = write_catalogue(tmp_path / "catalogue.jsonl", [FILM])
    unwanted = settings_for(tmp_path / "run", platforms.url, catalogue, platforms={"anidb": {"enabled": False}})
    await enrich(unwanted)
    _import_practice(unwanted, tmp_path / "archive.zip", platforms.url)
    await enrich(unwanted)
    assert outcomes_of(unwanted)[FILM, Platform.ANIDB] == OFF


def _import_practice(settings: Settings, path: Path, url: str, as_of: float | None = None) -> ImportReport:
    """What the practice platform would say of all its titles, from a zip."""
    rows = read_practice_rows()
    world = World(rows, image_base=f"{url}/images")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for aid in (aid for row in rows for aid in ids_of(row).ids.get(Site.ANIDB, ())):
            title = world.title(Platform.ANIDB, aid)
            archive.writestr(f"AnimeDoc_{aid}.xml", NOT_FOUND if title is None else speak_title(title))
    with closing(open_ledger(settings, now=lambda: datetime.now(UTC).timestamp())) as ledger:
        return import_anidb(
            ledger, ADAPTER, read_archive(path, suffix=".xml", max_bytes=10_000_000),
            as_of=as_of, policy=settings.freshness, now=lambda: datetime.now(UTC).timestamp(),
        )  # fmt: skip


def _records(settings: Settings) -> list[AnimeRecord]:
    return [AnimeRecord.model_validate_json(record) for record, _ in standing(settings).records.values()]


def test_recorded_answers_are_taken_and_convert(tmp_path: Path, recordings: Path) -> None:
    """Every recorded answer from a zip; two of one aid are one, and the recorded errors are bad."""
    files = sorted((recordings / "anidb/anime").glob("*.xml")) + sorted((recordings / "anidb/errors").glob("*.xml"))
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        for file in files:
            archive.write(file, f"Anime_HTTP/{file.parent.name}/AnimeDoc_{file.name}")
    desk = AnidbDesk(tmp_path / "desk", 1)
    desk.clock.now = datetime.now(UTC).timestamp()
    report = desk.take(*read_archive(tmp_path / "archive.zip", suffix=".xml", max_bytes=10_000_000))
    assert (report.answers, report.titles, report.unlisted) == (12, 1, 10)
    assert sorted(bad.split(":")[0].rsplit("_", 1)[1] for bad in report.bad) == [
        "302-client.xml", "500-banned.xml", "aid-missing.xml", "banned.xml",
    ]  # fmt: skip
    aids = {file.name.split(".")[0] for file in files if file.parent.name == "anime"}
    refs = desk.ledger.fetched.part_refs(Platform.ANIDB, sorted(aids))
    assert refs.keys() == aids
    for aid, parts in refs.items():
        assert ADAPTER.convert(aid, {part.kind: desk.ledger.blobs.get(part.body) for part in parts}).titles
