"""What MyAnimeList says about a title of the practice world, as far as Jikan's answers can carry it."""

from collections.abc import Iterator

from pipeline.domain.names import (
    AiringStatus,
    CharacterRole,
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
    Broadcast,
    Character,
    Company,
    Credit,
    Episode,
    ForeignId,
    Image,
    Label,
    Link,
    Relation,
    Song,
    SourceTitle,
    Statistics,
    Text,
    TitleName,
    Trailer,
    VoiceActor,
)
from pipeline.practice.cast import Figure, Person, Work, character_id, make_crew
from pipeline.practice.facts import Facts, Instalment, day_of
from pipeline.practice.said import Related, Said
from pipeline.practice.speak_jikan import RELATION_WORDS
from pipeline.practice.vocabulary import DEMOGRAPHICS, GENRES, THEMES

__all__ = ["say_jikan"]

_DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
_WITHOUT_EPISODES = frozenset({TitleType.MOVIE, TitleType.MUSIC, TitleType.PV, TitleType.CM})


def say_jikan(said: Said) -> SourceTitle:
    """MyAnimeList's word."""
    facts = said.facts
    return SourceTitle(
        source=Source.MAL,
        id=said.id,
        url=_page("anime", said.id, facts.title),
        titles=_titles(said),
        synopses=(Text(said.synopsis(), "en", "MAL Rewrite"),),
        background="The first print run came with a paper lantern." if facts.dice("background").chance(0.3) else None,
        type=None if facts.type is TitleType.UNKNOWN else facts.type,
        status=facts.status if facts.status is not AiringStatus.UNKNOWN else AiringStatus.FINISHED,
        source_material=facts.source_material,
        age_rating=facts.age_rating,
        is_adult=facts.is_adult,
        season=facts.season if facts.type is TitleType.TV else None,
        season_year=facts.year if facts.type is TitleType.TV else None,
        start=said.first_day(),
        end=day_of(facts.end),
        broadcast=_broadcast(facts),
        episode_count=said.count(),
        episode_duration_s=facts.minutes * 60,
        labels=_labels(said),
        statistics=_statistics(said),
        images=_images(said),
        trailers=_trailers(said),
        songs=tuple(
            Song(tune.kind, tune.number, tune.title, tune.title_native, tune.artist.western, None, tune.episodes)
            for tune in facts.tunes
        ),
        relations=_relations(said),
        links=_links(said),
        companies=_companies(said),
        characters=tuple(_character(said, figure) for figure in said.figures()),
        staff=tuple(_credits(said)),
        identifiers=_identifiers(said),
        episodes=() if facts.type in _WITHOUT_EPISODES else tuple(_episode(said, item) for item in said.instalments()),
    )


def _page(kind: str, id_: str | int, name: str) -> str:
    return f"https://myanimelist.net/{kind}/{id_}/{'_'.join(name.split())}"


def _titles(said: Said) -> tuple[TitleName, ...]:
    facts = said.facts
    names = [TitleName(facts.title, TitleKind.MAIN, "ja-Latn" if _is_romaji(facts) else None)]
    names += said.synonyms()
    if facts.title_native:
        names.append(TitleName(facts.title_native, TitleKind.OFFICIAL, "ja"))
    if facts.title_english:
        names.append(TitleName(facts.title_english, TitleKind.OFFICIAL, "en"))
    return tuple(names)


def _is_romaji(facts: Facts) -> bool:
    """MyAnimeList does not say what its main title is written in; kana beside Latin letters tell."""
    has_kana = any("\u3040" <= letter <= "\u30ff" for letter in facts.title_native or "")
    return has_kana and all(letter < "\u0250" or not letter.isalpha() for letter in facts.title)


def _broadcast(facts: Facts) -> Broadcast | None:
    if facts.slot is None or facts.start is None:
        return None
    return Broadcast(_DAYS[facts.start.weekday()], f"{facts.slot:%H:%M}", "Asia/Tokyo")


def _labels(said: Said) -> tuple[Label, ...]:
    facts = said.facts
    found = [Label(name, LabelKind.GENRE, id=str(GENRES[name])) for name in facts.genres]
    if facts.is_adult:
        found.append(Label("Hentai", LabelKind.GENRE, is_adult=True, id="12"))
    found += [Label(name, LabelKind.THEME, id=str(THEMES[name])) for name in facts.themes]
    if facts.demographic:
        found.append(Label(facts.demographic, LabelKind.DEMOGRAPHIC, id=str(DEMOGRAPHICS[facts.demographic])))
    return tuple(found)


