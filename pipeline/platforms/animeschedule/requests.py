"""What to ask AnimeSchedule: up to 18 ids of one site a request, matched with ``mt=any``."""

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
    """Requests for all ids that have no record yet, in the order of the sites."""
    by_site: dict[Site, dict[str, str]] = {site: {} for site in _FILTERS}
    for one in wanted:
        if ANIME not in one.parts:
            site, number = split_id(one.id)
            by_site[site][one.id] = number
    return tuple(
        _request(site, dict(pairs[at : at + PAGE_SIZE]))
        for site, ids in by_site.items()
        for pairs in [list(ids.items())]
        for at in range(0, len(pairs), PAGE_SIZE)
    )


def _request(site: Site, ids: Mapping[str, str]) -> Request:
    params = (("mt", "any"), *((_FILTERS[site], number) for number in ids.values()))
    return Request(Platform.ANIMESCHEDULE, f"by_{site.value}", "/anime", tuple(ids), params)
