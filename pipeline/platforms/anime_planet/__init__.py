"""Anime-Planet: pages, no API. Optional; most of its fields exist elsewhere."""

from pipeline.platforms.anime_planet.adapter import AnimePlanetAdapter

__all__ = ["AnimePlanetAdapter"]
