"""Stage 6: the people who made it and what each did, and the companies.

Every group of the alignment becomes a record with our roles beside the credits as printed; the most important people
come first. Credits that are only counted (in-betweens, finishing, backgrounds) keep their person. A voice
actor without any other credit who speaks a character stands with the cast alone.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

from pipeline.domain.aligned import Group
from pipeline.domain.claims import Chosen, OpenQuestion
from pipeline.domain.drafts import StaffDraft
from pipeline.domain.names import CompanyRole, Source
from pipeline.domain.record import StaffRecord
from pipeline.domain.source_title import Credit
from pipeline.domain.text import clean, name_key, norm
from pipeline.domain.title import StageInput
from pipeline.stages.answered import RoleAnswers, ask_role, role_name
from pipeline.stages.choose import SINGLE_SOURCE, collected
from pipeline.stages.companies import choose_companies
from pipeline.stages.members import by_trust, first_picture, first_said, ids_of, natural_name, spoken_by
from pipeline.stages.roles import OTHER, importance, roles

__all__ = ["VERSION", "choose_staff", "decide", "voices_of"]

VERSION: Final = 4

_Members = Sequence[tuple[Source, Credit]]


def decide(inputs: StageInput) -> StaffDraft:
    """Decide staff and companies."""
    answers = RoleAnswers.of(inputs.answers)
    return StaffDraft(
        staff_data=choose_staff(inputs, voices_of(inputs)),
        studios=choose_companies(inputs, CompanyRole.STUDIO, version=VERSION),
        producers=choose_companies(inputs, CompanyRole.PRODUCER, version=VERSION),
        licensors=choose_companies(inputs, CompanyRole.LICENSOR, version=VERSION),
        questions=(
            *(question for question in inputs.alignment.questions if question.stage == "staff"),
            *_role_questions(inputs, answers),
        ),
        findings=tuple(answers.findings(credit.role for source in inputs.sources for credit in source.staff)),
    )


def choose_staff(inputs: StageInput, voices: Collection[str]) -> Chosen[list[StaffRecord]]:
    """The people behind the work; ``voices`` are those of the cast, by the keys of their names."""
    answers = RoleAnswers.of(inputs.answers)
    everybody = [_record(inputs, group, answers) for group in inputs.alignment.staff]
    people = [one for one in everybody if not (_is_only_voice(one) and name_key(one.name) in voices)]
    people.sort(key=lambda person: importance(person.roles))
    joined = [person.match_confidence for person in people if len(person.sources) > 1]
    staff = collected(
        people,
        [source for person in people for source in person.sources],
        rule=f"rule:staff_merged@{VERSION}",
        confidence=sum(joined) / len(joined) if joined else SINGLE_SOURCE,
    )
    told = answers.evidence(credit.role for source in inputs.sources for credit in source.staff)
    sources = tuple(sorted({*staff.sources, Source.REVIEW})) if told else staff.sources
    return replace(staff, sources=sources, evidence=(*told, *_counted(inputs, answers)))


def voices_of(inputs: StageInput) -> frozenset[str]:
    """Everybody who speaks a character, by the key of the name."""
    return frozenset(
        name_key(actor.name) for one in inputs.sources for figure in one.characters for actor in figure.voice_actors
    )


def _is_only_voice(person: StaffRecord) -> bool:
    """Anime-Planet names voice actors without their characters; whom the cast has already is no staff."""
    return bool(person.credits) and all(norm(credit) == "voice actor" for credit in person.credits)


def _record(inputs: StageInput, group: Group, answers: RoleAnswers) -> StaffRecord:
    members: _Members = [(source.source, source.staff[item]) for source, item in by_trust(inputs, group.members)]
    each = [credit for _, credit in members]
    held = {answers.role_of(credit.role)[0] for credit in each}
    name = next((text for text in (natural_name(source, one.name) for source, one in members) if text), "")
    episodes = dict.fromkeys(clean(credit.episodes) for credit in each if credit.episodes)
    return StaffRecord(
        name=name,
        name_native=first_said(clean(one.name_native) or None for one in each if one.name_native),
        roles=[role for role in roles() if role in held and (role != OTHER or held == {OTHER})],
        credits=list(dict.fromkeys(filter(None, map(_printed, each)))),
        episodes="; ".join(filter(None, episodes)) or None,
        image_url=first_picture(one.image_url for one in each),
        ids=ids_of(members),
        sources=spoken_by(members),
        match_confidence=group.confidence,
    )


def _printed(credit: Credit) -> str:
    role = clean(credit.role)
    return f"{role} ({clean(credit.episodes)})" if credit.episodes and clean(credit.episodes) else role


def _counted(inputs: StageInput, answers: RoleAnswers) -> tuple[str, ...]:
    """How many credits there are of the kinds that only count."""
    counts = Counter(
        clean(credit.role)
        for source in inputs.sources
        for credit in source.staff
        if answers.role_of(credit.role)[1] == "counted_only"
    )
    return tuple(f"counted:{role}={count}" for role, count in sorted(counts.items()))


def _role_questions(inputs: StageInput, answers: RoleAnswers) -> list[OpenQuestion]:
    """One question for each text the role table does not know, in one of its spellings."""
    asked: dict[str, OpenQuestion] = {}
    for text, person in sorted((clean(c.role), clean(c.name)) for source in inputs.sources for c in source.staff):
        if text and answers.role_of(text)[1] == "unknown":
            asked.setdefault(role_name(text), ask_role(text, person))
    return list(asked.values())
