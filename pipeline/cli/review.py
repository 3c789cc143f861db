"""``anime-enrich review``: what a person should look at, and what the person decides."""

import getpass
import shlex
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from rich.markup import escape

from pipeline.cli.briefly import brief
from pipeline.cli.console import console, print_json
from pipeline.cli.whole_file import whole_file
from pipeline.cli.workplace import find_titles, ledger_of, load_settings
from pipeline.domain.canonical import JsonValue
from pipeline.domain.names import Site
from pipeline.domain.review import OWN_ID, Lock, ReviewItem, kind_of, terms_of
from pipeline.domain.title import id_key
from pipeline.enrich.lending import borrow_locks, lend_locks
from pipeline.enrich.reviewing import Answer, Case, Subject, decide, keep, open_case, queue_of
from pipeline.enrich.wording import teach_all
from pipeline.errors import BadInput
from pipeline.ledger import Ledger
from pipeline.ledger.review import QueuedItem
from pipeline.ledger.titles import StoredTitle

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

_PAGES: Final = MappingProxyType(
    {
        ("same_character", "mal"): "https://myanimelist.net/character/{}",
        ("same_character", "anilist"): "https://anilist.co/character/{}",
        ("same_character", "anidb"): "https://anidb.net/character/{}",
        ("same_person", "mal"): "https://myanimelist.net/people/{}",
        ("same_person", "anilist"): "https://anilist.co/staff/{}",
        ("same_person", "anidb"): "https://anidb.net/creator/{}",
        ("relation_kind", "mal"): "https://myanimelist.net/anime/{}",
        ("relation_kind", "anilist"): "https://anilist.co/anime/{}",
        ("relation_kind", "anidb"): "https://anidb.net/anime/{}",
    }
)
"""Where a person can see whom a question is about."""
_WAYS: Final = MappingProxyType(
    {
        "labels": "--choose N | --value TERM | --value '[\"TERM\", …]' | --value null | --keep",
        "role_class": "--choose N | --value ROLE",
        "relation_kind": "--choose N | --keep",
        "platform_id": "--value yes | --value no",
    }
)
"""How questions are answered that not every answer fits."""
_MOST_ALIKE: Final = 3
"""Items of one kind that the list shows of a title, so that one title does not fill it."""
_DEPTH: Final = 10
"""How much farther than what is shown is looked for other titles' items."""
_MOST_SHOWN: Final = 12
"""Options on lines of their own; the others are named in one."""


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
    settings = load_settings(checkpoints=checkpoints, is_practice=is_practice)
    with ledger_of(settings, is_reading=True) as ledger:
        depth = options.limit if options.is_json else options.limit * _DEPTH
        queue = queue_of(ledger, field=options.field, code=options.code, limit=depth)
        counts = ledger.review.counts(field=options.field)
        titles = {title.title_id: title for title in ledger.titles.load([one.title_id for one in queue])}
        is_begun = ledger.review.is_begun()
    if options.is_json:
        print_json({"counts": counts, "items": [_queued_json(one, titles[one.title_id]) for one in queue]})
        return 0
    shown = _without_repeats(queue)[: options.limit]
    for one, hidden in shown:
        title = titles[one.title_id]
        console.print(
            f"[bold]{escape(one.name)}[/bold]  {_handle(title)}  [cyan]{escape(one.item.field)}[/cyan]  "
            f"{one.item.code}  uncertain {one.item.uncertainty:.2f}, weight {one.priority:,.0f}",
            soft_wrap=True,
        )
        _say(f"    {one.item.detail}", "dim")
        if hidden:
            _say(f"    … and {hidden} more {one.item.code} of it: anime-enrich review show {_handle(title)}", "dim")
    if not queue:
        console.print(
            "nothing to review" if is_begun else "there is no queue yet: the next `anime-enrich run` makes it"
        )
        return 0
    told = ", ".join(f"{count:,} {code}" for code, count in counts.items())
    console.print(f"\n{len(shown)} shown of {told}")
    first = queue[0]
    handle = _handle(titles[first.title_id])
    _say(f"look at one: anime-enrich review show {handle} {shlex.quote(first.item.field)}")
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
    settings = load_settings(checkpoints=checkpoints, is_practice=is_practice)
    with ledger_of(settings, is_reading=True) as ledger:
        case = _case(ledger, title)
        subjects = case.subjects() if field is None else (case.subject(field),)
    if is_json:
        print_json({**_title_json(case.title), "subjects": [_subject_json(one) for one in subjects]})
        return 0
    console.print(f"[bold]{escape(case.title.name)}[/bold]  {case.title.title_id}", soft_wrap=True)
    for url in case.record.sources:
        _say(f"  {url}", "dim")
    for one in subjects:
        _print_subject(one, _handle(case.title))
    if not subjects:
        console.print("nothing of it is in the queue, and nothing is locked; name a field to lock it all the same")
    return 0


