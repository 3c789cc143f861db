"""``anime-enrich review``: what a person should look at, and what the person decides."""

import getpass
import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.markup import escape

from pipeline.cli.console import console, print_json
from pipeline.cli.under_review import decision, print_subject, queued_json, say, subject_json, title_json
from pipeline.cli.whole_file import whole_file
from pipeline.cli.workplace import find_titles, ledger_of, load_settings, place_flags
from pipeline.domain.names import Site
from pipeline.domain.title import id_key
from pipeline.enrich.review.deciding import Answer, decide, keep
from pipeline.enrich.review.lending import borrow_locks, lend_locks
from pipeline.enrich.review.reviewing import Case, open_case, question_name, queue_of
from pipeline.enrich.review.wording import teach_all
from pipeline.errors import BadInput
from pipeline.ledger import Ledger
from pipeline.ledger.review import QueuedItem
from pipeline.ledger.titles import StoredTitle
from pipeline.settings import Settings

__all__ = [
    "ListOptions",
    "ResolveOptions",
    "review_export_command",
    "review_import_command",
    "review_list_command",
    "review_resolve_command",
    "review_show_command",
    "review_unlock_command",
]

_MOST_ALIKE: Final = 3
"""Items of one kind that the list shows of a title, so that one title does not fill it."""
_DEPTH: Final = 10
"""How much farther than what is shown is looked for other titles' items."""


@dataclass(frozen=True, slots=True)
class ListOptions:
    """Which part of the queue."""

    field: str | None
    code: str | None
    limit: int
    is_json: bool


@dataclass(frozen=True, slots=True)
class ResolveOptions:
    """What was decided, as given on the command line."""

    title: str
    field: str
    value: str | None
    choose: int | None
    is_keep: bool
    is_seen: bool
    by: str | None
    note: str


def review_list_command(options: ListOptions, checkpoints: Path | None, *, is_practice: bool) -> int:
    """Print the most pressing items."""
    settings, flags = _place(checkpoints, is_practice=is_practice)
    with ledger_of(settings, is_reading=True) as ledger:
        depth = options.limit if options.is_json else options.limit * _DEPTH
        queue = queue_of(ledger, field=options.field, code=options.code, limit=depth)
        counts = ledger.review.counts(field=options.field)
        titles = {title.title_id: title for title in ledger.titles.load([one.title_id for one in queue])}
        is_begun = ledger.review.is_begun()
    if options.is_json:
        print_json({"counts": counts, "items": [queued_json(one, titles[one.title_id]) for one in queue]})
        return 0
    shown = _without_repeats(queue)[: options.limit]
    for one, hidden in shown:
        title = titles[one.title_id]
        console.print(
            f"[bold]{escape(one.name)}[/bold]  {_handle(title)}  [cyan]{escape(one.item.field)}[/cyan]  "
            f"{one.item.code}  uncertain {one.item.uncertainty:.2f}, weight {one.priority:,.0f}",
            soft_wrap=True,
        )
        say(f"    {one.item.detail}", "dim")
        if hidden:
            say(
                f"    … and {hidden} more {one.item.code} of it: anime-enrich review show {_handle(title)}{flags}",
                "dim",
            )
    if not queue:
        console.print(
            "nothing to review" if is_begun else "there is no queue yet: the next `anime-enrich run` makes it"
        )
        return 0
    told = ", ".join(f"{count:,} {code}" for code, count in counts.items())
    console.print(f"\n{len(shown)} shown of {told}")
    first = queue[0]
    handle = _handle(titles[first.title_id])
    say(f"look at one: anime-enrich review show {handle} {shlex.quote(first.item.field)}{flags}")
    return 0


def _without_repeats(queue: Sequence[QueuedItem]) -> list[tuple[QueuedItem, int]]:
    """The first few of each kind of each title, the last of them with how many more there are."""
    alike: dict[tuple[str, str], list[QueuedItem]] = {}
    for one in queue:
        alike.setdefault((one.title_id, one.item.code), []).append(one)
    hidden = {id(mine[_MOST_ALIKE - 1]): len(mine) - _MOST_ALIKE for mine in alike.values() if len(mine) >= _MOST_ALIKE}
    kept = {id(one) for mine in alike.values() for one in mine[:_MOST_ALIKE]}
    return [(one, hidden.get(id(one), 0)) for one in queue if id(one) in kept]


def review_show_command(
    title: str, field: str | None, checkpoints: Path | None, *, is_practice: bool, is_json: bool
) -> int:
    """Print what stands, why, who says what else, and what may be chosen."""
    settings, flags = _place(checkpoints, is_practice=is_practice)
    with ledger_of(settings, is_reading=True) as ledger:
        case = _case(ledger, title)
        subjects = case.subjects() if field is None else (case.subject(field),)
    if is_json:
        print_json({**title_json(case.title), "subjects": [subject_json(one) for one in subjects]})
        return 0
    console.print(f"[bold]{escape(case.title.name)}[/bold]  {case.title.title_id}", soft_wrap=True)
    for url in case.record.sources:
        say(f"  {url}", "dim")
    for one in subjects:
        print_subject(one, _handle(case.title), flags)
    if not subjects:
        console.print("nothing of it is in the queue, and nothing is locked; name a field to lock it all the same")
    return 0


