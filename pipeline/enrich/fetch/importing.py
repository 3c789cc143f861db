"""AniDB's answers from an archive instead of from AniDB: the live service gives about 200 a day.

Every stored answer passes the same checks as a live one, is kept as of the day it was given, and settles its titles'
outcomes for as long as the freshness policy gives an answer of that day. Intent is not needed: nobody is asked, and
doing it again changes nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from pipeline.domain.canonical import JsonValue
from pipeline.domain.exchange import Answer, Reading
from pipeline.domain.names import Platform, Site
from pipeline.enrich.fetch.archive import BadMember, Member
from pipeline.enrich.fetch.settling import settle_from_kept
from pipeline.errors import BadInput, EnrichError, EntryGone
from pipeline.ledger import Ledger
from pipeline.ledger.fetched import Said
from pipeline.platforms.anidb.archive import aid_of_answer, aid_of_name, archived_request
from pipeline.platforms.port import PlatformAdapter
from pipeline.settings import FreshnessSettings

__all__ = ["TOGETHER", "ImportReport", "import_anidb"]

_CHUNK = 500
TOGETHER = 50
"""Answers kept in one transaction."""


@dataclass(slots=True)
class ImportReport:
    """What an archive came to. ``bad`` names members that were skipped, and why."""

    answers: int = 0
    """Usable ones, absences too."""
    kept: int = 0
    """Newer than what was there."""
    absent: int = 0
    titles: int = 0
    """Active titles that list one of the aids."""
    titles_changed: int = 0
    """Those whose outcome or content is another now; the next run looks at them."""
    unlisted: int = 0
    """Aids no title lists; their answers are kept."""
    bad: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, JsonValue]:
        """Plain data."""
        return {
            "answers": self.answers, "kept": self.kept, "absent": self.absent, "titles": self.titles,
            "titles_changed": self.titles_changed, "unlisted": self.unlisted, "bad": list(self.bad),
        }  # fmt: skip


def import_anidb(
    ledger: Ledger,
    adapter: PlatformAdapter,
    members: Iterable[Member | BadMember],
    *,
    as_of: float | None,
    policy: FreshnessSettings,
    now: Callable[[], float],
) -> ImportReport:
    """Keep what is newer than what is there, and settle the titles it is about.

    ``as_of`` (Unix seconds) is when all answers were given; without it each member's own date counts. An answer is
    never of the future.
    """
    report = ImportReport()
    is_new: dict[str, bool] = {}
    usable = _usable(adapter, members, report, as_of=as_of, now=now)
    while batch := list(islice(usable, TOGETHER)):
        for aid, is_kept in _keep(ledger, batch):
            report.kept += is_kept
            is_new[aid] = is_kept or is_new.get(aid, False)
    aids = list(is_new)
    for start in range(0, len(aids), _CHUNK):
        some = {aid: is_new[aid] for aid in aids[start : start + _CHUNK]}
        owners = ledger.titles.known_ids((Site.ANIDB, aid) for aid in some)
        settled = settle_from_kept(ledger, adapter, list(dict.fromkeys(owners.values())), some, policy)
        report.titles += settled.titles
        report.titles_changed += settled.changed
        report.unlisted += len(some.keys() - settled.listed)
    return report


@dataclass(frozen=True, slots=True)
class _Given:
    """A usable answer: of which aid, and when it was given."""

    aid: str
    answer: Answer
    reading: Reading
    said_at: float


def _usable(
    adapter: PlatformAdapter,
    members: Iterable[Member | BadMember],
    report: ImportReport,
    *,
    as_of: float | None,
    now: Callable[[], float],
) -> Iterator[_Given]:
    """The usable ones; what is wrong with the others is reported."""
    for member in members:
        try:
            given = _read(adapter, member, as_of=as_of, now=now())
        except EnrichError as error:
            report.bad.append(f"{member.name}: {error}")
            continue
        report.answers += 1
        report.absent += bool(given.reading.absent)
        yield given


def _read(adapter: PlatformAdapter, member: Member | BadMember, *, as_of: float | None, now: float) -> _Given:
    """The member as the live answer it once was. Raises what is wrong with it."""
    if isinstance(member, BadMember):
        raise BadInput(member.reason)
    given_at = member.written_at if as_of is None else as_of
    if given_at is None:
        raise BadInput("has no date; say with --as-of when the archive was made")
    answer = Answer(200, {}, member.body, "")
    try:
        adapter.check_answer(archived_request(""), answer)
    except EntryGone:
        aid = aid_of_name(member.name)
        if aid is None:
            raise BadInput("says 'not found', but neither it nor its name says of which aid") from None
        return _Given(aid, answer, Reading(absent=frozenset({aid})), min(given_at, now))
    aid = aid_of_answer(member.body)
    return _Given(aid, answer, adapter.parse_answer(archived_request(aid), answer), min(given_at, now))


def _keep(ledger: Ledger, some: Sequence[_Given]) -> list[tuple[str, bool]]:
    """Keep the answers but those as new as which one is there; gives each one's aid and whether it was kept."""
    had = {aid: one.said_at for aid, one in ledger.fetched.kept(Platform.ANIDB, [one.aid for one in some]).items()}
    newer: list[Said] = []
    kept: list[tuple[str, bool]] = []
    for one in some:
        is_newer = one.aid not in had or had[one.aid] < one.said_at
        kept.append((one.aid, is_newer))
        if is_newer:
            had[one.aid] = one.said_at
            newer.append(Said(archived_request(one.aid), one.answer, one.reading, said_at=one.said_at))
    if newer:
        ledger.fetched.save(newer)
    return kept
