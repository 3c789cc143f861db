"""The names of the 14 vectors of a title."""

from typing import Final

__all__ = ["IMAGE_VECTORS", "TEXT_VECTORS", "VECTORS"]

TEXT_VECTORS: Final = (
    "title",
    "synopsis",
    "genres",
    "tags",
    "characters",
    "character_traits",
    "staff",
    "studios",
    "episodes",
    "relations",
    "music",
    "broadcast",
)
IMAGE_VECTORS: Final = ("cover_image", "character_image")
VECTORS: Final = (*TEXT_VECTORS, *IMAGE_VECTORS)
