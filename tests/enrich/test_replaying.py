"""A run's traffic as a folder, and runs answered from it: whole, in other windows, with pieces missing."""

import asyncio
import shutil
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest
from structlog.testing import capture_logs

from pipeline.domain.names import Platform
from pipeline.enrich.replay.setup import open_replay
from pipeline.enrich.report import ExitCode
from pipeline.errors import BadInput, Damaged
from pipeline.practice.faults import Fault, FaultKind
from pipeline.settings import Settings
from pipeline.transport.recording import MANIFEST, Recording

from .rehearsing import (
    FILM,
    RADIO,
    SERIES,
    Platforms,
    Standing,
    outcomes_of,
    quick_folder,
    settings_for,
    standing,
    write_catalogue,
)
from .replayed import fetch_only, no_network, record, replay

INN, TAKO = "Mayonaka no Yado", "Minato no Tako"
TITLES = (FILM, INN, TAKO, RADIO, "Futatsu no Rashinban", "Chiisana Robotto Nikki", "Yuurei Kiroku")
"""Lists of one page, and of two that were asked for together; two ids; one that nobody has; one that few list."""
BEBOP = "Cowboy Bebop"


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recording of some practice titles, and what the recorded run left."""

    folder: Path
    settings: Settings
    left: Standing

    def copy(self, to: Path) -> Path:
        """One that a test may break."""
        shutil.copytree(self.folder, to / "recording")
        return to / "recording"

    def record_of(self, name: str) -> tuple[bytes, bytes]:
        [found] = [pair for pair in self.left.records.values() if orjson.loads(pair[0])["title"] == name]
        return found


@pytest.fixture(scope="module")
def recorded(shared_platforms: Platforms) -> Iterator[Recorded]:
    with quick_folder() as folder, capture_logs():
        catalogue = write_catalogue(folder / "catalogue.jsonl", TITLES)
        settings = settings_for(folder / "checkpoints", shared_platforms.url, catalogue)
        report = asyncio.run(record(settings, folder / "recording"))
        assert report.exit_code is ExitCode.DONE
        yield Recorded(folder / "recording", settings, standing(settings))


def names_of(records: Mapping[str, tuple[bytes, bytes]]) -> dict[str, tuple[bytes, bytes]]:
    return {orjson.loads(pair[0])["title"]: pair for pair in records.values()}


def forget(folder: Path, *words: bytes) -> None:
    """Take every line of the index that has one of these words."""
    lines = (folder / "INDEX.jsonl").read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if not any(word in line for word in words)]
    assert len(kept) < len(lines)
    (folder / "INDEX.jsonl").write_bytes(b"".join(kept))


def files_of(folder: Path, platform: str, kind: str, id_: str) -> list[str]:
    """Files of the pairs the index has for a question about one id."""
    lines = [orjson.loads(line) for line in (folder / "INDEX.jsonl").read_bytes().splitlines()]
    return [one["file"] for one in lines if (one["platform"], one["kind"]) == (platform, kind) and id_ in one["ids"]]


async def test_a_replay_leaves_what_the_recorded_run_left(recorded: Recorded, tmp_path: Path) -> None:
    """Records and provenance byte for byte, results, outcomes, and every point with the bits of all its vectors."""
    report, settings = await replay(recorded.folder, tmp_path / "checkpoints")
    assert report.exit_code is ExitCode.DONE
    assert (report.done, report.not_recorded, dict(report.requests)) == (len(TITLES), [], {})
    assert set(report.replayed or ()) == {*(platform.value for platform in Platform), "images"}
    assert standing(settings) == recorded.left


async def test_one_recorded_title_is_replayed_alone(recorded: Recorded, tmp_path: Path) -> None:
    """It was asked for in batches of fifty, twenty and eighteen; now its own part of each is enough."""
    report, settings = await replay(recorded.folder, tmp_path / "checkpoints", titles=[TAKO])
    assert (report.exit_code, report.done) == (ExitCode.DONE, 1)
    assert names_of(standing(settings).records) == {TAKO: recorded.record_of(TAKO)}


async def test_recorded_titles_are_replayed_in_other_batches(recorded: Recorded, tmp_path: Path) -> None:
    """Other windows, other batches: the same records."""
    changes = {"window": 3, "platforms": {"anilist": {"batch": 2}, "kitsu": {"batch": 3}}}
    report, settings = await replay(recorded.folder, tmp_path / "checkpoints", **changes)
    assert (report.exit_code, report.done) == (ExitCode.DONE, len(TITLES))
    assert standing(settings).records == recorded.left.records


async def test_long_lists_are_replayed_apart_from_those_they_were_asked_with(
    platforms: Platforms, tmp_path: Path
) -> None:
    """Pages of several titles came in one document, round after round; each title gets all of its own, and no other."""
    titles = (SERIES, TAKO, "Chiisana Robotto Nikki")
    catalogue = write_catalogue(tmp_path / "catalogue.jsonl", titles)
    live = settings_for(tmp_path / "live", platforms.url, catalogue)
    asked = await fetch_only(live, (Platform.ANILIST, Platform.KITSU), record=tmp_path / "recording")
    assert max(map(len, asked.values())) > 20
    settings, replaying = open_replay(
        Settings(checkpoints=tmp_path / "replay", platforms={"anilist": {"batch": 1}, "kitsu": {"batch": 2}}),
        tmp_path / "recording",
        catalogue=None,
    )
    with no_network():
        assert await fetch_only(settings, (Platform.ANILIST, Platform.KITSU), replay=replaying) == asked
    assert replaying.missing == []


async def test_what_is_missing_is_told_and_nothing_else_suffers(recorded: Recorded, tmp_path: Path) -> None:
    """The run goes on with all the rest, ends with 1, names the question, and settles nothing as absent."""
    folder = recorded.copy(tmp_path)
    forget(folder, b'"jikan/staff/900012-', b'"kitsu/anime/', b'"images/picture/')
    report, settings = await replay(folder, tmp_path / "checkpoints", titles=[TAKO, INN])
    assert (report.exit_code, report.degraded) == (ExitCode.FAILED, 2)
    told = [(what.platform, what.kind, what.ids, what.path) for what in report.not_recorded]
    assert ("jikan", "staff", ("900012",), "/anime/900012/staff") in told
    kitsu = [what for what in told if what[0] == "kitsu"]
    assert sorted(kitsu) == [("kitsu", "anime", (id_,), "/graphql") for id_ in ("900005", "900012")]
    assert any(platform == "images" and path.startswith("http://") for platform, _, _, path in told)
    outcomes = outcomes_of(settings)
    assert {outcomes[name, Platform.KITSU] for name in (TAKO, INN)} == {"failed"}
    assert (outcomes[TAKO, Platform.JIKAN], outcomes[INN, Platform.JIKAN]) == ("failed", "found")
    made = orjson.loads(names_of(standing(settings).records)[TAKO][0])
    assert made["characters"], "what the platforms had said before was lost"


async def test_a_replay_that_lacked_something_asks_for_it_again(recorded: Recorded, tmp_path: Path) -> None:
    """What was missing and has been recorded since is taken by the next replay in the same place."""
    folder = recorded.copy(tmp_path)
    whole = (folder / "INDEX.jsonl").read_bytes()
    forget(folder, b'"anidb/')
    first, _ = await replay(folder, tmp_path / "checkpoints", titles=[FILM])
    assert (first.exit_code, [what.platform for what in first.not_recorded]) == (ExitCode.FAILED, ["anidb"])
    (folder / "INDEX.jsonl").write_bytes(whole)
    second, settings = await replay(folder, tmp_path / "checkpoints", titles=[FILM])
    assert (second.exit_code, dict(second.replayed or {})) == (ExitCode.DONE, {"anidb": 1})
    assert names_of(standing(settings).records) == {FILM: recorded.record_of(FILM)}


@pytest.mark.parametrize(("platform", "kind"), [("jikan", "characters"), ("anilist", "media")])
async def test_a_torn_file_is_told_by_its_name(recorded: Recorded, tmp_path: Path, platform: str, kind: str) -> None:
    """A body that is not the one that was written is no answer, alone or as one of a batch."""
    folder = recorded.copy(tmp_path)
    [file] = files_of(folder, platform, kind, "900012")
    body = folder / f"{file}.body"
    body.write_bytes(body.read_bytes()[:-7])
    report, settings = await replay(folder, tmp_path / "checkpoints", titles=[TAKO])
    assert report.exit_code is ExitCode.FAILED
    [what] = [what for what in report.not_recorded if what.platform != "images"]
    assert (what.platform, what.ids) == (platform, ("900012",))
    assert f"{file}.body' is torn" in what.why
    assert outcomes_of(settings)[TAKO, Platform(platform)] == "failed"


async def test_batches_asked_in_other_words_are_not_taken_apart(recorded: Recorded, tmp_path: Path) -> None:
    """A field that is asked for since would be missing from them without a word."""
    folder = recorded.copy(tmp_path)
    about = orjson.loads((folder / MANIFEST).read_bytes())
    about["questions"]["anilist"] = "0" * 64
    (folder / MANIFEST).write_bytes(orjson.dumps(about))
    report, _ = await replay(folder, tmp_path / "checkpoints", titles=[TAKO])
    [what] = [what for what in report.not_recorded if what.platform != "images"]
    assert (what.platform, what.kind) == ("anilist", "media")
    assert "asks in other words" in what.why
    settings = recorded.settings.model_copy(update={"checkpoints": tmp_path / "more"})
    with pytest.raises(BadInput, match="asks anilist in other words: record in a new folder"):
        await record(settings, folder)


async def test_faults_on_the_way_are_recorded_and_do_not_come_back(platforms: Platforms, tmp_path: Path) -> None:
    """Refused and broken answers lie beside the good one; the replay takes the good one and does not wait."""
    catalogue = write_catalogue(tmp_path / "catalogue.jsonl", [FILM])
    settings = settings_for(tmp_path / "live", platforms.url, catalogue)
    faults = (Fault(FaultKind.THROTTLED, Platform.JIKAN, count=1), Fault(FaultKind.ERROR_502, Platform.ANIDB, count=1))
    with platforms.going_wrong(*faults):
        assert (await record(settings, tmp_path / "recording")).exit_code is ExitCode.DONE
    index = [orjson.loads(line) for line in (tmp_path / "recording" / "INDEX.jsonl").read_bytes().splitlines()]
    assert {(one["platform"], one["status"]) for one in index if one["status"] > 404} == {
        ("jikan", 429),
        ("anidb", 502),
    }
    report, replayed = await replay(tmp_path / "recording", tmp_path / "replay")
    assert report.exit_code is ExitCode.DONE
    assert standing(replayed) == standing(settings)


async def test_a_failure_that_was_recorded_is_the_same_failure(platforms: Platforms, tmp_path: Path) -> None:
    """A platform that never came round is failed in the replay too, for the same reason: that was the traffic."""
    catalogue = write_catalogue(tmp_path / "catalogue.jsonl", [FILM])
    settings = settings_for(tmp_path / "live", platforms.url, catalogue, platforms={"jikan": {"attempts": 1}})
    with platforms.going_wrong(Fault(FaultKind.ERROR_502, Platform.JIKAN)):
        assert (await record(settings, tmp_path / "recording")).exit_code is ExitCode.DEGRADED
    report, replayed = await replay(tmp_path / "recording", tmp_path / "replay")
    assert (report.exit_code, report.not_recorded) == (ExitCode.DEGRADED, [])
    assert standing(replayed) == standing(settings)


SECRETS = {"jikan": "jikan-key-5a1f", "anilist": "anilist-key-77c0", "animeschedule": "schedule-key-e91b"}


async def test_no_secret_is_written_and_none_is_needed(platforms: Platforms, tmp_path: Path) -> None:
    """Not a token, not the registered client, not the contact, not an address, in no byte of any file or name."""
    catalogue = write_catalogue(tmp_path / "catalogue.jsonl", [FILM])
    settings = settings_for(
        tmp_path / "live",
        platforms.url,
        catalogue,
        contact="operator@somewhere.example",
        platforms={name: {"token": token} for name, token in SECRETS.items()} | {"anidb": {"client": "registered5f"}},
    )
    assert (await record(settings, tmp_path / "recording")).exit_code is ExitCode.DONE
    secrets = [secret.encode() for secret in (*SECRETS.values(), "registered5f", "operator@somewhere")]
    for path in (tmp_path / "recording").rglob("*"):
        written = str(path).encode() + (path.read_bytes() if path.is_file() else b"")
        assert not [secret for secret in secrets if secret in written], path
    report, replayed = await replay(tmp_path / "recording", tmp_path / "replay")
    assert report.exit_code is ExitCode.DONE
    assert standing(replayed).records == standing(settings).records


async def test_a_platform_that_was_off_stays_off_and_one_switched_off_by_name_too(
    platforms: Platforms, tmp_path: Path
) -> None:
    """What the recorded run did not ask is not asked for, pictures too; an operator's word goes before the folder's."""
    catalogue = write_catalogue(tmp_path / "catalogue.jsonl", [FILM])
    off = {"platforms": {"anidb": {"enabled": False}, "anime_planet": {"enabled": False}}, "images": {"enabled": False}}
    await record(settings_for(tmp_path / "live", platforms.url, catalogue, **off), tmp_path / "recording")
    report, settings = await replay(
        tmp_path / "recording", tmp_path / "replay", platforms={"kitsu": {"enabled": False}}
    )
    assert report.exit_code is ExitCode.DONE
    outcomes = outcomes_of(settings)
    is_off = {platform for platform in Platform if outcomes[FILM, platform] == "switched_off"}
    assert is_off == {Platform.ANIDB, Platform.ANIME_PLANET, Platform.KITSU}


async def test_a_replay_never_downloads_a_catalogue(recorded: Recorded, tmp_path: Path) -> None:
    """The one thing a run reads that is no platform's answer is a file too."""
    with pytest.raises(
        BadInput, match=r"a replay opens no connection, so it cannot read 'https://a\.example/c\.jsonl'"
    ):
        await replay(recorded.folder, tmp_path / "checkpoints", catalogue="https://a.example/c.jsonl")


