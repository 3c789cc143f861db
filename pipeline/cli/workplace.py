"""Where a command works: settings, practice or live, and the titles a user means."""

import os
import re
import shlex
import time
import tomllib
from collections.abc import Sequence
from contextlib import AbstractContextManager, closing
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from pydantic_settings import SettingsError

from pipeline.catalogue import parse_id
from pipeline.cli.console import log_to_stderr
from pipeline.enrich.rehearsal import practice_catalogue
from pipeline.enrich.syncing import sync_catalogue
from pipeline.errors import BadInput, Misconfigured, one_line
from pipeline.ledger import Ledger
from pipeline.ledger.titles import SyncReport
from pipeline.settings import Settings

__all__ = ["find_titles", "ledger_of", "load_settings", "place_flags", "sync_if_named"]

_ENVIRONMENT: Final = "ANIME_ENRICH_"
_TITLE_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


def load_settings(
    *, checkpoints: Path | None = None, catalogue: str | None = None, is_practice: bool = False
) -> Settings:
    """Settings of this command. Practice keeps ledger, blobs and points of its own: nothing mixes with real titles."""
    given: dict[str, Any] = {}
    if checkpoints is not None:
        given["checkpoints"] = checkpoints
    if catalogue is not None:
        given["catalogue"] = catalogue
    settings = _read_settings(given)
    log_to_stderr(settings.log_level)
    if not is_practice:
        return settings
    return settings.model_copy(
        update={
            "checkpoints": settings.checkpoints / "practice" if checkpoints is None else checkpoints,
            "catalogue": catalogue or practice_catalogue(),
            "ledger_url": None,
            "blobs_url": None,
            "store": settings.store.model_copy(update={"url": None, "api_key": None}),
        }
    )


def place_flags(checkpoints: Path | None, *, is_practice: bool) -> str:
    """What the commands to try next need, so that they look at the same place."""
    place = "" if checkpoints is None else f" --checkpoints {shlex.quote(str(checkpoints))}"
    return " --practice" * is_practice + place


def _read_settings(given: dict[str, Any]) -> Settings:
    """Settings, with a sentence for what cannot even be read, and for a name of the environment that sets nothing."""
    for name in os.environ:
        setting = name.upper().removeprefix(_ENVIRONMENT).split("__")[0].lower()
        if name.upper().startswith(_ENVIRONMENT) and setting not in Settings.model_fields:
            close = get_close_matches(setting, Settings.model_fields, n=1)
            meant = f"did you mean {_ENVIRONMENT}{close[0].upper()}?" if close else "unset it"
            raise Misconfigured(f"settings: the environment has {name}, but no setting is called {setting!r}; {meant}")
    try:
        return Settings(**given)
    except SettingsError as error:
        raise Misconfigured(
            f"settings: {one_line(str(error))}; a section is set piece by piece ({_ENVIRONMENT}STORE__URL) or as JSON"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Misconfigured(f"settings: anime-enrich.toml is not TOML: {one_line(str(error))}") from error


def ledger_of(settings: Settings, *, is_reading: bool = False) -> AbstractContextManager[Ledger]:
    """The ledger, closed at the end. Who only reads makes no new one: a mistyped folder is told, not created."""
    if is_reading and settings.ledger_url is None and not (settings.checkpoints / "ledger.sqlite3").exists():
        raise BadInput(
            f"nothing was done yet in {str(settings.checkpoints)!r} (there is no ledger): name another folder with "
            "--checkpoints, or begin with `anime-enrich run --practice --all` or `anime-enrich catalogue sync FILE`"
        )
    settings.checkpoints.mkdir(parents=True, exist_ok=True)
    return closing(Ledger(settings.ledger_address, settings.blobs_address, now=time.time))


def sync_if_named(ledger: Ledger, settings: Settings) -> SyncReport | None:
    """Read the catalogue the settings name, if they name one. Raises ``BadInput`` when there never was one."""
    if settings.catalogue is not None:
        return sync_catalogue(ledger, settings.catalogue)
    if ledger.titles.latest_release() is None:
        raise BadInput(
            "no catalogue was read yet: name an anime-offline-database file with --catalogue FILE "
            "(or ANIME_ENRICH_CATALOGUE), or try `anime-enrich run --practice --all`"
        )
    return None


def find_titles(ledger: Ledger, texts: Sequence[str]) -> list[str]:
    """The titles a user means. Raises ``BadInput`` for one that is unknown or means several."""
    return list(dict.fromkeys(_find(ledger, text.strip()) for text in texts))


def _find(ledger: Ledger, text: str) -> str:
    if _TITLE_ID.fullmatch(text):
        if ledger.titles.load([text]):
            return text
        raise BadInput(f"no title has the id {text!r}; is it of another catalogue?")
    try:
        site, id_ = parse_id(text)
    except BadInput:
        return _find_by_name(ledger, text)
    found = ledger.titles.find_by_id(site, id_)
    if found is None and len(learned := ledger.learned.holders(site, id_)) == 1:
        return learned[0]
    if found is None:
        raise BadInput(f"no row of the catalogue has {text!r} among its sources; try its name, or a newer catalogue")
    return found


def _find_by_name(ledger: Ledger, text: str) -> str:
    found = ledger.titles.find_by_name(text)
    if not found:
        raise BadInput(f"no title is called {text!r}; give an id (mal:1), a source URL or a part of its name")
    if len(found) > 1:
        names = ", ".join(repr(name) for _, name in found[:5])
        more = " and more" if len(found) > 5 else ""
        raise BadInput(f"{text!r} may be {names}{more}; give the whole name or an id (mal:1)")
    return found[0][0]
