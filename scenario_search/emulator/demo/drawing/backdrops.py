"""What stands behind the subjects of the demo pictures, and the weather before them."""

from __future__ import annotations

import math
from collections.abc import Callable

from scenario_search.emulator.demo.drawing.brush import WHITE, Brush, Color, mix, shade
from scenario_search.emulator.demo.scenes import Scene

__all__ = ["BACKDROPS", "OUTDOORS", "SKIES", "paint_lightning", "paint_weather", "sky_colors"]

# time of day: sky above, sky at the horizon, ground
SKIES: dict[str, tuple[Color, Color, Color]] = {
    "day": ((70, 142, 222), (196, 228, 246), (112, 160, 84)),
    "sunset": ((76, 56, 128), (255, 158, 92), (104, 84, 80)),
    "dawn": ((122, 152, 214), (255, 210, 194), (126, 138, 110)),
    "night": ((10, 15, 46), (52, 66, 120), (36, 54, 68)),
}
_NEBULAE: dict[str, Color] = {
    "day": (60, 90, 150),
    "sunset": (150, 70, 60),
    "dawn": (120, 80, 120),
    "night": (40, 40, 110),
}
_BOOKS = ((150, 60, 50), (60, 90, 120), (90, 110, 60), (140, 110, 60))


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


def _stars(brush: Brush, count: int, low: float, color: Color) -> None:
    """Stars down to a height."""
    wide, high = brush.half_width, brush.half_height
    for size, x, y in brush.pick.numbers(count, (0.001, 0.004), (-wide, wide), (-high, low)):
        brush.oval(x, y, size, size, color)


def _sky(brush: Brush, scene: Scene, top: Color, low: Color) -> None:
    brush.fill(top, low)
    pick, wide, high = brush.pick, brush.half_width, brush.half_height
    side = pick.one((-1, 1))
    if scene.time == "night":
        _stars(brush, 70, 0.2, (226, 230, 255))
        x, y = side * wide * pick.between(0.5, 0.8), -high + pick.between(0.12, 0.22)
        brush.oval(x, y, 0.075, 0.075, (244, 240, 214))
        brush.oval(x + 0.03, y - 0.01, 0.066, 0.066, mix(top, low, 0.15))
        brush.light(x, y, 0.13, (90, 96, 120))
    elif scene.weather not in ("storm", "fog"):
        height = {"day": -high + 0.15, "dawn": -0.02, "sunset": 0.03}[scene.time]
        size = 0.065 if scene.time == "day" else 0.12
        x = side * wide * pick.between(0.4, 0.8)
        sun = (255, 246, 206) if scene.time != "sunset" else (255, 214, 130)
        brush.oval(x, height, size, size, sun)
        brush.light(x, height, size * 1.8, (120, 96, 60))
    brush.colors["cloud"] = mix(low, WHITE, 0.35 if scene.time != "night" else 0.08)
    count = pick.number(2, 5) + (4 if scene.weather in ("storm", "rain") else 0)
    for x, y, size in pick.numbers(count, (-wide, wide), (-high, -0.08), (0.08, 0.2)):
        brush.figure("cloud", x, y, size)


def _hills(brush: Brush, color: Color, far: Color, first: float, last: float) -> None:
    wide, high, pick = brush.half_width, brush.half_height, brush.pick
    for row in range(3):
        level = first + (last - first) * row / 2
        phase, waves, swing = pick.between(0, 6), pick.between(2, 4), 0.05 - row * 0.012
        points = [
            (at / 20 * wide, level + math.sin(phase + at / 20 * waves) * swing)
            for at in range(-20, 21)
        ]
        brush.polygon([*points, (wide, high), (-wide, high)], mix(far, color, 0.35 + row * 0.32))