def test_the_guard_bites(tmp_path: Path) -> None:
    """A socket that reaches out under guard fails the test, be it to this very machine."""
    with no_network(), pytest.raises(AssertionError, match="a replay did"), socket.socket() as reaching:
        reaching.connect(("127.0.0.1", 9))


async def test_real_recordings_replay(recordings: Path, catalogue_folder: Path, tmp_path: Path) -> None:
    """Cowboy Bebop from answers of the real platforms: what is there makes a record, what is not is told."""
    lines = (catalogue_folder / "sample-200.jsonl").read_bytes().splitlines()
    rows = [line for line in lines if b'myanimelist.net/anime/1"' in line and orjson.loads(line).get("title") == BEBOP]
    (tmp_path / "catalogue.jsonl").write_bytes(b"\n".join([lines[0], *rows]))
    report, settings = await replay(recordings, tmp_path / "replay", catalogue=str(tmp_path / "catalogue.jsonl"))
    assert (report.exit_code, report.selected) == (ExitCode.FAILED, 1)
    told = {(what.platform, what.kind): what.why for what in report.not_recorded}
    assert set(told) == {
        ("jikan", "staff"), ("anilist", "media"), ("kitsu", "anime"), ("anidb", "anime"), ("anime_planet", "page"),
    }  # fmt: skip
    assert told["anilist", "media"] == "not in the recording: airingSchedule of '1'"
    outcomes = {platform: outcomes_of(settings)[BEBOP, platform] for platform in Platform}
    assert "absent" not in outcomes.values()
    assert {p for p, outcome in outcomes.items() if outcome == "found"} == {
        Platform.ANILIST, Platform.KITSU, Platform.ANIMESCHEDULE,
    }  # fmt: skip
    [(record_bytes, _)] = standing(settings).records.values()
    made = orjson.loads(record_bytes)
    assert made["title"] == BEBOP
    assert len(made["episode_details"]) == 26
    assert "Spike" in str([one["name"] for one in made["characters"]])


def test_a_folder_that_is_no_recording_is_told(tmp_path: Path) -> None:
    """And what would make it one."""
    with pytest.raises(BadInput, match=r"holds neither recording\.json \(a run with --record writes it\) nor INDEX"):
        asyncio.run(replay(tmp_path, tmp_path / "checkpoints"))


def test_an_index_torn_in_the_middle_is_told_by_file_and_line(recorded: Recorded, tmp_path: Path) -> None:
    """Only its end can be cut by a killed run; anything else was done to it."""
    folder = recorded.copy(tmp_path)
    lines = (folder / "INDEX.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "INDEX.jsonl").write_bytes(b"".join([*lines[:2], lines[2][:30] + b"\n", *lines[3:]]))
    with pytest.raises(Damaged, match=r"INDEX\.jsonl', line 3, is torn"):
        Recording(folder)
