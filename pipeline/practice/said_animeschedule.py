"""What AnimeSchedule says about a title of the practice world: dates, slots, streams; no people, no episodes."""

from datetime import time

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
    Broadcast,
    Company,
    ForeignId,
    Image,
    Label,
    Link,
    Relation,
    SourceTitle,
    Statistics,
    Text,
    TitleName,
)
from pipeline.practice.facts import Facts, instant_of
from pipeline.practice.rows import make_slug
from pipeline.practice.said import Said
from pipeline.practice.speak_animeschedule import CDN, RELATION_WORDS

__all__ = ["say_animeschedule"]

_PAGE = "https://animeschedule.net/anime/"
_OTHER_SLOT = 0.1
"""Share of broadcasts that are another station's, at another clock than MyAnimeList's."""
_ELSEWHERE = (
    (Site.MAL, "MyAnimeList", "https://myanimelist.net/anime/"),
    (Site.ANILIST, "AniList", "https://anilist.co/anime/"),
    (Site.ANIDB, "AniDB", "https://anidb.net/anime/"),
    (Site.KITSU, "Kitsu", "https://kitsu.app/anime/"),
    (Site.ANIME_PLANET, "Anime-Planet", "https://www.anime-planet.com/anime/"),
)


def say_animeschedule(said: Said) -> SourceTitle:
    """AnimeSchedule's word."""
    facts = said.facts
    pictures = (Image(f"{CDN}anime/jpg/default/{said.id}.jpg", ImageRole.COVER),) if said.has_cdn_pictures else ()
    return SourceTitle(
        source=Source.ANIMESCHEDULE,
        id=said.id,
        url=f"{_PAGE}{said.id}",
        titles=_titles(said),
        synopses=(Text(said.synopsis(), "en", "The Publisher" if facts.dice("credit").chance(0.5) else None),),
        type=None if facts.type is TitleType.UNKNOWN else facts.type,
        status=facts.status if facts.status is not AiringStatus.UNKNOWN else AiringStatus.FINISHED,
        source_material=facts.source_material,
        country=None if facts.country == "JP" else facts.country,
        season=facts.season,
        season_year=facts.year,
        start=said.first_day(),
        broadcast=_broadcast(facts),
        episode_count=said.count(),
        episode_duration_s=facts.minutes * 60,
        labels=tuple(Label(name, LabelKind.GENRE, id=make_slug(name)) for name in (*facts.genres, *facts.themes)),
        statistics=_statistics(said),
        images=pictures,
        relations=_relations(said),
        links=_links(said),
        companies=tuple(Company(name, CompanyRole.STUDIO, id=make_slug(name)) for name in facts.studios),
        premieres=_premieres(facts),
        identifiers=_identifiers(said),
        updated_at="2026-11-10T12:00:00Z",
    )


def _titles(said: Said) -> tuple[TitleName, ...]:
    facts = said.facts
    language = "ja" if facts.country == "JP" else "zh"
    names = [TitleName(facts.title, TitleKind.MAIN)]
    if facts.title.isascii():
        names.append(TitleName(facts.title, TitleKind.OFFICIAL, f"{language}-Latn"))
    if facts.title_english:
        names.append(TitleName(facts.title_english, TitleKind.OFFICIAL, "en"))
    if facts.title_native:
        names.append(TitleName(facts.title_native, TitleKind.OFFICIAL, language))
    return (*names, *said.synonyms())


def _statistics(said: Said) -> Statistics:
    facts = said.facts
    members, rank = 3 + int(facts.fame * 2_000), 9_000 - int(facts.fame * 8_900)
    if facts.status is AiringStatus.UPCOMING:
        return Statistics(score_max=100.0, members=members, popularity_rank=rank)
    return Statistics(
        score=round(said.score(100), 2),
        score_max=100.0,
        scored_by=1 + members // 3,
        popularity_rank=rank,
        members=members,
    )


def _relations(said: Said) -> tuple[Relation, ...]:
    """Grouped by how they relate, as the service groups them."""
    related = said.related(Site.ANIMESCHEDULE)
    return tuple(
        Relation(
            kind=one.kind,
            kind_text=RELATION_WORDS[one.kind],
            target_type="anime",
            target_ids=(ForeignId(Site.ANIMESCHEDULE, one.id),),
            target_url=f"{_PAGE}{one.id}",
        )
        for kind in dict.fromkeys(one.kind for one in related)
        for one in related
        if one.kind is kind
    )


def _links(said: Said) -> tuple[Link, ...]:
    found = [Link(f"https://official.example/{said.mark}", "Official Site", LinkKind.OFFICIAL)]
    for site, name, prefix in _ELSEWHERE:
        id_ = said.id_at(site)
        if id_ is not None:
            found.append(Link(f"{prefix}{id_}", name, LinkKind.DATABASE))
    if said.facts.licensors:
        found.append(Link(f"https://watch.example/{said.mark}", "Crunchyroll", LinkKind.STREAMING))
    return tuple(found)


def _identifiers(said: Said) -> tuple[ForeignId, ...]:
    elsewhere = ((site, said.id_at(site)) for site, _, _ in _ELSEWHERE)
    own = ForeignId(Site.ANIMESCHEDULE, said.id)
    return (own, *(ForeignId(site, id_) for site, id_ in elsewhere if id_ is not None))


def _broadcast(facts: Facts) -> Broadcast | None:
    """The slot's clock without a day, as MyAnimeList has it but for a few titles; of what is to come there is none."""
    slot = facts.slot
    if slot is None or facts.status is AiringStatus.UPCOMING:
        return None
    is_other = facts.dice("another slot").chance(_OTHER_SLOT)
    return Broadcast(None, f"{slot.replace(minute=15) if is_other else slot:%H:%M}")


def _premieres(facts: Facts) -> tuple[AiringSlot, ...]:
    """The first day at the slot's clock; where there is none midnight, and that of the wrong side of the world."""
    if facts.start is None:
        return ()
    slot = _broadcast(facts)
    if slot is None or slot.time is None:
        return (AiringSlot(f"{facts.start}T00:00:00Z", kind="raw"),)
    return (AiringSlot(instant_of(facts.start, time.fromisoformat(slot.time)), kind="raw"),)
