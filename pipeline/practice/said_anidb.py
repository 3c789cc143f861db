"""What AniDB says about a title of the practice world, as far as its XML can carry it."""

from datetime import timedelta

from pipeline.domain.names import (
    CharacterRole,
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
    VoiceActor,
)
from pipeline.practice.cast import Figure, Work, character_id, make_crew
from pipeline.practice.facts import Instalment, day_of
from pipeline.practice.said import Related, Said

__all__ = ["say_anidb"]

_WORDS = {RelationKind.PARENT: "Parent Story"}
_CDN = "https://cdn.anidb.net/images/main"
_TYPES = {
    TitleType.SPECIAL: TitleType.TV_SPECIAL,
    TitleType.PV: TitleType.TV_SPECIAL,
    TitleType.CM: TitleType.TV_SPECIAL,
    TitleType.TV_SHORT: TitleType.TV,
}


def say_anidb(said: Said) -> SourceTitle:
    """AniDB's word."""
    facts = said.facts
    pictures = (Image(f"{_CDN}/{said.id}.jpg", ImageRole.COVER),) if said.has_cdn_pictures else ()
    return SourceTitle(
        source=Source.ANIDB,
        id=said.id,
        url=f"https://anidb.net/anime/{said.id}",
        titles=_titles(said),
        synopses=(Text(said.synopsis(), "en", "AniDB" if facts.dice("credit").chance(0.5) else None),),
        type=None if facts.type is TitleType.UNKNOWN else _TYPES.get(facts.type, facts.type),
        is_adult=facts.is_adult,
        start=said.first_day(),
        end=day_of(facts.end),
        episode_count=said.count(),
        labels=_labels(said),
        statistics=Statistics(score=round(said.score(10), 2), score_max=10.0, scored_by=4 + int(facts.fame * 8_000)),
        images=pictures,
        relations=tuple(_relation(related) for related in said.related(Site.ANIDB)),
        links=_links(said),
        companies=_studios(said),
        characters=tuple(_character(said, figure) for figure in said.figures()),
        staff=tuple(_credit(work) for work in make_crew(facts.key, facts.salt, facts.count or 1)),
        episodes=_episodes(said),
        identifiers=(
            ForeignId(Site.ANIDB, said.id),
            *(ForeignId(site, id_) for site in (Site.ANN, Site.MAL) if (id_ := said.id_at(site)) is not None),
        ),
    )


def _links(said: Said) -> tuple[Link, ...]:
    """Pages elsewhere, in the order of AniDB's kinds of resources."""
    found = []
    if (ann := said.id_at(Site.ANN)) is not None:
        url = f"https://www.animenewsnetwork.com/encyclopedia/anime.php?id={ann}"
        found.append(Link(url, "ANN", LinkKind.DATABASE))
    if (mal := said.id_at(Site.MAL)) is not None:
        found.append(Link(f"https://myanimelist.net/anime/{mal}", "MyAnimeList", LinkKind.DATABASE))
    return (*found, Link(f"https://official.example/{said.mark}", "Official Site", LinkKind.OFFICIAL, "ja"))


def _studios(said: Said) -> tuple[Company, ...]:
    ids = {name: said.company_id(name) for name in said.facts.studios}
    return tuple(
        Company(name, CompanyRole.STUDIO, id=id_, url=f"https://anidb.net/creator/{id_}") for name, id_ in ids.items()
    )


def _titles(said: Said) -> tuple[TitleName, ...]:
    facts = said.facts
    names = [TitleName(facts.title, TitleKind.MAIN, "ja-Latn")]
    if facts.title_native:
        names.append(TitleName(facts.title_native, TitleKind.OFFICIAL, "ja"))
    if facts.title_english:
        names.append(TitleName(facts.title_english, TitleKind.OFFICIAL, "en"))
    return (*names, *(TitleName(name.text, TitleKind.SYNONYM, "en") for name in said.synonyms()))


def _labels(said: Said) -> tuple[Label, ...]:
    dice = said.facts.dice("anidb tags")
    names = (*said.facts.genres, *said.facts.themes)
    steps = (200, 300, 400, 500, 600)
    return tuple(
        Label(name.lower(), LabelKind.TAG, dice.one(steps) / 600, dice.chance(0.04), id=said.company_id(name))
        for name in names
    )


def _relation(related: Related) -> Relation:
    return Relation(
        kind=related.kind,
        kind_text=_WORDS.get(related.kind, related.kind.value.replace("_", " ").title()),
        target_type="anime",
        target_ids=(ForeignId(Site.ANIDB, related.id),),
        target_title=related.row.title,
        target_url=f"https://anidb.net/anime/{related.id}",
    )


def _character(said: Said, figure: Figure) -> Character:
    id_ = character_id(int(said.id), figure.place)
    speaker = figure.speaker
    return Character(
        id=str(id_),
        name=figure.name.eastern,
        role=CharacterRole.MAIN if figure.role is CharacterRole.MAIN else figure.role,
        kind="Character",
        gender=figure.gender.lower(),
        description=figure.description,
        image_url=f"{_CDN}/{id_}.jpg" if said.has_cdn_pictures else None,
        url=f"https://anidb.net/character/{id_}",
        voice_actors=(
            VoiceActor(
                speaker.name.eastern,
                "ja",
                str(speaker.number + 1),
                url=f"https://anidb.net/creator/{speaker.number + 1}",
            ),
        ),
    )


def _credit(work: Work) -> Credit:
    id_ = work.person.number + 1
    return Credit(work.person.name.eastern, work.position, str(id_), url=f"https://anidb.net/creator/{id_}")


def _episodes(said: Said) -> tuple[Episode, ...]:
    """All episodes, and for some titles a special, an opening and a trailer in their own countings."""
    found = [_episode(said, item) for item in said.instalments()]
    dice = said.facts.dice("extras")
    if found and dice.chance(0.3):
        found += [_extra(said, kind) for kind in (EpisodeKind.SPECIAL, EpisodeKind.CREDIT, EpisodeKind.TRAILER)]
    return tuple(found)


def _episode(said: Said, item: Instalment) -> Episode:
    id_ = int(said.id) * 2_000 + item.number
    return Episode(
        number=item.number,
        kind=EpisodeKind.REGULAR,
        id=str(id_),
        titles=(
            TitleName(item.title, TitleKind.OFFICIAL, "en"),
            TitleName(item.title_native, TitleKind.OFFICIAL, "ja"),
            TitleName(item.title_romaji, TitleKind.OFFICIAL, "ja-Latn"),
        ),
        synopsis=Text(item.synopsis, "en"),
        aired=day_of(item.aired),
        duration_s=item.minutes * 60,
        score=round(5 + 4 * item.share_liked, 2),
        score_max=10.0,
        url=f"https://anidb.net/episode/{id_}",
    )


def _extra(said: Said, kind: EpisodeKind) -> Episode:
    place = {EpisodeKind.SPECIAL: 1, EpisodeKind.CREDIT: 2, EpisodeKind.TRAILER: 3}[kind]
    id_ = int(said.id) * 2_000 + 1_900 + place
    start = said.facts.start
    return Episode(
        number=1,
        kind=kind,
        id=str(id_),
        titles=(TitleName(kind.value.title(), TitleKind.OFFICIAL, "en"),),
        aired=None if start is None else day_of(start + timedelta(days=place)),
        duration_s=120,
        url=f"https://anidb.net/episode/{id_}",
    )
