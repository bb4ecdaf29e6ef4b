"""Waits that end when the client is closed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from scenario_search.errors import ConfigurationError

__all__ = ["Waits"]


class Waits:
    """The waits of a client's calls. They may be in several event loops, one after another."""

    def __init__(self) -> None:
        self._running: dict[asyncio.Timeout, asyncio.AbstractEventLoop] = {}

    async def wait(self, sleep: Callable[[float], Awaitable[object]], seconds: float) -> None:
        """Waits for so many seconds.

        Args:
            sleep: Waits.
            seconds: For how long.

        Raises:
            ConfigurationError: The client was closed meanwhile.
        """
        scope = asyncio.timeout(None)
        try:
            async with scope:
                self._running[scope] = asyncio.get_running_loop()
                await sleep(seconds)
        except TimeoutError:
            if not scope.expired():
                raise
            raise ConfigurationError(
                "This client was closed while a call waited to send its request again"
            ) from None
        finally:
            self._running.pop(scope, None)

    def end(self) -> None:
        """Ends all waits, from any thread."""
        for scope, loop in list(self._running.items()):
            with suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(self._end, scope)

    def _end(self, scope: asyncio.Timeout) -> None:
        loop = self._running.pop(scope, None)
        if loop is not None:
            scope.reschedule(loop.time())
