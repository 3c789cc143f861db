"""Anime-Planet's pages: a :class:`SourceTitle` written out as the title page and the page of its characters.

Pure, and the inverse of the pipeline's own reading of the pages as far as they can carry a thing: names are
``Given FAMILY``, dates are whole days or, for a film, a bare year. Only the parts a reader looks at are written.
"""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Final

import orjson

from pipeline.domain.names import (
    CharacterRole,
    CompanyRole,
    ImageRole,
    LabelKind,
    RelationKind,
    Site,
    TitleKind,
    TitleType,
)
from pipeline.domain.source_title import Character, Label, PartialDate, Relation, SourceTitle, VoiceActor
from pipeline.practice.rows import make_slug

__all__ = ["speak_characters", "speak_robots", "speak_search", "speak_title"]

_SITE_URL: Final = "https://www.anime-planet.com"
_TYPES: Final[Mapping[TitleType, str]] = {
    TitleType.TV: "TV",
    TitleType.TV_SHORT: "TV",
    TitleType.TV_SPECIAL: "TV Special",
    TitleType.SPECIAL: "DVD Special",
    TitleType.MOVIE: "Movie",
    TitleType.OVA: "OVA",
    TitleType.ONA: "Web",
    TitleType.MUSIC: "Music Video",
    TitleType.UNKNOWN: "Other",
}
_RELATIONS: Final[Mapping[RelationKind, str]] = {
    RelationKind.PARENT: "Original",
    RelationKind.SIDE_STORY: "Side Story",
    RelationKind.SPIN_OFF: "Spin-off",
    RelationKind.SEQUEL: "Sequel",
    RelationKind.PREQUEL: "Prequel",
    RelationKind.SUMMARY: "Recap",
    RelationKind.FULL_STORY: "Full Version",
    RelationKind.ALTERNATIVE_VERSION: "Alternate Version",
    RelationKind.SOURCE: "Original Manga",
    RelationKind.ADAPTATION: "Manga Adaptation",
}
_HEADINGS: Final[tuple[tuple[str, frozenset[CharacterRole]], ...]] = (
    ("Main Characters", frozenset({CharacterRole.MAIN})),
    ("Secondary Characters", frozenset({CharacterRole.SUPPORTING})),
    ("Minor Characters", frozenset({CharacterRole.BACKGROUND, CharacterRole.UNKNOWN})),
)
_FLAGS: Final[Mapping[str, tuple[str, str]]] = {
    "ja": ("JP", "jp."),
    "en": ("US", "en."),
    "es": ("ES", "es."),
    "fr": ("FR", "fr."),
}
_LD_LIMIT: Final = 151
"""No page seen lists more voice actors than that."""


def speak_title(title: SourceTitle) -> bytes:
    """The title page."""
    name = _name(title)
    ld = orjson.dumps(_ld(title)).decode().replace("/", "\\/")
    parts = [
        f'<link rel="canonical" href="{_SITE_URL}/anime/{title.id}">',
        f'<script type="application/ld+json">{ld}</script>',
    ]
    body = [
        f'<h1 itemprop="name">{escape(name)}</h1>',
        _aka(title),
        _entry_bar(title),
        _stats(title),
        '<section id="entry">',
        _synopsis(title),
        _tags("tags ", "Tags", [one for one in title.labels if one.kind is not LabelKind.WARNING]),
        _tags("tags tags--plain", "Content Warning", [one for one in title.labels if one.kind is LabelKind.WARNING]),
        "</section>",
        _relations(title),
    ]
    return _page(f"{name} | Anime-Planet", parts, body)


