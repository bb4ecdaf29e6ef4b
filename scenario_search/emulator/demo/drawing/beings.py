"""How the creatures and characters of the demo pictures are drawn.

Each fills a square one unit wide around the origin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scenario_search.emulator.demo.drawing.brush import (
    GOLD,
    INK,
    SKIN,
    STEEL,
    WHITE,
    WOOD,
    mix,
    outline,
    shade,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from scenario_search.emulator.demo.drawing.brush import Brush

__all__ = ["BEINGS"]


def dragon(brush: Brush) -> None:
    pick, skin = brush.pick, brush.main
    dark, belly = shade(skin, 0.6), mix(skin, (250, 225, 160), 0.55)
    lift = pick.between(-0.05, 0.06)
    far = [
        (0.0, 0.08),
        (-0.2, -0.2 + lift),
        (-0.16, -0.48),
        (-0.05, -0.34),
        (0.04, -0.4),
        (0.1, -0.05),
    ]
    brush.polygon(far, shade(brush.accent, 0.55))
    brush.limb([(0.18, 0.16), (0.34, 0.27), (0.46, 0.2), (0.44, 0.04)], 0.15, 0.02, skin)
    brush.polygon([(0.44, 0.07), (0.37, 0.02), (0.45, -0.09), (0.5, 0.03)], brush.accent)
    for x, foot in ((-0.07, 0.4), (0.17, 0.41)):
        brush.limb([(x + 0.02, 0.2), (x - 0.03, 0.3), (x, foot)], 0.11, 0.06, dark)
    brush.blob(outline("-13,5 2,-1 20,4 28,16 16,27 -4,27 -15,18"), skin)
    brush.limb([(-0.07, 0.12), (-0.2, 0.04), (-0.2, -0.12), (-0.27, -0.22)], 0.19, 0.09, skin)
    brush.limb(outline("6,23 -10,19 -23,8 -25,-8 -29,-17"), 0.07, 0.03, belly)
    for at in range(7):
        x, y = -0.14 + at * 0.065, -0.05 + abs(at - 2.5) * 0.018
        brush.polygon([(x - 0.03, y + 0.05), (x, y - 0.05), (x + 0.03, y + 0.05)], brush.accent)
    for x, foot in ((-0.1, 0.41), (0.2, 0.42)):
        brush.limb([(x + 0.05, 0.19), (x + 0.06, 0.3), (x, foot)], 0.13, 0.065, skin)
        for claw in (-0.035, 0, 0.035):
            brush.polygon(
                [
                    (x + claw - 0.015, foot),
                    (x + claw + 0.015, foot),
                    (x + claw - 0.015, foot + 0.055),
                ],
                WHITE,
            )
    for dx in (0.02, 0.07):
        brush.polygon([(-0.29 + dx, -0.27), (-0.25 + dx, -0.25), (-0.13 + dx, -0.4)], belly)
    brush.blob(outline("-20,-22 -26,-30 -35,-28 -47,-22 -48,-17 -36,-17 -25,-15"), skin)
    brush.polygon([(-0.28, -0.16), (-0.37, -0.165), (-0.45, -0.12), (-0.33, -0.11)], dark)
    for x in (-0.44, -0.4, -0.36):
        brush.polygon([(x - 0.012, -0.17), (x + 0.012, -0.17), (x, -0.135)], WHITE)
    brush.oval(-0.31, -0.235, 0.022, 0.018, brush.glow)
    brush.oval(-0.315, -0.235, 0.007, 0.016, INK)
    brush.oval(-0.46, -0.21, 0.008, 0.006, INK)
    tip, joint = (0.06, -0.49 + lift), (-0.04, -0.2)
    membrane = [
        (0.0, 0.08),
        joint,
        tip,
        (0.17, -0.31),
        (0.33, -0.4),
        (0.33, -0.2),
        (0.49, -0.2),
        (0.38, -0.03),
        (0.24, 0.1),
    ]
    brush.polygon(membrane, brush.accent)
    for end in (tip, (0.33, -0.4), (0.49, -0.2)):
        brush.limb(
            [joint, ((joint[0] + end[0]) / 2, (joint[1] + end[1]) / 2 - 0.03), end],
            0.035,
            0.01,
            dark,
        )
    brush.limb([(0.02, 0.08), joint], 0.06, 0.04, dark)
    if pick.chance(0.4):
        for at, color in enumerate(((240, 90, 30), (255, 170, 50), (255, 236, 150))):
            reach = 0.2 - at * 0.055
            brush.blob(
                [
                    (-0.46, -0.15),
                    (-0.46 - reach * 0.6, -0.22 + at * 0.02),
                    (-0.46 - reach, -0.1),
                    (-0.46 - reach * 0.5, -0.05 - at * 0.02),
                ],
                color,
            )
        brush.light(-0.56, -0.12, 0.16, (255, 140, 50))


def knight(brush: Brush) -> None:
    pick, steel = brush.pick, mix(STEEL, brush.main, 0.15)
    dark = shade(steel, 0.6)
    if pick.chance(0.7):
        brush.blob(
            outline("-16,-12 16,-12 27,20 24,44 0,40 -24,44 -27,20"), shade(brush.accent, 0.8)
        )
    for x in (-0.085, 0.085):
        brush.limb([(x, 0.18), (x * 1.1, 0.32), (x * 1.15, 0.45)], 0.12, 0.085, dark)
        brush.oval(x * 1.1, 0.31, 0.06, 0.05, steel)
        brush.oval(x * 1.35, 0.46, 0.085, 0.035, steel)
    brush.blob(outline("-19,-12 0,-15 19,-12 16,10 18,25 0,29 -18,25 -16,10"), steel)
    brush.blob(outline("-11,-2 0,-5 11,-2 13,30 0,36 -13,30"), brush.main)
    brush.star(0, 0.12, 0.075, GOLD, pick.one((4, 5, 8)))
    brush.box(-0.17, 0.2, 0.17, 0.235, shade(WOOD, 0.7))
    for x in (-0.22, 0.22):
        brush.limb([(x, -0.07), (x * 1.25, 0.06), (x * 1.2, 0.18)], 0.1, 0.075, dark)
        brush.oval(x, -0.08, 0.085, 0.075, steel)
        brush.oval(x * 1.2, 0.19, 0.05, 0.05, steel)
    brush.limb([(0, -0.42), (0.1, -0.47), (0.2, -0.36), (0.22, -0.24)], 0.06, 0.02, brush.accent)
    brush.blob(outline("-12,-28 0,-42 12,-28 11,-13 0,-9 -11,-13"), shade(steel, 1.2))
    brush.polygon([(-0.1, -0.27), (0.1, -0.27), (0.09, -0.225), (-0.09, -0.225)], INK)
    brush.line([(0, -0.42), (0, -0.1)], 0.014, dark)
    for x in (-0.04, 0.04):
        for y in (-0.18, -0.15):
            brush.oval(x, y, 0.008, 0.008, INK)
    brush.line([(0.265, 0.24), (0.265, -0.3)], 0.035, shade(steel, 1.4))
    brush.polygon([(0.247, -0.3), (0.283, -0.3), (0.265, -0.36)], shade(steel, 1.4))
    brush.box(0.19, 0.115, 0.34, 0.145, GOLD)
    brush.blob(outline("-39,-2 -26,-4 -14,-2 -15,18 -26.5,31 -38,18"), GOLD)
    brush.blob(outline("-37,0 -26,-2 -16,0 -17,17 -26.5,28.5 -36,17"), brush.accent)
    brush.line([(-0.265, -0.01), (-0.265, 0.27)], 0.03, WHITE)
    brush.line([(-0.365, 0.1), (-0.165, 0.1)], 0.03, WHITE)


def wizard(brush: Brush) -> None:
    pick, robe = brush.pick, brush.main
    brush.limb([(0.3, 0.46), (0.28, 0.1), (0.31, -0.3)], 0.035, 0.03, WOOD)
    brush.oval(0.315, -0.35, 0.06, 0.06, brush.glow)
    brush.oval(0.3, -0.365, 0.02, 0.02, WHITE)
    brush.light(0.315, -0.35, 0.2)
    brush.blob(outline("-13,-10 13,-10 20,20 29,47 0,50 -29,47 -20,20"), robe)
    brush.polygon([(-0.05, 0.05), (0.05, 0.05), (0.1, 0.49), (-0.1, 0.49)], shade(robe, 0.65))
    brush.line([(-0.27, 0.46), (0, 0.485), (0.27, 0.46)], 0.025, brush.accent)
    brush.blob(outline("8,-8 20,-2 33,10 27,19 14,12"), shade(robe, 0.85))
    brush.oval(0.285, 0.1, 0.04, 0.035, SKIN)
    brush.blob(outline("-8,-8 -20,-4 -36,2 -33,14 -14,12"), shade(robe, 0.85))
    brush.oval(-0.36, 0.06, 0.04, 0.035, SKIN)
    brush.star(-0.4, -0.04, pick.between(0.06, 0.1), brush.glow, 4)
    brush.light(-0.4, -0.04, 0.12)
    brush.oval(0, -0.14, 0.1, 0.1, SKIN)
    brush.blob(outline("-11,-12 0,-7 11,-12 12,8 2,32 -11,8"), (232, 230, 228))
    brush.blob([(-0.08, -0.09), (0, -0.11), (0.08, -0.09), (0.0, -0.05)], WHITE)
    for x in (-0.04, 0.04):
        brush.oval(x, -0.15, 0.013, 0.015, INK)
        brush.line([(x - 0.025, -0.185), (x + 0.025, -0.18)], 0.014, WHITE)
    brush.oval(0, -0.12, 0.02, 0.024, shade(SKIN, 0.9))
    bend = pick.between(-0.1, 0.12)
    brush.blob(
        [
            (-0.12, -0.19),
            (-0.09, -0.32),
            (bend * 0.6, -0.43),
            (bend, -0.52),
            (bend * 0.7 + 0.06, -0.4),
            (0.11, -0.3),
            (0.12, -0.19),
        ],
        robe,
    )
    brush.oval(0, -0.195, 0.21, 0.042, shade(robe, 0.8))
    brush.box(-0.115, -0.245, 0.115, -0.205, brush.accent)
    brush.star(-0.02, -0.31, 0.035, GOLD, 5)


def robot(brush: Brush) -> None:
    pick, shell = brush.pick, mix(brush.main, (214, 216, 220), 0.3)
    dark = shade(shell, 0.55)
    for x in (-0.12, 0.12):
        brush.box(x - 0.04, 0.22, x + 0.04, 0.4, (70, 74, 84), 0.02)
        brush.box(x - 0.055, 0.28, x + 0.055, 0.36, shell, 0.02)
        brush.box(x - 0.1, 0.39, x + 0.1, 0.47, dark, 0.03)
    raised = pick.chance(0.4)
    for x in (-0.3, 0.3):
        up = raised and x > 0
        hand = -0.17 if up else 0.25
        brush.line(
            [(x, -0.05), (x * 1.2, 0.04 if not up else -0.02), (x * 1.2, hand)], 0.06, (70, 74, 84)
        )
        brush.box(x * 1.2 - 0.055, min(hand, 0.08), x * 1.2 + 0.055, max(hand, 0.02), shell, 0.02)
        brush.oval(x, -0.05, 0.075, 0.075, dark)
        brush.oval(x, -0.05, 0.035, 0.035, GOLD)
        for finger in (-0.03, 0.03):
            brush.line(
                [
                    (x * 1.2 + finger, hand),
                    (x * 1.2 + finger * 1.5, hand + (-0.07 if up else 0.07)),
                ],
                0.025,
                dark,
            )
    brush.box(-0.23, -0.12, 0.23, 0.25, shell, 0.05)
    brush.box(0.1, -0.1, 0.21, 0.23, shade(shell, 0.75), 0.03)
    brush.box(-0.15, -0.05, 0.1, 0.13, (44, 50, 62), 0.02)
    for at in range(4):
        brush.box(
            -0.13 + at * 0.056,
            0.1 - pick.between(0.03, 0.12),
            -0.095 + at * 0.056,
            0.11,
            brush.glow,
        )
    for x in (-0.15, -0.05, 0.05, 0.15):
        brush.oval(x, 0.19, 0.016, 0.016, dark)
    brush.box(-0.06, -0.17, 0.06, -0.1, (70, 74, 84))
    brush.line([(0, -0.4), (0, -0.48)], 0.016, dark)
    brush.oval(0, -0.48, 0.028, 0.028, brush.accent)
    for x in (-0.2, 0.2):
        brush.box(x - 0.035, -0.32, x + 0.035, -0.22, brush.accent, 0.015)
    brush.box(-0.19, -0.41, 0.19, -0.15, shell, 0.06)
    brush.box(-0.155, -0.35, 0.155, -0.22, (30, 34, 44), 0.05)
    for x in (-0.075, 0.075):
        brush.oval(x, -0.285, 0.04, 0.04, brush.glow)
        brush.oval(x - 0.01, -0.295, 0.014, 0.014, WHITE)
        brush.light(x, -0.285, 0.09)
    for x in (-0.06, -0.03, 0, 0.03, 0.06):
        brush.line([(x, -0.195), (x, -0.17)], 0.01, dark)


def cat(brush: Brush) -> None:
    pick, fur = (
        brush.pick,
        brush.pick.one((brush.main, (62, 58, 66), (222, 150, 82), (206, 200, 194))),
    )
    dark, pale = shade(fur, 0.68), mix(fur, WHITE, 0.65)
    brush.limb(outline("18,40 36,36 38,20 30,10 36,0"), 0.09, 0.05, fur)
    brush.oval(0, 0.44, 0.42, 0.075, shade(brush.accent, 0.75))
    brush.blob(outline("-12,0 12,0 24,24 22,44 0,46 -22,44 -24,24"), fur)
    brush.blob(outline("-8,5 8,5 10,25 0,33 -10,25"), pale)
    for x in (-0.08, 0.08):
        brush.limb([(x, 0.2), (x, 0.42)], 0.09, 0.085, shade(fur, 1.08))
        brush.oval(x, 0.435, 0.06, 0.032, pale)
    for side in (-1, 1):
        brush.polygon([(side * 0.24, -0.13), (side * 0.23, -0.43), (side * 0.04, -0.3)], fur)
        brush.polygon(
            [(side * 0.205, -0.2), (side * 0.205, -0.36), (side * 0.09, -0.28)], (232, 156, 160)
        )
    brush.blob(outline("-20,-27 0,-32 20,-27 27,-12 17,3 0,7 -17,3 -27,-12"), fur)
    if pick.chance(0.65):
        for x in (-0.06, 0, 0.06):
            brush.limb([(x, -0.31), (x * 0.7, -0.22)], 0.03, 0.01, dark)
        for side in (-1, 1):
            for y in (0.16, 0.24, 0.32):
                brush.limb([(side * 0.22, y), (side * 0.13, y + 0.02)], 0.03, 0.01, dark)
            for y in (-0.1, -0.04):
                brush.limb([(side * 0.25, y), (side * 0.17, y + 0.01)], 0.022, 0.008, dark)
    brush.oval(0, -0.02, 0.11, 0.07, pale)
    eye = pick.one(((120, 200, 90), (240, 200, 70), (90, 180, 220)))
    for x in (-0.1, 0.1):
        brush.oval(x, -0.12, 0.058, 0.06, INK)
        brush.oval(x, -0.12, 0.05, 0.054, eye)
        brush.oval(x, -0.12, 0.02, 0.05, INK)
        brush.oval(x - 0.015, -0.145, 0.014, 0.014, WHITE)
    brush.polygon([(-0.03, -0.055), (0.03, -0.055), (0, -0.02)], (226, 120, 130))
    for side in (-1, 1):
        brush.line([(0, -0.02), (side * 0.04, 0.01), (side * 0.07, 0.0)], 0.01, INK)
        for y in (-0.03, 0.0, 0.03):
            brush.line([(side * 0.12, y * 0.6 - 0.01), (side * 0.34, y * 2 - 0.02)], 0.006, WHITE)
    if pick.chance(0.35):
        brush.polygon([(-0.13, -0.3), (0.13, -0.3), (0.02, -0.54)], brush.accent)
        brush.oval(0, -0.3, 0.19, 0.035, shade(brush.accent, 0.75))
    else:
        brush.limb([(-0.14, 0.06), (0, 0.1), (0.14, 0.06)], 0.035, 0.035, brush.accent)
        brush.oval(0, 0.12, 0.03, 0.03, GOLD)


def slime(brush: Brush) -> None:
    pick, goo = brush.pick, brush.main
    goo = mix(goo, (96, 206, 130), 0.3)
    wide, tall = pick.between(0.4, 0.46), pick.between(-0.32, -0.2)
    brush.oval(0, 0.4, wide + 0.05, 0.07, shade(goo, 0.4))
    drop = tall - 0.12
    brush.blob(
        [
            (-wide, 0.33),
            (-wide * 0.9, 0.05),
            (-wide * 0.5, tall * 0.75),
            (-0.06, tall),
            (0.02, drop),
            (0.09, tall),
            (wide * 0.5, tall * 0.75),
            (wide * 0.9, 0.05),
            (wide, 0.33),
            (wide * 0.6, 0.43),
            (0, 0.44),
            (-wide * 0.6, 0.43),
        ],
        goo,
    )
    brush.blob(
        [
            (-wide * 0.9, 0.32),
            (-wide * 0.6, 0.26),
            (0, 0.32),
            (wide * 0.6, 0.26),
            (wide * 0.92, 0.32),
            (wide * 0.5, 0.41),
            (0, 0.42),
            (-wide * 0.5, 0.41),
        ],
        shade(goo, 0.7),
    )
    brush.blob(
        [
            (-wide * 0.62, 0.0),
            (-wide * 0.45, tall * 0.5),
            (-wide * 0.2, tall * 0.72),
            (-wide * 0.35, tall * 0.3),
        ],
        shade(goo, 1.65),
    )
    brush.oval(-wide * 0.68, 0.1, 0.025, 0.035, shade(goo, 1.65))
    for _ in range(8):
        x, y, size = pick.between(-0.3, 0.3), pick.between(0.18, 0.36), pick.between(0.012, 0.03)
        brush.ring(x, y, size, 0.008, shade(goo, 1.4))
    for x in (-0.13, 0.13):
        brush.oval(x, 0.02, 0.055, 0.075, INK)
        brush.oval(x - 0.015, -0.01, 0.02, 0.026, WHITE)
        brush.oval(x + 0.015, 0.05, 0.01, 0.012, WHITE)
        brush.oval(x * 1.75, 0.12, 0.045, 0.024, mix(goo, (255, 110, 130), 0.6))
    if pick.chance(0.5):
        brush.blob(outline("-8,11 0,13 8,11 5,19 -5,19"), (120, 30, 50))
    else:
        brush.line([(-0.06, 0.12), (-0.02, 0.145), (0.02, 0.145), (0.06, 0.12)], 0.016, INK)
    if pick.chance(0.3):
        brush.polygon(
            [
                (-0.12, tall + 0.03),
                (-0.15, tall - 0.13),
                (-0.06, tall - 0.05),
                (0.01, tall - 0.16),
                (0.08, tall - 0.05),
                (0.17, tall - 0.13),
                (0.14, tall + 0.03),
            ],
            GOLD,
        )


BEINGS: dict[str, Callable[[Brush], None]] = {
    "dragon": dragon,
    "knight": knight,
    "wizard": wizard,
    "robot": robot,
    "cat": cat,
    "slime": slime,
}
"""Drawers by subject."""
