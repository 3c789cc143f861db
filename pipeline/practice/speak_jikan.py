"""Jikan's shape: a :class:`SourceTitle` of MyAnimeList written out as the bodies of a Jikan-shaped service.

Pure, and the inverse of the pipeline's own reading of Jikan as far as Jikan can carry a thing.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pipeline.domain.names import (
    AgeRating,
    AiringStatus,
    CharacterRole,
    CompanyRole,
    ImageRole,
    LabelKind,
    LinkKind,
    RelationKind,
    SourceMaterial,
    TitleKind,
    TitleType,
)
from pipeline.domain.source_title import (
    Broadcast,
    Character,
    Company,
    Credit,
    Episode,
    Image,
    Label,
    PartialDate,
    Relation,
    Song,
    SourceTitle,
    Statistics,
    VoiceActor,
)

__all__ = [
    "RELATION_WORDS",
    "speak_base",
    "speak_character_full",
    "speak_characters",
    "speak_episode",
    "speak_episodes",
    "speak_full",
    "speak_pictures",
    "speak_song",
    "speak_staff",
    "speak_statistics",
    "speak_videos",
]

_EPISODES_PER_PAGE: Final = 100
_NO_PICTURE: Final = "https://cdn.myanimelist.net/images/questionmark_23.gif"

_TYPES: Final[Mapping[TitleType, str]] = {
    TitleType.TV: "TV",
    TitleType.TV_SHORT: "TV",
    TitleType.TV_SPECIAL: "TV Special",
    TitleType.MOVIE: "Movie",
    TitleType.OVA: "OVA",
    TitleType.ONA: "ONA",
    TitleType.SPECIAL: "Special",
    TitleType.MUSIC: "Music",
    TitleType.PV: "PV",
    TitleType.CM: "CM",
    TitleType.UNKNOWN: "Unknown",
}
_STATUSES: Final[Mapping[AiringStatus, str]] = {
    AiringStatus.FINISHED: "Finished Airing",
    AiringStatus.AIRING: "Currently Airing",
    AiringStatus.UPCOMING: "Not yet aired",
}
_MATERIALS: Final[Mapping[SourceMaterial, str]] = {
    SourceMaterial.ORIGINAL: "Original",
    SourceMaterial.MANGA: "Manga",
    SourceMaterial.LIGHT_NOVEL: "Light novel",
    SourceMaterial.VISUAL_NOVEL: "Visual novel",
    SourceMaterial.NOVEL: "Novel",
    SourceMaterial.VIDEO_GAME: "Game",
    SourceMaterial.OTHER: "Other",
}
_RATINGS: Final[Mapping[AgeRating, str]] = {
    AgeRating.G: "G - All Ages",
    AgeRating.PG: "PG - Children",
    AgeRating.PG_13: "PG-13 - Teens 13 or older",
    AgeRating.R: "R - 17+ (violence & profanity)",
    AgeRating.R_PLUS: "R+ - Mild Nudity",
    AgeRating.RX: "Rx - Hentai",
}
RELATION_WORDS: Final[Mapping[RelationKind, str]] = {
    RelationKind.PREQUEL: "Prequel",
    RelationKind.SEQUEL: "Sequel",
    RelationKind.PARENT: "Parent Story",
    RelationKind.SIDE_STORY: "Side Story",
    RelationKind.SUMMARY: "Summary",
    RelationKind.FULL_STORY: "Full Story",
    RelationKind.ALTERNATIVE_VERSION: "Alternative Version",
    RelationKind.ALTERNATIVE_SETTING: "Alternative Setting",
    RelationKind.SPIN_OFF: "Spin-Off",
    RelationKind.ADAPTATION: "Adaptation",
    RelationKind.CHARACTER: "Character",
    RelationKind.OTHER: "Other",
}
_LANGUAGES: Final[Mapping[str, str]] = {"ja": "Japanese", "en": "English", "de": "German", "fr": "French"}
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def speak_base(title: SourceTitle) -> dict[str, Any]:
    """The base record, as ``/anime/{id}`` and every list give it."""
    figures = title.statistics or Statistics()
    synopsis = next(iter(title.synopses), None)
    return {
        "mal_id": int(title.id),
        "url": title.url,
        "images": _pictures(title.images, ImageRole.COVER),
        "trailer": _trailer(title),
        "approved": True,
        **_titles(title),
        "type": _TYPES[title.type] if title.type else None,
        "source": _MATERIALS.get(title.source_material, "Unknown") if title.source_material else "Unknown",
        "episodes": title.episode_count,
        "status": _STATUSES.get(title.status) if title.status else None,
        "airing": title.status is AiringStatus.AIRING,
        "aired": _aired(title),
        "duration": _duration(title),
        "rating": _RATINGS[title.age_rating] if title.age_rating else None,
        "score": figures.score,
        "scored_by": figures.scored_by,
        "rank": figures.rank,
        "popularity": figures.popularity_rank,
        "members": figures.members,
        "favorites": figures.favorites,
        "synopsis": None if synopsis is None else synopsis.text + _written_by(synopsis.origin),
        "background": title.background,
        "season": title.season.value.lower() if title.season else None,
        "year": title.season_year,
        "broadcast": _broadcast(title.broadcast),
        "producers": _companies(title, CompanyRole.PRODUCER),
        "licensors": _companies(title, CompanyRole.LICENSOR),
        "studios": _companies(title, CompanyRole.STUDIO),
        "genres": _labels(title, LabelKind.GENRE, is_adult=False),
        "explicit_genres": _labels(title, LabelKind.GENRE, is_adult=True),
        "themes": _labels(title, LabelKind.THEME, is_adult=False),
        "demographics": _labels(title, LabelKind.DEMOGRAPHIC, is_adult=False),
    }


def speak_full(title: SourceTitle) -> dict[str, Any]:
    """``/anime/{id}/full``: the base record, relations, theme songs and links."""
    external = [link for link in title.links if link.kind is not LinkKind.STREAMING]
    streaming = [link for link in title.links if link.kind is LinkKind.STREAMING]
    return speak_base(title) | {
        "relations": _relations(title.relations),
        "theme": {
            "openings": [speak_song(song) for song in title.songs if song.kind == "opening"],
            "endings": [speak_song(song) for song in title.songs if song.kind == "ending"],
        },
        "external": [{"name": link.note or link.site, "url": link.url} for link in external],
        "streaming": [{"name": link.site, "url": link.url} for link in streaming],
    }


def speak_characters(title: SourceTitle) -> list[dict[str, Any]]:
    """``/anime/{id}/characters``: everyone, on one page."""
    return [_cast(character) for character in title.characters]


def speak_staff(title: SourceTitle) -> list[dict[str, Any]]:
    """``/anime/{id}/staff``: one entry for each person, with all positions."""
    positions: dict[str | None, list[str]] = {}
    people: dict[str | None, Credit] = {}
    for credit in title.staff:
        people.setdefault(credit.id, credit)
        note = f" ({credit.episodes})" if credit.episodes else ""
        # Jikan splits MyAnimeList's line at every comma, also inside the brackets.
        positions.setdefault(credit.id, []).extend(f"{credit.role}{note}".split(", "))
    return [{"person": _person(credit), "positions": positions[id_]} for id_, credit in people.items()]


def speak_episodes(title: SourceTitle, page: int) -> dict[str, Any]:
    """``/anime/{id}/episodes?page=``: a whole body, with its paging."""
    last = max(1, -(-len(title.episodes) // _EPISODES_PER_PAGE))
    here = title.episodes[(page - 1) * _EPISODES_PER_PAGE : page * _EPISODES_PER_PAGE]
    return {
        "pagination": {"last_visible_page": last, "has_next_page": page < last},
        "data": [_listed_episode(episode) for episode in here],
    }


def speak_episode(episode: Episode, synopsis: str | None, duration_s: int | None) -> dict[str, Any]:
    """``/anime/{id}/episodes/{n}``: the only place with a synopsis and a length."""
    said = _listed_episode(episode)
    keys = ("mal_id", "url", "title", "title_japanese", "title_romanji", "aired", "filler", "recap")
    return {key: said[key] for key in keys} | {"duration": duration_s, "synopsis": synopsis}


def speak_statistics(title: SourceTitle) -> dict[str, Any]:
    """``/anime/{id}/statistics``: who has it on which list, and the votes."""
    figures = title.statistics or Statistics()
    statuses = dict(figures.status_distribution)
    votes = sum(count for _, count in figures.score_distribution) or 1
    return {
        **statuses,
        "total": sum(statuses.values()),
        "scores": [
            {"score": round(at), "votes": count, "percentage": round(100 * count / votes, 1)}
            for at, count in figures.score_distribution
        ],
    }


def speak_pictures(title: SourceTitle) -> list[dict[str, Any]]:
    """``/anime/{id}/pictures``."""
    return [_pictures(title.images, ImageRole.COVER)]


def speak_videos(title: SourceTitle) -> dict[str, Any]:
    """``/anime/{id}/videos``."""
    promo = [{"title": trailer.title or "PV 1", "trailer": _video(trailer.id)} for trailer in title.trailers]
    return {"promo": promo, "episodes": [], "music_videos": []}


def speak_character_full(character: Character, title: SourceTitle, native: str, about: str) -> dict[str, Any]:
    """``/characters/{id}/full``: with a biography, which the cast list has not."""
    family, _, given = character.name.partition(", ")
    return {
        "mal_id": int(character.id),
        "url": character.url,
        "images": _portrait(character.image_url),
        "name": f"{given} {family}".strip(),
        "name_kanji": native,
        "nicknames": list(character.nicknames),
        "favorites": character.favorites,
        "about": about,
        "anime": [{"role": _role(character), "anime": {"mal_id": int(title.id), "url": title.url}}],
        "manga": [],
        "voices": [{"person": _voice(actor)["person"], "language": "Japanese"} for actor in character.voice_actors[:1]],
    }


def _written_by(origin: str | None) -> str:
    if origin is None:
        return ""
    return f"\n\n[Written by {origin}]" if origin == "MAL Rewrite" else f"\n\n(Source: {origin})"


def _titles(title: SourceTitle) -> dict[str, Any]:
    rows = []
    flat: dict[str, Any] = {"title": None, "title_english": None, "title_japanese": None, "title_synonyms": []}
    for name in title.titles:
        if name.kind is TitleKind.MAIN:
            word, flat["title"] = "Default", name.text
        elif name.kind is TitleKind.SYNONYM:
            word = "Synonym"
            flat["title_synonyms"].append(name.text)
        else:
            word = _LANGUAGES[name.language or "en"]
            flat[f"title_{word.lower()}"] = name.text
        rows.append({"type": word, "title": name.text})
    return {"titles": rows} | {key: flat[key] for key in ("title", "title_english", "title_japanese", "title_synonyms")}


def _aired(title: SourceTitle) -> dict[str, Any]:
    start, end = title.start, title.end
    return {
        "from": _midnight(start),
        "to": _midnight(end),
        "prop": {"from": _prop(start), "to": _prop(end)},
        "string": _printed(start) if end is None or end == start else f"{_printed(start)} to {_printed(end)}",
    }


def _midnight(date: PartialDate | None) -> str | None:
    if date is None:
        return None
    return f"{date.year:04d}-{date.month or 1:02d}-{date.day or 1:02d}T00:00:00+00:00"


def _prop(date: PartialDate | None) -> dict[str, int | None]:
    if date is None:
        return {"day": None, "month": None, "year": None}
    return {"day": date.day, "month": date.month, "year": date.year}


def _printed(date: PartialDate | None) -> str:
    if date is None:
        return "Not available"
    if date.month is None:
        return str(date.year)
    day = f" {date.day}," if date.day is not None else ""
    return f"{_MONTHS[date.month - 1]}{day} {date.year}"


def _duration(title: SourceTitle) -> str:
    if title.episode_duration_s is None:
        return "Unknown"
    minutes, seconds = divmod(title.episode_duration_s, 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{hours} hr"] * bool(hours) + [f"{minutes} min"] * bool(minutes) + [f"{seconds} sec"] * bool(seconds)
    return " ".join(parts) + (" per ep" if (title.episode_count or 2) > 1 else "")


def _broadcast(slot: Broadcast | None) -> dict[str, Any]:
    if slot is None:
        return {"day": None, "time": None, "timezone": None, "string": None}
    day = f"{slot.day.capitalize()}s" if slot.day else None
    return {"day": day, "time": slot.time, "timezone": slot.timezone, "string": f"{day} at {slot.time} (JST)"}


def _named(id_: str | None, name: str, url: str | None) -> dict[str, Any]:
    return {"mal_id": int(id_ or 0), "type": "anime", "name": name, "url": url}


def _companies(title: SourceTitle, role: CompanyRole) -> list[dict[str, Any]]:
    def said(company: Company) -> dict[str, Any]:
        return _named(company.id, company.name, company.url)

    return [said(company) for company in title.companies if company.role is role]


def _labels(title: SourceTitle, kind: LabelKind, *, is_adult: bool) -> list[dict[str, Any]]:
    def said(label: Label) -> dict[str, Any]:
        url = f"https://myanimelist.net/anime/genre/{label.id}/{label.name.replace(' ', '_')}"
        return _named(label.id, label.name, url)

    return [said(label) for label in title.labels if label.kind is kind and label.is_adult is is_adult]


def _pictures(images: Iterable[Image], role: ImageRole) -> dict[str, dict[str, str | None]]:
    kinds: dict[str, dict[str, str | None]] = {
        name: {"image_url": None, "small_image_url": None, "large_image_url": None} for name in ("jpg", "webp")
    }
    for image in images:
        if image.role is role:
            kind = "webp" if image.url.endswith(".webp") else "jpg"
            kinds[kind][f"{image.size}_image_url" if image.size else "image_url"] = image.url
    return kinds


def _portrait(url: str | None) -> dict[str, Any]:
    return {"jpg": {"image_url": url or _NO_PICTURE}}


def _video(id_: str | None) -> dict[str, Any]:
    # Since 2025 only the embedded address carries the id.
    embed = (
        None if id_ is None else f"https://www.youtube-nocookie.com/embed/{id_}?enablejsapi=1&wmode=opaque&autoplay=1"
    )
    sizes = ("image_url", "small_image_url", "medium_image_url", "large_image_url", "maximum_image_url")
    return {"youtube_id": None, "url": None, "embed_url": embed, "images": dict.fromkeys(sizes)}


def _trailer(title: SourceTitle) -> dict[str, Any]:
    return _video(next((trailer.id for trailer in title.trailers), None))


def _relations(relations: Sequence[Relation]) -> list[dict[str, Any]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for relation in relations:
        entry = {
            "mal_id": int(relation.target_ids[0].id),
            "type": relation.target_type,
            "name": relation.target_title,
            "url": relation.target_url,
        }
        groups.setdefault(relation.kind_text, []).append(entry)
    return [{"relation": word, "entry": entries} for word, entries in groups.items()]


def speak_song(song: Song) -> str:
    """A theme song in one line, as both of MyAnimeList's services print it."""
    number = f"{song.number}: " if song.number is not None else ""
    title = f"{song.title} ({song.title_native})" if song.title_native else song.title
    artist = f"{song.artist} ({song.artist_native})" if song.artist_native else song.artist
    by = f" by {artist}" if artist else ""
    return f'{number}"{title}"{by}' + (f" (eps {song.episodes})" if song.episodes else "")


