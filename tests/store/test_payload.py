"""What stands beside the vectors."""

import json

import pytest

from pipeline.domain.names import AiringStatus, RelationKind, Site, Source, TitleKind, TitleType
from pipeline.domain.record import (
    AiredDates,
    AnimeRecord,
    CompanyRecord,
    EnrichmentMetadata,
    PlatformStatistics,
    RelatedWork,
    TagRecord,
)
from pipeline.domain.source_title import TitleName
from pipeline.store import PAYLOAD_INDEXES, payload_of

META = EnrichmentMetadata(outcomes={}, tier="apis", is_degraded=True, stage_status={}, completeness=0.5)
RECORD = AnimeRecord(
    title_id="6b1f7a4e-5c52-5d0a-9a3c-0c8b8f3f0f11",
    title="Mizuiro Densha",
    title_japanese="水色電車",
    synonyms=[TitleName("Pale Train", TitleKind.SYNONYM, "en"), TitleName("Pale Train", TitleKind.SYNONYM, "fr")],
    type=TitleType.TV,
    status=AiringStatus.AIRING,
    year=2031,
    nsfw=False,
    aired_dates=AiredDates(start="2031-01-05"),
    genres=["Drama"],
    tags=[TagRecord(name="Trains", strength=0.5)],
    score=7.25,
    statistics={
        Source.MAL: PlatformStatistics(score=7.1, score_normalized=7.1, members=1200),
        Source.ANILIST: PlatformStatistics(score=70, score_max=100, score_normalized=7.0),
    },
    platform_ids={Site.MAL: ["1", "2"], Site.ANILIST: ["9"]},
    studios=[CompanyRecord(name="Studio Buffer")],
    next_episode_at="2031-01-12T14:30:00Z",
    related_anime=[RelatedWork(relation=RelationKind.SEQUEL, title_id="b", confidence=1.0)] * 2,
    enrichment_metadata=META,
)


def test_payload_is_plain_json_and_the_same_every_time() -> None:
    """What is written is what is read back, and nothing in it is a clock's."""
    payload = payload_of(RECORD, {"title": "f1"}, models={"title": "m@1"})
    assert json.loads(json.dumps(payload)) == payload
    assert payload == payload_of(RECORD, {"title": "f1"}, models={"title": "m@1"})


def test_payload_says_what_can_be_filtered_and_shown() -> None:
    """Facts under plain names, ids both by site and as users write them."""
    payload = payload_of(RECORD, {"title": "f1", "genres": "f2"}, models={"title": "m@1", "genres": "m@1"})
    assert payload["ids"] == ["anilist:9", "mal:1", "mal:2"]
    assert payload["platform_ids"] == {"mal": ["1", "2"], "anilist": ["9"]}
    assert payload["statistics"] == {"mal": {"score": 7.1, "members": 1200}, "anilist": {"score": 7.0}}
    assert payload["synonyms"] == ["Pale Train"]
    assert (payload["type"], payload["status"], payload["year"]) == ("TV", "AIRING", 2031)
    assert (payload["tags"], payload["studios"]) == (["Trains"], ["Studio Buffer"])
    assert payload["related_title_ids"] == ["b"]
    assert payload["has_vectors"] == ["genres", "title"]
    assert payload["fingerprints"] == {"genres": "f2", "title": "f1"}
    assert payload["models"] == {"genres": "m@1", "title": "m@1"}


def test_nobody_said_stays_none() -> None:
    """An unknown season is null, not a word and not left out."""
    payload = payload_of(RECORD, {})
    assert payload["season"] is None
    assert payload["title_english"] is None
    assert payload["fingerprints"] == {}


@pytest.mark.parametrize(
    ("nsfw", "flags"), [(True, ["nsfw", "degraded"]), (False, ["sfw", "degraded"]), (None, ["degraded"])]
)
def test_three_answers_have_three_sets_of_flags(nsfw: bool | None, flags: list[str]) -> None:
    """Yes, no and nobody-said are told apart by words."""
    assert payload_of(RECORD.model_copy(update={"nsfw": nsfw}), {})["flags"] == flags


def test_every_index_is_on_a_field_that_exists() -> None:
    """An index on a misspelt field would be silently useless."""
    payload = payload_of(RECORD, {})
    for index in PAYLOAD_INDEXES:
        head, *rest = index.key.split(".")
        assert head in payload
        if head == "statistics":
            assert rest[0] in {source.value for source in Source}
            assert rest[1] in PlatformStatistics.model_fields
