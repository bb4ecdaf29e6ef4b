"""How well the emulator finds edited copies of the demo pictures, and pictures of one subject.

    python tests/benchmarks/bench_likeness.py [--pictures 500] [--edited 80] [--short] [--json FILE]

The pictures searched are drawn as small as the emulator draws them, the edits are made of larger
ones.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable
from io import BytesIO
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from scenario_search.emulator.demo.data import iter_assets, subject_of
from scenario_search.emulator.demo.drawing.pictures import draw_asset, picture_of
from scenario_search.emulator.likeness.features import SIDE, PictureReader
from scenario_search.emulator.likeness.likeness import reference, scores
from scenario_search.emulator.likeness.reading import read_image

Edit = Callable[[Image.Image], Image.Image]


def cropped(left: float, top: float, right: float, bottom: float) -> Edit:
    def crop(image: Image.Image) -> Image.Image:
        wide, high = image.size
        return image.crop(
            (int(left * wide), int(top * high), int(right * wide), int(bottom * high))
        )

    return crop


def hue(shift: int) -> Edit:
    def turn(image: Image.Image) -> Image.Image:
        bands = np.asarray(image.convert("HSV")).copy()
        bands[..., 0] += np.uint8(shift)
        return Image.fromarray(bands, "HSV").convert("RGB")

    return turn


def scaled(wide: float, high: float) -> Edit:
    return lambda image: image.resize((int(image.width * wide), int(image.height * high)))


def jpeg(image: Image.Image) -> Image.Image:
    out = BytesIO()
    image.save(out, "JPEG", quality=25)
    return Image.open(out).convert("RGB")


EDITS: dict[str, Edit] = {
    "crop, middle 80%": cropped(0.1, 0.1, 0.9, 0.9),
    "crop, top left 80%": cropped(0, 0, 0.8, 0.8),
    "crop, bottom right 75%": cropped(0.25, 0.25, 1, 1),
    "mirrored": ImageOps.mirror,
    "upside down": ImageOps.flip,
    "JPEG, quality 25": jpeg,
    "hue + 40/256": hue(40),
    "hue + 128/256": hue(128),
    "scaled to a third": scaled(1 / 3, 1 / 3),
    "height x 0.7": scaled(1, 0.7),
    "brightness x 1.4": lambda image: ImageEnhance.Brightness(image).enhance(1.4),
    "grey": lambda image: ImageOps.grayscale(image).convert("RGB"),
}


def measure(pictures: int, edited: int) -> dict[str, float]:
    """R@1 of edits at ratio 0, same-subject precision@10 at ratio 1, time a picture."""
    assets = [
        asset
        for asset in islice(iter_assets(n=20 * pictures), 20 * pictures)
        if asset["metadata"]["kind"] == "image"
    ][:pictures]
    reader = PictureReader()
    reader.features(Image.new("RGB", (SIDE, SIDE)))
    started, busy = time.perf_counter(), time.process_time()
    drawn = [
        read_image(draw_asset({**asset, "mimeType": "image/png"}, max_side=SIDE))
        for asset in assets
    ]
    results = {"drawing, ms a picture": 1000 * (time.perf_counter() - started) / len(assets)}
    started = time.perf_counter()
    features = np.stack([reader.features(image) for image in drawn])
    results["features, ms a picture"] = 1000 * (time.perf_counter() - started) / len(assets)
    results["both, ms of CPU a picture"] = 1000 * (time.process_time() - busy) / len(assets)
    chosen = np.random.default_rng(0).permutation(len(assets))[:edited].tolist()
    images = {at: picture_of(assets[at], max_side=384).convert("RGB") for at in chosen}
    for name, edit in EDITS.items():
        found = [
            int(scores(reference([reader.features(edit(images[at]))]), features, 0).argmax()) == at
            for at in chosen
        ]
        results[f"R@1, {name}"] = float(np.mean(found))
    results["R@1, all edits"] = float(
        np.mean([value for name, value in results.items() if name.startswith("R@1")])
    )
    subjects = np.array([subject_of(asset) for asset in assets])
    counts = Counter(subjects.tolist())
    for ratio in (1.0, 0.5, 0.0):
        precisions = []
        for at, own in enumerate(features):
            likeness = scores(reference([own]), features, ratio)
            likeness[at] = -2  # it finds itself first, which proves nothing
            same = subjects[np.argsort(-likeness)[:10]] == subjects[at]
            precisions.append(same.mean())
        results[f"same subject, precision@10 at ratio {ratio}"] = float(np.mean(precisions))
    attainable = [min(10, counts[subject] - 1) / 10 for subject in subjects.tolist()]
    results["same subject, attainable"] = float(np.mean(attainable))
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=500)
    parser.add_argument("--edited", type=int, default=80)
    parser.add_argument("--short", action="store_true", help="only show that it works")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    arguments = parser.parse_args()
    if arguments.short:
        arguments.pictures, arguments.edited = 30, 4
    results = measure(arguments.pictures, arguments.edited)
    for name, value in results.items():
        print(f"{name:45} {value:8.3f}")
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
