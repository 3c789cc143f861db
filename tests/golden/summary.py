"""Well-known titles through the whole chain, and what came out of it as facts small enough to read.

The platforms answer from the recordings alone; ledger, blobs and embedded Qdrant are real. A summary holds values,
reasons and counts. Texts are digests: nobody's prose is kept here.
"""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

import orjson
import zstandard

from pipeline.domain.canonical import canonical_bytes, digest_bytes, load_json
from pipeline.domain.names import Platform, Site
from pipeline.domain.record import AnimeRecord, Provenance
from pipeline.domain.source_title import SourceTitle
from pipeline.enrich.chain import Parts
from pipeline.enrich.opening import open_ledger, opened
from pipeline.enrich.runner import Runner
from pipeline.enrich.syncing import sync_catalogue
from pipeline.ledger.titles import StoredTitle
from pipeline.practice import PracticeSettings
from pipeline.practice.server import base_urls, run_practice
from pipeline.settings import Settings

__all__ = ["FOLDER", "TITLES", "fact", "render", "summarise_all"]

FOLDER: Final = Path(__file__).resolve().parent
TITLES: Final = {
    "cowboy-bebop": "1",
    "one-piece": "21",
    "fullmetal-alchemist-brotherhood": "5114",
    "sousou-no-frieren": "52991",
}
"""Slug of the golden file, and the title's id on MyAnimeList."""
_SPEED: Final = 1_000.0
_SHORT: Final = 60
_WORD: Final = re.compile(r"https?://\S+|[0-9a-f]{64}")
"""Addresses and digests are no texts, however long."""
_FIRST: Final = 5
_LISTS: Final = (
    "titles", "labels", "images", "songs", "relations", "links", "companies", "characters", "staff", "episodes",
    "schedule", "identifiers",
)  # fmt: skip


async def summarise_all(recordings: Path, catalogue: Path, checkpoints: Path) -> dict[str, dict[str, Any]]:
    """Run the titles and give a summary of each by slug."""
    practice = PracticeSettings(recordings=recordings, only_recordings=True, speed=_SPEED)
    async with run_practice(practice) as running:
        settings = _settings(base_urls(running.url), checkpoints)
        with closing(open_ledger(settings, now=time.time)) as ledger:
            sync_catalogue(ledger, str(_related(catalogue / "anime-offline-database.jsonl.zst", checkpoints)))
            found = {slug: ledger.titles.find_by_id(Site.MAL, id_) for slug, id_ in TITLES.items()}
            ids = {slug: title_id for slug, title_id in found.items() if title_id is not None}
            assert set(ids) == set(TITLES), found
            async with opened(settings, ledger, now=time.time) as parts:
                await Runner(parts).run(list(ids.values()))
                loaded = zip(ids, ledger.titles.load(list(ids.values())), strict=True)
                return {slug: _summary(parts, title) for slug, title in loaded}


def _related(everything: Path, folder: Path) -> Path:
    """The titles' rows and those of the anime they are related to: enough to tell whether two films are one."""
    with zstandard.open(everything, "rb") as packed:
        about, *lines = packed.read().splitlines()
    rows = [orjson.loads(line) for line in lines]
    wanted = {f"https://myanimelist.net/anime/{id_}" for id_ in TITLES.values()}
    wanted |= {url for row in rows if not wanted.isdisjoint(row["sources"]) for url in row["relatedAnime"]}
    kept = [line for line, row in zip(lines, rows, strict=True) if not wanted.isdisjoint(row["sources"])]
    path = folder / "related.jsonl"
    path.write_bytes(b"\n".join([about, *kept]))
    return path


def render(summary: Mapping[str, Any]) -> str:
    """The golden file's text: one fact a line where it fits, so that a diff can be read."""
    lines: list[str] = []
    for part, content in summary.items():
        lines.append(f"  {_json(part)}: {{")
        lines.append(",\n".join(f"    {_json(name)}: {_entry(value)}" for name, value in content.items()))
        lines.append("  },")
    lines[-1] = "  }"
    return "\n".join(["{", *lines, "}"]) + "\n"


