"""What Kitsu says about a title of the practice world, as far as its GraphQL can carry it."""

from pipeline.domain.names import (
    AgeRating,
    AiringStatus,
    CompanyRole,
    EpisodeKind,
    ImageRole,
    LabelKind,
    LinkKind,
    RelationKind,
    Site,
    Source,
    TitleKind,
    TitleType,
)
from pipeline.domain.source_title import (
    Character,
    Company,
    Credit,
    Episode,
    ForeignId,
    Image,
    Label,
    Link,
    Relation,
    SourceTitle,
    Statistics,
    Text,
    TitleName,
    Trailer,
    VoiceActor,
)
from pipeline.practice.cast import Figure, Work, character_id, make_crew
from pipeline.practice.facts import Facts, Instalment, day_of
from pipeline.practice.rows import make_slug
from pipeline.practice.said import Related, Said

__all__ = ["say_kitsu"]

_TYPES = {
    TitleType.TV_SHORT: TitleType.TV,
    TitleType.TV_SPECIAL: TitleType.SPECIAL,
    TitleType.PV: TitleType.SPECIAL,
    TitleType.CM: TitleType.SPECIAL,
}
_COARSE = {AgeRating.PG_13: AgeRating.PG, AgeRating.R_PLUS: AgeRating.R}
"""What a rating is where the guide beside it does not say more; as in 13 of 217 recorded entries, it is empty."""
_WITHOUT_GUIDE = 0.06
_WORDS = {RelationKind.PARENT: "PARENT_STORY", RelationKind.SPIN_OFF: "SPINOFF"}
_FOREIGN = (Site.MAL, Site.ANILIST, Site.ANIDB)


def say_kitsu(said: Said) -> SourceTitle:
    """Kitsu's word."""
    facts = said.facts
    return SourceTitle(
        source=Source.KITSU,
        id=said.id,
        url=f"https://kitsu.app/anime/{said.slug()}",
        titles=_titles(said),
        synopses=(Text(said.synopsis(), "en", "The Publisher" if facts.dice("credit").chance(0.5) else None),),
        type=None if facts.type is TitleType.UNKNOWN else _TYPES.get(facts.type, facts.type),
        status=facts.status if facts.status is not AiringStatus.UNKNOWN else AiringStatus.FINISHED,
        age_rating=_rating(facts),
        is_adult=facts.is_adult,
        season=facts.season,
        start=said.first_day(),
        end=day_of(facts.end),
        episode_count=said.count(),
        episode_duration_s=facts.minutes * 60,
        labels=tuple(Label(name, LabelKind.TAG, id=said.company_id(name)) for name in (*facts.genres, *facts.themes)),
        statistics=_statistics(said),
        images=(
            Image(said.image("cover", said.id), ImageRole.COVER, "original"),
            Image(said.image("banner", said.id), ImageRole.BANNER, "original"),
        ),
        trailers=_trailers(said),
        relations=tuple(_relation(related) for related in said.related(Site.KITSU)),
        links=(Link(f"https://watch.example/{said.mark}", "Crunchyroll", LinkKind.STREAMING, subs=("en",)),)
        if facts.licensors
        else (),
        companies=_companies(said),
        characters=tuple(_character(said, figure) for figure in said.figures()),
        staff=tuple(_credit(work) for work in make_crew(facts.key, facts.salt, facts.count or 1)),
        episodes=tuple(_episode(said, item) for item in said.instalments()),
        identifiers=tuple(
            ForeignId(site, id_) for site in (Site.KITSU, *_FOREIGN) if (id_ := said.id_at(site)) is not None
        ),
        updated_at="2026-10-12T03:00:00Z",
    )


def _rating(facts: Facts) -> AgeRating:
    if facts.dice("without guide").chance(_WITHOUT_GUIDE):
        return _COARSE.get(facts.age_rating, facts.age_rating)
    return facts.age_rating


def _titles(said: Said) -> tuple[TitleName, ...]:
    facts = said.facts
    names = [TitleName(facts.title, TitleKind.MAIN, "ja-Latn")]
    if facts.title_english:
        names.append(TitleName(facts.title_english, TitleKind.OFFICIAL, "en"))
    if facts.title_native:
        names.append(TitleName(facts.title_native, TitleKind.OFFICIAL, "ja"))
    return (*names, *said.synonyms())


def _statistics(said: Said) -> Statistics:
    facts = said.facts
    members = 40 + int(facts.fame * 150_000)
    if facts.status is AiringStatus.UPCOMING:
        return Statistics(score_max=100.0, members=members, popularity_rank=18_000 - int(facts.fame * 17_000))
    return Statistics(
        score=round(said.score(100), 2),
        score_max=100.0,
        rank=12_000 - int(facts.liked * 11_000),
        popularity_rank=18_000 - int(facts.fame * 17_000),
        members=members,
        favorites=members // 70,
    )


def _trailers(said: Said) -> tuple[Trailer, ...]:
    id_ = said.trailer_id()
    return () if id_ is None else (Trailer("youtube", id_, f"https://www.youtube.com/watch?v={id_}"),)


def _relation(related: Related) -> Relation:
    row = related.row
    return Relation(
        kind=related.kind,
        kind_text=_WORDS.get(related.kind, related.kind.value),
        target_type="anime",
        target_ids=(ForeignId(Site.KITSU, related.id),),
        target_title=row.title,
        target_year=row.year,
        target_url=f"https://kitsu.app/anime/{make_slug(row.title) or related.id}",
    )


def _companies(said: Said) -> tuple[Company, ...]:
    facts = said.facts
    roles = (
        (CompanyRole.STUDIO, facts.studios),
        (CompanyRole.PRODUCER, facts.producers),
        (CompanyRole.LICENSOR, facts.licensors),
    )
    return tuple(Company(name, role, id=said.company_id(name)) for role, names in roles for name in names)


def _character(said: Said, figure: Figure) -> Character:
    id_ = character_id(int(said.id), figure.place)
    speaker = figure.speaker
    return Character(
        id=str(id_),
        name=figure.name.western,
        role=figure.role,
        name_native=figure.name.native,
        description=figure.description,
        image_url=said.image("character", id_),
        voice_actors=(VoiceActor(speaker.name.western, "ja", str(speaker.number + 1)),),
    )


def _credit(work: Work) -> Credit:
    return Credit(work.person.name.western, work.position, str(work.person.number + 1))


def _episode(said: Said, item: Instalment) -> Episode:
    return Episode(
        number=item.number,
        kind=EpisodeKind.REGULAR,
        id=str(int(said.id) * 2_000 + item.number),
        titles=(
            TitleName(item.title, TitleKind.MAIN, "en"),
            TitleName(item.title_romaji, TitleKind.OFFICIAL, "ja-Latn"),
            TitleName(item.title_native, TitleKind.OFFICIAL, "ja"),
        ),
        synopsis=Text(item.synopsis, "en"),
        aired=day_of(item.aired),
        duration_s=item.minutes * 60,
        thumbnail_url=said.image("episode", f"{said.id}-{item.number}") if item.number <= 30 else None,
    )
