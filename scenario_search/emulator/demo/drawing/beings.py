"""How the creatures and characters of the demo pictures are drawn.

Each fills a square one unit wide around the origin.
"""

from __future__ import annotations

from collections.abc import Callable

from scenario_search.emulator.demo.drawing.brush import (
    GOLD,
    INK,
    STEEL,
    WHITE,
    Brush,
    mix,
    shade,
)
from scenario_search.emulator.demo.drawing.figures import outline

__all__ = ["BEINGS"]


def dragon(brush: Brush) -> None:
    scales = brush.main
    brush.colors["scales"] = scales
    brush.colors["belly"] = mix(scales, (250, 225, 160), 0.55)
    lift = brush.pick.between(-5, 6)
    far_wing = outline(f"0,8 -20,{lift - 20} -16,-48 -5,-34 4,-40 10,-5")
    brush.polygon(far_wing, shade(brush.accent, 0.55))
    brush.figure("dragon")
    tip = f"6,{lift - 49}"
    near_wing = outline(f"0,8 -4,-20 {tip} 17,-31 33,-40 33,-20 49,-20 38,-3 24,10")
    brush.polygon(near_wing, brush.accent)
    bone = outline(f"-4,-20 1,{(lift - 69) / 2 - 3} {tip}")
    brush.limb(bone, 0.035, 0.01, shade(scales, 0.6))
    brush.figure("dragon wing bones")
    if brush.pick.chance(0.4):
        brush.figure("dragon fire")


def knight(brush: Brush) -> None:
    brush.colors["plate"] = mix(STEEL, brush.main, 0.15)
    if brush.pick.chance(0.7):
        brush.figure("knight cape")
    brush.figure("knight armor")
    brush.star(0, 0.12, 0.075, GOLD, brush.pick.one((4, 5, 8)))
    brush.figure("knight arms and helmet")


def wizard(brush: Brush) -> None:
    pick = brush.pick
    brush.figure("wizard robe")
    brush.star(-0.4, -0.04, pick.between(0.06, 0.1), brush.glow, 4)
    brush.figure("wizard head")
    bend = pick.between(-10, 12)
    hat = f"-12,-19 -9,-32 {bend * 0.6},-43 {bend},-52 {bend * 0.7 + 6},-40 11,-30 12,-19"
    brush.blob(outline(hat), brush.main)
    brush.figure("wizard hat band")


def robot(brush: Brush) -> None:
    pick, shell = brush.pick, mix(brush.main, (214, 216, 220), 0.3)
    brush.colors["shell"] = shell
    brush.colors["dark"] = shade(shell, 0.55)
    brush.figure("robot legs")
    raised = pick.chance(0.4)
    brush.figure("robot left arm")
    brush.figure("robot right arm, raised" if raised else "robot right arm")
    brush.figure("robot chest")
    for at in range(4):
        left, top = -0.13 + at * 0.056, 0.1 - pick.between(0.03, 0.12)
        brush.box(left, top, left + 0.035, 0.11, brush.glow)
    brush.figure("robot head")


def cat(brush: Brush) -> None:
    pick = brush.pick
    fur = pick.one((brush.main, (62, 58, 66), (222, 150, 82), (206, 200, 194)))
    brush.colors["fur"] = fur
    brush.colors["pale"] = mix(fur, WHITE, 0.65)
    brush.figure("cat")
    if pick.chance(0.65):
        brush.figure("cat stripes")
    brush.figure("cat muzzle")
    brush.colors["eyes"] = pick.one(((120, 200, 90), (240, 200, 70), (90, 180, 220)))
    brush.figure("cat eyes and whiskers")
    brush.figure("cat hat" if pick.chance(0.35) else "cat collar")


def slime(brush: Brush) -> None:
    pick, goo = brush.pick, mix(brush.main, (96, 206, 130), 0.3)
    wide, tall = pick.between(40, 46), pick.between(-32, -20)
    body = (
        f"{-wide},33 {-wide * 0.9},5 {-wide * 0.5},{tall * 0.75} -6,{tall} 2,{tall - 12} 9,{tall}"
        f" {wide * 0.5},{tall * 0.75} {wide * 0.9},5 {wide},33 {wide * 0.6},43 0,44"
        f" {-wide * 0.6},43"
    )
    foot = (
        f"{-wide * 0.9},32 {-wide * 0.6},26 0,32 {wide * 0.6},26 {wide * 0.92},32"
        f" {wide * 0.5},41 0,42 {-wide * 0.5},41"
    )
    gleam = (
        f"{-wide * 0.62},0 {-wide * 0.45},{tall * 0.5} {-wide * 0.2},{tall * 0.72}"
        f" {-wide * 0.35},{tall * 0.3}"
    )
    brush.oval(0, 0.4, wide / 100 + 0.05, 0.07, shade(goo, 0.4))
    brush.blob(outline(body), goo)
    brush.blob(outline(foot), shade(goo, 0.7))
    brush.blob(outline(gleam), shade(goo, 1.65))
    brush.oval(-wide * 0.0068, 0.1, 0.025, 0.035, shade(goo, 1.65))
    for x, y, size in pick.numbers(8, (-0.3, 0.3), (0.18, 0.36), (0.012, 0.03)):
        brush.ring(x, y, size, 0.008, shade(goo, 1.4))
    for x in (-0.13, 0.13):
        brush.oval(x, 0.02, 0.055, 0.075, INK)
        brush.oval(x - 0.015, -0.01, 0.02, 0.026, WHITE)
        brush.oval(x + 0.015, 0.05, 0.01, 0.012, WHITE)
        brush.oval(x * 1.75, 0.12, 0.045, 0.024, mix(goo, (255, 110, 130), 0.6))
    brush.figure("slime open mouth" if pick.chance(0.5) else "slime smile")
    if pick.chance(0.3):
        brush.figure("slime crown", 0, tall / 100)


BEINGS: dict[str, Callable[[Brush], None]] = {
    "dragon": dragon,
    "knight": knight,
    "wizard": wizard,
    "robot": robot,
    "cat": cat,
    "slime": slime,
}
"""Drawers by subject."""