def review_resolve_command(options: ResolveOptions, checkpoints: Path | None, *, is_practice: bool) -> int:
    """Make a decision a lock. The next run obeys it."""
    settings = load_settings(checkpoints=checkpoints, is_practice=is_practice)
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
    what = "was seen and leaves the queue until something else is found" if lock.kind == "seen" else _decision(lock)
    _say(f"{case.title.name}: {lock.field} {what}, {lock.told}")
    if lock.kind != "seen":
        _say(f"the next run obeys it: anime-enrich run {_handle(case.title)}")
    if for_all := teach_all(lock, case.words):
        _say(for_all, "dim")
    return 0


def review_unlock_command(title: str, field: str, checkpoints: Path | None, *, is_practice: bool) -> int:
    """Let the rules decide again. Raises ``BadInput`` when there is no such lock."""
    settings = load_settings(checkpoints=checkpoints, is_practice=is_practice)
    with ledger_of(settings, is_reading=True) as ledger:
        title_id = _title(ledger, title)
        lock = ledger.review.unlock(title_id, field)
        (stored,) = ledger.titles.load([title_id])
        others = [one.field for one in ledger.review.locks([title_id]).get(title_id, ())]
    if lock is None:
        there = f"locked are {', '.join(others)}" if others else "nothing of it is locked"
        raise BadInput(f"{field!r} of {stored.name!r} is not locked; {there}")
    _say(f"{stored.name}: {field} is no longer {lock.told}")
    _say(f"the next run decides it by the rules: anime-enrich run {_handle(stored)}")
    return 0


def review_export_command(target: Path, checkpoints: Path | None, *, is_practice: bool) -> int:
    """Write every lock as a line of JSON; the file is whole or not there."""
    settings = load_settings(checkpoints=checkpoints, is_practice=is_practice)
    with ledger_of(settings, is_reading=True) as ledger, whole_file(target) as file:
        count = 0
        for line in lend_locks(ledger):
            file.write(line + b"\n")
            count += 1
    _say(f"{count} cases in {target}")
    return 0


def review_import_command(source: Path, checkpoints: Path | None, *, is_practice: bool) -> int:
    """Take somebody's locks over; exit code 3 when some are of titles this ledger does not have."""
    settings = load_settings(checkpoints=checkpoints, is_practice=is_practice)
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
        _say(f"  not here: {name}", "yellow")
    if report.taken:
        console.print("the next run obeys them: anime-enrich run --all")
    return 3 if report.unknown else 0


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