def review_resolve_command(options: ResolveOptions, checkpoints: Path | None, *, is_practice: bool) -> int:
    """Make a decision a lock. The next run obeys it."""
    settings, flags = _place(checkpoints, is_practice=is_practice)
    answer = Answer(
        by=_reviewer() if options.by is None else options.by,
        at=round(time.time(), 3),
        note=options.note,
        value=options.value,
        choose=options.choose,
        keep=options.is_keep,
        seen=options.is_seen,
    )
    with ledger_of(settings, is_reading=True) as ledger:
        case = _case(ledger, options.title)
        lock = decide(case, options.field, answer)
        keep(ledger, case, lock)
    what = "was seen and leaves the queue until something else is found" if lock.kind == "seen" else decision(lock)
    say(f"{case.title.name}: {lock.field} {what}, {lock.told}")
    if lock.kind != "seen":
        say(f"the next run obeys it: anime-enrich run {_handle(case.title)}{flags}")
    if for_all := teach_all(lock, case.words):
        say(for_all, "dim")
    return 0


def review_unlock_command(title: str, field: str, checkpoints: Path | None, *, is_practice: bool) -> int:
    """Let the rules decide again. Raises ``BadInput`` when there is no such lock."""
    settings, flags = _place(checkpoints, is_practice=is_practice)
    field = question_name(field)
    with ledger_of(settings, is_reading=True) as ledger:
        title_id = _title(ledger, title)
        lock = ledger.review.unlock(title_id, field)
        (stored,) = ledger.titles.load([title_id])
        others = [one.field for one in ledger.review.locks([title_id]).get(title_id, ())]
    if lock is None:
        there = f"locked are {', '.join(others)}" if others else "nothing of it is locked"
        raise BadInput(f"{field!r} of {stored.name!r} is not locked; {there}")
    say(f"{stored.name}: {field} is no longer {lock.told}")
    say(f"the next run decides it by the rules: anime-enrich run {_handle(stored)}{flags}")
    return 0


def review_export_command(target: Path, checkpoints: Path | None, *, is_practice: bool) -> int:
    """Write every lock as a line of JSON; the file is whole or not there."""
    settings = load_settings(checkpoints=checkpoints, is_practice=is_practice)
    with ledger_of(settings, is_reading=True) as ledger, whole_file(target) as file:
        count = 0
        for line in lend_locks(ledger):
            file.write(line + b"\n")
            count += 1
    say(f"{count} cases in {target}")
    return 0


def review_import_command(source: Path, checkpoints: Path | None, *, is_practice: bool) -> int:
    """Take somebody's locks over; exit code 3 when some are of titles this ledger does not have."""
    settings, flags = _place(checkpoints, is_practice=is_practice)
    try:
        lines = source.read_bytes().split(b"\n")
    except OSError as error:
        raise BadInput(f"the file of locks {str(source)!r} cannot be read: {error.strerror}") from error
    with ledger_of(settings, is_reading=True) as ledger:
        report = borrow_locks(ledger, lines, str(source))
    console.print(
        f"{report.taken} taken, {report.same} the same here, {report.ours} older than what was decided here, "
        f"{len(report.unknown)} of titles that are not here"
    )
    for name in report.unknown[:10]:
        say(f"  not here: {name}", "yellow")
    if report.taken:
        say(f"the next run obeys them: anime-enrich run --all{flags}")
    return 3 if report.unknown else 0


def _place(checkpoints: Path | None, *, is_practice: bool) -> tuple[Settings, str]:
    return load_settings(checkpoints=checkpoints, is_practice=is_practice), place_flags(
        checkpoints, is_practice=is_practice
    )


def _case(ledger: Ledger, title: str) -> Case:
    return open_case(ledger, _title(ledger, title))


def _title(ledger: Ledger, text: str) -> str:
    """The title meant; of one that was merged the one it became, since nothing decided of the other is obeyed."""
    (title_id,) = find_titles(ledger, [text])
    return ledger.titles.survivor(title_id)


def _reviewer() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError) as error:
        raise BadInput("a decision has a name under it, and this machine knows none of you: say --by NAME") from error


def _handle(title: StoredTitle) -> str:
    """How a user names the title: its MyAnimeList id, or another, or its own."""
    sites = sorted(title.ids, key=lambda site: (site is not Site.MAL, site))
    return id_key(sites[0], title.ids[sites[0]][0]) if sites else title.title_id
