"""review as a person uses it: look, decide, see it obeyed, take it back, share it; and what is typed wrong."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from commanding import anime_enrich, told

from pipeline.cli.review import _without_repeats
from pipeline.domain.review import ReviewItem
from pipeline.enrich.rehearsal import practice_catalogue
from pipeline.ledger.review import QueuedItem
from tests.enrich.rehearsing import copy_folder, quick_folder

ONE, OTHER = "mal:900017", "mal:900012"


@pytest.fixture(scope="module")
def folder(finished: Path) -> Iterator[Path]:
    """A copy of the finished checkpoints; who locks something takes it back."""
    with quick_folder() as place:
        copy_folder(finished, place / "checkpoints")
        yield place


@pytest.fixture
def read_only(finished: Path) -> Path:
    """The finished folder itself."""
    return finished.parent


def call(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return anime_enrich(*arguments, "--practice", "--checkpoints", "checkpoints", folder=folder)


def review(folder: Path, *arguments: str) -> str:
    ended = call(folder, "review", *arguments)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def fields(folder: Path) -> set[str]:
    return {item["field"] for item in json.loads(review(folder, "list", "--json"))["items"]}


def test_the_list_names_title_field_reason_weight_and_the_next_command(read_only: Path) -> None:
    """The most pressing first; JSON says the same, filters pick."""
    lines = review(read_only, "list").splitlines()
    assert lines[0].startswith(f"Minato no Tako  {OTHER}  themes  low_confidence  uncertain 0.51, weight ")
    assert lines[1].strip().startswith('["School"] (anilist animeschedule mal) by rule:label_vote@1')
    assert lines[-1] == f"look at one: anime-enrich review show {OTHER} themes --practice --checkpoints checkpoints"
    whole = json.loads(review(read_only, "list", "--json"))
    weights = [item["priority"] for item in whole["items"]]
    assert weights == sorted(weights, reverse=True)
    assert whole["items"][0]["ids"]["mal"] == ["900012"]
    assert sum(whole["counts"].values()) == len(whole["items"])
    (first,) = json.loads(review(read_only, "list", "--limit", "1", "--json"))["items"]
    assert first == whole["items"][0]
    picked = json.loads(review(read_only, "list", "--field", "episodes", "--json"))
    assert {item["field"] for item in picked["items"]} == {"episodes"}
    assert picked["counts"] == {"conflict": 1}
    assert {i["code"] for i in json.loads(review(read_only, "list", "--code", "labels", "--json"))["items"]} == {
        "labels"
    }
    assert review(read_only, "list", "--field", "title") == "nothing to review\n"


def test_a_field_is_laid_open_with_numbered_alternatives(read_only: Path) -> None:
    """What stands, by which rule, who says what else, where to look, and how to decide."""
    said = review(read_only, "show", ONE, "episodes")
    assert "  https://myanimelist.net/anime/900017" in said
    assert "  by rule:episodes_vote@3, 0.86, from anidb anilist anime_planet animeschedule catalogue mal, in co" in said
    assert "mal  (the rules)\n    2  11  kitsu\n" in said
    assert f"review resolve {ONE} episodes --practice --checkpoints checkpoints (--choose N" in said
    (subject,) = json.loads(review(read_only, "show", ONE, "episodes", "--json"))["subjects"]
    assert [option["value"] for option in subject["options"]] == [10, 11]
    assert subject["lock"] is None
    fields = [one["field"] for one in json.loads(review(read_only, "show", ONE, "--json"))["subjects"]]
    assert fields == ["episodes"]


def test_words_and_ids_are_laid_open_and_answered_by_name(folder: Path) -> None:
    """What the synopsis tells, what a label means, whose an id is; each with the ways to answer it."""
    said = review(folder, "show", "mal:900013")
    assert "asked: which of these genres and themes the synopsis supports: " in said
    assert "or by name: Delinquents, " in said
    assert "labels:synopsis --practice --checkpoints checkpoints (--choose N | --value TERM | " in said
    done = review(folder, "resolve", OTHER, "labels:mal:School", "--value", "null", "--by", "jo")
    assert "labels:mal:school is none of them, locked by jo" in done
    assert "for every title" not in done  # the table knows it
    assert "kitsu:1 is this title's" not in review(folder, "show", OTHER, "platform_ids")
    refused = told(call(folder, "review", "resolve", OTHER, "platform_id:kitsu:1", "--value", "yes", "--by", "jo"), 2)
    assert "'kitsu:1'" in refused
    assert "the catalogue lists kitsu:900012 for it" in refused
    review(folder, "unlock", OTHER, "labels:mal:School")


def test_a_decision_is_obeyed_named_shared_and_taken_back(folder: Path) -> None:
    """From the queue into the record, into a file, and out again."""
    said = review(folder, "resolve", ONE, "episodes", "--choose", "2", "--by", "maria", "--note", "it is on the box")
    assert "episodes 11, locked by maria on " in said
    assert f"anime-enrich run {ONE}" in said
    assert "episodes" not in fields(folder)
    assert "decided: 11, locked by maria" in review(folder, "show", ONE, "episodes")
    assert call(folder, "run", ONE, "--speed", "60").returncode == 0
    why = call(folder, "show", ONE, "--field", "episodes", "--why").stdout
    assert why.startswith("11\nwhy: review:locked@1, confidence 1.00\nfrom: kitsu, review\n")
    assert 'passed over: {"value":10,"sources":["anidb",' in why
    assert "evidence: locked by maria on " in why
    assert "it is on the box" in why
    assert "locked by maria" in call(folder, "show", ONE, "--why").stdout
    assert "1 cases in team.jsonl" in review(folder, "export", "team.jsonl")
    assert "decided   1 of 1 titles by persons" in call(folder, "status").stdout
    assert json.loads(call(folder, "status", "--json").stdout)["decided"] == {"titles": 1, "decisions": 1}
    (case,) = map(json.loads, (folder / "team.jsonl").read_text().splitlines())
    assert (case["expected"], case["by"], case["reason"]) == (11, "maria", "it is on the box")
    assert "0 taken, 1 the same here" in review(folder, "import", "team.jsonl")
    assert "no longer locked by maria" in review(folder, "unlock", ONE, "episodes")
    assert "decided: 11" not in review(folder, "show", ONE, "episodes")
    assert "1 taken" in review(folder, "import", "team.jsonl")
    review(folder, "unlock", ONE, "episodes")
    assert "1 of 1 titles" in call(folder, "plan", ONE).stdout


def test_what_was_seen_leaves_the_queue_and_locks_nothing(folder: Path) -> None:
    """It is nobody else's case either, and may be looked at again."""
    assert "themes" in fields(folder)
    assert "was seen" in review(folder, "resolve", OTHER, "themes", "--seen", "--by", "jo")
    assert "themes" not in fields(folder)
    assert "  seen, locked by jo on " in review(folder, "show", OTHER, "themes")
    assert "0 cases" in review(folder, "export", "seen.jsonl")
    assert "no longer locked by jo" in review(folder, "unlock", OTHER, "themes")


