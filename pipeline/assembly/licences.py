"""Under which terms each source's content stands; goes with every provenance, so that it travels with the record."""

from types import MappingProxyType
from typing import Final

from pipeline.domain.names import Source

__all__ = ["LICENCES"]

LICENCES: Final = MappingProxyType(
    {
        Source.MAL: "MyAnimeList API License and Developer Agreement (myanimelist.net/static/apiagreement.html)",
        Source.ANILIST: "AniList API terms: free for non-commercial use; no mass collection without permission",
        Source.KITSU: "Kitsu site terms: credit, cache, no mirrors of images",
        Source.ANIDB: "CC BY-NC-SA 4.0",
        Source.ANIME_PLANET: "Anime-Planet site terms: no API; use only with permission",
        Source.ANIMESCHEDULE: "AnimeSchedule API terms: visible credit and link; ask for commercial use",
        Source.CATALOGUE: "ODbL 1.0 + DbCL 1.0 (anime-offline-database)",
    }
)
