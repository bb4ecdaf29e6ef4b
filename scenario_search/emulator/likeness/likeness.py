"""How alike pictures are: the one place that says what ratio, like and unlike mean.

How the real service combines them is not documented. Chosen here:

- ``imageSemanticRatio`` weighs two cosines: 1 compares subject and mood only, 0 structure only
  (near duplicates, crops), 0.5 both alike.
- Of one picture that is sent, structure is compared with what it holds as well, such as the picture
  in a screenshot: the best of all counts.
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
# Less than what a picture differs from its own crop, so that the whole comes first where both do.
PANEL_HANDICAP = 0.001


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
        looked_for: What `reference` returned, or several of these as rows: the picture, then what
            it holds.
        pictures: Features of shape ``(n, DIMENSIONS)``.
        ratio: 0 compares structure, 1 subject and mood, in between both, so weighted.

    Returns:
        float32 of shape ``(n,)``, in -1..1; 1 is the same picture.
    """
    whole, *inside = np.atleast_2d(np.asarray(looked_for, dtype=np.float32))
    held = np.asarray(pictures)
    result = np.zeros(len(held), dtype=np.float32)
    if ratio < 1:
        structure = held[:, STRUCTURE].astype(np.float32)
        best = products(structure, whole[STRUCTURE])
        for panel in inside:
            of_panel = products(structure, panel[STRUCTURE])
            np.maximum(best, of_panel - np.float32(PANEL_HANDICAP), out=best)
        result += np.float32(1 - ratio) * best
    if ratio:
        result += np.float32(ratio) * products(held[:, SUBJECT].astype(np.float32), whole[SUBJECT])
    return result
