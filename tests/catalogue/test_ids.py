"""Which URL is which site's id."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.catalogue import canonical_url, identify_url, ids_of, parse_id
from pipeline.domain.names import Site
from pipeline.domain.title import CatalogueRow
from pipeline.errors import BadInput

SHAPES = [
    ("https://myanimelist.net/anime/1", Site.MAL, "1"),
    ("https://myanimelist.net/anime/1/Cowboy_Bebop", Site.MAL, "1"),
    ("http://www.myanimelist.net/anime/1/", Site.MAL, "1"),
    ("https://myanimelist.net/anime.php?id=1&x=2", Site.MAL, "1"),
    ("HTTPS://MyAnimeList.NET/Anime/0001?utm_source=x#top", Site.MAL, "1"),
    ("myanimelist.net/anime/1", Site.MAL, "1"),
    ("//myanimelist.net/anime/1", Site.MAL, "1"),
    ("https://myanimelist.net:443/anime/1", Site.MAL, "1"),
    ("https://anilist.co/anime/21/ONE-PIECE/characters", Site.ANILIST, "21"),
    ("https://kitsu.app/anime/12", Site.KITSU, "12"),
    ("https://kitsu.io/anime/12", Site.KITSU, "12"),
    ("http://hummingbird.me/anime/12", Site.KITSU, "12"),
    ("https://kitsu.io/api/edge/anime/12", Site.KITSU, "12"),
    ("https://anidb.net/anime/69", Site.ANIDB, "69"),
    ("https://anidb.net/a69", Site.ANIDB, "69"),
    ("http://anidb.net/perl-bin/animedb.pl?show=anime&aid=69", Site.ANIDB, "69"),
    ("https://anime-planet.com/anime/Cowboy-Bebop", Site.ANIME_PLANET, "cowboy-bebop"),
    ("https://www.anime-planet.com/anime/cowboy-bebop/characters", Site.ANIME_PLANET, "cowboy-bebop"),
    ("https://anisearch.com/anime/1572,cowboy-bebop", Site.ANISEARCH, "1572"),
    ("https://www.anisearch.de/anime/1572", Site.ANISEARCH, "1572"),
    ("https://animenewsnetwork.com/encyclopedia/anime.php?id=13", Site.ANN, "13"),
    ("https://www.animenewsnetwork.cc/encyclopedia/anime.php?page=1&id=13", Site.ANN, "13"),
    ("https://livechart.me/anime/3418/", Site.LIVECHART, "3418"),
    ("https://simkl.com/anime/37089/cowboy-bebop", Site.SIMKL, "37089"),
    ("https://animecountdown.com/37089/cowboy-bebop", Site.ANIMECOUNTDOWN, "37089"),
    ("https://notify.moe/anime/Tk3ccKimg", Site.NOTIFY_MOE, "Tk3ccKimg"),
    ("https://animeschedule.net/anime/Cowboy-Bebop", Site.ANIMESCHEDULE, "cowboy-bebop"),
]


@pytest.mark.parametrize(("url", "site", "id_"), SHAPES)
def test_every_shape_a_site_uses_is_recognised(url, site, id_):
    """Legacy hosts, schemes, cases, slashes, names and query junk all lead to the same id."""
    assert identify_url(url) == (site, id_)
    assert identify_url(f"  {url} ") == (site, id_)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/anime/1",
        "https://evil-myanimelist.net/anime/1",
        "https://myanimelist.net.example.org/anime/1",
        "https://myanimelist.net/manga/1",
        "https://myanimelist.net/anime/season",
        "https://myanimelist.net/anime/0",
        "https://myanimelist.net/anime/१",
        "https://myanimelist.net/",
        "https://kitsu.io/anime/cowboy-bebop",
        "https://anidb.net/ch69",
        "https://anime-planet.com/anime/all?page=2",
        "https://anime-planet.com/anime/tags/action",
        "https://animenewsnetwork.com/encyclopedia/manga.php?id=13",
        "https://animenewsnetwork.com/encyclopedia/anime.php?id=",
        "ftp://myanimelist.net/anime/1",
        "https://[::1/anime/1",
        "",
        "mal:1",
    ],
)
def test_what_is_not_the_address_of_one_anime_gives_none(url):
    """Other hosts, other pages, lists and names that are not ids are never guessed."""
    assert identify_url(url) is None


@given(st.text(max_size=60))
def test_no_text_makes_identifying_fail(text):
    """Any text is either identified or not; nothing raises."""
    identify_url(text)
    identify_url(f"https://anidb.net/{text}")


@given(
    st.sampled_from(sorted(set(Site) - {Site.ANIME_PLANET, Site.ANIMESCHEDULE, Site.NOTIFY_MOE})), st.integers(1, 10**9)
)
def test_the_canonical_url_is_identified_again(site, number):
    """Writing an id as a URL and reading it gives the id."""
    assert identify_url(canonical_url(site, str(number))) == (site, str(number))


def test_users_may_write_ids_short_or_as_urls():
    """Short prefixes, full names and addresses mean the same."""
    assert (
        parse_id("mal:1")
        == parse_id(" MyAnimeList: 1")
        == parse_id("https://myanimelist.net/anime/1")
        == (Site.MAL, "1")
    )
    assert parse_id("ap:Cowboy-Bebop") == (Site.ANIME_PLANET, "cowboy-bebop")
    assert parse_id("anilist:21") == (Site.ANILIST, "21")


@pytest.mark.parametrize(
    "text", ["", "mal", "mal:", "mal:x", "mal:-1", "imdb:tt1", "https://example.org/anime/1", "ap:all"]
)
def test_what_is_no_id_is_refused_with_its_text(text):
    """The message quotes what was typed."""
    with pytest.raises(BadInput, match="id") as caught:
        parse_id(text)
    assert repr(text) in str(caught.value)


def test_a_row_may_carry_two_ids_of_one_site():
    """Order is kept, repeats in other spellings go, and what is unknown is told."""
    row = CatalogueRow(
        title="t",
        sources=(
            "https://myanimelist.net/anime/2",
            "https://example.org/1",
            "https://myanimelist.net/anime/1",
            "http://myanimelist.net/anime/2/x",
            "https://kitsu.io/anime/7",
            "https://example.org/1",
        ),
    )
    found = ids_of(row)
    assert dict(found.ids) == {Site.MAL: ("2", "1"), Site.KITSU: ("7",)}
    assert found.unknown == ("https://example.org/1",)
