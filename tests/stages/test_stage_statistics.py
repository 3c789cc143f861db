"""Stage 4: figures apart, one derived score, everything else once."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.domain.canonical import dump_json
from pipeline.domain.drafts import StatisticsDraft
from pipeline.domain.names import ImageRole, LinkKind
from pipeline.domain.source_title import Image, Link, Song, Statistics, Trailer
from pipeline.stages import STAGES, addresses, statistics
from pipeline.stages.addresses import parse_address

from .making import ANIDB, ANILIST, CATALOGUE, INPUTS, KITSU, MAL, PLANET, ROW, given_sources, said


def decide(*sources, **more):
    return statistics.decide(given_sources(*sources, **more))


def figures(score, votes=None, scale=10.0, **more):
    return Statistics(score=score, scored_by=votes, score_max=scale, **more)


def cover(url, width=None, height=None, size=None, role=ImageRole.COVER):
    return Image(url, role, size, width, height)


def link(url, kind=LinkKind.STREAMING, site="Lamp TV", **more):
    return Link(url, site, kind, **more)


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(INPUTS, st.randoms())
def test_the_draft_does_not_depend_on_the_order_of_the_sources(inputs, random):
    first = statistics.decide(inputs)
    shuffled = list(inputs.sources)
    random.shuffle(shuffled)
    assert dump_json(StatisticsDraft, first) == dump_json(
        StatisticsDraft, statistics.decide(replace(inputs, sources=tuple(shuffled)))
    )


def test_the_table_of_stages_has_all_six_in_order_and_reaches_this_one():
    assert list(STAGES) == ["metadata", "episodes", "relations", "statistics", "characters", "staff"]
    assert STAGES["statistics"].version == statistics.VERSION
    assert isinstance(STAGES["statistics"].decide(given_sources()), StatisticsDraft)


# ---- figures


@pytest.mark.parametrize(
    ("score", "scale", "normalized"),
    [(8.71, 10.0, 8.71), (86, 100.0, 8.6), (4.3, 5.0, 8.6), (0, 10.0, 0.0), (None, 10.0, None)],
)
def test_scores_stand_on_their_own_scale_and_on_ten(score, scale, normalized):
    kept = decide(said(MAL, statistics=figures(score, 5, scale))).statistics.value[MAL]
    assert (kept.score, kept.score_max, kept.score_normalized) == (score, scale, normalized)


def test_the_combined_score_is_the_bayesian_mean_by_votes():
    draft = decide(
        said(MAL, statistics=figures(8.0, 300)),
        said(ANILIST, statistics=figures(90, 100, 100.0)),
        said(KITSU, statistics=figures(10, None, 100.0)),
    )
    assert draft.score.value == pytest.approx((7.0 * 100 + 8.0 * 300 + 9.0 * 100) / 500)
    assert draft.score.sources == (ANILIST, MAL)
    assert draft.score.evidence == ("derived:prior=7x100", "votes:known")


def test_without_any_votes_the_platforms_count_like_the_prior():
    draft = decide(said(KITSU, statistics=figures(90, None, 100.0)), row=replace(ROW, score=2.0))
    assert draft.score.value == 8.0
    assert draft.score.confidence == 0.5
    assert draft.score.sources == (KITSU,)


def test_the_catalogues_mean_counts_only_alone():
    draft = decide(row=replace(ROW, score=9.0))
    assert draft.score.value == 8.0
    assert draft.statistics.value[CATALOGUE].score == 9.0


@pytest.mark.parametrize(
    "wrong",
    [
        figures(11.0),
        figures(-1.0),
        figures(float("nan")),
        figures(float("inf")),
        figures(5.0, scale=0.0),
        figures(None, -1),
        figures(None, rank=0),
        figures(None, popularity_rank=0),
        figures(None, members=-3),
    ],
)
def test_an_impossible_figure_is_left_out_with_a_finding(wrong):
    draft = decide(said(MAL, statistics=wrong))
    assert [finding.code for finding in draft.findings] == ["impossible_figure"]
    kept = draft.statistics.value[MAL]
    assert (kept.score, kept.scored_by, kept.rank, kept.popularity_rank, kept.members) == (None,) * 5


def test_an_answer_without_figures_is_no_word_on_them():
    """A list of characters comes without any; its platform does not stand there with nothing but its scale."""
    draft = decide(
        said(MAL, statistics=Statistics(score_max=10.0)), said(KITSU, statistics=Statistics(score_max=100.0))
    )
    assert (draft.statistics.value, draft.statistics.sources, draft.score.value) == ({}, (), None)
    assert list(decide(said(MAL, statistics=Statistics(favorites=0))).statistics.value) == [MAL]


def test_of_two_entries_on_one_platform_the_one_with_most_people_speaks():
    draft = decide(said(MAL, "1", statistics=figures(5.0, 10)), said(MAL, "2", statistics=figures(8.0, 900)))
    assert draft.statistics.value[MAL].scored_by == 900
    assert [finding.code for finding in draft.findings] == ["several_statistics"]


def test_places_and_people_are_never_mixed_and_distributions_are_kept():
    kept = decide(
        said(
            ANILIST,
            statistics=Statistics(
                rank=3,
                popularity_rank=4,
                members=5,
                favorites=6,
                status_distribution=(("DROPPED", 7),),
                score_distribution=((10.0, 8), (7.5, 9)),
            ),
        )
    ).statistics.value[ANILIST]
    assert (kept.rank, kept.popularity_rank, kept.members, kept.favorites) == (3, 4, 5, 6)
    assert kept.status_distribution == {"DROPPED": 7}
    assert kept.score_distribution == {"10": 8, "7.5": 9}


def test_what_nobody_can_say_stays_open():
    draft = decide()
    assert draft.awards.value is None
    assert draft.popularity_trends.value is None
    assert draft.score.value is None


# ---- pictures and videos


def test_pictures_are_one_per_path_without_query_largest_first():
    draft = decide(
        said(ANIDB, images=(cover("http://cdn.org/a.jpg?s=1", size="small"),)),
        said(KITSU, images=(cover("https://CDN.org/a.jpg", 100, 100), cover("https://k.org/b.jpg", 300, 300))),
        said(MAL, images=(cover("https://m.org/c.jpg", size="large"), cover("https://m.org/d.jpg", size="small"))),
    )
    urls = [image.url for image in draft.images.value["cover"]]
    assert urls == ["https://m.org/c.jpg", "https://k.org/b.jpg", "https://m.org/d.jpg", "https://cdn.org/a.jpg"]
    assert draft.images.sources == (ANIDB, KITSU, MAL)


def test_a_large_picture_nobody_measured_stands_before_a_measured_tiny_one():
    """Kitsu counts the pixels of all sizes but the original, which is the largest."""
    draft = decide(
        said(
            KITSU,
            images=(
                cover("https://k.org/tiny.jpg", 110, 156, size="tiny"),
                cover("https://k.org/o.jpg", size="original"),
            ),
        ),
        said(
            ANILIST,
            images=(cover("https://a.org/m.jpg", size="medium"), cover("https://a.org/x.jpg", size="extraLarge")),
        ),
    )
    urls = [image.url for image in draft.images.value["cover"]]
    assert urls == ["https://k.org/o.jpg", "https://a.org/x.jpg", "https://a.org/m.jpg", "https://k.org/tiny.jpg"]


def test_videos_stand_in_their_platforms_order_what_several_show_first():
    """By id a characters' video would stand before the trailer."""
    mal = [Trailer("youtube", id_, f"https://y/{id_}") for id_ in ("main", "pv", "character")]
    draft = decide(
        said(MAL, trailers=tuple(mal)), said(KITSU, trailers=(Trailer("youtube", "zz", "https://y/zz"), mal[1]))
    )
    assert [trailer.id for trailer in draft.trailers.value] == ["pv", "main", "zz", "character"]


