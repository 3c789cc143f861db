"""``anime-enrich report``: how good the records are, as one page to open in a browser."""

import shlex
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.markup import escape

from pipeline.cli.console import console, print_json
from pipeline.cli.figures import means_told, survey_json
from pipeline.cli.page import render_page
from pipeline.cli.whole_file import whole_file
from pipeline.cli.workplace import ledger_of, load_settings
from pipeline.enrich.survey import survey
from pipeline.errors import BadInput

__all__ = ["ReportOptions", "report_command"]

_NAME: Final = "report.html"


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """What was asked on the command line; without a file the page lies beside the ledger."""

    target: Path | None
    is_json: bool


def report_command(options: ReportOptions, checkpoints: Path | None, *, is_practice: bool) -> int:
    """Write the page and say where it is, or print the same figures. Without figures there is a page that says so.

    Raises ``BadInput`` where it cannot be written, or when a file is named beside ``--json``.
    """
    if options.is_json and options.target is not None:
        raise BadInput(f"--json prints the figures and writes no page; leave out {str(options.target)!r} or --json")
    settings = load_settings(checkpoints=checkpoints, is_practice=is_practice)
    with ledger_of(settings, is_reading=True) as ledger:
        seen = survey(ledger, at=time.time())
    if options.is_json:
        print_json(survey_json(seen))
        return 0
    target = options.target or settings.checkpoints / _NAME
    page = render_page(seen, flags=_flags(checkpoints, is_practice=is_practice))
    with whole_file(target) as file:
        file.write(page.encode())
    records = sum(count for name, count in seen.results.items() if name in ("done", "degraded"))
    console.print(f"report    {escape(str(target))}", soft_wrap=True)
    console.print(f"quality   {means_told(seen.means, of=records)}", soft_wrap=True)
    return 0


def _flags(checkpoints: Path | None, *, is_practice: bool) -> str:
    """What a command of the page needs to look at the same place."""
    practice = " --practice" if is_practice else ""
    return practice + (f" --checkpoints {shlex.quote(str(checkpoints))}" if checkpoints is not None else "")
