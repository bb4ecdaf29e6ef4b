"""The brush the demo pictures are drawn with: shapes in units of the picture, not in pixels."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PIL import Image, ImageChops, ImageColor, ImageDraw, ImageFilter

from scenario_search.emulator.demo.drawing.figures import Point, Shape, figure_of
from scenario_search.emulator.demo.picks import Pick

__all__ = [
    "GOLD",
    "INK",
    "LEAF",
    "SKIN",
    "STEEL",
    "STONE",
    "WHITE",
    "WOOD",
    "Brush",
    "Color",
    "Point",
    "mix",
    "ramp",
    "shade",
]

Color = tuple[int, int, int]

INK: Color = (28, 24, 34)
STONE: Color = (150, 146, 150)
STEEL: Color = (178, 186, 198)
WOOD: Color = (126, 82, 48)
GOLD: Color = (236, 188, 70)
LEAF: Color = (70, 130, 66)
SKIN: Color = (232, 188, 150)
WHITE: Color = (246, 246, 250)
_NAMED = {
    "ink": INK,
    "stone": STONE,
    "steel": STEEL,
    "wood": WOOD,
    "gold": GOLD,
    "leaf": LEAF,
    "skin": SKIN,
    "white": WHITE,
}
"""What figures call these colors."""


def mix(one: Color, other: Color, share: float) -> Color:
    """A color `share` (0 to 1) of the way from one to the other."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def shade(color: Color, light: float) -> Color:
    """The color in less light (below 1, towards black) or more (above 1, towards white)."""
    if light <= 1:
        return mix((0, 0, 0), color, max(light, 0))
    return mix(color, (255, 255, 255), min(light - 1, 1))


def ramp(size: tuple[int, int], top: Color, bottom: Color) -> Image.Image:
    """A vertical gradient."""
    column = Image.new("RGB", (1, 2))
    column.putpixel((0, 0), top)
    column.putpixel((0, 1), bottom)
    # Half a pixel is cut off at either end, where a resize has nothing to blend.
    return column.resize(size, Image.Resampling.BILINEAR, box=(0, 0.5, 1, 1.5))


def _spline(points: Sequence[Point], closed: bool, steps: int = 8) -> list[Point]:
    """Catmull-Rom curve through the points."""
    count = len(points)
    curve = []
    for at in range(count if closed else count - 1):
        near = range(at - 1, at + 3)
        p0, p1, p2, p3 = (
            points[k % count] if closed else points[min(max(k, 0), count - 1)] for k in near
        )
        for step in range(steps):
            t = step / steps
            x, y = (
                0.5
                * (
                    2 * b
                    + (c - a) * t
                    + (2 * a - 5 * b + 4 * c - d) * t * t
                    + (3 * b - a - 3 * c + d) * t**3
                )
                for a, b, c, d in zip(p0, p1, p2, p3, strict=True)
            )
            curve.append((x, y))
    if not closed:
        curve.append(points[-1])
    return curve


