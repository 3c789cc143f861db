"""Anime-Planet: what is asked, what an answer means, and pages in our terms."""

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.canonical import dump_json, load_json
from pipeline.domain.exchange import Answer, Wanted
from pipeline.domain.names import (
    AiringStatus,
    CharacterRole,
    LabelKind,
    RelationKind,
    Season,
    Site,
    SourceMaterial,
    TitleType,
)
from pipeline.domain.source_title import ForeignId, PartialDate, SourceTitle
from pipeline.errors import Blocked, Broken, EntryGone, Throttled, Transient
from pipeline.platforms.anime_planet import AnimePlanetAdapter
from pipeline.platforms.anime_planet._people import given_family, image_url
from pipeline.platforms.anime_planet.requests import slug_of

ADAPTER = AnimePlanetAdapter()
HOST = "https://www.anime-planet.com"


def page_of(linked: object = None, body: str = "", entry: str = "") -> bytes:
    script = "" if linked is None else f'<script type="application/ld+json">{json.dumps(linked)}</script>'
    return (
        f"<!DOCTYPE html><html><head>{script}</head><body><h1 itemprop='name'>Shown</h1>{body}"
        f"<section id='entry'>{entry}</section></body></html>"
    ).encode()


def linked(**fields: object) -> dict:
    return {"@type": "TVSeries", "name": "Synthetic", **fields}


def convert(page: bytes, **parts: bytes) -> SourceTitle:
    return ADAPTER.convert("syn", {"page": page, **parts})


def answer(body: bytes, status: int = 200, url: str = f"{HOST}/anime/syn") -> Answer:
    return Answer(status, {}, body, url)


def recorded(recordings: Path, slug: str) -> SourceTitle:
    return ADAPTER.convert(slug, {"page": (recordings / "anime_planet/anime" / f"{slug}.html").read_bytes()})


def test_every_recorded_page_converts_without_drift(recordings) -> None:
    """All recorded pages become a SourceTitle that survives writing and reading; no image carries a version."""
    files = sorted((recordings / "anime_planet/anime").glob("*.html"))
    assert len(files) > 25
    for path in files:
        title = ADAPTER.convert(path.name.split(".")[0], {"page": path.read_bytes()})
        assert load_json(SourceTitle, dump_json(SourceTitle, title)) == title
        assert title.drift == (), path
        assert title.titles
        assert all("?t=" not in image.url and image.url.startswith("https://cdn.") for image in title.images)


def test_a_long_running_series(recordings) -> None:
    """Detective Conan: no total, no end, hundreds of people, quickly."""
    begun = time.process_time()
    title = recorded(recordings, "detective-conan")
    assert time.process_time() - begun < 10.0  # far more than it takes
    assert (title.type, title.start, title.end) == (TitleType.TV, PartialDate(1996, 1, 8), None)
    assert (title.season, title.season_year, title.episode_count) == (Season.WINTER, 1996, None)
    assert [company.name for company in title.companies] == ["V1 Studio", "TMS Entertainment"]
    assert {name.text for name in title.titles} == {"Detective Conan", "Case Closed", "Meitantei Conan"}
    assert (title.statistics.rank, title.statistics.scored_by, title.statistics.score_max) == (1014, 12681, 5)
    assert len(title.characters) == 68
    assert "episodes_so_far" in {finding.code for finding in title.findings}


