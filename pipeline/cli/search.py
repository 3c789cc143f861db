"""``anime-enrich search``: what was loaded, by meaning as far as the model knows any."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from pipeline.cli.console import console, print_json
from pipeline.cli.workplace import ledger_of, load_settings
from pipeline.domain.canonical import JsonValue
from pipeline.embedding import TEXT_VECTORS
from pipeline.enrich.chain import Parts
from pipeline.enrich.opening import opened
from pipeline.errors import BadInput
from pipeline.store import Hit

__all__ = ["SearchOptions", "search_command"]


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """What was asked on the command line."""

    text: str
    vector: str | None
    limit: int
    is_json: bool


def search_command(options: SearchOptions, checkpoints: Path | None, *, is_practice: bool) -> int:
    """Search by one vector or by all text vectors together, and print."""
    if options.vector is not None and options.vector not in TEXT_VECTORS:
        raise BadInput(f"no text vector is called {options.vector!r}; the names are {', '.join(TEXT_VECTORS)}")
    if not options.text.strip():
        raise BadInput("nothing to search for: the text is empty")
    settings = load_settings(checkpoints=checkpoints, is_practice=is_practice)

    async def find() -> tuple[str, list[Hit]]:
        with ledger_of(settings, is_reading=True) as ledger:
            async with opened(settings, ledger, now=time.time) as parts:
                return parts.texts.model_id, _find(parts, options)

    model_id, hits = asyncio.run(find())
    if options.is_json:
        print_json({"model": model_id, "hits": [_json(hit) for hit in hits]})
    else:
        _print(model_id, hits)
    return 0


def _find(parts: Parts, options: SearchOptions) -> list[Hit]:
    (vector,) = parts.texts.embed([options.text]).tolist()
    if options.vector is not None:
        return parts.store.query(options.vector, vector, options.limit)
    return parts.store.query_fused(dict.fromkeys(TEXT_VECTORS, vector), options.limit)


def _json(hit: Hit) -> dict[str, JsonValue]:
    keys = ("title", "title_english", "type", "year", "score")
    return {"title_id": hit.title_id, "relevance": hit.score, **{key: hit.payload.get(key) for key in keys}}


def _short_id(hit: Hit) -> str:
    """What a user types to `show` it: the id of MyAnimeList or else any other one."""
    ids = hit.payload.get("ids")
    texts = [id_ for id_ in ids if isinstance(id_, str)] if isinstance(ids, list) else []
    return min(texts, key=lambda id_: not id_.startswith("mal:"), default=hit.title_id)


def _print(model_id: str, hits: list[Hit]) -> None:
    if not hits:
        console.print("nothing found: is anything loaded? (`anime-enrich status`)")
        return
    table = Table(box=None, pad_edge=False)
    for name in ("", "title", "english", "type", "year"):
        table.add_column(name)
    table.add_column("id", no_wrap=True)
    for hit in hits:
        cells = [str(hit.payload.get(key) or "") for key in ("title", "title_english", "type", "year")]
        table.add_row(f"{hit.score:.3f}", *map(escape, cells), _short_id(hit))
    console.print(table)
    console.print(f"by {model_id}" + (" (words alike, not meaning)" if model_id.startswith("hash-") else ""))
