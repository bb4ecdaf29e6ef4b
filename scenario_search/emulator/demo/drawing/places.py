"""How the places of the demo pictures are drawn.

Each fills a square one unit wide around the origin.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from scenario_search.emulator.demo.drawing.brush import (
    LEAF,
    STONE,
    WHITE,
    WOOD,
    Brush,
    Point,
    mix,
    shade,
)
from scenario_search.emulator.demo.drawing.figures import outline

__all__ = ["PLACES"]


def _tower(brush: Brush, x: float, half: float, top: float, pointed: bool) -> None:
    wall = brush.colors["wall"]
    brush.box(x - half, top, x + half, 0.36, wall)
    brush.box(x + half * 0.35, top, x + half, 0.36, shade(wall, 0.75))
    for row in range(8):
        y = top + 0.06 + row * 0.06
        if y < 0.32:
            left = x - half + brush.pick.between(0, half)
            brush.line([(left, y), (left + half * 0.5, y)], 0.006, shade(wall, 0.8))
    if pointed:
        brush.figure("tower roof", x, top, half)
        brush.figure("flag", x, top - half * 3.1)
    else:
        brush.box(x - half * 1.2, top - 0.05, x + half * 1.2, top, shade(wall, 0.9))
        for at in (-1.2, -0.4, 0.4):
            left = x + at * half
            brush.box(left, top - 0.09, left + half * 0.5, top - 0.04, shade(wall, 0.9))
        if brush.pick.chance(0.5):
            brush.figure("flag", x, top - 0.05)
    brush.window(x - half * 0.1, top + 0.1, half * 0.2, 0.035)


def castle(brush: Brush) -> None:
    pick = brush.pick
    pointed = pick.chance(0.75)
    brush.colors["wall"] = mix(STONE, brush.main, 0.3)
    _tower(brush, -0.17, 0.075, pick.between(-0.2, -0.1), pointed)
    _tower(brush, 0.17, 0.075, pick.between(-0.2, -0.1), pointed)
    _tower(brush, 0, 0.1, pick.between(-0.24, -0.16), pointed)
    brush.figure("castle wall")
    for x in (-0.37, 0.37):
        _tower(brush, x, 0.085, pick.between(-0.06, 0.04), pointed)
    brush.figure("castle gate")


def forest(brush: Brush) -> None:
    pick = brush.pick
    haze = mix(LEAF, brush.main, 0.35)
    for row in range(4):
        near = row / 3
        brush.colors["needles"] = mix(mix(haze, (190, 205, 215), 0.5), shade(haze, 0.6), near)
        step = 0.1 + near * 0.13
        for at in range(int(2 * brush.reach / step) + 1):
            x = -brush.reach + at * step + pick.between(-0.04, 0.04)
            if row < 3 or abs(x) > 0.17:
                size = 0.42 + near * 0.4 + pick.between(-0.06, 0.08)
                brush.figure("conifer", x, 0.12 + near * 0.34, size)
    brush.colors["path"] = path = mix((196, 164, 116), brush.main, 0.15)
    brush.figure("forest path")
    for at in range(14):
        y = 0.34 + at * 0.02
        x = pick.between(-0.1, 0.1) * (y + 0.3)
        brush.oval(x, y, 0.02, 0.007, shade(path, pick.one((0.8, 1.2))))
    for x, y in pick.numbers(10, (-0.4, 0.4), (0.0, 0.4)):
        if brush.night:
            brush.oval(x, y, 0.008, 0.008, brush.glow)
            brush.light(x, y, 0.03)


def _peak(brush: Brush, x: float, top: float, half: float, far: float) -> None:
    """A mountain `half` as wide at its foot as it is on either side; `far` ones are hazy."""
    pick, foot = brush.pick, 0.36
    middle, summit = x + pick.between(-0.05, 0.05), top + pick.between(-0.03, 0.05)
    tone = mix(mix((116, 112, 124), brush.main, 0.25), (196, 208, 224), far)

    def slope(text: str) -> list[Point]:
        return [(middle + dx * half, summit + dy) for dx, dy in outline(text)]

    ridge = [(middle + half * 0.14, foot), *slope("-6,36 10,17")]
    brush.polygon([*slope("0,0 -42,33"), (x - half, foot), *ridge], shade(tone, 1.15))
    brush.polygon([*slope("0,0 38,30"), (x + half, foot), *ridge], shade(tone, 0.65))
    for at in range(5):
        x, y = middle + half * pick.between(0.05, 0.5), summit + 0.3 + at * 0.05
        brush.polygon([(x, y), (x + 0.02, y + 0.12), (x - 0.06, y + 0.14)], shade(tone, 0.52))
    brush.polygon(slope("0,0 -25,20 -14,16 -5,24 10,17"), WHITE)
    brush.polygon(slope("0,0 25,20 17,17 10,17"), (196, 208, 230))


def mountain(brush: Brush) -> None:
    pick, width = brush.pick, brush.reach
    _peak(brush, -0.42, -0.12, 0.4, 0.45)
    _peak(brush, 0.43, -0.17, 0.42, 0.35)
    _peak(brush, 0.02, -0.44, 0.55, 0)
    lake = mix((90, 140, 180), brush.main, 0.25)
    brush.polygon([(-width, 0.33), (width, 0.33), (width, 1.5), (-width, 1.5)], lake)
    for at in range(16):
        x, y = pick.between(-width, width), 0.36 + at * 0.014
        brush.line([(x - 0.08, y), (x + 0.08, y)], 0.006, shade(lake, 1.35))
    brush.colors["needles"] = shade(LEAF, 0.55)
    for at in range(14):
        x = -width + at * width / 6.5 + pick.between(-0.04, 0.04)
        brush.figure("conifer", x, 0.36, pick.between(0.1, 0.16))


def city(brush: Brush) -> None:
    pick, width = brush.pick, brush.reach
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
    for x, y in pick.numbers(40, (-width, width), (0.43, 0.6)):
        color = pick.one((brush.glow, brush.accent, shade(river, 1.3)))
        brush.line([(x - 0.05, y), (x + 0.05, y)], 0.006, color)


def tavern(brush: Brush) -> None:
    pick, roof = brush.pick, mix((150, 78, 52), brush.accent, 0.4)
    brush.colors["roof"] = roof
    brush.colors["plaster"] = mix((236, 222, 194), brush.main, 0.2)
    brush.figure("tavern walls")
    for row in range(2):
        for at in range(9):
            x, y = -0.37 + at * 0.083 + row * 0.03, 0.28 + row * 0.065
            brush.box(x, y, x + 0.06, y + 0.05, shade(STONE, pick.between(0.75, 1.15)), 0.01)
    brush.figure("tavern beams and roof")
    for row in range(6):
        y = -0.3 + row * 0.06
        half = 0.31 + row * 0.028
        for at in range(11):
            x = -half + (at + row % 2 * 0.5) * half / 5.5
            brush.box(x, y, x + half / 6, y + 0.045, shade(roof, pick.between(0.72, 1.12)), 0.015)
    brush.figure("tavern gable")
    for x, y in ((-0.26, 0.13), (0.28, 0.13), (0, -0.06)):
        brush.figure("tavern window", x, y)
        brush.light(x, y, 0.14 if brush.night else 0.06, (255, 180, 80))
    brush.figure("tavern door, sign and barrels")


def island(brush: Brush) -> None:
    pick, rock = brush.pick, mix((134, 108, 88), brush.main, 0.2)
    brush.colors["rock"] = rock
    brush.colors["grass"] = grass = mix(LEAF, brush.main, 0.3)
    brush.figure("island rock")
    for x, y in pick.numbers(9, (-0.3, 0.24), (0.1, 0.2)):
        tone = shade(rock, pick.one((0.75, 1.2)))
        brush.polygon([(x, y), (x + 0.05, y), (x + 0.02, y + 0.1)], tone)
    brush.figure("island meadow")
    for at in range(12):
        x, tip = -0.42 + at * 0.075, pick.between(0.12, 0.18)
        brush.polygon([(x - 0.025, 0.07), (x + 0.03, 0.07), (x, tip)], shade(grass, 0.75))
    brush.colors["water"] = mix((170, 220, 246), brush.main, 0.1)
    brush.figure("waterfall", pick.one((-0.27, 0.25)))
    brush.colors["crown"] = mix(brush.accent, LEAF, 0.35)
    for foot, size in ((-0.13, 0.3), (0.06, 0.42), (0.22, 0.26)):
        x = foot + pick.between(-0.03, 0.03)
        trunk = [(x, 0.02), (x + 0.02, -size * 0.35), (x - 0.01, -size * 0.7)]
        brush.limb(trunk, 0.035, 0.018, WOOD)
        brush.figure("crown", x, 0, size)
    brush.figure("islets")


def tree(brush: Brush) -> None:
    pick, bark = brush.pick, mix((104, 74, 52), brush.main, 0.12)
    brush.colors["bark"] = bark
    brush.colors["leaves"] = leaf = mix(brush.main, LEAF, 0.4)
    brush.figure("tree roots")
    brush.limb([(0, 0.44), (pick.between(-0.03, 0.03), 0.2), (0, -0.1)], 0.2, 0.12, bark)
    brush.figure("tree boughs")
    crowns = (
        *((-0.28, -0.06, 0.18), (0.28, -0.08, 0.18), (-0.18, -0.22, 0.2)),
        *((0.18, -0.24, 0.2), (0, -0.32, 0.19), (0, -0.14, 0.2)),
    )
    for x, y, radius in crowns:
        brush.oval(x, y + 0.03, radius, radius * 0.85, shade(leaf, 0.6))
    for x, y, radius in crowns:
        brush.oval(x - 0.02, y - 0.01, radius * 0.9, radius * 0.75, leaf)
    for _ in range(70):
        x, y, radius = pick.one(crowns)
        angle, far = pick.between(0, 6.28), pick.random() ** 0.5 * radius * 0.85
        tone = shade(leaf, pick.between(0.75, 1.3))
        brush.oval(x + math.cos(angle) * far, y + math.sin(angle) * far * 0.8, 0.022, 0.016, tone)
    brush.figure("tree hollow")
    if brush.night or pick.chance(0.3):
        brush.figure("lanterns")
    for x, y in pick.numbers(8, (-0.35, 0.35), (0.2, 0.44)):
        brush.oval(x, y, 0.012, 0.008, brush.accent)


def lighthouse(brush: Brush) -> None:
    pick, rock = brush.pick, (88, 82, 88)
    brush.colors["stripe"] = mix((206, 60, 52), brush.main, 0.5)
    brush.colors["beam"] = mix((255, 244, 190), brush.glow, 0.2)
    brush.figure("lighthouse beams and cliff")
    for x, y in pick.numbers(12, (-0.34, 0.36), (0.33, 0.48)):
        tone = shade(rock, pick.one((0.7, 1.2)))
        brush.polygon([(x - 0.05, y + 0.03), (x - 0.01, y - 0.04), (x + 0.06, y + 0.02)], tone)
    brush.figure("lighthouse")


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
