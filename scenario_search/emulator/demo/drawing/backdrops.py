"""What stands behind the subjects of the demo pictures, and the weather before them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from scenario_search.emulator.demo.drawing.brush import mix, ramp, shade

if TYPE_CHECKING:
    from collections.abc import Callable

    from scenario_search.emulator.demo.drawing.brush import Brush, Color
    from scenario_search.emulator.demo.scenes import Scene

__all__ = ["BACKDROPS", "OUTDOORS", "SKIES", "paint_lightning", "paint_weather", "sky_colors"]

WHITE: Color = (246, 246, 250)
# time of day: sky above, sky at the horizon, ground
SKIES: dict[str, tuple[Color, Color, Color]] = {
    "day": ((70, 142, 222), (196, 228, 246), (112, 160, 84)),
    "sunset": ((76, 56, 128), (255, 158, 92), (104, 84, 80)),
    "dawn": ((122, 152, 214), (255, 210, 194), (126, 138, 110)),
    "night": ((10, 15, 46), (52, 66, 120), (36, 54, 68)),
}


def sky_colors(scene: Scene) -> tuple[Color, Color, Color]:
    """Sky above, sky at the horizon and ground in the scene's light and weather."""
    top, low, ground = SKIES[scene.time]
    gray = {"rain": 0.35, "storm": 0.55, "fog": 0.4, "snow": 0.3}.get(scene.weather, 0)
    veil = (70, 76, 92) if scene.weather in ("rain", "storm") else (206, 212, 222)
    if scene.time == "night":
        veil = shade(veil, 0.35)
    top, low = mix(top, veil, gray), mix(low, veil, gray)
    snowy = mix(ground, shade(WHITE, 0.5 if scene.time == "night" else 0.95), 0.75)
    return top, low, snowy if scene.weather == "snow" else ground


def _sky(brush: Brush, scene: Scene, top: Color, low: Color) -> None:
    brush.image.paste(ramp(brush.image.size, top, low))
    pick, wide, high = brush.pick, brush.half_width, brush.half_height
    side = pick.one((-1, 1))
    if scene.time == "night":
        for _ in range(70):
            size = pick.between(0.001, 0.004)
            star = pick.between(-wide, wide), pick.between(-high, 0.2)
            brush.oval(*star, size, size, (226, 230, 255))
        x, y = side * wide * pick.between(0.5, 0.8), -high + pick.between(0.12, 0.22)
        brush.oval(x, y, 0.075, 0.075, (244, 240, 214))
        brush.oval(x + 0.03, y - 0.01, 0.066, 0.066, mix(top, low, 0.15))
        brush.light(x, y, 0.13, (90, 96, 120))
    elif scene.weather not in ("storm", "fog"):
        height = {"day": -high + 0.15, "dawn": -0.02, "sunset": 0.03}[scene.time]
        size = 0.065 if scene.time == "day" else 0.12
        x = side * wide * pick.between(0.4, 0.8)
        brush.oval(
            x, height, size, size, (255, 246, 206) if scene.time != "sunset" else (255, 214, 130)
        )
        brush.light(x, height, size * 1.8, (120, 96, 60))
    for _ in range(pick.number(2, 5) + (4 if scene.weather in ("storm", "rain") else 0)):
        _cloud(
            brush,
            pick.between(-wide, wide),
            pick.between(-high, -0.08),
            pick.between(0.08, 0.2),
            mix(low, WHITE, 0.35 if scene.time != "night" else 0.08),
        )


def _cloud(brush: Brush, x: float, y: float, size: float, color: Color) -> None:
    for dx, dy, radius in (
        (-0.7, 0.05, 0.4),
        (-0.25, -0.1, 0.5),
        (0.3, -0.05, 0.45),
        (0.75, 0.06, 0.33),
    ):
        brush.oval(x + dx * size, y + dy * size, radius * size, radius * size * 0.5, color)


def _hills(brush: Brush, color: Color, far: Color, first: float, last: float) -> None:
    wide, pick = brush.half_width, brush.pick
    for row in range(3):
        level = first + (last - first) * row / 2
        phase, waves, swing = pick.between(0, 6), pick.between(2, 4), 0.05 - row * 0.012
        points = [
            (at / 20 * wide, level + math.sin(phase + at / 20 * waves) * swing)
            for at in range(-20, 21)
        ]
        brush.polygon(
            [*points, (wide, brush.half_height), (-wide, brush.half_height)],
            mix(far, color, 0.35 + row * 0.32),
        )


