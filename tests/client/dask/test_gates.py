from __future__ import annotations

import asyncio
from typing import Any

import attrs
import pytest

from scenario_search.dask.gates import Gate, StoppedError, rate_leases
from scenario_search.errors import InternalServerError, RateLimitError


@attrs.define
class Shared:
    """What a scheduler keeps, and a clock that only sleeping moves on."""

    stopped: bool = False
    paused_until: float = 0.0
    now: float = 1000.0
    taken: int = 0
    stops_while_acquiring: bool = False
    given_back: list[float] = attrs.field(factory=list)
    slept: list[float] = attrs.field(factory=list)

    def is_set(self) -> bool:
        return self.stopped

    def get(self, timeout: Any = None) -> float:
        return self.paused_until

    def set(self, value: float | None = None) -> None:
        if value is None:
            self.stopped = True
        else:
            self.paused_until = value

    def acquire(self) -> None:
        self.taken += 1
        self.stopped |= self.stops_while_acquiring

    def release(self) -> None:
        self.given_back.append(self.now)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)

    def gate(self, hold: float | None = None) -> Gate:
        rate = None if hold is None else self
        return Gate(self, self, rate, hold or 0.0, sleep=self.sleep, clock=lambda: self.now)


@pytest.mark.parametrize("rate", [0.5, 1, 3, 7.5, 10, 100, 1000])
def test_leases_allow_a_rate_and_at_most_a_tenth_more_in_ten_seconds(rate: float) -> None:
    leases, hold = rate_leases(rate)
    assert leases / hold == pytest.approx(rate)
    # Each lease is taken at most once in the time that it is held, and once more at the start.
    most = leases * (10 // hold + 1)
    assert most <= 10 * rate + max(1, 0.1 * 10 * rate)


async def test_attempts_are_counted() -> None:
    gate = Shared().gate()
    for _ in range(3):
        async with gate:
            pass
    assert gate.requests == 3


async def test_a_lease_is_held_for_its_time_however_quick_the_request_is() -> None:
    shared = Shared()
    gate = shared.gate(hold=5.0)
    async with gate:
        pass
    await gate.close()
    assert (shared.taken, shared.given_back) == (1, [1005.0])


async def test_a_pause_of_one_worker_is_waited_for_by_another() -> None:
    shared = Shared()
    await shared.gate().pause(RateLimitError("slow", status_code=429), 1, 30.0)
    async with shared.gate():
        assert shared.now == 1030.0


async def test_a_failure_that_is_no_limit_pauses_nobody() -> None:
    shared = Shared()
    await shared.gate().pause(InternalServerError("no", status_code=500), 1, 30.0)
    assert shared.paused_until == 0.0


async def test_no_request_passes_once_the_job_has_ended() -> None:
    shared = Shared()
    await shared.gate().stop()
    gate = shared.gate()
    with pytest.raises(StoppedError):
        await gate.__aenter__()
    assert gate.requests == 0


async def test_a_job_that_ends_while_a_worker_waits_for_its_turn_lets_it_send_nothing() -> None:
    shared = Shared(stops_while_acquiring=True)
    gate = shared.gate(hold=1.0)
    with pytest.raises(StoppedError):
        await gate.__aenter__()
    await gate.close()
    assert (gate.requests, len(shared.given_back)) == (0, 1)
