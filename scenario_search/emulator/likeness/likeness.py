"""How alike pictures are: the one place that says what ratio, like and unlike mean.

How the real service combines them is not documented. Chosen here:

- ``imageSemanticRatio`` weighs two cosines: 1 compares subject and mood only, 0 structure only
  (near duplicates, crops), 0.5 both alike.
- Several pictures to be like are averaged. Pictures to be unlike are averaged too, and half of
  that is taken away (Rocchio, 1971): away from them, without losing what is asked for.
- Only pictures to be unlike: the least alike come first.
- A picture asked for by its asset id stays among the hits, as on the real service.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scenario_search.emulator.likeness.features import DIMENSIONS, STRUCTURE, SUBJECT
from scenario_search.emulator.vectors.index import products

__all__ = ["reference", "scores"]

Vectors: TypeAlias = NDArray[np.float32]

UNLIKE_WEIGHT = 0.5


def reference(like: Sequence[ArrayLike], unlike: Sequence[ArrayLike] = ()) -> Vectors:
    """Combine features of pictures into those of the picture looked for.

    Args:
        like: Features of the pictures to be like, each of shape ``(DIMENSIONS,)``.
        unlike: Those of the pictures to be unlike.

    Returns:
        float32 of shape ``(DIMENSIONS,)``; `STRUCTURE` and `SUBJECT` have length 1 each.

    Raises:
        ValueError: There is none of either.
    """
    if not like and not unlike:
        raise ValueError("Likeness needs at least one picture, to be like or unlike")
    looked_for = np.zeros(DIMENSIONS, dtype=np.float32)
    if like:
        looked_for += np.mean(np.asarray(like, dtype=np.float32), axis=0)
    if unlike:
        weight = UNLIKE_WEIGHT if like else 1.0
        looked_for -= np.float32(weight) * np.mean(np.asarray(unlike, dtype=np.float32), axis=0)
    for half in (STRUCTURE, SUBJECT):
        length = float(np.linalg.norm(looked_for[half]))
        looked_for[half] /= length or 1.0
    return looked_for


def scores(looked_for: ArrayLike, pictures: ArrayLike, ratio: float = 1.0) -> Vectors:
    """Score pictures by likeness.

    Args:
        looked_for: What `reference` gave.
        pictures: Features of shape ``(n, DIMENSIONS)``.
        ratio: 0 compares structure, 1 subject and mood, in between both, so weighted.

    Returns:
        float32 of shape ``(n,)``, in -1..1; 1 is the same picture.
    """
    wanted = np.asarray(looked_for, dtype=np.float32)
    held = np.asarray(pictures)
    result = np.zeros(len(held), dtype=np.float32)
    for half, weight in ((STRUCTURE, 1 - ratio), (SUBJECT, ratio)):
        if weight:
            result += np.float32(weight) * products(held[:, half].astype(np.float32), wanted[half])
    return result
