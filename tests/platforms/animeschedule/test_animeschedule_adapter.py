"""What the AnimeSchedule adapter asks, which record it believes, and what the record says in our terms."""

from pathlib import Path

import orjson
import pytest

from pipeline.domain.exchange import Answer, Request, Wanted
from pipeline.domain.names import (
    AiringStatus,
    LinkKind,
    RelationKind,
    Season,
    Site,
    SourceMaterial,
    TitleKind,
    TitleType,
)
from pipeline.domain.source_title import AiringSlot, Broadcast, Delay, ForeignId, PartialDate, SourceTitle
from pipeline.errors import BadInput, Blocked, Broken, EntryGone, ShrinkBatch, Throttled, Transient
from pipeline.platforms.animeschedule import AnimeScheduleAdapter
from pipeline.platforms.port import PlatformAdapter

ADAPTER = AnimeScheduleAdapter()


def record(mal: int = 1, route: str = "a-title", **fields: object) -> dict[str, object]:
    return {"route": route, "title": "A Title", "websites": {"mal": f"myanimelist.net/anime/{mal}/A"}} | fields


def page(*records: dict[str, object], total: int | None = None) -> bytes:
    return orjson.dumps({"page": 1, "totalAmount": len(records) if total is None else total, "anime": list(records)})


def plan(*ids: str, **parts: bytes) -> tuple[Request, ...]:
    return ADAPTER.plan_requests([Wanted(id_, parts=parts) for id_ in ids])


def answer(body: bytes, status: int = 200, **headers: str) -> Answer:
    return Answer(status, headers, body, "http://localhost/")


def made(**fields: object) -> SourceTitle:
    return ADAPTER.convert("mal:1", {"anime": orjson.dumps(record(**fields))})


def test_first_site_that_has_ids_is_asked_by() -> None:
    """MAL before AniList before AniDB; titles on none of them are not listed."""
    port: PlatformAdapter = ADAPTER
    assert port.batch == 18
    assert port.wanted_ids({Site.ANIDB: ("23",), Site.MAL: ("1", "5")}) == ("mal:1", "mal:5")
    assert port.wanted_ids({Site.ANIDB: ("23",), Site.ANILIST: ("2",)}) == ("anilist:2",)
    assert port.wanted_ids({Site.KITSU: ("1",)}) == ()


def test_ids_of_all_sites_travel_together() -> None:
    """Any match of any filter is enough; MyAnimeList's come first."""
    [request] = plan("anidb:23", "mal:1", "anilist:7", "mal:5")
    assert request.ids == ("mal:1", "mal:5", "anilist:7", "anidb:23")
    assert request.path == "/anime"
    assert request.params == (
        ("mt", "any"),
        ("mal-ids", "1"),
        ("mal-ids", "5"),
        ("anilist-ids", "7"),
        ("anidb-ids", "23"),
    )


def test_more_ids_than_a_page_are_split_and_known_ones_left_out() -> None:
    """No request asks for more than one page can answer."""
    assert [len(request.ids) for request in plan(*(f"mal:{at}" for at in range(1, 21)))] == [18, 2]
    assert plan("mal:1", anime=b"{}") == ()


@pytest.mark.parametrize("id_", ["1", "kitsu:1", "mal:", "mal:x", "mal:1&q=x"])
def test_ids_that_cannot_be_asked_are_bad_input(id_: str) -> None:
    """Only a site that is a filter, and only digits."""
    with pytest.raises(BadInput, match="cannot be asked"):
        plan(id_)


def test_records_count_only_for_the_ids_they_repeat() -> None:
    """The first hit of a search is somebody else until its links say otherwise."""
    (request,) = plan("mal:1", "mal:5", "mal:9")
    reading = ADAPTER.parse_answer(request, answer(page(record(3), record(5), record(1, websites=None))))
    assert reading.parts.keys() == {"mal:5"}
    assert reading.absent == {"mal:1", "mal:9"}
    (part,) = reading.parts["mal:5"]
    assert part.kind == "anime"
    assert orjson.loads(part.body) == record(5)


