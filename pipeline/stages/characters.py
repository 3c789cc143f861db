"""Stage 5: the cast, one record per character, and its voices by person.

Every group of the alignment becomes a record: nobody is dropped, no text is cut. Names come in natural order, the
longest biography is kept, voice actors are merged by language and name. Questions of the alignment are passed on.
"""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Final

from pipeline.domain.aligned import Group
from pipeline.domain.claims import Chosen, Finding
from pipeline.domain.drafts import CharactersDraft
from pipeline.domain.names import CharacterRole, Source
from pipeline.domain.record import CharacterRecord, VoiceActorRecord
from pipeline.domain.source_title import Character
from pipeline.domain.text import clean
from pipeline.domain.title import StageInput
from pipeline.stages.choose import SINGLE_SOURCE, collected, heaviest
from pipeline.stages.members import (
    by_trust,
    clean_lines,
    distinct_names,
    distinct_urls,
    first_said,
    ids_of,
    natural_name,
    spoken_by,
)
from pipeline.stages.voices import list_voice_actors, merge_voices
from pipeline.stages.weights import CAST

__all__ = ["VERSION", "decide", "list_cast_voices"]

VERSION: Final = 2

_RULE: Final = f"rule:cast_merged@{VERSION}"
_VOTED: Final = ("age", "gender", "birthday", "blood_type", "hair_color", "eye_color")
_read_voted: Final = attrgetter(*_VOTED)
_ROLES: Final = (CharacterRole.MAIN, CharacterRole.SUPPORTING, CharacterRole.BACKGROUND, CharacterRole.UNKNOWN)

_Members = Sequence[tuple[Source, Character]]


def decide(inputs: StageInput) -> CharactersDraft:
    """Decide the cast; the leads come first, within a role the best loved; else the order is the alignment's."""
    records = [(_record(inputs, group), group) for group in inputs.alignment.characters]
    records.sort(key=lambda pair: (_ROLES.index(pair[0].role), -max(pair[0].favorites.values(), default=0)))
    cast = [record for record, _ in records]
    speaking = [source for record in cast for source in record.sources]
    joined = [record.match_confidence for record in cast if len(record.sources) > 1]
    sure = sum(joined) / len(joined) if joined else SINGLE_SOURCE
    return CharactersDraft(
        characters=collected(cast, speaking, rule=_RULE, confidence=sure),
        voice_actors=list_cast_voices(cast),
        questions=tuple(question for question in inputs.alignment.questions if question.stage == "characters"),
        findings=tuple(_findings(records)),
    )


def list_cast_voices(cast: Sequence[CharacterRecord]) -> Chosen[list[VoiceActorRecord]]:
    """The voices of a cast by person, of whoever named one."""
    voices = list_voice_actors(cast)
    return collected(voices, [s for voice in voices for s in voice.sources], rule=f"rule:voices_by_person@{VERSION}")


def _record(inputs: StageInput, group: Group) -> CharacterRecord:
    members: _Members = [(source.source, source.characters[item]) for source, item in by_trust(inputs, group.members)]
    each = [character for _, character in members]
    names = [natural_name(source, character.name) for source, character in members]
    native = first_said(clean(one.name_native) or None for one in each if one.name_native)
    name = next((text for text in names if text), native or "")
    nicknames = distinct_names((text for one in each for text in one.nicknames), [name])
    others = [*names[1:], *(text for one in each for text in one.alternative_names)]
    spoilers = distinct_names((text for one in each for text in one.spoiler_names), [name])
    return CharacterRecord(
        name=name,
        name_native=native,
        alternative_names=distinct_names(others, [name, *nicknames, *spoilers]),
        spoiler_names=spoilers,
        nicknames=nicknames,
        role=_role(members),
        **_voted(members),
        traits=distinct_names(text for one in each for text in one.traits),
        attributes=dict(pair for one in reversed(each) for pair in one.attributes),
        description=_longest(one.description for one in each),
        spoilers=list(dict.fromkeys(text for one in each for text in one.spoilers)),
        favorites=_favorites(members),
        voice_actors=merge_voices(members),
        images=distinct_urls(one.image_url for one in each),
        ids=ids_of(members),
        sources=spoken_by(members),
        match_confidence=group.confidence,
    )


def _role(members: _Members) -> CharacterRole:
    said = [(source, one.role) for source, one in members if one.role is not CharacterRole.UNKNOWN]
    return heaviest(said, weights=CAST, nobody=CharacterRole.UNKNOWN)


def _voted(members: _Members) -> dict[str, str]:
    """What a character is, as most weight says, field by field; nothing where nobody says anything."""
    said: dict[str, list[tuple[Source, str]]] = {}
    for source, one in members:
        for field, raw in zip(_VOTED, _read_voted(one), strict=True):
            if raw and (text := clean(raw)):
                said.setdefault(field, []).append((source, text))
    return {field: _most(claims) for field, claims in said.items()}


def _most(claims: Sequence[tuple[Source, str]]) -> str:
    if len(claims) == 1:
        return claims[0][1]
    return heaviest(claims, weights=CAST, nobody="")


def _longest(texts: Iterable[str | None]) -> str | None:
    """The longest text; of two of one length the more trusted platform's."""
    return max((clean_lines(text) for text in texts if text), key=len, default=None) or None


def _favorites(members: _Members) -> dict[str, int]:
    found: dict[str, int] = {}
    for source, one in members:
        if one.favorites is not None and one.favorites >= 0:
            found[source.value] = max(one.favorites, found.get(source.value, 0))
    return dict(sorted(found.items()))


def _findings(records: Iterable[tuple[CharacterRecord, Group]]) -> Iterable[Finding]:
    for record, _ in records:
        if not record.name.strip():
            yield Finding("character_without_name", f"no platform names the character {record.ids!r}", "characters")