def test_fullmetal_alchemist_brotherhood(recordings) -> None:
    """Hand-checked facts: counts, warnings apart from tags, relations, people."""
    title = recorded(recordings, "fullmetal-alchemist-brotherhood")
    assert (title.episode_count, title.start, title.end) == (64, PartialDate(2009, 4, 5), PartialDate(2010, 7, 4))
    assert (title.statistics.score, title.statistics.rank, title.statistics.members) == (4.571, 5, 213507)
    assert len([label for label in title.labels if label.kind is LabelKind.WARNING]) == 4
    assert [label.name for label in title.labels if label.kind is LabelKind.DEMOGRAPHIC] == ["Shounen"]
    assert title.source_material is SourceMaterial.MANGA
    specials = title.relations[0]
    assert (specials.kind, specials.target_year) == (RelationKind.SIDE_STORY, 2009)
    assert specials.target_ids == (ForeignId(Site.ANIME_PLANET, "fullmetal-alchemist-brotherhood-specials"),)
    assert {relation.target_type for relation in title.relations} == {"anime", "manga"}
    edward = next(one for one in title.characters if one.id == "edward-elric")
    assert (edward.name, edward.voice_actors[0].language) == ("Edward Elric", "ja")
    assert ("Yasuhiro Irie", "Director") in {(credit.name, credit.role) for credit in title.staff}
    assert len(title.characters) == 41


def test_a_short_film(recordings) -> None:
    """A bare year, one episode of 13 minutes, a native alternative title."""
    title = recorded(recordings, "ahiru-rikusentai")
    assert (title.type, title.start, title.episode_duration_s) == (TitleType.MOVIE, PartialDate(1940), 13 * 60)
    assert (title.episode_count, len(title.titles)) == (1, 3)


def test_an_announced_title_has_no_claims_it_does_not_make(recordings) -> None:
    """TBA is upcoming; no score, no dates, no type we could name."""
    title = recorded(recordings, "world-end-economica")
    assert (title.status, title.type, title.start) == (AiringStatus.UPCOMING, None, None)
    assert (title.statistics.score, title.statistics.members) == (None, 267)


CAST = b"""<html><body>
<h3 class="sub">Main Characters</h3><table><tr>
 <td><a href="/characters/ann-lee"><img src="/inc/img/x.svg" data-src="https://cdn.example.org/ann.jpg?t=12"></a></td>
 <td><a class="name" href="/characters/ann-lee">Ann LEE</a>
  <div class="tags"><a href="/characters/tags/pirates">Pirates</a></div></td>
 <td class="tableActors"><div class="flag flagJP">jp. <a href="/people/mei-ono">Mei ONO</a></div>
  <div class="flag flagUS"><a href="/people/jo-doe">Jo DOE</a>, <a href="/people/al-roe">Al ROE</a></div>
  <div class="flag flagQQ"><a href="/people/xi-yo">Xi YO</a></div></td></tr></table>
<h3 class="sub">Secondary Characters</h3><table><tr><td><a href="/characters/bo">Bo</a></td></tr></table>
<h3 class="sub">Minor Characters</h3><table><tr><td><a href="/characters/cy">Cy</a></td></tr></table>
</body></html>"""


def test_the_cast_page_tells_roles_traits_and_actors_by_flag() -> None:
    """Roles by heading, languages by flag, an unknown flag is drift; who only the title's page names is added."""
    people = [{"@type": "Person", "name": "Dee DUM", "url": f"{HOST}/characters/dee-dum"}]
    actors = [
        {"name": name, "url": f"{HOST}/people/{slug}"}
        for name, slug in (("Mei ONO", "mei-ono"), ("Zed ZAP", "zed-zap"))
    ]
    title = convert(page_of(linked(character=people, actor=actors)), characters=CAST)
    assert [(one.id, one.role) for one in title.characters] == [
        ("ann-lee", CharacterRole.MAIN),
        ("bo", CharacterRole.SUPPORTING),
        ("cy", CharacterRole.BACKGROUND),
        ("dee-dum", CharacterRole.UNKNOWN),
    ]
    ann = title.characters[0]
    assert (ann.name, ann.traits, ann.image_url) == ("Ann Lee", ("Pirates",), "https://cdn.example.org/ann.jpg")
    assert [(actor.id, actor.language) for actor in ann.voice_actors] == [
        ("mei-ono", "ja"),
        ("jo-doe", "en"),
        ("al-roe", "en"),
        ("xi-yo", None),
    ]
    assert [drift.value for drift in title.drift] == ["QQ"]
    assert [(credit.id, credit.role) for credit in title.staff] == [("zed-zap", "Voice Actor")]


