"""What of a title under review is shown: as lines with the ways to decide, and as plain data."""

import shlex
from collections.abc import Iterator, Sequence
from types import MappingProxyType
from typing import Final

from rich.markup import escape

from pipeline.cli.briefly import brief
from pipeline.cli.console import console
from pipeline.domain.canonical import JsonValue
from pipeline.domain.names import Source
from pipeline.domain.review import OWN_ID, Lock, ReviewItem, kind_of, terms_of
from pipeline.enrich.review.reviewing import Subject
from pipeline.ledger.review import QueuedItem
from pipeline.ledger.titles import StoredTitle

__all__ = ["decision", "print_subject", "queued_json", "say", "subject_json", "title_json"]

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
_MOST_SHOWN: Final = 12
"""Options on lines of their own; the others are named in one."""


def print_subject(one: Subject, handle: str, flags: str) -> None:
    """What stands, why, who says what else, and how it may be decided for the title of this handle."""
    console.print(f"\n[cyan]{escape(one.field)}[/cyan]  {escape(brief(one.stands))}", soft_wrap=True)
    if one.asks:
        say(f"  asked: {one.asks}{_page(one.field)}")
    if one.reason is not None:
        sources = " ".join(source.value for source in one.reason.sources) or "nobody"
        conflict = ", in conflict" if one.reason.conflict else ""
        say(f"  by {one.reason.method}, {one.reason.confidence:.2f}, from {sources}{conflict}")
        for evidence in one.reason.evidence:
            say(f"  evidence: {evidence}")
    for item in one.items:
        say(f"  {item.code} ({item.uncertainty:.2f}): {item.detail}", "yellow")
    if one.lock is not None:
        what = "seen" if one.lock.kind == "seen" else f"decided: {decision(one.lock)}"
        say(f"  {what}, {one.lock.told}", "green")
    kind = one.field.partition(":")[0]
    for number, option in enumerate(one.options[:_MOST_SHOWN], 1):
        said = " ".join(option.sources) or (option.key if option.key != option.value else "")
        is_rules = number == 1 and one.kind == "field" and one.field != "platform_ids"
        mark = "  (the rules)" if is_rules else _page(f"{kind}:{option.key}")
        say(f"  {number:>3}  {brief(option.value)}  {said}{mark}".rstrip() + f"  {option.note}" * bool(option.note))
    if len(one.options) > _MOST_SHOWN:
        others = ", ".join(str(option.value) for option in one.options[_MOST_SHOWN:])
        say(f"       or by name: {others}", "dim")
    for field, ways in _ways(one):
        say(f"  decide: anime-enrich review resolve {handle} {shlex.quote(field)}{flags} ({ways})", "dim")


def decision(lock: Lock) -> str:
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
        said = [option.key for option in one.options if Source.CATALOGUE not in option.sources]
        yield from ((key, "--value yes | --value no") for key in said)
        if len(said) < len(one.options):
            yield f"{OWN_ID}:SITE:ID", "--value no, where the row is wrong about an id"
        if seen:
            yield one.field, "--seen"
    elif one.kind == "field":
        yield one.field, f"--choose N | --value JSON | --keep{seen}"
    else:
        kind = one.field.partition(":")[0]
        yield one.field, _WAYS.get(kind, "--choose N | --keep | --value null") + seen


def say(text: str, style: str | None = None) -> None:
    """A line as it is, whatever stands in it."""
    console.print(text, style=style, markup=False, soft_wrap=True)


def _page(question: str) -> str:
    kind, _, key = question.partition(":")
    site, _, id_ = key.partition(":")
    page = _PAGES.get((kind, site)) if id_.isascii() and id_.isdigit() else None
    return "" if page is None else f"  {page.format(id_)}"


def queued_json(one: QueuedItem, title: StoredTitle) -> dict[str, JsonValue]:
    """An item of the queue with its title."""
    return {**title_json(title), **_item_json(one.item), "field": one.item.field, "priority": one.priority}


def title_json(title: StoredTitle) -> dict[str, JsonValue]:
    """Which title it is."""
    ids: dict[str, JsonValue] = {site.value: list(ids) for site, ids in title.ids.items()}
    return {"title_id": title.title_id, "title": title.name, "ids": ids}


def _item_json(item: ReviewItem) -> dict[str, JsonValue]:
    return {"code": item.code, "uncertainty": item.uncertainty, "detail": item.detail}


def subject_json(one: Subject) -> dict[str, JsonValue]:
    """All that is shown of a field or question."""
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
