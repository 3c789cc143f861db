"""``anime-enrich practice``: the practice platforms in the foreground."""

import subprocess
from pathlib import Path

from pipeline.enrich.rehearsal import practice_catalogue, practice_command

__all__ = ["practice_serve_command"]


def practice_serve_command(
    host: str, port: int, *, speed: float, catalogue: str | None, recordings: Path | None
) -> int:
    """Serve until interrupted."""
    catalogue = catalogue or practice_catalogue()
    command = practice_command(port=port, speed=speed, catalogue=catalogue, recordings=recordings)
    return subprocess.call([*command, "--host", host])  # noqa: S603  # our own module, no shell
