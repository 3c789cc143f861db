"""How large a picture is, also where its platform says it only by a word."""

from typing import Final

from pipeline.domain.source_title import Image

__all__ = ["area_of"]

_NOMINAL_WIDTH: Final = {
    "original": 2000,
    "maximum": 1280,
    "extralarge": 600,
    "xlarge": 600,
    "large": 425,
    "medium": 225,
    "default": 225,
    "small": 100,
    "thumbnail": 60,
    "tiny": 60,
}
"""Widths behind the platforms' words where they state no pixels; only their order matters."""
_UNKNOWN_WIDTH: Final = 225


def area_of(image: Image) -> int:
    """Pixels; where nobody counted them, about as many as the word for the size usually means."""
    if image.width and image.height:
        return image.width * image.height
    word = (image.size or "").lower().replace("_", "").replace(" ", "")
    width = _NOMINAL_WIDTH.get(word, _UNKNOWN_WIDTH)
    return width * width * 3 // 2
