"""Runs as an operator sees them: interrupted, beside each other, again, with parts missing."""

import json
import signal
import subprocess
import time
from pathlib import Path

from commanding import TITLES, anime_enrich, clean_environment, command_line, told

from pipeline.enrich.rehearsal import practice_catalogue


def _working(folder: Path) -> bool:
    ended = anime_enrich("status", "--practice", "--json", folder=folder)
    return ended.returncode == 0 and bool(json.loads(ended.stdout)["workers"])


def test_a_run_can_be_looked_at_is_alone_and_goes_on_after_an_interrupt(tmp_path: Path) -> None:
    """While one run works others may look but not run; Ctrl-C ends it with 130, and the same command goes on."""
    slow = command_line("run", *TITLES, "--practice", "--speed", "1")
    process = subprocess.Popen(
        slow, cwd=tmp_path, env=clean_environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        deadline = time.monotonic() + 30
        while not _working(tmp_path):
            assert time.monotonic() < deadline
        assert f"process {process.pid}" in anime_enrich("status", "--practice", folder=tmp_path).stdout
        second = told(anime_enrich("run", *TITLES, "--practice", folder=tmp_path), 1)
        assert str(process.pid) in second
        assert anime_enrich("export", "now.jsonl", "--practice", folder=tmp_path).returncode == 0
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 130
    assert errors == "anime-enrich: interrupted; everything finished is kept, the same command goes on from here\n"
    ended = anime_enrich("run", *TITLES, "--practice", "--speed", "60", "--json", folder=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["done"] == len(TITLES)


def test_a_second_run_does_nothing_and_its_hints_look_at_the_same_place(finished: Path) -> None:
    """Nothing is asked again, and the commands named next carry the folder of this run."""
    where = ["--practice", "--checkpoints", str(finished)]
    ended = anime_enrich("run", *TITLES, *where, folder=finished.parent)
    assert ended.returncode == 0
    assert "nothing to do: all 3 titles are up to date, 0 requests" in ended.stdout
    hints = [line.strip() for line in ended.stdout.splitlines() if line.startswith("  anime-enrich")]
    assert hints[0].startswith("anime-enrich show mal:")
    assert all(hint.endswith(f"--practice --checkpoints {finished}") for hint in hints)


def test_bad_rows_degrade_a_run_over_the_catalogue_but_not_one_over_named_titles(tmp_path: Path) -> None:
    """--limit over a catalogue with bad rows ends with 3 and lists them; a named title is whole all the same."""
    lines = Path(practice_catalogue()).read_text("utf-8").splitlines()
    header, row = lines[0], next(line for line in lines if "/900012" in line)
    (tmp_path / "bad.jsonl").write_text(f'{header}\n{row}\n{{"sources": 3}}\n', "utf-8")
    where = ["--practice", "--speed", "60", "--catalogue", "bad.jsonl", "--json"]
    degraded = anime_enrich("run", "--limit", "1", *where, folder=tmp_path)
    assert degraded.returncode == 3, degraded.stderr
    report = json.loads(degraded.stdout)
    assert (report["done"], len(report["bad_rows"]), report["exit_code"]) == (1, 1, 3)
    assert anime_enrich("run", "mal:900012", *where, folder=tmp_path).returncode == 0


def test_ids_that_were_learned_and_refuted_are_shown_with_who_said_them(tmp_path: Path) -> None:
    """One that AniList and others said and MyAnimeList confirmed, one of Kitsu's that was another title's."""
    where = ("--practice", "--checkpoints", str(tmp_path / "own"))
    anime_enrich("run", "anilist:900022", *where, "--speed", "60", folder=tmp_path)
    shown = " ".join(anime_enrich("show", "anilist:900022", *where, "--why", folder=tmp_path).stdout.split())
    assert " ".join(anime_enrich("show", "mal:900022", *where, "--why", folder=tmp_path).stdout.split()) == shown
    assert anime_enrich("show", "anidb:900120", *where, folder=tmp_path).returncode == 2
    assert "mal:900022 learned 20" in shown
    assert "anidb:900120 refuted 20" in shown
    assert "learned_id@1, 0.98, from catalogue anilist" in shown
    assert "mal:900022 is not the row's: said by anilist" in shown
    assert "finding id_refuted: anidb:900120, said by kitsu, is not used" in shown
    status = json.loads(anime_enrich("status", "--json", *where, folder=tmp_path).stdout)
    assert status["ids_learned"] == {"learned": 1, "refuted": 1}
    assert status["ids_shared"] == {}
    assert status["review"]["id_refuted"] == 1