def _role(character: Character) -> str:
    return "Main" if character.role is CharacterRole.MAIN else "Supporting"


def _cast(character: Character) -> dict[str, Any]:
    return {
        "character": {
            "mal_id": int(character.id),
            "url": character.url,
            "images": _portrait(character.image_url),
            "name": character.name,
        },
        "role": _role(character),
        "favorites": character.favorites,
        "voice_actors": [_voice(actor) for actor in character.voice_actors],
    }


def _voice(actor: VoiceActor) -> dict[str, Any]:
    return {"person": _person(actor), "language": _LANGUAGES[actor.language or "ja"]}


def _person(person: VoiceActor | Credit) -> dict[str, Any]:
    return {
        "mal_id": int(person.id or 0),
        "url": person.url,
        "images": _portrait(person.image_url),
        "name": person.name,
    }


def _listed_episode(episode: Episode) -> dict[str, Any]:
    names = {name.language: name.text for name in episode.titles}
    return {
        "mal_id": episode.number,
        "url": episode.url,
        "title": names.get("en"),
        "title_japanese": names.get("ja"),
        "title_romanji": names.get("ja-Latn"),
        "aired": _midnight(episode.aired),
        "score": episode.score,
        "filler": bool(episode.is_filler),
        "recap": bool(episode.is_recap),
        "forum_url": None,
    }
