"""Saving what can be read of a damaged SQLite ledger. The damaged file is kept, always."""

import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import BadInput
from pipeline.ledger.database import Database
from pipeline.ledger.tables import METADATA

__all__ = ["Recovered", "recover_ledger"]


@dataclass(frozen=True, slots=True)
class Recovered:
    """Rows kept by table, with what stopped reading (empty when the table was whole), and the old file's new name."""

    tables: Mapping[str, tuple[int, str]]
    kept_as: Path


def recover_ledger(path: Path) -> Recovered:
    """Copy every readable row into a fresh ledger under the same name; the old file gets a new one.

    Raises ``BadInput`` when there is no such file.
    """
    if not path.is_file():
        raise BadInput(f"there is no ledger at {str(path)!r}")
    fresh = path.with_name(f"{path.name}.recovered")
    for leftover in _with_companions(fresh).values():
        leftover.unlink(missing_ok=True)
    database = Database(f"sqlite:///{fresh}")
    database.close()
    tables: dict[str, tuple[int, str]] = {}
    source = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    target = sqlite3.connect(fresh)
    try:
        for table in METADATA.tables.values():
            tables[table.name] = _copy(source, target, table.name, [column.name for column in table.columns])
        target.commit()
    finally:
        source.close()
        target.close()
    kept_as = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%dT%H%M%S')}")
    for suffix, old in _with_companions(path).items():
        if old.exists():
            old.rename(kept_as.with_name(kept_as.name + suffix))
    fresh.rename(path)
    return Recovered(tables, kept_as)


def _copy(source: sqlite3.Connection, target: sqlite3.Connection, table: str, columns: list[str]) -> tuple[int, str]:
    """Row by row until the damage; rows beyond it are tried from the other end."""
    names = ", ".join(f'"{column}"' for column in columns)
    insert = f'insert or ignore into "{table}" ({names}) values ({", ".join("?" * len(columns))})'  # noqa: S608  # our own names
    problem = ""
    for order in ("asc", "desc"):
        try:
            for row in source.execute(f'select {names} from "{table}" order by rowid {order}'):  # noqa: S608  # our own names
                target.execute(insert, row)
        except sqlite3.DatabaseError as error:
            problem = str(error)
        else:
            break
    count = target.execute(f'select count(*) from "{table}"').fetchone()[0]  # noqa: S608  # our own names
    return int(count), problem


def _with_companions(path: Path) -> dict[str, Path]:
    return {suffix: path.with_name(path.name + suffix) for suffix in ("", "-wal", "-shm")}
