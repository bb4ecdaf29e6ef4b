"""Pictures inside of a picture: what a screenshot frames, the parts of a collage.

Interfaces and collages put pictures into upright rectangles, whose borders are straight lines of
strong steps from one pixel to the next. `panels` looks for the rectangles between such lines.
"""

from __future__ import annotations

import itertools
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["MOST_PANELS", "Panel", "panels"]

MOST_PANELS: Final = 4

_LOOKED_AT: Final = 192  # pixels of the longer side: enough for borders, too few for texture
_STEP: Final = 24  # of 255, in any of the three colours
_MOST_LINES: Final = 6
_LEAST_OF_LINE: Final = 0.2  # of its pixels lie beside a step
_LEAST_SIDE: Final = 0.2  # of the picture's
_LEAST_AREA: Final = 0.08

Steps: TypeAlias = NDArray[np.bool_]


class Panel(NamedTuple):
    """A rectangle in pixels; right and bottom are the first ones outside."""

    left: int
    top: int
    right: int
    bottom: int


def panels(image: Image.Image) -> list[Panel]:
    """Returns the rectangles that most likely hold a picture of their own, best first.

    Args:
        image: RGB, of any size.
    """
    scale = min(1.0, _LOOKED_AT / max(image.size))
    width, height = (max(1, round(side * scale)) for side in image.size)
    small = image.resize((width, height), Image.Resampling.BOX)
    pixels = np.asarray(small, dtype=np.int16)
    # The step at index i is the one before pixel i; the image's own edges are lines, too.
    across = np.pad(np.abs(np.diff(pixels, axis=1)).max(axis=2) > _STEP, ((0, 0), (1, 0)))
    down = np.pad(np.abs(np.diff(pixels, axis=0)).max(axis=2) > _STEP, ((1, 0), (0, 0)))
    rectangles = [
        (_likelihood(across, down, rectangle), rectangle)
        for left, right in _spans(across.mean(axis=0))
        for top, bottom in _spans(down.mean(axis=1))
        if (right - left) * (bottom - top) >= _LEAST_AREA * width * height
        and (rectangle := Panel(left, top, right, bottom)) != (0, 0, width, height)
    ]
    chosen: list[Panel] = []
    for _, rectangle in sorted(rectangles, reverse=True):
        if len(chosen) < MOST_PANELS and all(_differ(rectangle, other) for other in chosen):
            chosen.append(rectangle)
    x, y = image.width / width, image.height / height
    return [
        Panel(*(round(side * by) for side, by in zip(panel, (x, y, x, y), strict=True)))
        for panel in chosen
    ]


def _spans(share: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Returns the ranges between the strongest lines that are long enough, the edges included."""
    size = len(share)
    lines = {0, size}
    left = np.where(share >= _LEAST_OF_LINE, share, 0)
    for _ in range(_MOST_LINES):
        if not left.any():
            break
        line = int(left.argmax())
        lines.add(line)
        left[max(0, line - 3) : line + 4] = 0  # a soft border is one line
    return [
        (start, end)
        for start, end in itertools.combinations(sorted(lines), 2)
        if end - start >= _LEAST_SIDE * size
    ]


def _likelihood(across: Steps, down: Steps, rectangle: Panel) -> float:
    """Returns how sure its weakest border is, with more for large and for wholly framed ones."""
    left, top, right, bottom = rectangle
    height, width = across.shape
    borders = [
        *(across[top:bottom, x].mean() for x in (left, right) if 0 < x < width),
        *(down[y, left:right].mean() for y in (top, bottom) if 0 < y < height),
    ]
    area = (right - left) * (bottom - top) / (width * height)
    return float(min(borders) + 0.1 * len(borders) + 0.3 * area**0.5)


def _differ(one: Panel, other: Panel) -> bool:
    return sum(abs(a - b) for a, b in zip(one, other, strict=True)) > 8
