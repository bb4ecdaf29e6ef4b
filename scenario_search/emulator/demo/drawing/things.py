"""How the vehicles and items of the demo pictures are drawn.

Each fills a square one unit wide around the origin.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from scenario_search.emulator.demo.drawing.brush import (
    GOLD,
    STEEL,
    WHITE,
    WOOD,
    Brush,
    Color,
    Point,
    mix,
    shade,
)
from scenario_search.emulator.demo.drawing.figures import outline

__all__ = ["THINGS"]


def ship(brush: Brush) -> None:
    brush.colors["sail"] = mix((240, 232, 214), brush.main, 0.35)
    brush.colors["hull"] = mix(WOOD, brush.main, 0.15)
    brush.figure("ship masts and sails")
    if brush.pick.chance(0.5):
        brush.figure("ship skull")
    brush.figure("ship hull")


def spaceship(brush: Brush) -> None:
    pick = brush.pick
    for y in (-0.07, 0.07):
        for at, color in enumerate((shade(brush.glow, 0.8), brush.glow, WHITE)):
            reach, wide = pick.between(0.14, 0.2) * (1 - at * 0.3), 0.05 - at * 0.012
            middle = -0.33 - reach * 0.4
            upper = [(-0.3, y - wide), (middle, y - 0.035)]
            lower = [(middle, y + 0.035), (-0.3, y + wide)]
            brush.blob([*upper, (-0.34 - reach, y), *lower], color)
        brush.light(-0.4, y, 0.13)
    brush.colors["hull"] = mix((200, 206, 216), brush.main, 0.3)
    brush.figure("spaceship")


def sword(brush: Brush) -> None:
    pick, blade = brush.pick, mix(STEEL, brush.glow, 0.12)
    wide = pick.between(0.05, 0.075)

    def turned(points: Sequence[Point]) -> list[Point]:
        cos, sin = math.cos(0.6), math.sin(0.6)
        return [(x * cos - y * sin, x * sin + y * cos) for x, y in points]

    for half, light in ((-wide, 1.45), (wide, 0.75)):
        edge = [(half, 0.2), (half * 0.85, -0.45), (0, -0.58), (0, 0.2)]
        brush.polygon(turned(edge), shade(blade, light))
    brush.polygon(turned(outline("-1.4,20 -1,-35 1,-35 1.4,20")), shade(blade, 0.5))
    if pick.chance(0.5):
        for at in range(5):
            y = 0.08 - at * 0.1
            rune = [(-0.03, y), (0.0, y - 0.03), (0.03, y), (0, y + 0.03), (-0.03, y)]
            brush.line(turned(rune), 0.012, brush.glow)
            brush.light(*turned([(0, y)])[0], 0.05)
    span = pick.between(0.17, 0.22)
    guard = [(-span, pick.between(0.15, 0.23)), (0, 0.22), (span, 0.19)]
    brush.limb(turned(guard), 0.06, 0.06, GOLD)
    brush.limb(turned([(0, 0.23), (0, 0.43)]), 0.06, 0.055, shade(brush.accent, 0.7))
    for at in range(4):
        brush.line(turned([(-0.03, 0.28 + at * 0.04), (0.03, 0.265 + at * 0.04)]), 0.012, GOLD)
    for y, radius in ((0.21, 0.042), (0.46, 0.055)):
        brush.figure("jewel", *turned([(0, y)])[0], radius)


def potion(brush: Brush) -> None:
    pick = brush.pick
    brush.colors["glass"] = mix((206, 226, 232), brush.main, 0.25)
    shape = "round" if pick.chance(0.65) else "tall"
    brush.figure("flask neck")
    brush.figure(f"{shape} flask")
    for x, y, size in pick.numbers(9, (-0.15, 0.15), (0.12, 0.34), (0.01, 0.032)):
        brush.oval(x, y, size, size, shade(brush.main, 1.45))
    brush.light(0, 0.2, 0.3, brush.main)
    brush.figure(f"{shape} flask gleam")
    brush.figure("flask cork and label")
    brush.star(0.015, 0.23, 0.055, brush.accent, pick.one((4, 5, 6)))


def _shard(brush: Brush, x: float, foot: float, tall: float, half: float, tilt: float) -> None:
    pick, gem = brush.pick, brush.main
    length, lean = tall * pick.between(0.9, 1.06), tilt + pick.between(-0.06, 0.06)
    ax, ay = math.sin(lean), -math.cos(lean)

    def at(along: float, across: float) -> Point:
        return (x + ax * along - ay * across, foot + ay * along + ax * across)

    neck, tip = length * 0.78, at(length, 0)
    rims = [(-0.8, -1), (-0.1, -0.2), (0.4, 0.45), (0.8, 1)]  # at the foot, and at the neck
    for left, right, light in zip(rims, rims[1:], (1.25, 1, 0.58), strict=False):
        (foot_left, neck_left), (foot_right, neck_right) = left, right
        rising = [at(0, half * foot_left), at(neck, half * neck_left)]
        falling = [at(neck, half * neck_right), at(0, half * foot_right)]
        brush.polygon([*rising, tip, *falling], shade(gem, light))
    brush.line([at(neck, half * across) for _, across in rims], 0.007, shade(gem, 1.6))
    brush.line([at(0.08, -half * 0.5), at(neck * 0.9, -half * 0.65)], 0.01, WHITE)


def crystal(brush: Brush) -> None:
    pick = brush.pick
    brush.figure("crystal bed")
    for shard in (
        *((-0.26, 0.3, 0.4, 0.075, -0.5), (0.28, 0.32, 0.38, 0.07, 0.5)),
        *((-0.13, 0.32, 0.58, 0.09, -0.2), (0.16, 0.33, 0.55, 0.085, 0.24)),
        (0.01, 0.38, 0.82, 0.125, 0.02),
        *((-0.2, 0.42, 0.26, 0.06, -0.4), (0.2, 0.43, 0.28, 0.065, 0.36)),
    ):
        _shard(brush, *shard)
    for x, y in pick.numbers(7, (-0.3, 0.3), (0.37, 0.46)):
        brush.polygon([(x - 0.03, y + 0.03), (x, y - 0.03), (x + 0.035, y + 0.03)], (96, 90, 104))
    brush.light(0, 0.05, 0.3, brush.main)
    for x, y, size in pick.numbers(4, (-0.4, 0.4), (-0.45, 0.1), (0.025, 0.05)):
        brush.star(x, y, size, WHITE)


def mushroom(brush: Brush) -> None:
    pick = brush.pick
    brush.colors["stem"] = mix((238, 226, 204), brush.main, 0.1)
    for x, foot, share in ((-0.3, 0.42, 0.42), (0.31, 0.43, 0.36), (0.0, 0.45, 1.0)):
        size = share * pick.between(0.92, 1.05)
        brush.colors["cap"] = brush.main if size > 0.6 else pick.one((brush.main, brush.accent))
        brush.figure("mushroom", x, foot, size)
    if brush.night:
        brush.light(0, -0.15, 0.3, brush.main)
    for x, y in pick.numbers(8, (-0.42, 0.42), (-0.45, 0.3)):
        brush.oval(x, y, 0.008, 0.008, brush.glow)


_METALS = (GOLD, STEEL, (166, 112, 62))


def shield(brush: Brush) -> None:
    pick = brush.pick
    brush.colors["rim"] = rim = pick.one(_METALS)
    if pick.chance(0.5):
        brush.figure("round shield")
    else:
        brush.figure("pointed shield")
        brush.star(0, 0.03, 0.17, shade(rim, 1.3), pick.one((4, 5, 8)))
        brush.star(0, 0.03, 0.1, shade(rim, 0.8), 4)
    for x, y in pick.numbers(4, (-0.28, 0.2), (-0.28, 0.2)):
        brush.line([(x, y), (x + 0.08, y + 0.06)], 0.007, shade(brush.main, 0.55))


def chest(brush: Brush) -> None:
    pick, wood = brush.pick, mix(WOOD, brush.main, 0.3)
    brush.colors["planks"] = wood
    brush.colors["metal"] = pick.one(_METALS)
    if pick.chance(0.75):
        brush.figure("chest open lid")
        for _ in range(46):
            x = pick.between(-0.31, 0.31)
            y = 0.0 - (0.33 - abs(x)) * pick.between(0, 0.48)
            brush.oval(x, y, 0.04, 0.025, shade(GOLD, pick.between(0.65, 0.9)))
            brush.oval(x, y - 0.007, 0.036, 0.021, shade(GOLD, pick.between(0.95, 1.35)))
        for x in (-0.15, 0.13):
            gem = [(x - 0.045, -0.1), (x, -0.15), (x + 0.045, -0.1), (x, -0.04)]
            brush.polygon(gem, pick.one((brush.accent, brush.glow)))
        brush.light(0, -0.1, 0.25, (255, 200, 90))
    else:
        brush.figure("chest closed lid")
    brush.figure("chest box")
    for x, y, long in pick.numbers(8, (-0.34, 0.2), (0.05, 0.36), (0.04, 0.1)):
        brush.line([(x, y), (x + long, y)], 0.006, shade(wood, 0.75))
    brush.figure("chest fittings")


def _half_rings(brush: Brush, tilt: float, start: float) -> None:
    """The rings of a planet, from the angle `start` half around."""
    for at, light in enumerate((0.8, 1.2, 1.0)):
        points, scale = [], 0.85 + at * 0.1
        for step in range(33):
            angle = start + math.pi * step / 32
            x, y = math.cos(angle) * 0.5 * scale, math.sin(angle) * 0.13 * scale
            points.append((x, y + x * -tilt))
        brush.line(points, 0.032, shade(brush.accent, light))


def _bands(brush: Brush, tilt: float, radius: float) -> None:
    """The clouds of a planet."""
    pick = brush.pick
    y = -radius + 0.03
    while y < radius - 0.03:
        half = math.sqrt(radius**2 - y**2) * 0.995
        tone = shade(mix(brush.main, brush.accent, pick.between(0, 0.45)), pick.between(0.75, 1.3))
        wave = [(x / 8 * half, y + pick.between(-0.008, 0.008)) for x in range(-8, 9)]
        slanted = [(x, level - tilt * 0.25 * x) for x, level in wave]
        inside = [(x, level) for x, level in slanted if x**2 + level**2 < (radius - 0.02) ** 2]
        if len(inside) > 2:
            brush.line(inside, pick.between(0.015, 0.04), tone)
        y += pick.between(0.035, 0.06)


def planet(brush: Brush) -> None:
    pick, tilt = brush.pick, brush.pick.between(0.12, 0.25)
    radius, rings = 0.31, pick.chance(0.7)
    if rings:
        _half_rings(brush, tilt, math.pi)
    brush.oval(0, 0, radius, radius, brush.main)
    _bands(brush, tilt, radius)
    if pick.chance(0.6):
        brush.oval(pick.between(-0.12, 0.0), 0.1, 0.07, 0.04, shade(brush.accent, 0.85))
    angles = [at / 16 * math.pi - math.pi / 2 for at in range(17)]
    limb = [(math.cos(angle) * radius, math.sin(angle) * radius) for angle in angles]
    inner = [(x * 0.45 + 0.06, y * 0.98) for x, y in reversed(limb)]
    brush.polygon([*limb, *inner], shade(brush.main, 0.5))
    brush.light(-0.12, -0.12, 0.16, shade(brush.main, 0.6))
    if rings:
        _half_rings(brush, tilt, 0)
    brush.figure("moons")


def car(brush: Brush) -> None:
    brush.figure("car shadow")
    if brush.pick.chance(0.6):
        brush.figure("car spoiler")
    brush.figure("car")
    brush.light(0.5, 0.15, 0.13 if brush.night else 0.05, (255, 240, 180))
    brush.figure("car tail light")
    for x in (-0.28, 0.29):
        brush.figure("wheel", x, 0.25)
        for at in range(5):
            angle = at * math.pi * 0.4 + brush.pick.between(0, 0.3)
            end = (x + math.cos(angle) * 0.06, 0.25 + math.sin(angle) * 0.06)
            brush.line([(x, 0.25), end], 0.018, (70, 74, 84))
        brush.oval(x, 0.25, 0.018, 0.018, brush.accent)


def abstract(brush: Brush) -> None:
    pick = brush.pick
    colors: tuple[Color, ...] = (brush.main, brush.accent, brush.glow)
    for at, (x, y, size) in enumerate(pick.numbers(14, (-0.4, 0.4), (-0.4, 0.4), (0.05, 0.2))):
        color = shade(pick.one(colors), pick.between(0.6, 1.3))
        if at % 3:
            brush.oval(x, y, size, size, color)
        else:
            brush.star(x, y, size * 1.4, color, pick.one((4, 5, 6)))


THINGS: dict[str, Callable[[Brush], None]] = {
    "ship": ship,
    "spaceship": spaceship,
    "sword": sword,
    "potion": potion,
    "crystal": crystal,
    "mushroom": mushroom,
    "shield": shield,
    "chest": chest,
    "planet": planet,
    "car": car,
    "abstract": abstract,
}
"""Drawers by subject."""