def land(brush: Brush, scene: Scene) -> None:
    top, low, ground = sky_colors(scene)
    _sky(brush, scene, top, low)
    _hills(brush, ground, low, 0.06, 0.3)
    wide, high = brush.half_width, brush.half_height
    for x, y, light in brush.pick.numbers(60, (-wide, wide), (0.33, high), (0.75, 1.2)):
        brush.polygon([(x - 0.012, y), (x, y - 0.03), (x + 0.012, y)], shade(ground, light))


def crags(brush: Brush, scene: Scene) -> None:
    top, low, ground = sky_colors(scene)
    _sky(brush, scene, top, low)
    wide, high, pick = brush.half_width, brush.half_height, brush.pick
    for row in range(2):
        points = [
            (at / 6 * wide, 0.2 + row * 0.12 - (at + row) % 2 * pick.between(0.12, 0.3))
            for at in range(-6, 7)
        ]
        brush.polygon([*points, (wide, 0.9), (-wide, 0.9)], mix(low, (66, 58, 66), 0.4 + row * 0.3))
    floor = [(-wide, 0.4), (wide, 0.37), (wide, 1), (-wide, 1)]
    brush.polygon(floor, mix(ground, (70, 60, 62), 0.6))
    for x, y in pick.numbers(16, (-wide, wide), (0.4, high)):
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
    for x, y, long in pick.numbers(40, (-wide, wide), (0.22, high), (0.03, 0.09)):
        brush.line([(x, y), (x + long, y)], 0.005, shade(water, 1.55))


def space(brush: Brush, scene: Scene) -> None:
    across, down = (-brush.half_width, brush.half_width), (-brush.half_height, brush.half_height)
    brush.fill((8, 8, 22), mix((20, 16, 44), brush.main, 0.15))
    nebula = shade(mix(_NEBULAE[scene.time], brush.accent, 0.3), 0.6)
    for x, y, radius in brush.pick.numbers(7, across, down, (0.1, 0.3)):
        brush.light(x, y, radius, nebula)
    _stars(brush, 150, brush.half_height, (230, 232, 255))
    for x, y, radius in brush.pick.numbers(5, across, down, (0.015, 0.035)):
        brush.star(x, y, radius, WHITE)


def heaven(brush: Brush, scene: Scene) -> None:
    top, low, _ = sky_colors(scene)
    _sky(brush, scene, top, low)
    wide = brush.half_width
    for row in range(3):
        bright = (0.3 + row * 0.2) * (0.35 if scene.time == "night" else 1)
        brush.colors["cloud"] = mix(low, WHITE, bright)
        for x, size in brush.pick.numbers(7, (-wide, wide), (0.14, 0.26)):
            brush.figure("cloud", x, brush.half_height - 0.12 + row * 0.06, size)


def cave(brush: Brush, scene: Scene) -> None:
    pick, wide, high = brush.pick, brush.half_width, brush.half_height
    _, low, _ = sky_colors(scene)
    rock = mix((44, 40, 54), low, 0.18)
    brush.fill(shade(rock, 0.5), rock)
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
    brush.fill(mix(moss, top, 0.35), mix(moss, low, 0.6))
    for row in range(2):
        tone = mix(mix((60, 52, 48), low, 0.45 - row * 0.25), moss, 0.3)
        for x, thick in pick.numbers(7, (-wide, wide), (0.03, 0.07)):
            half = thick * (1 + row)
            upper = [(x - half * 0.7, -high), (x + half * 0.7, -high)]
            brush.polygon([*upper, (x + half, high), (x - half, high)], tone)
    edge = [(-wide - 0.2, 0.4), (-wide / 2, 0.3), (0, 0.36), (wide / 2, 0.31), (wide + 0.2, 0.4)]
    brush.blob([*edge, (wide, high + 0.3), (-wide, high + 0.3)], shade(moss, 0.7))
    for x, y, lean, light in pick.numbers(
        40, (-wide, wide), (0.36, high), (-0.03, 0.03), (0.7, 1.35)
    ):
        brush.polygon([(x - 0.014, y), (x + lean, y - 0.08), (x + 0.014, y)], shade(moss, light))


