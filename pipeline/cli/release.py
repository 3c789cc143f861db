"""``anime-enrich release``: a platform that was left alone is asked again."""

from pathlib import Path

from pipeline.cli.console import console
from pipeline.cli.workplace import ledger_of, load_settings
from pipeline.domain.names import Platform

__all__ = ["release_command"]


def release_command(platform: Platform, checkpoints: Path | None, *, is_practice: bool, is_new_normal: bool) -> int:
    """End the quarantine; with ``is_new_normal`` nothing that was normal before counts any more."""
    settings = load_settings(checkpoints=checkpoints, is_practice=is_practice)
    with ledger_of(settings, is_reading=True) as ledger:
        ended = ledger.quarantines.release(platform, is_new_normal=is_new_normal)
    if ended is None:
        console.print(f"{platform.value} was not in quarantine")
    else:
        console.print(f"{platform.value} is asked again in the next run; it was left alone for: {ended.reason}")
    return 0
