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
from PIL import Image, ImageDraw, ImageEnhance, ImageOps

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


def screenshot(picture: Image.Image, draw: np.random.Generator) -> Image.Image:
    """A window with bars, lists and the picture, dark or light."""
    size = [(1280, 720), (1440, 900), (1080, 1350)][draw.integers(3)]
    wide, high = size
    dark = draw.random() < 0.5
    back, bar, ink = ("#1e2024", "#282b30", "#ccc") if dark else ("#f5f6f8", "#e6e8ec", "#444")
    top, side = int(0.08 * high), int(wide * draw.choice([0, 0.15, 0.22]))
    foot = int(high * draw.choice([0, 0.05, 0.12]))
    window = Image.new("RGB", size, back)
    canvas = ImageDraw.Draw(window)
    canvas.rectangle((0, 0, wide, top), bar)
    canvas.rectangle((wide // 3, top // 2 - 5, wide // 2, top // 2 + 5), ink)
    canvas.rectangle((0, top, side, high), bar)
    for y in range(top + 24, high, 36) if side else ():
        canvas.rectangle((16, y, 16 + int((side - 40) * draw.uniform(0.4, 1)), y + 10), ink)
    for y in range(high - foot + 10, high, 24):
        end = side + 20 + int((wide - side - 40) * draw.uniform(0.3, 0.9))
        canvas.rectangle((side + 20, y, end, y + 8), ink)
    margin = int(min(size) * draw.uniform(0.02, 0.08))
    room = (wide - side - 2 * margin, high - top - foot - 2 * margin)
    shown = ImageOps.contain(picture, room)
    left = side + margin + (room[0] - shown.width) // 2
    window.paste(shown, (left, top + margin + (room[1] - shown.height) // 2))
    return window


def collage(pictures: list[Image.Image], gap: int) -> Image.Image:
    """Four pictures in a square of 640 pixels."""
    side = (640 - gap) // 2
    result = Image.new("RGB", (640, 640), "white")
    for place, picture in enumerate(pictures):
        corner = (place % 2 * (side + gap), place // 2 * (side + gap))
        result.paste(picture.resize((side, side)), corner)
    return result


def crop_of_area(share: float, draw: np.random.Generator) -> Edit:
    """A crop of this share of a picture's area, anywhere in it."""
    side = share**0.5
    left, top = draw.uniform(0, 1 - side, 2).tolist()
    return cropped(left, top, left + side, top + side)


class Library:
    """The pictures searched."""

    def __init__(self, reader: PictureReader, features: np.ndarray) -> None:
        self.reader = reader
        self.features = features

    def first(self, image: Image.Image) -> int:
        """Returns the number of the first hit at ratio 0, as the emulator finds it."""
        views = [reference([view]) for view in self.reader.features_with_panels(image)]
        return int(scores(views, self.features, 0).argmax())

    def recall(self, images: dict[int, Image.Image], edit: Edit) -> float:
        """Returns how often the original is the first hit for its edit."""
        return float(np.mean([self.first(edit(image)) == at for at, image in images.items()]))


def measure_inside(library: Library, images: dict[int, Image.Image]) -> dict[str, float]:
    """R@1 of pictures in screenshots and collages, and of ever smaller crops, at ratio 0."""
    draw = np.random.default_rng(1)
    numbers = list(images)
    fours = [numbers[start : start + 4] for start in range(0, len(numbers) - 3, 4)]
    of_collages = [
        library.first(collage([images[at] for at in four], gap)) in four
        for four in fours
        for gap in (0, 12)
    ]
    results = {
        "inside, screenshot": library.recall(images, lambda image: screenshot(image, draw)),
        "inside, any of a collage of four": float(np.mean(of_collages)),
    }
    for percent in (90, 80, 70, 60, 50, 40, 30):
        results[f"inside, crop of {percent}% of the area"] = library.recall(
            images, lambda image, share=percent / 100: crop_of_area(share, draw)(image)
        )
    return results


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
    library = Library(reader, features)
    for name, edit in EDITS.items():
        results[f"R@1, {name}"] = library.recall(images, edit)
    results["R@1, all edits"] = float(
        np.mean([value for name, value in results.items() if name.startswith("R@1")])
    )
    results |= measure_inside(library, images)
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
