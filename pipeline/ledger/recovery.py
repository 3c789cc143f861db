"""Saving what can be read of a damaged SQLite ledger. The damaged file is kept, always."""

import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

from sqlalchemy.engine import URL

from pipeline.errors import BadInput, Damaged, Misconfigured
from pipeline.ledger.database import Database
from pipeline.ledger.migrations import LATEST
from pipeline.ledger.tables import METADATA

__all__ = ["Recovered", "recover_ledger"]

_LAST_ROWID: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Recovered:
    """Rows kept by table, with what stopped reading (empty when the table was whole), and the old file's new name."""

    tables: Mapping[str, tuple[int, str]]
    kept_as: Path


def recover_ledger(path: Path) -> Recovered:
    """Copy every row that can be read into a fresh ledger under the same name; the old file gets a new one.

    Raises ``BadInput`` when there is no such file, ``Misconfigured`` when a newer program wrote it, ``Damaged`` when
    the copy cannot be made; the old file then stands as it was.
    """
    if not path.is_file():
        raise BadInput(f"there is no ledger at {str(path)!r}")
    fresh = path.with_name(f"{path.name}.recovered")
    try:
        tables = _copy_all(path, fresh)
        kept_as = _free_name(path)
        for suffix, old in _with_companions(path).items():
            if old.exists():
                old.rename(kept_as.with_name(kept_as.name + suffix))
        fresh.rename(path)
    except (sqlite3.Error, OSError) as error:
        raise Damaged(
            f"the ledger at {str(path)!r} cannot be recovered now ({error}); it is as it was. "
            "Check the space and the rights there and start again"
        ) from error
    return Recovered(tables, kept_as)


def _copy_all(path: Path, fresh: Path) -> dict[str, tuple[int, str]]:
    for leftover in _with_companions(fresh).values():
        leftover.unlink(missing_ok=True)
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as source:
        _refuse_newer(source)
        Database(URL.create("sqlite", database=str(fresh)).render_as_string()).close()
        with closing(sqlite3.connect(fresh)) as target:
            tables = {name: _copy(source, target, name) for name in METADATA.tables}
            target.commit()
    return tables


def _free_name(path: Path) -> Path:
    stem = f"{path.name}.damaged-{time.strftime('%Y%m%dT%H%M%S')}"
    names = (path.with_name(stem if n == 1 else f"{stem}-{n}") for n in count(1))
    return next(name for name in names if not name.exists())


def _refuse_newer(source: sqlite3.Connection) -> None:
    try:
        # SQLite refuses a file shorter than its header says, unless the schema may be repaired; nothing is written
        source.execute("pragma writable_schema=on")
        version = source.execute("select max(version) from ledger_version").fetchone()[0]
    except sqlite3.DatabaseError:
        return
    if version is not None and version > LATEST:
        raise Misconfigured(f"the ledger has version {version}, this program knows {LATEST}: recover it with the newer")


def _copy(source: sqlite3.Connection, target: sqlite3.Connection, table: str) -> tuple[int, str]:
    """Row by row; where the table is damaged, on the other side of the damage."""
    try:
        there = {row[1] for row in source.execute(f'pragma table_info("{table}")')}
    except sqlite3.DatabaseError as error:
        return 0, str(error)
    columns = [column.name for column in METADATA.tables[table].columns if column.name in there]
    if not columns:
        return 0, "the table is not there"
    names = ", ".join(f'"{column}"' for column in columns)
    insert = f'insert or ignore into "{table}" ({names}) values ({", ".join("?" * len(columns))})'  # noqa: S608  # our own names
    problems: list[str] = []
    for row in _readable(source, f'select rowid, {names} from "{table}"', problems):  # noqa: S608  # our own names
        if any(isinstance(value, str) and "\0" in value for value in row):
            problems.append("a row is torn: the rest of its page is missing")  # which SQLite reads as zeros
        else:
            target.execute(insert, row)
    kept = target.execute(f'select count(*) from "{table}"').fetchone()[0]  # noqa: S608  # our own names
    return int(kept), "; ".join(dict.fromkeys(problems))


def _readable(source: sqlite3.Connection, select: str, problems: list[str]) -> Iterator[tuple[object, ...]]:
    """Rows in their order up to a damaged page; then from a readable place beyond it back to the damage, and on."""
    after = -1
    while after < _LAST_ROWID:
        try:
            for rowid, *row in source.execute(f"{select} where rowid > ? order by rowid", (after,)):
                after = rowid
                yield tuple(row)
        except sqlite3.DatabaseError as error:
            problems.append(str(error))
        else:
            return
        ahead = _beyond(source, select, after)
        try:
            back = f"{select} where rowid > ? and rowid <= ? order by rowid desc"
            for _, *row in source.execute(back, (after, ahead)):
                yield tuple(row)
        except sqlite3.DatabaseError as error:
            problems.append(str(error))
        after = ahead


def _beyond(source: sqlite3.Connection, select: str, after: int) -> int:
    """A row number beyond the damage from which reading works again, or the last there can be."""
    step = 1
    while after + step < _LAST_ROWID:
        try:
            found = source.execute(f"{select} where rowid > ? order by rowid limit 1", (after + step,)).fetchone()
        except sqlite3.DatabaseError:
            step *= 2
        else:
            return after + step if found is None else int(found[0])
    return _LAST_ROWID


def _with_companions(path: Path) -> dict[str, Path]:
    return {suffix: path.with_name(path.name + suffix) for suffix in ("", "-wal", "-shm")}
