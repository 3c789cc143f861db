"""What both of Kitsu's APIs say in the same way: names by locale, texts, addresses, ids elsewhere."""

import re
from calendar import monthrange
from collections.abc import Iterable, Iterator
from typing import Final

from pipeline.domain.names import LinkKind, Site, TitleKind
from pipeline.domain.source_title import ForeignId, Link, PartialDate, Text, TitleName, Trailer
from pipeline.platforms._links import host_of
from pipeline.platforms._notes import Notes
from pipeline.platforms._reading import JsonObject
from pipeline.platforms._text import clean_prose, make_text, strip_bbcode, strip_html
from pipeline.platforms.kitsu._vocabulary import SITES, language_of

__all__ = [
    "count_of",
    "identifiers_of",
    "link_of",
    "media_url",
    "names_of",
    "page_url",
    "split_spoilers",
    "start_of",
    "text_of",
    "trailers_of",
]

_MONTHS: Final = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_OLD_HOST: Final = re.compile(r"^https?://(media\.|)kitsu\.io(?=[/:]|$)")
_YOUTUBE_ID: Final = re.compile(r"[\w-]{6,20}", re.ASCII)
_SPOILER: Final = re.compile(
    r"<span[^>]*class=\"?spoiler\"?[^>]*>(.*?)</span>|\[spoiler\](.*?)\[/spoiler\]", re.DOTALL | re.IGNORECASE
)


def media_url(url: str | None) -> str | None:
    """An address of Kitsu's; the host ``kitsu.io`` is lost, its answers of old still name it."""
    return None if url is None else _OLD_HOST.sub(r"https://\1kitsu.app", url)


def page_url(type_: str | None, slug: str | None) -> str | None:
    """The page of a work."""
    return f"https://kitsu.app/{type_}/{slug}" if type_ in ("anime", "manga") and slug else None


def start_of(anime: JsonObject, notes: Notes) -> PartialDate | None:
    """The first day, as precise as it is known.

    Of what is announced for a month, a season or a year the date is that time's last day, a stand-in by which lists are
    sorted, and ``tba`` says what is meant (``October 2025``, ``2026``; seen 2023 to 2026).
    """
    date, meant = notes.date("startDate", anime.text("startDate")), anime.text("tba")
    if date is None or date.month is None or date.day is None or not meant:
        return date
    if date.day != monthrange(date.year, date.month)[1]:
        return date
    is_month = _MONTHS[date.month - 1] in meant.lower()
    return PartialDate(date.year, date.month) if is_month else PartialDate(date.year)


def count_of(value: int | None) -> int | None:
    """A count of things that cannot be none: 0 is not said."""
    return value if value is not None and value > 0 else None


def _localized(names: JsonObject, notes: Notes) -> Iterator[tuple[str, str | None]]:
    for locale in names:
        text = names.text(locale)
        if text is None:
            continue
        language = language_of(locale)
        if language is None:
            notes.note_drift("titles.locale", locale)
        yield text, language


def names_of(canonical: str | None, names: JsonObject, others: Iterable[str], notes: Notes) -> tuple[TitleName, ...]:
    """The canonical name first, in the language it is listed under, then the others by locale, then synonyms."""
    listed = list(dict.fromkeys(_localized(names, notes)))
    found: list[TitleName] = []
    if canonical is not None:
        main = next((pair for pair in listed if pair[0] == canonical), (canonical, None))
        found.append(TitleName(main[0], TitleKind.MAIN, main[1]))
        listed = [pair for pair in listed if pair != main]
    for text, language in listed:
        found.append(TitleName(text, TitleKind.OFFICIAL if found else TitleKind.MAIN, language))
    known = {name.text for name in found}
    found += [TitleName(text, TitleKind.SYNONYM) for text in dict.fromkeys(others) if text not in known]
    return tuple(found)


def text_of(texts: JsonObject, notes: Notes) -> tuple[Text, ...]:
    """Running texts by locale, English first."""
    found = []
    for locale in sorted(texts, key=lambda one: not one.lower().startswith("en")):
        language = language_of(locale)
        if language is None:
            notes.note_drift("description.locale", locale)
        text = make_text(texts.prose(locale), language)
        if text is not None:
            found.append(text)
    return tuple(found)


def split_spoilers(raw: str | None) -> tuple[str | None, tuple[str, ...]]:
    """Take a character's description apart into what may be read and what may not."""
    if raw is None:
        return None, ()
    hidden = (_plain(one or other) for one, other in _SPOILER.findall(raw))
    return _plain(_SPOILER.sub("", raw)) or None, tuple(text for text in hidden if text)


def _plain(raw: str) -> str:
    return clean_prose(strip_bbcode(strip_html(raw)))


def trailers_of(id_: str | None, notes: Notes) -> tuple[Trailer, ...]:
    """The trailer by its YouTube id."""
    if id_ is None:
        return ()
    if not _YOUTUBE_ID.fullmatch(id_):
        notes.note("odd_trailer", f"{id_!r} is no YouTube id, left out", "trailer")
        return ()
    return (Trailer("youtube", id_, f"https://www.youtube.com/watch?v={id_}"),)


def link_of(row: JsonObject, site: str | None) -> Link | None:
    """A place to watch; without the streamer's name its host stands in."""
    url = row.text("url")
    if url is None:
        return None
    return Link(
        url=url,
        site=site or host_of(url),
        kind=LinkKind.STREAMING,
        regions=row.texts("regions"),
        subs=row.texts("subs"),
        dubs=row.texts("dubs"),
    )


def identifiers_of(id_: str, rows: Iterable[JsonObject]) -> tuple[ForeignId, ...]:
    """Ids elsewhere; a site we have no name for keeps Kitsu's word for it."""
    found = [ForeignId(Site.KITSU, id_)]
    for row in rows:
        word, foreign = row.text("externalSite"), row.id("externalId")
        if word is None or foreign is None:
            continue
        spelled = word.lower().replace("_anime", "/anime")
        found.append(ForeignId(SITES.get(spelled, word.lower()), foreign))
    return tuple(dict.fromkeys(found))
