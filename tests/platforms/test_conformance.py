"""What every platform has to stand, gone through from a real connection to the ledger; one line makes it another's too.

A case says what goes wrong and which error that is; what has to follow from an error is the same for all platforms and
written once. Where a platform differs, the table says how and why.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import structlog

from pipeline.domain.names import Outcome, Platform
from pipeline.domain.source_title import SourceTitle
from pipeline.errors import Blocked, Broken, EnrichError, EntryGone, ShrinkBatch, Throttled, Transient
from pipeline.practice import Fault, FaultKind, PracticeSettings, read_practice_rows
from pipeline.practice.fault_bodies import ODD_WORD
from pipeline.practice.server import RunningPractice, run_practice
from tests.enrich.rehearsing import quick_folder
from tests.platforms.conformance import Chain, Run, Subject, chain

pytestmark = pytest.mark.asyncio(loop_scope="module")

JIKAN = Subject(Platform.JIKAN, "jikan")
ANILIST = Subject(Platform.ANILIST, "anilist", {"batch": 2})
KITSU = Subject(Platform.KITSU, "kitsu", {"batch": 2})
KITSU_EDGE = Subject(Platform.KITSU, "kitsu_edge", {"batch": 2, "api": "jsonapi"})
ANIDB = Subject(Platform.ANIDB, "anidb")
ANIME_PLANET = Subject(Platform.ANIME_PLANET, "anime_planet")
ANIMESCHEDULE = Subject(Platform.ANIMESCHEDULE, "animeschedule")
SUBJECTS = (JIKAN, ANILIST, KITSU, KITSU_EDGE, ANIDB, ANIME_PLANET, ANIMESCHEDULE)

Error = type[EnrichError] | None
"""What an answer means; ``None``: it can be read, nothing has to be done."""
HOURS_S, DAY_S = 6 * 3600.0, 86_400.0


@dataclass(frozen=True, slots=True)
class Differs:
    """What one platform makes of a case instead, and why it has to."""

    error: Error
    why: str
    wait_s: float | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """Something that goes wrong with one answer, and what it means. ``wait_s`` is what has to be waited at least."""

    kind: FaultKind
    error: Error
    but: Mapping[str, Differs] = field(default_factory=dict)
    wait_s: float | None = None
    fault_wait_s: float = 1.0
    own: Mapping[str, Any] = field(default_factory=dict)
    says_nothing: bool = False
    """There is no body that could be kept as evidence."""

    def of(self, subject: Subject) -> Differs:
        return self.but.get(subject.name, Differs(self.error, "", self.wait_s))

    def fault(self, subject: Subject, count: int | None = 1) -> Fault:
        return Fault(
            self.kind,
            subject.platform,
            count,
            path=r"(?<!robots\.txt)$",
            wait_s=self.fault_wait_s,
            size_bytes=4_000_000,
        )


def in_batches(why: str) -> dict[str, Differs]:
    return {name: Differs(ShrinkBatch, why) for name in ("kitsu", "kitsu_edge")}


A_BAN = {"anidb": Differs(Blocked, "too many requests end in a ban there, and asking during one prolongs it", DAY_S)}
LONG_BAN = {"anidb": Differs(Blocked, "bans last up to a day", DAY_S)}
TOO_HEAVY = in_batches("its servers give up after 15 seconds: half of it may be done in time")
CASES = (
    Case(FaultKind.THROTTLED, Throttled, A_BAN, wait_s=90.0, fault_wait_s=90.0),
    Case(FaultKind.THROTTLED_SILENT, Throttled, A_BAN, wait_s=60.0),
    Case(
        FaultKind.THROTTLED_UPSTREAM,
        Throttled,
        A_BAN | {"jikan": Differs(Throttled, "MyAnimeList limits the service, which is not ours to hurry", 300.0)},
        wait_s=60.0,
    ),
    Case(
        FaultKind.ERROR_500,
        Transient,
        TOO_HEAVY | {"anilist": Differs(ShrinkBatch, "it says 500 to what is too deep")},
    ),
    Case(FaultKind.ERROR_502, Transient, TOO_HEAVY),
    Case(FaultKind.ERROR_503, Transient),
    Case(FaultKind.ERROR_504, Transient, TOO_HEAVY),
    Case(
        FaultKind.ERROR_INSIDE,
        Transient,
        {
            "anilist": Differs(ShrinkBatch, "the error inside is a 500"),
            "kitsu": Differs(ShrinkBatch, "one title's trouble takes the whole answer with it"),
        },
    ),
    Case(FaultKind.EMPTY, Transient, says_nothing=True),
    Case(FaultKind.HTML, Transient),
    Case(FaultKind.CHALLENGE_403, Blocked, LONG_BAN, wait_s=HOURS_S),
    Case(FaultKind.CHALLENGE_503, Blocked, LONG_BAN, wait_s=HOURS_S),
    Case(FaultKind.CHALLENGE_200, Blocked, LONG_BAN, wait_s=HOURS_S),
    Case(
        FaultKind.BAN,
        Blocked,
        LONG_BAN | {"anilist": Differs(Blocked, "it is switched off for a while, not for us", 900.0)},
        wait_s=HOURS_S,
    ),
    Case(FaultKind.CUT, Transient, says_nothing=True),
    Case(FaultKind.RESET, Transient, says_nothing=True),
    Case(FaultKind.SLOW, Transient, fault_wait_s=3.0, own={"timeout_s": 1.0}, says_nothing=True),
    Case(FaultKind.GZIP_BOMB, Broken, own={"max_body_bytes": 1_000_000}, says_nothing=True),
    Case(FaultKind.TRUNCATED, Transient),
    Case(FaultKind.WRONG_ENCODING, Transient),
    Case(
        FaultKind.NUL,
        Transient,
        {
            "anidb": Differs(None, "it lets them into its texts: they are taken out"),
            "anime_planet": Differs(None, "HTML has a rule for them"),
        },
    ),
    Case(FaultKind.CONTROLS, None),
    Case(
        FaultKind.ENTITY_EXPANSION, Transient, {"anidb": Differs(Broken, "XML, which it speaks, but never with a DTD")}
    ),
    Case(
        FaultKind.EXTERNAL_ENTITY, Transient, {"anidb": Differs(Broken, "XML, which it speaks, but never with a DTD")}
    ),
    Case(
        FaultKind.NOT_FOUND,
        EntryGone,
        {
            "anilist": Differs(ShrinkBatch, "one of the ids takes the others with it"),
            "kitsu": Differs(Broken, "what is asked by lists of ids is missing from the answer, never a 404"),
            "kitsu_edge": Differs(Broken, "what is asked by lists of ids is missing from the answer, never a 404"),
        },
    ),
    Case(
        FaultKind.LOST,
        Broken,
        {"anime_planet": Differs(EntryGone, "a page is all it ever says, so a page that is gone is a title's")},
    ),
)
WITH_TESTS_OF_THEIR_OWN = {
    FaultKind.UNKNOWN_WORD,
    FaultKind.NULLS,
    FaultKind.REPEATED,
    FaultKind.ENDLESS,
    FaultKind.DRIFT,  # tests/enrich/test_decay.py: one answer tells nothing, many do
    FaultKind.HOLLOW,  # likewise
    FaultKind.LABOURED,  # tests/enrich/test_batching.py: it makes batches smaller
}
BOTH = [(case, subject) for case in CASES for subject in SUBJECTS]


async def test_every_fault_there_is_has_its_case() -> None:
    """What an operator can rehearse is what every platform is shown to stand."""
    assert {case.kind for case in CASES} | WITH_TESTS_OF_THEIR_OWN == set(FaultKind)
    assert {subject.platform for subject in SUBJECTS} == set(Platform)


def named(pairs: Iterable[tuple[Case, Subject]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        ("case", "subject"), [pytest.param(c, s, id=f"{c.kind.value}-{s.name}") for c, s in pairs]
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def practice() -> AsyncIterator[RunningPractice]:
    """All six platforms, made like new for every test."""
    async with run_practice(PracticeSettings(rows=read_practice_rows())) as server:
        yield server


@pytest.fixture
def folder() -> Iterable[Path]:
    with quick_folder() as path, structlog.testing.capture_logs():
        yield path


@dataclass(frozen=True, slots=True)
class Calm:
    """How the same walk goes in good weather."""

    struck: Sequence[int]
    """Titles of the first request, by their place; the others are in requests of their own."""
    outcomes: Sequence[Outcome]
    asked: int
    asked_others: int
    converted: Mapping[str, SourceTitle]

    def with_struck(self, outcome: Outcome) -> list[Outcome]:
        return [outcome if at in self.struck else good for at, good in enumerate(self.outcomes)]


_CALM: dict[str, Calm] = {}


async def calm_of(subject: Subject, practice: RunningPractice) -> Calm:
    if subject.name not in _CALM:
        with quick_folder() as one, quick_folder() as other:
            async with chain(subject, one, practice) as good:
                run = await good.fetch()
                ids = set(run.attempts[0].ids)
                struck = [at for at, settled in enumerate(good.settled()) if ids & set(settled.ids)]
                outcomes, converted = good.outcomes(), good.converted()
            async with chain(subject, other, practice) as rest:
                others = [id_ for at, id_ in enumerate(rest.title_ids) if at not in struck]
                asked_others = (await rest.fetch(others)).asked
        assert others
        assert run.asked > asked_others > 0
        _CALM[subject.name] = Calm(struck, outcomes, run.asked, asked_others, converted)
    return _CALM[subject.name]


@named(BOTH)
async def test_one_bad_answer(case: Case, subject: Subject, practice: RunningPractice, folder: Path) -> None:
    """The first request goes wrong once: the error is the right one, and what has to follow from it follows."""
    calm, expected = await calm_of(subject, practice), case.of(subject)
    async with chain(subject, folder, practice, case.fault(subject), **case.own) as struck:
        run = await struck.fetch()
        assert practice.gate.counters.by_platform[subject.platform].faults == {case.kind.value: 1}
        follow = {
            None: nothing_follows,
            Throttled: is_waited_out,
            Transient: is_tried_again,
            ShrinkBatch: is_halved,
            Blocked: is_obeyed,
            EntryGone: is_absent,
            Broken: is_parked,
        }[expected.error]
        await follow(struck, run, calm, expected)
        keeps_evidence(struck, run, case)


async def nothing_follows(struck: Chain, run: Run, calm: Calm, expected: Differs) -> None:
    """The answer is read, and says in our terms what it says in good weather."""
    assert run.errors == []
    all_is_well(struck, run.asked, calm)


def all_is_well(struck: Chain, asked: int, calm: Calm, more: int = 0) -> None:
    assert struck.outcomes() == calm.outcomes
    assert struck.converted() == calm.converted
    assert asked == calm.asked + more
    assert struck.open_until() is None


async def is_waited_out(struck: Chain, run: Run, calm: Calm, expected: Differs) -> None:
    """Nobody asks before the stated wait is over, however long; then the same request goes through."""
    first, second = run.attempts[:2]
    assert [type(error) for error in run.errors] == [Throttled]
    assert expected.wait_s is not None
    assert first.error is not None
    assert second.sent_at - first.ended_at >= expected.wait_s
    assert (second.kind, second.ids) == (first.kind, first.ids)
    all_is_well(struck, run.asked, calm, 1)


async def is_tried_again(struck: Chain, run: Run, calm: Calm, expected: Differs) -> None:
    """The same request is tried again and everybody is found."""
    first, second = run.attempts[:2]
    assert [type(error) for error in run.errors] == [Transient]
    assert (second.kind, second.ids) == (first.kind, first.ids)
    all_is_well(struck, run.asked, calm, 1)


async def is_halved(struck: Chain, run: Run, calm: Calm, expected: Differs) -> None:
    """Two requests for half as many take the place of the one, and everybody is found."""
    first = run.attempts[0]
    halves = [one for one in run.attempts[1:] if one.kind == first.kind and set(one.ids) < set(first.ids)]
    assert [type(error) for error in run.errors] == [ShrinkBatch]
    assert halves[0].ids + halves[1].ids == first.ids
    assert abs(len(halves[0].ids) - len(halves[1].ids)) <= 1
    all_is_well(struck, run.asked, calm, 2)


async def is_obeyed(struck: Chain, run: Run, calm: Calm, expected: Differs) -> None:
    """One request, then none from anybody until the wait is over; nobody reads as absent; then all goes on."""
    assert [type(error) for error in run.errors] == [Blocked]
    assert run.asked == 1
    assert struck.outcomes() == [Outcome.FAILED] * len(calm.outcomes)
    assert expected.wait_s is not None
    open_until = struck.open_until()
    assert open_until is not None
    assert open_until - run.attempts[0].ended_at >= expected.wait_s
    struck.times.now = open_until - 1
    assert (await struck.fetch()).asked == 0
    assert struck.outcomes() == [Outcome.FAILED] * len(calm.outcomes)
    struck.times.now = open_until + DAY_S  # the practice platform's own ban is over as well
    all_is_well(struck, (await struck.fetch()).asked, calm)


async def is_absent(struck: Chain, run: Run, calm: Calm, expected: Differs) -> None:
    """Asked once and remembered as absent; the others are found, and the next run asks nobody."""
    assert [type(error) for error in run.errors] == [EntryGone]
    assert run.asked == 1 + calm.asked_others
    assert struck.outcomes() == calm.with_struck(Outcome.ABSENT)
    assert struck.open_until() is None
    assert (await struck.fetch()).asked == 0


async def is_parked(struck: Chain, run: Run, calm: Calm, expected: Differs) -> None:
    """Asked once and failed, the others are found; the next run asks for those that failed and no one else."""
    assert [type(error) for error in run.errors] == [Broken]
    assert run.asked == 1 + calm.asked_others
    assert struck.outcomes() == calm.with_struck(Outcome.FAILED)
    assert struck.open_until() is None
    all_is_well(struck, (await struck.fetch()).asked, calm, -calm.asked_others)


def keeps_evidence(struck: Chain, run: Run, case: Case) -> None:
    """Every error says whose it is and, if anything was said, what; a failed title's reason in the ledger does too."""
    for error in run.errors:
        assert error.platform == struck.subject.platform.value  # type: ignore[attr-defined]
        assert bool(error.evidence) is not case.says_nothing  # type: ignore[attr-defined]
        assert error.evidence in str(error) or repr(error.evidence) in str(error)  # type: ignore[attr-defined]