def speak_characters(title: SourceTitle) -> bytes:
    """The page of all characters, grouped by how much they matter."""
    name = _name(title)
    body = [f'<h1 itemprop="name">{escape(name)}</h1>', "<h2>Characters &amp; voice actors</h2>"]
    for heading, roles in _HEADINGS:
        rows = [_character(one) for one in title.characters if one.role in roles]
        if rows:
            body += [f'<h3 class="sub">{heading}</h3>', '<table class="pure-table striped">', *rows, "</table>"]
    canonical = f'<link rel="canonical" href="{_SITE_URL}/anime/{title.id}/characters">'
    return _page(f"{name} Characters | Anime-Planet", [canonical], body)


def speak_search(words: str) -> bytes:
    """What stands, with status 200, where a page is not."""
    text = escape(words)
    body = [
        '<div class="homepage">',
        f"<h1>You searched for {text}</h1>",
        "<h3>...but we couldn't find anything.</h3>",
        '<form id="newSearchForm">Try a new search: <input id="entry_title" name="search"></form>',
        "</div>",
    ]
    return _page(f"Search Results for {text} | Anime-Planet", [], body)


def speak_robots(delay_s: int) -> bytes:
    """The practice site's own rules for machines."""
    return f"User-agent: *\nCrawl-delay: {delay_s}\nDisallow: /search.php\nAllow: /\n".encode()


def _page(heading: str, head: Iterable[str], body: Iterable[str]) -> bytes:
    lines = [
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f"<title>{escape(heading)}</title>",
        *head,
        "</head>",
        "<body>",
        '<div id="siteContainer">',
        *(line for line in body if line),
        "</div>",
        "</body>",
        "</html>",
        "",
    ]
    return "\n".join(lines).encode()


def _name(title: SourceTitle) -> str:
    return next((one.text for one in title.titles if one.kind is TitleKind.MAIN), title.id)


def _others(title: SourceTitle) -> list[str]:
    return [one.text for one in title.titles if one.kind is not TitleKind.MAIN]


def _ld(title: SourceTitle) -> dict[str, Any]:
    """The page's JSON-LD; what is not known is left out, as on the site."""
    cover = next((one.url for one in title.images if one.role is ImageRole.COVER), None)
    said: dict[str, Any] = {
        "@context": "http://schema.org",
        "@type": "Movie" if title.type is TitleType.MOVIE else "TVSeries",
        "name": _name(title),
        "alternateName": _others(title)[:1],
        "description": next((text.text for text in title.synopses), None),
        "url": f"{_SITE_URL}/anime/{title.id}",
        "image": cover,
        **_dates(title),
        "numberOfEpisodes": title.episode_count,
        "genre": [label.name for label in title.labels],
        "actor": _actors(title.characters),
        "director": _people(title, "Director"),
        "musicBy": _people(title, "Music"),
        "character": [_thing(one.name, "characters", one.id) for one in _leads(title)],
        "aggregateRating": _rating(title),
    }
    return {key: value for key, value in said.items() if value not in (None, [])}


def _dates(title: SourceTitle) -> dict[str, str | None]:
    """A day, or a bare year under another name."""
    if title.start is not None and title.start.day is None:
        return {"datePublished": title.start.text}
    return {"startDate": _day(title.start), "endDate": _day(title.end)}


def _day(date: PartialDate | None) -> str | None:
    return None if date is None else date.text


def _people(title: SourceTitle, role: str) -> list[dict[str, str]]:
    return [_thing(one.name, "people", one.id) for one in title.staff if one.role == role]


def _leads(title: SourceTitle) -> list[Character]:
    return [one for one in title.characters if one.role in (CharacterRole.MAIN, CharacterRole.UNKNOWN)]


def _actors(characters: Iterable[Character]) -> list[dict[str, str]]:
    people = {actor.name: actor for one in characters for actor in one.voice_actors}
    return [_thing(name, "people", people[name].id) for name in sorted(people)[:_LD_LIMIT]]


def _thing(name: str, kind: str, slug: str | None) -> dict[str, str]:
    return {"@type": "Person", "name": name, "url": f"{_SITE_URL}/{kind}/{slug or make_slug(name)}"}


