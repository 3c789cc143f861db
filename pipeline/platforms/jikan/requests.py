"""What to ask a Jikan-shaped service for one title, as a pure function of the parts already had.

Round one: the record (``full``, or ``mal_v2`` of the official API), which says whether the title is there at all and
whether it can have an episode list; any will do for the rounds after, a row of a list too. Round two:
``characters``, ``staff``, the first page of episodes, and the extras that are one request a title. Round three: all
further pages, and details of single episodes and characters where those are wanted: by far the dearest. A killed run
asks only what is missing; an id that nobody has costs one request.
"""

from collections.abc import Collection, Iterator
from typing import Final, Literal, TypeAlias

from pipeline.domain.exchange import Request, Wanted
from pipeline.domain.names import Platform, TitleType
from pipeline.errors import BadInput
from pipeline.platforms._reading import broken
from pipeline.platforms.jikan.mal_v2 import MAL_V2, ask_record
from pipeline.platforms.jikan.payload import (
    FULL,
    LIST,
    RECORDS,
    V2_LIST,
    cast_ids,
    episode_numbers,
    episode_pages,
    parse_part,
    record_kind,
)

__all__ = ["CORE", "EXTRAS", "Base", "expect_kinds", "plan_title"]

Base: TypeAlias = Literal["full", "mal_v2", "list", "mal_v2_list"]
"""The kind of a title's record. A fuller one will do as well; a list's row that is not had is asked for as a record."""

_BESIDE: Final = ("characters", "staff", "statistics", "pictures", "videos")
_EPISODES: Final = "episodes"
CORE: Final = ("characters", "staff", _EPISODES)
"""What is asked for beside the record unless the operator wants less."""

_EPISODE_DETAILS: Final = "episode_details"
_CHARACTER_DETAILS: Final = "character_details"
EXTRAS: Final = ("statistics", "pictures", "videos", _EPISODE_DETAILS, _CHARACTER_DETAILS)
"""What may be asked for beyond the core. The last two take a request for every episode, for every character."""

_WITHOUT_LIST: Final = frozenset({"movie", "music"})
_WITHOUT_LIST_HERE: Final = frozenset({TitleType.MOVIE, TitleType.MUSIC})
_PAGE_SIZE: Final = 100
_MOST_PAGES: Final = 200
"""20,000 episodes; no title comes near, so a larger number is damage."""
_USUAL_CAST: Final = 25


def plan_title(wanted: Wanted, asked: Collection[str] = CORE, base: Base = FULL) -> tuple[Request, ...]:
    """Requests still open for one title. Raises ``Broken`` when a stored part cannot be read."""
    if not (wanted.id.isascii() and wanted.id.isdigit()):
        raise BadInput(f"{wanted.id!r} is not a MyAnimeList id; give the number from the title's address")
    will_do = RECORDS[: RECORDS.index(base) + 1]
    record = () if any(kind in wanted.parts for kind in will_do) else (_ask_record(wanted.id, base),)
    if record_kind(wanted.parts) is None:
        return record
    kinds = [kind for kind in _beside(asked) if kind not in wanted.parts]
    if _EPISODES in asked and _has_list(wanted):
        kinds += [f"episodes/{page}" for page in _missing_pages(wanted)]
    kinds += [kind for kind in _details(wanted, asked) if kind not in wanted.parts]
    return (*record, *(_request(wanted.id, kind) for kind in kinds))


def _asked_kind(base: Base) -> str:
    return MAL_V2 if base in (MAL_V2, V2_LIST) else FULL


def _ask_record(id_: str, base: Base) -> Request:
    return ask_record(id_) if _asked_kind(base) == MAL_V2 else _request(id_, FULL)


def expect_kinds(wanted: Wanted, asked: Collection[str] = CORE, base: Base = FULL) -> tuple[str, ...]:
    """Kinds of all requests a title will take, as far as the catalogue tells its type and length.

    Nobody knows how long a cast is before it was asked for: a usual one is taken.
    """
    has_none = _EPISODES not in asked or wanted.type in _WITHOUT_LIST_HERE or wanted.episodes == 1
    listed = 0 if has_none else wanted.episodes or 1
    kinds = (_asked_kind(base), *_beside(asked), *[_EPISODES] * -(-listed // _PAGE_SIZE))
    details = ["episode"] * listed if _EPISODE_DETAILS in asked else []
    return (*kinds, *details, *(["character"] * _USUAL_CAST if _CHARACTER_DETAILS in asked else []))


def _beside(asked: Collection[str]) -> tuple[str, ...]:
    return tuple(kind for kind in _BESIDE if kind in asked)


def _details(wanted: Wanted, asked: Collection[str]) -> Iterator[str]:
    """What is asked one by one: as much of it as the parts already had make known."""
    if _EPISODE_DETAILS in asked:
        yield from (f"episode/{number}" for number in episode_numbers(wanted.id, wanted.parts))
    if _CHARACTER_DETAILS in asked:
        yield from (f"character/{number}" for number in cast_ids(wanted.id, wanted.parts))


def _request(id_: str, kind: str) -> Request:
    match kind.split("/"):
        case ["episodes", page]:
            return Request(Platform.JIKAN, kind, f"/anime/{id_}/episodes", (id_,), (("page", page),))
        case ["episode", number]:
            return Request(Platform.JIKAN, kind, f"/anime/{id_}/episodes/{number}", (id_,))
        case ["character", character]:
            return Request(Platform.JIKAN, kind, f"/characters/{character}/full", (id_,))
        case _:
            return Request(Platform.JIKAN, kind, f"/anime/{id_}/{kind}", (id_,))


def _has_list(wanted: Wanted) -> bool:
    kind = record_kind(wanted.parts) or FULL
    record = parse_part(wanted.parts[kind], wanted.id, kind).one
    type_, count = ("type", "episodes") if kind in (FULL, LIST) else ("media_type", "num_episodes")
    return (record.text(type_) or "").lower() not in _WITHOUT_LIST and record.integer(count) != 1


def _missing_pages(wanted: Wanted) -> tuple[int, ...]:
    had = episode_pages(wanted.parts)
    last = 1
    for page in had:
        last = max(last, _last_page(wanted, page))
    if last > _MOST_PAGES:
        raise broken(Platform.JIKAN, wanted.id, "episodes", f"claims {last} pages")
    return tuple(page for page in range(1, last + 1) if page not in had)


def _last_page(wanted: Wanted, page: int) -> int:
    kind = f"episodes/{page}"
    data = parse_part(wanted.parts[kind], wanted.id, kind)
    # ``has_next_page`` has been seen true on the last page of all (Mushishi, 2022): only a full page can be followed.
    has_more = data.pagination.flag("has_next_page") is True and len(data.many) >= _PAGE_SIZE
    return max(data.pagination.integer("last_visible_page") or 1, page + 1 if has_more else 1)
