"""One platform's cast made comparable: a person per id with all names, voices and the references behind it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from pipeline.domain.aligned import Group, Ref
from pipeline.domain.claims import Finding
from pipeline.domain.names import CharacterRole, Source
from pipeline.domain.source_title import Character, SourceTitle
from pipeline.domain.text import CACHE, clean, flip, has_letters, kana_to_romaji, name_key, norm, romaji_words

__all__ = ["Person", "read_casts"]

_NO_PARENTHESES: Final = str.maketrans("()", "  ")


@dataclass(slots=True)
class Person:
    """A character as far as it is put together. Grows by :meth:`absorb`; lives only while one title is aligned."""

    refs: list[Ref]
    first: Character
    """What was read first; it speaks in questions."""
    main_names: list[str]
    names: dict[str, None]
    """All names, normalised words with single spaces; a dict for its order."""
    words: dict[str, None]
    """The names with their words sorted."""
    keys: dict[str, None]
    """The names in one romanisation, words sorted."""
    sets: dict[frozenset[str], None]
    """The words of each name."""
    main_sets: dict[frozenset[str], None]
    """The words of each main name."""
    marks: frozenset[str]
    """Numbers and single letters in the main names: tells ``Guard 1`` from ``Guard 2``."""
    wholes: set[str]
    """Main names with what stands in parentheses, words sorted: tells ``Boy (blond)`` from ``Boy (tall)``."""
    natives: set[str]
    voices: set[str]
    ids: set[tuple[Source, str]]
    is_main: bool
    is_apart: bool
    """Not a character at all (an organisation, a machine): no other platform is asked about it."""
    confidence: float = 1.0
    rule: str = "single"

    def absorb(self, other: "Person", confidence: float, rule: str) -> None:
        """Become the two persons in one; the weaker link speaks for the group."""
        self.refs += other.refs
        self.main_names += [name for name in other.main_names if name not in self.main_names]
        self.names |= other.names
        self.words |= other.words
        self.keys |= other.keys
        self.sets |= other.sets
        self.main_sets |= other.main_sets
        self.marks |= other.marks
        self.wholes |= other.wholes
        self.natives |= other.natives
        self.voices |= other.voices
        self.ids |= other.ids
        self.is_main = self.is_main or other.is_main
        if self.rule == "single" or confidence < self.confidence:
            self.confidence, self.rule = confidence, rule

    @property
    def label(self) -> str:
        """For questions: the name and what tells it from others."""
        return _label(self.main_names[0], self.first)

    @property
    def group(self) -> Group:
        """What leaves this room."""
        return Group(tuple(sorted(self.refs)), self.confidence, self.rule)


def read_casts(
    sources: tuple[SourceTitle, ...], order: Iterable[int], findings: list[Finding]
) -> Iterator[list[Person]]:
    """The cast of each platform in turn; two sources of one platform are one cast joined by character id."""
    casts: dict[Source, list[Person]] = {}
    by_id: dict[tuple[Source, str], Person] = {}
    for position in order:
        source = sources[position]
        cast = casts.setdefault(source.source, [])
        for item, character in enumerate(source.characters):
            person = _read(source.source, Ref(position, item), character)
            known = by_id.get((source.source, character.id)) if character.id else None
            if known is None:
                cast.append(person)
                by_id[source.source, character.id] = person
            else:
                _note_twice(known, person, source.source, findings)
                known.absorb(person, 1.0, "same_id")
    for name, cast in casts.items():
        _note_namesakes(name, cast, findings)
        yield cast


def _note_twice(known: Person, again: Person, source: Source, findings: list[Finding]) -> None:
    if any(ref.source == again.refs[0].source for ref in known.refs):
        message = f"{source.value} lists {known.label!r} twice under one id"
        findings.append(Finding("character_listed_twice", message, "characters", source))


def _note_namesakes(source: Source, cast: list[Person], findings: list[Finding]) -> None:
    """Two people of one name in one cast are kept apart, and said."""
    seen: dict[str, int] = {}
    for person in cast:
        for name in dict.fromkeys(norm(text) for text in person.main_names):
            seen[name] = seen.get(name, 0) + 1
    for name, count in seen.items():
        if count > 1:
            message = f"{source.value} has {count} characters named {name!r}"
            findings.append(Finding("characters_share_a_name", message, "characters", source))
        if not has_letters(name):
            message = f"{source.value} has a character named {name!r}, without a letter"
            findings.append(Finding("name_without_letters", message, "characters", source))


def _read(source: Source, ref: Ref, character: Character) -> Person:
    main, words, marks, whole = _main_forms(character.name)
    native, kana = _native_forms(character.name_native or "")
    others = (*character.alternative_names, *character.spoiler_names, *character.nicknames)
    names = dict.fromkeys(map(norm, (main, *others, character.name_native or "", kana)))
    names.pop("", None)
    by_word, keys, sets = map(dict.fromkeys, zip(*map(_forms, names), strict=True)) if names else ({}, {}, {})
    return Person(
        refs=[ref],
        first=character,
        main_names=[main],
        names=names,
        words=by_word,
        keys=keys,
        sets=sets,
        main_sets={words: None},
        marks=marks,
        wholes={whole},
        natives={native} if native else set(),
        voices={key for actor in character.voice_actors if actor.language == "ja" and (key := name_key(actor.name))},
        ids={(source, character.id)} if character.id else set(),
        is_main=character.role is CharacterRole.MAIN,
        is_apart=character.kind is not None and character.kind.casefold() != "character",
    )


@lru_cache(maxsize=CACHE)
def _main_forms(name: str) -> tuple[str, frozenset[str], frozenset[str], str]:
    """A main name in natural order, its words, its marks, and all its words with those in parentheses, sorted."""
    main = flip(clean(name))
    words = frozenset(romaji_words(norm(main)))
    marks = frozenset(word for word in words if word.isdigit() or (len(word) == 1 and word.isascii()))
    return main, words, marks, _sorted_words(norm(main.translate(_NO_PARENTHESES)))


@lru_cache(maxsize=CACHE)
def _native_forms(name: str) -> tuple[str, str]:
    """A native name without spaces, and in letters where it is kana."""
    return norm(name).replace(" ", "") if name else "", kana_to_romaji(name) or ""


@lru_cache(maxsize=CACHE)
def _forms(name: str) -> tuple[str, str, frozenset[str]]:
    """A normalised name by its words, by its words in one romanisation, and those as a set."""
    words = romaji_words(name)
    return _sorted_words(name), " ".join(sorted(words)), frozenset(words)


def _sorted_words(text: str) -> str:
    return " ".join(sorted(text.split()))


def _label(name: str, character: Character) -> str:
    actors = [flip(actor.name) for actor in character.voice_actors if actor.language == "ja"]
    facts = [character.name_native or "", character.role.value, f"voiced by {', '.join(actors)}" if actors else ""]
    return f"{name} ({'; '.join(fact for fact in facts if fact)})"