def test_pictures_stand_by_role_with_the_catalogues():
    row = replace(ROW, picture="https://c.org/p.jpg", thumbnail="https://c.org/t.jpg")
    draft = decide(said(ANILIST, images=(cover("https://a.org/b.jpg", role=ImageRole.BANNER),)), row=row)
    assert {role: len(images) for role, images in draft.images.value.items()} == {
        "banner": 1,
        "cover": 1,
        "thumbnail": 1,
    }


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "javascript://a.org/x",
        "ftp://a.org/x",
        "http://[",
        "",
        "file:///etc/passwd",
        "not an address",
    ],
)
def test_what_is_no_web_address_is_left_out_with_a_finding(url):
    draft = decide(said(MAL, images=(cover(url),), links=(link(url),)))
    assert draft.images.value == {}
    assert draft.streaming_info.value == []
    assert [finding.code for finding in draft.findings] == ["bad_address"] * 2


@pytest.mark.parametrize(
    ("first", "second", "is_same"),
    [
        ("http://www.a.org/x/", "https://a.org/x", True),
        ("https://a.org/x?utm_source=y", "https://a.org/x", True),
        ("https://a.org/watch?v=1", "https://a.org/watch?v=2", False),
        ("a.org/x", "https://a.org/x", True),
        ("https://a.org:8080/x", "https://a.org/x", False),
        ("https://a.org/X", "https://a.org/x", False),
    ],
)
def test_pages_are_the_same_by_what_they_address(first, second, is_same):
    keys = [address.page_key for url in (first, second) if (address := parse_address(url)) is not None]
    assert (keys[0] == keys[1]) is is_same