def _entry(value: object) -> str:
    """One line, or one line for each item of a value that is a list."""
    if isinstance(value, dict) and isinstance(value.get("value"), list) and len(value["value"]) > 1:
        rest = ", ".join(f"{_json(name)}: {_json(item)}" for name, item in value.items() if name != "value")
        items = ",\n".join(f"      {_json(item)}" for item in value["value"])
        return f'{{{rest}, "value": [\n{items}\n    ]}}'
    return _json(value)


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


def _settings(urls: Mapping[Platform, str], checkpoints: Path) -> Settings:
    platforms: dict[str, dict[str, Any]] = {p.value: {"base_url": url, "enabled": True} for p, url in urls.items()}
    platforms["anidb"]["client"] = "golden"
    return Settings(
        checkpoints=checkpoints,
        budget_path=checkpoints / "budget.sqlite3",
        contact="golden@localhost",
        speed=_SPEED,
        platforms=platforms,  # type: ignore[arg-type]  # pydantic makes the sections from plain data
        images={"enabled": False},  # type: ignore[arg-type]  # likewise; real pictures lie on real hosts
    )


def _summary(parts: Parts, title: StoredTitle) -> dict[str, Any]:
    assert title.record is not None, title.note
    assert title.provenance is not None, title.note
    blobs = parts.ledger.blobs
    record = load_json(AnimeRecord, blobs.get(title.record))
    provenance = load_json(Provenance, blobs.get(title.provenance))
    said = record.model_dump(mode="json")
    return {
        "run": {
            "result": title.result,
            "vectors": sorted(parts.store.read_fingerprints([title.title_id])[title.title_id]),
        },
        "platforms": {platform.value: _platform(parts, title, platform) for platform in Platform},
        "fields": {
            name: _field(name, said[name], reason.model_dump(mode="json")) for name, reason in provenance.fields.items()
        },
        "findings": dict(Counter(f"{item['source'] or 'ours'}:{item['code']}" for item in provenance.findings)),
    }


def _platform(parts: Parts, title: StoredTitle, platform: Platform) -> dict[str, Any]:
    ledger, adapter = parts.ledger, parts.adapters[platform]
    outcome = ledger.fetched.outcomes([title.title_id])[title.title_id][platform].outcome
    answer: dict[str, Any] = {"outcome": outcome.outcome.value}
    for id_, refs in ledger.fetched.part_refs(platform, outcome.ids).items():
        bodies = {ref.kind: ledger.blobs.get(ref.body) for ref in refs}
        if bodies:
            answer[id_] = {"parts": sorted(bodies), **_given(adapter.convert(id_, bodies))}
    return answer


def _given(said: SourceTitle) -> dict[str, Any]:
    filled = [field.name for field in fields(said) if getattr(said, field.name) not in (None, ())]
    lists = {name: len(getattr(said, name)) for name in _LISTS if name in filled}
    drift = {f"{one.field}: {one.value}" for one in said.drift}
    return {"fields": len(filled), **lists, **({"drift": sorted(drift)} if drift else {})}


def _field(name: str, value: Any, reason: Mapping[str, Any]) -> dict[str, Any]:
    shown = _SHOWN.get(name, fact)(value)
    kept: dict[str, Any] = {"rule": reason["method"], "sources": reason["sources"], "confidence": reason["confidence"]}
    if reason["conflict"]:
        kept["conflict"] = True
    if reason["alternatives"]:
        kept["passed_over"] = [fact(other) for other in reason["alternatives"]]
    if isinstance(value, list):
        kept |= {"count": len(value), "sha256": _digest(value)}
    return kept | {"value": shown}


def _digest(value: Any) -> str:
    return digest_bytes(value.encode() if isinstance(value, str) else canonical_bytes(value))


