"""Opening pictures that strangers made: checked before a pixel is unpacked.

A picture that is broken, tiny, huge or of an unknown format is ``BadInput`` with a sentence; nothing else escapes.
"""

import io
import warnings
from typing import Final

from PIL import Image, ImageOps

from pipeline.errors import BadInput

__all__ = ["MAX_PIXELS", "open_picture"]

MAX_PIXELS: Final = 40_000_000
"""A larger picture is refused from its header: unpacked, 40 million pixels are 120 MB."""
_MIN_SIDE: Final = 16
"""A smaller picture is a spacer or a placeholder, not a cover."""
_FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")


def open_picture(content: bytes) -> Image.Image:
    """The picture upright in RGB, transparent parts white, of an animation the first frame. Raises ``BadInput``."""
    if not content:
        raise BadInput("a picture of 0 bytes: fetch it again or leave the vector out")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit is stricter
            with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
                _check_size(image.size)
                return _flat(ImageOps.exif_transpose(image))
    except (OSError, SyntaxError, ValueError, EOFError, OverflowError, Image.DecompressionBombError) as error:
        # Pillow's decoders raise all of these for broken files; OSError includes UnidentifiedImageError
        raise BadInput(f"a picture of {len(content)} bytes cannot be read ({error}): fetch it again") from error


def _check_size(size: tuple[int, int]) -> None:
    width, height = size
    if width * height > MAX_PIXELS:
        raise BadInput(f"a picture of {width} x {height} pixels is refused: more than {MAX_PIXELS} pixels")
    if min(width, height) < _MIN_SIDE:
        raise BadInput(f"a picture of {width} x {height} pixels is too small: {_MIN_SIDE} a side is the least")


def _flat(image: Image.Image) -> Image.Image:
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")
