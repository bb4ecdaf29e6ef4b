"""Features of pictures in a folder that emulators share, each in a file named by what it is of."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from pathlib import Path

import numpy as np

from scenario_search.emulator.likeness.features import DIMENSIONS, VERSION, Features

__all__ = ["FeatureCache"]


class FeatureCache:
    """A folder of features. Threads and processes may share it, and it may be deleted at any time.

    Args:
        folder: The folder, made if it is not there.
    """

    def __init__(self, folder: Path | str) -> None:
        self._folder = Path(folder)
        self._folder.mkdir(parents=True, exist_ok=True)

    def get(self, picture: bytes) -> Features | None:
        """Returns the features of a picture, if they are there.

        Args:
            picture: What the picture looks like follows from this: its file, or how it is drawn.
        """
        with contextlib.suppress(OSError):
            row = self._path(picture).read_bytes()
            if len(row) == 2 * DIMENSIONS:
                return np.frombuffer(row, "<f2").astype(np.float16)
        return None

    def put(self, picture: bytes, features: Features) -> None:
        """Keeps the features of a picture, where the folder can be written."""
        path = self._path(picture)
        unfinished = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
        with contextlib.suppress(OSError):
            unfinished.write_bytes(features.astype("<f2").tobytes())
            unfinished.replace(path)

    def _path(self, picture: bytes) -> Path:
        return self._folder / hashlib.sha256(VERSION.encode() + picture).hexdigest()