def fact(value: Any) -> Any:
    """The value itself, with every long text in it replaced by its digest and everything empty left out."""
    if isinstance(value, str) and len(value) > _SHORT and not _WORD.fullmatch(value):
        return {"sha256": _digest(value), "characters": len(value)}
    if isinstance(value, dict):
        return {name: fact(item) for name, item in value.items() if item not in (None, [], {})}
    if isinstance(value, list):
        return [fact(item) for item in value]
    return value


def _only(*names: str) -> Callable[[Sequence[Mapping[str, Any]]], list[Any]]:
    """Some properties of the first few items."""
    return lambda items: [fact({name: item[name] for name in names}) for item in items[:_FIRST]]


def _works(items: Iterable[Mapping[str, Any]]) -> list[Any]:
    names = ("relation", "title", "format", "year", "ids", "sources", "confidence")
    return [fact({**{name: item[name] for name in names}, "known": item["title_id"] is not None}) for item in items]


def _characters(items: Sequence[Mapping[str, Any]]) -> list[Any]:
    names = ("name", "name_native", "role", "gender", "birthday", "favorites", "ids", "match_confidence")
    first = [
        fact({
            **{name: item[name] for name in names},
            "aliases": len(item["alternative_names"]),
            "description": item["description"] or "",
            "voices": [f"{voice['language']}: {voice['name']}" for voice in item["voice_actors"]][:_FIRST],
        })
        for item in items[:_FIRST]
    ]  # fmt: skip
    return [{"roles": _counts(item["role"] for item in items), "from": _together(items)}, *first]


def _staff(items: Sequence[Mapping[str, Any]]) -> list[Any]:
    names = ("name", "name_native", "roles", "ids", "match_confidence")
    roles = _counts(role for item in items for role in item["roles"])
    chiefs = [
        fact({name: item[name] for name in names}) for item in items if {"director", "music"} & set(item["roles"])
    ]
    return [{"roles": roles, "from": _together(items)}, *_only(*names)(items), {"chiefs": chiefs}]


def _episodes(items: Sequence[Mapping[str, Any]]) -> list[Any]:
    names = ("number", "kind", "title", "aired", "duration", "score", "is_filler", "ids", "other_numbers")
    shown = [*items[:3], *(items[-2:] if len(items) > _FIRST else ())]
    told = ("title", "synopsis", "aired", "duration", "score", "thumbnails")
    with_ = {name: sum(item[name] not in (None, []) for item in items) for name in told}
    head = {"kinds": _counts(item["kind"] for item in items), "from": _together(items), "with": with_}
    return [head, *(fact({name: item[name] for name in names}) for item in shown)]


def _statistics(value: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    lists = ("contextual_ranks", "status_distribution", "score_distribution")
    return {
        source: fact({
            name: len(item) if name in lists else item for name, item in said.items() if item not in ([], {})
        })
        for source, said in value.items()
    }  # fmt: skip


def _images(value: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
    return {role: _counts(image["url"].split("/")[2] for image in images) for role, images in value.items()}


def _links(items: Sequence[Mapping[str, Any]]) -> list[str]:
    return [
        f"{item['kind']} {item['site']}: {item['url'].split('/')[2]} {item['language'] or ''}".strip() for item in items
    ]


def _tags(items: Sequence[Mapping[str, Any]]) -> list[Any]:
    return [
        {"from": _counts("+".join(item["sources"]) for item in items)},
        *_only("name", "strength", "sources")(items),
    ]


def _together(items: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    return _counts("+".join(item["sources"]) for item in items)


def _counts(words: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(words).items()))


def _at(items: Sequence[Any]) -> list[Any]:
    return [*fact(list(items[:2])), *fact(list(items[-1:] if len(items) > 2 else []))]


_SHOWN: Final[Mapping[str, Callable[[Any], Any]]] = {
    "related_anime": _works,
    "relations": _works,
    "characters": _characters,
    "voice_actors": _only("name", "name_native", "language", "ids"),
    "staff_data": _staff,
    "episode_details": _episodes,
    "statistics": _statistics,
    "images": _images,
    "streaming_info": _links,
    "external_links": _links,
    "tags": _tags,
    "broadcast_schedule": _at,
}