def _print_subject(one: Subject, handle: str) -> None:
    console.print(f"\n[cyan]{escape(one.field)}[/cyan]  {escape(brief(one.stands))}", soft_wrap=True)
    if one.asks:
        _say(f"  asked: {one.asks}{_page(one.field)}")
    if one.reason is not None:
        sources = " ".join(source.value for source in one.reason.sources) or "nobody"
        conflict = ", in conflict" if one.reason.conflict else ""
        _say(f"  by {one.reason.method}, {one.reason.confidence:.2f}, from {sources}{conflict}")
        for evidence in one.reason.evidence:
            _say(f"  evidence: {evidence}")
    for item in one.items:
        _say(f"  {item.code} ({item.uncertainty:.2f}): {item.detail}", "yellow")
    if one.lock is not None:
        what = "seen" if one.lock.kind == "seen" else f"decided: {_decision(one.lock)}"
        _say(f"  {what}, {one.lock.told}", "green")
    kind = one.field.partition(":")[0]
    for number, option in enumerate(one.options[:_MOST_SHOWN], 1):
        said = " ".join(option.sources) or (option.key if option.key != option.value else "")
        is_rules = number == 1 and one.kind == "field" and one.field != "platform_ids"
        mark = "  (the rules)" if is_rules else _page(f"{kind}:{option.key}")
        _say(f"  {number:>3}  {brief(option.value)}  {said}{mark}".rstrip() + f"  {option.note}" * bool(option.note))
    if len(one.options) > _MOST_SHOWN:
        others = ", ".join(str(option.value) for option in one.options[_MOST_SHOWN:])
        _say(f"       or by name: {others}", "dim")
    for field, ways in _ways(one):
        _say(f"  decide: anime-enrich review resolve {handle} {shlex.quote(field)} ({ways})", "dim")


def _decision(lock: Lock) -> str:
    """What was decided, in words."""
    if lock.kind == "value":
        return brief(lock.value)
    if kind_of(lock) == OWN_ID:
        return f"is {'not ' * (terms_of(lock) == ('no',))}this title's"
    return f"is {' and '.join(terms_of(lock)) or 'none of them'}"


def _ways(one: Subject) -> Iterator[tuple[str, str]]:
    """How it may be decided: under which name, and with which options."""
    seen = " | --seen" if one.items else ""
    if one.field == "platform_ids":
        yield from ((option.key, "--value yes | --value no") for option in one.options)
        if seen:
            yield one.field, "--seen"
    elif one.kind == "field":
        yield one.field, f"--choose N | --value JSON | --keep{seen}"
    else:
        kind = one.field.partition(":")[0]
        yield one.field, _WAYS.get(kind, "--choose N | --keep | --value null") + seen


def _say(text: str, style: str | None = None) -> None:
    """A line as it is, whatever stands in it."""
    console.print(text, style=style, markup=False, soft_wrap=True)


def _page(question: str) -> str:
    kind, _, key = question.partition(":")
    site, _, id_ = key.partition(":")
    page = _PAGES.get((kind, site)) if id_.isascii() and id_.isdigit() else None
    return "" if page is None else f"  {page.format(id_)}"


def _queued_json(one: QueuedItem, title: StoredTitle) -> dict[str, JsonValue]:
    return {**_title_json(title), **_item_json(one.item), "field": one.item.field, "priority": one.priority}


def _title_json(title: StoredTitle) -> dict[str, JsonValue]:
    ids: dict[str, JsonValue] = {site.value: list(ids) for site, ids in title.ids.items()}
    return {"title_id": title.title_id, "title": title.name, "ids": ids}


def _item_json(item: ReviewItem) -> dict[str, JsonValue]:
    return {"code": item.code, "uncertainty": item.uncertainty, "detail": item.detail}


def _subject_json(one: Subject) -> dict[str, JsonValue]:
    options: Sequence[JsonValue] = [
        {
            "number": number,
            "value": option.value,
            "sources": [s.value for s in option.sources],
            "key": option.key,
            "note": option.note,
        }
        for number, option in enumerate(one.options, 1)
    ]
    lock: dict[str, JsonValue] | None = None
    if one.lock is not None:
        lock = {
            "kind": one.lock.kind,
            "value": one.lock.value,
            "by": one.lock.by,
            "day": one.lock.day,
            "note": one.lock.note,
        }
    return {
        "field": one.field,
        "kind": one.kind,
        "asks": one.asks,
        "stands": one.stands,
        "reason": None if one.reason is None else one.reason.model_dump(mode="json"),
        "items": [_item_json(item) for item in one.items],
        "options": options,
        "lock": lock,
    }