def test_id_of_another_site_with_the_same_number_does_not_match() -> None:
    """mal:1 and anilist:1 are different titles."""
    (request,) = plan("anilist:1")
    assert ADAPTER.parse_answer(request, answer(page(record(1)))).absent == {"anilist:1"}


def test_several_records_of_one_id_are_kept_and_reported() -> None:
    """Split seasons share an id elsewhere: the first is converted, the others are named."""
    (request,) = plan("mal:1")
    reading = ADAPTER.parse_answer(request, answer(page(record(1), record(1, "a-title-part-2"))))
    parts = {part.kind: part.body for part in reading.parts["mal:1"]}
    assert parts.keys() == {"anime", "anime/a-title-part-2"}
    title = ADAPTER.convert("mal:1", parts)
    assert title.id == "a-title"
    assert [one.code for one in title.findings] == ["several_records"]


def test_nothing_found_is_absent_in_every_dress() -> None:
    """An empty page and Go's null list both say the platform has none of them."""
    (request,) = plan("mal:1")
    for body in (page(), b'{"page":1,"totalAmount":0,"anime":null}'):
        ADAPTER.check_answer(request, answer(body))
        assert ADAPTER.parse_answer(request, answer(body)).absent == {"mal:1"}


def test_more_records_than_a_page_are_asked_in_halves() -> None:
    """Nothing on a second page is lost; a single id cannot be halved and is read as it is."""
    (two,), (one,) = plan("mal:1", "mal:5"), plan("mal:1")
    with pytest.raises(ShrinkBatch):
        ADAPTER.check_answer(two, answer(page(record(1), total=19)))
    ADAPTER.check_answer(two, answer(page(record(1), total=18)))
    ADAPTER.check_answer(one, answer(page(record(1), total=19)))


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (404, b"Couldn't find anime with these parameters.", EntryGone),
        (404, b"<html>not here</html>", Broken),
        (401, b"token", Blocked),
        (403, b"token", Blocked),
        (400, b"bad", Broken),
        (500, b"", Transient),
        (200, b"", Transient),
        (200, b"<html></html>", Transient),
        (200, b'{"page":1,"anime":[', Transient),
        (200, b'{"error":"x"}', Transient),
        (200, b"[]", Transient),
    ],
)
def test_every_kind_of_answer_lands_in_its_class(status: int, body: bytes, error: type[Exception]) -> None:
    """The error says what to do next."""
    (request,) = plan("mal:1")
    with pytest.raises(error):
        ADAPTER.check_answer(request, answer(body, status))


def test_rate_limit_waits_until_the_reset() -> None:
    """The reset is a Unix time, measured against the answer's own date."""
    (request,) = plan("mal:1")
    headers = {"x-ratelimit-reset": "1767225645", "date": "Thu, 01 Jan 2026 00:00:00 GMT"}
    with pytest.raises(Throttled) as raised:
        ADAPTER.check_answer(request, answer(b"", 429, **headers))
    assert raised.value.wait_s == 45.0


def test_recorded_lists_are_taken_apart_by_id_and_convert(recordings: Path) -> None:
    """Every record of the recorded pages is found by its MAL id and holds nothing unknown."""
    for name in ("fall-2026.1", "unseasoned-2026.1"):
        body = (recordings / f"animeschedule/anime_list/{name}.json").read_bytes()
        ids = [f"mal:{row['websites']['mal'].split('/')[2]}" for row in orjson.loads(body)["anime"]]
        (request,) = plan(*ids)
        reading = ADAPTER.parse_answer(request, answer(body))
        assert not reading.absent
        for id_, parts in reading.parts.items():
            title = ADAPTER.convert(id_, {part.kind: part.body for part in parts})
            assert title.drift == title.findings == ()
            assert title.status is AiringStatus.UPCOMING


