"""AniDB's shape: a :class:`SourceTitle` written out as the XML of its HTTP API.

Pure, and the inverse of the pipeline's own reading of AniDB as far as AniDB can carry a thing: no status, no season, no
demographics. Backticks stand for apostrophes, romaji is ``x-jat``, lengths are whole minutes.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from lxml import etree

from pipeline.domain.canonical import digest_of
from pipeline.domain.names import (
    CharacterRole,
    CompanyRole,
    EpisodeKind,
    ImageRole,
    LinkKind,
    RelationKind,
    Site,
    TitleType,
)
from pipeline.domain.source_title import (
    Character,
    Company,
    Credit,
    Episode,
    ForeignId,
    Label,
    Link,
    SourceTitle,
    Text,
    TitleName,
)

__all__ = ["speak_error", "speak_title"]

_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"
_LANGUAGES: Final[Mapping[str, str]] = {
    "ja-Latn": "x-jat",
    "ko-Latn": "x-kot",
    "zh-Latn": "x-zht",
    "es-419": "es-LA",
}
_TYPES: Final[Mapping[TitleType, str]] = {
    TitleType.TV: "TV Series",
    TitleType.TV_SHORT: "TV Series",
    TitleType.TV_SPECIAL: "TV Special",
    TitleType.MOVIE: "Movie",
    TitleType.OVA: "OVA",
    TitleType.ONA: "Web",
    TitleType.MUSIC: "Music Video",
    TitleType.UNKNOWN: "unknown",
}
_RELATIONS: Final[Mapping[RelationKind, str]] = {
    RelationKind.PREQUEL: "Prequel",
    RelationKind.SEQUEL: "Sequel",
    RelationKind.PARENT: "Parent Story",
    RelationKind.SIDE_STORY: "Side Story",
    RelationKind.SUMMARY: "Summary",
    RelationKind.FULL_STORY: "Full Story",
    RelationKind.ALTERNATIVE_VERSION: "Alternative Version",
    RelationKind.ALTERNATIVE_SETTING: "Alternative Setting",
    RelationKind.CHARACTER: "Character",
}
_ROLES: Final[Mapping[CharacterRole, str]] = {
    CharacterRole.MAIN: "main character in",
    CharacterRole.SUPPORTING: "secondary cast in",
    CharacterRole.BACKGROUND: "appears in",
}
_EPISODES: Final[Mapping[EpisodeKind, tuple[str, str]]] = {
    EpisodeKind.REGULAR: ("1", ""),
    EpisodeKind.SPECIAL: ("2", "S"),
    EpisodeKind.CREDIT: ("3", "C"),
    EpisodeKind.TRAILER: ("4", "T"),
    EpisodeKind.PARODY: ("5", "P"),
    EpisodeKind.OTHER: ("6", "O"),
}
_RESOURCES: Final[Mapping[Site | str, str]] = {
    Site.ANN: "1",
    Site.MAL: "2",
    "animenfo": "3",
    "wikipedia-en": "6",
    "wikipedia-ja": "7",
    "syoboi": "8",
    "allcinema": "9",
    "anison": "10",
    "lain": "11",
    "vndb": "14",
    "wikipedia-ko": "19",
    "wikipedia-zh": "20",
    "crunchyroll": "28",
    "amazon": "32",
    "bangumi": "38",
    "imdb": "43",
    "tmdb": "44",
}
_WATCH: Final = "https://www.crunchyroll.com/watch/"
_OFFICIAL: Final[Mapping[str | None, str]] = {"ja": "4", "en": "5"}
_HEAVIEST: Final = 600
_UPDATED: Final = "2026-01-10"


def speak_error(text: str, code: int | None = None) -> bytes:
    """An error document: the same status 200, another root."""
    root = etree.Element("error") if code is None else etree.Element("error", code=str(code))
    root.text = text
    return _document(root)


def speak_title(title: SourceTitle) -> bytes:
    """The whole answer to ``request=anime``, not yet compressed."""
    root = etree.Element("anime", id=title.id, restricted=_flag(title.is_adult))
    _leaf(root, "type", _TYPES.get(title.type, "Other") if title.type else "unknown")
    _leaf(root, "episodecount", str(title.episode_count or 0))
    _leaf(root, "startdate", title.start.text if title.start else None)
    _leaf(root, "enddate", title.end.text if title.end else None)
    _titles(root, title.titles)
    _relations(root, title)
    _leaf(root, "url", next((one.url for one in title.links if _is_home(one)), None))
    _creators(root, title.companies, title.staff)
    _leaf(root, "description", _description(title))
    _ratings(root, title)
    cover = next((one.url for one in title.images if one.role is ImageRole.COVER), None)
    _leaf(root, "picture", _file(cover))
    _resources(root, title.identifiers, title.links)
    _tags(root, title.labels)
    _characters(root, title.characters)
    _episodes(root, title.episodes)
    return _document(root)


def _document(root: Any) -> bytes:
    text: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return text


def _flag(value: bool | None) -> str:
    return "true" if value else "false"


def _leaf(parent: Any, tag: str, text: str | None, **attributes: str) -> None:
    """An element with text, or nothing when there is no text."""
    if text is not None:
        etree.SubElement(parent, tag, **attributes).text = text.replace("'", "`")


def _language(language: str | None) -> str:
    return "x-unk" if language is None else _LANGUAGES.get(language, language)


def _number(*words: str) -> str:
    return str(int(digest_of("anidb", *words)[:6], 16))


def _file(url: str | None) -> str | None:
    """AniDB names pictures by file only."""
    return url.rsplit("/", 1)[-1] if url else None


def _is_home(link: Link) -> bool:
    return link.kind is LinkKind.OFFICIAL and link.language not in _OFFICIAL


def _titles(root: Any, names: Iterable[TitleName]) -> None:
    parent = etree.SubElement(root, "titles")
    for name in names:
        etree.SubElement(
            parent, "title", {_LANG: _language(name.language)}, type=name.kind.value
        ).text = name.text.replace("'", "`")


def _relations(root: Any, title: SourceTitle) -> None:
    rows = [(one, t.id) for one in title.relations for t in one.target_ids if t.site is Site.ANIDB]
    parent = etree.SubElement(root, "relatedanime") if rows else None
    for relation, id_ in rows:
        kind = _RELATIONS.get(relation.kind) if relation.kind else None
        kind = kind or (relation.kind_text if relation.kind in (None, RelationKind.OTHER) else "Other")
        _leaf(parent, "anime", relation.target_title or "", id=id_, type=kind)


def _creators(root: Any, companies: Iterable[Company], staff: Iterable[Credit]) -> None:
    parent = etree.SubElement(root, "creators")
    for credit in staff:
        _leaf(parent, "name", credit.name, id=credit.id or _number(credit.name), type=credit.role)
    for company in companies:
        if company.role is CompanyRole.STUDIO:
            _leaf(parent, "name", company.name, id=company.id or _number(company.name), type="Animation Work")


def _prose(text: Text | None) -> str | None:
    if text is None:
        return None
    return text.text if text.origin is None else f"{text.text}\n\nSource: {text.origin}"


def _description(title: SourceTitle) -> str | None:
    """The story, what it is based on before it (``* ...``), other remarks after it (``Note: ...``)."""
    lines = (title.background or "").split("\n")
    first = next((place for place, line in enumerate(lines) if not line.startswith("* ")), len(lines))
    before, after = lines[:first], lines[first:]
    story = _prose(next(iter(title.synopses), None))
    parts = ["\n".join(before), story or "", "\n".join(after).strip()]
    return "\n\n".join(part for part in parts if part) or None


def _ratings(root: Any, title: SourceTitle) -> None:
    figures = title.statistics
    if figures is None or figures.score is None:
        return
    parent = etree.SubElement(root, "ratings")
    votes = str(figures.scored_by or 0)
    _leaf(parent, "permanent", f"{figures.score * 10 / figures.score_max:.2f}", count=votes)


def _resources(root: Any, ids: Iterable[ForeignId], links: Iterable[Link]) -> None:
    """Ids elsewhere (joined ones taken apart again) and official pages, by AniDB's number of the place."""
    found: dict[str, list[tuple[str, str]]] = {}
    for one in ids:
        if one.site in _RESOURCES:
            found.setdefault(_RESOURCES[one.site], []).append(("identifier", one.id))
    for link in links:
        if link.kind is LinkKind.OFFICIAL and link.language in _OFFICIAL:
            found.setdefault(_OFFICIAL[link.language], []).append(("url", link.url))
    parent = etree.SubElement(root, "resources") if found else None
    for number, entries in sorted(found.items(), key=lambda pair: int(pair[0])):
        resource = etree.SubElement(parent, "resource", type=number)
        for tag, text in entries:
            entity = etree.SubElement(resource, "externalentity")
            for part in text.split("/") if number == _RESOURCES["tmdb"] else (text,):
                etree.SubElement(entity, tag).text = part


