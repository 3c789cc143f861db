"""Starting practice platforms: in the foreground for whoever asks, or behind a run that needs them."""

import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import orjson

from pipeline.cli.workplace import practice_catalogue
from pipeline.domain.names import Platform
from pipeline.errors import Damaged
from pipeline.settings import Settings

__all__ = ["practice_serve_command", "practice_settings", "start_practice"]

_START_S: Final = 30.0
_STOP_S: Final = 5.0


def practice_serve_command(
    host: str, port: int, *, speed: float, catalogue: str | None, recordings: Path | None
) -> int:
    """Serve until interrupted."""
    command = _command(port=port, speed=speed, catalogue=catalogue or practice_catalogue(), recordings=recordings)
    return subprocess.call([*command, "--host", host])  # noqa: S603  # our own module, no shell


def start_practice(resources: ExitStack, *, speed: float, catalogue: str, recordings: Path | None) -> str:
    """Start practice platforms on a free port of this machine, stopped with ``resources``; gives their address."""
    folder = Path(resources.enter_context(tempfile.TemporaryDirectory(prefix="anime-enrich-practice-")))
    port_file, log_file = folder / "port.json", folder / "practice.log"
    command = _command(port=0, speed=speed, catalogue=catalogue, recordings=recordings)
    log = resources.enter_context(log_file.open("wb"))
    process = subprocess.Popen(  # noqa: S603  # our own module, no shell
        [*command, "--port-file", str(port_file), "--parent-pid", str(os.getpid())], stdout=log, stderr=log
    )
    resources.callback(_stop, process)
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        if port_file.exists():
            return f"http://127.0.0.1:{orjson.loads(port_file.read_bytes())['port']}"
        if process.poll() is not None:
            break
        time.sleep(0.02)
    tail = log_file.read_text(errors="replace")[-2000:]
    raise Damaged(f"the practice platforms did not start (exit {process.poll()}): {tail}")


def practice_settings(settings: Settings, address: str, *, speed: float) -> Settings:
    """The same settings, pointed at practice platforms: nothing differs but addresses, speed and credentials."""
    given = settings.model_dump()
    for platform in Platform:
        section: dict[str, Any] = given["platforms"][platform.value]
        section["base_url"] = f"{address}/{platform.value}"
        section["enabled"] = True
        section["token"] = None
    given["platforms"]["anidb"]["client"] = given["platforms"]["anidb"]["client"] or "practice"
    given["contact"] = given["contact"] or "practice@localhost"
    given["speed"] = speed
    given["budget_path"] = settings.checkpoints / "budget.sqlite3"
    return Settings(**given)


def _command(*, port: int, speed: float, catalogue: str, recordings: Path | None) -> list[str]:
    command = [sys.executable, "-m", "pipeline.practice", "--port", str(port), "--speed", str(speed)]
    command += ["--catalogue", catalogue]
    return command if recordings is None else [*command, "--recordings", str(recordings)]


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
