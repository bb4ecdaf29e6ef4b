"""Slowing down together: what requests that belong to one crawl share."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

__all__ = ["Pause"]


class Pause:
    """A moment before which none of several requests should be sent.

    When the server asks one of them to wait, it asks all of them.
    """

    def __init__(self) -> None:
        self._until = 0.0

    def extend(self, seconds: float) -> None:
        """Lets nothing be sent for so many seconds from now."""
        self._until = max(self._until, time.monotonic() + seconds)

    async def wait(self, sleep: Callable[[float], Awaitable[object]]) -> None:
        """Waits until sending is allowed.

        Args:
            sleep: Waits for so many seconds.
        """
        while (left := self._until - time.monotonic()) > 0:
            await sleep(left)
