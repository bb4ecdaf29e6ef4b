"""Warnings that point at the caller's own line, however deep in this package they arise."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from types import FrameType

__all__ = ["warn_caller"]

_PACKAGE = str(Path(__file__).parent)


def warn_caller(message: str, category: type[Warning]) -> None:
    """Warn as of the nearest line outside of this package.

    A fixed ``stacklevel`` cannot do this: awaiting, iterating and the sync facade reach the same
    place at different depths.
    """
    level = 2
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        level += 1
        frame = frame.f_back
    warnings.warn(message, category, stacklevel=level)
