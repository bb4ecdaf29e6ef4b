"""How the vehicles and items of the demo pictures are drawn.

Each fills a square one unit wide around the origin.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from scenario_search.emulator.demo.drawing.brush import (
    GOLD,
    INK,
    STEEL,
    WHITE,
    WOOD,
    Color,
    mix,
    outline,
    shade,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from scenario_search.emulator.demo.drawing.brush import Brush

__all__ = ["THINGS"]


def ship(brush: Brush) -> None:
    pick, sail = brush.pick, mix((240, 232, 214), brush.main, 0.35)
    for x, top in ((-0.23, -0.3), (0.02, -0.45), (0.25, -0.28)):
        brush.line([(x, 0.25), (x, top)], 0.02, shade(WOOD, 0.6))
        rows = 3 if top < -0.4 else 2
        for row in range(rows):
            y = top + 0.05 + row * 0.17
            half = 0.085 + row * 0.022
            brush.blob(
                [
                    (x - half, y),
                    (x + half, y),
                    (x + half + 0.045, y + 0.08),
                    (x + half, y + 0.15),
                    (x - half, y + 0.15),
                    (x - half + 0.035, y + 0.08),
                ],
                shade(sail, 1 - row * 0.07),
            )
            brush.line([(x - half, y), (x + half, y)], 0.012, WOOD)
        brush.polygon([(x, top), (x + 0.1, top + 0.025), (x, top + 0.05)], brush.accent)
    if pick.chance(0.5):
        brush.oval(0.05, -0.16, 0.035, 0.035, INK)
        brush.line([(0.01, -0.11), (0.09, -0.08)], 0.014, INK)
        brush.line([(0.09, -0.11), (0.01, -0.08)], 0.014, INK)
    brush.polygon([(0.36, 0.15), (0.56, 0.02), (0.55, 0.05), (0.38, 0.2)], WOOD)
    brush.polygon([(0.27, -0.2), (0.52, 0.04), (0.27, 0.08)], shade(sail, 0.85))
    hull = mix(WOOD, brush.main, 0.15)
    brush.polygon(outline("-45,2 -30,4 -26,15 20,16 42,12 32,34 22,42 -28,42 -40,28"), hull)
    brush.polygon(outline("-41,24 36,25 22,42 -28,42 -40,30"), shade(hull, 0.65))
    for y in (0.2, 0.29, 0.34):
        brush.line([(-0.4, y), (0.35, y + 0.01)], 0.008, shade(hull, 0.5))
    brush.line([(-0.42, 0.17), (0.4, 0.17)], 0.018, GOLD)
    for at in range(6):
        brush.box(-0.3 + at * 0.1, 0.21, -0.255 + at * 0.1, 0.255, INK)
    brush.window(-0.36, 0.11, 0.022, 0.022)


def spaceship(brush: Brush) -> None:
    pick, hull = brush.pick, mix((200, 206, 216), brush.main, 0.3)
    for y in (-0.07, 0.07):
        for at, color in enumerate((shade(brush.glow, 0.8), brush.glow, WHITE)):
            reach = pick.between(0.14, 0.2) * (1 - at * 0.3)
            brush.blob(
                [
                    (-0.3, y - 0.05 + at * 0.012),
                    (-0.33 - reach * 0.4, y - 0.035),
                    (-0.34 - reach, y),
                    (-0.33 - reach * 0.4, y + 0.035),
                    (-0.3, y + 0.05 - at * 0.012),
                ],
                color,
            )
        brush.light(-0.4, y, 0.13)
    brush.polygon([(-0.05, -0.05), (-0.34, -0.4), (-0.16, -0.38), (0.2, -0.05)], brush.accent)
    brush.polygon(outline("-5,5 -34,40 -16,38 20,5"), shade(brush.accent, 0.65))
    for side in (-1, 1):
        brush.box(-0.36, side * 0.385 - 0.02, -0.02, side * 0.385 + 0.02, shade(hull, 0.7), 0.02)
        brush.box(-0.35, side * 0.07 - 0.055, -0.24, side * 0.07 + 0.055, shade(hull, 0.45), 0.015)
    brush.blob(outline("50,1 30,-8 5,-13 -25,-12 -32,0 -25,12 5,13 30,9"), hull)
    brush.blob(outline("48,2 20,4 -30,3 -25,12 5,13 30,9"), shade(hull, 0.7))
    brush.blob(outline("30,-2 20,-7.5 5,-8 3,-2 15,0"), shade(brush.glow, 0.75))
    brush.blob([(0.25, -0.035), (0.18, -0.06), (0.09, -0.06), (0.1, -0.04)], WHITE)
    for x in (-0.2, -0.12, -0.04):
        brush.line([(x, -0.12), (x - 0.02, 0.12)], 0.008, shade(hull, 0.55))
    brush.line([(-0.28, 0.0), (0.0, 0.005)], 0.025, brush.main)


def sword(brush: Brush) -> None:
    pick, blade = brush.pick, mix(STEEL, brush.glow, 0.12)
    wide = pick.between(0.05, 0.075)

    def turned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
        cos, sin = math.cos(0.6), math.sin(0.6)
        return [(x * cos - y * sin, x * sin + y * cos) for x, y in points]

    brush.polygon(
        turned([(-wide, 0.2), (-wide * 0.85, -0.45), (0, -0.58), (0, 0.2)]), shade(blade, 1.45)
    )
    brush.polygon(
        turned([(wide, 0.2), (wide * 0.85, -0.45), (0, -0.58), (0, 0.2)]), shade(blade, 0.75)
    )
    brush.polygon(turned(outline("-1.4,20 -1,-35 1,-35 1.4,20")), shade(blade, 0.5))
    if pick.chance(0.5):
        for at in range(5):
            y = 0.08 - at * 0.1
            brush.line(
                turned([(-0.03, y), (0.0, y - 0.03), (0.03, y), (0, y + 0.03), (-0.03, y)]),
                0.012,
                brush.glow,
            )
            ((x, low),) = turned([(0, y)])
            brush.light(x, low, 0.05)
    span = pick.between(0.17, 0.22)
    brush.limb(
        turned([(-span, pick.between(0.15, 0.23)), (0, 0.22), (span, 0.19)]), 0.06, 0.06, GOLD
    )
    brush.limb(turned([(0, 0.23), (0, 0.43)]), 0.06, 0.055, shade(brush.accent, 0.7))
    for at in range(4):
        brush.line(turned([(-0.03, 0.28 + at * 0.04), (0.03, 0.265 + at * 0.04)]), 0.012, GOLD)
    for y, radius in ((0.21, 0.042), (0.46, 0.055)):
        ((x, low),) = turned([(0, y)])
        brush.oval(x, low, radius, radius, GOLD)
        brush.oval(x, low, radius * 0.62, radius * 0.62, brush.main)
        brush.oval(x - radius * 0.2, low - radius * 0.2, radius * 0.2, radius * 0.2, WHITE)


def potion(brush: Brush) -> None:
    pick, liquid = brush.pick, brush.main
    glass, round_one = mix((206, 226, 232), liquid, 0.25), pick.chance(0.65)
    brush.box(-0.075, -0.36, 0.075, -0.08, glass, 0.02)
    if round_one:
        brush.oval(0, 0.15, 0.3, 0.29, glass)
        brush.oval(0, 0.16, 0.265, 0.255, shade(liquid, 0.8))
        brush.blob(outline("-25,9 -10,6 10,10 25,7 24,28 0,40 -24,28"), liquid)
        brush.oval(0, -0.02, 0.16, 0.05, shade(glass, 1.3))
    else:
        brush.polygon(outline("-7.5,-15 7.5,-15 31,36 27,43 -27,43 -31,36"), glass)
        brush.polygon(outline("-15,8 15,8 27.5,36 24,40 -24,40 -27.5,36"), liquid)
        brush.oval(0, 0.085, 0.15, 0.03, shade(liquid, 1.4))
    for _ in range(9):
        x, y, size = pick.between(-0.15, 0.15), pick.between(0.12, 0.34), pick.between(0.01, 0.032)
        brush.oval(x, y, size, size, shade(liquid, 1.45))
    brush.light(0, 0.2, 0.3, liquid)
    if round_one:
        brush.limb([(-0.2, 0.2), (-0.19, 0.1), (-0.13, 0.03)], 0.02, 0.05, WHITE)
    else:
        brush.limb([(-0.22, 0.33), (-0.15, 0.16), (-0.12, 0.12)], 0.015, 0.035, WHITE)
    brush.box(-0.1, -0.38, 0.1, -0.335, shade(glass, 1.4), 0.02)
    brush.box(-0.065, -0.48, 0.065, -0.37, (186, 140, 92), 0.02)
    brush.box(-0.085, -0.17, 0.085, -0.135, brush.accent)
    brush.polygon([(-0.08, 0.16), (0.1, 0.14), (0.11, 0.3), (-0.07, 0.32)], (238, 226, 196))
    brush.star(0.015, 0.23, 0.055, brush.accent, pick.one((4, 5, 6)))


def crystal(brush: Brush) -> None:
    pick, gem = brush.pick, brush.main
    brush.blob(outline("-45,44 -36,27 -10,25 16,24 38,30 46,45 0,50"), (72, 66, 78))
    shards = [
        (-0.26, 0.3, 0.4, 0.075, -0.5),
        (0.28, 0.32, 0.38, 0.07, 0.5),
        (-0.13, 0.32, 0.58, 0.09, -0.2),
        (0.16, 0.33, 0.55, 0.085, 0.24),
        (0.01, 0.38, 0.82, 0.125, 0.02),
        (-0.2, 0.42, 0.26, 0.06, -0.4),
        (0.2, 0.43, 0.28, 0.065, 0.36),
    ]
    for x, foot, tall, half, tilt in shards:
        length, lean = tall * pick.between(0.9, 1.06), tilt + pick.between(-0.06, 0.06)
        ax, ay = math.sin(lean), -math.cos(lean)

        def at(along: float, across: float) -> tuple[float, float]:
            return (x + ax * along - ay * across, foot + ay * along + ax * across)  # noqa: B023

        neck = length * 0.78
        brush.polygon(
            [
                at(0, -half * 0.8),
                at(neck, -half),
                at(length, 0),
                at(neck, -half * 0.2),
                at(0, -half * 0.1),
            ],
            shade(gem, 1.25),
        )
        brush.polygon(
            [
                at(0, -half * 0.1),
                at(neck, -half * 0.2),
                at(length, 0),
                at(neck, half * 0.45),
                at(0, half * 0.4),
            ],
            gem,
        )
        brush.polygon(
            [
                at(0, half * 0.4),
                at(neck, half * 0.45),
                at(length, 0),
                at(neck, half),
                at(0, half * 0.8),
            ],
            shade(gem, 0.58),
        )
        brush.line(
            [at(neck, -half), at(neck, -half * 0.2), at(neck, half * 0.45), at(neck, half)],
            0.007,
            shade(gem, 1.6),
        )
        brush.line([at(0.08, -half * 0.5), at(neck * 0.9, -half * 0.65)], 0.01, WHITE)
    for _ in range(7):
        x, y = pick.between(-0.3, 0.3), pick.between(0.37, 0.46)
        brush.polygon([(x - 0.03, y + 0.03), (x, y - 0.03), (x + 0.035, y + 0.03)], (96, 90, 104))
    brush.light(0, 0.05, 0.3, gem)
    for _ in range(4):
        brush.star(
            pick.between(-0.4, 0.4), pick.between(-0.45, 0.1), pick.between(0.025, 0.05), WHITE
        )


def mushroom(brush: Brush) -> None:
    pick = brush.pick
    stem = mix((238, 226, 204), brush.main, 0.1)
    for x, foot, share in ((-0.3, 0.42, 0.42), (0.31, 0.43, 0.36), (0.0, 0.45, 1.0)):
        size = share * pick.between(0.92, 1.05)
        cap = brush.main if size > 0.6 else pick.one((brush.main, brush.accent))

        def spot(dx: float, dy: float) -> tuple[float, float]:
            return (x + dx * size, foot + dy * size)  # noqa: B023

        brush.blob(
            [
                spot(-0.08, -0.4),
                spot(0.08, -0.4),
                spot(0.1, -0.15),
                spot(0.15, 0),
                spot(0, 0.025),
                spot(-0.15, 0),
                spot(-0.1, -0.15),
            ],
            stem,
        )
        brush.blob(
            [spot(0.03, -0.4), spot(0.08, -0.4), spot(0.1, -0.15), spot(0.14, 0), spot(0.06, 0.01)],
            shade(stem, 0.75),
        )
        brush.oval(*spot(0, -0.39), 0.4 * size, 0.09 * size, shade(stem, 0.7))
        for line in range(-6, 7):
            brush.line(
                [spot(line * 0.02, -0.4), spot(line * 0.055, -0.335)], 0.006, shade(stem, 0.5)
            )
        brush.blob(
            [
                spot(-0.42, -0.42),
                spot(-0.36, -0.66),
                spot(-0.15, -0.86),
                spot(0.15, -0.86),
                spot(0.36, -0.66),
                spot(0.42, -0.42),
                spot(0.2, -0.45),
                spot(-0.2, -0.45),
            ],
            cap,
        )
        brush.blob(
            [
                spot(0.25, -0.76),
                spot(0.36, -0.64),
                spot(0.41, -0.43),
                spot(0.2, -0.455),
                spot(0.28, -0.58),
            ],
            shade(cap, 0.72),
        )
        for dx, dy, radius in (
            (-0.22, -0.6, 0.065),
            (0.0, -0.73, 0.075),
            (0.2, -0.62, 0.055),
            (-0.04, -0.54, 0.05),
            (-0.31, -0.49, 0.04),
            (0.31, -0.49, 0.038),
            (0.12, -0.5, 0.03),
        ):
            brush.oval(*spot(dx, dy), radius * size, radius * size * 0.8, WHITE)
    if brush.night:
        brush.light(0, -0.15, 0.3, brush.main)
    for _ in range(8):
        x, y = pick.between(-0.42, 0.42), pick.between(-0.45, 0.3)
        brush.oval(x, y, 0.008, 0.008, brush.glow)


def _rim(brush: Brush) -> Color:
    return brush.pick.one((GOLD, STEEL, (166, 112, 62)))


def shield(brush: Brush) -> None:
    pick, rim = brush.pick, _rim(brush)
    if pick.chance(0.5):
        brush.oval(0, 0, 0.45, 0.45, rim)
        brush.oval(0, 0, 0.385, 0.385, brush.main)
        for at in range(4):
            low, high = (at * math.pi / 2 + turn for turn in (0, math.pi / 4))
            brush.polygon(
                [
                    (0, 0),
                    (math.cos(low) * 0.385, math.sin(low) * 0.385),
                    (math.cos(low + 0.4) * 0.39, math.sin(low + 0.4) * 0.39),
                    (math.cos(high) * 0.385, math.sin(high) * 0.385),
                ],
                brush.accent,
            )
        for at in range(12):
            angle = at * math.pi / 6
            brush.oval(
                math.cos(angle) * 0.418, math.sin(angle) * 0.418, 0.016, 0.016, shade(rim, 0.5)
            )
        brush.oval(0, 0, 0.14, 0.14, rim)
        brush.oval(-0.02, -0.02, 0.1, 0.1, shade(rim, 1.35))
    else:
        outer = outline("-38,-38 0,-46 38,-38 38,5 22,33 0,48 -22,33 -38,5")
        brush.polygon(outer, rim)
        inner = [(x * 0.84, y * 0.84) for x, y in outer]
        brush.polygon(inner, brush.main)
        brush.polygon([(0, -0.386), (0.319, -0.319), (0.319, 0.042), (0, 0.042)], brush.accent)
        brush.polygon([(0, 0.042), (-0.319, 0.042), (-0.185, 0.277), (0, 0.403)], brush.accent)
        for x, y in outer:
            brush.oval(x * 0.92, y * 0.92, 0.018, 0.018, shade(rim, 0.5))
        brush.line([(0, -0.386), (0, 0.403)], 0.03, rim)
        brush.line([(-0.319, 0.042), (0.319, 0.042)], 0.03, rim)
        brush.star(0, 0.03, 0.17, shade(rim, 1.3), pick.one((4, 5, 8)))
        brush.star(0, 0.03, 0.1, shade(rim, 0.8), 4)
    for _ in range(4):
        x, y = pick.between(-0.28, 0.2), pick.between(-0.28, 0.2)
        brush.line([(x, y), (x + 0.08, y + 0.06)], 0.007, shade(brush.main, 0.55))


def chest(brush: Brush) -> None:
    pick, wood = brush.pick, mix(WOOD, brush.main, 0.3)
    metal = _rim(brush)
    dark, opened = shade(wood, 0.5), pick.chance(0.75)
    if opened:
        brush.blob(outline("-40,-6 -41,-26 -30,-41 30,-41 41,-26 40,-6"), wood)
        brush.blob(outline("-34,-5 -35,-22 -26,-33 26,-33 35,-22 34,-5"), dark)
        for x in (-0.33, 0.0, 0.33):
            brush.line([(x, -0.4), (x, -0.33)], 0.05, metal)
        brush.blob(outline("-36,3 -20,-11 0,-17 20,-10 36,3"), shade(GOLD, 0.85))
        for _ in range(46):
            x = pick.between(-0.31, 0.31)
            y = 0.0 - (0.33 - abs(x)) * pick.between(0, 0.48)
            brush.oval(x, y, 0.04, 0.025, shade(GOLD, pick.between(0.65, 0.9)))
            brush.oval(x, y - 0.007, 0.036, 0.021, shade(GOLD, pick.between(0.95, 1.35)))
        for x in (-0.15, 0.13):
            brush.polygon(
                [(x - 0.045, -0.1), (x, -0.15), (x + 0.045, -0.1), (x, -0.04)],
                pick.one((brush.accent, brush.glow)),
            )
        brush.light(0, -0.1, 0.25, (255, 200, 90))
    else:
        brush.blob(outline("-41,3 -41,-16 -30,-29 30,-29 41,-16 41,3"), wood)
        for y in (-0.22, -0.14, -0.06):
            brush.line([(-0.38, y), (0.38, y)], 0.01, dark)
        for x in (-0.31, 0.31):
            brush.limb([(x, 0.0), (x * 1.02, -0.18), (x * 0.9, -0.28)], 0.06, 0.05, metal)
    brush.box(-0.42, 0.0, 0.42, 0.4, wood, 0.02)
    for y in (0.1, 0.2, 0.3):
        brush.line([(-0.42, y), (0.42, y)], 0.012, dark)
    for _ in range(8):
        x, y = pick.between(-0.34, 0.2), pick.between(0.05, 0.36)
        brush.line([(x, y), (x + pick.between(0.04, 0.1), y)], 0.006, shade(wood, 0.75))
    for x in (-0.36, 0.36):
        brush.box(x - 0.06, -0.01, x + 0.06, 0.41, metal, 0.01)
        for y in (0.04, 0.2, 0.36):
            brush.oval(x, y, 0.018, 0.018, shade(metal, 0.5))
    brush.box(-0.43, -0.01, 0.43, 0.045, metal, 0.01)
    brush.box(-0.43, 0.36, 0.43, 0.41, metal, 0.01)
    brush.box(-0.075, -0.03, 0.075, 0.15, shade(metal, 1.2), 0.02)
    brush.oval(0, 0.045, 0.022, 0.024, INK)
    brush.polygon([(-0.011, 0.05), (0.011, 0.05), (0.02, 0.11), (-0.02, 0.11)], INK)


def planet(brush: Brush) -> None:
    pick, tilt = brush.pick, brush.pick.between(0.12, 0.25)
    radius, rings = 0.31, pick.chance(0.7)

    def ring_band(start: float, scale: float, color: Color, width: float) -> None:
        points = []
        for step in range(33):
            angle = start + math.pi * step / 32
            x, y = math.cos(angle) * 0.5 * scale, math.sin(angle) * 0.13 * scale
            points.append((x, y + x * -tilt))
        brush.line(points, width, color)

    tones = [shade(brush.accent, light) for light in (0.8, 1.2, 1.0)]
    if rings:
        for at, tone in enumerate(tones):
            ring_band(math.pi, 0.85 + at * 0.1, tone, 0.032)
    brush.oval(0, 0, radius, radius, brush.main)
    y = -radius + 0.03
    while y < radius - 0.03:
        half = math.sqrt(radius**2 - y**2) * 0.995
        tone = shade(mix(brush.main, brush.accent, pick.between(0, 0.45)), pick.between(0.75, 1.3))
        wave = [(x / 8 * half, y + pick.between(-0.008, 0.008)) for x in range(-8, 9)]
        wave = [
            (x, level - tilt * 0.25 * x)
            for x, level in wave
            if x**2 + (level - tilt * 0.25 * x) ** 2 < (radius - 0.02) ** 2
        ]
        if len(wave) > 2:
            brush.line(wave, pick.between(0.015, 0.04), tone)
        y += pick.between(0.035, 0.06)
    if pick.chance(0.6):
        brush.oval(pick.between(-0.12, 0.0), 0.1, 0.07, 0.04, shade(brush.accent, 0.85))
    shadow = [
        (
            math.cos(a / 16 * math.pi - math.pi / 2) * radius,
            math.sin(a / 16 * math.pi - math.pi / 2) * radius,
        )
        for a in range(17)
    ]
    inner = [(x * 0.45 + 0.06, y * 0.98) for x, y in reversed(shadow)]
    brush.polygon([*shadow, *inner], shade(brush.main, 0.5))
    brush.light(-0.12, -0.12, 0.16, shade(brush.main, 0.6))
    if rings:
        for at, tone in enumerate(tones):
            ring_band(0, 0.85 + at * 0.1, tone, 0.032)
    for x, y, size in ((0.4, -0.34, 0.055), (-0.43, 0.33, 0.035)):
        brush.oval(x, y, size, size, (196, 192, 188))
        brush.oval(x + size * 0.3, y + size * 0.1, size * 0.65, size * 0.75, (120, 116, 120))


def car(brush: Brush) -> None:
    pick, paint = brush.pick, brush.main
    brush.oval(0, 0.3, 0.5, 0.045, (24, 24, 30))
    if pick.chance(0.6):
        brush.polygon(outline("-50,-5 -36,-6 -36,-2 -50,-1"), shade(paint, 0.6))
        brush.line([(-0.42, -0.03), (-0.4, 0.08)], 0.02, INK)
    brush.blob(outline("-49,20 -48,6 -36,2 -22,0 10,-1 30,4 47,10 50,20 47,27 0,28 -46,27"), paint)
    brush.blob(outline("-34,4 -22,-12 -6,-17 8,-13 25,4 0,7"), shade(paint, 0.85))
    brush.polygon([(-0.26, 0.02), (-0.18, -0.09), (-0.06, -0.125), (-0.05, 0.02)], (150, 196, 220))
    brush.polygon([(-0.02, 0.02), (-0.03, -0.125), (0.06, -0.095), (0.17, 0.02)], (176, 214, 232))
    brush.polygon([(0.02, 0.02), (0.0, -0.12), (0.03, -0.11), (0.07, 0.02)], WHITE)
    brush.polygon([(-0.47, 0.2), (0.49, 0.2), (0.47, 0.27), (-0.46, 0.27)], shade(paint, 0.55))
    brush.limb([(-0.46, 0.1), (-0.1, 0.09), (0.42, 0.13)], 0.015, 0.015, shade(paint, 1.5))
    brush.polygon([(-0.3, 0.12), (0.1, 0.115), (-0.02, 0.19), (-0.32, 0.19)], brush.accent)
    brush.polygon([(0.12, 0.115), (0.2, 0.117), (0.08, 0.19), (0.0, 0.19)], brush.accent)
    brush.oval(-0.14, 0.152, 0.042, 0.042, WHITE)
    brush.line([(-0.14, 0.13), (-0.14, 0.175)], 0.014, INK)
    brush.oval(0.44, 0.14, 0.04, 0.026, (255, 246, 200))
    brush.light(0.5, 0.15, 0.13 if brush.night else 0.05, (255, 240, 180))
    brush.box(-0.49, 0.1, -0.455, 0.15, (230, 40, 40), 0.01)
    for x in (-0.28, 0.29):
        brush.oval(x, 0.24, 0.12, 0.12, shade(paint, 0.4))
        brush.oval(x, 0.25, 0.105, 0.105, (26, 26, 32))
        brush.oval(x, 0.25, 0.065, 0.065, STEEL)
        for at in range(5):
            angle = at * math.pi * 0.4 + pick.between(0, 0.3)
            brush.line(
                [(x, 0.25), (x + math.cos(angle) * 0.06, 0.25 + math.sin(angle) * 0.06)],
                0.018,
                (70, 74, 84),
            )
        brush.oval(x, 0.25, 0.018, 0.018, brush.accent)


def abstract(brush: Brush) -> None:
    pick = brush.pick
    for at in range(14):
        x, y, size = pick.between(-0.4, 0.4), pick.between(-0.4, 0.4), pick.between(0.05, 0.2)
        color = shade(pick.one((brush.main, brush.accent, brush.glow)), pick.between(0.6, 1.3))
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
