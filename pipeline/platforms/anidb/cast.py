"""AniDB's characters with their seiyuu, and its creators as staff and companies."""

from collections.abc import Iterator

from pipeline.domain.names import CharacterRole
from pipeline.domain.source_title import Character, Company, Credit, VoiceActor
from pipeline.platforms._notes import Notes
from pipeline.platforms.anidb.markup import read_text
from pipeline.platforms.anidb.words import COMPANY_WORK, ROLES
from pipeline.platforms.anidb.xml import Node

__all__ = ["convert_characters", "convert_companies", "convert_staff", "picture_url"]


def picture_url(name: str | None) -> str | None:
    """The address of a picture AniDB names."""
    return None if name is None or "/" in name else f"https://cdn.anidb.net/images/main/{name}"


def convert_characters(root: Node, language: str | None, notes: Notes) -> tuple[Character, ...]:
    """Every character; ``language`` is the original's, which is what a seiyuu speaks."""
    made = (_character(node, language, notes) for node in root.children("characters/character"))
    return notes.unique("characters", (one for one in made if one is not None), lambda one: one.id)


def _character(node: Node, language: str | None, notes: Notes) -> Character | None:
    id_, name = node.attribute("id"), node.text("name")
    if id_ is None or name is None:
        notes.note("nameless", f"a character without id or name ({id_}, {name!r}) is left out", "characters")
        return None
    gender = node.text("gender")
    about = read_text(node.prose("description"))
    return Character(
        id=id_,
        name=name,
        role=notes.known("characters.type", node.attribute("type"), ROLES) or CharacterRole.UNKNOWN,
        kind=node.text("charactertype"),
        gender=None if gender == "unknown" else gender,
        attributes=tuple(_attributes(node, about.origin if about else None)),
        description=about.text if about else None,
        image_url=picture_url(node.text("picture")),
        url=f"https://anidb.net/character/{id_}",
        voice_actors=tuple(_voice_actors(node, language)),
    )


def _attributes(node: Node, origin: str | None) -> Iterator[tuple[str, str]]:
    rating = node.child("rating")
    if rating is not None and rating.line is not None:
        yield "rating", rating.line
        votes = rating.attribute("votes")
        if votes is not None:
            yield "rating votes", votes
    if origin is not None:
        yield "source", origin


def _voice_actors(node: Node, language: str | None) -> Iterator[VoiceActor]:
    for actor in node.children("seiyuu"):
        if actor.line is not None:
            id_ = actor.attribute("id")
            yield VoiceActor(
                name=actor.line,
                language=language,
                id=id_,
                image_url=picture_url(actor.attribute("picture")),
                url=None if id_ is None else f"https://anidb.net/creator/{id_}",
            )


def convert_staff(root: Node, notes: Notes) -> tuple[Credit, ...]:
    """Creators that are not certainly companies."""
    made = (
        Credit(node.line, role, id_, url=id_ and f"https://anidb.net/creator/{id_}")
        for node, role, id_ in _creators(root)
        if node.line is not None and role.lower() not in COMPANY_WORK
    )
    return notes.unique("staff", made, lambda one: (one.id or one.name, one.role))


def convert_companies(root: Node, notes: Notes) -> tuple[Company, ...]:
    """Creators whose work only companies do."""
    made = (
        Company(node.line, COMPANY_WORK[role.lower()], id=id_, url=id_ and f"https://anidb.net/creator/{id_}")
        for node, role, id_ in _creators(root)
        if node.line is not None and role.lower() in COMPANY_WORK
    )
    return notes.unique("companies", made, lambda one: one.id or one.name)


def _creators(root: Node) -> Iterator[tuple[Node, str, str | None]]:
    for node in root.children("creators/name"):
        yield node, node.attribute("type") or "", node.attribute("id")
