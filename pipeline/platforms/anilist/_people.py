"""Characters, voice actors and staff as AniList has them. Duplicates over pages are dropped by edge id, and noted."""

import re
from collections.abc import Iterable
from typing import Final

from pipeline.domain.names import CharacterRole
from pipeline.domain.source_title import Character, Credit, VoiceActor
from pipeline.platforms._facts import read_facts
from pipeline.platforms._notes import Notes
from pipeline.platforms._reading import JsonObject
from pipeline.platforms.anilist._markup import read_biography
from pipeline.platforms.anilist._vocabulary import LANGUAGES, ROLES

__all__ = ["read_characters", "read_staff", "unique_rows"]

_WHERE: Final = r"(?:(?:OP|ED|PV|CM)s?\s?\d*|eps?\.?\s*\d[\d\s\-\u2013~]*|\d[\d\s\-\u2013~]*)"
_EPISODE_NOTE: Final = re.compile(rf"^(?P<role>.*\S)\s*\((?P<where>{_WHERE}(?:\s*[,&;]\s*{_WHERE})*)\)$")
_ONLY_EPISODES: Final = re.compile(r"^eps?\.?\s*(?=[^a-z]*$)")


def unique_rows(rows: Iterable[JsonObject], field: str, notes: Notes) -> tuple[JsonObject, ...]:
    """Rows once each, by their own id; a row without id counts as new. AniList repeats rows over pages."""
    return notes.unique(field, rows, key=lambda row: row.id("id"))


def _language(person: JsonObject, notes: Notes) -> str | None:
    word = person.text("languageV2") or person.text("language")
    return notes.known("voice_actor.language", word, LANGUAGES)


def _voice_actor(person: JsonObject, note: str | None, notes: Notes) -> VoiceActor | None:
    name = person.obj("name")
    full, native = name.text("full"), name.text("native")
    if full is None and native is None:
        return None
    return VoiceActor(
        name=full or native or "",
        language=_language(person, notes),
        id=person.id("id"),
        name_native=native,
        image_url=person.obj("image").text("large"),
        url=person.text("siteUrl"),
        note=note,
    )


def _voice_actors(edge: JsonObject, notes: Notes) -> tuple[VoiceActor, ...]:
    roles = edge.objs("voiceActorRoles")
    found = [
        _voice_actor(
            role.obj("voiceActor"),
            "; ".join(filter(None, (role.text("roleNotes"), role.text("dubGroup")))) or None,
            notes,
        )
        for role in roles
    ]
    if not roles:
        found = [_voice_actor(person, None, notes) for person in edge.objs("voiceActors")]
    return tuple(dict.fromkeys(actor for actor in found if actor is not None))


def _birthday(node: JsonObject) -> tuple[str | None, int | None]:
    born = node.obj("dateOfBirth")
    month, day = born.integer("month"), born.integer("day")
    known = month is not None and day is not None and 1 <= month <= 12 and 1 <= day <= 31
    return (f"{month:02d}-{day:02d}" if known else None), born.integer("year")


def _character(edge: JsonObject, notes: Notes) -> Character | None:
    node = edge.obj("node")
    id_, names = node.id("id"), node.obj("name")
    name = names.text("full") or names.text("native") or edge.text("name")
    if id_ is None or name is None:
        notes.note("character_unreadable", f"a character without id or name (edge {edge.id('id')})", "characters")
        return None
    biography = read_biography(node.prose("description"))
    facts = read_facts(biography.attributes)
    birthday, birth_year = _birthday(node)
    credited_as = edge.text("name")
    others = (*names.texts("alternative"), *((credited_as,) if credited_as not in (None, name) else ()))
    year = () if birth_year is None else (("Birth year", str(birth_year)),)
    return Character(
        id=id_,
        name=name,
        role=notes.known("character.role", edge.text("role"), ROLES) or CharacterRole.UNKNOWN,
        name_native=names.text("native"),
        alternative_names=tuple(dict.fromkeys(others)),
        spoiler_names=names.texts("alternativeSpoiler"),
        age=node.id("age") or facts.age,
        gender=node.text("gender") or facts.gender,
        birthday=birthday or facts.birthday,
        blood_type=node.text("bloodType") or facts.blood_type,
        hair_color=facts.hair_color,
        eye_color=facts.eye_color,
        attributes=(*biography.attributes, *year),
        description=biography.text,
        spoilers=biography.spoilers,
        favorites=node.integer("favourites"),
        image_url=node.obj("image").text("large"),
        url=node.text("siteUrl"),
        voice_actors=_voice_actors(edge, notes),
    )


def read_characters(edges: Iterable[JsonObject], notes: Notes) -> tuple[Character, ...]:
    """The cast over all pages."""
    found = (_character(edge, notes) for edge in unique_rows(edges, "characters", notes))
    return tuple(character for character in found if character is not None)


def split_role(text: str) -> tuple[str, str | None]:
    """``"Key Animation (eps 1, 3)"`` to role and episodes; brackets that name no episodes stay in the role."""
    found = _EPISODE_NOTE.match(text)
    if found is None:
        return text, None
    return found["role"], _ONLY_EPISODES.sub("", found["where"]).strip()


def _credit(edge: JsonObject, notes: Notes) -> Credit | None:
    node = edge.obj("node")
    names = node.obj("name")
    name = names.text("full") or names.text("native")
    if name is None:
        notes.note("staff_unreadable", f"a credit without a name (edge {edge.id('id')})", "staff")
        return None
    role, episodes = split_role(edge.text("role") or "")
    return Credit(
        name=name,
        role=role,
        id=node.id("id"),
        name_native=names.text("native"),
        episodes=episodes,
        image_url=node.obj("image").text("large"),
        url=node.text("siteUrl"),
    )


def read_staff(edges: Iterable[JsonObject], notes: Notes) -> tuple[Credit, ...]:
    """The staff over all pages, one credit a row."""
    found = (_credit(edge, notes) for edge in unique_rows(edges, "staff", notes))
    return tuple(credit for credit in found if credit is not None)
