"""``make fields-table``: which fields of a record the recorded answers fill, by platform and endpoint.

``python -m tests.evaluation.filled [--check]``

Every recording that a request of ours could have got is read the way it would have come, converted alone and decided
and assembled alone; a field counts as filled where the record's reason for it names the platform. Writes
``docs/fields-filled.csv`` (by endpoint) and the tables of ``docs/fields.md`` (by part of a title); ``--check`` only
says whether both are what would be written.
"""

import argparse
import csv
import io
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pipeline.assembly import assemble
from pipeline.domain.names import Outcome, Platform
from pipeline.domain.record import AnimeRecord
from pipeline.domain.source_title import SourceTitle
from pipeline.domain.title import CatalogueRow, StageInput, Title
from pipeline.ledger.identity import title_id_of
from pipeline.preprocess import align
from pipeline.stages import STAGES
from tests.platforms.test_recordings_classified import READERS, Live, entries_of

__all__ = ["ROOT", "Filled", "count", "read_table", "render_csv", "with_tables"]

ROOT: Final = Path(__file__).resolve().parents[2]
_SHARED: Final = Path(os.environ.get("SHARED_MATERIAL", ROOT.parent / "shared"))
CSV: Final = ROOT / "docs" / "fields-filled.csv"
PAGE: Final = ROOT / "docs" / "fields.md"
_BEGIN, _END = "<!-- filled: begin, written by make fields-table -->", "<!-- filled: end -->"
_HEAD: Final = ("platform", "endpoint", "part", "titles", "field", "filled")
_FEW: Final = 5
"""Titles below which an endpoint has no column of its own."""
_OTHERS: Final = "others"
_OURS: Final = frozenset({"schema_version", "title_id", "sources", "platform_ids", "enrichment_metadata"})
"""Fields that are no platform's word."""
_FIELDS: Final = tuple(name for name in AnimeRecord.model_fields if name not in _OURS)
_ROW: Final = CatalogueRow(("https://myanimelist.net/anime/1",), "")
_TITLE: Final = Title(title_id_of(_ROW.sources[0]), _ROW, {})


@dataclass(slots=True)
class Filled:
    """The titles of one endpoint, and in how many of them each field is filled."""

    endpoint: str
    part: str
    titles: int = 0
    by_field: Counter[str] = field(default_factory=Counter)

    @property
    def platform(self) -> str:
        return self.endpoint.partition("/")[0]


def count(recordings: Path, endpoints: Iterable[str]) -> list[Filled]:
    """Count over all recordings of some endpoints. Raises what a recording that does not convert raises."""
    found: dict[tuple[str, str], Filled] = {}
    for endpoint in sorted(endpoints):
        shown = "anilist/misc" if endpoint.startswith("anilist/misc/") else endpoint
        for entry, body in entries_of(recordings, endpoint):
            for live in READERS[endpoint](Path(entry["file"]).name, body):
                for part, title in _converted(live):
                    row = found.setdefault((shown, part), Filled(shown, part))
                    row.titles += 1
                    row.by_field.update(_filled(title))
    return [found[key] for key in sorted(found)]


def _converted(live: Live) -> Iterator[tuple[str, SourceTitle]]:
    """Every title in an answer, and the part of it that the answer is, without the number of its page."""
    for id_, parts in live.adapter.parse_answer(live.request, live.answer).parts.items():
        name = parts[0].kind.removeprefix("jsonapi/").partition("/")[0]
        yield name, live.adapter.convert(id_, live.beside | {part.kind: part.body for part in parts})


def _filled(title: SourceTitle) -> list[str]:
    inputs = StageInput(_TITLE, (title,), align((title,)), {})
    drafts = {name: stage.decide(inputs) for name, stage in STAGES.items()}
    reasons = assemble(inputs, drafts, {Platform.JIKAN: Outcome.FOUND}).provenance.fields
    return [name for name in _FIELDS if title.source in reasons[name].sources]