PASSING = [
    (case, subject)
    for case in CASES
    for subject in SUBJECTS
    if case.of(subject).error is Transient and case.kind is not FaultKind.SLOW  # takes its real time, five times over
]


@named(PASSING)
async def test_a_fault_that_stays_with_one_title(
    case: Case, subject: Subject, practice: RunningPractice, folder: Path
) -> None:
    """Tried as often as set and no more, then failed with its reason; everybody else is found, however tired the
    breaker is; the next run asks only for what failed."""
    calm = await calm_of(subject, practice)
    attempts = 5
    async with chain(subject, folder, practice, case.fault(subject, attempts), **case.own) as struck:
        assert struck.settings.platforms.of(subject.platform).attempts == attempts
        run = await struck.fetch()
        assert [type(error) for error in run.errors] == [Transient] * attempts
        assert run.asked == attempts + calm.asked_others
        assert struck.outcomes() == calm.with_struck(Outcome.FAILED)
        reasons = {settled.reason for at, settled in enumerate(struck.settled()) if at in calm.struck}
        assert reasons == {str(run.errors[-1])}
        assert struck.open_until() is None
        keeps_evidence(struck, run, case)
        all_is_well(struck, (await struck.fetch()).asked, calm, -calm.asked_others)


@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
async def test_a_platform_that_is_down_is_left(subject: Subject, practice: RunningPractice, folder: Path) -> None:
    """Nothing but faults: it is waited for a quarter of an hour and then left; once it is well all is found."""
    calm = await calm_of(subject, practice)
    fault = Fault(FaultKind.ERROR_503, subject.platform, path=r"(?<!robots\.txt)$")
    async with chain(subject, folder, practice, fault) as struck:
        begun = struck.times.now
        run = await struck.fetch()
        assert set(struck.outcomes()) == {Outcome.FAILED}
        assert {type(error) for error in run.errors} == {Transient}
        assert run.asked <= 5 * len(calm.outcomes)
        assert struck.times.now - begun < 1200
        practice.gate.faults.clear()
        struck.times.now += 600
        all_is_well(struck, (await struck.fetch()).asked, calm)


