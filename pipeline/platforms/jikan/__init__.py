"""MyAnimeList through any Jikan-shaped service: what to ask for a title, what it means, what it says in our terms."""

from pipeline.platforms.jikan.adapter import JikanAdapter

__all__ = ["JikanAdapter"]
