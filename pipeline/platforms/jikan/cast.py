"""Characters, voice actors and staff as MyAnimeList writes them (``Spiegel, Spike``)."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from pipeline.domain.names import CharacterRole
from pipeline.domain.source_title import Character, Credit, VoiceActor
from pipeline.platforms._facts import read_facts
from pipeline.platforms._notes import Notes
from pipeline.platforms._reading import JsonObject
from pipeline.platforms._text import clean_line, make_text
from pipeline.platforms.jikan.words import LANGUAGES, ROLES

__all__ = ["convert_characters", "convert_staff", "picture"]

_EPISODES: Final = re.compile(r"\s*\((?P<episodes>(?:eps?|episodes?)\b[^()]*)\)\s*$", re.IGNORECASE)
_LABELLED: Final = re.compile(r"(?P<label>[^\W\d_][^:\n.!?]{0,40}): +(?P<value>\S[^\n]*)(?:\n+|\Z)")
_NO_PICTURE: Final = ("questionmark", "apple-touch-icon", "/qm_50")


def picture(entry: JsonObject) -> str | None:
    """The picture's address; the stand-in for "no picture" reads as none."""
    url = entry.path("images", "jpg").text("image_url") or entry.path("images", "webp").text("image_url")
    return None if url is None or any(mark in url for mark in _NO_PICTURE) else url


def convert_characters(
    rows: tuple[JsonObject, ...], details: Mapping[str, JsonObject], notes: Notes
) -> tuple[Character, ...]:
    """Every character with an id and a name, in the platform's order; with a biography where ``details`` has one."""
    made = (_character(row, notes) for row in rows)
    cast = notes.unique("characters", (one for one in made if one is not None), lambda one: one.id)
    return tuple(_with_biography(one, details[one.id]) if one.id in details else one for one in cast)


def _with_biography(character: Character, detail: JsonObject) -> Character:
    """``about`` begins with labelled facts (``Age: 17``), one a line; the text comes after."""
    about = make_text(detail.prose("about"))
    text, attributes = "" if about is None else about.text, dict[str, str]()
    while found := _LABELLED.match(text):
        attributes.setdefault(clean_line(found["label"]), clean_line(found["value"]))
        text = text[found.end() :]
    if about is not None and about.origin is not None:
        attributes["Source"] = about.origin
    facts = read_facts(attributes.items())
    return replace(
        character,
        name_native=detail.text("name_kanji"),
        nicknames=detail.texts("nicknames"),
        age=facts.age,
        gender=facts.gender,
        birthday=facts.birthday,
        blood_type=facts.blood_type,
        hair_color=facts.hair_color,
        eye_color=facts.eye_color,
        attributes=tuple(attributes.items()),
        description=text or None,
    )


def _character(row: JsonObject, notes: Notes) -> Character | None:
    person = row.obj("character")
    id_, name = person.id("mal_id"), person.text("name")
    if id_ is None or name is None:
        notes.note("nameless", f"a character without id or name ({id_}, {name!r}) is left out", "characters")
        return None
    return Character(
        id=id_,
        name=name,
        role=notes.known("characters.role", row.text("role"), ROLES) or CharacterRole.UNKNOWN,
        favorites=row.integer("favorites"),
        image_url=picture(person),
        url=person.text("url"),
        voice_actors=tuple(_voice_actors(row.objs("voice_actors"), notes)),
    )


def _voice_actors(rows: tuple[JsonObject, ...], notes: Notes) -> Iterator[VoiceActor]:
    for row in rows:
        person, language = row.obj("person"), row.text("language")
        name = person.text("name")
        if name is None:
            continue
        tag = notes.known("characters.voice_actors.language", language, LANGUAGES)
        yield VoiceActor(
            name=name,
            language=tag,
            id=person.id("mal_id"),
            image_url=picture(person),
            url=person.text("url"),
            note=language if tag is None else None,
        )


def convert_staff(rows: tuple[JsonObject, ...], notes: Notes) -> tuple[Credit, ...]:
    """One credit for each person and position."""
    made = (credit for row in rows for credit in _credits(row, notes))
    return notes.unique("staff", made, lambda one: (one.id or one.name, one.role, one.episodes))


def _credits(row: JsonObject, notes: Notes) -> Iterator[Credit]:
    person = row.obj("person")
    name = person.text("name")
    if name is None:
        notes.note("nameless", f"a staff member without a name ({person.id('mal_id')}) is left out", "staff")
        return
    for position in _positions(row.texts("positions")):
        found = _EPISODES.search(position)
        yield Credit(
            name=name,
            role=position[: found.start()] if found else position,
            id=person.id("mal_id"),
            episodes=found["episodes"] if found else None,
            image_url=picture(person),
            url=person.text("url"),
        )


def _positions(pieces: tuple[str, ...]) -> Iterator[str]:
    # The service splits "Storyboard (eps 1, 3)" at the comma; brackets say what belongs together.
    held = ""
    for piece in pieces:
        held = f"{held}, {piece}" if held else piece
        if held.count("(") <= held.count(")"):
            yield clean_line(held)
            held = ""
    if held:
        yield clean_line(held)