BY_NAME = pytest.mark.parametrize("subject", SUBJECTS, ids=str)


def everywhere(kind: FaultKind, subject: Subject) -> Fault:
    return Fault(kind, subject.platform, path=r"(?<!robots\.txt)$")


@BY_NAME
async def test_a_new_word_is_drift_and_no_value(subject: Subject, practice: RunningPractice, folder: Path) -> None:
    """Where one of a few known words belongs: the word is kept as drift, the field is not said, all else is as ever."""
    calm = await calm_of(subject, practice)
    async with chain(subject, folder, practice, everywhere(FaultKind.UNKNOWN_WORD, subject)) as struck:
        assert (await struck.fetch()).asked == calm.asked
        converted = struck.converted()
    assert converted.keys() == calm.converted.keys()
    for id_, title in converted.items():
        good = calm.converted[id_]
        [drift] = title.drift
        assert drift.value == ODD_WORD
        assert not good.drift
        changed = {name for name in SourceTitle.__dataclass_fields__ if getattr(title, name) != getattr(good, name)}
        assert changed - {"drift", "relations", "statistics"} <= {"type", "status", "source_material"}
        assert all(getattr(title, name) is None for name in changed & {"type", "status", "source_material"}) or (
            subject is ANIME_PLANET  # its JSON-LD says a film's type once more
        )