def _statistics(said: Said) -> Statistics:
    facts = said.facts
    members = 120 + int(facts.fame * 900_000)
    if facts.status is AiringStatus.UPCOMING:
        return Statistics(members=members, popularity_rank=20_000 - int(facts.fame * 19_000), favorites=members // 90)
    votes = members // 2
    return Statistics(
        score=round(said.score(10), 2),
        score_max=10.0,
        scored_by=votes,
        rank=None if facts.is_adult else 15_000 - int(facts.liked * 14_000),
        popularity_rank=20_000 - int(facts.fame * 19_000),
        members=members,
        favorites=members // 60,
        status_distribution=(
            ("watching", members // 12),
            ("completed", members // 2),
            ("on_hold", members // 20),
            ("dropped", members // 25),
            ("plan_to_watch", members // 5),
        ),
        score_distribution=tuple((float(at), 1 + votes * at // 55) for at in range(1, 11)),
    )


def _images(said: Said) -> tuple[Image, ...]:
    return (
        Image(said.image("cover", said.id), ImageRole.COVER),
        Image(said.image("cover", f"{said.id}t"), ImageRole.COVER, "small"),
        Image(said.image("cover", f"{said.id}l"), ImageRole.COVER, "large"),
    )


def _trailers(said: Said) -> tuple[Trailer, ...]:
    id_ = said.trailer_id()
    if id_ is None:
        return ()
    return (Trailer("youtube", id_, f"https://www.youtube.com/watch?v={id_}"),)


def _relations(said: Said) -> tuple[Relation, ...]:
    """Grouped by how they relate, as MyAnimeList groups them."""
    related = said.related(Site.MAL)
    kinds = dict.fromkeys(one.kind for one in related)
    return tuple(_relation(one) for kind in kinds for one in related if one.kind is kind)


def _relation(related: Related) -> Relation:
    return Relation(
        kind=related.kind,
        kind_text=RELATION_WORDS[related.kind],
        target_type="anime",
        target_ids=(ForeignId(Site.MAL, related.id),),
        target_title=related.row.title,
        target_url=_page("anime", related.id, related.row.title),
    )


def _links(said: Said) -> tuple[Link, ...]:
    found = [Link(f"https://official.example/{said.mark}", "Official Site", LinkKind.OFFICIAL)]
    if (aid := said.id_at(Site.ANIDB)) is not None:
        url = f"https://anidb.net/perl-bin/animedb.pl?show=anime&aid={aid}"
        found.append(Link(url, "AniDB", LinkKind.DATABASE))
    if said.facts.licensors:
        found.append(Link(f"https://watch.example/{said.mark}", "Crunchyroll", LinkKind.STREAMING))
    return tuple(found)


def _identifiers(said: Said) -> tuple[ForeignId, ...]:
    aid = said.id_at(Site.ANIDB)
    own = ForeignId(Site.MAL, said.id)
    return (own,) if aid is None else (own, ForeignId(Site.ANIDB, aid))


def _companies(said: Said) -> tuple[Company, ...]:
    def all_of(role: CompanyRole, names: tuple[str, ...]) -> list[Company]:
        ids = {name: said.company_id(name) for name in names}
        return [Company(name, role, id=ids[name], url=_page("anime/producer", ids[name], name)) for name in names]

    facts = said.facts
    return tuple(
        all_of(CompanyRole.STUDIO, facts.studios)
        + all_of(CompanyRole.PRODUCER, facts.producers)
        + all_of(CompanyRole.LICENSOR, facts.licensors)
    )


def _person_url(person: Person) -> str:
    return _page("people", person.number + 1, person.name.western)


def _character(said: Said, figure: Figure) -> Character:
    id_ = character_id(int(said.id), figure.place)
    speakers = [_actor(figure.speaker, "ja")]
    if figure.dubber is not None:
        speakers.append(_actor(figure.dubber, "en"))
    return Character(
        id=str(id_),
        name=figure.name.listed,
        role=CharacterRole.MAIN if figure.role is CharacterRole.MAIN else CharacterRole.SUPPORTING,
        favorites=int(figure.renown * 50_000),
        image_url=said.image("character", id_),
        url=_page("character", id_, figure.name.western),
        voice_actors=tuple(speakers),
    )


def _actor(person: Person, language: str) -> VoiceActor:
    return VoiceActor(person.name.listed, language, str(person.number + 1), url=_person_url(person))


def _credits(said: Said) -> Iterator[Credit]:
    """MyAnimeList lists people, each with all positions."""
    works = make_crew(said.facts.key, said.facts.salt, said.facts.count or 1)
    for number in dict.fromkeys(work.person.number for work in works):
        yield from (_credit(work) for work in works if work.person.number == number)


def _credit(work: Work) -> Credit:
    id_ = str(work.person.number + 1)
    note = f"eps {work.episodes}" if work.episodes else None
    return Credit(work.person.name.listed, work.position, id_, episodes=note, url=_person_url(work.person))


def _episode(said: Said, item: Instalment) -> Episode:
    return Episode(
        number=item.number,
        id=str(item.number),
        titles=(
            TitleName(item.title, TitleKind.MAIN, "en"),
            TitleName(item.title_native, TitleKind.OFFICIAL, "ja"),
            TitleName(item.title_romaji, TitleKind.OFFICIAL, "ja-Latn"),
        ),
        aired=day_of(item.aired),
        score=round(3 + 2 * item.share_liked, 2),
        score_max=5.0,
        is_filler=item.is_filler,
        is_recap=item.is_recap,
        url=f"{_page('anime', said.id, said.facts.title)}/episode/{item.number}",
    )
