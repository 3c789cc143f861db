"""Prefect stays where it belongs, sends nothing anywhere, and what is deployed is what is there."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.flows import Flow, load_flow_from_entrypoint
from prefect.settings import PREFECT_SERVER_ANALYTICS_ENABLED
from prefect.utilities.callables import parameter_schema

from flows.enrich_title import enrich_title

ROOT = Path(__file__).resolve().parent.parent.parent
QUIET = {"PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}

_IMPORT_PIPELINE = """
import importlib, pkgutil, sys
import pipeline
names = [m.name for m in pkgutil.walk_packages(pipeline.__path__, "pipeline.") if not m.name.endswith("__main__")]
assert len([name for name in names if name.startswith("pipeline.cli.")]) > 10, names
for name in names:
    importlib.import_module(name)
print(sorted(name for name in sys.modules if name.partition(".")[0] in ("prefect", "flows")))
"""
_AT_IMPORT = """
import os, sys
class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "prefect":
            print([os.environ.get(key) for key in ("PREFECT_SERVER_ANALYTICS_ENABLED", "DO_NOT_TRACK")], flush=True)
            os._exit(0)
sys.meta_path.insert(0, Watch())
import flows.enrich_title
"""


def run_python(code: str, **environment: str) -> str:
    inherited = {name: value for name, value in os.environ.items() if name not in QUIET}
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        env=inherited | environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def deployments() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load((ROOT / "deploy" / "prefect.yaml").read_text())["deployments"]
    return found


def environment_file() -> Mapping[str, str]:
    lines = (ROOT / "deploy" / "prefect.env").read_text().splitlines()
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    return {name: value for name, _, value in pairs}


def test_pipeline_and_command_line_never_load_prefect() -> None:
    """Every module of the pipeline, each command among them, is imported; Prefect is not."""
    assert run_python(_IMPORT_PIPELINE) == "[]"


def test_telemetry_is_refused_before_prefect_is_loaded() -> None:
    """At the moment a flow first asks for Prefect, the environment says no already."""
    assert run_python(_AT_IMPORT) == "['false', '1']"


def test_an_explicit_choice_of_the_operator_stands() -> None:
    """What the environment says of telemetry is not overruled."""
    said = run_python(_AT_IMPORT, PREFECT_SERVER_ANALYTICS_ENABLED="true", DO_NOT_TRACK="0")
    assert said == "['true', '0']"


def test_every_prefect_process_is_told_to_send_nothing() -> None:
    """The file for servers and workers and the environment of deployed runs carry the same two words."""
    assert QUIET.items() <= environment_file().items()
    for deployment in deployments():
        assert QUIET.items() <= deployment["work_pool"]["job_variables"]["env"].items()


def test_these_tests_send_nothing_themselves() -> None:
    """Prefect of this very process reads the refusal as meant."""
    assert PREFECT_SERVER_ANALYTICS_ENABLED.value() is False
    assert os.environ["DO_NOT_TRACK"] == "1"


def test_the_server_listens_where_its_clients_call() -> None:
    """Port and host are said once for the server and once in the address; they agree, and are this machine's."""
    told = environment_file()
    host, port = told["PREFECT_SERVER_API_HOST"], told["PREFECT_SERVER_API_PORT"]
    assert told["PREFECT_API_URL"] == f"http://{host}:{port}/api"
    assert host == "127.0.0.1"


def test_what_is_deployed_exists(monkeypatch: pytest.MonkeyPatch) -> None:
    """Entrypoints lead to flows that take the parameters given, in the pool that the operators' page makes."""
    monkeypatch.chdir(ROOT)
    page = (ROOT / "docs" / "prefect.md").read_text()
    assert [deployment["name"] for deployment in deployments()] == ["enrich-title"]
    for deployment in deployments():
        loaded: Flow[..., Any] = load_flow_from_entrypoint(deployment["entrypoint"])
        assert loaded.name == deployment["name"]
        assert set(deployment.get("parameters", {})) <= set(loaded.parameters.properties)
        assert f"work-pool create {deployment['work_pool']['name']} --type process" in page
        assert f"{loaded.name}/{deployment['name']}" in page


def test_the_form_explains_every_parameter() -> None:
    """Each has a description in the run form, and only the title must be given."""
    schema = parameter_schema(enrich_title)
    assert schema.required == ["title"]
    assert all(about.get("description") for about in schema.properties.values())
