"""Tells in the log how far long work is, so that a slow first search is no riddle."""

from __future__ import annotations

import logging
from typing import Final

__all__ = ["ProgressLog"]

_logger = logging.getLogger("scenario_search.emulator")

_WORTH_TELLING: Final = 100
_PARTS: Final = 10


class ProgressLog:
    """Logs the start, each tenth and the end of some work, at level INFO.

    Args:
        what: What is done, such as "embedding the texts of assets".
        total: How many there are; a hundred or fewer are not worth a line.
    """

    def __init__(self, what: str, total: int) -> None:
        self._what = what
        self._total = total
        self._done = 0
        if total > _WORTH_TELLING:
            _logger.info("%s: %s to do", what, f"{total:,}")

    def add(self, number: int) -> None:
        """So many more are done."""
        before, self._done = self._done, self._done + number
        if self._total <= _WORTH_TELLING:
            return
        if before * _PARTS // self._total < self._done * _PARTS // self._total:
            _logger.info("%s: %s of %s done", self._what, f"{self._done:,}", f"{self._total:,}")
