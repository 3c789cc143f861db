"""What to ask AniList: one document for the whole record of 50 titles, then documents for what did not fit.

AniList prices a document by its number of fields after fragments are expanded (500 at most); ids, pages and rows are
free. So titles are asked for by ``id_in`` (an unknown id is simply missing from the answer), and further pages of
long lists are aliased, many pages for many titles at once. Titles whose lists will hardly fit one page are put into
documents of their own, which ask for the second pages at once. Planning is a pure function of the parts already had.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pipeline.domain.exchange import Request, Wanted
from pipeline.domain.names import Platform
from pipeline.errors import BadInput
from pipeline.platforms.anilist.payload import parse_record

__all__ = ["COMPLEXITY_LIMIT", "LISTS", "MAX_BATCH", "expect_documents", "page_of", "plan_requests"]

COMPLEXITY_LIMIT: Final = 500
MAX_BATCH: Final = 50
_ROWS: Final = 25  # of any list within a title
_LAST_PAGE: Final = 200  # page x perPage may not exceed 5,000
_SECOND: Final = 2  # page
_OUTER_COST: Final = 3  # Page, media, id
_SEASON: Final = 10  # episodes, from which on a cast is likely to be more than a page


@dataclass(frozen=True, slots=True)
class _List:
    """A paged list of a title: where it stands, what a page costs, how many pages to ask at once.

    Who goes on after the first page mostly ends soon; who goes on after the second is long.
    """

    name: str
    selection: str
    cost: int
    first_window: int
    window: int


_CAST: Final = """{
  pageInfo { hasNextPage }
  edges {
    id role name
    node {
      id name { full native alternative alternativeSpoiler }
      image { large } description(asHtml: false)
      gender age bloodType dateOfBirth { year month day } favourites siteUrl
    }
    voiceActorRoles(sort: [RELEVANCE, ID]) {
      roleNotes dubGroup
      voiceActor { id name { full native } languageV2 image { large } siteUrl }
    }
  }
}"""
_CREW: Final = """{
  pageInfo { hasNextPage }
  edges { id role node { id name { full native } image { large } siteUrl } }
}"""
_SLOTS: Final = "{ pageInfo { hasNextPage } nodes { id episode airingAt } }"

LISTS: Final = (
    _List("characters", "characters(sort: [ROLE, RELEVANCE, ID], {page}) " + _CAST, 38, 3, 9),
    _List("staff", "staff(sort: [RELEVANCE, ID], {page}) " + _CREW, 14, 4, 6),
    _List("airing", "airingSchedule({page}) " + _SLOTS, 7, 4, 10),
)
"""The three paged lists. The order is the order of importance when a document fills up."""

_CORE: Final = """id idMal type format status(version: 2) description(asHtml: false)
title { romaji english native } synonyms hashtag
countryOfOrigin isAdult source(version: 3)
season seasonYear episodes duration
startDate { year month day } endDate { year month day }
coverImage { extraLarge large medium color } bannerImage
trailer { id site thumbnail }
averageScore meanScore popularity favourites trending siteUrl updatedAt
genres
tags { id name category rank isGeneralSpoiler isMediaSpoiler isAdult }
rankings { id rank type format year season allTime }
stats { scoreDistribution { score amount } statusDistribution { status amount } }
studios { edges { id isMain node { id name isAnimationStudio siteUrl } } }
externalLinks { id url site type language notes isDisabled }
streamingEpisodes { title thumbnail url site }
nextAiringEpisode { id episode airingAt }
relations { edges {
  id relationType(version: 2)
  node { id idMal type format startDate { year } title { romaji } siteUrl }
} }
"""


def _document(name: str, selection: str) -> str:
    return (
        f"query {name}($ids: [Int]) {{ Page(page: 1, perPage: {MAX_BATCH}) "
        f"{{ media(id_in: $ids, type: ANIME, sort: ID) {{ {selection} }} }} }}"
    )


def _page(listing: _List, page: int) -> str:
    return listing.selection.replace("{page}", f"page: {page}, perPage: {_ROWS}", 1)


def _alias(listing: _List, page: int) -> str:
    return f"{listing.name}_{page}: {_page(listing, page)}"


_FIRST_PAGES: Final = _CORE + "\n".join(_page(listing, 1) for listing in LISTS)
_RECORD: Final = _document("Titles", _FIRST_PAGES)
_LONG_RECORD: Final = _document("LongTitles", "\n".join([_FIRST_PAGES, *(_alias(listing, 2) for listing in LISTS)]))
_ALIAS: Final = re.compile(r"^(characters|staff|airing)_(\d+)$")


def page_of(alias: str) -> str | None:
    """Name the part (``characters/2``) an alias of a further-pages document stands for."""
    found = _ALIAS.match(alias)
    return None if found is None else f"{found[1]}/{found[2]}"


def _request(kind: str, query: str, ids: Sequence[str]) -> Request:
    numbers: list[int] = []
    for id_ in ids:
        if not (id_.isascii() and id_.isdigit()):
            raise BadInput(f"anilist: id {id_!r} is not a number; drop it from the title's ids")
        numbers.append(int(id_))
    body = Request.graphql_body(query, {"ids": numbers})
    return Request(platform=Platform.ANILIST, kind=kind, path="/", ids=tuple(ids), json_body=body)


def _next_pages(wanted: Wanted) -> dict[str, int]:
    """First missing page of every list that goes on. A list that promises more but gives nothing has ended."""
    record = parse_record(wanted.id, wanted.parts)
    missing: dict[str, int] = {}
    for listing in LISTS:
        page = 1
        while page < _LAST_PAGE and record.goes_on(listing.name, page):
            page += 1
            if f"{listing.name}/{page}" not in wanted.parts:
                missing[listing.name] = page
                break
    return missing


def _windows(starts: Mapping[str, int], *, is_long: bool) -> Iterator[tuple[_List, int]]:
    """Give the pages of one document: as many as fit, the short lists first, the cast with what is left.

    Where nobody is known to be long, a document asks for less than it could: each page is work for AniList.
    """
    left = COMPLEXITY_LIMIT - _OUTER_COST
    asked = [listing for listing in reversed(LISTS) if listing.name in starts]
    for listing in asked:
        start, fits = starts[listing.name], left // listing.cost
        share = fits if is_long and listing is asked[-1] else listing.window if is_long else listing.first_window
        count = min(share, fits, _LAST_PAGE - start + 1)
        left -= count * listing.cost
        for page in range(start, start + count):
            yield listing, page


@dataclass(slots=True)
class _Group:
    """Titles that one document serves, and from which page on it asks for each list."""

    starts: dict[str, int]
    ids: list[str]
    is_long: bool = False
    """Whether some title goes on after the second page of a list."""

    def has_room_for(self, starts: Mapping[str, int]) -> bool:
        """A title that is one page ahead of the others gets that page again, which costs less than a document."""
        return all(start - self.starts.get(name, start) in (0, 1) for name, start in starts.items())

    def add(self, id_: str, starts: Mapping[str, int]) -> None:
        """Let the document serve one more title, which it has room for."""
        self.starts = {**starts, **self.starts}
        self.ids.append(id_)
        self.is_long = self.is_long or max(starts.values()) > _SECOND


def _earliest_first(need: tuple[str, Mapping[str, int]]) -> tuple[int, int]:
    pages = need[1].values()
    return min(pages), sum(pages)


def _grouped(needs: Mapping[str, Mapping[str, int]]) -> list[_Group]:
    """Put titles together that go on at about the same pages, so that one document serves them all."""
    groups: list[_Group] = []
    for id_, starts in sorted(needs.items(), key=_earliest_first):
        group = next((one for one in groups if one.has_room_for(starts)), None)
        if group is None:
            group = _Group({}, [])
            groups.append(group)
        group.add(id_, starts)
    return groups


def expect_documents(episodes: int) -> int:
    """How many further documents the schedule of a title of so many episodes takes, if nothing else goes on."""
    airing = next(listing for listing in LISTS if listing.name == "airing")
    had = 2 if episodes >= _SEASON else 1
    return max(0, -(-(-(-episodes // _ROWS) - had) // ((COMPLEXITY_LIMIT - _OUTER_COST) // airing.cost)))


def plan_requests(wanted: Sequence[Wanted], titles: int = MAX_BATCH) -> tuple[Request, ...]:
    """First the whole record of everybody who has none, then the pages still missing; so many titles a document."""
    requests = list(_plan_records([one for one in wanted if "media" not in one.parts], titles))
    needs = {one.id: starts for one in wanted if "media" in one.parts and (starts := _next_pages(one))}
    for group in _grouped(needs):
        aliases = " ".join(_alias(listing, page) for listing, page in _windows(group.starts, is_long=group.is_long))
        document = _document("Pages", f"id {aliases}")
        requests += [_request("pages", document, some) for some in _parts_of(group.ids, titles)]
    return tuple(requests)


def _plan_records(fresh: Sequence[Wanted], titles: int) -> Iterator[Request]:
    """The long ones first, so that few documents ask for second pages; their last one is filled up with others."""
    long = [one.id for one in fresh if (one.episodes or 0) >= _SEASON]
    others = [one.id for one in fresh if (one.episodes or 0) < _SEASON]
    for start, some in enumerate(_parts_of([*long, *others], titles)):
        yield _request("media", _LONG_RECORD if start * titles < len(long) else _RECORD, some)


def _parts_of(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]
