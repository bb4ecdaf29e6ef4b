from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from scenario_search.emulator.likeness.features import DIMENSIONS, STRUCTURE, SUBJECT, PictureReader
from scenario_search.emulator.likeness.likeness import reference, scores


@pytest.fixture(scope="module")
def reader() -> PictureReader:
    return PictureReader()


def drawn(seed: int) -> Image.Image:
    """Shapes in places and colours of their own."""
    draw_number = np.random.default_rng(seed).integers
    image = Image.new("RGB", (300, 300), tuple(draw_number(0, 255, 3).tolist()))
    draw = ImageDraw.Draw(image)
    for _ in range(12):
        x, y = draw_number(0, 260, 2).tolist()
        size = int(draw_number(20, 120))
        color = tuple(draw_number(0, 255, 3).tolist())
        shape = [draw.ellipse, draw.rectangle][seed % 2]
        shape((x, y, x + size, y + size), fill=color)
    return image


def test_both_halves_have_length_one(reader: PictureReader) -> None:
    features = reader.features(drawn(1))
    assert features.dtype == np.float16
    assert features.shape == (DIMENSIONS,)
    for half in (STRUCTURE, SUBJECT):
        assert np.linalg.norm(features[half].astype(np.float32)) == pytest.approx(1, abs=2e-3)


def test_features_are_the_same_every_time(reader: PictureReader) -> None:
    assert (PictureReader().features(drawn(1)) == reader.features(drawn(1))).all()


def test_a_mirrored_copy_is_found_at_ratio_zero(reader: PictureReader) -> None:
    pictures = np.stack([reader.features(drawn(seed)) for seed in range(6)])
    for seed in range(6):
        query = reference([reader.features(ImageOps.mirror(drawn(seed)))])
        assert scores(query, pictures, 0).argmax() == seed


@pytest.mark.parametrize(
    "image",
    [
        Image.new("RGB", (1, 1)),
        Image.new("RGB", (2000, 3), "white"),
        Image.new("L", (64, 64), 9),
        Image.new("RGBA", (64, 64)),
    ],
)
def test_plain_and_odd_pictures_have_finite_features(
    reader: PictureReader, image: Image.Image
) -> None:
    assert np.isfinite(reader.features(image)).all()
