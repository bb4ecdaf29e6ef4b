from __future__ import annotations

import io
import pickle

import numpy as np
import pytest
from PIL import Image, ImageDraw

from scenario_search.emulator.likeness.efficientnet import WEIGHTS, EfficientNetLite0, read_state

BALLOON = 417
"""The number of "balloon" among ImageNet's thousand classes."""


def test_the_shapes_halve_while_the_channels_grow() -> None:
    outputs = EfficientNetLite0().stages(np.zeros((2, 64, 96, 3), dtype=np.uint8))
    assert [output.shape for output in outputs] == [
        (2, 16, 32, 48),
        (2, 24, 16, 24),
        (2, 40, 8, 12),
        (2, 80, 4, 6),
        (2, 112, 4, 6),
        (2, 192, 2, 3),
        (2, 320, 2, 3),
        (2, 1280, 2, 3),
    ]


def test_a_drawn_balloon_is_a_balloon_to_the_networks_own_classifier() -> None:
    image = Image.new("RGB", (224, 224), (140, 190, 240))
    draw = ImageDraw.Draw(image)
    draw.ellipse((52, 20, 172, 150), fill=(220, 40, 40))
    for at in (60, 75, 90, 105):
        draw.ellipse((at, 20, 224 - at, 150), outline=(250, 220, 60), width=4)
    draw.line((92, 142, 104, 185), fill=(60, 40, 20), width=2)
    draw.line((132, 142, 120, 185), fill=(60, 40, 20), width=2)
    draw.rectangle((102, 185, 122, 203), fill=(120, 80, 40))
    with WEIGHTS.checked().open("rb") as file:
        state = read_state(file)
    head = EfficientNetLite0().stages(np.asarray(image)[None])[-1][0].mean(axis=(1, 2))
    logits = state["_fc.weight"] @ head + state["_fc.bias"]
    assert logits.argmax() == BALLOON


def test_a_picture_is_described_alike_alone_and_among_others() -> None:
    pictures = np.random.default_rng(0).integers(0, 255, (3, 64, 64, 3), dtype=np.uint8)
    network = EfficientNetLite0()
    alone = network.stages(pictures[1:2])[-1][0]
    assert np.allclose(network.stages(pictures)[-1][1], alone, atol=1e-3)


def test_a_pickle_that_would_run_code_is_refused() -> None:
    with pytest.raises(pickle.UnpicklingError, match="has no place"):
        read_state(io.BytesIO(pickle.dumps(print)))
