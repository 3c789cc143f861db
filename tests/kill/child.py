"""A process that enriches a catalogue and, when told so, kills itself with SIGKILL: nothing is flushed, nobody told.

Every step it is told of goes to ``--steps`` before it is done, one line each, so that what was begun is known whenever
it dies. Exit code 0 when the run came to its end.

Run as a script with arguments, it does that. Without any it has loaded everything and waits: each line of standard
input (a folder, arguments) is done in a fork of it, as by a process just started, without the seconds that takes. What
the fork said and how it ended lie then in the folder, as ``said`` and ``ended``.
"""

import argparse
import asyncio
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import orjson

from pipeline.enrich.opening import open_ledger, opened
from pipeline.enrich.rehearsal import pointed_at
from pipeline.enrich.runner import Runner
from pipeline.enrich.syncing import sync_catalogue
from pipeline.settings import Settings


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)  # the signal is on its way; nothing further may happen here


@dataclass
class Watch:
    """Writes down every step, and kills at the ``nth`` of the name ``kill_at``, or at the first not in ``spared``."""

    steps: int
    kill_at: str | None
    nth: int
    spared: frozenset[str] | None
    seen: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def on_step(self, name: str) -> None:
        with self.lock:
            os.write(self.steps, f"{name}\n".encode())
            self.seen += name == self.kill_at
            is_new = self.spared is not None and name not in self.spared
            if is_new or (name == self.kill_at and self.seen == self.nth):
                die()


async def work(
    settings: Settings, catalogue: str, store: Path | None, watch: Watch, first: int | None, last: int | None
) -> None:
    with closing(open_ledger(settings, now=time.time)) as ledger:
        sync_catalogue(ledger, catalogue)
        own = settings if store is None else replace_folder(settings, store)
        async with opened(own, ledger, now=time.time) as parts:
            titles = ledger.titles.active()[first:last]
            report = await Runner(replace(parts, settings=settings), watch.on_step).run(titles)
            sys.stdout.write(f"{report.done} {report.degraded} {report.failed}\n")


def replace_folder(settings: Settings, folder: Path) -> Settings:
    return settings.model_copy(update={"checkpoints": folder})


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--checkpoints", type=Path, required=True)
    parser.add_argument("--address", required=True)
    parser.add_argument("--catalogue", required=True)
    parser.add_argument("--speed", type=float, required=True)
    parser.add_argument("--steps", type=Path, required=True)
    parser.add_argument("--store", type=Path, help="a folder of its own for the embedded store")
    parser.add_argument("--window", type=int, default=200)
    parser.add_argument("--first", type=int, help="only the titles from this one on, in catalogue order")
    parser.add_argument("--last", type=int, help="only the titles before this one")
    parser.add_argument("--kill-at")
    parser.add_argument("--nth", type=int, default=1)
    parser.add_argument("--kill-after-s", type=float)
    parser.add_argument("--spare", help="die at the first step that is not among these, separated by commas")
    given = parser.parse_args(arguments)
    settings = pointed_at(
        Settings(checkpoints=given.checkpoints, window=given.window), given.address, speed=given.speed
    )
    steps = os.open(given.steps, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    if given.kill_after_s is not None:
        timer = threading.Timer(given.kill_after_s, die)
        timer.daemon = True
        timer.start()
    spared = None if given.spare is None else frozenset(given.spare.split(","))
    watch = Watch(steps, given.kill_at, given.nth, spared)
    asyncio.run(work(settings, given.catalogue, given.store, watch, given.first, given.last))


def serve() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # who watches over a fork leaves no zombie
    for line in sys.stdin.buffer:
        if os.fork() == 0:
            folder, arguments = orjson.loads(line)
            watch_over(Path(folder), arguments)
            os._exit(0)


def watch_over(folder: Path, arguments: Sequence[str]) -> None:
    """One fork to its end, which is then written down."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid == 0:
        said = os.open(folder / "said", os.O_WRONLY | os.O_CREAT, 0o600)
        os.dup2(said, 1)
        os.dup2(said, 2)
        os._exit(code_of(arguments))
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    (folder / "ending").write_text(str(code))
    (folder / "ending").rename(folder / "ended")


def code_of(arguments: Sequence[str]) -> int:
    try:
        main(arguments)
    except BaseException:  # noqa: BLE001  # as the interpreter would end
        traceback.print_exc()
        return 1
    else:
        return 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


if __name__ == "__main__":
    if sys.argv[1:]:
        main(sys.argv[1:])
    else:
        serve()