def _streams(episode: Any, links: Iterable[Link]) -> None:
    names = [link.url.removeprefix(_WATCH) for link in links if link.url.startswith(_WATCH)]
    if names:
        parent = etree.SubElement(etree.SubElement(episode, "resources"), "resource", type=_RESOURCES["crunchyroll"])
        for name in names:
            etree.SubElement(etree.SubElement(parent, "externalentity"), "identifier").text = name


def _tags(root: Any, labels: Iterable[Label]) -> None:
    known = {label.name: label.id or _number("tag", label.name) for label in labels}
    parent = etree.SubElement(root, "tags") if known else None
    for label in labels:
        tag = etree.SubElement(parent, "tag", id=known[label.name])
        if label.category in known:
            tag.set("parentid", known[str(label.category)])
        tag.set("weight", str(round(label.strength * _HEAVIEST)))
        tag.set("localspoiler", _flag(label.is_spoiler))
        tag.set("globalspoiler", "false")
        tag.set("verified", "true")
        tag.set("update", _UPDATED)
        _leaf(tag, "name", label.name)


def _characters(root: Any, characters: Iterable[Character]) -> None:
    parent = etree.SubElement(root, "characters")
    for one in characters:
        node = etree.SubElement(parent, "character", id=one.id, type=_ROLES.get(one.role, "appears in"))
        node.set("update", _UPDATED)
        facts = dict(one.attributes)
        _leaf(node, "rating", facts.get("rating"), votes=facts.get("rating votes", "0"))
        _leaf(node, "name", one.name)
        _leaf(node, "gender", one.gender or "unknown")
        _leaf(node, "charactertype", one.kind, id="1")
        _leaf(node, "description", one.description)
        _leaf(node, "picture", _file(one.image_url))
        for actor in one.voice_actors:
            picture = _file(actor.image_url)
            extra = {"picture": picture} if picture else {}
            _leaf(node, "seiyuu", actor.name, id=actor.id or _number(actor.name), **extra)


def _episodes(root: Any, episodes: Iterable[Episode]) -> None:
    parent = etree.SubElement(root, "episodes")
    for one in episodes:
        number, letter = _EPISODES[one.kind]
        node = etree.SubElement(parent, "episode", id=one.id or _number(one.kind.value, str(one.number)))
        node.set("update", _UPDATED)
        if one.is_recap:
            node.set("recap", "true")
        if one.number is not None:
            _leaf(node, "epno", f"{letter}{one.number}", type=number)
        _leaf(node, "length", str((one.duration_s or 0) // 60))
        _leaf(node, "airdate", one.aired.text if one.aired else None)
        if one.score is not None:
            _leaf(node, "rating", f"{one.score * 10 / one.score_max:.2f}", votes="12")
        for name in one.titles:
            etree.SubElement(node, "title", {_LANG: _language(name.language)}).text = name.text.replace("'", "`")
        _leaf(node, "summary", _prose(one.synopsis))
        _streams(node, one.streaming)
