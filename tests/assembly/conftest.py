"""Hand-made drafts of the stages other rooms own, so that assembly is tested by itself."""

import pytest

from pipeline.domain.aligned import Alignment
from pipeline.domain.drafts import CharactersDraft, Draft, EpisodesDraft, StaffDraft
from pipeline.domain.names import (
    AiringStatus,
    LabelKind,
    RelationKind,
    Season,
    Site,
    Source,
    TitleKind,
    TitleType,
)
from pipeline.domain.source_title import (
    ForeignId,
    Label,
    PartialDate,
    Relation,
    SourceTitle,
    Statistics,
    Text,
    TitleName,
)
from pipeline.domain.title import CatalogueRow, StageInput, Title
from pipeline.stages import metadata, relations, statistics
from pipeline.stages.choose import nobody_said

OWN = "11111111-1111-5111-8111-111111111111"


def empty_episodes() -> EpisodesDraft:
    return EpisodesDraft(
        episodes=nobody_said(None),
        duration=nobody_said(None),
        broadcast=nobody_said(None),
        broadcast_schedule=nobody_said([]),
        premiere_dates=nobody_said([]),
        delay_information=nobody_said([]),
        next_episode_at=nobody_said(None),
        episode_details=nobody_said([]),
        episode_overrides=nobody_said([]),
    )


def draft_all(inputs: StageInput) -> dict[str, Draft]:
    """Real drafts of three stages, empty ones of the other three."""
    return {
        "metadata": metadata.decide(inputs),
        "episodes": empty_episodes(),
        "relations": relations.decide(inputs),
        "statistics": statistics.decide(inputs),
        "characters": CharactersDraft(characters=nobody_said([]), voice_actors=nobody_said([])),
        "staff": StaffDraft(
            staff_data=nobody_said([]),
            studios=nobody_said([]),
            producers=nobody_said([]),
            licensors=nobody_said([]),
        ),
    }


@pytest.fixture
def inputs() -> StageInput:
    row = CatalogueRow(
        sources=("https://myanimelist.net/anime/7", "https://anilist.co/anime/7"),
        title="Sora no Hashi",
        type=TitleType.TV,
        episodes=12,
        status=AiringStatus.FINISHED,
        season=Season.SPRING,
        year=2001,
        score=8.0,
    )
    mal = SourceTitle(
        Source.MAL,
        "7",
        titles=(TitleName("Sora no Hashi", TitleKind.MAIN, "ja-Latn"), TitleName("空の橋", TitleKind.OFFICIAL, "ja")),
        synopses=(Text("A bridge is built into the sky, and a girl who fears heights keeps its books. " * 3),),
        type=TitleType.TV,
        status=AiringStatus.FINISHED,
        start=PartialDate(2001, 4, 3),
        end=PartialDate(2001, 6, 26),
        labels=(Label("Drama", LabelKind.GENRE), Label("Bridge Building", LabelKind.THEME)),
        statistics=Statistics(score=8.5, scored_by=900, rank=12),
        relations=(Relation(RelationKind.SEQUEL, "Sequel", "anime", (ForeignId(Site.MAL, "8"),), "Sora no Hashi 2"),),
    )
    anilist = SourceTitle(
        Source.ANILIST,
        "7",
        titles=(TitleName("Bridge in the Sky", TitleKind.OFFICIAL, "en"),),
        start=PartialDate(2001, 4, 4),
        labels=(Label("Drama", LabelKind.GENRE),),
    )
    title = Title(OWN, row, {Site.MAL: ("7",), Site.ANILIST: ("7",)})
    return StageInput(title, (mal, anilist), Alignment(), {"mal:8": "22222222-2222-5222-8222-222222222222"})