def test_json_ld_goes_before_the_page_and_the_page_fills_in() -> None:
    """The name comes from JSON-LD; without it the page's heading and years stand in, and that is noted."""
    shown = "<span class='type'>Web (3 eps x 5 min)</span><span class='iconYear'>2026 - 2027</span>"
    bar = f"<section class='entryBar'><div>{shown}</div></section>"
    with_ld, without = convert(page_of(linked(), bar)), convert(page_of(None, bar))
    assert (with_ld.titles[0].text, without.titles[0].text) == ("Synthetic", "Shown")
    assert (without.type, without.episode_count, without.episode_duration_s) == (TitleType.ONA, 3, 300)
    assert (without.start, without.end) == (PartialDate(2026), PartialDate(2027))
    assert [finding.code for finding in without.findings] == ["no_json_ld"]


def test_odd_values_are_drift_or_findings() -> None:
    """An unknown type and relation, an impossible date: kept aside, their fields open."""
    bar = "<section class='entryBar'><span class='type'>Hologram (2 eps)</span></section>"
    rival = "<p class='RelatedEntry__name'>X</p><span class='RelatedEntry__subtitle'>Rival</span>"
    related = f"<a class='RelatedEntry' href='/anime/x'>{rival}</a>"
    title = convert(page_of(linked(startDate="2026-02-31"), bar, related))
    assert (title.type, title.start, title.relations[0].kind, title.relations[0].kind_text) == (
        None,
        None,
        None,
        "Rival",
    )
    assert {drift.value for drift in title.drift} == {"Hologram", "Rival"}
    assert [finding.code for finding in title.findings] == ["impossible_date"]


@pytest.mark.parametrize(
    ("shown", "name"),
    [
        ("Yasuhiro IRIE", "Yasuhiro Irie"),
        ("Shaun O'BRIEN-LEE", "Shaun O'Brien-Lee"),
        ("Solf J. KIMBLEE", "Solf J. Kimblee"),
        ("FLOW", "FLOW"),
        ("ASIAN KUNG-FU GENERATION", "ASIAN KUNG-FU GENERATION"),
        ("Monkey D. LUFFY", "Monkey D. Luffy"),
        ("Scar", "Scar"),
    ],
)
def test_names_are_given_family(shown: str, name: str) -> None:
    """The family name's capitals are the site's typography; all-capital names are names."""
    assert given_family(shown) == name


def test_image_addresses_lose_version_and_doubled_host() -> None:
    """One image has one address; placeholders are no images."""
    assert image_url(f"{HOST}https://cdn.example.org/a.jpg?t=5") == "https://cdn.example.org/a.jpg"
    assert image_url("/inc/img/card-load.svg") is None


def test_first_the_page_then_the_cast() -> None:
    """The second request waits for the first, and follows a slug that has moved; then nothing is left."""
    (first,) = ADAPTER.plan_requests([Wanted("old-name")])
    assert (first.method, first.path, first.kind) == ("GET", "/anime/old-name", "page")
    page = page_of(linked())
    reading = ADAPTER.parse_answer(first, answer(page, url=f"{HOST}/anime/new-name"))
    parts = {part.kind: part.body for part in reading.parts["old-name"]}
    (second,) = ADAPTER.plan_requests([Wanted("old-name", parts=parts)])
    assert (second.path, second.ids) == ("/anime/new-name/characters", ("old-name",))
    assert ADAPTER.plan_requests([Wanted("old-name", parts={**parts, "characters": b""})]) == ()
    title = ADAPTER.convert("old-name", parts)
    assert title.identifiers[0] == ForeignId(Site.ANIME_PLANET, "new-name")
    assert [finding.code for finding in title.findings] == ["slug_changed"]


def test_slugs_are_quoted_and_found_again() -> None:
    """A slug cannot break out of the path."""
    (request,) = ADAPTER.plan_requests([Wanted("a/b?c")])
    assert request.path == "/anime/a%2Fb%3Fc"
    assert slug_of(f"{HOST}/anime/cowboy-bebop/characters") == "cowboy-bebop"
    assert slug_of(f"{HOST}/anime/all?name=komi-san") is None
    assert slug_of(f"{HOST}/manga/x") is None


