"""The checked-in schemas are what the models say."""

import subprocess
import sys
import time
from pathlib import Path

import orjson
from jsonschema import Draft202012Validator

from pipeline.assembly import assemble, record_bytes, validate
from pipeline.assembly.published import schema_of
from pipeline.assembly.schemas import FILES, find_stale, main
from pipeline.assembly.validation import _validator
from pipeline.domain.record import AnimeRecord, CharacterRecord, VoiceRecord

from .conftest import draft_all

ROOT = Path(__file__).resolve().parents[2]


def test_checked_in_schemas_are_fresh():
    assert find_stale(ROOT / "schemas") == ()


def test_every_schema_is_a_lawful_schema():
    for name in FILES:
        Draft202012Validator.check_schema(orjson.loads((ROOT / "schemas" / name).read_bytes()))


def test_check_names_the_stale_file_and_writes_nothing(tmp_path, capsys):
    assert main(["--folder", str(tmp_path)]) == 0
    assert main(["--check", "--folder", str(tmp_path)]) == 0
    stale = tmp_path / "episode.schema.json"
    stale.write_bytes(b"{}")
    assert main(["--check", "--folder", str(tmp_path)]) == 1
    assert "episode.schema.json is stale" in capsys.readouterr().err
    assert stale.read_bytes() == b"{}"
    assert main(["--folder", str(tmp_path)]) == 0
    assert find_stale(tmp_path) == ()


def test_the_generator_runs_as_a_module_without_warnings():
    done = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", "-m", "pipeline.assembly.schemas", "--check"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_two_validators_give_the_same_verdicts(inputs):
    """The compiled validator in use and the reference implementation agree on right and wrong records."""
    tree = orjson.loads(record_bytes(assemble(inputs, draft_all(inputs), {}).record))
    reference = Draft202012Validator(schema_of(AnimeRecord))
    wrong = [{"month": 0}, {"type": "x"}, {"tags": [{}]}, {"studios": [{"name": 1}]}, {"images": []}, {"extra": 1}]
    for changes in ({}, *wrong):
        changed = {**tree, **changes}
        assert _validator().is_valid(changed) == reference.is_valid(changed) == (not changes), changes


def test_the_largest_cast_is_checked_without_blowing_up(inputs):
    """1,450 characters with eight voices each cost a second of CPU or so, not minutes."""
    voices = [VoiceRecord(name=f"V{n}", language="ja", ids={"mal": "1"}, sources=["mal"]) for n in range(8)]
    cast = [
        CharacterRecord(name=f"C{n}", role="MAIN", description="x" * 900, voice_actors=voices, sources=["mal"])
        for n in range(1450)
    ]
    done = assemble(inputs, draft_all(inputs), {}).record.model_copy(update={"characters": cast})
    content = record_bytes(done)
    started = time.process_time()
    validate(content)
    assert time.process_time() - started < 10.0  # CPU; ten times what it takes
