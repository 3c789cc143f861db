"""Recorded answers of the real platforms, found by platform, endpoint and id.

The recordings lie in a folder beside the project and are never part of it; ``INDEX.json`` marks such a folder.
"""

from collections.abc import Mapping
from pathlib import Path

from pipeline.errors import BadInput

__all__ = ["Recordings"]


class Recordings:
    """A folder of recorded answers. Bodies are read when asked for, and served whole and unchanged."""

    def __init__(self, folder: Path) -> None:
        index = folder / "INDEX.json"
        if not index.is_file():
            raise BadInput(f"no recordings at {str(folder)!r}: {index.name} is missing; name a folder that has one")
        self.folder = folder
        self._files: Mapping[tuple[str, str, str], Path] = _files_by_name(folder)

    def body(self, platform: str, endpoint: str, id_: str) -> bytes | None:
        """The body recorded for an id (``52991``, ``52991.2`` for its second page), or ``None``."""
        path = self._files.get((platform, endpoint, id_))
        return None if path is None else path.read_bytes()

    def ids(self, platform: str, endpoint: str) -> tuple[str, ...]:
        """Names under which an endpoint has recordings, sorted."""
        return tuple(sorted(name for at, kind, name in self._files if (at, kind) == (platform, endpoint)))


def _files_by_name(folder: Path) -> dict[tuple[str, str, str], Path]:
    found = {}
    for path in sorted(folder.glob("*/*/*")):
        platform, endpoint = path.parent.parent.name, path.parent.name
        found[(platform, endpoint, path.name.rsplit(".", 1)[0])] = path
    return found
