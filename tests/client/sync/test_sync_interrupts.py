"""Ctrl-C in each phase of a synchronous call, in every place for such a call."""

from __future__ import annotations

import asyncio
import ctypes
import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from anyio.from_thread import BlockingPortal
from raw_server import Answer, http
from raw_server_thread import PAGE, STALL, ServedAside, press_ctrl_c, served_aside

from scenario_search import Scenario, SearchAssetSearchResponse
from scenario_search.sync import portal

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals are sent as on POSIX")

KEPT_PAGE = Answer(PAGE, then="keep")
LIMIT = 20.0
"""Seconds after which a call that was not interrupted fails the test."""


def client_of(url: str, **options: Any) -> Scenario:
    return Scenario(base_url=url, api_key="k", api_secret="s", deadline=LIMIT, **options)


async def others() -> list[str]:
    """End with what other tasks the portal's loop has, once those that are ending have ended."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    running = {task for task in tasks if "_serve_calls" not in repr(task)}
    if running:
        await asyncio.wait(running, timeout=LIMIT / 2)
    return [repr(task) for task in running if not task.done()]


@pytest.fixture(autouse=True)
def _nothing_is_left_running() -> Iterator[None]:
    yield
    assert portal.Caller().run(others) == []


def interrupted_call(client: Scenario) -> None:
    with pytest.raises(KeyboardInterrupt):
        client.search.asset_search(query="a")


@pytest.mark.parametrize("arrived", [False, True])
def test_ctrl_c_while_the_call_is_handed_over(
    arrived: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    start_task_soon = BlockingPortal.start_task_soon

    def interrupted(self: BlockingPortal, *call: Any) -> object:
        monkeypatch.undo()
        if arrived:
            start_task_soon(self, *call)
        raise KeyboardInterrupt

    with served_aside(STALL) as aside, client_of(aside.url) as client:
        monkeypatch.setattr(BlockingPortal, "start_task_soon", interrupted)
        interrupted_call(client)
        assert portal.Caller().run(others) == []
        aside.all_gone()


def test_ctrl_c_while_waiting_for_the_answer_closes_the_connection() -> None:
    with served_aside(STALL) as aside, client_of(aside.url) as client:
        aside.when_asked(1, press_ctrl_c)
        interrupted_call(client)
        aside.all_gone()


def test_ctrl_c_while_reading_the_answer_closes_the_connection() -> None:
    async def head_is_here(*_: object) -> None:
        press_ctrl_c()

    tracing = aiohttp.TraceConfig()
    tracing.on_request_end.append(head_is_here)
    half = Answer(http(b'{"hits": [', length=10_000), then="stall")
    with served_aside(half) as aside, client_of(aside.url, trace_configs=[tracing]) as client:
        interrupted_call(client)
        aside.all_gone()


def test_ctrl_c_while_connecting() -> None:
    async def connecting(*_: object) -> None:
        press_ctrl_c()

    tracing = aiohttp.TraceConfig()
    tracing.on_connection_create_start.append(connecting)
    # A full backlog: the kernel answers no more attempts to connect.
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        filling = [socket.socket() for _ in range(4)]
        for one in filling:
            one.setblocking(False)
            one.connect_ex(address)
        url = f"http://127.0.0.1:{address[1]}"
        with client_of(url, trace_configs=[tracing]) as client:
            interrupted_call(client)
        for one in filling:
            one.close()


def test_ctrl_c_while_backing_off_sends_nothing_more() -> None:
    class OnRetry(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            press_ctrl_c()

    logger = logging.getLogger("scenario_search")
    handler, level = OnRetry(), logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    busy = http(b"{}", "Retry-After: 15", status="503 Service Unavailable")
    try:
        with served_aside(busy) as aside, client_of(aside.url) as client:
            interrupted_call(client)
            assert portal.Caller().run(others) == []
            assert len(aside.server.requests) == 1
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def test_the_client_works_on_after_an_interrupt() -> None:
    with served_aside(KEPT_PAGE, STALL, KEPT_PAGE) as aside, client_of(aside.url) as client:
        client.search.asset_search(query="a")
        aside.when_asked(2, press_ctrl_c)
        interrupted_call(client)
        assert len(client.search.asset_search(query="a").hits) == 2


def test_ctrl_c_while_iterating_ends_the_iteration() -> None:
    with served_aside(KEPT_PAGE, STALL) as aside, client_of(aside.url) as client:
        page = client.search.asset_search(query="a", limit=2)
        aside.when_asked(2, press_ctrl_c)
        with pytest.raises(KeyboardInterrupt):
            list(page)


def test_ctrl_c_inside_a_block_cancels_the_requests_under_way() -> None:
    total = http(b'{"hits":[{"id":"a"}],"offset":0,"limit":1,"estimatedTotalHits":9}')
    with served_aside(Answer(total, "keep"), STALL) as aside, client_of(aside.url) as client:
        page = client.search.asset_search(query="a", limit=1)
        aside.when_asked(4, press_ctrl_c)
        with pytest.raises(KeyboardInterrupt), page.prefetch(3) as hits:
            list(hits)
        aside.all_gone()


def test_ctrl_c_inside_a_coroutine_of_asyncio_run() -> None:
    with served_aside(STALL) as aside, client_of(aside.url) as client:

        async def main() -> None:
            aside.when_asked(1, press_ctrl_c)
            client.search.asset_search(query="a")

        with pytest.raises(KeyboardInterrupt):
            asyncio.run(main())
        aside.all_gone()


def test_ctrl_c_inside_a_task_that_is_not_the_main_one() -> None:
    with served_aside(STALL) as aside, client_of(aside.url) as client:

        async def search() -> None:
            client.search.asset_search(query="a")

        async def main() -> None:
            aside.when_asked(1, press_ctrl_c)
            async with asyncio.TaskGroup() as group:
                group.create_task(search())

        with pytest.raises(KeyboardInterrupt):
            asyncio.run(main())
        aside.all_gone()


def test_a_task_that_was_cancelled_before_may_still_search() -> None:
    with served_aside(PAGE) as aside, client_of(aside.url) as client:

        async def main() -> int:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            try:
                await asyncio.sleep(LIMIT)
            except asyncio.CancelledError:
                return len(client.search.asset_search(query="a").hits)
            return 0

        async def outer() -> int:
            return await asyncio.create_task(main())

        assert asyncio.run(outer()) == 2


def test_an_exception_set_by_another_thread_interrupts_a_cell_that_runs_in_a_thread() -> None:
    """Notebooks whose cells run in threads interrupt them so."""

    def interrupt(thread: int) -> None:
        set_exception = ctypes.pythonapi.PyThreadState_SetAsyncExc
        set_exception(ctypes.c_ulong(thread), ctypes.py_object(KeyboardInterrupt))

    def cell(aside: ServedAside, client: Scenario) -> bool:
        thread = threading.get_ident()
        aside.when_asked(1, lambda: interrupt(thread))
        try:
            client.search.asset_search(query="a")
        except KeyboardInterrupt:
            return True
        return False

    with served_aside(STALL) as aside, client_of(aside.url) as client:
        with ThreadPoolExecutor(1) as threads:
            assert threads.submit(cell, aside, client).result()
        aside.all_gone()


def test_ctrl_c_leaves_other_threads_calls_alone() -> None:
    with served_aside(STALL, PAGE) as aside, client_of(aside.url, max_retries=0) as client:
        asked = threading.Event()
        aside.when_asked(1, asked.set)

        def second() -> int:
            asked.wait()
            count = len(client.search.asset_search(query="b").hits)
            press_ctrl_c()
            return count

        with ThreadPoolExecutor(1) as threads:
            other = threads.submit(second)
            interrupted_call(client)
            assert other.result() == 2


def test_the_handler_of_ctrl_c_is_left_as_it_was() -> None:
    before = signal.getsignal(signal.SIGINT)
    with served_aside(PAGE) as aside, client_of(aside.url) as client:
        client.search.asset_search(query="a")
        assert signal.getsignal(signal.SIGINT) is before


@pytest.fixture
def _a_kernel_handles_ctrl_c() -> Iterator[None]:
    """In a cell that awaits, a notebook's kernel notifies its loop of Ctrl-C, and returns."""

    def handle(*_: object) -> None: ...

    handle.__module__ = "ipykernel.kernelbase"
    before = signal.signal(signal.SIGINT, handle)
    yield
    assert signal.signal(signal.SIGINT, before) is handle


@pytest.mark.usefixtures("_a_kernel_handles_ctrl_c")
async def test_ctrl_c_in_a_cell_that_awaits() -> None:
    with served_aside(STALL) as aside, client_of(aside.url) as client:
        aside.when_asked(1, press_ctrl_c)
        with pytest.raises(asyncio.CancelledError):
            client.search.asset_search(query="a")
        aside.all_gone()


@pytest.mark.usefixtures("_a_kernel_handles_ctrl_c")
async def test_ctrl_c_in_a_call_inside_of_another_calls_iterable(tmp_path: Path) -> None:
    ended_by: list[BaseException] = []
    with served_aside(STALL) as aside, client_of(aside.url, max_retries=0) as client:

        def assets() -> Iterator[SearchAssetSearchResponse]:
            try:
                yield from client.search.asset_search(query="a", timeout=LIMIT / 8)
            except BaseException as error:
                ended_by.append(error)
                raise

        aside.when_asked(1, press_ctrl_c)
        with pytest.raises(asyncio.CancelledError):
            client.download(assets(), tmp_path)
    assert [type(error) for error in ended_by] == [asyncio.CancelledError]