def land(brush: Brush, scene: Scene) -> None:
    top, low, ground = sky_colors(scene)
    _sky(brush, scene, top, low)
    _hills(brush, ground, low, 0.06, 0.3)
    for _ in range(60):
        x, y = (
            brush.pick.between(-brush.half_width, brush.half_width),
            brush.pick.between(0.33, brush.half_height),
        )
        blade = shade(ground, brush.pick.between(0.75, 1.2))
        brush.polygon([(x - 0.012, y), (x, y - 0.03), (x + 0.012, y)], blade)


def crags(brush: Brush, scene: Scene) -> None:
    top, low, ground = sky_colors(scene)
    _sky(brush, scene, top, low)
    wide, pick = brush.half_width, brush.pick
    for row in range(2):
        points = [
            (at / 6 * wide, 0.2 + row * 0.12 - (at + row) % 2 * pick.between(0.12, 0.3))
            for at in range(-6, 7)
        ]
        brush.polygon([*points, (wide, 0.9), (-wide, 0.9)], mix(low, (66, 58, 66), 0.4 + row * 0.3))
    brush.polygon(
        [(-wide, 0.4), (wide, 0.37), (wide, 1), (-wide, 1)], mix(ground, (70, 60, 62), 0.6)
    )
    for _ in range(16):
        x, y = pick.between(-wide, wide), pick.between(0.4, brush.half_height)
        brush.blob([(x - 0.05, y), (x, y - 0.03), (x + 0.05, y), (x, y + 0.015)], (78, 70, 74))


def sea(brush: Brush, scene: Scene) -> None:
    top, low, _ = sky_colors(scene)
    _sky(brush, scene, top, low)
    wide, high, pick = brush.half_width, brush.half_height, brush.pick
    water = mix(mix(top, (24, 92, 120), 0.5), low, 0.15)
    for row in range(9):
        level = 0.18 + row * (high - 0.18) / 8
        phase = pick.between(0, 6)
        crest = [
            (at / 30 * wide, level + math.sin(phase + at * 0.9) * (0.006 + row * 0.0016))
            for at in range(-30, 31)
        ]
        brush.polygon([*crest, (wide, high), (-wide, high)], shade(water, 1.25 - row * 0.07))
    for _ in range(40):
        x, y = pick.between(-wide, wide), pick.between(0.22, high)
        brush.line([(x, y), (x + pick.between(0.03, 0.09), y)], 0.005, shade(water, 1.55))


def space(brush: Brush, scene: Scene) -> None:
    pick, wide, high = brush.pick, brush.half_width, brush.half_height
    brush.image.paste(ramp(brush.image.size, (8, 8, 22), mix((20, 16, 44), brush.main, 0.15)))
    tints = {
        "day": (60, 90, 150),
        "sunset": (150, 70, 60),
        "dawn": (120, 80, 120),
        "night": (40, 40, 110),
    }
    for _ in range(7):
        cloud = pick.between(-wide, wide), pick.between(-high, high)
        brush.light(
            *cloud, pick.between(0.1, 0.3), shade(mix(tints[scene.time], brush.accent, 0.3), 0.6)
        )
    for _ in range(150):
        size = pick.between(0.001, 0.004)
        brush.oval(
            pick.between(-wide, wide), pick.between(-high, high), size, size, (230, 232, 255)
        )
    for _ in range(5):
        brush.star(
            pick.between(-wide, wide), pick.between(-high, high), pick.between(0.015, 0.035), WHITE
        )


def heaven(brush: Brush, scene: Scene) -> None:
    top, low, _ = sky_colors(scene)
    _sky(brush, scene, top, low)
    pick, wide = brush.pick, brush.half_width
    for row in range(3):
        tone = mix(low, WHITE, (0.3 + row * 0.2) * (0.35 if scene.time == "night" else 1))
        for _ in range(7):
            _cloud(
                brush,
                pick.between(-wide, wide),
                brush.half_height - 0.12 + row * 0.06,
                pick.between(0.14, 0.26),
                tone,
            )


