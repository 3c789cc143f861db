"""AniList's shapes: the envelope of an answer and the pages of a title's long lists.

The parts of a title are its own subtrees of the answers: ``media``, and ``characters/2``, ``staff/2``, ``airing/2``
for further pages (page 1 stands inside ``media``).
"""

from collections.abc import Mapping
from typing import Final

from pipeline.domain.names import Platform
from pipeline.platforms._reading import EMPTY, JsonObject, broken, parse_object

__all__ = ["Record", "first_error", "page_rows", "parse_record", "titles_of"]

_FIELD_OF: Final = {"characters": "characters", "staff": "staff", "airing": "airingSchedule"}
_PREVIEW_OF: Final = {"characters": "characterPreview", "staff": "staffPreview"}
"""What AniList's own pages call the first few rows; answers to their questions have been recorded."""


class Record:
    """One title's parts, parsed: the media object and the pages of its lists."""

    def __init__(self, id_: str, media: JsonObject, parts: Mapping[str, bytes]) -> None:
        self.media = media
        self._id = id_
        self._parts = parts

    def page(self, name: str, number: int) -> JsonObject | None:
        """A page of a list; ``None`` when it was not asked yet. Raises ``Broken`` when it cannot be read."""
        if number == 1:
            return self.media.obj(_FIELD_OF[name]) or self.media.obj(_PREVIEW_OF.get(name, ""))
        kind = f"{name}/{number}"
        if kind not in self._parts:
            return None
        return parse_object(self._parts[kind], platform=Platform.ANILIST, id_=self._id, part=kind)

    def rows(self, name: str) -> tuple[JsonObject, ...]:
        """All rows of a list over its pages, as far as they were asked, duplicates included."""
        rows: list[JsonObject] = []
        number = 1
        while (page := self.page(name, number)) is not None:
            rows += page_rows(page)
            number += 1
        return tuple(rows)

    def goes_on(self, name: str, number: int) -> bool:
        """Whether a page says there is another one. An empty page is the last whatever it says."""
        page = self.page(name, number) or EMPTY
        return page.obj("pageInfo").flag("hasNextPage") is True and bool(page_rows(page))


def page_rows(page: JsonObject) -> tuple[JsonObject, ...]:
    """The edges of a connection, or its nodes where it was asked without edges."""
    return page.objs("edges") or page.objs("nodes")


def parse_record(id_: str, parts: Mapping[str, bytes]) -> Record:
    """Read a title's parts. Raises ``Broken`` when ``media`` is missing or is another title."""
    body = parts.get("media")
    if body is None:
        raise broken(Platform.ANILIST, id_, "media", "is missing")
    media = parse_object(body, platform=Platform.ANILIST, id_=id_, part="media")
    if media.id("id") is None or not (media.has("title") or media.has("type")):
        raise broken(Platform.ANILIST, id_, "media", "is no AniList media object", body)
    if media.id("id") != id_:
        raise broken(Platform.ANILIST, id_, "media", f"is that of {media.id('id')!r}", body)
    return Record(id_, media, parts)


def titles_of(answer: JsonObject) -> tuple[JsonObject, ...] | None:
    """The media objects of an answer; ``None`` when it has no such list."""
    page = answer.path("data", "Page")
    return page.objs("media") if isinstance(page.raw("media"), list) else None


def first_error(answer: JsonObject) -> JsonObject | None:
    """The first of the answer's ``errors``; an empty object when the list holds something unreadable."""
    errors = answer.raw("errors")
    if not errors:
        return None
    return next(iter(answer.objs("errors")), EMPTY)