def test_cowboy_bebop_facts(recordings: Path) -> None:
    """Checked by hand: the premiere at 16:00 UTC is the next day in Japan, which is what MyAnimeList says too."""
    body = (recordings / "animeschedule/anime/cowboy-bebop.json").read_bytes()
    title = ADAPTER.convert("mal:1", {"anime": body})
    assert (title.id, title.type, title.status) == ("cowboy-bebop", TitleType.TV, AiringStatus.FINISHED)
    assert title.source_material is SourceMaterial.ORIGINAL
    assert title.start == PartialDate(1998, 4, 3)
    assert title.premieres == (AiringSlot("1998-04-02T16:00:00Z", kind="raw"),)
    assert title.broadcast == Broadcast(None, "01:00", "Asia/Tokyo")
    assert (title.season, title.season_year) == (Season.SPRING, 1998)
    assert (title.episode_count, title.episode_duration_s) == (26, 1440)
    assert title.synopses[0].origin == "MAL Rewrite"
    assert "&" not in title.synopses[0].text
    assert "<" not in title.synopses[0].text
    stats = title.statistics
    assert stats is not None
    assert (round(stats.score or 0, 3), stats.score_max, stats.scored_by) == (83.667, 100.0, 243)
    assert (stats.members, stats.popularity_rank) == (613, 600)
    assert {one.site: one.id for one in title.identifiers} == {
        Site.ANIMESCHEDULE: "cowboy-bebop",
        Site.MAL: "1",
        Site.ANILIST: "1",
        Site.ANIDB: "23",
        Site.KITSU: "1",
    }
    assert [r.kind for r in title.relations] == [RelationKind.OTHER, RelationKind.SIDE_STORY, RelationKind.SIDE_STORY]
    assert sum(link.kind is LinkKind.STREAMING for link in title.links) == 6
    assert title.delays == ()


def test_placeholder_dates_say_nothing() -> None:
    """The year 1 is Go's "no time" wherever it stands."""
    nothing = "0001-01-01T00:00:00Z"
    keys = ("premier", "subPremier", "dubPremier", "delayedFrom", "delayedUntil", "subDelayedFrom", "jpnTime")
    title = made(**dict.fromkeys((*keys, "updatedAt"), nothing))
    assert (title.start, title.broadcast, title.updated_at) == (None, None, None)
    assert title.premieres == title.delays == title.findings == ()


def test_year_two_has_a_clock_only() -> None:
    """Of ``jpnTime`` only the clock counts, turned to Japan's."""
    assert made(jpnTime="0002-01-01T15:30:00Z").broadcast == Broadcast(None, "00:30")


def test_month_and_year_stand_in_for_a_missing_premiere() -> None:
    """As precise as said, no more."""
    assert made(year=2027, month="April").start == PartialDate(2027, 4)
    assert made(year=2027).start == PartialDate(2027)
    assert made(year=0).start is None


def test_delays_of_each_kind() -> None:
    """Raw, sub and dub pauses with what is said of them."""
    title = made(
        delayedFrom="2026-09-14T00:00:00Z",
        delayedUntil="2026-10-19T00:00:00Z",
        delayedDesc="a broadcast of sports",
        dubDelayedUntil="2026-11-01T00:00:00Z",
    )
    assert title.delays == (
        Delay("raw", "2026-09-14T00:00:00Z", "2026-10-19T00:00:00Z", "a broadcast of sports"),
        Delay("dub", None, "2026-11-01T00:00:00Z"),
    )


def test_both_forms_of_links_are_read() -> None:
    """The list of streams and a key for each platform, with or without scheme; nonsense is left out."""
    sites = {
        "mal": "myanimelist.net/anime/1",
        "netflix": "www.netflix.com/title/2",
        "streams": [{"platform": "hulu", "url": "www.hulu.com/x", "name": "Hulu"}, {"url": "not an address"}],
    }
    links = made(websites=sites).links
    assert [(link.url, link.site) for link in links if link.kind is LinkKind.STREAMING] == [
        ("https://www.netflix.com/title/2", "netflix"),
        ("https://www.hulu.com/x", "Hulu"),
    ]


