"""What a person said about who is who, put into an alignment.

Pure. An answer acts on the groups: whom it is about is put into the group of the one chosen, or taken out of the groups
of those it is none of. Everybody stays in exactly one group, and no group gets two of one platform. Answers may come in
any order. One whose members are not listed any more is a finding.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from pipeline.domain.aligned import Alignment, EpisodeGroup, Group, Ref
from pipeline.domain.claims import Finding
from pipeline.domain.review import LOCKED, WHO_IS_WHO, Lock, answer_of, kind_of, lock_of_question
from pipeline.domain.source_title import SourceTitle
from pipeline.preprocess.keys import Members, key_of

__all__ = ["answers_of", "apply_answers"]

G = TypeVar("G", Group, EpisodeGroup)


@dataclass(slots=True)
class _Groups(Generic[G]):
    """Groups of one kind of members while answers are put in."""

    sources: Sequence[SourceTitle]
    members: Members
    groups: list[G]

    def holding(self, key: str) -> int | None:
        """The first group with a member of this name."""
        return next((at for at, group in enumerate(self.groups) if self._named(group.members, key)), None)

    def _named(self, refs: Iterable[Ref], key: str) -> list[Ref]:
        return [ref for ref in refs if key_of(self.sources, self.members, ref) == key]

    def _of(self, ref: Ref) -> object:
        """Of whose list a group has one member: of a platform's, but two lists of episodes may be of one platform."""
        return ref.source if self.members == "episodes" else self.sources[ref.source].source

    def join(self, subject: str, chosen: str) -> bool:
        """Put the subject into the group of the one chosen; ``False`` when one of them is not listed."""
        here, there = self.holding(subject), self.holding(chosen)
        if here is None or there is None:
            return False
        if here == there:
            self.groups[there] = replace(self.groups[there], confidence=1.0, rule=LOCKED)
            return True
        mine: list[Ref] = self._named(self.groups[here].members, subject)
        speaker = self._of(mine[0])
        others = [ref for ref in self.groups[here].members if ref not in mine]
        if speaker in {self._of(ref) for ref in self._named(self.groups[there].members, chosen)}:
            return False
        stay: list[Ref] = [ref for ref in self.groups[there].members if self._of(ref) is not speaker]
        taken = {self._of(ref) for ref in stay}
        follow: list[Ref] = [ref for ref in others if self._of(ref) not in taken | {speaker}]
        left = [ref for ref in others if ref not in follow]
        displaced = [ref for ref in self.groups[there].members if ref not in stay]
        self._put({there: [*stay, *mine, *follow], here: left}, there, displaced)
        return True

    def part(self, subject: str, options: Sequence[str]) -> bool:
        """Take the subject out of its group if one of the options is in it; ``False`` when it is not listed."""
        here = self.holding(subject)
        if here is None:
            return False
        refs = self.groups[here].members
        if any(self._named(refs, option) for option in options):
            mine = self._named(refs, subject)
            self._put({here: [ref for ref in refs if ref not in mine]}, None, list(mine))
        return True

    def _put(self, new: dict[int, list[Ref]], decided: int | None, alone: list[Ref]) -> None:
        """Give groups these members (one without any goes), and those left over a group of their own at the end."""
        pattern = self.groups[decided if decided is not None else min(new)]
        for at, refs in new.items():
            group = replace(self.groups[at], members=tuple(sorted(refs)))
            if len(refs) == 1:
                group = replace(group, confidence=1.0, rule="single")
            self.groups[at] = replace(group, confidence=1.0, rule=LOCKED) if at == decided else group
        self.groups = [group for group in self.groups if group.members]
        if alone:
            left = replace(pattern, members=tuple(sorted(alone)), confidence=1.0, rule="single")
            self.groups.append(replace(left, number=None) if isinstance(left, EpisodeGroup) else left)


def answers_of(locks: Iterable[Lock]) -> list[Lock]:
    """Those that are about the alignment, in the order in which they are put in."""
    answers = (lock for lock in locks if lock.kind == "answer" and kind_of(lock) in WHO_IS_WHO)
    return sorted(answers, key=lambda lock: lock.field)


def apply_answers(alignment: Alignment, sources: Sequence[SourceTitle], locks: Sequence[Lock]) -> Alignment:
    """The alignment as those who answered want it; answered questions are no longer open."""
    answers = answers_of(locks)
    if not answers:
        return alignment
    characters = _Groups(sources, "characters", list(alignment.characters))
    staff = _Groups(sources, "staff", list(alignment.staff))
    episodes = _Groups(sources, "episodes", list(alignment.episodes))
    of_kind: dict[str, _Groups[Any]] = {
        "same_character": characters, "same_person": staff, "which_episode": episodes
    }  # fmt: skip
    findings = [finding for lock in answers if (finding := _apply(of_kind[kind_of(lock)], lock)) is not None]
    return replace(
        alignment,
        characters=tuple(characters.groups),
        staff=tuple(staff.groups),
        episodes=tuple(episodes.groups),
        questions=tuple(one for one in alignment.questions if lock_of_question(one, answers) is None),
        findings=(*alignment.findings, *findings),
    )


def _apply(groups: "_Groups[Any]", lock: Lock) -> Finding | None:
    subject = lock.field.partition(":")[2]
    chosen, options = answer_of(lock)
    is_placed = groups.part(subject, options) if chosen is None else groups.join(subject, chosen)
    if is_placed:
        return None
    missing = subject if chosen is None or groups.holding(subject) is None else chosen
    message = f"{lock.field} was {lock.told}; no platform lists {missing} any more, so it does nothing: unlock it"
    return Finding("answer_unplaced", message, WHO_IS_WHO[kind_of(lock)])
