"""``anime-enrich convert``: what recorded answers of a platform become in our terms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson
from rich.markup import escape

from pipeline.cli.briefly import brief, name_of
from pipeline.cli.console import console, print_json
from pipeline.cli.workplace import load_settings
from pipeline.domain.canonical import JsonValue, dump_json
from pipeline.domain.names import Platform
from pipeline.domain.source_title import SourceTitle
from pipeline.enrich.fetch.adapters import make_adapters
from pipeline.errors import BadInput
from pipeline.platforms.port import PlatformAdapter
from pipeline.platforms.recorded import PARTS, RECORDS, Piece, bare_record, read_pieces

__all__ = ["convert_command"]

_NOTES: Final = ("drift", "findings")


@dataclass(frozen=True, slots=True)
class _Told:
    """One title, the file each of its parts came from, and what it became. ``has_record``: its own record is there."""

    id: str
    files: Mapping[str, Path]
    title: SourceTitle
    has_record: bool


def convert_command(platform_name: str, files: Sequence[Path], *, is_json: bool) -> int:
    """Convert recorded answers and print the result. Parts without their title's record are read for what they say.

    Raises ``BadInput`` for a file that cannot be read or holds nothing an adapter reads, ``Broken`` for a torn one.
    """
    platform = _platform_of(platform_name)
    adapter = make_adapters(load_settings())[platform]
    told = [_converted(adapter, id_, parts) for id_, parts in _grouped(platform, files).items()]
    if is_json:
        print_json({"platform": platform.value, "titles": [_as_json(one) for one in told]})
        return 0
    for one in told:
        _print(one)
    return 0


def _platform_of(name: str) -> Platform:
    try:
        return Platform(name.lower().replace("-", "_"))
    except ValueError:
        raise BadInput(f"no platform is called {name!r}; there are {', '.join(Platform)}") from None


_Parts = dict[str, tuple[Path, bytes]]


def _converted(adapter: PlatformAdapter, id_: str, parts: _Parts) -> _Told:
    bodies = {kind: body for kind, (_, body) in parts.items()}
    files = {kind: file for kind, (file, _) in parts.items()}
    has_record = not RECORDS[adapter.name].isdisjoint(bodies)
    if not has_record:
        bare = bare_record(adapter.name, id_)
        if bare is None:
            raise _lone(adapter.name, id_, files)
        bodies[bare.kind] = bare.body
    return _Told(id_, files, adapter.convert(id_, bodies), has_record)


def _lone(platform: Platform, id_: str, files: Mapping[str, Path]) -> BadInput:
    had = ", ".join(f"{kind!r} in {str(file)!r}" for kind, file in files.items())
    return BadInput(
        f"of {platform.value} {id_!r} there is only {had}; give the file with its {min(RECORDS[platform])!r} too, "
        f"which makes it a title (parts: {PARTS[platform]})"
    )


def _grouped(platform: Platform, files: Sequence[Path]) -> dict[str, _Parts]:
    """The parts of every title in the files. A part that does not say whose it is belongs to the only title."""
    pieces = [(file, piece) for file in dict.fromkeys(files) for piece in _read(platform, file)]
    titles = list(dict.fromkeys(piece.id for _, piece in pieces if piece.id is not None))
    grouped: dict[str, _Parts] = {}
    for file, piece in pieces:
        id_ = piece.id or (titles[0] if len(titles) == 1 else None)
        if id_ is None:
            named = "" if piece.kind.startswith("character/") else ", or name it after the title's id (1.json)"
            raise BadInput(
                f"{str(file)!r} does not say whose {piece.kind!r} it is; give it with a file of just its title{named}"
            )
        mine = grouped.setdefault(id_, {})
        there = mine.setdefault(piece.kind, (file, piece.body))[0]
        if there != file:
            raise BadInput(f"{str(there)!r} and {str(file)!r} are both {piece.kind!r} of {id_!r}; give one of them")
    return grouped


def _read(platform: Platform, file: Path) -> tuple[Piece, ...]:
    try:
        body = file.read_bytes()
    except OSError as error:
        raise BadInput(f"cannot read {str(file)!r}: {error.strerror}; name a file with a recorded answer") from error
    return read_pieces(platform, file, body)


def _as_json(told: _Told) -> JsonValue:
    return {
        "id": told.id,
        "parts": {kind: str(file) for kind, file in told.files.items()},
        "has_record": told.has_record,
        "title": orjson.loads(dump_json(SourceTitle, told.title)),
    }


def _print(told: _Told) -> None:
    values: dict[str, JsonValue] = orjson.loads(dump_json(SourceTitle, told.title))
    names = values["titles"]
    name = name_of(names[0]) if isinstance(names, list) and names else "without a name"
    parts = ", ".join(told.files)
    console.print(f"[bold]{escape(name)}[/bold]  {values['source']}:{escape(told.id)}  from {escape(parts)}")
    if not told.has_record:
        console.print("only what these parts say; the title's own record was not given", style="yellow")
    unsaid = [field for field, value in values.items() if value in (None, []) and field not in _NOTES]
    for field, value in values.items():
        if field not in unsaid and field not in _NOTES:
            console.print(f"[cyan]{field:<20}[/cyan] {escape(_summed_up(value))}", soft_wrap=True)
    if unsaid:
        console.print(f"[cyan]{'not said':<20}[/cyan] {', '.join(unsaid)}", soft_wrap=True)
    for drift in told.title.drift:
        console.print(f"drift     {escape(drift.field)}: {escape(repr(drift.value))}", style="yellow", soft_wrap=True)
    for finding in told.title.findings:
        console.print(f"finding   {escape(finding.code)}: {escape(finding.message)}", style="yellow", soft_wrap=True)
    console.print()


def _summed_up(value: JsonValue) -> str:
    """A list by its length and who stands in it; several figures by their names."""
    if isinstance(value, list):
        return brief(f"{len(value)}: {', '.join(name_of(one) for one in value[:8])}{', …' if len(value) > 8 else ''}")
    if isinstance(value, Mapping):
        return brief(", ".join(f"{key} {brief(one, 40)}" for key, one in value.items() if one not in (None, [])))
    return brief(value)
