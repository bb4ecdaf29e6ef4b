from __future__ import annotations

from collections import defaultdict

import pytest
from PIL import Image

from scenario_search.emulator.demo.drawing import figures
from scenario_search.emulator.demo.drawing.backdrops import BACKDROPS
from scenario_search.emulator.demo.drawing.brush import Brush, Color
from scenario_search.emulator.demo.drawing.figures import Shape, outline
from scenario_search.emulator.demo.drawing.pictures import DRAWERS
from scenario_search.emulator.demo.picks import Pick
from scenario_search.emulator.demo.scenes import Scene

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
NAMES = sorted(figures._figures())


def brush_on(image: Image.Image, *key: object) -> Brush:
    return Brush(image, Pick(*key), (RED, GREEN, BLUE), night=True)


@pytest.fixture
def image() -> Image.Image:
    return Image.new("RGB", (100, 100))


def drawn(monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    """Makes the line the only shape of the figure "it"."""
    monkeypatch.setattr(figures, "_figures", lambda: {"it": [figures._shape(line)]})


def test_points_are_hundredths() -> None:
    assert outline("-12,3.5 0,50") == [(-0.12, 0.035), (0.0, 0.5)]


def test_a_line_is_a_kind_a_color_numbers_points_and_places() -> None:
    shape = figures._shape("limb skin*0.8 4 2 0,0 10,20 @ 0,0 5,-5")
    assert shape == Shape(
        *("limb", "skin*0.8", [0.04, 0.02]),
        *([(0, 0), (0.1, 0.2)], [(0, 0), (0.05, -0.05)], False),
    )


@pytest.mark.parametrize(
    ("color", "expected"),
    [("main", RED), ("accent*0.2", (0, 51, 0)), ("#102030", (16, 32, 48)), ("own", (1, 2, 3))],
)
def test_a_color_is_a_name_a_shade_of_one_or_a_number(
    monkeypatch: pytest.MonkeyPatch, image: Image.Image, color: str, expected: Color
) -> None:
    drawn(monkeypatch, f"box {color} -10,-10 10,10")
    brush = brush_on(image)
    brush.colors["own"] = (1, 2, 3)
    brush.figure("it")
    assert image.getpixel((50, 50)) == expected


def test_a_figure_is_drawn_where_and_as_large_as_asked(
    monkeypatch: pytest.MonkeyPatch, image: Image.Image
) -> None:
    drawn(monkeypatch, "oval main 10,0 10,5")
    brush_on(image).figure("it", 0.1, -0.2, 0.5)
    assert image.getbbox() == pytest.approx((60, 27.5, 70, 32.5), abs=1)


def test_a_mirrored_shape_is_drawn_on_both_sides(
    monkeypatch: pytest.MonkeyPatch, image: Image.Image
) -> None:
    drawn(monkeypatch, "box main -40,-10 -30,10 @ mirrored")
    brush_on(image).figure("it")
    assert [image.getpixel((x, 50)) for x in (15, 50, 85)] == [RED, (0, 0, 0), RED]


def test_a_shape_is_drawn_at_each_offset(
    monkeypatch: pytest.MonkeyPatch, image: Image.Image
) -> None:
    drawn(monkeypatch, "box main -2,-2 2,2 @ -30,0 0,0 0,30")
    brush_on(image).figure("it")
    points = ((20, 50), (50, 50), (50, 80), (80, 50))
    assert [image.getpixel(point) for point in points] == [RED, RED, RED, (0, 0, 0)]


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_has_something_to_show(name: str, image: Image.Image) -> None:
    brush = brush_on(image)
    brush.colors = defaultdict(lambda: RED, brush.colors)
    brush.figure(name, size=0.2)
    assert image.getbbox()


def test_every_figure_is_part_of_a_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    used = set()
    figure = Brush.figure

    def noted(brush: Brush, name: str, x: float = 0, y: float = 0, size: float = 1) -> None:
        used.add(name)
        figure(brush, name, x, y, size)

    monkeypatch.setattr(Brush, "figure", noted)
    scene = Scene("castle", "day", "clear", "natural")
    for subject, draw in DRAWERS.items():
        for at in range(12):
            brush = brush_on(Image.new("RGB", (16, 16)), subject, at)
            BACKDROPS[subject](brush, scene)
            draw(brush)
    assert sorted(used) == NAMES
