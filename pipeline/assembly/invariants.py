"""What must hold in a finished record. A break is a finding and goes to review; it does not stop the title."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from pipeline.domain.claims import Finding
from pipeline.domain.names import EpisodeKind, Season
from pipeline.domain.record import AiredDates, CharacterRecord, EpisodeRecord, RelatedWork, VoiceActorRecord
from pipeline.domain.source_title import TitleName
from pipeline.stages.dates import fits_season

__all__ = ["find_broken_invariants"]

_LONGEST: Final = {
    "title": 500,
    "title_english": 500,
    "title_japanese": 500,
    "title_romaji": 500,
    "synonyms": 500,
    "synopsis": 20_000,
    "background": 20_000,
}
"""Signs of a text; the longest recorded synopsis has 1,699, the longest background 1,471, the longest title 142."""
_MOST_LABELS: Final = 500
"""The most recorded of one title on one platform are 99."""
_TURNS: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")

_Values = Mapping[str, Any]
"""Record fields by name, as the drafts decided them."""


def find_broken_invariants(values: _Values) -> tuple[Finding, ...]:
    """Every broken invariant, in a stable order."""
    return tuple(finding for check in _CHECKS for finding in check(values))


def _dates(values: _Values) -> Iterator[Finding]:
    aired: AiredDates | None = values["aired_dates"]
    if aired is None or aired.start is None or aired.end is None:
        return
    shared = min(len(aired.start), len(aired.end))
    if aired.end[:shared] < aired.start[:shared]:
        yield Finding("end_before_start", f"aired from {aired.start} to {aired.end}", "aired_dates")


def _season(values: _Values) -> Iterator[Finding]:
    season: Season | None = values["season"]
    month: int | None = values["month"]
    if season is not None and month is not None and not fits_season(season, month):
        yield Finding("season_off_start", f"season {season} with a start in month {month}", "season")


def _episodes(values: _Values) -> Iterator[Finding]:
    total: int | None = values["episodes"]
    details: list[EpisodeRecord] = values["episode_details"]
    numbers = [one.number for one in details if one.kind is EpisodeKind.REGULAR and one.number is not None]
    if total and numbers and max(numbers) > total:
        yield Finding("more_aired_than_total", f"episode {max(numbers)} of {total}", "episodes")


def _title(values: _Values) -> Iterator[Finding]:
    if not values["title"].strip():
        yield Finding("title_missing", "no source gives a main title", "title")


def _relations(values: _Values) -> Iterator[Finding]:
    works: list[RelatedWork] = [*values["related_anime"], *values["relations"]]
    if any(work.title_id == values["title_id"] for work in works):
        yield Finding("self_relation", "the work is related to itself", "related_anime")


def _voices(values: _Values) -> Iterator[Finding]:
    characters: list[CharacterRecord] = values["characters"]
    actors: list[VoiceActorRecord] = values["voice_actors"]
    names = {one.name for one in characters}
    for actor in actors:
        if not actor.characters:
            yield Finding("voice_without_character", f"{actor.name[:80]!r} speaks nobody", "voice_actors")
        elif not names.issuperset(actor.characters):
            stray = next(name for name in actor.characters if name not in names)
            message = f"{actor.name[:80]!r} speaks {stray[:80]!r}, who is not in the cast"
            yield Finding("voice_of_stranger", message, "voice_actors")


def _sizes(values: _Values) -> Iterator[Finding]:
    """Texts and lists of a size no platform gives for good: they stand as they came, and somebody should look."""
    for field, text in _texts(values):
        if len(text) > _LONGEST[field]:
            yield Finding("text_too_long", f"{len(text)} signs, where {_LONGEST[field]} are very many", field)
    for field in ("synonyms", "genres", "themes", "tags"):
        if len(values[field]) > _MOST_LABELS:
            yield Finding("too_many_entries", f"{len(values[field])} {field}", field)


def _directions(values: _Values) -> Iterator[Finding]:
    """A sign that turns the reading direction may make a name look like another."""
    for field in sorted({field for field, text in _texts(values) if _TURNS.search(text)}):
        yield Finding("turns_direction", "a text holds signs that turn the reading direction", field)


def _texts(values: _Values) -> Iterator[tuple[str, str]]:
    for field in _LONGEST:
        said: str | list[TitleName] | None = values[field]
        if isinstance(said, str):
            yield field, said
        elif said is not None:
            yield from ((field, name.text) for name in said)


def _ids(values: _Values) -> Iterator[Finding]:
    for field in ("characters", "voice_actors", "staff_data", "studios", "producers", "licensors", "episode_details"):
        for one in values[field]:
            for site, id_ in one.ids.items():
                if id_.strip() in {"", "0"}:
                    yield Finding("empty_id", f"an entry has the id {id_!r} at {site!r}", field)
    for site, ids in values["platform_ids"].items():
        if any(id_.strip() in {"", "0"} for id_ in ids):
            yield Finding("empty_id", f"the title has an empty id at {site!r}", "platform_ids")


_CHECKS: Final[tuple[Callable[[_Values], Iterator[Finding]], ...]] = (
    _dates,
    _season,
    _episodes,
    _title,
    _relations,
    _voices,
    _sizes,
    _directions,
    _ids,
)
