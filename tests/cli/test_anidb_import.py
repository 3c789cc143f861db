"""``anidb import`` as an operator types it."""

import json
import os
import sqlite3
import subprocess
import time
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from commanding import anime_enrich, clean_environment, command_line, told

from pipeline.enrich.rehearsal import practice_catalogue

BODY = '<anime id="{}"><titles><title type="main">A Title</title></titles></anime>'


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a synced catalogue and an archive: one aid it lists, one it does not, one torn member."""
    assert anime_enrich("catalogue", "sync", practice_catalogue(), folder=tmp_path).returncode == 0
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        archive.writestr("AnimeDoc_900012.xml", BODY.format(900012))
        archive.writestr("AnimeDoc_77.xml", BODY.format(77))
        archive.writestr("AnimeDoc_5.xml", "<anime id='5'>")
    return tmp_path


def test_what_was_taken_is_told_and_a_bad_member_is_3(place: Path) -> None:
    """Counts, the bad member with its reason; again, and nothing is new; without a client nothing is refused."""
    ended = anime_enrich("anidb", "import", "archive.zip", folder=place)
    assert ended.returncode == 3, ended.stderr
    assert "2 usable" in ended.stdout
    assert "2 newer" in ended.stdout
    assert "1 list one of the aids, 1 of them changed; 1 aids are listed by none" in ended.stdout
    assert "skipped   AnimeDoc_5.xml" in ended.stdout
    again = json.loads(anime_enrich("anidb", "import", "archive.zip", "--json", folder=place).stdout)
    assert (again["answers"], again["kept"], again["titles_changed"], len(again["bad"])) == (2, 0, 0, 1)


def test_a_whole_archive_is_0_as_of_its_day(place: Path) -> None:
    """A folder will do as well."""
    folder = place / "answers"
    folder.mkdir()
    (folder / "1.xml").write_text(BODY.format(900013))
    os.utime(folder / "1.xml", (0, 0))
    ended = anime_enrich("anidb", "import", "answers", "--as-of", "2026-03-26", "--json", folder=place)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["kept"] == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["missing.zip"], ["'missing.zip'", "no archive"]),
        (["text"], ["'text'", "no whole zip"]),
        (["archive.zip", "--as-of", "spring"], ["--as-of", "'spring'"]),
        (["archive.zip", "--as-of", "2999-01-01"], ["--as-of", "yet to come"]),
    ],
)
def test_a_wrong_archive_is_2_and_makes_nothing(tmp_path: Path, arguments: list[str], says: list[str]) -> None:
    """One sentence, and no ledger is begun for it."""
    (tmp_path / "text").write_text("<anime/>")
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        archive.writestr("1.xml", BODY.format(1))
    message = told(anime_enrich("anidb", "import", *arguments, folder=tmp_path), 2)
    for part in says:
        assert part in message
    assert not (tmp_path / "checkpoints").exists()


def test_answers_nobody_would_read_are_not_taken(place: Path) -> None:
    """AniDB switched off by the operator is a contradiction, and both sides are named."""
    off = {"ANIME_ENRICH_PLATFORMS__ANIDB__ENABLED": "false"}
    message = told(anime_enrich("anidb", "import", "archive.zip", folder=place, env=off), 2)
    assert "platforms.anidb.enabled" in message


def test_without_a_catalogue_the_next_step_is_told(place: Path) -> None:
    """The answers are kept, and the same command settles them once there are titles."""
    ended = anime_enrich("anidb", "import", "archive.zip", "--checkpoints", "new", folder=place)
    assert "catalogue sync" in ended.stdout
    assert "2 aids are listed by none" in ended.stdout


def _rows(folder: Path) -> list[list[tuple[object, ...]]]:
    """What an import leaves, but for the moments it was settled at."""
    queries = (
        "select key, body, fetched_at from answers order by 1",
        "select id, kind, body, answer, fetched_at from parts order by 1, 2",
        "select title_id, outcome, reason, ids, fresh_until from outcomes order by 1",
    )
    with closing(sqlite3.connect(folder / "checkpoints" / "ledger.sqlite3")) as ledger:
        return [ledger.execute(query).fetchall() for query in queries]


def test_an_import_killed_half_way_ends_as_one_that_was_not(tmp_path: Path) -> None:
    """SIGKILL among 120 answers: the same command again keeps the rest, and nothing twice."""
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        for aid in range(900_001, 900_121):
            archive.writestr(f"AnimeDoc_{aid}.xml", BODY.format(aid))
    arguments = ("anidb", "import", str(tmp_path / "archive.zip"), "--as-of", "2026-03-26", "--json")
    for name in ("killed", "whole"):
        (tmp_path / name).mkdir()
        assert anime_enrich("catalogue", "sync", practice_catalogue(), folder=tmp_path / name).returncode == 0
    process = subprocess.Popen(
        command_line(*arguments), cwd=tmp_path / "killed", env=clean_environment(), stdout=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while len(_rows(tmp_path / "killed")[0]) < 20:
        assert process.poll() is None
        assert time.monotonic() < deadline
    process.kill()
    process.wait()
    done = len(_rows(tmp_path / "killed")[0])
    assert done < 120
    again = json.loads(anime_enrich(*arguments, folder=tmp_path / "killed").stdout)
    assert (again["answers"], again["kept"], again["bad"]) == (120, 120 - done, [])
    assert json.loads(anime_enrich(*arguments, folder=tmp_path / "whole").stdout)["kept"] == 120
    assert _rows(tmp_path / "killed") == _rows(tmp_path / "whole")
