"""JSON Schemas of everything that leaves the house, generated from the domain's models and checked in.

``python -m pipeline.assembly.schemas`` writes them to ``schemas/``; with ``--check`` it writes nothing and exits with
1, naming the first file that is not what the models say.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

import orjson
from pydantic import BaseModel

from pipeline.assembly.published import schema_of
from pipeline.domain.record import AnimeRecord, CharacterRecord, EpisodeRecord, Provenance

__all__ = ["FILES", "find_stale", "main"]

FILES: Final[Mapping[str, type[BaseModel]]] = MappingProxyType(
    {
        "anime-record.schema.json": AnimeRecord,
        "character.schema.json": CharacterRecord,
        "episode.schema.json": EpisodeRecord,
        "provenance.schema.json": Provenance,
    }
)


def _schema_bytes(model: type[BaseModel]) -> bytes:
    """A schema as it stands in its file."""
    return orjson.dumps(schema_of(model), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"


def find_stale(folder: Path) -> tuple[str, ...]:
    """Files that are missing or not what the models say."""
    return tuple(
        name
        for name, model in FILES.items()
        if not (folder / name).is_file() or (folder / name).read_bytes() != _schema_bytes(model)
    )


def main(arguments: Sequence[str]) -> int:
    """Write or check the files; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.assembly.schemas", description="Write the JSON Schemas.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 naming a stale file")
    parser.add_argument("--folder", type=Path, default=Path("schemas"))
    chosen = parser.parse_args(arguments)
    stale = find_stale(chosen.folder)
    if chosen.check:
        for name in stale:
            sys.stderr.write(f"{chosen.folder / name} is stale: run python -m pipeline.assembly.schemas\n")
        return 1 if stale else 0
    chosen.folder.mkdir(parents=True, exist_ok=True)
    for name in stale:
        (chosen.folder / name).write_bytes(_schema_bytes(FILES[name]))
        sys.stdout.write(f"wrote {chosen.folder / name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
