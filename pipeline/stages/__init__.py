"""The six stages: each decides its fields of the record from the same input, by rules, with the reason of each.

``STAGES`` is the ordered table of them. A stage's module holds ``VERSION`` (goes up whenever it decides anything
otherwise for the same input; part of the key of its result) and ``decide``, pure and free of any model. Modules are
read at first use, so that knowing the table costs nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import Final

from pipeline.domain.drafts import (
    CharactersDraft,
    Draft,
    EpisodesDraft,
    MetadataDraft,
    RelationsDraft,
    StaffDraft,
    StatisticsDraft,
)
from pipeline.domain.title import StageInput

__all__ = ["STAGES", "Stage"]


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage by name, and the type of what it decides."""

    name: str
    draft: type[Draft]

    @property
    def version(self) -> int:
        """The module's ``VERSION``."""
        version: int = import_module(f"{__name__}.{self.name}").VERSION
        return version

    def decide(self, inputs: StageInput) -> Draft:
        """What the stage's rules decide; an instance of :attr:`draft`."""
        draft: Draft = import_module(f"{__name__}.{self.name}").decide(inputs)
        return draft


STAGES: Final[Mapping[str, Stage]] = MappingProxyType(
    {
        stage.name: stage
        for stage in (
            Stage("metadata", MetadataDraft),
            Stage("episodes", EpisodesDraft),
            Stage("relations", RelationsDraft),
            Stage("statistics", StatisticsDraft),
            Stage("characters", CharactersDraft),
            Stage("staff", StaffDraft),
        )
    }
)
