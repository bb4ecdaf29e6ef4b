from __future__ import annotations

import asyncio
import contextlib
import gc
import ssl
import subprocess
import sys
import textwrap
import threading
import warnings
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
import trustme
from fake_transport import client_of, correct_page, hits
from raw_server import Answer, RawServer, http

from scenario_search import (
    APIConnectionError,
    AsyncScenario,
    AsyncSearchResults,
    ConfigurationError,
)

PAGE = http(orjson.dumps({"hits": hits(["a"])}))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        body = orjson.loads(self.rfile.read(length))
        page = orjson.dumps(correct_page([f"asset_{n}" for n in range(30)], body))
        self.send_response(200)
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *args: object) -> None: ...


def _serve(context: ssl.SSLContext | None) -> Iterator[str]:
    """A server that outlives event loops, since it has none."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http{'s' if context else ''}://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def plain_url() -> Iterator[str]:
    yield from _serve(None)


@pytest.fixture(scope="module")
def tls_url() -> Iterator[str]:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("aiohttp.connector._SSL_CONTEXT_VERIFIED", trusting)
        yield from _serve(context)


@pytest.fixture(params=["http", "https"])
def url(request: pytest.FixtureRequest) -> str:
    name = "plain_url" if request.param == "http" else "tls_url"
    found: str = request.getfixturevalue(name)
    return found


async def search(client: AsyncScenario) -> int:
    return len([asset async for asset in client.search.asset_search(query="x", limit=10)])


def connections(url: str) -> list[str]:
    """The sockets of this process that lead to a server's port, as Linux tells."""
    port = f":{int(url.rpartition(':')[2]):04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    leading = {f"socket:[{row[9]}]" for row in rows if row[2].endswith(port)}
    mine = []
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            mine.append(str(entry.readlink()))
    return [one for one in mine if one in leading]


