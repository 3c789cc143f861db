"""AniDB's word on a title, from its one answer. Pure.

Promises: total over odd fields (missing elements, partial dates, unknown words); only a body that is not an
``<anime>`` document of that id raises ``Broken``. AniDB states no status, season or age rating, so none is given.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from pipeline.domain.names import EpisodeKind, ImageRole, LabelKind, LinkKind, Platform, Site, Source, TitleKind
from pipeline.domain.source_title import (
    Episode,
    ForeignId,
    Image,
    Label,
    Link,
    Relation,
    SourceTitle,
    Statistics,
    TitleName,
)
from pipeline.platforms._links import absolute_url
from pipeline.platforms._notes import Notes
from pipeline.platforms._reading import broken
from pipeline.platforms.anidb.cast import convert_characters, convert_companies, convert_staff, picture_url
from pipeline.platforms.anidb.markup import read_description, read_text
from pipeline.platforms.anidb.payload import parse_anime
from pipeline.platforms.anidb.requests import ANIME
from pipeline.platforms.anidb.resources import convert_resources, episode_streams
from pipeline.platforms.anidb.words import EPISODE_KINDS, RELATIONS, TITLE_KINDS, TYPES, language_tag
from pipeline.platforms.anidb.xml import Node

__all__ = ["convert_title"]

_HEAVIEST: Final = 600
_NUMBER: Final = re.compile(r"[A-Z]?(\d{1,6})", re.ASCII)


def convert_title(id_: str, parts: Mapping[str, bytes]) -> SourceTitle:
    """Say in our terms what AniDB says. Raises ``Broken`` when the part cannot be read or lacks."""
    if ANIME not in parts:
        raise broken(Platform.ANIDB, id_, ANIME, "was never had")
    root = parse_anime(parts[ANIME], id_)
    notes = Notes(Source.ANIDB)
    titles = notes.unique("titles", _titles(root, notes), lambda one: one)
    synopsis, background = read_description(root.prose("description"))
    identifiers, resources = convert_resources(root, notes)
    cover = picture_url(root.text("picture"))
    restricted = root.attribute("restricted")
    return SourceTitle(
        source=Source.ANIDB,
        id=id_,
        url=f"https://anidb.net/anime/{id_}",
        titles=titles,
        synopses=() if synopsis is None else (synopsis,),
        background=background,
        type=notes.known("type", root.text("type"), TYPES),
        is_adult=None if restricted is None else restricted == "true",
        start=notes.date("startdate", root.text("startdate")),
        end=notes.date("enddate", root.text("enddate")),
        episode_count=_whole(root.text("episodecount")) or None,
        labels=notes.unique("labels", _labels(root), lambda one: (one.category, one.id or one.name)),
        statistics=_statistics(root),
        images=() if cover is None else (Image(cover, ImageRole.COVER),),
        relations=tuple(_relations(root, notes)),
        links=tuple({(one.url, one.kind): one for one in (*_official(root), *resources)}.values()),
        companies=convert_companies(root, notes),
        characters=convert_characters(root, _spoken(titles), notes),
        staff=convert_staff(root, notes),
        episodes=_episodes(root, notes),
        identifiers=tuple(dict.fromkeys((ForeignId(Site.ANIDB, id_), *identifiers))),
        drift=notes.drift,
        findings=notes.findings,
    )


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None


def _decimal(text: str | None) -> float | None:
    return float(text) if text and re.fullmatch(r"\d{1,4}(\.\d{1,6})?", text, re.ASCII) else None


def _titles(root: Node, notes: Notes) -> Iterator[TitleName]:
    for node in root.children("titles/title"):
        kind = notes.known("titles.type", node.attribute("type"), TITLE_KINDS)
        if node.line is not None:
            yield TitleName(node.line, kind or TitleKind.SYNONYM, language_tag(node.language))


def _spoken(titles: tuple[TitleName, ...]) -> str | None:
    """The original's language, told by the main title's (``ja-Latn``: Japanese)."""
    main = next((one.language for one in titles if one.kind is TitleKind.MAIN and one.language), None)
    return None if main is None else main.removesuffix("-Latn")


def _labels(root: Node) -> Iterator[Label]:
    names = {node.attribute("id"): node.text("name") for node in root.children("tags/tag")}
    for node in root.children("tags/tag"):
        name = node.text("name")
        if name is not None:
            parent = node.attribute("parentid")
            yield Label(
                name=name,
                kind=LabelKind.TAG,
                strength=_strength(node),
                is_spoiler=any(node.attribute(f"{reach}spoiler") == "true" for reach in ("local", "global", "")),
                category=names.get(parent) if parent is not None else None,
                id=node.attribute("id"),
            )
    for node in root.children("categories/category"):  # before 2014; ids of their own
        name = node.text("name")
        if name is not None:
            is_adult = node.attribute("hentai") == "true"
            yield Label(
                name, LabelKind.TAG, _strength(node), is_adult=is_adult, category="category", id=node.attribute("id")
            )


def _strength(node: Node) -> float:
    # 0 is "not weighted", which is what old answers without the attribute mean too.
    return min(1.0, (_whole(node.attribute("weight")) or 0) / _HEAVIEST)


def _statistics(root: Node) -> Statistics | None:
    """The permanent rating; while there are too few votes for one, the temporary."""
    for kind in ("permanent", "temporary"):
        node = root.child(f"ratings/{kind}")
        score = _decimal(node.line) if node is not None else None
        if node is not None and score:
            return Statistics(score=score, score_max=10.0, scored_by=_whole(node.attribute("count")))
    return None


def _relations(root: Node, notes: Notes) -> Iterator[Relation]:
    for node in root.children("relatedanime/anime"):
        id_, word = node.attribute("id"), node.attribute("type") or ""
        if id_ is not None:
            yield Relation(
                kind=notes.known("relatedanime.type", word, RELATIONS),
                kind_text=word,
                target_type="anime",
                target_ids=(ForeignId(Site.ANIDB, id_),),
                target_title=node.line,
                target_url=f"https://anidb.net/anime/{id_}",
            )


def _official(root: Node) -> Iterator[Link]:
    url = absolute_url(root.text("url"))
    if url is not None:
        yield Link(url, "Official Site", LinkKind.OFFICIAL)


def _episodes(root: Node, notes: Notes) -> tuple[Episode, ...]:
    made = (_episode(node, notes) for node in root.children("episodes/episode"))
    by_id = notes.unique("episodes", made, lambda one: one.id)
    return tuple(
        sorted(by_id, key=lambda one: (list(EpisodeKind).index(one.kind), one.number is None, one.number or 0))
    )


def _episode(node: Node, notes: Notes) -> Episode:
    number, id_ = node.child("epno"), node.attribute("id")
    kind = notes.known("episodes.epno.type", number.attribute("type"), EPISODE_KINDS) if number else None
    if number is None:
        notes.note("unnumbered", f"episode {id_} has no number, kept as other", "episodes")
    found = _NUMBER.fullmatch(number.line or "") if number else None
    minutes = _whole(node.text("length"))
    rating = node.child("rating")
    recap = node.attribute("recap")
    return Episode(
        number=int(found[1]) if found else None,
        kind=kind or EpisodeKind.OTHER,
        id=id_,
        titles=tuple(_episode_titles(node)),
        synopsis=read_text(node.prose("summary")),
        aired=notes.date("episodes.airdate", node.text("airdate")),
        duration_s=minutes * 60 if minutes else None,
        score=_decimal(rating.line) if rating else None,
        is_recap=None if recap is None else recap == "true",
        url=id_ and f"https://anidb.net/episode/{id_}",
        streaming=episode_streams(node),
    )


def _episode_titles(node: Node) -> Iterator[TitleName]:
    for title in node.children("title"):
        if title.line is not None:
            yield TitleName(title.line, TitleKind.OFFICIAL, language_tag(title.language))
