"""Where a command works: settings, practice or live, and the titles a user means."""

import re
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any, Final

from pipeline.catalogue import parse_id
from pipeline.cli.console import log_to_stderr
from pipeline.enrich.opening import open_ledger
from pipeline.enrich.rehearsal import practice_catalogue
from pipeline.enrich.syncing import sync_catalogue
from pipeline.errors import BadInput
from pipeline.ledger import Ledger
from pipeline.ledger.titles import SyncReport
from pipeline.settings import Settings

__all__ = ["find_titles", "ledger_of", "load_settings", "sync_if_named"]

_TITLE_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


def load_settings(
    *, checkpoints: Path | None = None, catalogue: str | None = None, is_practice: bool = False
) -> Settings:
    """Settings of this command. Practice keeps a ledger of its own, so nothing of it mixes with real titles."""
    given: dict[str, Any] = {}
    if checkpoints is not None:
        given["checkpoints"] = checkpoints
    if catalogue is not None:
        given["catalogue"] = catalogue
    settings = Settings(**given)
    log_to_stderr(settings.log_level)
    if not is_practice:
        return settings
    return settings.model_copy(
        update={
            "checkpoints": settings.checkpoints / "practice" if checkpoints is None else checkpoints,
            "catalogue": catalogue or practice_catalogue(),
            "ledger_url": None,
            "blobs_url": None,
        }
    )


def ledger_of(settings: Settings) -> AbstractContextManager[Ledger]:
    """The ledger, closed at the end."""
    return closing(open_ledger(settings, now=time.time))


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
