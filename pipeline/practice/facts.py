"""What is so about a title of the practice world, before any platform says it in its own way.

Everything grows from the catalogue row and the salt; what the row says (type, episodes, season, studios) holds.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone

from pipeline.domain.names import AgeRating, AiringStatus, Season, SourceMaterial, TitleType
from pipeline.domain.source_title import PartialDate
from pipeline.domain.title import CatalogueRow
from pipeline.practice.cast import Name, cast_size, name_at
from pipeline.practice.dice import Dice
from pipeline.practice.rows import row_key
from pipeline.practice.vocabulary import (
    DEMOGRAPHICS,
    EPISODE_THINGS,
    GENRES,
    HOUSES,
    PLOT_SENTENCES,
    PUBLISHERS,
    SONG_WORDS,
    STATIONS,
    TALES_JA,
    THEMES,
)

__all__ = ["Facts", "Instalment", "Tune", "day_of", "instant_of", "make_facts", "make_instalment"]

_JAPAN = timezone(timedelta(hours=9))
_FIRST_MONTH = {Season.WINTER: 1, Season.SPRING: 4, Season.SUMMER: 7, Season.FALL: 10}
_USUAL_COUNT = {TitleType.TV: 12, TitleType.TV_SHORT: 12, TitleType.ONA: 8, TitleType.OVA: 2}
_USUAL_MINUTES = {TitleType.TV: 24, TitleType.MOVIE: 96, TitleType.ONA: 15, TitleType.OVA: 30, TitleType.MUSIC: 4}


@dataclass(frozen=True, slots=True)
class Tune:
    """An opening or an ending."""

    kind: str
    number: int
    title: str
    title_native: str | None
    artist: Name
    episodes: str | None


@dataclass(frozen=True, slots=True)
class Instalment:
    """One episode."""

    number: int
    title: str
    title_romaji: str
    title_native: str
    aired: date | None
    minutes: int
    synopsis: str
    is_filler: bool
    is_recap: bool
    share_liked: float


@dataclass(frozen=True, slots=True)
class Facts:
    """One title as it is."""

    row: CatalogueRow
    key: str
    salt: str
    title: str
    title_english: str | None
    title_native: str | None
    synonyms: tuple[str, ...]
    sentences: tuple[str, ...]
    sentences_ja: tuple[str, ...]
    type: TitleType
    status: AiringStatus
    start: date | None
    end: date | None
    season: Season | None
    year: int | None
    source_material: SourceMaterial
    age_rating: AgeRating
    is_adult: bool
    country: str
    count: int | None
    """Planned episodes; ``None`` when nobody has said."""
    aired_count: int
    minutes: int
    genres: tuple[str, ...]
    themes: tuple[str, ...]
    demographic: str | None
    liked: float
    """0 to 1; what scores are made of."""
    fame: float
    studios: tuple[str, ...]
    producers: tuple[str, ...]
    licensors: tuple[str, ...]
    tunes: tuple[Tune, ...]
    cast: int
    """How many characters MyAnimeList lists; a few more exist elsewhere."""

    def dice(self, *words: str | int) -> Dice:
        """A stream of choices about this title."""
        return Dice(self.salt, self.key, *words)

    @property
    def slot(self) -> time | None:
        """The clock in Japan at which it is broadcast on its first day's weekday; only television has one."""
        if self.type is not TitleType.TV or self.start is None:
            return None
        dice = self.dice("broadcast")
        return time(dice.number(17, 23), dice.one((0, 30)))


