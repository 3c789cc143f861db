"""Decisions through whole runs: obeyed without asking anybody, taken back without a trace, told when contradicted."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from pipeline.assembly.reviewing import seen_basis
from pipeline.domain.claims import Chosen, Claim, OpenQuestion
from pipeline.domain.names import LabelKind, Site, Source
from pipeline.domain.record import AiredDates
from pipeline.domain.review import LOCKED, Lock, answer_of, terms_of
from pipeline.domain.source_title import Label
from pipeline.enrich.opening import open_ledger, opened
from pipeline.enrich.review.deciding import Answer, decide
from pipeline.enrich.review.lending import borrow_locks, lend_locks
from pipeline.enrich.review.reviewing import Case, open_case, queue_of
from pipeline.enrich.review.wording import Word, teach_all
from pipeline.enrich.runner import Runner
from pipeline.errors import BadInput
from pipeline.ledger import Ledger
from pipeline.ledger.learned import StoredId
from pipeline.ledger.titles import StoredTitle
from pipeline.settings import Settings
from pipeline.stages import STAGES
from pipeline.stages.answered import ask_label, ask_role

from .rehearsing import (
    FILM,
    RADIO,
    Platforms,
    copy_folder,
    enrich,
    quick_folder,
    settings_for,
    standing,
    write_catalogue,
)

TWINS = "Futatsu no Rashinban"
"""Two shows under one id: their casts leave questions open."""
TITLES = [FILM, RADIO, TWINS]
MARIA = Answer("maria", 1_700_000_000.0, "the box says so")


class Stop(BaseException):
    """A process that ends in the middle."""


@contextmanager
def ledger_at(settings: Settings) -> Iterator[Ledger]:
    with closing(open_ledger(settings, now=time.time)) as ledger:
        yield ledger


def title_named(ledger: Ledger, name: str) -> StoredTitle:
    return next(title for title in ledger.titles.load(ledger.titles.active()) if title.name == name)


def case_of(settings: Settings, name: str = FILM) -> Case:
    with ledger_at(settings) as ledger:
        return open_case(ledger, title_named(ledger, name).title_id)


def lock(settings: Settings, field: str, answer: Answer, name: str = FILM) -> Lock:
    with ledger_at(settings) as ledger:
        case = open_case(ledger, title_named(ledger, name).title_id)
        made = decide(case, field, answer)
        ledger.review.lock({case.title.title_id: [made]})
    return made


def _settings(folder: Path, platforms: Platforms) -> Settings:
    return settings_for(folder / "c", platforms.url, str(folder / "rows.jsonl"), images={"enabled": False})


@pytest.fixture(scope="module")
def run_once(shared_platforms: Platforms) -> Iterator[Path]:
    """A run over three titles, to be copied."""
    with quick_folder() as folder:
        write_catalogue(folder / "rows.jsonl", TITLES)
        shared_platforms.running.gate.faults.clear()
        assert asyncio.run(enrich(_settings(folder, shared_platforms))).report.done == len(TITLES)
        yield folder


@pytest.fixture
def done(run_once: Path, tmp_path: Path, platforms: Platforms) -> Settings:
    """Settings of a copy of that run."""
    copy_folder(run_once, tmp_path)
    return _settings(tmp_path, platforms)


@pytest.fixture(scope="module")
def film(run_once: Path, shared_platforms: Platforms) -> Case:
    """The film as that run left it; for reading only."""
    return case_of(_settings(run_once, shared_platforms))


async def test_a_lock_is_obeyed_by_the_next_run_and_gone_without_a_trace(done: Settings, platforms: Platforms) -> None:
    """Only that title is made again, from the step the lock acts in; nobody is asked. Unlocked it is what it was."""
    before, asked = standing(done), platforms.answered()
    made = lock(done, "episodes", replace(MARIA, value="77"))
    told = await enrich(done)
    assert told.report.due == 1
    assert [step for step in told.steps if step.startswith(("intend:", "ask:"))] == ["intend:assemble", "intend:load"]
    case = case_of(done)
    assert case.record.episodes == 77
    reason = case.provenance.fields["episodes"]
    assert (reason.method, reason.confidence) == (LOCKED, 1.0)
    assert Source.REVIEW in reason.sources
    assert reason.evidence[0] == "locked by maria on 2023-11-14: the box says so"
    assert case.locks == (made,)
    assert (await enrich(done)).report.due == 0
    with ledger_at(done) as ledger:
        assert ledger.review.unlock(case.title.title_id, "episodes") == made
    assert (await enrich(done)).report.due == 1
    assert standing(done) == before
    assert platforms.since(asked) == {}


async def test_an_answer_about_a_character_acts_on_the_cast(done: Settings, platforms: Platforms) -> None:
    """From the alignment on, without a request; the question is answered, and taken back it is open as before."""
    before, asked = standing(done), platforms.answered()
    case = case_of(done, TWINS)
    field = next(item.field for item in case.items if item.code == "same_character")
    subject = case.subject(field)
    assert (subject.kind, subject.lock) == ("question", None)
    lock(done, field, replace(MARIA, choose=1), TWINS)
    told = await enrich(done)
    assert next(step for step in told.steps if step.startswith(("intend:", "ask:"))) == "intend:align"
    after = case_of(done, TWINS)
    site, id_ = field.partition(":")[2].split(":")
    (person,) = [one for one in after.record.characters if one.ids.get(site) == id_]
    chosen_site, chosen_id = subject.options[0].key.split(":")
    assert person.ids[chosen_site] == chosen_id
    assert person.match_confidence == 1.0
    assert any("maria" in evidence for evidence in after.provenance.fields["characters"].evidence)
    open_before, open_after = (one.record.enrichment_metadata.open_questions for one in (case, after))
    assert open_after == open_before - 1
    assert field not in {item.field for item in after.items}
    with pytest.raises(BadInput, match=r"answered already .*maria"):
        decide(after, field, replace(MARIA, keep=True))
    with ledger_at(done) as ledger:
        ledger.review.unlock(case.title.title_id, field)
    await enrich(done)
    assert standing(done) == before
    assert platforms.since(asked) == {}


async def test_a_word_of_a_platform_is_what_a_person_said_it_means(done: Settings, platforms: Platforms) -> None:
    """A label another term, a credit another role: from the stages on, asking nobody, taken back without a trace."""
    before, asked = standing(done), platforms.answered()
    case = case_of(done)
    label = next(name for name in case.words if name.startswith("labels:mal:"))
    role = next(name for name in case.words if name.startswith("role_class:"))
    typed = label.replace(label.rpartition(":")[2], case.words[label].text.upper())
    assert lock(done, typed, replace(MARIA, value="girls love")).field == label
    assert teach_all(lock(done, role, replace(MARIA, value="art_director")), case.words) == ""
    told = await enrich(done)
    steps = [step for step in told.steps if step.startswith(("intend:", "ask:"))]
    assert steps == [*(f"intend:stage:{name}" for name in STAGES), "intend:assemble", "intend:load"]
    after = case_of(done)
    assert "Girls Love" in after.record.genres
    assert any("art_director" in person.roles for person in after.record.staff_data)
    for field in ("genres", "staff_data"):
        assert Source.REVIEW in after.provenance.fields[field].sources
        assert any("maria" in evidence for evidence in after.provenance.fields[field].evidence)
    with ledger_at(done) as ledger:
        lines = [orjson.loads(line) for line in lend_locks(ledger)]
        assert [(one["field"], one["expected"]["chosen"]) for one in lines] == [
            (label, "Girls Love"),
            (role, "art_director"),
        ]
        for name in (label, role):
            ledger.review.unlock(case.title.title_id, name)
        assert borrow_locks(ledger, map(orjson.dumps, lines), "f").taken == 2
        for name in (label, role):
            ledger.review.unlock(case.title.title_id, name)
    await enrich(done)
    assert standing(done) == before
    assert platforms.since(asked) == {}


@pytest.mark.parametrize(
    ("answer", "meant"),
    [
        ({"value": '["School", "sci fi"]'}, ("School", "Sci-Fi")),
        ({"value": "null"}, ()),
        ({"choose": 1}, ("School",)),
        ({"keep": True}, ("School",)),
        ({"value": "Schooling"}, "'Schooling' is none of .*School"),
        ({"value": "[3]"}, "'3' is none of"),
        ({"choose": 99}, "no option 99"),
    ],
)
def test_a_label_is_answered_by_number_by_terms_or_with_nothing(
    film: Case, answer: dict[str, object], meant: tuple[str, ...] | str
) -> None:
    """Of terms that are there."""
    word = Word("School", ask_label(Source.MAL, Label("School", LabelKind.THEME), "School", is_kept=True))
    case, said = replace(film, words={"labels:mal:school": word}), replace(MARIA, **answer)  # type: ignore[arg-type]
    if isinstance(meant, str):
        with pytest.raises(BadInput, match=meant):
            decide(case, "labels:mal:School", said)
    else:
        assert terms_of(decide(case, "labels:mal:School", said)) == meant


@pytest.mark.parametrize("value", ["null", "[]", '["director", "script"]', "chief"])
def test_a_credit_is_exactly_one_role(film: Case, value: str) -> None:
    """Whatever else is said names the roles."""
    case = replace(film, words={"role_class:x": Word("X", ask_role("X", "Ann"))})
    with pytest.raises(BadInput, match=r"assistant_director.* other"):
        decide(case, "role_class:X", replace(MARIA, value=value))


@pytest.mark.parametrize(
    ("field", "chosen", "is_known", "told"),
    [
        ("labels:anidb:x-y", '["Drama","School"]', False, "add 'X y' to the column 'anidb' of 'Drama' and 'School' in"),
        ("role_class:x-y", '"script"', False, "add 'x y' to 'script' in pipeline/stages/roles.json"),
        ("role_class:x-y", '"script"', True, ""),
        ("labels:anidb:x-y", "null", False, ""),
        ("labels:catalogue:x-y", '"Drama"', False, ""),
    ],
)
def test_what_a_word_means_can_be_taught_for_every_title(field: str, chosen: str, is_known: bool, told: str) -> None:
    """If the table does not know it, and has names of that platform."""
    words = {field: Word("X y", ask_role("X y", "Ann"), is_known)}
    taught = teach_all(Lock(field, "answer", f'{{"chosen":{chosen},"options":[]}}', "maria", 1.0), words)
    assert (told in taught) if told else (taught == "")


def test_a_word_nobody_says_is_refused_with_those_there_are(film: Case) -> None:
    """So that nothing is locked in vain."""
    with pytest.raises(BadInput, match=r"'labels:mal:nonsense'; it has labels:"):
        decide(film, "labels:mal:Nonsense", replace(MARIA, value="null"))


async def test_sources_that_come_to_contradict_a_lock_are_told_and_the_lock_stands(done: Settings) -> None:
    """The catalogue is a source too: another number of episodes from everybody is news, deciding anew ends it."""
    lock(done, "synonyms", replace(MARIA, value="[]"))
    await enrich(done)
    assert "lock_contradicted" not in case_of(done).record.enrichment_metadata.findings
    write_catalogue(Path(str(done.catalogue)), TITLES, lambda row: row["synonyms"].append("Quite Another Name"))
    await enrich(done)
    case = case_of(done)
    assert case.record.synonyms == []
    (item,) = [item for item in case.items if item.code == "lock_contradicted"]
    assert (item.field, item.uncertainty) == ("synonyms", 1.0)
    assert "maria" in item.detail
    with ledger_at(done) as ledger:
        assert [one.item for one in queue_of(ledger, code="lock_contradicted")] == [item]
    lock(done, "synonyms", replace(MARIA, keep=True))
    await enrich(done)
    assert "lock_contradicted" not in case_of(done).record.enrichment_metadata.findings


def test_a_passed_over_label_is_put_in_and_of_other_lists_the_whole_is_wanted(film: Case) -> None:
    """Single entries are passed over of a list; of a field with one value the option is the value."""
    labels = Chosen(["Drama"], (Source.MAL,), "rule:label_vote@1", 0.5, (Claim(["Horror"], (Source.KITSU,)),))
    year = Chosen(2001, (Source.MAL,), "rule:x@1", 0.5, (Claim(2002, (Source.KITSU,)),))
    works = Chosen([], (Source.MAL,), "rule:x@1", 0.5, (Claim([{"relation": "SEQUEL"}], (Source.KITSU,)),))
    aired = Chosen(
        AiredDates(start="2001-01-02", end="2001-03", start_precision="day", end_precision="month"),
        (Source.MAL,), "rule:x@1", 0.5, (Claim(AiredDates(start="2001-01-03"), (Source.KITSU,)),),
    )  # fmt: skip
    case = replace(
        film, decided={**film.decided, "genres": labels, "year": year, "related_anime": works, "aired_dates": aired}
    )
    assert orjson.loads(decide(case, "aired_dates", replace(MARIA, choose=2)).value) == {
        "start": "2001-01-03", "end": "2001-03", "start_precision": "day", "end_precision": "month",
    }  # fmt: skip
    assert decide(case, "genres", replace(MARIA, choose=2)).value == '["Drama","Horror"]'
    assert decide(case, "genres", replace(MARIA, choose=1)).value == '["Drama"]'
    assert decide(case, "year", replace(MARIA, choose=2)).value == "2002"
    with pytest.raises(BadInput, match="single entries"):
        decide(case, "related_anime", replace(MARIA, choose=2))


def test_what_aired_on_one_day_moves_as_a_whole(film: Case) -> None:
    """Another first day of a film is its last day too: it cannot end before it begins."""
    said = Claim(AiredDates(start="2018-06-15", start_precision="day"), (Source.KITSU,))
    day = AiredDates(start="2018-06-14", end="2018-06-14", start_precision="day", end_precision="day")
    case = replace(film, decided={**film.decided, "aired_dates": Chosen(day, (Source.MAL,), "rule:x@1", 0.5, (said,))})
    assert orjson.loads(decide(case, "aired_dates", replace(MARIA, choose=2)).value) == {
        "start": "2018-06-15", "end": "2018-06-15", "start_precision": "day", "end_precision": "day",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "answer", "chosen"),
    [
        ("same_character", {"choose": 2}, "mal:2"),
        ("same_character", {"keep": True}, None),
        ("same_character", {"value": "null"}, None),
        ("same_character", {"value": "mal:1"}, "mal:1"),
        ("same_character", {"value": '"mal:1"'}, "mal:1"),
        ("same_character", {"value": "mal:9"}, "mal:1, mal:2"),
        ("same_character", {"choose": 3}, "no option 3"),
        ("relation_kind", {"value": "null"}, "relates somehow"),
    ],
)
def test_a_question_is_answered_by_number_by_name_or_as_it_was_kept(
    film: Case, kind: str, answer: dict[str, object], chosen: str | None
) -> None:
    """Or with none of them, where that can be; anything else is refused with what there is."""
    question = OpenQuestion("characters", kind, "Ann", ("A", "B"), None, 0.5, ("kitsu:1",), ("mal:1", "mal:2"))
    case = replace(film, questions=(question,))
    said = replace(MARIA, **answer)  # type: ignore[arg-type]
    if chosen is not None and " " in chosen:
        with pytest.raises(BadInput, match=chosen):
            decide(case, f"{kind}:kitsu:1", said)
    else:
        made = decide(case, f"{kind}:kitsu:1", said)
        assert (made.kind, answer_of(made)) == ("answer", (chosen, ("mal:1", "mal:2")))


async def test_a_pass_that_is_cut_off_leaves_the_same_queue_in_the_end(done: Settings, tmp_path: Path) -> None:
    """Before its end is noted the lock is not obeyed yet; the next run does it, and repeats nothing that was done."""
    lock(done, "year", replace(MARIA, value="1999"))
    with ledger_at(done) as ledger:
        before = ledger.review.queue()

        def stop(step: str) -> None:
            if step == "finish":
                raise Stop

        async with opened(done, ledger, now=time.time) as parts:
            with pytest.raises(BaseExceptionGroup):
                await Runner(parts, stop).run()
        assert ledger.review.queue() == before
        ledger.claims.leave()
    told = await enrich(done)
    assert (told.report.due, told.steps.count("assemble")) == (1, 0)
    assert case_of(done).record.year == 1999


async def test_a_decision_travels_in_a_file_and_is_the_same_there(done: Settings, tmp_path: Path) -> None:
    """Exported, taken back and imported again the record is the one before; the later of two decisions stands."""
    made = lock(done, "year", replace(MARIA, value="1999"))
    lock(done, "episodes", replace(MARIA, keep=True, at=MARIA.at + 0.125))
    with ledger_at(done) as ledger:
        lines = list(lend_locks(ledger))
        first = orjson.loads(lines[1])
        assert (first["field"], first["expected"], first["reason"], first["by"]) == ("year", 1999, made.note, "maria")
        assert first["ids"]["mal"] == ["900002"]
        assert (again := borrow_locks(ledger, lines, "f")).same == 2
        assert again.taken == 0
        title_id = first["title_id"]
        held = ledger.review.locks([title_id])
        for field in ("year", "episodes"):
            ledger.review.unlock(title_id, field)
        elsewhere = [orjson.dumps(orjson.loads(line) | {"title_id": "of another catalogue"}) for line in lines]
        assert borrow_locks(ledger, [*elsewhere, b""], "f").taken == 2
        assert ledger.review.locks([title_id]) == held
        ledger.review.lock({title_id: [replace(made, value="2000", at=made.at + 5)]})
        assert (late := borrow_locks(ledger, lines, "f")).ours == 1
        assert late.taken == 0
        stranger = orjson.dumps(first | {"ids": {"mal": ["1"]}, "title_id": "x", "title": "Nobody"})
        assert borrow_locks(ledger, [stranger], "f").unknown == ["Nobody"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"expected": "soon"}, ["line 2", "year", "'soon'", "whole number"]),
        ({"field": "schema_version"}, ["line 2", "'schema_version'"]),
        ({"at": "yesterday"}, ["line 2", "'yesterday'"]),
        ({"by": ""}, ["line 2", "by"]),
        ({"more": 1}, ["line 2", "more"]),
        ({"kind": "answer"}, ["line 2", "chosen"]),
        ({"kind": "answer", "expected": {"chosen": 4, "options": []}}, ["line 2", "chosen"]),
        (
            {"kind": "answer", "field": "labels:mal:x", "expected": {"chosen": "Nonsense", "options": []}},
            ["line 2", "'Nonsense' is none of"],
        ),
        (
            {"kind": "answer", "field": "role_class:x", "expected": {"chosen": None, "options": []}},
            ["line 2", "exactly one"],
        ),
        (
            {"kind": "answer", "field": "platform_id:mal:1", "expected": {"chosen": "perhaps", "options": []}},
            ["line 2", "platform_id:mal:1"],
        ),
        (
            {"kind": "answer", "field": "platform_id:mal:one", "expected": {"chosen": "yes", "options": []}},
            ["line 2", "'mal:one'"],
        ),
    ],
)
async def test_a_wrong_line_is_named_and_nothing_of_the_file_is_taken(
    one_line: tuple[Settings, bytes], change: dict[str, object], says: list[str]
) -> None:
    """File, line, field, value and what is expected."""
    settings, line = one_line
    with ledger_at(settings) as ledger:
        before = ledger.review.locked()
        with pytest.raises(BadInput) as told:
            borrow_locks(
                ledger, [line.replace(b"1999", b"2001"), orjson.dumps(orjson.loads(line) | change)], "team.jsonl"
            )
        assert ledger.review.locked() == before
    for part in ["team.jsonl", "nothing of the file was taken", *says]:
        assert part in str(told.value)


@pytest.fixture(scope="module")
def one_line(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, bytes]:
    """A ledger without titles, and a line of a file of locks."""
    settings = Settings(checkpoints=tmp_path_factory.mktemp("empty"))
    lent = {
        "title": "T", "title_id": "x", "ids": {"mal": ["1"]}, "field": "year", "kind": "value", "expected": 1999,
        "reason": "", "by": "maria", "at": "2026-01-10T12:00:00+00:00", "basis": "",
    }  # fmt: skip
    return settings, orjson.dumps(lent)


async def test_an_id_two_titles_learned_is_looked_at_until_it_was_seen(done: Settings) -> None:
    """Of both; a row says whose it is, and no rule can."""
    with ledger_at(done) as ledger:
        film, radio = (title_named(ledger, name) for name in (FILM, RADIO))
        same = StoredId(Site.ANIDB, "5", "learned", (Source.MAL,), "", "")
        ledger.learned.replace({film.title_id: [same], radio.title_id: [same]})
        found = queue_of(ledger, code="id_shared")
        assert {one.title_id for one in found} == {film.title_id, radio.title_id}
        assert {one.item.field for one in found} == {"platform_ids"}
        assert "anidb:5" in found[0].item.detail
        assert set(queue_of(ledger, field="platform_ids")) >= set(found)
        assert len(queue_of(ledger, limit=1)) == 1
        assert queue_of(ledger, field="year", code="id_shared") == []
    made = lock(done, "platform_ids", replace(MARIA, seen=True))
    assert made.basis == seen_basis(())  # what its pass finds of it is another matter
    with ledger_at(done) as ledger:
        assert [one.title_id for one in queue_of(ledger, code="id_shared")] == [radio.title_id]
