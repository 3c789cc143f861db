"""Stage inputs with casts, staff and episodes, aligned for real; made by hand and by chance."""

from hypothesis import strategies as st

from pipeline.domain.names import CharacterRole, CompanyRole, EpisodeKind, LinkKind, Source, TitleKind
from pipeline.domain.source_title import (
    AiringSlot,
    Broadcast,
    Character,
    Company,
    Credit,
    Delay,
    Episode,
    Link,
    PartialDate,
    SourceTitle,
    Text,
    TitleName,
    VoiceActor,
)
from pipeline.domain.title import CatalogueRow, StageInput, Title
from pipeline.preprocess import align

ROW = CatalogueRow(sources=(), title="T")


def aligned(*sources, row=ROW):
    """Inputs of one title, its sources aligned as in a run."""
    return StageInput(Title("t", row, {}), tuple(sources), align(tuple(sources)), {})


def some(strategy, size=3):
    return st.lists(strategy, max_size=size).map(tuple)


TEXTS = st.sampled_from(
    [
        "",
        "Rin",
        "Tohsaka, Rin",
        "Rin Tohsaka",
        "?",
        "\u200b",
        "\u202eabc",
        "凛",
        "トオサカ",
        "a\nb",
        "עברית",
        "Sunrise Inc.",
    ]
) | st.text(max_size=8)
MAYBE = st.none() | TEXTS
IDS = st.sampled_from(["", "1", "2", "3"])
URLS = st.none() | st.sampled_from(["https://a.org/x.jpg?s=1", "http://a.org/x.jpg", "http://[", "x", ""])
NUMBERS = st.none() | st.integers(-3, 40)
CHARACTERS = st.builds(
    Character,
    IDS,
    TEXTS,
    st.sampled_from(CharacterRole),
    MAYBE,
    some(TEXTS),
    some(TEXTS),
    some(TEXTS),
    kind=st.sampled_from([None, "Character", "Mecha"]),
    age=MAYBE,
    traits=some(TEXTS),
    attributes=some(st.tuples(TEXTS, TEXTS)),
    description=MAYBE,
    spoilers=some(TEXTS),
    favorites=NUMBERS,
    image_url=URLS,
    voice_actors=some(st.builds(VoiceActor, TEXTS, st.sampled_from(["ja", "en", "de", None]), IDS, MAYBE, URLS)),
)
CREDITS = st.builds(
    Credit,
    TEXTS,
    st.sampled_from(["Director", "Key Animation", "Finishing", "Zzz", ""]) | TEXTS,
    IDS,
    MAYBE,
    MAYBE,
    URLS,
)
EPISODES = st.builds(
    Episode,
    NUMBERS,
    st.sampled_from(EpisodeKind),
    IDS,
    NUMBERS,
    NUMBERS,
    titles=some(st.builds(TitleName, TEXTS, st.sampled_from(TitleKind), st.sampled_from(["en", "ja", "fr", None]))),
    synopsis=st.none() | st.builds(Text, TEXTS, st.sampled_from(["en", "fr", None])),
    aired=st.none() | st.builds(PartialDate, st.integers(1, 3000), st.none() | st.integers(1, 12), st.none()),
    duration_s=NUMBERS,
    score=st.none() | st.floats(),
    score_max=st.sampled_from([5.0, 10.0, 0.0]),
    is_filler=st.none() | st.booleans(),
    thumbnail_url=URLS,
    streaming=some(st.builds(Link, st.sampled_from(["https://a.org", "x"]), TEXTS, st.just(LinkKind.STREAMING))),
)
SLOTS = st.builds(AiringSlot, st.sampled_from(["2020-01-01T00:00:00Z", "2020-01-08T00:00:00Z"]), NUMBERS)
SOURCES = st.builds(
    SourceTitle,
    st.sampled_from([Source.MAL, Source.ANILIST, Source.ANIDB, Source.KITSU, Source.ANIMESCHEDULE]),
    st.sampled_from(["1", "2"]),
    broadcast=st.none() | st.builds(Broadcast, MAYBE, MAYBE),
    episode_count=NUMBERS,
    episode_duration_s=NUMBERS,
    companies=some(st.builds(Company, TEXTS, st.sampled_from(CompanyRole), st.none() | st.booleans(), IDS)),
    characters=some(CHARACTERS, 4),
    staff=some(CREDITS, 4),
    episodes=some(EPISODES, 4),
    schedule=some(SLOTS),
    premieres=some(SLOTS),
    next_episode=st.none() | SLOTS,
    delays=some(st.builds(Delay, st.just("raw"), MAYBE)),
)
ROWS = st.builds(
    CatalogueRow, st.just(()), TEXTS, episodes=NUMBERS, duration_s=NUMBERS, studios=some(TEXTS), producers=some(TEXTS)
)
INPUTS = st.builds(lambda sources, row: aligned(*sources, row=row), st.lists(SOURCES, max_size=4), ROWS)


def shuffled(inputs, random):
    """The same title with its sources in another order."""
    sources = list(inputs.sources)
    random.shuffle(sources)
    return aligned(*sources, row=inputs.title.row)
