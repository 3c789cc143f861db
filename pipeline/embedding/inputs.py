"""What of a record goes into which vector.

Pure: the same record gives the same texts. A field nobody filled has no text at all, never an empty one. Texts are
written to be read by a model and by a person, whole; what does not fit an encoder is the encoder's to count.
What changes week by week without changing the work (next episode, single air times, scores) is in no text, so that a
refresh re-embeds nothing.
"""

from collections.abc import Callable, Iterable
from typing import Final

from pipeline.domain.names import CharacterRole, ImageRole
from pipeline.domain.pictures import area_of
from pipeline.domain.record import (
    AnimeRecord,
    CharacterRecord,
    CompanyRecord,
    EpisodeRecord,
    RelatedWork,
    StaffRecord,
)
from pipeline.domain.source_title import Song

__all__ = ["INPUT_VERSION", "vector_images", "vector_texts"]

INPUT_VERSION: Final = 1
"""Goes up whenever a text below is written otherwise. It is part of every fingerprint."""


def vector_texts(record: AnimeRecord) -> dict[str, str]:
    """The text of every text vector that has one, by the vector's name."""
    texts = {name: write(record) for name, write in _WRITERS.items()}
    return {name: text for name, text in texts.items() if text}


def vector_images(record: AnimeRecord, *, characters: int) -> dict[str, list[str]]:
    """Addresses of the pictures for every image vector that has any, best first.

    A vector is made of **one** picture, the first of the list that can be had and read: pictures are not averaged,
    the mean of two faces is nobody's. ``cover_image`` lists the covers, largest first; ``character_image`` one picture
    each of at most ``characters`` main characters, in the record's order.
    """
    covers = sorted(record.images.get(ImageRole.COVER.value, []), key=area_of, reverse=True)
    main = (c.images[0] for c in record.characters if c.role is CharacterRole.MAIN and c.images)
    found = {
        "cover_image": list(dict.fromkeys(image.url for image in covers)),
        "character_image": list(dict.fromkeys(main))[:characters],
    }
    return {name: urls for name, urls in found.items() if urls}


def _title(record: AnimeRecord) -> str:
    names = (record.title, record.title_english, record.title_japanese, record.title_romaji)
    return _lines([*names, *(synonym.text for synonym in record.synonyms)])


def _synopsis(record: AnimeRecord) -> str:
    if _said(record.synopsis):
        return _clean(record.synopsis)
    return _clean(next((text.text for text in record.synopses if _said(text.text)), ""))


def _genres(record: AnimeRecord) -> str:
    return _lines(
        [
            _listed("Genres", record.genres),
            _listed("Themes", record.themes),
            _listed("Demographics", record.demographics),
        ]
    )


def _tags(record: AnimeRecord) -> str:
    tags = sorted(record.tags, key=lambda tag: (-tag.strength, tag.name))
    return _lines(
        [_listed("Tags", [tag.name for tag in tags]), _listed("Content warnings", record.content_warnings)],
    )


def _characters(record: AnimeRecord) -> str:
    return _lines(_character(character) for character in record.characters)


def _character(character: CharacterRecord) -> str:
    others = [character.name_native, *character.alternative_names, *character.nicknames]
    role = "" if character.role is CharacterRole.UNKNOWN else f", {_word(character.role)} character"
    text = _clean(character.description)
    return f"{_named(character.name, others)}{role}" + (f": {text}" if text else "")


def _character_traits(record: AnimeRecord) -> str:
    return _lines(_traits(character) for character in record.characters)


def _traits(character: CharacterRecord) -> str:
    facts = [
        _clean(character.gender),
        _fact("age", character.age),
        _fact("hair", character.hair_color),
        _fact("eyes", character.eye_color),
        _fact("blood type", character.blood_type),
        *(_clean(trait) for trait in character.traits),
        *(_fact(key, value) for key, value in sorted(character.attributes.items())),
    ]
    known = list(dict.fromkeys(fact for fact in facts if fact))
    return f"{_clean(character.name)}: {', '.join(known)}" if known else ""


def _staff(record: AnimeRecord) -> str:
    return _lines(_person(person) for person in record.staff_data)


def _person(person: StaffRecord) -> str:
    roles = [role.replace("_", " ") for role in person.roles]
    done = list(dict.fromkeys(_clean(role) for role in (*roles, *person.credits) if _said(role)))
    return _named(person.name, [person.name_native]) + (f": {', '.join(done)}" if done else "")


