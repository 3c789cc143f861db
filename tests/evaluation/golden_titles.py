"""Golden titles: what a person read in the recorded answers and found right, field by field, and how it is scored.

Each file of ``titles`` is one show of the recordings; those in ``held_out`` are looked at only for the final figure.
The values were written down from the platforms' answers before anybody looked at what the rules make of them. Every
value has its reason; only small facts are kept, nobody's texts.

The twenty fields are those a catalogue is listed, filtered and searched by, each a fact that a person can check in the
answers. Left out: figures (score, statistics: there is no truth beside the platform), texts and pictures (chosen, not
true or false), casts, staff and episodes (who is who is measured apart).

How a value is expected:

``is``, ``any``  this value, or one of these. Names are compared without case, width, spaces and punctuation.
``none``         the field is empty; beside ``any`` it may be.
``within``       seconds a duration may be off; 60 where nothing is said, for platforms count whole minutes.
``has``          all of these are there. ``A/B``: either, and only one of the two (of spellings of one company).
``may``          these too; of studios and demographics nothing else.
``not``          genres that are wrong. Others are neither right nor wrong: how far one reaches is taste.

``aired_dates`` is ``first/last`` in Japan, ``..`` for open. ``related_anime`` is ``KIND site:id``; it is wrong, too, if
one work stands in it twice or the title itself does.
"""

import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pipeline.domain.record import AiredDates, AnimeRecord, RelatedWork
from pipeline.domain.source_title import Broadcast

__all__ = ["FIELDS", "Expected", "GoldenTitle", "Judged", "judge", "read_titles"]

FIELDS: Final = (
    "title", "title_english", "title_japanese", "title_romaji", "type", "status", "source_material", "rating", "nsfw",
    "country_of_origin", "season", "year", "aired_dates", "broadcast", "episodes", "duration", "genres",
    "demographics", "studios", "related_anime",
)  # fmt: skip
_FOLDER: Final = Path(__file__).resolve().parent / "titles"
_NAMES: Final = frozenset({"title", "title_english", "title_japanese", "title_romaji"})
_CLOSED: Final = frozenset({"demographics", "studios"})
_KEYS: Final = frozenset({"is", "any", "none", "within", "has", "may", "not", "why"})
_MINUTE_S: Final = 60


@dataclass(frozen=True, slots=True)
class Expected:
    """What a field should be, and why."""

    field: str
    why: str
    any: tuple[Any, ...] = ()
    is_none_right: bool = False
    within: int = _MINUTE_S
    has: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    no: tuple[str, ...] = ()

    def __str__(self) -> str:
        said = [*map(str, self.any), *(["nothing"] if self.is_none_right else [])]
        wanted = [" or ".join(said)] if said else []
        wanted += [f"with {', '.join(self.has)}"] if self.has else []
        wanted += [f"without {', '.join(self.no)}"] if self.no else []
        return "; ".join(wanted) or "each work once"


@dataclass(frozen=True, slots=True)
class GoldenTitle:
    """One show and what its record should say."""

    name: str
    show: str
    also: tuple[str, ...]
    is_held_out: bool
    expected: Mapping[str, Expected]


@dataclass(frozen=True, slots=True)
class Judged:
    """One field of one title: whether it is right, and what the record says, in the words of the labels."""

    expected: Expected
    said: str
    is_right: bool


def read_titles(folder: Path = _FOLDER) -> tuple[GoldenTitle, ...]:
    """All golden titles by name. Raises ``ValueError`` naming file and field where one is not as described above."""
    return tuple(_title(path) for path in sorted(folder.glob("*/*.toml"), key=lambda path: path.name))


def _title(path: Path) -> GoldenTitle:
    said = tomllib.loads(path.read_text(encoding="utf-8"))
    show, also = said.pop("show"), tuple(said.pop("also", ()))
    if tuple(said) != FIELDS:
        raise ValueError(f"{path.name}: has the fields {', '.join(said)}; write exactly {', '.join(FIELDS)}")
    expected = {name: _expected(path, name, value) for name, value in said.items()}
    return GoldenTitle(path.stem, show, also, path.parent.name == "held_out", expected)


def _expected(path: Path, field: str, value: Mapping[str, Any]) -> Expected:
    if value.keys() - _KEYS or not value.get("why"):
        raise ValueError(f"{path.name}: {field} is {value!r}; it needs 'why' and of the rest only {sorted(_KEYS)}")
    one = (value["is"],) if "is" in value else ()
    return Expected(
        field,
        value["why"],
        any=(*one, *value.get("any", ())),
        is_none_right=value.get("none", False),
        within=value.get("within", _MINUTE_S),
        has=tuple(value.get("has", ())),
        may=tuple(value.get("may", ())),
        no=tuple(value.get("not", ())),
    )


def judge(title: GoldenTitle, record: AnimeRecord) -> Iterator[Judged]:
    """Every field of a title's record against what is expected."""
    for field, expected in title.expected.items():
        value = getattr(record, field)
        if field == "related_anime":
            yield _judge_works(expected, value, title.show)
        elif isinstance(value, list):
            names = [one if isinstance(one, str) else one.name for one in value]
            yield Judged(expected, ", ".join(names) or "nothing", _is_right_set(expected, names))
        else:
            said = _said(value)
            yield Judged(expected, "nothing" if said is None else str(said), _is_right(expected, said))


def _said(value: Any) -> Any:
    """A single value as the labels write it."""
    if isinstance(value, AiredDates):
        return f"{value.start or '..'}/{value.end or '..'}" if value.start or value.end else None
    if isinstance(value, Broadcast):
        return " ".join(part for part in (value.day, value.time) if part) or None
    return value


def _is_right(expected: Expected, said: Any) -> bool:
    if said is None:
        return expected.is_none_right
    if expected.field in _NAMES:
        return _key(said) in {_key(one) for one in expected.any}
    if expected.field == "duration":
        return any(abs(said - one) <= expected.within for one in expected.any)
    return said in expected.any


def _is_right_set(expected: Expected, names: Iterable[str]) -> bool:
    found = [_key(name) for name in names]
    wanted = [{_key(one) for one in name.split("/")} for name in expected.has]
    allowed = set[str]().union(*wanted, map(_key, expected.may))
    is_whole = all(sum(one in either for one in found) >= 1 for either in wanted)
    if expected.field not in _CLOSED:
        wrong = {_key(one) for one in expected.no}
        is_empty_right = not expected.is_none_right or not found
        return is_whole and is_empty_right and wrong.isdisjoint(found)
    is_once = all(sum(one in either for one in found) <= 1 for either in wanted)
    return is_whole and is_once and allowed.issuperset(found)


def _judge_works(expected: Expected, works: Iterable[RelatedWork], show: str) -> Judged:
    said = [(work.relation.value, f"{site}:{id_}") for work in works for site, ids in work.ids.items() for id_ in ids]
    ids = [key for _, key in said]
    twice = sorted({key for key in ids if ids.count(key) > 1})
    wanted = [tuple(one.split(" ")) for one in expected.has]
    notes = [*(f"{key} twice" for key in twice), *(["itself"] if show in ids else [])]
    notes += [f"{key} as {kind}" for kind, key in said if key in {key for _, key in wanted}]
    is_right = not twice and show not in ids and all(one in said for one in wanted)
    return Judged(expected, ", ".join(notes) or f"{len(ids)} ids, none of those", is_right)


def _key(name: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFKC", name).casefold() if sign.isalnum())
