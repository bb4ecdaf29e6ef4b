"""Pictures and media files of the demo assets, drawn when someone asks for them.

A picture shows the scene that `scene_of` reads off the document: subject, time of day, weather
and palette; details follow from the id. The same document gives the same bytes with the same
version of Pillow.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from io import BytesIO
from typing import Any

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from scenario_search.emulator.demo.drawing.backdrops import (
    BACKDROPS,
    OUTDOORS,
    SKIES,
    paint_lightning,
    paint_weather,
)
from scenario_search.emulator.demo.drawing.beings import BEINGS
from scenario_search.emulator.demo.drawing.brush import Brush, Color, mix, shade
from scenario_search.emulator.demo.drawing.places import PLACES
from scenario_search.emulator.demo.drawing.things import THINGS
from scenario_search.emulator.demo.picks import Pick
from scenario_search.emulator.demo.scenes import Scene, scene_of

__all__ = ["PALETTES", "draw_asset", "draw_thumbnail", "picture_of"]

DRAWERS = {**BEINGS, **PLACES, **THINGS}
FORMATS = {"image/jpeg": "JPEG", "image/webp": "WEBP"}
LARGEST_SIDE = 4096
CANVAS_SIDE = 1280
# main colors, accents, and the color the whole picture is toned with, and how strongly
PALETTES: dict[str, tuple[tuple[Color, ...], tuple[Color, ...], Color, float]] = {
    "natural": (((176, 60, 52), (70, 120, 180), (96, 150, 80), (190, 140, 70)),
                ((60, 90, 150), (200, 160, 60), (150, 60, 60)), (128, 128, 128), 0.0),
    "warm": (((214, 90, 40), (230, 150, 50), (190, 60, 50)),
             ((250, 200, 80), (150, 50, 40)), (240, 150, 70), 0.35),
    "icy": (((90, 160, 220), (150, 210, 240), (70, 110, 190)),
            ((220, 240, 252), (60, 90, 160)), (130, 190, 240), 0.45),
    "neon": (((255, 50, 160), (40, 230, 240), (150, 60, 255)),
             ((60, 250, 200), (255, 80, 220)), (150, 60, 220), 0.35),
    "pastel": (((246, 170, 190), (170, 220, 200), (190, 180, 236)),
               ((250, 214, 170), (160, 200, 240)), (246, 214, 226), 0.4),
    "dark": (((92, 60, 70), (70, 76, 92), (84, 84, 70)),
             ((120, 50, 50), (60, 64, 84)), (84, 84, 96), 0.55),
    "emerald": (((40, 160, 100), (90, 190, 90), (30, 120, 110)),
                ((200, 220, 100), (20, 90, 80)), (90, 180, 120), 0.35),
    "sepia": (((176, 140, 90), (120, 130, 104), (150, 90, 70)), ((200, 160, 100), (90, 64, 44)),
              (190, 160, 116), 0.55),
    "crimson": (((200, 30, 50), (150, 20, 40), (90, 20, 30)),
                ((40, 34, 40), (230, 90, 80)), (200, 70, 70), 0.4),
    "violet": (((130, 70, 200), (170, 90, 210), (90, 60, 170)),
               ((236, 190, 80), (220, 160, 240)), (150, 100, 210), 0.4),
}  # fmt: skip
GLOWS: tuple[Color, ...] = ((255, 224, 120), (120, 240, 255), (170, 255, 150), (255, 170, 230))


@cache
def _paper() -> Image.Image:
    """How much light each part of the frame gives back: grainy, and less towards the corners."""
    frame = Image.radial_gradient("L").point(
        [255 - max(far - 110, 0) * 2 // 5 for far in range(256)]
    )
    grain = bytes(238 + byte // 15 for byte in Pick("grain").bytes(192 * 192))
    return ImageChops.multiply(frame.resize((192, 192)), Image.frombytes("L", (192, 192), grain))


@cache
def _shadows() -> Image.Image:
    """Share of shadow on a body that is lit from above and one side."""
    light = Image.new("L", (2, 2))
    for at, value in enumerate((0, 26, 40, 92)):
        light.putpixel((at % 2, at // 2), value)
    return light.resize((64, 64), Image.Resampling.BICUBIC)


def _size(document: Mapping[str, Any]) -> tuple[int, int]:
    metadata = document.get("metadata")
    if not isinstance(metadata, dict):
        metadata = {}
    sides = []
    for name in ("width", "height"):
        side = metadata.get(name)
        if not isinstance(side, int | float) or not 1 <= side <= LARGEST_SIDE:
            side = 1024
        sides.append(int(side))
    return sides[0], sides[1]


def _canvas_size(width: int, height: int, max_side: int | None) -> tuple[int, int]:
    """Twice the size asked for, so that edges come out smooth, but no more than 1280 pixels."""
    long = max(width, height)
    side = min(CANVAS_SIDE, 2 * min(long, max_side or long))
    return max(16, round(width * side / long)), max(16, round(height * side / long))


def _toned(image: Image.Image, tone: Color, strength: float) -> Image.Image:
    if not strength:
        return image
    toned = ImageOps.colorize(image.convert("L"), shade(tone, 0.12), shade(tone, 1.75), mid=tone)
    return Image.blend(image, toned, strength)


def _scenery(scene: Scene, key: str, canvas: tuple[int, int], size: tuple[int, int]) -> Image.Image:
    """The picture, drawn on a canvas of one size and finished at a smaller one."""
    pick = Pick("picture", key)
    mains, accents, tone, strength = PALETTES[scene.palette]
    colors = pick.one(mains), pick.one(accents), pick.one(GLOWS)
    night, outdoors = scene.time == "night", scene.subject in OUTDOORS
    image = Image.new("RGB", canvas)
    behind = Brush(image, Pick("backdrop", key), colors, night)
    BACKDROPS[scene.subject](behind, scene)
    if scene.weather == "storm" and outdoors:
        paint_lightning(behind)

    layer = Image.new("RGBA", canvas)
    brush = Brush(layer, Pick("subject", key), colors, night)
    room = 0.06 if max(canvas) > 1.2 * min(canvas) else 0.025
    brush.place(
        pick.between(-room, room),
        pick.between(-0.02, 0.02),
        pick.between(0.86, 0.98),
        mirrored=pick.chance(0.5),
    )
    DRAWERS[scene.subject](brush)
    alpha = layer.getchannel("A")
    small = (max(1, canvas[0] // 8), max(1, canvas[1] // 8))
    cast = alpha.resize(small).filter(ImageFilter.GaussianBlur(min(small) / 40))
    cast = ImageChops.offset(cast, 0, min(small) // 60 + 1).point(
        [value * 2 // 5 for value in range(256)]
    )
    image.paste((16, 14, 28), mask=cast.resize(canvas))
    image.paste(layer, mask=alpha)
    image.paste(SKIES[scene.time][1], mask=alpha.point([value // 10 for value in range(256)]))
    dusk = _shadows().point([value * 2 // 3 + 52 for value in range(256)]) if night else _shadows()
    shade_of = ImageChops.multiply(alpha, dusk.resize(canvas))
    image.paste((14, 14, 40), mask=shade_of)

    if scene.weather == "fog" and outdoors:
        veil = Image.linear_gradient("L").point([36 + low * 2 // 5 for low in range(256)])
        image.paste(mix(SKIES[scene.time][1], (222, 226, 232), 0.45), mask=veil.resize(canvas))
    front = Brush(image, Pick("weather", key), colors, night)
    if outdoors:
        paint_weather(front, scene)
    if size != canvas:
        image = image.resize(size, Image.Resampling.BOX)
    front.lights += behind.lights + brush.lights
    if glows := front.glows(size):
        image = ImageChops.screen(image, glows)
    image = _toned(image, tone, strength)
    paper = _paper().resize(size, Image.Resampling.BICUBIC)
    return ImageChops.multiply(image, Image.merge("RGB", (paper, paper, paper)))


def picture_of(document: Mapping[str, Any], *, max_side: int | None = None) -> Image.Image:
    """The asset's picture.

    Args:
        document: an asset in wire form; its `metadata.width` and `height` (1024 each, when
            absent or beyond 1 to 4096) give the size.
        max_side: pixels of the longer side at most; it never makes a picture larger.
    """
    width, height = _size(document)
    canvas = _canvas_size(width, height, max_side)
    share = min(1.0, (max_side or LARGEST_SIDE) / max(width, height))
    size = max(1, round(width * share)), max(1, round(height * share))
    finished = min(size, canvas)
    image = _scenery(scene_of(document), str(document.get("id")), canvas, finished)
    return image if size == finished else image.resize(size, Image.Resampling.BICUBIC)


def _encoded(image: Image.Image, mime_type: str) -> bytes:
    out = BytesIO()
    kind = FORMATS.get(mime_type, "PNG")
    options: dict[str, int] = {"compress_level": 1} if kind == "PNG" else {"quality": 88}
    if kind == "WEBP":
        options["method"] = 1
    image.save(out, kind, **options)
    return out.getvalue()


def draw_asset(document: Mapping[str, Any], *, max_side: int | None = None) -> bytes:
    """The asset's picture as a file: JPEG or WebP where its `mimeType` says so, else PNG.

    Without `max_side` it is as large as the metadata says; see `picture_of`.
    """
    image = picture_of(document, max_side=max_side)
    return _encoded(image, str(document.get("mimeType")))


def _film_strip(image: Image.Image) -> None:
    draw, unit = ImageDraw.Draw(image), min(image.size) / 100
    wide, high = image.size
    for top in (0.0, high - 12 * unit):
        draw.rectangle((0, top, wide, top + 12 * unit), fill=(18, 18, 22))
        x = 3 * unit
        while x < wide:
            hole = (x, top + 3 * unit, x + 6 * unit, top + 9 * unit)
            draw.rounded_rectangle(hole, radius=unit, fill=(226, 226, 230))
            x += 12 * unit
    x, y = wide / 2, high / 2
    draw.ellipse((x - 14 * unit, y - 14 * unit, x + 14 * unit, y + 14 * unit), fill=(18, 18, 22))
    arrow = [(x - 5 * unit, y - 8 * unit), (x - 5 * unit, y + 8 * unit), (x + 9 * unit, y)]
    draw.polygon(arrow, fill=(246, 246, 250))


def _turntable(image: Image.Image) -> None:
    """The wire cube and the grid that 3D viewers show."""
    draw, unit = ImageDraw.Draw(image), min(image.size) / 100
    wide, high = image.size
    ink, thin = (240, 244, 250), max(1, round(unit * 0.6))
    for at in range(7):
        y = high - 2 * unit - at * 3.2 * unit * (1 - at * 0.06)
        draw.line((0, y, wide, y), fill=(120, 126, 138), width=thin)
        x = wide * at / 6
        draw.line((x, high, wide / 2 + (x - wide / 2) * 0.6, high - 17 * unit), ink, thin)
    left, top, side = wide - 24 * unit, 8 * unit, 14 * unit
    cube = [(0.5, 0), (1, 0.25), (1, 0.75), (0.5, 1), (0, 0.75), (0, 0.25), (0.5, 0)]
    points = [(left + x * side, top + y * side) for x, y in cube]
    draw.polygon(points, fill=(52, 58, 72))
    draw.line(points, fill=ink, width=thin * 2)
    for end in (1, 3, 5):
        draw.line((left + side / 2, top + side / 2, *points[end]), fill=ink, width=thin * 2)


def _waveform(image: Image.Image, key: str) -> None:
    draw, pick = ImageDraw.Draw(image), Pick("wave", key)
    wide, high = image.size
    bars = 48
    for at in range(bars):
        swell = 0.12 + 0.3 * pick.random() * (1 - abs(2 * at / bars - 1) ** 2)
        x = wide * (at + 0.25) / bars
        box = (x, high * (0.5 - swell), x + wide / bars * 0.5, high * (0.5 + swell))
        draw.rounded_rectangle(box, radius=wide / bars / 4, fill=(244, 246, 250))


def draw_thumbnail(document: Mapping[str, Any], *, max_side: int = 512) -> bytes:
    """A WebP preview of any asset.

    Images show themselves, videos a frame on a film strip, meshes a turntable, sounds their
    waveform before the scene they are about.
    """
    metadata = document.get("metadata")
    kind = metadata.get("kind") if isinstance(metadata, dict) else None
    image = picture_of(document, max_side=max_side)
    if kind == "video":
        _film_strip(image)
    elif kind == "3d":
        _turntable(image)
    elif kind == "audio":
        image = Image.blend(image, Image.new("RGB", image.size, (26, 28, 40)), 0.55)
        _waveform(image, str(document.get("id")))
    return _encoded(image, "image/webp")