def test_one_title_does_not_fill_the_list() -> None:
    """Of each kind it shows a few, the last with how many more there are; the order stays."""

    def item(title: str, code: str, n: int) -> QueuedItem:
        return QueuedItem(title, title, ReviewItem(f"f{n}", code, "", 0.5), 1.0)

    many = [item("a", "x", n) for n in range(5)]
    queue = [many[0], item("b", "x", 0), *many[1:], item("a", "y", 9)]
    shown = [(one.title_id, one.item.field, hidden) for one, hidden in _without_repeats(queue)]
    assert shown == [("a", "f0", 0), ("b", "f0", 0), ("a", "f1", 0), ("a", "f2", 2), ("a", "f9", 0)]


def test_a_whole_list_is_given_as_json_or_kept(folder: Path) -> None:
    """What is locked is told as it will stand."""
    (subject,) = json.loads(review(folder, "show", "mal:900013", "genres", "--json"))["subjects"]
    kept = json.dumps(subject["stands"], separators=(",", ":"))
    assert 'genres ["Horror"], locked' in review(
        folder, "resolve", OTHER, "genres", "--value", '["Horror"]', "--by", "jo"
    )
    assert f"genres {kept}, locked" in review(folder, "resolve", "mal:900013", "genres", "--keep", "--by", "jo")
    for title in (OTHER, "mal:900013"):
        review(folder, "unlock", title, "genres")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["list", "--field", "nope"], ["'nope'", "same_character"]),
        (["list", "--code", "nope"], ["'nope'", "low_confidence"]),
        (["show", "mal:99999999"], ["'mal:99999999'"]),
        (["show", ONE, "nope"], ["'nope'", "水の音", "rating"]),
        (["resolve", ONE, "rating", "--by", "m"], ["--value", "--choose", "--keep", "--seen"]),
        (["resolve", ONE, "rating", "--keep", "--choose", "1", "--by", "m"], ["one of"]),
        (["resolve", ONE, "episodes", "--choose", "3", "--by", "m"], ["option 3", "has 2", "review show"]),
        (["resolve", ONE, "rating", "--choose", "0", "--by", "m"], ["option 0"]),
        (["resolve", ONE, "rating", "--value", "PG", "--by", "m"], ["水の音", "rating", "JSON", "--value"]),
        (["resolve", ONE, "rating", "--value", '"Z"', "--by", "m"], ["'Z'", '"PG_13"', "null"]),
        (["resolve", ONE, "episodes", "--value", '"12"', "--by", "m"], ["episodes", "'12'", "whole number"]),
        (["resolve", ONE, "episodes", "--value", "\udcff", "--by", "m"], ["episodes"]),
        (["resolve", ONE, "rating", "--keep", "--by", " "], ["--by NAME"]),
        (["resolve", ONE, "platform_ids", "--keep", "--by", "m"], ["'platform_ids'", "--seen"]),
        (["resolve", ONE, "year", "--seen", "--by", "m"], ["'year'", "not in the queue"]),
        (["resolve", ONE, "nope", "--keep", "--by", "m"], ["'nope'"]),
        (["unlock", ONE, "year"], ["'year'", "not locked", "nothing of it is locked"]),
        (["import", "missing.jsonl"], ["'missing.jsonl'"]),
        (["import", "broken.jsonl"], ["broken.jsonl line 2", "nothing of the file was taken"]),
        (["export", "no/such/folder.jsonl"], ["no/such/folder.jsonl"]),
    ],
)
def test_what_is_typed_wrong_is_named(read_only: Path, tmp_path: Path, arguments: list[str], says: list[str]) -> None:
    """One sentence with field, value and the next step, exit code 2; nothing is locked."""
    (tmp_path / "broken.jsonl").write_text("\n{not json\n")
    placed = [str(tmp_path / one) if one == "broken.jsonl" else one for one in arguments]
    message = told(call(read_only, "review", *placed), 2)
    for part in says:
        assert part in message
    assert "0 cases" in review(read_only, "export", str(tmp_path / "none.jsonl"))


