"""Pictures, videos, songs and links, each thing once.

Two spellings of an address are one thing; what a second platform adds to it is joined in. An address that is no web
address is left out with a finding.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from pipeline.catalogue.ids import identify_url
from pipeline.domain.claims import Chosen, Finding
from pipeline.domain.names import ImageRole, LinkKind, Source
from pipeline.domain.pictures import area_of
from pipeline.domain.source_title import Image, Link, Song, SourceTitle, Trailer
from pipeline.domain.title import CatalogueRow, id_key
from pipeline.stages.addresses import parse_address
from pipeline.stages.choose import collected, text_of
from pipeline.stages.names_of_work import fold
from pipeline.stages.weights import BASICS

__all__ = [
    "ChosenLinks",
    "choose_images",
    "choose_links",
    "choose_songs",
    "choose_trailers",
    "find_bad_addresses",
    "services_of",
]

T = TypeVar("T")

_SITE_NAMES: Final = {
    "amazon.com": "Amazon Prime Video",
    "amazon": "Amazon Prime Video",
    "primevideo.com": "Amazon Prime Video",
    "apple": "Apple TV",
    "apple.co": "Apple TV",
    "bilibili global": "Bilibili TV",
    "bilibili.tv": "Bilibili TV",
    "crunchyroll.com": "Crunchyroll",
    "disneyplus.com": "Disney Plus",
    "facebook.com": "Facebook",
    "funimation": "Funimation",
    "funimation.com": "Funimation",
    "hidive.com": "HIDIVE",
    "hulu.com": "Hulu",
    "instagram.com": "Instagram",
    "iq": "iQIYI",
    "iq.com": "iQIYI",
    "netflix.com": "Netflix",
    "tiktok.com": "TikTok",
    "tubi": "Tubi TV",
    "tubitv.com": "Tubi TV",
    "twitter.com": "Twitter",
    "vrv.co": "VRV",
    "x.com": "Twitter",
    "youtube.com": "YouTube",
}
"""Services under one name; a platform that names none is known by its host."""
_KINDS: Final = (LinkKind.OFFICIAL, LinkKind.SOCIAL, LinkKind.DATABASE, LinkKind.OTHER)


@dataclass(frozen=True, slots=True)
class ChosenLinks:
    """Places to watch, the names of their services, and pages about the work."""

    streaming_info: Chosen[list[Link]]
    streaming_licenses: Chosen[list[str]]
    external_links: Chosen[list[Link]]


def _said(sources: Sequence[SourceTitle], read: Callable[[SourceTitle], Iterable[T]]) -> list[tuple[Source, T]]:
    """All items of all sources, weightiest source first; the order of the sources does not matter."""
    pairs = [(one.source, item) for one in sources for item in read(one)]
    return sorted(pairs, key=lambda pair: (-BASICS.get(pair[0], 0.1), pair[0], text_of(pair[1])))


def _images(sources: Sequence[SourceTitle], row: CatalogueRow) -> list[tuple[Source, Image]]:
    said = _said(sources, lambda one: one.images)
    if row.picture:
        said.append((Source.CATALOGUE, Image(row.picture, ImageRole.COVER)))
    if row.thumbnail:
        said.append((Source.CATALOGUE, Image(row.thumbnail, ImageRole.THUMBNAIL)))
    return said


def choose_images(sources: Sequence[SourceTitle], row: CatalogueRow) -> Chosen[dict[str, list[Image]]]:
    """Pictures by role: one per path, largest first."""
    once: dict[tuple[str, str], tuple[Source, Image]] = {}
    who: set[Source] = set()
    for source, image in _images(sources, row):
        address = parse_address(image.url)
        if address is not None:
            who.add(source)
            key = image.role.value, address.file_key
            best = once.get(key)
            mine = image if image.url == address.file else replace(image, url=address.file)
            if best is None or _telling(mine) > _telling(best[1]):
                once[key] = source, mine
    roles = sorted({role for role, _ in once})
    by_role = {role: [once[key] for key in once if key[0] == role] for role in roles}
    value = {role: [image for _, image in sorted(by_role[role], key=_largest_first)] for role in roles}
    return collected(value, sorted(who), rule="rule:pictures_united@2")


def _telling(image: Image) -> tuple[bool, int]:
    """Of one file who counted its pixels tells more than who only has a word for its size."""
    return bool(image.width and image.height), area_of(image)


def _largest_first(pair: tuple[Source, Image]) -> tuple[int, float, str]:
    source, image = pair
    return -area_of(image), -BASICS.get(source, 0.1), image.url


def choose_trailers(sources: Sequence[SourceTitle]) -> Chosen[list[Trailer]]:
    """Videos once each, by site and id; what the first source leaves open the next may fill.

    First what most platforms show, then in the order of those who do: a main trailer stands before its characters'.
    """
    once: dict[tuple[str, str], Trailer] = {}
    who: set[Source] = set()
    for source, trailer in _said(sources, lambda one: one.trailers):
        key = _video_key(trailer)
        known = once.get(key, trailer)
        once[key] = replace(
            known,
            title=known.title or trailer.title,
            thumbnail_url=known.thumbnail_url or trailer.thumbnail_url,
        )
        who.add(source)
    shown: dict[tuple[str, str], list[tuple[int, float]]] = {}
    for one in sources:
        for at, key in enumerate(dict.fromkeys(map(_video_key, one.trailers))):
            shown.setdefault(key, []).append((at, -BASICS.get(one.source, 0.1)))
    ranked = sorted(once, key=lambda key: (-len(shown[key]), min(shown[key]), key))
    return collected([once[key] for key in ranked], sorted(who), rule="rule:videos_united@2")


def _video_key(trailer: Trailer) -> tuple[str, str]:
    return trailer.site.casefold(), trailer.id


def choose_songs(sources: Sequence[SourceTitle], kind: str) -> Chosen[list[Song]]:
    """Songs of one kind once each, by number and title; without a number by title, where only one fits."""
    once: dict[tuple[int | None, str], Song] = {}
    who: set[Source] = set()
    said = [(source, song) for source, song in _said(sources, lambda one: one.songs) if song.kind == kind]
    for source, song in sorted(said, key=lambda pair: pair[1].number is None):
        key = _song_key(song, list(once))
        once[key] = _join_songs(once[key], song) if key in once else song
        who.add(source)
    songs = sorted(
        once.values(), key=lambda song: (song.number is None, song.number or 0, fold(song.title), text_of(song))
    )
    return collected(songs, sorted(who), rule="rule:songs_united@1")


def _song_key(song: Song, known: Sequence[tuple[int | None, str]]) -> tuple[int | None, str]:
    title = fold(song.title)
    fitting = [key for key in known if key[1] == title] if song.number is None else []
    return fitting[0] if len(fitting) == 1 else (song.number, title)


def _join_songs(first: Song, second: Song) -> Song:
    return replace(
        first,
        title_native=first.title_native or second.title_native,
        artist=first.artist or second.artist,
        artist_native=first.artist_native or second.artist_native,
        episodes=first.episodes or second.episodes,
    )


def choose_links(sources: Sequence[SourceTitle]) -> ChosenLinks:
    """Links once each, by address; a page named as a place to watch by anybody is one."""
    once: dict[str, Link] = {}
    who: dict[str, set[Source]] = {}
    for source, link in _said(sources, lambda one: one.links):
        address = parse_address(link.url)
        if address is not None:
            page, site = address.page, _SITE_NAMES.get(link.site.casefold(), link.site)
            mine = link if (page, site) == (link.url, link.site) else replace(link, url=page, site=site)
            identified = identify_url(page)
            key = id_key(*identified) if identified else address.page_key
            once[key] = _join_links(once[key], mine) if key in once else mine
            who.setdefault(key, set()).add(source)
    watch = sorted((key for key in once if once[key].kind is LinkKind.STREAMING), key=lambda key: _place(once[key]))
    others = sorted(set(once) - set(watch), key=lambda key: _place(once[key]))
    places = collected([once[key] for key in watch], [s for key in watch for s in who[key]], rule="rule:links_united@1")
    return ChosenLinks(
        places,
        services_of(places),
        collected([once[key] for key in others], [s for key in others for s in who[key]], rule="rule:links_united@1"),
    )


def services_of(places: Chosen[list[Link]]) -> Chosen[list[str]]:
    """The names of the services in the places to watch, each once, of whoever named a place."""
    names = {link.site.casefold(): link.site for link in reversed(places.value)}
    return collected(sorted(names.values(), key=str.casefold), places.sources, rule="rule:services_of_links@1")


def _place(link: Link) -> tuple[int, str, str]:
    kind = _KINDS.index(link.kind) if link.kind in _KINDS else 0
    return kind, link.site.casefold(), link.url


def _join_links(first: Link, second: Link) -> Link:
    is_secure = first.url.startswith("https:") or not second.url.startswith("https:")
    return replace(
        first,
        url=first.url if is_secure else second.url,
        kind=LinkKind.STREAMING if LinkKind.STREAMING in (first.kind, second.kind) else first.kind,
        language=first.language or second.language,
        regions=tuple(sorted({*first.regions, *second.regions})),
        subs=tuple(sorted({*first.subs, *second.subs})),
        dubs=tuple(sorted({*first.dubs, *second.dubs})),
        note=first.note or second.note,
    )


def find_bad_addresses(sources: Sequence[SourceTitle], row: CatalogueRow) -> tuple[Finding, ...]:
    """What was left out because its address is none, and songs that have no place in the record."""
    images = _said(sources, lambda one: (image for image in one.images if _is_bad(image.url)))
    links = _said(sources, lambda one: (link for link in one.links if _is_bad(link.url)))
    urls = [("images", source, image.url) for source, image in images]
    urls += [("images", Source.CATALOGUE, url) for url in (row.picture, row.thumbnail) if url and _is_bad(url)]
    urls += [("external_links", source, link.url) for source, link in links]
    bad = [Finding("bad_address", f"{url[:200]!r} is no web address", field, source) for field, source, url in urls]
    strays = [
        Finding("song_without_place", f"{song.title[:200]!r} is of kind {song.kind!r}", "opening_themes", source)
        for source, song in _said(sources, lambda one: (s for s in one.songs if s.kind not in {"opening", "ending"}))
    ]
    return (*bad, *strays)


def _is_bad(url: str) -> bool:
    return parse_address(url) is None
