"""What a person reads in Prefect about one title: the record as a page, the platforms as a table.

Texts come from platforms and the pages are rendered as Markdown, so every text is escaped: a synopsis cannot make the
browser of an operator load a picture or follow a link.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact

from pipeline.domain.canonical import load_json
from pipeline.domain.names import Outcome, Platform
from pipeline.domain.record import AnimeRecord
from pipeline.ledger import Ledger
from pipeline.ledger.fetched import Settled

__all__ = ["artifact_key", "escaped", "platform_rows", "record_page", "show_title"]

_SPECIAL: Final = re.compile(r"([\\`*_\[\]<>|~#])")
"""Without brackets and angles there is no link, no picture and no HTML; the others would only change the looks."""
_NOT_IN_KEYS: Final = re.compile(r"[^a-z0-9]+")


async def show_title(ledger: Ledger, title_id: str) -> None:
    """Make the page and the table of one title, as artifacts of the run under way."""
    (title,) = ledger.titles.load([title_id])
    if title.record is not None:
        record = load_json(AnimeRecord, ledger.blobs.get(title.record))
        await acreate_markdown_artifact(
            key=artifact_key("record", title.name, title_id),
            markdown=record_page(record, result=title.result or "", note=title.note or ""),
            description=f"What stands of {escaped(title.name)} after this run",
        )
    settled = ledger.fetched.outcomes([title_id])[title_id]
    await acreate_table_artifact(
        key=artifact_key("platforms", title.name, title_id),
        table=platform_rows(settled[platform] for platform in Platform if platform in settled),
        description=f"What each platform gave for {escaped(title.name)}",
    )


def artifact_key(kind: str, name: str, title_id: str) -> str:
    """A key of its own for each title, so that Prefect shows one title's history under it."""
    readable = _NOT_IN_KEYS.sub("-", name.lower()).strip("-")[:60].strip("-")
    return "-".join(part for part in (kind, readable, title_id[:8]) if part)


def escaped(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def platform_rows(settled: Iterable[Settled]) -> list[dict[str, str]]:
    """What each platform gave, and why it did not; which ids were asked for, when, and when they are asked again."""
    return [
        {
            "platform": one.outcome.platform.value,
            "outcome": one.outcome.outcome.value.replace("_", " "),
            "why": one.outcome.reason,
            "ids": ", ".join(one.outcome.ids),
            "settled": _minute(one.settled_at),
            "asked again": _asked_again(one),
        }
        for one in settled
    ]


def record_page(record: AnimeRecord, *, result: str, note: str) -> str:
    """A record for a person: how it ended, what it is, how full it is, what is odd."""
    lines = [f"# {escaped(record.title)}", "", f"**{escaped(result)}**" + (f": {escaped(note)}" if note else "")]
    for heading, facts in (("What it is", _facts(record)), ("How full it is", _quality(record))):
        lines += ["", f"| {heading} | |", "|---|---|"]
        lines += [f"| {name} | {escaped(value)} |" for name, value in facts.items()]
    if record.synopsis:
        lines += ["", "## Synopsis", "", *(f"{escaped(line)}  " for line in record.synopsis.splitlines())]
    return "\n".join(lines)


def _facts(record: AnimeRecord) -> dict[str, str]:
    season = record.season.value if record.season else ""
    facts = {
        "type": record.type.value,
        "status": record.status.value,
        "season": f"{season} {record.year or ''}".strip(),
        "episodes": _number(record.episodes),
        "score": _number(record.score),
        "genres": ", ".join(record.genres),
        "studios": ", ".join(studio.name for studio in record.studios),
        "title id": record.title_id,
    }
    return {name: value or "not said" for name, value in facts.items()}


def _quality(record: AnimeRecord) -> dict[str, str]:
    meta = record.enrichment_metadata
    return {
        "complete": f"{meta.completeness:.0%} of the fields that apply",
        "characters": str(len(record.characters)),
        "staff": str(len(record.staff_data)),
        "episode records": str(len(record.episode_details)),
        "related works": str(len(record.related_anime) + len(record.relations)),
        "stages that fell back": ", ".join(n for n, s in meta.stage_status.items() if s != "ok") or "none",
        "open questions": str(meta.open_questions),
        "findings": ", ".join(meta.findings) or "none",
    }


def _number(value: float | None) -> str:
    return "" if value is None else str(value)


def _asked_again(settled: Settled) -> str:
    match settled.outcome.outcome:
        case Outcome.FAILED:
            return "in the next run"
        case Outcome.NOT_LISTED | Outcome.SWITCHED_OFF:
            return "when that changes"
        case Outcome.LEFT_OUT:
            return "in a run that goes farther"
        case _:
            return f"from {_minute(settled.outcome.fresh_until)}"


def _minute(at: float) -> str:
    return datetime.fromtimestamp(at, tz=UTC).strftime("%Y-%m-%d %H:%MZ")
