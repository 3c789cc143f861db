"""Pictures of the practice world: small, plain, and the same for the same address."""

import io
from functools import lru_cache
from typing import Final

from aiohttp import web
from PIL import Image, ImageDraw

from pipeline.practice.counters import Counters
from pipeline.practice.dice import Dice

__all__ = ["image_routes"]

_FORMATS: Final = {"png": "PNG", "jpg": "JPEG", "webp": "WEBP"}
_SIZES: Final = {"cover": (90, 128), "banner": (190, 40), "character": (60, 90), "episode": (128, 72)}


@lru_cache(maxsize=256)
def _draw_picture(what: str, name: str, ending: str = "png") -> bytes:
    """A picture of a few shapes whose colours and places grow from its name. Raises ``KeyError`` for other endings."""
    dice = Dice("picture", what, name)
    width, height = _SIZES.get(what, (64, 64))
    picture = Image.new("RGB", (width, height), _colour(dice))
    pencil = ImageDraw.Draw(picture)
    for _ in range(dice.number(3, 6)):
        left, top = dice.number(0, width - 10), dice.number(0, height - 10)
        box = (left, top, left + dice.number(8, width // 2), top + dice.number(8, height // 2))
        (pencil.ellipse if dice.chance(0.5) else pencil.rectangle)(box, fill=_colour(dice))
    file = io.BytesIO()
    picture.save(file, _FORMATS[ending])
    return file.getvalue()


def _colour(dice: Dice) -> tuple[int, int, int]:
    return dice.number(0, 255), dice.number(0, 255), dice.number(0, 255)


def image_routes(counters: Counters) -> list[web.RouteDef]:
    """``/images/<platform>/<what>/<name>.<png|jpg|webp>``."""

    async def answer(request: web.Request) -> web.Response:
        counters.images += 1
        part = request.match_info
        ending = part["ending"]
        body = _draw_picture(part["what"], f"{part['platform']}/{part['name']}", ending)
        return web.Response(body=body, content_type="image/jpeg" if ending == "jpg" else f"image/{ending}")

    return [web.get(r"/images/{platform}/{what}/{name:[^/]+}.{ending:png|jpg|webp}", answer)]
