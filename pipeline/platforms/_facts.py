"""A character's labelled facts (``Hair: blue``, ``Birthdate: June 26, 2044``) in the fields there are for them.

Promises: total over any text; what cannot be read for sure is left to the attributes, where every fact stays.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

__all__ = ["Facts", "read_facts"]

_LABELS: Final = MappingProxyType(
    {
        "age": "age",
        "gender": "gender",
        "sex": "gender",
        "birthday": "birthday",
        "birthdate": "birthday",
        "birth date": "birthday",
        "date of birth": "birthday",
        "blood type": "blood_type",
        "bloodtype": "blood_type",
        "hair": "hair_color",
        "hair color": "hair_color",
        "hair colour": "hair_color",
        "eyes": "eye_color",
        "eye color": "eye_color",
        "eye colour": "eye_color",
    }
)
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH: Final = rf"(?P<month>{'|'.join(_MONTHS)})[a-z]*\.?"
_DAY: Final = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_BIRTHDAYS: Final = tuple(
    re.compile(rf"\s*{said}\b", re.IGNORECASE | re.ASCII)
    for said in (rf"{_MONTH}\s+{_DAY}", rf"{_DAY}\s+(?:of\s+)?{_MONTH}")
)
_DAYS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_BLOOD: Final = re.compile(r"(?:type\s+)?(AB|A|B|O)(?:[+-]|\s*\(.*\))?", re.IGNORECASE)
_LONGEST: Final = 40
"""Signs of a colour or a gender; more is a sentence."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the labels tell; ``birthday`` is ``MM-DD``, ``blood_type`` ``A``, ``B``, ``AB`` or ``O``."""

    age: str | None = None
    gender: str | None = None
    birthday: str | None = None
    blood_type: str | None = None
    hair_color: str | None = None
    eye_color: str | None = None


def read_facts(attributes: Iterable[tuple[str, str]]) -> Facts:
    """The first of each fact that can be read."""
    found: dict[str, str] = {}
    for label, value in attributes:
        field = _LABELS.get(" ".join(label.casefold().split()))
        if field is not None and field not in found and (read := _read(field, value)) is not None:
            found[field] = read
    return Facts(**found)


def _read(field: str, value: str) -> str | None:
    text = value.strip().rstrip(",;")
    match field:
        case "birthday":
            return _birthday(text)
        case "blood_type":
            blood = _BLOOD.fullmatch(text)
            return blood[1].upper() if blood else None
        case "age":
            return text or None
        case _:
            return text if 0 < len(text) <= _LONGEST else None


def _birthday(text: str) -> str | None:
    found = next((match for said in _BIRTHDAYS if (match := said.match(text))), None)
    if found is None:
        return None
    month, day = _MONTHS.index(found["month"].lower()) + 1, int(found["day"])
    return f"{month:02d}-{day:02d}" if 1 <= day <= _DAYS[month - 1] else None
