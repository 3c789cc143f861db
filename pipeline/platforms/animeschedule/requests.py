"""What to ask AnimeSchedule: up to 18 ids a request, of whichever sites, matched with ``mt=any``."""

from collections.abc import Mapping, Sequence
from typing import Final

from pipeline.domain.exchange import Request, Wanted
from pipeline.domain.names import Platform, Site
from pipeline.errors import BadInput

__all__ = ["ANIME", "PAGE_SIZE", "first_ids", "plan_batch", "split_id"]

ANIME: Final = "anime"
PAGE_SIZE: Final = 18
_FILTERS: Final = {Site.MAL: "mal-ids", Site.ANILIST: "anilist-ids", Site.ANIDB: "anidb-ids"}
"""The sites whose ids are filters, best known first."""


def first_ids(ids: Mapping[Site, tuple[str, ...]]) -> tuple[str, ...]:
    """``("mal:1",)``: the ids on the first of the sites that has any."""
    for site in _FILTERS:
        if ids.get(site):
            return tuple(f"{site.value}:{id_}" for id_ in ids[site])
    return ()


def split_id(wanted_id: str) -> tuple[Site, str]:
    """``mal:1`` to its site and number. Raises ``BadInput`` for anything that cannot be asked."""
    name, _, number = wanted_id.partition(":")
    site = next((one for one in _FILTERS if one.value == name), None)
    if site is None or not (number.isascii() and number.isdigit()):
        raise BadInput(f"{wanted_id!r} cannot be asked of AnimeSchedule; give mal:<id>, anilist:<id> or anidb:<id>")
    return site, number


def plan_batch(wanted: Sequence[Wanted]) -> tuple[Request, ...]:
    """Requests for all ids that have no record yet, in the order of the sites: with ``mt=any`` filters go together."""
    pairs = [(one.id, *split_id(one.id)) for one in wanted if ANIME not in one.parts]
    sites = list(_FILTERS)
    asked = sorted(dict.fromkeys(pairs), key=lambda pair: sites.index(pair[1]))
    return tuple(_request(asked[at : at + PAGE_SIZE]) for at in range(0, len(asked), PAGE_SIZE))


def _request(asked: Sequence[tuple[str, Site, str]]) -> Request:
    params = (("mt", "any"), *((_FILTERS[site], number) for _, site, number in asked))
    return Request(Platform.ANIMESCHEDULE, "ids", "/anime", tuple(id_ for id_, _, _ in asked), params)
