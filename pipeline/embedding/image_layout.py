"""``image-layout-1024``: pictures to vectors without any model: which colours and edges are where.

**Not semantic.** It finds the same picture in another size or format, recoloured editions and similar layouts; it does
not know what is shown. No output may call it semantic, and a text cannot be compared with it.

The recipe under revision 1, in integers up to the last step:

1. Pillow scales the picture to 64 x 64 and turns it into luma and two colour differences (YCbCr).
2. 256 numbers: luma of a 16 x 16 grid, less its middle; 128: both colour differences of an 8 x 8 grid, less 128.
3. 512 numbers: in each cell of an 8 x 8 grid, how strongly luma rises towards eight directions.
4. 128 numbers: how much of the picture has each of 8 x 4 x 4 colours (so a plain picture has a vector as well).
5. Each of the three groups is scaled to a fixed share of the length, and the whole to length 1.

The arithmetic is the same everywhere; the pixels are as the installed JPEG and WebP decoders give them.
"""

import itertools
import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from pipeline.embedding.pictures import open_picture
from pipeline.embedding.port import Cut, Vectors

__all__ = ["ImageLayoutEmbedder"]

_DIMENSIONS: Final = 1024
_SIDE: Final = 64
_CELLS: Final = 8
_COLOUR_BINS: Final = (8, 4, 4)
_LAYOUT_SHARE: Final = 1.0
_EDGE_SHARE: Final = 0.7
_COLOUR_SHARE: Final = 0.7

_Ints = npt.NDArray[np.int64]
_Floats = npt.NDArray[np.float64]


class ImageLayoutEmbedder:
    """Deterministic colour and edge layout of a picture."""

    model_id: Final = "image-layout-1024"
    revision: Final = "1"
    dimensions: Final = _DIMENSIONS
    max_tokens: Final = None
    dtype: Final = "float32"
    cut: Final = Cut()

    def embed(self, images: Sequence[bytes]) -> Vectors:
        """One row per picture. Raises ``BadInput`` for one that cannot be read, is tiny or huge."""
        rows = np.empty((len(images), _DIMENSIONS), dtype=np.float32)
        for i, content in enumerate(images):
            rows[i] = _vector(open_picture(content))
        return rows


def _vector(picture: Image.Image) -> _Floats:
    small = picture.resize((_SIDE, _SIDE), Image.Resampling.BOX, reducing_gap=None).convert("YCbCr")
    pixels = np.asarray(small, dtype=np.int64)
    groups = [
        _scaled(_layout(pixels), _LAYOUT_SHARE),
        _scaled(_edges(pixels[:, :, 0]), _EDGE_SHARE),
        _scaled(_colours(pixels), _COLOUR_SHARE),
    ]
    whole = np.concatenate(groups)
    return whole / _length(whole)


def _layout(pixels: _Ints) -> _Ints:
    """Sums over cells, so that they stay integers; the scale falls out when the group is scaled."""
    fine, coarse = _SIDE // 16, _SIDE // _CELLS
    luma = _sums(pixels[:, :, 0], 16)
    luma = luma * 256 - int(luma.sum())
    differences = [(_sums(pixels[:, :, i] - 128, _CELLS) * 256 * fine * fine) // (coarse * coarse) for i in (1, 2)]
    return np.concatenate([luma.ravel(), *(part.ravel() for part in differences)])


def _sums(plane: _Ints, cells: int) -> _Ints:
    step = _SIDE // cells
    summed: _Ints = plane.reshape(cells, step, cells, step).sum(axis=(1, 3))
    return summed


def _edges(luma: _Ints) -> _Ints:
    """Per cell, how strongly luma rises towards each of eight directions. Nothing is binned, so noise moves little."""
    framed = np.pad(luma, 1, mode="edge")
    dx = framed[1:-1, 2:] - framed[1:-1, :-2]
    dy = framed[2:, 1:-1] - framed[:-2, 1:-1]
    rises = [np.maximum(rise * side, 0) for rise in (dx, dy, dx + dy, dx - dy) for side in (1, -1)]
    return np.concatenate([_sums(rise, _CELLS).ravel() for rise in rises])


def _colours(pixels: _Ints) -> _Ints:
    """How much of each colour there is; a pixel between two colours counts for both, by its distance."""
    luma, blue, red = (_between(pixels[:, :, i], bins) for i, bins in enumerate(_COLOUR_BINS))
    totals = np.zeros(math.prod(_COLOUR_BINS), dtype=np.int64)
    for (i, a), (j, b), (k, c) in itertools.product(luma, blue, red):
        place = (i * _COLOUR_BINS[1] + j) * _COLOUR_BINS[2] + k
        # weights are integers far below 2^53, so the sums of floats are exact
        totals += np.bincount(place.ravel(), weights=(a * b * c).ravel(), minlength=len(totals)).astype(np.int64)
    return totals


def _between(plane: _Ints, bins: int) -> list[tuple[_Ints, _Ints]]:
    """The two nearest of ``bins`` levels, each with its share in 255ths."""
    scaled = plane * (bins - 1)
    low, rest = scaled // 255, scaled % 255
    return [(low, 255 - rest), (np.minimum(low + 1, bins - 1), rest)]


def _scaled(group: _Ints, share: float) -> _Floats:
    length = _length(group.astype(np.float64))
    if length == 0.0:
        return np.zeros(len(group), dtype=np.float64)
    return group.astype(np.float64) * (share / length)


def _length(values: _Floats) -> float:
    # fsum is correctly rounded whatever the order, so no instruction set can change the result
    return math.sqrt(math.fsum(float(value) * float(value) for value in values))
