"""The lease of a folder: one job at a time writes to it.

Stores have no locks, but a file can be created only if it is not there. So each lease is a file
with a number, and a job gets one by creating the next number. Its holder writes the file again and
again; who waits and sees no change for as long as the lease lasts takes the next number. No clocks
are compared, and who is late takes nothing from anybody: numbers only grow, and the highest counts.
"""

from __future__ import annotations

import os
import platform
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any, Self

from scenario_search.dask.stores import Store
from scenario_search.errors import CheckpointError
from scenario_search.wire.codec import read_json
from scenario_search.wire.document import json_bytes

__all__ = ["Lease"]

_ENDED = b'{"ended":true}'


class Lease:
    """A lease of a folder, renewed by a thread until it is released.

    Args:
        store: The store.
        folder: The folder in it that holds the lease.
        seconds: How long it lasts after its holder has died.
        sleep: Waits, for so many seconds.
        clock: Returns the time in seconds.
    """

    def __init__(
        self,
        store: Store,
        folder: str,
        seconds: float,
        *,
        sleep: Callable[[float], object] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._folder = folder
        self._seconds = seconds
        self._sleep = sleep
        self._clock = clock
        self._holder = f"{platform.node()}, process {os.getpid()}"
        self._id = uuid.uuid4().hex
        self._number = 0
        self._renewals = 0
        self._released = threading.Event()
        self._thread: threading.Thread | None = None
        self.lost = threading.Event()
        """Set when another job has taken the folder over."""

    def __enter__(self) -> Self:
        self.acquire()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def acquire(self) -> None:
        """Takes the lease. If a holder may have died, this waits until that is certain.

        Raises:
            CheckpointError: Another job holds it.
        """
        while True:
            number, seen = self._highest()
            if seen not in (b"", _ENDED):
                self._wait_for_end(number, seen)
            self._number = number + 1
            if self._store.create(self._name(self._number), self._content()):
                if self._highest()[0] == self._number:
                    break
                self._store.delete(self._name(self._number))  # that number was used before
        for name in self._store.names(self._folder):
            if _number(name) < self._number:
                self._store.delete(f"{self._folder}/{name}")

    def _wait_for_end(self, number: int, seen: bytes) -> None:
        """Waits until a lease has ended.

        Raises:
            CheckpointError: Its holder has renewed it, so that it is alive.
        """
        until = self._clock() + self._seconds
        while self._clock() < until:
            self._sleep(self._seconds / 10)
            again = self._highest()
            if again[1] in (b"", _ENDED):
                return
            if again != (number, seen):
                raise CheckpointError(
                    f"Another job writes to {self._store.path('')} ({_holder(again[1])}): wait for "
                    "its end, or use another folder"
                )

    def start(self) -> None:
        """Starts to renew it."""
        self._thread = threading.Thread(target=self._renew_until_released, daemon=True)
        self._thread.start()

    def _renew_until_released(self) -> None:
        while not self._released.wait(self._seconds / 4):
            try:
                self.renew()
            except OSError:
                continue  # a store that is away for a moment; the next renewal tries again

    def renew(self) -> None:
        """Shows that the holder is alive."""
        if self._highest()[0] != self._number:
            self.lost.set()
        else:
            self._renewals += 1
            self._store.write(self._name(self._number), self._content())

    def release(self) -> None:
        """Ends the lease."""
        self._released.set()
        if self._thread is not None:
            self._thread.join()
        if not self.lost.is_set():
            self._store.write(self._name(self._number), _ENDED)

    def _name(self, number: int) -> str:
        return f"{self._folder}/{number:09d}.json"

    def _content(self) -> bytes:
        return json_bytes({"holder": self._holder, "id": self._id, "renewals": self._renewals})

    def _highest(self) -> tuple[int, bytes]:
        """Returns the number and the content of the lease that counts; 0 if there is none."""
        names = [name for name in self._store.names(self._folder) if _number(name)]
        if not names:
            return 0, b""
        try:
            content = self._store.read(f"{self._folder}/{names[-1]}")
        except FileNotFoundError:
            return self._highest()  # it was taken over a moment ago
        # A file without content is one that is being written.
        return _number(names[-1]), content or b"{}"


def _number(name: str) -> int:
    digits = name.partition(".")[0]
    return int(digits) if digits.isdigit() and name.endswith(".json") else 0


def _holder(content: bytes) -> str:
    try:
        data: Any = read_json(content)
        return str(data["holder"])
    except (ValueError, TypeError, LookupError):
        return "its holder is being written"