def render_csv(rows: Sequence[Filled]) -> str:
    """One line for every field an endpoint fills at all; one without a field for an endpoint that fills none."""
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(_HEAD)
    for row in rows:
        for name in [name for name in _FIELDS if row.by_field[name]] or [""]:
            lines.writerow((row.platform, row.endpoint, row.part, row.titles, name, row.by_field[name]))
    return out.getvalue()


def read_table(text: str) -> list[Filled]:
    """The table again from its CSV."""
    found: dict[tuple[str, str], Filled] = {}
    for line in csv.DictReader(io.StringIO(text)):
        key = (line["endpoint"], line["part"])
        row = found.setdefault(key, Filled(*key, titles=int(line["titles"])))
        if line["field"]:
            row.by_field[line["field"]] = int(line["filled"])
    return list(found.values())


def with_tables(page: str, rows: Sequence[Filled]) -> str:
    """The page with its tables written anew."""
    head, _, rest = page.partition(_BEGIN)
    _, _, tail = rest.partition(_END)
    tables = "\n".join(_table(platform, rows) for platform in Platform)
    return f"{head}{_BEGIN}\n{tables}{_END}{tail}"


def _table(platform: Platform, rows: Sequence[Filled]) -> str:
    """Fields x parts of one platform; of a platform that gives a title in one part, fields x endpoints."""
    mine = [row for row in rows if row.platform == platform.value]
    columns = _columns(mine)
    heads = " | ".join(f"{name}<br>{_many(one.titles, 'title')}, {one.part}" for name, one in columns.items())
    lines = [f"### {platform.value}\n", f"| field | {heads} |", "|---|" + "---:|" * len(columns)]
    shown = [name for name in _FIELDS if any(one.by_field[name] for one in columns.values())]
    lines += (f"| `{name}` | " + " | ".join(_share(one, name) for one in columns.values()) + " |" for name in shown)
    return "\n".join(lines) + "\n"


def _columns(rows: Sequence[Filled]) -> dict[str, Filled]:
    """The counts by column, what fills most first; their ``part`` says how many endpoints they are."""
    has_parts = len({row.part for row in rows}) > 1
    apart: dict[str, list[Filled]] = {}
    for row in rows:
        name = row.part if has_parts else row.endpoint.partition("/")[2]
        apart.setdefault(name if has_parts or row.titles >= _FEW else _OTHERS, []).append(row)
    columns = {name: _sum(some) for name, some in apart.items()}
    return dict(sorted(columns.items(), key=lambda one: (one[0] == _OTHERS, -len(one[1].by_field), one[0])))


def _sum(rows: Sequence[Filled]) -> Filled:
    whole = Filled(rows[0].endpoint, _many(len(rows), "endpoint"))
    for row in rows:
        whole.titles += row.titles
        whole.by_field.update(row.by_field)
    return whole


def _many(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _share(row: Filled, name: str) -> str:
    """Whole percents; neither nearly all is all nor hardly any none."""
    filled = row.by_field[name]
    if not filled:
        return ""
    share = round(100 * filled / row.titles)
    return f"{min(share, 99) if filled < row.titles else share} %" if share else "< 1 %"


def outdated(rows: Sequence[Filled]) -> Mapping[Path, str]:
    """The files that are not what these counts make of them, and what they should hold."""
    wanted = {CSV: render_csv(rows), PAGE: with_tables(PAGE.read_text(encoding="utf-8"), rows)}
    return {
        path: text for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 where something would change")
    given = parser.parse_args()
    if not (_SHARED / "recordings").is_dir():
        print(f"no recordings at {str(_SHARED / 'recordings')!r}; set SHARED_MATERIAL to their parent", file=sys.stderr)
        return 2
    rows = count(_SHARED / "recordings", READERS)
    stale = outdated(rows)
    for path, text in stale.items():
        print(f"{path.relative_to(ROOT)} {'is not current: make fields-table' if given.check else 'written'}")
        if not given.check:
            path.write_text(text, encoding="utf-8")
    print(f"{sum(row.titles for row in rows)} titles of {len({row.endpoint for row in rows})} endpoints")
    return 1 if stale and given.check else 0


if __name__ == "__main__":
    sys.exit(main())
