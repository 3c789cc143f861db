"""Anime-Planet as a platform: two pages a title, no API."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from pipeline.domain.exchange import Answer, Part, Reading, Request, Wanted
from pipeline.domain.names import Platform, Site
from pipeline.domain.source_title import SourceTitle
from pipeline.errors import Broken, EntryGone, Transient, one_line
from pipeline.platforms._http import check_status, is_html
from pipeline.platforms.anime_planet.convert import convert_title
from pipeline.platforms.anime_planet.payload import is_search_page, is_title_page, parse_page
from pipeline.platforms.anime_planet.requests import plan_requests, slug_of

__all__ = ["AnimePlanetAdapter"]

_FRAME: Final = b'id="siteContainer"'  # stands round the content of every page, never on a challenge


@dataclass(frozen=True, slots=True)
class AnimePlanetAdapter:
    """Asks for a title's page and for the page of its cast. A challenge is a refusal and is obeyed for hours."""

    name: ClassVar[Platform] = Platform.ANIME_PLANET
    convert_version: ClassVar[int] = 3
    batch: ClassVar[int] = 1

    @property
    def batch_bounds(self) -> tuple[int, int]:
        """Always the same size."""
        return self.batch, self.batch

    def wanted_ids(self, ids: Mapping[Site, tuple[str, ...]]) -> tuple[str, ...]:
        """Slugs."""
        return ids.get(Site.ANIME_PLANET, ())

    def plan_requests(self, wanted: Sequence[Wanted]) -> tuple[Request, ...]:
        """The pages that are missing."""
        return plan_requests(wanted)

    def expect_requests(self, wanted: Sequence[Wanted]) -> Counter[str]:
        """Two pages a title."""
        return Counter({"page": len(wanted), "characters": len(wanted)})

    def check_answer(self, request: Request, answer: Answer) -> None:
        """A title that does not exist is answered with a search page and status 200; a cast without a page is empty."""
        try:
            if not _is_own_page(answer):
                check_status(answer, Platform.ANIME_PLANET)
            _check_page(request, answer)
        except EntryGone:
            if request.kind == "page":
                raise

    def parse_answer(self, request: Request, answer: Answer) -> Reading:
        """The page itself, and the new slug where the old one was answered from elsewhere."""
        id_ = request.ids[0]
        if request.kind == "characters":
            is_there = 200 <= answer.status < 300 and not is_search_page(answer.body)
            return Reading(parts={id_: (Part("characters", answer.body if is_there else b""),)})
        if not is_title_page(parse_page(answer.body, id_, "page")):
            raise _error(Broken, answer, f"the page of {id_!r} is not one of a title")
        moved = slug_of(answer.url)
        parts = [Part("page", answer.body)]
        if moved is not None and moved != id_:
            parts.append(Part("slug", moved.encode()))
        return Reading(parts={id_: tuple(parts)})

    def convert(self, id_: str, parts: Mapping[str, bytes]) -> SourceTitle:
        """Anime-Planet's word on one title."""
        return convert_title(id_, parts)


def _is_own_page(answer: Answer) -> bool:
    """Whether this is a page of the site. Those carry a script of the challenge's too, and are none (pages of 2023)."""
    return 200 <= answer.status < 300 and _FRAME in answer.body


def _check_page(request: Request, answer: Answer) -> None:
    if not is_html(answer.body) or b"</html>" not in answer.body[-4096:].lower():
        raise _error(Transient, answer, "no whole page")
    if not _is_utf_8(answer.body):
        raise _error(Transient, answer, "a page that is not the UTF-8 it says it is")
    if is_search_page(answer.body):
        raise _error(EntryGone, answer, f"{request.ids[0]!r} leads to the search page")
    if _FRAME not in answer.body:
        raise _error(Transient, answer, "a page that is not one of the site's")


def _is_utf_8(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _error(kind: type[Broken | EntryGone | Transient], answer: Answer, problem: str) -> Broken | EntryGone | Transient:
    return kind(
        f"anime_planet answered {answer.status}, {problem}: {one_line(answer.body)!r}",
        platform=Platform.ANIME_PLANET.value,
        status=answer.status,
        evidence=one_line(answer.body),
    )
