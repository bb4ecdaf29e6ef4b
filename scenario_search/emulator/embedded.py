"""The emulator behind a demo client: it starts with the client and ends with it."""

from __future__ import annotations

import os
import threading
import weakref
from typing import Any

__all__ = ["DemoEmulator"]


class DemoEmulator:
    """A running emulator with demo data. It belongs to the process that made it.

    Raises:
        ImportError: The extra ``emulator`` is not installed.
    """

    OWN_OPTIONS = frozenset({"base_url", "api_key", "api_secret", "bearer_auth", "project_id"})
    """What a client of it cannot be given: where it is, and what it asks for."""

    def __init__(self) -> None:
        from scenario_search.emulator import Emulator  # noqa: PLC0415 - it needs the extra

        self._process = os.getpid()
        self._emulator = Emulator.demo()
        self._emulator.start_sync()

    def client_options(self) -> dict[str, Any]:
        """Returns the options of a client of this emulator, whatever the environment says."""
        return {**self._emulator.client_options}

    def end_with(self, owner: object) -> None:
        """Stops when the owner is collected, and when the interpreter ends."""
        weakref.finalize(owner, self.end)

    async def stop(self) -> None:
        """Stops. Stopping again does nothing."""
        if os.getpid() == self._process:
            await self._emulator.stop()

    def end(self) -> None:
        """Stops, in whatever thread this is; in the main one it waits for the emulator's end."""
        thread = self._emulator._thread
        if thread is None or os.getpid() != self._process:
            return
        # Garbage is collected in any thread, also in one that the emulator would wait for.
        if threading.current_thread() is threading.main_thread():
            self._emulator.stop_sync()
        else:
            thread.stop()
