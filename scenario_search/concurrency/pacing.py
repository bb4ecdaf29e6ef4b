"""Slowing down together: what requests that belong to one crawl share."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

__all__ = ["Pause", "Turns"]


class Pause:
    """A moment before which none of several requests should be sent.

    When the server asks one of them to wait, it asks all of them.
    """

    def __init__(self) -> None:
        self._until = 0.0

    def extend(self, seconds: float) -> None:
        """Let nothing be sent for so many seconds from now."""
        self._until = max(self._until, time.monotonic() + seconds)

    async def wait(self, sleep: Callable[[float], Awaitable[object]]) -> None:
        """Wait until sending is allowed.

        Args:
            sleep: Waits for so many seconds.
        """
        while (left := self._until - time.monotonic()) > 0:
            await sleep(left)


class Turns:
    """Lets so many in at once. Of those who wait the urgent come first, then in their order.

    Args:
        room: How many may be in.
    """

    def __init__(self, room: int) -> None:
        self._room = room
        self._urgent: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def turn(self, *, urgent: bool) -> AsyncIterator[None]:
        """Wait until there is room, and take it for the time of the block."""
        if self._room:
            self._room -= 1
        else:
            await self._wait(self._urgent if urgent else self._others)
        try:
            yield
        finally:
            self._leave()

    async def _wait(self, waiting: deque[asyncio.Future[None]]) -> None:
        called = asyncio.get_running_loop().create_future()
        waiting.append(called)
        try:
            await called
        except asyncio.CancelledError:
            if not called.cancelled():
                self._leave()  # it was called and cancelled in one turn of the loop
            raise

    def _leave(self) -> None:
        """Give the room to the next who waits, if there is one."""
        for waiting in (self._urgent, self._others):
            while waiting:
                called = waiting.popleft()
                if not called.done():
                    called.set_result(None)
                    return
        self._room += 1