def test_a_link_to_kitsus_lost_domain_leads_to_the_new_one() -> None:
    """kitsu.io is gone since 2024; what only ends alike stays."""
    links = made(
        websites={"mal": "myanimelist.net/anime/1", "kitsu": "kitsu.io/anime/1", "official": "kitsu.io.example"}
    )
    assert {link.url for link in links.links} >= {"https://kitsu.app/anime/1", "https://kitsu.io.example"}


def test_a_calendar_that_was_told_another_number_is_a_finding() -> None:
    """Nothing is invented of it, and nothing lost; the placeholder says nothing."""
    told = {"overrideDate": "2026-01-10T15:30:00Z", "overrideEpisode": 7, "episodesAired": 6}
    nothing = {"overrideDate": "0001-01-01T00:00:00Z", "overrideEpisode": 0, "episodesAired": 0}
    odd = made(dubEpisodeOverride=told, episodeOverride=nothing)
    [finding] = odd.findings
    assert finding.code == "episode_override"
    assert "the dub calendar goes on with episode 7 from 2026-01-10T15:30:00Z on" in finding.message


def test_country_in_the_type_tells_the_native_language() -> None:
    """A Chinese series has a Chinese native title."""
    title = made(mediaTypes=[{"name": "ONA (Chinese)"}], names={"native": "山", "romaji": "Shan", "abbreviation": "S"})
    assert (title.type, title.country) == (TitleType.ONA, "CN")
    assert [(one.text, one.language) for one in title.titles if one.kind is TitleKind.OFFICIAL] == [
        ("Shan", "zh-Latn"),
        ("山", "zh"),
    ]


def test_unknown_words_become_drift_and_doubt_a_finding() -> None:
    """New words are counted; of several sources the first is kept and the doubt reported."""
    title = made(
        status="Dreaming",
        mediaTypes=[{"name": "Hologram (Martian)"}],
        sources=[{"name": "Manga"}, {"name": "Novel"}],
        relations={"cousins": ["b"], "sequels": None},
        premier="someday",
        month="Smarch",
    )
    assert {one.field for one in title.drift} == {"status", "mediaTypes", "relations", "month"}
    assert title.source_material is SourceMaterial.MANGA
    assert (title.relations[0].kind, title.relations[0].kind_text) == (None, "cousins")
    assert {one.code for one in title.findings} == {"several_sources", "impossible_date"}


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"title":"A"}', orjson.dumps(record(2)), b'{"route":"a","title":"A"}']
)
def test_a_record_of_another_shape_or_title_is_broken(body: bytes) -> None:
    """The error names platform, part and id."""
    with pytest.raises(Broken, match="animeschedule: part 'anime' of 'mal:1'"):
        ADAPTER.convert("mal:1", {"anime": body})
    with pytest.raises(Broken, match="never had"):
        ADAPTER.convert("mal:1", {})


def test_a_page_without_a_list_is_broken() -> None:
    """A changed shape is parked, not read as "nothing found"."""
    (request,) = plan("mal:1")
    with pytest.raises(Broken):
        ADAPTER.parse_answer(request, answer(b'{"anime":{"1":{}}}'))


def test_nulls_everywhere_say_nothing() -> None:
    """A record of nulls is a title with a name."""
    keys = ("premier", "season", "genres", "studios", "sources", "mediaTypes", "stats", "names", "relations", "status")
    title = made(**dict.fromkeys((*keys, "episodes", "lengthMin", "description", "imageVersionRoute")))
    assert [one.text for one in title.titles] == ["A Title"]
    assert title.identifiers[1] == ForeignId(Site.MAL, "1")
    assert title.drift == title.findings == title.labels == ()