def card(brush: Brush, scene: Scene) -> None:
    """Rays around an item, as on an inventory icon."""
    top, low, _ = sky_colors(scene)
    base = mix(mix(top, low, 0.5), brush.accent, 0.3)
    brush.fill(shade(base, 0.75), shade(base, 0.5))
    start, count = brush.pick.between(0, 1), 14
    for at in range(count):
        angle, span = start + at * math.tau / count, math.tau / count * 0.5
        ends = [(math.cos(a) * 1.6, math.sin(a) * 1.6) for a in (angle, angle + span)]
        brush.polygon([(0, 0), *ends], shade(base, 0.9))
    brush.light(0, 0, 0.3, shade(low, 0.4))


def shelf(brush: Brush, scene: Scene) -> None:
    """A shelf with books before a window, whose light tells the time."""
    top, low, _ = sky_colors(scene)
    pick, wide = brush.pick, brush.half_width
    wall = mix((92, 70, 62), low, 0.25)
    brush.fill(shade(wall, 0.8), wall)
    brush.oval(0, -0.12, 0.36, 0.36, shade(wall, 0.5))
    brush.oval(0, -0.12, 0.33, 0.33, mix(top, low, 0.6))
    brush.light(0, -0.12, 0.2, shade(low, 0.3))
    for side in (-1, 1):
        x = side * 0.38
        while abs(x) < wide:
            tall, thick = pick.between(0.2, 0.34), pick.between(0.045, 0.075)
            left, right = sorted((x, x + side * thick))
            brush.box(left, 0.43 - tall, right, 0.43, mix(pick.one(_BOOKS), wall, 0.35), 0.008)
            x += side * (thick + 0.008)
    brush.box(-wide, 0.42, wide, brush.half_height + 0.2, (108, 72, 46))
    brush.box(-wide, 0.42, wide, 0.445, (150, 104, 66))


def hall(brush: Brush, scene: Scene) -> None:
    """A vault of brick."""
    _, low, _ = sky_colors(scene)
    pick, wide, high = brush.pick, brush.half_width, brush.half_height
    brick = mix((98, 84, 84), low, 0.2)
    brush.fill(shade(brick, 0.55), shade(brick, 0.85))
    tall = (0.36 + high) / 9
    for row in range(9):
        x, y = -wide - row % 2 * 0.09, -high + row * (0.36 + high) / 9
        while x < wide:
            tone = shade(brick, pick.between(0.6, 0.85))
            brush.box(x, y, x + 0.17, y + tall - 0.012, tone, 0.01)
            x += 0.18
    floor = [(-wide, 0.34), (wide, 0.34), (wide, high + 0.1), (-wide, high + 0.1)]
    brush.polygon(floor, shade(brick, 0.7))
    for at in range(-6, 7):
        brush.line([(at * 0.12, 0.34), (at * 0.3, high)], 0.008, shade(brick, 0.5))
    for side in (-1, 1):
        brush.figure("torch", side * min(wide - 0.08, 0.52))


def banner(brush: Brush, scene: Scene) -> None:
    """A plain field with heraldic lozenges."""
    top, low, _ = sky_colors(scene)
    base = mix(mix(top, low, 0.55), (140, 130, 120), 0.35)
    brush.fill(shade(base, 1.1), shade(base, 0.7))
    brush.colors["lozenge"] = shade(base, 0.86)
    for row in range(-6, 7):
        for at in range(-9, 10):
            brush.figure("lozenge", at * 0.2 + row % 2 * 0.1, row * 0.16)


