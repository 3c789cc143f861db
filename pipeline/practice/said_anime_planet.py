"""What Anime-Planet says about a title of the practice world, as far as its pages can carry it."""

from pipeline.domain.names import (
    CharacterRole,
    CompanyRole,
    ImageRole,
    LabelKind,
    RelationKind,
    Site,
    Source,
    TitleKind,
    TitleType,
)
from pipeline.domain.source_title import (
    Character,
    Company,
    ForeignId,
    Image,
    Label,
    PartialDate,
    Relation,
    SourceTitle,
    Statistics,
    Text,
    TitleName,
    VoiceActor,
)
from pipeline.practice.cast import Figure, Person
from pipeline.practice.facts import day_of
from pipeline.practice.rows import make_slug
from pipeline.practice.said import Related, Said

__all__ = ["say_anime_planet"]

_WORDS = {RelationKind.PARENT: "Original"}
_ROLES = (CharacterRole.MAIN, CharacterRole.SUPPORTING, CharacterRole.BACKGROUND)
"""The page groups its characters so."""
_SITE = "https://www.anime-planet.com"
_TYPES = {TitleType.TV_SHORT: TitleType.TV, TitleType.PV: TitleType.SPECIAL, TitleType.CM: TitleType.SPECIAL}


def say_anime_planet(said: Said) -> SourceTitle:
    """Anime-Planet's word."""
    facts = said.facts
    start, end = said.first_day(), day_of(facts.end)
    is_rough = facts.dice("only a year").chance(0.2)
    return SourceTitle(
        source=Source.ANIME_PLANET,
        id=said.id,
        url=f"{_SITE}/anime/{said.id}",
        titles=_titles(said),
        synopses=(Text(said.synopsis(), "en"),),
        type=None if facts.type is TitleType.UNKNOWN else _TYPES.get(facts.type, facts.type),
        season=facts.season if facts.type is TitleType.TV else None,
        season_year=facts.year if facts.type is TitleType.TV else None,
        start=PartialDate(start.year) if start is not None and is_rough else start,
        end=None if is_rough else end,
        episode_count=said.count(),
        episode_duration_s=None if facts.count is None else facts.minutes * 60,
        labels=tuple(Label(name, LabelKind.TAG) for name in (*facts.genres, *facts.themes)),
        statistics=Statistics(
            score=round(said.score(5), 3),
            score_max=5.0,
            scored_by=6 + int(facts.fame * 30_000),
            rank=20_000 - int(facts.liked * 19_000),
        ),
        images=(Image(said.image("cover", said.id), ImageRole.COVER),),
        relations=tuple(_relation(related) for related in said.related(Site.ANIME_PLANET)),
        companies=tuple(
            Company(name, CompanyRole.STUDIO, id=make_slug(name), url=f"{_SITE}/anime/studios/{make_slug(name)}")
            for name in facts.studios
        ),
        characters=tuple(_character(said, figure) for figure in _by_role(said)),
        identifiers=(ForeignId(Site.ANIME_PLANET, said.id),),
    )


def _titles(said: Said) -> tuple[TitleName, ...]:
    names = [TitleName(said.facts.title, TitleKind.MAIN)]
    others = [name.text for name in said.synonyms()]
    return (*names, *(TitleName(name, TitleKind.SYNONYM) for name in others[:1]))


def _relation(related: Related) -> Relation:
    row = related.row
    return Relation(
        kind=related.kind,
        kind_text=_WORDS.get(related.kind, related.kind.value.replace("_", " ").title()),
        target_type="anime",
        target_ids=(ForeignId(Site.ANIME_PLANET, related.id),),
        target_title=row.title,
        target_year=row.year,
        target_url=f"{_SITE}/anime/{related.id}",
    )


def _by_role(said: Said) -> list[Figure]:
    return sorted(said.figures(), key=lambda figure: _ROLES.index(figure.role))


def _actor(person: Person, language: str) -> VoiceActor:
    slug = make_slug(person.name.western)
    return VoiceActor(person.name.western, language, slug, url=f"{_SITE}/people/{slug}")


def _character(said: Said, figure: Figure) -> Character:
    slug = make_slug(f"{figure.name.western}-{said.id}") if figure.place >= 3 else make_slug(figure.name.western)
    speakers = [_actor(figure.speaker, "ja")]
    if figure.dubber is not None:
        speakers.append(_actor(figure.dubber, "en"))
    return Character(
        id=slug,
        name=figure.name.western,
        role=figure.role if figure.role is not CharacterRole.UNKNOWN else CharacterRole.BACKGROUND,
        traits=figure.traits,
        image_url=said.image("character", slug),
        url=f"{_SITE}/characters/{slug}",
        voice_actors=tuple(speakers),
    )
