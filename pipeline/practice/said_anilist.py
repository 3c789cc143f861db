"""What AniList says about a title of the practice world, as far as its GraphQL can carry it."""

from datetime import time, timedelta

from pipeline.domain.names import (
    AiringStatus,
    CompanyRole,
    ImageRole,
    LabelKind,
    LinkKind,
    Site,
    Source,
    TitleKind,
    TitleType,
)
from pipeline.domain.source_title import (
    AiringSlot,
    Character,
    Company,
    Credit,
    ForeignId,
    Image,
    Label,
    Link,
    Ranking,
    Relation,
    SourceTitle,
    Statistics,
    Text,
    TitleName,
    Trailer,
    VoiceActor,
)
from pipeline.practice.cast import Figure, Person, Work, character_id, make_crew
from pipeline.practice.facts import day_of, instant_of
from pipeline.practice.said import Related, Said

__all__ = ["say_anilist"]

_TAGS = {
    "School": ("School", "Setting-Scene", 46),
    "Military": ("Military", "Theme-Action", 34),
    "Space": ("Space", "Setting-Universe", 63),
    "Historical": ("Historical", "Setting-Time", 25),
    "Martial Arts": ("Martial Arts", "Theme-Action", 30),
    "Detective": ("Detective", "Cast-Traits", 694),
    "Time Travel": ("Time Manipulation", "Theme-Sci-Fi", 96),
    "Isekai": ("Isekai", "Theme-Fantasy", 244),
    "Iyashikei": ("Iyashikei", "Theme-Slice of Life", 81),
    "Vampire": ("Vampire", "Cast-Traits", 31),
    "Shounen": ("Shounen", "Demographic", 56),
    "Shoujo": ("Shoujo", "Demographic", 53),
    "Seinen": ("Seinen", "Demographic", 50),
    "Josei": ("Josei", "Demographic", 19),
    "Kids": ("Kids", "Demographic", 29),
}
_GENRE_THEMES = ("Mecha", "Music", "Psychological")
_TYPES = {TitleType.TV_SPECIAL: TitleType.SPECIAL, TitleType.PV: TitleType.SPECIAL, TitleType.CM: TitleType.SPECIAL}
_PERSON_FROM = 95_000


def say_anilist(said: Said) -> SourceTitle:
    """AniList's word."""
    facts = said.facts
    schedule = _schedule(said)
    mal = said.id_at(Site.MAL)
    return SourceTitle(
        source=Source.ANILIST,
        id=said.id,
        url=f"https://anilist.co/anime/{said.id}",
        titles=_titles(said),
        synopses=(Text(said.synopsis(), "en", "The Publisher" if facts.dice("credit").chance(0.5) else None),),
        type=None if facts.type is TitleType.UNKNOWN else _TYPES.get(facts.type, facts.type),
        status=facts.status if facts.status is not AiringStatus.UNKNOWN else AiringStatus.FINISHED,
        source_material=facts.source_material,
        is_adult=facts.is_adult,
        country=facts.country,
        season=facts.season,
        season_year=facts.year,
        start=said.first_day(),
        end=day_of(facts.end),
        episode_count=said.count(),
        episode_duration_s=facts.minutes * 60,
        labels=_labels(said),
        statistics=_statistics(said),
        images=(
            Image(said.image("cover", f"{said.id}x"), ImageRole.COVER, "extraLarge", color="#3568d4"),
            Image(said.image("cover", said.id), ImageRole.COVER, "large", color="#3568d4"),
            Image(said.image("cover", f"{said.id}m"), ImageRole.COVER, "medium", color="#3568d4"),
            Image(said.image("banner", said.id), ImageRole.BANNER),
        ),
        trailers=_trailers(said),
        relations=tuple(_relation(related) for related in said.related(Site.ANILIST)),
        links=_links(said),
        companies=_companies(said),
        characters=tuple(_character(said, figure) for figure in said.figures()),
        staff=tuple(_credit(work) for work in make_crew(facts.key, facts.salt, facts.count or 1)),
        schedule=schedule,
        next_episode=_next(said, schedule),
        hashtags=(f"#practice{said.id}",) if facts.dice("hashtag").chance(0.4) else (),
        identifiers=(ForeignId(Site.ANILIST, said.id), *(() if mal is None else (ForeignId(Site.MAL, mal),))),
        updated_at="2026-11-01T06:00:00Z",
    )


def _titles(said: Said) -> tuple[TitleName, ...]:
    facts = said.facts
    language = "ja" if facts.country == "JP" else "zh"
    names = [TitleName(facts.title, TitleKind.MAIN, f"{language}-Latn")]
    if facts.title_english:
        names.append(TitleName(facts.title_english, TitleKind.OFFICIAL, "en"))
    if facts.title_native:
        names.append(TitleName(facts.title_native, TitleKind.OFFICIAL, language))
    return (*names, *said.synonyms())


def _labels(said: Said) -> tuple[Label, ...]:
    facts = said.facts
    dice = facts.dice("tags")
    genres = [*facts.genres, *(name for name in facts.themes if name in _GENRE_THEMES)]
    if facts.is_adult:
        genres.append("Hentai")
    found = [Label(name, LabelKind.GENRE, is_adult=name == "Hentai") for name in genres]
    for theme in (*facts.themes, facts.demographic or ""):
        if theme in _TAGS:
            name, category, id_ = _TAGS[theme]
            kind = LabelKind.DEMOGRAPHIC if category == "Demographic" else LabelKind.TAG
            found.append(Label(name, kind, dice.number(40, 99) / 100, dice.chance(0.05), False, category, str(id_)))
    return tuple(found)


