"""AniDB's answers from an archive instead of from AniDB: the live service gives about 200 a day.

Every stored answer passes the same checks as a live one, is kept as of the day it was given, and settles its titles'
outcomes for as long as the freshness policy gives an answer of that day. Intent is not needed: nobody is asked, and
doing it again changes nothing.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from pipeline.domain.canonical import JsonValue
from pipeline.domain.exchange import Answer, Reading
from pipeline.domain.names import Platform, Site
from pipeline.enrich.archive import BadMember, Member
from pipeline.enrich.settling import settle_from_kept
from pipeline.errors import BadInput, EnrichError, EntryGone
from pipeline.ledger import Ledger
from pipeline.platforms.anidb.archive import aid_of_answer, aid_of_name, archived_request
from pipeline.platforms.port import PlatformAdapter
from pipeline.settings import FreshnessSettings

__all__ = ["ImportReport", "import_anidb"]

_CHUNK = 500


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
    for member in members:
        try:
            said = _read(adapter, member, as_of=as_of, now=now())
        except EnrichError as error:
            report.bad.append(f"{member.name}: {error}")
            continue
        report.answers += 1
        report.absent += bool(said.reading.absent)
        is_kept = _keep(ledger, said)
        report.kept += is_kept
        is_new[said.aid] = is_kept or is_new.get(said.aid, False)
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
class _Said:
    """A usable answer: of which aid, and when it was given."""

    aid: str
    answer: Answer
    reading: Reading
    said_at: float


def _read(adapter: PlatformAdapter, member: Member | BadMember, *, as_of: float | None, now: float) -> _Said:
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
        return _Said(aid, answer, Reading(absent=frozenset({aid})), min(given_at, now))
    aid = aid_of_answer(member.body)
    return _Said(aid, answer, adapter.parse_answer(archived_request(aid), answer), min(given_at, now))


def _keep(ledger: Ledger, said: _Said) -> bool:
    """Keep the answer unless one as new is there; gives whether it was kept."""
    had = ledger.fetched.kept(Platform.ANIDB, [said.aid]).get(said.aid)
    if had is not None and had.said_at >= said.said_at:
        return False
    ledger.fetched.save_said(archived_request(said.aid), said.answer, said.reading, said_at=said.said_at)
    return True
