"""``anime-enrich doctor``: is everything there that a run needs, and if not, what to do."""

import asyncio
import importlib.metadata
import importlib.util
import os
import shutil
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import aiohttp
from rich.markup import escape

from pipeline import __version__
from pipeline.cli.console import console, print_json
from pipeline.cli.workplace import load_settings
from pipeline.domain.names import Platform
from pipeline.embedding import load_image_embedder, load_text_embedder
from pipeline.enrich.opening import open_ledger
from pipeline.enrich.plan import TERMS
from pipeline.errors import BadInput, EnrichError
from pipeline.ledger.recovery import recover_ledger
from pipeline.settings import PlatformSettings, Settings, is_loopback
from pipeline.transport import open_state, state_label

__all__ = ["DoctorOptions", "doctor_command"]

_LOW_SPACE: Final = 5 * 1024**3
_REACH_S: Final = 10.0
_EXTRAS: Final = {"models": "torch", "llm": "pydantic_ai", "postgres": "psycopg", "redis": "redis"}


@dataclass(frozen=True, slots=True)
class DoctorOptions:
    """What was asked on the command line."""

    is_offline: bool
    is_recover: bool
    is_json: bool


@dataclass(frozen=True, slots=True)
class _Check:
    """One line: ``state`` is ``ok``, ``note`` (nothing to do), or ``bad``."""

    name: str
    state: str
    told: str


_PRACTICE: Final = _Check("platforms", "ok", "practice platforms are started by each run; nothing leaves this machine")


def doctor_command(options: DoctorOptions, checkpoints: Path | None, *, is_practice: bool) -> int:
    """Check and print; exit code 1 when something is bad."""
    settings = load_settings(checkpoints=checkpoints, is_practice=is_practice)
    if options.is_recover:
        return _recover(settings)
    checks = [*_versions(), *_machine(settings), *_ledger(settings), *_models(settings)]
    checks += [_PRACTICE] if is_practice else _platforms(settings)
    if not options.is_offline and not is_practice:
        checks += asyncio.run(_reach_all(settings))
    if options.is_json:
        print_json({"checks": [{"name": c.name, "state": c.state, "told": c.told} for c in checks]})
    else:
        styles = {"ok": "green", "note": "default", "bad": "red"}
        for check in checks:
            console.print(
                f"[{styles[check.state]}]{check.state:<5}[/] {check.name:<24} {escape(check.told)}", soft_wrap=True
            )
    return 1 if any(check.state == "bad" for check in checks) else 0


def _recover(settings: Settings) -> int:
    if not settings.ledger_address.startswith("sqlite:///"):
        raise BadInput("only a SQLite ledger can be recovered here; restore PostgreSQL from its backup")
    path = Path(settings.ledger_address.removeprefix("sqlite:///"))
    if _is_whole(path):
        console.print(f"the ledger {str(path)!r} is whole: nothing to recover")
        return 0
    told = recover_ledger(path)
    if any(kept for kept, _ in told.tables.values()):
        for table, (kept, lost) in told.tables.items():
            console.print(f"{table:<16} {kept} rows kept" + (f", the rest unreadable ({lost})" if lost else ""))
    else:
        console.print("no row could be read; the fresh ledger is empty, and the next run asks for everything again")
    console.print(f"the damaged file is kept as {told.kept_as}; run the same command as before to go on")
    return 3 if any(lost for _, lost in told.tables.values()) else 0


def _is_whole(path: Path) -> bool:
    """Whether SQLite itself finds nothing wrong with a file that is there."""
    if not path.is_file():
        return False
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as ledger:
            tables = ledger.execute("select count(*) from sqlite_master").fetchone()[0]
            return bool(tables) and ledger.execute("pragma integrity_check(1)").fetchone() == ("ok",)
    except sqlite3.DatabaseError:
        return False


def _versions() -> Iterator[_Check]:
    yield _Check("anime-enrich", "ok", f"{__version__}, Python {sys.version.split()[0]}")
    names = ("aiohttp", "sqlalchemy", "pydantic", "qdrant-edge-py", "qdrant-client", "prefect")
    yield _Check("libraries", "ok", ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names))
    for extra, module in _EXTRAS.items():
        is_there = importlib.util.find_spec(module) is not None
        yield _Check(f"extra {extra}", "ok" if is_there else "note", "installed" if is_there else "not installed")


