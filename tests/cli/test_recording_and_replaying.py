"""``run --record`` and ``run --replay`` from a shell."""

import json
from pathlib import Path

import pytest
from commanding import anime_enrich, anime_enrich_process, told

TITLE = "mal:900013"


def test_a_recorded_run_is_replayed_and_looked_at(tmp_path: Path) -> None:
    """The replay needs nothing but the folder, keeps apart what it makes, says where; what lacks ends it with 1."""
    live = anime_enrich_process("run", TITLE, "--practice", "--speed", "60", "--record", "rec", folder=tmp_path)
    assert live.returncode == 0, live.stderr
    assert "answers in 'rec'" in live.stdout
    replayed = anime_enrich("run", TITLE, "--replay", "rec", folder=tmp_path)
    assert replayed.returncode == 0, replayed.stderr
    assert "answers from the recording (anidb 1, anilist 1," in replayed.stdout
    [hint] = [line for line in replayed.stdout.splitlines() if line.startswith("  anime-enrich show")]
    place = hint.split()[-1]
    assert place.startswith("checkpoints/replay/rec-")
    shown = [
        anime_enrich("show", TITLE, "--json", *where, folder=tmp_path).stdout
        for where in (["--practice"], ["--checkpoints", place])
    ]
    assert shown[0] == shown[1] != ""
    other = anime_enrich("run", TITLE, "mal:900014", "--replay", "rec", "--checkpoints", "o", "--json", folder=tmp_path)
    assert other.returncode == 1
    report = json.loads(other.stdout)
    assert (report["done"], report["degraded"], report["exit_code"]) == (1, 1, 1)
    assert {"jikan", "anilist", "kitsu", "anidb", "anime_planet"} <= {one["platform"] for one in report["not_recorded"]}
    again = anime_enrich("run", "mal:900014", "--replay", "rec", "--checkpoints", "o", folder=tmp_path)
    assert again.returncode == 1
    assert "answers that the recording does not hold: " in again.stdout
    assert "  jikan: not in the recording: 'full' of '900014' (/anime/900014/full)" in again.stdout


def test_recording_what_is_up_to_date_says_that_nothing_was_recorded(finished: Path, tmp_path: Path) -> None:
    """Nobody should find out later that a recording is empty."""
    where = ["--practice", "--checkpoints", str(finished)]
    ended = anime_enrich("run", TITLE, *where, "--record", "rec", folder=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert "1 titles were up to date: nothing of them was asked, so nothing was recorded" in ended.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--replay", "nothing"), "'nothing' is no recording: it holds neither recording.json"),
        (("--practice", "--record", "taken"), "'taken' holds other files and no recording.json"),
    ],
)
def test_a_wrong_folder_is_told_in_a_sentence(tmp_path: Path, arguments: tuple[str, ...], sentence: str) -> None:
    """With the exit code of wrong input."""
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "notes.txt").write_text("mine")
    assert told(anime_enrich("run", TITLE, *arguments, folder=tmp_path), 2).startswith(sentence)


@pytest.mark.parametrize("other", [("--practice",), ("--record", "rec")])
def test_a_replay_asks_nobody(tmp_path: Path, other: tuple[str, ...]) -> None:
    """So neither practice platforms nor a recording go with it."""
    ended = anime_enrich("run", TITLE, "--replay", "rec", *other, folder=tmp_path)
    assert ended.returncode == 2
    assert "a replay asks nobody" in ended.stderr
