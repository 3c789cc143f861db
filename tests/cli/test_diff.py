"""diff as an operator calls it: a changed catalogue between two runs, and what cannot be compared."""

import json
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from commanding import TITLES, anime_enrich, told

from pipeline.enrich.rehearsal import practice_catalogue
from tests.enrich.rehearsing import copy_folder, quick_folder


@pytest.fixture(scope="module")
def two_runs(finished: Path) -> Iterator[Path]:
    """The finished folder, and a second run after one row got another name and a longer list of synonyms."""
    lines = [orjson.loads(line) for line in Path(practice_catalogue()).read_bytes().splitlines()]
    (row,) = [row for row in lines[1:] if any(url.endswith("myanimelist.net/anime/900012") for url in row["sources"])]
    row["synonyms"] = [*row["synonyms"], *(f"Other Name {n}" for n in range(8))]
    with quick_folder() as folder:
        copy_folder(finished, folder / "checkpoints")
        (folder / "changed.jsonl").write_bytes(b"\n".join(map(orjson.dumps, lines)))
        ended = anime_enrich(
            "run", *TITLES, "--practice", "--speed", "60", "--catalogue", "changed.jsonl",
            "--checkpoints", "checkpoints", folder=folder,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stderr
        yield folder


def _diff(folder: Path, *arguments: str) -> str:
    ended = anime_enrich("diff", *arguments, "--practice", "--checkpoints", "checkpoints", folder=folder)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_the_last_run_is_compared_with_what_was_before(two_runs: Path) -> None:
    """One title, its field, what came with it, the rule and who says so; JSON and ids of runs say the same."""
    lines = _diff(two_runs).splitlines()
    assert lines[0] == "from what was there before"
    at = next(n for n, line in enumerate(lines) if line.lstrip().startswith("synonyms"))
    assert "+ Other Name 0, Other Name 1, Other Name 2, Other Name 3, Other Name 4 and 3 more" in lines[at]
    assert "rule:names_united@1" in lines[at + 1]
    assert "catalogue" in lines[at + 1]
    assert lines[-1].startswith("1 changed; ")
    whole = json.loads(_diff(two_runs, "--json"))
    (title,) = whole["titles"]
    assert (title["change"], title["result"]) == ("changed", {"old": "done", "new": "done"})
    assert len(title["fields"]["synonyms"]["added"]) == 8
    assert title["fields"]["synonyms"]["rule"] == "rule:names_united@1"
    later = whole["to"]["run_id"]
    status = anime_enrich(
        "status", "--json", "--practice", "--checkpoints", "checkpoints", folder=two_runs
    )  # fmt: skip
    ids = [run["run_id"] for run in json.loads(status.stdout)["runs"]]
    assert ids[0] == later
    assert json.loads(_diff(two_runs, ids[1][:8], ids[0], "--json"))["titles"] == whole["titles"]


def test_a_title_and_a_field_are_picked(two_runs: Path) -> None:
    """What is asked for and nothing else; where that did not change, nothing changed."""
    assert "synonyms" in _diff(two_runs, "--title", "mal:900012", "--field", "synonyms")
    assert "sources" not in _diff(two_runs, "--field", "synonyms")
    for arguments in (["--title", TITLES[1]], ["--field", "year"]):
        assert "nothing changed" in _diff(two_runs, *arguments)


def test_a_first_run_made_every_title_new(finished: Path) -> None:
    """Compared with nothing."""
    ended = anime_enrich("diff", "--practice", "--checkpoints", str(finished), folder=finished.parent)
    assert ended.stdout.splitlines()[-1] == f"{len(TITLES)} new; 0 fields"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["zzz"], ["'zzz'", "anime-enrich status"]),
        (["1", "2", "3"], ["not 3"]),
        (["--field", "nope"], ["'nope'", "title_english"]),
        (["--title", "mal:99999999"], ["'mal:99999999'"]),
    ],
)
def test_what_is_unknown_is_named(two_runs: Path, arguments: list[str], says: list[str]) -> None:
    """Runs, fields and titles that are not there end with 2."""
    message = told(anime_enrich("diff", *arguments, "--practice", "--checkpoints", "checkpoints", folder=two_runs), 2)
    for part in says:
        assert part in message


def test_without_a_finished_run_there_is_nothing_to_compare(tmp_path: Path) -> None:
    """A ledger that only knows a catalogue says so."""
    anime_enrich("catalogue", "sync", practice_catalogue(), folder=tmp_path)
    assert "no run has ended here yet" in told(anime_enrich("diff", folder=tmp_path), 2)
