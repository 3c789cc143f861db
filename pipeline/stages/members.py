"""Members of a group in the order the stages trust them, and the small merges every list shares.

Names come first from platforms that write them in natural order; MyAnimeList's ``Last, First`` is turned round.
"""

from collections.abc import Iterable, Sequence
from typing import Final, Protocol, TypeVar

from pipeline.domain.aligned import Ref
from pipeline.domain.names import Source
from pipeline.domain.source_title import SourceTitle
from pipeline.domain.text import clean, flip, norm
from pipeline.domain.title import StageInput
from pipeline.stages.addresses import parse_address

__all__ = [
    "by_trust",
    "clean_lines",
    "distinct_names",
    "distinct_urls",
    "first_picture",
    "first_said",
    "ids_of",
    "natural_name",
    "spoken_by",
]

T = TypeVar("T")

_TRUST: Final = {
    source: rank
    for rank, source in enumerate(
        (Source.ANILIST, Source.MAL, Source.KITSU, Source.ANIME_PLANET, Source.ANIDB, Source.ANIMESCHEDULE)
    )
}
_FAMILY_NAME_FIRST: Final = frozenset({Source.MAL})
"""Platforms that write ``Last, First``."""


class _HasId(Protocol):
    @property
    def id(self) -> str | None: ...


def by_trust(inputs: StageInput, refs: Iterable[Ref]) -> list[tuple[SourceTitle, int]]:
    """The sources and item numbers of a group, most trusted platform first, whatever order the sources came in."""
    found = [(inputs.sources[ref.source], ref.item) for ref in refs]
    return sorted(found, key=lambda one: (_TRUST.get(one[0].source, len(_TRUST)), one[0].id, one[1]))


def natural_name(source: Source, name: str) -> str:
    """A name as people read it, without invisible signs; never empty where the platform gave anything."""
    plain = clean(name) or name
    return flip(plain) if source in _FAMILY_NAME_FIRST else plain


def distinct_names(names: Iterable[str], known: Iterable[str] = ()) -> list[str]:
    """Names in their order, each once, without those that are one of ``known``."""
    each = list(names)
    seen = {" ".join(sorted(norm(name).split())) for name in known} if each else set()
    kept: list[str] = []
    for name in each:
        key = " ".join(sorted(norm(name).split()))
        if key and key not in seen:
            seen.add(key)
            kept.append(clean(name) or name)
    return kept


def distinct_urls(urls: Iterable[str | None]) -> list[str]:
    """Addresses of pictures in their order, each file once. What is no web address is not an address."""
    found: dict[str, str] = {}
    for url in dict.fromkeys(urls):
        address = parse_address(url) if url else None
        if address is not None:
            found.setdefault(address.file_key, address.file)
    return list(found.values())


def first_picture(urls: Iterable[str | None]) -> str | None:
    """The first address of a picture, without the query that makes one file look like another from day to day."""
    addresses = (parse_address(url) for url in urls if url)
    return next((address.file for address in addresses if address is not None), None)


def clean_lines(text: str) -> str:
    """Running text without invisible signs; its paragraphs stay."""
    return "\n".join(clean(line) for line in text.splitlines()).strip()


def first_said(values: Iterable[T | None]) -> T | None:
    """The first that was said."""
    return next((value for value in values if value is not None), None)


def ids_of(members: Sequence[tuple[Source, _HasId]]) -> dict[str, str]:
    """The id at each platform; of two at one platform the more trusted source's."""
    found: dict[str, str] = {}
    for source, item in members:
        if item.id:
            found.setdefault(source.value, item.id)
    return dict(sorted(found.items())) if len(found) > 1 else found


def spoken_by(members: Iterable[tuple[Source, object]]) -> list[Source]:
    """The platforms of a group, each once, in the fixed order."""
    return sorted({source for source, _ in members})
