"""Blocking calls in a thread, which are over when the task that waits for them goes on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from typing import Any, TypeVar, TypeVarTuple

__all__ = ["in_daemon_thread", "in_thread"]

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


async def in_thread(function: Callable[[*Ts], T], *arguments: *Ts) -> T:
    """Calls a function in a thread, and waits for its end even if this is cancelled meanwhile.

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


async def in_daemon_thread(function: Callable[[*Ts], T], *arguments: *Ts) -> T:
    """Calls a function in a thread of its own, which is left behind where this is cancelled.

    For what may block for ever, such as reading a pipe that nobody writes to: neither a deadline
    nor the end of the process waits for the thread. Context variables are those of the task.
    """
    loop = asyncio.get_running_loop()
    result: asyncio.Future[T] = loop.create_future()
    context = copy_context()

    def work() -> None:
        try:
            value = context.run(function, *arguments)
        except BaseException as error:  # noqa: BLE001 - raised where it is awaited
            report(_fail, error)
        else:
            report(_succeed, value)

    def report(how: Callable[[asyncio.Future[T], Any], None], what: object) -> None:
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(how, result, what)

    threading.Thread(target=work, name="scenario-search", daemon=True).start()
    return await result


def _succeed(result: asyncio.Future[T], value: T) -> None:
    if not result.done():
        result.set_result(value)


def _fail(result: asyncio.Future[Any], error: BaseException) -> None:
    if result.done():
        return
    if isinstance(error, StopIteration):
        # A future accepts none, and the task would wait for ever.
        error = RuntimeError("The function raised StopIteration")
    result.set_exception(error)
