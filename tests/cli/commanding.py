"""``anime-enrich`` in a folder of its own, as a process or within this one, without the settings of the machine."""

import contextlib
import io
import os
import subprocess
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from unittest import mock

import structlog

from pipeline.cli import main

__all__ = ["TITLES", "anime_enrich", "anime_enrich_process", "clean_environment", "command_line", "told"]

TITLES = ("mal:900012", "mal:900013", "mal:900017")


def clean_environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANIME_ENRICH_")}
    return {**kept, "PYTHONWARNINGS": "ignore", "COLUMNS": "100", **more}


def command_line(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pipeline.cli", *arguments]


def anime_enrich_process(*arguments: str, folder: Path, timeout_s: float = 120) -> "subprocess.CompletedProcess[str]":
    """The command as an operator starts it."""
    return subprocess.run(
        command_line(*arguments), cwd=folder, env=clean_environment(), capture_output=True, text=True,
        timeout=timeout_s, check=False,
    )  # fmt: skip


def anime_enrich(
    *arguments: str, folder: Path, env: Mapping[str, str] | None = None, stdin: str = ""
) -> "subprocess.CompletedProcess[str]":
    """The same entry point in this process, which is far quicker: arguments, environment, folder and streams given."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with (
        mock.patch.dict(os.environ, clean_environment(**(env or {})), clear=True),
        mock.patch.object(sys, "argv", ["anime-enrich", *arguments]),
        mock.patch.object(sys, "stdin", io.StringIO(stdin)),
        contextlib.chdir(folder),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        warnings.catch_warnings(action="ignore"),
    ):
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        finally:
            structlog.reset_defaults()
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


def told(ended: "subprocess.CompletedProcess[str]", code: int) -> str:
    """The one sentence on standard error; fails on another exit code, a traceback or a second line."""
    assert ended.returncode == code, (ended.returncode, ended.stdout, ended.stderr)
    assert "Traceback" not in ended.stderr
    (line,) = ended.stderr.splitlines()
    return line.removeprefix("anime-enrich: ")
