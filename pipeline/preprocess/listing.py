"""One source's episode list made comparable, and the slots that lists are fitted into."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, TypeAlias

from pipeline.domain.aligned import Ref
from pipeline.domain.claims import Finding
from pipeline.domain.names import EpisodeKind, Source
from pipeline.domain.source_title import Episode, SourceTitle, TitleName
from pipeline.domain.text import has_letters, norm

__all__ = ["Row", "Script", "Slot", "read_rows"]

Script: TypeAlias = Literal["latin", "native"]
_ONLY_A_NUMBER: Final = re.compile(
    r"(?:(?:episode|ep|folge|part|act|chapter|第|special|ova|movie)?\s*\d*\s*(?:話|回)?)"
)


@dataclass(frozen=True, slots=True)
class Row:
    """One episode of one source. ``number`` is what it counts as; ``None`` where the source gives no usable one."""

    ref: Ref
    kind: EpisodeKind
    number: int | None
    id: str | None
    titles: tuple[tuple[Script, str], ...]
    day: date | None
    label: str


@dataclass(slots=True)
class Slot:
    """An episode as far as it is put together; lives only while one title is aligned."""

    kind: EpisodeKind
    number: int | None
    refs: list[Ref]
    sources: set[Source]
    ids: set[tuple[Source, str]]
    titles: dict[tuple[Script, str], None]
    days: list[date]
    label: str
    confidence: float = 1.0
    rule: str = "single"

    @classmethod
    def of(cls, row: Row, source: Source, number: int | None) -> "Slot":
        """A slot opened by one row."""
        slot = cls(row.kind, number, [], set(), set(), {}, [], row.label)
        slot.add(row, source, 1.0, "single")
        return slot

    def add(self, row: Row, source: Source, confidence: float, rule: str) -> None:
        """Take a row in; the weakest fit speaks for the slot."""
        self.refs.append(row.ref)
        self.sources.add(source)
        if row.id:
            self.ids.add((source, row.id))
        self.titles |= dict.fromkeys(row.titles)
        if row.day is not None:
            self.days.append(row.day)
        if len(self.refs) == 2 or confidence < self.confidence:
            self.confidence, self.rule = confidence, rule


def read_rows(source: SourceTitle, position: int, findings: list[Finding]) -> list[Row]:
    """The episodes of one source. Where numbers repeat within a kind, absolute numbers stand in if they do not."""
    rows: list[Row] = []
    numbers = {kind: _numbers([e for e in source.episodes if e.kind is kind]) for kind in EpisodeKind}
    seen: set[tuple[EpisodeKind, int]] = set()
    for item, episode in enumerate(source.episodes):
        number = episode.absolute_number if numbers[episode.kind] == "absolute" else episode.number
        if number is not None and (episode.kind, number) in seen:
            message = f"{source.source.value} has {episode.kind.value} number {number} more than once"
            findings.append(Finding("episode_number_twice", message, "episode_details", source.source))
            number = None
        elif number is not None:
            seen.add((episode.kind, number))
        rows.append(_row(Ref(position, item), episode, number))
    return rows


def _numbers(episodes: list[Episode]) -> Literal["own", "absolute"]:
    own = [episode.number for episode in episodes]
    absolute = [episode.absolute_number for episode in episodes]
    repeats = len(set(own)) < len(own)
    return "absolute" if repeats and None not in absolute and len(set(absolute)) == len(absolute) else "own"


def _row(ref: Ref, episode: Episode, number: int | None) -> Row:
    shown = episode.titles[0].text if episode.titles else "untitled"
    return Row(
        ref=ref,
        kind=episode.kind,
        number=number,
        id=episode.id,
        titles=tuple(pair for title in episode.titles if (pair := _comparable(title)) is not None),
        day=None if episode.aired is None else episode.aired.exact,
        label=f"{episode.kind.value} {'?' if number is None else number}: {shown}",
    )


def _comparable(title: TitleName) -> tuple[Script, str] | None:
    """The title by script, unless it is only a number in other words."""
    text = norm(title.text)
    if not has_letters(text) or _ONLY_A_NUMBER.fullmatch(text):
        return None
    return ("latin" if any("a" <= ch <= "z" for ch in text) and text.isascii() else "native"), text
