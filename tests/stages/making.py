"""Stage inputs made by hand and by chance."""

from hypothesis import strategies as st

from pipeline.domain.aligned import Alignment
from pipeline.domain.names import (
    AgeRating,
    AiringStatus,
    ImageRole,
    LabelKind,
    LinkKind,
    RelationKind,
    Season,
    Site,
    Source,
    SourceMaterial,
    TitleKind,
    TitleType,
)
from pipeline.domain.source_title import (
    ForeignId,
    Image,
    Label,
    Link,
    PartialDate,
    Ranking,
    Relation,
    Song,
    SourceTitle,
    Statistics,
    Text,
    TitleName,
    Trailer,
)
from pipeline.domain.title import CatalogueRow, StageInput, Title

OWN = "11111111-1111-5111-8111-111111111111"
ROW = CatalogueRow(sources=(), title="")
MAL, ANILIST, KITSU, ANIDB = Source.MAL, Source.ANILIST, Source.KITSU, Source.ANIDB
PLANET, SCHEDULE, CATALOGUE = Source.ANIME_PLANET, Source.ANIMESCHEDULE, Source.CATALOGUE


def given_sources(*sources, row=ROW, known=None, ids=None):
    """Inputs of one title."""
    return StageInput(Title(OWN, row, ids or {}), tuple(sources), Alignment(), known or {})


def said(source, id_="1", **fields):
    """One platform's word."""
    return SourceTitle(source, id_, **fields)


def optional(strategy):
    return st.none() | strategy


WORDS = st.text(max_size=12) | st.sampled_from(["Sora", "sora ", "SORA", "空", "\u202eabc", "a\u200bb", "(x)", "0"])
URLS = WORDS | st.sampled_from(
    ["https://a.org/x.jpg?s=1", "http://A.org/x.jpg", "https://a.org/y", "http://[", "javascript:1", "a.org/x"]
)
IDS = st.sampled_from(["1", "2", "3", "0", ""])
DATES = st.builds(PartialDate, st.integers(1990, 1992), optional(st.integers(1, 12)), st.none()) | st.builds(
    PartialDate, st.integers(1990, 1992), st.integers(1, 12), st.integers(1, 28)
)
NUMBERS = optional(st.integers(-5, 10_000))
SCORES = optional(st.floats(-1, 11) | st.just(float("nan")))
LABELS = st.builds(
    Label,
    st.sampled_from(["Drama", "Idol", "Idols (Female)", "Gore", "Seinen", "Boxing", "odd", ""]) | WORDS,
    st.sampled_from(LabelKind),
    st.floats(0, 1),
)
RELATIONS = st.builds(
    Relation,
    optional(st.sampled_from(RelationKind)),
    WORDS,
    optional(st.sampled_from(["anime", "manga"])),
    st.lists(st.builds(ForeignId, st.sampled_from([Site.MAL, Site.ANILIST, "bgm"]), IDS), max_size=2).map(tuple),
    optional(WORDS),
    optional(st.sampled_from(["TV", "MOVIE", "TV Series"])),
    optional(st.integers(1990, 1992)),
    optional(URLS),
)
STATISTICS = st.builds(
    Statistics,
    SCORES,
    st.sampled_from([10.0, 100.0, 5.0, 0.0]),
    NUMBERS,
    NUMBERS,
    NUMBERS,
    NUMBERS,
    NUMBERS,
    rankings=st.lists(st.builds(Ranking, WORDS, st.integers(1, 9)), max_size=1).map(tuple),
)


def some(strategy, size=3):
    return st.lists(strategy, max_size=size).map(tuple)


SOURCES = st.builds(
    SourceTitle,
    st.sampled_from([MAL, ANILIST, KITSU, ANIDB, PLANET, SCHEDULE]),
    IDS,
    titles=some(
        st.builds(TitleName, WORDS, st.sampled_from(TitleKind), st.sampled_from([None, "ja-Latn", "ja", "en"]))
    ),
    synopses=some(st.builds(Text, WORDS, st.sampled_from([None, "en", "fr"]))),
    background=optional(WORDS),
    type=optional(st.sampled_from(TitleType)),
    status=optional(st.sampled_from(AiringStatus)),
    source_material=optional(st.sampled_from(SourceMaterial)),
    age_rating=optional(st.sampled_from(AgeRating)),
    is_adult=optional(st.booleans()),
    season=optional(st.sampled_from(Season)),
    season_year=optional(st.integers(1990, 1992)),
    start=optional(DATES),
    end=optional(DATES),
    labels=some(LABELS, 5),
    statistics=optional(STATISTICS),
    images=some(st.builds(Image, URLS, st.sampled_from(ImageRole), optional(WORDS), NUMBERS, NUMBERS)),
    trailers=some(st.builds(Trailer, WORDS, IDS, URLS, optional(WORDS))),
    songs=some(
        st.builds(Song, st.sampled_from(["opening", "ending", "insert"]), NUMBERS, WORDS, artist=optional(WORDS))
    ),
    relations=some(RELATIONS),
    links=some(st.builds(Link, URLS, WORDS, st.sampled_from(LinkKind), regions=some(WORDS, 2))),
    hashtags=some(WORDS),
)
ROWS = st.builds(
    CatalogueRow,
    st.just(()),
    WORDS,
    type=st.sampled_from(TitleType),
    season=optional(st.sampled_from(Season)),
    year=optional(st.integers(1990, 1992)),
    picture=optional(URLS),
    score=optional(st.floats(1, 10)),
    synonyms=some(WORDS),
    related_anime=some(st.sampled_from(["https://myanimelist.net/anime/2", "https://anilist.co/anime/1", "odd"])),
    tags=some(WORDS),
)
INPUTS = st.builds(
    lambda sources, row, known: given_sources(*sources, row=row, known=known, ids={Site.MAL: ("1",)}),
    st.lists(SOURCES, max_size=5),
    ROWS,
    st.dictionaries(st.sampled_from(["mal:1", "mal:2", "anilist:1", "anilist:2"]), st.sampled_from([OWN, "other"])),
)
