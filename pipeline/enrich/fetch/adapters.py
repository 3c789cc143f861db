"""The six adapters as the settings want them, and the ids each is asked for."""

from collections.abc import Mapping

from pipeline.domain.names import Platform
from pipeline.ledger.titles import StoredTitle
from pipeline.platforms.anidb import AnidbAdapter
from pipeline.platforms.anilist import AniListAdapter
from pipeline.platforms.anime_planet import AnimePlanetAdapter
from pipeline.platforms.animeschedule import AnimeScheduleAdapter
from pipeline.platforms.jikan import JikanAdapter
from pipeline.platforms.kitsu import KitsuAdapter
from pipeline.platforms.port import PlatformAdapter
from pipeline.settings import Settings

__all__ = ["ids_to_ask", "make_adapters"]


def make_adapters(settings: Settings) -> Mapping[Platform, PlatformAdapter]:
    """One adapter a platform, in the fixed order of platforms; also for those switched off."""
    p = settings.platforms
    return {
        Platform.JIKAN: JikanAdapter(asked=p.jikan.core | p.jikan.extras, base=p.jikan.base),
        Platform.ANILIST: AniListAdapter(titles=p.anilist.batch),
        Platform.KITSU: KitsuAdapter(batch=p.kitsu.batch, largest_batch=p.kitsu.largest_batch, api=p.kitsu.api),
        Platform.ANIDB: AnidbAdapter(client=p.anidb.client or "", client_version=p.anidb.client_version),
        Platform.ANIME_PLANET: AnimePlanetAdapter(),
        Platform.ANIMESCHEDULE: AnimeScheduleAdapter(),
    }


def ids_to_ask(adapter: PlatformAdapter, title: StoredTitle) -> tuple[str, ...]:
    """What a platform is asked for: the ids the row leads to, and learned ones only where it leads to none."""
    return adapter.wanted_ids(title.ids) or adapter.wanted_ids(title.all_ids)
