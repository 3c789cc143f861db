"""Who is who: episodes, characters and staff of one title aligned across platforms.

Promises: every item of every source is in exactly one group; the same sources in another order give the same groups
(up to the positions they are named by); nothing is copied, changed or dropped; no input raises. What the rules leave
open becomes a question, what is odd a finding.
"""

from typing import Final

from pipeline.domain.aligned import Alignment
from pipeline.domain.source_title import SourceTitle
from pipeline.domain.thresholds import MATCHING, Matching
from pipeline.preprocess.characters import align_characters
from pipeline.preprocess.episodes import align_episodes
from pipeline.preprocess.ordering import canonical_order
from pipeline.preprocess.staff import align_staff

__all__ = ["ALIGN_VERSION", "align"]

ALIGN_VERSION: Final = 4
"""Goes up with every change that may group otherwise; part of the key of what was aligned."""


def align(sources: tuple[SourceTitle, ...], thresholds: Matching = MATCHING) -> Alignment:
    """Group the items of all sources. Two sources of one platform (a row with two ids of it) are welcome."""
    order = canonical_order(sources)
    episodes = align_episodes(sources, order, thresholds)
    characters = align_characters(sources, order, thresholds)
    staff = align_staff(sources, order, thresholds)
    return Alignment(
        episodes=episodes.groups,
        characters=characters.groups,
        staff=staff.groups,
        questions=(*episodes.questions, *characters.questions, *staff.questions),
        findings=(*episodes.findings, *characters.findings, *staff.findings),
    )