def test_videos_are_one_per_site_and_id_and_fill_each_other():
    draft = decide(
        said(MAL, trailers=(Trailer("YouTube", "abc", "https://y/1"),)),
        said(ANILIST, trailers=(Trailer("youtube", "abc", "https://y/2", thumbnail_url="https://t"),)),
        said(KITSU, trailers=(Trailer("youtube", "xyz", "https://y/3"),)),
    )
    assert [trailer.id for trailer in draft.trailers.value] == ["abc", "xyz"]
    assert draft.trailers.value[0].thumbnail_url == "https://t"


# ---- songs and links


def test_songs_merge_by_number_and_title_and_inserts_leave_a_finding():
    draft = decide(
        said(
            MAL,
            songs=(Song("opening", 2, "Lamp"), Song("opening", 1, "Oven", episodes="1-12"), Song("ending", 1, "Cat")),
        ),
        said(
            PLANET, songs=(Song("opening", 1, "OVEN", artist="The Bakers"), Song("opening", None, "lamp", artist="L"))
        ),
        said(ANIDB, songs=(Song("insert", None, "Stairs"),)),
    )
    assert [(song.number, song.title, song.artist, song.episodes) for song in draft.opening_themes.value] == [
        (1, "Oven", "The Bakers", "1-12"),
        (2, "Lamp", "L", None),
    ]
    assert [song.title for song in draft.ending_themes.value] == ["Cat"]
    assert [finding.code for finding in draft.findings] == ["song_without_place"]


def test_a_song_without_number_stays_alone_where_two_would_fit():
    songs = (Song("opening", 1, "Lamp"), Song("opening", 2, "Lamp"))
    draft = decide(said(MAL, songs=songs), said(PLANET, songs=(Song("opening", None, "Lamp"),)))
    assert [song.number for song in draft.opening_themes.value] == [1, 2, None]


