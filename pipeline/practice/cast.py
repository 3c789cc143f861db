"""The people of the practice world: who plays in a title, who speaks them, who made it. The same on every platform.

Platforms differ in how they write a name and in whom they lack; that is ``said_*.py``'s business. Numbers are chosen
so that a platform's id of a character says which title and which place it is (:func:`character_id`), because one can
then be looked up without making the whole world first.
"""

from dataclasses import dataclass

from pipeline.domain.names import CharacterRole
from pipeline.practice.dice import Dice
from pipeline.practice.vocabulary import (
    EYES,
    FAMILY_ENDS,
    FAMILY_STARTS,
    GIVEN_ENDS,
    GIVEN_STARTS,
    HAIR,
    PERSON_SENTENCES,
    POSITIONS,
    TRAITS,
)

__all__ = [
    "CAST_SPACE",
    "Figure",
    "Name",
    "Person",
    "Work",
    "cast_size",
    "character_id",
    "make_crew",
    "make_figure",
    "name_at",
    "split_character_id",
]

CAST_SPACE = 2_000
"""Every title has room for so many characters in the number space of a platform."""
_NAMES = len(FAMILY_STARTS) * len(FAMILY_ENDS) * len(GIVEN_STARTS) * len(GIVEN_ENDS)
_STRIDE = 7_919
"""Prime, and no factor of the number of names: neighbours have different names and nobody has a double."""
_PEOPLE = 6_000


@dataclass(frozen=True, slots=True)
class Name:
    """A Japanese name in both scripts."""

    family: str
    given: str
    native: str

    @property
    def western(self) -> str:
        """``Given Family``."""
        return f"{self.given} {self.family}"

    @property
    def eastern(self) -> str:
        """``Family Given``."""
        return f"{self.family} {self.given}"

    @property
    def listed(self) -> str:
        """``Family, Given``."""
        return f"{self.family}, {self.given}"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who works in the trade; ``number`` is the same in every title."""

    number: int
    name: Name


@dataclass(frozen=True, slots=True)
class Figure:
    """A character. ``luck`` is 0 to 99: a platform lacks those whose luck falls into its gap."""

    place: int
    name: Name
    role: CharacterRole
    gender: str
    age: int
    birthday: str
    blood_type: str
    hair: str
    eyes: str
    traits: tuple[str, ...]
    nickname: str | None
    description: str
    spoiler: str | None
    renown: float
    luck: int
    speaker: Person
    dubber: Person | None


@dataclass(frozen=True, slots=True)
class Work:
    """One person's part in making a title; ``episodes`` as platforms print it (``1-3``)."""

    person: Person
    position: str
    episodes: str | None


def name_at(number: int) -> Name:
    """The name at a place of the list of all names; different for the first 184,320 places."""
    rest = number * _STRIDE % _NAMES
    rest, family_start = divmod(rest, len(FAMILY_STARTS))
    rest, given_start = divmod(rest, len(GIVEN_STARTS))
    family_end, given_end = divmod(rest, len(GIVEN_ENDS))
    family = (FAMILY_STARTS[family_start], FAMILY_ENDS[family_end])
    given = (GIVEN_STARTS[given_start], GIVEN_ENDS[given_end])
    return Name(
        family=family[0][0] + family[1][0],
        given=given[0][0] + given[1][0],
        native=family[0][1] + family[1][1] + given[0][1] + given[1][1],
    )


def _make_person(number: int) -> Person:
    """The person with a number (taken modulo the size of the trade)."""
    number %= _PEOPLE
    return Person(number, name_at(100_000 + number))


def character_id(title_id: int, place: int) -> int:
    """A platform's id of the character at a place of a title's cast."""
    return title_id * CAST_SPACE + place + 1


def split_character_id(id_: int) -> tuple[int, int]:
    """Title id and place that :func:`character_id` was made from."""
    title_id, place = divmod(id_ - 1, CAST_SPACE)
    return title_id, place


def cast_size(key: str, salt: str, episodes: int) -> int:
    """How many characters MyAnimeList lists: 1,400 for 1,100 episodes, a few dozen for a season."""
    if episodes >= 200:
        return min(episodes * 14 // 11, CAST_SPACE * 9 // 10)
    return Dice(salt, key, "cast size").number(4, 12) + min(episodes, 26)


def make_figure(key: str, salt: str, place: int) -> Figure:
    """The character at a place of the cast of the title with this key."""
    dice = Dice(salt, key, "figure", place)
    name = name_at(Dice(salt, key, "names").number(0, 99_000 - CAST_SPACE) + place)
    sentences = dice.some(PERSON_SENTENCES, dice.number(1, 3))
    return Figure(
        place=place,
        name=name,
        role=_role_at(place, dice),
        gender=dice.one(("Female", "Male")),
        age=dice.number(11, 60),
        birthday=f"{dice.number(1, 12):02d}-{dice.number(1, 28):02d}",
        blood_type=dice.one(("A", "B", "AB", "O")),
        hair=dice.one(HAIR),
        eyes=dice.one(EYES),
        traits=dice.some(TRAITS, 2),
        nickname=f"{name.given[:3]}-chan" if dice.chance(0.3) else None,
        description=" ".join(text.format(name=name.given) for text in sentences),
        spoiler=f"{name.given} drew the map." if dice.chance(0.12) else None,
        renown=dice.share() ** 3 / (1 + place),
        luck=dice.number(0, 99),
        speaker=_make_person(dice.number(0, _PEOPLE - 1)),
        dubber=_make_person(dice.number(0, _PEOPLE - 1)) if dice.chance(0.4) else None,
    )


def _role_at(place: int, dice: Dice) -> CharacterRole:
    if place < 3:
        return CharacterRole.MAIN
    return CharacterRole.SUPPORTING if place < 12 or dice.chance(0.4) else CharacterRole.BACKGROUND


def make_crew(key: str, salt: str, episodes: int) -> tuple[Work, ...]:
    """Who made a title; the same person may hold two positions."""
    dice = Dice(salt, key, "crew")
    works: list[Work] = []
    for position in dice.some(POSITIONS, min(6 + episodes // 2, len(POSITIONS))):
        for _ in range(dice.number(1, 2)):
            first = dice.number(1, max(1, episodes))
            note = f"{first}-{min(first + 2, episodes)}" if episodes > 3 and first + 2 <= episodes else None
            is_partial = position in ("Storyboard", "Episode Director", "Script", "Key Animation")
            person = _make_person(dice.number(0, _PEOPLE - 1))
            works.append(Work(person, position, note if is_partial else None))
    if works and dice.chance(0.5):
        works.append(Work(works[0].person, "Storyboard", None))
    unique = {(work.person.number, work.position): work for work in works}
    return tuple(unique.values())
