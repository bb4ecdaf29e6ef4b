"""Loads, prepares or empties a database, and is killed in the midst of it.

    python killed_worker.py DATABASE FOLDER load|prepare|delete POINT NUMBER

It kills itself when the method named by POINT is called for the NUMBERth time.
"""

from __future__ import annotations

import io
import os
import random
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from scenario_search.emulator.engine import library
from scenario_search.emulator.engine.library import Library
from scenario_search.emulator.likeness import likenesses
from scenario_search.emulator.likeness.features import PictureReader
from scenario_search.emulator.store.connections import Connections
from scenario_search.emulator.text.catalogue import TextCatalogue
from scenario_search.emulator.vectors.index import Vectors

ASSETS, BATCH = 25, 10
NAMES = {"old": "castle", "new": "dragon"}


class Words:
    """An embedder for which the two versions of a document have nothing in common."""

    name, dimensions = "words", 2

    def embed(self, texts: Sequence[str]) -> Vectors:
        rows = [[float(word in text) for word in NAMES.values()] for text in texts]
        return np.array(rows, np.float32).reshape(-1, 2)


def documents(version: str) -> list[dict[str, Any]]:
    metadata = {"name": NAMES[version]}
    return [{"id": f"{n}", "tags": [version], "metadata": metadata} for n in range(ASSETS)]


def picture(version: str, number: int) -> bytes:
    """A PNG of random lines."""
    pick = random.Random(f"{version} {number}")
    image = Image.new("RGB", (64, 64), tuple(pick.randrange(256) for _ in range(3)))
    draw = ImageDraw.Draw(image)
    for _ in range(20):
        line = [pick.randrange(64) for _ in range(4)]
        draw.line(line, fill=tuple(pick.randrange(256) for _ in range(3)), width=3)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def write_pictures(folder: Path, version: str) -> None:
    for number in range(ASSETS):
        (folder / f"{number}.png").write_bytes(picture(version, number))


def die_at(owner: Any, name: str, number: int) -> None:
    usual: Callable[..., Any] = getattr(owner, name)
    calls = 0

    def counted(*args: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return usual(*args, **options)

    setattr(owner, name, counted)


POINTS = {
    "reading a file": (Path, "read_bytes"),
    "a transaction": (Connections, "writing"),
    "indexing texts": (TextCatalogue, "catch_up"),
    "embedding": (Words, "embed"),
    "looking at a picture": (PictureReader, "features"),
}


def main(database: str, folder: str, what: str, point: str, number: str) -> None:
    library._BATCH_WITH_FILES = BATCH  # type: ignore[misc]
    likenesses._AT_ONCE, likenesses._KEPT_EVERY = 5, 10  # type: ignore[misc]
    with Library(database, Words()) as held:
        die_at(*POINTS[point], int(number))
        if what == "load":
            held.load(documents("new"), folder=folder)
        elif what == "delete":
            held.delete([f"{n}" for n in range(ASSETS)], "assets")
        else:
            held.prepare(texts=True, pictures=True)
    print("it came to the end")


if __name__ == "__main__":
    main(*sys.argv[1:])