def tower_room(brush: Brush, scene: Scene) -> None:
    """A circle of runes under the open sky."""
    top, low, _ = sky_colors(scene)
    upper = shade(mix(top, (40, 24, 70), 0.5), 0.8)
    brush.fill(upper, mix(low, (60, 40, 90), 0.55))
    _stars(brush, 50, 0.2, WHITE)
    line = mix(brush.glow, low, 0.4)
    for radius, width in ((0.44, 0.012), (0.37, 0.006)):
        brush.ring(0, -0.06, radius, width, line)
    for at in range(12):
        angle = at * math.tau / 12
        x, y = math.cos(angle) * 0.405, -0.06 + math.sin(angle) * 0.405
        brush.star(x, y, 0.03, line, brush.pick.one((4, 5, 6)))
    floor = mix((70, 60, 80), low, 0.15)
    brush.box(-brush.half_width, 0.4, brush.half_width, brush.half_height + 0.2, floor)
    for at in range(-9, 10):
        brush.line([(at * 0.12, 0.4), (at * 0.2, brush.half_height)], 0.008, shade(floor, 0.7))


def factory(brush: Brush, scene: Scene) -> None:
    top, low, _ = sky_colors(scene)
    wall = mix((84, 92, 104), mix(top, low, 0.5), 0.4)
    brush.fill(shade(wall, 0.7), wall)
    pick, wide, high = brush.pick, brush.half_width, brush.half_height
    for at in range(-5, 6):
        x = at * 0.22
        brush.box(x - 0.09, -high, x + 0.09, 0.3, shade(wall, pick.between(0.72, 0.95)), 0.02)
        for y in (-0.4, -0.1, 0.2):
            brush.oval(x - 0.07, y, 0.008, 0.008, shade(wall, 0.5))
    for y in (-0.33, -0.27):
        brush.line([(-wide, y), (wide, y)], 0.03, shade(wall, 0.55))
    brush.box(-wide, 0.36, wide, high + 0.2, shade(wall, 0.5))
    x = -wide
    while x < wide:
        brush.figure("hazard stripe", x)
        x += 0.12


def room(brush: Brush, scene: Scene) -> None:
    """A parlor whose window shows the sky."""
    top, low, _ = sky_colors(scene)
    night = scene.time == "night"
    wall = shade(mix((214, 186, 160), brush.accent, 0.25), 0.55 if night else 0.95)
    brush.fill(wall, shade(wall, 0.85))
    wide, high = brush.half_width, brush.half_height
    at = -wide
    while at < wide:
        brush.box(at, -high, at + 0.045, 0.3, shade(wall, 0.92))
        at += 0.09
    brush.colors["sky"] = mix(top, low, 0.5)
    brush.figure("parlor window", brush.pick.one((-0.3, 0.3)))
    brush.box(-wide, 0.3, wide, high + 0.2, shade((140, 96, 64), 0.6 if night else 1))
    for y in (0.36, 0.44):
        brush.line([(-wide, y), (wide, y)], 0.006, (92, 62, 42))


def road(brush: Brush, scene: Scene) -> None:
    top, low, ground = sky_colors(scene)
    _sky(brush, scene, top, low)
    _hills(brush, ground, low, -0.02, 0.12)
    wide, high, pick = brush.half_width, brush.half_height, brush.pick
    brush.box(-wide, 0.17, wide, high + 0.2, (66, 66, 74))
    brush.box(-wide, 0.17, wide, 0.19, (230, 228, 220))
    x = -wide - pick.between(0, 0.2)
    while x < wide:
        brush.figure("road marking", x)
        x += 0.26
    for x, y, long in pick.numbers(12, (-wide, wide), (0.2, high), (0.1, 0.3)):
        brush.line([(x, y), (x + long, y)], 0.004, (92, 92, 100))


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
    across, down = (-brush.half_width, brush.half_width), (-brush.half_height, brush.half_height)
    if scene.weather in ("rain", "storm"):
        for x, y, long in brush.pick.numbers(90, across, down, (0.03, 0.07)):
            brush.line([(x, y), (x - long * 0.3, y + long)], 0.003, (186, 202, 224))
    if scene.weather == "snow":
        for size, x, y in brush.pick.numbers(110, (0.003, 0.009), across, down):
            brush.oval(x, y, size, size, WHITE)


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
