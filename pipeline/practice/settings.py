"""Settings of a practice server. Light to import: nothing here needs the web server."""

from dataclasses import dataclass
from pathlib import Path

from pipeline.domain.title import CatalogueRow
from pipeline.practice.faults import Fault

__all__ = ["PracticeSettings"]


@dataclass(frozen=True, slots=True)
class PracticeSettings:
    """What a practice server serves, and how it behaves. Port 0 takes any free port."""

    rows: tuple[CatalogueRow, ...] = ()
    host: str = "127.0.0.1"
    port: int = 0
    speed: float = 1.0
    """Divides every limit's window."""
    salt: str = "1"
    """Another salt, another world over the same rows."""
    recordings: Path | None = None
    only_recordings: bool = False
    faults: tuple[Fault, ...] = ()
    latency_s: float = 0.0
    has_limits: bool = True