class Brush:
    """Draws on an image in units of its shorter side.

    The origin is the middle, x grows to the right and y downwards; `half_width` and
    `half_height` are the distances to the edges, the smaller of which is 0.5.

    Attributes:
        pick: seeded choices for the drawing.
        main: the subject's own color; `accent` goes with it, `glow` is that of its lights.
        night: whether lamps are lit.
        colors: what figures call colors; a drawer adds those of its own figures.
    """

    def __init__(
        self, image: Image.Image, pick: Pick, colors: tuple[Color, Color, Color], night: bool
    ) -> None:
        self.image = image
        self.draw = ImageDraw.Draw(image)
        self.unit = min(image.size)
        self.half_width = image.width / self.unit / 2
        self.half_height = image.height / self.unit / 2
        self.pick = pick
        self.main, self.accent, self.glow = colors
        self.night = night
        self.colors = _NAMED | {"main": self.main, "accent": self.accent, "glow": self.glow}
        self.scale, self.at, self.side = 1.0, (0.0, 0.0), 1
        self.lights: list[tuple[float, float, float, Color]] = []

    @property
    def reach(self) -> float:
        """How far the picture reaches to the left and right of what is drawn, and beyond."""
        return self.half_width / self.scale + 0.1

    def place(self, x: float, y: float, scale: float, mirrored: bool = False) -> None:
        """Draws from here on around (x, y), larger or smaller, and perhaps mirrored."""
        self.at, self.scale, self.side = (x, y), scale, -1 if mirrored else 1

    def _pixels(self, points: Sequence[Point]) -> list[Point]:
        dx, dy = self.at
        return [
            (
                (x * self.side * self.scale + dx + self.half_width) * self.unit,
                (y * self.scale + dy + self.half_height) * self.unit,
            )
            for x, y in points
        ]

    def fill(self, top: Color, bottom: Color) -> None:
        """The whole picture, in a vertical gradient."""
        self.image.paste(ramp(self.image.size, top, bottom))

    def figure(self, name: str, x: float = 0, y: float = 0, size: float = 1) -> None:
        """A figure of `figures.txt`, its origin at (x, y), larger or smaller.

        The strokes of lines and limbs, and what windows and lights measure, stay as they are.
        """
        for shape in figure_of(name):
            for dx, dy in shape.places:
                self._shape(shape, x + dx * size, y + dy * size, size)
            if shape.mirrored:
                self._shape(shape, x, y, size, -1)

    def _shape(self, shape: Shape, x: float, y: float, size: float, side: int = 1) -> None:
        points = [(x + px * side * size, y + py * size) for px, py in shape.points]
        color, numbers = self._color(shape.color), shape.numbers
        match shape.kind:
            case "polygon":
                self.polygon(points, color)
            case "blob":
                self.blob(points, color)
            case "oval":
                rx, ry = shape.points[1]
                self.oval(*points[0], rx * size, ry * size, color)
            case "box":
                self.box(*points[0], *points[1], color, *numbers)
            case "line":
                self.line(points, numbers[0], color)
            case "limb":
                self.limb(points, numbers[0], numbers[1], color)
            case "star":
                self.star(*points[0], numbers[0], color, round(numbers[1] * 100))
            case "window":
                self.window(*points[0], numbers[0], numbers[1])
            case _:  # a light
                self.light(*points[0], numbers[0], color)

    def _color(self, written: str) -> Color:
        """The color that a figure writes as `name`, `name*light` or `#rrggbb`."""
        if written.startswith("#"):
            red, green, blue = ImageColor.getrgb(written)[:3]
            return red, green, blue
        name, _, light = written.partition("*")
        return shade(self.colors[name], float(light)) if light else self.colors[name]

    def polygon(self, points: Sequence[Point], color: Color) -> None:
        """A filled polygon."""
        self.draw.polygon(self._pixels(points), fill=color)

    def blob(self, points: Sequence[Point], color: Color) -> None:
        """A filled shape with a smooth outline through the points."""
        self.polygon(_spline(points, closed=True), color)

    def oval(self, x: float, y: float, rx: float, ry: float, color: Color) -> None:
        """A filled ellipse around (x, y)."""
        (x0, y0), (x1, y1) = self._pixels([(x - rx, y - ry), (x + rx, y + ry)])
        self.draw.ellipse((min(x0, x1), y0, max(x0, x1), y1), fill=color)

    def ring(self, x: float, y: float, radius: float, width: float, color: Color) -> None:
        """A circle's line."""
        (x0, y0), (x1, y1) = self._pixels([(x - radius, y - radius), (x + radius, y + radius)])
        self.draw.ellipse((min(x0, x1), y0, max(x0, x1), y1), outline=color, width=self._px(width))

    def box(
        self, x0: float, y0: float, x1: float, y1: float, color: Color, corner: float = 0
    ) -> None:
        """A filled rectangle, its corners rounded by `corner`."""
        (px0, py0), (px1, py1) = self._pixels([(x0, y0), (x1, y1)])
        box = (min(px0, px1), py0, max(px0, px1), py1)
        self.draw.rounded_rectangle(box, radius=corner * self.scale * self.unit, fill=color)

    def line(self, points: Sequence[Point], width: float, color: Color) -> None:
        """A line with rounded joints."""
        self.draw.line(self._pixels(points), fill=color, width=self._px(width), joint="curve")

    def _px(self, width: float) -> int:
        return max(1, round(width * self.scale * self.unit))

    def limb(self, points: Sequence[Point], start: float, end: float, color: Color) -> None:
        """A smooth stroke through the points that is `start` wide at first and `end` at last."""
        curve = _spline(points, closed=False)
        left, right = [], []
        for at, (x, y) in enumerate(curve):
            (x0, y0), (x1, y1) = curve[max(at - 1, 0)], curve[min(at + 1, len(curve) - 1)]
            length = math.hypot(x1 - x0, y1 - y0) or 1
            half = (start + (end - start) * at / (len(curve) - 1)) / 2
            nx, ny = -(y1 - y0) / length * half, (x1 - x0) / length * half
            left.append((x + nx, y + ny))
            right.append((x - nx, y - ny))
        self.polygon([*left, *reversed(right)], color)
        self.oval(*curve[0], start / 2, start / 2, color)
        self.oval(*curve[-1], end / 2, end / 2, color)

    def window(self, x: float, y: float, width: float, height: float) -> None:
        """A window around (x, y), lit at night and sometimes by day."""
        lit = self.night or self.pick.chance(0.3)
        self.box(x - width, y - height, x + width, y + height, self.glow if lit else INK, width)
        if lit:
            self.light(x, y, height * 1.6, shade(self.glow, 0.6))

    def star(self, x: float, y: float, radius: float, color: Color, tips: int = 4) -> None:
        """A star with thin tips."""
        points = []
        for at in range(tips * 2):
            length = radius if at % 2 == 0 else radius * 0.32
            angle = math.pi * at / tips - math.pi / 2
            points.append((x + math.cos(angle) * length, y + math.sin(angle) * length))
        self.polygon(points, color)

    def light(self, x: float, y: float, radius: float, color: Color | None = None) -> None:
        """A soft glow, added to the picture when all else is drawn."""
        ((px, py),) = self._pixels([(x, y)])
        spread = radius * self.scale
        self.lights.append((px / self.unit, py / self.unit, spread, color or self.glow))

    def glows(self, size: tuple[int, int]) -> Image.Image | None:
        """The lights as an image to be screened over the picture; None without lights."""
        if not self.lights:
            return None
        unit = 96
        small = (round(self.half_width * 2 * unit), round(self.half_height * 2 * unit))
        layer = Image.new("RGB", small)
        for x, y, spread, color in self.lights:
            one = Image.new("RGB", small)
            radius = spread * unit
            box = ((x * unit - radius), (y * unit - radius), (x * unit + radius), y * unit + radius)
            ImageDraw.Draw(one).ellipse(box, fill=color)
            layer = ImageChops.screen(layer, one.filter(ImageFilter.GaussianBlur(radius * 0.6)))
        return layer.resize(size, Image.Resampling.BICUBIC)
