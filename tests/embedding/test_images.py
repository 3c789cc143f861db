"""Pictures: opened carefully, described by layout."""

import contextlib
import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageDraw

from pipeline.embedding.image_layout import ImageLayoutEmbedder
from pipeline.embedding.pictures import MAX_PIXELS, open_picture
from pipeline.errors import BadInput


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """The bytes of a file."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def drawn(size: tuple[int, int] = (200, 300), sky: str = "navy", ball: str = "orange", at: float = 0.3) -> Image.Image:
    """A picture of a ball before a sky."""
    image = Image.new("RGB", size, sky)
    width, height = size
    x, y, r = width * at, height * at, width * 0.2
    ImageDraw.Draw(image).ellipse((x - r, y - r, x + r, y + r), fill=ball)
    return image


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds next to nothing."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 10)) + chunk(b"IEND", b"")


def test_same_picture_is_near_in_another_size_and_format_and_another_is_far() -> None:
    """What the descriptor is for: the same artwork again."""
    same = [drawn(), drawn((400, 600)), drawn((120, 180))]
    contents = [encoded(same[0]), encoded(same[1], "JPEG", quality=85), encoded(same[2], "WEBP")]
    contents.append(encoded(drawn(sky="white", ball="green", at=0.7)))
    rows = ImageLayoutEmbedder().embed(contents)
    near = rows @ rows[0]
    assert near[1] > 0.98
    assert near[2] > 0.95
    assert near[3] < 0.5


def test_rows_are_of_length_one_and_repeatable() -> None:
    """Length 1 for any picture, a plain one as well, and the same bits twice."""
    plain = [Image.new("RGB", (64, 64), (128, 128, 128)), Image.new("L", (16, 16), 0)]
    contents = [encoded(image) for image in (drawn(), *plain)]
    rows = ImageLayoutEmbedder().embed(contents)
    assert rows.shape == (3, 1024)
    assert np.isfinite(rows).all()
    assert np.allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-6)
    assert (ImageLayoutEmbedder().embed(contents) == rows).all()


def test_transparency_is_white_and_animations_give_their_first_frame() -> None:
    """A cut-out is seen before white, and a GIF by its first frame."""
    assert open_picture(encoded(Image.new("RGBA", (32, 32), (255, 0, 0, 0)))).getpixel((5, 5)) == (255, 255, 255)
    frames = [Image.new("RGB", (32, 32), "red"), Image.new("RGB", (32, 32), "blue")]
    gif = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    red, green, blue = open_picture(gif).getpixel((5, 5))
    assert (red, green, blue) == (255, 0, 0)


def test_turned_picture_is_set_upright() -> None:
    """The camera's orientation note is obeyed."""
    exif = Image.Exif()
    exif[0x0112] = 6
    assert open_picture(encoded(Image.new("RGB", (40, 20)), "JPEG", exif=exif)).size == (20, 40)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "0 bytes"),
        (b"<html>not found</html>", "cannot be read"),
        (encoded(drawn())[:400], "cannot be read"),
        (encoded(drawn(), "JPEG")[:900], "cannot be read"),
        (encoded(Image.new("RGB", (1, 1))), "too small"),
        (encoded(Image.new("RGB", (400, 15))), "too small"),
        (png_header(20_000, 20_000), "cannot be read|refused"),
        (png_header(8_000, 8_000), "refused"),
        (encoded(drawn(), "BMP"), "cannot be read"),
        (encoded(drawn(), "PPM"), "cannot be read"),
    ],
    ids=["empty", "html", "cut png", "cut jpeg", "pixel", "stripe", "bomb", "large", "bmp", "ppm"],
)
def test_what_is_no_usable_picture_is_bad_input(content: bytes, said: str) -> None:
    """Broken, tiny, huge and unexpected files are told apart in a sentence, and nothing else escapes."""
    with pytest.raises(BadInput, match=said):
        ImageLayoutEmbedder().embed([content])


def test_bomb_is_refused_before_it_is_unpacked() -> None:
    """The limit is held from the header alone."""
    assert MAX_PIXELS < 8_000 * 8_000
    with pytest.raises(BadInput, match="8000 x 8000"):
        open_picture(png_header(8_000, 8_000))


def test_any_damage_is_bad_input_or_a_picture() -> None:
    """Flipped bytes anywhere in a file never raise anything but BadInput."""
    rng = np.random.default_rng(0)
    for kind in ("PNG", "JPEG", "WEBP", "GIF"):
        whole = encoded(drawn((48, 48)), kind)
        for _ in range(60):
            torn = bytearray(whole)
            for place in rng.integers(0, len(torn), 6):
                torn[place] = int(rng.integers(0, 256))
            with contextlib.suppress(BadInput):
                assert open_picture(bytes(torn)).mode == "RGB"
