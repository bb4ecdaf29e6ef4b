"""How the places of the demo pictures are drawn.

Each fills a square one unit wide around the origin.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from scenario_search.emulator.demo.drawing.brush import (
    GOLD,
    INK,
    LEAF,
    STONE,
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

__all__ = ["PLACES"]


def _conifer(brush: Brush, x: float, foot: float, size: float, color: Color) -> None:
    brush.box(x - size * 0.035, foot - size * 0.2, x + size * 0.035, foot, shade(WOOD, 0.6))
    for layer in range(4):
        top, half = foot - size * (0.5 + layer * 0.17), size * (0.26 - layer * 0.05)
        base = top + size * 0.36
        points = [
            (x, top),
            (x + half, base),
            (x + half * 0.4, base - size * 0.03),
            (x, base + size * 0.02),
        ]
        brush.polygon(
            [*points, (x - half * 0.4, base - size * 0.03), (x - half, base)],
            shade(color, 0.8 + layer * 0.1),
        )
        brush.polygon(
            [(x, top), (x + half, base), (x + half * 0.3, base - size * 0.02)],
            shade(color, 0.6 + layer * 0.08),
        )


def _flag(brush: Brush, x: float, y: float) -> None:
    brush.line([(x, y), (x, y - 0.13)], 0.008, INK)
    brush.polygon([(x, y - 0.13), (x + 0.09, y - 0.105), (x, y - 0.075)], brush.accent)


def _tower(brush: Brush, x: float, half: float, top: float, pointed: bool) -> None:
    wall = mix(STONE, brush.main, 0.3)
    brush.box(x - half, top, x + half, 0.36, wall)
    brush.box(x + half * 0.35, top, x + half, 0.36, shade(wall, 0.75))
    for row in range(8):
        y = top + 0.06 + row * 0.06
        if y < 0.32:
            left = x - half + brush.pick.between(0, half)
            brush.line([(left, y), (left + half * 0.5, y)], 0.006, shade(wall, 0.8))
    if pointed:
        brush.polygon(
            [(x - half * 1.35, top), (x + half * 1.35, top), (x, top - half * 3.2)], brush.accent
        )
        brush.polygon(
            [(x + half * 0.3, top), (x + half * 1.35, top), (x, top - half * 3.2)],
            shade(brush.accent, 0.7),
        )
        _flag(brush, x, top - half * 3.1)
    else:
        brush.box(x - half * 1.2, top - 0.05, x + half * 1.2, top, shade(wall, 0.9))
        for at in (-1.2, -0.4, 0.4):
            left = x + at * half
            brush.box(left, top - 0.09, left + half * 0.5, top - 0.04, shade(wall, 0.9))
        if brush.pick.chance(0.5):
            _flag(brush, x, top - 0.05)
    brush.window(x - half * 0.1, top + 0.1, half * 0.2, 0.035)


def castle(brush: Brush) -> None:
    pick = brush.pick
    pointed, wall = pick.chance(0.75), mix(STONE, brush.main, 0.3)
    _tower(brush, -0.17, 0.075, pick.between(-0.2, -0.1), pointed)
    _tower(brush, 0.17, 0.075, pick.between(-0.2, -0.1), pointed)
    _tower(brush, 0, 0.1, pick.between(-0.24, -0.16), pointed)
    brush.box(-0.34, 0.1, 0.34, 0.38, shade(wall, 0.92))
    for at in range(12):
        brush.box(-0.34 + at * 0.058, 0.065, -0.305 + at * 0.058, 0.11, shade(wall, 0.92))
    for row in range(5):
        for at in range(7):
            x = -0.31 + at * 0.095 + row % 2 * 0.045
            brush.line(
                [(x, 0.15 + row * 0.05), (x + 0.03, 0.15 + row * 0.05)], 0.006, shade(wall, 0.75)
            )
    for x in (-0.37, 0.37):
        _tower(brush, x, 0.085, pick.between(-0.06, 0.04), pointed)
    brush.box(-0.075, 0.2, 0.075, 0.38, shade(WOOD, 0.55), 0.07)
    for x in (-0.045, 0, 0.045):
        brush.line([(x, 0.22), (x, 0.38)], 0.01, INK)
    for x in (-0.2, 0.2):
        brush.window(x, 0.2, 0.016, 0.035)


def forest(brush: Brush) -> None:
    pick, width = brush.pick, brush.half_width / brush.scale + 0.1
    haze = mix(LEAF, brush.main, 0.35)
    for row in range(4):
        near = row / 3
        color = mix(mix(haze, (190, 205, 215), 0.5), shade(haze, 0.6), near)
        step = 0.1 + near * 0.13
        count = int(2 * width / step)
        for at in range(count + 1):
            x = -width + at * step + pick.between(-0.04, 0.04)
            if row < 3 or abs(x) > 0.17:
                _conifer(
                    brush,
                    x,
                    0.12 + near * 0.34,
                    0.42 + near * 0.4 + pick.between(-0.06, 0.08),
                    color,
                )
    path = mix((196, 164, 116), brush.main, 0.15)
    brush.blob(outline("-1,22 2,22 7,30 3,36 14,44 26,70 -30,70 -14,46 -8,37 1,30"), path)
    for at in range(14):
        y = 0.34 + at * 0.02
        x = pick.between(-0.1, 0.1) * (y + 0.3)
        brush.oval(x, y, 0.02, 0.007, shade(path, pick.one((0.8, 1.2))))
    for _ in range(10):
        x, y = pick.between(-0.4, 0.4), pick.between(0.0, 0.4)
        if brush.night:
            brush.oval(x, y, 0.008, 0.008, brush.glow)
            brush.light(x, y, 0.03)


def mountain(brush: Brush) -> None:
    pick, width = brush.pick, brush.half_width / brush.scale + 0.1
    rock = mix((116, 112, 124), brush.main, 0.25)
    for x, top, half, far in (
        (-0.42, -0.12, 0.4, 0.45),
        (0.43, -0.17, 0.42, 0.35),
        (0.02, -0.44, 0.55, 0),
    ):
        peak = (x + pick.between(-0.05, 0.05), top + pick.between(-0.03, 0.05))
        tone = mix(rock, (196, 208, 224), far)
        low = 0.36
        ridge = [
            (peak[0] + half * 0.1, peak[1] + 0.17),
            (peak[0] - half * 0.06, peak[1] + 0.36),
            (peak[0] + half * 0.14, low),
        ]
        left = [(peak[0] - half * 0.42, peak[1] + 0.33), (x - half, low)]
        right = [(peak[0] + half * 0.38, peak[1] + 0.3), (x + half, low)]
        brush.polygon([peak, *left, *ridge[::-1]], shade(tone, 1.15))
        brush.polygon([peak, *right, *ridge[::-1]], shade(tone, 0.65))
        for at in range(5):
            y = peak[1] + 0.3 + at * 0.05
            dx = half * pick.between(0.05, 0.5)
            brush.polygon(
                [
                    (peak[0] + dx, y),
                    (peak[0] + dx + 0.02, y + 0.12),
                    (peak[0] + dx - 0.06, y + 0.14),
                ],
                shade(tone, 0.52),
            )
        cap = 0.2
        brush.polygon(
            [
                peak,
                (peak[0] - half * 0.25, peak[1] + cap),
                (peak[0] - half * 0.14, peak[1] + cap * 0.8),
                (peak[0] - half * 0.05, peak[1] + cap * 1.2),
                ridge[0],
            ],
            WHITE,
        )
        brush.polygon(
            [
                peak,
                (peak[0] + half * 0.25, peak[1] + cap),
                (peak[0] + half * 0.17, peak[1] + cap * 0.85),
                ridge[0],
            ],
            (196, 208, 230),
        )
    lake = mix((90, 140, 180), brush.main, 0.25)
    brush.polygon([(-width, 0.33), (width, 0.33), (width, 1.5), (-width, 1.5)], lake)
    for at in range(16):
        x, y = pick.between(-width, width), 0.36 + at * 0.014
        brush.line([(x - 0.08, y), (x + 0.08, y)], 0.006, shade(lake, 1.35))
    for at in range(14):
        _conifer(
            brush,
            -width + at * width / 6.5 + pick.between(-0.04, 0.04),
            0.36,
            pick.between(0.1, 0.16),
            shade(LEAF, 0.55),
        )


def city(brush: Brush) -> None:
    pick, width = brush.pick, brush.half_width / brush.scale + 0.1
    for row in range(3):
        tone = mix(mix((120, 130, 160), brush.main, 0.25), (30, 32, 48), row * 0.35 + 0.1)
        x = -width
        while x < width:
            wide = pick.between(0.09, 0.17)
            reach = max(0.15, 1 - abs(x + wide / 2) * 1.1)
            top = 0.28 - (pick.between(0.2, 0.72) - row * 0.14) * (0.5 + 0.5 * reach)
            brush.box(x, top, x + wide, 0.42, tone)
            brush.box(x + wide * 0.7, top, x + wide, 0.42, shade(tone, 0.75))
            if pick.chance(0.3):
                brush.line([(x + wide / 2, top), (x + wide / 2, top - 0.09)], 0.008, tone)
            elif pick.chance(0.3):
                brush.polygon([(x, top), (x + wide, top), (x + wide, top - 0.06)], tone)
            lit = brush.glow if brush.night else shade(tone, 1.45)
            for across in range(int(wide / 0.03)):
                for down in range(int((0.4 - top) / 0.04)):
                    if pick.chance(0.55):
                        left, high = x + 0.01 + across * 0.03, top + 0.02 + down * 0.04
                        brush.box(left, high, left + 0.015, high + 0.02, lit)
            if row and pick.chance(0.25):
                brush.box(x + 0.02, top + 0.07, x + 0.05, top + 0.2, brush.accent)
                brush.light(x + 0.035, top + 0.13, 0.08, brush.accent)
            x += wide + pick.between(0.0, 0.03)
    river = mix((40, 60, 90), brush.main, 0.3)
    brush.box(-width, 0.41, width, 1.5, river)
    for _ in range(40):
        x, y = pick.between(-width, width), pick.between(0.43, 0.6)
        brush.line(
            [(x - 0.05, y), (x + 0.05, y)],
            0.006,
            pick.one((brush.glow, brush.accent, shade(river, 1.3))),
        )


def tavern(brush: Brush) -> None:
    pick, roof = brush.pick, mix((150, 78, 52), brush.accent, 0.4)
    plaster = mix((236, 222, 194), brush.main, 0.2)
    brush.box(0.2, -0.4, 0.3, -0.05, STONE)
    brush.box(0.185, -0.42, 0.315, -0.38, shade(STONE, 0.8))
    for at in range(4):
        smoke = shade(WHITE, 0.9 - at * 0.05)
        brush.oval(
            0.25 + at * 0.035, -0.45 - at * 0.05, 0.03 + at * 0.012, 0.025 + at * 0.01, smoke
        )
    brush.box(-0.36, 0.0, 0.36, 0.4, plaster)
    brush.box(-0.38, 0.27, 0.38, 0.41, STONE)
    for row in range(2):
        for at in range(9):
            x = -0.37 + at * 0.083 + row * 0.03
            brush.box(
                x,
                0.28 + row * 0.065,
                x + 0.06,
                0.33 + row * 0.065,
                shade(STONE, pick.between(0.75, 1.15)),
                0.01,
            )
    for x in (-0.36, -0.18, 0.0, 0.18, 0.345):
        brush.box(x, 0.0, x + 0.022, 0.28, WOOD)
    for y in (0.0, 0.13, 0.26):
        brush.box(-0.36, y, 0.36, y + 0.02, WOOD)
    for x in (-0.34, 0.2):
        brush.line([(x, 0.25), (x + 0.15, 0.03)], 0.02, WOOD)
    brush.polygon([(-0.48, 0.06), (-0.3, -0.34), (0.3, -0.34), (0.48, 0.06)], roof)
    for row in range(6):
        y = -0.3 + row * 0.06
        half = 0.31 + row * 0.028
        for at in range(11):
            x = -half + (at + row % 2 * 0.5) * half / 5.5
            brush.box(x, y, x + half / 6, y + 0.045, shade(roof, pick.between(0.72, 1.12)), 0.015)
    brush.polygon([(-0.17, 0.0), (0, -0.24), (0.17, 0.0)], WOOD)
    brush.polygon([(-0.13, 0.0), (0, -0.19), (0.13, 0.0)], plaster)
    for x, y in ((-0.26, 0.13), (0.28, 0.13), (0, -0.06)):
        brush.box(x - 0.055, y - 0.05, x + 0.055, y + 0.055, WOOD)
        brush.box(x - 0.043, y - 0.04, x + 0.043, y + 0.045, (255, 214, 120))
        brush.line([(x, y - 0.04), (x, y + 0.045)], 0.01, WOOD)
        brush.line([(x - 0.04, y), (x + 0.04, y)], 0.01, WOOD)
        brush.light(x, y, 0.14 if brush.night else 0.06, (255, 180, 80))
    brush.box(-0.075, 0.13, 0.085, 0.41, shade(WOOD, 0.6), 0.05)
    brush.oval(0.055, 0.28, 0.012, 0.012, GOLD)
    brush.line([(0.36, 0.06), (0.5, 0.06)], 0.018, WOOD)
    brush.box(0.4, 0.09, 0.5, 0.19, brush.main, 0.02)
    brush.box(0.425, 0.12, 0.465, 0.17, GOLD, 0.005)
    for x in (-0.44, -0.36):
        brush.box(x - 0.035, 0.3, x + 0.035, 0.42, WOOD, 0.015)
        brush.line([(x - 0.035, 0.36), (x + 0.035, 0.36)], 0.012, INK)


def island(brush: Brush) -> None:
    pick, rock = brush.pick, mix((134, 108, 88), brush.main, 0.2)
    brush.polygon(outline("-44,5 44,5 33,18 24,20 13,36 4,50 -5,36 -17,30 -26,18 -36,16"), rock)
    brush.polygon(outline("10,5 44,5 33,18 24,20 13,36 4,50 6,25"), shade(rock, 0.66))
    for _ in range(9):
        x, y = pick.between(-0.3, 0.24), pick.between(0.1, 0.2)
        brush.polygon(
            [(x, y), (x + 0.05, y), (x + 0.02, y + 0.1)], shade(rock, pick.one((0.75, 1.2)))
        )
    grass = mix(LEAF, brush.main, 0.3)
    brush.oval(0, 0.03, 0.46, 0.09, shade(grass, 0.75))
    brush.oval(0, 0.015, 0.46, 0.085, shade(grass, 1.15))
    for at in range(12):
        x = -0.42 + at * 0.075
        brush.polygon(
            [(x - 0.025, 0.07), (x + 0.03, 0.07), (x, pick.between(0.12, 0.18))], shade(grass, 0.75)
        )
    fall = mix((170, 220, 246), brush.main, 0.1)
    side = pick.one((-0.27, 0.25))
    brush.blob(
        [
            (side - 0.05, 0.03),
            (side + 0.05, 0.03),
            (side + 0.045, 0.3),
            (side + 0.02, 0.52),
            (side - 0.03, 0.48),
            (side - 0.045, 0.3),
        ],
        fall,
    )
    brush.line([(side, 0.06), (side, 0.44)], 0.014, WHITE)
    for foot, size in ((-0.13, 0.3), (0.06, 0.42), (0.22, 0.26)):
        x = foot + pick.between(-0.03, 0.03)
        brush.limb(
            [(x, 0.02), (x + 0.02, -size * 0.35), (x - 0.01, -size * 0.7)], 0.035, 0.018, WOOD
        )
        crown = mix(brush.accent, LEAF, 0.35)
        for dx, dy, radius in (
            (-0.28, -0.6, 0.24),
            (0.26, -0.62, 0.25),
            (0, -0.8, 0.3),
            (0, -0.55, 0.26),
        ):
            brush.oval(
                x + dx * size,
                dy * size,
                radius * size,
                radius * size * 0.85,
                shade(crown, 0.75 - dy * 0.4),
            )
    for x, y, size in ((-0.42, 0.32, 0.05), (0.4, 0.33, 0.07), (0.36, -0.2, 0.035)):
        brush.polygon([(x - size, y), (x + size, y), (x, y + size * 1.6)], rock)
        brush.oval(x, y, size, size * 0.35, grass)


def tree(brush: Brush) -> None:
    pick, bark = brush.pick, mix((104, 74, 52), brush.main, 0.12)
    leaf = mix(brush.main, LEAF, 0.4)
    for side in (-1, 1):
        brush.limb([(side * 0.03, 0.28), (side * 0.1, 0.4), (side * 0.25, 0.45)], 0.1, 0.02, bark)
    brush.limb([(0, 0.44), (pick.between(-0.03, 0.03), 0.2), (0, -0.1)], 0.2, 0.12, bark)
    for side in (-1, 1):
        brush.limb([(0, 0.12), (side * 0.14, 0.0), (side * 0.26, -0.08)], 0.08, 0.03, bark)
    brush.limb([(0.05, 0.4), (0.05, 0.15), (0.03, -0.05)], 0.06, 0.04, shade(bark, 0.65))
    crowns = [
        (-0.28, -0.06, 0.18),
        (0.28, -0.08, 0.18),
        (-0.18, -0.22, 0.2),
        (0.18, -0.24, 0.2),
        (0, -0.32, 0.19),
        (0, -0.14, 0.2),
    ]
    for x, y, radius in crowns:
        brush.oval(x, y + 0.03, radius, radius * 0.85, shade(leaf, 0.6))
    for x, y, radius in crowns:
        brush.oval(x - 0.02, y - 0.01, radius * 0.9, radius * 0.75, leaf)
    for _ in range(70):
        x, y, radius = pick.one(crowns)
        angle, far = pick.between(0, 6.28), pick.random() ** 0.5 * radius * 0.85
        tone = shade(leaf, pick.between(0.75, 1.3))
        brush.oval(x + math.cos(angle) * far, y + math.sin(angle) * far * 0.8, 0.022, 0.016, tone)
    brush.oval(-0.005, 0.2, 0.032, 0.055, shade(bark, 0.35))
    if brush.night or pick.chance(0.3):
        for x, y in ((-0.24, 0.08), (0.22, 0.06), (0.32, 0.1)):
            brush.line([(x, y - 0.08), (x, y)], 0.006, INK)
            brush.box(x - 0.018, y, x + 0.018, y + 0.045, brush.glow, 0.01)
            brush.light(x, y + 0.02, 0.08)
    for _ in range(8):
        brush.oval(pick.between(-0.35, 0.35), pick.between(0.2, 0.44), 0.012, 0.008, brush.accent)


def lighthouse(brush: Brush) -> None:
    pick = brush.pick
    rock, stripe = (88, 82, 88), mix((206, 60, 52), brush.main, 0.5)
    lamp = (0.0, -0.34)
    brush.polygon([lamp, (0.75, -0.52), (0.75, -0.26)], mix((255, 244, 190), brush.glow, 0.2))
    brush.polygon([lamp, (-0.75, -0.42), (-0.75, -0.2)], mix((255, 244, 190), brush.glow, 0.2))
    brush.blob(outline("-45,52 -38,34 -20,24 5,22 25,27 42,40 50,52"), rock)
    for _ in range(12):
        x, y = pick.between(-0.34, 0.36), pick.between(0.33, 0.48)
        brush.polygon(
            [(x - 0.05, y + 0.03), (x - 0.01, y - 0.04), (x + 0.06, y + 0.02)],
            shade(rock, pick.one((0.7, 1.2))),
        )
    brush.box(0.13, 0.12, 0.3, 0.3, (226, 220, 210))
    brush.polygon([(0.11, 0.13), (0.215, 0.03), (0.32, 0.13)], shade(stripe, 0.8))
    brush.window(0.22, 0.2, 0.02, 0.025)
    levels = 6
    for at in range(levels):
        y0, y1 = -0.26 + at * 0.55 / levels, -0.26 + (at + 1) * 0.55 / levels
        h0, h1 = 0.07 + at * 0.06 / levels, 0.07 + (at + 1) * 0.06 / levels
        color = stripe if at % 2 == 0 else WHITE
        brush.polygon([(-h0, y0), (h0, y0), (h1, y1), (-h1, y1)], color)
        brush.polygon([(h0 * 0.35, y0), (h0, y0), (h1, y1), (h1 * 0.35, y1)], shade(color, 0.72))
    for y in (-0.12, 0.06):
        brush.window(-0.01, y, 0.014, 0.025)
    brush.box(-0.035, 0.18, 0.03, 0.29, shade(WOOD, 0.6), 0.02)
    brush.box(-0.105, -0.275, 0.105, -0.25, INK)
    for x in (-0.1, -0.05, 0, 0.05, 0.1):
        brush.line([(x, -0.31), (x, -0.26)], 0.007, INK)
    brush.box(-0.055, -0.4, 0.055, -0.275, (255, 240, 170))
    brush.line([(0, -0.4), (0, -0.28)], 0.01, INK)
    brush.blob(outline("-8,-39.5 -5,-45 0,-49 5,-45 8,-39.5"), stripe)
    brush.light(*lamp, 0.16, (255, 236, 160))


PLACES: dict[str, Callable[[Brush], None]] = {
    "castle": castle,
    "forest": forest,
    "mountain": mountain,
    "city": city,
    "tavern": tavern,
    "island": island,
    "tree": tree,
    "lighthouse": lighthouse,
}
"""Drawers by subject."""
