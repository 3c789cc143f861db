"""Stage 4: figures, pictures, videos, songs and links. Arithmetic and addresses; there is nothing to ask a model.

``awards`` and ``popularity_trends`` stay ``None``: no platform we ask says anything of them.
"""

from typing import Final

from pipeline.domain.drafts import StatisticsDraft
from pipeline.domain.title import StageInput
from pipeline.stages.choose import in_order, nobody_said
from pipeline.stages.figures import choose_score, choose_statistics
from pipeline.stages.media import choose_images, choose_links, choose_songs, choose_trailers, find_bad_addresses

__all__ = ["VERSION", "decide"]

VERSION: Final = 3


def decide(inputs: StageInput) -> StatisticsDraft:
    """Decide every field of stage 4."""
    sources, row = in_order(inputs), inputs.title.row
    figures, findings = choose_statistics(sources, row)
    links = choose_links(sources)
    return StatisticsDraft(
        score=choose_score(figures.value, inputs.choosing),
        statistics=figures,
        awards=nobody_said(None),
        popularity_trends=nobody_said(None),
        images=choose_images(sources, row),
        trailers=choose_trailers(sources),
        opening_themes=choose_songs(sources, "opening"),
        ending_themes=choose_songs(sources, "ending"),
        streaming_info=links.streaming_info,
        streaming_licenses=links.streaming_licenses,
        external_links=links.external_links,
        findings=(*findings, *find_bad_addresses(sources, row)),
    )