def _studios(record: AnimeRecord) -> str:
    return _lines(
        [
            _listed("Studios", [_company(company) for company in record.studios]),
            _listed("Producers", [_company(company) for company in record.producers]),
            _listed("Licensors", [_company(company) for company in record.licensors]),
        ]
    )


def _company(company: CompanyRecord) -> str:
    return _named(company.name, company.aliases)


def _episodes(record: AnimeRecord) -> str:
    return _lines(_episode(episode) for episode in record.episode_details)


def _episode(episode: EpisodeRecord) -> str:
    names = list(dict.fromkeys(_clean(n) for n in (episode.title, *(t.text for t in episode.titles)) if _said(n)))
    story = _clean(episode.synopsis)
    if not names and not story:
        return ""
    number = "" if episode.number is None else f" {episode.number}"
    head = f"{_word(episode.kind)} episode{number}" if episode.kind != "regular" else f"Episode{number}"
    return ": ".join(part for part in (head, " / ".join(names), story) if part)


def _relations(record: AnimeRecord) -> str:
    return _lines(_related(work) for work in (*record.related_anime, *record.relations))


def _related(work: RelatedWork) -> str:
    if not _said(work.title):
        return ""
    about = [text for text in (_clean(work.format), str(work.year) if work.year else "") if text]
    return f"{_word(work.relation)}: {_clean(work.title)}" + (f" ({', '.join(about)})" if about else "")


def _music(record: AnimeRecord) -> str:
    return _lines(
        [*(_song("Opening", s) for s in record.opening_themes), *(_song("Ending", s) for s in record.ending_themes)]
    )


def _song(kind: str, song: Song) -> str:
    if not _said(song.title):
        return ""
    number = "" if song.number is None else f" {song.number}"
    artist = _named(song.artist, [song.artist_native]) if _said(song.artist) else _clean(song.artist_native)
    return f"{kind}{number}: {_named(song.title, [song.title_native])}" + (f" by {artist}" if artist else "")


def _broadcast(record: AnimeRecord) -> str:
    return _lines(
        [
            _fact("Season", _season(record)),
            _fact("First aired", record.aired_dates.start if record.aired_dates else None),
            _fact("Last aired", record.aired_dates.end if record.aired_dates else None),
            _fact("Broadcast", _slot(record)),
            _listed("Streaming", record.streaming_licenses),
        ]
    )


def _season(record: AnimeRecord) -> str:
    season = _word(record.season) if record.season else ""
    return " ".join(part for part in (season, str(record.year) if record.year else "") if part)


def _slot(record: AnimeRecord) -> str:
    if record.broadcast is None:
        return ""
    day, time = record.broadcast.day, record.broadcast.time
    zone = record.broadcast.timezone if _said(time) else None
    return " ".join(_clean(part) for part in (day.capitalize() if day else None, time, zone) if _said(part))


def _said(text: str | None) -> bool:
    return bool(text and text.strip())


def _clean(text: str | None) -> str:
    """One line's worth: runs of blanks and line breaks become one space; no letter is lost."""
    return " ".join((text or "").split())


def _word(value: str) -> str:
    """An enum's value as a person writes it: ``SIDE_STORY`` is ``Side story``."""
    return value.replace("_", " ").capitalize()


def _fact(name: str, value: str | None) -> str:
    return f"{_clean(name)}: {_clean(value)}" if _said(value) else ""


def _listed(name: str, values: Iterable[str]) -> str:
    known = dict.fromkeys(_clean(value) for value in values if _said(value))
    return f"{name}: {', '.join(known)}" if known else ""


def _named(name: str | None, others: Iterable[str | None]) -> str:
    first = _clean(name)
    rest = dict.fromkeys(_clean(other) for other in others if _said(other))
    rest.pop(first, None)
    return f"{first} ({', '.join(rest)})" if rest else first


def _lines(parts: Iterable[str | None]) -> str:
    return "\n".join(dict.fromkeys(_clean(part) for part in parts if _said(part)))


_WRITERS: Final[dict[str, Callable[[AnimeRecord], str]]] = {
    "title": _title,
    "synopsis": _synopsis,
    "genres": _genres,
    "tags": _tags,
    "characters": _characters,
    "character_traits": _character_traits,
    "staff": _staff,
    "studios": _studios,
    "episodes": _episodes,
    "relations": _relations,
    "music": _music,
    "broadcast": _broadcast,
}