def cave(brush: Brush, scene: Scene) -> None:
    pick, wide, high = brush.pick, brush.half_width, brush.half_height
    _, low, _ = sky_colors(scene)
    rock = mix((44, 40, 54), low, 0.18)
    brush.image.paste(ramp(brush.image.size, shade(rock, 0.5), rock))
    brush.light(0, 0.05, 0.38, shade(mix(brush.main, low, 0.4), 0.45))
    for row, tone in enumerate((shade(rock, 0.85), shade(rock, 0.6))):
        for at in range(12):
            x = -wide + at * wide / 5.5 + pick.between(-0.04, 0.04)
            length = pick.between(0.08, 0.26) * (0.4 + abs(x) / wide) - row * 0.03
            brush.polygon([(x - 0.07, -high), (x + 0.07, -high), (x, -high + length)], tone)
            brush.polygon([(x - 0.09, high), (x + 0.09, high), (x, high - length * 0.8)], tone)


def undergrowth(brush: Brush, scene: Scene) -> None:
    top, low, _ = sky_colors(scene)
    pick, wide, high = brush.pick, brush.half_width, brush.half_height
    moss = mix((52, 92, 58), low, 0.2)
    brush.image.paste(ramp(brush.image.size, mix(moss, top, 0.35), mix(moss, low, 0.6)))
    for row in range(2):
        for _ in range(7):
            x, half = pick.between(-wide, wide), pick.between(0.03, 0.07) * (1 + row)
            tone = mix(mix((60, 52, 48), low, 0.45 - row * 0.25), moss, 0.3)
            brush.polygon(
                [
                    (x - half * 0.7, -high),
                    (x + half * 0.7, -high),
                    (x + half, high),
                    (x - half, high),
                ],
                tone,
            )
    brush.blob(
        [
            (-wide - 0.2, 0.4),
            (-wide / 2, 0.3),
            (0, 0.36),
            (wide / 2, 0.31),
            (wide + 0.2, 0.4),
            (wide, high + 0.3),
            (-wide, high + 0.3),
        ],
        shade(moss, 0.7),
    )
    for _ in range(40):
        x, y = pick.between(-wide, wide), pick.between(0.36, high)
        lean = pick.between(-0.03, 0.03)
        brush.polygon(
            [(x - 0.014, y), (x + lean, y - 0.08), (x + 0.014, y)],
            shade(moss, pick.between(0.7, 1.35)),
        )


def card(brush: Brush, scene: Scene) -> None:
    """Rays around an item, as on an inventory icon."""
    top, low, _ = sky_colors(scene)
    pick = brush.pick
    base = mix(mix(top, low, 0.5), brush.accent, 0.3)
    brush.image.paste(ramp(brush.image.size, shade(base, 0.75), shade(base, 0.5)))
    start, count = pick.between(0, 1), 14
    for at in range(count):
        angle, span = start + at * math.tau / count, math.tau / count * 0.5
        ends = [(math.cos(a) * 1.6, math.sin(a) * 1.6) for a in (angle, angle + span)]
        brush.polygon([(0, 0), *ends], shade(base, 0.9))
    brush.light(0, 0, 0.3, shade(low, 0.4))


def shelf(brush: Brush, scene: Scene) -> None:
    """A shelf with books before a window, whose light tells the time."""
    top, low, _ = sky_colors(scene)
    pick, wide, high = brush.pick, brush.half_width, brush.half_height
    wall = mix((92, 70, 62), low, 0.25)
    brush.image.paste(ramp(brush.image.size, shade(wall, 0.8), wall))
    brush.oval(0, -0.12, 0.36, 0.36, shade(wall, 0.5))
    brush.oval(0, -0.12, 0.33, 0.33, mix(top, low, 0.6))
    brush.light(0, -0.12, 0.2, shade(low, 0.3))
    for side in (-1, 1):
        x = side * 0.38
        while abs(x) < wide:
            tall, thick = pick.between(0.2, 0.34), pick.between(0.045, 0.075)
            book = mix(
                pick.one(((150, 60, 50), (60, 90, 120), (90, 110, 60), (140, 110, 60))), wall, 0.35
            )
            brush.box(
                min(x, x + side * thick), 0.43 - tall, max(x, x + side * thick), 0.43, book, 0.008
            )
            x += side * (thick + 0.008)
    brush.box(-wide, 0.42, wide, high + 0.2, (108, 72, 46))
    brush.box(-wide, 0.42, wide, 0.445, (150, 104, 66))


