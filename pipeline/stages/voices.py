"""Voices of a cast: merged by language and name within a character, then listed by person."""

from collections.abc import Sequence
from typing import Final

from pipeline.domain.names import Source
from pipeline.domain.record import CharacterRecord, VoiceActorRecord, VoiceRecord
from pipeline.domain.source_title import Character, VoiceActor
from pipeline.domain.text import clean, name_key
from pipeline.stages.members import first_picture, first_said, ids_of, natural_name, spoken_by

__all__ = ["list_voice_actors", "merge_voices"]

_FIRST: Final = {"ja": 0, "en": 1}
"""The original, then English, then the others by their tag; an unknown language last."""

_Key = tuple[str | None, str]


def merge_voices(members: Sequence[tuple[Source, Character]]) -> list[VoiceRecord]:
    """Who speaks a character: one record per language and person, by the key of the name."""
    found: dict[_Key, list[tuple[Source, VoiceActor]]] = {}
    for source, character in members:
        for actor in character.voice_actors:
            found.setdefault((actor.language, name_key(actor.name) or actor.name), []).append((source, actor))
    return [_voice(same) for _, same in sorted(found.items(), key=lambda item: _rank(item[0][0]))]


def _rank(language: str | None) -> tuple[int, str]:
    return (_FIRST.get(language, 2), language) if language is not None else (3, "")


def _voice(same: Sequence[tuple[Source, VoiceActor]]) -> VoiceRecord:
    each = [actor for _, actor in same]
    source, first = same[0]
    notes = dict.fromkeys(clean(actor.note) for actor in each if actor.note)
    return VoiceRecord(
        name=natural_name(source, first.name),
        language=first.language,
        name_native=first_said(clean(actor.name_native) or None for actor in each if actor.name_native),
        note="; ".join(filter(None, notes)) or None,
        ids=ids_of(same),
        image_url=first_picture(actor.image_url for actor in each),
        sources=spoken_by(same),
    )


def list_voice_actors(cast: Sequence[CharacterRecord]) -> list[VoiceActorRecord]:
    """Every person once per language, in the order of the cast, with the characters they speak."""
    found: dict[_Key, list[tuple[VoiceRecord, str]]] = {}
    for character in cast:
        for voice in character.voice_actors:
            key = voice.language, name_key(voice.name) or voice.name
            found.setdefault(key, []).append((voice, character.name))
    return [_person(spoken) for _, spoken in sorted(found.items(), key=lambda item: _rank(item[0][0]))]


def _person(spoken: Sequence[tuple[VoiceRecord, str]]) -> VoiceActorRecord:
    voices = [voice for voice, _ in spoken]
    ids: dict[str, str] = {}
    for voice in voices:
        ids = {**voice.ids, **ids}
    return VoiceActorRecord(
        name=voices[0].name,
        name_native=first_said(voice.name_native for voice in voices),
        language=voices[0].language,
        characters=list(dict.fromkeys(name for _, name in spoken)),
        ids=dict(sorted(ids.items())),
        sources=sorted({source for voice in voices for source in voice.sources}),
    )