def make_facts(row: CatalogueRow, salt: str, today: date) -> Facts:
    """Everything about the title of a row."""
    key = row_key(row)
    dice = Dice(salt, key, "facts")
    kind = _true_type(row)
    count = _count(row, kind)
    start, season, year = _start(row, dice)
    aired = _aired_count(row.status, count, start, today)
    minutes = max(1, row.duration_s // 60) if row.duration_s else _USUAL_MINUTES.get(kind, 24)
    cast = cast_size(key, salt, count or 1)
    hero, friend = name_at(Dice(salt, key, "names").number(0, 97_000)), name_at(dice.number(0, 97_000))
    words = {"hero": hero.given, "friend": friend.given, "place": friend.family}
    is_adult = "hentai" in row.tags
    return Facts(
        row=row,
        key=key,
        salt=salt,
        title=row.title,
        title_english=_english(row, dice),
        title_native=_native(row, dice),
        synonyms=row.synonyms,
        sentences=tuple(text.format(**words) for text in dice.some(PLOT_SENTENCES, dice.number(3, 6))),
        sentences_ja=tuple(text.format(**words) for text in dice.some(TALES_JA, 2)),
        type=kind,
        status=row.status,
        start=start,
        end=_end(row.status, kind, start, count),
        season=season,
        year=year,
        source_material=dice.one((SourceMaterial.MANGA, SourceMaterial.LIGHT_NOVEL, SourceMaterial.ORIGINAL)),
        age_rating=AgeRating.RX if is_adult else dice.one((AgeRating.G, AgeRating.PG_13, AgeRating.R)),
        is_adult=is_adult,
        country="JP" if dice.chance(0.94) else "CN",
        count=count,
        aired_count=aired,
        minutes=minutes,
        genres=_named(row, GENRES, dice, 2),
        themes=_named(row, THEMES, dice, 1),
        demographic=dice.one(tuple(DEMOGRAPHICS)) if dice.chance(0.5) else None,
        liked=(row.score - 1) / 9 if row.score else 0.35 + 0.55 * dice.share(),
        fame=dice.share() ** 3,
        studios=tuple(name.title() for name in row.studios) or dice.some(HOUSES, 1),
        producers=tuple(name.title() for name in row.producers) or dice.some(PUBLISHERS, 2),
        licensors=dice.some(STATIONS, 1) if dice.chance(0.5) else (),
        tunes=_tunes(kind, count, dice),
        cast=cast,
    )


def day_of(day: date | None) -> PartialDate | None:
    """A whole date in the domain's words."""
    return None if day is None else PartialDate(day.year, day.month, day.day)


def instant_of(day: date, clock: time) -> str:
    """A clock time of Japan in UTC, as the platforms write instants."""
    return datetime.combine(day, clock, _JAPAN).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def make_instalment(facts: Facts, number: int) -> Instalment:
    """Episode ``number`` of a title, from 1."""
    dice = facts.dice("episode", number)
    english, romaji, native = EPISODE_THINGS[(number + dice.number(0, 3)) % len(EPISODE_THINGS)]
    turn = (number - 1) // len(EPISODE_THINGS)
    tail = f" {turn + 1}" if turn else ""
    return Instalment(
        number=number,
        title=english + tail,
        title_romaji=romaji + tail,
        title_native=native + tail,
        aired=None if facts.start is None else facts.start + timedelta(weeks=number - 1),
        minutes=facts.minutes,
        synopsis=" ".join(dice.some(facts.sentences, 2)),
        is_filler=bool(facts.count and facts.count > 50 and dice.chance(0.08)),
        is_recap=number > 6 and dice.chance(0.03),
        share_liked=dice.share(),
    )


def _true_type(row: CatalogueRow) -> TitleType:
    """The catalogue files music videos under SPECIAL; their length gives them away."""
    if row.type is TitleType.SPECIAL and row.episodes == 1 and row.duration_s and row.duration_s < 420:
        return TitleType.MUSIC
    return row.type


def _count(row: CatalogueRow, kind: TitleType) -> int | None:
    if row.episodes:
        return row.episodes
    if row.status in (AiringStatus.UPCOMING, AiringStatus.AIRING):
        return None
    return _USUAL_COUNT.get(kind, 1)


def _start(row: CatalogueRow, dice: Dice) -> tuple[date | None, Season | None, int | None]:
    """First day, season and year; an unannounced date stays unknown, an unknown year of a finished title is made up."""
    month_off, day = dice.number(0, 2), dice.number(1, 28)
    if row.year is None:
        if row.status is AiringStatus.UPCOMING:
            return None, None, None
        year, month = dice.number(1978, 2019), dice.number(1, 12)
        return date(year, month, day), _season_of(month), year
    season = row.season or dice.one(tuple(Season))
    return date(row.year, _FIRST_MONTH[season] + month_off, day), season, row.year


def _season_of(month: int) -> Season:
    return tuple(Season)[(month - 1) // 3]


def _end(status: AiringStatus, kind: TitleType, start: date | None, count: int | None) -> date | None:
    if start is None or count is None or status is not AiringStatus.FINISHED:
        return None
    return start + timedelta(weeks=0 if kind is TitleType.MOVIE else count - 1)


def _aired_count(status: AiringStatus, count: int | None, start: date | None, today: date) -> int:
    if status is AiringStatus.UPCOMING or start is None:
        return 0
    if status is not AiringStatus.AIRING:
        return count or 0
    weeks = max(0, (today - start).days // 7 + 1)
    return min(weeks, count) if count else weeks


def _english(row: CatalogueRow, dice: Dice) -> str | None:
    latin = [name for name in row.synonyms if name.isascii() and name != row.title]
    return latin[0] if latin and dice.chance(0.8) else None


def _native(row: CatalogueRow, dice: Dice) -> str | None:
    for name in (row.title, *row.synonyms):
        if any("぀" <= ch <= "鿿" for ch in name):
            return name
    return f"{dice.one(EPISODE_THINGS)[2]}物語" if dice.chance(0.7) else None


def _named(row: CatalogueRow, known: dict[str, int], dice: Dice, least: int) -> tuple[str, ...]:
    tags = set(row.tags)
    found = tuple(name for name in known if name.lower() in tags)
    return found if len(found) >= least else dice.some(tuple(known), least + dice.number(0, 1))


def _tunes(kind: TitleType, count: int | None, dice: Dice) -> tuple[Tune, ...]:
    if kind not in (TitleType.TV, TitleType.ONA) or not count:
        return ()
    tunes = []
    for label, number in (("opening", 1), ("ending", 1), ("ending", 2))[: dice.number(1, 3)]:
        title, native = dice.one(SONG_WORDS)
        episodes = f"1-{count}" if number == 1 else f"{count}"
        tunes.append(
            Tune(label, number, title, native, name_at(dice.number(100_000, 106_000)), episodes if count > 1 else None)
        )
    return tuple(tunes)
