"""Anime-Planet's word on a title in our terms: JSON-LD first, the page's own elements for what it lacks."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from pipeline.domain.names import (
    AiringStatus,
    CompanyRole,
    ImageRole,
    LabelKind,
    Platform,
    Season,
    Site,
    Source,
    SourceMaterial,
    TitleKind,
    TitleType,
)
from pipeline.domain.source_title import (
    Company,
    Episode,
    ForeignId,
    Image,
    Label,
    PartialDate,
    Relation,
    SourceTitle,
    Statistics,
    Text,
    TitleName,
)
from pipeline.platforms._dates import date_from_text, partial_date
from pipeline.platforms._notes import Notes
from pipeline.platforms._reading import JsonObject, broken
from pipeline.platforms._text import make_text
from pipeline.platforms.anime_planet import _vocabulary as words
from pipeline.platforms.anime_planet._people import absolute, image_url, read_characters, read_staff
from pipeline.platforms.anime_planet.payload import Node, css, is_title_page, json_ld, parse_page
from pipeline.platforms.anime_planet.requests import slug_of

__all__ = ["convert_title"]

_TYPE: Final = re.compile(
    r"^(?P<type>[^(]+?)\s*(?:\((?P<count>\d+)?(?P<more>\+)?\s*eps?(?:\s*x\s*(?P<minutes>\d+)\s*min)?\))?$"
)
_SEASON: Final = re.compile(r"/anime/seasons/([a-z]+)-(\d{4})$")
_YEARS: Final = re.compile(r"^(\d{4})(?:\s*-\s*(\d{4}|\?))?$")
_HIDDEN_ADDRESS: Final = "[email protected]"  # what Cloudflare makes of anything with an @ in it
_NOTHING: Final = re.compile(r"^no synopsis yet", re.IGNORECASE)
_FRANCHISE: Final = {"same_franchise": "Same Franchise", "other_franchise": "Other Franchise"}


def convert_title(id_: str, parts: Mapping[str, bytes]) -> SourceTitle:
    """Everything Anime-Planet says of one title. Raises ``Broken`` when a page is not one of its pages."""
    body = parts.get("page")
    if body is None:
        raise broken(Platform.ANIME_PLANET, id_, "page", "is missing")
    page = parse_page(body, id_, "page")
    if not is_title_page(page):
        raise broken(Platform.ANIME_PLANET, id_, "page", "is not the page of a title", body)
    cast_body = parts.get("characters")
    cast = parse_page(cast_body, id_, "characters") if cast_body else None
    linked, notes = json_ld(page), Notes(Source.ANIME_PLANET)
    if not linked:
        notes.note("no_json_ld", "the page has no JSON-LD; its elements were read instead")
    facts = _facts(page)
    labels = tuple(_labels(linked, page))
    characters = read_characters(linked, page, cast, notes)
    season, season_year = _season(page, notes)
    start, end = _dates(linked, page, notes)
    return SourceTitle(
        source=Source.ANIME_PLANET,
        id=id_,
        url=linked.text("url") or page.link("//link[@rel='canonical']"),
        titles=tuple(_titles(linked, page, notes)),
        synopses=_synopses(linked, page),
        type=_type(linked, facts, notes),
        status=AiringStatus.UPCOMING if _years_text(page) == "TBA" else None,
        source_material=_material(labels),
        season=season,
        season_year=season_year,
        start=start,
        end=end,
        episode_count=_episode_count(linked, facts, notes),
        episode_duration_s=int(facts["minutes"]) * 60 or None if facts.get("minutes") else None,
        labels=labels,
        statistics=_statistics(linked, page),
        images=_images(linked, page),
        relations=tuple(_relations(page, notes)),
        companies=tuple(_studios(page)),
        characters=characters,
        staff=read_staff(linked, page, characters),
        episodes=tuple(_videos(page)),
        identifiers=_identifiers(id_, parts, page, notes),
        drift=notes.drift,
        findings=notes.findings,
    )


def _bar(page: Node, path: str) -> tuple[Node, ...]:
    return page.find(f"//section[{css('entryBar')}]{path}")


def _facts(page: Node) -> Mapping[str, str]:
    """Type, episode count and length out of ``Web (1 ep x 104 min)``."""
    for span in _bar(page, f"//span[{css('type')}]"):
        found = _TYPE.match(span.text() or "")
        if found is not None:
            return {name: value for name, value in found.groupdict().items() if value is not None}
    return {}


def _titles(linked: JsonObject, page: Node, notes: Notes) -> Iterator[TitleName]:
    main = linked.text("name") or page.text("//h1[@itemprop='name']") or page.text("//h1")
    if main is not None and not _is_hidden(main, notes):
        yield TitleName(main, TitleKind.MAIN)
    alternate = linked.text("alternateName")
    others = [*linked.texts("alternateName"), *((alternate,) if alternate else ())]
    heading = page.text(f"//h2[{css('aka')}]") or ""
    for prefix, separator in (("Alt titles:", ", "), ("Alt title:", "\n")):
        if heading.startswith(prefix):
            others += heading.removeprefix(prefix).strip().split(separator)
    for text in dict.fromkeys(others):
        if text and text != main and not _is_hidden(text, notes):
            yield TitleName(text, TitleKind.SYNONYM)


def _is_hidden(name: str, notes: Notes) -> bool:
    """Whether part of a name stands on the page only as what Cloudflare put for it; then that is noted."""
    if _HIDDEN_ADDRESS not in name.replace("\u00a0", " "):
        return False
    notes.note("title_hidden", f"a title is unreadable on the page ({name!r})", "titles")
    return True


def _synopses(linked: JsonObject, page: Node) -> tuple[Text, ...]:
    shown = page.text(f"//div[{css('entrySynopsis')}]//div[p]/p")
    text = make_text(linked.prose("description") or shown, "en")
    if text is None or _NOTHING.match(text.text):
        return ()
    credit = (page.text(f"//section[@id='entry']//div[{css('notes')}]") or "").partition("Source:")[2].strip()
    return (Text(text.text, text.language, text.origin or credit or None),)


def _type(linked: JsonObject, facts: Mapping[str, str], notes: Notes) -> TitleType | None:
    found = notes.known("type", facts.get("type"), words.TYPES)
    if found is None and linked.text("@type") == "Movie":
        return TitleType.MOVIE
    return None if found is TitleType.UNKNOWN else found


def _episode_count(linked: JsonObject, facts: Mapping[str, str], notes: Notes) -> int | None:
    count = linked.integer("numberOfEpisodes") or int(facts.get("count", "0"))
    if "more" in facts:
        notes.note("episodes_so_far", f"{count} episodes so far, the total is not said", "episode_count")
        return None
    return count or None


def _season(page: Node, notes: Notes) -> tuple[Season | None, int | None]:
    for link in _bar(page, "//a[contains(@href, '/anime/seasons/')]"):
        found = _SEASON.search(link.attribute("href") or "")
        if found is not None:
            return notes.known("season", found[1], words.SEASONS), int(found[2])
    return None, None


def _years_text(page: Node) -> str:
    return next((text for span in _bar(page, f"//span[{css('iconYear')}]") if (text := span.text())), "")


def _dates(linked: JsonObject, page: Node, notes: Notes) -> tuple[PartialDate | None, PartialDate | None]:
    start = notes.date("startDate", linked.text("startDate") or linked.id("datePublished"))
    end = notes.date("endDate", linked.text("endDate"))
    shown = _YEARS.match(_years_text(page))
    if shown is not None:
        start = start or partial_date(int(shown[1]))
        end = end or (partial_date(int(shown[2])) if shown[2] not in (None, "?") else None)
    return start, end


def _labels(linked: JsonObject, page: Node) -> Iterator[Label]:
    seen: set[str] = set()
    for link in page.find(f"//section[@id='entry']//div[{css('tags')}]//a"):
        name = (link.text() or "").rstrip(", ")
        is_warning = bool(link.find(f"ancestor::div[{css('tags--plain')}]"))
        if name and name not in seen:
            seen.add(name)
            yield Label(name, LabelKind.WARNING if is_warning else _kind(name), id=link.attribute("data-tooltip-id"))
    for name in linked.texts("genre"):
        if name not in seen:
            seen.add(name)
            yield Label(name, _kind(name))


def _kind(name: str) -> LabelKind:
    return LabelKind.DEMOGRAPHIC if name.lower() in words.DEMOGRAPHICS else LabelKind.TAG


def _material(labels: tuple[Label, ...]) -> SourceMaterial | None:
    """What the tags say of the source, when they say one thing."""
    found = {material for label in labels if (material := words.MATERIALS.get(label.name.lower())) is not None}
    return found.pop() if len(found) == 1 else None


def _number(text: str | None, pattern: str) -> int | None:
    found = re.search(pattern, text or "")
    return None if found is None else int(found[1].replace(",", ""))


def _statistics(linked: JsonObject, page: Node) -> Statistics:
    rating = linked.obj("aggregateRating")
    rank = next((text for div in _bar(page, "/div") if "Rank #" in (text := div.text() or "")), None)
    return Statistics(
        score=rating.number("ratingValue"),
        score_max=rating.number("bestRating") or 5.0,
        scored_by=rating.integer("ratingCount"),
        rank=_number(rank, r"Rank #([\d,]*\d)"),
        members=_number(page.text("//section[@id='entryStats']"), r"([\d,]*\d) users? (?:is|are) tracking"),
    )


def _images(linked: JsonObject, page: Node) -> tuple[Image, ...]:
    shown = page.one(f"//section[@id='entry']//img[{css('screenshots')}]")
    url = image_url(linked.text("image") or (shown.attribute("src") if shown else None))
    return () if url is None else (Image(url, ImageRole.COVER),)


def _relations(page: Node, notes: Notes) -> Iterator[Relation]:
    seen: set[str] = set()
    for entry in page.find(f"//a[{css('RelatedEntry')}]"):
        url = entry.attribute("href") or ""
        found = re.search(r"/(anime|manga)/([^/?#]+)", url)
        if found is None or url in seen:
            continue
        seen.add(url)
        tab = entry.one("ancestor::*[contains(@id, '--') and contains(@id, 'franchise')]")
        group = (tab.attribute("id") or "").rpartition("--")[2] if tab else ""
        kind = entry.text(f".//*[{css('RelatedEntry__subtitle')}]") or _FRANCHISE.get(group, "")
        began = entry.one(".//*[@data-start-date]")
        start = date_from_text(began.attribute("data-start-date")) if began else None
        items = [text for one in entry.find(f".//span[{css('RelatedEntry__metadata_item')}]") if (text := one.text())]
        yield Relation(
            kind=notes.known("relation", kind, words.RELATIONS),
            kind_text=kind,
            target_type=found[1],
            target_ids=(ForeignId(Site.ANIME_PLANET, found[2]),),
            target_title=entry.text(f".//*[{css('RelatedEntry__name')}]"),
            target_format=items[-1].split(":")[0] if items and found[1] == "anime" else None,
            target_year=start.year if start else None,
            target_url=absolute(url),
        )


def _studios(page: Node) -> Iterator[Company]:
    for link in _bar(page, "//a[contains(@href, '/studios/')]"):
        name, url = link.text(), link.attribute("href") or ""
        if name is not None:
            yield Company(name, CompanyRole.STUDIO, id=url.rpartition("/")[2] or None, url=absolute(url))


def _videos(page: Node) -> Iterator[Episode]:
    for link in page.find("//*[@id='watchOnline']//a[contains(@href, '/videos/')]"):
        number = _number(link.text(".//h4"), r"^Episode (\d+)$")
        title = link.text("following-sibling::p")
        picture = link.one(".//img")
        yield Episode(
            number=number,
            titles=(TitleName(title, TitleKind.MAIN),) if title else (),
            thumbnail_url=picture.attribute("data-src") if picture else None,
            url=absolute(link.attribute("href")),
        )


def _identifiers(id_: str, parts: Mapping[str, bytes], page: Node, notes: Notes) -> tuple[ForeignId, ...]:
    moved = parts.get("slug", b"").decode("utf-8", "replace") or slug_of(page.link("//link[@rel='canonical']") or "")
    if not moved or moved == id_:
        return (ForeignId(Site.ANIME_PLANET, id_),)
    notes.note("slug_changed", f"{id_!r} is now {moved!r}", "id")
    return (ForeignId(Site.ANIME_PLANET, moved), ForeignId(Site.ANIME_PLANET, id_))
