"""AniList: GraphQL, 50 whole records a document."""

from pipeline.platforms.anilist.adapter import AniListAdapter

__all__ = ["AniListAdapter"]
