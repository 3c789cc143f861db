"""``python -m pipeline.practice``: serve until SIGTERM, SIGINT, or the parent process is gone.

Once requests are accepted the port file is there, whole: ``{"port": …, "pid": …}``.
"""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import orjson

from pipeline.errors import EnrichError, one_line
from pipeline.practice.catalogue import PRACTICE_CATALOGUE, read_practice_rows
from pipeline.practice.faults import parse_fault
from pipeline.practice.server import RunningPractice, serve
from pipeline.practice.settings import PracticeSettings

__all__ = ["main"]

_PARENT_CHECK_S = 1.0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m pipeline.practice", description="Serve the practice platforms.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--speed", type=float, default=1.0, help="divides every limit's window")
    parser.add_argument("--catalogue", default=str(PRACTICE_CATALOGUE), help="path or URL; default: the built-in one")
    parser.add_argument("--recordings", type=Path, help="folder of recorded answers, served first")
    parser.add_argument("--only-recordings", action="store_true", help="what is not recorded is not there")
    parser.add_argument("--fault", action="append", default=[], help="a fault as JSON; may be repeated")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before every answer")
    parser.add_argument("--salt", default="1", help="another salt, another world")
    parser.add_argument("--port-file", type=Path, help="where to write port and pid once listening")
    parser.add_argument("--parent-pid", type=int, help="end when this process is gone")
    return parser.parse_args(arguments)


def _settings(given: argparse.Namespace) -> PracticeSettings:
    return PracticeSettings(
        rows=read_practice_rows(given.catalogue),
        host=given.host,
        port=given.port,
        speed=given.speed,
        salt=given.salt,
        recordings=given.recordings,
        only_recordings=given.only_recordings,
        faults=tuple(parse_fault(orjson.loads(text)) for text in given.fault),
        latency_s=given.latency,
    )


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


async def _watch_parent(pid: int, until: asyncio.Event) -> None:
    while _is_alive(pid):  # noqa: ASYNC110  # no event tells that another process has ended
        await asyncio.sleep(_PARENT_CHECK_S)
    until.set()


def _announce(running: RunningPractice, port_file: Path | None) -> None:
    sys.stdout.write(f"practice platforms at {running.url}\n")
    sys.stdout.flush()
    if port_file is not None:
        fresh = port_file.with_name(f".{port_file.name}.{os.getpid()}")
        fresh.write_bytes(orjson.dumps({"port": running.port, "pid": os.getpid()}))
        fresh.replace(port_file)


async def _run(given: argparse.Namespace, settings: PracticeSettings) -> None:
    until = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, until.set)
    watch = None if given.parent_pid is None else asyncio.create_task(_watch_parent(given.parent_pid, until))
    try:
        await serve(settings, on_listening=lambda running: _announce(running, given.port_file), until=until)
    finally:
        if watch is not None:
            watch.cancel()


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve; 0 when asked to end, 2 when the arguments cannot be served."""
    given = _parse(arguments)
    try:
        settings = _settings(given)
        asyncio.run(_run(given, settings))
    except (EnrichError, orjson.JSONDecodeError, OSError) as error:
        sys.stderr.write(f"error: {one_line(str(error), 400)}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
