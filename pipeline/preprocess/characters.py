"""Characters aligned: each platform's cast in turn is matched with the persons put together so far."""

from collections.abc import Iterable

from pipeline.domain.aligned import Group
from pipeline.domain.claims import Finding, OpenQuestion
from pipeline.domain.source_title import SourceTitle
from pipeline.domain.thresholds import Matching
from pipeline.preprocess.cast import Person, read_casts
from pipeline.preprocess.keys import keys_of
from pipeline.preprocess.matching import Doubt, match_casts
from pipeline.preprocess.ordering import Aligned

__all__ = ["align_characters"]


def align_characters(sources: tuple[SourceTitle, ...], order: Iterable[int], cut: Matching) -> Aligned[Group]:
    """Group the characters of all sources; each one is in exactly one group."""
    people: list[Person] = []
    findings: list[Finding] = []
    questions: list[OpenQuestion] = []
    for cast in read_casts(sources, order, findings):
        questions += _join(people, cast, sources, cut)
    return Aligned(tuple(person.group for person in people), tuple(questions), tuple(findings))


def _join(
    people: list[Person], cast: list[Person], sources: tuple[SourceTitle, ...], cut: Matching
) -> list[OpenQuestion]:
    """Match one platform's cast with ``people``, which grows by those it does not know yet."""
    known = [person for person in people if not person.is_apart]
    comers = [person for person in cast if not person.is_apart]
    match = match_casts(known, comers, cut)
    questions = [_question(doubt, known, comers, sources) for doubt in match.doubts]
    joined = {link.column: link for link in match.links}
    place = {id(person): column for column, person in enumerate(comers)}
    for person in cast:
        link = joined.get(place.get(id(person), -1))
        if link is None:
            people.append(person)
        else:
            known[link.row].absorb(person, link.confidence, link.rule)
    return questions


def _question(
    doubt: Doubt, known: list[Person], comers: list[Person], sources: tuple[SourceTitle, ...]
) -> OpenQuestion:
    subject = comers[doubt.column]
    return OpenQuestion(
        stage="characters",
        kind="same_character",
        subject=f"{subject.label} of {sources[subject.refs[0].source].source.value}",
        options=tuple(known[row].label for row in doubt.rows),
        kept=None if doubt.kept is None else 0,
        confidence=doubt.confidence,
        keys=keys_of(sources, "characters", subject.refs),
        option_keys=tuple(keys_of(sources, "characters", known[row].refs)[0] for row in doubt.rows),
    )
