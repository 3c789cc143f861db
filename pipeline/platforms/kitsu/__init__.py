"""Kitsu: GraphQL records of twenty titles a request, JSON:API as a fallback."""

from pipeline.platforms.kitsu.adapter import KitsuAdapter

__all__ = ["KitsuAdapter"]
