"""Blocking calls in a thread, which are over when the task that waits for them goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from typing import TypeVar, TypeVarTuple

__all__ = ["in_thread"]

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


async def in_thread(function: Callable[[*Ts], T], *arguments: *Ts) -> T:
    """Call a function in a thread, and wait for its end even where this is cancelled meanwhile.

    A thread cannot be stopped: one that is left behind would write to files that whoever goes on
    after the cancellation has opened again. Context variables are those of the task.
    """
    context = copy_context()

    def work() -> T:
        return context.run(function, *arguments)

    call = asyncio.get_running_loop().run_in_executor(None, work)
    try:
        return await asyncio.shield(call)
    except asyncio.CancelledError:
        while not call.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([call])
        raise
