"""Warnings that point at the caller's own line, however deep in this package they arise."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from types import FrameType

from scenario_search.messages import Message

__all__ = ["PendingWarnings", "collect_warnings", "warn_caller"]

PendingWarnings = list[tuple[str | Message, type[Warning]]]
"""Warnings that wait for the thread whose code they are about."""

_PACKAGE = str(Path(__file__).parent) + os.sep
_collected: ContextVar[PendingWarnings | None] = ContextVar("_collected", default=None)


def warn_caller(message: str | Message, category: type[Warning]) -> None:
    """Warns as of the nearest line outside of this package.

    A fixed ``stacklevel`` cannot do this: awaiting, iterating and the sync facade reach the same
    place at different depths.
    """
    collected = _collected.get()
    if collected is not None:
        collected.append((message, category))
        return
    level = 2
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        level += 1
        frame = frame.f_back
    warnings.warn(str(message), category, stacklevel=level)


@contextmanager
def collect_warnings(into: PendingWarnings) -> Iterator[None]:
    """Collects what :func:`warn_caller` warns of here, and in tasks that begin here, for later.

    The sync facade runs requests in another thread, where the caller's line is nowhere on the
    stack.
    """
    token = _collected.set(into)
    try:
        yield
    finally:
        _collected.reset(token)