def test_links_merge_by_address_and_a_place_to_watch_is_one_whoever_says_so():
    draft = decide(
        said(MAL, links=(link("http://lamp.tv/x", LinkKind.OFFICIAL, regions=("JP",)),)),
        said(PLANET, links=(link("https://www.lamp.tv/x/", subs=("en",), regions=("US",)),)),
        said(KITSU, links=(link("https://oven.org", LinkKind.OFFICIAL, "Oven"),)),
    )
    (watch,) = draft.streaming_info.value
    assert watch.url == "https://www.lamp.tv/x/"
    assert (watch.regions, watch.subs) == (("JP", "US"), ("en",))
    assert draft.streaming_licenses.value == ["Lamp TV"]
    assert [one.site for one in draft.external_links.value] == ["Oven"]
    assert draft.external_links.sources == (KITSU,)


def test_a_service_has_one_name_and_an_account_one_address():
    """Kitsu names hosts, AniList brands; handles know no capitals and a site may have moved."""
    first = [link("https://tubitv.com/a", site="Tubi TV"), link("https://x.com/Lamp", LinkKind.SOCIAL, "x.com")]
    second = [
        link("https://tubitv.com/b", site="tubitv.com"),
        link("https://twitter.com/lamp", LinkKind.SOCIAL, "Twitter"),
    ]
    draft = decide(said(ANILIST, links=tuple(first)), said(KITSU, links=tuple(second)))
    assert draft.streaming_licenses.value == ["Tubi TV"]
    assert [one.site for one in draft.streaming_info.value] == ["Tubi TV", "Tubi TV"]
    assert [one.site for one in draft.external_links.value] == ["Twitter"]


def test_a_page_is_one_whichever_way_its_id_is_written():
    """AniDB has two addresses for one anime."""
    old = link("https://anidb.net/perl-bin/animedb.pl?show=anime&aid=23", LinkKind.DATABASE, "AniDB")
    new = link("https://anidb.net/anime/23", LinkKind.DATABASE, "AniDB")
    assert len(decide(said(MAL, links=(old,)), said(ANILIST, links=(new,))).external_links.value) == 1


def test_a_picture_on_both_hosts_of_a_site_is_one():
    """MyAnimeList serves its pictures under two names."""
    draft = decide(
        said(
            MAL,
            images=(cover("https://myanimelist.net/images/1.jpg"), cover("https://cdn.myanimelist.net/images/1.jpg")),
        )
    )
    assert len(draft.images.value["cover"]) == 1


def test_a_distribution_of_scores_tells_the_votes():
    """AniList says how many gave each score instead of how many there are."""
    spread = figures(80.0, None, 100.0, score_distribution=((70.0, 400), (90.0, 600)))
    draft = decide(said(ANILIST, statistics=spread), said(MAL, statistics=figures(9.0, 1_000)))
    assert draft.score.sources == (ANILIST, MAL)
    assert draft.score.value == pytest.approx((1_000 * 8.0 + 1_000 * 9.0 + 100 * 7.0) / 2_100, abs=1e-4)


PATHS = st.text(st.sampled_from("/aZ9.-_%;:@~é空\x00 "), max_size=8)
ADDRESSES = st.builds(
    "{}{}{}{}{}{}".format,
    st.sampled_from(["http://", "https://", "HTTPS://", "", "//", "ftp://"]),
    st.sampled_from(
        [
            "a.org",
            "www.a-b.co.jp",
            "A.org",
            "x.com",
            "a.org:80",
            "a.org:8080",
            "127.0.0.1:65000",
            "a.org:65536",
            "localhost",
            "u@a.org",
            "[a",
            "é.jp",
        ]
    ),
    PATHS.map(lambda path: path if path.startswith("/") else f"/{path}") | st.just(""),
    st.sampled_from(["", "?", "?a=1", "?a=1&utm_x=2", "?a=b=c&", "?é"]),
    st.sampled_from(["", "#", "#x", "#a?b#c"]),
    st.sampled_from(["", " ", "\n"]),
)


@given(ADDRESSES)
def test_a_plain_address_is_read_as_the_standard_library_reads_it(url):
    """The short way is taken only where both say the same."""
    assert parse_address(url) == addresses._take_apart(url.strip())
