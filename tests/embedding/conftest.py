"""Records written for these tests; every name in them is invented."""

import pytest

from pipeline.domain.names import (
    CharacterRole,
    EpisodeKind,
    ImageRole,
    RelationKind,
    Season,
    TitleKind,
    TitleType,
)
from pipeline.domain.record import (
    AiredDates,
    AnimeRecord,
    CharacterRecord,
    CompanyRecord,
    EnrichmentMetadata,
    EpisodeRecord,
    RelatedWork,
    StaffRecord,
    TagRecord,
)
from pipeline.domain.source_title import Broadcast, Image, Song, Text, TitleName

META = EnrichmentMetadata(outcomes={}, tier="apis", is_degraded=False, stage_status={}, completeness=0.5)


@pytest.fixture
def bare() -> AnimeRecord:
    """A record of which only the title is known."""
    return AnimeRecord(
        title_id="6b1f7a4e-5c52-5d0a-9a3c-0c8b8f3f0f11", title="Mizuiro Densha", enrichment_metadata=META
    )


@pytest.fixture
def full() -> AnimeRecord:
    """A record with something in every field a vector is made of."""
    return AnimeRecord(
        title_id="6b1f7a4e-5c52-5d0a-9a3c-0c8b8f3f0f11",
        title="Mizuiro Densha",
        title_english="The Pale Blue Train",
        title_japanese="水色電車",
        title_romaji="Mizuiro Densha",
        synonyms=[TitleName("Pale Train", TitleKind.SYNONYM, "en")],
        type=TitleType.TV,
        season=Season.WINTER,
        year=2031,
        aired_dates=AiredDates(start="2031-01-05", end="2031-03"),
        broadcast=Broadcast("SUNDAY", "23:30"),
        next_episode_at="2031-01-12T14:30:00Z",
        synopsis="A train that runs at night.\n\nNobody knows where to.",
        genres=["Drama", "Mystery"],
        themes=["Railways"],
        demographics=["Seinen"],
        tags=[TagRecord(name="Trains", strength=0.4), TagRecord(name="Night", strength=0.9)],
        content_warnings=["Smoking"],
        images={
            "cover": [
                Image("https://img.test/small.jpg", ImageRole.COVER, "small"),
                Image("https://img.test/known.jpg", ImageRole.COVER, "large", 300, 450),
                Image("https://img.test/huge.jpg", ImageRole.COVER, "original"),
            ]
        },
        opening_themes=[Song("opening", 1, "Rail Song", "線路の歌", "The Couplings")],
        ending_themes=[Song("ending", None, "Last Stop", None, None, "終点")],
        related_anime=[
            RelatedWork(
                relation=RelationKind.SIDE_STORY, title="Night Platform", format="OVA", year=2032, confidence=1.0
            )
        ],
        relations=[RelatedWork(relation=RelationKind.SOURCE, title=None, confidence=1.0)],
        streaming_licenses=["Testflix"],
        studios=[CompanyRecord(name="Studio Buffer", aliases=["Buffer"])],
        licensors=[CompanyRecord(name="Siding Films")],
        staff_data=[
            StaffRecord(name="Hana Ito", name_native="伊藤花", roles=["chief_director"], credits=["Chief Director"])
        ],
        characters=[
            CharacterRecord(
                name="Rin Kisha",
                name_native="汽車凛",
                role=CharacterRole.MAIN,
                gender="Female",
                age="17",
                hair_color="Black",
                traits=["Stoic"],
                description="Drives the train.",
                images=["https://img.test/rin.jpg", "https://img.test/rin2.jpg"],
            ),
            CharacterRecord(name="Old Guard", role=CharacterRole.SUPPORTING, images=["https://img.test/guard.jpg"]),
            CharacterRecord(name="Mio", role=CharacterRole.MAIN, images=["https://img.test/mio.jpg"]),
        ],
        episode_details=[
            EpisodeRecord(number=1, title="Departure", synopsis="It leaves."),
            EpisodeRecord(number=2),
            EpisodeRecord(number=1, kind=EpisodeKind.SPECIAL, titles=[TitleName("番外", TitleKind.MAIN, "ja")]),
        ],
        enrichment_metadata=META,
        synopses=[Text("Ein Zug.", "de")],
    )
