"""What a user gives wrong is told in one sentence that names it and the next step, with exit code 2 (or 1)."""

from pathlib import Path

import pytest
from commanding import anime_enrich, told

from pipeline.enrich.rehearsal import practice_catalogue
from tests.enrich.rehearsing import copy_folder


@pytest.mark.parametrize(
    ("env", "says"),
    [
        ({"ANIME_ENRICH_SPEED": "20"}, ["speed=20.0", "jikan", "anilist", "base_url"]),
        ({"ANIME_ENRICH_CATALOG": "x"}, ["ANIME_ENRICH_CATALOG", "did you mean ANIME_ENRICH_CATALOGUE"]),
        ({"ANIME_ENRICH_ZZZZ": "x"}, ["ANIME_ENRICH_ZZZZ", "unset it"]),
        ({"ANIME_ENRICH_PLATFORMS__JIKAN__NOPE": "1"}, ["platforms.jikan.nope"]),
        ({"ANIME_ENRICH_PLATFORMS": "not json"}, ["platforms", "piece by piece"]),
        ({"ANIME_ENRICH_PLATFORMS__ANIME_PLANET__ENABLED": "true"}, ["anime_planet", "contact"]),
        ({"ANIME_ENRICH_LEDGER_URL": "garbage"}, ["ledger_url", "'garbage'"]),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, env: dict[str, str], says: list[str]) -> None:
    """Settings of the environment that contradict, do not exist or cannot be read end with 2 and their name."""
    message = told(anime_enrich("status", folder=tmp_path, env=env), 2)
    for part in says:
        assert part in message


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'contact = "a', ["anime-enrich.toml", "not TOML"]),
        (b'contact = "\xff"', ["anime-enrich.toml", "utf-8"]),
        (b"nope = 3", ["nope"]),
    ],
)
def test_a_wrong_settings_file_is_named(tmp_path: Path, content: bytes, says: list[str]) -> None:
    """A settings file that is cut, of another encoding or with an unknown name ends with 2."""
    (tmp_path / "anime-enrich.toml").write_bytes(content)
    message = told(anime_enrich("status", folder=tmp_path), 2)
    for part in says:
        assert part in message


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run"], ["no catalogue", "--catalogue"]),
        (["run", "--practice"], ["--all", "--limit"]),
        (["run", "--practice", "--all", "mal:1"], ["not both"]),
        (["run", "--practice", "mal:99999999"], ["'mal:99999999'"]),
        (["run", "--practice", "no such name"], ["'no such name'"]),
        (["run", "--practice", "Minato"], ["'Minato'", "whole name"]),
        (["run", "--practice", "--ids-file", "missing.txt"], ["'missing.txt'"]),
        (["run", "--all", "--catalogue", "missing.jsonl"], ["'missing.jsonl'"]),
        (["catalogue", "info"], ["ANIME_ENRICH_CATALOGUE"]),
        (["export", "records.csv"], ["'records.csv'", ".parquet"]),
        (["search", " "], ["empty"]),
        (["search", "x", "--vector", "nope"], ["'nope'", "synopsis"]),
        (["show", "mal:1", "--field", "nope"], ["'nope'", "title_english"]),
        (["doctor", "--recover"], ["ledger.sqlite3"]),
    ],
)
def test_a_wrong_argument_is_named(tmp_path: Path, arguments: list[str], says: list[str]) -> None:
    """Arguments that mean nothing or several things end with 2 and a sentence that quotes them."""
    message = told(anime_enrich(*arguments, folder=tmp_path), 2)
    for part in says:
        assert part in message


@pytest.mark.parametrize("command", [["status"], ["show", "mal:1"], ["search", "x"], ["export", "x.jsonl"]])
def test_reading_a_folder_where_nothing_was_done_makes_none(tmp_path: Path, command: list[str]) -> None:
    """A mistyped folder is told with 2, and neither it nor an empty export is created."""
    assert "'mistyped'" in told(anime_enrich(*command, "--checkpoints", "mistyped", folder=tmp_path), 2)
    assert not list(tmp_path.iterdir())


def test_a_file_in_place_of_the_folder_is_named(tmp_path: Path) -> None:
    """A checkpoints path that cannot be a folder ends with 1 and the path."""
    (tmp_path / "taken").write_text("a file")
    message = told(anime_enrich("run", "--practice", "--all", "--checkpoints", "taken", folder=tmp_path), 1)
    assert "'taken'" in message


def test_a_cut_catalogue_is_refused_whole(tmp_path: Path) -> None:
    """A file that ends within a row must not make titles look gone: 2, and it says the file is cut."""
    content = Path(practice_catalogue()).read_bytes()
    (tmp_path / "cut.jsonl").write_bytes(content[: len(content) // 2])
    for command in (["catalogue", "info"], ["catalogue", "sync"]):
        message = told(anime_enrich(*command, "cut.jsonl", folder=tmp_path), 2)
        assert "cut.jsonl" in message
        assert "get the file again" in message


def test_bad_rows_are_named_skipped_and_make_the_exit_code_3(tmp_path: Path) -> None:
    """Every command that reads the rows names the bad ones and goes on; the second reading says it again."""
    lines = Path(practice_catalogue()).read_text("utf-8").splitlines()
    rows = [*lines[:4], '{"sources": 3}', "no json at all", *lines[4:]]
    (tmp_path / "bad.jsonl").write_text("\n".join(rows) + "\n", "utf-8")
    for command in (["catalogue", "info"], ["catalogue", "sync"], ["catalogue", "sync"]):
        ended = anime_enrich(*command, "bad.jsonl", folder=tmp_path)
        assert ended.returncode == 3
        assert "'sources'" in ended.stdout
        assert "not JSON" in ended.stdout
    listed = anime_enrich("status", folder=tmp_path)
    assert "2 bad rows" in listed.stdout
    assert "not JSON" in listed.stdout


def test_secrets_are_never_printed(tmp_path: Path, finished: Path) -> None:
    """Tokens, keys and the password of a database address appear in no output, whatever is wrong."""
    copy_folder(finished, tmp_path / "checkpoints")
    env = {
        "ANIME_ENRICH_PLATFORMS__ANIMESCHEDULE__TOKEN": "s3cr3t-token",
        "ANIME_ENRICH_STORE__API_KEY": "s3cr3t-key",
        "ANIME_ENRICH_STORE__URL": "http://127.0.0.1:1",
    }
    wrong = {**env, "ANIME_ENRICH_SPEED": "7"}
    postgres = {**env, "ANIME_ENRICH_LEDGER_URL": "postgresql://me:s3cr3t-word@127.0.0.1:1/x"}
    for arguments, settings in (
        (["doctor", "--offline"], env),
        (["doctor", "--offline", "--json"], env),
        (["status"], wrong),
        (["doctor", "--offline"], postgres),
        (["status"], postgres),
    ):
        ended = anime_enrich(*arguments, folder=tmp_path, env=settings)
        assert "s3cr3t" not in ended.stdout + ended.stderr
        assert "Traceback" not in ended.stderr