def test_a_missing_slug_is_gone_although_the_status_is_200(recordings) -> None:
    """The search page stands in for a title that does not exist; for the cast it means nobody is listed."""
    body = (recordings / "anime_planet/search/komi-san-no-exact-match.html").read_bytes()
    (page,) = ADAPTER.plan_requests([Wanted("komi-san")])
    (cast,) = ADAPTER.plan_requests([Wanted("komi-san", parts={"page": b"x"})])
    found = answer(body, url=f"{HOST}/anime/all?name=komi-san")
    with pytest.raises(EntryGone):
        ADAPTER.check_answer(page, found)
    ADAPTER.check_answer(cast, found)
    assert ADAPTER.parse_answer(cast, found).parts["komi-san"][0].body == b""


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (429, b"", Throttled),
        (404, b"<html></html>", EntryGone),
        (403, b"<html>no</html>", Blocked),
        (503, b"<html>down</html>", Transient),
        (500, b"", Transient),
        (200, b"", Transient),
        (200, b'{"a": 1}', Transient),
        (200, b"<html><body>cut", Transient),
        (302, b"", Broken),
        (200, b"<html><title>Just a moment...</title></html>", Blocked),
    ],
)
def test_every_answer_raises_what_to_do(status: int, body: bytes, error: type[Exception]) -> None:
    """Status and body together decide."""
    (request,) = ADAPTER.plan_requests([Wanted("syn")])
    with pytest.raises(error):
        ADAPTER.check_answer(request, answer(body, status))


@pytest.mark.parametrize("body", [b"", b" ", b"{}", b"<html><body><h1>Other</h1></body></html>", b"\x00\xff"])
def test_a_page_that_is_not_of_a_title_is_broken(body: bytes) -> None:
    """The error names platform, part and id."""
    with pytest.raises(Broken, match=r"anime_planet.*page.*syn"):
        convert(body)


def test_a_missing_page_is_broken() -> None:
    """A cast alone is nothing."""
    with pytest.raises(Broken, match="page"):
        ADAPTER.convert("syn", {"characters": CAST})


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab-1 ", max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "url", "x"]), inner, max_size=3)
    ),
    max_leaves=5,
)
FIELDS = st.sampled_from(
    ["alternateName", "description", "image", "startDate", "endDate", "datePublished", "numberOfEpisodes", "genre"]
)
PEOPLE = st.sampled_from(["actor", "director", "musicBy", "character", "aggregateRating", "url"])


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(FIELDS | PEOPLE, JUNK))
def test_conversion_is_total_over_odd_json_ld(fields: dict) -> None:
    """Whatever stands in JSON-LD, conversion gives a title and never raises."""
    assert convert(page_of(linked(**fields))).id == "syn"


def test_a_name_cloudflare_took_for_a_mail_address_is_what_a_browser_shows(recordings: Path) -> None:
    """Everywhere on the page; the letters stand in the element itself, each changed by the first byte."""
    title = recorded(recordings, "the-idolmaster-million-live")
    assert title.titles[0].text == "The iDOLM@STER Million Live!"
    assert {relation.target_title for relation in title.relations} >= {"The iDOLM@STER", "VOY@GER"}
    assert b"protected" not in dump_json(SourceTitle, title)


@pytest.mark.parametrize("code", ["", "zz", "29", "29ff"])
def test_a_name_that_stays_hidden_is_none(code: str) -> None:
    """It is said to be missing; what stands in for it is no name."""
    hidden = f'<h1 itemprop="name">The <a data-cfemail="{code}">[email&#160;protected]</a></h1>'
    title = convert(f"<html><body>{hidden}<section id='entry'></section></body></html>".encode())
    assert title.titles == ()
    assert "title_hidden" in {finding.code for finding in title.findings}