def _machine(settings: Settings) -> Iterator[_Check]:
    folder = settings.checkpoints
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    state = "ok" if free > _LOW_SPACE else "bad"
    yield _Check("disk", state, f"{free / 1024**3:.1f} GB free at {settings.checkpoints} (a whole catalogue takes 5)")
    is_writable = os.access(folder, os.W_OK)
    yield _Check("checkpoints", "ok" if is_writable else "bad", f"{settings.checkpoints} can be written: {is_writable}")
    yield _budget(settings)


def _budget(settings: Settings) -> _Check:
    try:
        open_state(settings).close()
    except EnrichError as error:
        return _Check("request budget", "bad", str(error))
    return _Check("request budget", "ok", state_label(settings))


def _ledger(settings: Settings) -> Iterator[_Check]:
    try:
        ledger = open_ledger(settings, now=time.time)
    except EnrichError as error:
        yield _Check("ledger", "bad", str(error))
        return
    release = ledger.titles.latest_release()
    told = "no catalogue was read yet" if release is None else f"{release.rows} rows of {release.last_update}"
    yield _Check("ledger", "ok", f"{ledger.database.label}: {told}")
    for platform, quarantine in ledger.quarantines.standing().items():
        until = f"{datetime.fromtimestamp(quarantine.until, tz=UTC):%Y-%m-%d %H:%MZ}"
        told = f"left alone until {until}: {quarantine.reason}; `anime-enrich release {platform.value}` ends it"
        yield _Check(f"{platform.value} quarantine", "bad", told)
    ledger.close()


def _models(settings: Settings) -> Iterator[_Check]:
    for name, load in (("text model", load_text_embedder), ("image model", load_image_embedder)):
        try:
            embedder = load(settings.embedding)
        except EnrichError as error:
            yield _Check(name, "bad", str(error))
        else:
            yield _Check(name, "ok", f"{embedder.model_id}, {embedder.dimensions} dimensions")


def _platforms(settings: Settings) -> Iterator[_Check]:
    if settings.contact is None:
        yield _Check("contact", "note", "not set: platforms cannot reach you; set ANIME_ENRICH_CONTACT")
    for platform in Platform:
        why_off = settings.why_off(platform)
        section = settings.platforms.of(platform)
        for host in settings.platforms.hosts(platform):
            told = f"off: {why_off}" if why_off else _address(settings.platforms.of(host))
            yield _Check(host.value, "note" if why_off else "ok", told)
        if why_off is None and platform in TERMS and not is_loopback(section.base_url):
            yield _Check(f"{platform.value} terms", "note", TERMS[platform])
    if settings.why_off(Platform.ANIMESCHEDULE) is None and settings.platforms.animeschedule.token is None:
        yield _Check("animeschedule token", "note", "not set: the allowance without one is far smaller")


def _address(section: PlatformSettings) -> str:
    limits = ", ".join(f"{limit.requests}/{limit.per_s:g} s" for limit in section.limits)
    return f"{section.base_url}, {limits}{'' if section.token is None else ', token set'}"


async def _reach_all(settings: Settings) -> list[_Check]:
    """Whether the hosts of the platforms that are on answer at all: a connection each, no request of data."""
    asked = [host for p in Platform if settings.why_off(p) is None for host in settings.platforms.hosts(p)]
    addresses = {f"reach {host.value}": settings.platforms.of(host).base_url for host in asked}
    if settings.store.url is not None:
        addresses["reach store"] = settings.store.url
    timeout = aiohttp.ClientTimeout(total=_REACH_S)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        return list(await asyncio.gather(*(_reach(session, name, url) for name, url in addresses.items())))


async def _reach(session: aiohttp.ClientSession, name: str, url: str) -> _Check:
    started = time.perf_counter()
    try:
        async with session.head(url, allow_redirects=False) as response:
            took_ms = 1000 * (time.perf_counter() - started)
            return _Check(name, "ok", f"answers ({response.status}) in {took_ms:.0f} ms")
    except (aiohttp.ClientError, TimeoutError) as error:
        return _Check(name, "bad", f"{url} cannot be reached: {error or type(error).__name__}")
