"""What all workers of a job share: one rate, pauses, and the end.

A worker passes the gate before each request. There it asks the scheduler whether the job was
stopped (an ``Event``) and until when to wait (a ``Variable``), and takes one of a few leases of a
``Semaphore``. It gives a lease back after a fixed time, and not when its request has ended: so many
leases for so long are the rate.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, Self

from scenario_search.concurrency.threads import in_thread
from scenario_search.errors import APIError

__all__ = ["Gate", "PausedUntil", "Rate", "Stop", "StoppedError", "rate_leases"]

_SHARE_OF_A_SECOND = 0.25
"""Seconds that a lease is held at least, so that few requests can come in one moment."""


class StoppedError(Exception):
    """The job has ended: no further request may be sent."""


class Stop(Protocol):
    """Whether a job has ended, as Dask's ``Event`` keeps it."""

    def is_set(self) -> Any:
        """Returns whether it has ended."""

    def set(self) -> Any:
        """Ends it."""


class PausedUntil(Protocol):
    """The end of a pause, in seconds since 1970, as Dask's ``Variable`` keeps it."""

    def get(self, timeout: Any = None) -> Any:
        """Returns it."""

    def set(self, value: Any) -> Any:
        """Replaces it."""


class Rate(Protocol):
    """Leases that limit a rate, as Dask's ``Semaphore`` counts them."""

    def acquire(self) -> Any:
        """Waits for a lease."""

    def release(self) -> Any:
        """Gives a lease back."""


def rate_leases(requests_per_second: float) -> tuple[int, float]:
    """Returns how many leases keep a rate, and how many seconds each is held.

    In any span of time no more requests are sent than the rate allows, and one for each lease.
    """
    leases = max(1, int(requests_per_second * _SHARE_OF_A_SECOND))
    return leases, leases / requests_per_second


class Gate:
    """A limiter of a client: it is entered around every attempt.

    Args:
        stop: Whether the job has ended.
        paused_until: The end of a pause.
        rate: The leases; ``None`` for no limit.
        hold: Seconds that each lease is held.
        sleep: Waits, for so many seconds.
        clock: Returns the seconds since 1970.

    Attributes:
        requests: How many attempts have passed.
    """

    def __init__(
        self,
        stop: Stop,
        paused_until: PausedUntil,
        rate: Rate | None = None,
        hold: float = 0.0,
        *,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.requests = 0
        self._stop = stop
        self._paused_until = paused_until
        self._rate = rate
        self._hold = hold
        self._sleep = sleep
        self._clock = clock
        self._held: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self.check()
        while (wait := await in_thread(self._paused_until.get) - self._clock()) > 0:
            await self._sleep(wait)
            await self.check()
        if self._rate is not None:
            await in_thread(self._rate.acquire)
            task = asyncio.get_running_loop().create_task(self._give_back(self._rate))
            self._held.add(task)
            task.add_done_callback(self._held.discard)
            await self.check()  # it may have waited for long
        self.requests += 1
        return self

    async def __aexit__(self, *_: object) -> None: ...

    async def check(self) -> None:
        """Raises :class:`StoppedError` if the job has ended."""
        if await in_thread(self._stop.is_set):
            raise StoppedError

    async def _give_back(self, rate: Rate) -> None:
        await self._sleep(self._hold)
        await in_thread(rate.release)

    async def close(self) -> None:
        """Waits until all leases were given back."""
        await asyncio.gather(*self._held)

    async def pause(self, error: APIError, _: int, delay: float) -> None:
        """Lets all workers wait, where a server wants fewer requests: an ``on_retry``."""
        if error.status_code in (429, 503):
            await in_thread(self._paused_until.set, self._clock() + delay)

    async def stop(self) -> None:
        """Lets no further request of any worker pass."""
        await in_thread(self._stop.set)
