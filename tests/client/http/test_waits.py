from __future__ import annotations

import asyncio

import pytest

from scenario_search import ConfigurationError
from scenario_search.http.waits import Waits


async def forever(_: float) -> None:
    await asyncio.Event().wait()


async def test_a_wait_lasts_as_long_as_its_sleep() -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    await Waits().wait(sleep, 3)
    assert slept == [3]


async def test_all_waits_end_when_the_client_is_closed_even_twice() -> None:
    waits = Waits()
    waiting = [asyncio.create_task(waits.wait(forever, 60)) for _ in range(3)]
    await asyncio.sleep(0)
    waits.end()
    waits.end()
    for ended in await asyncio.gather(*waiting, return_exceptions=True):
        assert isinstance(ended, ConfigurationError)
        assert "closed while a call waited" in str(ended)


async def test_a_wait_that_begins_afterwards_is_a_wait_of_its_own() -> None:
    waits = Waits()
    waits.end()
    await waits.wait(asyncio.sleep, 0)


async def test_a_timeout_of_the_sleep_itself_is_not_taken_for_a_closed_client() -> None:
    async def late(_: float) -> None:
        raise TimeoutError("the sleep's own")

    with pytest.raises(TimeoutError, match="the sleep's own"):
        await Waits().wait(late, 3)
