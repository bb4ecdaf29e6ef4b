"""Figures: what stays the same in every demo picture of a subject, as data in ``figures.txt``.

A figure is a name in brackets and a line for each of its shapes, in the order they are drawn::

    [knight cape]
    blob accent*0.8 -16,-12 16,-12 27,20 24,44 0,40 -24,44 -27,20

A shape is its kind, its color (a name, perhaps times a light as for `shade`, or ``#rrggbb``),
numbers and points. All measures are hundredths of the picture's shorter side, from its middle:

==============  ================================================  ==============================
kind            numbers                                           points
==============  ================================================  ==============================
polygon, blob   none                                              its outline
oval            none                                              its middle, its two radii
box             the radius of its corners, if they are round      two opposite corners
line            its width                                         the joints
limb            its width at either end                           the joints
star            its radius, how many tips                         its middle
window          half its width and height                         its middle
light           its radius                                        its middle
==============  ================================================  ==============================

After an ``@`` comes where it is repeated: ``mirrored``, or the offsets it is drawn at. A line that
begins with ``#`` is a comment.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import NamedTuple

__all__ = ["Point", "Shape", "figure_of", "outline"]

Point = tuple[float, float]


class Shape(NamedTuple):
    """One shape of a figure; all measures in units of the picture."""

    kind: str
    color: str
    numbers: Sequence[float]
    points: Sequence[Point]
    places: Sequence[Point]
    mirrored: bool


def outline(text: str) -> list[Point]:
    """Points written as `"x,y x,y"` in hundredths, as shapes read best."""
    pairs = (pair.split(",") for pair in text.split())
    return [(float(x) / 100, float(y) / 100) for x, y in pairs]


def figure_of(name: str) -> Sequence[Shape]:
    """The shapes of a figure, in the order they are drawn.

    Raises:
        KeyError: There is no figure of this name.
    """
    return _figures()[name]


@cache
def _figures() -> dict[str, list[Shape]]:
    figures: dict[str, list[Shape]] = {}
    folder = resources.files("scenario_search.emulator.demo.drawing")
    text = folder.joinpath("figures.txt").read_text(encoding="utf-8")
    shapes: list[Shape] = []
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            shapes = figures[line.strip("[]")] = []
        else:
            shapes.append(_shape(line))
    return figures


def _shape(line: str) -> Shape:
    drawn, _, repeated = line.partition(" @ ")
    kind, color, *measures = drawn.split()
    numbers = [float(each) / 100 for each in measures if "," not in each]
    points = outline(" ".join(each for each in measures if "," in each))
    mirrored = repeated == "mirrored"
    places = outline("0,0" if mirrored else repeated or "0,0")
    return Shape(kind, color, numbers, points, places, mirrored)
