"""What the pictures of a store look like: features made when they are first needed, and kept.

A search by likeness needs the features of its candidates only: those that are missing are computed
then, which takes some ten milliseconds a picture the first time.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import numpy as np

from scenario_search.emulator.contract.fields import Kind
from scenario_search.emulator.contract.refusals import bad_request, check_wanted
from scenario_search.emulator.likeness import likeness
from scenario_search.emulator.likeness.feature_cache import FeatureCache
from scenario_search.emulator.likeness.features import (
    DIMENSIONS,
    SIDE,
    VERSION,
    Features,
    PictureReader,
)
from scenario_search.emulator.likeness.reading import (
    MAX_PIXELS,
    UnreadableImageError,
    read_data_url,
    read_image,
)
from scenario_search.emulator.store.files import Files
from scenario_search.emulator.store.store import Numbers, Store
from scenario_search.emulator.text.catalogue import numbered_documents
from scenario_search.emulator.vectors.index import Vectors
from scenario_search.emulator.vectors.kept import KeptVectors, RowTable
from scenario_search.emulator.vectors.progress_log import ProgressLog

__all__ = ["Likenesses"]

MAX_SECONDS = 10.0
"""How long the pictures of one search may take to look at."""

_AT_ONCE: Final = 32
_KEPT_EVERY: Final = 1024
"""So many pictures are looked at anew at most when the emulator dies meanwhile."""

_THREADS: Final = min(4, os.cpu_count() or 1)


class Likenesses:
    """Features of the assets' pictures.

    Args:
        store: The documents; the features are kept there too.
        files: Gives the pictures.
        stopping: Once set, computing is given up.
        cache: Has features of pictures that other emulators have seen; None for none.
    """

    def __init__(
        self,
        store: Store,
        files: Files,
        stopping: threading.Event,
        cache: FeatureCache | None = None,
    ) -> None:
        self._cache = cache
        self._store = store
        self._files = files
        self._stopping = stopping
        self._reader = PictureReader()
        self._lock = threading.Lock()
        self._table = RowTable(DIMENSIONS)
        self._kept = KeptVectors(store, "assets", "likenesses", VERSION, self._table)
        self._without_picture: set[int] = set()

    def looked_for(
        self,
        like: Sequence[str],
        unlike: Sequence[str],
        visible: Callable[[Mapping[str, Any]], bool],
        left: threading.Event | None = None,
    ) -> Vectors:
        """Returns the features to compare with, as rows.

        Args:
            like: Asset ids and data URLs.
            unlike: Likewise.
            visible: Whether the caller may see an asset.
            left: Once set, the work is given up.

        Raises:
            RefusedError: A 400: an asset is not there or has no picture, or a data URL is none that
                can be read, or all together have too many pixels or take longer than
                `MAX_SECONDS`.
            CancelledError: It was given up.
        """
        pixels, latest = MAX_PIXELS, time.monotonic() + MAX_SECONDS

        def views_of(picture: str, *, panels: bool) -> list[Features]:
            nonlocal pixels
            check_wanted("looked at pictures", self._stopping, left)
            if picture[:5].lower() != "data:":
                return [self._features_of_asset(picture, visible)]
            # One picture alone is bounded by its pixels: Pillow can't be interrupted.
            if time.monotonic() >= latest:
                raise bad_request(
                    f"The pictures take longer than {MAX_SECONDS:g} s to look at", "INVALID_IMAGE"
                )
            try:
                image = read_image(read_data_url(picture)[0], max_pixels=pixels)
                pixels -= image.width * image.height
                if panels:
                    return self._reader.features_with_panels(image)
                return [self._reader.features(image)]
            except UnreadableImageError as error:
                raise bad_request(f"Invalid image: {error}", "INVALID_IMAGE") from None

        pictures = [views_of(each, panels=len(like) == 1) for each in like]
        others = [views_of(each, panels=False)[0] for each in unlike]
        if len(pictures) == 1:
            return np.stack([likeness.reference([view], others) for view in pictures[0]])
        return likeness.reference([whole for (whole,) in pictures], others)[None]

    def scores(
        self,
        kind: Kind,
        looked_for: Vectors,
        ratio: float,
        candidates: Numbers,
        left: threading.Event | None = None,
    ) -> tuple[Numbers, Vectors]:
        """Compares the candidates.

        A model is as alike as the most alike of its example assets.

        Args:
            kind: What the candidates are.
            looked_for: What `looked_for` returned.
            ratio: 0 compares structure, 1 subject and mood.
            candidates: The numbers of the documents.
            left: Once set, computing what is missing is given up. What was computed stays.

        Raises:
            CancelledError: It was given up.

        Returns:
            The candidates that have a picture, rising, and their scores, -1 to 1.
        """
        if kind == "assets":
            self._compute(candidates, left)
            numbers, rows = self._table.rows_of(candidates)
            return numbers, likeness.scores(looked_for, rows, ratio)
        examples = {
            number: _texts(document.get("exampleAssetIds"))
            for number, document in numbered_documents(self._store, kind, candidates)
        }
        assets = self._store.numbers_of("assets", {id_ for ids in examples.values() for id_ in ids})
        known, scored = self.scores(
            "assets", looked_for, ratio, np.array(sorted(assets.values()), np.int64), left
        )
        of_asset = dict(zip(known.tolist(), scored.tolist(), strict=True))
        best = {
            number: max(scores)
            for number, ids in examples.items()
            if (scores := [of_asset[assets[id_]] for id_ in ids if assets.get(id_) in of_asset])
        }
        return np.array(list(best), np.int64), np.array(list(best.values()), np.float32)

    def compute_all(self) -> None:
        """Computes the features of all assets now."""
        self._compute(self._store.select_numbers("assets"))

    def _features_of_asset(
        self, picture: str, visible: Callable[[Mapping[str, Any]], bool]
    ) -> Features:
        document = self._store.get("assets", [picture]).get(picture)
        if document is None or not visible(document):
            shown = picture if len(picture) <= 100 else f"{picture[:100]}..."
            raise bad_request(f'Unknown asset id "{shown}"', "UNKNOWN_ASSET")
        number = np.array(list(self._store.numbers_of("assets", [picture]).values()), np.int64)
        self._compute(number)
        _, rows = self._table.rows_of(number)
        if not len(rows):
            raise bad_request(f'The asset "{picture}" has no picture', "INVALID_IMAGE")
        row: Features = rows[0]
        return row

    def _compute(self, wanted: Numbers, left: threading.Event | None = None) -> None:
        if self._store.revision("assets") == self._kept.revision and not self._missing(wanted):
            return
        with self._lock:
            self._drop_changed()
            missing = self._missing(wanted)
            if not missing:
                return
            progress = ProgressLog("looking at the pictures of assets", len(missing))
            with ThreadPoolExecutor(_THREADS, "scenario-emulator-pictures") as pool:
                for start in range(0, len(missing), _AT_ONCE):
                    check_wanted("looked at pictures", self._stopping, left)
                    if start and start % _KEPT_EVERY == 0:
                        self._kept.keep(self._kept.revision)
                    some = missing[start : start + _AT_ONCE]
                    self._compute_some(some, pool)
                    progress.add(len(some))
            self._kept.keep(self._kept.revision)

    def _drop_changed(self) -> None:
        changes = self._store.changed_since("assets", self._kept.revision)
        if changes.cleared:
            self._kept.clear()
            self._without_picture.clear()
        for gone in (changes.changed, changes.deleted):
            self._kept.remove(gone)
            self._without_picture.difference_update(gone.tolist())
        self._kept.revision = changes.revision

    def _missing(self, wanted: Numbers) -> list[int]:
        unknown = np.setdiff1d(wanted, self._table.numbers, assume_unique=True).tolist()
        return [number for number in unknown if number not in self._without_picture]

    def _compute_some(self, numbers: list[int], pool: ThreadPoolExecutor) -> None:
        documents = dict(numbered_documents(self._store, "assets", np.array(numbers, np.int64)))
        rows = dict(zip(documents, pool.map(self._look, documents.values()), strict=True))
        features = {number: row for number, row in rows.items() if row is not None}
        self._without_picture.update(rows.keys() - features.keys())
        if features:
            self._kept.update(list(features), np.stack(list(features.values())))

    def _look(self, document: Mapping[str, Any]) -> Features | None:
        if self._cache is None:
            return self._features_of_file(document)
        picture = self._files.recipe(document)
        features = self._cache.get(picture)
        if features is None:
            features = self._features_of_file(document)
            if features is not None:
                self._cache.put(picture, features)
        return features

    def _features_of_file(self, document: Mapping[str, Any]) -> Features | None:
        content = self._files.picture(document, SIDE)
        if content is None:
            return None
        try:
            return self._reader.features(read_image(content))
        except UnreadableImageError:
            return None  # a sound, a text, or a picture that was not downloaded whole


def _texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
