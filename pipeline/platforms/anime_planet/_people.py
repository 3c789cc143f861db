"""Cast and staff as Anime-Planet's pages have them.

The page of the whole cast tells roles; the title's page shows a few characters without, and its JSON-LD names the
main ones and every voice actor without a character. Nobody of them is dropped.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import unquote

from pipeline.domain.names import CharacterRole
from pipeline.domain.source_title import Character, Credit, VoiceActor
from pipeline.platforms._notes import Notes
from pipeline.platforms._reading import JsonObject
from pipeline.platforms.anime_planet._vocabulary import FLAGS, ROLES
from pipeline.platforms.anime_planet.payload import Node, css

__all__ = ["absolute", "given_family", "image_url", "read_characters", "read_staff"]

SITE: Final = "https://www.anime-planet.com"
_VERSION: Final = re.compile(r"\?t=\d*$")
_DOUBLED: Final = re.compile(r"^https?://www\.anime-planet\.com(?=https?://)")
_BACKGROUND: Final = re.compile(r"url\(['\"]?([^'\")]+)")
_WORD: Final = re.compile(r"[^\W\d_]+")
_FLAG: Final = re.compile(r"\bflag([A-Z]{2})\b")
_CREDITS: Final = (("director", "Director"), ("musicBy", "Music"))


def image_url(url: str | None) -> str | None:
    """The address of an image without its version, so that it stays the same from one day to the next."""
    if url is None or url.startswith("/inc/") or "/default/" in url:
        return None
    return _VERSION.sub("", absolute(_DOUBLED.sub("", url)) or "") or None


def absolute(url: str | None) -> str | None:
    """An address on the site in full."""
    return f"{SITE}{url}" if url is not None and url.startswith("/") else url


def given_family(name: str) -> str:
    """``Yasuhiro IRIE`` to ``Yasuhiro Irie``; a name that is all capitals (``FLOW``) is left as it is."""
    words = name.split(" ")
    if all(word.isupper() for word in words):
        return name
    return " ".join(
        _lowered(word) if index and len(word) > 1 and word.isupper() else word for index, word in enumerate(words)
    )


def _lowered(word: str) -> str:
    return word if word.endswith(".") else _WORD.sub(lambda found: found[0].capitalize(), word)


def _slug(url: str | None, kind: str) -> str | None:
    path = unquote(url or "")
    return path.partition(f"/{kind}/")[2].split("/")[0].split("?")[0] or None


def _language(flag: Node, notes: Notes) -> str | None:
    found = _FLAG.search(flag.attribute("class") or "")
    return None if found is None else notes.known("voice_actor.flag", found[1], FLAGS)


def _actors(row: Node, notes: Notes) -> Iterator[VoiceActor]:
    for flag in row.find(f".//*[{css('flag')} or contains(@class, 'flag')][not(self::i)]"):
        if _FLAG.search(flag.attribute("class") or "") is None:
            continue
        language = _language(flag, notes)
        links = flag.find("descendant-or-self::a[contains(@href, '/people/')]")
        for link in links:
            name, url = link.text(), link.attribute("href")
            if name is not None:
                yield VoiceActor(given_family(name), language, id=_slug(url, "people"), url=absolute(url))
        name = None if links else flag.text()
        if name is not None:
            yield VoiceActor(given_family(name), language)


def _listed(page: Node, notes: Notes) -> Iterator[Character]:
    """The rows of the page of the whole cast, under their headings."""
    heading: str | None = None
    for row in page.find(f"//h3[{css('sub')}] | //tr[.//a[contains(@href, '/characters/')]]"):
        if row.tag == "h3":
            heading = (row.text() or "").split(" ")[0]
            continue
        links = row.find(".//a[contains(@href, '/characters/') and not(contains(@href, '/characters/tags/'))]")
        named = next(((link, text) for link in links if (text := link.text()) is not None), None)
        id_ = None if named is None else _slug(named[0].attribute("href"), "characters")
        if named is None or id_ is None:
            continue
        image = row.one(".//img")
        yield Character(
            id=id_,
            name=given_family(named[1]),
            role=notes.known("character.role", heading, ROLES) or CharacterRole.UNKNOWN,
            traits=tuple(
                text for tag in row.find(".//a[contains(@href, '/characters/tags/')]") if (text := tag.text())
            ),
            image_url=image_url((image.attribute("data-src") or image.attribute("src")) if image else None),
            url=absolute(named[0].attribute("href")),
            voice_actors=tuple(dict.fromkeys(_actors(row, notes))),
        )


def _cards(page: Node, kind: str) -> tuple[Node, ...]:
    return page.find(f"//a[{css('CharacterCard')} and @data-character-type='{kind}']")


def _card_image(card: Node) -> str | None:
    aside = card.one(f".//*[{css('CharacterCard__aside')}]")
    found = _BACKGROUND.search((aside.attribute("style") if aside else None) or "")
    return image_url(found[1]) if found else None


def _shown(page: Node, notes: Notes) -> Iterator[Character]:
    for card in _cards(page, "characters"):
        url, name = card.attribute("href"), card.text(f".//*[{css('CharacterCard__title')}]")
        id_ = _slug(url, "characters")
        if id_ is not None and name is not None:
            yield Character(
                id=id_,
                name=given_family(name),
                role=CharacterRole.UNKNOWN,
                image_url=_card_image(card),
                url=absolute(url),
                voice_actors=tuple(dict.fromkeys(_actors(card, notes))),
            )


def _people(linked: JsonObject, field: str) -> Iterator[tuple[str, str, str | None]]:
    one = linked.obj(field)
    for person in (one,) if one else linked.objs(field):
        name, url = person.text("name"), person.text("url")
        if name is not None:
            yield (_slug(url, "people") or _slug(url, "characters") or name, given_family(name), url)


def read_characters(linked: JsonObject, page: Node, cast: Node | None, notes: Notes) -> tuple[Character, ...]:
    """The whole cast with roles, then whoever only the title's page knows."""
    named = (
        Character(id=id_, name=name, role=CharacterRole.UNKNOWN, url=url)
        for id_, name, url in _people(linked, "character")
    )
    listed = () if cast is None else tuple(_listed(cast, notes))
    found: dict[str, Character] = {}
    for character in (*listed, *_shown(page, notes), *named):
        found.setdefault(character.id, character)
    return tuple(found.values())


def _credits(linked: JsonObject, page: Node, voices: frozenset[str]) -> Iterator[Credit]:
    for card in _cards(page, "people"):
        url, name = card.attribute("href"), card.text(f".//*[{css('CharacterCard__title')}]")
        roles = card.text(f".//*[{css('CharacterCard__body')}]") or ""
        for role in roles.split(" & "):
            if name is not None:
                yield Credit(
                    given_family(name),
                    role,
                    id=_slug(url, "people"),
                    image_url=_card_image(card),
                    url=absolute(url),
                )
    for field, role in (*_CREDITS, ("actor", "Voice Actor")):
        for id_, name, url in _people(linked, field):
            if field != "actor" or not {id_, name} & voices:
                yield Credit(name, role, id=id_, url=url)


def read_staff(linked: JsonObject, page: Node, characters: Iterable[Character]) -> tuple[Credit, ...]:
    """The staff, and the voice actors no character is known of; each person once in each role."""
    actors = [actor for character in characters for actor in character.voice_actors]
    voices = frozenset(actor.name for actor in actors) | frozenset(actor.id for actor in actors if actor.id)
    found: dict[tuple[str | None, str], Credit] = {}
    for credit in _credits(linked, page, voices):
        found.setdefault((credit.id or credit.name, credit.role), credit)
    return tuple(found.values())
