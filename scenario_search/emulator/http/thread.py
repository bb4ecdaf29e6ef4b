"""A thread that runs one asyncio server from start to end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import TypeAlias

__all__ = ["Serve", "ServerThread"]

Serve: TypeAlias = Callable[[Callable[[], None], asyncio.Event], Awaitable[None]]


class ServerThread:
    """Runs ``serve`` in a thread and an event loop of its own.

    Args:
        serve: A coroutine function that sets everything up, calls its first argument when it is
            ready, waits for the event that is its second, and takes everything down again.

    Attributes:
        started: Done when ``serve`` is ready, or has failed before that.
        ended: Done when ``serve`` has ended, however it did.
    """

    def __init__(self, serve: Serve) -> None:
        self.started: Future[None] = Future()
        self.ended: Future[None] = Future()
        # From now on cancelling one who waits for them does not cancel them.
        self.started.set_running_or_notify_cancel()
        self.ended.set_running_or_notify_cancel()
        self._serve = serve
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="scenario-emulator", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Asks ``serve`` to end, and returns immediately. May be called repeatedly, at any time."""
        with self._lock:
            self._stopping = True
            if self._loop is not None and self._stop is not None:
                self._loop.call_soon_threadsafe(self._stop.set)

    def join(self) -> None:
        """Waits for the thread's end."""
        self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:  # noqa: BLE001 - it is handed to whoever waits
            if not self.started.done():
                self.started.set_exception(error)
        finally:
            if not self.started.done():
                self.started.set_exception(
                    RuntimeError("The emulator was stopped while it started")
                )
            self.ended.set_result(None)

    async def _main(self) -> None:
        stop = asyncio.Event()
        with self._lock:
            if self._stopping:
                return
            self._loop, self._stop = asyncio.get_running_loop(), stop
        try:
            await self._serve(self._ready, stop)
        finally:
            with self._lock:
                self._loop = None

    def _ready(self) -> None:
        self.started.set_result(None)
