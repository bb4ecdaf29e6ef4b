from __future__ import annotations

import pytest

from scenario_search.concurrency import pacing
from scenario_search.concurrency.pacing import Pause


class Clock:
    """A clock that only sleeping moves, and then by as much as it is told."""

    def __init__(self, *, early: float = 0.0) -> None:
        self.now = 100.0
        self.early = early
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        early, self.early = self.early, 0.0
        self.now += seconds - early


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(pacing, "time", clock)
    return clock


async def test_without_a_pause_nobody_sleeps(clock: Clock) -> None:
    await Pause().wait(clock.sleep)
    assert clock.slept == []


async def test_the_longest_of_several_pauses_counts(clock: Clock) -> None:
    pause = Pause()
    pause.extend(8)
    pause.extend(3)
    await pause.wait(clock.sleep)
    assert clock.slept == [8]


async def test_who_comes_later_waits_for_what_is_left(clock: Clock) -> None:
    pause = Pause()
    pause.extend(8)
    clock.now += 6
    await pause.wait(clock.sleep)
    await pause.wait(clock.sleep)
    assert clock.slept == [2]


async def test_a_sleep_that_ends_early_is_followed_by_another(clock: Clock) -> None:
    clock.early = 0.5
    pause = Pause()
    pause.extend(2)
    await pause.wait(clock.sleep)
    assert clock.slept == [2, 0.5]
