"""Practice platforms behind a run: started when first asked, stopped with it; nothing but addresses differs."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack
from importlib import resources as package_files
from pathlib import Path
from typing import Any, Final

import orjson
from yarl import URL

from pipeline.domain.names import Platform, Service
from pipeline.errors import Damaged
from pipeline.settings import Settings

__all__ = ["pointed_at", "practice_catalogue", "practice_command", "rehearse"]

_START_S: Final = 30.0
_STOP_S: Final = 5.0
_NOWHERE: Final = "http://127.0.0.1:9"
"""Practice addresses are known only once they are needed; until then nothing is asked there."""


def practice_catalogue() -> str:
    """The catalogue of the practice platforms: 24 titles that are nobody's."""
    return str(package_files.files("pipeline.practice") / "catalogue.jsonl")


def rehearse(
    settings: Settings, *, speed: float, recordings: Path | None
) -> tuple[Settings, Callable[[AsyncExitStack], Settings]]:
    """Settings for a run on practice platforms, and how to reach them (see :class:`~pipeline.enrich.opening.Network`).

    ``speed`` shortens every window; ``recordings`` is a folder of recorded answers that are given first.
    """
    catalogue = settings.catalogue or practice_catalogue()

    def reach(resources: AsyncExitStack) -> Settings:
        own = ExitStack()
        resources.callback(own.close)
        command = practice_command(
            port=_port_of_before(settings), speed=speed, catalogue=catalogue, recordings=recordings
        )
        address = _start(own, command)
        _port_file(settings).write_text(str(URL(address).port))
        return pointed_at(settings, address, speed=speed)

    return pointed_at(settings, _NOWHERE, speed=speed), reach


def _port_file(settings: Settings) -> Path:
    return settings.checkpoints / "practice-port"


def _port_of_before(settings: Settings) -> int:
    """The port they had in an earlier run, at which pictures in its answers lie; 0 for any, if it is not free."""
    try:
        port = int(_port_file(settings).read_text())
        with socket.create_server(("127.0.0.1", port)):
            return port
    except (OSError, ValueError, OverflowError):
        return 0


def _start(resources: ExitStack, command: list[str]) -> str:
    """Start practice platforms on this machine, stopped with ``resources``; gives their address."""
    folder = Path(resources.enter_context(tempfile.TemporaryDirectory(prefix="anime-enrich-practice-")))
    port_file, log_file = folder / "port.json", folder / "practice.log"
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


def pointed_at(settings: Settings, address: str, *, speed: float) -> Settings:
    """The same settings, pointed at practice platforms: nothing differs but addresses, speed and credentials.

    Pictures that lie elsewhere are left out.
    """
    given = settings.model_dump()
    for platform in Platform:
        section: dict[str, Any] = given["platforms"][platform.value]
        section["base_url"] = f"{address}/{platform.value}"
        section["enabled"] = True
        section["token"] = None
    official = given["platforms"]["jikan"][Service.MAL_V2.value]
    official["base_url"], official["token"] = f"{address}/{Service.MAL_V2.value}", "practice"
    given["platforms"]["anidb"]["client"] = given["platforms"]["anidb"]["client"] or "practice"
    given["images"]["only_local"] = True
    given["contact"] = given["contact"] or "practice@localhost"
    given["speed"] = speed
    given["budget_path"], given["budget_url"] = settings.checkpoints / "budget.sqlite3", None
    return Settings(**given)


def practice_command(*, port: int, speed: float, catalogue: str, recordings: Path | None) -> list[str]:
    """The command line that serves practice platforms."""
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