def _rating(title: SourceTitle) -> dict[str, Any] | None:
    figures = title.statistics
    if figures is None or figures.score is None:
        return None
    return {
        "@type": "AggregateRating",
        "ratingCount": figures.scored_by,
        "bestRating": 5,
        "worstRating": 0.5,
        "ratingValue": round(figures.score * 5 / figures.score_max, 3),
    }


def _aka(title: SourceTitle) -> str:
    others = _others(title)
    if not others:
        return ""
    word = "Alt title" if len(others) == 1 else "Alt titles"
    return f'<h2 class="aka">\n{word}: {escape(", ".join(others))}\n</h2>'


def _entry_bar(title: SourceTitle) -> str:
    cells = [_type(title), *_studios(title), _years(title), _stars(title), _rank(title)]
    return "\n".join(
        [
            '<section class="pure-g entryBar">',
            *(f'<div class="pure-1 md-1-5">\n{cell}\n</div>' for cell in cells if cell),
            "</section>",
        ]
    )


def _type(title: SourceTitle) -> str:
    words = _TYPES.get(title.type, "Other") if title.type else "Other"
    count, length = title.episode_count, title.episode_duration_s
    if count is not None:
        eps = f"{count} {'ep' if count == 1 else 'eps'}"
        words += f"\n({eps} x {length // 60} min)" if length else f"\n({eps})"
    return f'<span class="type">{words}\n</span>'


def _studios(title: SourceTitle) -> list[str]:
    return [
        f'<a href="/anime/studios/{one.id or make_slug(one.name)}">{escape(one.name)}</a>'
        for one in title.companies
        if one.role is CompanyRole.STUDIO
    ]


def _years(title: SourceTitle) -> str:
    if title.start is None:
        years = "TBA"
    else:
        years = str(title.start.year)
        if title.end is not None and title.end.year != title.start.year:
            years += f" - {title.end.year}"
    text = f'<span class="iconYear"> {years} </span>'
    if title.season is None or title.season_year is None:
        return text
    season = title.season.value.capitalize()
    return (
        f'{text}\n<br>\n<a href="/anime/seasons/{season.lower()}-{title.season_year}">{season} {title.season_year}</a>'
    )


def _stars(title: SourceTitle) -> str:
    figures = title.statistics
    if figures is None or figures.score is None:
        return ""
    score = figures.score * 5 / figures.score_max
    words = f"{score:.3f} out of 5 from {figures.scored_by or 0:,} votes"
    return f'<div class="avgRating" title="{words}">\n<span style="width: {score * 20:.1f}%">{words}</span>\n</div>'


def _rank(title: SourceTitle) -> str:
    rank = title.statistics.rank if title.statistics else None
    return "" if rank is None else f"Rank #{rank:,}"


def _synopsis(title: SourceTitle) -> str:
    cover = next((one.url for one in title.images if one.role is ImageRole.COVER), None)
    image = (
        f'<img itemprop="image" class="screenshots" alt="{escape(_name(title))}" src="{escape(cover)}">'
        if cover
        else ""
    )
    text = next(iter(title.synopses), None)
    prose = "".join(f"<p>{escape(part)}</p>" for part in text.text.split("\n\n")) if text else ""
    notes = f'<div class="notes"><p>Source:&nbsp;{escape(text.origin)}</p></div>' if text and text.origin else ""
    return "\n".join(
        [
            '<div class="pure-g entrySynopsis">',
            f'<div class="pure-1-2 md-1-3">\n<div class="mainEntry">\n{image}\n</div>\n</div>',
            f'<div class="pure-1 md-3-5">\n<div>{prose}</div>\n{notes}\n</div>',
            "</div>",
        ]
    )


def _tags(style: str, heading: str, labels: Sequence[Label]) -> str:
    if not labels:
        return ""
    rows = [
        f'<li>\n<a href="/anime/tags/{make_slug(label.name)}"{_tooltip(label)}>\n{escape(label.name)}\n</a>\n</li>'
        for label in labels
    ]
    return "\n".join([f'<div class="{style}">', f"<h4>{heading}</h4>", "<ul>", *rows, "</ul>", "</div>"])


