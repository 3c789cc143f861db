"""Runs that are recorded and replayed, and a guard that no replay opens a socket."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from pipeline.domain.names import Platform
from pipeline.enrich.chain import Chain
from pipeline.enrich.opening import open_ledger, opened
from pipeline.enrich.replay.setup import open_replay
from pipeline.enrich.report import RunReport
from pipeline.enrich.runner import Runner
from pipeline.enrich.syncing import sync_catalogue
from pipeline.ledger.fetched import PartRef
from pipeline.settings import Settings

_REACHING = frozenset({"socket.bind", "socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"})
_watching = [False]


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _watching[0] and (event in _REACHING or (event == "subprocess.Popen")):
        raise AssertionError(f"a replay did {event} {arguments!r}")


sys.addaudithook(_hook)  # there is no taking it away again, so it sleeps unless it is watching


@contextmanager
def no_network() -> Iterator[None]:
    """Fail whatever reaches out, or starts something that might, while the block runs."""
    _watching[0] = True
    try:
        yield
    finally:
        _watching[0] = False


async def record(settings: Settings, folder: Path, titles: Sequence[str] | None = None) -> RunReport:
    """A run as the command line does it with ``--record``."""
    with closing(open_ledger(settings, now=time.time)) as ledger:
        assert settings.catalogue is not None
        sync_catalogue(ledger, settings.catalogue)
        async with opened(settings, ledger, now=time.time, record=folder) as parts:
            return await Runner(parts).run(_ids(ledger, titles))


async def replay(
    folder: Path,
    checkpoints: Path,
    *,
    titles: Sequence[str] | None = None,
    catalogue: str | None = None,
    **changes: Any,
) -> tuple[RunReport, Settings]:
    """A run as the command line does it with ``--replay``, under guard; also the settings it had."""
    settings, replaying = open_replay(Settings(checkpoints=checkpoints, **changes), folder, catalogue=catalogue)
    with closing(open_ledger(settings, now=time.time)) as ledger, no_network():
        assert settings.catalogue is not None
        sync_catalogue(ledger, settings.catalogue)
        async with opened(settings, ledger, now=time.time, replay=replaying) as parts:
            runner = Runner(parts)
            runner.report.replayed, runner.report.not_recorded = replaying.given, replaying.missing
            return await runner.run(_ids(ledger, titles)), settings


async def fetch_only(
    settings: Settings, platforms: Sequence[Platform], **how: Any
) -> dict[tuple[Platform, str], tuple[PartRef, ...]]:
    """Fetch the whole catalogue from some platforms; gives what is had of each id."""
    with closing(open_ledger(settings, now=time.time)) as ledger:
        assert settings.catalogue is not None
        sync_catalogue(ledger, settings.catalogue)
        async with opened(settings, ledger, now=time.time, **how) as parts:
            title_ids = ledger.titles.active()
            for platform in platforms:
                await Chain(parts, lambda _: None).fetch(platform, title_ids)
            titles = ledger.titles.load(title_ids)
            ids = {(p, id_) for p in platforms for t in titles for id_ in parts.adapters[p].wanted_ids(t.ids)}
            return {(p, id_): ledger.fetched.part_refs(p, [id_]).get(id_, ()) for p, id_ in ids}


def _ids(ledger: Any, titles: Sequence[str] | None) -> list[str] | None:
    if titles is None:
        return None
    found = [title_id for name in titles for title_id, _ in ledger.titles.find_by_name(name)[:1]]
    assert len(found) == len(titles), titles
    return found
