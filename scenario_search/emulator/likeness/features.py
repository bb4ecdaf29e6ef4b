"""Pictures to vectors, for search by likeness.

Both halves come from one run of EfficientNet-Lite0 at 128 x 128 pixels. How much the channels of
its middle stages vary over the picture tells strokes and texture: near duplicates agree in it,
cropped, mirrored, recoloured or compressed. The mean of the last stage tells what is shown.
Measured by ``tests/benchmarks/bench_likeness.py``.
"""

from __future__ import annotations

import threading
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scenario_search.emulator.likeness.efficientnet import EfficientNetLite0
from scenario_search.emulator.likeness.panels import panels

__all__ = ["DIMENSIONS", "SIDE", "STRUCTURE", "SUBJECT", "VERSION", "Features", "PictureReader"]

Features: TypeAlias = NDArray[np.float16]

# Features of another version cannot be compared with these: compute them anew.
VERSION = "efficientnet-lite0 128px structure+subject 2"

SIDE = 128
STRUCTURE_STAGES = (2, 3, 4)
SUBJECT_STAGE = 6

# 40 + 80 + 112 channels, and 320.
STRUCTURE = slice(0, 232)
SUBJECT = slice(232, 552)
DIMENSIONS = 552


class PictureReader:
    """Computes features; the first call reads the network's weights, a tenth of a second."""

    def __init__(self) -> None:
        self._loading = threading.Lock()
        self._network: EfficientNetLite0 | None = None

    def features(self, image: Image.Image) -> Features:
        """Describe a picture; it takes about 5 ms on one core. Threads may share a reader.

        Args:
            image: Of any size; stretched to a square. Read it with `image_reading.read_image`.

        Returns:
            float16 of shape ``(DIMENSIONS,)``: `STRUCTURE` and `SUBJECT`, each of length 1.

        Raises:
            ModelUnavailableError: The package of the weights is not installed, or is another.
        """
        network = self._open()
        small = image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX)
        stages = network.stages(np.asarray(small)[None])
        structure = np.concatenate(
            [_unit(stages[stage][0].std(axis=(1, 2))) for stage in STRUCTURE_STAGES]
        )
        subject = stages[SUBJECT_STAGE][0].mean(axis=(1, 2))
        return np.concatenate([_unit(structure), _unit(subject)]).astype(np.float16)

    def features_with_panels(self, image: Image.Image) -> list[Features]:
        """Returns the features of a picture, and then those of the pictures it seems to hold.

        Raises:
            NetworkUnavailableError: The package of the weights is not installed.
        """
        image = image.convert("RGB")
        inside = [image.crop(panel) for panel in panels(image)]
        return [self.features(each) for each in (image, *inside)]

    def _open(self) -> EfficientNetLite0:
        with self._loading:
            if self._network is None:
                self._network = EfficientNetLite0()
            return self._network


def _unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    length = float(np.linalg.norm(vector))
    return vector / np.float32(length) if length else vector