def hall(brush: Brush, scene: Scene) -> None:
    """A vault of brick."""
    _, low, _ = sky_colors(scene)
    pick, wide, high = brush.pick, brush.half_width, brush.half_height
    brick = mix((98, 84, 84), low, 0.2)
    brush.image.paste(ramp(brush.image.size, shade(brick, 0.55), shade(brick, 0.85)))
    for row in range(9):
        y = -high + row * (0.36 + high) / 9
        x = -wide - row % 2 * 0.09
        while x < wide:
            brush.box(
                x,
                y,
                x + 0.17,
                y + (0.36 + high) / 9 - 0.012,
                shade(brick, pick.between(0.6, 0.85)),
                0.01,
            )
            x += 0.18
    brush.polygon(
        [(-wide, 0.34), (wide, 0.34), (wide, high + 0.1), (-wide, high + 0.1)], shade(brick, 0.7)
    )
    for at in range(-6, 7):
        brush.line([(at * 0.12, 0.34), (at * 0.3, high)], 0.008, shade(brick, 0.5))
    for side in (-1, 1):
        x = side * min(wide - 0.08, 0.52)
        brush.box(x - 0.015, -0.15, x + 0.015, 0.05, (60, 44, 36))
        brush.blob([(x - 0.03, -0.15), (x, -0.27), (x + 0.03, -0.15), (x, -0.12)], (255, 180, 70))
        brush.light(x, -0.18, 0.18, (200, 120, 50))


def banner(brush: Brush, scene: Scene) -> None:
    """A plain field with heraldic lozenges."""
    top, low, _ = sky_colors(scene)
    base = mix(mix(top, low, 0.55), (140, 130, 120), 0.35)
    brush.image.paste(ramp(brush.image.size, shade(base, 1.1), shade(base, 0.7)))
    for row in range(-6, 7):
        for at in range(-9, 10):
            x, y = at * 0.2 + row % 2 * 0.1, row * 0.16
            brush.polygon(
                [(x, y - 0.06), (x + 0.05, y), (x, y + 0.06), (x - 0.05, y)], shade(base, 0.86)
            )


def tower_room(brush: Brush, scene: Scene) -> None:
    """A circle of runes under the open sky."""
    top, low, _ = sky_colors(scene)
    brush.image.paste(
        ramp(
            brush.image.size, shade(mix(top, (40, 24, 70), 0.5), 0.8), mix(low, (60, 40, 90), 0.55)
        )
    )
    pick, high = brush.pick, brush.half_height
    for _ in range(50):
        size = pick.between(0.001, 0.004)
        brush.oval(
            pick.between(-brush.half_width, brush.half_width),
            pick.between(-high, 0.2),
            size,
            size,
            WHITE,
        )
    line = mix(brush.glow, low, 0.4)
    for radius, width in ((0.44, 0.012), (0.37, 0.006)):
        brush.ring(0, -0.06, radius, width, line)
    for at in range(12):
        angle = at * math.tau / 12
        brush.star(
            math.cos(angle) * 0.405,
            -0.06 + math.sin(angle) * 0.405,
            0.03,
            line,
            pick.one((4, 5, 6)),
        )
    floor = mix((70, 60, 80), low, 0.15)
    brush.box(-brush.half_width, 0.4, brush.half_width, high + 0.2, floor)
    for at in range(-9, 10):
        brush.line([(at * 0.12, 0.4), (at * 0.2, high)], 0.008, shade(floor, 0.7))


def factory(brush: Brush, scene: Scene) -> None:
    top, low, _ = sky_colors(scene)
    wall = mix((84, 92, 104), mix(top, low, 0.5), 0.4)
    brush.image.paste(ramp(brush.image.size, shade(wall, 0.7), wall))
    pick, wide, high = brush.pick, brush.half_width, brush.half_height
    for at in range(-5, 6):
        x = at * 0.22
        brush.box(x - 0.09, -high, x + 0.09, 0.3, shade(wall, pick.between(0.72, 0.95)), 0.02)
        for y in (-0.4, -0.1, 0.2):
            brush.oval(x - 0.07, y, 0.008, 0.008, shade(wall, 0.5))
    for y in (-0.33, -0.27):
        brush.line([(-wide, y), (wide, y)], 0.03, shade(wall, 0.55))
    brush.box(-wide, 0.36, wide, high + 0.2, shade(wall, 0.5))
    stripe = -wide
    while stripe < wide:
        brush.polygon(
            [(stripe, 0.36), (stripe + 0.06, 0.36), (stripe + 0.03, 0.4), (stripe - 0.03, 0.4)],
            (230, 180, 50),
        )
        stripe += 0.12


