"""A title as the catalogue knows it, and what the stages work from."""

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.domain.aligned import Alignment
from pipeline.domain.claims import Finding
from pipeline.domain.names import AiringStatus, Season, Site, Source, TitleType
from pipeline.domain.review import Lock
from pipeline.domain.source_title import SourceTitle
from pipeline.domain.thresholds import CHOOSING, Choosing

__all__ = ["CatalogueRow", "LearnedId", "StageInput", "Title", "id_key"]


def id_key(site: Site, id_: str) -> str:
    """The text form of an id, as users write it: ``mal:1``."""
    return f"{site.value}:{id_}"


@dataclass(frozen=True, slots=True)
class CatalogueRow:
    """One row of anime-offline-database in our terms. ``sources`` are the URLs as they stand in the file.

    The catalogue says neither who a synonym, a tag nor a score came from; it is one source among others.
    """

    sources: tuple[str, ...]
    title: str
    type: TitleType = TitleType.UNKNOWN
    episodes: int | None = None
    status: AiringStatus = AiringStatus.UNKNOWN
    season: Season | None = None
    year: int | None = None
    picture: str | None = None
    thumbnail: str | None = None
    duration_s: int | None = None
    score: float | None = None
    """Arithmetic mean on 1 to 10."""
    synonyms: tuple[str, ...] = ()
    studios: tuple[str, ...] = ()
    producers: tuple[str, ...] = ()
    related_anime: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LearnedId:
    """An id the row does not list, and the platforms that said it. ``is_found``: its own record answered for it."""

    site: Site
    id: str
    said_by: tuple[Source, ...]
    is_found: bool = False
    is_absent: bool = False
    """Its platform was asked and does not have it."""


@dataclass(frozen=True, slots=True)
class Title:
    """A title with its identity. ``ids`` is a multimap: a row may carry two ids of one site.

    ``ids`` are the row's and, for sites the row does not list, the ``learned`` ones. ``findings`` are what is odd
    about them.
    """

    title_id: str
    row: CatalogueRow
    ids: Mapping[Site, tuple[str, ...]]
    learned: tuple[LearnedId, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class StageInput:
    """Everything a stage may look at; the same object for all six.

    ``sources`` are in the fixed order of :class:`~pipeline.domain.names.Platform`. ``known_ids`` holds, for every
    foreign id the sources or the row mention and the identity registry knows, ``"mal:21" -> title_id``. ``answers`` is
    what persons said the platforms' words mean here, ``choosing`` the numbers the rules decide by.
    """

    title: Title
    sources: tuple[SourceTitle, ...]
    alignment: Alignment
    known_ids: Mapping[str, str]
    answers: tuple[Lock, ...] = ()
    choosing: Choosing = CHOOSING
