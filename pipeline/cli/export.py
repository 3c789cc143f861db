"""``anime-enrich export``: every finished record in one file, JSON Lines or Parquet, whole or not at all."""

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

import orjson
import zstandard

from pipeline.cli.console import console
from pipeline.cli.hearing import heard_at
from pipeline.cli.whole_file import whole_file
from pipeline.cli.workplace import ledger_of, load_settings
from pipeline.domain.canonical import JsonValue
from pipeline.errors import BadInput, Damaged
from pipeline.ledger import Ledger

__all__ = ["export_command"]

_ROWS: Final = 500
"""Titles read and written together."""


def export_command(target: Path, checkpoints: Path | None, *, is_practice: bool, is_provenance: bool) -> int:
    """Write the file; a title whose stored record is torn is named and left out, and the exit code is 3."""
    write = _writer_of(target)
    settings = load_settings(checkpoints=checkpoints, is_practice=is_practice)
    with ledger_of(settings, is_reading=True) as ledger:
        torn: dict[str, str] = {}
        count = write(target, _records(ledger, torn))
        console.print(
            f"{count} records in {target}" + ("" if count else ": no title is finished yet (`anime-enrich run`)")
        )
        if is_provenance:
            beside = target.with_name(f"{target.name.split('.')[0]}.provenance.jsonl")
            _write_jsonl(beside, _provenances(ledger, torn))
            console.print(f"why, beside it, in {beside}")
        ledger.titles.reopen(list(torn))
    for name in torn.values():
        console.print(f"left out: {name}, its stored record is torn; run it again", style="yellow", markup=False)
    return 3 if torn else 0


def _writer_of(target: Path) -> Callable[[Path, Iterator[bytes]], int]:
    writers = {".jsonl": _write_jsonl, ".jsonl.zst": _write_jsonl_zst, ".parquet": _write_parquet}
    for ending, writer in writers.items():
        if target.name.endswith(ending):
            return writer
    raise BadInput(f"{target.name!r} has no ending I can write; use one of {', '.join(writers)}")


def _records(ledger: Ledger, torn: dict[str, str]) -> Iterator[bytes]:
    for title in ledger.titles.finished():
        if title.record is not None:
            try:
                yield ledger.blobs.get(title.record)
            except Damaged:
                torn[title.title_id] = title.name


def _provenances(ledger: Ledger, torn: dict[str, str]) -> Iterator[bytes]:
    """Reasons with the instant each source was heard, which the stored ones cannot hold."""
    titles = ledger.titles.finished()
    while some := list(islice(titles, _ROWS)):
        heard = heard_at(ledger, [title.title_id for title in some])
        for title in some:
            if title.provenance is not None:
                try:
                    said = orjson.loads(ledger.blobs.get(title.provenance))
                except Damaged:
                    torn[title.title_id] = title.name
                    continue
                at = {source.value: at for source, at in heard.get(title.title_id, {}).items()}
                yield orjson.dumps(said | {"heard_at": at})


def _write_jsonl(target: Path, records: Iterator[bytes]) -> int:
    with whole_file(target) as file:
        return _write_lines(file, records)


def _write_jsonl_zst(target: Path, records: Iterator[bytes]) -> int:
    with whole_file(target) as file, zstandard.ZstdCompressor(level=9).stream_writer(file, closefd=False) as packed:
        return _write_lines(packed, records)


def _write_lines(file: Any, records: Iterator[bytes]) -> int:
    count = 0
    for count, record in enumerate(records, 1):  # noqa: B007  # the last number is the count
        file.write(record)
        file.write(b"\n")
    return count


def _write_parquet(target: Path, records: Iterator[bytes]) -> int:
    """Plain fields as columns of their own, nested ones as JSON text, so that every reader can open it."""
    import pyarrow as pa  # noqa: PLC0415  # 0.2 s that only this format pays
    import pyarrow.parquet as pq  # noqa: PLC0415  # as above

    schema = _parquet_schema(pa)
    count = 0
    with whole_file(target) as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:
        batch: list[dict[str, JsonValue]] = []
        for record in records:
            batch.append(_flat(orjson.loads(record), schema))
            count += 1
            if len(batch) == _ROWS:
                writer.write_table(pa.Table.from_pylist(batch, schema=schema))
                batch.clear()
        writer.write_table(pa.Table.from_pylist(batch, schema=schema))
    return count


def _parquet_schema(pa: Any) -> Any:
    from pipeline.domain.record import AnimeRecord  # noqa: PLC0415  # beside its only use

    plain = {
        "year": pa.int32(), "month": pa.int32(), "episodes": pa.int32(), "duration": pa.int32(),
        "schema_version": pa.int32(), "score": pa.float64(), "nsfw": pa.bool_(),
    }  # fmt: skip
    lists = {"genres", "themes", "demographics", "content_warnings", "hashtags", "sources", "streaming_licenses"}
    return pa.schema(
        [
            (name, pa.list_(pa.string()) if name in lists else plain.get(name, pa.string()))
            for name in AnimeRecord.model_fields
        ]
    )


def _flat(record: dict[str, JsonValue], schema: Any) -> dict[str, JsonValue]:
    nested = {
        name: orjson.dumps(value).decode()
        for name, value in record.items()
        if isinstance(value, dict | list) and str(schema.field(name).type) == "string"
    }
    return record | nested
