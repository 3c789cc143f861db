"""status, show, search, export, plan and doctor over a finished folder."""

import fcntl
import json
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest
import zstandard
from commanding import TITLES, anime_enrich, clean_environment, command_line, told

from pipeline.domain.names import Platform
from pipeline.domain.record import AnimeRecord

HEAVY = ("prefect", "aiohttp", "qdrant_client", "qdrant_edge", "lxml", "pyarrow", "torch")


def _read(finished: Path, *arguments: str, **more: Any) -> "subprocess.CompletedProcess[str]":
    return anime_enrich(*arguments, "--practice", "--checkpoints", str(finished), folder=finished.parent, **more)


def _loaded(arguments: list[str], folder: Path, names: tuple[str, ...]) -> str:
    program = (
        "import sys\nfrom pipeline.cli import main\n"
        f"sys.argv = ['anime-enrich', *{arguments!r}]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print('loaded:', *[name for name in {names!r} if name in sys.modules])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, env=clean_environment(), capture_output=True, text=True, check=True
    )
    return ended.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "more"), [(["--help"], ("pydantic", "rich")), (["run", "--help"], ()), (["show", "--help"], ())]
)
def test_help_loads_nothing_heavy(tmp_path: Path, arguments: list[str], more: tuple[str, ...]) -> None:
    """Help stays quick because it loads none of the libraries the work needs."""
    assert _loaded(arguments, tmp_path, (*HEAVY, "sqlalchemy", "numpy", *more)) == "loaded:"


@pytest.mark.parametrize("command", [["status"], ["show", TITLES[0]]])
def test_looking_loads_neither_network_nor_store(finished: Path, command: list[str]) -> None:
    """status and show read the ledger and nothing else."""
    arguments = [*command, "--practice", "--checkpoints", str(finished)]
    assert _loaded(arguments, finished.parent, HEAVY) == "loaded:"


def test_status_counts_what_was_done(finished: Path) -> None:
    """The JSON form has titles, platforms, points and the run with its end."""
    told_ = json.loads(_read(finished, "status", "--json").stdout)
    assert told_["titles"]["done"] == len(TITLES)
    assert told_["points"] == len(TITLES)
    assert told_["workers"] == []
    assert told_["runs"][0]["summary"]["done"] == len(TITLES)


@pytest.mark.parametrize("columns", ["40", "200"])
def test_piped_output_is_neither_wrapped_nor_cut(finished: Path, columns: str) -> None:
    """A program that reads a search's lines finds an id at the end of each, however wide a terminal would be."""
    ended = _read(finished, "search", "Minato", env={"COLUMNS": columns})
    _, *rows, model = ended.stdout.splitlines()
    assert model.startswith("by ")
    assert {row.split()[-1] for row in rows} == set(TITLES)


def test_show_gives_record_field_and_reason(finished: Path) -> None:
    """A record as JSON is a whole AnimeRecord; a field alone comes with its reason; a part of a name finds it."""
    record = json.loads(_read(finished, "show", TITLES[0], "--json").stdout)
    assert AnimeRecord.model_validate(record).platform_ids
    both = json.loads(_read(finished, "show", TITLES[0], "--field", "year", "--why", "--json").stdout)
    assert both["record"] == {"year": record["year"]}
    assert both["provenance"]["fields"]["year"]["sources"]
    told_ = _read(finished, "show", TITLES[0], "--field", "year", "--why").stdout
    assert told_.splitlines()[0] == str(record["year"])
    assert "why: rule:year_vote" in told_
    assert re.search(r"^anilist: heard 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ, AniList API terms", told_, re.MULTILINE)
    assert both["heard_at"]["anilist"] in told_
    whole = _read(finished, "show", record["title"], "--why").stdout
    assert "nobody said" in whole
    assert "year_vote" in whole


def test_a_title_without_a_record_says_how_to_make_it(finished: Path) -> None:
    """A title of the catalogue that was not run is told with the command that runs it."""
    assert "anime-enrich run mal:900003" in told(_read(finished, "show", "mal:900003"), 2)


@pytest.mark.parametrize("name", ["records.jsonl", "records.jsonl.zst", "records.parquet"])
def test_export_writes_every_finished_record(finished: Path, tmp_path: Path, name: str) -> None:
    """Each format holds the same records under the same field names."""
    target = tmp_path / name
    ended = _read(finished, "export", str(target), "--provenance")
    assert ended.returncode == 0, ended.stderr
    if name.endswith(".parquet"):
        table = pq.read_table(target)
        assert table.column_names == list(AnimeRecord.model_fields)
        rows = table.to_pylist()
    else:
        body = target.read_bytes()
        if name.endswith(".zst"):
            body = zstandard.ZstdDecompressor().stream_reader(body).read()
        rows = [orjson.loads(line) for line in body.splitlines()]
        assert all(AnimeRecord.model_validate(row) for row in rows)
    why = [orjson.loads(line) for line in (tmp_path / "records.provenance.jsonl").read_bytes().splitlines()]
    assert len(rows) == len(why) == len(TITLES)
    assert {row["title_id"] for row in rows} == {row["title_id"] for row in why}
    assert all({"mal", "anilist", "kitsu"} <= row["heard_at"].keys() for row in why)
    assert all(at.endswith("Z") for row in why for at in row["heard_at"].values())
    assert not list(tmp_path.glob(".*"))


