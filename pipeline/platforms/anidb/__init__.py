"""AniDB through its HTTP API: one XML answer a title, and errors that come with status 200."""

from pipeline.platforms.anidb.adapter import AnidbAdapter

__all__ = ["AnidbAdapter"]