def test_locks_of_titles_that_are_not_here_end_with_3(folder: Path) -> None:
    """They are named, and the rest is taken."""
    review(folder, "resolve", ONE, "year", "--keep", "--by", "m")
    review(folder, "export", "mine.jsonl")
    review(folder, "unlock", ONE, "year")
    mine = (folder / "mine.jsonl").read_text()
    other = json.loads(mine) | {"ids": {"mal": ["1"]}, "title_id": "x", "title": "Elsewhere"}
    (folder / "both.jsonl").write_text(mine + json.dumps(other) + "\n")
    ended = call(folder, "review", "import", "both.jsonl")
    assert ended.returncode == 3, ended.stderr
    assert "1 taken" in ended.stdout
    assert "not here: Elsewhere" in ended.stdout
    review(folder, "unlock", ONE, "year")


def test_a_title_without_a_record_has_nothing_to_review(read_only: Path) -> None:
    """The next step is to make it."""
    assert "anime-enrich run" in told(call(read_only, "review", "show", "mal:900001"), 2)


def test_before_the_first_run_there_is_no_queue(tmp_path: Path) -> None:
    """That is something else than a queue with nothing in it."""
    anime_enrich("catalogue", "sync", practice_catalogue(), folder=tmp_path)
    assert "no queue yet" in anime_enrich("review", "list", folder=tmp_path).stdout


def test_without_a_ledger_nothing_is_made(tmp_path: Path) -> None:
    """A mistyped folder is told."""
    assert "nothing was done yet" in told(anime_enrich("review", "list", "--checkpoints", "x", folder=tmp_path), 2)
    assert not (tmp_path / "x").exists()
