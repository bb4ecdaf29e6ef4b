from __future__ import annotations

import asyncio
from typing import Any

import pytest

from scenario_search.concurrency.pacing import Turns


async def settled() -> None:
    """Let all tasks go as far as they can."""
    for _ in range(10):
        await asyncio.sleep(0)


class Guests:
    """Tasks that take a turn each, and stay until they are told to go."""

    def __init__(self, room: int) -> None:
        self.turns = Turns(room)
        self.came: list[str] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self._ends: dict[str, asyncio.Event] = {}

    async def add(self, name: str, *, urgent: bool = False) -> None:
        self._ends[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._guest(name, urgent=urgent))
        await settled()

    async def _guest(self, name: str, *, urgent: bool) -> None:
        async with self.turns.turn(urgent=urgent):
            self.came.append(name)
            await self._ends[name].wait()

    async def end(self, name: str) -> None:
        self._ends[name].set()
        await settled()


async def test_so_many_are_in_at_once() -> None:
    guests = Guests(2)
    for name in "abc":
        await guests.add(name)
    assert guests.came == ["a", "b"]
    await guests.end("a")
    assert guests.came == ["a", "b", "c"]
    await guests.end("b")
    await guests.end("c")


async def test_the_urgent_come_first_then_those_who_waited_longest() -> None:
    guests = Guests(1)
    await guests.add("first")
    for name, urgent in (("a", False), ("b", False), ("c", True), ("d", True)):
        await guests.add(name, urgent=urgent)
    for name in ("first", "c", "d", "a", "b"):
        await guests.end(name)
    assert guests.came == ["first", "c", "d", "a", "b"]


async def test_one_who_gives_up_waiting_takes_no_turn() -> None:
    guests = Guests(1)
    for name in "abc":
        await guests.add(name)
    guests.tasks["b"].cancel()
    await guests.end("a")
    assert guests.came == ["a", "c"]
    await guests.end("c")
    await guests.add("d")
    assert guests.came == ["a", "c", "d"]
    await guests.end("d")


async def test_one_who_is_cancelled_when_called_leaves_the_room_to_the_next() -> None:
    turns = Turns(1)

    async def take() -> None:
        async with turns.turn(urgent=False):
            pass

    async with turns.turn(urgent=False):
        waiting: list[asyncio.Task[Any]] = [asyncio.create_task(take()) for _ in range(2)]
        await settled()
    waiting[0].cancel()  # in the very turn of the loop in which it is let in
    with pytest.raises(asyncio.CancelledError):
        await waiting[0]
    await asyncio.wait_for(waiting[1], 5)


async def test_an_error_inside_leaves_the_room() -> None:
    turns = Turns(1)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            async with turns.turn(urgent=True):
                raise ZeroDivisionError