@pytest.fixture
def no_noise(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Gather what Python and asyncio say behind our back: unraisable errors, loop errors."""
    noise: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda info: noise.append(info.exc_value))
    monkeypatch.setattr(
        asyncio.BaseEventLoop,
        "call_exception_handler",
        lambda _, context: noise.append(context),
    )
    yield noise
    gc.collect()
    assert noise == []


linux = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts sockets in /proc")


# Loops


def test_making_a_client_needs_no_loop_and_opens_nothing() -> None:
    client = client_of("https://api.example")
    assert not client._requester.transport._sessions.is_open
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        del client
        gc.collect()


@linux
def test_one_client_in_one_loop_after_the_other(url: str, no_noise: list[Any]) -> None:
    client = client_of(url)
    assert [asyncio.run(search(client)) for _ in range(3)] == [30, 30, 30]
    asyncio.run(client.close())
    gc.collect()
    assert connections(url) == []


@linux
def test_connections_end_with_their_loop_though_the_client_lives_on(
    url: str, no_noise: list[Any]
) -> None:
    client = client_of(url)
    asyncio.run(search(client))
    assert connections(url) == []
    asyncio.run(client.close())


@linux
def test_a_client_survives_loops_that_are_closed_without_a_shutdown(
    url: str, no_noise: list[Any]
) -> None:
    client = client_of(url)
    with warnings.catch_warnings():
        # asyncio's own, of each connection that such a loop leaves open.
        warnings.simplefilter("ignore", ResourceWarning)
        for _ in range(3):
            loop = asyncio.new_event_loop()
            assert loop.run_until_complete(search(client)) == 30
            loop.close()
        asyncio.run(client.close())
        gc.collect()
    assert connections(url) == []


@linux
def test_a_client_closed_in_its_loop_leaves_nothing(url: str, no_noise: list[Any]) -> None:
    async def use() -> None:
        async with client_of(url) as client:
            await search(client)

    asyncio.run(use())
    assert connections(url) == []


def test_a_second_living_loop_is_a_clear_error(plain_url: str, no_noise: list[Any]) -> None:
    client = client_of(plain_url)
    first = asyncio.new_event_loop()
    first.run_until_complete(search(client))
    with pytest.raises(ConfigurationError, match="another event loop that is still open"):
        asyncio.run(search(client))
    assert first.run_until_complete(search(client)) == 30
    first.run_until_complete(client.close())
    first.close()


@linux
def test_closing_from_another_loop_closes_in_the_first(plain_url: str, no_noise: list[Any]) -> None:
    client = client_of(plain_url)
    first = asyncio.new_event_loop()
    first.run_until_complete(search(client))
    assert len(connections(plain_url)) == 1
    asyncio.run(client.close())
    first.run_until_complete(asyncio.sleep(0))
    assert connections(plain_url) == []
    first.run_until_complete(asyncio.gather(*asyncio.all_tasks(first)))
    first.close()


# Closing


async def test_closing_twice_and_use_after_closing(plain_url: str) -> None:
    client = client_of(plain_url)
    await search(client)
    await client.close()
    await client.close()
    with pytest.raises(ConfigurationError, match="This client is closed"):
        await search(client)
    assert repr(client).endswith("closed>")


async def test_closing_a_client_that_was_never_used() -> None:
    client = client_of("https://api.example")
    await client.close()
    with pytest.raises(ConfigurationError, match="closed"):
        await client.search.asset_search(query="x")


async def test_closing_under_a_request_ends_it_with_an_error_of_ours() -> None:
    async with RawServer(Answer(b"", "stall")) as server:
        client = client_of(server.url)
        client._requester.chance = lambda: 0.0
        task = asyncio.ensure_future(client.search.asset_search(query="x").count())
        await server.request_arrived()
        await client.close()
        with pytest.raises((APIConnectionError, ConfigurationError)):
            await task
        await server.all_gone()
        assert len(server.requests) == 1


async def test_closing_under_waiting_requests_ends_them_all() -> None:
    async with RawServer(Answer(b"", "stall")) as server:
        client = client_of(server.url, max_connections=1, max_retries=0)
        searches = [client.search.asset_search(query="x").count() for _ in range(5)]
        tasks = [asyncio.ensure_future(one) for one in searches]
        await server.request_arrived()
        await client.close()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert {type(one) for one in found} <= {APIConnectionError, ConfigurationError}


# Forgetting to close


@linux
def test_an_open_client_that_is_let_go_of_gives_one_warning_and_nothing_else(
    url: str, no_noise: list[Any]
) -> None:
    async def use() -> None:
        client = client_of(url)
        await search(client)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            del client
            gc.collect()
        assert [one.category for one in caught] == [ResourceWarning]
        assert str(caught[0].message).startswith(f"A client of {url} was not closed")

    asyncio.run(use())
    gc.collect()
    assert connections(url) == []


@linux
def test_an_open_client_let_go_of_after_its_loop_gives_one_warning(
    url: str, no_noise: list[Any]
) -> None:
    client = client_of(url)
    asyncio.run(search(client))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del client
        gc.collect()
    assert [str(one.message).partition(" of ")[0] for one in caught] == ["A client"]
    assert connections(url) == []


async def test_the_connections_live_as_long_as_any_copy(plain_url: str) -> None:
    client = client_of(plain_url)
    copy = client.with_options(timeout=5)
    await search(client)
    session = client._requester.transport._sessions._own
    del client
    gc.collect()
    assert await search(copy) == 30
    assert copy._requester.transport._sessions._own is session
    await copy.close()


async def test_a_page_keeps_its_connections_open(plain_url: str) -> None:
    page = await client_of(plain_url).search.asset_search(query="x", limit=10)
    gc.collect()
    assert len([asset async for asset in page]) == 30
    search_of_page = page._search
    assert search_of_page is not None
    await search_of_page.requester.transport.close()


def test_at_the_end_of_the_process_there_is_one_warning_at_most(plain_url: str) -> None:
    script = textwrap.dedent(
        f"""
        import asyncio
        from scenario_search import AsyncScenario

        client = AsyncScenario(base_url={plain_url!r}, api_key="key", api_secret="secret")

        async def main():
            return [asset.id async for asset in client.search.asset_search(query="x")]

        print(len(asyncio.run(main())))
        """
    )
    done = subprocess.run(
        [sys.executable, "-W", "always::ResourceWarning", "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout == "30\n"
    assert done.stderr.count("ResourceWarning") == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert "loop is closed" not in done.stderr


# Cancellation


async def suspended_at(step: int, results: AsyncSearchResults[Any]) -> bool:
    """Run until the given suspension, cancel there; whether it was still running."""
    task = asyncio.ensure_future(results)
    for _ in range(step):
        if task.done():
            break
        await asyncio.sleep(0)
    running = not task.done()
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return running
    return running


@linux
async def test_cancelling_at_each_suspension_leaves_no_connection_task_or_retry() -> None:
    before = asyncio.all_tasks()
    cancelled = 0
    for step in range(400):
        async with RawServer(http(b"", status="503 x"), PAGE) as server:
            client = client_of(server.url)
            client._requester.chance = lambda: 0.0
            results = client.search.asset_search(query="x")
            running = await suspended_at(step, results)
            cancelled += running
            sent = len(server.requests)
            await client.close()
            await server.all_gone()
            assert connections(server.url) == []
            assert len(server.requests) <= sent + 1
        if not running:
            break
    assert cancelled > 5
    assert not running, "no step left the search time to finish"
    gc.collect()
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


async def test_a_cancelled_request_gives_its_slot_back() -> None:
    async with (
        RawServer(Answer(b"", "stall"), PAGE) as server,
        client_of(server.url, max_connections=1) as client,
    ):
        task = asyncio.ensure_future(client.search.asset_search(query="x").count())
        await server.request_arrived()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await client.search.asset_search(query="x")).hits[0].id == "a"


async def test_a_cancelled_request_that_waits_for_a_slot_is_never_sent() -> None:
    async with RawServer(Answer(b"", "stall")) as server:
        async with client_of(server.url, max_connections=1, max_retries=0) as client:
            first = asyncio.ensure_future(client.search.asset_search(query="x").count())
            await server.request_arrived()
            second = asyncio.ensure_future(client.search.asset_search(query="y").count())
            await asyncio.sleep(0)
            second.cancel()
            first.cancel()
            await asyncio.gather(first, second, return_exceptions=True)
        assert len(server.requests) == 1


async def test_cancellation_at_the_moment_of_the_timeout_is_not_lost() -> None:
    async with (
        RawServer(Answer(b"", "stall")) as server,
        client_of(server.url, timeout=0.05) as client,
    ):
        client._requester.chance = lambda: 0.0
        task = asyncio.ensure_future(client.search.asset_search(query="x").count())
        await server.request_arrived()
        asyncio.get_running_loop().call_later(0.05, task.cancel)
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_callers_session_outlives_the_client(plain_url: str) -> None:
    async with aiohttp.ClientSession() as session:
        client = client_of(plain_url, session=session)
        assert await search(client) == 30
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            del client
            gc.collect()
        assert not session.closed