def _stats(title: SourceTitle) -> str:
    members = title.statistics.members if title.statistics else None
    words = "" if members is None else f"{members:,} users are tracking this."
    return f'<section class="sidebarStats" id="entryStats">\n<h2>User Stats</h2>\n{words}\n</section>'


def _tooltip(label: Label) -> str:
    return f' data-tooltip="tags" data-tooltip-id="{label.id}" data-tooltip-entry="anime"' if label.id else ""


def _relations(title: SourceTitle) -> str:
    blocks = []
    for kind in ("anime", "manga"):
        rows = [_related(one, kind) for one in title.relations if (one.target_type or "anime") == kind]
        if rows:
            blocks.append(
                f'<div class="Tabs tabs " id="tabs--relations--{kind}">\n'
                f'<div class="Tabs__content pure-g" id="tabs--relations--{kind}--same_franchise">\n'
                + "\n".join(rows)
                + "\n</div>\n</div>"
            )
    return "\n".join(blocks)


def _related(relation: Relation, kind: str) -> str:
    slug = next((one.id for one in relation.target_ids if one.site is Site.ANIME_PLANET or kind == "manga"), "")
    is_own_word = relation.kind in (None, RelationKind.OTHER)
    word = relation.kind_text if is_own_word else _RELATIONS.get(relation.kind or RelationKind.OTHER, "Same Franchise")
    subtitle = f'<span class="RelatedEntry__subtitle rounded-card__subtitle">{escape(word)}</span>' if word else ""
    year = relation.target_year
    form = escape(relation.target_format or "")
    when = f'<span data-start-date="{year}">{year}</span>' if year else ""
    return "\n".join(
        [
            '<div class="pure-u-1 pure-u-md-1-2 pure-u-lg-1-4">',
            f'<a href="/{kind}/{slug}" class="RelatedEntry rounded-card">',
            '<div class="RelatedEntry__information RelatedEntry--status0">',
            f'<div>\n<p class="RelatedEntry__name rounded-card__title">{escape(relation.target_title or slug)}</p>',
            f"{subtitle}\n</div>",
            '<ul class="RelatedEntry__metadata">',
            f'<li><time class="RelatedEntry__metadata_item rounded-card__subtitle">{when}</time></li>',
            f'<li><span class="RelatedEntry__metadata_item rounded-card__subtitle">{form}</span></li>',
            "</ul>",
            "</div>",
            "</a>",
            "</div>",
        ]
    )


def _character(character: Character) -> str:
    url = f"/characters/{character.id}"
    tags = "".join(f'<li><a href="/characters/tags/{make_slug(t)}">{escape(t)}</a></li>' for t in character.traits)
    image = (
        f'<img class="avatar" alt="{escape(character.name)}" src="{escape(character.image_url)}">'
        if character.image_url
        else ""
    )
    actors = "\n".join(_actor(one) for one in character.voice_actors) or "Non-Speaking Role"
    return "\n".join(
        [
            "<tr>",
            f'<td class="tableAvatar"><a href="{url}">{image}</a></td>',
            f'<td class="tableCharInfo"><a class="name" href="{url}">{escape(character.name)}</a>',
            f'<div class="tags"><ul>{tags}</ul></div></td>',
            f'<td class="tableActors">\n{actors}\n</td>',
            "</tr>",
        ]
    )


def _actor(actor: VoiceActor) -> str:
    flag, short = _FLAGS.get(actor.language or "ja", _FLAGS["ja"])
    link = f'<a class="tooltip" href="/people/{actor.id or make_slug(actor.name)}">{escape(actor.name)}</a>'
    return f'<div class="flag flag{flag}">{short}\n{link}\n</div>'