@BY_NAME
async def test_nothing_said_is_nothing_said(subject: Subject, practice: RunningPractice, folder: Path) -> None:
    """Null in every field but those that say whose record it is: found, and no value is made up for any of them."""
    calm = await calm_of(subject, practice)
    async with chain(subject, folder, practice, everywhere(FaultKind.NULLS, subject)) as struck:
        run = await struck.fetch()
        assert run.errors == []
        assert struck.outcomes() == calm.outcomes
        converted = struck.converted()
    assert converted.keys() == calm.converted.keys()
    for title in converted.values():
        assert title.drift == ()
        if subject is ANIME_PLANET:  # what it says beside its JSON-LD still stands on the page
            continue
        assert (title.type, title.status, title.season, title.source_material, title.age_rating) == (None,) * 5
        assert (title.start, title.end, title.episode_count, title.episode_duration_s) == (None,) * 4
        assert title.synopses == title.labels == title.characters == title.staff == ()
        assert {relation.kind for relation in title.relations} <= {None}  # AniDB still says to whom
        assert title.statistics is None or (title.statistics.score, title.statistics.members) == (None, None)


@BY_NAME
async def test_rows_that_come_twice_count_once(subject: Subject, practice: RunningPractice, folder: Path) -> None:
    """Every row of a list with pages comes twice: in our terms it is the same title, and at most a finding tells."""
    calm = await calm_of(subject, practice)
    async with chain(subject, folder, practice, everywhere(FaultKind.REPEATED, subject)) as struck:
        run = await struck.fetch()
        assert run.errors == []
        assert run.asked == calm.asked
        converted = struck.converted()
    assert converted.keys() == calm.converted.keys()
    for id_, title in converted.items():
        assert {finding.code for finding in title.findings} <= {"repeated"}
        assert replace(title, findings=()) == calm.converted[id_], id_


