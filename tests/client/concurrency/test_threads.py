from __future__ import annotations

import asyncio
import threading
from contextvars import ContextVar

import pytest

from scenario_search.concurrency.threads import in_daemon_thread, in_thread


async def test_it_gives_what_the_function_gives() -> None:
    assert await in_thread(divmod, 7, 2) == (3, 1)


async def test_context_variables_are_those_of_the_task() -> None:
    user = ContextVar("user", default="nobody")
    user.set("ada")
    assert await in_thread(user.get) == "ada"


async def test_an_error_is_raised_where_it_is_awaited() -> None:
    with pytest.raises(ZeroDivisionError):
        await in_thread(divmod, 1, 0)


@pytest.mark.parametrize("times", [1, 3])
async def test_a_cancelled_call_is_over_when_the_task_ends(times: int) -> None:
    began, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        began.set()
        go_on.wait(10)
        ended.set()

    task = asyncio.create_task(in_thread(work))
    await asyncio.to_thread(began.wait, 10)
    for _ in range(times):
        task.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert not task.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


async def test_an_error_after_cancellation_is_not_told_of() -> None:
    go_on = threading.Event()

    def work() -> None:
        go_on.wait(10)
        raise ZeroDivisionError

    task = asyncio.create_task(in_thread(work))
    await asyncio.sleep(0)
    task.cancel()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task


# In a thread that may be left behind


async def test_a_daemon_thread_returns_what_the_function_returns() -> None:
    assert await in_daemon_thread(divmod, 7, 2) == (3, 1)


async def test_a_daemon_thread_has_the_context_variables_of_the_task() -> None:
    user = ContextVar("user", default="nobody")
    user.set("ada")
    assert await in_daemon_thread(user.get) == "ada"


@pytest.mark.parametrize("error", [ZeroDivisionError, StopIteration])
async def test_a_daemon_thread_raises_the_error_where_it_is_awaited(error: type[Exception]) -> None:
    def work() -> None:
        raise error

    with pytest.raises((ZeroDivisionError, RuntimeError)):
        await in_daemon_thread(work)


async def test_a_task_that_is_cancelled_leaves_the_daemon_thread_behind() -> None:
    began, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        began.set()
        go_on.wait(10)
        ended.set()

    task = asyncio.create_task(in_daemon_thread(work))
    await asyncio.to_thread(began.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not ended.is_set()
    go_on.set()
    assert await asyncio.to_thread(ended.wait, 10)


def test_a_daemon_thread_may_end_after_its_event_loop() -> None:
    began, go_on, threads = threading.Event(), threading.Event(), []

    def work() -> None:
        threads.append(threading.current_thread())
        began.set()
        go_on.wait(10)

    async def leave() -> None:
        task = asyncio.create_task(in_daemon_thread(work))
        await asyncio.to_thread(began.wait, 10)
        task.cancel()

    asyncio.run(leave())
    go_on.set()
    threads[0].join(10)  # an error in it is a warning, which is an error here
    assert not threads[0].is_alive()