def room(brush: Brush, scene: Scene) -> None:
    """A parlor whose window shows the sky."""
    top, low, _ = sky_colors(scene)
    wall = mix((214, 186, 160), brush.accent, 0.25)
    wall = shade(wall, 0.55 if scene.time == "night" else 0.95)
    brush.image.paste(ramp(brush.image.size, wall, shade(wall, 0.85)))
    wide, high = brush.half_width, brush.half_height
    at = -wide
    while at < wide:
        brush.box(at, -high, at + 0.045, 0.3, shade(wall, 0.92))
        at += 0.09
    x = brush.pick.one((-0.3, 0.3))
    brush.box(x - 0.2, -0.44, x + 0.2, 0.06, (120, 84, 58))
    brush.box(x - 0.18, -0.42, x + 0.18, 0.04, mix(top, low, 0.5))
    brush.line([(x, -0.42), (x, 0.04)], 0.016, (120, 84, 58))
    brush.line([(x - 0.18, -0.2), (x + 0.18, -0.2)], 0.016, (120, 84, 58))
    brush.box(
        -wide, 0.3, wide, high + 0.2, shade((140, 96, 64), 0.6 if scene.time == "night" else 1)
    )
    for y in (0.36, 0.44):
        brush.line([(-wide, y), (wide, y)], 0.006, (92, 62, 42))


def road(brush: Brush, scene: Scene) -> None:
    top, low, ground = sky_colors(scene)
    _sky(brush, scene, top, low)
    _hills(brush, ground, low, -0.02, 0.12)
    wide, high, pick = brush.half_width, brush.half_height, brush.pick
    brush.box(-wide, 0.17, wide, high + 0.2, (66, 66, 74))
    brush.box(-wide, 0.17, wide, 0.19, (230, 228, 220))
    at = -wide - pick.between(0, 0.2)
    while at < wide:
        brush.polygon(
            [(at, 0.38), (at + 0.14, 0.38), (at + 0.12, 0.41), (at - 0.02, 0.41)], (236, 226, 190)
        )
        at += 0.26
    for _ in range(12):
        x, y = pick.between(-wide, wide), pick.between(0.2, high)
        brush.line([(x, y), (x + pick.between(0.1, 0.3), y)], 0.004, (92, 92, 100))


def paint_lightning(brush: Brush) -> None:
    """A bolt in the sky; it belongs behind the subject."""
    pick, wide = brush.pick, brush.half_width
    x, y = pick.between(-wide * 0.8, wide * 0.8), -brush.half_height
    bolt = [(x, y)]
    while y < 0.1:
        x, y = x + pick.between(-0.07, 0.07), y + pick.between(0.05, 0.1)
        bolt.append((x, y))
    brush.line(bolt, 0.012, (255, 252, 220))
    brush.light(x, -0.2, 0.2, (110, 110, 160))


def paint_weather(brush: Brush, scene: Scene) -> None:
    """Rain or snow before everything else."""
    pick, wide, high = brush.pick, brush.half_width, brush.half_height
    if scene.weather in ("rain", "storm"):
        for _ in range(90):
            x, y, long = (
                pick.between(-wide, wide),
                pick.between(-high, high),
                pick.between(0.03, 0.07),
            )
            brush.line([(x, y), (x - long * 0.3, y + long)], 0.003, (186, 202, 224))
    if scene.weather == "snow":
        for _ in range(110):
            size = pick.between(0.003, 0.009)
            brush.oval(pick.between(-wide, wide), pick.between(-high, high), size, size, WHITE)


BACKDROPS: dict[str, Callable[[Brush, Scene], None]] = {
    "abstract": card,
    "castle": land,
    "dragon": crags,
    "forest": land,
    "knight": land,
    "wizard": tower_room,
    "ship": sea,
    "spaceship": space,
    "robot": factory,
    "sword": card,
    "potion": shelf,
    "mountain": land,
    "city": land,
    "cat": room,
    "tavern": land,
    "island": heaven,
    "crystal": cave,
    "tree": land,
    "mushroom": undergrowth,
    "shield": banner,
    "chest": hall,
    "planet": space,
    "lighthouse": sea,
    "slime": land,
    "car": road,
}
"""How to paint the background of each subject."""

OUTDOORS = frozenset(
    subject for subject, paint in BACKDROPS.items() if paint in (land, crags, sea, heaven, road)
)
"""The subjects that weather falls on."""