def _statistics(said: Said) -> Statistics:
    facts = said.facts
    members = 60 + int(facts.fame * 400_000)
    statuses = (("CURRENT", members // 10), ("PLANNING", members // 3), ("COMPLETED", members // 2))
    if facts.status is AiringStatus.UPCOMING:
        return Statistics(
            score_max=100.0, members=members, favorites=members // 80, trending=3, status_distribution=statuses[1:2]
        )
    rank = 9_000 - int(facts.liked * 8_500)
    return Statistics(
        score=float(round(said.score(100))),
        score_max=100.0,
        rank=rank if facts.type is TitleType.TV else None,
        members=members,
        favorites=members // 40,
        trending=int(facts.fame * 50),
        rankings=(Ranking("rated", rank, "TV", is_all_time=True),) if facts.type is TitleType.TV else (),
        status_distribution=statuses,
        score_distribution=tuple((float(at), 1 + members * at // 6_000) for at in range(10, 101, 10)),
    )


def _trailers(said: Said) -> tuple[Trailer, ...]:
    id_ = said.trailer_id()
    if id_ is None:
        return ()
    url = f"https://www.youtube.com/watch?v={id_}"
    return (Trailer("youtube", id_, url, thumbnail_url=said.image("trailer", said.id)),)


def _relation(related: Related) -> Relation:
    mal = () if related.mal is None else (ForeignId(Site.MAL, related.mal),)
    row = related.row
    return Relation(
        kind=related.kind,
        kind_text=related.kind.value,
        target_type="anime",
        target_ids=(ForeignId(Site.ANILIST, related.id), *mal),
        target_title=row.title,
        target_format=row.type.value if row.type is not TitleType.UNKNOWN else None,
        target_year=row.year,
        target_url=f"https://anilist.co/anime/{related.id}",
    )


def _links(said: Said) -> tuple[Link, ...]:
    found = [Link(f"https://official.example/{said.mark}", "Official Site", LinkKind.OFFICIAL, "ja")]
    found.append(Link(f"https://twitter.com/practice_{said.mark}", "Twitter", LinkKind.SOCIAL, "ja"))
    if said.facts.licensors:
        found.append(Link(f"https://watch.example/{said.mark}", "Crunchyroll", LinkKind.STREAMING))
    return tuple(found)


def _companies(said: Said) -> tuple[Company, ...]:
    def of(name: str, role: CompanyRole, is_main: bool) -> Company:
        id_ = said.company_id(name)
        return Company(name, role, is_main, id_, f"https://anilist.co/studio/{id_}")

    studios = [of(name, CompanyRole.STUDIO, True) for name in said.facts.studios]
    return (*studios, *(of(name, CompanyRole.PRODUCER, False) for name in said.facts.producers))


def _actor(person: Person, language: str) -> VoiceActor:
    id_ = str(_PERSON_FROM + person.number)
    native = person.name.native if language == "ja" else None
    return VoiceActor(person.name.western, language, id_, native, url=f"https://anilist.co/staff/{id_}")


def _character(said: Said, figure: Figure) -> Character:
    id_ = character_id(int(said.id), figure.place)
    speakers = [_actor(figure.speaker, "ja")]
    if figure.dubber is not None:
        speakers.append(_actor(figure.dubber, "en"))
    return Character(
        id=str(id_),
        name=figure.name.western,
        role=figure.role,
        name_native=figure.name.native,
        alternative_names=(figure.nickname,) if figure.nickname else (),
        age=str(figure.age),
        gender=figure.gender,
        birthday=figure.birthday,
        blood_type=figure.blood_type,
        hair_color=figure.hair,
        eye_color=figure.eyes,
        attributes=(("Hair", figure.hair), ("Eyes", figure.eyes)),
        description=figure.description,
        spoilers=(figure.spoiler,) if figure.spoiler else (),
        favorites=int(figure.renown * 20_000),
        image_url=said.image("character", id_),
        url=f"https://anilist.co/character/{id_}",
        voice_actors=tuple(speakers),
    )


def _credit(work: Work) -> Credit:
    id_ = str(_PERSON_FROM + work.person.number)
    name = work.person.name
    url = f"https://anilist.co/staff/{id_}"
    return Credit(name.western, work.position, id_, name.native, work.episodes, url=url)


def _schedule(said: Said) -> tuple[AiringSlot, ...]:
    """AniList keeps air times of titles since 2014 or so, and of coming episodes some weeks ahead.

    They are those of the broadcast, of what is not broadcast the day's beginning in Japan.
    """
    facts = said.facts
    if facts.start is None or facts.start.year < 2014 or facts.type in (TitleType.MOVIE, TitleType.MUSIC):
        return ()
    ahead = 3 if facts.status is AiringStatus.AIRING else 0
    last = facts.aired_count + ahead if facts.count is None else min(facts.count, facts.aired_count + ahead)
    clock = facts.slot or time()
    days = (facts.start + timedelta(weeks=number) for number in range(last))
    return tuple(AiringSlot(instant_of(day, clock), number) for number, day in enumerate(days, 1))


def _next(said: Said, schedule: tuple[AiringSlot, ...]) -> AiringSlot | None:
    return schedule[said.facts.aired_count] if len(schedule) > said.facts.aired_count else None