def test_export_to_nowhere_is_told(finished: Path) -> None:
    """A folder that is not there is named."""
    assert "'/nonexistent/x.jsonl'" in told(_read(finished, "export", "/nonexistent/x.jsonl"), 2)


def test_plan_asks_nothing_when_all_is_done_and_counts_what_is_not(finished: Path) -> None:
    """Finished titles cost nothing; another one costs at least one request at every platform that lists it."""
    done = json.loads(_read(finished, "plan", *TITLES, "--json").stdout)
    assert (done["due"], done["eta_s"]) == (0, 0.0)
    new = json.loads(_read(finished, "plan", "--ids-file", "-", "--json", stdin="# one\nmal:900003  # it\n\n").stdout)
    assert (new["selected"], new["due"]) == (1, 1)
    assert sum(new["platforms"]["jikan"]["requests"].values()) >= 1


def test_a_narrow_plan_keeps_its_columns(finished: Path) -> None:
    """What a platform is asked for stands below the table, so that 80 columns are enough for it."""
    lines = _read(finished, "plan", "mal:900003").stdout.splitlines()
    table = lines[1:8]
    assert table[0].split()[0] == "platform"
    assert max(map(len, table)) < 80


def test_doctor_reaches_for_nothing_when_practising(finished: Path) -> None:
    """A practice check names no address of a real platform, and all is well."""
    ended = _read(finished, "doctor", "--json")
    checks = {check["name"]: check for check in json.loads(ended.stdout)["checks"]}
    assert not [name for name in checks if name.startswith("reach")]
    assert "https://" not in ended.stdout
    assert checks["ledger"]["state"] == "ok"


def test_doctor_says_so_when_the_shared_budget_cannot_be_opened(tmp_path: Path) -> None:
    """A budget in a PostgreSQL that is not there is no budget: bad, with the reason and without the password."""
    off = {f"ANIME_ENRICH_PLATFORMS__{platform.name}__ENABLED": "false" for platform in Platform}
    budget = {"ANIME_ENRICH_BUDGET_URL": "postgresql://someone:secret@127.0.0.1:1/budget"}
    ended = anime_enrich("doctor", "--json", folder=tmp_path, env=off | budget)
    checks = {check["name"]: check for check in json.loads(ended.stdout)["checks"]}
    assert (checks["request budget"]["state"], ended.returncode) == ("bad", 1)
    assert "127.0.0.1" in str(checks["request budget"])
    assert "secret" not in ended.stdout + ended.stderr


def test_a_reader_that_goes_away_is_no_failure(finished: Path) -> None:
    """``| head`` ends quietly and with the exit code of what was done."""
    for arguments in (["show", TITLES[0], "--json"], ["show", TITLES[0], "--why"], ["status"]):
        command = command_line(*arguments, "--practice", "--checkpoints", str(finished))
        process = subprocess.Popen(
            command, cwd=finished.parent, env=clean_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
        assert process.wait(30) == 0


@pytest.mark.parametrize("damage", ["garbage", "cut"])
def test_a_damaged_ledger_is_told_kept_and_recovered(own: Path, damage: str) -> None:
    """A damaged ledger is one sentence and 1; recovering keeps the file, says 3 for losses, and work goes on."""
    ledger = own / "ledger.sqlite3"
    broken = b"this is no database at all" * 40 if damage == "garbage" else ledger.read_bytes()[:30_000]
    ledger.write_bytes(broken)
    for companion in own.glob("ledger.sqlite3-*"):
        companion.unlink()
    assert "doctor --recover" in told(_read(own, "status"), 1)
    recovered = _read(own, "doctor", "--recover")
    assert recovered.returncode == 3, recovered.stderr
    (kept,) = [path for path in own.glob("ledger.sqlite3.damaged-*") if path.suffix[-4:] not in ("-wal", "-shm")]
    assert kept.read_bytes() == broken
    assert _read(own, "status").returncode == 0


def test_a_whole_ledger_is_not_recovered(own: Path) -> None:
    """Recovery of a ledger that is whole changes nothing."""
    before = (own / "ledger.sqlite3").read_bytes()
    ended = _read(own, "doctor", "--recover")
    assert ended.returncode == 0
    assert "nothing to recover" in ended.stdout
    assert (own / "ledger.sqlite3").read_bytes() == before


def test_plan_works_while_a_run_holds_the_store(own: Path) -> None:
    """It only reads which collection that is, and takes no lock."""
    with (own / "qdrant" / "anime" / "lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ended = _read(own, "plan", TITLES[0], "--json")
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["due"] == 0


@pytest.mark.parametrize("command", [["show", TITLES[0]], ["export", "records.jsonl"]])
def test_a_torn_record_is_named_and_opened_again(own: Path, command: list[str]) -> None:
    """Not a traceback, not an empty record: a sentence with the next step, and that step has something to do."""
    with closing(sqlite3.connect(own / "ledger.sqlite3")) as ledger:
        [(record,)] = ledger.execute(
            "select record from titles join ids using (title_id) where site = 'mal' and id = '900012'"
        ).fetchall()
    (own / "blobs" / record[:2] / f"{record[2:]}.zst").write_bytes(b"cut")
    ended = _read(own, *command)
    assert ended.returncode in (1, 3)
    assert "torn" in ended.stdout + ended.stderr
    planned = _read(own, "plan", TITLES[0], "--json")
    assert json.loads(planned.stdout)["due"] == 1