@dataclass(frozen=True, slots=True)
class End:
    """Where the asking ends for a platform whose lists never do, and what becomes of the title."""

    most: int
    outcome: Outcome
    why: str


ENDS = {
    "jikan": End(4, Outcome.FAILED, "the number of pages it claims is one of no title"),
    "anilist": End(60, Outcome.FOUND, "it has no more than 5,000 rows of any list; they are kept, each once"),
    "kitsu": End(25, Outcome.FAILED, "no title has 40,000 episodes"),
    "kitsu_edge": End(3, Outcome.FAILED, "the count it claims is one of no title"),
    "anidb": End(1, Outcome.FOUND, "its one answer holds all there is"),
    "anime_planet": End(2, Outcome.FOUND, "its two pages hold all there is"),
    "animeschedule": End(1, Outcome.FOUND, "an id is asked for alone at last, and has one record"),
}


@BY_NAME
async def test_a_list_that_never_ends_is_left(subject: Subject, practice: RunningPractice, folder: Path) -> None:
    """Every page promises another: it ends after a bounded number of requests, and once it is well all is found."""
    end = ENDS[subject.name]
    fault = everywhere(FaultKind.ENDLESS, subject)
    async with chain(subject, folder, practice, fault, rows=slice(2, 3)) as struck:
        run = await struck.fetch()
        assert run.errors == []
        assert run.asked <= end.most
        assert struck.outcomes() == [end.outcome]
        practice.gate.faults.clear()
        struck.times.now += 40 * DAY_S
        await struck.fetch()
        assert struck.outcomes() == [Outcome.FOUND]
        [title] = struck.converted().values()
        assert title.findings == ()
