from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from scenario_search.emulator.likeness.panels import MOST_PANELS, Panel, panels


def noise(size: tuple[int, int], seed: int = 1) -> Image.Image:
    """A picture in which no line is straight."""
    pixels = np.random.default_rng(seed).integers(0, 24, (size[1], size[0], 3))
    return Image.fromarray(pixels.astype(np.uint8))


def near(one: Panel, other: Panel, pixels: int) -> bool:
    return all(abs(a - b) <= pixels for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("back", ["white", (120, 130, 140)])
@pytest.mark.parametrize("scale", [1, 4])
def test_a_picture_in_a_frame_is_the_first_panel(back: object, scale: int) -> None:
    window = Image.new("RGB", (160 * scale, 100 * scale), back)
    place = Panel(*(side * scale for side in (50, 20, 130, 90)))
    window.paste(noise((80 * scale, 70 * scale)), place[:2])
    assert near(panels(window)[0], place, scale)


def test_each_picture_of_a_collage_is_a_panel() -> None:
    collage = Image.new("RGB", (200, 200), "white")
    places = [Panel(x, y, x + 97, y + 97) for x in (0, 103) for y in (0, 103)]
    for seed, place in enumerate(places):
        collage.paste(noise((97, 97), seed), place[:2])
    assert all(any(near(panel, place, 4) for panel in panels(collage)) for place in places)


@pytest.mark.parametrize(
    "image",
    [
        Image.new("RGB", (1, 1)),
        Image.new("RGB", (3000, 1), "red"),
        Image.new("RGB", (200, 100), "white"),
        noise((120, 80)),
    ],
)
def test_a_picture_without_borders_has_no_panels(image: Image.Image) -> None:
    assert panels(image) == []


def test_panels_are_few_differ_and_lie_inside() -> None:
    stripes = np.zeros((210, 333, 3), np.uint8)
    stripes[::20] = stripes[:, ::30] = 255
    found = panels(Image.fromarray(stripes))
    assert len(set(found)) == len(found) == MOST_PANELS
    assert all(0 <= p.left < p.right <= 333 and 0 <= p.top < p.bottom <= 210 for p in found)
