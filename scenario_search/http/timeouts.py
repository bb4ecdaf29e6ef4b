"""Timeouts of many requests, by one timer of the event loop.

A timer for each request is set and cancelled again, which costs a twentieth of what a small
request costs, and hardly any ever fires. The one timer here is left set when a request ends, for
those that follow; when its moment comes, it looks at what is overdue.
"""

from __future__ import annotations

import asyncio

__all__ = ["Timeouts"]


class Timeouts:
    """The timeouts that are running in one event loop."""

    def __init__(self) -> None:
        self._ends: dict[asyncio.Timeout, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, seconds: float) -> asyncio.Timeout:
        """Give a timeout that must be entered at once, and passed to :meth:`end` when left."""
        loop = asyncio.get_running_loop()
        timeout = asyncio.timeout(None)
        self._ends[timeout] = end = loop.time() + seconds
        if self._timer is None:
            self._timer = loop.call_at(end, self._look)
        elif end < self._timer.when():
            self._timer.cancel()
            self._timer = loop.call_at(end, self._look)
        return timeout

    def end(self, timeout: asyncio.Timeout) -> None:
        """Forget a timeout that has been left."""
        self._ends.pop(timeout, None)

    def _look(self) -> None:
        """Set off what is overdue, and the timer for what comes next."""
        loop = asyncio.get_running_loop()
        # The loop calls a timer up to a tick of its clock too early.
        now = max(loop.time(), self._timer.when()) if self._timer else loop.time()
        for timeout in [timeout for timeout, end in self._ends.items() if end <= now]:
            del self._ends[timeout]
            timeout.reschedule(loop.time())
        ends = self._ends.values()
        self._timer = loop.call_at(min(ends), self._look) if ends else None
